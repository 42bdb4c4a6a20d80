"""Ids, labels and attributes of nodes, as arrays."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np


def stack(name: str, values: Sequence[Any]) -> np.ndarray:
    """Stacks one value a node, all of one shape."""
    shapes = [np.shape(value) for value in values]
    odd = next((i for i, shape in enumerate(shapes) if shape != shapes[0]), None)
    if odd is not None:
        raise ValueError(
            f"features[{name!r}] must have one shape at all nodes, got {shapes[0]} at node 0 and "
            f"{shapes[odd]} at node {odd}"
        )
    return np.asarray(values)


def as_ids(ids: Any) -> np.ndarray:
    """Ids as a vector of distinct strings, integers, or objects where they are neither."""
    if isinstance(ids, np.ndarray):
        array = ids
    else:
        values = list(ids)
        kinds = {str if isinstance(v, str) else type(v) for v in values}
        plain = len(kinds) == 1 and issubclass(kinds.pop(), (str, int, np.integer))
        # From a list of tuples NumPy would make a matrix, from mixed types strings.
        array = np.asarray(values) if plain else np.fromiter(values, object, len(values))
    if array.ndim != 1:
        raise ValueError(f"ids must have rank 1, got shape {array.shape}")
    if isinstance(array, np.memmap) and array.dtype.kind in "iuSU":
        ordered = np.sort(array)  # A list of its values would take many times the memory.
        twice = ordered[1:][ordered[1:] == ordered[:-1]]
        if twice.size:
            raise ValueError(f"ids must be distinct, got {twice.tolist()[0]!r} more than once")
        return array
    values = array.tolist()
    if len(set(values)) < len(values):
        seen: set[Any] = set()
        twice = next(v for v in values if v in seen or seen.add(v))  # type: ignore[func-returns-value]
        raise ValueError(f"ids must be distinct, got {twice!r} more than once")
    return array


def is_missing(value: Any) -> bool:
    """Whether a value stands for none: None, NaN, or the NA of pandas."""
    try:
        return value is None or bool(value != value)
    except TypeError:  # The NA of pandas is neither true nor false.
        return True
    except ValueError:  # An array has no one truth.
        return False


def encode_labels(
    values: Sequence[Any], names: tuple[str, ...] | None
) -> tuple[np.ndarray, tuple[str, ...] | None]:
    """Strings to positions in the class names, numbers to an array; a missing one to -1 or NaN.

    Without names, the strings found are the names, sorted.
    """
    missing = [is_missing(value) for value in values]
    present = [value for value, none in zip(values, missing, strict=True) if not none]
    if all(isinstance(value, (int, float, np.number, np.bool_)) for value in present):
        real = any(isinstance(value, (float, np.floating)) for value in present)
        gap = np.nan if real else -1
        return np.asarray([gap if m else v for v, m in zip(values, missing, strict=True)]), names
    strange = next((value for value in present if not isinstance(value, str)), None)
    if strange is not None:
        raise TypeError(f"labels must be all strings or all numbers, got {strange!r} too")
    names = tuple(sorted(set(present))) if names is None else names
    classes = {name: k for k, name in enumerate(names)}
    unknown = next((value for value in present if value not in classes), None)
    if unknown is not None:
        raise ValueError(f"labels must be among class_names {names}, got {unknown!r}")
    codes = [-1 if m else classes[v] for v, m in zip(values, missing, strict=True)]
    return np.asarray(codes), names


def labeled_edges(senders: np.ndarray, receivers: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Which edges join two labeled nodes and are no self loop, as a mask of the edges."""
    known = labels >= 0
    return known[senders] & known[receivers] & (senders != receivers)
