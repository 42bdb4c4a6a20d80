"""What a file or a folder shows without being read."""

from __future__ import annotations

import lzma
from collections.abc import Callable
from pathlib import Path
from typing import IO

from gnn.datasets.formats.bounded_text import OPENERS
from gnn.datasets.formats.file_format import Sample

_HEAD = 4096
_NAMES = 10_000
_COMPRESSED = (*OPENERS, ".zst")


def sample_of(path: Path) -> Sample:
    """Looks at the first bytes of a file, or at the names in a folder.

    Args:
      path: what is there.

    Raises:
      FileNotFoundError: if nothing is.
      ValueError: for a folder of more than 10,000 files, which is none of any format.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder) / "mini.NET"
    ...     _ = path.write_text("*Vertices 1")
    ...     sample_of(path).suffix, sample_of(path).head, sample_of(path.parent).names
    ('.net', '*Vertices 1', ('mini.NET',))
    """
    if path.is_dir():
        names = []
        for entry in path.iterdir():
            names.append(entry.name)
            if len(names) > _NAMES:
                raise ValueError(f"the folder {str(path)!r} has more than {_NAMES:,} files")
        return Sample(path, "", "", b"", tuple(sorted(names)))
    if not path.exists():
        raise FileNotFoundError(f"no file or folder {str(path)!r}")
    last = path.suffix.lower()
    suffix = Path(path.stem).suffix.lower() if last in _COMPRESSED else last
    head = _first_bytes(path, last)
    return Sample(path, suffix, head.decode("utf-8-sig", "replace"), head, ())


def _first_bytes(path: Path, suffix: str) -> bytes:
    opener: Callable[..., IO[bytes]] = OPENERS.get(suffix, open)
    try:
        with opener(path, "rb") as file:
            return file.read(_HEAD)
    except (OSError, EOFError, lzma.LZMAError, ValueError):
        return b""  # Whoever reads it says what is wrong with it.
