"""Losses that are means over some of a batch's nodes, and so weigh by their number."""

from __future__ import annotations

import contextlib
import contextvars
from collections.abc import Iterator
from typing import Any

import keras
import tensorflow as tf

_SILENT = contextvars.ContextVar("silent", default=False)


@contextlib.contextmanager
def without_mean_losses() -> Iterator[None]:
    """Calls within the block add no mean losses: those of a model that runs again on a batch.

    Example:

    >>> with without_mean_losses():
    ...     pass  # Call the model on perturbed features, say.
    """
    token = _SILENT.set(True)
    try:
        yield
    finally:
        _SILENT.reset(token)


class MeanLossLayer(keras.layers.Layer):
    """A layer that adds `multiplier` times a mean over some nodes, and knows over how many.

    `gnn.NodeGraphModel` asks by `track`: a loss over an epoch is the mean over all of its nodes,
    however they were cut into batches, and so is that of a step of several replicas. A subclass
    sets `multiplier`, calls `add_mean` once a batch, and names the metric that reports the mean.

    Args:
        metric: str, the key of the mean in the history.

    Example:

    >>> class MeanSquare(MeanLossLayer):
    ...     multiplier = 0.5
    ...     def call(self, nodes):
    ...         count = tf.cast(tf.shape(nodes)[0], tf.float32)
    ...         self.add_mean(tf.reduce_sum(nodes**2) / count, count)
    ...         return nodes
    >>> layer = MeanSquare(metric="square")
    >>> _ = layer(tf.constant([[1.0], [3.0]]))
    >>> [float(value) for value in layer.track()], float(layer.tracked.result())
    ([2.5, 2.0], 5.0)
    """

    multiplier: float

    def __init__(self, metric: str, **kwargs: Any):
        super().__init__(**kwargs)
        self.tracked = keras.metrics.Mean(name=metric)
        self._mean = self._count = None
        # It has no weights; unbuilt, it would make Keras warn where a model runs on features alone.
        self.built = True

    def add_mean(self, mean: tf.Tensor, count: tf.Tensor) -> None:
        """Adds the loss of a batch.

        Args:
            mean: float32 scalar.
            count: float32 scalar, the number of nodes that it is the mean of.
        """
        if _SILENT.get():
            return
        self._mean, self._count = mean, count
        self.add_loss(self.multiplier * mean)

    def track(self) -> tuple[tf.Tensor, tf.Tensor]:
        """Counts the last call's mean in the metric, by its number of nodes.

        A training or evaluation step calls it; a prediction does not, so nothing is tracked when
        serving.

        Returns:
            The loss added, and the number of nodes: float32 scalars, 0 if there was no call.

        Raises:
            ValueError: the layer was called more than once on a batch.
        """
        if not self.losses:
            return tf.constant(0.0), tf.constant(0.0)
        if len(self.losses) > 1:
            raise ValueError(
                f"the layer {self.name!r} was called {len(self.losses)} times on one batch; make a "
                f"{type(self).__name__} for each loss, so that each is reported"
            )
        self.tracked.update_state(self._mean, sample_weight=self._count)
        return sum(self.losses), self._count


def mean_losses_of(model: keras.layers.Layer) -> list[MeanLossLayer]:
    """The layers of a model that add mean losses, in the order in which Keras lists layers.

    Example:

    >>> [layer.name for layer in mean_losses_of(MeanLossLayer(metric="square", name="a"))]
    ['a']
    """
    return [layer for layer in model._flatten_layers() if isinstance(layer, MeanLossLayer)]
