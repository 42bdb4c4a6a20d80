"""The folders beside a final place in which a process writes, and what dead processes left."""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

from gnn.files.manifest import MANIFEST, Manifest
from gnn.files.ownership import NEW, OLD, TEMPORARY, UNWRITTEN, is_temporary, remove_temporary
from gnn.files.writers import left_in, prefix_of


@contextlib.contextmanager
def temporary(path: Path) -> Iterator[Path]:
    """A folder of this process beside `path`; it goes at the end, as do those of dead processes.

    Args:
        path: a final name, no link. Its folder is made.

    Yields:
        The folder. What is written to `new_in` of it is ours, whatever it is.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    tidy(path.parent, path.name)
    folder = Path(tempfile.mkdtemp(prefix=prefix_of(path.name), dir=path.parent))
    try:
        _write(folder, Manifest(TEMPORARY, files=frozenset({NEW})))
        (folder / NEW).mkdir()
        os.chmod(folder, 0o777 & ~_umask())
        yield folder
    finally:
        remove_temporary(folder)


def new_in(folder: Path, path: Path) -> Path:
    """What becomes `path`, in a folder of `temporary`."""
    return folder / NEW / path.name


def old_in(folder: Path) -> Path:
    """Where an older folder lies in a folder of `temporary` while the newer one gets its name."""
    return folder / OLD


def holds_older(folder: Path, kind: str) -> None:
    """Notes in a folder of `temporary` that folders in it go by manifests of their own from now on.

    They are older ones of that kind, which may hold what somebody has added in this moment.
    """
    _write(folder, Manifest(TEMPORARY, folders={f"{NEW}/*": kind, OLD: kind}))


def tidy(parent: Path, name: str) -> None:
    """Removes the folders of `temporary` that processes of this machine left that are dead.

    Args:
        parent: where to look.
        name: of the path that they were writing.
    """
    for left in parent.glob(".*.partial-*"):
        target = left_in(left.name)
        if target != name or not is_temporary(left):
            continue
        path = parent / name
        if old_in(left).is_dir() and not os.path.lexists(path):
            with contextlib.suppress(OSError):
                os.replace(old_in(left), path)
        remove_temporary(left)


def remove_temporaries(folder: Path, names: str = "*") -> None:
    """Removes all folders of `temporary` in one that no other process writes to.

    Args:
        folder: where they lie. The caller knows that whoever made them is dead, also on a machine
            of another name.
        names: a pattern of the paths that were being written.
    """
    for left in folder.glob(f".{names}.partial-*"):
        if is_temporary(left):
            remove_temporary(left)


def _write(folder: Path, manifest: Manifest) -> None:
    (folder / UNWRITTEN).write_text(manifest.to_json(), encoding="utf-8")
    os.replace(folder / UNWRITTEN, folder / MANIFEST)


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
