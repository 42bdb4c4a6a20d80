"""The items of each session, side by side: without repeats, cut, and weighed, as is wanted."""

from __future__ import annotations

import dataclasses

import numpy as np

from gnn.configs.sessions import SessionGraphConfig

# A session counts something, however old it is.
_LEAST_WEIGHT = 1e-30


@dataclasses.dataclass(frozen=True, eq=False)
class SessionItems:
    """The items of sessions, one session after another.

    Attributes:
      items: int32 `[n]`. Those of a session ascend, or are in the order of time where that matters.
      starts: int64 `[num_sessions + 1]`, where each session begins, and n; none is empty.
      distinct: int64 `[num_sessions]`, how many different items each has.
      weights: float64 `[num_sessions]`, how much each counts; None where each counts once.
      num_items: the number of items, those of no session with them.
      numbers: int64 `[num_sessions]`, ascending: what the sessions are called.
    """

    items: np.ndarray
    starts: np.ndarray
    distinct: np.ndarray
    weights: np.ndarray | None
    num_items: int
    numbers: np.ndarray

    @property
    def num_sessions(self) -> int:
        """How many sessions there are."""
        return self.distinct.size

    @property
    def lengths(self) -> np.ndarray:
        """How many records each session has."""
        return np.diff(self.starts)

    @property
    def has_repeats(self) -> bool:
        """Whether a session has an item more than once."""
        return self.items.size > int(self.distinct.sum())

    @property
    def total(self) -> float:
        """How much all sessions count."""
        return float(self.num_sessions if self.weights is None else self.weights.sum())

    def held(self) -> np.ndarray:
        """How much the sessions count that hold an item, float64 `[num_items]`.

        A session that holds it x times counts `x^2` times, so that this is what the item counts
        with itself.
        """
        if self.weights is None and not self.has_repeats:
            return np.bincount(self.items, minlength=self.num_items).astype(np.float64)
        sessions = np.repeat(np.arange(self.num_sessions), self.lengths)
        items, squares = self.items, None
        if self.has_repeats:
            key = sessions * self.num_items + items
            key, times = np.unique(key, return_counts=True)
            sessions, items = np.divmod(key, self.num_items)
            squares = times.astype(np.float64) ** 2
        if self.weights is not None:
            weights = self.weights[sessions]
            squares = weights if squares is None else squares * weights
        return np.bincount(items, squares, self.num_items).astype(np.float64)


def session_items(
    sessions: np.ndarray,
    items: np.ndarray,
    num_items: int,
    config: SessionGraphConfig,
    times: np.ndarray | None = None,
    last: float | None = None,
) -> tuple[SessionItems, int]:
    """Puts records in order by session, and leaves out what a configuration leaves out.

    Args:
      sessions: integers `[n]`, not negative, the session of each record.
      items: integers `[n]` from 0 to `num_items - 1`, its item.
      num_items: the number of items.
      config: what repeats, long sessions and age mean, and whether order matters.
      times: float64 `[n]`, seconds; None where records are in the order of time.
      last: the time from which age is counted back; None takes the last of `times`.

    Returns:
      The sessions, and how many were left out or cut.

    Raises:
      ValueError: age is to count, and there are no times.

    >>> records = np.array([5, 2, 5, 5]), np.array([2, 2, 0, 2])
    >>> held, _ = session_items(*records, 3, SessionGraphConfig())
    >>> held.items.tolist(), held.starts.tolist()
    ([2, 0, 2], [0, 1, 3])
    >>> session_items(*records, 3, SessionGraphConfig(directed=True))[0].items.tolist()
    [2, 2, 0]
    """
    if config.half_life is not None and times is None:
        raise ValueError("half_life needs the times of records, and there are none")
    sessions, numbers = _small_numbers(sessions, config)
    ends = None
    if times is not None and config.half_life is not None:
        ends = _ends(sessions, times)
        last = float(ends.max(initial=-np.inf)) if last is None else last
    most, ordered = config.max_session_items, config.directed or config.window is not None
    long = 0
    if config.needs_order:
        sessions, items, long = _in_time(sessions, items, config, times)
    key = _keys(sessions, items)
    if not ordered:
        key.sort()
        if config.repeats == "once":
            key = key[_is_new(key)]
    lengths, distinct, sessions = _sessions(key, ordered, config)
    if most is not None and not config.needs_order:
        short = distinct <= most
        long = int(np.sum(~short))
        key = key[np.repeat(short, lengths)] if long else key
        lengths, distinct, sessions = lengths[short], distinct[short], sessions[short]
    held = SessionItems(
        key.astype(np.int32),  # The lower half.
        np.concatenate([[0], np.cumsum(lengths)]),
        distinct,
        _weights(distinct, None if ends is None else last - ends[sessions], config),
        num_items,
        sessions if numbers is None else numbers[sessions],
    )
    return held, long


def _keys(sessions: np.ndarray, items: np.ndarray) -> np.ndarray:
    """Each record as one number, that of its session above that of its item."""
    keys = sessions.astype(np.int64)
    keys <<= 32
    keys |= items
    return keys


def _small_numbers(
    sessions: np.ndarray, config: SessionGraphConfig
) -> tuple[np.ndarray, np.ndarray | None]:
    """The sessions numbered so that a number and an item fit into 64 bits.

    Returns:
      The sessions, and the number that each had; None where they have it still.
    """
    most = 1 << 31
    if config.half_life is not None:  # There is to be a time for each number.
        most = min(most, 4 * sessions.size + 1)
    if sessions.size and sessions.max() >= most:
        numbers, sessions = np.unique(sessions, return_inverse=True)
        return sessions, numbers
    return sessions, None


def _ends(sessions: np.ndarray, times: np.ndarray) -> np.ndarray:
    """When each session had its last record."""
    ends = np.full(int(sessions.max(initial=-1)) + 1, -np.inf)
    np.maximum.at(ends, sessions, times)
    return ends


def _in_time(
    sessions: np.ndarray,
    items: np.ndarray,
    config: SessionGraphConfig,
    times: np.ndarray | None,
) -> tuple[np.ndarray, np.ndarray, int]:
    """The records in the order of session and time, without what goes; how many were too long."""
    order = np.lexsort((sessions,) if times is None else (times, sessions))
    sessions, items = sessions[order], items[order]
    key = _keys(sessions, items)
    by_key = np.argsort(key, kind="stable")
    new = _is_new(key[by_key])
    first = np.empty(key.size, np.int64)  # The first record of a record's item in its session.
    first[by_key] = by_key[new][np.cumsum(new) - 1]
    is_first = first == np.arange(key.size)
    kept = is_first if config.repeats == "once" else np.ones(key.size, bool)
    most, long = config.max_session_items, 0
    if most is not None and key.size:
        begins = np.flatnonzero(_is_new(sessions))
        lengths = np.diff(begins, append=key.size)
        distinct = np.add.reduceat(is_first, begins, dtype=np.int64)
        long = int(np.sum(distinct > most))
        if config.long_sessions == "cut":
            place = np.cumsum(is_first) - is_first  # How many different items came before.
            place -= np.repeat(place[begins], lengths)
            kept = kept & (place[first] < most)
        else:
            kept = kept & np.repeat(distinct <= most, lengths)
    return sessions[kept], items[kept], long


def _is_new(values: np.ndarray) -> np.ndarray:
    """Which values differ from the one before them."""
    new = np.ones(values.size, bool)
    np.not_equal(values[1:], values[:-1], out=new[1:])
    return new


def _sessions(key: np.ndarray, ordered: bool, config: SessionGraphConfig) -> tuple[np.ndarray, ...]:
    """The number of records of each session, of different items, and what the session is called."""
    sessions = key >> 32
    begins = np.flatnonzero(_is_new(sessions))
    lengths = np.diff(begins, append=key.size)
    distinct = lengths
    if config.repeats != "once" and key.size:
        new = _is_new(np.sort(key) if ordered else key)
        distinct = np.add.reduceat(new, begins, dtype=np.int64)
    return lengths, distinct, sessions[begins]


def _weights(
    distinct: np.ndarray, ages: np.ndarray | None, config: SessionGraphConfig
) -> np.ndarray | None:
    """How much a session counts of so many items that ended so many seconds before the last."""
    if not config.session_power and ages is None:
        return None
    weights = np.maximum(1.0, distinct + config.session_shift) ** -config.session_power
    if ages is not None and config.half_life is not None:
        weights = weights * np.exp2(-ages / float(config.half_life))
    return np.maximum(weights, _LEAST_WEIGHT)
