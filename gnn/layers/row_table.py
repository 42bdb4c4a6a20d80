"""Tables with a row for each of very many ids, of which a step updates the rows it has read."""

from __future__ import annotations

import math
import random
import weakref
from typing import Any

import keras
import tensorflow as tf

from gnn.configs.arguments import check_count
from gnn.layers.model_in_step import current_step
from gnn.ops.hashed_rows import rows_by_hash
from gnn.ops.row_updates import ROW_UPDATES, RowUpdate, update_rows

ANCHOR = "anchor"  # The name of the number that brings the tape by.
_BLOCK = 2**14  # Rows that are drawn at once.


class RowTable(keras.layers.Layer):
    """The base of layers that keep a row for each of very many ids.

    The table is no trainable variable: Keras' optimizers would compute and keep something for all
    rows at every step, and Adam, Adagrad and RMSprop square the gradients of equal ids apart. Here
    the backward pass of `read` updates the table itself:

    - the rows that the step has read, and no others; the time is the same at any number of rows
    - the gradients of equal ids are summed first, over all replicas
    - the learning rate is that of the compiled optimizer at this step, its schedule included
    - the scale of a `LossScaleOptimizer` is divided out; what is not finite changes nothing
    - table and slots are weights of the layer, saved, loaded and resumed like any others

    So it works in any `fit` that takes gradients by a tape, that of a plain `keras.Model` too. For
    the tape to come by there is one trainable number, `anchor`, which stays 0.

    With `hashed_rows` there is no row for each id: an id has `num_hashes` pieces of its row in a
    table of so many short rows, each found by a hash (Coleman et al., "Unified embedding",
    NeurIPS 2023, section 3). Then ids that share a piece learn it together.

    Args:
        num_ids: ids are from 0 up to this.
        update: "adagrad", "row_adagrad" (a slot a row) or "sgd", of `gnn.ops.update_rows`.
        learning_rate: None is that of the compiled optimizer.
        hashed_rows: rows of a hashed table; None has one row for each id.
        num_hashes: pieces of a row, of a hashed table.

    Raises:
        ValueError: an argument out of range.
    """

    def __init__(
        self,
        num_ids: int,
        update: RowUpdate,
        learning_rate: float | None,
        hashed_rows: int | None,
        num_hashes: int,
        **kwargs: Any,
    ):
        super().__init__(**kwargs)
        if check_count("the number of ids", num_ids) >= 2**31:
            raise ValueError(f"the number of ids must be below 2^31, got {num_ids}")
        if update not in ROW_UPDATES:
            raise ValueError(f"update must be one of {', '.join(ROW_UPDATES)}, got {update!r}")
        if learning_rate is not None and not learning_rate > 0.0:
            raise ValueError(f"learning_rate must be above 0, got {learning_rate}")
        if hashed_rows is not None:
            check_count("hashed_rows", hashed_rows)
        check_count("num_hashes", num_hashes)
        self.num_ids = num_ids
        self.update = update
        self.learning_rate = learning_rate
        self.hashed_rows = hashed_rows
        self.num_hashes = num_hashes
        self._graphs: weakref.WeakKeyDictionary[Any, set[int]] = weakref.WeakKeyDictionary()

    def make_table(self, dim: int, scale: float) -> None:
        """Makes table, slot and anchor: rows are drawn uniformly from -scale to scale."""
        pieces = 1 if self.hashed_rows is None else self.num_hashes
        if dim % pieces:
            raise ValueError(f"num_hashes={pieces} pieces must divide the {dim} numbers of a row")
        shape = (self.hashed_rows or self.num_ids, dim // pieces)
        self.table = of_each_replica(shape, _filled(shape, scale), "float32", "table")
        self.slot = None
        if self.update != "sgd":
            slots = shape if self.update == "adagrad" else shape[:1]
            self.slot = of_each_replica(slots, "zeros", "float32", "slot")
        self.anchor = self.add_weight(
            shape=(), initializer="zeros", name=ANCHOR, dtype="float32", autocast=False
        )

    def read(self, ids: tf.Tensor, training: bool | None = None) -> tf.Tensor:
        """The rows of ids, of a layer's `call`; in training the gradients update them.

        Args:
            ids: int32 `[n]`, none below 0 or past the end.
            training: whether a gradient updates the table.

        Returns:
            float32 `[n, dim]`.

        Raises:
            ValueError: a second call in one traced step.
        """
        rows = self._places(ids)
        if not training:
            return self._joined(tf.gather(of_this_replica(self.table), rows))
        self._note_call()
        optimizer = getattr(self._model_in_use(), "optimizer", None)

        @tf.custom_gradient
        def read(anchor: tf.Tensor) -> Any:
            def gradient(upstream: Any) -> tf.Tensor:
                self._update(rows, tf.convert_to_tensor(upstream), optimizer)
                return tf.zeros_like(anchor)

            return tf.gather(of_this_replica(self.table), rows), gradient

        return self._joined(read(tf.identity(self.anchor.value)))

    def block(self, start: tf.Tensor, size: int) -> tf.Tensor:
        """The rows of `size` ids from `start`, float32 `[size, dim]`; the last one past the end."""
        ids = tf.minimum(start + tf.range(size), self.num_ids - 1)
        return self._joined(tf.gather(of_this_replica(self.table), self._places(ids)))

    def all_rows(self) -> tf.Tensor:
        """The rows of all ids, float32 `[num_ids, dim]`."""
        if self.hashed_rows is None:
            return tf.convert_to_tensor(of_this_replica(self.table))
        return self.block(tf.constant(0), self.num_ids)

    def get_config(self) -> dict[str, Any]:
        """What the layer is made of, but for the number of ids."""
        return {
            **super().get_config(),
            "update": self.update,
            "learning_rate": self.learning_rate,
            "hashed_rows": self.hashed_rows,
            "num_hashes": self.num_hashes,
        }

    def _model_in_use(self) -> Any:
        """The model that takes the step, or otherwise the one whose call this is part of."""
        step = current_step()
        return step[0] if step else self._get_call_context().entry_layer

    def _places(self, ids: tf.Tensor) -> tf.Tensor:
        """The rows of the table that ids are made of, int32 `[n]` or `[n * num_hashes]`."""
        ids = tf.cast(ids, tf.int32)
        if self.hashed_rows is None:
            return ids
        return tf.reshape(rows_by_hash(ids, self.num_hashes, self.hashed_rows), [-1])

    def _joined(self, rows: tf.Tensor) -> tf.Tensor:
        if self.hashed_rows is None:
            return rows
        return tf.reshape(rows, [-1, self.num_hashes * rows.shape[1]])

    def _note_call(self) -> None:
        """Slots that square a sum of gradients need all of a step at once."""
        if tf.executing_eagerly():
            return
        seen = self._graphs.setdefault(tf.compat.v1.get_default_graph(), set())
        replica = _replica()
        if replica in seen:
            raise ValueError(
                f"the layer {self.name!r} was called twice in one step of training, and would "
                "update its rows twice: call it once on the ids of both"
            )
        seen.add(replica)

    def _update(self, rows: tf.Tensor, gradients: tf.Tensor, optimizer: Any) -> None:
        if getattr(optimizer, "gradient_accumulation_steps", None):
            raise ValueError(
                f"the layer {self.name!r} updates its rows at every step: an optimizer with "
                "gradient_accumulation_steps would not"
            )
        rate = self.learning_rate
        if rate is None:
            if optimizer is None:
                raise ValueError(
                    f"the layer {self.name!r} takes the learning rate of the optimizer of the "
                    "model that is called, which has none: compile the model, or give learning_rate"
                )
            rate = optimizer.learning_rate
        rate = tf.cast(tf.convert_to_tensor(rate), tf.float32)
        gradients = tf.cast(gradients, tf.float32)
        scale = _loss_scale(optimizer)
        context = tf.distribute.get_replica_context()
        if context is not None and context.num_replicas_in_sync > 1:
            rows, gradients = context.all_gather([rows, gradients], axis=0)
        if scale is not None:
            gradients /= scale
            is_finite = tf.reduce_all(tf.math.is_finite(gradients))
            gradients = tf.where(is_finite, gradients, 0.0)
        slot = None if self.slot is None else of_this_replica(self.slot)
        update_rows(self.update, of_this_replica(self.table), slot, rows, gradients, rate)


def of_each_replica(
    shape: tuple[int, ...], initializer: Any, dtype: str, name: str
) -> keras.Variable:
    """A variable that is not trained, of which every replica has a copy and makes the same of it.

    Example:

    >>> of_each_replica((2,), "zeros", "int64", "step").numpy()
    array([0, 0])
    """
    is_value = isinstance(initializer, tf.Variable)
    return keras.Variable(
        initializer if is_value else keras.initializers.get(initializer),
        shape=shape,
        dtype=dtype,
        trainable=False,
        autocast=False,
        aggregation="only_first_replica",
        synchronization="on_read",
        name=name,
    )


def _filled(shape: tuple[int, ...], scale: float) -> Any:
    """Numbers from -scale to scale, as a variable of TensorFlow or what makes one later.

    Keras' initializers leave the memory of two more tables behind. This draws a block at a time.
    """
    seed = random.randint(1, 10**9)  # As Keras' initializers do.
    try:
        keras.Variable(tf.zeros([]))
    except ValueError:  # Keras only looks at shapes here, and makes variables later.
        return keras.initializers.RandomUniform(-scale, scale, seed)
    with tf.init_scope():
        table = tf.Variable(
            lambda: tf.zeros(shape),
            trainable=False,
            aggregation=tf.VariableAggregation.ONLY_FIRST_REPLICA,
            synchronization=tf.VariableSynchronization.ON_READ,
        )
        for part in tf.distribute.get_strategy().experimental_local_results(table):
            for start in range(0, shape[0], _BLOCK):
                rows = tf.range(start, min(start + _BLOCK, shape[0]))
                block = tf.random.stateless_uniform(
                    [rows.shape[0], *shape[1:]], [seed, start], -scale, scale
                )
                part.scatter_update(tf.IndexedSlices(block, rows))
    return table


def check_ids(ids: Any, low: int, high: int, name: str) -> tf.Tensor:
    """Ids as int32, checked where they are known or a graph runs on the host; not under XLA.

    Raises:
        TypeError: they are no integers.
        tf.errors.InvalidArgumentError: one is below `low` or not below `high`.
    """
    ids = tf.convert_to_tensor(ids)
    if not ids.dtype.is_integer:
        raise TypeError(f"{name} must be integers, got {ids.dtype.name}")
    wide = tf.cast(ids, tf.int64)
    checks = [
        tf.debugging.assert_greater_equal(
            wide, tf.constant(low, tf.int64), f"{name} must not be below {low}"
        ),
        tf.debugging.assert_less(wide, tf.constant(high, tf.int64), f"{name} must be below {high}"),
    ]
    with tf.control_dependencies([check for check in checks if check is not None]):
        return tf.cast(wide, tf.int32)


def unit_rows(vectors: tf.Tensor) -> tf.Tensor:
    """Rows of length 1; those of length 0 stay. The gradient is finite there, too.

    Example:

    >>> unit_rows(tf.constant([[3.0, 4.0], [0.0, 0.0]])).numpy().round(2).tolist()
    [[0.6000000238418579, 0.800000011920929], [0.0, 0.0]]
    """
    return tf.math.l2_normalize(vectors, axis=-1, epsilon=1e-12)


def start_scale(dim: int) -> float:
    """Rows drawn uniformly from -scale to scale have a mean squared length of 1.

    Example:

    >>> start_scale(3)
    1.0
    """
    return math.sqrt(3.0 / dim)


def _loss_scale(optimizer: Any) -> Any:
    """What the loss was multiplied with before gradients were taken, or None."""
    if isinstance(optimizer, keras.optimizers.LossScaleOptimizer):
        built = optimizer.built
        return tf.convert_to_tensor(optimizer.dynamic_scale) if built else optimizer.initial_scale
    return getattr(optimizer, "loss_scale_factor", None)


def of_this_replica(variable: keras.Variable) -> Any:
    """TensorFlow's variable of this replica; outside of replicas, of the first.

    Example:

    >>> of_this_replica(of_each_replica((2,), "ones", "float32", "w")).numpy()
    array([1., 1.], dtype=float32)
    """
    value = variable.value
    parts = getattr(value, "values", None)
    if not isinstance(parts, list | tuple):
        return value
    return parts[_replica()]


def _replica() -> int:
    context = tf.distribute.get_replica_context()
    place = 0 if context is None else tf.get_static_value(context.replica_id_in_sync_group)
    return int(place or 0)
