"""The elements of an XML file one by one, within limits."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple
from xml.parsers import expat

from gnn.datasets.formats.bounded_text import MAX_BYTES, byte_pieces, text_pieces

MAX_DEPTH = 100
# Parsers begin such a piece of text anew whenever more of it comes: its time is its length squared.
LONGEST_TAG = 2**20
_ENCODINGS = ("utf-8", "us-ascii", "iso-8859-1", "iso-8859-15", "windows-1252", "utf-16")
_DECLARED = re.compile(rb"""^\s*<\?xml[^>]*?encoding\s*=\s*["']([\w.-]+)["']""")
# What may stand before the root: blanks, comments, and instructions such as the declaration.
_BEFORE_ROOT = re.compile(r"\s+|<!--.*?-->|<\?.*?\?>", re.DOTALL)
_HEAD = 2**16
_NAMES_KEPT = 1000


class Element(NamedTuple):
    """The begin or the end of an element.

    Attributes:
      name: without its namespace.
      begins: whether it begins here.
      attributes: name, without its namespace -> value; none where it ends.
      text: what stands in it outside of other elements; "" where it begins.
      line: of the file, from 1.
    """

    name: str
    begins: bool
    attributes: Mapping[str, str]
    text: str
    line: int


class _LocalNames(dict[str, str]):
    """Names without their namespaces, made once each: few names occur in millions of places."""

    def __missing__(self, name: str) -> str:
        local = name.rpartition(" ")[2]
        if len(self) < _NAMES_KEPT:
            self[name] = local
        return local


def xml_elements(path: Path, max_bytes: int = MAX_BYTES) -> Iterator[Element]:
    """Reads an XML file, piece by piece.

    A file with a DOCTYPE is refused before a parser sees it: entities can be made to expand without
    end, or name other files, and no format here needs them.

    Args:
      path: the file, plain or compressed (`.gz`, `.bz2`, `.xz`, `.zst`).
      max_bytes: as in `text_pieces`.

    Yields:
      The elements as they begin and end.

    Raises:
      FileNotFoundError: as `text_pieces`.
      ValueError: as `text_pieces`; for a DOCTYPE, an encoding that is not known, elements more than
        100 deep, a tag of more than a mebibyte, and what is not well formed or ends too early: it
        names the line.
    """
    name = path.name
    # What is decoded here is UTF-8 for the parser, whatever the file declares.
    parser = expat.ParserCreate("utf-8", namespace_separator=" ")
    parser.buffer_text = True
    found: list[Element] = []
    texts: list[list[str]] = []
    local = _LocalNames()

    def begin(tag: str, attributes: dict[str, str]) -> None:
        if len(texts) == MAX_DEPTH:
            raise ValueError(
                f"{name}, line {parser.CurrentLineNumber}: elements are more than {MAX_DEPTH} deep"
            )
        texts.append([])
        plain = {local[key]: value for key, value in attributes.items()}
        found.append(Element(local[tag], True, plain, "", parser.CurrentLineNumber))

    def end(tag: str) -> None:
        text = "".join(texts.pop())
        found.append(Element(local[tag], False, {}, text, parser.CurrentLineNumber))

    def data(text: str) -> None:
        texts[-1].append(text)

    parser.StartElementHandler = begin
    parser.EndElementHandler = end
    parser.CharacterDataHandler = data
    try:
        given = 0
        for piece in _without_doctype(path, max_bytes):
            raw = piece.encode()
            given += len(raw)
            parser.Parse(raw, False)
            yield from found
            found.clear()
            if given - parser.CurrentByteIndex > LONGEST_TAG:
                raise ValueError(
                    f"{name}, line {parser.CurrentLineNumber}: a tag or a remark of more than "
                    f"{LONGEST_TAG:,} bytes"
                )
        parser.Parse("", True)
    except expat.ExpatError as error:
        what = expat.errors.messages[error.code]
        raise ValueError(f"{name}, line {error.lineno}: not whole XML: {what}") from error
    yield from found


def xml_root(head: str) -> str:
    """The name of the root element, of the first characters of a file; "" where there is none.

    >>> xml_root('<?xml version="1.0"?><!-- trees --><g:graphml xmlns:g="...">')
    'graphml'
    >>> xml_root('{"nodes": []}')
    ''
    """
    found = re.match(r"<(?:[\w.-]+:)?([A-Za-z_][\w.-]*)", head[_root_at(head) :])
    return found[1] if found else ""


def _root_at(text: str) -> int:
    """Where the first thing stands that is no blank, comment or instruction."""
    at = len(text) - len(text.lstrip("\ufeff"))
    while found := _BEFORE_ROOT.match(text, at):
        at = found.end()
    return at


def _without_doctype(path: Path, max_bytes: int) -> Iterator[str]:
    """The text of a file, once it is sure that what comes first is the root."""
    encoding = _encoding(next(byte_pieces(path, max_bytes), b""), path.name)
    head = ""
    pieces = text_pieces(path, max_bytes, encoding)
    for piece in pieces:
        head += piece
        at = _root_at(head)
        if re.match(r"<[^!?]", head[at : at + 2]):
            yield head
            yield from pieces
            return
        if head.startswith("<!DOCTYPE"[: len(head) - at], at) and len(head) - at >= 9:
            line = head.count("\n", 0, at) + 1
            raise ValueError(
                f"{path.name}, line {line}: a DOCTYPE is refused, since it can make entities "
                "expand without end, or read other files; delete it"
            )
        if len(head) > _HEAD:
            break
    raise ValueError(f"{path.name} is not XML: no element in its first {len(head):,} characters")


def _encoding(head: bytes, name: str) -> str:
    """The encoding that a file declares; "" where it declares none."""
    declared = _DECLARED.match(head.removeprefix(b"\xef\xbb\xbf"))
    encoding = declared[1].decode("ascii").lower() if declared else ""
    if encoding and encoding not in _ENCODINGS:
        raise ValueError(
            f"{name}, line 1: the encoding must be one of {list(_ENCODINGS)}, got {encoding!r}"
        )
    return "" if encoding == "utf-8" else encoding
