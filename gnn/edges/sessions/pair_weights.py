"""What a pair of items weighs that some sessions hold together: measures of association."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

import numpy as np


@dataclasses.dataclass(frozen=True, eq=False)
class PairCounts:
    """How often the two items of some pairs occur, together and each.

    Sessions that count more or less than once do so in all of these.

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


_ROUNDING = 1e-9

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

    What is below 1e-9, as rounding may leave it of pairs that meet by chance, is 0.

    Church and Hanks, "Word association norms, mutual information, and lexicography",
    Computational Linguistics 1990, section 3; with a natural logarithm.

    >>> np.exp(ppmi(_EXAMPLE)).round(6).tolist()
    [2.0]
    """
    information = np.log(lift(pairs))
    return np.where(information < _ROUNDING, 0.0, information)


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


def rate(pairs: PairCounts) -> np.ndarray:
    """The share of the receiver's sessions that hold the sender too, `n_ij / n_j`, up to 1.

    The conditional co-click rate: both directions of a pair weigh differently.

    Juan et al., "Graph-RISE: Graph-Regularized Image Semantic Embedding", WSDM 2020, section 3,
    keep pairs of a high co-click rate; here it is conditional on the receiver.

    >>> rate(_EXAMPLE).tolist()
    [0.25]
    """
    return pairs.together / pairs.each[1]


def bm25(pairs: PairCounts) -> np.ndarray:
    """The product of the two items' BM25 weights, summed over sessions, `g_i g_j sum_s b_s^2`.

    An item's weight in a session is `g_i b_s`, with `g_i = ln(1 + (N - n_i + 1/2) / (n_i + 1/2))`,
    which is large for rare items, and `b_s = 2.2 / (1 + 1.2 (1/4 + 3/4 m_s / m))`, which is small
    for a session of more than the mean of m items (k1 = 1.2, b = 0.75). `together` is the sum of
    `b_s^2` here: `SESSION_FACTORS`.

    Robertson and Zaragoza, "The Probabilistic Relevance Framework: BM25 and Beyond", 2009, section
    3.4, with sessions as documents; the 1 in the logarithm keeps it above 0.

    >>> (bm25(_EXAMPLE) / 2 / np.log(1 + 14.5 / 2.5) / np.log(1 + 8.5 / 8.5)).tolist()
    [1.0]
    """
    held, all_sessions = pairs.each, pairs.sessions
    one, other = (np.log1p((all_sessions - n + 0.5) / (n + 0.5)) for n in held)
    return pairs.together * (one * other)  # The same for both directions, to the last bit.


def bm25_factors(distinct: np.ndarray, mean: float) -> np.ndarray:
    """What sessions of so many items add to `bm25`, `b_s^2`; of the mean number it is 1.

    >>> bm25_factors(np.array([2, 6]), 2.0).round(4).tolist()
    [1.0, 0.3025]
    """
    return (2.2 / (1 + 1.2 * (0.25 + 0.75 * (distinct / mean)))) ** 2


# By the names that `gnn.SessionGraphConfig` knows; "swing" knows more than counts.
WEIGH: dict[str, Callable[[PairCounts], np.ndarray]] = {
    measure.__name__: measure for measure in (count, cosine, jaccard, lift, ppmi, npmi, rate, bm25)
}
# What a session counts in `together`, by its number of items and their mean, beside its weight.
SESSION_FACTORS: dict[str, Callable[[np.ndarray, float], np.ndarray]] = {"bm25": bm25_factors}
