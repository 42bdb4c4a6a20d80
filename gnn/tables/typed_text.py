"""Cells that are text, as the numbers and the texts of a typed table."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

import numpy as np

from gnn.tables.coding import numbered
from gnn.tables.number_texts import as_numbers, is_infinite
from gnn.tables.typed_table import Texts

# Numbers, float32, NaN for gaps and wrong cells; and position -> the text of each wrong cell.
Floats: TypeAlias = tuple[np.ndarray, dict[int, str]]


def floats_of_text(cells: Sequence[str], na_values: frozenset[str]) -> Floats:
    """Texts as numbers.

    Args:
      cells: the texts.
      na_values: those that are gaps. So are empty texts and those of blanks, and blanks around one
        do not count.

    Returns:
      The numbers, and the cells that are wrong.

    >>> floats_of_text(["1.5", "NA", " ", "x", "true"], frozenset({"NA"}))
    (array([1.5, nan, nan, nan, 1. ], dtype=float32), {3: 'x'})
    """
    gaps = na_values | {""}
    if not gaps.isdisjoint(cells):
        is_gap = np.fromiter(map(gaps.__contains__, cells), bool, len(cells))
        cells = ["nan" if cell in gaps else cell for cell in cells]
    else:
        is_gap = np.zeros(len(cells), bool)
    values = as_numbers(cells)
    wrong = {
        at: cells[at]
        for at in np.flatnonzero(is_infinite(values) & ~is_gap).tolist()
        if cells[at].strip() not in gaps
    }
    return as_floats(values), wrong


def as_floats(values: np.ndarray) -> np.ndarray:
    """Numbers as float32, NaN for those that it does not hold.

    >>> as_floats(np.array([0.5, 1e39])).tolist()
    [0.5, nan]
    """
    with np.errstate(over="ignore"):
        floats = values.astype(np.float32)
    floats[~np.isfinite(floats)] = np.nan
    return floats


def floats_of_numbers(values: np.ndarray, na_values: frozenset[str]) -> Floats:
    """Numbers of any type as those of a typed table; NaN is a gap, and what means one is too.

    >>> floats_of_numbers(np.array([1, np.inf, -999]), frozenset({"-999"}))
    (array([ 1., nan, nan], dtype=float32), {1: 'inf'})
    """
    values = values.astype(np.float64)
    named = as_numbers(sorted(na_values))
    named = named[np.isfinite(named)]
    if named.size:
        values[np.isin(values, named)] = np.nan
    wrong = np.flatnonzero(is_infinite(values) & ~np.isnan(values)).tolist()
    return as_floats(values), {at: str(values[at]) for at in wrong}


def texts_of_text(cells: Sequence[str], na_values: frozenset[str]) -> Texts:
    """Texts without the blanks around them, those that are gaps as "".

    >>> texts_of_text([" tea", "tea", "NA"], frozenset({"NA"})).text().tolist()
    ['tea', 'tea', '']
    """
    codes, distinct = numbered(cells)
    return Texts.of_codes(codes, without_gaps(distinct, na_values))


def without_gaps(texts: list[str], na_values: frozenset[str]) -> list[str]:
    """Texts without the blanks around them, those that are gaps as ""."""
    stripped = list(map(str.strip, texts))
    if na_values.isdisjoint(stripped):
        return stripped
    return ["" if text in na_values else text for text in stripped]
