"""Edges from one array of two rows, as PyTorch Geometric holds them."""

from __future__ import annotations

from typing import Any

import numpy as np


def edge_index_rows(edge_index: Any) -> tuple[np.ndarray, np.ndarray]:
    """The senders and the receivers of an `edge_index`.

    Args:
      edge_index: integers `[2, num_edges]`; row 0 the senders, row 1 the receivers.

    Raises:
      ValueError: if the shape is not `[2, num_edges]`.

    >>> [row.tolist() for row in edge_index_rows([[0, 1], [1, 2]])]
    [[0, 1], [1, 2]]
    """
    pair = np.asarray(edge_index)
    if pair.ndim != 2 or pair.shape[0] != 2:
        raise ValueError(f"edge_index must have shape [2, num_edges], got {pair.shape}")
    return pair[0], pair[1]
