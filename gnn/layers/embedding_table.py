"""A row to learn for each of many ids, as features."""

from __future__ import annotations

from typing import Any

import keras
import tensorflow as tf

from gnn.configs.arguments import check_count
from gnn.layers.row_table import RowTable, check_ids, start_scale
from gnn.ops.row_updates import RowUpdate


@keras.saving.register_keras_serializable(package="gnn")
class EmbeddingTable(RowTable):
    """Rows of a table by their ids, as `keras.layers.Embedding`: learned right, in constant time.

    `output[..., :] = table[ids[...]]`. In training a gradient updates the rows that were read, and
    no others, whether an id is there once or often: as a Dense layer on one-hot rows would be
    updated by SGD or Adagrad. Keras' Adam, Adagrad and RMSprop square the gradients of an id that
    repeats apart, and Adam moves all rows at every step.

    The layer may be called once a step; put all ids into one call.

    Args:
        num_rows: ids are from 0 up to this.
        dim: numbers a row.
        update: "adagrad", "row_adagrad" or "sgd" (`gnn.ops.update_rows`).
        learning_rate: None is that of the compiled optimizer.
        hashed_rows: rows of a hashed table; None has one row for each id.
        num_hashes: of a hashed table, the rows whose numbers side by side are those of an id.

    Raises:
        ValueError: an argument out of range, or a second call in one step.
        TypeError: ids that are no integers.
        tf.errors.InvalidArgumentError: an id below 0 or past the end, but under XLA.

    Example:

    >>> layer = EmbeddingTable(1000, 2)
    >>> layer(tf.constant([[3, 999]])).shape
    TensorShape([1, 2, 2])
    >>> [weight.name for weight in layer.trainable_weights]  # Stays 0.
    ['anchor']
    """

    def __init__(
        self,
        num_rows: int,
        dim: int,
        update: RowUpdate = "adagrad",
        learning_rate: float | None = None,
        hashed_rows: int | None = None,
        num_hashes: int = 2,
        **kwargs: Any,
    ):
        super().__init__(num_rows, update, learning_rate, hashed_rows, num_hashes, **kwargs)
        self.num_rows = num_rows
        self.dim = check_count("dim", dim)

    def build(self, input_shape: Any = None) -> None:
        """Makes the table: rows whose mean squared length is 1."""
        self.make_table(self.dim, start_scale(self.dim))
        self.built = True

    def call(self, ids: Any, training: bool | None = None) -> tf.Tensor:
        """Returns `[..., dim]`, in the layer's compute dtype, of integers `[...]`."""
        ids = check_ids(ids, 0, self.num_rows, "ids of an EmbeddingTable")
        rows = self.read(tf.reshape(ids, [-1]), training)
        shape = tf.concat([tf.shape(ids), [self.dim]], axis=0)
        outputs = tf.ensure_shape(tf.reshape(rows, shape), [*ids.shape, self.dim])
        return tf.cast(outputs, self.compute_dtype)

    def compute_output_shape(self, input_shape: Any) -> tuple[int | None, ...]:
        """One axis more."""
        return (*input_shape, self.dim)

    def get_config(self) -> dict[str, Any]:
        """What the layer is made of."""
        return {**super().get_config(), "num_rows": self.num_rows, "dim": self.dim}
