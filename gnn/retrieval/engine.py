"""FAISS over different vectors: exact, or by a graph of near ones (HNSW)."""

from __future__ import annotations

import os
from typing import Any, NamedTuple

import numpy as np

from gnn.configs.arguments import check_count
from gnn.edges.neighbors.pairs import Near, nearest_of_each, only

METHODS = ("exact", "hnsw")
# An exact search of few vectors beats a walk over a graph in which most are passed over: where
# their number squared is below so many times `ef_search` times the number of all.
_LINKS = 32
# The most candidates of a walk that passes vectors over.
_WIDEST = 4096
# FAISS multiplies matrices for so many queries and more, which costs distances their last digits.
_MULTIPLIED = 20
# So many more are measured again in double precision.
_MARGIN = 8
# Products and distances that differ by so little, relatively, may be equal.
_EQUAL = 5e-7


class Hnsw(NamedTuple):
    """The settings of a graph of near vectors.

    Attributes:
        neighbors: the links of a vector, twice as many in the lowest layer; FAISS' M.
        ef_construction: the candidates for these links.
        ef_search: the candidates of a search.
    """

    neighbors: int = 32
    ef_construction: int = 100
    ef_search: int = 64

    @classmethod
    def checked(
        cls, method: str, neighbors: Any, ef_construction: Any, ef_search: Any
    ) -> Hnsw | None:
        """The settings that a user gave; None of the method `"exact"`.

        Raises:
            TypeError: a number is no integer.
            ValueError: it is too small, or the method is another.

        Example:

        >>> Hnsw.checked("exact", 32, 100, 64) is None
        True
        """
        if method not in METHODS:
            raise ValueError(f"method must be one of {', '.join(METHODS)}; got {method!r}")
        found = cls(
            check_count("neighbors", neighbors, 2),
            check_count("ef_construction", ef_construction),
            check_count("ef_search", ef_search),
        )
        return found if method == "hnsw" else None


class Engine:
    """An index of FAISS.

    Args:
        index: FAISS' own.
        hnsw: its settings; None where it is exact.
        by_distance: whether it compares by squared distances; else by products.
        mapped: whether it lies in a file.
    """

    def __init__(self, index: Any, hnsw: Hnsw | None, by_distance: bool, mapped: bool = False):
        faiss = import_faiss()
        self.index = index
        self.hnsw = hnsw
        self.by_distance = by_distance
        self.mapped = mapped
        self.storage = index if hnsw is None else faiss.downcast_index(index.storage)
        if hnsw is not None:
            index.hnsw.efConstruction = hnsw.ef_construction
            index.hnsw.efSearch = hnsw.ef_search

    @classmethod
    def of(cls, rows: np.ndarray, hnsw: Hnsw | None, by_distance: bool) -> Engine:
        """Builds it.

        Args:
            rows: float32 `[n, width]`, different ones.
            hnsw: settings; None is exact.
            by_distance: as in the class.

        Raises:
            ImportError: FAISS is not installed.
        """
        faiss = import_faiss()
        kind = faiss.METRIC_L2 if by_distance else faiss.METRIC_INNER_PRODUCT
        if hnsw is None:
            index = faiss.IndexFlat(rows.shape[1], kind)
        else:
            index = faiss.IndexHNSWFlat(rows.shape[1], hnsw.neighbors, kind)
        engine = cls(index, hnsw, by_distance)
        engine.add(rows)
        return engine

    def __len__(self) -> int:
        """How many vectors there are."""
        return int(self.index.ntotal)

    @property
    def rows(self) -> np.ndarray:
        """All vectors, float32 `[n, width]`: a view that is gone once some are added."""
        faiss = import_faiss()
        if not len(self):
            return np.zeros((0, self.index.d), np.float32)
        size = len(self) * self.index.d
        return faiss.rev_swig_ptr(self.storage.get_xb(), size).reshape(-1, self.index.d)

    def add(self, rows: np.ndarray) -> None:
        """Adds vectors after those that are there."""
        faiss = import_faiss()
        if not len(rows):
            return
        if self.mapped:  # FAISS would abort the process: a file cannot grow.
            index = faiss.deserialize_index(faiss.serialize_index(self.index))
            self.__init__(index, self.hnsw, self.by_distance)  # type: ignore[misc]
        self.index.add(np.ascontiguousarray(rows, np.float32))

    def plain(self, queries: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray]:
        """What FAISS says, as `apart` (the nearest has the smallest number) and rows."""
        found, rows = self.index.search(queries, k)
        return (found if self.by_distance else -found), rows

    def near(self, queries: np.ndarray, k: int, admitted: np.ndarray | None = None) -> Near:
        """The k nearest vectors of each query: no fewer, where there are so many.

        Where it is exact and vectors are as near as the k-th, as far as single precision tells,
        these come too.

        Args:
            queries: float32 `[n, width]`.
            k: how many.
            admitted: which vectors may be found, bool; None is all.

        Returns:
            Pairs sorted by query, then by how far apart they are.
        """
        count = len(self) if admitted is None else int(np.count_nonzero(admitted))
        everything = np.arange(len(queries))
        if not count or not len(queries) or k < 1:
            return Near(np.zeros(0, np.int64), np.zeros(0, np.int64), np.zeros(0))
        k = min(k, count)
        if self.hnsw is None or self._few(count):
            return self._exact(queries, everything, k, admitted, count)
        found, rows = self._walk(queries, k, admitted, count)
        short: np.ndarray = np.any(rows < 0, axis=1)
        near = _pairs(found, rows, everything)
        if short.any():  # The graph led nowhere else, or past too many.
            again = self._exact(queries, np.flatnonzero(short), k, admitted, count)
            near = _together(only(near, ~short[near.rows]), again)
        return near

    def _few(self, count: int) -> bool:
        assert self.hnsw is not None
        return count**2 <= _LINKS * self.hnsw.ef_search * len(self) and count < len(self)

    def _walk(
        self, queries: np.ndarray, k: int, admitted: np.ndarray | None, count: int
    ) -> tuple[np.ndarray, np.ndarray]:
        assert self.hnsw is not None
        faiss = import_faiss()
        wide = max(self.hnsw.ef_search, k)
        parameters = faiss.SearchParametersHNSW(efSearch=wide)
        if admitted is not None:
            wide = max(wide, min(_WIDEST, wide * len(self) // count))
            selector = _selector(admitted)
            parameters = faiss.SearchParametersHNSW(efSearch=wide, sel=selector)
        found, rows = self.index.search(queries, k, params=parameters)
        return (found if self.by_distance else -found), rows

    def _exact(
        self,
        queries: np.ndarray,
        which: np.ndarray,
        k: int,
        admitted: np.ndarray | None,
        count: int,
    ) -> Near:
        """The nearest of some queries, and all that are as near as the k-th."""
        faiss = import_faiss()
        parameters = None
        if admitted is not None:
            # A list is read by itself; a mask is asked about each vector.
            few = count < len(self) // 4
            chosen = faiss.IDSelectorArray(np.flatnonzero(admitted)) if few else _selector(admitted)
            parameters = faiss.SearchParameters(sel=chosen)
        parts, ask = [], min(count, k + 1)
        while which.size:
            is_rough = self.by_distance and which.size >= _MULTIPLIED
            asked = min(count, ask + _MARGIN) if is_rough else ask
            found, rows = self.storage.search(queries[which], asked, params=parameters)
            if is_rough:
                found, rows = self._measured(queries[which], rows)
            tied = np.isclose(found[:, k - 1], found[:, -1], rtol=_EQUAL, atol=0) & (asked < count)
            found = found if self.by_distance else -found
            parts.append(_pairs(found[~tied], rows[~tied], which[~tied]))
            which, ask = which[tied], min(count, 4 * asked)
        return _together(*parts)

    def _measured(self, queries: np.ndarray, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Squared distances in double precision, and the rows in their order."""
        near = self.rows[rows].astype(np.float64)
        apart = ((queries[:, None].astype(np.float64) - near) ** 2).sum(axis=2)
        order = np.argsort(apart, axis=1, kind="stable")
        return np.take_along_axis(apart, order, 1), np.take_along_axis(rows, order, 1)

    def write(self, path: str | os.PathLike[str]) -> None:
        """Writes the index to a file."""
        import_faiss().write_index(self.index, os.fspath(path))

    @classmethod
    def read(
        cls, path: str | os.PathLike[str], hnsw: Hnsw | None, by_distance: bool, mapped: bool
    ) -> Engine:
        """Reads `write` back.

        Args:
            path: the file.
            hnsw: as in the class.
            by_distance: as in the class.
            mapped: whether the vectors stay in the file, from which they are read when needed.

        Raises:
            ValueError: the file is damaged.
        """
        faiss = import_faiss()
        try:
            index = faiss.read_index(os.fspath(path), faiss.IO_FLAG_MMAP_IFC if mapped else 0)
        except RuntimeError as error:
            reason = str(error).splitlines()[0]
            raise ValueError(f"{os.fspath(path)!r} cannot be read: {reason}") from error
        return cls(index, hnsw, by_distance, mapped)


def import_faiss() -> Any:
    """FAISS.

    Raises:
        ImportError: it is not installed.
    """
    try:
        import faiss
    except ImportError as error:
        raise ImportError(
            "gnn.RetrievalIndex needs the package faiss: pip install 'gnn[retrieval]'"
        ) from error
    return faiss


def _selector(admitted: np.ndarray) -> Any:
    return import_faiss().IDSelectorBitmap(np.packbits(admitted, bitorder="little"))


def _pairs(found: np.ndarray, rows: np.ndarray, which: np.ndarray) -> Near:
    """The pairs of a table of what each query found, without what is missing."""
    there = rows >= 0
    return Near(np.repeat(which, there.sum(axis=1)), rows[there], found[there].astype(np.float64))


def _together(*parts: Near) -> Near:
    near = Near(*(np.concatenate(field) for field in zip(*parts, strict=True)))
    return only(near, nearest_of_each(near, None))
