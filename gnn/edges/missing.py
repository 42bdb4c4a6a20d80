"""What stands for a value that is not there: one table for files and for values in memory."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

import numpy as np

# How a missing value is spelled in text: what pandas takes for missing when it reads a CSV file.
NA_VALUES = frozenset(
    {
        "",
        "#N/A",
        "#N/A N/A",
        "#NA",
        "-1.#IND",
        "-1.#QNAN",
        "-NaN",
        "-nan",
        "1.#IND",
        "1.#QNAN",
        "<NA>",
        "N/A",
        "NA",
        "NULL",
        "NaN",
        "None",
        "n/a",
        "nan",
        "null",
    }
)


def as_na_values(na_values: Collection[str] | None) -> frozenset[str]:
    """The spellings that mean missing: the table, or those given and the empty text.

    Args:
      na_values: None takes `NA_VALUES`; a collection of texts takes these instead. Empty text is
        missing in any case.

    Raises:
      TypeError: they are no collection of strings.

    >>> "None" in as_na_values(None), sorted(as_na_values(["?"])), sorted(as_na_values(()))
    (True, ['', '?'], [''])
    """
    if na_values is None:
        return NA_VALUES
    if isinstance(na_values, str) or not all(isinstance(value, str) for value in na_values):
        raise TypeError(f"na_values must be a collection of strings, got {na_values!r}")
    return frozenset(na_values) | {""}


def is_missing(value: Any, na_values: Collection[str] = ()) -> bool:
    """Whether a value stands for none: None, NaN, NaT, the NA of pandas, or such a text.

    >>> is_missing(None), is_missing(float("nan")), is_missing("NA"), is_missing("NA", NA_VALUES)
    (True, True, False, True)
    """
    if isinstance(value, str):
        return value in na_values
    try:
        return value is None or bool(value != value)
    except TypeError:  # The NA of pandas is neither true nor false.
        return True
    except ValueError:  # An array has no one truth.
        return False


def missing_among(values: Sequence[Any], na_values: Collection[str] = ()) -> np.ndarray:
    """Which of some values are missing, as a mask.

    >>> missing_among(["a", None, "NA"], NA_VALUES).tolist()
    [False, True, True]
    """
    kinds = set(map(type, values))
    if kinds <= {str, int} and (str not in kinds or frozenset(na_values).isdisjoint(values)):
        return np.zeros(len(values), bool)  # As in most logs: no need to look at each.
    return np.fromiter((is_missing(v, na_values) for v in values), bool, len(values))


def without_na(cells: Sequence[str], na_values: frozenset[str]) -> Sequence[str]:
    """Texts, those that mean missing as "".

    >>> without_na(["a", "NA"], NA_VALUES)
    ['a', '']
    """
    if na_values.isdisjoint(cells):
        return cells
    return ["" if cell in na_values else cell for cell in cells]
