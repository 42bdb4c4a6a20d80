"""The cells of a column as its type wants them; those that are wrong are gaps, and named."""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from gnn.datasets.columns.cell_kinds import as_date, as_truth, as_vector, vector_separator
from gnn.datasets.columns.gathered_columns import GatheredColumn
from gnn.tables.cells import NO_LIST, Lists, TextCells, quoted, why_no_number
from gnn.tables.schema import SEPARATORS, Column
from gnn.tables.text_lists import JOIN
from gnn.tables.typed_table import Cells, Texts


class TypedCells(NamedTuple):
    """A column.

    Attributes:
      column: what it holds, with its share of gaps; of a vector also the length.
      cells: as `gnn.tables.TypedTable` holds them.
      wrong: row -> what is wrong with its cell, which is a gap.
    """

    column: Column
    cells: Cells
    wrong: dict[int, str]


def typed_cells(file: str, gathered: GatheredColumn, column: Column) -> TypedCells:
    """The cells of a column of a known type.

    Args:
      file: what errors call the table.
      gathered: the column, all of it.
      column: what it holds. Truths become `"true"` and `"false"`, dates ISO 8601.

    Raises:
      ValueError: lists where there should be none, or the other way round; or vectors of which none
        has the length that is wanted.
    """
    name = gathered.name
    if (gathered.lists is not None) > (column.type == "vector"):
        words = {"number": "numbers", "boolean": "truths", "mask": "truths"}
        what = words.get(column.type, "texts")
        raise ValueError(f"{file}: column {name!r} must hold {what}")
    if column.type == "vector":
        return _vectors(file, gathered, column)
    cells: Cells
    if column.type == "number":
        cells, wrong = _numbers(gathered)
        why = {text: why_no_number(name, text) for text in set(wrong.values())}
        reasons = {row: why[text] for row, text in wrong.items()}
    elif column.type in ("boolean", "mask"):
        cells, reasons = _read_as(name, gathered.texts, as_truth, "is neither true nor false")
    elif column.type == "date":
        cells, reasons = _read_as(name, gathered.texts, as_date, "is not a date of ISO 8601")
    elif column.type == "multi-category":
        (column, cells), reasons = _several(column, gathered.texts), {}
    else:
        cells, reasons = gathered.texts, {}
    return TypedCells(_with_gaps(column, cells), cells, reasons)


def _numbers(gathered: GatheredColumn) -> tuple[np.ndarray, dict[int, str]]:
    found = gathered.floats
    if found is not None:
        return found
    texts = gathered.texts
    values, wrong = TextCells(texts.values.tolist()).floats(frozenset())
    is_wrong = np.zeros(texts.values.size, bool)
    is_wrong[list(wrong)] = True
    rows = np.flatnonzero(is_wrong[texts.codes])
    places = texts.codes[rows]
    shown = zip(rows.tolist(), texts.values[places].tolist(), strict=True)
    return values[texts.codes], dict(shown)


def _read_as(
    name: str, texts: Texts, read: Callable[[str], str | None], rule: str
) -> tuple[Texts, dict[int, str]]:
    values = [read(text) if text else "" for text in texts.values.tolist()]
    is_wrong = np.fromiter((value is None for value in values), bool, len(values))
    rows = np.flatnonzero(is_wrong[texts.codes])
    cells = texts.values[texts.codes[rows]].tolist()
    reasons = {
        row: f"{name} {quoted(cell)} {rule}" for row, cell in zip(rows.tolist(), cells, strict=True)
    }
    return Texts.of_codes(texts.codes, [value or "" for value in values]), reasons


def _several(column: Column, texts: Texts) -> tuple[Column, Texts]:
    """Several categories a cell; lists get a separator that is in none of their texts."""
    values = texts.values.tolist()
    if not any(JOIN in text for text in values):
        return column, texts
    free = (each for each in SEPARATORS if not any(each in text for text in values))
    separator = column.separator or next(free, JOIN)
    values = [text.replace(JOIN, separator) for text in values]
    return dataclasses.replace(column, separator=separator), Texts.of_codes(texts.codes, values)


def _vectors(file: str, gathered: GatheredColumn, column: Column) -> TypedCells:
    lists, name = gathered.lists, gathered.name
    texts = None
    if lists is None:
        texts = gathered.texts
        distinct = [text for text in texts.values.tolist() if text]
        separator = column.separator or vector_separator(distinct) or ","
        column = dataclasses.replace(column, separator=separator)
        read = [as_vector(text, separator) for text in texts.values.tolist()]
        sizes = np.array([NO_LIST if v is None else v.size for v in read], np.int64)
        sizes[texts.values == ""] = -1
        vectors = [np.zeros(0) if v is None else v for v in read]
        lists = Lists(sizes, np.concatenate([np.zeros(0), *vectors]))
    counts = Counter(lists.lengths[lists.lengths > 0].tolist())
    length = column.length or (counts.most_common(1)[0][0] if counts else None)
    if length is None or (np.any(lists.lengths != -1) and not counts[length]):
        wanted = "lists of numbers" if column.length is None else f"lists of {length} numbers"
        found = f"; it has lists of {', '.join(map(str, sorted(counts)[:5]))}" if counts else ""
        raise ValueError(f"{file}: column {name!r} must hold {wanted}, as Parquet has{found}")
    fits = lists.lengths == length
    matrix = np.full((lists.lengths.size, length), np.nan, np.float32)
    with np.errstate(over="ignore"):
        taken = lists.values[np.repeat(fits, np.maximum(lists.lengths, 0))]
        matrix[fits] = taken.astype(np.float32).reshape(-1, length)
    odd = fits & ~np.isfinite(matrix).all(axis=1)
    matrix[odd] = np.nan
    reasons = {row: f"{name} holds a number that is missing or not finite" for row in _rows(odd)}
    for row in _rows(~fits & (lists.lengths != -1)):
        size = lists.lengths[row]
        what = f"has length {size}, not {length}" if size >= 0 else "is no vector"
        reasons[row] = f"{name} {what}"
    if texts is not None:
        matrix = matrix[texts.codes]
        places = texts.codes.tolist()
        reasons = {row: reasons[at] for row, at in enumerate(places) if at in reasons}
    column = dataclasses.replace(column, length=length)
    return TypedCells(_with_gaps(column, matrix), matrix, reasons)


def _rows(mask: np.ndarray) -> list[int]:
    return np.flatnonzero(mask).tolist()


def _with_gaps(column: Column, cells: Cells) -> Column:
    if isinstance(cells, Texts):
        gaps = cells.gaps
    else:
        gaps = np.isnan(cells if cells.ndim == 1 else cells[:, 0])
    return dataclasses.replace(column, gaps=float(gaps.mean()) if gaps.size else None)
