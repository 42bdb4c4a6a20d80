"""The whole graph as one batch, padded and not."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import tensorflow as tf
from scipy import sparse

from gnn.data import full_batch
from gnn.graphs import Graph, PaddingSizes
from gnn.graphs.batch.graphs_tuple import graph_from_inputs
from gnn.graphs.batch.keys import GRAPH_KEYS

WORDS = sparse.csr_array(np.array([[0, 2, 0], [0, 0, 0], [1, 0, 3], [4, 0, 0]], np.float32))


def make_graph(**changes: Any) -> Graph:
    """Edges 2 -> 0, 3 -> 0, 0 -> 3; node 1 alone."""
    fields: dict[str, Any] = {
        "senders": [2, 0, 3],
        "receivers": [0, 3, 0],
        "weights": [0.5, 2.0, 3.0],
        "features": {
            "pixels": np.arange(8, dtype=np.float32).reshape(4, 2),
            "code": np.array([10, 20, 30, 40], np.int64),
            "name": np.array(["a", "b", "c", "d"]),
            "flag": np.array([True, False, True, True]),
            "words": WORDS,
        },
        "labels": [0, -1, 1, 2],
        "splits": {"train": [3, 0], "test": [2], "none": np.zeros(0, int)},
        **changes,
    }
    return Graph.from_edges(**fields)


def only(dataset: tf.data.Dataset) -> Any:
    elements = list(dataset)
    assert len(elements) == int(dataset.cardinality()) == 1
    return elements[0]


def test_by_hand() -> None:
    inputs, labels = only(full_batch(make_graph(), "train"))
    assert labels.numpy().tolist() == [2, 0] and labels.dtype == tf.int32
    assert inputs["readout"].numpy().tolist() == [3, 0]
    assert inputs["n_node"].numpy().tolist() == [4]
    assert inputs["n_edge"].numpy().tolist() == [3]
    # Sorted by receiver: 2 -> 0, 3 -> 0, 0 -> 3.
    assert inputs["senders"].numpy().tolist() == [2, 3, 0]
    assert inputs["receivers"].numpy().tolist() == [0, 0, 3]
    assert inputs["edges"].numpy().tolist() == [[0.5], [3.0], [2.0]]
    assert set(inputs) == {
        *GRAPH_KEYS, "readout", "pixels", "code", "name", "flag", "words",
    }  # fmt: skip


def test_features_keep_their_rows_and_dtypes() -> None:
    graph = make_graph()
    inputs, _ = only(full_batch(graph, "test"))
    for name in ("pixels", "code", "flag"):
        np.testing.assert_array_equal(inputs[name], graph.features[name])
    assert inputs["name"].numpy().tolist() == [b"a", b"b", b"c", b"d"]
    dtypes = {"pixels": "float32", "code": "int64", "flag": "bool", "name": "string"}
    assert {name: inputs[name].dtype.name for name in dtypes} == dtypes


def test_sparse_features_stay_sparse() -> None:
    dataset = full_batch(make_graph(), "test")
    inputs, _ = only(dataset)
    assert isinstance(dataset.element_spec[0]["words"], tf.SparseTensorSpec)
    assert isinstance(inputs["words"], tf.SparseTensor)
    assert inputs["words"].values.shape == (4,) and inputs["words"].shape[1] == 3
    np.testing.assert_array_equal(tf.sparse.to_dense(inputs["words"]), WORDS.toarray())


@pytest.mark.parametrize("padding", [False, True])
def test_without_a_split_all_nodes_are_read_out(padding: bool) -> None:
    inputs, labels = only(full_batch(make_graph(), padding=padding))
    assert inputs["readout"].numpy().tolist() == [0, 1, 2, 3]
    assert labels.numpy().tolist() == [0, -1, 1, 2]


def test_without_labels_there_are_inputs_alone() -> None:
    inputs = only(full_batch(make_graph(labels=None), "train"))
    assert isinstance(inputs, dict) and inputs["readout"].numpy().tolist() == [3, 0]


@pytest.mark.parametrize("padding", [False, True])
def test_labels_of_several_columns(padding: bool) -> None:
    targets = np.arange(8, dtype=np.float32).reshape(4, 2)
    _, labels = only(full_batch(make_graph(labels=targets), "train", padding=padding))
    np.testing.assert_array_equal(labels, targets[[3, 0]])


@pytest.mark.parametrize("sizes", [None, PaddingSizes(n_node=9, n_edge=6, n_graph=4, n_row=5)])
def test_padding_has_static_shapes_and_keeps_the_real_part(sizes: PaddingSizes | None) -> None:
    graph = make_graph()
    dataset = full_batch(graph, "train", padding=sizes or True)
    n_node, n_edge, n_graph, n_row = (
        (5, 3, 2, 2) if sizes is None else (sizes.n_node, sizes.n_edge, sizes.n_graph, sizes.n_row)
    )
    shapes = {key: spec.shape.as_list() for key, spec in dataset.element_spec[0].items()}
    assert shapes == {
        "n_node": [n_graph], "n_edge": [n_graph], "globals": [n_graph, 0],
        "senders": [n_edge], "receivers": [n_edge], "edges": [n_edge, 1],
        "readout": [n_row], "readout_mask": [n_row],
        "pixels": [n_node, 2], "code": [n_node], "name": [n_node], "flag": [n_node],
        "words": [n_node, 3],
    }  # fmt: skip
    assert dataset.element_spec[1].shape == (n_row,)

    inputs, labels = only(dataset)
    plain, plain_labels = only(full_batch(graph, "train"))
    plain["words"] = tf.sparse.to_dense(plain["words"])
    np.testing.assert_array_equal(labels[:2], plain_labels)
    for key, value in plain.items():
        np.testing.assert_array_equal(inputs[key][: len(value)], value)
        assert inputs[key].dtype == value.dtype
    assert inputs["readout_mask"].numpy().tolist() == [1, 1] + [0] * (n_row - 2)
    for name in ("pixels", "code", "flag", "words"):
        assert not np.any(inputs[name][4:])
    assert not np.any(inputs["edges"][3:])
    assert graph_from_inputs(inputs).n_node.numpy().sum() == n_node


@pytest.mark.parametrize("padding", [False, True])
def test_only_sparse_features_or_no_edges(padding: bool) -> None:
    graph = make_graph(features={"words": WORDS}, senders=[], receivers=[], weights=None)
    inputs, _ = only(full_batch(graph, "train", padding=padding))
    words = inputs["words"] if padding else tf.sparse.to_dense(inputs["words"])
    np.testing.assert_array_equal(words[:4], WORDS.toarray())
    assert inputs["edges"].shape == (0, 1)


def test_unknown_split() -> None:
    with pytest.raises(KeyError, match=r"unknown split 'dev'.*'train', 'test'"):
        full_batch(make_graph(), "dev")


def test_empty_split() -> None:
    with pytest.raises(ValueError, match="split 'none' holds no nodes"):
        full_batch(make_graph(), "none")


def test_no_features() -> None:
    with pytest.raises(ValueError, match="graph has no features"):
        full_batch(make_graph(features={}), "train")


def test_padding_too_small() -> None:
    with pytest.raises(ValueError, match="n_edge=2 is too small: a batch needs 3"):
        full_batch(make_graph(), "train", padding=PaddingSizes(9, 2, 4, 5))
