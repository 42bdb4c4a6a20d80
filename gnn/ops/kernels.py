"""Which of TensorFlow's kernels the function that is being traced may use."""

from __future__ import annotations

import contextlib
import contextvars
from collections.abc import Iterator

import tensorflow as tf
from tensorflow.python.ops import control_flow_util

# Entries from which on a pass over memory takes milliseconds.
_WORTH_COMPILING = 2**20

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


def gains_by_compiling(values: tf.Tensor) -> bool:
    """Whether passes over `values` are to be compiled by XLA into one, in what is not otherwise.

    TensorFlow's kernels pass over memory once an operation, which on large tensors is what they
    cost. On a CPU one compiled pass over 43 million numbers took a third of the time of three. It
    is compiled anew for each shape, so only where the shape is known, as that of a whole graph is.
    GPUs have the bandwidth, and XLA needs more of CUDA there than TensorFlow does.

    Example:

    >>> gains_by_compiling(tf.ones([2]))
    False
    """
    size = values.shape.num_elements()
    if tf.executing_eagerly() or size is None or size < _WORTH_COMPILING:
        return False
    return not (without_sparse_kernels() or tf.config.list_logical_devices("GPU"))
