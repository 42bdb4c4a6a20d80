"""How many of the nearest items an approximate index finds: measured, with its error."""

from __future__ import annotations

import dataclasses
import math

import numpy as np

from gnn.edges.neighbors.pairs import Near, only, rank_in_run
from gnn.retrieval.engine import Engine


@dataclasses.dataclass(frozen=True)
class Recall:
    """What a sample of the items found of their exact neighbors, themselves left out.

    Attributes:
        k: of how many neighbors.
        mean: the share that was found.
        error: the standard error of the mean.
        sample: how many items were asked about.
        items: how many there were then.
    """

    k: int
    mean: float
    error: float
    sample: int
    items: int

    def text(self) -> str:
        """In a line.

        Example:

        >>> Recall(10, 0.987, 0.002, 1000, 20000).text()
        'recall at 10: 0.987 ± 0.002, of 1,000 among 20,000'
        """
        return (
            f"recall at {self.k}: {self.mean:.3f} ± {self.error:.3f}, of {self.sample:,} among "
            f"{self.items:,}"
        )


def measured(engine: Engine, sample: int, seed: int, k: int = 10) -> Recall | None:
    """Measures the recall of an engine on some of its own vectors; None of one that has no two."""
    count = len(engine)
    k = min(k, count - 1)
    if k < 1 or sample < 1:
        return None
    drawn = np.random.default_rng(seed).choice(count, min(sample, count), replace=False)
    rows = np.sort(drawn)
    queries = np.ascontiguousarray(engine.rows[rows])
    whole = Engine(engine.storage, None, engine.by_distance)
    found = _others(engine.near(queries, k + 1), rows, k)
    right = _others(whole.near(queries, k + 1), rows, k)
    hits = np.isin(found.rows * count + found.columns, right.rows * count + right.columns)
    shares = np.bincount(found.rows[hits], minlength=len(rows)) / k
    error = float(shares.std() / math.sqrt(len(shares)))
    return Recall(k, float(shares.mean()), error, len(rows), count)


def _others(near: Near, rows: np.ndarray, k: int) -> Near:
    near = only(near, near.columns != rows[near.rows])
    return only(near, rank_in_run(near.rows) < k)
