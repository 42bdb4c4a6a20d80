"""Swing of a part of a log, from and to tables of Arrow: sessions as lists, weighed item by item.

It is what a task of a cluster does, and knows nothing of the cluster.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

from gnn.configs.sessions import SessionGraphConfig
from gnn.edges.sessions.arrow_counts import task_sessions
from gnn.edges.sessions.session_items import SessionItems
from gnn.edges.sessions.swing import Swing

if TYPE_CHECKING:
    import pyarrow as pa


def list_sessions(
    batches: Iterator[pa.RecordBatch], config: SessionGraphConfig, last: float | None
) -> Iterator[pa.RecordBatch]:
    """Makes a row of each session.

    Args:
        batches: as in `gnn.edges.sessions.arrow_counts.count_items`.
        config: which sessions count, and how much.
        last: the time from which age is counted back.

    Yields:
        `name` and `place`, the user and which of the user's sessions it is; `weight`, what it
        counts; `items`, each once.
    """
    import pyarrow as pa

    for part in task_sessions(batches, config, last):
        held, user_of = part.held, part.user_of
        first = np.unique(user_of, return_index=True)[1]  # Of each user, the first session.
        weights = np.ones(held.num_sessions) if held.weights is None else held.weights
        ends = pa.array(held.starts.astype(np.int32))
        yield pa.RecordBatch.from_pydict(
            {
                "name": part.users.take(pa.array(user_of[held.numbers])),
                "place": held.numbers - first[user_of[held.numbers]],
                "weight": weights,
                "items": pa.ListArray.from_arrays(ends, part.items.take(pa.array(held.items))),
            }
        )


def weigh_by_swing(table: pa.Table, smoothing: float) -> pa.Table:
    """Weighs the pairs of an item with all that it meets.

    Args:
        table: a row a session that the item takes: `item`, the same in all; `weight` and `items`
            of the session; of these `takers`, those that take the session too.
        smoothing: the number `alpha` of Swing.

    Returns:
        `receiver`, the item; `sender` and `weight` (float64).
    """
    import pyarrow as pa
    from pyarrow import compute

    lists = table["items"].combine_chunks()
    names = lists.flatten().dictionary_encode()
    items = names.indices.to_numpy()
    lengths = np.diff(lists.offsets.to_numpy())
    sessions = np.repeat(np.arange(len(lists)), lengths)
    takers = table["takers"].combine_chunks()
    codes = compute.index_in(takers.flatten(), value_set=names.dictionary).to_numpy()
    row = np.repeat(np.arange(len(takers)), np.diff(takers.offsets.to_numpy()))
    size = len(names.dictionary)
    taken = np.isin(sessions * size + items, row * size + codes)
    starts = np.concatenate([[0], np.cumsum(lengths)])
    weights = table["weight"].to_numpy()
    held = SessionItems(
        items.astype(np.int32),
        starts,
        lengths.astype(np.int64),
        weights,
        size,
        np.arange(len(lists)),
    )
    receiver = compute.index(names.dictionary, table["item"][0]).as_py()
    senders, found = Swing(held, taken, smoothing).weights_of(receiver)
    others = (senders != receiver) & (found > 0)
    return pa.table(
        {
            "receiver": names.dictionary.take(pa.array(np.full(int(others.sum()), receiver))),
            "sender": names.dictionary.take(pa.array(senders[others])),
            "weight": found[others],
        }
    )
