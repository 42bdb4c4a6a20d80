"""A column of a table, gathered chunk by chunk, before anybody knows what it holds."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from itertools import repeat

import numpy as np

from gnn.datasets.columns.column_names import mask_of, names_an_id
from gnn.tables.cells import NO_LIST, Cells, Lists, is_word
from gnn.tables.typed_table import Texts

_LOOKED_AT = 1000
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
      sample: the texts of the first chunk that has any, where the type is not known.
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
                self._lists.append(self._no_lists(cells, rows) if lists is None else lists)
                return
        if self._mode == _FLOATS:
            self._add_floats(cells)
        elif self._mode != _OTHER:
            self._add_texts(cells)

    def _no_lists(self, cells: Cells, rows: int) -> Lists:
        """Cells without a list of numbers, the gaps among them told from the others."""
        try:
            gaps = cells.texts(self._na_values).gaps
        except ValueError:
            gaps = np.zeros(rows, bool)
        return Lists(np.where(gaps, -1, NO_LIST), np.zeros(0))

    def _add_texts(self, cells: Cells) -> None:
        try:
            texts = cells.texts(self._na_values)
        except ValueError:
            if self._kind is not None:
                raise
            self._mode = _OTHER
            return
        if self._mode == "":
            if texts.gaps.all():
                return
            self.sample = texts
            is_number = self._kind is None and _are_numbers(texts)
            self._begin(_FLOATS if is_number else _TEXTS)
        if self._mode == _FLOATS:
            self._add_floats(cells)
        else:
            self._texts.append(texts)

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
        self._floats = [np.concatenate(self._floats)]
        return self._floats[0], self._wrong

    @property
    def texts(self) -> Texts:
        """The column as texts, which it is where it is neither numbers nor lists."""
        if not self._texts:
            return Texts.of([""] * self.rows)
        self._texts = [Texts.concatenate(self._texts)]
        return self._texts[0]

    def join(self) -> None:
        """Joins what was gathered, in a thread perhaps, so that nothing is left for later."""
        if self._floats:
            self._floats = [np.concatenate(self._floats)]
        if self._texts:
            self._texts = [Texts.concatenate(self._texts)]
            self._texts[0].count_distinct()

    @property
    def is_mistaken(self) -> bool:
        """Whether it began with numbers, and most of its cells are none."""
        if self._kind is not None or self._mode != _FLOATS:
            return False
        numbers = sum(int(np.count_nonzero(~np.isnan(part))) for part in self._floats)
        return numbers <= len(self._wrong)


def join_in_threads(columns: Iterable[GatheredColumn]) -> Callable[[], None]:
    """Begins to join columns, and returns what waits until they are joined."""
    pool = ThreadPoolExecutor()
    waiting = [pool.submit(column.join) for column in columns]
    pool.shutdown(wait=False)

    def wait() -> None:
        for each in waiting:
            each.result()

    return wait


def _are_numbers(texts: Texts) -> bool:
    """Whether more than half of the cells that are no gaps are numbers; truths are none.

    Of many different texts some are looked at.
    """
    if texts.is_settled:
        counts = np.bincount(texts.codes, minlength=texts.num_values)
        places = _some(counts.size)
        found = zip(counts[places].tolist(), texts.values_at(places), strict=True)
    else:
        found = zip(repeat(1), texts.cells_at(_some(texts.num_cells)), strict=False)
    numbers = words = 0
    for count, text in found:
        if is_word(text):
            words += count
        elif text:
            numbers += count
    return numbers > words


def _some(count: int) -> np.ndarray:
    return np.arange(0, count, max(1, count // _LOOKED_AT))
