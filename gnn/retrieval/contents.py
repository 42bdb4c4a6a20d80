"""The vectors of an index: each held once, zeros not at all, and which of them an item has."""

from __future__ import annotations

import dataclasses

import numpy as np

from gnn.edges.neighbors.copies import copies_of
from gnn.retrieval.engine import Engine, Hnsw
from gnn.retrieval.members import ZERO
from gnn.retrieval.standing import Standing


@dataclasses.dataclass(frozen=True, eq=False)
class Contents:
    """What an index holds.

    A graph of near vectors loses others where one is there many times: its copies are each other's
    only neighbors. So they are taken out, and so are zeros, which have no direction.

    Attributes:
        standing: how vectors stand in the engine.
        engine: of different vectors.
        slots: int64 `[items]`, which of them an item has, or `ZERO`.
    """

    standing: Standing
    engine: Engine
    slots: np.ndarray

    @classmethod
    def of(cls, vectors: np.ndarray, metric: str, hnsw: Hnsw | None) -> Contents:
        """Builds an index of vectors.

        Args:
            vectors: finite real numbers `[n, width]`.
            metric: as of `Standing`.
            hnsw: settings of the graph; None is exact.
        """
        standing = Standing.of(vectors, metric, lifted=hnsw is not None)
        rows = standing.items(vectors)
        is_zero = _zeros(rows, standing)
        kept = np.flatnonzero(~is_zero)
        copies = copies_of(rows if kept.size == len(rows) else rows[kept])
        slots = np.full(len(rows), ZERO, np.int64)
        slots[kept] = copies.number
        different = rows if copies.first.size == len(rows) else rows[kept[copies.first]]
        engine = Engine.of(different, hnsw, standing.by_distance)
        return cls(standing, engine, slots)

    def extended(self, vectors: np.ndarray) -> Contents:
        """The same with further items, which changes the engine; built anew where they do not fit.

        Args:
            vectors: as in `of`, of the same width.
        """
        if not self.standing.fits(vectors):
            held = self.given(np.arange(len(self.slots)))
            return Contents.of(
                np.concatenate([held, vectors]), self.standing.metric, self.engine.hnsw
            )
        rows = self.standing.items(vectors)
        is_zero = _zeros(rows, self.standing)
        before = len(self.engine)
        kept = np.flatnonzero(~is_zero)
        copies = copies_of(np.concatenate([self.engine.rows, rows[kept]]))
        # Those that are there are different, so the first of a vector keeps its place.
        slots = np.full(len(rows), ZERO, np.int64)
        slots[kept] = copies.number[before:]
        new = copies.first[copies.first >= before] - before
        self.engine.add(rows[kept[new]])
        return dataclasses.replace(self, slots=np.concatenate([self.slots, slots]))

    def given(self, rows: np.ndarray) -> np.ndarray:
        """The vectors of some items as they were given, float64; for the cosine of length 1.

        Single precision has rounded them.
        """
        slots = self.slots[rows]
        found = np.zeros((len(rows), len(self.standing.center)))
        held = slots != ZERO
        found[held] = self.standing.given(self.engine.rows[slots[held]])
        return found

    @property
    def is_identity(self) -> bool:
        """Whether each item has a vector of its own, in the order of the items."""
        count = len(self.slots)
        return count == len(self.engine) and bool((self.slots == np.arange(count)).all())


def _zeros(rows: np.ndarray, standing: Standing) -> np.ndarray:
    """Which rows are zeros, where that means no direction."""
    if standing.by_distance:
        return np.zeros(len(rows), bool)
    found: np.ndarray = np.all(rows[:, : len(standing.center)] == 0, axis=1)
    return found
