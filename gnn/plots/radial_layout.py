"""Places for the nodes of a neighborhood: one ring a hop, children near their parent."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np


def radial_layout(parents: Sequence[int]) -> np.ndarray:
    """Places a tree on rings around its root, always in the same way.

    A node gets a share of its parent's angle by the number of leaves under it, and stands in the
    middle of that. The first child of the root stands at the top, and the next ones follow
    clockwise.

    Args:
        parents: for each node the position of its parent, which comes before it; node 0 is the
            root, whose entry does not count.

    Returns:
        float64 `[n, 2]`, the root at (0, 0) and a node h steps from it at distance h.

    >>> radial_layout([-1, 0, 0]).round(2).tolist()
    [[0.0, 0.0], [0.0, 1.0], [0.0, -1.0]]
    """
    count = len(parents)
    children: list[list[int]] = [[] for _ in range(count)]
    for node in range(1, count):
        children[parents[node]].append(node)
    leaves = np.ones(count)
    for node in reversed(range(count)):
        if children[node]:
            leaves[node] = leaves[children[node]].sum()
    start, depth = np.zeros(count), np.zeros(count)
    for node, offspring in enumerate(children):
        turn = start[node]
        for child in offspring:
            start[child], depth[child] = turn, depth[node] + 1
            turn += leaves[child]
    middle = (start + leaves / 2) * 2 * np.pi / leaves[0]
    first = middle[children[0][0]] if children[0] else 0.0
    angle = np.pi / 2 - (middle - first)
    return depth[:, None] * np.stack([np.cos(angle), np.sin(angle)], axis=1)
