"""Which nodes a report draws: all, or some by the hashes of their ids."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Any

import numpy as np


def by_hash(ids: Sequence[Any]) -> np.ndarray:
    """Places in the order of the hashes of ids, which is as good as random, and lasts.

    A node keeps its rank among the others when nodes are added, or come in another order.

    Args:
        ids: of the nodes.

    Returns:
        int64 `[n]`.

    Example:

    >>> ids = ["a", "b", "c", "d"]
    >>> [ids[place] for place in by_hash(ids)] == [ids[::-1][place] for place in by_hash(ids[::-1])]
    True
    """
    hashes = [
        hashlib.blake2b(str(name).encode("utf-8", "surrogateescape"), digest_size=8).digest()
        for name in ids
    ]
    return np.argsort(np.array(hashes, "V8").view(">u8"), kind="stable")


def drawn_nodes(
    ids: Sequence[Any], most: int, judged: np.ndarray, queries: int
) -> tuple[np.ndarray, np.ndarray]:
    """The nodes of the map, and those of them that are the queries of the sheets.

    Args:
        ids: of all nodes.
        most: points on the map.
        judged: nodes of the split that queries are taken from.
        queries: as many, or fewer where there are no more.

    Returns:
        The nodes by number, and the places of the queries among them.

    Example:

    >>> nodes, queries = drawn_nodes(list("abcdef"), 4, np.array([5, 2]), 1)
    >>> len(nodes), nodes[queries].item() in (2, 5)
    (4, True)
    """
    order = by_hash(ids)
    asked = order[np.isin(order, judged)][: min(queries, most)]
    others = order[~np.isin(order, asked)]
    nodes = np.sort(np.concatenate([asked, others[: most - len(asked)]]))
    return nodes, np.searchsorted(nodes, asked)
