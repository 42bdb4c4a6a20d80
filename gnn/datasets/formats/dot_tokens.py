"""The words of DOT text, one by one."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

_TOKEN = re.compile(
    r"""(?P<blank>[\s\ufeff]+)
    | (?P<comment>//[^\n]*|/\*.*?\*/|(?<![^\n])\#[^\n]*)
    | (?P<sign>->|--|[{}\[\]=;,:+])
    | (?P<id>[^\W\d]\w*|-?(?:\.\d+|\d+(?:\.\d*)?))
    | (?P<quoted>"[^"\\]*(?:\\.[^"\\]*)*")""",
    re.VERBOSE | re.DOTALL,
)
_HTML = re.compile(r"<!--.*?-->|[<>]|[^<>]+", re.DOTALL)
_MAX_DEPTH = 100


class Word(NamedTuple):
    """A word of DOT.

    Attributes:
      text: without quotes.
      kind: `"id"`, `"quoted"` (no keyword), `"sign"` or `"end"`.
      line: from 1.
    """

    text: str
    kind: str
    line: int


def dot_words(text: str, name: str) -> Iterator[Word]:
    r"""Reads words; comments are skipped, quoted texts that are joined by `+` are one.

    Args:
      text: the file's.
      name: what errors call the file.

    Yields:
      The words; `"end"` is the last.

    Raises:
      ValueError: for what is no DOT, such as quotes that are not closed; it names the line.

    >>> [word.text for word in dot_words('a -> "b \\"c\\"" + "d" // e', "a.dot")]
    ['a', '->', 'b "c"d', '']
    """
    line, at = 1, 0
    # A quoted text, until it is known that no other is added to it.
    parts: list[str] = []
    begun, joining = 0, False
    while at < len(text):
        found = _TOKEN.match(text, at)
        if found is not None:
            kind, token, at = found.lastgroup or "", found[0], found.end()
        elif text[at] == "<":
            kind, token = "html", _html(text, at, name, line)
            at += len(token)
        else:
            shown = text[at : at + 20].partition("\n")[0]
            what = "quotes that are not closed" if shown.startswith('"') else "no DOT"
            raise ValueError(f"{name}, line {line}: {what}: {shown!r}")
        if kind == "quoted":
            if parts and not joining:
                yield Word("".join(parts), "quoted", begun)
                parts = []
            begun = begun if parts else line
            # A backslash at the end of a line joins it to the next.
            inner = token[1:-1].replace("\\\r\n", "").replace("\\\n", "")
            parts.append(inner.replace('\\"', '"'))
            joining = False
        elif token == "+" and parts and not joining:
            joining = True
        elif kind not in ("blank", "comment"):
            if joining or token == "+":
                raise ValueError(f"{name}, line {line}: + must stand between texts in quotes")
            if parts:
                yield Word("".join(parts), "quoted", begun)
                parts = []
            yield Word(token, "quoted" if kind == "html" else kind, line)
        line += token.count("\n")
    if joining:
        raise ValueError(f"{name}, line {line}: + must stand between texts in quotes")
    if parts:
        yield Word("".join(parts), "quoted", begun)
    yield Word("", "end", line)


def _html(text: str, at: int, name: str, line: int) -> str:
    """The text in angle brackets that begins here."""
    depth = 0
    for found in _HTML.finditer(text, at):
        depth += {"<": 1, ">": -1}.get(found[0], 0)
        if not depth:
            return text[at : found.end()]
        if depth > _MAX_DEPTH:
            raise ValueError(f"{name}, line {line}: brackets are more than {_MAX_DEPTH} deep")
    raise ValueError(f"{name}, line {line}: brackets that are not closed")
