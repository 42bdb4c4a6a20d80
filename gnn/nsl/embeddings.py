"""The embeddings that NSL builds a graph of, read in full precision."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import tensorflow as tf
from absl import logging

_LEAST_NORM = 1e-6


def read_embeddings(
    filenames: Iterable[str], id_feature_name: str, embedding_feature_name: str
) -> dict[str, np.ndarray]:
    """Reads embeddings and divides each by its norm.

    In place of NSL's function, to whose computation protobuf hands float32 today: cosines are then
    off in the seventh digit, and equal embeddings fall below a threshold of 1.

    Args:
        filenames: TFRecord files of `tf.train.Example`.
        id_feature_name: of the bytes that name an example.
        embedding_feature_name: of the floats.

    Returns:
        By name, float64 `[width]`. An example without one of the two is left out, with a line in
        the log.
    """
    embeddings = {}
    for record in tf.data.TFRecordDataset(list(filenames)):
        features = tf.train.Example.FromString(record.numpy()).features.feature
        lacking = [key for key in (id_feature_name, embedding_feature_name) if key not in features]
        if lacking:
            logging.error("No feature named %r in an example of %s", lacking[0], sorted(features))
            continue
        name = features[id_feature_name].bytes_list.value[0].decode("utf-8")
        values = np.array(features[embedding_feature_name].float_list.value, np.float64)
        embeddings[name] = values / max(np.linalg.norm(values), _LEAST_NORM)
    return embeddings
