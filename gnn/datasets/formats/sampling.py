"""What a file or a folder shows without being read."""

from __future__ import annotations

from pathlib import Path

from gnn.datasets.formats.file_format import Sample
from gnn.tables.text_files import open_bytes, suffix_of

_HEAD = 4096
_NAMES = 10_000


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
    head = _first_bytes(path)
    return Sample(path, suffix_of(path), head.decode("utf-8-sig", "replace"), head, ())


def _first_bytes(path: Path) -> bytes:
    try:
        with open_bytes(path, path.name) as file:
            return file.read(_HEAD)
    except (OSError, ImportError, ValueError):
        return b""  # Whoever reads it says what is wrong with it.
