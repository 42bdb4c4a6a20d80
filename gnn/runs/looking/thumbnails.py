"""Small pictures of nodes as data URIs, within a budget of bytes."""

from __future__ import annotations

import base64
import dataclasses
from collections.abc import Sequence
from typing import Any

import numpy as np
import tensorflow as tf

from gnn.graphs.graph import Graph
from gnn.graphs.image_files import ImageFiles

# Longer sides in pixels that are tried, and the quality of JPEG.
SIDES, _QUALITY = (64, 48, 32, 24), 80
_AT_ONCE = 256


@dataclasses.dataclass(frozen=True)
class Thumbnails:
    """Pictures of some nodes.

    Attributes:
        uris: a data URI a node; `""` where there is no picture, or no room for it.
        notes: what the page says of them.
    """

    uris: list[str]
    notes: tuple[str, ...]


def images_of(graph: Graph) -> tuple[str, Any] | None:
    """The name of the first feature of images and the feature; None where there is none.

    Example:

    >>> graph = Graph.from_edges([], [], np.zeros([2, 4, 4, 1]))
    >>> images_of(graph)[1].shape, images_of(Graph.from_edges([], [], np.eye(2))) is None
    ((2, 4, 4, 1), True)
    """
    for name, feature in graph.features.items():
        if feature.ndim == 4 and feature.shape[3] in (1, 3, 4):
            return name, feature
    return None


def thumbnails(sources: Sequence[tuple[Any, np.ndarray]], budget: int) -> Thumbnails:
    """Draws pictures as large as the budget allows.

    A longer side of 64 pixels is tried first, then 48, 32 and 24, and never more than the images
    have. Where even the smallest are too many, the last ones have none.

    Args:
        sources: features of images `[n, height, width, channels]`, each with the rows that are
            drawn; one after the other.
        budget: bytes that all URIs take.

    Example:

    >>> made = thumbnails([(np.zeros([2, 8, 8, 1], np.uint8), np.array([0, 1]))], 10_000)
    >>> [uri.split(",")[0] for uri in made.uris], made.notes
    (['data:image/jpeg;base64', 'data:image/jpeg;base64'], ())
    """
    uris: list[str] = []
    for side in SIDES:
        uris = [uri for feature, rows in sources for uri in _encoded(feature, rows, side)]
        if sum(map(len, uris)) <= budget:
            shown = () if side == SIDES[0] else (f"pictures shrunk to {side} pixels",)
            return Thumbnails(uris, shown)
    kept = int(np.searchsorted(np.cumsum([len(uri) for uri in uris]), budget, "right"))
    left_out = sum(map(bool, uris[kept:]))
    notes = (
        f"pictures shrunk to {SIDES[-1]} pixels",
        f"{left_out:,} of {sum(map(bool, uris)):,} pictures left out: the file would be too large",
    )
    return Thumbnails([*uris[:kept], *[""] * (len(uris) - kept)], notes)


def _encoded(feature: Any, rows: np.ndarray, side: int) -> list[str]:
    height, width = feature.shape[1:3]
    scale = min(1.0, side / max(height, width))
    size = max(1, round(height * scale)), max(1, round(width * scale))
    uris = []
    for start in range(0, len(rows), _AT_ONCE):
        some = rows[start : start + _AT_ONCE]
        images = _as_bytes(np.asarray(feature[some])[..., : 1 if feature.shape[3] == 1 else 3])
        if size != (height, width):
            images = tf.image.resize(images, size, method="area").numpy()
            images = images.round().clip(0, 255).astype(np.uint8)
        there = feature.ok[some] != 0 if isinstance(feature, ImageFiles) else np.ones(len(some))
        for image, is_there in zip(images, there, strict=True):
            found = ""
            if is_there:
                data = tf.io.encode_jpeg(image, quality=_QUALITY).numpy()
                found = f"data:image/jpeg;base64,{base64.b64encode(data).decode()}"
            uris.append(found)
    return uris


def _as_bytes(images: np.ndarray) -> np.ndarray:
    """Integers are from 0 to 255; floats from 0 to 1, or to 255 where one is above 1."""
    if images.dtype.kind in "iub":
        return (images * 255 if images.dtype == bool else images.clip(0, 255)).astype(np.uint8)
    images = np.nan_to_num(images.astype(np.float32))
    largest = 1.0 if images.size == 0 or images.max() <= 1 else 255.0
    return (images.clip(0, largest) * (255 / largest)).round().astype(np.uint8)
