"""The peak of memory of this process from a moment on, on Linux.

`ru_maxrss` would not do: it goes on from what the process had that started this one.
"""

from __future__ import annotations

import re
from pathlib import Path


def reset() -> float:
    """Begins a new peak, and returns how much there is now, in units of 10^6 bytes."""
    Path("/proc/self/clear_refs").write_text("5")
    return now()


def now() -> float:
    """How much there is, in units of 10^6 bytes."""
    return _of("VmRSS")


def peak() -> float:
    """The most there was since `reset`, in units of 10^6 bytes."""
    return _of("VmHWM")


def _of(name: str) -> float:
    status = Path("/proc/self/status").read_text()
    return int(re.search(rf"{name}:\s+(\d+) kB", status)[1]) * 1024 / 1e6
