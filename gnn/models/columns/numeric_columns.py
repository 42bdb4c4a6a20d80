"""Columns that are numbers, or are read as some: standardized, with a flag for gaps."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import tensorflow as tf

from gnn.models.columns.encoded_column import EncodedColumn, Limits, raw_blocks
from gnn.models.columns.standardizing import Moments, Standardized
from gnn.tables.schema import Column
from gnn.tables.typed_table import Cells


class NumericColumn(EncodedColumn):
    """A column whose cells are k numbers each; the base class of such types."""

    # Parts that have their scale already, as a sine has.
    unscaled: frozenset[int] = frozenset()

    def values(self, cells: tf.Tensor) -> tf.Tensor:
        """Cells as float32 `[n, k]`; what is not finite is a gap."""
        raise NotImplementedError

    def parts(self) -> list[str]:
        """The names of the k numbers."""
        return [self.title]

    def learn(self, cells: Cells) -> dict[str, Any]:
        """Mean and variance, range and share of gaps."""
        moments = Moments.of(self._read(cells))
        mean, variance = moments.mean.copy(), moments.variance.copy()
        for part in self.unscaled:
            mean[part], variance[part] = 0.0, 1.0
        return {
            "gaps": moments.gaps,
            "mean": mean.tolist(),
            "variance": variance.tolist(),
            "smallest": moments.smallest.tolist(),
            "largest": moments.largest.tolist(),
        }

    def grow(self, cells: Cells) -> dict[str, Any]:
        """Mean and variance stay, and so does what weights mean; the range holds both."""
        now = self.learn(cells)
        ranges = {
            name: choose(self.learned[name], now[name]).tolist()
            for name, choose in (("smallest", np.minimum), ("largest", np.maximum))
        }
        return {**self.learned, **ranges, "gaps": now["gaps"] or self.learned["gaps"]}

    def restore(self, learned: Mapping[str, Any]) -> None:
        """Makes the layer that standardizes."""
        super().restore(learned)
        self._scale = Standardized(learned["mean"], learned["variance"], self.flags_gaps())

    def names(self) -> list[str]:
        """The numbers, and the flag where there is one."""
        return [*self.parts(), *([f"{self.title} is missing"] if self.flags_gaps() else [])]

    def narrow(self, cells: tf.Tensor) -> tf.Tensor:
        """The numbers standardized, and the flag."""
        return self._scale(self.values(cells))

    def observe(self, cells: Cells) -> dict[str, Any]:
        """The share of gaps, and the rows with a number below or above those of the training."""
        low, high = np.array(self.learned["smallest"]), np.array(self.learned["largest"])
        gaps = below = above = total = 0
        for values, rows in self._read(cells):
            total += int(rows.sum())
            gaps += int(rows[~np.isfinite(values).all(axis=1)].sum())
            below += int(rows[(values < low).any(axis=1)].sum())
            above += int(rows[(values > high).any(axis=1)].sum())
        return {"gaps": gaps / max(total, 1), "below": below, "above": above}

    def _read(self, cells: Cells) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        yielded = False
        for block, rows in raw_blocks(cells):
            yield self.values(block).numpy(), rows
            yielded = True
        if not yielded:
            yield np.zeros((0, len(self.parts())), np.float32), np.zeros(0, np.int64)


class NumberColumn(NumericColumn):
    """A number a cell."""

    def values(self, cells: tf.Tensor) -> tf.Tensor:
        """The cells as they are."""
        return tf.reshape(tf.cast(cells, tf.float32), [-1, 1])

    def spec(self) -> tf.TensorSpec:
        """Float32 `[n]`, NaN for a gap."""
        return tf.TensorSpec([None], tf.float32)


class VectorColumn(NumericColumn):
    """A vector a cell, each number standardized by itself."""

    def __init__(self, title: str, column: Column, limits: Limits):
        super().__init__(title, column, limits)
        self._length = column.length

    def learn(self, cells: Cells) -> dict[str, Any]:
        """As of a number, and how long the vectors are."""
        self._length = int(cells.shape[1])  # type: ignore[union-attr]
        return super().learn(cells)

    def restore(self, learned: Mapping[str, Any]) -> None:
        """Makes the layer that standardizes."""
        self._length = len(learned["mean"])
        super().restore(learned)

    def parts(self) -> list[str]:
        """The places in the vector."""
        return [f"{self.title} {place}" for place in range(self._length or 0)]

    def values(self, cells: tf.Tensor) -> tf.Tensor:
        """The cells; a vector with a number that is not finite is a gap, as in a file."""
        vectors = tf.reshape(tf.cast(cells, tf.float32), [-1, self._length or 0])
        known = tf.reduce_all(tf.math.is_finite(vectors), axis=1, keepdims=True)
        return tf.where(known, vectors, math.nan)

    def spec(self) -> tf.TensorSpec:
        """Float32 `[n, length]`, a row of NaN for a gap."""
        return tf.TensorSpec([None, self._length], tf.float32)
