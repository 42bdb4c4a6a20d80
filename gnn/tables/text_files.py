"""Text files in UTF-8, plain or compressed by gzip; what is wrong with one names it."""

from __future__ import annotations

import contextlib
import gzip
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import IO, TextIO, cast

GZIP = ".gz"


def suffix_of(path: Path) -> str:
    """The last suffix in lower case, where that of gzip does not count.

    >>> suffix_of(Path("clicks.CSV.gz")), suffix_of(Path("clicks"))
    ('.csv', '')
    """
    return Path(path.stem if path.suffix.lower() == GZIP else path.name).suffix.lower()


@contextlib.contextmanager
def open_text(path: Path, name: str) -> Iterator[TextIO]:
    """The file as text of which each line keeps its end.

    Args:
      path: the file; one that ends in `.gz` is decompressed.
      name: what errors call it.

    Raises:
      ValueError: in the block, for what is not UTF-8 (it names the line), and for a compressed file
        that is damaged or ends too early.
    """
    try:
        with cast(
            TextIO,
            gzip.open(path, "rt", encoding="utf-8-sig", newline="")
            if path.suffix.lower() == GZIP
            else open(path, encoding="utf-8-sig", newline=""),
        ) as file:
            yield file
    except UnicodeDecodeError as error:
        line = _undecodable_line(path)
        raise ValueError(f"{name}, line {line}: not UTF-8 ({error.reason})") from error
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise ValueError(f"{name} is not a whole gzip file: {error}") from error


def _open_bytes(path: Path) -> IO[bytes]:
    return cast(IO[bytes], (gzip.open if path.suffix.lower() == GZIP else open)(path, "rb"))


def _undecodable_line(path: Path) -> int:
    """The first line that is not UTF-8, counted as `csv` does: a bare CR ends a line too."""
    number = 0
    with _open_bytes(path) as file:
        for piece in file:
            for line in piece.splitlines():
                number += 1
                try:
                    line.decode("utf-8")
                except UnicodeDecodeError:
                    return number
    return number
