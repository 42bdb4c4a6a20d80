"""Edges from sessions as a reader would count them: one session, one pair after the other."""

from __future__ import annotations

import itertools
import math
from collections import Counter, defaultdict
from typing import Any

import numpy as np

from gnn.configs.sessions import SessionGraphConfig

Record = tuple[int, int, float]  # Session, item, time.


def brute_force(records: list[Record], config: SessionGraphConfig) -> dict[tuple[int, int], Any]:
    """(sender, receiver) to weight."""
    sessions: defaultdict[int, list[Record]] = defaultdict(list)
    for record in records:
        sessions[record[0]].append(record)
    last = max((time for _, _, time in records), default=0.0)
    kept, weights = [], []
    for session in sorted(sessions):
        session_records = sorted(sessions[session], key=lambda record: record[2])
        items = [item for _, item, _ in session_records]
        distinct = list(dict.fromkeys(items))
        if len(distinct) > (config.max_session_items or 99):
            if config.long_sessions == "drop":
                continue
            distinct = distinct[: config.max_session_items]
        if config.repeats == "once":
            items = distinct
        kept.append([item for item in items if item in distinct])
        weights.append(max(1, len(distinct) + config.session_shift) ** -config.session_power)
        if config.half_life is not None:
            weights[-1] *= 0.5 ** ((last - session_records[-1][2]) / float(config.half_life))
    counts, together, held = Counter(), Counter(), Counter()
    mean = sum(len(set(items)) for items in kept) / max(len(kept), 1)
    for items, weight in zip(kept, weights, strict=True):
        for item, times in Counter(items).items():
            held[item] += times**2 * weight
        factor = weight
        if config.weighting == "bm25":
            factor *= (2.2 / (1 + 1.2 * (0.25 + 0.75 * len(items) / mean))) ** 2
        for (a, i), (b, j) in itertools.permutations(enumerate(items), 2):
            if i != j and abs(a - b) <= (config.window or 99) and (a < b or not config.directed):
                counts[i, j] += 1
                together[i, j] += factor
    found, most, holders = {}, Counter(), defaultdict(list)
    for (_, j), count in counts.items():
        most[j] = max(most[j], count)
    for session, items in enumerate(kept):
        for item in set(items):
            holders[item].append(session)
    for (i, j), count in counts.items():
        if count >= config.min_count or (config.join_isolated and most[j] < config.min_count):
            if config.weighting == "swing":
                weight = swing(holders[i], holders[j], kept, weights, config)
            else:
                weight = weight_of(config.weighting, together[i, j], held[i], held[j], sum(weights))
            if weight > 1e-8 and np.float32(weight) >= config.min_weight:
                found[i, j] = np.float32(weight)
    return chosen(found, config)


def weight_of(weighting: str, both: float, one: float, other: float, sessions: float) -> float:
    if weighting == "bm25":
        rare, rarer = (math.log(1 + (sessions - n + 0.5) / (n + 0.5)) for n in (one, other))
        return both * rare * rarer
    information = math.log(both * sessions / (one * other))
    surprise = -math.log(both / sessions) if both < sessions else 0.0
    return {
        "count": lambda: both,
        "cosine": lambda: both / math.sqrt(one * other),
        "jaccard": lambda: both / (one + other - both),
        "lift": lambda: both * sessions / (one * other),
        "ppmi": lambda: information,
        "npmi": lambda: information / surprise if surprise > 1e-12 else 1.0,
        "rate": lambda: both / other,
    }[weighting]()


def swing(
    of_one: list, of_other: list, kept: list, weights: list, config: SessionGraphConfig
) -> float:
    most = config.swing_sessions
    both = sorted(set(of_one[-most:]) & set(of_other[-most:]))
    return sum(
        weights[s] * weights[t] / (config.swing_smoothing + len(set(kept[s]) & set(kept[t])))
        for s, t in itertools.combinations(both, 2)
    )


def chosen(
    weights: dict[tuple[int, int], Any], config: SessionGraphConfig
) -> dict[tuple[int, int], Any]:
    """Those edges that are among the heaviest of their ends."""
    mine = set(weights)
    if config.is_symmetric:  # Only an end without frequent pairs may have chosen a rare one.
        weights = {e[::-1]: w for e, w in weights.items()} | weights
    if config.max_neighbors is not None:
        chosen_from, mine = mine, set()
        for receiver in {j for _, j in weights}:
            senders = sorted((-weights[i, j], i) for i, j in chosen_from if j == receiver)
            mine |= {(i, receiver) for _, i in senders[: config.max_neighbors]}
    if config.is_symmetric:
        keep = all if config.mutual else any
        return {e: w for e, w in weights.items() if keep(p in mine for p in (e, e[::-1]))}
    return {
        e: w for e, w in weights.items() if e in mine and (not config.mutual or e[::-1] in mine)
    }
