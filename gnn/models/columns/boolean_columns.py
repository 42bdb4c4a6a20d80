"""Columns of yes and no, in the words that tables have for them."""

from __future__ import annotations

import keras
import numpy as np
import tensorflow as tf

from gnn.models.columns.encoded_column import Limits
from gnn.models.columns.numeric_columns import NumericColumn
from gnn.models.columns.raw_texts import stripped
from gnn.tables.schema import Column
from gnn.tables.truths import NO, YES


class BooleanColumn(NumericColumn):
    """1 for yes and 0 for no, in any case; standardized. Another word is a gap."""

    def __init__(self, title: str, column: Column, limits: Limits):
        super().__init__(title, column, limits)
        self._words = keras.layers.StringLookup(vocabulary=[*NO, *YES])

    def values(self, cells: tf.Tensor) -> tf.Tensor:
        """1, 0, or NaN for a gap."""
        words = stripped(tf.reshape(cells, [-1]), self.limits.missing)
        meaning = [np.nan, *[0.0] * len(NO), *[1.0] * len(YES)]  # The first is of other words.
        places = self._words(tf.strings.lower(words))
        return tf.gather(tf.constant(meaning, tf.float32), places)[:, tf.newaxis]
