"""A data set that counts how often it is gone over, and knows each pass by its first batch."""

from __future__ import annotations

import zlib
from typing import Any

import numpy as np
import tensorflow as tf

from gnn.data.by_id import in_both_forms
from gnn.data.epoch_scan import loosely

_VALUES_OF_A_MARK = 4096
_MARKS_KEPT = 4096


class CountedPasses:
    """Counts the passes over a data set.

    What a shuffled data set gives depends on how often it was gone over. To come to a pass, those
    before it are begun, one batch each.

    Args:
        dataset: any; `batches` gives the same elements in the same order.

    Attributes:
        dataset: as given.
        batches: the data set that counts; it has the form by id that the given one has.
        marks: pass to checksum of its first batch.

    Example:

    >>> passes = CountedPasses(tf.data.Dataset.range(3))
    >>> passes.start()
    >>> [int(element) for element in passes.batches], sorted(passes.marks)
    ([0, 1, 2], [0])
    """

    def __init__(self, dataset: tf.data.Dataset):
        self.dataset = dataset
        self.marks: dict[int, int] = {}
        self._next: int | None = None
        self._read = dataset  # The form of it that is gone over.
        self.batches = in_both_forms(dataset, self._counted)

    @property
    def begun(self) -> int:
        """The number of the next pass."""
        return self._next or 0

    def start(self) -> None:
        """Has the next pass be the first."""
        self._next = 0
        self.marks.clear()

    def replay(self, number: int) -> Any:
        """Has the next pass be of this number: begins those before that this process has not.

        Returns:
            The first batch of one of them; None if none had to be begun.

        Raises:
            ValueError: this process is past it.
        """
        if self._next is None:
            self.start()
        if self.begun > number:
            raise ValueError(
                f"this process has gone over the data {self.begun} times, which is past the "
                f"snapshot's {number}: make the data set anew, or start the process again"
            )
        batch = None
        for i in range(self.begun, number):
            batch = next(iter(self._read), None)
            leaves = tf.nest.flatten(batch, expand_composites=True)
            self._mark(i, *(leaf.numpy() for leaf in leaves))
        self._next = number
        return batch

    def _counted(self, dataset: tf.data.Dataset) -> tf.data.Dataset:
        self._read, held = dataset, loosely(self)

        def begin(*leaves: Any) -> np.int64:
            return held()._begin(*leaves)

        def marked(place: tf.Tensor, batch: Any) -> Any:
            leaves = tf.nest.flatten(batch, expand_composites=True)
            begun = tf.cond(
                place == 0,
                lambda: tf.numpy_function(begin, leaves, tf.int64),
                lambda: tf.zeros([], tf.int64),
            )
            with tf.control_dependencies([begun]):
                return tf.nest.map_structure(tf.identity, batch, expand_composites=True)

        # A pass begins when its first batch is asked for: Keras makes iterators that it never uses.
        lazy = tf.data.Dataset.from_tensors(0).flat_map(lambda _: dataset)
        # Not inside: to make a function anew for every pass takes milliseconds.
        counted = lazy.enumerate().map(marked)
        cardinality = dataset.cardinality()
        if cardinality != tf.data.UNKNOWN_CARDINALITY:
            counted = counted.apply(tf.data.experimental.assert_cardinality(cardinality))
        counted = counted.with_options(dataset.options())
        counted.passes = self
        return counted

    def _begin(self, *leaves: Any) -> np.int64:
        # Before the first: Keras builds a model under a strategy from a batch of its own.
        if self._next is not None:
            self._mark(self._next, *leaves)
            self._next += 1
        return np.int64(0)

    def _mark(self, number: int, *leaves: Any) -> None:
        mark = 0
        for leaf in map(np.asarray, leaves):
            values = leaf.reshape(-1)
            values = values[:: max(1, len(values) // _VALUES_OF_A_MARK)]
            if leaf.dtype.kind in "OS":  # Strings.
                kept = repr(values.tolist()).encode()
            else:
                kept = leaf.dtype.name.encode() + values.tobytes()
            mark = zlib.crc32(repr(leaf.shape).encode() + kept, mark)
        self.marks[number] = mark
        # Passes come in order; what was read ahead is at the end.
        self.marks.pop(number - _MARKS_KEPT, None)
