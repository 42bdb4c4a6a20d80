"""Hubs: items that are near to far too many, how many there are, and a remedy."""

from __future__ import annotations

from typing import Any

import numpy as np

from gnn.configs.arguments import check_count
from gnn.edges.neighbors.metrics import Vectors, as_vectors
from gnn.memory_maps import blocks


class InverseGraphConvolution:
    """Moves vectors away from where the items crowd: a graph convolution with its sign turned.

    With the items `X`, rows of length 1, and `S = x X^T` of a vector `x`:

        x' = normalized(x - strength / n * (S - mean(S)) X)

    Without `neighbors` all n items count, and a matrix of `width + 1` rows is kept. With them,
    those of a bank of items that are nearest do, `x' = normalized(x - strength / k * S_k X_k)`, and
    the bank is kept. Hubs, which are among the nearest of very many, come among fewer.

    Jian and Wang, "InvGC: Robust Cross-Modal Retrieval by Inverse Graph Convolution", Findings of
    EMNLP 2023, section 3 (InvGC, and LocalAdj). `mean(S)` is that of all pairs of items, so what
    all have in common stays, and only how much of it each has is made more even.

    Args:
        strength: r, above 0.
        neighbors: k, or None for all items.
        bank: at most so many items are kept to look for neighbors.
        seed: draws these.

    Raises:
        TypeError: an argument is of another type.
        ValueError: an argument is out of range.

    Example:

    Two items at a right angle pull against each other, and a third lies on the first.

    >>> remedy = InverseGraphConvolution(strength=1.0)
    >>> remedy.adapt(np.array([[1.0, 0.0], [1.0, 0.0], [0.0, 1.0]]))
    >>> remedy(np.array([[1.0, 0.0]])).round(3).tolist()
    [[0.967, 0.254]]
    """

    kind = "inverse_graph_convolution"

    def __init__(
        self,
        strength: float = 1.0,
        neighbors: int | None = None,
        *,
        bank: int = 4096,
        seed: int = 0,
    ):
        if not 0 < strength < np.inf:
            raise ValueError(f"strength must be above 0 and finite, got {strength}")
        self.strength = float(strength)
        self.neighbors = None if neighbors is None else check_count("neighbors", neighbors)
        self.bank = check_count("bank", bank)
        self.seed = check_count("seed", seed, 0)
        self._kept: np.ndarray | None = None

    def adapt(self, items: np.ndarray) -> None:
        """Learns where the items are.

        Args:
            items: real numbers `[n, width]`.
        """
        if self.neighbors is not None:
            rng = np.random.default_rng(self.seed)
            rows = rng.choice(len(items), min(self.bank, len(items)), replace=False)
            self._kept = _unit(items[np.sort(rows)])
            return
        width = items.shape[1]
        products, total = np.zeros((width, width)), np.zeros(width)
        for _, part in blocks(items):
            rows = _unit(part)
            products += rows.T @ rows
            total += rows.sum(axis=0)
        count = max(1, len(items))
        mean = total / count
        self._kept = np.vstack([products / count, (mean @ mean) * mean])

    def __call__(self, vectors: np.ndarray, *, query: bool = False) -> np.ndarray:
        """The vectors, moved: float64 `[n, width]`; zeros stay.

        Args:
            vectors: `[n, width]`.
            query: whether they are queries, which are moved as items are.

        Raises:
            ValueError: they have another width than the items.
        """
        assert self._kept is not None
        width = self._kept.shape[1]
        if vectors.shape[1] != width:
            raise ValueError(f"vectors must have width {width}, got {vectors.shape[1]}")
        rows = _unit(vectors)
        if self.neighbors is None:
            return _unit(rows - self.strength * (rows @ self._kept[:-1] - self._kept[-1]))
        k = min(self.neighbors, len(self._kept))
        moved = np.empty(rows.shape)
        for start in range(0, len(rows), 1024):
            some = rows[start : start + 1024]
            products = some @ self._kept.T
            if k < len(self._kept):
                least = np.partition(products, -k, axis=1)[:, -k, None]
                products = np.where(products >= least, products, 0)
            moved[start : start + 1024] = some - self.strength / k * (products @ self._kept)
        return _unit(moved)

    def state(self) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
        """The arguments, and arrays, from which `restored` makes it again."""
        assert self._kept is not None
        arguments = {
            "strength": self.strength,
            "neighbors": self.neighbors,
            "bank": self.bank,
            "seed": self.seed,
        }
        return arguments, {"kept": self._kept}

    @classmethod
    def restored(
        cls, arguments: dict[str, Any], arrays: dict[str, np.ndarray]
    ) -> InverseGraphConvolution:
        """Reads `state` back."""
        found = cls(**arguments)
        found._kept = arrays["kept"]
        return found


def hubness(neighbors: Any, num_items: int) -> float:
    """How unevenly items are among the nearest: the skewness of how often each is.

    `E[(N - mean N)^3] / std(N)^3` of the number of queries that have an item among their nearest;
    about 0 without hubs, and above 1 with many. Radovanović, Nanopoulos and Ivanović, "Hubs in
    space: popular nearest neighbors in high-dimensional data", JMLR 2010, section 2.

    Args:
        neighbors: integers `[queries, k]`, rows of items: `SearchResult.rows`, or the indices of
            `gnn.evaluation.nearest_neighbors`. What is masked does not count.
        num_items: how many items there are.

    Raises:
        ValueError: a neighbor is no item.

    Example:

    The counts are 3, 1, 0 and 0: third moment 1.5, variance 1.5.

    >>> round(hubness([[0], [0], [0], [1]], 4), 3)
    0.816
    """
    found = np.ma.compressed(np.ma.asarray(neighbors)).astype(np.int64)
    num_items = check_count("num_items", num_items)
    if found.size and not (0 <= found.min() and found.max() < num_items):
        raise ValueError(
            f"neighbors must be from 0 to {num_items - 1}, got {found.min()} to {found.max()}"
        )
    counts = np.bincount(found, minlength=num_items).astype(np.float64)
    spread = counts.std()
    return float(((counts - counts.mean()) ** 3).mean() / spread**3) if spread else 0.0


def _unit(rows: Any) -> np.ndarray:
    return Vectors.of(as_vectors("vectors", rows), "cosine").exact(slice(None))
