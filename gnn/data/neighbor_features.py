"""NSL's packed neighbor features, turned into graphs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import tensorflow as tf

from gnn.configs import GraphNeighborConfig, as_neighbor_config
from gnn.graphs.batch.keys import RESERVED_KEYS


def pack_nodes_and_edges(
    batch_size: int | None, neighbor_config: Any, features: Mapping[str, tf.Tensor], *args: Any
) -> Any:
    """Turns a batch with NSL's neighbor features into stars, neighbors around each example.

    An example's feature `x` may come with `NL_nbr_<i>_x` and `NL_nbr_<i>_weight` for neighbors i =
    0 .. max_neighbors - 1, as NSL's `pack_nbrs` writes them. A neighbor of weight 0 is not there.
    Each example becomes
    a component: its neighbors, then itself, with an edge from each neighbor to it.

    Args:
        batch_size: kept for the predecessor's callers; the size is read off the features, so the
            last batch may be smaller.
        neighbor_config: a `gnn.GraphNeighborConfig` or NSL's. With `max_neighbors=0` the batch has
            no edges.
        features: name -> `[batch, ...]`, of any dtype; weights `[batch, 1]` or `[batch]`. It is
            left as it is.
        *args: what comes with the features, such as labels; it is handed on.

    Returns:
        The inputs of `gnn.graphs.batch.graphs_tuple`, or `(inputs, *args)`.

    Raises:
        KeyError: a neighbor's feature or weight is missing; it is named.
        tf.errors.InvalidArgumentError: when it runs, a weight is negative, NaN or infinite.
        ValueError: there is no feature but neighbors' ones, or one is named like a graph key.

    Example:

    >>> features = {"x": [[1.0], [2.0]],
    ...             "NL_nbr_0_x": [[3.0], [0.0]], "NL_nbr_0_weight": [[0.5], [0.0]]}
    >>> graph = pack_nodes_and_edges(2, GraphNeighborConfig(max_neighbors=1), features)
    >>> graph["x"].numpy().tolist(), graph["n_node"].numpy().tolist()
    ([[3.0], [1.0], [2.0]], [2, 1])
    >>> graph["senders"].numpy().tolist(), graph["receivers"].numpy().tolist()
    ([0], [1])
    """
    del batch_size
    config = as_neighbor_config(neighbor_config)
    own = {
        name: tf.convert_to_tensor(value)
        for name, value in features.items()
        if not name.startswith(config.prefix)
    }
    if not own:
        raise ValueError(
            f"features hold nothing but neighbor features ({config.prefix}...): {sorted(features)}"
        )
    reserved = [name for name in own if name in RESERVED_KEYS]
    if reserved:
        raise ValueError(
            f"features {reserved} are named like keys of the graph; rename them. Reserved are "
            f"{RESERVED_KEYS}"
        )
    examples = tf.shape(next(iter(own.values())))[0]
    weights = _weights(features, config, examples)
    # Row i of the grid is example i: its neighbors, then itself.
    is_edge = weights > 0
    is_node = tf.concat([is_edge, tf.ones([examples, 1], tf.bool)], axis=1)
    inputs = {name: _rows(name, value, features, config, is_node) for name, value in own.items()}
    n_edge = tf.reduce_sum(tf.cast(is_edge, tf.int32), axis=1)
    n_node = n_edge + 1
    centers = tf.cumsum(n_node) - 1
    example_of_edge = tf.cast(tf.where(is_edge)[:, 0], tf.int32)
    num_edges = tf.shape(example_of_edge)[0]
    inputs |= {
        "n_node": n_node,
        "n_edge": n_edge,
        "edges": tf.boolean_mask(weights, is_edge)[:, tf.newaxis],
        # Every example before this one has put one more node, itself, in front of the edge's
        # sender.
        "senders": tf.range(num_edges) + example_of_edge,
        "receivers": tf.gather(centers, example_of_edge),
        "globals": tf.zeros([examples, 0]),
        "readout": centers,
    }
    return (inputs, *args) if args else inputs


def _weights(
    features: Mapping[str, Any], config: GraphNeighborConfig, examples: tf.Tensor
) -> tf.Tensor:
    names = [f"{config.prefix}{i}{config.weight_suffix}" for i in range(config.max_neighbors)]
    if not names:
        return tf.zeros([examples, 0])
    for name in names:
        weight = tf.cast(_get(features, name), tf.float32)
        tf.debugging.Assert(
            tf.reduce_all(tf.math.is_finite(weight) & (weight >= 0)),
            [f"{name} must hold finite weights of at least 0; got", weight],
        )
    columns = [
        tf.reshape(tf.cast(_get(features, name), tf.float32), [examples, 1]) for name in names
    ]
    return tf.concat(columns, axis=1)


def _rows(
    name: str,
    own: tf.Tensor,
    features: Mapping[str, Any],
    config: GraphNeighborConfig,
    is_node: tf.Tensor,
) -> tf.Tensor:
    neighbors = [
        tf.cast(_get(features, f"{config.prefix}{i}_{name}"), own.dtype)
        if own.dtype != tf.string
        else tf.convert_to_tensor(_get(features, f"{config.prefix}{i}_{name}"))
        for i in range(config.max_neighbors)
    ]
    return tf.boolean_mask(tf.stack([*neighbors, own], axis=1), is_node)


def _get(features: Mapping[str, Any], name: str) -> Any:
    if name not in features:
        raise KeyError(
            f"features lack {name!r}, which neighbor_config asks for; they are {sorted(features)}"
        )
    return features[name]
