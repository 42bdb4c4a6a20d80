"""What is kept from step to step: only what was made of equal tensors."""

import numpy as np
import pytest
import tensorflow as tf

from gnn.graphs.batch.graphs_tuple import edgeless, graph_from_inputs
from gnn.ops.adjacency import Adjacency
from gnn.ops.made_before import MadeBefore
from gnn.ops.normalization import symmetric_propagate


def test_what_is_given_again_is_not_made_again():
    before, made = MadeBefore(), tf.Variable(0)

    @tf.function
    def doubled(*given):
        def make():
            made.assign_add(1)
            return [2.0 * given[0] + given[1]]

        return before.of(given, make, [tf.float32])[0]

    steps = [
        ([1.0, 2.0], [0.0], 1),
        ([1.0, 2.0], [0.0], 1),
        ([1.0, 2.0], [3.0], 2),  # One of the two has changed.
        ([1.0, 2.0, 4.0], [3.0], 3),  # Another size.
        ([5.0], [5.0], 4),
        ([5.0, 5.0], [5.0], 5),  # A size of 1 that TensorFlow would stretch.
        ([5.0, 5.0], [5.0], 5),
        ([float("nan")], [5.0], 6),
        ([float("nan")], [5.0], 7),  # NaN equals nothing.
    ]
    for first, second, times in steps:
        out = doubled(tf.constant(first), tf.constant(second))
        np.testing.assert_array_equal(out, 2 * np.array(first, np.float32) + second)
        assert made.numpy() == times


@pytest.mark.parametrize("columns", [2, 40])  # Multiplied edge by edge, and as a CSR matrix.
def test_edges_that_change_between_steps_are_made_anew(columns):
    rng = np.random.default_rng(0)
    before = MadeBefore()
    values = tf.constant(rng.standard_normal((30, columns)), tf.float32)

    def propagated(before, senders, receivers, weights):
        with tf.GradientTape() as tape:
            tape.watch(values)
            edges = Adjacency(senders, receivers, 30, weights, made_before=before)
            out = symmetric_propagate(values, edges)
        return out, tape.gradient(out, values, values)

    kept = tf.function(lambda *edges: propagated(before, *edges))
    graphs = [
        [*tf.constant(rng.integers(0, 30, (2, 70)), tf.int32), tf.random.uniform([70], seed=1)]
        for _ in range(2)
    ]
    graphs.append([*graphs[1][:2], 2.0 * graphs[1][2]])  # Other weights alone.
    for graph in (graphs[i] for i in (0, 0, 1, 2, 2, 0)):
        for found, expected in zip(kept(*graph), propagated(None, *graph), strict=True):
            np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-6)


def test_a_gradient_of_the_weights_leads_through_the_making():
    weights = tf.constant([1.0, 2.0])

    @tf.function
    def gradient(before):
        with tf.GradientTape() as tape:
            tape.watch(weights)
            ends = tf.constant([0, 1]), tf.constant([1, 2])
            edges = Adjacency(*ends, 3, weights, made_before=before)
            out = symmetric_propagate(tf.constant([[1.0], [2.0], [3.0]]), edges)
        return tf.convert_to_tensor(tape.gradient(out, weights))

    np.testing.assert_array_equal(gradient(MadeBefore()), gradient(None))


def test_only_known_shapes_in_a_compiled_function_gain():
    seen = []

    def look(values):
        seen.append(MadeBefore.gains([values]))
        return values

    look(tf.ones([3]))
    tf.function(look)(tf.ones([3]))
    tf.function(look, input_signature=[tf.TensorSpec([None])])(tf.ones([3]))
    tf.function(look, jit_compile=True)(tf.ones([3]))
    assert seen == [False, True, False, False]


def test_other_edges_of_a_graph_do_not_push_its_own_out():
    graph = graph_from_inputs({"x": tf.ones([3, 1]), **edgeless(3)})
    graph.made_before = MadeBefore()
    assert graph.replace(nodes=tf.zeros([3, 1])).made_before is graph.made_before
    others = {"senders": graph.receivers, "receivers": graph.senders, "edges": tf.zeros([0, 1])}
    for key, value in others.items():
        assert graph.replace(**{key: value}).made_before is None
