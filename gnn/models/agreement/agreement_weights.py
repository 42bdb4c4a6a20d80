"""How far an agreement model trusts each edge of a batch."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import keras
import tensorflow as tf

from gnn.graphs.batch.graphs_tuple import BatchGraph
from gnn.graphs.batch.which_nodes import real_nodes
from gnn.layers.real_rows import on_real_rows
from gnn.ops.sparse import as_dense


def weigh_by_agreement(
    graph: BatchGraph, features: Any, agreement_model: keras.layers.Layer | None
) -> BatchGraph:
    """The graph with the agreement of each edge's two ends, by which the graph loss multiplies.

    The agreement model gives `[n_edges]` or `[n_edges, 1]` from `[sender features, receiver
    features]`. It is called without training, and no gradient flows into it from the graph loss
    (Stretcu et al., "Graph agreement models", NeurIPS 2019, section 3). Where it has `encode` and
    `agree`, as `gnn.AgreementModel`, each node is encoded once, and sparse features stay sparse.
    """
    if agreement_model is None:
        return graph
    if isinstance(features, Mapping) and len(features) == 1:
        features = next(iter(features.values()))
    real = real_nodes(graph)
    pairs = graph.senders, graph.receivers
    if real is not None:  # Edges that are padding weigh 0; their agreement must be a number.
        pairs = tuple(tf.where(tf.gather(real, ends), ends, 0) for ends in pairs)
    if not all(hasattr(agreement_model, name) for name in ("encode", "agree")):
        agreement = agreement_model([_rows(features, ends) for ends in pairs], training=False)
    else:
        if not agreement_model.built:  # Keras saves the inputs that it was built with.
            none = tf.nest.map_structure(_no_rows, features)
            agreement_model([none, none], training=False)

        def encode(features: Any, mask: tf.Tensor | None) -> tf.Tensor:
            return agreement_model.encode(features, training=False)

        encoded = on_real_rows(agreement_model, encode, features, real, False)
        senders, receivers = (tf.gather(encoded, ends) for ends in pairs)
        agreement = agreement_model.agree(senders, receivers, training=False)
    # The loss is not negative, so an agreement below 0 trusts an edge as little as 0 does.
    agreement = tf.nn.relu(tf.cast(tf.stop_gradient(agreement), tf.float32))
    weighed = graph.replace()
    weighed.agreement = tf.reshape(agreement, [-1])
    return weighed


def _rows(features: Any, indices: tf.Tensor) -> Any:
    """The rows of one feature, or of each of several, dense."""
    return tf.nest.map_structure(lambda feature: tf.gather(as_dense(feature), indices), features)


def _no_rows(feature: Any) -> Any:
    if not isinstance(feature, tf.SparseTensor):
        return feature[:0]
    width = feature.shape[1]
    return tf.SparseTensor(tf.zeros([0, 2], tf.int64), tf.zeros([0], feature.dtype), [0, width])
