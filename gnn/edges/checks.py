"""The arrays of edges, checked and converted: indices of nodes, and weights."""

from __future__ import annotations

from typing import Any

import numpy as np

from gnn.memory_maps import as_array, blocks, cast

# Nodes are numbered by int32.
MOST_NODES = np.iinfo(np.int32).max


def read_only(array: np.ndarray) -> np.ndarray:
    """A read-only view, or the array itself if it is read-only already.

    >>> read_only(np.zeros(2)).flags.writeable
    False
    """
    if array.flags.writeable:
        array = array.view()
        array.flags.writeable = False
    return array


def as_integers(name: str, values: Any) -> np.ndarray:
    """A vector of integers of any width.

    Raises:
      TypeError: they are no integers.
      ValueError: they are no vector.

    >>> as_integers("senders", [3, 1]).tolist()
    [3, 1]
    """
    array = as_array(values)
    if array.ndim != 1:
        raise ValueError(f"{name} must have rank 1, got shape {array.shape}")
    if array.size == 0:  # NumPy makes float64 of an empty list.
        return array.astype(np.int32)
    if array.dtype.kind not in "iu":
        raise TypeError(f"{name} must be integers, got dtype {array.dtype}")
    return array


def as_indices(name: str, values: Any, num_nodes: int) -> np.ndarray:
    """A vector of indices of nodes as read-only int32.

    Raises:
      TypeError: they are no integers.
      ValueError: they are no vector, or there is no such node.

    >>> as_indices("senders", [3, 1], 4).dtype.name
    'int32'
    """
    array = as_integers(name, values)
    num_nodes = min(num_nodes, MOST_NODES)
    if array.size and (array.min() < 0 or array.max() >= num_nodes):
        at = int(np.argmax((array < 0) | (array >= num_nodes)))
        raise ValueError(
            f"{name} must be node indices from 0 to {num_nodes - 1} (num_nodes is {num_nodes}), "
            f"got {array[at]} at position {at}"
        )
    return read_only(cast(array, np.int32))


def as_weights(values: Any) -> np.ndarray:
    """Finite numbers that are not negative, as read-only float32.

    Raises:
      TypeError: they are no numbers.
      ValueError: they are no vector, or one is negative or not finite.

    >>> as_weights([1, 0.5]).tolist()
    [1.0, 0.5]
    """
    given = as_array(values)
    if given.ndim != 1:
        raise ValueError(f"weights must have rank 1, got shape {given.shape}")
    if given.dtype.kind not in "biuf":
        raise TypeError(f"weights must be numbers, got dtype {given.dtype}")
    with np.errstate(over="ignore"):  # Too large for float32 is infinite, and refused as such.
        weights = cast(given, np.float32)
    for start, part in blocks(weights):
        good = np.isfinite(part) & (part >= 0)
        if not good.all():
            at = start + int(np.argmin(good))
            raise ValueError(
                "weights must be finite in float32 and not negative, "
                f"got {given[at]} at position {at}"
            )
    return read_only(weights)


def check_equal_lengths(name: str, a: np.ndarray, other: str, b: np.ndarray) -> None:
    """Raises ValueError unless two vectors have equal lengths.

    >>> check_equal_lengths("a", np.zeros(2), "b", np.ones(2))
    """
    if a.size != b.size:
        raise ValueError(f"{name} and {other} must have equal lengths, got {a.size} and {b.size}")


def nodes_named(*indices: np.ndarray) -> int:
    """The number of nodes that indices speak of: one more than the largest.

    >>> nodes_named(np.array([0, 4]), np.array([], int))
    5
    """
    return 1 + max((int(array.max()) for array in indices if array.size), default=-1)


def without_weight(what: str, weight: str, numeric: list[Any]) -> tuple[str, ...]:
    """The remark that all weights are 1, or an error where another than the default was named.

    Args:
      what: what has no weight, as a sentence that the name ends.
      weight: the name that was asked for; "weight" is the default.
      numeric: the names of what holds numbers.

    Raises:
      KeyError: if `weight` is not "weight"; the numeric ones are listed.

    >>> without_weight("no edge has the attribute", "weight", ["value"])
    ("no edge has the attribute 'weight', so all weigh 1 (those of numbers: ['value'])",)
    """
    if weight != "weight":
        raise KeyError(f"weight: {what} {weight!r}; those of numbers are {numeric}")
    return (f"{what} 'weight', so all weigh 1 (those of numbers: {numeric})",) if numeric else ()
