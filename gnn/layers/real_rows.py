"""Users' layers on the rows of a batch that are no padding."""

from __future__ import annotations

import contextlib
import inspect
import warnings
from collections.abc import Callable, Iterator
from typing import Any

import keras
import tensorflow as tf
from graph_nets.graphs import GraphsTuple

from gnn.graphs.batch.which_nodes import real_nodes
from gnn.ops.kernels import compiled_by_xla

_SAME_OF_REPEATED = ("All", "Amax", "Amin", "Any", "Max", "Min")


def on_real_rows(
    layer: keras.layers.Layer,
    call: Callable[[Any, tf.Tensor | None], Any],
    rows: Any,
    real: tf.Tensor | None,
    training: bool | None,
) -> Any:
    """Calls a layer that may be anything on the rows of a batch that are no padding.

    The others are taken away before, so that they count nowhere. XLA needs one size: there they
    repeat a real row and come with a mask, which a layer that works row by row does not need and
    others may honor.

    Args:
        layer: the layer.
        call: `call(rows, mask)` calls it; `mask` is None, or bool `[n]` for a layer that reads
            Keras' masks.
        rows: a tensor `[n, ...]`, dense or sparse, or a structure of them.
        real: bool `[n]`, which rows are no padding; None where all are.
        training: whether the layer learns.

    Returns:
        What `call` returns, tensors `[n, ...]`; outside XLA padding has zeros.

    Raises:
        ValueError: under XLA, a layer of Keras' that is known to count all rows and to see no mask.

    Example:

    >>> shares = keras.layers.Lambda(lambda rows: rows / tf.reduce_sum(rows))
    >>> rows, real = tf.constant([[3.0], [1.0], [9.0]]), tf.constant([True, True, False])
    >>> on_real_rows(shares, lambda some, mask: shares(some), rows, real, False).numpy().tolist()
    [[0.75], [0.25], [0.0]]
    """
    if real is None:
        return call(rows, None)
    with _kept_without_rows(layer, real):
        if compiled_by_xla():
            check_takes_padding(layer, training)
            rows = keras.tree.map_structure(lambda part: _repeated(part, real), rows)
            return call(rows, real if _reads_masks(layer) else None)
        kept = real
        if _may_hold_padding_only():
            kept = tf.logical_or(real, _first_where_none(real))
            rows = keras.tree.map_structure(lambda part: _harmless_where_none(part, real), rows)
        outputs = call(keras.tree.map_structure(lambda part: _kept(part, kept), rows), None)
    outputs = keras.tree.map_structure(lambda part: _put_back(part, kept), outputs)
    if kept is real:
        return outputs
    any_real = tf.reduce_any(real)
    return keras.tree.map_structure(
        lambda part: tf.where(any_real, part, tf.zeros_like(part)), outputs
    )


def call_layer(
    layer: keras.layers.Layer, inputs: Any, training: bool | None, mask: tf.Tensor | None = None
) -> Any:
    """Calls a layer, with `training` where it takes that.

    Args:
        layer: the layer.
        inputs: a tensor `[n, ...]`, or a structure of them.
        training: whether dropout and the like are on.
        mask: bool `[n]`, which Keras' masks of all inputs are made of; None for none.

    Example:

    >>> call_layer(keras.layers.ReLU(), tf.constant([-1.0, 2.0]), True).numpy().tolist()
    [0.0, 2.0]
    """
    takes_training = "training" in inspect.signature(layer.call).parameters
    arguments: dict[str, Any] = {"training": training} if takes_training else {}
    if mask is None:
        return layer(inputs, **arguments)
    masks = keras.tree.map_structure(lambda part: _mask_of(part, mask), inputs)
    with warnings.catch_warnings():
        # Keras says so of every functional model, whose layers hand the mask on all the same.
        warnings.filterwarnings("ignore", r"Layer .* \(of type (Functional|Sequential)\).*mask")
        outputs = layer(inputs, mask=masks, **arguments)
    # Copies have no mask, of which the layers that follow would be told.
    return keras.tree.map_structure(tf.identity, outputs)


def call_on_nodes(
    layer: keras.layers.Layer, nodes: tf.Tensor, graph: GraphsTuple, training: bool | None
) -> Any:
    """Calls a user's layer on values of a graph's nodes, of which padding counts nowhere.

    Args:
        layer: the layer.
        nodes: `[n_nodes, ...]`.
        graph: the graph.
        training: whether dropout and the like are on.

    Example:

    >>> from gnn.graphs.batch.graphs_tuple import edgeless, graph_from_inputs
    >>> graph = graph_from_inputs({"x": tf.ones([2, 1]), **edgeless(2)})
    >>> call_on_nodes(keras.layers.ReLU(), tf.ones([2, 3]), graph, False).shape
    TensorShape([2, 3])
    """

    def call(rows: Any, mask: tf.Tensor | None) -> Any:
        return call_layer(layer, rows, training, mask)

    return on_real_rows(layer, call, nodes, real_nodes(graph), training)


def check_takes_padding(layer: keras.layers.Layer, training: bool | None) -> None:
    """Raises where rows that are padding would count in what XLA compiles of a layer.

    Raises:
        ValueError: it, or a layer in it, works across rows and would see no mask.

    Example:

    >>> check_takes_padding(keras.layers.Dense(2), training=True)
    """
    inner = layer._flatten_layers()
    operations = [step for each in inner for step in getattr(each, "operations", ())]
    for each in [*inner, *operations]:
        reason = _why_not(each)
        if reason:
            _refuse(each, reason)
    if not training or not any(map(_is_batch_normalization, inner)):
        return
    if not _takes_mask(layer):
        _refuse(layer, "holds a BatchNormalization and has no argument `mask`")
    steps = getattr(layer, "operations", inner) if _is_graph_of_layers(layer) else inner
    for each in steps:
        if not _hands_mask_on(each):
            _refuse(each, "stands beside a BatchNormalization and does not hand Keras' masks on")


def _refuse(layer: Any, reason: str) -> None:
    raise ValueError(
        f"the layer {layer.name!r} ({type(layer).__name__}) {reason}, so that under "
        "jit_compile=True rows that are padding would count: compile without jit_compile, which "
        "leaves them out, or take a layer that works row by row"
    )


def _why_not(layer: Any) -> str | None:
    """What is known of a layer, or an operation of keras.ops, that works across rows, mask or not.

    Largest and smallest values are the same where a row is repeated.
    """
    if getattr(layer, "activity_regularizer", None) is not None:
        return "has an activity_regularizer, of all rows together"
    if getattr(layer, "stateful", False):
        return "is stateful: what it knows of a row comes from another"
    if not hasattr(layer, "axis") or type(layer).__name__ in _SAME_OF_REPEATED:
        return None
    if not set(keras.tree.flatten(layer.axis)) & _rows_of(layer):
        return None
    return "works along axis 0, which are the rows"


def _rows_of(layer: Any) -> set[int | None]:
    """What an argument `axis` says where it means the rows."""
    # To an operation that reduces, no axis is all of them.
    found: set[int | None] = {0, None} if hasattr(layer, "keepdims") else {0}
    try:
        return {*found, -len(keras.tree.flatten(layer.input)[0].shape)}
    except (AttributeError, ValueError):  # It was called several times, or not in a model.
        return found


def _is_batch_normalization(layer: keras.layers.Layer) -> bool:
    return isinstance(layer, keras.layers.BatchNormalization) and layer.trainable


def _is_graph_of_layers(layer: keras.layers.Layer) -> bool:
    return isinstance(layer, keras.Model) and hasattr(layer, "operations")


def _hands_mask_on(step: Any) -> bool:
    if isinstance(step, keras.layers.InputLayer):
        return True
    if not isinstance(step, keras.layers.Layer):
        return False  # An operation of keras.ops in a functional model.
    if _is_graph_of_layers(step) or isinstance(step, keras.Sequential):
        return True  # Its layers are looked at.
    merges = (keras.layers.Add, keras.layers.Average, keras.layers.Concatenate)
    is_default = type(step).compute_mask is keras.layers.Layer.compute_mask
    return step.supports_masking and (is_default or isinstance(step, merges))


def _reads_masks(layer: keras.layers.Layer) -> bool:
    own = [one for one in layer._flatten_layers() if not type(one).__module__.startswith("keras.")]
    readers = [*filter(_is_batch_normalization, layer._flatten_layers())]
    readers += [one for one in own if _takes_mask(one)]
    return bool(readers) and _takes_mask(layer)


def _takes_mask(layer: keras.layers.Layer) -> bool:
    return "mask" in inspect.signature(layer.call).parameters


def _mask_of(part: tf.Tensor, real: tf.Tensor) -> tf.Tensor:
    """A mask of Keras: an entry for each position of a row, which are its last axis."""
    shape = tf.shape(part)[:-1] if part.shape.rank > 1 else tf.shape(part)
    rank = max(part.shape.rank - 1, 1)
    return tf.broadcast_to(tf.reshape(real, [-1] + [1] * (rank - 1)), shape)


def _repeated(part: tf.Tensor, real: tf.Tensor) -> tf.Tensor:
    """The rows, with the first real one in place of those that are padding."""
    row = tf.stop_gradient(tf.gather(part, tf.argmax(tf.cast(real, tf.int32))))
    if part.dtype.is_floating:  # A replica may hold padding only, and be asked for a logarithm.
        row = tf.where(tf.reduce_any(real), row, tf.ones_like(row))
    return tf.where(tf.reshape(real, [-1] + [1] * (part.shape.rank - 1)), part, row)


def _kept(part: Any, real: tf.Tensor) -> Any:
    """The rows that are real."""
    if not isinstance(part, tf.SparseTensor):
        return tf.boolean_mask(part, real)
    is_kept = tf.gather(real, part.indices[:, 0])
    numbers = tf.cumsum(tf.cast(real, tf.int64)) - 1
    indices = tf.boolean_mask(part.indices, is_kept)
    places = tf.concat([tf.gather(numbers, indices[:, :1]), indices[:, 1:]], axis=1)
    sizes = tf.concat([numbers[-1:] + 1, part.dense_shape[1:]], axis=0)
    kept = tf.SparseTensor(places, tf.boolean_mask(part.values, is_kept), sizes)
    kept.set_shape([None, *part.shape[1:]])
    return kept


def _may_hold_padding_only() -> bool:
    """Whether this is a replica of several, which may be dealt no rows."""
    return tf.distribute.get_strategy().num_replicas_in_sync > 1


def _first_where_none(real: tf.Tensor) -> tf.Tensor:
    """The first row, where no row is real: means over no rows, and their gradients, are NaN."""
    first = tf.range(tf.shape(real)[0]) == 0
    return tf.logical_and(first, tf.logical_not(tf.reduce_any(real)))


def _harmless_where_none(part: Any, real: tf.Tensor) -> Any:
    """The rows, or ones where none is real: a logarithm of padding would be infinite."""
    if isinstance(part, tf.SparseTensor) or not part.dtype.is_floating:
        return part
    return tf.where(tf.reduce_any(real), part, tf.ones_like(part))


def _put_back(part: tf.Tensor, real: tf.Tensor) -> tf.Tensor:
    """Rows of what was made of the real ones, in their places among zeros."""
    shape = tf.concat([tf.shape(real), tf.shape(part)[1:]], axis=0)
    whole = tf.scatter_nd(tf.cast(tf.where(real), tf.int32), part, shape)
    whole.set_shape([real.shape[0], *part.shape[1:]])
    return whole


@contextlib.contextmanager
def _kept_without_rows(layer: keras.layers.Layer, real: tf.Tensor) -> Iterator[None]:
    """Leaves a layer's statistics as they are on a replica that holds padding only."""
    if not _may_hold_padding_only():
        yield
        return
    kept = [v for v in layer.non_trainable_variables if v.dtype.startswith("float")]
    before = [tf.convert_to_tensor(variable) for variable in kept]
    yield
    for variable, value in zip(kept, before, strict=True):
        variable.assign(tf.where(tf.reduce_any(real), tf.convert_to_tensor(variable), value))
