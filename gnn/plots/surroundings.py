"""Which nodes and edges lie around a node, and which of them are the heaviest."""

from __future__ import annotations

import dataclasses

import numpy as np
from scipy import sparse

from gnn.graphs.graph import Graph
from gnn.graphs.weighing_edges import weighing_edges


@dataclasses.dataclass(frozen=True)
class Surroundings:
    """A node, what is kept of the nodes around it, and the edges among these.

    Attributes:
      nodes: the nodes kept, the one in the middle first, then hop by hop.
      parents: for each the position in `nodes` of the one that it was reached from.
      edges: (sender, receiver), as positions in `nodes`, to the sum of the sizes of such edges.
      total: how many nodes there are, kept or not.
    """

    nodes: list[int]
    parents: list[int]
    edges: dict[tuple[int, int], float]
    total: int


def surroundings(
    graph: Graph, center: int, hops: int, max_nodes: int, sizes: np.ndarray
) -> Surroundings:
    """Walks from a node over edges in either direction, the nearest nodes first.

    Where a hop has more nodes than there is room for, those are kept whose edges to a node of the
    hop before are the largest by the sum of absolute `sizes`; of equal ones the lower index. Edges
    of weight 0 are none.
    """
    kept = weighing_edges(graph.weights)
    senders, receivers = (
        graph.senders[kept].astype(np.int64),
        graph.receivers[kept].astype(np.int64),
    )
    sizes = sizes[kept]
    tail, head = np.concatenate([senders, receivers]), np.concatenate([receivers, senders])
    size = np.tile(np.abs(sizes).astype(np.float64), 2)
    hop = np.full(graph.num_nodes, -1)
    place = np.full(graph.num_nodes, -1)
    hop[center] = place[center] = 0
    nodes, parents = [center], [-1]
    total = 1
    for step in range(1, hops + 1):
        out = (hop[tail] == step - 1) & (hop[head] < 0)
        found = np.unique(head[out])
        hop[found] = step
        total += found.size
        known = out & (place[tail] >= 0)
        joined = sparse.csr_array(
            (size[known], (head[known], place[tail[known]])), shape=(graph.num_nodes, len(nodes))
        ).tocoo()  # The sum over all edges between two nodes.
        ends, origins, weights = joined.row, joined.col, joined.data
        order = np.lexsort((origins, ends, -weights))
        room = max_nodes - len(nodes)
        for i in order:
            node = int(ends[i])
            if room and place[node] < 0:
                place[node] = len(nodes)
                nodes.append(node)
                parents.append(int(origins[i]))
                room -= 1
    edges: dict[tuple[int, int], float] = {}
    for e in np.flatnonzero((place[senders] >= 0) & (place[receivers] >= 0)):
        pair = int(place[senders[e]]), int(place[receivers[e]])
        edges[pair] = edges.get(pair, 0.0) + float(sizes[e])
    return Surroundings(nodes, parents, edges, total)
