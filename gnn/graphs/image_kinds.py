"""What images are like, by some of them: gray or color, and how large."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from gnn.graphs.image_files import ImageFiles
from gnn.graphs.regular_files import readable

_SAMPLE = 64
# Larger images are made smaller unless a size is asked for.
MOST_SIDE = 64


def channels_of(paths: Sequence[str], root: str | os.PathLike[str] | None = None) -> int:
    """1 where 64 of the images, evenly chosen and small, hold equal red, green and blue; else 3.

    Args:
        paths: of the images; `""` is a gap.
        root: the folder that relative paths start from.

    Example:

    >>> channels_of(["nowhere.png"])
    3
    """
    sample = ImageFiles(_sampled(paths), (32, 32), root=root)
    images = sample[:]
    return 1 if sample.ok.any() and (images == images[..., :1]).all() else 3


def size_of(paths: Sequence[str], root: str | os.PathLike[str] | None = None) -> tuple[int, int]:
    """The median height and width of 64 of the images, evenly chosen, each at most 64.

    Args:
        paths: of the images; `""` is a gap.
        root: the folder that relative paths start from.

    Example:

    >>> size_of(["nowhere.png"])
    (64, 64)
    """
    import tensorflow as tf

    from gnn.ops.image_bytes import fault_of

    shapes = []
    for path in _sampled(paths):
        full = os.path.join(root, path) if root else path
        if not readable(full):
            continue
        contents = Path(full).read_bytes()
        if fault_of(contents, ImageFiles([], (1, 1)).most_pixels) is None:
            image = tf.io.decode_image(_still(contents), expand_animations=False)
            shapes.append((int(image.shape[0]), int(image.shape[1])))
    if not shapes:
        return MOST_SIDE, MOST_SIDE
    height, width = np.median(np.array(shapes), axis=0).astype(int).tolist()
    return min(height, MOST_SIDE), min(width, MOST_SIDE)


def _still(contents: bytes) -> Any:
    """The bytes of an image without the further frames of a GIF, which would all be unpacked."""
    from gnn.ops.gif_frames import first_frame

    return first_frame(contents)[0] if contents.startswith(b"GIF8") else contents


def _sampled(paths: Sequence[str]) -> list[str]:
    there = [path for path in paths if path]
    places = np.unique(np.linspace(0, max(len(there) - 1, 0), _SAMPLE).astype(int))
    return [there[place] for place in places.tolist()] if there else []
