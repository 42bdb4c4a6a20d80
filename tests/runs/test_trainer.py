"""Runs: what they leave, what stops them, and that a stopped one ends as one that was not."""

from __future__ import annotations

import dataclasses
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pandas as pd
import pytest
import tensorflow as tf

from gnn.files import MANIFEST, whole
from gnn.runs import Run, RunConfig, adopt, load_run, preparing, results, train, trainer
from gnn.runs.reporting import FiniteLoss
from gnn.runs.run_folder import RunFolder, locked
from gnn.training.snapshots import has_snapshot
from tests.runs.conftest import make_bare, train_eagerly

MODELS = ("mlp", "graph-regularization", "gcn")
FILES = {
    "README.md",
    "columns.keras",
    "config.json",
    "data.json",
    "gnn_manifest.json",
    "history.csv",
    "log.txt",
    "metrics.json",
    "model.keras",
    "saved_model",
    "splits.csv",
    "training.png",
}
ROOT = Path(__file__).parents[2]


def short(shop: Path, output: Path, model: str = "mlp", **options: Any) -> RunConfig:
    fixed = {"epochs": 2, "hidden_units": (8,), "snapshot_seconds": 0.0, "baseline": False}
    return RunConfig(data=str(shop), model=model, output=str(output), **{**fixed, **options})


def stop_after(monkeypatch: pytest.MonkeyPatch, epochs: int, error: BaseException) -> None:
    """Has the training fail at the end of an epoch, whose last step is in a snapshot."""
    look = FiniteLoss.on_epoch_end

    def on_epoch_end(self: FiniteLoss, epoch: int, logs: Any = None) -> None:
        look(self, epoch, logs)
        if epoch + 1 == epochs:
            raise error

    monkeypatch.setattr(FiniteLoss, "on_epoch_end", on_epoch_end)


@pytest.fixture
def bare(monkeypatch: pytest.MonkeyPatch) -> None:
    """For tests of what becomes of the folders of runs."""
    make_bare(monkeypatch)


@pytest.fixture(scope="module")
def finished(shop: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A bare run of seed 1, to be copied."""
    with pytest.MonkeyPatch.context() as patch:
        make_bare(patch)
        return train(short(shop, tmp_path_factory.mktemp("finished") / "run", seed=1)).path


@pytest.mark.parametrize("model", MODELS)
def test_run_folder_is_complete(model: str, shop_runs: dict[str, Run]) -> None:
    run = shop_runs[model]
    assert {path.name for path in run.path.iterdir()} == FILES
    assert not run.path.with_name(f"{model}.partial").exists()
    stored = json.loads((run.path / "config.json").read_text())
    assert stored["versions"]["keras"] == keras.__version__
    assert stored["config"]["learning_rate"] == 0.01  # The recipe's, resolved.
    assert len(run.history["loss"]) == run.metrics["epochs"] == 4
    # Of several with the highest accuracy, the one with the lowest loss.
    accuracies, losses = np.array([run.history["val_accuracy"], run.history["val_loss"]])
    best = int(np.lexsort((losses, -accuracies))[0]) + 1
    assert run.metrics["best_epoch"] == best
    # The weights kept are those of the best epoch.
    expected = run.history["val_accuracy"][best - 1]
    np.testing.assert_allclose(run.metrics["validation"]["accuracy"], expected, rtol=1e-6)
    log = (run.path / "log.txt").read_text()
    assert "drew 36 nodes to train, 12 to validate, 12 to test (seed 0)" in log


@pytest.mark.parametrize("model", ["mlp", "graph-regularization"])
def test_saved_model_takes_raw_numbers(model: str, shop_runs: dict[str, Run]) -> None:
    run = shop_runs[model]
    served = tf.saved_model.load(str(run.path / "saved_model")).signatures["serving_default"]
    # Weights around 1,000 are apples, around 1,100 pears: scaled inside the model.
    raw = {"weight": tf.constant([1000.0, 1100.0]), "size": tf.constant([0.0, np.nan])}
    logits = served(**raw)["logits"].numpy()
    table = pd.DataFrame({"weight": [1000.0, 1100.0], "size": [0.0, None]}, index=["a", "b"])
    found = run.predict(table)
    np.testing.assert_allclose(tf.nn.softmax(logits), found.probabilities, rtol=1e-4, atol=1e-5)
    assert served(**raw)["classes"].numpy().tolist() == [name.encode() for name in found.classes]
    assert found.filled == ["", "size"]
    assert abs(logits).max() < 20


@pytest.mark.parametrize(
    ("model", "options"),
    [
        ("mlp", {"batch_size": 12, "dropout": 0.5}),
        ("graph-regularization", {"batch_size": 12, "fanout": (1,), "unlabeled_batch_size": 5}),
        ("graph-regularization", {"batch_size": 36, "fanout": (1,), "steps_per_epoch": 3}),
        ("gcn", {}),
    ],
)
@pytest.mark.usefixtures("bare")
def test_resumed_run_ends_as_one_that_was_never_stopped(
    model: str, options: Any, shop: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The run that is carried on has what a kill after the first epoch would have left."""
    stopped = RunFolder(tmp_path / "stopped")

    def keep(self: FiniteLoss, epoch: int, logs: Any = None) -> None:
        look(self, epoch, logs)
        if epoch == 0:
            shutil.copytree(tmp_path / "whole.partial", stopped.partial)

    look = FiniteLoss.on_epoch_end
    options = {"recipe": "general", "learning_rate": 0.003, **options}
    with monkeypatch.context() as patch:
        patch.setattr(FiniteLoss, "on_epoch_end", keep)
        whole = train(short(shop, tmp_path / "whole", model, **options))
    assert len(list(stopped.state.glob("step-*"))) == 1
    resumed = train(RunConfig(output=str(stopped.path), resume=True))
    log = (resumed.path / "log.txt").read_text()
    assert "carried on after epoch 1" in log and "other versions" not in log
    assert resumed.history == whole.history
    for one, other in zip(resumed.model.get_weights(), whole.model.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)
    assert not stopped.partial.exists()


@pytest.mark.usefixtures("bare")
def test_resume_says_which_versions_differ(shop: Path, tmp_path: Path, stopped: Path) -> None:
    folder = RunFolder(tmp_path / "run")
    shutil.copytree(RunFolder(stopped).partial, folder.partial)
    stored = json.loads((folder.partial / "config.json").read_text())
    assert set(stored["versions"]) == {"gnn", "keras", "tensorflow", "numpy", "python"}
    del stored["versions"]["python"]  # As runs of old have it.
    stored["versions"] |= {"keras": "3.0.0", "numpy": "1.0"}
    (folder.partial / "config.json").write_text(json.dumps(stored))
    said: list[str] = []
    train(RunConfig(output=str(folder.path), resume=True), report=said.append)
    (line,) = [line for line in said if "other versions" in line]
    assert f"keras 3.0.0, now {keras.__version__}; numpy 1.0, now {np.__version__}" in line
    assert "tensorflow" not in line and "python" not in line


@pytest.mark.usefixtures("bare")
def test_training_leaves_random_numbers_and_settings_alone(shop: Path, tmp_path: Path) -> None:
    def draw() -> list[Any]:
        numbers = [random.random(), np.random.rand(), float(tf.random.uniform([]))]
        return [*numbers, float(keras.random.uniform([]))]

    keras.utils.set_random_seed(7)
    draw(), [keras.layers.Dense(1) for _ in range(3)]
    expected = draw()
    keras.utils.set_random_seed(7)
    draw()
    keras.config.set_dtype_policy("mixed_bfloat16")
    _, last = [keras.layers.Dense(1).name for _ in range(2)]
    number = int(last.removeprefix("dense_"))
    train(short(shop, tmp_path / "run", epochs=1, dropout=0.5))
    assert keras.config.dtype_policy().name == "mixed_bfloat16"
    assert keras.layers.Dense(1).name == f"dense_{number + 1}"
    assert draw() == expected


def test_nodes_are_not_trained_on_and_judged(
    shop: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    load = preparing.load_data

    def overlapping(*arguments: Any, **options: Any) -> Any:
        data = load(*arguments, **options)
        splits = {
            "train": np.arange(30),
            "validation": np.arange(28, 40),
            "test": np.arange(40, 60),
        }
        return dataclasses.replace(data, graph=dataclasses.replace(data.graph, splits=splits))

    monkeypatch.setattr(preparing, "load_data", overlapping)
    with pytest.raises(ValueError, match=r"'train' and 'validation' .* 2 are in both: 28, 29"):
        train(short(shop, tmp_path / "run"))
    assert not (tmp_path / "run.partial").exists()


@pytest.mark.usefixtures("bare")
def test_early_stop_is_carried_over(
    shop: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # A learning rate of 0 gets no better after the first epoch: with patience 3 the fourth ends it.
    options = {"learning_rate": 0.0, "patience": 3, "epochs": 9}
    with monkeypatch.context() as patch:
        stop_after(patch, 3, KeyboardInterrupt())
        with pytest.raises(KeyboardInterrupt):
            train(short(shop, tmp_path / "run", **options))
    run = train(short(shop, tmp_path / "run", resume=True, **options))
    assert (run.metrics["epochs"], run.metrics["best_epoch"]) == (4, 1)


def test_killed_run_is_resumed(shop: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A real SIGKILL, once there is a snapshot."""
    folder = RunFolder(tmp_path / "run")
    command = ["-m", "gnn", "train", "--data", str(shop), "--model", "mlp"]
    command += ["--output", str(folder.path), "--epochs", "100000", "--patience", "100000"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    process = subprocess.Popen(
        [sys.executable, *command, "--snapshot-seconds", "0"],
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    deadline = time.monotonic() + 120
    while not has_snapshot(folder.state) and time.monotonic() < deadline:
        assert process.poll() is None
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert not folder.path.exists()
    # The rest of 100,000 epochs is not needed: the stored number is brought down.
    path = folder.partial / "config.json"
    stored = json.loads(path.read_text())
    # A step an epoch.
    (last,) = [int(path.name[5:]) for path in folder.state.glob("step-*")][-1:]
    stored["config"]["epochs"] = last + 2
    path.write_text(json.dumps(stored))
    train_eagerly(monkeypatch)
    run = train(RunConfig(output=str(folder.path), resume=True))
    assert run.metrics["epochs"] == last + 2
    assert {path.name for path in run.path.iterdir()} == FILES


@pytest.mark.usefixtures("bare")
def test_run_killed_before_its_rename_only_gets_its_name(
    shop: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def killed(self: RunFolder) -> None:
        raise SystemExit

    with monkeypatch.context() as patch:
        patch.setattr(RunFolder, "finish", killed)
        with pytest.raises(SystemExit):
            train(short(shop, tmp_path / "run"))
    assert not (tmp_path / "run").exists()
    with monkeypatch.context() as patch:
        patch.setattr(keras.Model, "fit", None)
        run = train(RunConfig(output=str(tmp_path / "run"), resume=True))
    assert run.metrics["epochs"] == 2


def test_finished_run_has_nothing_to_resume(shop_runs: dict[str, Run]) -> None:
    path = shop_runs["mlp"].path
    said: list[str] = []
    run = train(RunConfig(output=str(path), resume=True), report=said.append)
    assert run.metrics == shop_runs["mlp"].metrics
    assert said == [f"{path} is finished already"]


@pytest.mark.usefixtures("bare")
def test_resume_of_nothing_starts(shop: Path, tmp_path: Path) -> None:
    assert train(short(shop, tmp_path / "run", resume=True)).metrics["epochs"] == 2


@pytest.mark.usefixtures("bare")
def test_older_run_stays_whole_until_it_is_replaced(
    finished: Path, shop: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(finished, tmp_path / "run")
    with pytest.raises(FileExistsError, match="exists already: add overwrite"):
        train(short(shop, tmp_path / "run", seed=2))
    with monkeypatch.context() as patch:
        stop_after(patch, 1, RuntimeError("no power"))
        with pytest.raises(RuntimeError, match="no power"):
            train(short(shop, tmp_path / "run", seed=2, overwrite=True))
    assert load_run(tmp_path / "run").config.seed == 1
    assert "failed: no power" in (tmp_path / "run.partial" / "log.txt").read_text()
    run = train(RunConfig(output=str(tmp_path / "run"), resume=True))
    assert run.config.seed == 2
    assert [path.name for path in tmp_path.iterdir()] == ["run"]


@pytest.mark.usefixtures("bare")
def test_remains_of_a_replaced_run_are_not_carried_on(
    finished: Path, shop: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(finished, tmp_path / "run")

    def killed(partial: Path, path: Path, aside: Path) -> Path:
        swap(partial, path, aside)
        raise SystemExit

    swap = whole._swap
    with monkeypatch.context() as patch:
        patch.setattr(whole, "_swap", killed)
        with pytest.raises(SystemExit):
            train(short(shop, tmp_path / "run", seed=2, overwrite=True))
    assert json.loads((tmp_path / "run.partial" / "config.json").read_text())["config"]["seed"] == 1
    (tmp_path / "run.partial" / "log.txt").unlink()  # As if its removal had begun.
    run = train(RunConfig(output=str(tmp_path / "run"), resume=True))
    assert run.config.seed == 2
    assert [path.name for path in tmp_path.iterdir()] == ["run"]


@pytest.mark.usefixtures("bare")
def test_a_run_that_was_moved_to_the_name_of_a_training_is_not_taken_for_remains(
    finished: Path, shop: Path, tmp_path: Path
) -> None:
    for name in ("run", "run.partial"):
        shutil.copytree(finished, tmp_path / name)
    with pytest.raises(FileExistsError, match="exists already"):
        train(short(shop, tmp_path / "run", seed=2))
    assert (tmp_path / "run.partial" / "model.keras").is_file()
    with pytest.raises(ValueError, match="output must not end in .partial"):
        train(short(shop, tmp_path / "run.partial", seed=2, overwrite=True))


@pytest.mark.usefixtures("bare")
def test_run_of_another_process_is_not_replaced_unasked(
    finished: Path, shop: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another process ends while this one reads its data, or while it trains."""
    prepare, into = trainer.prepare, trainer._train_into
    monkeypatch.setattr(trainer, "prepare", lambda *given: (arrive(), prepare(*given))[1])

    def arrive() -> None:
        shutil.copytree(finished, tmp_path / "run")

    with pytest.raises(FileExistsError, match="exists already: add overwrite"):
        train(short(shop, tmp_path / "run", seed=2))
    assert load_run(tmp_path / "run").config.seed == 1
    assert not (tmp_path / "run.partial").exists()
    shutil.rmtree(tmp_path / "run")
    monkeypatch.setattr(trainer, "prepare", prepare)
    monkeypatch.setattr(trainer, "_train_into", lambda *all: (into(*all), arrive())[0])
    with pytest.raises(FileExistsError, match="exists already: add overwrite"):
        train(short(shop, tmp_path / "run", seed=2))
    assert load_run(tmp_path / "run").config.seed == 1
    run = train(RunConfig(output=str(tmp_path / "run"), resume=True, overwrite=True))
    assert run.config.seed == 2


@pytest.mark.usefixtures("bare")
def test_folder_that_is_no_run_is_never_replaced(shop: Path, tmp_path: Path) -> None:
    path = tmp_path / "mine"
    shutil.copytree(shop, path)
    with pytest.raises(FileExistsError, match="it holds 'edges.csv', 'nodes.csv'. Choose another"):
        train(short(path, path, overwrite=True))
    shutil.copytree(shop, tmp_path / "run.partial")
    for options in ({}, {"overwrite": True}, {"resume": True}):
        with pytest.raises(FileExistsError, match="run.partial' is no run folder"):
            train(short(shop, tmp_path / "run", **options))
    kept = {"nodes.csv", "edges.csv"}
    for folder in (path, tmp_path / "run.partial"):
        assert {found.name for found in folder.iterdir()} == kept


def test_folder_that_goes_while_it_is_locked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fcntl = pytest.importorskip("fcntl")
    folder = RunFolder(tmp_path / "run")
    # Between the opening and the lock, another process ends its run or removes the folder.
    monkeypatch.setattr(fcntl, "flock", lambda *arguments: folder.partial.rmdir())
    with pytest.raises(FileExistsError, match="another process has just trained"), locked(folder):
        pass


@pytest.fixture(scope="module")
def stopped(shop: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run that was stopped; no test changes it."""
    path = tmp_path_factory.mktemp("stopped") / "run"
    with pytest.MonkeyPatch.context() as patch:
        train_eagerly(patch)
        stop_after(patch, 1, KeyboardInterrupt())
        with pytest.raises(KeyboardInterrupt, match="up to epoch 1. Carry on with: gnn train"):
            train(short(shop, path, seed=3))
    assert not path.exists()
    return path


def test_stopped_run_is_not_lost_unasked(stopped: Path, shop: Path) -> None:
    with pytest.raises(FileExistsError, match="holds a run that was stopped: add resume"):
        train(short(shop, stopped))
    with pytest.raises(FileNotFoundError, match="is not finished: carry on with"):
        load_run(stopped)


@pytest.mark.usefixtures("bare")
def test_stopped_run_of_an_older_version_is_carried_on(
    stopped: Path, shop: Path, tmp_path: Path
) -> None:
    """It has no manifests: to carry it on is asked for, to start anew in its place is refused."""
    path = tmp_path / "run"
    shutil.copytree(RunFolder(stopped).partial, tmp_path / "run.partial")
    for found in list(tmp_path.rglob(MANIFEST)):
        found.unlink()
    (tmp_path / "run.partial" / "notes.txt").write_text("mine")
    with pytest.raises(FileExistsError, match=r"`gnn adopt \S+run.partial` lists its files"):
        train(short(shop, path, seed=4, overwrite=True))
    assert (tmp_path / "run.partial" / "notes.txt").read_text() == "mine"
    run = train(RunConfig(output=str(path), resume=True))
    assert "carried on after epoch 1" in (path / "log.txt").read_text()
    assert run.metrics["epochs"] == 2 and not (path / "state").exists()
    with pytest.raises(FileExistsError, match="it holds 'notes.txt', which gnn did not write"):
        train(short(shop, path, seed=4, overwrite=True))
    assert os.listdir(tmp_path) == ["run"]


def test_stopped_run_of_an_older_version_can_be_adopted(stopped: Path, tmp_path: Path) -> None:
    shutil.copytree(RunFolder(stopped).partial, tmp_path / "run.partial")
    for found in list(tmp_path.rglob(MANIFEST)):
        found.unlink()
    assert adopt(tmp_path / "run.partial").others == ()
    RunFolder(tmp_path / "run").begin()
    assert os.listdir(tmp_path / "run.partial") == [MANIFEST]


@pytest.mark.usefixtures("bare")
def test_link_as_output_stays(shop: Path, tmp_path: Path) -> None:
    """What it leads to is made, and then replaced; also from another disk, so beside its end."""
    (tmp_path / "disk").mkdir()
    link = tmp_path / "run"
    link.symlink_to(tmp_path / "disk" / "real")
    assert RunFolder(link).partial == tmp_path / "disk" / "real.partial"
    for seed in (1, 2):
        run = train(short(shop, link, seed=seed, epochs=1, overwrite=seed == 2))
        assert (run.path, run.config.seed) == (link, seed)
        assert link.is_symlink() and os.listdir(tmp_path / "disk") == ["real"]


def test_resume_with_other_options_is_refused(stopped: Path, shop: Path) -> None:
    with pytest.raises(ValueError) as error:
        train(short(shop, stopped, seed=4, model="gcn", epochs=2, resume=True))
    assert "model (was 'mlp', now 'gcn'), seed (was 3, now 4). Leave them out" in str(error.value)
    assert "epochs" not in str(error.value)


def test_resume_with_other_data_is_refused(stopped: Path, shop: Path) -> None:
    nodes = shop / "nodes.csv"
    text = nodes.read_text()
    try:
        nodes.write_text(text.replace("apple", "plum"))
        with pytest.raises(ValueError, match="the data have changed since it was begun"):
            train(RunConfig(output=str(stopped), resume=True))
    finally:
        nodes.write_text(text)
    assert RunFolder(stopped).is_worth_keeping


def test_second_process_is_kept_out(stopped: Path) -> None:
    fcntl = pytest.importorskip("fcntl")
    descriptor = os.open(RunFolder(stopped).partial, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        with pytest.raises(FileExistsError, match="another process is training into"):
            train(RunConfig(output=str(stopped), resume=True))
    finally:
        os.close(descriptor)


def test_damaged_snapshot_is_named(stopped: Path) -> None:
    (state,) = RunFolder(stopped).state.glob("step-*")
    whole = (state / "arrays.npz").read_bytes()
    try:
        (state / "arrays.npz").write_bytes(whole[:100])
        with pytest.raises(ValueError, match=r"step-000000001' is damaged .*remove it"):
            train(RunConfig(output=str(stopped), resume=True))
    finally:
        (state / "arrays.npz").write_bytes(whole)


def test_interrupt_before_a_snapshot_leaves_nothing(
    shop: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupt(*args: Any, **kwargs: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(keras.Model, "fit", interrupt)
    with pytest.raises(KeyboardInterrupt, match="before the first snapshot; nothing was kept"):
        train(short(shop, tmp_path / "run"))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.usefixtures("bare")
def test_loss_that_is_no_number_stops_the_run(shop: Path, tmp_path: Path) -> None:
    with pytest.raises(FloatingPointError, match="the loss is (nan|inf) after epoch"):
        train(short(shop, tmp_path / "run", learning_rate=1e30, epochs=50))


@pytest.mark.usefixtures("bare")
def test_default_outputs_are_numbered(
    shop: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    options: dict[str, Any] = {"data": str(shop), "model": "mlp", "epochs": 1}
    names = [str(train(RunConfig(**options)).path) for _ in range(2)]
    assert names == [os.path.join("runs", "shop-mlp"), os.path.join("runs", "shop-mlp-2")]


def test_run_without_matplotlib_says_so(
    shop: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    train_eagerly(monkeypatch)
    monkeypatch.setattr(results, "export_classifier", lambda *arguments, **options: None)
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    said: list[str] = []
    run = train(short(shop, tmp_path / "run"), report=said.append)
    assert not (run.path / "training.png").exists()
    assert "no plot of the training: Matplotlib is not installed" in said[-1]


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"model": "mlp"}, ValueError, "dataset or data must be given"),
        ({"output": "x", "resume": True}, FileNotFoundError, "no run to carry on in 'x'"),
        ({"dataset": "digits", "model": "mlp", "output": "."}, ValueError, "the name of a folder"),
        ({"dataset": "digits"}, ValueError, "model must be given"),
        ({"data": "nowhere", "model": "mlp"}, FileNotFoundError, "no folder"),
        ({"dataset": "digits", "model": "mlp", "multiplier": 1.0}, ValueError, "no use for"),
        ({"dataset": "digits", "model": "gcn", "regularize": "logits"}, ValueError, "no use for"),
        ({"dataset": "digits", "model": "gcn", "scaling": "rows"}, ValueError, "citation graphs"),
    ],
)
def test_bad_options_leave_nothing(
    options: Any, error: type[Exception], message: str, tmp_path: Path, monkeypatch: Any
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(error, match=message):
        train(RunConfig(**options))
    assert list(tmp_path.iterdir()) == []
