"""Which files may be opened: regular ones, of a bounded size."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator

MOST_BYTES = 2**28
_PIECE = 2**20


def readable(path: str) -> bool:
    """Whether a path leads to a regular file that is not too large.

    Example:

    >>> readable("/dev/null"), readable("")
    (False, False)
    """
    return why_unreadable(path) is None


def why_unreadable(path: str) -> str | None:
    """Why a file is not opened; None where it is.

    Example:

    >>> why_unreadable("/dev/null")
    'it is no regular file'
    """
    try:
        found = os.stat(path)
    except FileNotFoundError:
        return "there is no such file"
    except (OSError, ValueError) as error:
        return f"it cannot be opened: {error}"
    if not stat.S_ISREG(found.st_mode):
        return "it is no regular file"
    if found.st_size > MOST_BYTES:
        return f"it has {found.st_size:,} bytes, and at most {MOST_BYTES:,} are read"
    return None if os.access(path, os.R_OK) else "it may not be read"


def pieces_of(path: str) -> Iterator[bytes]:
    """The length of a file and its bytes, some at a time; of one that is not opened a mark.

    Example:

    >>> list(pieces_of("/nowhere"))
    [b'none']
    """
    if not readable(path):
        yield b"none"
        return
    with open(path, "rb") as file:
        yield f"{os.fstat(file.fileno()).st_size}:".encode()
        while piece := file.read(_PIECE):
            yield piece
