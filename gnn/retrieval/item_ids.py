"""The ids of items: integers of any size and texts, unique, looked up both ways."""

from __future__ import annotations

import numbers
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np

NUMBERS, TEXTS, ENDS = "ids.npy", "id_texts.npy", "id_ends.npy"


class ItemIds:
    """The ids of all rows; some rows may be removed, and their ids used again.

    Args:
        values: int64 `[n]`, or objects, Python's integers and texts.

    Example:

    >>> ids = ItemIds.of(["b", 2**70, "a"], 3)
    >>> ids.rows_of(["a", 2**70]).tolist(), ids.at(np.array([1])).tolist()
    ([2, 1], [1180591620717411303424])
    >>> ids.ranks.tolist()  # Integers come before texts.
    [2, 0, 1]
    """

    def __init__(self, values: np.ndarray):
        self._values: np.ndarray | None = values
        self._texts: tuple[np.ndarray, np.ndarray] | None = None
        self._ranks: np.ndarray | None = None
        self._places: dict[Any, int] | None = None

    @classmethod
    def of(cls, ids: Any, count: int, start: int = 0) -> ItemIds:
        """Checks ids that a user gave.

        Args:
            ids: one for each of `count` items; None numbers them.
            count: how many items there are.
            start: the first number.

        Raises:
            TypeError: one is neither an integer nor a text.
            ValueError: they are not as many, or one is there twice.
        """
        if ids is None:
            return cls(np.arange(start, start + count, dtype=np.int64))
        values = _as_ids(ids)
        if len(values) != count:
            raise ValueError(f"ids must be one for each of {count} items, got {len(values)}")
        if values.dtype == np.int64:
            distinct, counts = np.unique(values, return_counts=True)
            twice = distinct[counts > 1].tolist()
        else:
            twice = [each for each, times in Counter(values.tolist()).items() if times > 1]
        if twice:
            raise ValueError(f"ids must be unique; {twice[0]!r} is there more than once")
        return cls(values)

    def __len__(self) -> int:
        """How many rows there are, removed ones too."""
        if self._texts is not None:
            return len(self._texts[1])
        assert self._values is not None
        return len(self._values)

    def at(self, rows: np.ndarray) -> np.ndarray:
        """The ids of some rows: int64, or objects."""
        if self._texts is None:
            assert self._values is not None
            return self._values[rows]
        texts, ends = self._texts
        found = np.empty(len(rows), object)
        for place, row in enumerate(rows.tolist()):
            start = ends[row - 1] if row else 0
            found[place] = _decoded(bytes(texts[start : ends[row]]))
        return found

    @property
    def values(self) -> np.ndarray:
        """The ids of all rows."""
        if self._values is None:
            self._values = self.at(np.arange(len(self)))
        return self._values

    @property
    def ranks(self) -> np.ndarray:
        """Each row's place in the order of the ids, int64; integers come before texts."""
        if self._ranks is None:
            values = self.values
            if values.dtype == np.int64:
                order = np.argsort(values, kind="stable")
            else:
                listed = values.tolist()
                keyed = sorted(
                    (isinstance(each, str), each, row) for row, each in enumerate(listed)
                )
                order = np.array([row for *_, row in keyed], np.int64)
            ranks = np.empty(len(order), np.int64)
            ranks[order] = np.arange(len(order))
            self._ranks = ranks
        return self._ranks

    def rows_of(self, ids: Iterable[Any], alive: np.ndarray | None = None) -> np.ndarray:
        """The rows of ids, int64.

        Args:
            ids: which.
            alive: which rows are not removed; None is all. Those of a removed row are not known.

        Raises:
            KeyError: one is not known.
        """
        if self._places is None:
            rows = np.arange(len(self)) if alive is None else np.flatnonzero(alive)
            keys = self.values[rows].tolist()
            self._places = dict(zip(keys, rows.tolist(), strict=True))
        asked = _as_ids(ids).tolist()
        try:
            return np.array([self._places[each] for each in asked], np.int64)
        except KeyError as error:
            raise KeyError(f"there is no item with the id {error.args[0]!r}") from None

    def shared(self, others: ItemIds, alive: np.ndarray | None = None) -> Any:
        """An id that these and others have, of rows that are not removed; None if there is none."""
        mine = self.values if alive is None else self.values[alive]
        if mine.dtype == others.values.dtype == np.int64:
            both = np.intersect1d(mine, others.values)
            return int(both[0]) if both.size else None
        known = set(mine.tolist())
        return next((each for each in others.values.tolist() if each in known), None)

    def joined(self, others: ItemIds) -> ItemIds:
        """These ids and those of further rows."""
        mine, theirs = self.values, others.values
        if mine.dtype != theirs.dtype:
            mine, theirs = mine.astype(object), theirs.astype(object)
        return ItemIds(np.concatenate([mine, theirs]))

    def removed(self) -> None:
        """Says that rows were removed: where ids are is to be looked up anew."""
        self._places = None

    def write(self, folder: Path) -> None:
        """Writes the ids into a folder."""
        if self.values.dtype == np.int64:
            np.save(folder / NUMBERS, self.values)
            return
        texts = [_encoded(each) for each in self.values.tolist()]
        np.save(folder / TEXTS, np.frombuffer(b"".join(texts), np.uint8))
        np.save(folder / ENDS, np.cumsum([len(text) for text in texts], dtype=np.int64))

    @classmethod
    def read(cls, folder: Path, mode: Any) -> ItemIds:
        """Reads `write` back; texts are decoded when they are asked for.

        Args:
            folder: where they lie.
            mode: how files are mapped, as `np.load` takes it.
        """
        if (folder / NUMBERS).is_file():
            return cls(np.load(folder / NUMBERS, mmap_mode=mode))
        ids = cls(np.zeros(0, np.int64))
        ids._values = None
        ids._texts = (
            np.load(folder / TEXTS, mmap_mode=mode),
            np.load(folder / ENDS, mmap_mode=mode),
        )
        return ids


def _as_ids(ids: Any) -> np.ndarray:
    """Ids as int64 where all are integers that fit, else as objects."""
    if isinstance(ids, np.ndarray) and ids.dtype.kind in "iu" and ids.ndim == 1:
        if ids.dtype != np.uint64 or not ids.size or int(ids.max()) < 2**63:
            return ids.astype(np.int64)
    # NumPy would make floats of integers beyond 64 bits, and texts of integers among texts.
    listed = [_plain(each) for each in (ids.tolist() if isinstance(ids, np.ndarray) else ids)]
    if all(isinstance(each, int) and -(2**63) <= each < 2**63 for each in listed):
        return np.array(listed, np.int64)
    found = np.empty(len(listed), object)
    found[:] = listed
    return found


def _plain(value: Any) -> Any:
    if isinstance(value, str):
        return str(value)
    if isinstance(value, numbers.Integral) and not isinstance(value, (bool, np.bool_)):
        return int(value)
    raise TypeError(f"an id must be an integer or a text, got {value!r}")


def _encoded(value: Any) -> bytes:
    if isinstance(value, str):
        return b"t" + value.encode("utf-8", "surrogatepass")
    return b"i" + str(value).encode()


def _decoded(content: bytes) -> Any:
    text = content[1:].decode("utf-8", "surrogatepass")
    return text if content[:1] == b"t" else int(text)
