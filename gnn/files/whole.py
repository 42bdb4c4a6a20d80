"""Files and folders that appear under their final name only when they are whole."""

from __future__ import annotations

import contextlib
import ctypes
import errno
import os
from collections.abc import Iterator
from pathlib import Path

from gnn.files.links import followed
from gnn.files.manifest import MANIFEST, Manifest, listing
from gnn.files.ownership import (
    check_replaceable,
    is_empty,
    is_free,
    remove_listed,
    why_not_ours,
)
from gnn.files.temporary import holds_older, new_in, old_in, temporary

_AT_FDCWD, _RENAME_EXCHANGE = -100, 2


@contextlib.contextmanager
def whole_file(path: str | os.PathLike[str], *, overwrite: bool = False) -> Iterator[Path]:
    """Writes a file beside its final place, and renames it when the block ends without an error.

    A process that is killed at any moment leaves the old file, or none. What it was writing lies in
    a folder whose name starts with a dot; the next `whole_file` or `whole_folder` of that path
    removes it. Of a link, the file that it leads to is written.

    Args:
        path: the final name. Its folder is made.
        overwrite: whether a file that is there is replaced.

    Yields:
        The path to write to, with the same suffixes.

    Raises:
        FileExistsError: as `check_file`, also where a file has appeared meanwhile.
        IsADirectoryError: `path` is a folder.
        OSError: the folder cannot be written, or the disk is full; the old file is left as it was.

    Example:

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     with whole_file(Path(folder) / "a.txt") as partial:
    ...         _ = partial.write_text("whole")
    ...     (Path(folder) / "a.txt").read_text()
    'whole'
    """
    check_file(path, overwrite=overwrite)
    end = followed(path)
    with temporary(end) as folder:
        partial = new_in(folder, end)
        yield partial
        _flush(partial)
        if overwrite:
            check_file(path, overwrite=True)
            os.replace(partial, end)
        else:
            _give_new_name(partial, end)
        _flush(end.parent)


def check_file(path: str | os.PathLike[str], *, overwrite: bool) -> None:
    """Raises unless a file may be written under this name, before any work is done for it.

    Raises:
        FileExistsError: there is such a file and `overwrite` is False, or something that is no
            regular file, as a device.
        IsADirectoryError: it is a folder.

    Example:

    >>> check_file("no such file", overwrite=False)
    """
    end = followed(path)
    if end.is_dir():
        raise IsADirectoryError(f"cannot write the file {str(path)!r}: it is a folder")
    if os.path.lexists(end) and not end.is_file():
        raise FileExistsError(f"cannot write the file {str(path)!r}: it is no regular file")
    if end.exists() and not overwrite:
        raise FileExistsError(
            f"cannot write the file {str(path)!r}: it exists already; overwrite replaces it"
        )


def _give_new_name(partial: Path, path: Path) -> None:
    """Renames a file, and raises FileExistsError where another has that name."""
    try:
        os.link(partial, path)
    except FileExistsError:
        raise FileExistsError(
            f"cannot write the file {str(path)!r}: another process has written it meanwhile"
        ) from None
    except OSError:  # A file system without hard links.
        check_file(path, overwrite=False)
        os.replace(partial, path)


@contextlib.contextmanager
def whole_folder(
    path: str | os.PathLike[str], kind: str, *, overwrite: bool = False
) -> Iterator[Path]:
    """Writes a folder beside its final place, and renames it when the block ends without an error.

    As `whole_file`, for folders. The folder gets a manifest of the files in it, by which it may be
    replaced later. An older folder is replaced in one step where the system can (Linux), else in
    two, between which it is put aside under a name that starts with a dot. Of a link, the folder
    that it leads to is written.

    Args:
        path: the final name.
        kind: what the folder is, for the manifest.
        overwrite: whether an older folder of that kind is replaced.

    Yields:
        An empty folder to write to.

    Raises:
        FileExistsError: as `check_replaceable`, also where a folder has appeared meanwhile, or
            something in the one to replace: that is left as it is.
        OSError: as in `whole_file`.
    """
    check_replaceable(path, kind, overwrite=overwrite)
    end = followed(path)
    with temporary(end) as folder:
        partial = new_in(folder, end)
        partial.mkdir()
        yield partial
        manifest = Manifest(kind, frozenset(listing(partial)))
        (partial / MANIFEST).write_text(manifest.to_json(), encoding="utf-8")
        for found in partial.rglob("*"):
            if found.is_file():
                _flush(found)
        if not overwrite and end.is_dir() and not is_empty(end):
            raise FileExistsError(
                f"cannot write the folder {str(path)!r}: another process has written it meanwhile"
            )
        _put(partial, end, kind, overwrite, folder)


def put_folder(partial: Path, path: Path, kind: str, *, overwrite: bool) -> None:
    """Gives a finished folder, with its manifest, its final name.

    An older one gets the name `partial` for a moment; a process that is killed then leaves it
    there.

    Args:
        partial: a folder on the same file system.
        path: the final name.
        kind: what both are.
        overwrite: whether an older folder is replaced.

    Raises:
        FileExistsError: as `check_replaceable`; both are left as they were.
        OSError: the folder cannot be renamed; both are left as they were.
    """
    end = followed(path)
    with temporary(end) as folder:
        _put(partial, end, kind, overwrite, folder)


def _put(partial: Path, path: Path, kind: str, overwrite: bool, folder: Path) -> None:
    """Gives `partial` its name; what has it now is left in `folder`, which goes by manifests."""
    check_replaceable(path, kind, overwrite=overwrite)
    holds_older(folder, kind)
    if not os.path.lexists(path) or is_empty(path):
        _give_empty_name(partial, path)
    else:
        older = _swap(partial, path, old_in(folder))
        # Between the check and the exchange somebody may have added something.
        problem = None if is_empty(older) else why_not_ours(older, kind)
        if problem is not None:
            _swap_back(partial, path, older)
            raise FileExistsError(f"cannot replace the folder {str(path)!r}: {problem}")
        if folder not in older.parents:
            os.replace(older, new_in(folder, path))
    _flush(path.parent)


def _give_empty_name(partial: Path, path: Path) -> None:
    """Renames a folder, and raises FileExistsError where something has that name meanwhile."""
    try:
        os.replace(partial, path)
    except OSError as error:
        if error.errno not in (errno.EEXIST, errno.ENOTEMPTY, errno.ENOTDIR):
            raise
        raise FileExistsError(
            f"cannot write the folder {str(path)!r}: another process has written it meanwhile"
        ) from error


def _swap(partial: Path, path: Path, aside: Path) -> Path:
    """Gives `partial` the name of an older folder, and says where that is now."""
    if _exchange(partial, path):
        return partial
    try:
        os.replace(path, aside)
        os.replace(partial, path)
    except BaseException:  # An interrupt too: what is aside would be removed.
        if aside.exists() and not path.exists():
            os.replace(aside, path)
        raise
    return aside


def _swap_back(partial: Path, path: Path, older: Path) -> None:
    if older == partial:
        _exchange(partial, path)
    else:
        os.replace(path, partial)
        os.replace(older, path)


def _exchange(one: Path, other: Path) -> bool:
    """Swaps two names in one step; False where the system cannot."""
    try:
        renameat2 = ctypes.CDLL(None, use_errno=True).renameat2
    except (AttributeError, OSError, TypeError):
        return False
    names = (os.fsencode(one), os.fsencode(other))
    return renameat2(_AT_FDCWD, names[0], _AT_FDCWD, names[1], _RENAME_EXCHANGE) == 0


def remove_folder(path: Path, kind: str) -> bool:
    """Removes a folder of ours; under its name it is whole or gone.

    Args:
        path: its name.
        kind: what it must be.

    Returns:
        Whether it is gone: one that is not ours, or holds something that is not, stays.
    """
    if path.is_symlink() or not path.is_dir() or why_not_ours(path, kind) is not None:
        return not os.path.lexists(path)
    with temporary(path) as folder:
        holds_older(folder, kind)
        os.replace(path, new_in(folder, path))
    return True


def clear_folder(folder: Path, kind: str) -> None:
    """Removes all that is in a folder of ours but its manifest; its name stays.

    Raises:
        FileExistsError: it is not ours, or holds something that is not; it is left as it is.
    """
    problem = None if is_free(folder) else why_not_ours(folder, kind)
    if problem is not None:
        raise FileExistsError(f"cannot clear the folder {str(folder)!r}: {problem}")
    remove_listed(folder, keeps_folder=True)


def write_manifest(folder: Path, manifest: Manifest) -> None:
    """Writes the manifest of a folder that has its final name, in place of an older one."""
    with whole_file(folder / MANIFEST, overwrite=True) as partial:
        partial.write_text(manifest.to_json(), encoding="utf-8")


def _flush(path: Path) -> None:
    """Waits until the disk has it, so that no rename is kept of what is not."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
