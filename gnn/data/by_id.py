"""Batches by id: what a step is given of a batch when its features lie where the model is."""

from __future__ import annotations

import itertools
import weakref
from collections.abc import Callable, Mapping
from typing import Any

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
    """

    def __init__(
        self, table: FeatureTable, array_specs: Mapping[str, tf.TensorSpec], beside: tuple[str, ...]
    ):
        self._table, self._keys, self._beside = table, PackedKeys(array_specs), beside
        self._number = f"{_PREFIX}{next(_NUMBERS)}:"
        self.specs = {self._number + name: spec for name, spec in self._keys.specs.items()}
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

    def inputs(self, vectors: Mapping[str, tf.Tensor]) -> dict[str, Any]:
        """The inputs of the batch: graph keys and features."""
        start = len(self._number)
        keys = self._keys.unpack({name[start:]: value for name, value in vectors.items()})
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
    dataset: tf.data.Dataset, make: Callable[[], tf.data.Dataset]
) -> tf.data.Dataset:
    """The data set, for which models may take another one, of the same batches by id.

    Args:
        dataset: the data set; what is made of it by `map` and the like has no other form.
        make: makes the other one, where it is asked for.

    Example:

    >>> data = with_form_by_id(tf.data.Dataset.range(2), lambda: tf.data.Dataset.range(5))
    >>> len(dataset_by_id(data)), dataset_by_id(data.repeat())
    (5, None)
    """
    made: list[tf.data.Dataset] = []

    def once() -> tf.data.Dataset:
        if not made:
            made.append(make())
        return made[0]

    dataset.by_id = once
    return dataset


def dataset_by_id(dataset: Any) -> tf.data.Dataset | None:
    """The same batches by id, for a model of this package to be fed with; None if there are none.

    They take their epochs in turn with those of `dataset`.
    """
    make = getattr(dataset, "by_id", None)
    return None if make is None else make()


def in_both_forms(
    dataset: tf.data.Dataset, change: Callable[[tf.data.Dataset], tf.data.Dataset]
) -> tf.data.Dataset:
    """What `change` makes of a data set, and of its form by id where it has one.

    Example:

    >>> data = with_form_by_id(tf.data.Dataset.range(2), lambda: tf.data.Dataset.range(5))
    >>> len(dataset_by_id(in_both_forms(data, lambda form: form.take(3))))
    3
    """
    changed = change(dataset)
    make = getattr(dataset, "by_id", None)
    return changed if make is None else with_form_by_id(changed, lambda: change(make()))
