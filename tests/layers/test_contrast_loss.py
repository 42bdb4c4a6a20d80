"""The graph loss with contrast, and the multiplier that is its own, by hand."""

from __future__ import annotations

import math
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

from gnn.configs import DistanceConfig, GraphRegConfig, PairWeights
from gnn.graphs.batch.graphs_tuple import graph_from_inputs
from gnn.layers import GraphRegularization

# A chain 0 -> 1 and 2 -> 3 of outputs 0, 1, 5, 5: neighbors are 1 and 0 apart.
NODES = np.array([[0.0], [1.0], [5.0], [5.0]], np.float32)


def batch(nodes: Any = NODES, real: int | None = None, **keys: Any) -> Any:
    count = len(nodes)
    sizes = [count] if real is None else [real, count - real]
    graph = graph_from_inputs(
        {
            "x": tf.constant(nodes),
            "n_node": sizes,
            "n_edge": [2, *[0] * (len(sizes) - 1)],
            "edges": tf.ones([2, 1]),
            "senders": [0, 2],
            "receivers": [1, 3],
            "globals": tf.zeros([len(sizes), 0]),
            "readout": [1, 3],
            **({} if real is None else {"readout_mask": [1.0, 1.0]}),
            **keys,
        }
    )
    return graph.replace(nodes=tf.constant(nodes))


def layer_of(contrast: float, multiplier: Any = 1.0, **kwargs: Any) -> GraphRegularization:
    config = GraphRegConfig(
        multiplier=multiplier, distance_config=DistanceConfig("l1"), contrast=contrast
    )
    return GraphRegularization(config, **kwargs)


def partners_of(size: int) -> np.ndarray:
    """The definition, in Python's integers."""
    modulus = 2**31 - 1
    drawn = [
        [(1_327_217_885 * (i + 1) + 785_435_617 * (k + 1)) % modulus for i in range(size)]
        for k in range(6)
    ]
    return np.array(
        [[(i + 1 + (size - 1) * r // modulus) % size for i, r in enumerate(row)] for row in drawn]
    )


RANDOM = np.abs(NODES[partners_of(4), 0] - NODES[:, 0])
UNIFORMITY = math.log(np.mean(np.exp(-RANDOM)))


def test_by_hand() -> None:
    # Two regularized nodes, 1 and 0 from their neighbor: 0.5, and each edge has the contrast once.
    layer = layer_of(contrast=2.0)
    layer(batch())
    added, nodes = layer.track()
    assert float(nodes) == 2.0
    assert float(added) == pytest.approx(0.5 + 2 * UNIFORMITY, rel=1e-6)
    neighbor, random = (float(monitor.result()) for monitor in layer.monitors)
    assert neighbor == 0.5
    assert random == pytest.approx(RANDOM.mean(), rel=1e-6)


def test_a_distrusted_edge_contrasts_as_little_as_it_pulls() -> None:
    graph = batch()
    graph.agreement = tf.constant([0.5, 0.0])
    layer = layer_of(contrast=1.0)
    layer(graph)
    added, _ = layer.track()
    # (0.5 * (1 + u) + 0) / 2 nodes.
    assert float(added) == pytest.approx(0.25 * (1 + UNIFORMITY), rel=1e-5)


def test_a_node_without_edges_is_not_contrasted() -> None:
    graph = batch(readout=tf.constant([0, 1, 3]))
    layer = layer_of(contrast=1.0)
    layer(graph)
    added, nodes = layer.track()
    assert float(nodes) == 3.0
    assert float(added) == pytest.approx((1 + 2 * UNIFORMITY) / 3, rel=1e-5)


@pytest.mark.parametrize("jit", [False, True])
def test_padding_changes_nothing(jit: bool) -> None:
    def loss_and_gradient(nodes: Any, **keys: Any) -> Any:
        layer = layer_of(contrast=1.0)

        @tf.function(jit_compile=jit)
        def run(values: tf.Tensor) -> Any:
            with tf.GradientTape() as tape:
                tape.watch(values)
                layer(batch(nodes, **keys).replace(nodes=values))
                (loss,) = layer.losses
            return loss, tf.convert_to_tensor(tape.gradient(loss, values))

        return run(tf.constant(nodes))

    loss, gradient = loss_and_gradient(NODES)
    padded = np.concatenate([NODES, np.full((3, 1), 100.0, np.float32)])
    same, padded_gradient = loss_and_gradient(padded, real=4)
    assert float(same) == pytest.approx(float(loss), rel=1e-6)
    np.testing.assert_allclose(padded_gradient[:4], gradient, rtol=1e-5)
    np.testing.assert_array_equal(padded_gradient[4:], 0)


# Class probabilities of four nodes, in eighths; of the edges, 0 -> 1 and 2 -> 3.
ROWS = np.array([[4, 2, 2], [1, 5, 2], [1, 1, 6], [2, 2, 4]], np.float32) / 8
OLD_LOSS = {
    # (|4-1| + |2-5| + 0) / 8 and (1 + 1 + 2) / 8, their mean, times 0.5.
    "l1": 0.5 * (6 / 8 + 4 / 8) / 2,
    # 18 and 6 of 64.
    "l2": 0.5 * (18 / 64 + 6 / 64) / 2,
}


@pytest.mark.parametrize("distance", ["l1", "l2"])
def test_without_contrast_it_is_the_old_loss_to_the_bit(distance: str) -> None:
    """Value and gradient by hand; all numbers are exact in float32."""
    config = GraphRegConfig(multiplier=0.5, distance_config=DistanceConfig(distance))
    layer, rows = GraphRegularization(config), tf.constant(ROWS)
    with tf.GradientTape() as tape:
        tape.watch(rows)
        layer(batch(ROWS).replace(nodes=rows), training=True)
        (loss,) = layer.losses
    assert float(loss) == OLD_LOSS[distance]
    # Each edge has half of 0.5; l1 has the gradient sign(a - b), and l2 2 (a - b).
    apart = ROWS[[0, 2]] - ROWS[[1, 3]]
    slope = 0.25 * (np.sign(apart) if distance == "l1" else 2 * apart)
    expected = np.stack([slope[0], -slope[0], slope[1], -slope[1]])
    np.testing.assert_array_equal(tf.convert_to_tensor(tape.gradient(loss, rows)), expected)


def test_without_contrast_labels_stand_in_as_they_did() -> None:
    """Node 0 is of class 0, 2 and 3 of class 2, and 1 has no label; logits as logarithms."""
    logits = tf.math.log(tf.constant(ROWS))
    layer = GraphRegularization(
        GraphRegConfig(multiplier=0.5, distance_config=DistanceConfig("l1")),
        PairWeights(labeled_labeled=0.25, labeled_unlabeled=2.0),
    )
    graph = batch(logits.numpy(), known_labels=tf.constant([0, -1, 2, 2]))
    layer(graph, training=True)
    (loss,) = layer.losses
    # 2 (|1 - 1/8| + 5/8 + 2/8) and 0.25 (2/8 + 2/8 + |1 - 4/8|), their mean, times 0.5.
    assert float(loss) == pytest.approx(0.5 * (2 * 14 / 8 + 0.25 * 8 / 8) / 2, rel=1e-6)
    # What is shown knows no label: outputs are 6/8 and 4/8 apart.
    neighbor, random, _ = (monitor for monitor in layer.monitors)
    layer.track()
    assert float(neighbor.result()) == pytest.approx(5 / 8, rel=1e-5)
    one = np.abs(ROWS[partners_of(4)[0]] - ROWS).sum(axis=1).mean()
    assert float(random.result()) == pytest.approx(one, rel=1e-5)


def test_auto_follows_edges_within_classes_where_outputs_are_unsure() -> None:
    """Labels stand in for outputs in the loss, and not in what trusts the edges."""
    unsure = np.log(np.array([[6, 4], [6, 4], [4, 6], [4, 6]], np.float32) / 10)
    config = GraphRegConfig(multiplier="auto", distance_config=DistanceConfig("l1"))
    layer = GraphRegularization(config, PairWeights(1.0, 1.0, 1.0))
    layer(batch(unsure, known_labels=tf.constant([0, 0, 1, 1])), training=True)
    (loss,) = layer.losses
    # Each label is 0.4 + 0.4 from the output at the other end, and neighbors have equal outputs.
    assert float(loss) == pytest.approx(0.8, rel=1e-5)


def test_nothing_is_measured_beside_a_multiplier_of_0() -> None:
    assert layer_of(0.0, multiplier=0.0).monitors == []
    layer = layer_of(contrast=2.0, multiplier=0.0)
    layer(batch())
    assert float(layer.track()[0]) == 0.0
    assert float(layer.tracked.result()) == pytest.approx(0.5 + 2 * UNIFORMITY, rel=1e-6)


def test_what_is_only_shown_is_of_one_pair_a_row() -> None:
    layer = layer_of(contrast=0.0)
    layer(batch())
    layer.track()
    assert float(layer.monitors[1].result()) == pytest.approx(RANDOM[0].mean(), rel=1e-6)


def test_auto_follows_edges_that_bring_nodes_nearer() -> None:
    # Neighbors are 0.5 apart, random nodes far more: trusted in full, as with a multiplier of 1.
    layer = layer_of(contrast=1.0, multiplier="auto")
    layer(batch())
    added, _ = layer.track()
    assert float(added) == pytest.approx(0.5 + UNIFORMITY, rel=1e-5)


def test_auto_leaves_out_edges_at_random() -> None:
    # Neighbors are 5 and 4 apart, more than random nodes are.
    nodes = np.array([[0.0], [5.0], [5.0], [1.0]], np.float32)
    layer = layer_of(contrast=1.0, multiplier="auto")
    layer(batch(nodes))
    added, _ = layer.track()
    assert float(added) == 0.0
    assert layer.multiplier == 1.0


def test_spread_is_shown_of_classes_alone() -> None:
    names = {
        kind: [monitor.name for monitor in layer_of(0.0, compares=kind).monitors]
        for kind in ("values", "logits", "probabilities")
    }
    assert names["values"] == ["neighbor_distance", "random_distance"]
    assert names["logits"] == names["probabilities"] == [*names["values"], "spread"]
    with pytest.raises(ValueError, match="compares must be one of .* got 'embedding'"):
        layer_of(0.0, compares="embedding")


def test_its_configuration_is_kept() -> None:
    layer = layer_of(contrast=0.5, multiplier="auto", compares="logits")
    again = keras.layers.deserialize(keras.layers.serialize(layer))
    assert again.config == layer.config and again.compares == "logits"
