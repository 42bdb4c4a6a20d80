"""A graph from a folder of images: nodes without edges, with subfolders as classes."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np

from gnn.edges.edges import counted
from gnn.graphs.graph import Graph
from gnn.graphs.image_files import ImageFiles
from gnn.graphs.image_kinds import channels_of, size_of
from gnn.tables.opening import SUFFIXES as TABLES
from gnn.tables.text_files import suffix_of

SUFFIXES = (".jpg", ".jpeg", ".png", ".bmp", ".gif")
FLAG = "image_missing"
_MOST_NAMES, _DEEPEST = 100_000, 8


def from_image_folder(
    path: str | os.PathLike[str],
    *,
    size: tuple[int, int] | None = None,
    channels: int | None = None,
    keep_aspect: str = "stretch",
    labels: str | None = "subfolders",
    class_names: Sequence[str] | None = None,
    check: bool = True,
) -> Graph:
    """Reads a folder of images as a graph without edges, a node an image.

    The images are those whose names end in .jpg, .jpeg, .png, .bmp or .gif, in the folder and in
    those below it, but for names that begin with a dot; a link to a folder is not followed. They
    are in the order of their paths. `gnn.graphs.ImageFiles` says how they are read.

    An image that is broken stays, as zeros: a row that was given is a row that comes out. It is
    named in `info()`, and the feature `"image_missing"` is 1 there.

    Args:
        path: the folder.
        size: the height and width that all images get; None takes the median of 64 of them, each
            at most 64.
        channels: 1 (gray) or 3 (color); None takes 1 where 64 of the images, evenly chosen, hold
            gray alone.
        keep_aspect: what becomes of another aspect ratio: `"stretch"`, `"pad"` or `"crop"`.
        labels: `"subfolders"`: the class of an image is the folder right under `path` that it lies
            in, however deep; one that lies in none is unlabeled. None gives no labels.
        class_names: all classes in their order, of which the folder may lack some; None takes the
            names of the subfolders in alphabetical order.
        check: whether each image is read once to find the broken ones, which decodes all of them;
            without it there is no feature `"image_missing"`.

    Returns:
        A graph with the feature `"image"`, a `gnn.graphs.ImageFiles`, and ids that are the paths
        below `path`, with `/` between folders.

    Raises:
        FileNotFoundError: there is no such folder, or no image in it.
        ValueError: there are no subfolders to take classes from, or one is none of `class_names`;
            or an argument is out of range.

    Example:

    >>> import tempfile, tensorflow as tf
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     for name in ("cat/1.png", "cat/old/2.png", "dog/3.png"):
    ...         (Path(folder) / name).parent.mkdir(parents=True, exist_ok=True)
    ...         dot = tf.io.encode_png(tf.constant([[[7]]], tf.uint8)).numpy()
    ...         _ = (Path(folder) / name).write_bytes(dot)
    ...     graph = from_image_folder(folder, size=(2, 2))
    >>> graph.ids.tolist(), graph.labels.tolist(), graph.class_names
    (['cat/1.png', 'cat/old/2.png', 'dog/3.png'], [0, 0, 1], ('cat', 'dog'))
    """
    if labels not in ("subfolders", None):
        raise ValueError(f"labels must be 'subfolders' or None, got {labels!r}")
    folder = Path(path)
    if not folder.is_dir():
        raise FileNotFoundError(f"no folder {str(folder)!r}")
    names = sorted(_images_in(folder))
    if not names:
        raise FileNotFoundError(
            f"{str(folder)!r} holds no image: no name in it ends in {', '.join(SUFFIXES)}"
        )
    root = os.path.abspath(folder)
    notes: dict[str, Any] = {}
    size = size_of(names, root) if size is None else size
    if channels is None:
        channels = channels_of(names, root)
        notes["images"] = f"{'gray' if channels == 1 else 'color'}, by some of them"
    files = ImageFiles(names, size, channels, keep_aspect, root=root)
    features: dict[str, Any] = {"image": files}
    if check:
        found = files.check().text()
        notes["images"] = f"{found}; {notes['images']}" if notes else found
        features[FLAG] = (files.ok == 0).astype(np.float32)[:, np.newaxis]
    classes, told = _classes(names, folder, class_names) if labels else (None, None)
    nothing = np.zeros(0, np.int32)
    return Graph(
        features=features,
        senders=nothing,
        receivers=nothing,
        labels=classes,
        ids=np.array(names),
        class_names=told,
        notes=notes,
    )


def is_image_folder(path: str | os.PathLike[str]) -> bool:
    """Whether a folder, or one below it, holds images, and no table lies right in it.

    A folder may be anything, such as a home: eight folders deep and 100,000 names are looked at.

    Example:

    >>> is_image_folder("/nowhere")
    False
    """
    folder = Path(path)
    if folder.is_dir() and any(suffix_of(each) in TABLES for each in folder.iterdir()):
        return False
    names = 0
    for under, folders, files in _folders_in(folder):
        if any(_is_image(name) for name in files):
            return True
        names += len(folders) + len(files)
        if names > _MOST_NAMES:
            return False
        if len(under.parts) >= _DEEPEST:
            folders.clear()
    return False


def _images_in(folder: Path) -> Iterator[str]:
    """The paths of images below a folder, with `/` between folders."""
    for under, _, files in _folders_in(folder):
        yield from ((under / name).as_posix() for name in files if _is_image(name))


def _folders_in(folder: Path) -> Iterator[tuple[Path, list[str], list[str]]]:
    """As `os.walk`, with paths below a folder, and no hidden ones."""
    for place, folders, files in os.walk(folder):
        folders[:] = [name for name in folders if not name.startswith(".")]
        yield Path(place).relative_to(folder), folders, files


def _is_image(name: str) -> bool:
    return name.lower().endswith(SUFFIXES) and not name.startswith(".")


def _classes(
    names: list[str], folder: Path, class_names: Sequence[str] | None
) -> tuple[np.ndarray, tuple[str, ...]]:
    parts = [PurePosixPath(name).parts for name in names]
    found = [part[0] if len(part) > 1 else None for part in parts]
    classes = tuple(sorted({name for name in found if name is not None}))
    if not classes:
        raise ValueError(
            f"{str(folder)!r} has {counted(len(names), 'image')} and no subfolders, from which "
            "labels='subfolders' takes classes; labels=None takes none"
        )
    if class_names is not None:
        unknown = [name for name in classes if name not in class_names]
        if unknown:
            raise ValueError(
                f"{str(folder)!r} has the subfolder {unknown[0]!r}, which is none of the classes "
                f"{list(class_names)}"
            )
        classes = tuple(class_names)
    place = {name: number for number, name in enumerate(classes)}
    labels = [-1 if name is None else place[name] for name in found]
    return np.array(labels, np.int32), classes
