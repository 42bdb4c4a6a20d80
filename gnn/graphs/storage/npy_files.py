"""Files of NumPy's .npy format that grow row by row."""

from __future__ import annotations

from pathlib import Path
from types import TracebackType

import numpy as np


class NpyAppender:
    """A .npy file to which rows are appended; its header is right once it is closed.

    Args:
        path: the file to make.
        dtype: of the rows.
        row_shape: the shape of a row.
        title: what errors call it.

    Attributes:
        rows: how many there are.

    Example:

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     with NpyAppender(Path(folder) / "a.npy", np.dtype(np.int32), (2,), "a") as file:
    ...         file.append(np.array([[1, 2]], np.int32))
    ...         file.append(np.array([[3, 4], [5, 6]], np.int32))
    ...     np.load(Path(folder) / "a.npy").tolist()
    [[1, 2], [3, 4], [5, 6]]
    """

    def __init__(self, path: Path, dtype: np.dtype, row_shape: tuple[int, ...], title: str):
        self._title, self._dtype, self._row_shape = title, np.dtype(dtype), tuple(row_shape)
        self.rows = 0
        self._file = path.open("wb")
        self._write_header()
        self._start = self._file.tell()

    def append(self, values: np.ndarray) -> None:
        """Adds rows.

        Raises:
            ValueError: they have another dtype or shape.
        """
        if values.dtype != self._dtype or values.shape[1:] != self._row_shape:
            raise ValueError(
                f"{self._title} must have rows of {self._dtype}{list(self._row_shape)} "
                f"throughout; got {values.dtype}{list(values.shape[1:])}"
            )
        np.ascontiguousarray(values).tofile(self._file)
        self.rows += len(values)

    def close(self) -> None:
        """Writes the header anew, with the number of rows."""
        if self._file.closed:
            return
        self._file.seek(0)
        self._write_header()
        # NumPy leaves room in a header for the first number to grow.
        assert self._file.tell() == self._start, "a .npy header must keep its length"
        self._file.close()

    def __enter__(self) -> NpyAppender:
        """The file itself."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Closes it."""
        self.close()

    def _write_header(self) -> None:
        header = {
            "descr": np.lib.format.dtype_to_descr(self._dtype),
            "fortran_order": False,
            "shape": (self.rows, *self._row_shape),
        }
        np.lib.format.write_array_header_2_0(self._file, header)
