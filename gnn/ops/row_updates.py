"""Updates of the rows of a table that a step has read, and of no others."""

from __future__ import annotations

from typing import Literal

import tensorflow as tf

from gnn.ops.kernels import compiled_by_xla

RowUpdate = Literal["adagrad", "row_adagrad", "sgd"]
ROW_UPDATES: tuple[RowUpdate, ...] = ("adagrad", "row_adagrad", "sgd")

# Those of Keras' Adagrad. Slots begin at 0 all the same: to fill them would take a second table.
_START, _EPSILON = 0.1, 1e-7


def sum_equal_rows(rows: tf.Tensor, gradients: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    """Adds up the gradients of equal rows, in the order in which they come.

    There are as many results as there were rows, of which the last are zeros for row 0 where some
    were equal: shapes stay known, as XLA wants it, and a sum of nothing changes nothing.

    Args:
        rows: int32 `[n]`.
        gradients: float32 `[n, dim]`.

    Returns:
        rows int32 `[n]`, and the sums float32 `[n, dim]`.

    Example:

    >>> rows, sums = sum_equal_rows(tf.constant([5, 2, 5]), tf.constant([[1.0], [2.0], [4.0]]))
    >>> rows.numpy().tolist(), sums.numpy().tolist()
    ([2, 5, 0], [[2.0], [5.0], [0.0]])
    """
    if rows.shape[0] is None and compiled_by_xla():
        return _sum_by_pairs(rows, gradients)
    count = rows.shape[0] if rows.shape[0] is not None else tf.shape(rows)[0]
    order = tf.argsort(rows, stable=True)
    ordered = tf.gather(rows, order)
    before = tf.gather(ordered, tf.maximum(tf.range(tf.shape(rows)[0]) - 1, 0))
    place = tf.cumsum(tf.cast(ordered != before, tf.int32))
    sums = tf.math.unsorted_segment_sum(tf.gather(gradients, order), place, count)
    distinct = tf.math.unsorted_segment_max(ordered, place, count)
    return tf.maximum(distinct, 0), sums


def _sum_by_pairs(rows: tf.Tensor, gradients: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    """The same, in other places, where XLA knows but a bound of how many rows there are.

    Of such, cumulative and segment sums are wrong there; products and reductions are right.
    """
    equal = rows[:, tf.newaxis] == rows
    place = tf.range(tf.shape(rows)[0])
    is_first = ~tf.reduce_any(equal & (place < place[:, tf.newaxis]), axis=1)
    sums = tf.matmul(tf.cast(equal, gradients.dtype), gradients)
    return tf.where(is_first, rows, 0), tf.where(is_first[:, tf.newaxis], sums, 0.0)


def update_rows(
    update: RowUpdate,
    table: tf.Variable,
    slot: tf.Variable | None,
    rows: tf.Tensor,
    gradients: tf.Tensor,
    learning_rate: tf.Tensor,
) -> None:
    """Updates some rows of a table, once each; the time is the same at any number of rows.

    With g the sum of the gradients of a row:

    | update | slot | row |
    | --- | --- | --- |
    | `"sgd"` | none | `w -= rate * g` |
    | `"adagrad"` | `s += g^2`, as wide as the table | `w -= rate * g / sqrt(0.1 + s)` |
    | `"row_adagrad"` | `s += mean(g^2)`, one number a row | the same |

    `"adagrad"` is that of Keras (Duchi et al., JMLR 2011; its 1e-7 under the root, too) with a
    dense gradient, whose other rows are 0 and change nothing.

    Args:
        update: as above.
        table: float32 `[num_rows, dim]`.
        slot: float32 `[num_rows, dim]`, `[num_rows]`, or None.
        rows: int32 `[n]`, repeated as they come.
        gradients: float32 `[n, dim]`.
        learning_rate: float32.

    Example:

    >>> table, slot = tf.Variable([[1.0], [1.0]]), tf.Variable([0.0, 0.0])
    >>> update_rows("row_adagrad", table, slot, [1, 1], tf.constant([[1.0], [2.0]]), 0.5)
    >>> table.numpy().round(2), slot.numpy()
    (array([[1. ],
           [0.5]], dtype=float32), array([0., 9.], dtype=float32))
    """
    rows, sums = sum_equal_rows(tf.convert_to_tensor(rows, tf.int32), gradients)
    step = sums
    if slot is not None:
        squares = sums**2 if update == "adagrad" else tf.reduce_mean(sums**2, axis=1)
        slot.scatter_add(tf.IndexedSlices(squares, rows))
        size = tf.sqrt(tf.gather(slot, rows) + (_START + _EPSILON))
        step = sums / (size if update == "adagrad" else size[:, tf.newaxis])
    rate = tf.cast(learning_rate, tf.float32)
    table.scatter_sub(tf.IndexedSlices(rate * step, rows))
