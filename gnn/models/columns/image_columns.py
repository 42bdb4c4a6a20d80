"""Columns of images: files in a table, bytes where they are served, the same pixels of both."""

from __future__ import annotations

import os
from typing import Any

import numpy as np
import tensorflow as tf

from gnn.graphs.image_files import ImageFiles
from gnn.models.columns.encoded_column import EncodedColumn
from gnn.ops.images import decode_images
from gnn.tables.typed_table import Texts


class ImageColumn(EncodedColumn):
    """Images of one size, a feature of their own; a flag says which are gaps or broken.

    Those are images of zeros. In a table a cell is the path of a file, in a batch the file's bytes.
    """

    def files(self, cells: Texts, root: str | os.PathLike[str] | None) -> ImageFiles:
        """The images of a table, read when they are asked for.

        Args:
            cells: their paths.
            root: the folder that relative paths start from.
        """
        size, channels, aspect = self.limits.image
        return ImageFiles(cells.text().tolist(), size, channels, aspect, root=root)

    def learn(self, cells: Any) -> dict[str, Any]:
        """The share of images that are gaps or broken: all are read."""
        return self.observe(cells)

    def observe(self, cells: Any) -> dict[str, Any]:
        """The share of images that are gaps or broken: all are read."""
        return {"gaps": float(1.0 - readable(cells).mean()) if len(cells) else 0.0}

    def names(self) -> list[str]:
        """The flag, where training rows had gaps."""
        return [f"{self.title} is missing"] if self.flags_gaps() else []

    def flags(self, ok: np.ndarray) -> np.ndarray:
        """The flag of images of which it is known whether they could be read."""
        return (~ok[:, np.newaxis]).astype(np.float32)[:, : len(self.names())]

    def decode(self, contents: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        """The images of files' bytes, uint8 `[n, height, width, channels]`, and the flag."""
        images, ok = decode_images(tf.reshape(contents, [-1]), *self.limits.image)
        flag = tf.cast(tf.logical_not(ok), tf.float32)[:, tf.newaxis]
        return images, flag[:, : len(self.names())]


def readable(files: ImageFiles) -> np.ndarray:
    """Which images could be read, bool `[n]`; where they are few, they are kept as well.

    >>> readable(ImageFiles([""], (1, 1))).tolist()
    [False]
    """
    if files.held() is None or (files.ok < 0).any():
        files.check()
    return files.ok == 1
