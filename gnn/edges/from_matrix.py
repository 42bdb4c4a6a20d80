"""Edges from an adjacency matrix, of SciPy or an array."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy import sparse

from gnn.edges.edges import Edges
from gnn.edges.merging import merge_edges


def edges_from_matrix(adjacency: Any, *, merge: str = "sum", undirected: bool = False) -> Edges:
    """The entries of a matrix as edges, in order of row, then column.

    Args:
      adjacency: `[num_nodes, num_nodes]` SciPy sparse matrix or array of any format, or an array.
        Entry `A[i, j]` is the weight of the edge from i to j; entries that are stored twice are
        repeats of one edge.
      merge: as in `merge_edges`.
      undirected: as in `merge_edges`.

    Raises:
      TypeError: for entries that are no numbers.
      ValueError: if the matrix is not square; else as `merge_edges`.

    >>> edges_from_matrix(np.array([[0, 2], [0, 0]])).weights.tolist()
    [2.0]
    """
    shape = np.shape(adjacency)
    if len(shape) != 2 or shape[0] != shape[1]:
        raise ValueError(f"adjacency must be square, got shape {shape}")
    # To CSR, SciPy would add repeats up, in the type of the entries.
    entries = sparse.coo_array(adjacency)
    place = entries.row.astype(np.int64) * shape[1] + entries.col
    order: Any = slice(None)
    if np.any(place[1:] < place[:-1]):
        order = np.argsort(place, kind="stable")
    return merge_edges(
        entries.row[order],
        entries.col[order],
        entries.data[order],
        merge=merge,
        undirected=undirected,
        num_nodes=shape[0],
    )
