"""JSON within limits."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from gnn.datasets.formats.bounded_text import MAX_BYTES, read_text

MAX_DEPTH = 100
_MARK = re.compile(r'["\[\]{}]')
_STRING = re.compile(r'"[^"\\]*(?:\\.[^"\\]*)*"', re.DOTALL)


def read_json(path: Path, max_bytes: int = MAX_BYTES) -> Any:
    """Reads a JSON file.

    How deep it is nested is looked at before a parser sees it.

    Args:
      path: the file, plain or compressed (`.gz`, `.bz2`, `.xz`, `.zst`).
      max_bytes: as in `read_text`.

    Raises:
      FileNotFoundError: as `read_text`.
      ValueError: as `read_text`; for what is no JSON, or nested more than 100 deep: it names the
        line.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder, "a.json")
    ...     _ = path.write_text('{"nodes": []}')
    ...     read_json(path)
    {'nodes': []}
    """
    text = read_text(path, max_bytes).removeprefix("\ufeff")
    _check_depth(text, path.name)
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        raise ValueError(
            f"{path.name}, line {error.lineno}: not whole JSON: {error.msg}"
        ) from error
    except ValueError as error:  # A number of more digits than Python reads.
        raise ValueError(f"{path.name}: {error}") from error


def _check_depth(text: str, name: str) -> None:
    depth, at = 0, 0
    while mark := _MARK.search(text, at):
        at = mark.end()
        if mark[0] == '"':
            string = _STRING.match(text, mark.start())
            if string is None:
                return  # It does not end, and the parser says so.
            at = string.end()
        else:
            depth += 1 if mark[0] in "[{" else -1
        if depth > MAX_DEPTH:
            line = text.count("\n", 0, at) + 1
            raise ValueError(f"{name}, line {line}: nested more than {MAX_DEPTH} deep")
