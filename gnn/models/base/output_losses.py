"""The losses of a compiled model, an output each."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import keras
import tensorflow as tf

from gnn.models.base.supervision import SOLE, Supervision, labels_of_all, losses_by_output


class OutputLosses:
    """Stands where Keras has the losses that `compile` was given, and knows each output's alone.

    Keras adds the losses of several outputs up and reports each by the size of the batch; here each
    can weigh by its own labeled rows. Each is computed by Keras, as that of a model of one output.

    Args:
        compiled: Keras' own, of the whole model; it computes the loss of a model that returns one
            tensor.
        loss, loss_weights: what `compile` was given.

    Attributes:
        weights: what the loss of each output is multiplied with (`loss_weights`), by output; empty
            until the model was called, where the losses have no names.
        means: the mean loss of each output so far, under Keras' name for it, `"<output>_loss"`;
            none where one output alone has a loss.
    """

    def __init__(self, compiled: Any, loss: Any, loss_weights: Any = None):
        self._compiled, self._loss, self._loss_weights = compiled, loss, loss_weights
        self._computed: dict[str, list[Any]] = {}
        self.weights: dict[str, float] = {}
        self.means: dict[str, keras.metrics.Mean] = {}
        if isinstance(loss, Mapping):
            self._resolve({name: part for name, part in loss.items() if part is not None})

    def _resolve(self, losses: Mapping[str, Any]) -> None:
        kind, weights = type(self._compiled), self._loss_weights
        self._computed = {
            name: [kind(part) for part in keras.tree.flatten(loss)] for name, loss in losses.items()
        }
        if not isinstance(weights, Mapping):
            given = [1.0] * len(losses) if weights is None else keras.tree.flatten(weights)
            if len(given) != len(losses):
                raise ValueError(
                    f"loss_weights must have a weight for each of the losses of {list(losses)}; "
                    f"got {weights}"
                )
            weights = dict(zip(losses, given, strict=True))
        self.weights = {name: float(weights.get(name, 1.0)) for name in losses}
        if len(losses) > 1:
            self.means = {name: keras.metrics.Mean(name=f"{name}_loss") for name in losses}

    @property
    def metrics(self) -> list[keras.metrics.Mean]:
        """The means, as Keras asks for them."""
        return list(self.means.values())

    @property
    def built(self) -> bool:
        """Whether Keras need not call it to learn of outputs and metrics."""
        return self._compiled.built or bool(self._computed)

    def of_outputs(self, labels: Any, outputs: Any, weights: Any = None) -> dict[str, Any]:
        """The loss of each output that has one, by output, without `loss_weights`.

        Args:
            labels: as in `Supervision`; those that all outputs share may be one tensor.
            outputs: a tensor or a dict of them.
            weights: like the labels.
        """
        losses = losses_by_output(self._loss, outputs)
        if not isinstance(outputs, Mapping):  # Keras weighs it, too.
            self.weights = {SOLE: 1.0}
            return {SOLE: self._compiled(labels, outputs, weights)}
        if not self._computed:
            self._resolve(losses)
        labels, values = labels_of_all(labels, outputs), {}
        for name in losses:
            some = weights.get(name) if isinstance(weights, Mapping) else weights
            parts = [part(labels[name], outputs[name], some) for part in self._computed[name]]
            values[name] = sum(parts[1:], start=parts[0])
        return values

    def of_supervision(self, rows: Supervision) -> dict[str, tf.Tensor]:
        """The same of the rows that count, float32 scalars; 0 where an output has none."""
        values = self.of_outputs(rows.labels, rows.outputs, rows.weights)
        return {name: where_counted(value, rows.counts[name]) for name, value in values.items()}

    def __call__(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> Any:
        """The sum of the outputs' losses times their weights, as Keras asks for it."""
        values = self.of_outputs(y_true, y_pred, sample_weight)
        weighed = [value * self.weights[name] for name, value in values.items()]
        return sum(weighed[1:], start=weighed[0]) if weighed else None

    def with_outputs(self, results: dict[str, Any]) -> dict[str, Any]:
        """Adds the losses of the outputs to what is reported as `loss`, where they are several.

        Args:
            results: the metrics of a model, in which `loss` is what layers add.
        """
        for name, mean in self.means.items():
            if "loss" in results:
                results["loss"] += self.weights[name] * mean.result()
        return results


def where_counted(value: Any, count: tf.Tensor) -> tf.Tensor:
    """A loss as float32, and 0 where it is a mean over no rows, which may be NaN.

    Example:

    >>> float(where_counted(tf.constant(float("nan")), tf.constant(0.0)))
    0.0
    """
    value = tf.cast(value, tf.float32)
    if value.shape == (0,):  # Keras leaves an empty loss as it is, where it knows that it is empty.
        value = tf.reduce_sum(value)
    return tf.where(count > 0, value, tf.zeros_like(value))
