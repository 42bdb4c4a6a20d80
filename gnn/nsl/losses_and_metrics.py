"""Losses and metrics of a model whose labels come by key, under the names that NSL gives them."""

from __future__ import annotations

import collections
from collections.abc import Sequence
from typing import Any

import keras
import tensorflow as tf

from gnn.nsl.importing import keras as nsl_keras

# How NSL reads `loss`, `metrics` and `loss_weights` is its own affair: these functions of its
# module know which metric "accuracy" means, and say what is wrong in its words.
_NSL = nsl_keras.adversarial_regularization


class LossesAndMetrics:
    """A loss and metrics for each output, and what counts them.

    Args:
        output_names: what a dict of losses, weights or metrics calls the outputs.
        label_keys: as many; they are the ends of the names where there are several.
        loss, metrics, loss_weights: as `keras.Model.compile` takes them.

    Raises:
        TypeError, ValueError: one of these does not go with the outputs.

    Example:

    >>> judge = LossesAndMetrics(["dense"], ["y"], "mse", ["mae"], None)
    >>> float(judge.loss([tf.constant([[1.0]])], tf.constant([[3.0]]), None))
    4.0
    >>> [metric.name for metric in judge.metrics]
    ['mean_squared_error', 'mean_absolute_error']
    """

    def __init__(
        self,
        output_names: Sequence[str],
        label_keys: Sequence[str],
        loss: Any,
        metrics: Any,
        loss_weights: Any,
    ):
        used: collections.Counter[str] = collections.Counter()

        def name_of(function: Any, label_key: str) -> str:
            name = getattr(function, "__name__", None) or getattr(function, "name", None)
            name = name or type(function).__name__
            name = f"{name}_{label_key}" if len(label_keys) > 1 else name
            used[name] += 1
            return name if used[name] == 1 else f"{name}_{used[name]}"

        functions = list(_NSL._prepare_loss_fns(loss, output_names))
        weights = _NSL._prepare_loss_weights(loss_weights, output_names)
        self._losses = [
            _NSL._LossWrapper(function, name_of(function, key), weight)
            for function, key, weight in zip(functions, label_keys, weights, strict=True)
        ]
        # A batch may be the first to tell how many outputs there are, inside a function.
        with tf.init_scope():
            self._loss_means = [keras.metrics.Mean(loss.name) for loss in self._losses]
            listed = _NSL._prepare_metric_fns(metrics, output_names, self._losses)
            self._metrics = [
                [_counted(function, name_of(function, key)) for function in functions]
                for functions, key in zip(listed, label_keys, strict=True)
            ]

    @property
    def metrics(self) -> list[keras.metrics.Metric]:
        """What counts the losses and metrics, output by output."""
        counted = [metric for metrics in self._metrics for metric, _ in metrics]
        return [*self._loss_means, *counted]

    def loss(self, labels: Sequence[Any], outputs: Any, sample_weight: Any) -> tf.Tensor:
        """The weighted sum of the losses, a float32 scalar.

        Args:
            labels: those of each output.
            outputs: a tensor or a structure of them, which is flattened.
            sample_weight: `[n]` or `[n, 1]`, or None.
        """
        found = [
            loss.weight * value for loss, value in self._values(labels, outputs, sample_weight)
        ]
        return tf.add_n([tf.cast(value, tf.float32) for value in found])

    def update(self, labels: Sequence[Any], outputs: Any, sample_weight: Any) -> None:
        """Counts a batch; the losses by its rows, the metrics without the sample weights."""
        flat = tf.nest.flatten(outputs)
        rows = tf.cast(tf.shape(flat[0])[0], tf.float32)
        values = self._values(labels, outputs, sample_weight)
        for mean, (_, value) in zip(self._loss_means, values, strict=True):
            mean.update_state(value, sample_weight=rows)
        for metrics, label, output in zip(self._metrics, labels, flat, strict=True):
            for metric, function in metrics:
                if function is None:
                    metric.update_state(label, output)
                else:
                    metric.update_state(function(label, output))

    def _values(self, labels: Sequence[Any], outputs: Any, sample_weight: Any) -> list[Any]:
        flat = tf.nest.flatten(outputs)
        return [
            (loss, loss(label, output, sample_weight))
            for loss, label, output in zip(self._losses, labels, flat, strict=True)
        ]


def _counted(function: Any, name: str) -> tuple[keras.metrics.Metric, Any]:
    """A metric of this name, and the function of which it is the mean, if it is one."""
    if not isinstance(function, keras.metrics.Metric):
        return keras.metrics.Mean(name), function
    if function.name == name:
        return function, None
    return type(function).from_config({**function.get_config(), "name": name}), None
