"""A whole graph as the graph keys of one batch."""

from __future__ import annotations

import numpy as np

from gnn.graphs.graph import Graph
from gnn.graphs.narrow import narrow
from gnn.graphs.weighing_edges import weighing_edges


def pack_graph(graph: Graph, readout: np.ndarray) -> dict[str, np.ndarray]:
    """The graph keys of a batch that holds all of `graph` as one component.

    Args:
        graph: the graph.
        readout: int `[n_rows]`, the nodes to read out.

    Returns:
        The keys of a batch (`gnn.graphs.batch.graphs_tuple`), edges sorted by receiver. Edges of
        weight 0 are no edges, and left out.

    Example:

    >>> graph = Graph.from_edges([2, 0], [1, 0], np.eye(3))
    >>> packed = pack_graph(graph, np.array([1]))
    >>> packed["senders"].tolist(), packed["receivers"].tolist(), packed["n_edge"].tolist()
    ([0, 2], [0, 1], [2])
    """
    kept = weighing_edges(graph.weights)
    senders, receivers, weights = graph.senders[kept], graph.receivers[kept], graph.weights[kept]
    order = np.lexsort((senders, receivers))
    return {
        "n_node": np.array([graph.num_nodes], np.int32),
        "n_edge": narrow("n_edge", [order.size]),
        "edges": weights[order][:, np.newaxis],
        "senders": senders[order],
        "receivers": receivers[order],
        "globals": np.zeros((1, 0), np.float32),
        "readout": np.asarray(readout, np.int32),
        "node_ids": np.arange(graph.num_nodes, dtype=np.int32),
    }
