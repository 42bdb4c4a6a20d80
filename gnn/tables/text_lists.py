"""Lists of texts as one text each, which is what a cell of several categories is."""

from __future__ import annotations

from collections.abc import Iterable

# The separator of units of ASCII, which no text has, until one that is read better is chosen.
JOIN = "\x1f"


def joined(parts: Iterable[str | None]) -> str:
    r"""The parts that are no gaps, with `JOIN` between them.

    >>> joined(["red", None, " ", "dark blue"])
    'red\x1fdark blue'
    """
    return JOIN.join(part for part in parts if part and not part.isspace())
