"""Propagation against SciPy, brute force and numbers worked by hand."""

import numpy as np
import pytest
import scipy.sparse as sp
import tensorflow as tf

from gnn.ops.adjacency import Adjacency
from gnn.ops.kernels import compiled_by_xla
from gnn.ops.normalization import symmetric_propagate
from gnn.ops.propagate import propagate
from gnn.ops.sparse import sparse_matmul

NUM_NODES = 12


# Few columns are multiplied by the edges as they are, more by a CSR matrix.
both_products = pytest.mark.parametrize("columns", [3, 31, 32])


def random_edges(seed=0, columns=3, num_edges=40):
    rng = np.random.default_rng(seed)
    senders = rng.integers(0, NUM_NODES, num_edges).astype(np.int32)
    receivers = rng.integers(0, NUM_NODES - 2, num_edges).astype(np.int32)
    weights = rng.random(num_edges).astype(np.float32)
    values = rng.normal(size=(NUM_NODES, columns)).astype(np.float32)
    return senders, receivers, weights, values


def sorted_adjacency(senders, receivers, weights):
    order = np.argsort(receivers, kind="stable")
    senders, receivers, weights = senders[order], receivers[order], weights[order]
    return Adjacency(
        tf.constant(senders),
        tf.constant(receivers),
        NUM_NODES,
        tf.constant(weights),
    )


def dense(senders, receivers, weights):
    # SciPy adds duplicate entries up, as propagation must.
    return sp.coo_matrix((weights, (receivers, senders)), shape=(NUM_NODES, NUM_NODES)).toarray()


@pytest.mark.parametrize("jit", [False, True])
@pytest.mark.parametrize("is_sorted", [False, True])
@both_products
def test_forward_and_gradients_equal_scipy(jit, is_sorted, columns):
    senders, receivers, weights, values = random_edges(columns=columns)
    matrix = dense(senders, receivers, weights)
    upstream = np.random.default_rng(1).normal(size=values.shape).astype(np.float32)
    if is_sorted:
        adjacency = sorted_adjacency(senders, receivers, weights)
    else:
        adjacency = Adjacency(tf.constant(senders), tf.constant(receivers), NUM_NODES)
    edge_weights = adjacency.weights if is_sorted else tf.constant(weights)

    @tf.function(jit_compile=jit)
    def run(values, edge_weights):
        with tf.GradientTape() as tape:
            tape.watch([values, edge_weights])
            edges = Adjacency(
                adjacency.senders,
                adjacency.receivers,
                NUM_NODES,
                edge_weights,
            )
            out = propagate(values, edges)
            loss = tf.reduce_sum(out * upstream)
        gradients = tape.gradient(loss, [values, edge_weights])
        return out, *[tf.convert_to_tensor(gradient) for gradient in gradients]

    out, for_values, for_weights = run(tf.constant(values), edge_weights)
    np.testing.assert_allclose(out, matrix @ values, atol=1e-5)
    np.testing.assert_allclose(for_values, matrix.T @ upstream, atol=1e-5)
    s, r = adjacency.senders.numpy(), adjacency.receivers.numpy()
    np.testing.assert_allclose(for_weights, (values[s] * upstream[r]).sum(-1), atol=1e-5)


def test_xla_is_seen_while_tracing():
    seen = {}

    def note(key):
        seen[key] = compiled_by_xla()
        return tf.constant(0.0)

    tf.function(lambda: note("jit"), jit_compile=True)()
    tf.function(lambda: note("plain"))()
    note("eager")
    assert seen == {"jit": True, "plain": False, "eager": False}


@both_products
def test_gradients_are_bit_equal_over_runs(columns):
    rng = np.random.default_rng(3)
    senders = rng.integers(0, 200, 5000).astype(np.int32)
    receivers = np.sort(rng.integers(0, 200, 5000)).astype(np.int32)
    values = tf.constant(rng.normal(size=(200, columns)).astype(np.float32))
    adjacency = Adjacency(tf.constant(senders), tf.constant(receivers), 200)

    @tf.function
    def gradient():
        with tf.GradientTape() as tape:
            tape.watch(values)
            loss = tf.reduce_sum(tf.square(propagate(values, adjacency)))
        return tape.gradient(loss, values)

    first = gradient().numpy()
    for _ in range(10):
        np.testing.assert_array_equal(gradient().numpy(), first)


@both_products
def test_second_derivative(columns):
    # f(x) = sum_r |sum_s w x_s|^2 = |A x|^2, so its Hessian is 2 A^T A in every column.
    senders, receivers, weights, values = random_edges(5, columns)
    adjacency = sorted_adjacency(senders, receivers, weights)
    x, direction = tf.constant(values), tf.constant(values[::-1])
    with tf.GradientTape() as outer:
        outer.watch(x)
        with tf.GradientTape() as inner:
            inner.watch(x)
            f = tf.reduce_sum(tf.square(propagate(x, adjacency)))
        along = tf.reduce_sum(direction * inner.gradient(f, x))
    matrix = dense(senders, receivers, weights)
    np.testing.assert_allclose(
        outer.gradient(along, x), 2 * matrix.T @ matrix @ direction, rtol=1e-4, atol=1e-4
    )


@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float64"])
def test_dtypes_are_kept_and_half_is_summed_in_single(dtype):
    # 4,096 messages of 1: a float16 running sum would stop at 2,048.
    senders = tf.range(4096)
    adjacency = Adjacency(senders, tf.zeros([4096], tf.int32), 4096)
    out = propagate(tf.ones([4096, 1], dtype), adjacency)
    assert out.dtype == dtype
    assert float(out[0, 0]) == 4096.0


def test_rectangular():
    # Two senders, three receivers: out[2] = 2 * 5 + 3 * 7.
    edges = Adjacency(tf.constant([0, 1]), tf.constant([2, 2]), 3, tf.constant([2.0, 3.0]))
    values = tf.constant([[5.0], [7.0]])
    with tf.GradientTape() as tape:
        tape.watch(values)
        out = propagate(values, edges)
    np.testing.assert_array_equal(out, [[0], [0], [31]])
    np.testing.assert_array_equal(tape.gradient(out, values), [[2], [3]])


def test_no_edges_and_higher_rank():
    none = Adjacency(tf.zeros([0], tf.int32), tf.zeros([0], tf.int32), 3)
    np.testing.assert_array_equal(propagate(tf.ones([3, 2]), none), np.zeros([3, 2]))
    pair = Adjacency(tf.constant([0]), tf.constant([1]), 2)
    values = tf.reshape(tf.range(12.0), [2, 2, 3])
    np.testing.assert_array_equal(propagate(values, pair)[1], values[0])


@pytest.mark.parametrize("jit", [False, True])
def test_symmetric_propagation_worked_by_hand(jit):
    # Path 0 - 1 - 2: degrees with loops 2, 3, 2. Node 0: x0/2 + x1/sqrt(6) = 3 + 12/sqrt(6);
    # node 1: x0/sqrt(6) + x1/3 + x2/sqrt(6) = 4 + 30/sqrt(6); node 2: 12 + 12/sqrt(6).
    path = Adjacency(tf.constant([1, 0, 2, 1]), tf.constant([0, 1, 1, 2]), 3)
    x = tf.constant([[6.0], [12.0], [24.0]])
    out = tf.function(lambda: symmetric_propagate(x, path), jit_compile=jit)()
    root = np.sqrt(6.0)
    np.testing.assert_allclose(out[:, 0], [3 + 12 / root, 4 + 30 / root, 12 + 12 / root], rtol=1e-6)


@pytest.mark.parametrize("ordered", [True, False])
def test_sparse_matmul_equals_dense(ordered):
    rng = np.random.default_rng(0)
    features = rng.normal(size=(5, 7)).astype(np.float32) * (rng.random((5, 7)) < 0.3)
    kernel = tf.constant(rng.normal(size=(7, 4)).astype(np.float32))
    upstream = rng.normal(size=(5, 4)).astype(np.float32)
    sparse = tf.sparse.from_dense(features)
    if not ordered:
        sparse = tf.SparseTensor(sparse.indices[::-1], sparse.values[::-1], sparse.dense_shape)
    with tf.GradientTape() as tape:
        tape.watch([kernel, sparse.values])
        out = sparse_matmul(sparse, kernel)
        loss = tf.reduce_sum(out * upstream)
    for_kernel, for_values = tape.gradient(loss, [kernel, sparse.values])
    np.testing.assert_allclose(out, features @ kernel.numpy(), atol=1e-5)
    np.testing.assert_allclose(for_kernel, features.T @ upstream, atol=1e-5)
    rows, columns = sparse.indices.numpy().T
    np.testing.assert_allclose(for_values, (upstream @ kernel.numpy().T)[rows, columns], atol=1e-5)


@pytest.mark.parametrize("columns", [1, 32])
def test_gradients_flow_through_a_loop_and_a_branch(columns):
    """The matrix of the forward product is what the backward one reads, also across functions."""

    @tf.function
    def run(values, senders, receivers, weights, twice):
        adjacency = Adjacency(senders, receivers, 3, weights)
        with tf.GradientTape() as tape:
            tape.watch(values)
            out = values
            for _ in tf.range(2):
                out = propagate(out, adjacency)
            out = tf.cond(twice, lambda: propagate(out, adjacency) + out, lambda: out)
            total = tf.reduce_sum(out)
        return tape.gradient(total, values)

    # Two hops lead from node 0 to node 2, with weight 2 * 3; three lead nowhere.
    edges = (tf.constant([0, 1]), tf.constant([1, 2]), tf.constant([2.0, 3.0]))
    for twice in (False, True):
        gradient = run(tf.ones([3, columns]), *edges, tf.constant(twice))
        np.testing.assert_allclose(gradient, np.tile([[6.0], [0.0], [0.0]], columns))
