"""What `gnn.data.neighborhoods` samples, as one object: its arguments in checked form."""

from __future__ import annotations

import dataclasses

import numpy as np


@dataclasses.dataclass(frozen=True, eq=False)
class SamplingPlan:
    """Around which nodes how many neighbors are drawn, and from which seed.

    Attributes:
        rows: int `[n_rows]`, the nodes to read out, in order.
        batch_size: rows of a batch.
        hops: the fan-out of each hop.
        extra: the unlabeled nodes, or None.
        num_extra: how many of them a batch.
        shuffle: whether rows are permuted and neighbors drawn anew each epoch.
        seed: of everything drawn.
        first_epoch: the number of the first epoch that is drawn.
        merge: whether a batch is one component without duplicate nodes.

    Example:

    >>> plan = SamplingPlan(rows=np.arange(5), batch_size=2, hops=(10, None))
    >>> plan.num_batches, plan.expected_nodes(mean_degree=3)
    (3, 26)
    """

    rows: np.ndarray
    batch_size: int
    hops: tuple[int | None, ...]
    extra: np.ndarray | None = None
    num_extra: int = 0
    shuffle: bool = False
    seed: int = 0
    first_epoch: int = 0
    merge: bool = False

    @property
    def num_batches(self) -> int:
        """Batches of an epoch."""
        return -(-len(self.rows) // self.batch_size)

    def order(self, epoch: int) -> tuple[np.ndarray, np.ndarray]:
        """The rows of an epoch and the unlabeled nodes that go with them, batch by batch."""
        rng = np.random.default_rng([self.seed, epoch])
        rows = rng.permutation(self.rows) if self.shuffle else self.rows
        extra = np.zeros(0, np.int64)
        if self.extra is not None:
            rounds = -(-self.num_batches * self.num_extra // len(self.extra))
            extra = np.concatenate([rng.permutation(self.extra) for _ in range(rounds)])
        return rows, extra

    def expected_nodes(self, mean_degree: int) -> int:
        """About how many nodes a batch has, if components share none."""
        reached, nodes = 1, 1
        for most in self.hops:
            reached *= mean_degree if most is None else min(most, mean_degree)
            nodes += reached
        return nodes * (self.batch_size + self.num_extra)
