"""A run that begins with another one: options, splits, vocabularies, weights, and what is told."""

from __future__ import annotations

import dataclasses
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tensorflow as tf

import gnn
from gnn.runs import Run, RunConfig, distilling, recipes, results, train
from gnn.runs.carried_splits import carried_splits
from gnn.runs.class_names import with_classes
from gnn.runs.config_files import OptionError
from gnn.runs.run_data import read_splits
from gnn.runs.splitting import complete_splits
from gnn.runs.starting import with_options_of_start
from tests.runs.conftest import SHORT, train_eagerly

MODELS = ("mlp", "gcn", "graph-regularization", "distilled")


@pytest.fixture(autouse=True)
def _bare(monkeypatch: pytest.MonkeyPatch) -> None:
    make_bare(monkeypatch)


def make_bare(patch: pytest.MonkeyPatch) -> None:
    """Has runs take a moment: without SavedModel and plot, which take longest."""
    train_eagerly(patch)
    patch.setattr(distilling, "resolve", of_two_epochs)
    patch.setattr(results, "export_classifier", lambda *arguments, **options: None)
    patch.setattr(results, "_plot", lambda *arguments: None)


def of_two_epochs(config: RunConfig, graph: gnn.Graph, **options: Any) -> RunConfig:
    """A teacher of 2 epochs, not of the 300 of its recipe."""
    return dataclasses.replace(recipes.resolve(config, graph, **options), epochs=2)


def write_week(folder: Path, count: int) -> Path:
    """`count` products of a brand and a price; from 24 on a new brand, a gap and a new class."""
    folder.mkdir()
    rng = np.random.default_rng(0)
    lines = ["id,price,brand,label"]
    for node in range(count):
        price = "" if node == 25 else f"{node % 2 + 0.3 * rng.normal():.3f}"
        brand = "Cedar" if node >= 24 else ("Alder", "Birch")[node % 2]
        label = "bowl" if node >= 28 else ("cup", "pot")[node % 2]
        lines.append(f"n{node},{price},{brand},{label}")
    (folder / "nodes.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    edges = [f"n{node},n{(node + 2) % count}" for node in range(count)]
    (folder / "edges.csv").write_text("\n".join(["source,target", *edges]), encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def weeks(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("weeks")
    return {"one": write_week(folder / "one", 24), "two": write_week(folder / "two", 32)}


@pytest.fixture(scope="module")
def runs(weeks: dict[str, Path], tmp_path_factory: pytest.TempPathFactory) -> dict[str, Run]:
    folder = tmp_path_factory.mktemp("runs")
    with pytest.MonkeyPatch.context() as patch:
        make_bare(patch)
        config = {"data": str(weeks["one"]), "columns": {"brand": "category"}, **SHORT}
        return {
            model: train(RunConfig(model=model, output=str(folder / model), **config))
            for model in MODELS
        }


@pytest.mark.parametrize("model", MODELS)
def test_on_unchanged_data_a_run_begins_where_the_other_ended(
    model: str, runs: dict[str, Run], tmp_path: Path
) -> None:
    files = {path: path.stat().st_mtime_ns for path in sorted(runs[model].path.rglob("*"))}
    said: list[str] = []
    config = RunConfig(start_from=str(runs[model].path), output=str(tmp_path / "next"), epochs=1)
    run = train(config, report=said.append)
    before = run.start
    assert before is not None and before["run"] == str(runs[model].path)
    for split in ("validation", "test"):
        for name, value in before["before"][split].items():
            assert runs[model].metrics[split][name] == pytest.approx(value, abs=1e-6)
    assert (run.path / "splits.csv").read_text() == (runs[model].path / "splits.csv").read_text()
    assert run.config.hidden_units == SHORT["hidden_units"]
    assert any(line.startswith("before training: validation: accuracy") for line in said)
    assert files == {path: path.stat().st_mtime_ns for path in sorted(runs[model].path.rglob("*"))}


@pytest.mark.parametrize("model", MODELS)
def test_a_week_later_old_rows_have_the_logits_that_they_had(
    model: str, runs: dict[str, Run], weeks: dict[str, Path], tmp_path: Path
) -> None:
    """With a learning rate of 0 the run ends where it began."""
    config = RunConfig(
        start_from=str(runs[model].path),
        data=str(weeks["two"]),
        output=str(tmp_path / "next"),
        learning_rate=0.0,
        epochs=1,
    )
    said: list[str] = []
    run = train(config, report=said.append)
    assert run.facts.class_names == ("cup", "pot", "bowl")
    week = str(weeks["one"])
    old, new = (found.predict(week).probabilities for found in (runs[model], run))
    np.testing.assert_allclose(new[:, :2] / new[:, :2].sum(axis=1, keepdims=True), old, atol=1e-6)
    assert (new.argmax(axis=1) == old.argmax(axis=1)).all()
    told = "\n".join(said)
    for line in (
        "24 labeled nodes keep their splits, and 8 are new",
        "new classes: bowl",
        "brand grew by 1: brand = 'Cedar'",
        "drift: brand: 25.0% of rows with other categories",
    ):
        assert line in told
        assert line in (run.path / "README.md").read_text(encoding="utf-8")
    assert f"from {runs[model].path}, id " in run.info()
    assert run.evaluate("test")["loss"] == pytest.approx(run.metrics["test"]["loss"], abs=1e-6)
    before, now = (
        {row for row in (each.path / "splits.csv").read_text().split("\n") if row}
        for each in (runs[model], run)
    )
    assert before < now


def test_a_run_that_was_stopped_is_carried_on(
    runs: dict[str, Run], weeks: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from gnn.runs.reporting import FiniteLoss

    config = {
        "start_from": str(runs["mlp"].path),
        "data": str(weeks["two"]),
        "epochs": 4,
        "snapshot_seconds": 0.0,
    }
    whole = train(RunConfig(output=str(tmp_path / "whole"), **config))

    def stop(self: FiniteLoss, epoch: int, logs: Any = None) -> None:
        if epoch == 2:
            raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(FiniteLoss, "on_epoch_end", stop)
        with pytest.raises(KeyboardInterrupt):
            train(RunConfig(output=str(tmp_path / "cut"), **config))
    begun = (tmp_path / "cut.partial" / "start.json").read_text()
    run = train(RunConfig(output=str(tmp_path / "cut"), resume=True))
    for mine, theirs in zip(run.model.weights, whole.model.weights, strict=True):
        np.testing.assert_array_equal(mine, theirs)
    assert (run.path / "start.json").read_text() == begun


def test_what_does_not_fit_the_weights_is_named(runs: dict[str, Run], tmp_path: Path) -> None:
    path = str(runs["mlp"].path)
    for name, value in (("model", "gcn"), ("hidden_units", (9,)), ("exclude", ("price",))):
        with pytest.raises(OptionError, match=f"{name} must be that of the run"):
            train(RunConfig(start_from=path, output=str(tmp_path / "x"), **{name: value}))
    network = str(runs["gcn"].path)
    for name, value in (("baseline", True), ("folds", 3), ("fold", 0)):
        with pytest.raises(OptionError, match=f"{name} has no use beside start_from"):
            train(RunConfig(start_from=network, output=str(tmp_path / "x"), **{name: value}))
    with pytest.raises(FileNotFoundError, match="start_from must be the folder .* no run folder"):
        train(RunConfig(start_from=str(tmp_path / "none"), output=str(tmp_path / "x")))
    assert not list(tmp_path.iterdir())


def test_neither_folds_nor_a_baseline_are_taken_from_a_run(
    weeks: dict[str, Path], tmp_path: Path
) -> None:
    """What was trained on stays so, and a perceptron that begins anew is nothing to compare."""
    config = {**SHORT, "baseline": True, "folds": 4, "fold": 1, "epochs": 1}
    first = train(
        RunConfig(data=str(weeks["one"]), model="gcn", output=str(tmp_path / "1"), **config)
    )
    assert "lift" in first.metrics
    second = train(
        RunConfig(
            start_from=str(first.path), data=str(weeks["two"]), output=str(tmp_path / "2"), epochs=1
        )
    )
    before, now = (read_splits(run.path / "splits.csv") for run in (first, second))
    for split, ids in before.items():
        assert {*ids} <= {*now[split]}
    assert (second.config.folds, second.config.fold, second.config.baseline) == (None, None, False)
    assert "lift" not in second.metrics


def test_options_of_times_go_with_what_they_are_for(tmp_path: Path) -> None:
    rows = [f"n{k},{k},2026-01-{k + 1:02d},{'ab'[k % 2]}" for k in range(12)]
    (tmp_path / "nodes.csv").write_text("\n".join(["id,price,sold,label", *rows]))
    edges = [f"n{k},n{(k + 2) % 12},2026-01-{k + 1:02d}" for k in range(12)]
    (tmp_path / "edges.csv").write_text("\n".join(["source,target,at", *edges]))
    times = {"split": "time", "node_time": "sold", "time_column": "at", "until": "2026-01-08"}
    first = train(
        RunConfig(data=str(tmp_path), model="gcn", output=str(tmp_path / "1"), **(SHORT | times))
    )
    asked = RunConfig(start_from=str(first.path), data=str(tmp_path))
    taken = with_options_of_start(asked)
    assert (taken.until, taken.time_column, taken.node_time) == (None, None, "sold")
    taken = with_options_of_start(dataclasses.replace(asked, split="random", half_life="9d"))
    assert (taken.time_column, taken.node_time) == ("at", None)


def test_a_run_that_was_replaced_meanwhile_is_no_start_to_carry_on(
    runs: dict[str, Run], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from gnn.runs.reporting import FiniteLoss

    shutil.copytree(runs["mlp"].path, tmp_path / "old")

    def fail(self: FiniteLoss, epoch: int, logs: Any = None) -> None:
        if epoch:
            raise FloatingPointError

    config = RunConfig(
        start_from=str(tmp_path / "old"), output=str(tmp_path / "new"), snapshot_seconds=0.0
    )
    with monkeypatch.context() as patch:
        patch.setattr(FiniteLoss, "on_epoch_end", fail)
        with pytest.raises(FloatingPointError):
            train(config)
    shutil.copy(runs["gcn"].path / "model.keras", tmp_path / "old/model.keras")
    with pytest.raises(ValueError, match="has been replaced since this one was begun"):
        train(RunConfig(output=str(tmp_path / "new"), resume=True))
    assert (tmp_path / "new.partial" / "start.json").is_file()


def test_splits_of_before_stay_whatever_the_data_say() -> None:
    graph = gnn.Graph.from_edges(
        [], [], labels=[0, 1, 0, 1, -1], ids=list("abcde"), splits={"test": [0, 2], "train": [1, 3]}
    )
    before = {"train": ["a", "gone"], "test": ["b"], "validation": ["e"]}
    found, notes = carried_splits(graph, before, complete_splits)
    assert {name: nodes.tolist() for name, nodes in found.splits.items()} == {
        "train": [0, 3],
        "test": [1, 2],
    }
    assert notes[0] == "2 labeled nodes keep their splits, and 2 are new"


def test_new_nodes_may_all_be_tested_on() -> None:
    graph = gnn.Graph.from_edges(
        [], [], labels=[0, 1, 0, -1], ids=list("abcd"), splits={"test": [2, 3]}
    )
    found, notes = carried_splits(graph, {"train": ["a", "b"]}, complete_splits)
    assert {name: nodes.tolist() for name, nodes in found.splits.items()} == {
        "train": [0, 1],
        "test": [2],
    }
    assert notes[1] == "of the new ones: 1 in 'test', as the data have it"


def test_without_anything_to_train_on_there_is_no_run() -> None:
    graph = gnn.Graph.from_edges([], [], labels=[0, 1], ids=["a", "b"])
    with pytest.raises(ValueError, match="none of the split 'train' of the run"):
        carried_splits(graph, {"test": ["a", "b"]}, complete_splits)


def test_classes_keep_their_numbers() -> None:
    graph = gnn.Graph.from_edges([], [], labels=[0, 1, -1])
    assert with_classes(graph, ["0", "1"]) is graph
    assert with_classes(graph, ["0", "1", "2"]).class_names == ("0", "1", "2")
    with pytest.raises(ValueError, match="the labels are numbers, and the classes of the run are"):
        with_classes(graph, ["cat", "dog"])


def test_images_beside_columns_that_grow_keep_their_weights(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    for node in range(16):
        image = rng.integers(0, 256, (8, 8, 1), np.uint8)
        (tmp_path / f"{node}.png").write_bytes(tf.io.encode_png(image).numpy())
    for week, count in (("one", 12), ("two", 16)):
        brands = ["Alder"] * 12 + ["Cedar"] * 4
        rows = [
            f"n{node},{brands[node]},{tmp_path / f'{node}.png'},{('cup', 'pot')[node % 2]}"
            for node in range(count)
        ]
        (tmp_path / week).mkdir()
        (tmp_path / week / "nodes.csv").write_text("\n".join(["id,brand,image,label", *rows]))
        edges = [f"n{node},n{(node + 2) % count}" for node in range(count)]
        (tmp_path / week / "edges.csv").write_text("\n".join(["source,target", *edges]))
    first = train(
        RunConfig(
            data=str(tmp_path / "one"),
            model="gcn",
            columns={"brand": "category"},
            output=str(tmp_path / "first"),
            **SHORT,
        )
    )
    second = train(
        RunConfig(
            start_from=str(first.path),
            data=str(tmp_path / "two"),
            learning_rate=0.0,
            epochs=1,
            output=str(tmp_path / "second"),
        )
    )
    assert second.facts.features["columns"] == (2,)
    old, new = (run.predict(str(tmp_path / "one")).probabilities for run in (first, second))
    np.testing.assert_allclose(new, old, atol=1e-6)


def test_a_graph_of_numbers_keeps_its_scale_and_its_classes(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    features = rng.normal(size=(30, 2))
    labels = np.arange(30) % 3
    kinds = {"one": ["pear", "fig"], "two": ["pear", "fig", "kiwi"]}
    for name, scale in (("one", 1.0), ("two", 7.0)):
        named = [kinds[name][k] if k < len(kinds[name]) else None for k in labels]
        graph = gnn.Graph.from_edges(range(29), range(1, 30), scale * features, labels=named)
        gnn.graphs.write_graph(graph, tmp_path / name)
    config = {"output": str(tmp_path / "first"), **SHORT}
    first = train(RunConfig(data=str(tmp_path / "one"), model="mlp", **config))
    second = train(
        RunConfig(
            start_from=str(first.path),
            data=str(tmp_path / "two"),
            learning_rate=0.0,
            epochs=1,
            output=str(tmp_path / "second"),
        )
    )
    assert first.facts.class_names == ("fig", "pear")
    assert second.facts.class_names == ("fig", "pear", "kiwi")
    old, new = (run.predict(str(tmp_path / "one")).probabilities for run in (first, second))
    np.testing.assert_allclose(new[:, :2] / new[:, :2].sum(axis=1, keepdims=True), old, atol=1e-6)
    # Its own data number the classes in another order.
    assert second.evaluate("test")["loss"] == pytest.approx(second.metrics["test"]["loss"])
