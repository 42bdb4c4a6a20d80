"""Losses that are means over some of a batch's nodes, and so weigh by their number."""

from __future__ import annotations

import contextlib
import contextvars
import threading
from collections.abc import Iterator
from typing import Any

import keras
import tensorflow as tf

Mean = tuple[tf.Tensor, tf.Tensor]  # And over how many.

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

    Attributes:
        monitors: Keras metrics, each the mean of something that a subclass shows beside the loss.

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
        self.tracked = SumOfMeans(name=metric)
        self.monitors: list[keras.metrics.Mean] = []
        self._calls = _Calls()
        # It has no weights; unbuilt, it would make Keras warn where a model runs on features alone.
        self.built = True

    def add_mean(self, mean: tf.Tensor, count: tf.Tensor, *seen: Mean) -> None:
        """Adds the loss of a batch.

        Args:
            mean: float32, a scalar; or a vector of means over different items, of which the loss
                is the sum (`tracked.parts` says how many).
            count: float32, alike: the number of nodes that it is the mean of.
            *seen: for each of `monitors`, a mean and its count, which the loss does not hold.
        """
        if _SILENT.get():
            return
        self._note((mean, count, seen))
        self.add_loss(self.multiplier * tf.reduce_sum(mean))

    def _note(self, call: Any) -> None:
        """Remembers a call; where another batch begins, Keras has forgotten its losses."""
        if not self.losses:
            self.forget()
        self._calls.made.append(call)

    def forget(self) -> None:
        """Forgets this replica's calls, as a step does before it calls the model."""
        self._calls.made.clear()

    def track(self) -> tuple[tf.Tensor, tf.Tensor]:
        """Counts this replica's call in the metric, by its number of nodes, and forgets it.

        A training or evaluation step calls it; a prediction does not, so nothing is tracked when
        serving.

        Returns:
            The loss added, and the number of nodes: float32, shaped as they were given; 0 if there
            was no call.

        Raises:
            ValueError: the layer was called more than once on a batch.
        """
        calls = list(self._calls.made)
        self.forget()
        if not calls:
            return tf.constant(0.0), tf.constant(0.0)
        if len(calls) > 1:
            raise ValueError(
                f"the layer {self.name!r} was called {len(calls)} times on one batch; make a "
                f"{type(self).__name__} for each loss, so that each is reported"
            )
        mean, count, seen = calls[0]
        self.tracked.update_state(mean, count)
        for monitor, (value, number) in zip(self.monitors, seen, strict=True):
            monitor.update_state(value, sample_weight=number)
        return self.multiplier * mean, count


class _Calls(threading.local):
    """What a replica's calls gave: replicas are threads that take turns in the midst of a call."""

    def __init__(self) -> None:
        self.made: list[Any] = []


class SumOfMeans(keras.metrics.Metric):
    """A sum of several means, each over items of its own: `sum over k of total_k / count_k`.

    Args:
        name: str, the key in the history.

    Attributes:
        parts: int, how many means there are. It can be made larger, before the first update.

    Example:

    >>> metric = SumOfMeans("adversarial_loss")
    >>> metric.parts = 2
    >>> metric.update_state([1.0, 4.0], [3.0, 1.0])
    >>> metric.update_state([5.0, 6.0], [1.0, 1.0])
    >>> float(metric.result())  # (3 + 5) / 4 + (4 + 6) / 2
    7.0
    """

    def __init__(self, name: str):
        super().__init__(name=name)
        self.means = [keras.metrics.Mean()]

    @property
    def parts(self) -> int:
        """How many means there are."""
        return len(self.means)

    @parts.setter
    def parts(self, parts: int) -> None:
        for _ in range(parts - len(self.means)):
            self.means.append(keras.metrics.Mean())

    def update_state(self, values: Any, counts: Any) -> None:
        """Takes in a batch.

        Args:
            values: float32 `[parts]`, or a scalar of one part: the means over its items.
            counts: alike, the number of items.

        Raises:
            ValueError: they are not as many as `parts`.
        """
        values, counts = (tf.reshape(tf.cast(part, tf.float32), [-1]) for part in (values, counts))
        if values.shape[0] != len(self.means):
            raise ValueError(
                f"{self.name} has {len(self.means)} parts, got values of {values.shape[0]}: name "
                "the losses of several outputs, loss={output: loss}, in compile"
            )
        for place, mean in enumerate(self.means):
            mean.update_state(values[place], sample_weight=counts[place])

    def result(self) -> tf.Tensor:
        """The sum of the means so far."""
        return tf.add_n([tf.convert_to_tensor(mean.result()) for mean in self.means])


def mean_losses_of(model: keras.layers.Layer) -> list[MeanLossLayer]:
    """The layers of a model that add mean losses, in the order in which Keras lists layers.

    Example:

    >>> [layer.name for layer in mean_losses_of(MeanLossLayer(metric="square", name="a"))]
    ['a']
    """
    return [layer for layer in model._flatten_layers() if isinstance(layer, MeanLossLayer)]
