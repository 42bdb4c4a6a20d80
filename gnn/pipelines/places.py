"""Folders that driver and executors see: on a shared disk, or of a URI such as `s3://...`."""

from __future__ import annotations

from pathlib import Path
from typing import Any


class Place:
    """A folder that Spark writes to and the driver looks into.

    Args:
        path: a path on a disk that all machines share, or the URI of a file system of PyArrow's
            (`s3://`, `gs://`, `hdfs://`, `abfss://`, `file://`).

    Raises:
        ValueError: PyArrow knows no such file system.

    Example:

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     place = Place(folder + "/new")
    ...     place.write("a.txt", "1")
    ...     place.names(), place.has("a.txt"), place.has("b.txt"), place.read("a.txt")
    (['a.txt'], True, False, '1')
    """

    def __init__(self, path: str):
        from pyarrow import fs

        self._is_uri = "://" in path
        if self._is_uri:
            try:
                self._files, self._base = fs.FileSystem.from_uri(path)
            except Exception as error:
                raise ValueError(f"work must be a folder that PyArrow can open: {error}") from error
            self._uri = path.rstrip("/")
        else:
            self._files, self._base = fs.LocalFileSystem(), str(Path(path).absolute())
            self._uri = f"file://{self._base}"

    def __str__(self) -> str:
        return self._uri if self._is_uri else self._base

    def uri(self, name: str) -> str:
        """What Spark calls a folder in it."""
        return f"{self._uri}/{name}"

    def names(self) -> list[str]:
        """What lies in it, sorted; nothing where it is not there."""
        from pyarrow import fs

        found = self._files.get_file_info(fs.FileSelector(self._base, allow_not_found=True))
        return sorted(info.base_name for info in found)

    def has(self, name: str) -> bool:
        """Whether there is such a file."""
        return bool(self._files.get_file_info(self._path(name)).is_file)

    def read(self, name: str) -> str:
        """The text of a file."""
        with self._files.open_input_stream(self._path(name)) as file:
            return str(file.read().decode())

    def write(self, name: str, text: str) -> None:
        """Writes a file, and the folder if it is not there."""
        self._files.create_dir(self._base, recursive=True)
        with self._files.open_output_stream(self._path(name)) as file:
            file.write(text.encode())

    def remove(self, name: str) -> None:
        """Removes a file or folder in it."""
        if self.has(name):
            self._files.delete_file(self._path(name))
        else:
            self._files.delete_dir(self._path(name))

    def remove_all(self) -> None:
        """Removes the folder."""
        self._files.delete_dir(self._base)

    def dataset(self, name: str) -> Any:
        """A table of Parquet files in it, as PyArrow's data set: the files in their order."""
        import pyarrow.dataset as ds
        from pyarrow import fs

        files = self._files.get_file_info(fs.FileSelector(self._path(name)))
        parts = sorted(info.path for info in files if info.base_name.startswith("part-"))
        return ds.dataset(parts, filesystem=self._files, format="parquet")

    def _path(self, name: str) -> str:
        return f"{self._base}/{name}"


def describe_files(uris: list[str]) -> list[list[Any]]:
    """Name, size and time of change of files, as JSON holds them.

    Example:

    >>> import tempfile
    >>> with tempfile.NamedTemporaryFile() as file:
    ...     [[_, size, _]] = describe_files(["file://" + file.name])
    >>> size
    0
    """
    from pyarrow import fs

    found = []
    for uri in sorted(uris):
        files, path = fs.FileSystem.from_uri(uri)
        info = files.get_file_info(path)
        found.append([uri, info.size, info.mtime_ns])
    return found
