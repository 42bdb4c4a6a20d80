"""Integrated gradients: closed forms, completeness, and what was planted is found."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf
from scipy import sparse

import gnn
from gnn.explain import integrated_gradients
from gnn.graphs.batch.graphs_tuple import adjacency_of, graph_from_inputs
from gnn.graphs.graph import Graph

KERNEL = np.array([[1.0, 0.0, 2.0], [0.0, -1.0, 3.0]], np.float32)
# Into node 0: from 1 (weight 2), from 2 (0.5), and from 2 again (1); 3 -> 1 is out of sight.
STAR = Graph.from_edges(
    [1, 2, 2, 3],
    [0, 0, 0, 1],
    {"x": np.array([[1.0, 2.0], [3.0, 0.0], [-1.0, 4.0], [9.0, 9.0]])},
    weights=[2.0, 0.5, 1.0, 1.0],
    merge="keep",
)


def times(x: Any, kernel: np.ndarray) -> tf.Tensor:
    return tf.sparse.sparse_dense_matmul(x, kernel) if sparse_tensor(x) else tf.matmul(x, kernel)


def sparse_tensor(x: Any) -> bool:
    return isinstance(x, tf.SparseTensor)


def linear(inputs: Any, training: bool) -> tf.Tensor:
    """`(x_r + sum w x_s) W`."""
    graph = graph_from_inputs(inputs)
    nodes = times(graph.nodes["x"], KERNEL)
    out = nodes + gnn.ops.propagate(nodes, adjacency_of(graph))
    return tf.gather(out, graph.readout)


@pytest.mark.parametrize("is_sparse", [False, True])
@pytest.mark.parametrize("steps", [1, 7])
def test_linear_model_has_a_closed_form(steps: int, is_sparse: bool) -> None:
    x = STAR.features["x"]
    graph = STAR
    if is_sparse:
        graph = Graph.from_edges(
            STAR.senders,
            STAR.receivers,
            {"x": sparse.csr_array(x)},
            weights=STAR.weights,
            merge="keep",
        )
    why = integrated_gradients(linear, graph, 0, target=2, of="logit", steps=steps, hops=0)
    # W for class 2 is (2, 3): x W is 8, 6, 10 for the nodes 0, 1, 2.
    assert why.nodes.tolist() == [0, 1, 2]
    assert list(zip(why.senders, why.receivers, strict=True)) == [(1, 0), (2, 0), (2, 0)]
    # The gradient is the same at all points, so that one is enough.
    np.testing.assert_allclose(why.edge_attributions, [12, 5, 10], rtol=1e-6)
    found = why.feature_attributions["x"]
    assert sparse.issparse(found) == is_sparse
    # Node 2 sends 1.5 times -1 * 2 and 4 * 3.
    expected = [[2, 6], [12, 0], [-3, 18]]
    np.testing.assert_allclose(found.toarray() if is_sparse else found, expected, rtol=1e-6)
    assert why.score == pytest.approx(8 + 12 + 15)
    assert why.baselines == {"features": 0.0, "edges": pytest.approx(8.0)}
    np.testing.assert_allclose(why.node_attributions, [8, 12, 15], rtol=1e-6)


def test_only_stored_entries_of_sparse_features_have_attributions() -> None:
    stored = sparse.csr_array(([1.0, 0.0, 3.0], ([0, 1, 1], [0, 0, 1])), shape=(4, 2))
    graph = Graph.from_edges(STAR.senders, STAR.receivers, {"x": stored})
    why = integrated_gradients(linear, graph, 0, target=2, of="logit", hops=0)
    found = why.feature_attributions["x"].tocoo()
    assert list(zip(found.row, found.col, strict=True)) == [(0, 0), (1, 0), (1, 1)]
    np.testing.assert_allclose(found.data, [2, 0, 9], rtol=1e-6)


def test_an_edge_used_with_another_shares_with_it() -> None:
    # Two hops: what 2 sends to 0 by 1 is w1 w2 x, of which each edge has a half.
    def model(inputs: Any, training: bool) -> tf.Tensor:
        graph = graph_from_inputs(inputs)
        adjacency = adjacency_of(graph)
        out = gnn.ops.propagate(gnn.ops.propagate(graph.nodes["x"], adjacency), adjacency)
        return tf.gather(out, graph.readout)

    graph = Graph.from_edges([2, 1], [1, 0], {"x": np.eye(3)}, weights=[3.0, 4.0])
    why = integrated_gradients(model, graph, 0, of="logit", steps=100)
    assert why.target == 2
    np.testing.assert_allclose(why.edge_attributions, [6, 6], rtol=1e-3)
    assert abs(why.completeness_errors["edges"]) < 0.005


@pytest.mark.parametrize(("of", "is_sparse"), [("probability", False), ("logit", True)])
def test_attributions_sum_to_the_difference_from_the_baseline(of: str, is_sparse: bool) -> None:
    rng = np.random.default_rng(1)
    x = rng.normal(size=(30, 6)) * (rng.random((30, 6)) < 0.5)
    features = {"x": sparse.csr_array(x) if is_sparse else x}
    graph = Graph.from_edges(rng.integers(30, size=120), rng.integers(30, size=120), features)
    model = gnn.GraphConvolutionalNodeClassifier(num_classes=3)
    for node in range(2):
        coarse, fine = (
            integrated_gradients(model, graph, node, target=1, of=of, steps=steps, hops=2)
            for steps in (2, 200)
        )
        assert set(fine.completeness_errors) == {"features", "edges"}
        for name, error in fine.completeness_errors.items():
            assert abs(error) < 2e-3
            assert abs(error) <= abs(coarse.completeness_errors[name]) + 1e-5
        # The baselines are the model's own answers.
        alone = graph_without_edges(graph, node)
        logits = model(alone, training=False)[0]
        expected = (tf.nn.softmax(logits) if of == "probability" else logits)[1]
        assert fine.baselines["edges"] == pytest.approx(float(expected), abs=1e-6)
        assert fine.sums["edges"] == pytest.approx(fine.score - float(expected), abs=2e-3)


def graph_without_edges(graph: Graph, node: int) -> Any:
    row = graph.features["x"][[node]]
    dense = row.toarray() if sparse.issparse(row) else row
    return next(iter(gnn.data.full_batch(Graph.from_edges([], [], {"x": dense}))))


def test_a_neighbor_of_a_kind_is_found() -> None:
    # Class 1 where a neighbor has column 3: of the five into node 0, that is node 4 alone.
    def model(inputs: Any, training: bool) -> tf.Tensor:
        graph = graph_from_inputs(inputs)
        seen = gnn.ops.propagate(graph.nodes["x"][:, 3:4], adjacency_of(graph))
        evidence = 8 * tf.nn.relu(seen - 0.5)
        return tf.gather(tf.concat([2 - evidence, evidence], axis=1), graph.readout)

    x = np.random.default_rng(0).random((8, 6))
    x[:, 3] = 0
    x[4, 3] = 1
    graph = Graph.from_edges([1, 2, 3, 4, 5, 4, 6], [0, 0, 0, 0, 0, 1, 7], {"x": x})
    why = integrated_gradients(model, graph, 0, steps=200)
    assert (why.target, why.probability > 0.9) == (1, True)
    ((sender, receiver, weight, attribution),) = why.top_edges()
    assert (sender, receiver, weight) == (4, 0, 1.0)
    ((feature, column, node, value, share),) = why.top_features(per_node=True)
    assert (feature, column, node, value) == ("x", 3, 4, 1.0)
    # All of it is theirs: with neither, the model is at 1 / (1 + e^2).
    assert attribution == pytest.approx(why.probability - 1 / (1 + np.exp(2)), abs=0.01)
    assert share == pytest.approx(attribution, abs=1e-3)


def test_edges_count_by_what_they_take_as_well() -> None:
    # x is 1 at node 1 only, and node 0 averages over itself and its neighbors: 2 and 3 dilute it.
    def model(inputs: Any, training: bool) -> tf.Tensor:
        graph = graph_from_inputs(inputs)
        adjacency = adjacency_of(graph)
        nodes = graph.nodes["x"]
        degrees = 1 + gnn.ops.propagate(tf.ones_like(nodes), adjacency)
        out = (nodes + gnn.ops.propagate(nodes, adjacency)) / degrees
        return tf.gather(tf.concat([out, -out], axis=1), graph.readout)

    x = np.array([[0.0], [1.0], [0.0], [0.0]])
    graph = Graph.from_edges([1, 2, 3], [0, 0, 0], {"x": x})
    why = integrated_gradients(model, graph, 0, of="logit", steps=400)
    # F(t) = t / (1 + 3 t), so dF/dw1 is 1 / (1 + 3 t) - t / (1 + 3 t)^2, and the others have the
    # second part alone: ln(4) / 3 - I and -I, with I = (ln 4 + 1 / 4 - 1) / 9.
    taken = (np.log(4) + 1 / 4 - 1) / 9
    np.testing.assert_allclose(
        why.edge_attributions, [np.log(4) / 3 - taken, -taken, -taken], atol=1e-4
    )
    assert why.sums["edges"] == pytest.approx(0.25, abs=1e-4)


def test_model_that_looks_at_no_edges() -> None:
    def node_model() -> keras.Model:
        return keras.Sequential([keras.Input((2,), name="x"), keras.layers.Dense(3)])

    model = gnn.GraphRegularizationModel(gnn.GraphRegConfig(multiplier=0.1), node_model)
    why = integrated_gradients(model, STAR, 0, of="logit", hops=0)
    assert why.edge_attributions.tolist() == [0.0, 0.0, 0.0]
    assert why.top_edges() == []
    found = why.feature_attributions["x"]
    assert np.abs(found[0]).sum() > 0
    assert not found[1:].any()
    assert "edges       +0.0000 in sum" in str(why)


def test_features_that_are_no_floats_stay_as_they_are() -> None:
    features = {
        "x": STAR.features["x"],
        "kind": np.array([1, 0, 1, 0]),
        "name": np.array(list("abcd")),
    }

    def model(inputs: Any, training: bool) -> tf.Tensor:
        assert inputs["kind"].dtype == tf.int64 and inputs["name"].dtype == tf.string
        kinds = tf.one_hot(inputs["kind"], 2)
        return tf.gather(inputs["x"] + kinds, inputs["readout"])

    graph = Graph.from_edges(STAR.senders, STAR.receivers, features)
    why = integrated_gradients(model, graph, 0, target=0, of="logit")
    assert list(why.feature_attributions) == ["x"]
    assert why.sums["features"] == pytest.approx(1.0)
    assert why.completeness_errors["features"] == pytest.approx(0.0, abs=1e-6)


def test_two_runs_are_equal() -> None:
    model = gnn.GraphConvolutionalNodeClassifier(num_classes=3)
    first, second = (integrated_gradients(model, STAR, 0, steps=5) for _ in range(2))
    np.testing.assert_array_equal(first.edge_attributions, second.edge_attributions)
    np.testing.assert_array_equal(first.feature_attributions["x"], second.feature_attributions["x"])


def test_kind_of_score_is_checked() -> None:
    with pytest.raises(ValueError, match="of must be one of 'probability', 'logit'; got 'loss'"):
        integrated_gradients(linear, STAR, 0, of="loss")
