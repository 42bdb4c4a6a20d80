"""Text of protocol buffers, as far as a schema needs it: fields, messages, strings, numbers."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from typing import Any

_TOKEN = re.compile(
    r"(?P<blank>\s+|\#[^\n]*)|(?P<string>\"(?:[^\"\\\n]|\\.)*\"|'(?:[^'\\\n]|\\.)*')"
    r"|(?P<word>[\w.+\-/\[\]]+)|(?P<mark>[{}<>:;,])"
)
_LONGEST = 1 << 22
_DEEPEST = 50
_CLOSES = {"{": "}", "<": ">"}

Message = dict[str, list[Any]]


def parse_text_proto(text: str, name: str) -> Message:
    r"""Reads text of a protocol buffer.

    Args:
      text: of a message.
      name: what errors call it.

    Returns:
      Name of a field -> its values in order: messages, or text, as it stands without quotes.

    Raises:
      ValueError: it is no such text, too long, or nested too deeply. The message names the line.

    >>> parse_text_proto('sets { key: "a" size: 2 } # two\nsets { key: "b" }', "x.pbtxt")
    {'sets': [{'key': ['a'], 'size': ['2']}, {'key': ['b']}]}
    """
    if len(text) > _LONGEST:
        raise ValueError(f"{name} must be at most {_LONGEST:,} characters")
    root: Message = {}
    # Of each message that is open: its fields, and what closes it.
    opened: list[tuple[Message, str]] = [(root, "")]
    field: str | None = None
    last = ""
    for kind, token, line in _tokens(text, name):
        message, close = opened[-1]
        if kind == "mark" and token in _CLOSES:
            if field is None:
                raise ValueError(f"{name}, line {line}: {token!r} without the name of a field")
            if len(opened) > _DEEPEST:
                raise ValueError(f"{name}, line {line}: nested more than {_DEEPEST} deep")
            inner: Message = {}
            message.setdefault(field, []).append(inner)
            opened.append((inner, _CLOSES[token]))
            field = None
        elif kind == "mark" and token in ("}", ">"):
            if token != close or field is not None:
                raise ValueError(f"{name}, line {line}: {token!r} closes nothing")
            opened.pop()
        elif kind == "mark":
            if token == ":" and field is None:
                raise ValueError(f"{name}, line {line}: ':' without the name of a field")
        elif field is None and kind == "string" and last == "string":
            values = message[next(reversed(message))]  # Strings side by side are one.
            values[-1] += token
            continue
        elif field is None:
            if kind == "string":
                raise ValueError(f"{name}, line {line}: {token!r} without the name of a field")
            field = token
        else:
            message.setdefault(field, []).append(token)
            field = None
        last = kind
    if len(opened) > 1 or field is not None:
        raise ValueError(f"{name} ends too early")
    return root


def _tokens(text: str, name: str) -> Iterator[tuple[str, str, int]]:
    """Kind, text and line of each token."""
    at, line = 0, 1
    while at < len(text):
        found = _TOKEN.match(text, at)
        if found is None:
            raise ValueError(f"{name}, line {line}: {text[at]!r} is no text of a protocol buffer")
        kind, token = str(found.lastgroup), found.group()
        if kind == "string":
            try:
                token = str(ast.literal_eval(token))
            except (ValueError, SyntaxError) as error:
                raise ValueError(f"{name}, line {line}: {token[:40]} is no string") from error
        if kind != "blank":
            yield kind, token, line
        line += found.group().count("\n")
        at = found.end()
