"""Pooling layers: answers by hand, and what padding, empty components and saving leave as it is."""

from __future__ import annotations

import json
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf
from graph_nets.graphs import GraphsTuple

from gnn.graphs.batch.graphs_tuple import BatchGraph, graph_from_inputs
from gnn.layers.readout import AttentionPool, GlobalPool, GraphReadout

NODES = [[1.0, -1.0], [3.0, -4.0], [5.0, 0.0]]


def graph_of(n_node: list[int], nodes: Any) -> BatchGraph:
    """Components of these sizes, without edges."""
    graph = graph_from_inputs(
        {
            "x": tf.ones([sum(n_node), 1]),
            "n_node": tf.constant(n_node),
            "n_edge": tf.zeros([len(n_node)], tf.int32),
            "edges": tf.zeros([0, 1]),
            "senders": tf.zeros([0], tf.int32),
            "receivers": tf.zeros([0], tf.int32),
            "globals": tf.zeros([len(n_node), 0]),
        }
    )
    is_sparse = isinstance(nodes, tf.SparseTensor)
    return graph.replace(nodes=nodes if is_sparse else tf.convert_to_tensor(nodes))


@pytest.mark.parametrize("as_sparse", [False, True])
@pytest.mark.parametrize(
    ("mode", "expected"),
    [
        ("sum", [[4.0, -5.0], [0.0, 0.0], [5.0, 0.0]]),
        ("mean", [[2.0, -2.5], [0.0, 0.0], [5.0, 0.0]]),
        ("max", [[3.0, -1.0], [0.0, 0.0], [5.0, 0.0]]),
    ],
)
def test_global_pool_by_hand(mode: str, expected: list[list[float]], as_sparse: bool) -> None:
    nodes = tf.sparse.from_dense(NODES) if as_sparse else NODES
    pooled = GlobalPool(mode)(graph_of([2, 0, 1], nodes))
    assert isinstance(pooled, tf.Tensor)
    assert pooled.numpy().tolist() == expected


def make_attention(**kwargs: Any) -> AttentionPool:
    """Gate and value of one column: gate = 2 a, value = a + b + 1 of a node (a, b)."""
    layer = AttentionPool(1, **kwargs)
    layer.build((None, 2))
    layer.set_weights([np.array([[2.0, 1.0], [0.0, 1.0]]), np.array([0.0, 1.0])])
    return layer


@pytest.mark.parametrize("as_sparse", [False, True])
def test_attention_pool_by_hand(as_sparse: bool) -> None:
    nodes = tf.sparse.from_dense(NODES) if as_sparse else NODES
    graph = graph_of([2, 0, 1], nodes)

    def sigmoid(x: float) -> float:
        return 1 / (1 + np.exp(-x))

    sums = [sigmoid(2) * 1.0 + sigmoid(6) * 0.0, 0.0, sigmoid(10) * 6.0]
    pooled = make_attention(activation=None)(graph)
    np.testing.assert_allclose(pooled[:, 0], sums, rtol=1e-6)

    sums = [sigmoid(2) * np.tanh(1.0), 0.0, sigmoid(10) * np.tanh(6.0)]
    np.testing.assert_allclose(make_attention()(graph)[:, 0], np.tanh(sums), rtol=1e-6)


LAYERS = [GlobalPool("sum"), GlobalPool("mean"), GlobalPool("max"), make_attention()]


@pytest.mark.parametrize("jit", [False, True])
@pytest.mark.parametrize("layer", LAYERS, ids=lambda layer: layer.name)
def test_padding_touches_no_other_component(layer: GraphReadout, jit: bool) -> None:
    bare = layer(graph_of([2, 1], NODES))

    @tf.function(jit_compile=jit)
    def pool(nodes: tf.Tensor) -> tf.Tensor:
        return layer(graph_of([2, 1, 3, 0], nodes))

    # Infinities would make NaNs of whatever they were multiplied by 0 with.
    padded = pool(tf.constant([*NODES, *[[np.inf, 1e30]] * 3]))
    assert padded.shape[0] == 4
    np.testing.assert_allclose(padded[:2], bare, rtol=1e-6)
    assert not np.isnan(padded[:2]).any() and (padded[3].numpy() == 0).all()


@pytest.mark.parametrize("layer", LAYERS, ids=lambda layer: layer.name)
def test_config_round_trip(layer: GraphReadout) -> None:
    copy = type(layer).from_config(json.loads(json.dumps(layer.get_config())))
    graph = graph_of([2, 1], NODES)
    expected = layer(graph)
    copy(graph)
    copy.set_weights(layer.get_weights())
    np.testing.assert_array_equal(copy(graph), expected)


@pytest.mark.parametrize("policy", ["mixed_float16", "mixed_bfloat16"])
def test_half_precision(policy: str) -> None:
    graph = graph_of([4096, 1], np.ones([4097, 1], np.float32))
    pooled = GlobalPool("sum", dtype=policy)(graph)
    assert pooled.dtype.name == policy.removeprefix("mixed_")
    assert tf.cast(pooled, tf.float32).numpy().tolist() == [[4096.0], [1.0]]
    attention = AttentionPool(2, dtype=policy)
    assert attention(graph).dtype == pooled.dtype
    assert {weight.dtype for weight in attention.weights} == {"float32"}


def test_what_was_made_of_the_components_is_made_anew_for_others() -> None:
    graph = graph_of([2, 1], NODES)
    first = GlobalPool()(graph)
    regrouped = graph.replace(n_node=tf.constant([1, 2]))
    assert GlobalPool()(regrouped).numpy().tolist() == [[1.0, -1.0], [8.0, -4.0]]
    np.testing.assert_array_equal(GlobalPool()(graph), first)


def test_takes_a_plain_graphs_tuple() -> None:
    graph = graph_of([2, 1], NODES)
    plain = GraphsTuple(*graph)
    assert GlobalPool()(plain).numpy().tolist() == [[4.0, -5.0], [5.0, 0.0]]


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: GlobalPool("add"), r"mode must be one of \['sum', 'mean', 'max'\]; got 'add'"),
        (lambda: AttentionPool(0), "units must be at least 1, got 0"),
        (lambda: AttentionPool(2.5), "units must be an integer, got 2.5"),
    ],
)
def test_errors(make: Any, message: str) -> None:
    with pytest.raises((TypeError, ValueError), match=message):
        make()


def test_a_readout_must_define_call() -> None:
    with pytest.raises(NotImplementedError, match=r"GraphReadout must define call"):
        GraphReadout()(graph_of([3], NODES))


def test_user_reads_out_what_they_like() -> None:
    class Spread(GraphReadout):
        def call(self, nodes: Any, handle: Any, training: bool | None = None) -> tf.Tensor:
            return GlobalPool("max")(handle.graph) + GlobalPool("max")(
                handle.graph.replace(nodes=-nodes)
            )

    layer = Spread()
    assert layer(graph_of([2, 1], NODES)).numpy().tolist() == [[2.0, 3.0], [0.0, 0.0]]
    assert isinstance(layer, keras.layers.Layer)
