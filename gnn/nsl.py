"""The one door to Neural Structured Learning (NSL).

``import neural_structured_learning`` fails on TensorFlow 2.16 and later, because two of its
modules import the removed ``tf.estimator``. Imported from here it works: an empty module stands in
for ``tf.estimator`` while NSL is imported and is taken away again, so that ``tensorflow`` is left
as it was. This module then offers NSL's subpackages under their own names.

``nsl.configs``, ``nsl.lib`` and ``nsl.tools`` work. What needs a real ``tf.estimator``
(``nsl.estimator``), the metrics of Keras 2 (``nsl.keras.GraphRegularization``) or an older Sonnet
(``nsl.experimental.gnn``) does not, nor do NSL's commands, which do not pass through here.

Example:
    >>> from gnn import nsl
    >>> nsl.configs.make_graph_reg_config(max_neighbors=3).multiplier
    0.01
"""

from __future__ import annotations

import contextlib
import sys
import types
from collections.abc import Iterator
from typing import IO

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


def _open(file: str, mode: str = "r") -> IO[str]:
    """Opens a text file, also in the mode "rU" that Python 3.11 removed."""
    return open(file, mode.replace("U", ""))


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
        from neural_structured_learning.tools import graph_utils
    except ModuleNotFoundError as error:
        if error.name != "neural_structured_learning":
            raise
        raise ImportError(
            "gnn.nsl needs Neural Structured Learning, which is not installed: "
            "pip install neural-structured-learning"
        ) from error

__all__ = ["__version__", "configs", "estimator", "experimental", "keras", "lib", "tools"]

# read_tsv_graph, and with it pack_nbrs, opens its file as "rU". A name in that one module of NSL
# answers it; Python's own `open` is not touched.
graph_utils.open = _open

# Without these, `from gnn.nsl.configs import ...` would say that gnn.nsl is not a package.
for _name, _module in list(sys.modules.items()):
    if _name.startswith("neural_structured_learning."):
        sys.modules[_name.replace("neural_structured_learning", __name__, 1)] = _module
