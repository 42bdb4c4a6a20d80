"""JSON within limits."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from gnn.datasets.formats.bounded_text import MAX_BYTES, read_text

MAX_DEPTH = 100
_TOKEN = re.compile(r'"[^"\\]*(?:\\.[^"\\]*)*"|[\[\]{}]', re.DOTALL)


def read_json(path: Path, max_bytes: int = MAX_BYTES) -> Any:
    """Reads a JSON file.

    How deep it is nested is looked at before a parser sees it.

    Args:
      path: the file; one that ends in `.gz` is decompressed.
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
    depth = 0
    for found in _TOKEN.finditer(text):
        depth += {"[": 1, "{": 1, "]": -1, "}": -1}.get(found[0], 0)
        if depth > MAX_DEPTH:
            line = text.count("\n", 0, found.start()) + 1
            raise ValueError(f"{path.name}, line {line}: nested more than {MAX_DEPTH} deep")
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        raise ValueError(
            f"{path.name}, line {error.lineno}: not whole JSON: {error.msg}"
        ) from error
    except ValueError as error:  # A number of more digits than Python reads.
        raise ValueError(f"{path.name}: {error}") from error
