"""Whether a folder is ours to replace: nothing but what our manifests list is ever removed."""

from __future__ import annotations

import contextlib
import os
import shlex
import shutil
from pathlib import Path

from gnn.files.links import followed
from gnn.files.manifest import MANIFEST, Manifest, read_manifest
from gnn.files.writers import left_in, looks_temporary

TEMPORARY = "temporary"
# In a temporary folder: where is written, and where an older folder is put aside.
NEW, OLD = "new", "old"
# What its manifest is called until it is written.
UNWRITTEN = f"{MANIFEST}.new"
_SHOWN = 3


def check_replaceable(path: str | os.PathLike[str], kind: str, *, overwrite: bool) -> None:
    """Raises unless a folder of this kind may take this name, in place of what is there.

    It may where there is nothing, or an empty folder; with `overwrite` also in place of a folder
    whose manifest is ours and of this kind, and that holds nothing but what the manifest lists. Of
    a link, the folder that it leads to counts.

    Args:
        path: the name.
        kind: of the folder that is to be written.
        overwrite: whether an older one may be replaced.

    Raises:
        FileExistsError: as said; what was found is named.

    Example:

    >>> check_replaceable("no such folder", "graph", overwrite=False)
    """
    end, shown = followed(path), repr(str(path))
    if not os.path.lexists(end):
        return
    if not end.is_dir():
        raise FileExistsError(f"cannot write the folder {shown}: it is a file")
    if os.path.ismount(end):
        raise FileExistsError(
            f"cannot write the folder {shown}: it is a mount point, which cannot be replaced; "
            "choose a folder in it"
        )
    if _is_worked_in(end):
        raise FileExistsError(
            f"cannot write the folder {shown}: this process works in it, so it cannot be replaced; "
            "choose a folder in it"
        )
    if is_empty(end):
        return
    if not overwrite:
        raise FileExistsError(f"cannot write the folder {shown}: it exists already")
    problem = why_not_ours(end, kind)
    if problem is not None:
        raise FileExistsError(f"cannot replace the folder {shown}: {problem}")


def _is_worked_in(folder: Path) -> bool:
    try:
        here = Path.cwd()
    except FileNotFoundError:
        return False
    return folder.resolve() in (here, *here.parents)


def is_empty(folder: Path) -> bool:
    """Whether there is nothing at all in a folder, dot files included."""
    with os.scandir(folder) as found:
        return next(found, None) is None


def is_free(folder: Path) -> bool:
    """Whether a folder holds nothing, or what a process of ours left that was killed in it."""
    return all(is_temporary(found) for found in folder.iterdir())


def why_not_ours(folder: Path, kind: str) -> str | None:
    """Why a folder may not be removed as one of ours, a sentence; None where it may.

    Args:
        folder: one that is there.
        kind: what it must be.
    """
    try:
        manifest = read_manifest(folder)
    except ValueError as error:
        return f"its {MANIFEST} {error}"
    if manifest is None:
        return (
            f"it has no {MANIFEST}, so it is not known to be ours; it holds "
            f"{_some(sorted(os.listdir(folder)))}. Choose another path; where an older gnn wrote "
            f"it, `gnn adopt {shlex.quote(str(folder))}` lists its files as ours"
        )
    if manifest.kind != kind:
        return f"it is of the kind {manifest.kind!r}, and a folder of the kind {kind!r} is written"
    strange = strangers(folder, manifest)
    if strange:
        return (
            f"it holds {_some(strange)}, which gnn did not write there. Move that elsewhere, or "
            "choose another path"
        )
    return None


def strangers(folder: Path, manifest: Manifest) -> list[str]:
    """What a folder holds that neither its manifest lists nor those of the folders in it.

    Links are strangers, so is a folder where a file is listed, or the other way around, and so is
    what a living process is writing there. What a dead one left of ours is none.
    """
    return _sweep(folder, manifest, removes=False)


def remove_listed(folder: Path, *, keeps_folder: bool = False) -> None:
    """Removes what the manifest of a folder lists, and the folder if that has made it empty.

    What cannot be removed stays, with the manifest.

    Args:
        folder: one with a manifest.
        keeps_folder: whether folder and manifest stay.

    Raises:
        ValueError: the manifest cannot be read.
    """
    manifest = read_manifest(folder)
    if manifest is None:
        return
    if manifest.kind == TEMPORARY:
        remove_temporary(folder)
        return
    strange = _sweep(folder, manifest, removes=True)
    if strange or keeps_folder or set(os.listdir(folder)) != {MANIFEST}:
        return
    with contextlib.suppress(OSError):
        (folder / MANIFEST).unlink()
        folder.rmdir()


def is_temporary(folder: Path) -> bool:
    """Whether a process of ours has made this folder to write in beside a final place."""
    if not looks_temporary(folder.name) or folder.is_symlink() or not folder.is_dir():
        return False
    with contextlib.suppress(ValueError):
        manifest = read_manifest(folder)
        if manifest is None:  # Its process was killed as it made it.
            return set(os.listdir(folder)) <= {UNWRITTEN}
        return manifest.kind == TEMPORARY
    return False


def remove_temporary(folder: Path) -> None:
    """Removes a folder of `is_temporary`, as far as it is ours.

    What was being written lies in `NEW`, and is ours from top to bottom where the manifest lists
    that. Else it is a folder that goes by its own manifest, as does one that was put aside.
    """
    with contextlib.suppress(OSError, ValueError):
        manifest = read_manifest(folder)
        if set(os.listdir(folder)) - {MANIFEST, UNWRITTEN, NEW, OLD}:
            return
        if manifest is not None and (folder / NEW).is_dir():
            if NEW in manifest.files:
                shutil.rmtree(folder / NEW)
            else:
                for older in [*(folder / NEW).glob("*"), folder / OLD]:
                    _remove_inner(older, _manifest_of(older, manifest.folders.get(OLD)))
                (folder / NEW).rmdir()
        for name in (UNWRITTEN, MANIFEST):
            (folder / name).unlink(missing_ok=True)
        folder.rmdir()


def _sweep(folder: Path, manifest: Manifest, *, removes: bool, at: str = "") -> list[str]:
    """Names what is not ours; with `removes`, removes what is."""
    strange = []
    with os.scandir(folder / at) as found:
        entries = sorted(found, key=lambda entry: entry.name)
    for entry in entries:
        name, path = f"{at}{entry.name}", Path(entry.path)
        if name == MANIFEST:
            continue
        if entry.is_file(follow_symlinks=False) and name in manifest.files:
            if removes:
                with contextlib.suppress(OSError):
                    path.unlink()
        elif not entry.is_dir(follow_symlinks=False):
            strange.append(name)
        elif (kind := manifest.kind_of(name)) is not None:
            inner = _manifest_of(path, kind)
            if inner is None:
                strange += [] if is_empty(path) else [f"{name}/"]
            else:
                strange += [f"{name}/{other}" for other in strangers(path, inner)]
            if removes:
                _remove_inner(path, inner)
        elif is_temporary(path) and left_in(path.name) is not None:
            if removes:
                remove_temporary(path)
        elif manifest.has_folder(name):
            strange += _sweep(folder, manifest, removes=removes, at=f"{name}/")
            if removes:
                with contextlib.suppress(OSError):
                    path.rmdir()
        else:
            strange.append(f"{name}/")
    return strange


def _remove_inner(path: Path, inner: Manifest | None) -> None:
    with contextlib.suppress(OSError, ValueError):
        if inner is None:
            path.rmdir()
        else:
            remove_listed(path)


def _manifest_of(folder: Path, kind: str | None) -> Manifest | None:
    try:
        manifest = read_manifest(folder)
    except ValueError:
        return None
    return manifest if manifest is not None and manifest.kind == kind else None


def _some(names: list[str]) -> str:
    shown = ", ".join(map(repr, names[:_SHOWN]))
    more = len(names) - _SHOWN
    return f"{shown} and {more} more" if more > 0 else shown
