"""The figures of a run: by class, calibrated, by what surrounds a node, and against no graph."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from gnn import Graph
from gnn.evaluation import fit_temperature, share_interval
from gnn.evaluation.slices import Slice
from gnn.runs import OptionError, Run, RunConfig, load_run, results, train
from gnn.runs.figure_texts import accuracy_text, evaluation_text, lift_text, slice_lines
from gnn.runs.figures import Surroundings, as_figures, judged
from gnn.runs.reporting import FiniteLoss
from gnn.runs.run_folder import RunFolder
from tests.runs.conftest import make_bare, train_eagerly

TRUTH = np.array([node % 2 for node in range(60)])  # apple, pear


@pytest.fixture
def bare(monkeypatch: pytest.MonkeyPatch) -> None:
    make_bare(monkeypatch)


def config(shop: Path, output: Path, model: str = "mlp", **options: Any) -> RunConfig:
    fixed: dict[str, Any] = {"epochs": 3, "hidden_units": (8,), "snapshot_seconds": 0.0}
    if model != "mlp":
        fixed["baseline"] = False
    return RunConfig(data=str(shop), model=model, output=str(output), **{**fixed, **options})


def nodes_of(run: Run, split: str) -> np.ndarray:
    rows = [line.split(",") for line in (run.path / "splits.csv").read_text().splitlines()]
    return np.array([int(name[1:]) for name, found in rows if found == split])


@pytest.mark.parametrize("model", ["graph-regularization", "gcn"])
def test_figures_are_those_of_the_predictions(model: str, shop_runs: dict[str, Run]) -> None:
    run = shop_runs[model]
    found = run.evaluate("test")
    answers = run.predict()
    nodes = nodes_of(run, "test")
    given = np.array([answers.class_names.index(answers.classes[node]) for node in nodes])
    right = given == TRUTH[nodes]
    assert found["nodes"] == 12 and found["accuracy"] == pytest.approx(right.mean())
    assert found["interval"] == pytest.approx(share_interval(right.mean(), 12))
    expected = np.zeros([2, 2], int)
    np.add.at(expected, (TRUTH[nodes], given), 1)
    assert found["confusion"] == expected.tolist()
    assert [row["class"] for row in found["classes"]] == ["apple", "pear"]
    assert [row["nodes"] for row in found["classes"]] == expected.sum(1).tolist()
    assert found["weighted"]["recall"] == pytest.approx(right.mean())
    # Each node of the ring of its class receives two edges, of its class.
    assert [(part["name"], part["nodes"]) for part in found["by_degree"] if part["nodes"]] == [
        ("2 to 3", 12)
    ]
    assert found["by_homophily"][-1]["name"] == "80% to 100%"
    assert found["by_homophily"][-1]["accuracy"] == pytest.approx(right.mean())
    # The temperature is that of the validation nodes, and the same figures are in metrics.json.
    held = nodes_of(run, "validation")
    logits = np.log(answers.probabilities[held])
    temperature = fit_temperature(logits, TRUTH[held])
    assert found["calibration"]["temperature"] == pytest.approx(temperature, rel=1e-3)
    assert run.metrics["calibration"]["nodes"] == found["calibrated_on"] == 12
    stored = run.metrics["test"]
    assert stored["confusion"] == found["confusion"]
    assert stored["calibration"]["after"]["error"] == pytest.approx(
        found["calibration"]["after"]["error"], abs=1e-4
    )
    assert "NaN" not in (run.path / "metrics.json").read_text()


def test_every_accuracy_that_is_told_has_its_interval(shop_runs: dict[str, Run]) -> None:
    run = shop_runs["gcn"]
    accuracy = run.metrics["test"]["accuracy"]
    told = accuracy_text(accuracy, 12)
    assert told in run.info() and told in (run.path / "log.txt").read_text()
    lines = evaluation_text(run.evaluate("test")).splitlines()
    assert lines[0].startswith(f"test: {told}, loss ")
    assert any(line.split()[:2] == ["apple", "6"] for line in lines)
    assert any("fitted on 12 validation nodes (few)" in line for line in lines)
    assert any(line.split()[:4] == ["2", "to", "3", "12"] for line in lines)
    card = (run.path / "README.md").read_text()
    low, high = share_interval(round(accuracy, 6), 12)
    assert f"| test | 12 | {accuracy:.4f} | {low:.3f} to {high:.3f} |" in card
    assert "logits, not calibrated (at temperature " in card and "few: it is a guess" in card


def test_a_run_of_old_has_its_figures_too(shop_runs: dict[str, Run], tmp_path: Path) -> None:
    run = shop_runs["mlp"]
    shutil.copytree(run.path, tmp_path / "old")
    metrics = {key: run.metrics[key] for key in ("epochs", "best_epoch", "inference")}
    for split in ("validation", "test"):
        metrics[split] = {key: run.metrics[split][key] for key in ("accuracy", "loss")}
    (tmp_path / "old" / "metrics.json").write_text(json.dumps(metrics))
    old = load_run(tmp_path / "old")
    assert accuracy_text(metrics["test"]["accuracy"], 12) in old.info()
    found, expected = old.evaluate("test"), run.evaluate("test")
    assert found["calibration"]["temperature"] == pytest.approx(
        expected["calibration"]["temperature"], rel=1e-4
    )
    np.testing.assert_array_equal(old.predict().probabilities, run.predict().probabilities)


def test_pictures_are_drawn_and_replaced_only_when_asked(
    shop_runs: dict[str, Run], tmp_path: Path
) -> None:
    run = shop_runs["graph-regularization"]
    found = run.evaluate("test", plots=tmp_path / "plots")
    names = ["calibration.png", "confusion.png", "degree.png", "homophily.png"]
    assert sorted(path.name for path in (tmp_path / "plots").iterdir()) == names
    assert sorted(Path(path).name for path in found["plots"]) == names
    with pytest.raises(FileExistsError, match="confusion.png"):
        run.evaluate("test", plots=tmp_path / "plots")
    run.evaluate("test", plots=tmp_path / "plots", overwrite=True)
    (tmp_path / "file").write_text("mine")
    with pytest.raises(FileExistsError, match="plots must be a folder, and '.*file' is a file"):
        run.evaluate("test", plots=tmp_path / "file", overwrite=True)


def test_what_is_not_finite_has_no_figures() -> None:
    graph = Graph.from_edges([], [], labels=[0, 1])
    logits = np.array([[np.nan, 0], [0, 1]], np.float32)
    assert judged(logits, graph, np.arange(2), Surroundings(graph), None) is None
    text = evaluation_text(
        {
            "split": "test",
            "accuracy": 0.5,
            "loss": float("nan"),
            "nodes": 2,
            "calibrated_on": None,
            "calibrated": False,
        }
    )
    assert text.endswith("loss nan (no more figures: some outputs are not finite)")


def test_many_classes_are_told_in_part() -> None:
    graph = Graph.from_edges([], [], labels=np.arange(120))
    found = judged(np.eye(120)[:, ::-1], graph, np.arange(120), Surroundings(graph), 2.0)
    assert found is not None
    figures = as_figures(found, [f"c{k}" for k in range(120)])
    assert figures["confusion"] is None and figures["by_degree"] is None
    assert len(figures["most_confused"]) == 10
    result = {**figures, "accuracy": 0.0, "loss": 1.0, "split": "test", "calibrated": True}
    text = evaluation_text({**result, "calibrated_on": 500})
    assert "and 70 more: --json has all" in text and "c49 " in text and "c50 " not in text
    assert "at temperature 2, fitted on 500 validation nodes: " in text and "served so" in text


def test_slices_without_nodes_are_not_told() -> None:
    parts = [Slice("none", 0, 0, 0, 0), Slice("1", 1, 1, 4, 2)]
    shown = [
        {"name": p.name, "nodes": p.nodes, "accuracy": p.accuracy, "interval": p.interval}
        for p in parts
    ]
    assert slice_lines(shown, "degree") == [
        "edges received  nodes  accuracy",
        "1                   4    0.5000  (0.150 to 0.850)",
    ]


# What classes weigh.


@pytest.mark.parametrize(
    ("model", "loss"),
    [
        ("mlp", "sparse_categorical_crossentropy"),
        ("mlp", "categorical_hinge"),
        ("graph-regularization", "categorical_focal_crossentropy"),
        ("gcn", "sparse_categorical_crossentropy"),
    ],
)
@pytest.mark.usefixtures("bare")
def test_balanced_classes_weigh_the_same(model: str, loss: str, shop: Path, tmp_path: Path) -> None:
    """With a learning rate of 0 the loss of the training is that of the model that is kept."""
    table = (shop / "nodes.csv").read_text().splitlines()
    # 10 of the 30 pears keep their label; and there is a class that validation alone has.
    rows = [line.split(",") for line in table[1:]]
    for node, row in enumerate(rows):
        row[3] = "" if node % 2 and node >= 20 else row[3]
        row[4] = "validation" if node in (0, 2) else "test" if node in (1, 4) else "train"
    rows[2][3] = "fig"
    folder = tmp_path / "shop"
    shutil.copytree(shop, folder)
    lines = [table[0], *(",".join(row) for row in rows)]
    (folder / "nodes.csv").write_text("\n".join(lines) + "\n")
    still = {"learning_rate": 0.0, "dropout": 0.0, "l2": 0.0, "epochs": 1, "loss": loss}
    still |= {} if model == "mlp" else {"multiplier": 0.0}
    run = train(config(folder, tmp_path / "run", model, class_weight="balanced", **still))
    names = run.facts.class_names
    assert names == ("apple", "fig", "pear")
    trained = [node for node, row in enumerate(rows) if row[3] and row[4] == "train"]
    labels = np.array([names.index(rows[node][3]) for node in trained])
    # n / (k n_c) of the two classes that there are: 27 apples and 9 pears.
    counts = np.bincount(labels, minlength=3)
    assert counts.tolist() == [27, 0, 9]
    weights = np.array([36 / (2 * 27), 1.0, 36 / (2 * 9)])[labels]
    logits = np.log(run.predict().probabilities[trained].astype(np.float64))
    if loss == "categorical_hinge":  # Of the outputs themselves.
        predicted = tf.keras.losses.CategoricalHinge(reduction="none")
        logits = Judged.logits(run)[trained]
    elif loss.startswith("sparse"):
        predicted = tf.keras.losses.SparseCategoricalCrossentropy(True, reduction="none")
    else:
        predicted = tf.keras.losses.CategoricalFocalCrossentropy(from_logits=True, reduction="none")
    truth = labels if loss.startswith("sparse") else np.eye(3)[labels]
    each = predicted(truth, logits).numpy()
    assert run.history["loss"] == pytest.approx([float(np.mean(weights * each))], rel=1e-4)
    log = (run.path / "log.txt").read_text()
    assert (
        "classes weigh 0.667 (apple) to 2 (pear) in the loss; no node to train on has the " in log
    )


class Judged:
    """The outputs of a run's model, which `predict` has made probabilities."""

    @staticmethod
    def logits(run: Run) -> np.ndarray:
        from gnn.runs.judging import Judge

        graph = run.inputs.read(None).graph
        return Judge(run.model, run.config, graph).predict()


@pytest.mark.usefixtures("bare")
def test_a_stopped_run_goes_on_with_its_weights(
    shop: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    options = {"class_weight": "balanced", "dropout": 0.5, "learning_rate": 0.003}
    whole = train(config(shop, tmp_path / "whole", "graph-regularization", **options))
    stop_in_epoch(monkeypatch, 2)
    with pytest.raises(KeyboardInterrupt):
        train(config(shop, tmp_path / "stopped", "graph-regularization", **options))
    resumed = train(RunConfig(output=str(tmp_path / "stopped"), resume=True))
    assert resumed.history == whole.history
    for one, other in zip(resumed.model.get_weights(), whole.model.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)


def stop_in_epoch(monkeypatch: pytest.MonkeyPatch, number: int) -> list[int]:
    """Has the process stopped at the end of that epoch, counted over all trainings."""
    look, seen = FiniteLoss.on_epoch_end, [0]

    def on_epoch_end(self: FiniteLoss, epoch: int, logs: Any = None) -> None:
        look(self, epoch, logs)
        seen[0] += 1
        if seen[0] == number:
            raise KeyboardInterrupt

    monkeypatch.setattr(FiniteLoss, "on_epoch_end", on_epoch_end)
    return seen


# How sure it is.


def test_calibrated_probabilities_are_served_and_predicted(shop: Path, tmp_path: Path) -> None:
    with pytest.MonkeyPatch.context() as patch:
        train_eagerly(patch)
        patch.setattr(results, "_plot", lambda *arguments: None)
        plain = config(shop, tmp_path / "run", calibrate=True, learning_rate=0.1, epochs=8)
        run = train(plain)
    temperature = run.metrics["calibration"]["temperature"]
    assert abs(temperature - 1) > 0.05
    found = run.predict()
    logits = Judged.logits(run)
    np.testing.assert_allclose(found.probabilities, tf.nn.softmax(logits / temperature), rtol=1e-5)
    assert found.classes == [found.class_names[k] for k in logits.argmax(1)]
    table = [line.split(",") for line in (shop / "nodes.csv").read_text().splitlines()[1:]]
    columns = {
        name: tf.constant([float(row[place]) for row in table])
        for place, name in ((1, "weight"), (2, "size"))
    }
    served = tf.saved_model.load(str(run.path / "saved_model")).signatures["serving_default"]
    answer = served(**columns)
    np.testing.assert_allclose(answer["probabilities"], found.probabilities, atol=1e-5)
    np.testing.assert_allclose(answer["logits"], logits, atol=1e-4)
    assert [name.decode() for name in answer["classes"].numpy()] == found.classes
    card = (run.path / "README.md").read_text()
    assert f"Probabilities are served at temperature {temperature:.3g}" in card
    assert "Calibration error on the test nodes: " in card
    assert "served so" in evaluation_text(run.evaluate("validation"))


def test_calibration_wants_validation_nodes(shop: Path, tmp_path: Path) -> None:
    folder = tmp_path / "shop"
    shutil.copytree(shop, folder)
    text = (folder / "nodes.csv").read_text().splitlines()
    lines = [text[0], *(f"{line}{'train' if k % 3 else 'test'}" for k, line in enumerate(text[1:]))]
    (folder / "nodes.csv").write_text("\n".join(lines) + "\n")
    with pytest.raises(OptionError, match="calibrate fits a temperature on validation nodes, and"):
        train(config(folder, tmp_path / "run", calibrate=True, validation_share=0.0))
    assert not (tmp_path / "run.partial").exists()


# What the graph is worth.


@pytest.mark.usefixtures("bare")
def test_the_lift_is_over_the_same_model_without_the_graph(shop: Path, tmp_path: Path) -> None:
    options = {"seed": 3, "learning_rate": 0.02, "dropout": 0.1, "hidden_units": (5,)}
    one = train(config(shop, tmp_path / "one", "graph-regularization", baseline=None, **options))
    other = train(config(shop, tmp_path / "other", **options))
    found = one.metrics["lift"]
    assert (found["split"], found["nodes"]) == ("test", 12)
    assert found["with_graph"] == pytest.approx(one.metrics["test"]["accuracy"])
    assert found["without_graph"] == pytest.approx(other.metrics["test"]["accuracy"])
    assert found["difference"] == pytest.approx(found["with_graph"] - found["without_graph"])
    low, high = found["interval"]
    assert low <= found["difference"] <= high and found["helps"] == (low > 0)
    text = lift_text(found)
    assert text in one.info() and f"W{text[1:]}." in (one.path / "README.md").read_text()
    assert text in evaluation_text(one.evaluate()) and "lift" not in one.evaluate("validation")
    assert not list(one.path.glob("*state*"))
    assert "lift" not in other.metrics


@pytest.mark.usefixtures("bare")
def test_a_run_that_is_stopped_in_its_baseline_goes_on_there(
    shop: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    options = {"baseline": True, "dropout": 0.5, "recipe": "general"}
    whole = train(config(shop, tmp_path / "whole", "gcn", **options))
    stopped = RunFolder(tmp_path / "stopped")
    seen = stop_in_epoch(monkeypatch, 5)  # The second of the three of the perceptron.
    with pytest.raises(KeyboardInterrupt):
        train(config(shop, stopped.path, "gcn", **options))
    assert list((stopped.partial / "baseline_state").glob("step-*"))
    run = train(RunConfig(output=str(stopped.path), resume=True))
    assert seen[0] - 5 < 3  # Nothing is trained twice: the gcn not at all.
    for key in ("lift", "test", "validation", "epochs"):
        assert run.metrics[key] == whole.metrics[key]


def test_where_the_graph_does_not_help_it_is_said() -> None:
    found = {"with_graph": 0.8, "without_graph": 0.8, "difference": 0.0, "nodes": 1000}
    found |= {"split": "validation", "interval": [-0.02, 0.02], "helps": False}
    assert lift_text(found) == (
        "with the graph 0.800, without 0.800: +0.000 (-0.020 to 0.020) on 1,000 validation nodes: "
        "on these data the graph does not help, as far as so many nodes can tell"
    )
    harm = {**found, "with_graph": 0.7, "difference": -0.1, "interval": [-0.12, -0.08]}
    assert lift_text(harm).endswith("on these data the graph does harm")


def test_a_perceptron_has_no_baseline(shop: Path, tmp_path: Path) -> None:
    with pytest.raises(OptionError, match="baseline has no use for the model 'mlp', which is it"):
        train(config(shop, tmp_path / "run", baseline=True))
