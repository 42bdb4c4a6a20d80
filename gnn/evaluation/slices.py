"""Where a classifier is right: its accuracy by what surrounds a node."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np

from gnn.evaluation.intervals import share_interval

HOMOPHILY_BINS = 5


@dataclasses.dataclass(frozen=True)
class Slice:
    """Some of the nodes that were judged.

    Attributes:
        name: what they have in common, for a person.
        low: the least number that they have.
        high: the largest that they may have; both are None of nodes that have no such number.
        nodes: how many they are.
        right: how many of them are right.

    Example:

    >>> some = Slice("2 to 3", 2, 3, nodes=4, right=2)
    >>> some.accuracy, [round(end, 2) for end in some.interval]
    (0.5, [0.15, 0.85])
    """

    name: str
    low: float | None
    high: float | None
    nodes: int
    right: int

    @property
    def accuracy(self) -> float | None:
        """The share that is right; None where there are no nodes."""
        return self.right / self.nodes if self.nodes else None

    @property
    def interval(self) -> tuple[float, float] | None:
        """Its 95% interval, by `gnn.evaluation.share_interval`; None where there are no nodes."""
        return share_interval(self.right / self.nodes, self.nodes) if self.nodes else None


def accuracy_by_degree(right: Any, degrees: Any) -> tuple[Slice, ...]:
    """The accuracy of nodes with no neighbor, with 1, 2 to 3, 4 to 7, and so on, doubling.

    Args:
        right: bool `[n]`, which nodes a classifier is right about.
        degrees: integers `[n]`, how many neighbors each has, as `neighbor_counts` counts them.

    Returns:
        A slice each, the nodes without neighbors first, and the last one that of the largest
        degree. Slices between may be empty.

    Raises:
        ValueError: they are no truth and no count a node.

    Example:

    >>> found = accuracy_by_degree([True, True, False, True], [0, 1, 2, 3])
    >>> [(part.name, part.right, part.nodes) for part in found]
    [('none', 1, 1), ('1', 1, 1), ('2 to 3', 1, 2)]
    """
    right, degrees = _paired(right, degrees, "degrees")
    if degrees.dtype.kind not in "iu" or degrees.min() < 0:
        raise ValueError(f"degrees must be integers of at least 0; got {degrees.dtype}")
    # 0 -> 0, 1 -> 1, 2 and 3 -> 2, 4 to 7 -> 3: exact, for frexp is.
    places = np.frexp(degrees.astype(np.float64))[1]
    number = int(places.max()) + 1
    nodes = np.bincount(places, minlength=number)
    hits = np.bincount(places[right], minlength=number)
    ends = [(0, 0), *((2**k, 2 ** (k + 1) - 1) for k in range(number - 1))]
    names = ["none", *(f"{low:,} to {high:,}" if low < high else "1" for low, high in ends[1:])]
    parts = zip(names, ends, nodes.tolist(), hits.tolist(), strict=True)
    return tuple(Slice(name, *end, n, hit) for name, end, n, hit in parts)


def accuracy_by_homophily(
    right: Any, homophily: Any, bins: int = HOMOPHILY_BINS
) -> tuple[Slice, ...]:
    """The accuracy of nodes by the share of their neighbors that has their class.

    Args:
        right: bool `[n]`, which nodes a classifier is right about.
        homophily: float `[n]`, as `neighbor_homophily` returns it; NaN where it is not known.
        bins: how many equally wide bins there are from 0 to 1. A share on the edge of two belongs
            to the upper one, and 1 to the last.

    Returns:
        A slice a bin, after the one of the nodes without a labeled neighbor, whose ends are None.

    Raises:
        ValueError: they are no truth and no share a node.

    Example:

    >>> found = accuracy_by_homophily([True, False, True], [np.nan, 0.25, 1.0], bins=2)
    >>> [(part.name, part.right, part.nodes) for part in found]
    [('no labeled neighbor', 1, 1), ('0% to 50%', 0, 1), ('50% to 100%', 1, 1)]
    """
    right, homophily = _paired(right, homophily, "homophily")
    known = ~np.isnan(homophily.astype(np.float64))
    shares = homophily[known]
    if shares.size and (shares.min() < 0 or shares.max() > 1):
        raise ValueError(
            f"homophily must be from 0 to 1 or NaN; got {shares.min()} to {shares.max()}"
        )
    edges = np.arange(bins + 1) / bins
    places = np.clip(np.searchsorted(edges, shares, side="right") - 1, 0, bins - 1)
    nodes = np.bincount(places, minlength=bins)
    hits = np.bincount(places[right[known]], minlength=bins)
    apart = Slice(
        "no labeled neighbor", None, None, int(np.sum(~known)), int(np.sum(right[~known]))
    )
    parts = zip(edges[:-1].tolist(), edges[1:].tolist(), nodes.tolist(), hits.tolist(), strict=True)
    return apart, *(
        Slice(f"{low:.0%} to {high:.0%}", low, high, n, hit) for low, high, n, hit in parts
    )


def _paired(right: Any, values: Any, name: str) -> tuple[np.ndarray, np.ndarray]:
    right, values = np.asarray(right), np.asarray(values)
    if right.dtype != bool or right.ndim != 1 or not right.size:
        raise ValueError(
            f"right must be a truth a node, bool [n]; got {right.dtype}{list(right.shape)}"
        )
    if values.shape != right.shape or values.dtype.kind not in "iuf":
        raise ValueError(
            f"{name} must be a number a node, [{right.size}]; got "
            f"{values.dtype}{list(values.shape)}"
        )
    return right, values
