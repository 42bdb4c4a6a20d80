"""Features propagated once: by hand, against the op, and what is refused."""

import dataclasses

import numpy as np
import pytest
import tensorflow as tf
from scipy import sparse

from gnn.graphs.graph import Graph
from gnn.graphs.propagated_features import propagate_features
from gnn.ops.adjacency import Adjacency
from gnn.ops.normalization import symmetric_propagate


def random_graph(features):
    rng = np.random.default_rng(1)
    ends = rng.integers(0, 12, (2, 40))
    return Graph.from_edges(*ends, features, weights=rng.uniform(0.5, 2, 40), labels=[0] * 12)


def test_by_hand_on_a_path():
    # Degrees with loops 2, 3, 2: A^ of the first node is 1/2 and 1/sqrt(6).
    path = Graph.from_edges([0, 1], [1, 2], [[1.0], [0.0], [0.0]], undirected=True)
    first = propagate_features(path, 1).features["features"]
    np.testing.assert_allclose(first[:, 0], [1 / 2, 1 / np.sqrt(6), 0], rtol=1e-6)
    second = propagate_features(path, 2).features["features"]
    np.testing.assert_allclose(
        second[:, 0],
        [1 / 4 + 1 / 6, (1 / 2 + 1 / 3) / np.sqrt(6), 1 / 6],
        rtol=1e-6,
    )


@pytest.mark.parametrize("hops", [0, 1, 3])
@pytest.mark.parametrize("kind", ["dense", "sparse", "sparse made dense"])
def test_equals_the_op(hops, kind):
    values = np.random.default_rng(0).normal(size=(12, 5)).astype(np.float32)
    graph = random_graph(values if kind == "dense" else sparse.csr_array(values))
    out = propagate_features(graph, hops, dense=kind == "sparse made dense")
    found = out.features["features"]
    assert sparse.issparse(found) == (kind == "sparse") and found.dtype == np.float32
    expected = tf.constant(values)
    adjacency = Adjacency(graph.senders, graph.receivers, 12, graph.weights)
    for _ in range(hops):
        expected = symmetric_propagate(expected, adjacency)
    dense = found.toarray() if sparse.issparse(found) else found
    np.testing.assert_allclose(dense, expected, rtol=1e-4, atol=1e-6)


def test_the_rest_of_the_graph_stays_and_the_given_one_too():
    graph = random_graph(np.eye(12, dtype=np.float32))
    out = propagate_features(graph, 2)
    for field in dataclasses.fields(graph):
        if field.name != "features":
            assert getattr(out, field.name) is getattr(graph, field.name) or np.array_equal(
                getattr(out, field.name), getattr(graph, field.name)
            )
    np.testing.assert_array_equal(graph.features["features"], np.eye(12))


@pytest.mark.parametrize(
    ("features", "hops", "error", "says"),
    [
        (np.eye(2), -1, ValueError, "hops must be at least 0"),
        (np.eye(2), 1.5, TypeError, "hops must be an integer"),
        (np.ones([2, 2, 2]), 1, ValueError, r"'features' must have shape .* \(2, 2, 2\)"),
        (np.array([["a"], ["b"]]), 1, TypeError, "'features' must be numbers"),
    ],
)
def test_errors(features, hops, error, says):
    with pytest.raises(error, match=says):
        propagate_features(Graph.from_edges([0], [1], features), hops)
