"""The import of Neural Structured Learning, with a stand-in for what TensorFlow removed."""

from __future__ import annotations

import contextlib
import sys
import types
from collections.abc import Iterator

import tensorflow as tf


@contextlib.contextmanager
def _estimator_stand_in() -> Iterator[None]:
    """Lets ``from tensorflow import estimator`` find a module, while the block runs."""
    name = "tensorflow.estimator"
    if name in sys.modules or hasattr(tf, "estimator"):
        yield
        return
    sys.modules[name] = types.ModuleType(name, "Stands in for what TensorFlow 2.16 removed.")
    try:
        yield
    finally:
        del sys.modules[name]


with _estimator_stand_in():
    try:
        from neural_structured_learning import (
            __version__,
            configs,
            estimator,
            experimental,
            keras,
            lib,
            tools,
        )
    except ModuleNotFoundError as error:
        if error.name != "neural_structured_learning":
            raise
        raise ImportError(
            "gnn.nsl needs Neural Structured Learning, which is not installed: "
            "pip install neural-structured-learning"
        ) from error

__all__ = ["__version__", "configs", "estimator", "experimental", "keras", "lib", "tools"]
