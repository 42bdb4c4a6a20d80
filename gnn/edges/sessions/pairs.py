"""Ordered pairs of items, and how often they meet."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np


class Pairs(NamedTuple):
    """Ordered pairs of two different items, sorted by receiver and then sender.

    Attributes:
      senders: int32 `[n]`.
      receivers: int32 `[n]`.
      counts: integers `[n]`, in how many sessions they meet, or how often.
      together: `[n]`, the same with what each session counts.
    """

    senders: np.ndarray
    receivers: np.ndarray
    counts: np.ndarray
    together: np.ndarray
