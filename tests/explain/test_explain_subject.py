"""What of the graph is cut out for an explanation, and what the model says of it."""

from __future__ import annotations

import dataclasses
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf
from scipy import sparse

import gnn
from gnn.explain import Explanation, gnn_explainer, integrated_gradients
from gnn.explain import subject as subjects
from gnn.explain.subject import find_target, make_subject
from gnn.graphs.graph import Graph

# 4 -> 3 -> 2 -> 1 -> 0, and 5 -> 1, 0 -> 4.
CHAIN = Graph.from_edges(
    [4, 3, 2, 1, 5, 0], [3, 2, 1, 0, 1, 4], {"x": np.eye(6)}, weights=[1, 2, 3, 4, 5, 6]
)


def random_graph(is_sparse: bool = False, num_nodes: int = 60) -> Graph:
    """Three edges into each node, of all weights; every third entry of the features is stored."""
    rng = np.random.default_rng(0)
    features = rng.normal(size=(num_nodes, 5)) * (rng.random((num_nodes, 5)) < 0.3)
    return Graph.from_edges(
        rng.integers(num_nodes, size=3 * num_nodes),
        np.repeat(np.arange(num_nodes), 3),
        {"x": sparse.csr_array(features) if is_sparse else features},
        weights=rng.uniform(0.1, 3, 3 * num_nodes),
    )


def read_out(inputs: Any, training: bool) -> tf.Tensor:
    return tf.gather(inputs["x"], inputs["readout"])


@pytest.mark.parametrize(
    ("hops", "nodes", "edges"),
    [
        (0, [0, 1], [(1, 0, 4)]),
        (1, [0, 1, 2, 5], [(1, 0, 4), (2, 1, 3), (5, 1, 5)]),
        (2, [0, 1, 2, 3, 5], [(1, 0, 4), (2, 1, 3), (5, 1, 5), (3, 2, 2)]),
        # The edge from 0 to 4 comes in with the fourth hop.
        (3, [0, 1, 2, 3, 4, 5], [(1, 0, 4), (2, 1, 3), (5, 1, 5), (3, 2, 2), (4, 3, 1)]),
        (None, range(6), [(1, 0, 4), (2, 1, 3), (5, 1, 5), (3, 2, 2), (4, 3, 1), (0, 4, 6)]),
    ],
)
def test_every_edge_into_a_node_that_near(hops: Any, nodes: Any, edges: Any) -> None:
    part = make_subject(read_out, CHAIN, 0, hops, None)
    assert part.nodes.tolist() == list(nodes)
    found = zip(CHAIN.senders[part.edges], CHAIN.receivers[part.edges], part.weights, strict=True)
    assert list(found) == edges
    # The batch says the same, in places of its own.
    senders, receivers = part.inputs["senders"].numpy(), part.inputs["receivers"].numpy()
    assert list(zip(part.nodes[senders], part.nodes[receivers], strict=True)) == [
        (a, b) for a, b, _ in edges
    ]
    np.testing.assert_array_equal(part.inputs["edges"][:, 0], part.weights)
    np.testing.assert_array_equal(part.inputs["x"], np.eye(6)[part.nodes])
    assert part.nodes[part.inputs["readout"].numpy()].tolist() == [0]


@pytest.mark.parametrize("is_sparse", [False, True])
@pytest.mark.parametrize("hops", [1, 2, 3, None])
def test_prediction_is_that_on_the_whole_graph_from_the_depth_of_the_model_on(
    hops: int | None, is_sparse: bool
) -> None:
    graph = random_graph(is_sparse)
    model = gnn.GraphConvolutionalNodeClassifier(num_classes=3, hidden_units=8)
    whole = tf.nn.softmax(next(iter(gnn.data.full_batch(graph).map(model)))).numpy()
    for node in (0, 7, 33):
        part = make_subject(model, graph, node, hops, None)
        assert part.nodes.size < graph.num_nodes or hops is None
        logits = part.logits(part.weights, part.values)
        error = np.abs(tf.nn.softmax(logits).numpy() - whole[node]).max()
        assert error < 1e-5 if hops != 1 else error > 1e-4


def test_nodes_are_called_by_their_ids() -> None:
    graph = dataclasses.replace(CHAIN, ids=[f"n{i}" for i in range(6)])
    why = integrated_gradients(read_out, graph, "n1", hops=1)
    assert why.node == 1
    assert why.name_of(why.node) == "n1"


def test_target_is_the_likeliest_or_that_asked_for() -> None:
    logits = np.array([0.0, 2.0, 1.0])
    graph = dataclasses.replace(CHAIN, labels=[0] * 6, class_names=("a", "b", "c"))
    assert find_target(None, logits, graph) == 1
    assert find_target(2, logits, CHAIN) == 2
    assert find_target("c", logits, graph) == 2
    with pytest.raises(KeyError, match="target: no class is named 'd'; they are"):
        find_target("d", logits, graph)


def test_named_outputs() -> None:
    def model(inputs: Any, training: bool) -> Any:
        rows = read_out(inputs, training)
        return {"logits": rows, "embedding": -rows}

    assert integrated_gradients(model, CHAIN, 3, output="logits").target == 3
    assert integrated_gradients(model, CHAIN, 3, output="embedding").target == 0
    with pytest.raises(KeyError, match="one of the model's outputs .'embedding', 'logits'., got N"):
        integrated_gradients(model, CHAIN, 3)
    with pytest.raises(KeyError, match="output must be None, .* got 'logits'"):
        integrated_gradients(read_out, CHAIN, 3, output="logits")


def test_the_whole_of_a_large_graph_is_not_taken_unasked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(subjects, "_MOST_EDGES", 5)
    with pytest.raises(ValueError, match="hops must be given for a graph of more than 5 edges"):
        integrated_gradients(read_out, CHAIN, 0)
    assert integrated_gradients(read_out, CHAIN, 0, hops=1).edges.size == 3


def test_model_is_called_as_for_a_prediction() -> None:
    keras.utils.set_random_seed(1)
    model = gnn.GraphConvolutionalNodeClassifier(num_classes=3, dropout_rate=0.9)
    first, second = (integrated_gradients(model, CHAIN, 0, steps=2) for _ in range(2))
    np.testing.assert_array_equal(first.probabilities, second.probabilities)


def column(inputs: Any, training: bool) -> tf.Tensor:
    return read_out(inputs, training)[:, :1]


@pytest.mark.parametrize("explain", [integrated_gradients, gnn_explainer])
@pytest.mark.parametrize(
    ("arguments", "options", "error", "message"),
    [
        ((read_out, 3, 0), {}, TypeError, "graph must be a gnn.Graph, got int"),
        ((read_out, CHAIN, 6), {}, ValueError, "node must be an index from 0 to 5, got 6"),
        ((read_out, CHAIN, "a"), {}, TypeError, "node must be an integer, got 'a'"),
        (
            (read_out, dataclasses.replace(CHAIN, ids=list("abcdef")), "g"),
            {},
            KeyError,
            "node: no node has the id 'g'; the ids are 'a', 'b'",
        ),
        ((read_out, CHAIN, 0), {"hops": -1}, ValueError, "hops must be at least 0, got -1"),
        ((read_out, CHAIN, 0), {"hops": 1.5}, TypeError, "hops must be an integer, got 1.5"),
        ((read_out, CHAIN, 0), {"steps": 0}, ValueError, "steps must be at least 1, got 0"),
        ((read_out, CHAIN, 0), {"target": 6}, ValueError, "target must be a class from 0 to 5, go"),
        ((read_out, CHAIN, 0), {"target": -1}, ValueError, "target must be at least 0, got -1"),
        ((read_out, CHAIN, 0), {"target": "a"}, TypeError, "target must be an integer, got 'a'"),
        (
            (read_out, Graph.from_edges([0], [1]), 0),
            {},
            ValueError,
            "graph has no features, so a model can say nothing of its nodes",
        ),
        ((column, CHAIN, 0), {}, ValueError, r"with 2 classes or more, .* got \(1, 1\)"),
        ((lambda inputs, training: inputs["x"], CHAIN, 0), {}, ValueError, r"got \(6, 6\)"),
    ],
)
def test_bad_arguments_are_refused(
    explain: Any, arguments: Any, options: Any, error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        explain(*arguments, **options)


def test_what_is_returned_is_an_explanation() -> None:
    for explain in (integrated_gradients, gnn_explainer):
        assert isinstance(explain(read_out, CHAIN, 0, steps=1), Explanation)
