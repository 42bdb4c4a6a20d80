"""What the numbering of nodes and the order of edges must not change; the layers alone."""

from __future__ import annotations

import dataclasses
import json

import keras
import numpy as np
import pytest
import tensorflow as tf

from gnn.data import full_batch
from gnn.graphs.batch.graphs_tuple import BatchGraph, graph_from_inputs
from gnn.graphs.graph import Graph
from gnn.layers import GraphLayer
from tests.conformance.registry import LAYER_ROWS, Row
from tests.conformance.training import OF_BATCHES, Alone, columns
from tests.conformance.user_models import WIDTHS


def permuted_nodes(graph: Graph, order: np.ndarray) -> Graph:
    """The graph with its nodes renumbered: new node i is old node order[i]."""
    new_number = np.argsort(order).astype(np.int32)
    return dataclasses.replace(
        graph,
        features={name: feature[order] for name, feature in graph.features.items()},
        labels=graph.labels[order],
        senders=new_number[graph.senders],
        receivers=new_number[graph.receivers],
        splits={name: new_number[nodes] for name, nodes in graph.splits.items()},
    )


def permuted_edges(graph: Graph, order: np.ndarray) -> Graph:
    """The graph with its edges listed in another order."""
    return dataclasses.replace(
        graph,
        senders=graph.senders[order],
        receivers=graph.receivers[order],
        weights=graph.weights[order],
    )


def without_edges(graph: Graph) -> Graph:
    return dataclasses.replace(
        graph, senders=graph.senders[:0], receivers=graph.receivers[:0], weights=None
    )


def outputs_and_results(alone: Alone, graph: Graph) -> tuple[np.ndarray, dict[str, float]]:
    """A row for each node, and what `evaluate` reports, of the whole graph; op by op."""
    inputs, labels = next(iter(full_batch(graph, known_labels=alone.row.known_labels)))
    alone.model.reset_metrics()
    results = alone.model.test_step((inputs, labels))
    return columns(alone.model(inputs)), {key: float(value) for key, value in results.items()}


def test_nodes_permute(alone: Alone) -> None:
    graph = alone.row.graph
    order = np.random.default_rng(1).permutation(graph.num_nodes)
    outputs, results = outputs_and_results(alone, graph)
    others, other_results = outputs_and_results(alone, permuted_nodes(graph, order))
    np.testing.assert_allclose(others, outputs[order], rtol=1e-4, atol=1e-5)
    if alone.row.contrasts:  # Its loss is of random pairs, as they come.
        return
    for name in OF_BATCHES & set(results):
        del results[name], other_results[name]
    assert other_results == pytest.approx(results, rel=1e-5)


def test_edges_permute(alone: Alone) -> None:
    whole = alone.row.graph
    order = np.random.default_rng(2).permutation(whole.num_edges)
    graph = permuted_edges(whole, order)
    inputs, _ = next(iter(full_batch(whole)))
    outputs = columns(alone.model(inputs))
    np.testing.assert_allclose(
        columns(alone.model(next(iter(full_batch(graph)))[0])), outputs, rtol=1e-4, atol=1e-5
    )
    # As they come, too: not sorted by receiver.
    loose = dict(inputs) | {
        "senders": tf.constant(graph.senders),
        "receivers": tf.constant(graph.receivers),
        "edges": tf.constant(graph.weights[:, np.newaxis]),
    }
    np.testing.assert_allclose(columns(alone.model(loose)), outputs, rtol=1e-4, atol=1e-5)


def test_edges_matter(alone: Alone) -> None:
    """The two tests above would pass where edges are ignored; graph loss or outputs use them."""
    outputs = []
    for some in (alone.row.graph, without_edges(alone.row.graph)):
        output, result = outputs_and_results(alone, some)
        outputs.append(np.append(output, result["loss"]))
    difference = np.abs(outputs[0] - outputs[1]).max()
    # New weights are small: what changes at all changes by more than rounding would.
    assert difference > 1e-4 if alone.row.uses_edges else difference < 1e-6


def apply(layer: keras.layers.Layer, graph: BatchGraph) -> tf.Tensor:
    """The new nodes, from a layer of graphs or of nodes."""
    return layer(graph).nodes if isinstance(layer, GraphLayer) else layer(graph.nodes)


def as_batch(graph: Graph) -> BatchGraph:
    """The whole graph, its nodes the feature `x`."""
    batch = graph_from_inputs(next(iter(full_batch(graph)))[0])
    return batch.replace(nodes=batch.nodes["x"])


@pytest.mark.parametrize("layer_row", LAYER_ROWS, ids=lambda row: row.name)
def test_layer_config_round_trip(layer_row: Row) -> None:
    layer = layer_row.make_layer(0.3, name="some_layer")
    config = layer.get_config()
    copy = type(layer).from_config(json.loads(json.dumps(config)))
    assert json.dumps(copy.get_config()) == json.dumps(config)
    graph = as_batch(layer_row.graph)
    outputs = apply(layer, graph)
    apply(copy, graph)
    copy.set_weights(layer.get_weights())
    np.testing.assert_array_equal(apply(copy, graph), outputs)
    assert outputs.shape[0] == layer_row.graph.num_nodes


@pytest.mark.parametrize("policy", ["mixed_float16", "mixed_bfloat16"])
@pytest.mark.parametrize("layer_row", LAYER_ROWS, ids=lambda row: row.name)
def test_layer_computes_in_its_dtype(layer_row: Row, policy: str) -> None:
    graph = as_batch(layer_row.graph)
    single, half = (layer_row.make_layer(0.0, dtype=dtype) for dtype in ("float32", policy))
    expected = apply(single, graph)
    assert expected.dtype == tf.float32 and graph.nodes.shape[1] == WIDTHS["x"]
    apply(half, graph)
    half.set_weights(single.get_weights())
    outputs = apply(half, graph)
    assert outputs.dtype.name == policy.removeprefix("mixed_")
    assert {weight.dtype for weight in half.trainable_weights} <= {"float32"}
    scale = np.abs(expected).max()
    np.testing.assert_allclose(columns(outputs), columns(expected), atol=0.03 * scale)
