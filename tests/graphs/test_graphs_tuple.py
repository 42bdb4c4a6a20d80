"""The batch contract: a dict of tensors becomes a GraphsTuple, or an error that says why not."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest
import sonnet as snt
import tensorflow as tf
from graph_nets import blocks, modules
from graph_nets.graphs import GraphsTuple

from gnn.graphs.batch.graphs_tuple import (
    BatchGraph,
    adjacency_of,
    edgeless,
    graph_from_inputs,
    membership_of,
    num_rows,
    split_inputs,
)
from gnn.graphs.batch.keys import GRAPH_KEYS, RESERVED_KEYS
from gnn.graphs.batch.which_nodes import readout_rows, real_nodes

# Component 0 is nodes 0, 1, 2 with the edges 0 -> 2 and 1 -> 2; component 1 is 3 -> 4.


def batch(**changes: Any) -> dict[str, Any]:
    inputs = {
        "x": tf.constant([[1.0], [2.0], [3.0], [4.0], [5.0]]),
        "n_node": tf.constant([3, 2]),
        "n_edge": tf.constant([2, 1]),
        "edges": tf.constant([[0.5], [2.0], [1.0]]),
        "senders": tf.constant([0, 1, 3]),
        "receivers": tf.constant([2, 2, 4]),
        "globals": tf.zeros([2, 0]),
        **changes,
    }
    return {key: value for key, value in inputs.items() if value is not None}


def test_the_keys_come_through_unchanged() -> None:
    inputs = batch()
    graph = graph_from_inputs(inputs)
    assert isinstance(graph, GraphsTuple)
    assert list(graph.nodes) == ["x"]
    for key in GRAPH_KEYS:
        np.testing.assert_array_equal(getattr(graph, key), inputs[key])
    assert graph.readout_mask is None and graph.has_edges


def test_the_last_node_of_each_component_is_read_out() -> None:
    graph = graph_from_inputs(batch())
    assert graph.readout is not None
    assert graph.readout.numpy().tolist() == [2, 4]
    assert readout_rows(graph, 5).numpy().tolist() == [False, False, True, False, True]


def test_readout_names_other_nodes() -> None:
    graph = graph_from_inputs(batch(readout=tf.constant([4, 0, 4])))
    assert graph.readout is not None
    assert graph.readout.numpy().tolist() == [4, 0, 4]
    assert readout_rows(graph, 5).numpy().tolist() == [True, False, False, False, True]


def test_masked_rows_read_out_no_node() -> None:
    mask = tf.constant([1.0, 0.0])
    graph = graph_from_inputs(batch(readout=tf.constant([2, 4]), readout_mask=mask))
    assert graph.readout_mask is not None and graph.readout_mask.dtype == tf.bool
    assert readout_rows(graph, 5).numpy().tolist() == [False, False, True, False, False]


def test_readout_rows_of_a_plain_graphs_tuple() -> None:
    graph = graph_from_inputs(batch())
    plain = GraphsTuple(*graph)
    assert readout_rows(plain, 5).numpy().tolist() == [False, False, True, False, True]


def test_indices_become_int32_and_weights_float32() -> None:
    # As Keras hands them on under a strategy, and as a user may give them.
    graph = graph_from_inputs(
        batch(
            senders=tf.constant([0.0, 1.0, 3.0]),
            receivers=tf.constant([2, 2, 4], tf.int64),
            n_node=[3, 2],
            edges=np.array([[1], [2], [3]]),
            readout=tf.constant([4.0]),
        )
    )
    assert graph.edges.dtype == tf.float32
    for tensor in (graph.senders, graph.receivers, graph.n_node, graph.readout):
        assert tensor is not None and tensor.dtype == tf.int32
    assert graph.senders.numpy().tolist() == [0, 1, 3]


@pytest.mark.parametrize("key", GRAPH_KEYS)
def test_a_missing_key_is_named(key: str) -> None:
    with pytest.raises(KeyError, match=rf"lack the graph keys \['{key}'\].*gnn\.data"):
        graph_from_inputs(batch(**{key: None}))


def test_no_features() -> None:
    with pytest.raises(ValueError, match="no features beside the graph keys; got .*'edges'"):
        graph_from_inputs(batch(x=None))


@pytest.mark.parametrize(
    ("key", "value", "rank"),
    [
        ("edges", tf.ones([3]), 2),
        ("edges", tf.ones([3, 1, 1]), 2),
        ("senders", tf.ones([3, 1], tf.int32), 1),
        ("receivers", tf.constant(1), 1),
        ("n_node", tf.constant(5), 1),
        ("n_edge", tf.constant([[2, 1]]), 1),
    ],
)
def test_a_wrong_rank_is_named(key: str, value: tf.Tensor, rank: int) -> None:
    with pytest.raises(ValueError, match=rf"inputs\['{key}'\] must have rank {rank}; got shape"):
        graph_from_inputs(batch(**{key: value}))


@pytest.mark.parametrize("traced", [False, True])
@pytest.mark.parametrize("feature", ["dense", "sparse"])
def test_rows_that_n_node_does_not_sum_to(traced: bool, feature: str) -> None:
    # What a distribution strategy leaves of the batch: two of the five rows, and n_node whole.
    rows: Any = tf.constant([[1.0], [2.0]])
    if feature == "sparse":
        rows = tf.sparse.from_dense(rows)

    def run(rows: Any) -> tf.Tensor:
        return graph_from_inputs(batch(x=rows)).n_node

    spec = tf.TensorSpec([None, 1])
    if feature == "sparse":
        spec = tf.SparseTensorSpec([None, 1])
    function = tf.function(run, input_signature=[spec]) if traced else run
    # TensorFlow escapes the quotes in a traced function.
    message = r"feature \\?'x\\?' must have as many rows.*gnn\.data\.distribute"
    with pytest.raises(tf.errors.InvalidArgumentError, match=message):
        function(rows)


def test_split_inputs_leaves_the_dict_alone() -> None:
    inputs = batch(readout=tf.constant([0]))
    before = dict(inputs)
    features, keys = split_inputs(inputs)
    assert list(features) == ["x"]
    assert set(keys) == {*GRAPH_KEYS, "readout"} <= set(RESERVED_KEYS)
    assert list(inputs) == list(before) and all(inputs[key] is before[key] for key in before)


def test_edgeless_reads_every_node_out() -> None:
    graph = graph_from_inputs({"x": tf.ones([3, 2]), **edgeless(3)})
    assert graph.n_node.numpy().tolist() == [1, 1, 1]
    assert graph.n_edge.numpy().tolist() == [0, 0, 0]
    assert graph.edges.shape == (0, 1) and graph.globals.shape == (3, 0)
    assert readout_rows(graph, 3).numpy().all()


def full(**changes: Any) -> BatchGraph:
    return graph_from_inputs(
        batch(
            readout=tf.constant([2, 4]),
            readout_mask=tf.constant([1.0, 0.0]),
            **changes,
        )
    )


@pytest.mark.parametrize("field", ["nodes", "globals", "edges"])
def test_replace_keeps_what_the_batch_said(field: str) -> None:
    graph = full()
    graph.has_edges = False
    new = graph.replace(**{field: tf.ones([3, 1])})
    assert isinstance(new, BatchGraph)
    assert new.readout is graph.readout and new.readout_mask is graph.readout_mask
    assert new.has_edges is False


def test_map_keeps_the_attributes() -> None:
    graph = full().replace(nodes=tf.ones([5, 2]))
    doubled = graph.map(lambda nodes: 2 * nodes, ("nodes",))
    assert isinstance(doubled, BatchGraph) and doubled.readout is graph.readout


def test_adjacency_takes_the_ends_and_weights() -> None:
    adjacency = adjacency_of(full())
    assert adjacency.num_nodes == 5
    np.testing.assert_array_equal(adjacency.senders, [0, 1, 3])
    np.testing.assert_array_equal(adjacency.receivers, [2, 2, 4])
    np.testing.assert_array_equal(adjacency.edge_weights(), [0.5, 2.0, 1.0])


def test_adjacency_without_weights_has_ones() -> None:
    adjacency = adjacency_of(full().replace(edges=None))
    np.testing.assert_array_equal(adjacency.edge_weights(), [1.0, 1.0, 1.0])


def test_adjacency_of_sparse_nodes() -> None:
    graph = graph_from_inputs(batch(x=tf.sparse.eye(5, 7)))
    assert int(adjacency_of(graph).num_nodes) == 5


def test_num_rows_static_and_dynamic() -> None:
    seen = []

    def note(dense: tf.Tensor, sparse: tf.SparseTensor) -> tuple[Any, Any]:
        seen.extend([num_rows(dense), num_rows(sparse)])
        return seen[-2], seen[-1]

    signature = [tf.TensorSpec([None, 2]), tf.SparseTensorSpec([None, 3])]
    rows = tf.function(note, input_signature=signature)(tf.ones([4, 2]), tf.sparse.eye(6, 3))
    assert [int(row) for row in rows] == [4, 6]
    assert not any(isinstance(row, int) for row in seen)
    assert num_rows(tf.ones([4, 2])) == 4


def test_graph_nets_modules_take_it() -> None:
    # Identity messages, so each node gets the sum of its incoming edges: 0.5 + 2 at node 2, 1 at 4.
    graph = full().replace(nodes=tf.ones([5, 1]), globals=tf.zeros([2, 1]))
    aggregated = blocks.ReceivedEdgesToNodesAggregator(tf.math.unsorted_segment_sum)(graph)
    np.testing.assert_array_equal(aggregated[:, 0], [0, 0, 2.5, 0, 1])

    network = modules.InteractionNetwork(
        edge_model_fn=lambda: snt.Linear(4), node_model_fn=lambda: snt.Linear(3)
    )
    out = network(graph)
    assert isinstance(out, BatchGraph)
    assert out.nodes.shape == (5, 3) and out.edges.shape == (3, 4)
    assert out.readout is graph.readout


def test_comm_net_equals_the_module_on_a_plain_graphs_tuple() -> None:
    graph = full().replace(nodes=tf.reshape(tf.range(10.0), [5, 2]))
    network = modules.CommNet(
        edge_model_fn=lambda: snt.Linear(4),
        node_encoder_model_fn=lambda: snt.Linear(4),
        node_model_fn=lambda: snt.Linear(3),
    )
    out = network(graph)
    np.testing.assert_array_equal(out.nodes, network(GraphsTuple(*graph)).nodes)
    assert isinstance(out, BatchGraph) and out.readout is graph.readout


@pytest.mark.parametrize("key", ["senders", "receivers"])
@pytest.mark.parametrize("index", [-1, 5])
def test_an_index_out_of_range_is_named(key: str, index: int) -> None:
    with pytest.raises(tf.errors.InvalidArgumentError, match="must be node indices") as raised:
        graph_from_inputs(batch(**{key: tf.constant([0, index, 1])}))
    # The lowest (or highest) of senders comes first, that of receivers second.
    place = r"\[[-\d]+ INDEX\]" if key == "receivers" else r"\[INDEX [-\d]+\]"
    assert re.search(place.replace("INDEX", str(index)), str(raised.value))


def padded_inputs(n_node: list[int], readout_mask: list[float]) -> dict[str, tf.Tensor]:
    count, rows = sum(n_node), len(readout_mask)
    return {
        "x": tf.ones([count, 1]),
        "n_node": tf.constant(n_node),
        "n_edge": tf.zeros(len(n_node), tf.int32),
        "edges": tf.zeros([0, 1]),
        "senders": tf.zeros([0], tf.int32),
        "receivers": tf.zeros([0], tf.int32),
        "globals": tf.zeros([len(n_node), 0]),
        "readout": tf.zeros([rows], tf.int32),
        "readout_mask": tf.constant(readout_mask),
    }


@pytest.mark.parametrize("jit", [False, True])
@pytest.mark.parametrize(
    ("n_node", "real"),
    [
        ([2, 1, 3], [True] * 3 + [False] * 3),
        ([2, 1, 3, 0, 0], [True] * 3 + [False] * 3),  # Empty components follow the padding.
        ([2, 0, 1], [True, True, False]),
        ([4], [False] * 4),
    ],
)
def test_nodes_of_the_last_component_that_has_any_are_padding(
    n_node: list[int], real: list[bool], jit: bool
) -> None:
    inputs = padded_inputs(n_node, [1.0, 0.0])
    run = tf.function(lambda: real_nodes(graph_from_inputs(inputs)), jit_compile=jit)
    np.testing.assert_array_equal(run(), real)


def test_without_a_mask_no_node_is_padding() -> None:
    inputs = padded_inputs([2, 1], [1.0])
    del inputs["readout_mask"]
    assert real_nodes(graph_from_inputs(inputs)) is None


def test_the_adjacency_is_made_once_until_the_edges_change() -> None:
    graph = graph_from_inputs({"x": tf.ones([3, 1]), **edgeless(3)})
    known = adjacency_of(graph)
    assert adjacency_of(graph) is known
    for fields in ({"nodes": tf.ones([3, 2])}, {"globals": tf.ones([3, 1])}):
        assert adjacency_of(graph.replace(**fields)) is known
    changes: list[dict[str, tf.Tensor]] = [
        {"edges": tf.ones([0, 1])},
        {"senders": tf.zeros([0], tf.int32)},
        {"receivers": tf.zeros([0], tf.int32)},
        {"n_node": tf.constant([3])},
    ]
    for change in changes:
        assert adjacency_of(graph.replace(**change)) is not known
    assert adjacency_of(graph) is known


def test_components_are_found_once_until_their_sizes_change() -> None:
    graph = graph_from_inputs({"x": tf.ones([3, 1]), **edgeless(3)})
    known = membership_of(graph)
    assert membership_of(graph.replace(edges=tf.ones([0, 1]))) is known
    other = graph.replace(n_node=tf.constant([2, 1, 0]))
    np.testing.assert_array_equal(membership_of(other).receivers, [0, 0, 1])


@pytest.mark.parametrize("made", [adjacency_of, membership_of])
def test_what_a_function_made_of_a_graph_stays_in_it(made: Any) -> None:
    graph = graph_from_inputs({"x": tf.ones([3, 1]), **edgeless(3)})
    for _ in range(2):
        traced = tf.function(lambda: tf.identity(made(graph).receivers))
        found = traced()
        np.testing.assert_array_equal(made(graph).receivers, found)
