"""The names of temporary folders: what was being written in one, and whether its process lives."""

from __future__ import annotations

import os
import re
import socket


def prefix_of(name: str) -> str:
    """What the name of a temporary folder of this process begins with.

    Args:
        name: of what is written in it.
    """
    return f".{name}.partial-{socket.gethostname()}-{os.getpid()}-"


def looks_temporary(folder: str) -> bool:
    """Whether a name is made as those of temporary folders are, on whatever machine.

    Example:

    >>> looks_temporary(".run.partial-host-12-ab_cd"), looks_temporary("run.partial")
    (True, False)
    """
    return re.fullmatch(r"\..+\.partial-.+-\d+-[^-]*", folder) is not None


def left_in(folder: str) -> str | None:
    """What a process of this machine was writing in a temporary folder of this name when it died.

    Returns:
        The name; None where the process lives, or was on another machine, or the name is another.
    """
    host = re.escape(socket.gethostname())
    # The name of another host may begin like this one's.
    found = re.fullmatch(rf"\.(.+)\.partial-{host}-(\d+)-[^-]*", folder)
    return None if found is None or _is_alive(found[2]) else found[1]


def _is_alive(pid: str) -> bool:
    try:
        os.kill(int(pid), 0)
    except ProcessLookupError:
        return False
    except (OverflowError, OSError):
        return True  # Not ours to judge.
    return True
