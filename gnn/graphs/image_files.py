"""Images in files as a feature of nodes: decoded when they are asked for, and never all at once."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from gnn.graphs.image_check import ImageCheck
from gnn.graphs.regular_files import pieces_of, readable, why_unreadable

# So many bytes of decoded images are kept once they have been read as a whole.
MOST_HELD = 2**28
_CHUNK_BYTES, _CHUNK_IMAGES = 2**26, 512
_NAMED = 20
_NOTHING = np.zeros(0, np.int64), np.zeros(0, np.uint8)


class ImageFiles:
    """Images in files, as an array of uint8 `[n, height, width, channels]` that is read in parts.

    It is a feature of a `gnn.Graph` like an array. `files[rows]` opens and decodes these files and
    no others, several at once; so do batches, which decode inside of tf.data. Formats, colors and
    what is broken are as in `gnn.ops.decode_images`: an image that cannot be read is zeros. So are
    a gap (a path that is `""` or None), a file that is not there, none that is regular, and one of
    more than 256 MB, which is not opened.

    Where all images together take at most 256 MB decoded, as 300,000 of 28 x 28 do, batches decode
    them once and keep them; `cached` does so for more, in memory or in a file. Files are read again
    otherwise, and must stay as they are while a graph is used.

    Args:
        paths: a path an image, in the order of the nodes.
        size: the height and width that all get.
        channels: 1 (gray) or 3 (color).
        keep_aspect: what becomes of another aspect ratio: `"stretch"`, `"pad"` or `"crop"`.
        root: the folder that relative paths start from; None is the current one.
        most_pixels: an image that claims more in its header is broken.

    Attributes:
        paths: as they were given; `""` is a gap.
        image_size: the height and width.
        channels, keep_aspect, most_pixels: as they were given.
        root: the folder, or None.
        shape, dtype, ndim, nbytes: as those of an array.
        ok: int8 `[n]`, of each image 1 if it could be read, 0 if it is broken or a gap, and -1
            where it has not been read by `[]`, `check` or `cached`.

    Raises:
        TypeError: a path is no string.
        ValueError: `size`, `channels`, `keep_aspect` or `most_pixels` is out of range.

    Example:

    >>> import tempfile, tensorflow as tf
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     dot = tf.io.encode_png(tf.constant([[[7]]], tf.uint8)).numpy()
    ...     _ = (Path(folder) / "a.png").write_bytes(dot)
    ...     files = ImageFiles(["a.png", "", "b.png"], (1, 1), channels=1, root=folder)
    ...     files[[2, 0]].ravel().tolist(), files.ok.tolist()
    ([0, 7], [1, -1, 0])
    """

    def __init__(
        self,
        paths: Sequence[Any],
        size: tuple[int, int],
        channels: int = 3,
        keep_aspect: str = "stretch",
        *,
        root: str | os.PathLike[str] | None = None,
        most_pixels: int = 64_000_000,
    ):
        from gnn.ops.images import image_shape

        row = image_shape(size, channels, keep_aspect, most_pixels)
        self.paths = tuple(_as_path(place, path) for place, path in enumerate(paths))
        self.image_size, self.channels = row[:2], row[2]
        self.keep_aspect, self.most_pixels = keep_aspect, most_pixels
        self.root = None if root is None else os.fspath(root)
        self.shape = (len(self.paths), *row)
        self.dtype, self.ndim = np.dtype(np.uint8), 4
        self.ok = np.full(len(self.paths), -1, np.int8)
        self._array: np.ndarray | None = None
        self._readable: np.ndarray | None = None

    @property
    def nbytes(self) -> int:
        """What all images take, decoded."""
        return int(np.prod(self.shape, dtype=np.int64))

    def __len__(self) -> int:
        return len(self.paths)

    def __repr__(self) -> str:
        shape = ", ".join(map(str, self.shape))
        return f"ImageFiles(uint8[{shape}], keep_aspect={self.keep_aspect!r})"

    def __getitem__(self, rows: Any) -> np.ndarray:
        """These images, decoded: of an integer one, else as many as rows.

        Args:
            rows: an integer, a slice, integers or a mask, as an array takes them; or a tuple that
                begins with these, and says the rows, columns and channels of pixels.
        """
        if self._array is not None:
            return self._array[rows]
        if isinstance(rows, tuple):
            images = self[rows[0]]
            return images[rows[1:] if images.ndim == 3 else (slice(None), *rows[1:])]
        places = np.arange(len(self))[rows]
        images = self._read(np.atleast_1d(places))
        return images[0] if np.ndim(places) == 0 else images

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        """All images in memory, whatever they take: what NumPy's functions are given."""
        images = self[:]
        return np.array(images, self.dtype if dtype is None else dtype, copy=copy or None)

    def take(self, rows: Any) -> ImageFiles:
        """The images of these rows, not decoded.

        Example:

        >>> ImageFiles(["a.png", "b.png"], (2, 2)).take([1]).paths
        ('b.png',)
        """
        places = np.arange(len(self))[rows]
        taken = ImageFiles(
            [self.paths[place] for place in places.tolist()],
            self.image_size,
            self.channels,
            self.keep_aspect,
            root=self.root,
            most_pixels=self.most_pixels,
        )
        taken.ok = self.ok[places]
        taken._array = None if self._array is None else self._array[places]
        return taken

    def held(self) -> np.ndarray | None:
        """All images as one array, where they are kept or few enough to be; else None."""
        if self._array is None and self.nbytes <= MOST_HELD:
            self._array = _read_only(self._read(np.arange(len(self))))
        return self._array

    def cached(
        self, path: str | os.PathLike[str] | None = None, *, overwrite: bool = False
    ) -> ImageFiles:
        """The same images, decoded once and kept: in memory, or in a file that is mapped.

        Args:
            path: a `.npy` file to write, which `np.load(path, mmap_mode="r")` opens another time as
                a feature; None keeps them in memory.
            overwrite: whether a file that is there is replaced.

        Raises:
            FileExistsError: there is such a file, and `overwrite` is False.
            OSError: it cannot be written; then there is none.

        Example:

        >>> ImageFiles([""], (1, 2), 1).cached()[0].tolist()
        [[[0], [0]]]
        """
        kept = self.take(slice(None))
        if kept._array is not None and path is None:
            return kept
        if path is None:
            kept._array = _read_only(kept._read(np.arange(len(kept))))
            return kept
        from gnn.files import whole_file
        from gnn.graphs.storage.npy_files import NpyAppender

        with (
            whole_file(path, overwrite=overwrite) as partial,
            NpyAppender(partial, self.dtype, self.shape[1:], str(path)) as file,
        ):
            for _, images in kept._chunks(np.arange(len(kept))):
                file.append(images)
        kept._array = np.load(path, mmap_mode="r")
        return kept

    def check(self) -> ImageCheck:
        """Says how many images are broken, and which and why.

        Those that have not been read yet are, in bounded memory.

        Example:

        >>> ImageFiles(["a.png", ""], (1, 1), root="/nowhere").check().text()
        '2 images, 1 gap, 1 broken: a.png (there is no such file)'
        """
        for _ in self._chunks(np.flatnonzero(self.ok < 0)):
            pass
        bad = np.flatnonzero(self.ok == 0).tolist()
        broken = [place for place in bad if self.paths[place]]
        named = [(self.paths[place], self._fault(place)) for place in broken[:_NAMED]]
        return ImageCheck(len(self), len(bad) - len(broken), len(broken), tuple(named))

    def batches(self, batch_size: int = 32) -> Iterator[np.ndarray]:
        """All images in order, uint8 `[batch_size, height, width, channels]` a batch.

        Some are decoded ahead; few batches are in memory at a time. It is the fastest way through
        images that are read once.

        Args:
            batch_size: images a batch; the last may have fewer.
        """
        places = np.arange(len(self))
        if self._array is not None:
            for start in range(0, len(self), batch_size):
                yield self._array[start : start + batch_size]
            return
        for _, images in self._stream(places, batch_size):
            yield images

    def reader(self) -> Any:
        """The TensorFlow function from paths, `readable_paths`, to images."""
        from gnn.ops.images import read_images

        settings = self._settings
        return lambda paths: read_images(paths, **settings)[0]

    def readable_paths(self) -> np.ndarray:
        """Bytes `[n]`: the paths as TensorFlow may open them, and b"" for what it should not."""
        if self._readable is None:
            self._readable = self._paths_of(np.arange(len(self)))
        return self._readable

    def pieces(self) -> Iterator[bytes]:
        """Everything that the images depend on, in pieces: the settings and the files' bytes."""
        yield f"{self.shape}{self.keep_aspect}{self.most_pixels}".encode()
        for place in range(len(self)):
            yield from pieces_of(self._full(place))

    def same_as(self, other: Any) -> bool:
        """Whether these are the same files, read alike.

        Example:

        >>> ImageFiles(["a.png"], (1, 1)).same_as(ImageFiles(["a.png"], (2, 2)))
        False
        """
        if not isinstance(other, ImageFiles):
            return False
        names = ("paths", "shape", "keep_aspect", "root", "most_pixels")
        return all(getattr(self, name) == getattr(other, name) for name in names)

    def _full(self, place: int) -> str:
        path = self.paths[place]
        return os.path.join(self.root, path) if path and self.root else path

    def _paths_of(self, places: np.ndarray) -> np.ndarray:
        found = (self._full(place) for place in places.tolist())
        return np.array([os.fsencode(path) if readable(path) else b"" for path in found], object)

    def _rows_at_once(self) -> int:
        size = max(int(np.prod(self.shape[1:])), 1)
        return max(min(_CHUNK_BYTES // size, _CHUNK_IMAGES), 1)

    def _chunks(self, places: np.ndarray) -> Iterator[tuple[slice, np.ndarray]]:
        """Some thousand of these images by a pipeline, or few of them at once."""
        step = self._rows_at_once()
        if len(places) > step:
            yield from self._stream(places, step)
        elif len(places):
            yield slice(0, len(places)), self._few(places)

    def _stream(self, places: np.ndarray, step: int) -> Iterator[tuple[slice, np.ndarray]]:
        """Batches of these images; what the pipeline leaves out is read by itself."""
        from gnn.ops.images import readable_images

        batches = readable_images(self._paths_of(places), **self._settings, batch_size=step)
        found = ((at, images) for at, images in batches.as_numpy_iterator())
        at, images = next(found, _NOTHING)
        for start in range(0, len(places), step):
            rows = slice(start, min(start + step, len(places)))
            size = rows.stop - start
            if len(at) == size and at[-1] == rows.stop - 1:  # They rise: it is these very rows.
                self.ok[places[rows]] = 1
                yield rows, images
                at, images = next(found, _NOTHING)
                continue
            filled, is_there = np.zeros((size, *self.shape[1:]), np.uint8), np.zeros(size, bool)
            while len(at) and at[0] < rows.stop:
                here = at < rows.stop
                filled[at[here] - start], is_there[at[here] - start] = images[here], True
                at, images = (
                    (at[~here], images[~here]) if at[-1] >= rows.stop else next(found, _NOTHING)
                )
            others = np.flatnonzero(~is_there)
            self.ok[places[rows][is_there]] = 1
            for some in range(0, len(others), self._rows_at_once()):
                chosen = others[some : some + self._rows_at_once()]
                filled[chosen] = self._few(places[rows][chosen])
            yield rows, filled

    def _few(self, places: np.ndarray) -> np.ndarray:
        from gnn.ops.images import read_images

        images, ok = read_images(self._paths_of(places), **self._settings)
        self.ok[places] = ok.numpy()
        return images.numpy()

    @property
    def _settings(self) -> dict[str, Any]:
        return {
            "size": self.image_size,
            "channels": self.channels,
            "keep_aspect": self.keep_aspect,
            "most_pixels": self.most_pixels,
        }

    def _read(self, places: np.ndarray) -> np.ndarray:
        read = np.empty((len(places), *self.shape[1:]), np.uint8)
        for rows, images in self._chunks(places):
            read[rows] = images
        return read

    def _fault(self, place: int) -> str:
        from gnn.ops.image_bytes import fault_of

        path = self._full(place)
        why = why_unreadable(path)
        return why or fault_of(Path(path).read_bytes(), self.most_pixels) or "it was broken"


def _as_path(place: int, path: Any) -> str:
    if path is None or path == "":
        return ""
    if isinstance(path, bytes) or not isinstance(path, str | os.PathLike):
        raise TypeError(
            f"paths must be strings, '' or None for none, got {type(path).__name__} at row {place}"
        )
    return os.fspath(path)


def _read_only(array: np.ndarray) -> np.ndarray:
    array.flags.writeable = False
    return array
