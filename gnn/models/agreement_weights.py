"""Edge weights multiplied by how far an agreement model trusts each edge."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import keras
import tensorflow as tf

from gnn.graphs.graphs_tuple import BatchGraph


def weigh_by_agreement(
    graph: BatchGraph, features: Any, agreement_model: keras.layers.Layer | None
) -> BatchGraph:
    """The graph with every weight multiplied by the agreement of the edge's two ends.

    The agreement model gives `[n_edges]` or `[n_edges, 1]` from `[sender features, receiver
    features]`. It is called without training, and no gradient flows into it from the graph loss
    (Stretcu et al., "Graph agreement models", NeurIPS 2019, section 3).
    """
    if agreement_model is None:
        return graph

    def rows(indices: tf.Tensor) -> Any:
        if not isinstance(features, Mapping):
            return tf.gather(features, indices)
        gathered = {name: tf.gather(_dense(x), indices) for name, x in features.items()}
        return next(iter(gathered.values())) if len(gathered) == 1 else gathered

    agreement = agreement_model([rows(graph.senders), rows(graph.receivers)], training=False)
    # Weights are not negative, so an agreement below 0 trusts an edge as little as 0 does.
    agreement = tf.nn.relu(tf.cast(tf.stop_gradient(agreement), tf.float32))
    agreement = tf.reshape(agreement, [-1, 1])
    return graph.replace(edges=graph.edges[:, :1] * agreement)


def _dense(feature: Any) -> tf.Tensor:
    return tf.sparse.to_dense(feature) if isinstance(feature, tf.SparseTensor) else feature
