"""Edges of the pairs that sessions hold: weighed, and the rare, light and many left out."""

from __future__ import annotations

import numpy as np

from gnn.configs.sessions import SessionGraphConfig
from gnn.edges.edges import EdgeReport, Edges, counted
from gnn.edges.pair_weights import WEIGH, PairCounts
from gnn.edges.session_matrix import SessionMatrix, short_sessions
from gnn.edges.session_pairs import Pairs, in_blocks
from gnn.edges.top_neighbors import heaviest, in_both_directions


def session_edges(
    matrix: SessionMatrix, config: SessionGraphConfig, *, threads: int | None = None
) -> Edges:
    """The pairs of a session matrix that a configuration makes edges, in both directions.

    Weights are computed in float64 and kept as float32. What was left out is in the remarks of the
    report, in pairs without direction.

    Args:
      matrix: the sessions and their items.
      config: what is an edge, and what it weighs.
      threads: as in `in_blocks`.

    Returns:
      The edges, sorted by receiver and then sender, without loops.

    Two sessions hold items 0 and 1, one of them item 2 too; it meets each less often.

    >>> from gnn.edges.session_matrix import session_matrix
    >>> matrix = session_matrix(np.array([0, 0, 1, 1, 1]), np.array([0, 1, 0, 1, 2]), 2, 3)
    >>> edges = session_edges(matrix, SessionGraphConfig("jaccard", min_count=2))
    >>> edges.senders.tolist(), edges.receivers.tolist(), edges.weights.tolist()
    ([1, 0], [0, 1], [1.0, 1.0])
    >>> edges.report.text()
    '3 pairs: weights by jaccard, 2 of 3 pairs in fewer than 2 sessions left out'
    """
    remarks = [] if config.weighting == "count" else [f"weights by {config.weighting}"]
    if config.max_session_items is not None:
        matrix, remark = short_sessions(matrix, config.max_session_items)
        remarks += remark
    sessions_of = np.diff(matrix.by_item.indptr).astype(np.float64)
    num_sessions = float(np.count_nonzero(np.diff(matrix.by_session.indptr)))

    def edges_of(pairs: Pairs) -> tuple[tuple[np.ndarray, ...], np.ndarray]:
        """Senders, receivers and weights of a block; all its pairs, the rare and the light ones."""
        often = pairs.counts >= config.min_count
        senders, receivers, counts = _only(often, *pairs)
        together = counts.astype(np.float64)
        held = PairCounts(together, (senders, receivers), sessions_of, num_sessions)
        weights = WEIGH[config.weighting](held).astype(np.float32)
        heavy = (weights > 0) & (weights >= config.min_weight)
        edges = _only(heavy, senders, receivers, weights)
        if config.max_neighbors is not None:
            edges = _only(heaviest(edges[1], edges[2], config.max_neighbors), *edges)
        rare, light = (some.size - np.count_nonzero(some) for some in (often, heavy))
        return edges, np.array([pairs.counts.size, rare, light])

    blocks = in_blocks(matrix, edges_of, threads=threads)
    senders, receivers, weights = (
        np.concatenate([edges[field] for edges, _ in blocks]) for field in range(3)
    )
    given, rare, light = (np.sum([sizes for _, sizes in blocks], axis=0) // 2).tolist()
    if rare:
        total = counted(given, "pair")
        remarks.append(f"{rare:,} of {total} in fewer than {config.min_count} sessions left out")
    if light:
        least = f"below weight {config.min_weight:g}" if config.min_weight else "of weight 0"
        remarks.append(f"{counted(light, 'pair')} {least} left out")
    if config.max_neighbors is not None:
        senders, receivers, weights = in_both_directions(
            senders, receivers, weights, matrix.num_items, mutual=config.mutual
        )
        beyond = given - rare - light - senders.size // 2
        most = counted(config.max_neighbors, "heaviest neighbor")
        ends = "both ends" if config.mutual else "either end"
        remarks.append(f"{counted(beyond, 'pair')} beyond the {most} of {ends} left out")
    report = EdgeReport(given, unit="pair", remarks=tuple(remarks))
    return Edges(senders, receivers, weights, None, report)


def _only(chosen: np.ndarray, *fields: np.ndarray) -> tuple[np.ndarray, ...]:
    """The chosen entries of each; not copied where that is all."""
    return fields if chosen.all() else tuple(field[chosen] for field in fields)
