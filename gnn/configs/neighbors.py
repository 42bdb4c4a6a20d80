"""Configuration of graphs from vectors: which of them are neighbors, and how they are found."""

from __future__ import annotations

import dataclasses
import math
import numbers
from typing import Any, ClassVar

from gnn.configs.arguments import check_count
from gnn.configs.fields import Config, convert, set_field

NEIGHBOR_METRICS = ("cosine", "ip", "l2")
NEIGHBOR_METHODS = ("auto", "exact", "approximate")
SYMMETRIES = ("union", "mutual")


@dataclasses.dataclass(frozen=True)
class NeighborGraphConfig(Config):
    """Which vectors are neighbors in a graph, what their edges weigh, and how they are found.

    An edge weighs as much as its ends are similar; one of similarity 0 or less is no edge. With
    vectors x and y,

    - `"cosine"` is `x.y / (|x| |y|)`; a vector of zeros has no neighbors;
    - `"ip"` is the inner product `x.y`;
    - `"l2"` is `1 / (1 + |x - y|^2)`, the kernel of Student's t distribution with one degree of
      freedom (van der Maaten and Hinton, "Visualizing data using t-SNE", JMLR 2008, section 3.3).

    Attributes:
        k: How many neighbors each vector has, the nearest; of equally near ones those of the
            smallest numbers. Where there are fewer others, all of them. None takes all that
            `min_similarity` leaves.
        metric: `"cosine"`, `"ip"` or `"l2"`.
        method: `"exact"` compares all pairs. `"approximate"` compares a vector with those of the
            nearest cells of a partition, and looks into so many cells that the measured recall
            reaches `target_recall`; it needs the extra `retrieval`. `"auto"` is exact up to 50,000
            different vectors and where that extra is not installed.
        min_similarity: How similar two vectors must be at least to be joined; None is no bound.
        symmetric: Each edge is there in both directions: `"union"` joins two vectors of which one
            is among the nearest of the other, `"mutual"` those of which both are.
        target_recall: The share of the k nearest that an approximate search finds at least, in the
            mean, with a certainty of 97.5%.
        seed: What an approximate search draws is drawn by it.

    Raises:
        TypeError: A field is of another type.
        ValueError: A field is out of range, or both `k` and `min_similarity` are None.

    Example:
        >>> NeighborGraphConfig(k=5, metric="l2").to_dict()["metric"]
        'l2'
    """

    k: int | None = 10
    metric: str = "cosine"
    method: str = "auto"
    min_similarity: float | None = None
    symmetric: str = "union"
    target_recall: float = 0.97
    seed: int = 0

    in_nsl: ClassVar[bool] = False

    def __post_init__(self) -> None:
        chosen = (
            ("metric", NEIGHBOR_METRICS),
            ("method", NEIGHBOR_METHODS),
            ("symmetric", SYMMETRIES),
        )
        for name, known in chosen:
            if getattr(self, name) not in known:
                raise ValueError(f"{name} must be one of {known}, got {getattr(self, name)!r}")
        if self.k is not None:
            set_field(self, "k", check_count("k", self.k))
        if self.min_similarity is not None:
            most = math.inf if self.metric == "ip" else 1.0
            least = _number("min_similarity", self.min_similarity)
            if not -math.inf < least <= most or least == math.inf:
                bound = "" if self.metric == "ip" else f" and at most 1 for {self.metric!r}"
                raise ValueError(f"min_similarity must be finite{bound}, got {least}")
            set_field(self, "min_similarity", least)
        if self.k is None and self.min_similarity is None:
            raise ValueError("k must be given where min_similarity is not, got None for both")
        if self.k is None and self.method == "approximate":
            raise ValueError('k must be given for method="approximate", got None')
        recall = _number("target_recall", self.target_recall)
        if not 0 < recall <= 1:
            raise ValueError(f"target_recall must be in (0, 1], got {recall}")
        set_field(self, "target_recall", recall)
        set_field(self, "seed", check_count("seed", self.seed, 0))
        if self.seed >= 2**31:
            raise ValueError(f"seed must be below {2**31}, got {self.seed}")


def as_neighbor_graph_config(value: Any) -> NeighborGraphConfig:
    """Returns a `NeighborGraphConfig` equal to `value`.

    Args:
        value: A `NeighborGraphConfig`, a dictionary of the fields, or None for the defaults.

    Raises:
        TypeError: `value` is none of these.
        ValueError: The dictionary has a key that is no field, or a value is out of range.

    Example:
        >>> as_neighbor_graph_config({"k": 3}).k
        3
    """
    return NeighborGraphConfig() if value is None else convert(value, NeighborGraphConfig)


def _number(name: str, value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, numbers.Real):
        raise TypeError(f"{name} must be a number, got {value!r}")
    return float(value)
