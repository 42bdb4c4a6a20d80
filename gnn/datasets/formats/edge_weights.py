"""Attributes of edges as weights."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from gnn.datasets.formats.node_cells import SparseColumns


def weights_of(
    error: Callable[[int, str], ValueError],
    cells: SparseColumns,
    lines: Sequence[int],
    automatic: bool,
) -> np.ndarray | None:
    """The weights of edges, NaN where one has none.

    Args:
      error: makes an error of a line and a text.
      cells: the attributes of edges that may be the weight.
      lines: the line of each edge.
      automatic: whether `weight` is taken, and else `value` where it is a number everywhere; else
        there is one attribute at most, and it is the weight.

    Returns:
      float64 `[m]`, or None where no edge has one.

    Raises:
      ValueError: for a weight that is no number, not finite or negative.
    """
    found = cells.columns(len(lines), lines[-1] if len(lines) else 0)
    name = next(iter(found), None)
    if automatic and name is not None:
        name = "weight" if "weight" in found else "value"
        if name == "value" and not all(_is_number(cell) for cell in found[name]):
            return None
    if name is None:
        return None
    weights = np.empty(len(lines), np.float64)
    for edge, cell in enumerate(found[name]):
        weights[edge] = math.nan if cell is None else _number(cell)
        if cell is not None and not 0 <= weights[edge] < math.inf:
            raise error(
                lines[edge],
                f"the weight ({name}) of an edge must be a number that is finite and not negative, "
                f"got {cell!r}; weight=None takes 1 for each",
            )
    return weights


def _is_number(cell: Any) -> bool:
    return cell is None or not math.isnan(_number(cell))


def _number(cell: Any) -> float:
    """A cell as a number, NaN where it is none."""
    if isinstance(cell, bool) or not isinstance(cell, str | int | float):
        return math.nan
    if isinstance(cell, str) and "_" in cell:
        return math.nan  # Python takes 1_000 for a number.
    try:
        return float(cell)
    except (ValueError, OverflowError):
        return math.nan
