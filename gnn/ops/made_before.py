"""What was made of tensors in the last step, for the next one if it is given equal ones."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import tensorflow as tf

from gnn.ops.kernels import without_sparse_kernels


class MadeBefore:
    """Keeps what a function made, across the steps of a compiled function.

    A whole graph is the same in every step, and what is made of its edges before the first product
    takes longer than to see that they are the same. They are compared by value, so nobody has to
    say so, and nothing kept is ever out of date.

    It keeps TensorFlow's variables, which are no weights: no model saves them. Calls of it must not
    overlap, as those of threads may.

    Example:

    >>> before = MadeBefore()
    >>> @tf.function
    ... def squares(values):
    ...     return before.of([values], lambda: [tf.square(values)], [tf.float32])[0]
    >>> squares(tf.constant([1.0, 3.0])).numpy().tolist()
    [1.0, 9.0]
    >>> squares(tf.constant([1.0, 4.0])).numpy().tolist()
    [1.0, 16.0]
    """

    def __init__(self) -> None:
        self._given: list[tf.Variable] = []
        self._made: list[tf.Variable] = []

    @staticmethod
    def gains(given: Sequence[tf.Tensor]) -> bool:
        """Whether to ask `of`, where the tensors may be the same in the next step.

        Only where all shapes are known, as those of a whole graph are, in a compiled function and
        on the CPU. On GPUs making is quick, and XLA has no sparse matrices to keep.
        """
        if tf.executing_eagerly() or without_sparse_kernels():
            return False
        if tf.distribute.has_strategy():
            return False  # Replicas would share the variables.
        if tf.config.list_logical_devices("GPU"):
            return False
        return all(tensor.shape.is_fully_defined() for tensor in given)

    def of(
        self,
        given: Sequence[tf.Tensor],
        make: Callable[[], Sequence[tf.Tensor]],
        dtypes: Sequence[tf.DType],
    ) -> list[tf.Tensor]:
        """What `make` returns, or what it returned when `given` was last what it is.

        Args:
            given: all that `make` depends on.
            make: called once, when this is traced; no gradient leads through what it returns.
            dtypes: of what it returns, float32, int32 or variant; the last are CSR matrices.
        """
        if not self._made:
            with tf.init_scope():
                self._given = [_empty(tensor.dtype) for tensor in given]
                self._made = [_empty(dtype) for dtype in dtypes]

        def make_again() -> tf.Tensor:
            # What it was made of says that the rest is there, so it comes last.
            with tf.control_dependencies(_assigned(self._made, make())):
                with tf.control_dependencies(_assigned(self._given, given)):
                    return tf.constant(True)

        same = [_equal(kept, tensor) for kept, tensor in zip(self._given, given, strict=True)]
        known = tf.cond(tf.reduce_all(tf.stack(same)), lambda: tf.constant(True), make_again)
        with tf.control_dependencies([known]):
            return [kept.read_value() for kept in self._made]


def _assigned(kept: Sequence[tf.Variable], values: Sequence[tf.Tensor]) -> list[tf.Operation]:
    return [each.assign(value).op for each, value in zip(kept, values, strict=True)]


def _empty(dtype: tf.DType) -> tf.Variable:
    value = _empty_matrix(tf.ones([2], tf.int64)) if dtype == tf.variant else tf.zeros([0], dtype)
    return tf.Variable(value, trainable=False, shape=tf.TensorShape(None), dtype=dtype)


# TensorFlow remembers the shape of the first matrix, so let that be any.
@tf.function(input_signature=[tf.TensorSpec([2], tf.int64)])
def _empty_matrix(shape: tf.Tensor) -> tf.Tensor:
    return tf.raw_ops.SparseTensorToCSRSparseMatrix(
        indices=tf.zeros([0, 2], tf.int64), values=tf.zeros([0]), dense_shape=shape
    )


def _equal(kept: tf.Variable, tensor: tf.Tensor) -> tf.Tensor:
    # Of different sizes TensorFlow says False, but where one of them is 1.
    value = kept.read_value()
    equal = tf.raw_ops.Equal(x=value, y=tensor, incompatible_shape_error=False)
    return (tf.size(value) == tf.size(tensor)) & tf.reduce_all(equal)
