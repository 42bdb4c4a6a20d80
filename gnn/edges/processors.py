"""How many processors there are for threads to run on."""

from __future__ import annotations

import os


def processors() -> int:
    """The processors at hand: in a container perhaps fewer than the machine has.

    Example:

    >>> processors() >= 1
    True
    """
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
