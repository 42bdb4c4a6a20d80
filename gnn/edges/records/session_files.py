"""Logs in files: a path, a pattern, or a list of these."""

from __future__ import annotations

import glob
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from gnn.edges.records.log_files import is_log_file


def are_files(sessions: Any) -> bool:
    """Whether sessions are given by files: a path or pattern, or a list of such.

    A text in a list names a file only if it ends as one does: sessions must be no texts.

    >>> are_files("clicks-*.csv"), are_files(["a.csv", "b.csv"]), are_files(["cat"])
    (True, True, False)
    """
    if isinstance(sessions, (str, os.PathLike)):
        return True
    if not isinstance(sessions, (list, tuple)) or not sessions:
        return False
    return all(
        isinstance(path, os.PathLike) or (isinstance(path, str) and is_log_file(Path(path)))
        for path in sessions
    )


def files_of(sessions: Any) -> list[Path]:
    """The files, those of a pattern in the order of their names; each is read once.

    Args:
      sessions: as in `are_files`.

    Raises:
      FileNotFoundError: there is no such file, or none that matches a pattern.
      IsADirectoryError: it is a folder.

    >>> files_of("nowhere/*.parquet")
    Traceback (most recent call last):
    ...
    FileNotFoundError: sessions: no file matches 'nowhere/*.parquet'
    """
    given = [sessions] if isinstance(sessions, (str, os.PathLike)) else sessions
    return list(dict.fromkeys(path for pattern in given for path in _matching(os.fspath(pattern))))


def _matching(pattern: str) -> Iterator[Path]:
    if os.path.isdir(pattern):
        raise IsADirectoryError(
            f"sessions must be files, got the folder {pattern!r}; "
            f"a pattern such as {os.path.join(pattern, '*.parquet')!r} takes the files in it"
        )
    if os.path.exists(pattern):  # Also one whose name has a bracket.
        yield Path(pattern)
        return
    if not glob.has_magic(pattern):
        raise FileNotFoundError(f"sessions: no file {pattern!r}")
    found = sorted(path for path in glob.glob(pattern, recursive=True) if os.path.isfile(path))
    if not found:
        raise FileNotFoundError(f"sessions: no file matches {pattern!r}")
    yield from map(Path, found)
