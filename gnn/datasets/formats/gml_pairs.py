"""The keys and values of GML text, one by one."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from typing import Any, NamedTuple

MAX_DEPTH = 100
_TOKEN = re.compile(
    r"""(?P<blank>[\s\ufeff]+)
    | (?P<comment>\#[^\n]*)
    | (?P<key>[A-Za-z_][\w.-]*)
    | (?P<number>[+-]?(?:\d+\.?\d*|\.\d+)(?:[Ee][+-]?\d+)?|[+-](?i:inf|nan)\b)
    | (?P<text>"[^"]*")
    | (?P<bracket>[\[\]])""",
    re.VERBOSE,
)


class Pair(NamedTuple):
    """A key and its value, or the end of a list.

    Attributes:
      key: the key; None where a list ends.
      value: a text, an integer or a number; None where a list begins or ends.
      line: where the key stands, from 1.
    """

    key: str | None
    value: Any
    line: int


def gml_pairs(text: str, name: str) -> Iterator[Pair]:
    """Reads GML.

    Text in quotes may run over lines; entities of XML, such as `&quot;` and `&#228;`, are the
    characters that they stand for.

    Args:
      text: the file's.
      name: what errors call the file.

    Yields:
      The pairs; a list is a pair without a value, those in it, and an end.

    Raises:
      ValueError: for what is no GML, lists more than 100 deep, or an end that is missing; it names
        the line.

    >>> for pair in gml_pairs('graph [ id 4 label "a&amp;b" ]', "a.gml"):
    ...     print(pair.key, pair.value)
    graph None
    id 4
    label a&b
    None None
    """
    line, depth, at = 1, 0, 0
    key: str | None = None
    while at < len(text):
        found = _TOKEN.match(text, at)
        if found is None:
            shown = text[at : at + 20].partition("\n")[0]
            what = "quotes that are not closed" if shown.startswith('"') else "no GML"
            raise ValueError(f"{name}, line {line}: {what}: {shown!r}")
        kind, token, at = found.lastgroup, found[0], found.end()
        if kind in ("blank", "comment"):
            pass
        elif kind == "key" and (key is None or token.upper() in ("NAN", "INF")):
            if key is None:
                key, key_line = token, line
            else:
                yield Pair(key, float(token), key_line)
                key = None
        elif token == "]" and key is None and depth:
            depth -= 1
            yield Pair(None, None, line)
        elif key is None or token == "]" or kind == "key":
            wanted = "a key" if key is None else f"the value of {key!r}"
            raise ValueError(f"{name}, line {line}: {wanted} must come, got {token[:40]!r}")
        else:
            if token == "[":
                depth += 1
                if depth > MAX_DEPTH:
                    raise ValueError(f"{name}, line {line}: lists are more than {MAX_DEPTH} deep")
            yield Pair(key, _value(token, kind, name, line), key_line)
            key = None
        line += token.count("\n")
    if depth or key is not None:
        raise ValueError(f"{name}, line {line}: the file ends inside of a list or a pair")


def _value(token: str, kind: str | None, name: str, line: int) -> Any:
    if kind == "text":
        return html.unescape(token[1:-1]) if "&" in token else token[1:-1]
    if kind == "bracket":
        return None
    try:
        return int(token)
    except ValueError:
        if len(token) > 400:
            raise ValueError(f"{name}, line {line}: a number of {len(token):,} digits") from None
        return float(token)
