"""A callback made of callbacks."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import keras


class CallbackGroup(keras.callbacks.Callback):
    """Runs callbacks as `fit` would, one after the other.

    Args:
        callbacks: in their order.

    Attributes:
        callbacks: as given.
        hears_batches: whether the callbacks are told of batches of training.
        asked_to_stop: whether one of them has asked `fit` to stop; others may have asked too.

    Example:

    >>> group = CallbackGroup([keras.callbacks.LambdaCallback(
    ...     on_epoch_end=lambda epoch, logs: print(epoch, logs))])
    >>> group.on_epoch_end(3, {"loss": 0.5})
    3 {'loss': 0.5}
    """

    def __init__(self, callbacks: Sequence[keras.callbacks.Callback]):
        super().__init__()
        self.callbacks = list(callbacks)
        self.hears_batches, self.asked_to_stop = True, False

    def _each(self, event: str, *arguments: Any) -> None:
        stopping = getattr(self.model, "stop_training", False)
        for callback in self.callbacks:
            method: Callable[..., None] = getattr(callback, event)
            method(*arguments)
        if not stopping and getattr(self.model, "stop_training", False):
            self.asked_to_stop = True

    def set_params(self, params: dict[str, Any]) -> None:
        """Hands the parameters of `fit` on."""
        super().set_params(params)
        self._each("set_params", params)

    def set_model(self, model: keras.Model) -> None:
        """Hands the model on."""
        super().set_model(model)
        self._each("set_model", model)

    def on_train_begin(self, logs: dict[str, Any] | None = None) -> None:
        """Tells the callbacks."""
        self._each("on_train_begin", logs)

    def on_train_end(self, logs: dict[str, Any] | None = None) -> None:
        """Tells the callbacks."""
        self._each("on_train_end", logs)

    def on_epoch_begin(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Tells the callbacks."""
        self._each("on_epoch_begin", epoch, logs)

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Tells the callbacks."""
        self._each("on_epoch_end", epoch, logs)

    def on_train_batch_begin(self, batch: int, logs: dict[str, Any] | None = None) -> None:
        """Tells the callbacks, if they are to hear of it."""
        if self.hears_batches:
            self._each("on_train_batch_begin", batch, logs)

    def on_train_batch_end(self, batch: int, logs: dict[str, Any] | None = None) -> None:
        """Tells the callbacks, if they are to hear of it."""
        if self.hears_batches:
            self._each("on_train_batch_end", batch, logs)

    def on_test_begin(self, logs: dict[str, Any] | None = None) -> None:
        """Tells the callbacks."""
        self._each("on_test_begin", logs)

    def on_test_end(self, logs: dict[str, Any] | None = None) -> None:
        """Tells the callbacks."""
        self._each("on_test_end", logs)

    def on_test_batch_begin(self, batch: int, logs: dict[str, Any] | None = None) -> None:
        """Tells the callbacks."""
        self._each("on_test_batch_begin", batch, logs)

    def on_test_batch_end(self, batch: int, logs: dict[str, Any] | None = None) -> None:
        """Tells the callbacks."""
        self._each("on_test_batch_end", batch, logs)
