"""A column of a table, gathered chunk by chunk, before anybody knows what it holds."""

from __future__ import annotations

from typing import Any

import numpy as np

from gnn.datasets.columns.column_names import mask_of, names_an_id
from gnn.tables.cells import ArrowCells, Cells, Lists, is_word
from gnn.tables.typed_table import Texts

# Of a chunk, so many rows decide how it begins, unless all of them are gaps.
_LOOKED_AT = 10_000
# Arrow's texts have offsets of 32 bits.
_MOST_BYTES = 1 << 28
_FLOATS, _TEXTS, _LISTS, _OTHER = "floats", "texts", "lists", "other"


class GatheredColumn:
    """One column: as numbers where most of its first cells are, as lists, or else as texts.

    Numbers take 4 bytes a cell. That a column is one of numbers is decided by all of its cells; one
    that began otherwise than it went on `is_mistaken`, and is read again as texts.

    Args:
      name: of the column.
      kind: the type that it is known to have; None where that is to be found out.
      na_values: the texts that are gaps.

    Attributes:
      name: of the column.
      rows: how many there are.
      sample: the texts of the first rows that have any, where the type is not known.
    """

    def __init__(self, name: str, kind: str | None, na_values: frozenset[str]) -> None:
        self.name, self.rows = name, 0
        self.sample: Texts | None = None
        self._kind, self._na_values = kind, na_values
        self._mode = _FLOATS if kind == "number" else ""
        is_text = names_an_id(name) or mask_of(name) is not None
        if kind not in (None, "number", "vector") or (kind is None and is_text):
            self._mode = _TEXTS
        self._floats: list[np.ndarray] = []
        self._wrong: dict[int, str] = {}
        self._texts: list[Texts] = []
        self._arrays: list[Any] = []  # Of Arrow, after these texts: faster looked up all at once.
        self._lists: list[Lists] = []

    def add(self, cells: Cells, rows: int) -> None:
        """Takes the cells of the next rows.

        Args:
          cells: the cells.
          rows: how many.

        Raises:
          ValueError: the type is known, and the cells have one that no text is made of.
        """
        self._take(cells, rows)
        self.rows += rows

    def _take(self, cells: Cells, rows: int) -> None:
        if self._mode in ("", _LISTS) or not self.rows:
            lists = cells.lists()
            if lists is not None and self._mode != _LISTS:
                self._begin(_LISTS)
            if self._mode == _LISTS:
                nothing = Lists(np.full(rows, -1), np.zeros(0))
                self._lists.append(nothing if lists is None else lists)
                return
        if self._mode == _FLOATS:
            self._add_floats(cells)
        elif self._mode != _OTHER:
            self._add_texts(cells, rows)

    def _add_texts(self, cells: Cells, rows: int) -> None:
        if self._mode == "" and rows > _LOOKED_AT:
            self._decide(cells.take(np.arange(_LOOKED_AT)))
        if self._mode == "":
            self._decide(cells)
        if self._mode == _FLOATS:
            self._add_floats(cells)
        elif self._mode == _TEXTS and isinstance(cells, ArrowCells) and cells.untyped:
            self._arrays.append(cells.held)
            if sum(array.nbytes for array in self._arrays) > _MOST_BYTES:
                self._look_up()
        elif self._mode == _TEXTS:
            self._look_up()
            texts = self._read(cells)
            if texts is not None:
                self._texts.append(texts)

    def _decide(self, cells: Cells) -> None:
        """Begins with numbers or texts where there is a cell that is no gap."""
        texts = self._read(cells)
        if texts is not None and not texts.gaps.all():
            self.sample = texts
            self._begin(_FLOATS if self._kind is None and _are_numbers(texts) else _TEXTS)

    def _read(self, cells: Cells) -> Texts | None:
        """Cells as texts; None where they are none, and so the column holds nothing known."""
        try:
            return cells.texts(self._na_values)
        except ValueError:
            if self._kind is not None:
                raise
            self._mode = _OTHER
            return None

    def _look_up(self) -> None:
        """Makes texts of arrays."""
        if self._arrays:
            import pyarrow

            array = pyarrow.concat_arrays(self._arrays)
            self._arrays = []
            cells = ArrowCells(f"column {self.name!r}", array, untyped=True)
            self._texts.append(cells.texts(self._na_values))

    def _add_floats(self, cells: Cells) -> None:
        values, wrong = cells.floats(self._na_values)
        self._wrong.update((self.rows + at, text) for at, text in wrong.items())
        self._floats.append(values)

    def _begin(self, mode: str) -> None:
        """Decides what is gathered; the rows so far are gaps."""
        self._mode = mode
        if not self.rows:
            return
        if mode == _FLOATS:
            self._floats.append(np.full(self.rows, np.nan, np.float32))
        elif mode == _TEXTS:
            self._texts.append(Texts.of([""] * self.rows))
        else:
            self._lists.append(Lists(np.full(self.rows, -1), np.zeros(0)))

    @property
    def is_other(self) -> bool:
        """Whether there are cells that are neither numbers nor lists nor texts."""
        return self._mode == _OTHER

    @property
    def lists(self) -> Lists | None:
        """The column as lists, if that is what its cells are."""
        if self._mode != _LISTS:
            return None
        lengths = np.concatenate([lists.lengths for lists in self._lists])
        return Lists(lengths, np.concatenate([lists.values for lists in self._lists]))

    @property
    def floats(self) -> tuple[np.ndarray, dict[int, str]] | None:
        """The column as numbers, NaN for gaps, and the wrong cells by row, if it began so."""
        if self._mode != _FLOATS:
            return None
        return np.concatenate(self._floats), self._wrong

    @property
    def texts(self) -> Texts:
        """The column as texts, which it is where it is neither numbers nor lists."""
        self._look_up()
        if len(self._texts) != 1:
            known = Texts.concatenate(self._texts)
            self._texts = [known if self._texts else Texts.of([""] * self.rows)]
        return self._texts[0]

    @property
    def is_mistaken(self) -> bool:
        """Whether it began with numbers, and most of its cells are none."""
        if self._kind is not None or self._mode != _FLOATS:
            return False
        numbers = sum(int(np.count_nonzero(~np.isnan(part))) for part in self._floats)
        return numbers <= len(self._wrong)


def _are_numbers(texts: Texts) -> bool:
    """Whether more than half of the cells that are no gaps are numbers; truths are none."""
    counts = np.bincount(texts.codes, minlength=texts.values.size)
    words = np.fromiter(map(is_word, texts.values.tolist()), bool, texts.values.size)
    gaps = texts.values == ""
    return bool(counts[~words & ~gaps].sum() > counts[words].sum())
