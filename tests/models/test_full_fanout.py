"""A sampled batch that holds all neighbors gives the numbers of the whole graph."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import tensorflow as tf
from graph_nets.graphs import GraphsTuple

from gnn import models
from gnn.data import clusters, full_batch, neighborhoods, records
from gnn.graphs.batch.graphs_tuple import graph_from_inputs
from gnn.graphs.graph import Graph
from gnn.layers import GCNConv
from gnn.models import GraphConvolutionalNodeClassifier, NodeClassifier

SIZE = 14
# What says how many hops a classifier looks, and how many that is then.
HOPS: dict[str, tuple[dict[str, Any], int]] = {
    "APPNPNodeClassifier": ({"hops": 2}, 2),
    "DAGNNNodeClassifier": ({"hops": 2}, 2),
    "GCNIINodeClassifier": ({"depth": 2}, 2),
    "GINNodeClassifier": ({"hidden_units": (8,)}, 2),
    "GRANDNodeClassifier": ({"hops": 2}, 2),
    "MPNNNodeClassifier": ({}, 3),
    "SGCNodeClassifier": ({"hops": 2}, 2),
}
FAMILY = [
    name
    for name in models.__all__
    if isinstance(getattr(models, name), type)
    and issubclass(getattr(models, name), NodeClassifier)
    and name != "NodeClassifier"
]


def make_graph() -> Graph:
    """Weighted, directed edges with loops and parallel ones, a hub, and nodes without edges."""
    rng = np.random.default_rng(1)
    senders, receivers = rng.integers(0, SIZE - 1, (2, 40))
    receivers[:9] = 3
    x = rng.normal(size=(SIZE, 5)).astype(np.float32)
    weights = rng.uniform(0.3, 3.0, 40)
    return Graph.from_edges(senders, receivers, {"x": x}, weights, splits={"some": [4, 0, 13, 7]})


def rows_of(model: NodeClassifier, data: tf.data.Dataset) -> np.ndarray:
    """The logits of the rows that are no padding, batch after batch."""
    rows = []
    for inputs in data:
        logits = np.asarray(model(inputs, training=False))
        rows.append(logits[np.asarray(inputs.get("readout_mask", tf.ones(len(logits)))) > 0])
    return np.concatenate(rows)


@pytest.mark.parametrize("name", FAMILY)
def test_all_neighbors_at_as_many_hops_as_convolutions(name: str) -> None:
    graph = make_graph()
    changes, hops = HOPS.get(name, ({}, 2))
    model = getattr(models, name)(num_classes=3, **changes)
    whole = full_batch(graph, "some")
    model(next(iter(whole)), training=False)
    for variable in model.trainable_variables:  # Biases and normalizations say something.
        variable.assign(variable + 0.3 * tf.random.normal(variable.shape, seed=1))
    expected = rows_of(model, whole)
    scale = max(1.0, np.abs(expected).max())
    for merge, padding in ((False, False), (True, "measured")):
        data = neighborhoods(
            graph, "some", batch_size=3, fanout=(None,) * hops, merge=merge, padding=padding
        )
        np.testing.assert_allclose(rows_of(model, data) / scale, expected / scale, atol=1e-5)
    # One hop fewer is not enough: the test sees what it is to see.
    fewer = neighborhoods(graph, "some", batch_size=3, fanout=(None,) * (hops - 1))
    assert np.abs(rows_of(model, fewer) - expected).max() > 1e-3


def test_a_gcn_is_what_numpy_says(tmp_path: Any) -> None:
    graph = make_graph()
    model = GraphConvolutionalNodeClassifier(num_classes=3, hidden_units=(4,), dropout_rate=0.0)
    looped = np.eye(SIZE)
    np.add.at(looped, (graph.receivers, graph.senders), graph.weights)
    scale = 1 / np.sqrt(looped.sum(axis=1))
    matrix = scale[:, np.newaxis] * looped * scale
    data = neighborhoods(graph, "some", batch_size=2, fanout=(None, None))
    logits = rows_of(model, data)
    first, last = model.get_weights()
    hidden = np.maximum(matrix @ graph.features["x"] @ first, 0)
    expected = (matrix @ hidden @ last)[graph.split("some")]
    np.testing.assert_allclose(logits, expected, atol=1e-5)
    records.write(data, tmp_path / "records")
    np.testing.assert_array_equal(rows_of(model, records.read(tmp_path / "records")), logits)


def test_what_the_key_holds() -> None:
    # Into 0: 1 (weight 2), 2 (3) and one of weight 0; into 1: 2 (weight 5).
    graph = Graph.from_edges([1, 2, 2, 3], [0, 0, 1, 0], {"x": np.eye(4)}, [2, 3, 5, 0])
    (star,) = neighborhoods(graph, batch_size=4, fanout=None, padding=True).take(1)
    nodes = star["x"].numpy().argmax(axis=1)
    degrees = np.array([5, 5, 0, 0, 0])
    expected = np.where(star["x"].numpy().any(axis=1), degrees[nodes], 0)
    assert star["graph_degrees"].numpy().tolist() == expected.tolist()
    assert star["edges"].numpy()[:3, 0].tolist() == [2, 3, 5] and 3 not in star["n_edge"].numpy()
    # Edges that are left out of a cluster are no random sample, and a whole graph leaves out none.
    for data in (full_batch(graph), clusters(graph, num_parts=1)):
        assert "graph_degrees" not in next(iter(data))


def test_degrees_stay_with_the_edges_that_they_are_of() -> None:
    layer = GCNConv(1, kernel_initializer="ones")
    graph = make_graph()
    (inputs,) = neighborhoods(graph, "some", batch_size=4, fanout=(None, None), merge=True)
    given = graph_from_inputs(inputs)
    convolved = layer(given.replace(nodes=given.nodes["x"]))
    assert convolved.graph_degrees is given.graph_degrees is not None
    assert given.replace(edges=2 * given.edges).graph_degrees is None
    bare = GraphsTuple(*given.replace(nodes=given.nodes["x"]))
    # The GraphsTuple of GraphNets knows no degrees.
    assert np.abs(layer(bare).nodes - convolved.nodes).max() > 1e-3
