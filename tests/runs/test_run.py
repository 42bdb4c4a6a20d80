"""What is done with a finished run: evaluate, predict, embed, export."""

from __future__ import annotations

import dataclasses
import shutil
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

from gnn import Graph
from gnn.datasets.from_folder import from_folder
from gnn.runs import Run, load_run

MODELS = ("mlp", "graph-regularization", "gcn")


def new_table(folder: Path, text: str = "id,size,weight\nx,0.1,1000\ny,0.2,1100\n") -> Path:
    path = folder / "new.csv"
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize("model", MODELS)
def test_evaluate_gives_the_figures_of_training(model: str, shop_runs: dict[str, Run]) -> None:
    run = load_run(shop_runs[model].path)
    for split in ("validation", "test"):
        found = run.evaluate(split)
        assert found["nodes"] == 12
        for name in ("accuracy", "loss"):
            np.testing.assert_allclose(found[name], run.metrics[split][name], rtol=1e-5)
    assert run.evaluate()["split"] == "test"


@pytest.mark.parametrize("model", MODELS)
def test_predictions_are_of_the_nodes_in_order(
    model: str, shop_runs: dict[str, Run], shop: Path
) -> None:
    found = shop_runs[model].predict()
    assert found.ids == [f"n{node}" for node in range(60)]
    assert found.probabilities.shape == (60, 2)
    np.testing.assert_allclose(found.probabilities.sum(axis=1), 1, rtol=1e-5)
    best = [found.class_names[k] for k in found.probabilities.argmax(axis=1)]
    assert found.classes == best
    # The test nodes that are right are what evaluate counts.
    run = shop_runs[model]
    truth = ["apple", "pear"] * 30
    rows = [line.split(",") for line in (run.path / "splits.csv").read_text().splitlines()]
    tested = [int(name[1:]) for name, split in rows if split == "test"]
    right = np.mean([found.classes[node] == truth[node] for node in tested])
    np.testing.assert_allclose(right, run.evaluate("test")["accuracy"], rtol=1e-6)
    same = run.predict(shop)
    np.testing.assert_allclose(same.probabilities, found.probabilities, rtol=1e-5)


@pytest.mark.parametrize("model", ["mlp", "graph-regularization"])
def test_table_of_new_nodes(model: str, shop_runs: dict[str, Run], tmp_path: Path) -> None:
    # The columns stand in another order than in training.
    run = shop_runs[model]
    found = run.predict(new_table(tmp_path))
    assert found.ids == ["x", "y"]
    raw = {"weight": tf.constant([1000.0, 1100.0]), "size": tf.constant([0.1, 0.2])}
    logits = run.model.predict(run.encoder(raw)["columns"].numpy(), verbose=0)
    np.testing.assert_allclose(found.probabilities, tf.nn.softmax(logits), rtol=1e-4)


def test_gcn_wants_a_graph(shop_runs: dict[str, Run], tmp_path: Path, shop: Path) -> None:
    with pytest.raises(ValueError, match="a gcn predicts a node from its neighbors, and .*new.csv"):
        shop_runs["gcn"].predict(new_table(tmp_path))
    with pytest.raises(FileNotFoundError, match="no file"):
        shop_runs["gcn"].predict(tmp_path / "nowhere.csv")
    graph = from_folder(shop)
    no_edges = dataclasses.replace(graph, senders=[], receivers=[], weights=None)
    one, other = (shop_runs["gcn"].predict(g).probabilities for g in (graph, no_edges))
    assert abs(one - other).max() > 1e-3


@pytest.mark.parametrize("model", MODELS)
def test_embedding_is_what_the_last_layer_reads(model: str, shop_runs: dict[str, Run]) -> None:
    run = shop_runs[model]
    found = run.embed()
    assert found.vectors.shape == (60, 8)
    assert found.ids[:2] == ["n0", "n1"]
    if model == "gcn":
        return  # By hand in tests/models/test_convolutional_classifier.py.
    kernel, bias = run.model.get_weights()[-2:]
    np.testing.assert_allclose(
        tf.nn.softmax(found.vectors @ kernel + bias), run.predict().probabilities, rtol=1e-4
    )


def test_export_is_whole_or_refused(shop_runs: dict[str, Run], tmp_path: Path) -> None:
    run = shop_runs["mlp"]
    run.export(tmp_path / "served")
    served = tf.saved_model.load(str(tmp_path / "served")).signatures["serving_default"]
    run.export(tmp_path / "model.keras", format="keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    raw = {"weight": tf.constant([1000.0]), "size": tf.constant([0.0])}
    encoded = run.encoder(raw)["columns"]
    np.testing.assert_allclose(served(**raw)["logits"], loaded(encoded), rtol=1e-5)
    with pytest.raises(FileExistsError, match="exists already"):
        run.export(tmp_path / "served")
    with pytest.raises(FileExistsError, match="exists already"):
        run.export(tmp_path / "model.keras", format="keras")
    run.export(tmp_path / "model.keras", format="keras", overwrite=True)
    run.export(tmp_path / "served", overwrite=True)
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").write_text("")
    with pytest.raises(FileExistsError, match="it has no gnn_manifest.*it holds 'thesis.txt'"):
        run.export(tmp_path / "mine", overwrite=True)
    assert (tmp_path / "mine" / "thesis.txt").is_file()
    with pytest.raises(ValueError, match="must end in .keras"):
        run.export(tmp_path / "model.h5", format="keras")
    with pytest.raises(ValueError, match="format must be 'saved_model' or 'keras', got 'onnx'"):
        run.export(tmp_path / "model", format="onnx")


@pytest.mark.parametrize(
    ("data", "error", "message"),
    [
        ("missing", ValueError, "new.csv has no column 'weight'"),
        (Graph.from_edges([], [], {"x": np.eye(2)}), ValueError, "'features' of shape .2."),
        (Graph.from_edges([], [], np.eye(2)), ValueError, "evaluation needs labels"),
        (
            Graph.from_edges([], [], np.eye(2), labels=["fig", "pear"]),
            ValueError,
            r"classes are \['apple', 'pear'\], and these data have \['fig', 'pear'\]",
        ),
        (Graph.from_edges([], [], np.eye(2), labels=[0, 2]), ValueError, "have a label 2"),
    ],
)
def test_data_that_do_not_fit(
    data: Any, error: type[Exception], message: str, shop_runs: dict[str, Run], tmp_path: Path
) -> None:
    if data == "missing":
        data = new_table(tmp_path, "id,size\nx,1\n")
    with pytest.raises(error, match=message):
        shop_runs["mlp"].evaluate(data=data)


def test_other_data_are_judged_on_all_their_labels(shop_runs: dict[str, Run]) -> None:
    rows = np.array([[1000, 0], [1100, 0], [1000, 0]], np.float32)
    labels = ["apple", "pear", None]
    found = shop_runs["mlp"].evaluate(data=Graph.from_edges([], [], rows, labels=labels))
    assert (found["split"], found["nodes"]) == ("labeled", 2)


def test_labels_of_a_table_are_judged(shop_runs: dict[str, Run], tmp_path: Path) -> None:
    text = "id,size,weight,label,split\nx,0,1000,apple,test\ny,0,1100,pear,test\nz,0,1000,,test\n"
    found = shop_runs["mlp"].evaluate(data=new_table(tmp_path, text))
    assert (found["split"], found["nodes"]) == ("test", 2)


def test_unknown_split_is_named(shop_runs: dict[str, Run]) -> None:
    with pytest.raises(KeyError, match="unknown split 'tests'; the graph's splits are"):
        shop_runs["mlp"].evaluate("tests")


def test_run_describes_itself(shop_runs: dict[str, Run]) -> None:
    text = shop_runs["gcn"].info()
    assert "gcn, recipe general, seed 0" in text
    assert "2: apple, pear" in text
    assert "'columns' [2]" in text


@pytest.mark.parametrize(
    ("file", "text", "error", "message"),
    [
        (None, None, FileNotFoundError, "no run folder"),
        ("x.txt", "", FileNotFoundError, "is no run folder: it has no config.json"),
        ("config.json", "{", ValueError, "config.json is damaged"),
        ("config.json", '{"config": {"epoch": 1}}', ValueError, "damaged: .*unknown keys"),
        ("config.json", '{"config": {}}', FileNotFoundError, "no finished run: no data.json"),
        ("config.json", '{"model_type": "bert"}', FileNotFoundError, "it has no 'config'"),
    ],
)
def test_folder_that_is_no_run(
    file: str | None, text: str | None, error: type[Exception], message: str, tmp_path: Path
) -> None:
    path = tmp_path / "run"
    if file is not None:
        path.mkdir()
        (path / file).write_text(text or "")
    with pytest.raises(error, match=message):
        load_run(path)


def test_a_run_that_lost_its_encoder_says_so(shop_runs: dict[str, Run], tmp_path: Path) -> None:
    shutil.copytree(shop_runs["mlp"].path, tmp_path / "run")
    (tmp_path / "run" / "columns.keras").unlink()
    with pytest.raises(FileNotFoundError, match="has no columns.keras, of which the features"):
        load_run(tmp_path / "run").predict()
