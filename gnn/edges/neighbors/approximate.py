"""Approximate nearest neighbors by FAISS, with a recall that is measured."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np

from gnn.edges.memory import give_back_memory
from gnn.edges.neighbors.exact import near_pairs
from gnn.edges.neighbors.frame import Frame
from gnn.edges.neighbors.metrics import Vectors, distances
from gnn.edges.neighbors.pairs import Near, others, rank_in_run

# Rows that are answered exactly, to measure the recall.
_SAMPLE = 2000
# Vectors a cell that its place is learned from.
_LEARNED = 32
_ROUNDS = 6
# Vectors that are added, or asked about, at a time.
_BLOCK = 2**11


class Approximation(NamedTuple):
    """What an approximate search found, and how.

    Attributes:
        near: the pairs.
        how: its settings and its recall, in words.
    """

    near: Near
    how: str


def approximate(vectors: Vectors, k: int, *, target_recall: float, seed: int) -> Approximation:
    """Finds most of the k nearest vectors of each vector, itself left out.

    The vectors are parted into cells by k-means, and each is compared with those of the cells whose
    centers are nearest to it, an inverted file (Jégou, Douze and Schmid, "Product quantization for
    nearest neighbor search", TPAMI 2011, section 4; without quantization). Some 2,000 vectors,
    drawn by the seed, are answered exactly. How many cells are read is doubled until the recall on
    these, less twice its standard error, reaches the target; where more than a quarter of all would
    be read, all pairs are compared.

    Every metric becomes the Euclidean distance: `"cosine"` by length 1, `"ip"` by one more number
    that makes all vectors equally long but for those asked about (Bachrach et al., "Speeding up the
    Xbox recommender system using a Euclidean transformation for inner-product spaces", RecSys 2014,
    section 3).

    Args:
        vectors: different ones, none of zeros unless the metric is `"l2"`.
        k: how many neighbors, from 1 to the number of vectors less one.
        target_recall: the share of the k nearest to be found, in the mean.
        seed: what is drawn is drawn by it.

    Returns:
        At most k pairs of each row, sorted by row and then distance, and how they were found.

    Raises:
        ImportError: `faiss` is not installed.

    Example:

    >>> grid = Vectors.of(np.arange(300.0).reshape(-1, 1) ** 2, "l2")
    >>> found = approximate(grid, 1, target_recall=0.9, seed=0)
    >>> bool(np.mean(found.near.columns[1:] == np.arange(299)) > 0.9)
    True
    """
    rng = np.random.default_rng(seed)
    file = _InvertedFile.of(vectors, rng)
    sample = np.sort(rng.choice(len(vectors), min(_SAMPLE, len(vectors)), replace=False))
    asked = Vectors(vectors.given[sample], vectors.metric, vectors.lengths[sample])
    right = near_pairs(asked, vectors, k + 1)
    right = others(right._replace(rows=sample[right.rows]), k)
    read = 1
    while 4 * read <= file.cells:
        recall, error = _recall(file.search(sample, k, read), right)
        if recall - 2 * error >= target_recall:
            how = f"approximate, recall {recall:.3f} on {sample.size:,} of them"
            how += f", {read:,} of {file.cells:,} cells read"
            # Vectors of one cell read the same cells, which are then in the cache.
            rows = file.by_cell()
            columns = file.search(rows, k, read)
            del file  # It holds the vectors once more, in thousands of lists.
            give_back_memory()
            return Approximation(_measured(vectors, rows, columns), how)
        read *= 2
    near = near_pairs(vectors, vectors, k, without_self=True)
    return Approximation(near, "exact, since an approximation would read most of them")


class _InvertedFile(NamedTuple):
    """Vectors in cells.

    Attributes:
        vectors: all of them.
        frame: where they stand.
        index: FAISS' own.
        cells: how many.
        cell_of: int64 `[rows]`, the cell of each vector.
    """

    vectors: Vectors
    frame: Frame
    index: Any
    cells: int
    cell_of: np.ndarray

    @classmethod
    def of(cls, vectors: Vectors, rng: np.random.Generator) -> _InvertedFile:
        faiss = _import_faiss()
        count, width = vectors.given.shape
        width += vectors.metric == "ip"
        cells = min(count, 2 ** round(math.log2(4 * math.sqrt(count))))
        index = faiss.IndexIVFFlat(faiss.IndexFlatL2(width), width, cells, faiss.METRIC_L2)
        index.cp.seed = int(rng.integers(2**31))
        index.cp.niter = _ROUNDS
        index.cp.min_points_per_centroid = 1  # It would warn of fewer than 39.
        index.cp.max_points_per_centroid = _LEARNED
        file = cls(vectors, Frame.of(vectors), index, cells, np.empty(count, np.int64))
        index.train(file.held(np.sort(rng.permutation(count)[: _LEARNED * cells])))
        for start in range(0, count, _BLOCK):
            some = slice(start, start + _BLOCK)
            file.cell_of[some] = index.quantizer.assign(file.held(some), 1).ravel()
        # Lists that grow as they are filled have room for half as many again.
        for cell, size in enumerate(np.bincount(file.cell_of, minlength=cells).tolist()):
            index.invlists.resize(cell, size)
            index.invlists.resize(cell, 0)
        for start in range(0, count, _BLOCK):
            rows = np.arange(start, min(start + _BLOCK, count))
            held, cells_of_rows = file.held(rows), file.cell_of[rows]
            index.add_core(rows.size, *map(faiss.swig_ptr, (held, rows, cells_of_rows)))
        return file

    def held(self, at: slice | np.ndarray) -> np.ndarray:
        """Some vectors as they are held, float32."""
        rows = self.frame.rows(self.vectors, at)
        if self.vectors.metric == "ip":  # All 1 long.
            rows = np.column_stack([rows, np.sqrt(np.maximum(0, 1 - (rows**2).sum(axis=1)))])
        return rows.astype(np.float32)

    def asking(self, at: np.ndarray) -> np.ndarray:
        """Some vectors as they are asked about, float32."""
        rows = self.frame.rows(self.vectors, at)
        if self.vectors.metric == "ip":  # Its own length changes nothing of which are near.
            rows /= self.vectors.lengths[at, None] * self.frame.scale
            rows = np.column_stack([rows, np.zeros(len(rows))])
        return rows.astype(np.float32)

    def search(self, rows: np.ndarray, k: int, read: int) -> np.ndarray:
        """The k nearest of some vectors, themselves left out.

        Args:
            rows: which vectors, in any order.
            k: how many at most.
            read: how many cells are looked into.

        Returns:
            int32 `[len(rows), k]`, -1 after the last where there are too few.
        """
        self.index.nprobe = read
        columns = np.full((rows.size, k), -1, np.int32)
        for start in range(0, rows.size, _BLOCK):
            some = rows[start : start + _BLOCK]
            _, found = self.index.search(self.asking(some), k + 1)
            kept = (found >= 0) & (found != some[:, None])
            kept &= np.cumsum(kept, axis=1) <= k
            row, _ = np.nonzero(kept)
            columns[row + start, rank_in_run(row)] = found[kept]
        return columns

    def by_cell(self) -> np.ndarray:
        """All vectors, those of one cell after those of another."""
        return np.argsort(self.cell_of, kind="stable")


def _measured(vectors: Vectors, rows: np.ndarray, columns: np.ndarray) -> Near:
    """The pairs of all vectors, in their own order, of what a search found in another."""
    near, apart = np.empty_like(columns), np.empty(columns.shape)
    for start in range(0, rows.size, _BLOCK):
        some, found = rows[start : start + _BLOCK], columns[start : start + _BLOCK]
        near[some] = found
        others = vectors.exact(found.ravel()).reshape(*found.shape, -1)
        apart[some] = distances(vectors.exact(some)[:, None], others, vectors.metric)
    counts = np.count_nonzero(near >= 0, axis=1)
    rows = np.repeat(np.arange(rows.size, dtype=near.dtype), counts)
    if rows.size == near.size:
        return Near(rows, near.ravel(), apart.ravel())
    return Near(rows, near[near >= 0], apart[near >= 0])


def _recall(found: np.ndarray, right: Near) -> tuple[float, float]:
    """The share of the right neighbors that were found: the mean over rows, and its standard error.

    Args:
        found: `[rows, k]`.
        right: the pairs that should have been found, of as many rows.
    """
    _, row = np.unique(right.rows, return_inverse=True)
    hits = np.any(found[row] == right.columns[:, None], axis=1)
    shares = np.bincount(row, hits) / np.bincount(row)
    return float(shares.mean()), float(shares.std() / math.sqrt(shares.size))


def _import_faiss() -> Any:
    try:
        import faiss
    except ImportError as error:
        raise ImportError(
            "method='approximate' needs the package faiss: pip install 'gnn[retrieval]', or take "
            "method='exact'"
        ) from error
    return faiss
