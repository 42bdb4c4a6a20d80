"""Sums, means and maxima over neighbors, with weights and heads; what is remembered of edges."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from gnn.ops.adjacency import Adjacency, sorted_by_receiver
from gnn.ops.normalization import symmetric_adjacency, symmetric_propagate
from gnn.ops.propagate import propagate

REDUCTIONS = ["sum", "mean", "max"]
NUM_NODES = 9  # The last two receive nothing.


def random_edges(
    heads: int = 0, dtype: str = "float32", seed: int = 0, units: int = 4
) -> tuple[Any, ...]:
    """Edges in no order, some of them twice, with their weights, and values."""
    rng = np.random.default_rng(seed)
    senders = rng.integers(0, NUM_NODES, 30).astype(np.int32)
    receivers = rng.integers(0, NUM_NODES - 2, 30).astype(np.int32)
    weights = rng.uniform(0.5, 2.0, (30, heads) if heads else 30).astype(dtype)
    values = rng.normal(size=(NUM_NODES, heads, units) if heads else (NUM_NODES, units)).astype(
        dtype
    )
    return senders, receivers, weights, values


def brute_force(reduce: str, senders: Any, receivers: Any, weights: Any, values: Any) -> np.ndarray:
    out = np.zeros((NUM_NODES, *values.shape[1:]))
    for node in range(NUM_NODES):
        edges = np.flatnonzero(receivers == node)
        if not len(edges):
            continue
        messages = values[senders[edges]].astype(np.float64)
        shares = weights[edges].reshape(weights[edges].shape + (1,) * (values.ndim - weights.ndim))
        if reduce == "max":
            out[node] = messages.max(axis=0)
        else:
            out[node] = (shares * messages).sum(axis=0)
        if reduce == "mean":
            out[node] /= shares.sum(axis=0)
    return out


def adjacency_of(senders: Any, receivers: Any, weights: Any = None) -> Adjacency:
    weights = None if weights is None else tf.convert_to_tensor(weights)
    return Adjacency(tf.constant(senders), tf.constant(receivers), NUM_NODES, weights)


@pytest.mark.parametrize("way", ["eager", "graph", "xla"])
@pytest.mark.parametrize("heads", [0, 3])
@pytest.mark.parametrize("reduce", REDUCTIONS)
@pytest.mark.parametrize("units", [4, 32])  # From 32 columns on it is another product.
def test_equals_brute_force(reduce: str, heads: int, way: str, units: int) -> None:
    senders, receivers, weights, values = random_edges(heads, units=units)
    expected = brute_force(reduce, senders, receivers, weights, values)

    def run(values: tf.Tensor, weights: tf.Tensor) -> tf.Tensor:
        return propagate(values, adjacency_of(senders, receivers, weights), reduce)

    called = run if way == "eager" else tf.function(run, jit_compile=way == "xla")
    out = called(tf.constant(values), tf.constant(weights))
    np.testing.assert_allclose(out, expected, rtol=1e-5, atol=1e-6)
    np.testing.assert_array_equal(out[-2:], np.zeros_like(out[-2:]))


@pytest.mark.parametrize("heads", [0, 2])
@pytest.mark.parametrize("reduce", REDUCTIONS)
def test_gradients_equal_finite_differences(reduce: str, heads: int) -> None:
    senders, receivers, weights, values = random_edges(heads, "float64", seed=1)
    factors = np.random.default_rng(2).normal(size=values.shape)

    def loss(values: Any, weights: Any) -> Any:
        out = propagate(values, adjacency_of(senders, receivers, weights), reduce)
        return tf.reduce_sum(factors * out * out)

    def gradients(values: tf.Tensor, weights: tf.Tensor) -> list[tf.Tensor]:
        given = [values, weights]
        with tf.GradientTape() as tape:
            tape.watch(given)
            total = loss(*given)
        found = tape.gradient(total, given, unconnected_gradients=tf.UnconnectedGradients.ZERO)
        return [tf.convert_to_tensor(each) for each in found]

    given = [values, weights]
    tensors = [tf.constant(part) for part in given]
    ways = [tf.function(gradients, jit_compile=jit)(*tensors) for jit in (False, True)]
    for which, by_way in enumerate(zip(*ways, strict=True)):
        for place in list(np.ndindex(given[which].shape))[::3]:
            ends = []
            for step in (1e-5, -1e-5):
                moved = [part.copy() for part in given]
                moved[which][place] += step
                ends.append(float(loss(tf.constant(moved[0]), tf.constant(moved[1]))))
            for gradient in by_way:
                assert float(gradient[place]) == pytest.approx((ends[0] - ends[1]) / 2e-5, abs=1e-6)


@pytest.mark.parametrize("heads", [0, 2])
@pytest.mark.parametrize("reduce", ["sum", "mean"])
@pytest.mark.parametrize("units", [4, 32])
def test_second_derivatives_equal_differences_of_first_ones(
    reduce: str, heads: int, units: int
) -> None:
    senders, receivers, weights, values = random_edges(heads, "float64", seed=3, units=units)
    rng = np.random.default_rng(4)
    along = [tf.constant(rng.normal(size=part.shape)) for part in (values, weights)]

    def slope(given: list[tf.Tensor]) -> tf.Tensor:
        """How fast the sum of cubes changes along a direction: a function of first derivatives."""
        with tf.GradientTape() as tape:
            tape.watch(given)
            out = propagate(given[0], adjacency_of(senders, receivers, given[1]), reduce)
            total = tf.reduce_sum(out**3)
        gradients = tape.gradient(total, given)
        return tf.add_n(
            [
                tf.reduce_sum(a * tf.convert_to_tensor(g))
                for a, g in zip(along, gradients, strict=True)
            ]
        )

    @tf.function
    def second(given: list[tf.Tensor]) -> list[tf.Tensor]:
        with tf.GradientTape() as tape:
            tape.watch(given)
            value = slope(given)
        return [tf.convert_to_tensor(each) for each in tape.gradient(value, given)]

    given = [tf.constant(values), tf.constant(weights)]
    found = second(given)
    by_gradient = sum(float(tf.reduce_sum(a * g)) for a, g in zip(along, found, strict=True))
    ends = [
        float(slope([p + s * a for p, a in zip(given, along, strict=True)])) for s in (1e-5, -1e-5)
    ]
    assert by_gradient == pytest.approx((ends[0] - ends[1]) / 2e-5, rel=1e-6)
    assert all(np.abs(each).max() > 0 for each in found)


@pytest.mark.parametrize("heads", [0, 3])
@pytest.mark.parametrize("reduce", REDUCTIONS)
def test_values_and_gradients_are_bit_equal_over_runs(reduce: str, heads: int) -> None:
    rng = np.random.default_rng(0)
    senders, receivers = rng.integers(0, 100, (2, 3000)).astype(np.int32)
    weights = tf.constant(rng.random((3000, heads) if heads else 3000), tf.float32)
    values = tf.constant(rng.normal(size=(100, heads, 8) if heads else (100, 16)), tf.float32)

    @tf.function
    def run() -> list[tf.Tensor]:
        with tf.GradientTape() as tape:
            tape.watch([values, weights])
            out = propagate(values, Adjacency(senders, receivers, 100, weights), reduce)
            loss = tf.reduce_sum(tf.square(out))
        zero = tf.UnconnectedGradients.ZERO
        gradients = tape.gradient(loss, [values, weights], unconnected_gradients=zero)
        return [out, *(tf.convert_to_tensor(each) for each in gradients)]

    first = [part.numpy() for part in run()]
    for _ in range(5):
        for part, other in zip(run(), first, strict=True):
            np.testing.assert_array_equal(part, other)


@pytest.mark.parametrize("jit", [False, True])
@pytest.mark.parametrize("reduce", REDUCTIONS)
def test_no_edges_at_all(reduce: str, jit: bool) -> None:
    none = Adjacency(tf.zeros([0], tf.int32), tf.zeros([0], tf.int32), 3)
    run = tf.function(lambda values: propagate(values, none, reduce), jit_compile=jit)
    values = tf.ones([3, 2])
    with tf.GradientTape() as tape:
        tape.watch(values)
        out = run(values)
    np.testing.assert_array_equal(out, np.zeros([3, 2]))
    np.testing.assert_array_equal(
        tf.convert_to_tensor(tape.gradient(out, values)), np.zeros([3, 2])
    )


def test_weights_that_sum_to_zero_have_mean_zero() -> None:
    edges = Adjacency(tf.constant([0, 1]), tf.constant([0, 1]), 2, tf.constant([0.0, 2.0]))
    np.testing.assert_array_equal(propagate(tf.constant([[5.0], [7.0]]), edges, "mean"), [[0], [7]])


def test_the_maximum_may_be_negative_and_its_gradient_goes_to_the_largest() -> None:
    # Nodes 0 and 1 send to node 2; -2 is the larger, and node 0 receives nothing, which is 0.
    edges = Adjacency(tf.constant([0, 1]), tf.constant([2, 2]), 3, tf.constant([9.0, 0.1]))
    values = tf.constant([[-3.0], [-2.0], [8.0]])
    with tf.GradientTape() as tape:
        tape.watch(values)
        out = propagate(values, edges, "max")
    np.testing.assert_array_equal(out, [[0], [0], [-2]])
    gradient = tf.convert_to_tensor(tape.gradient(out, values))
    np.testing.assert_array_equal(gradient, [[0], [1], [0]])


@pytest.mark.parametrize("reduce", REDUCTIONS)
@pytest.mark.parametrize("jit", [False, True])
@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
def test_half_precision_is_reduced_in_single(dtype: str, jit: bool, reduce: str) -> None:
    # 3,000 messages of 1: a running sum in float16 stops at 2,048, in bfloat16 at 256.
    edges = Adjacency(tf.range(3000), tf.zeros([3000], tf.int32), 3000)
    run = tf.function(lambda: propagate(tf.ones([3000, 1], dtype), edges, reduce), jit_compile=jit)
    out = run()
    assert out.dtype.name == dtype
    expected = tf.cast({"sum": 3000.0, "mean": 1.0, "max": 1.0}[reduce], dtype)
    assert float(out[0, 0]) == float(expected) and float(out[1, 0]) == 0.0


@pytest.mark.parametrize("index", [tf.int32, tf.int64])
@pytest.mark.parametrize("reduce", REDUCTIONS)
def test_number_of_nodes_may_be_a_tensor(reduce: str, index: tf.DType) -> None:
    senders, receivers, weights, values = random_edges()
    shapes = []

    @tf.function
    def run(num_nodes: tf.Tensor) -> tf.Tensor:
        ends = tf.cast(senders, index), tf.cast(receivers, index)
        out = propagate(tf.constant(values), Adjacency(*ends, num_nodes, weights), reduce)
        shapes.append(out.shape.as_list())
        return out

    out = run(tf.constant(NUM_NODES, index))
    expected = brute_force(reduce, senders, receivers, weights, values)
    np.testing.assert_allclose(out, expected, rtol=1e-5, atol=1e-6)
    assert shapes == [[None, 4]]
    assert run(tf.constant(NUM_NODES + 3, index)).shape == [NUM_NODES + 3, 4]
    known = Adjacency(tf.constant(senders), tf.constant(receivers), tf.constant(NUM_NODES))
    assert propagate(tf.constant(values), known, reduce).shape == [NUM_NODES, 4]


@pytest.mark.parametrize("reduce", REDUCTIONS)
def test_a_value_a_node(reduce: str) -> None:
    senders, receivers, weights, values = random_edges()
    out = propagate(tf.constant(values[:, 0]), adjacency_of(senders, receivers, weights), reduce)
    expected = brute_force(reduce, senders, receivers, weights, values)[:, 0]
    np.testing.assert_allclose(out, expected, rtol=1e-5, atol=1e-6)


def test_an_unknown_reduction() -> None:
    with pytest.raises(ValueError, match="reduce must be 'sum', 'mean' or 'max'; got 'min'"):
        propagate(tf.ones([2, 1]), Adjacency(tf.constant([0]), tf.constant([1]), 2), "min")


# Order.


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("traced", [False, True])
def test_sorting_is_stable_and_takes_the_weights_along(traced: bool, weighted: bool) -> None:
    senders, receivers = np.array([4, 3, 2, 1, 0]), np.array([1, 0, 1, 0, 2])
    weights = tf.constant([1.0, 2.0, 3.0, 4.0, 5.0]) if weighted else None

    def run() -> tuple[Any, ...]:
        made = sorted_by_receiver(adjacency_of(senders, receivers, weights))
        assert made.is_sorted and (made.weights is None) == (not weighted)
        assert sorted_by_receiver(made) is made
        return made.senders, made.receivers, made.edge_weights()

    found = tf.function(run)() if traced else run()
    np.testing.assert_array_equal(found[0], [3, 1, 4, 2, 0])
    np.testing.assert_array_equal(found[1], [0, 0, 1, 1, 2])
    np.testing.assert_array_equal(found[2], [2, 4, 1, 3, 5] if weighted else np.ones(5))


@pytest.mark.parametrize("known", [False, True])
@pytest.mark.parametrize("heads", [0, 2])
def test_sorted_edges_give_what_unsorted_ones_give(heads: int, known: bool) -> None:
    senders, receivers, weights, values = random_edges(heads)
    order = np.argsort(receivers, kind="stable")
    edges = Adjacency(
        *(tf.constant(part[order]) for part in (senders, receivers)),
        NUM_NODES,
        tf.constant(weights[order]),
        is_sorted=known,
    )
    out = propagate(tf.constant(values), edges)
    expected = brute_force("sum", senders, receivers, weights, values)
    np.testing.assert_allclose(out, expected, rtol=1e-5, atol=1e-6)


# What was made of edges serves the next product, and only where it may.

STAR = (tf.constant([0, 1]), tf.constant([2, 2]))


def test_a_matrix_is_made_once_and_used_again() -> None:
    edges = Adjacency(*STAR, 3, tf.constant([1.0, 9.0]))
    values = tf.tile(tf.constant([[1.0], [2.0], [3.0]]), [1, 32])  # Fewer columns need no matrix.
    propagate(values, edges)
    (matrix,) = edges._made.values()
    once, twice = (np.tile([[0.0], [0.0], [sum_]], [1, 32]) for sum_ in (19.0, 38.0))
    np.testing.assert_array_equal(propagate(2 * values, edges), twice)
    assert list(edges._made.values())[0] is matrix

    @tf.function
    def traced() -> tf.Tensor:
        out = propagate(values, edges) + propagate(values, edges)
        graph = tf.compat.v1.get_default_graph()
        made = [each.type for each in graph.get_operations()]
        assert made.count("SparseTensorToCSRSparseMatrix") == 1
        return out

    np.testing.assert_array_equal(traced(), twice)
    np.testing.assert_array_equal(propagate(values, edges), once)  # Eager once more.


@pytest.mark.parametrize("columns", [1, 32])
@pytest.mark.parametrize("operation", [propagate, symmetric_propagate])
def test_what_is_remembered_passes_in_and_out_of_branches_and_loops(
    operation: Any, columns: int
) -> None:
    values = tf.tile(tf.constant([[1.0], [2.0], [3.0]]), [1, columns])
    expected = operation(values, Adjacency(*STAR, 3, tf.constant([1.0, 9.0])))

    @tf.function
    def run(weights: tf.Tensor, yes: tf.Tensor) -> list[tf.Tensor]:
        edges = Adjacency(*STAR, 3, weights)
        inside = tf.cond(yes, lambda: operation(values, edges), lambda: values)
        after = operation(values, edges)
        looped = values
        for _ in tf.range(1):
            looped = operation(values, edges)
        return [inside, after, looped, operation(values, edges)]

    for out in run(tf.constant([1.0, 9.0]), tf.constant(True)):
        np.testing.assert_allclose(out, expected, rtol=1e-6)


@pytest.mark.parametrize("columns", [1, 32])
@pytest.mark.parametrize("operation", [propagate, symmetric_propagate])
@pytest.mark.parametrize("traced", [False, True])
def test_every_tape_sees_the_weights_of_edges_used_before(
    operation: Any, traced: bool, columns: int
) -> None:
    values = tf.tile(tf.constant([[1.0], [2.0], [3.0]]), [1, columns])

    def run(weights: tf.Tensor) -> list[tf.Tensor]:
        edges = Adjacency(*STAR, 3, weights)
        operation(values, edges)
        gradients = []
        for _ in range(2):
            with tf.GradientTape() as tape:
                tape.watch(weights)
                out = tf.reduce_sum(operation(values, edges))
            gradients.append(tf.convert_to_tensor(tape.gradient(out, weights)))
        return gradients

    weights = tf.constant([1.0, 9.0])
    for gradient in (tf.function(run) if traced else run)(weights):
        for edge, found in enumerate(gradient.numpy()):
            ends = []
            for step in (1e-2, -1e-2):
                moved = weights + step * tf.one_hot(edge, 2)
                ends.append(float(tf.reduce_sum(operation(values, Adjacency(*STAR, 3, moved)))))
            assert found == pytest.approx((ends[0] - ends[1]) / 2e-2, rel=1e-2)


@pytest.mark.parametrize("operation", [propagate, symmetric_propagate])
def test_nothing_is_remembered_of_weights_that_change(operation: Any) -> None:
    values, weights = tf.constant([[1.0], [2.0], [3.0]]), tf.Variable([1.0, 9.0])
    edges = Adjacency(*STAR, 3, weights)
    operation(values, edges)
    weights.assign([4.0, 0.0])
    fixed = Adjacency(*STAR, 3, tf.constant([4.0, 0.0]))
    np.testing.assert_allclose(operation(values, edges), operation(values, fixed), rtol=1e-6)


# The symmetric normalization.


def dense_normalized(senders: Any, receivers: Any, weights: Any) -> np.ndarray:
    matrix = np.eye(NUM_NODES)
    np.add.at(matrix, (receivers, senders), weights)
    scale = 1 / np.sqrt(matrix.sum(axis=1))
    return scale[:, np.newaxis] * matrix * scale


@pytest.mark.parametrize("way", ["eager", "graph", "xla"])
def test_normalized_edges_equal_the_dense_matrix(way: str) -> None:
    senders, receivers, weights, values = random_edges()

    def run() -> tuple[tf.Tensor, ...]:
        edges = adjacency_of(senders, receivers, weights)
        made = symmetric_adjacency(edges)
        return made.senders, made.receivers, made.weights, symmetric_propagate(values, edges)

    called = run if way == "eager" else tf.function(run, jit_compile=way == "xla")
    found_senders, found_receivers, found_weights, out = called()
    assert len(found_senders) == 30 + NUM_NODES
    matrix = np.zeros([NUM_NODES, NUM_NODES])
    np.add.at(matrix, (found_receivers.numpy(), found_senders.numpy()), found_weights.numpy())
    expected = dense_normalized(senders, receivers, weights)
    np.testing.assert_allclose(matrix, expected, rtol=1e-5)
    np.testing.assert_allclose(out, expected @ values, rtol=1e-4, atol=1e-5)


def test_the_loop_of_a_node_follows_its_other_edges() -> None:
    # Node 0 receives from 2 and 1, in this order, node 2 from 0; node 1 receives nothing.
    edges = Adjacency(tf.constant([0, 2, 1]), tf.constant([2, 0, 0]), 3)
    made = symmetric_adjacency(edges)
    assert made.is_sorted
    np.testing.assert_array_equal(made.receivers, [0, 0, 0, 1, 2, 2])
    np.testing.assert_array_equal(made.senders, [2, 1, 0, 1, 0, 2])
    # Degrees with loops 3, 1, 2.
    root = np.sqrt(6)
    np.testing.assert_allclose(
        made.weights, [1 / root, 1 / np.sqrt(3), 1 / 3, 1, 1 / root, 1 / 2], rtol=1e-6
    )


def test_loops_that_are_stored_count_beside_the_one_that_is_added() -> None:
    loop = Adjacency(tf.constant([0]), tf.constant([0]), 1, tf.constant([3.0]))
    np.testing.assert_allclose(symmetric_adjacency(loop).weights, [3 / 4, 1 / 4], rtol=1e-6)


def test_normalization_is_made_once_for_each_place_and_dtype() -> None:
    edges = adjacency_of(*random_edges()[:3])
    first = symmetric_adjacency(edges)
    assert symmetric_adjacency(edges) is first
    assert symmetric_adjacency(edges, tf.float64).weights.dtype == tf.float64
    assert symmetric_adjacency(edges) is first
    traced = []

    @tf.function
    def run() -> None:
        traced.extend([symmetric_adjacency(edges), symmetric_adjacency(edges)])

    run()
    assert traced[0] is traced[1] and traced[0] is not first


@pytest.mark.parametrize("jit", [False, True])
def test_gradient_to_the_weights_through_the_normalization(jit: bool) -> None:
    senders, receivers, weights, values = random_edges(dtype="float64")
    factors = np.random.default_rng(1).normal(size=values.shape)

    @tf.function(jit_compile=jit)
    def gradient(weights: tf.Tensor) -> tf.Tensor:
        with tf.GradientTape() as tape:
            tape.watch(weights)
            out = symmetric_propagate(values, adjacency_of(senders, receivers, weights))
            loss = tf.reduce_sum(factors * out)
        return tf.convert_to_tensor(tape.gradient(loss, weights))

    found = gradient(tf.constant(weights))
    for edge in range(len(weights)):
        ends = []
        for step in (1e-6, -1e-6):
            moved = weights.copy()
            moved[edge] += step
            ends.append(np.sum(factors * (dense_normalized(senders, receivers, moved) @ values)))
        assert float(found[edge]) == pytest.approx((ends[0] - ends[1]) / 2e-6, abs=1e-7)
