"""The builders for TensorFlow Datasets: examples from which the whole graph can be made again."""

from __future__ import annotations

import pickle
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import scipy.sparse as sp
import tensorflow_datasets as tfds

import gnn.datasets.tfds
from gnn.datasets import digits, download, groceries, groceries_sessions, planetoid


@pytest.fixture(autouse=True)
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Small raw files of all data sets, and no public server."""
    tfds.disable_progress_bar()
    folder = tmp_path / "raw"
    (folder / "planetoid").mkdir(parents=True)
    allx = np.array([[1, 0, 1], [0, 2, 0], [0, 0, 0], [3, 0, 1]], np.float64)
    classes = np.eye(2, dtype=np.int32)
    parts = {
        "x": sp.csr_matrix(allx[:2]),
        "y": classes[[0, 1]],
        "allx": sp.csr_matrix(np.concatenate([allx] * 126)),
        "ally": classes[[0, 1, 1, 0] * 126],
        "tx": sp.csr_matrix(np.array([[0, 0, 5], [1, 1, 0]])),
        "ty": classes[[1, 0]],
        # Node 504 is in no file but this one, and unlabeled.
        "graph": {i: [1, 2, 505] if i == 503 else [] for i in range(507)},
    }
    for part, content in parts.items():
        path = folder / "planetoid" / f"ind.cora.{part}"
        path.write_bytes(pickle.dumps(content, protocol=2))
    (folder / "planetoid" / "ind.cora.test.index").write_text("506\n505\n")
    (folder / "groceries.csv").write_text("butter,milk\nbread\nmilk,butter,cream cheese \n")
    (folder / "Groceries.labels").write_text(
        "211\tmilk\tM\n212\tbutter\tB\n234\tcream cheese \tF\n281\tbread\tB\n"
    )
    (folder / "Groceries.cat1.labels").write_text("2\tfresh products\tF\n")
    (folder / "Groceries.cat2.labels").write_text("21\tdairy\tM\n23\tcheese\tK\n28\tbread\tB\n")
    monkeypatch.setenv("GNN_DATA_DIR", str(folder))
    monkeypatch.setattr(download, "_HOST", (tmp_path / "public").as_uri())
    sizes = sys.modules[gnn.datasets.tfds.GnnPlanetoid.__module__]._SIZES
    monkeypatch.setitem(sizes, "cora", (3, 2))
    return folder


def load(name: str, tmp_path: Path) -> dict[str, list[dict[str, Any]]]:
    splits = tfds.load(name, data_dir=tmp_path / "prepared")
    return {split: list(tfds.as_numpy(examples)) for split, examples in splits.items()}


def as_id(value: Any) -> Any:
    return value.decode() if isinstance(value, bytes) else int(value)


def made_again(splits: dict[str, list[dict[str, Any]]], feature: str) -> gnn.Graph:
    """The graph, out of the examples of all its splits."""
    examples = [example for split in splits.values() for example in split]
    if not isinstance(examples[0]["id"], bytes):
        examples.sort(key=lambda example: example["id"])
    ids = [as_id(example["id"]) for example in examples]
    index = {name: node for node, name in enumerate(ids)}
    edges = [
        (index[as_id(neighbor)], index[as_id(example["id"])], weight)
        for example in examples
        for neighbor, weight in zip(example["neighbors"], example["weights"], strict=True)
    ]
    senders, receivers, weights = zip(*edges, strict=True)
    return gnn.Graph.from_edges(
        senders,
        receivers,
        {feature: np.array([example[feature] for example in examples])},
        weights=weights,
        labels=[example["label"] for example in examples] if "label" in examples[0] else None,
        ids=ids,
        splits={name: [index[as_id(e["id"])] for e in split] for name, split in splits.items()},
    )


def test_planetoid_can_be_made_again(tmp_path: Path) -> None:
    splits = load("gnn_planetoid/cora", tmp_path)
    sizes = {name: len(examples) for name, examples in splits.items()}
    assert sizes == {"train": 2, "validation": 500, "test": 2, "rest": 3}
    graph, again = planetoid("cora"), made_again(splits, "words")
    words: Any = graph.features["words"]
    np.testing.assert_array_equal(again.features["words"], words.toarray())
    assert again.features["words"].dtype == np.float32
    for name in ("senders", "receivers", "weights", "labels"):
        np.testing.assert_array_equal(getattr(again, name), getattr(graph, name))
    for name, nodes in graph.splits.items():
        assert again.splits[name].tolist() == nodes.tolist()
    # Nodes 502 and 503 come after the validation split; 504 is in neither allx nor tx.
    assert again.splits["rest"].tolist() == [502, 503, 504]
    assert [int(example["label"]) for example in splits["rest"]] == [1, 0, -1]
    assert splits["rest"][1]["neighbors"].tolist() == [1, 2, 505]


def test_digits_can_be_made_again(tmp_path: Path) -> None:
    splits = load("gnn_digits", tmp_path)
    graph, again = digits(), made_again(splits, "pixels")
    np.testing.assert_array_equal(again.features["pixels"], graph.features["pixels"])
    for name in ("senders", "receivers", "weights", "labels"):
        np.testing.assert_array_equal(getattr(again, name), getattr(graph, name))
    assert set(again.splits) == set(graph.splits)
    for name, nodes in graph.splits.items():
        assert again.splits[name].tolist() == nodes.tolist()


@pytest.mark.parametrize(
    ("config", "labels"),
    [("products", None), ("products_level1", "level1"), ("products_level2", "level2")],
)
def test_products_can_be_made_again(tmp_path: Path, config: str, labels: str | None) -> None:
    splits = load(f"gnn_groceries/{config}", tmp_path)
    graph, again = groceries(labels=labels), made_again(splits, "product")
    assert again.ids is not None
    assert again.ids.tolist() == ["butter", "milk", "bread", "cream cheese"]
    product: Any = again.features["product"]
    assert [name.decode() for name in product.tolist()] == again.ids.tolist()
    for name in ("senders", "receivers", "weights"):
        np.testing.assert_array_equal(getattr(again, name), getattr(graph, name))
    assert splits["train"][2]["neighbors"].tolist() == []
    if labels is None:
        assert again.labels is None
        return
    np.testing.assert_array_equal(again.labels, graph.labels)
    # A later process reads the names of the classes from the prepared data.
    builder = tfds.builder(f"gnn_groceries/{config}", data_dir=tmp_path / "prepared")
    assert tuple(builder.info.features["label"].names) == graph.class_names


def test_baskets(tmp_path: Path) -> None:
    baskets = load("gnn_groceries/baskets", tmp_path)["train"]
    sessions = [[as_id(product) for product in basket["products"]] for basket in baskets]
    assert sessions == groceries_sessions()
    assert [int(basket["id"]) for basket in baskets] == [0, 1, 2]


def test_as_supervised(tmp_path: Path) -> None:
    examples = tfds.load(
        "gnn_planetoid/cora", split="test", as_supervised=True, data_dir=tmp_path / "prepared"
    )
    (words, label), _ = tfds.as_numpy(examples)
    # In order of the nodes: node 505 is the second row of tx.
    assert (words.tolist(), int(label)) == ([0.5, 0.5, 0], 0)


def test_prepared_data_need_no_raw_files(
    tmp_path: Path, data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    load("gnn_groceries/baskets", tmp_path)
    monkeypatch.setenv("GNN_DATA_DIR", str(tmp_path / "empty"))
    assert len(load("gnn_groceries/baskets", tmp_path)["train"]) == 3
    with pytest.raises(ConnectionError, match="cannot download groceries.csv from"):
        load("gnn_groceries/products", tmp_path)
    assert not list((tmp_path / "prepared").glob("gnn_groceries/products/[0-9]*"))


def test_builders_and_functions_share_no_name() -> None:
    builders = {name for name in tfds.list_builders() if name.startswith("gnn_")}
    assert builders == {"gnn_digits", "gnn_groceries", "gnn_planetoid"}
    assert not builders & set(gnn.datasets.__all__)
    configs = gnn.datasets.tfds.GnnPlanetoid.builder_configs
    assert list(configs) == ["cora", "citeseer", "pubmed"]


class TestRealFiles:
    def test_cora_fits_the_sizes_of_the_builder(
        self, tmp_path: Path, data_dir: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("GNN_DATA_DIR", str(data_dir))
        sizes = sys.modules[gnn.datasets.tfds.GnnPlanetoid.__module__]._SIZES
        monkeypatch.setitem(sizes, "cora", (1433, 7))
        splits = load("gnn_planetoid/cora", tmp_path)
        sizes = {name: len(examples) for name, examples in splits.items()}
        assert sizes == {"train": 140, "validation": 500, "test": 1000, "rest": 1068}
        again = made_again(splits, "words")
        assert (again.num_nodes, again.num_edges) == (2708, 10556)
