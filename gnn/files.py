"""Files and folders that appear under their final name only when they are whole."""

from __future__ import annotations

import contextlib
import ctypes
import os
import re
import shutil
import socket
import tempfile
from collections.abc import Iterator
from pathlib import Path

_AT_FDCWD, _RENAME_EXCHANGE = -100, 2


@contextlib.contextmanager
def whole_file(path: str | os.PathLike[str]) -> Iterator[Path]:
    """Writes a file beside its final place, and renames it when the block ends without an error.

    A process that is killed at any moment leaves the old file, or none. What it was writing has a
    name that starts with a dot; the next `whole_file` or `whole_folder` of that path removes it.

    Args:
        path: the final name. Its folder is made. A file that is there is replaced.

    Yields:
        The path to write to, with the same suffixes.

    Raises:
        IsADirectoryError: `path` is a folder.
        OSError: the folder cannot be written, or the disk is full; the old file is left as it was.

    Example:

    >>> with tempfile.TemporaryDirectory() as folder:
    ...     with whole_file(Path(folder) / "a.txt") as partial:
    ...         _ = partial.write_text("whole")
    ...     (Path(folder) / "a.txt").read_text()
    'whole'
    """
    path = Path(path)
    if path.is_dir():
        raise IsADirectoryError(f"cannot write the file {str(path)!r}: it is a folder")
    with _partial(path) as folder:
        partial = folder / path.name
        yield partial
        _flush(partial)
        os.replace(partial, path)
        _flush(path.parent)


@contextlib.contextmanager
def whole_folder(path: str | os.PathLike[str], *, overwrite: bool = False) -> Iterator[Path]:
    """Writes a folder beside its final place, and renames it when the block ends without an error.

    As `whole_file`, for folders. An older folder is replaced in one step where the system can
    (Linux), else in two, between which it is put aside under a name that starts with a dot. Of a
    link, the folder that it leads to is written.

    Args:
        path: the final name.
        overwrite: whether a folder that is there is replaced.

    Yields:
        An empty folder to write to.

    Raises:
        FileExistsError: there is such a file, or a folder and `overwrite` is False, also one that
            appears meanwhile.
        OSError: as in `whole_file`.
    """
    path = Path(path)
    if path.exists() and not path.is_dir():
        raise FileExistsError(f"cannot write the folder {str(path)!r}: it is a file")
    if path.exists() and not overwrite:
        raise FileExistsError(f"cannot write the folder {str(path)!r}: it exists already")
    path = path.resolve()
    with _partial(path) as folder:
        partial = folder / path.name
        partial.mkdir()
        yield partial
        for found in partial.rglob("*"):
            if found.is_file():
                _flush(found)
        if path.exists() and not overwrite:
            raise FileExistsError(
                f"cannot write the folder {str(path)!r}: another process has written it meanwhile"
            )
        _put_folder(partial, path, aside=folder / "old")
        _flush(path.parent)


def put_folder(partial: str | os.PathLike[str], path: str | os.PathLike[str]) -> None:
    """Gives a finished folder its final name, in place of an older one if there is one.

    Args:
        partial: a folder on the same file system.
        path: the final name.

    Raises:
        OSError: the folder cannot be renamed; both are left as they were.
    """
    with _partial(Path(path)) as folder:
        _put_folder(Path(partial), Path(path), aside=folder / "old")


def _put_folder(partial: Path, path: Path, aside: Path) -> None:
    if not path.exists():
        os.replace(partial, path)
    elif _exchange(partial, path):
        # `partial` is the old folder now, or a link to one, which is not ours to remove.
        if partial.is_symlink():
            partial.unlink()
        else:
            shutil.rmtree(partial)
    else:
        try:
            os.replace(path, aside)
            os.replace(partial, path)
        except BaseException:  # An interrupt too: what is aside would be removed.
            if aside.exists() and not path.exists():
                os.replace(aside, path)
            raise


def _exchange(one: Path, other: Path) -> bool:
    """Swaps two names in one step; False where the system cannot."""
    try:
        renameat2 = ctypes.CDLL(None, use_errno=True).renameat2
    except (AttributeError, OSError, TypeError):
        return False
    names = (os.fsencode(one), os.fsencode(other))
    return renameat2(_AT_FDCWD, names[0], _AT_FDCWD, names[1], _RENAME_EXCHANGE) == 0


@contextlib.contextmanager
def _partial(path: Path) -> Iterator[Path]:
    """A folder of this process beside `path`; it goes at the end, as do those of dead processes."""
    path.parent.mkdir(parents=True, exist_ok=True)
    own = f".{path.name}.partial-{socket.gethostname()}-"
    for left in path.parent.glob(f"{_escaped(own)}*"):
        # The name of another host may begin like this one's.
        pid = re.match(r"(\d+)-[^-]*$", left.name[len(own) :])
        if pid and not _is_alive(pid[1]):
            if (left / "old").exists() and not path.exists():
                os.replace(left / "old", path)
            shutil.rmtree(left, ignore_errors=True)
    folder = Path(tempfile.mkdtemp(prefix=f"{own}{os.getpid()}-", dir=path.parent))
    try:
        os.chmod(folder, 0o777 & ~_umask())
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _escaped(name: str) -> str:
    return "".join(f"[{letter}]" if letter in "*?[" else letter for letter in name)


def _is_alive(pid: str) -> bool:
    try:
        os.kill(int(pid), 0)
    except ProcessLookupError:
        return False
    except (OverflowError, OSError):
        return True  # Not ours to judge.
    return True


def _flush(path: Path) -> None:
    """Waits until the disk has it, so that no rename is kept of what is not."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
