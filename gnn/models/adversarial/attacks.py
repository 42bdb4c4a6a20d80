"""Attacks on trained models: how far can a small change of the features lead them astray?"""

from __future__ import annotations

import operator
from collections.abc import Mapping
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from gnn.configs import as_adv_neighbor_config
from gnn.configs.arguments import check_count
from gnn.graphs.batch.graphs_tuple import num_rows, split_inputs
from gnn.models import padded_rows
from gnn.models.base.output_losses import where_counted
from gnn.models.base.supervision import by_output, losses_by_output, supervision
from gnn.models.node_graph_model import NodeGraphModel
from gnn.models.node_models import call_node_model
from gnn.ops.adversarial import Rows, adversarial_neighbors, perturbed_names
from gnn.ops.sparse import as_dense

_SINGLE = "features"


def adversarial_examples(
    model: keras.Model,
    inputs: Any,
    labels: Any,
    config: Any = None,
    loss: Any = None,
    batch_size: int = 256,
    seed: int = 0,
) -> Any:
    """Inputs near the given ones, at which the model's loss is greater.

    Accuracy on them, `model.evaluate(adversarial_examples(model, x, y, config), y)`, says how
    robust a model is; those of a batch with graph keys are evaluated whole, as
    `tf.data.Dataset.from_tensors((examples, y))`. By default it is FGSM, with `pgd_iterations`
    projected gradient descent (`gnn.ops.adversarial_neighbors`). The model is called as in
    inference. It takes the place of `perturb_on_batch` of NSL's `AdversarialRegularization`.

    Args:
        model: any Keras model, one of this package too.
        inputs: features, a float tensor or array `[n, ...]` or a dict of such, taken `batch_size`
            rows at a time; or a batch with graph keys, at once, of which the features of all nodes
            are perturbed. Sparse features are made dense.
        labels: `[n, ...]`, a row for every row of the outputs.
        config: a `gnn.AdvNeighborConfig`, NSL's, a dict of one, or a `gnn.AdvRegConfig`, whose
            `adv_neighbor_config` is taken. None means the defaults, a small step.
        loss: a Keras loss or its name; None means the one that the model was compiled with.
        batch_size: int, at least 1.
        seed: int, of `random_init`.

    Returns:
        What `inputs` is, with perturbed features as NumPy arrays.

    Raises:
        ValueError: there is no loss, `batch_size` is below 1, or no feature can be perturbed.

    Example:

    >>> model = keras.Sequential([keras.Input([2]), keras.layers.Dense(1, use_bias=False)])
    >>> model.set_weights([np.array([[3.0], [-4.0]])])
    >>> adversarial_examples(
    ...     model, np.zeros([1, 2], "float32"), np.array([[-1.0]]), {"adv_step_size": 0.5}, "mse")
    array([[ 0.3, -0.4]], dtype=float32)
    """
    config = as_adv_neighbor_config({} if config is None else config)
    loss = getattr(model, "loss", None) if loss is None else loss
    if not loss:
        raise ValueError("loss is None and the model is not compiled: give a loss, or compile it")
    check_count("batch_size", batch_size)
    given = dict(inputs) if isinstance(inputs, Mapping) else {_SINGLE: inputs}
    given = {name: _tensor(value) for name, value in given.items()}
    labels = tf.nest.map_structure(tf.convert_to_tensor, labels)
    features, keys = split_inputs(given)
    names = perturbed_names(config, features)
    is_single = not isinstance(inputs, Mapping)

    def attack(features: dict[str, Any], labels: Any) -> Rows:
        attacked = {name: as_dense(features[name]) for name in names}

        def loss_fn(rows: Rows) -> tf.Tensor:
            called = {**features, **keys, **rows}
            called_on = called[_SINGLE] if is_single else called
            if isinstance(model, NodeGraphModel):
                outputs = model(called_on, training=False)
            else:
                outputs = call_node_model(model, called_on, training=False)
            mask = padded_rows.mask_of(called)
            return _sum_of_losses(loss, labels, outputs, mask, has_graph=bool(keys))

        return adversarial_neighbors(attacked, loss_fn, config, seed=(seed, 0))

    compiled = tf.function(attack, autograph=False, reduce_retracing=True)
    size = int(num_rows(next(iter(features.values()))))
    step = size if keys else batch_size
    parts = []
    for start in range(0, size, step):
        rows = slice(start, start + step)
        some = {name: _slice(value, rows) for name, value in features.items()}
        # A batch with graph keys comes at once; its labels are fewer than its nodes.
        some_labels = labels if keys else tf.nest.map_structure(operator.itemgetter(rows), labels)
        parts.append(compiled(some, some_labels))
    found = {name: np.concatenate([part[name].numpy() for part in parts]) for name in names}
    return found[_SINGLE] if is_single else {**inputs, **found}


def _sum_of_losses(
    loss: Any, labels: Any, outputs: Any, mask: tf.Tensor | None, has_graph: bool
) -> tf.Tensor:
    """The losses of all rows that count, summed; of several outputs those that have one."""
    rows = supervision(loss, labels, outputs, mask=mask, has_graph=has_graph)
    labels, outputs = by_output(rows.labels), by_output(rows.outputs)
    total = tf.zeros([])
    for name, part in losses_by_output(loss, rows.outputs).items():
        values = tf.cast(keras.losses.get(part)(labels[name], outputs[name]), tf.float32)
        if values.shape.rank == 0:  # A mean over rows.
            values = where_counted(values, rows.counts[name]) * rows.counts[name]
        total += tf.reduce_sum(values)
    return total


def _tensor(value: Any) -> Any:
    return value if isinstance(value, tf.SparseTensor) else tf.convert_to_tensor(value)


def _slice(value: Any, rows: slice) -> Any:
    if isinstance(value, tf.SparseTensor):
        columns = value.shape[1:]
        size = [rows.stop - rows.start, *columns]
        return tf.sparse.slice(value, [rows.start, *[0] * len(columns)], size)
    return value[rows]
