"""Predictions and figures of all nodes: by stages, by rows and at once, against the whole batch."""

from __future__ import annotations

import dataclasses
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

from gnn import Graph, GraphRegularizationModel
from gnn.configs import GraphRegConfig, PairWeights
from gnn.data import full_batch
from gnn.graphs.batch.graphs_tuple import BatchGraph
from gnn.models import (
    AgreementModel,
    GraphConvolutionalNodeClassifier,
    NodeClassifier,
    NodeGraphModel,
    SAGENodeClassifier,
    embed_nodes,
    evaluate_nodes,
    layerwise_evaluate,
    predict_nodes,
)
from gnn.models.inference import exact, memory
from gnn.models.inference.memory import bytes_at_once, free_bytes


def make_graph(num_nodes: int = 40) -> Graph:
    """A weighted graph with a hub of half the nodes; some labels are missing."""
    rng = np.random.default_rng(5)
    senders, receivers = rng.integers(0, num_nodes - 2, (2, 4 * num_nodes))
    receivers[: num_nodes // 2] = 3
    labels = rng.integers(-1, 3, num_nodes)
    return Graph.from_edges(
        senders,
        receivers,
        {"x": rng.normal(size=(num_nodes, 5)).astype(np.float32)},
        weights=rng.uniform(0.5, 2, len(senders)),
        labels=labels,
        splits={"test": rng.permutation(num_nodes)[:30], "train": np.flatnonzero(labels >= 0)[:9]},
    )


@pytest.fixture
def in_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every graph is large, and a chunk has some ten nodes."""
    monkeypatch.setattr(exact, "MOST_BYTES_AT_ONCE", 0)
    monkeypatch.setattr("gnn.models.inference.layerwise._CHUNK_BYTES", 10_000)


def compiled(model: keras.Model) -> keras.Model:
    model.compile(
        loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True), metrics=["accuracy"]
    )
    return model


def labeled_only(graph: Graph) -> Graph:
    assert graph.labels is not None
    nodes = graph.splits["test"]
    splits = {**graph.splits, "test": nodes[graph.labels[nodes] >= 0]}
    return dataclasses.replace(graph, splits=splits)


@pytest.mark.parametrize(
    "arguments",
    [
        {"kernel_regularizer": "l2"},
        {"config": GraphRegConfig(multiplier=0.7)},
        {"config": GraphRegConfig(multiplier=0.7), "agreement_model": AgreementModel},
        {"config": GraphRegConfig(multiplier=0.7), "pair_weights": PairWeights(0.5, 1.5, 2.0)},
    ],
    ids=["weights", "graph", "agreement", "pairs"],
)
def test_evaluation_equals_that_of_the_whole_batch(arguments: dict[str, Any]) -> None:
    arguments = dict(arguments)
    if "agreement_model" in arguments:
        arguments["agreement_model"] = arguments["agreement_model"](hidden_units=4)
    graph = labeled_only(make_graph())
    model = compiled(GraphConvolutionalNodeClassifier(num_classes=3, hidden_units=4, **arguments))
    known = "train" if "pair_weights" in arguments else None
    model.run_eagerly = True
    expected = model.evaluate(
        full_batch(graph, "test", known_labels=known), verbose=0, return_dict=True
    )
    model.run_eagerly = False
    # A traced step leaves losses behind that are no numbers.
    model.test_function = None
    found = layerwise_evaluate(model, graph, "test", batch_size=9, known_labels=known)
    assert ("graph_loss" in found) == ("config" in arguments)
    assert set(found) == set(expected)
    at_once = evaluate_nodes(model, graph, "test", known_labels=known)
    for name, value in expected.items():
        if name in ("random_distance", "spread"):
            continue  # Of the random nodes of a batch, or of a chunk.
        np.testing.assert_allclose(found[name], value, rtol=2e-5, err_msg=name)
        np.testing.assert_allclose(at_once[name], value, rtol=2e-5, err_msg=name)


@pytest.mark.usefixtures("in_parts")
def test_a_hub_has_all_its_neighbors() -> None:
    """A hub of degree 2,000 whose neighbors each bring 0.01: the sum is 20, and 1 of its own."""
    graph = Graph.from_edges(
        np.arange(1, 2001), np.zeros(2000, int), {"x": np.r_[1.0, np.full(2000, 0.01)][:, None]}
    )

    class Sum(NodeClassifier):
        def stages(self) -> list[Any]:
            return [self.total]

        def total(self, graph: BatchGraph, training: bool | None) -> BatchGraph:
            sent = tf.gather(graph.nodes, graph.senders)
            rows = tf.shape(graph.nodes)[0]
            total = tf.math.unsorted_segment_sum(sent, graph.receivers, rows)
            return graph.replace(nodes=graph.nodes + total)

    np.testing.assert_allclose(predict_nodes(Sum(num_classes=1), graph)[0], [21.0], rtol=1e-4)


@pytest.mark.usefixtures("in_parts")
def test_each_kind_of_model_is_exact() -> None:
    graph = make_graph()
    sage = compiled(SAGENodeClassifier(num_classes=3, hidden_units=4))
    inputs, _ = next(iter(full_batch(graph)))
    np.testing.assert_allclose(predict_nodes(sage, graph), sage(inputs), rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(embed_nodes(sage, graph), sage.embed(inputs), rtol=1e-4, atol=1e-5)
    # Unlabeled nodes of the split are not judged.
    figures = evaluate_nodes(sage, graph, "test")
    assert graph.labels is not None
    nodes = labeled_only(graph).splits["test"]
    right = predict_nodes(sage, graph)[nodes].argmax(axis=1) == graph.labels[nodes]
    np.testing.assert_allclose(figures["accuracy"], right.mean(), rtol=1e-6)
    # A model of features alone measures no graph loss.
    dense = keras.Sequential([keras.Input((5,)), keras.layers.Dense(3)])
    regularized = compiled(GraphRegularizationModel(GraphRegConfig(multiplier=1.0), lambda: dense))
    features = graph.features["x"]
    np.testing.assert_allclose(predict_nodes(regularized, graph), dense(features), rtol=1e-4)
    assert sorted(evaluate_nodes(regularized, graph, "test")) == [
        "accuracy",
        "loss",
        "supervised_loss",
    ]


class Own(NodeGraphModel):
    """A model of graphs without stages."""

    def graph_call(self, graph: BatchGraph, training: bool | None = None) -> BatchGraph:
        return graph.replace(nodes=graph.nodes["x"])


def test_model_without_stages_runs_at_once_or_names_the_memory() -> None:
    graph = make_graph()
    np.testing.assert_array_equal(predict_nodes(Own(), graph), graph.features["x"])
    small = Graph.from_edges([0, 1], [1, 2], {"x": np.ones([3, 5])})
    # Three rows of 5 float32; two edges of 36 bytes; 4 * 5 * (2 + 4 * 3).
    assert bytes_at_once(Own(), small) == 60 + 72 + 280
    with pytest.raises(MemoryError, match=r"Own has no stages .* GiB \(2 edges and 3 nodes of 5"):
        predict_nodes(Own(), small, memory_limit=411)
    predict_nodes(Own(), small, memory_limit=412)


def test_free_memory_is_what_the_system_and_the_group_leave(
    tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = {
        "/proc/meminfo": "MemTotal: 900 kB\nMemAvailable: 700 kB\n",
        "/sys/fs/cgroup/memory.max": "500000\n",
        "/sys/fs/cgroup/memory.current": "200000\n",
    }
    monkeypatch.setattr(memory.Path, "read_text", lambda path, encoding: files[str(path)])
    assert free_bytes() == 300_000
    files["/sys/fs/cgroup/memory.max"] = "max\n"
    assert free_bytes() == 700 * 1024


def test_evaluation_wants_labels() -> None:
    graph = make_graph()
    model = SAGENodeClassifier(num_classes=3)
    with pytest.raises(ValueError, match="must be compiled"):
        layerwise_evaluate(model, graph, "test")
    unlabeled = dataclasses.replace(graph, labels=None)
    with pytest.raises(ValueError, match="labeled nodes in the split 'test', and it has none"):
        layerwise_evaluate(compiled(model), unlabeled, "test")
