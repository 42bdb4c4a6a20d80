"""The edges of a graph, as propagation reads them."""

from __future__ import annotations

import dataclasses
from typing import Any

import tensorflow as tf

from gnn.ops.made_before import MadeBefore


@dataclasses.dataclass(frozen=True, eq=False)
class Adjacency:
    """The edges of a graph, as propagation reads them.

    Attributes:
        senders: int32 `[n_edges]`, the node that each edge leaves.
        receivers: int32 `[n_edges]`, the node that each edge enters. Sorted ones spare a sort.
        num_nodes: the number of nodes that receive, an int or a scalar tensor.
        weights: float `[n_edges]`, or `[n_edges, heads]` for a weight a head; None for weights of
            1.
        is_sorted: whether `receivers` are known to be in order, which spares looking.
        degrees: float `[num_nodes]`, the weighted in-degrees of the nodes in the graph of which
            these edges are a part; None where these are all of its edges.
        indices: int64 `[n_edges, 2]`, `receivers` and `senders` side by side, where they are known
            so: TensorFlow's sparse matrices want them.
        made_before: keeps what is made of the edges for the next step; None keeps nothing.

    Example:

    >>> adjacency = Adjacency(tf.constant([0, 1]), tf.constant([2, 2]), 3)
    >>> adjacency.num_nodes
    3
    """

    senders: tf.Tensor
    receivers: tf.Tensor
    num_nodes: int | tf.Tensor
    weights: tf.Tensor | None = None
    is_sorted: bool = False
    degrees: tf.Tensor | None = None
    indices: tf.Tensor | None = None
    made_before: MadeBefore | None = None
    # What was made of these edges, for the next product with them.
    _made: dict[Any, Any] = dataclasses.field(default_factory=dict, init=False, repr=False)

    def edge_weights(self, dtype: tf.DType = tf.float32) -> tf.Tensor:
        """The weights, or ones where none were given, as a `[n_edges]` tensor of `dtype`."""
        if self.weights is None:
            return tf.ones(tf.shape(self.senders), dtype)
        return tf.cast(tf.convert_to_tensor(self.weights), dtype)

    def indices_of_matrix(self) -> tf.Tensor:
        """`indices`, or what they would be."""
        if self.indices is not None:
            return self.indices
        return tf.cast(tf.stack([self.receivers, self.senders], axis=1), tf.int64)

    def in_degrees(self, dtype: tf.DType = tf.float32) -> tf.Tensor:
        """The weighted in-degrees `[num_nodes]`: `degrees`, or the sums of the weights."""
        if self.degrees is not None:
            return tf.cast(self.degrees, dtype)
        return tf.math.unsorted_segment_sum(
            self.edge_weights(dtype), self.receivers, self.num_nodes
        )

    def _remember(self, key: Any, made: Any) -> None:
        # What is made of a variable is out of date as soon as it changes.
        if not hasattr(self.weights, "assign"):
            self._made[key] = made


def sorted_by_receiver(adjacency: Adjacency) -> Adjacency:
    """The same edges in order of their receivers; equal receivers keep their order.

    Example:

    >>> swapped = Adjacency(tf.constant([0, 1]), tf.constant([2, 0]), 3)
    >>> sorted_by_receiver(swapped).senders.numpy().tolist()
    [1, 0]
    """
    if adjacency.is_sorted:
        return adjacency
    senders, receivers, weights = _in_order(
        adjacency.senders, adjacency.receivers, adjacency.weights
    )
    return Adjacency(
        senders, receivers, adjacency.num_nodes, weights, is_sorted=True, degrees=adjacency.degrees
    )


def _in_order(senders: tf.Tensor, receivers: tf.Tensor, weights: tf.Tensor | None) -> Any:
    given = (senders, receivers) if weights is None else (senders, receivers, weights)

    def sort() -> tuple[tf.Tensor, ...]:
        order = tf.argsort(receivers, stable=True)
        return tuple(tf.gather(values, order) for values in given)

    # Looking costs next to nothing beside a product with the edges.
    is_sorted = tf.reduce_all(receivers[1:] >= receivers[:-1])
    ordered = tf.cond(is_sorted, lambda: given, sort)
    return ordered if weights is not None else (*ordered, None)


def current_function() -> object | None:
    """The graph of the function being traced, None outside: what is made in one stays in it.

    Example:

    >>> current_function() is None
    True
    """
    return None if tf.executing_eagerly() else tf.compat.v1.get_default_graph()
