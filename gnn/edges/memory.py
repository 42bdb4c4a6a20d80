"""Memory that libraries keep for what may come, given back to the system."""

from __future__ import annotations

import contextlib
import ctypes
import sys


def give_back_memory() -> None:
    """Has Arrow, if it was used at all, and the C library give back what they hold unused.

    Where the C library knows no such call, it keeps what it has.

    >>> give_back_memory()
    """
    if sys.modules.get("pyarrow") is not None:
        import pyarrow

        pyarrow.default_memory_pool().release_unused()
    with contextlib.suppress(AttributeError, OSError, TypeError):  # On glibc alone.
        ctypes.CDLL(None).malloc_trim(0)
