"""What figures of a run rest on: all neighbors, the data it was trained on, and whose nodes."""

from __future__ import annotations

import dataclasses
import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from gnn import Graph
from gnn.datasets.from_folder import from_folder
from gnn.models.inference import exact
from gnn.runs import Run, RunConfig, load_run, train
from tests.runs.conftest import make_bare, write_shop


@pytest.fixture(scope="module")
def networks(shop: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Run]:
    """A network with a graph loss, trained on a graph that is small, large, or sampled."""
    folder, found = tmp_path_factory.mktemp("judged"), {}
    for name in ("small", "large", "sampled"):
        with pytest.MonkeyPatch.context() as patch:
            make_bare(patch)
            if name == "large":
                patch.setattr(exact, "MOST_BYTES_AT_ONCE", 0)
                patch.setattr("gnn.models.inference.layerwise._CHUNK_BYTES", 9_000)
            config = RunConfig(
                data=str(shop),
                model="gcn",
                output=str(folder / name),
                epochs=2,
                hidden_units=(4,),
                multiplier=0.3,
                contrast=0.0,  # Random pairs are among the nodes of a chunk.
                fanout=(1, 1),
                inference="sampled" if name == "sampled" else None,
                baseline=False,
            )
            said: list[str] = []
            found[name] = train(config, report=said.append)
        assert any("sampled neighbors (fanout [1, 1])" in line for line in said) == (
            name == "sampled"
        )
    return found


def test_validation_is_exact_at_any_size(networks: dict[str, Run]) -> None:
    small, large, sampled = networks.values()
    assert set(small.history) == set(large.history)
    for name, values in small.history.items():
        if name in ("val_random_distance", "val_spread"):  # Of the nodes of a chunk.
            continue
        np.testing.assert_allclose(large.history[name], values, rtol=1e-4, err_msg=name)
    assert {name: run.metrics["inference"] for name, run in networks.items()} == {
        "small": "exact",
        "large": "exact",
        "sampled": "sampled",
    }
    for split in ("validation", "test"):
        one, other = small.metrics[split], large.metrics[split]
        for name in ("accuracy", "loss"):
            np.testing.assert_allclose(other[name], one[name], rtol=1e-4)
        assert other["confusion"] == one["confusion"]
    # A graph loss is measured where there are edges to measure it on.
    assert small.history["val_graph_loss"][0] > 0
    assert sampled.history["val_loss"] != small.history["val_loss"]
    assert "estimated on sampled neighbors" in sampled.info()
    assert "estimated" not in small.info()


def test_answers_say_what_they_rest_on(
    networks: dict[str, Run], monkeypatch: pytest.MonkeyPatch
) -> None:
    run = networks["small"]
    whole, estimate = run.predict(), run.predict(inference="sampled")
    assert (whole.inference, estimate.inference) == ("exact", "sampled")
    assert np.abs(whole.probabilities - estimate.probabilities).max() > 1e-4
    assert networks["sampled"].predict().inference == "sampled"
    hidden = run.embed()
    figures = run.evaluate("test")
    assert figures["inference"] == hidden.inference == "exact"
    assert run.embed(inference="sampled").vectors.shape == hidden.vectors.shape
    assert run.evaluate("test", inference="sampled")["inference"] == "sampled"
    # In layers, the same to rounding.
    monkeypatch.setattr(exact, "MOST_BYTES_AT_ONCE", 0)
    np.testing.assert_allclose(run.predict().probabilities, whole.probabilities, rtol=1e-4)
    np.testing.assert_allclose(run.embed().vectors, hidden.vectors, rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(run.evaluate("test")["loss"], figures["loss"], rtol=1e-4)
    with pytest.raises(
        ValueError, match=r"inference must be one of \['exact', 'sampled'\], got 'a"
    ):
        run.predict(inference="all")


def test_what_was_not_measured_is_not_in_the_history(shop_runs: dict[str, Run]) -> None:
    run = shop_runs["graph-regularization"]
    assert run.history["graph_loss"][0] > 0
    assert "val_graph_loss" not in run.history and "val_scaled_graph_loss" not in run.history
    # Judged on features alone, by the supervised loss.
    assert run.history["val_loss"] == run.history["val_supervised_loss"]
    with pytest.raises(ValueError, match="is for graph networks, and a graph-regularization looks"):
        run.predict(inference="sampled")


def test_changed_data_are_not_judged_unasked(
    shop: Path, shop_runs: dict[str, Run], tmp_path: Path
) -> None:
    copied = tmp_path / "shop"
    shutil.copytree(shop, copied)
    path = tmp_path / "run"
    shutil.copytree(shop_runs["mlp"].path, path)
    stored = json.loads((path / "config.json").read_text())
    stored["config"]["data"] = str(copied)
    (path / "config.json").write_text(json.dumps(stored))
    before = load_run(path).evaluate("test")
    nodes = copied / "nodes.csv"
    text = nodes.read_text()
    nodes.write_text(text.replace("apple", "pear", 1))
    run = load_run(path)
    with pytest.raises(ValueError, match="have changed since it was trained: give them as data"):
        run.evaluate("test")
    assert run.predict().ids[0] == "n0"  # Predicting asks what the data are now.
    stored["versions"]["keras"] = "3.0.0"
    (path / "config.json").write_text(json.dumps(stored))
    with pytest.raises(ValueError, match=r"trained, or are read otherwise \(keras 3.0.0, now"):
        run.evaluate("test")
    # A run of old has no fingerprint: it says so once.
    facts = json.loads((path / "data.json").read_text())
    del facts["fingerprint"]
    (path / "data.json").write_text(json.dumps(facts))
    run = load_run(path)
    with pytest.warns(UserWarning, match="made before runs remembered their data"):
        assert run.evaluate("test")["nodes"] == before["nodes"]
    run.evaluate("test")


def test_nodes_that_were_trained_on_are_judged_apart(
    shop: Path, shop_runs: dict[str, Run], tmp_path: Path
) -> None:
    run = shop_runs["mlp"]
    graph = from_folder(shop)
    # The same 60 nodes, which that folder does not divide, and two more.
    more = np.array([[1000, 0], [1100, 0]], np.float32)
    ids = [*graph.ids.tolist(), "x", "y"]
    both = np.concatenate([graph.features["features"], more])
    labels = [*graph.labels.tolist(), 0, 1]
    grown = Graph.from_edges([], [], both, labels=labels, ids=ids, class_names=graph.class_names)
    found = run.evaluate(data=grown)
    counts = {name: part["nodes"] for name, part in found["splits"].items()}
    assert counts == {"train": 36, "validation": 12, "test": 12, "new": 2}
    assert found["split"] == "test"
    assert found["accuracy"] == found["splits"]["test"]["accuracy"] == run.evaluate()["accuracy"]
    # Nor are they hidden under a name that the data give them.
    hidden = dataclasses.replace(grown, splits={"test": np.arange(62)})
    counts = {k: v["nodes"] for k, v in run.evaluate(data=hidden)["splits"].items()}
    assert counts == {"test": 26, "train": 36}
    # Nor under another split of the run's own.
    path = tmp_path / "run"
    shutil.copytree(run.path, path)
    with (path / "splits.csv").open("a", encoding="utf-8") as file:
        file.writelines(f"{name},extra\n" for name in ids)
    counts = {k: v["nodes"] for k, v in load_run(path).evaluate(data=grown)["splits"].items()}
    assert counts == {"extra": 26, "train": 36}


def test_labels_that_nobody_needs_cannot_be_wrong(
    shop_runs: dict[str, Run], tmp_path: Path
) -> None:
    run = shop_runs["mlp"]
    table = tmp_path / "new.csv"
    table.write_text("id,size,weight,label,split\nx,0.1,1000,fig,test\ny,0.2,1100,,\n")
    expected = run.predict(np_frame(["x", "y"])).probabilities
    np.testing.assert_allclose(run.predict(table).probabilities, expected, rtol=1e-5)
    assert run.embed(table).ids == ["x", "y"]
    with pytest.raises(ValueError, match="labels 'fig' are not among the classes"):
        run.evaluate(data=table)
    # Of a folder likewise.
    folder = write_shop(tmp_path / "figs")
    text = (folder / "nodes.csv").read_text()
    (folder / "nodes.csv").write_text(text.replace("apple", "fig"))
    assert len(shop_runs["gcn"].predict(folder).ids) == 60
    with pytest.raises(ValueError, match="labels 'fig' are not among the classes"):
        shop_runs["gcn"].evaluate(data=folder)


def np_frame(ids: list[str], **columns: Any) -> Any:
    pd = pytest.importorskip("pandas")
    return pd.DataFrame({"size": [0.1, 0.2], "weight": [1000, 1100], **columns}, index=ids)


def test_data_frames_are_tables(shop_runs: dict[str, Run]) -> None:
    run = shop_runs["mlp"]
    frame = np_frame(["x", "y"], id=["a", "b"], label=["apple", "pear"])
    assert run.predict(frame).ids == run.embed(frame).ids == ["a", "b"]
    assert run.evaluate(data=frame)["nodes"] == 2
    with pytest.raises(ValueError, match="the DataFrame is a table of nodes alone: give a folder"):
        shop_runs["gcn"].predict(frame)
    with pytest.raises(ValueError, match="the DataFrame has no column 'weight' of those it needs"):
        run.predict(frame.drop(columns="weight"))
