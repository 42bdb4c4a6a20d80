"""Batches by id: what a step is given of a batch when its features lie where the model is."""

from __future__ import annotations

import functools
import itertools
import weakref
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import tensorflow as tf

from gnn.data.feature_table import FeatureTable
from gnn.data.packed_keys import PackedKeys

# No feature is called so.
_PREFIX = "by id:"
_FORMS: weakref.WeakValueDictionary[Any, ById] = weakref.WeakValueDictionary()
_BY_NUMBER: weakref.WeakValueDictionary[str, ById] = weakref.WeakValueDictionary()
_NUMBERS = itertools.count()


class ById:
    """How to make the inputs of a batch of its keys and ids, inside a compiled step.

    The names of what comes hold a number, by which a step that is traced finds this object. Data
    sets of the same features and kind of batch share one (`ById.of`), so that a step traced for one
    serves the other.

    Attributes:
        specs: of the vectors of a batch, by the names that they have among its inputs.
        several_specs: of those of several batches in one.
    """

    def __init__(
        self, table: FeatureTable, array_specs: Mapping[str, tf.TensorSpec], beside: tuple[str, ...]
    ):
        self._table, self._keys, self._beside = table, PackedKeys(array_specs), beside
        self._number = f"{_PREFIX}{next(_NUMBERS)}:"
        self.specs = {self._number + name: spec for name, spec in self._keys.specs.items()}
        self._starts = self._number + "starts"
        self.several_specs = {self._starts: tf.TensorSpec([None, 3], tf.int32)} | {
            name: tf.TensorSpec([None], spec.dtype) for name, spec in self.specs.items()
        }
        _BY_NUMBER[self._number] = self

    @classmethod
    def of(
        cls, table: FeatureTable, array_specs: Mapping[str, tf.TensorSpec], beside: tuple[str, ...]
    ) -> ById:
        """A new one, or that of data sets of the same features and kind of batch.

        Args:
            table: the features.
            array_specs: of what is packed: graph keys, `node_ids` and, of padded batches,
                `node_mask`.
            beside: of these, the names that are no inputs.
        """
        key = table.identity, tuple(sorted(array_specs.items())), beside
        form = _FORMS.get(key)
        if form is None:
            form = _FORMS[key] = cls(table, array_specs, beside)
        return form

    def pack(self, arrays: Mapping[str, Any]) -> dict[str, Any]:
        """What NumPy made of a batch as the vectors of `specs`."""
        return {self._number + name: value for name, value in self._keys.pack(arrays).items()}

    def pack_several(
        self, batches: Sequence[Mapping[str, Any]], labels: Sequence[np.ndarray]
    ) -> dict[str, Any]:
        """Several batches as the vectors of `several_specs`.

        Args:
            batches: what NumPy made of each.
            labels: of each; they lie one after the other, too.
        """
        packed = [self.pack(arrays) for arrays in batches]
        parts = {name: [vectors[name] for vectors in packed] for name in self.specs}
        lengths = [[len(part) for part in some] for some in (*parts.values(), labels)]
        starts = np.zeros((len(packed) + 1, len(lengths)), np.int32)
        np.cumsum(np.transpose(lengths), axis=0, out=starts[1:])
        return {self._starts: starts} | {name: np.concatenate(some) for name, some in parts.items()}

    def num_batches(self, vectors: Mapping[str, tf.Tensor]) -> tf.Tensor | None:
        """How many batches the vectors hold; None of those of a single one."""
        starts = vectors.get(self._starts)
        return None if starts is None else tf.shape(starts)[0] - 1

    def batch(
        self, vectors: Mapping[str, tf.Tensor], place: tf.Tensor
    ) -> tuple[dict[str, Any], slice]:
        """The inputs of one of several batches, and which rows of the labels are its own."""
        first, stop = (tf.unstack(vectors[self._starts][place + i], 3) for i in range(2))
        own = {name: vectors[name][first[i] : stop[i]] for i, name in enumerate(self.specs)}
        for name, spec in self.specs.items():
            own[name].set_shape(spec.shape)
        return self.inputs(own), slice(first[2], stop[2])

    def inputs(self, vectors: Mapping[str, tf.Tensor]) -> dict[str, Any]:
        """The inputs of a batch: graph keys and features."""
        start = len(self._number)
        keys = self._keys.unpack({name[start:]: vectors[name] for name in self.specs})
        rows = self._table.rows(keys["node_ids"], keys.get("node_mask"))
        return rows | {name: keys[name] for name in keys if name not in self._beside}


def whole_inputs(inputs: Any) -> Any:
    """The inputs of a batch that came by id; any others are returned as they are.

    Example:

    >>> whole_inputs({"x": 1})
    {'x': 1}
    """
    form = form_of(inputs)
    return inputs if form is None else form.inputs(inputs)


def form_of(inputs: Any) -> ById | None:
    """What makes inputs, or their specs, whole; None of those that are.

    Example:

    >>> form_of({"x": 1})
    """
    name = next(iter(inputs), None) if isinstance(inputs, Mapping) else None
    if not isinstance(name, str) or not name.startswith(_PREFIX):
        return None
    return _BY_NUMBER[name[: name.index(":", len(_PREFIX)) + 1]]


def with_form_by_id(
    dataset: tf.data.Dataset, make: Callable[[int], tf.data.Dataset]
) -> tf.data.Dataset:
    """The data set, for which models may take another one, of the same batches by id.

    Args:
        dataset: the data set; what is made of it by `map` and the like has no other form.
        make: makes the other one, where it is asked for, of so many batches an element.

    Example:

    >>> data = with_form_by_id(tf.data.Dataset.range(2), lambda at_once: tf.data.Dataset.range(5))
    >>> len(dataset_by_id(data)), dataset_by_id(data.repeat())
    (5, None)
    """
    dataset.by_id = functools.cache(make)
    return dataset


def dataset_by_id(dataset: Any, at_once: int = 1) -> tf.data.Dataset | None:
    """The same batches by id, for a model of this package to be fed with; None if there are none.

    They take their epochs in turn with those of `dataset`.

    Args:
        dataset: any data.
        at_once: batches of an element.
    """
    make = getattr(dataset, "by_id", None)
    return None if make is None else make(at_once)


def in_both_forms(
    dataset: tf.data.Dataset, change: Callable[[tf.data.Dataset], tf.data.Dataset]
) -> tf.data.Dataset:
    """What `change` makes of a data set, and of its form by id where it has one.

    Example:

    >>> data = with_form_by_id(tf.data.Dataset.range(2), lambda at_once: tf.data.Dataset.range(5))
    >>> len(dataset_by_id(in_both_forms(data, lambda form: form.take(3))))
    3
    """
    changed = change(dataset)
    make = getattr(dataset, "by_id", None)
    return changed if make is None else with_form_by_id(changed, lambda n: change(make(n)))
