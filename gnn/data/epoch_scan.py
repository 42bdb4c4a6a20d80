"""Batches as a function of the epoch and the place in it, made by NumPy, as a tf.data set."""

from __future__ import annotations

import dataclasses
import weakref
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, TypeVar, cast

import numpy as np
import tensorflow as tf

_EPOCH = "epoch:"
_Owner = TypeVar("_Owner")


def scan_epochs(
    num_batches: int,
    make: Callable[[int, int], Mapping[str, Any]],
    specs: Mapping[str, tf.TensorSpec],
    element: Callable[[dict[str, tf.Tensor]], Any],
    epochs: Iterator[int],
) -> tf.data.Dataset:
    """A data set that calls `make(epoch, place)` for each place of an epoch, from 0.

    Iterators side by side have epochs of their own: each takes a number at its first place.

    Args:
        num_batches: places of an epoch.
        make: returns arrays by name.
        specs: of the arrays that are wanted, by name.
        element: what TensorFlow makes of the tensors of a place.
        epochs: the numbers of the epochs, in turn.

    Returns:
        A `tf.data.Dataset` of what `element` returns.

    Example:

    >>> data = scan_epochs(
    ...     2, lambda epoch, place: {"x": np.float32(10 * epoch + place)},
    ...     {"x": tf.TensorSpec([])}, lambda tensors: tensors["x"], iter([3, 4]))
    >>> [[float(x) for x in data] for _ in range(2)]
    [[30.0, 31.0], [40.0, 41.0]]
    """
    # One function from end to end: each further one adds milliseconds to the start of an epoch.
    source = _Source(make, epochs)
    held = loosely(source)

    def arrays(epoch: np.ndarray, place: np.ndarray) -> dict[str, Any]:
        source = held()
        number = int(epoch) if place else next(source.epochs)
        return {_EPOCH: np.int64(number), **source.make(number, int(place))}

    def step(epoch: tf.Tensor, place: tf.Tensor) -> tuple[tf.Tensor, Any]:
        wanted = {_EPOCH: tf.TensorSpec([], tf.int64), **specs}
        tensors = from_numpy(arrays, [epoch, place], wanted)
        return tensors.pop(_EPOCH), element(tensors)

    dataset = tf.data.Dataset.range(num_batches).scan(np.int64(0), step)
    dataset.source = source
    return dataset


@dataclasses.dataclass(eq=False)
class _Source:
    make: Callable[[int, int], Mapping[str, Any]]
    epochs: Iterator[int]


def loosely(owner: _Owner) -> Callable[[], _Owner]:
    """By what a Python function of tf.data holds what it needs.

    TensorFlow never lets go of such a function. So it is the data set that holds the owner, and by
    it the features; data sets that are made of it and iterators hold the data set. One that is made
    within a function is gone as soon as it is made, and there the owner is held as ever.

    Args:
        owner: to be had by a call of what is returned, as long as somebody else holds it.

    Example:

    >>> owner = _Source(lambda epoch, place: {}, iter([]))
    >>> held = loosely(owner)
    >>> held() is owner
    True
    >>> del owner
    >>> held() is None
    True
    """
    return cast(Any, weakref.ref(owner)) if tf.executing_eagerly() else lambda: owner


def from_numpy(
    make: Callable[..., Mapping[str, Any]],
    inputs: Sequence[tf.Tensor],
    specs: Mapping[str, tf.TensorSpec],
) -> dict[str, tf.Tensor]:
    """Calls a function of arrays, which returns arrays by name, where TensorFlow runs a graph.

    Args:
        make: the function.
        inputs: what it is called on.
        specs: of the arrays that are wanted, by name.

    Example:

    >>> specs = {"twice": tf.TensorSpec([], tf.int32)}
    >>> int(from_numpy(lambda x: {"twice": 2 * x}, [tf.constant(3)], specs)["twice"])
    6
    """

    def call(*arrays: np.ndarray) -> list[Any]:
        made = make(*arrays)
        return [made[name] for name in specs]

    values = tf.numpy_function(call, inputs, [spec.dtype for spec in specs.values()])
    # A single one comes without a list around it, outside of a function.
    tensors = dict(zip(specs, tf.nest.flatten(values), strict=True))
    for name, spec in specs.items():
        tensors[name].set_shape(spec.shape)
    return tensors
