"""GATConv and GATv2Conv by hand, against dense NumPy, and numbers of another implementation."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

from gnn.layers.attention import GATConv, GATv2Conv
from tests.layers.small_graphs import cosines, four_nodes, graph_of, random_graph, shuffled

BOTH = pytest.mark.parametrize("kind", [GATConv, GATv2Conv])


def layer_with(kind: Any, width: int, weights: list[Any], *args: Any, **kwargs: Any) -> Any:
    layer = kind(*args, **kwargs)
    layer.build((None, width))
    layer.set_weights([np.array(weight, np.float32) for weight in weights])
    return layer


def leaky(x: Any) -> np.ndarray:
    return np.where(x > 0, x, 0.2 * x)


@pytest.mark.parametrize("jit", [False, True])
def test_one_head_by_hand(jit: bool) -> None:
    # h = x = [1, 3] and one edge 0 -> 1 of weight 2. With a_sender = 1, a_receiver = -2 the logits
    # into node 1 are leaky(1 - 6) = -1 from node 0 and leaky(3 - 6) = -0.6 from itself. Node 0
    # hears itself alone. Then the bias of 10.
    layer = layer_with(GATConv, 1, [[[1]], [[1]], [[-2]], [10]], 1, heads=1)
    run = tf.function(
        lambda nodes: layer(graph_of([0], [1], [[1.0], [3.0]], [2.0]).replace(nodes=nodes)).nodes,
        jit_compile=jit,
    )
    edge, own = 2 * np.exp(-1), np.exp(-0.6)
    expected = [[11], [10 + (edge * 1 + own * 3) / (edge + own)]]
    np.testing.assert_allclose(run(tf.constant([[1.0], [3.0]])), expected, rtol=1e-6)


def test_v2_by_hand() -> None:
    # As above with W_sender = 1, W_receiver = -2 and a = 5: the nonlinearity comes first.
    layer = layer_with(GATv2Conv, 1, [[[1]], [[-2]], [[5]], [10]], 1, heads=1)
    edge, own = 2 * np.exp(5 * leaky(1 - 6)), np.exp(5 * leaky(3 - 6))
    expected = [[11], [10 + (edge * 1 + own * 3) / (edge + own)]]
    graph = graph_of([0], [1], [[1.0], [3.0]], [2.0])
    np.testing.assert_allclose(layer(graph).nodes, expected, rtol=1e-6)


def expected_outputs(
    layer: Any, features: np.ndarray, matrix: np.ndarray, weights: Any = None
) -> np.ndarray:
    """The formulas over a dense `[receiver, sender]` matrix of weights, a head at a time."""
    *weights, bias = layer.get_weights() if weights is None else weights
    looped = matrix + np.eye(len(matrix))
    outputs = []
    for head in range(layer.heads):
        columns = slice(head * layer.units, (head + 1) * layer.units)
        if isinstance(layer, GATConv):
            h = features @ weights[0][:, columns]
            logits = leaky((h @ weights[1][head])[np.newaxis] + (h @ weights[2][head])[:, None])
        else:
            h, received = (features @ kernel[:, columns] for kernel in weights[:2])
            logits = leaky(h[np.newaxis] + received[:, np.newaxis]) @ weights[2][head]
        powers = looped * np.exp(logits)
        outputs.append(powers / powers.sum(axis=1, keepdims=True) @ h)
    joined = np.concatenate(outputs, axis=1) if layer.concat else np.mean(outputs, axis=0)
    return np.tanh(joined + bias)


@BOTH
@pytest.mark.parametrize("as_sparse", [False, True])
@pytest.mark.parametrize("concat", [False, True])
def test_outputs_equal_dense_matrices(kind: Any, concat: bool, as_sparse: bool) -> None:
    graph, features, matrix, _ = random_graph(4, as_sparse)
    layer = kind(3, heads=2, concat=concat, activation="tanh", bias_initializer="ones")
    outputs = layer(graph).nodes
    assert outputs.shape == (10, 6 if concat else 3)
    np.testing.assert_allclose(outputs, expected_outputs(layer, features, matrix), atol=1e-5)
    np.testing.assert_allclose(layer(shuffled(graph)).nodes, outputs, atol=1e-6)


@BOTH
def test_gradients_equal_differences(kind: Any) -> None:
    graph, features, matrix, _ = random_graph(4)
    layer = kind(2, heads=2, activation="tanh")
    layer(graph)
    with tf.GradientTape() as tape:
        total = tf.reduce_sum(layer(graph).nodes ** 2)
    gradients = tape.gradient(total, [weight.value for weight in layer.trainable_weights])
    weights = [value.astype(np.float64) for value in layer.get_weights()]
    for position, gradient in enumerate(gradients):
        index = tuple(0 for _ in weights[position].shape)
        totals = []
        for step in (1e-6, -1e-6):
            moved = [value.copy() for value in weights]
            moved[position][index] += step
            totals.append(np.sum(expected_outputs(layer, features, matrix, moved) ** 2))
        slope = (totals[0] - totals[1]) / 2e-6
        assert float(tf.convert_to_tensor(gradient)[index]) == pytest.approx(slope, rel=1e-3)


def test_numbers_of_torch_geometric() -> None:
    # What torch_geometric 2.8.1 gives: GATConv(2, 2, heads=2, bias=False).
    attention = cosines((2, 2), 0.7)
    weights = [cosines((2, 4), 1.0), attention, cosines((2, 2), 1.3)]
    layer = layer_with(GATConv, 2, weights, 2, heads=2, use_bias=False)
    expected = [
        [1.00000, 0.54030, -0.41615, -0.98999],
        [-0.19286, 0.37333, 0.87221, 0.63636],
        [-0.45549, 0.16590, 0.78110, 0.69332],
        [0.93414, 0.38363, -0.54496, -0.93409],
    ]
    np.testing.assert_allclose(layer(four_nodes()).nodes, expected, atol=1e-5)
    # And GATv2Conv(2, 2, heads=2, bias=False, concat=False).
    weights = [cosines((2, 4), 1.0), cosines((2, 4), 0.3), attention]
    layer = layer_with(GATv2Conv, 2, weights, 2, heads=2, use_bias=False, concat=False)
    expected = [[0.29193, -0.22485], [0.68167, 0.53437], [0.18069, 0.39127], [0.19222, -0.27421]]
    np.testing.assert_allclose(layer(four_nodes()).nodes, expected, atol=1e-5)


@BOTH
def test_weights_count_edges(kind: Any) -> None:
    nodes = [[1.0], [3.0], [-2.0]]
    layer = kind(2, heads=3)
    weighted = layer(graph_of([0, 2], [1, 1], nodes, [2.0, 0.0])).nodes
    np.testing.assert_allclose(weighted, layer(graph_of([0, 0], [1, 1], nodes)).nodes, rtol=1e-5)
    assert np.abs(weighted - layer(graph_of([0, 2], [1, 1], nodes)).nodes).max() > 1e-3


@BOTH
def test_large_logits_do_not_overflow(kind: Any) -> None:
    graph = graph_of([0, 1], [1, 0], [[1e4], [-1e4]])
    assert np.isfinite(kind(1, heads=1, kernel_initializer="ones")(graph).nodes).all()


@BOTH
def test_dropout_of_the_attention(kind: Any) -> None:
    # With h = 1 everywhere a node's output is the sum of its shares: 1 without dropout, 1 in the
    # mean with it, and 0 now and then, where all shares into it are dropped.
    size = 4000
    graph = graph_of(np.arange(size), np.roll(np.arange(size), 1), np.ones((size, 1)))
    layer = kind(1, heads=1, attention_dropout=0.5, kernel_initializer="ones", seed=1)
    np.testing.assert_allclose(layer(graph).nodes, 1, rtol=1e-5)
    outputs = layer(graph, training=True).nodes.numpy().ravel()
    # Two shares of 0.5 that are 0 or 1: the sum is 0, 1 or 2 with 1/4, 1/2 and 1/4.
    counts = np.bincount(np.rint(outputs).astype(int), minlength=3) / size
    np.testing.assert_allclose(counts, [0.25, 0.5, 0.25], atol=0.03)
    np.testing.assert_allclose(outputs, np.rint(outputs), atol=1e-5)
    assert np.abs(layer(graph, training=True).nodes.numpy().ravel() - outputs).max() > 0.5


@BOTH
def test_the_regularizer_is_of_kernels_and_vectors(kind: Any) -> None:
    regularizer = keras.regularizers.L1(1.0)
    layer = kind(2, heads=3, kernel_initializer="ones", kernel_regularizer=regularizer)
    layer.build((None, 5))
    sizes = [weight.shape for weight in layer.weights if "bias" not in weight.path]
    total = sum(float(loss) for loss in layer.losses)
    assert total == pytest.approx(sum(np.prod(size) for size in sizes))
    assert len(layer.losses) == 3


@BOTH
@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"units": 0}, "units must be at least 1, got 0"),
        ({"units": 2, "heads": 0}, "heads must be at least 1, got 0"),
        ({"units": 2, "attention_dropout": 1.0}, r"attention_dropout must be in \[0, 1\); got 1.0"),
    ],
)
def test_arguments_out_of_range(kind: Any, arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        kind(**arguments)
