"""One process at a time in a folder that is trained into."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path


@contextlib.contextmanager
def locked_folder(folder: Path) -> Iterator[None]:
    """Makes a folder and keeps other processes out of it, as long as this one lives.

    Raises:
        FileExistsError: another process trains there.

    Example:

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as parent:
    ...     with locked_folder(Path(parent, "run")):
    ...         os.listdir(parent)
    ['run']
    """
    folder.mkdir(parents=True, exist_ok=True)
    try:
        import fcntl
    except ImportError:  # Windows: there it is up to the user.
        yield
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise FileExistsError(
                f"another process is training into {str(folder)!r}; wait for it, or choose another "
                "output"
            ) from error
        # It may have been renamed or removed just before it was locked.
        if not _is_at(descriptor, folder):
            raise FileExistsError(
                f"another process has just trained into {str(folder)!r}; try again"
            )
        yield
    finally:
        os.close(descriptor)


def _is_at(descriptor: int, path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(descriptor), os.stat(path))
    except FileNotFoundError:
        return False
