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
from tests.conformance.training import Trained, columns
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


def test_nodes_permute(row: Row, trained: Trained) -> None:
    order = np.random.default_rng(1).permutation(row.graph.num_nodes)
    graph = permuted_nodes(row.graph, order)
    outputs, others = (
        columns(trained.model.predict(full_batch(some), verbose=0)) for some in (row.graph, graph)
    )
    np.testing.assert_allclose(others, outputs[order], rtol=1e-4, atol=1e-5)
    losses, others = (
        trained.model.evaluate(
            full_batch(some, known_labels=row.known_labels), verbose=0, return_dict=True
        )
        for some in (row.graph, graph)
    )
    for key, value in losses.items():
        np.testing.assert_allclose(others[key], value, rtol=1e-5, err_msg=key)


def test_edges_permute(row: Row, trained: Trained) -> None:
    order = np.random.default_rng(2).permutation(row.graph.num_edges)
    graph = permuted_edges(row.graph, order)
    inputs, _ = next(iter(full_batch(row.graph)))
    outputs = columns(trained.model(inputs))
    np.testing.assert_allclose(
        columns(trained.model(next(iter(full_batch(graph)))[0])), outputs, rtol=1e-4, atol=1e-5
    )
    # As they come, too: not sorted by receiver.
    loose = dict(inputs) | {
        "senders": tf.constant(graph.senders),
        "receivers": tf.constant(graph.receivers),
        "edges": tf.constant(graph.weights[:, np.newaxis]),
    }
    np.testing.assert_allclose(columns(trained.model(loose)), outputs, rtol=1e-4, atol=1e-5)


def test_edges_matter(row: Row, trained: Trained) -> None:
    """The two tests above would pass where edges are ignored; graph loss or outputs use them."""
    results = []
    for some in (row.graph, without_edges(row.graph)):
        data = full_batch(some, known_labels=row.known_labels)
        loss = trained.model.evaluate(data, verbose=0, return_dict=True)["loss"]
        results.append(np.append(columns(trained.model.predict(data, verbose=0)), loss))
    assert bool(np.abs(results[0] - results[1]).max() > 1e-3) == row.uses_edges


def apply(layer: keras.layers.Layer, graph: BatchGraph) -> tf.Tensor:
    """The new nodes, from a layer of graphs or of nodes."""
    return layer(graph).nodes if isinstance(layer, GraphLayer) else layer(graph.nodes)


def as_batch(graph: Graph) -> BatchGraph:
    """The whole graph, its nodes the feature `x`."""
    batch = graph_from_inputs(next(iter(full_batch(graph)))[0])
    return batch.replace(nodes=batch.nodes["x"])


@pytest.mark.parametrize("layer_row", LAYER_ROWS, ids=lambda row: row.name)
def test_layer_permutes_and_looks_at_edges(layer_row: Row) -> None:
    layer, graph = layer_row.make_layer(0.0), layer_row.graph
    order = np.random.default_rng(1).permutation(graph.num_nodes)
    outputs = columns(apply(layer, as_batch(graph)))
    renumbered = columns(apply(layer, as_batch(permuted_nodes(graph, order))))
    np.testing.assert_allclose(renumbered, outputs[order], rtol=1e-4, atol=1e-5)

    edges = np.random.default_rng(2).permutation(graph.num_edges)
    reordered = columns(apply(layer, as_batch(permuted_edges(graph, edges))))
    np.testing.assert_allclose(reordered, outputs, rtol=1e-4, atol=1e-5)

    bare = columns(apply(layer, as_batch(without_edges(graph))))
    changes = bool(np.abs(bare - outputs).max() > 1e-3)
    # The graph loss is all that GraphRegularization makes of edges.
    assert changes == (layer_row.uses_edges and not layer_row.has_graph_loss)


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
