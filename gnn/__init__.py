"""Graph-structured learning for Keras 3: models that learn from features and from a graph."""

from __future__ import annotations

import importlib
from types import ModuleType

from gnn._environment import check_keras

check_keras()

__version__ = "0.1.0"

_LAZY = ("datasets", "nsl")


def __getattr__(name: str) -> ModuleType:
    if name in _LAZY:
        return importlib.import_module(f"{__name__}.{name}")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
