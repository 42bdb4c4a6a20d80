"""What a column holds, guessed by its name and all of its cells, with the reason."""

from __future__ import annotations

import dataclasses
import re
from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from gnn.datasets.columns.cell_kinds import as_date, as_truth, vector_separator
from gnn.datasets.columns.column_names import is_code, is_index, mask_of
from gnn.datasets.columns.gathered_columns import GatheredColumn
from gnn.tables.cells import is_word, quoted
from gnn.tables.schema import SEPARATORS, Column
from gnn.tables.text_lists import JOIN
from gnn.tables.typed_table import Texts

_IMAGES = (".jpg", ".jpeg", ".png", ".bmp", ".gif")
# Of more distinct cells, so many are looked at where each has to be taken apart.
_LOOKED_AT = 2000
_MANY = 20_000
# Codes of goods end in a digit that the others give.
_LENGTHS_OF_CODES = (8, 12, 13, 14)
_LONG = 8
_DECIMAL_COMMA = re.compile(r"[+-]?\d[\d.]*,\d+")


def guess_column(column: GatheredColumn) -> Column:
    """The type of a column, the reason, and the share of its cells that are gaps.

    In this order: no feature by its name; empty; a vector; numbers, of which more than half of the
    cells that are no gaps are; a mask; one text only; truths; dates; paths of images; vectors in
    text; several categories with a separator; few distinct texts, a category; texts of several
    words; codes, of which none occurs twice.

    Args:
      column: the column, all of it.

    Returns:
      The column. A cell that is no number, truth or date in a column of such is a gap then.

    >>> from gnn.tables.cells import TextCells
    >>> def guess(name, *cells):
    ...     column = GatheredColumn(name, None, frozenset())
    ...     column.add(TextCells(cells), len(cells))
    ...     return guess_column(column)
    >>> guess("price", "1.5", "", "on request", "2", "3").reason
    '3 of the 4 cells that are no gaps are numbers'
    >>> guess("in_stock", "true", "FALSE", "").type, guess("brand", "a", "b", "a", "b").type
    ('boolean', 'category')
    >>> guess("tags", "red|small", "red", "small|blue", "blue").separator
    '|'
    """
    if is_index(column.name):
        return Column("ignore", reason="it has no name, or that of an index of pandas")
    if column.is_other:
        return Column("ignore", reason="its cells are neither texts nor numbers nor lists of such")
    if column.lists is not None:
        return _of_lists(column)
    if column.floats is not None:
        return _of_numbers(column)
    texts = column.texts
    gaps = float(texts.gaps.mean()) if column.rows else 0.0
    found = _counted(texts)
    if not found.total:
        return Column("ignore", reason="all of its cells are gaps", gaps=gaps)
    return dataclasses.replace(_of_texts(column.name, found, gaps > 0), gaps=gaps)


def _of_lists(column: GatheredColumn) -> Column:
    assert column.lists is not None
    lengths = Counter(column.lists.lengths[column.lists.lengths > 0].tolist())
    gaps = float(np.mean(column.lists.lengths < 0)) if column.rows else 0.0
    if not lengths:
        return Column("ignore", reason="all of its lists are empty", gaps=gaps)
    if mask_of(column.name):
        return Column("ignore", reason="it holds a mask for each of several splits", gaps=gaps)
    length, count = lengths.most_common(1)[0]
    reason = f"{count:,} of {lengths.total():,} lists have {length} numbers"
    return Column("vector", length=length, reason=reason, gaps=gaps)


def _of_numbers(column: GatheredColumn) -> Column:
    assert column.floats is not None
    values, wrong = column.floats
    numbers = int(np.count_nonzero(~np.isnan(values)))
    gaps = (column.rows - numbers - len(wrong)) / column.rows
    if not wrong and column.sample is not None and _are_codes_of_goods(column.sample):
        return Column("ignore", reason="its numbers are codes of goods, with a check digit")
    reason = _share("numbers", numbers, numbers + len(wrong))
    return Column("number", reason=reason, gaps=gaps)


_MASK = "a mask by its name: it says which nodes are in the split"


class _Counted(NamedTuple):
    """The texts of a column.

    Attributes:
      counts: how often each occurs; of very many some, all of them words.
      total: how many cells are no gaps.
      num_distinct: how many different texts there are.
    """

    counts: Counter[str]
    total: int
    num_distinct: int


def _counted(texts: Texts) -> _Counted:
    """The texts, and how often each occurs.

    Of more than `_MANY` different ones those that occur most and some of the others are looked at.
    A type that more than half of the cells must have is found among these, or nowhere.
    """
    if not texts.is_settled and (sampled := _sampled(texts)):
        return sampled
    counts = np.bincount(texts.codes, minlength=texts.num_values)
    if texts.gap_code >= 0:
        counts[texts.gap_code] = 0
    places = np.flatnonzero(counts)
    total, num_distinct = int(counts.sum()), places.size
    if num_distinct > _MANY:
        most = places[np.argpartition(counts[places], -_LOOKED_AT)[-_LOOKED_AT:]]
        spread = places[:: num_distinct // _LOOKED_AT]
        some = np.union1d(most, spread)
        sample = texts.values_at(some)
        if not any(_has_a_kind(text) for text in sample):
            looked_at = Counter(dict(zip(sample, counts[some].tolist(), strict=True)))
            return _Counted(looked_at, total, num_distinct)
    found = Counter(dict(zip(texts.values_at(places), counts[places].tolist(), strict=True)))
    return _Counted(found, total, num_distinct)


def _sampled(texts: Texts) -> _Counted | None:
    """The same of very many cells that mostly differ; None where each has to be looked at."""
    is_gap = texts.gaps
    gaps = int(np.count_nonzero(is_gap))
    num_distinct = texts.count_distinct() - (gaps > 0)
    if num_distinct <= _MANY:
        return None
    rows = np.flatnonzero(~is_gap)
    sample = texts.cells_at(rows[:: rows.size // _LOOKED_AT])
    if any(_has_a_kind(text) for text in sample):
        return None
    return _Counted(Counter(sample), rows.size, num_distinct)


def _has_a_kind(text: str) -> bool:
    """Whether a text is a truth, a number, a date or the path of an image."""
    return bool(
        as_truth(text) or not is_word(text) or as_date(text) or text.lower().endswith(_IMAGES)
    )


def _of_texts(name: str, found: _Counted, has_gaps: bool) -> Column:
    counts, total, num_distinct = found
    distinct = list(counts)
    if mask := mask_of(name):
        return Column("mask", split=mask, reason=_MASK)
    if any(JOIN in text for text in distinct):
        return Column("multi-category", reason="its cells are lists of texts")
    if is_code(name) and num_distinct == total > 1:
        return Column("ignore", reason="codes by its name, none twice")
    if num_distinct == 1 and not has_gaps:
        return Column("ignore", reason=f"all of its cells are {quoted(distinct[0])}")
    truths = sum(counts[text] for text in distinct if as_truth(text))
    if 20 * truths >= 19 * total and any(as_truth(text) and is_word(text) for text in distinct):
        return Column("boolean", reason=_share("true or false", truths, total))
    numbers = sum(counts[text] for text in distinct if not is_word(text))
    is_name = numbers == total  # Numbers kept as text, since the name says that they are names.
    if 2 * numbers > total and not is_name:
        return Column("number", reason=_share("numbers", numbers, total))
    dates = sum(counts[text] for text in distinct if as_date(text))
    if 2 * dates > total:
        return Column("date", reason=_share("dates", dates, total))
    images = sum(counts[text] for text in distinct if text.lower().endswith(_IMAGES))
    if 2 * images > total:
        return Column("image", reason=_share("paths of images", images, total))
    if num_distinct == 1:
        return Column("category", reason=f"{quoted(distinct[0])}, or a gap")
    looked_at = distinct[:: max(1, len(distinct) // _LOOKED_AT)]
    separator = vector_separator(looked_at)
    if separator is not None:
        what = f"most of its texts are as many numbers each, separated by {separator!r}"
        return Column("vector", separator=separator, reason=what)
    for separator in SEPARATORS:
        if reason := _why_several(looked_at, counts, separator):
            return Column("multi-category", separator=separator, reason=reason)
    return _category_or_text(looked_at, found, is_name)


def _why_several(texts: Sequence[str], counts: Counter[str], separator: str) -> str:
    """Why cells are several categories; "" where they are not."""
    if separator == "," and 20 * sum(map(_is_price, texts)) >= 19 * len(texts):
        return ""
    joined = sum(counts[text] for text in texts if separator in text)
    if 5 * joined < sum(counts[text] for text in texts):
        return ""
    parts = Counter(part.strip() for text in texts for part in text.split(separator))
    parts.pop("", None)
    words = sum(len(part.split()) * count for part, count in parts.items())
    most = 1.0 if separator == "|" else 0.5  # A sentence has commas, too.
    if len(parts) >= most * parts.total() or words > 3 * parts.total():
        return ""
    return (
        f"{len(parts):,} different parts in {parts.total():,} between {separator!r}, in different "
        "cells"
    )


def _category_or_text(texts: Sequence[str], found: _Counted, is_name: bool) -> Column:
    total, distinct = found.total, found.num_distinct
    words = float(np.median([len(text.split()) for text in texts]))
    how_many = f"{distinct:,} different texts in {total:,} cells"
    if 2 * sum(map(_has_decimal_comma, texts)) > len(texts):
        how_many += ", numbers with a decimal comma (write points)"
    if 2 * distinct <= total and words <= _LONG:
        return Column("category", reason=how_many)
    if words >= 2:
        return Column("text", reason=f"{how_many}, most of several words")
    if distinct == total or is_name:
        return Column("ignore", reason=f"{how_many}, of one word each: names or codes")
    return Column("category", reason=f"{how_many}, most of one word")


def _has_decimal_comma(text: str) -> bool:
    return _DECIMAL_COMMA.fullmatch(text) is not None


def _is_price(text: str) -> bool:
    """Whether a text has a decimal comma and two digits after it."""
    return _has_decimal_comma(text) and text[-3] == ","


def _are_codes_of_goods(texts: Texts) -> bool:
    if not _ends_in_a_check(texts.cells_at(np.flatnonzero(~texts.gaps)[:1])[0]):
        return False
    sample = [text for text in texts.values if text]
    return len(sample) > 1 and all(map(_ends_in_a_check, sample))


def _ends_in_a_check(code: str) -> bool:
    """Whether a number has the check digit of GS1: EAN, UPC, GTIN, ISBN of 13 digits."""
    if len(code) not in _LENGTHS_OF_CODES or not (code.isascii() and code.isdigit()):
        return False
    digits = [int(digit) for digit in reversed(code)]
    return (sum(digits[0::2]) + 3 * sum(digits[1::2])) % 10 == 0


def _share(what: str, count: int, total: int) -> str:
    if count == total:
        return f"all of its cells that are no gaps are {what}"
    return f"{count:,} of the {total:,} cells that are no gaps are {what}"
