"""A table that is read in chunks, with the line of every row."""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

import numpy as np

from gnn.tables.cells import Cells
from gnn.tables.problems import Problems

_COLUMNS_SHOWN = 20


class Chunk(NamedTuple):
    """Some rows of a table that have the right number of fields.

    Attributes:
      lines: int64 `[n]`, the line of each row; for Parquet its number.
      columns: name -> the cells.
    """

    lines: np.ndarray
    columns: Mapping[str, Cells]


# Reads the rows in chunks, once; of the columns, those named, or all.
ReadChunks = Callable[[frozenset[str] | None], Iterator[Chunk]]


@dataclasses.dataclass
class Table:
    """A table that is read while `chunks` is walked through, once.

    Attributes:
      name: the file's name.
      header: the names of the columns.
      read: reads the rows.
      problems: where malformed rows go, those of a wrong number of fields while they are read.
    """

    name: str
    header: list[str]
    read: ReadChunks
    problems: Problems

    def __post_init__(self) -> None:
        """Checks that columns have names of their own."""
        twice = [name for name, count in Counter(self.header).items() if count > 1]
        if twice:
            raise ValueError(f"{self.name} has more than one column named {twice[0]!r}")

    @property
    def chunks(self) -> Iterator[Chunk]:
        """The rows, with all columns."""
        return self.read(None)

    def chunks_of(self, columns: Iterable[str]) -> Iterator[Chunk]:
        """The rows, with some columns: the others are not read where the format has them apart."""
        return self.read(frozenset(columns))

    def require(self, columns: Iterable[str], why: str = "") -> None:
        """Checks that there are such columns.

        Args:
          columns: their names.
          why: what needs them, for the message.

        Raises:
          ValueError: if one is missing. The message names those there are.
        """
        missing = [name for name in columns if name not in self.header]
        if not missing:
            return
        named = ", ".join(map(repr, missing[:_COLUMNS_SHOWN]))
        found = ", ".join(map(repr, self.header[:_COLUMNS_SHOWN]))
        if len(self.header) > _COLUMNS_SHOWN:
            found += f" and {len(self.header) - _COLUMNS_SHOWN} more"
        plural = "s" if len(missing) > 1 else ""
        raise ValueError(f"{self.name} has no column{plural} {named}{why}; it has {found}")

    def use(self, needed: Sequence[str], optional: Sequence[str] = ()) -> None:
        """Checks that the columns needed are there, and notes those that nobody asks for.

        Args:
          needed: their names.
          optional: those of columns that may be there.

        Raises:
          ValueError: as `require`.
        """
        self.require(needed)
        used = {*needed, *optional}
        self.problems.columns = {n: "not needed" for n in self.header if n not in used}
