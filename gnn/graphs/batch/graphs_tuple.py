"""The batch contract: a flat dict of plain tensors, and the GraphsTuple that a model makes of it.

A batch is `(inputs, labels)`. `inputs` holds the features of the nodes under their own names and

| key | dtype, shape | meaning |
| --- | --- | --- |
| `n_node` | int32 `[n_graphs]` | nodes of each component |
| `n_edge` | int32 `[n_graphs]` | edges of each component |
| `edges` | float32 `[n_edges, 1]` | weights |
| `senders`, `receivers` | int32 `[n_edges]` | absolute node indices |
| `globals` | float32 `[n_graphs, ...]` | features of the components, often of width 0 |
| `readout` (optional) | int32 `[n_rows]` | the nodes whose outputs the model returns |
| `readout_mask` (optional) | float32 `[n_rows]` | 0 for rows that are padding, else 1 |
| `known_labels` (optional) | int32 `[n_nodes]` | the labels that a loss may look at, -1 elsewhere |
| `graph_degrees` (optional) | float32 `[n_nodes]` | the weighted in-degrees in the whole graph |

With `readout` a row is a node: a model of nodes returns the node's output, a model of graphs that
of the component that the node lies in. Without `readout` a row is a component, in their order, and
`n_rows` is `n_graphs`: a model of nodes reads out its last node, a model of graphs the whole.

Without `graph_degrees` the edges of a batch are all there are. With it they are a sample: what a
node receives stands for all that it receives in the graph (`adjacency_of`), and a node whose edges
were not drawn is known by its degree. `edges` holds the graph's own weights either way.

A batch with `readout_mask` is padded by GraphNets' rule: the last component that has nodes is
padding, and so are the empty ones after it.

Models of this package are fed by id where they can: the same batches, whose features their steps
look up (`gnn.data.by_id`). `call` and `graph_call` see the dict described here.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

import tensorflow as tf
from graph_nets.graphs import GraphsTuple

from gnn.graphs.batch.keys import GRAPH_KEYS, RESERVED_KEYS
from gnn.ops.adjacency import Adjacency, current_function
from gnn.ops.made_before import MadeBefore
from gnn.ops.sampled_edges import standing_for_all
from gnn.ops.segment import membership


class BatchGraph(GraphsTuple):
    """A `graph_nets.graphs.GraphsTuple` that remembers what else its batch said.

    It is the GraphsTuple that GraphNets' modules know, with attributes that survive `replace`:
    `readout`, `readout_mask` and `known_labels` (None where the batch has none), `has_edges` (False
    for features that came without a graph), `is_real` (bool `[n_nodes]`, of features without a
    graph: which are no padding; None for all) and, unless the edges are replaced by others,
    `agreement` (float32 `[n_edges]`, what the graph loss of an edge is multiplied by; None for 1)
    and `graph_degrees` (None where the edges are all there are).
    What a model sets in `made_before` keeps, for the next step, what is made of these edges.
    A chunk of layer-wise inference also has `receivers_only`, the first and the number of the nodes
    that receive, for a stage that says it needs no other rows (`gnn.layers.staged_layer`).

    Example:

    >>> import tensorflow as tf
    >>> graph = graph_from_inputs({"x": tf.ones([2, 1]), **edgeless(2)})
    >>> graph.replace(nodes=tf.zeros([2, 5])).readout.numpy().tolist()
    [0, 1]
    """

    readout: tf.Tensor | None = None
    readout_mask: tf.Tensor | None = None
    known_labels: tf.Tensor | None = None
    has_edges: bool = True
    agreement: tf.Tensor | None = None
    is_real: tf.Tensor | None = None
    graph_degrees: tf.Tensor | None = None
    made_before: MadeBefore | None = None
    receivers_only: tuple[tf.Tensor, tf.Tensor] | None = None
    # Each with the function in which it was made: another one cannot reach what it holds.
    _adjacency: tuple[object, Adjacency] | None = None
    _membership: tuple[object, Adjacency] | None = None

    def _replace(self, **fields: Any) -> BatchGraph:
        graph = super()._replace(**fields)
        graph.readout, graph.readout_mask = self.readout, self.readout_mask
        graph.known_labels, graph.has_edges = self.known_labels, self.has_edges
        graph.is_real, graph.receivers_only = self.is_real, self.receivers_only
        if not {"senders", "receivers"} & set(fields):
            graph.agreement = self.agreement
        # What was made of the edges serves the layers that follow.
        if not {"senders", "receivers", "edges", "n_node"} & set(fields):
            graph._adjacency, graph.graph_degrees = self._adjacency, self.graph_degrees
            # Two sets of edges would push each other out of it, in every step.
            graph.made_before = self.made_before
        if "n_node" not in fields:
            graph._membership = self._membership
        return graph


def split_inputs(inputs: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Parts a batch's inputs into features and what describes the graph; `inputs` is left alone.

    Example:

    >>> split_inputs({"words": 1, "n_node": 2})
    ({'words': 1}, {'n_node': 2})
    """
    features = {key: value for key, value in inputs.items() if key not in RESERVED_KEYS}
    return features, {key: value for key, value in inputs.items() if key in RESERVED_KEYS}


def edgeless(num_nodes: int | tf.Tensor) -> dict[str, tf.Tensor]:
    """The graph keys of `num_nodes` components of one node and no edges.

    Example:

    >>> edgeless(3)["n_node"].numpy().tolist()
    [1, 1, 1]
    """
    return {
        "n_node": tf.ones([num_nodes], tf.int32),
        "n_edge": tf.zeros([num_nodes], tf.int32),
        "edges": tf.zeros([0, 1]),
        "senders": tf.zeros([0], tf.int32),
        "receivers": tf.zeros([0], tf.int32),
        "globals": tf.zeros([num_nodes, 0]),
        "readout": tf.range(num_nodes, dtype=tf.int32),
    }


def check_keys(inputs: Mapping[str, Any]) -> None:
    """Raises unless a batch has every graph key and a feature.

    Raises:
        KeyError: a graph key is missing.
        ValueError: there are no features.

    Example:

    >>> check_keys({"x": tf.ones([2, 1]), **edgeless(2)})
    """
    features, keys = split_inputs(inputs)
    missing = [key for key in GRAPH_KEYS if key not in keys]
    if missing:
        raise KeyError(
            f"inputs lack the graph keys {missing}; got {sorted(inputs)}. "
            "`gnn.data.full_batch` and `gnn.data.neighborhoods` make such batches."
        )
    if not features:
        raise ValueError(f"inputs hold no features beside the graph keys; got {sorted(inputs)}")


def graph_from_inputs(inputs: Mapping[str, Any]) -> BatchGraph:
    """Makes the GraphsTuple of a batch; `nodes` is the dict of features.

    Args:
        inputs: the dict described at the head of this module.

    Returns:
        A `BatchGraph` whose `readout` is set, by the batch or by the rule of the last node.

    Raises:
        KeyError: a graph key is missing.
        ValueError: a rank is wrong, or the batch has no features.
        tf.errors.InvalidArgumentError: when it runs, where the rows of a feature are not the sum of
        `n_node`, as when
            a distribution strategy has cut one graph in two (not under XLA, which drops
            assertions).

    Example:

    >>> graph = graph_from_inputs({
    ...     "x": tf.ones([3, 2]), "n_node": [3], "n_edge": [2], "edges": [[1.0], [1.0]],
    ...     "senders": [0, 1], "receivers": [2, 2], "globals": tf.zeros([1, 0])})
    >>> graph.readout.numpy().tolist()
    [2]
    """
    features, keys = split_inputs(inputs)
    check_keys(inputs)
    # Keras hands indices on as floats where it builds a model under a strategy: cast them back.
    tensors = {key: tf.convert_to_tensor(value) for key, value in keys.items()}
    for key, rank in {"n_node": 1, "n_edge": 1, "edges": 2, "senders": 1, "receivers": 1}.items():
        if tensors[key].shape.rank not in (rank, None):
            raise ValueError(
                f"inputs[{key!r}] must have rank {rank}; got shape {tensors[key].shape}"
            )
    for key in ("n_node", "n_edge", "senders", "receivers", "readout", "known_labels"):
        if key in tensors:
            tensors[key] = tf.cast(tensors[key], tf.int32)
    tensors["edges"] = tf.cast(tensors["edges"], tf.float32)
    num_nodes = tf.reduce_sum(tensors["n_node"])
    for name, feature in features.items():
        _check(
            num_rows(feature) == num_nodes,
            f"feature {name!r} must have as many rows as `n_node` sums to. If a distribution "
            "strategy cut the graph in two, give it whole graphs: gnn.data.distribute. Rows and "
            "sum:",
            num_rows(feature),
            num_nodes,
        )
    for key in ("known_labels", "graph_degrees"):
        if key in tensors:
            _check(
                num_rows(tensors[key]) == num_nodes,
                f"{key} must have an entry for each node. Its length, and the number of nodes:",
                num_rows(tensors[key]),
                num_nodes,
            )
    ends = tf.stack([tensors["senders"], tensors["receivers"]])
    lowest, highest = tf.reduce_min(ends, axis=1), tf.reduce_max(ends, axis=1)
    _check(
        tf.reduce_all((lowest >= 0) & (highest < num_nodes)),
        "senders and receivers must be node indices from 0 to below the number of nodes. The "
        "lowest of both, the highest of both, and the number:",
        lowest,
        highest,
        num_nodes,
    )
    graph = BatchGraph(nodes=features, **{key: tensors[key] for key in GRAPH_KEYS})
    readout = tensors.get("readout")
    graph.readout = tf.cumsum(tensors["n_node"]) - 1 if readout is None else readout
    mask = tensors.get("readout_mask")
    graph.readout_mask = None if mask is None else tf.cast(mask, tf.bool)
    graph.known_labels = tensors.get("known_labels")
    degrees = tensors.get("graph_degrees")
    graph.graph_degrees = None if degrees is None else tf.cast(degrees, tf.float32)
    return graph


def _check(condition: tf.Tensor, message: str, *values: tf.Tensor) -> None:
    """Raises when it runs; `tf.debugging` would do so in several operations more."""
    tf.raw_ops.Assert(condition=condition, data=[message, *values])


def num_rows(value: Any) -> Any:
    """The number of rows of a dense or sparse tensor, static where it is known.

    Example:

    >>> num_rows(tf.ones([4, 2]))
    4
    """
    if value.shape.rank is not None and value.shape[0] is not None:
        return value.shape[0]
    if isinstance(value, tf.SparseTensor):
        return tf.cast(value.dense_shape[0], tf.int32)
    return tf.shape(value)[0]


def edges_of(graph: GraphsTuple) -> Adjacency:
    """The edges of a graph with their own weights, whatever they are a sample of.

    The first column of `edges` holds the weights; `edges=None` means weights of 1.

    Example:

    >>> edges_of(graph_from_inputs({"x": tf.ones([3, 2]), **edgeless(3)})).degrees is None
    True
    """
    nodes = tf.nest.flatten(graph.nodes, expand_composites=False)[0]
    return Adjacency(
        senders=graph.senders,
        receivers=graph.receivers,
        num_nodes=num_rows(nodes),
        weights=None if graph.edges is None else tf.cast(graph.edges[:, 0], tf.float32),
    )


def adjacency_of(graph: GraphsTuple) -> Adjacency:
    """The edges of a graph as `ops.propagate` reads them.

    Those of `edges_of`; where the graph has `graph_degrees`, they weigh as much as all edges of
    which they are a sample (`gnn.ops.standing_for_all`).

    Example:

    >>> adjacency_of(graph_from_inputs({"x": tf.ones([3, 2]), **edgeless(3)})).num_nodes
    3
    """
    known = getattr(graph, "_adjacency", None)
    if known is not None and known[0] is current_function():
        return known[1]
    adjacency, degrees = edges_of(graph), getattr(graph, "graph_degrees", None)
    if degrees is not None:
        adjacency = standing_for_all(adjacency, degrees)
    elif isinstance(graph, BatchGraph):
        adjacency = dataclasses.replace(adjacency, made_before=graph.made_before)
    if isinstance(graph, BatchGraph):
        graph._adjacency = (current_function(), adjacency)
    return adjacency


def receiving_rows(graph: GraphsTuple, values: tf.Tensor) -> tf.Tensor:
    """The rows of the nodes that the products with this graph's edges have rows for.

    Those are all, but in a stage that is marked `gnn.layers.staged_layer.into_receivers` and given
    a chunk of layer-wise inference.

    Example:

    >>> graph = graph_from_inputs({"x": tf.ones([3, 1]), **edgeless(3)})
    >>> receiving_rows(graph, tf.constant([5, 6, 7])).numpy().tolist()
    [5, 6, 7]
    >>> graph.receivers_only = tf.constant(1), tf.constant(2)
    >>> receiving_rows(graph, tf.constant([5, 6, 7])).numpy().tolist()
    [6, 7]
    """
    receivers = getattr(graph, "receivers_only", None)
    if receivers is None:
        return values
    first, count = receivers
    return values[first : first + count]


def membership_of(graph: GraphsTuple) -> Adjacency:
    """An edge from every node to its component, as `ops.propagate` reads them.

    Example:

    >>> graph = graph_from_inputs({"x": tf.ones([2, 1]), **edgeless(2)})
    >>> membership_of(graph).receivers.numpy().tolist()
    [0, 1]
    """
    known = getattr(graph, "_membership", None)
    if known is not None and known[0] is current_function():
        return known[1]
    made = membership(
        graph.n_node, num_rows(tf.nest.flatten(graph.nodes, expand_composites=False)[0])
    )
    if isinstance(graph, BatchGraph):
        graph._membership = (current_function(), made)
    return made
