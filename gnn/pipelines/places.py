"""Folders that driver and executors see: on a shared disk, or of a URI such as `s3://...`."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

# How Spark calls a file system that PyArrow calls otherwise.
_NAMES = {"s3a://": "s3://", "s3n://": "s3://"}


class Place:
    """A folder that Spark writes to and the driver looks into.

    Args:
        path: a path on a disk that all machines share, or the URI of a file system that PyArrow
            opens (`s3://` or `s3a://`, `gs://`, `hdfs://`, `abfss://`, `file://`).

    Raises:
        ValueError: it is neither.

    Example:

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     place = Place(folder).inside("new")
    ...     place.names(), place.has("a.txt")
    ([], False)
    """

    def __init__(self, path: str):
        from pyarrow import fs

        self._is_uri = "://" in path
        if self._is_uri:
            try:
                self._files, self._base = fs.FileSystem.from_uri(_as_arrow_says(path))
            except Exception as error:
                raise ValueError(
                    f"work must be a folder that PyArrow can open, got {path!r}: {error}"
                ) from error
            self._base, self._uri = self._base.rstrip("/"), path.rstrip("/")
        elif re.match(r"[a-z][a-z0-9+.-]+:", path):
            raise ValueError(f"work must be a path, or a URI with '://', got {path!r}")
        else:
            self._files, self._base = fs.LocalFileSystem(), str(Path(path).absolute())
            self._uri = f"file://{self._base}"

    def __str__(self) -> str:
        return self._uri if self._is_uri else self._base

    def inside(self, name: str) -> Place:
        """A folder in it."""
        return Place(f"{self}/{name}")

    def uri(self, name: str) -> str:
        """What Spark calls a folder in it."""
        return f"{self._uri}/{name}"

    def names(self) -> list[str]:
        """What lies in it, sorted; nothing where it is not there."""
        return sorted(info.base_name for info in self._infos(self._base))

    def has(self, name: str) -> bool:
        """Whether there is such a file."""
        return bool(self._files.get_file_info(f"{self._base}/{name}").is_file)

    def parts(self, name: str) -> list[str]:
        """The files of a table of Spark's, in their order."""
        found = [info.path for info in self._infos(f"{self._base}/{name}")]
        parts = [path for path in found if "/part-" in path]
        return sorted(parts, key=lambda path: (int(re.split(r"/part-(\d+)", path)[-2]), path))

    def dataset(self, name: str) -> Any:
        """A table of Parquet files in it, as PyArrow's data set: the files in their order."""
        import pyarrow.dataset as ds

        return ds.dataset(self.parts(name), filesystem=self._files, format="parquet")

    def remove(self) -> None:
        """Removes the folder, if it is there."""
        from pyarrow import fs

        if self._files.get_file_info(self._base).type == fs.FileType.Directory:
            self._files.delete_dir(self._base)

    def _infos(self, path: str) -> list[Any]:
        from pyarrow import fs

        return list(self._files.get_file_info(fs.FileSelector(path, allow_not_found=True)))


def describe_files(uris: list[str]) -> list[list[Any]] | None:
    """Name, size and time of change of files, as JSON holds them; None where PyArrow cannot tell.

    Example:

    >>> import tempfile
    >>> with tempfile.NamedTemporaryFile() as file:
    ...     [[_, size, _]] = describe_files(["file://" + file.name])
    >>> size
    0
    >>> describe_files(["nowhere://a"]) is None
    True
    """
    from pyarrow import fs

    found = []
    try:
        for uri in sorted(uris):
            files, path = fs.FileSystem.from_uri(_as_arrow_says(uri))
            info = files.get_file_info(path)
            found.append([uri, info.size, info.mtime_ns])
    except Exception:  # Of many kinds, as there are file systems.
        return None
    return found


def _as_arrow_says(uri: str) -> str:
    for name, arrow in _NAMES.items():
        if uri.startswith(name):
            return arrow + uri.removeprefix(name)
    return uri
