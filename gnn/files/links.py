"""Where a symbolic link leads: what is written to a link goes there, and the link stays."""

from __future__ import annotations

import errno
import os
from pathlib import Path


def followed(path: str | os.PathLike[str]) -> Path:
    """The path itself, or where it leads if it is a symbolic link, also one that leads nowhere yet.

    Raises:
        OSError: the links go round in a circle.

    Example:

    >>> followed("no/link").as_posix()
    'no/link'
    """
    path = Path(path)
    if not path.is_symlink() and path.name not in ("", ".."):
        return path
    end = Path(os.path.realpath(path))
    if end.is_symlink():
        raise OSError(errno.ELOOP, f"the link {str(path)!r} leads round in a circle")
    return end
