"""Which of TensorFlow's kernels the function that is being traced may use."""

from __future__ import annotations

import contextlib
import contextvars
from collections.abc import Iterator

import tensorflow as tf
from tensorflow.python.ops import control_flow_util

_PLAIN = contextvars.ContextVar("plain", default=False)


def compiled_by_xla() -> bool:
    """Whether the function being traced will be compiled by XLA, which lacks sparse matrices.

    Example:

    >>> compiled_by_xla()
    False
    """
    # TensorFlow has no public way to ask; its own layers use this one.
    return control_flow_util.GraphOrParentsInXlaContext(tf.compat.v1.get_default_graph())


@contextlib.contextmanager
def plain_operations() -> Iterator[None]:
    """What is traced in the block has no sparse matrices and sorts no edges: LiteRT cannot.

    It computes what XLA compiles.

    Example:

    >>> with plain_operations():
    ...     without_sparse_kernels()
    True
    """
    token = _PLAIN.set(True)
    try:
        yield
    finally:
        _PLAIN.reset(token)


def without_sparse_kernels() -> bool:
    """Whether what is being traced is to do without TensorFlow's kernels for sparse matrices.

    Example:

    >>> without_sparse_kernels()
    False
    """
    return _PLAIN.get() or compiled_by_xla()
