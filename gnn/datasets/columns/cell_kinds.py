"""What a text says where a truth, a date or a vector is wanted."""

from __future__ import annotations

import datetime
import re
from collections.abc import Sequence

import numpy as np

from gnn.tables.cells import is_word
from gnn.tables.truths import NO, YES

_TRUTHS = {**dict.fromkeys(YES, "true"), **dict.fromkeys(NO, "false")}
_SLASHES = re.compile(r"(\d{4})/(\d{1,2})/(\d{1,2})(?!\d)")
_DASHES = re.compile(r"\d{4}-\d{2}-\d{2}")
_BRACKETS = {"[": "]", "(": ")"}
_SEPARATORS = (",", ";", " ", "|")


def as_truth(text: str) -> str | None:
    """`"true"` or `"false"`, however it is written; None for another text.

    >>> as_truth("Yes"), as_truth("0"), as_truth("maybe")
    ('true', 'false', None)
    """
    return _TRUTHS.get(text.lower())


def as_date(text: str) -> str | None:
    """A date, or a date and a time, in ISO 8601; None for another text.

    >>> as_date("2024/1/31"), as_date("2024-01-31 10:30:00"), as_date("2024-02-30")
    ('2024-01-31', '2024-01-31 10:30:00', None)
    """
    match = _SLASHES.match(text)
    if match:
        year, month, day = match.groups()
        text = f"{year}-{month:0>2}-{day:0>2}{text[match.end() :]}"
    if not _DASHES.match(text) or text[10:11] not in ("", "T", " "):
        return None
    try:
        datetime.datetime.fromisoformat(text)
    except ValueError:
        return None
    return text


def vector_separator(texts: Sequence[str]) -> str | None:
    """What separates the numbers of vectors in texts; None where most are no vectors of one length.

    Two numbers with a comma and no brackets are none: `1,5` is one number in much of the world.

    >>> vector_separator(["[0.1 0.2]", "[0.3 0.4]"]), vector_separator(["0.1,0.2", "3,4"])
    (' ', None)
    """
    for separator in _SEPARATORS if texts else ():
        if 2 * sum(separator in text for text in texts) <= len(texts):
            continue
        lengths = [
            0 if vector is None else vector.size
            for vector in (as_vector(text, separator) for text in texts)
        ]
        length = max(set(lengths), key=lengths.count)
        plain = separator == "," and not any(text[0] in _BRACKETS for text in texts)
        if length > 1 + plain and 2 * lengths.count(length) > len(texts):
            return separator
    return None


def as_vector(text: str, separator: str) -> np.ndarray | None:
    """The numbers of a vector in a text, float32; None where it is no vector.

    >>> as_vector("[0.5, 2]", ",").tolist(), as_vector("0.5;x", ";")
    ([0.5, 2.0], None)
    """
    if _BRACKETS.get(text[:1]) == text[-1:]:
        text = text[1:-1]
    parts = text.split() if separator == " " else [part.strip() for part in text.split(separator)]
    if not all(parts) or any(map(is_word, parts)):
        return None
    with np.errstate(over="ignore"):
        values = np.array(parts, np.float64).astype(np.float32)
    return values if np.isfinite(values).all() else None
