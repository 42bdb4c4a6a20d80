"""The manifest of a folder that we write: what the folder is, and which files in it are ours."""

from __future__ import annotations

import dataclasses
import fnmatch
import json
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

MANIFEST = "gnn_manifest.json"
_FORMAT, _VERSION = "gnn.manifest", 1


@dataclasses.dataclass(frozen=True)
class Manifest:
    """What `gnn_manifest.json` says of the folder that it lies in.

    Attributes:
        kind: what the folder is, as "run" or "graph".
        files: paths of our files, relative to the folder; of an empty folder with a slash behind.
        folders: path of a folder that has a manifest of its own to the kind it must be of. The last
            part may be a pattern, as "step-*".
        id: tells this folder from others of its kind, where that matters.
        replaces: the `id` of the folder in whose place this one was put.

    Raises:
        ValueError: a path leads out of the folder.
    """

    kind: str
    files: frozenset[str] = frozenset()
    folders: Mapping[str, str] = dataclasses.field(default_factory=dict)
    id: str | None = None
    replaces: str | None = None

    def __post_init__(self) -> None:
        """Checks the paths."""
        for name in (*self.files, *self.folders):
            if not _is_inside(name):
                raise ValueError(f"it lists {name!r}, which is not inside of the folder")

    def kind_of(self, path: str) -> str | None:
        """The kind that a folder with a manifest of its own must be of; None where there is none.

        Example:

        >>> Manifest("run", folders={"step-*": "snapshot"}).kind_of("step-1")
        'snapshot'
        """
        for pattern, kind in self.folders.items():
            if fnmatch.fnmatchcase(path, pattern):
                return kind
        return None

    def has_folder(self, path: str) -> bool:
        """Whether a folder without a manifest is one of ours: it is listed, or one in it is."""
        start = f"{path}/"
        return any(name.startswith(start) for name in (*self.files, *self.folders))

    def to_json(self) -> str:
        """The text of the file."""
        content: dict[str, Any] = {"format": _FORMAT, "version": _VERSION, "kind": self.kind}
        content |= {"files": sorted(self.files), "folders": dict(self.folders)}
        content |= {} if self.id is None else {"id": self.id}
        content |= {} if self.replaces is None else {"replaces": self.replaces}
        return json.dumps(content, indent=1) + "\n"


def read_manifest(folder: str | os.PathLike[str]) -> Manifest | None:
    """The manifest of a folder; None where it has none.

    Raises:
        ValueError: it is not ours, damaged, of a later version, or names what is outside of the
            folder; the message goes on from "its gnn_manifest.json".

    Example:

    >>> read_manifest("no such folder") is None
    True
    """
    path = Path(folder) / MANIFEST
    if not os.path.lexists(path):
        return None
    if path.is_symlink() or not path.is_file():
        raise ValueError("is no regular file")
    try:
        content = json.loads(path.read_bytes())
    except (ValueError, RecursionError) as error:
        raise ValueError(f"is damaged ({error})") from error
    if not isinstance(content, dict) or content.get("format") != _FORMAT:
        raise ValueError("is no manifest of ours")
    version = content.get("version")
    if isinstance(version, int) and version > _VERSION:
        raise ValueError(
            f"has version {version}, of a later gnn; this one knows version {_VERSION}"
        )
    kind, files, folders = (content.get(key) for key in ("kind", "files", "folders"))
    marks = [content.get(key) for key in ("id", "replaces")]
    if (
        version != _VERSION
        or not isinstance(kind, str)
        or not isinstance(files, list)
        or not isinstance(folders, dict)
        or not all(isinstance(text, str) for text in (*files, *folders, *folders.values()))
        or not all(mark is None or isinstance(mark, str) for mark in marks)
    ):
        raise ValueError("is damaged (a key is missing, or of another type)")
    try:
        return Manifest(kind, frozenset(files), folders, *marks)
    except ValueError as error:
        raise ValueError(f"is damaged ({error})") from error


def listing(folder: Path) -> Iterator[str]:
    """All that a folder holds as its manifest lists it, but for the manifest.

    Raises:
        ValueError: it holds a link, a device or the like.
    """
    for parent, names, files in os.walk(folder):
        within = Path(parent).relative_to(folder)
        for name in [*names, *files]:
            path = Path(parent) / name
            if path.is_symlink() or not (path.is_dir() or path.is_file()):
                raise ValueError(f"{str(path)!r} is neither a file nor a folder")
        found = [(within / name).as_posix() for name in files]
        yield from (name for name in found if name != MANIFEST)
        if not names and not files and parent != str(folder):
            yield f"{within.as_posix()}/"


def _is_inside(name: str) -> bool:
    parts = name.removesuffix("/").split("/")
    return not {"", ".", ".."} & set(parts) and "\0" not in name
