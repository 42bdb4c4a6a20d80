"""Integers that do not fit 32 bits are an error, and nothing wraps around."""

from __future__ import annotations

import numpy as np
import pytest

from gnn.graphs import PaddingSizes
from gnn.graphs.label_pairs import LabelPairs
from gnn.graphs.narrow import narrow
from gnn.graphs.sampling.neighbor_index import NeighborIndex


@pytest.mark.parametrize("value", [2**31, -(2**31) - 1, 2**40])
def test_what_does_not_fit_is_named(value: int) -> None:
    values = np.array([0, 7, value])
    with pytest.raises(ValueError, match=f"n_edge must fit in 32 bits.*got {value} at position 2"):
        narrow("n_edge", values)
    # A view of one number takes no memory.
    with pytest.raises(ValueError, match="at position 0"):
        narrow("ends", np.broadcast_to(np.array([value]), 2**16))


def test_the_ends_of_the_range_fit() -> None:
    values = np.array([-(2**31), 2**31 - 1])
    assert narrow("x", values).tolist() == values.tolist()
    same = np.arange(3, dtype=np.int32)
    assert narrow("x", same) is same
    assert narrow("x", []).dtype == np.int32


def test_where_it_is_asked() -> None:
    with pytest.raises(ValueError, match="padding size n_edge must fit in 32 bits"):
        PaddingSizes(n_node=2, n_edge=2**31, n_graph=2, n_row=1)
    with pytest.raises(ValueError, match="senders must fit in 32 bits"):
        NeighborIndex(np.array([2**32]), np.array([0]), np.ones(1), 1)
    with pytest.raises(ValueError, match="agree must fit in 32 bits"):
        LabelPairs(np.array([[0, 2**32]]), np.empty((0, 2), int))
