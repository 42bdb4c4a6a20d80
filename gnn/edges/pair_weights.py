"""What a pair of items weighs that some sessions hold together: measures of association."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

import numpy as np


@dataclasses.dataclass(frozen=True, eq=False)
class PairCounts:
    """How often the two items of some pairs occur, together and each.

    Attributes:
      together: float64 `[n]`, the sessions that hold both.
      ends: the senders and the receivers, integers `[n]` each.
      held: float64 `[num_items]`, the sessions that hold an item.
      sessions: how many sessions there are.
    """

    together: np.ndarray
    ends: tuple[np.ndarray, np.ndarray]
    held: np.ndarray
    sessions: float

    @property
    def each(self) -> tuple[np.ndarray, np.ndarray]:
        """The sessions that hold the sender, and those that hold the receiver."""
        senders, receivers = self.ends
        return self.held[senders], self.held[receivers]


# Two items, of 2 and of 8 of 16 sessions, that meet in 2.
_EXAMPLE = PairCounts(np.array([2.0]), (np.array([0]), np.array([1])), np.array([2.0, 8.0]), 16.0)


def count(pairs: PairCounts) -> np.ndarray:
    """The number of sessions that hold both, `n_ij`. It joins everything to what is popular.

    >>> count(_EXAMPLE).tolist()
    [2.0]
    """
    return pairs.together


def cosine(pairs: PairCounts) -> np.ndarray:
    """The cosine of the two columns of the session matrix, `n_ij / sqrt(n_i n_j)`, up to 1.

    Salton and McGill, "Introduction to Modern Information Retrieval", 1983, chapter 6.

    >>> cosine(_EXAMPLE).tolist()
    [0.5]
    """
    one, other = pairs.each
    return pairs.together / np.sqrt(one * other)


def jaccard(pairs: PairCounts) -> np.ndarray:
    """The share of the sessions with either item that hold both, `n_ij / (n_i + n_j - n_ij)`.

    Jaccard, "The distribution of the flora in the alpine zone", New Phytologist 1912.

    >>> jaccard(_EXAMPLE).tolist()
    [0.25]
    """
    one, other = pairs.each
    return pairs.together / (one + other - pairs.together)


def lift(pairs: PairCounts) -> np.ndarray:
    """How many times as often as by chance, `n_ij N / (n_i n_j)`; 1 where there is no association.

    Brin et al., "Dynamic itemset counting and implication rules for market basket data", SIGMOD
    1997, section 4, where it is called interest.

    >>> lift(_EXAMPLE).tolist()
    [2.0]
    """
    one, other = pairs.each
    return pairs.together * pairs.sessions / (one * other)


def ppmi(pairs: PairCounts) -> np.ndarray:
    """Positive pointwise mutual information, `max(0, ln(n_ij N / (n_i n_j)))`, in nats.

    Church and Hanks, "Word association norms, mutual information, and lexicography",
    Computational Linguistics 1990, section 3; with a natural logarithm.

    >>> np.exp(ppmi(_EXAMPLE)).round(6).tolist()
    [2.0]
    """
    return np.maximum(np.log(lift(pairs)), 0.0)


def npmi(pairs: PairCounts) -> np.ndarray:
    """Normalized pointwise mutual information, `ln(n_ij N / (n_i n_j)) / -ln(n_ij / N)`, from 0.

    1 where the two items occur only together, 0 where they meet no more often than by chance: the
    measure is negative there, and such pairs are no edges.

    Bouma, "Normalized (pointwise) mutual information in collocation extraction", GSCL 2009,
    section 3.1.

    The two meet twice as often as by chance, in one of eight sessions: `ln 2 / ln 8`.

    >>> npmi(_EXAMPLE).round(6).tolist()
    [0.333333]
    """
    surprise = -np.log(pairs.together / pairs.sessions)
    always = surprise <= 0  # In each session both: the limit is 1.
    share = ppmi(pairs) / np.where(always, 1.0, surprise)
    return np.where(always, 1.0, share)


# By the names that `gnn.SessionGraphConfig` knows.
WEIGH: dict[str, Callable[[PairCounts], np.ndarray]] = {
    measure.__name__: measure for measure in (count, cosine, jaccard, lift, ppmi, npmi)
}
