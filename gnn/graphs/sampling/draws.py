"""Random numbers that are a function of what they are drawn for: hashes, and distinct integers."""

from __future__ import annotations

import numpy as np

_GOLDEN = np.uint64(0x9E3779B97F4A7C15)


def mix(streams: np.ndarray, *values: np.ndarray | int) -> np.ndarray:
    """Hashes unsigned 64-bit streams and values into new streams, as good as random.

    The finalizer of SplitMix64 (Steele, Lea and Flood, OOPSLA 2014) after each value. What is drawn
    for a node is so a function of what is hashed alone, whatever else is in its batch.

    Example:

    >>> streams = mix(np.zeros(2, np.uint64), np.array([0, 1]))
    >>> bool(streams[0] != streams[1]), streams.dtype.name
    (True, 'uint64')
    """
    mixed = np.atleast_1d(np.asarray(streams, np.uint64))
    for value in values:
        mixed = _spread(mixed + (np.atleast_1d(value).astype(np.uint64) + np.uint64(1)) * _GOLDEN)
    return mixed


def _spread(values: np.ndarray) -> np.ndarray:
    """The finalizer of SplitMix64, in place: a bijection of uint64 that spreads over all bits.

    Example:

    >>> [hex(value) for value in _spread(np.array([0x9E3779B97F4A7C15], np.uint64)).tolist()]
    ['0xe220a8397b1dcdaf']
    """
    shifted = np.right_shift(values, np.uint64(30))
    for shift, factor in ((27, 0xBF58476D1CE4E5B9), (31, 0x94D049BB133111EB)):
        values ^= shifted
        values *= np.uint64(factor)
        np.right_shift(values, np.uint64(shift), out=shifted)
    values ^= shifted
    return values


def weighted_choices(
    weights: np.ndarray, offsets: np.ndarray, count: int, streams: np.ndarray
) -> np.ndarray:
    """Of each group the places of `count` entries, drawn by their weights without replacement.

    Each entry has the key `-log(u) / weight`, and the smallest are taken: the first is drawn in
    proportion to its weight, the next among the others, and so on (Efraimidis and Spirakis,
    "Weighted random sampling with a reservoir", 2006).

    Args:
        weights: float `[n_entries]`, above 0, group after group.
        offsets: int64 `[n_groups + 1]`; each group has `count` entries or more.
        count: how many.
        streams: uint64 `[n_groups]`; u is a hash of the stream and the place.

    Returns:
        int64 `[n_groups, count]`, places in `weights`, ascending in a group.

    Example:

    >>> heavy = np.array([1.0, 1e9, 1.0])
    >>> weighted_choices(heavy, np.array([0, 3]), 1, np.zeros(1, np.uint64)).tolist()
    [[1]]
    """
    sizes = np.diff(offsets)
    group = np.repeat(np.arange(sizes.size), sizes)
    place = np.arange(weights.size) - offsets[group]
    bits = mix(streams[group], place) >> np.uint64(11)
    odds = (bits.astype(np.float64) + 0.5) * 2.0**-53
    keys = -np.log(odds) / weights
    order = np.lexsort((keys, group))
    taken = order[offsets[:-1, np.newaxis] + np.arange(count)]
    taken.sort(axis=1)
    return taken


def distinct_integers(below: np.ndarray, count: int, streams: np.ndarray) -> np.ndarray:
    """`[count, n]` integers in `[0, below)`, distinct within a column: Floyd's algorithm.

    J. Bentley and B. Floyd, "A sample of brilliance", Communications of the ACM 30 (1987). The
    numbers of a column are those of SplitMix64 from its stream. A row at a time stays in the cache.
    """
    wide = below.size > 0 and below.max() > np.iinfo(np.int32).max
    chosen = np.empty((count, below.size), np.int64 if wide else np.int32)
    state = streams.copy()
    tops = (below - count).astype(chosen.dtype)
    # 53 bits over 2^53, times the number of choices, is below it, and even but for 2^-22 of a share
    # with 2^31 choices. Division of 64-bit integers would take as long as the hash.
    share = tops * 2.0**-53
    for row in range(count):
        state += _GOLDEN
        share += 2.0**-53
        bits = _spread(state.copy())
        bits >>= np.uint64(11)
        draw = bits.view(np.int64).astype(np.float64)
        draw *= share
        chosen[row] = draw
        if row:
            taken = (chosen[:row] == chosen[row]).any(axis=0)
            np.maximum(chosen[row], taken * tops, out=chosen[row])
        tops += 1
    return chosen
