"""The versions of what a run was computed with."""

from __future__ import annotations

import json
import platform
from collections.abc import Mapping
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf

from gnn._environment import own_version


def current_versions() -> dict[str, str]:
    """Those of this process, by name.

    Example:

    >>> sorted(current_versions())
    ['gnn', 'keras', 'numpy', 'python', 'tensorflow']
    """
    return {
        "gnn": own_version(),
        "keras": keras.__version__,
        "tensorflow": tf.__version__,
        "numpy": np.__version__,
        "python": platform.python_version(),
    }


def stored_versions(config_file: Path) -> dict[str, str]:
    """Those that the configuration of a run names; none where it names none."""
    try:
        found = json.loads(config_file.read_text(encoding="utf-8"))["versions"]
    except (OSError, ValueError, KeyError, TypeError):
        return {}
    return dict(found) if isinstance(found, Mapping) else {}


def version_changes(before: Mapping[str, str], now: Mapping[str, str]) -> str:
    """What differs, of the names that both have; empty if nothing does.

    Example:

    >>> version_changes({"keras": "3.15", "numpy": "2.0"}, {"keras": "3.16", "numpy": "2.0"})
    'keras 3.15, now 3.16'
    """
    both = [name for name in before if name in now and before[name] != now[name]]
    return "; ".join(f"{name} {before[name]}, now {now[name]}" for name in both)
