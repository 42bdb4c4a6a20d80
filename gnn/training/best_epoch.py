"""The weights of the best epoch, and the end of a training that gets no better."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np


class BestEpoch(keras.callbacks.EarlyStopping):
    """Keras' EarlyStopping that restores the best weights.

    Args:
        patience: epochs without a better value that end the training.
        monitor: by default the accuracy on the validation data, the higher the better; a loss, or
            a cross-entropy, is the better the lower it is.
        ties: whether, of two epochs with the same accuracy, the one with the lower loss is the
            better. Without it the earlier one is. Few validation nodes tie often, and the first
            epoch to get them right is far from sure of itself.
        also: another metric by which an epoch is no worse, as the authors of GAT and of APPNP end a
            training: the wait begins anew where `monitor` or `also` is at least as good as in
            every epoch before. It has no say in which epoch is the best.

    Example:

    >>> BestEpoch(patience=3).monitor
    'val_accuracy'
    """

    def __init__(
        self,
        patience: int,
        monitor: str = "val_accuracy",
        ties: bool = False,
        also: str | None = None,
    ):
        mode = _mode(monitor)
        super().__init__(monitor, mode=mode, patience=patience, restore_best_weights=True)
        self._ties = ties and mode == "max"
        self._renewing = [monitor, also] if also else []
        self._bests: dict[str, float] = {}
        self.best_weights: list[np.ndarray] | None = None
        self.best: float | None = None
        self.best_epoch = 0

    def on_train_begin(self, logs: dict[str, Any] | None = None) -> None:
        """Forgets the epochs of an earlier training."""
        super().on_train_begin(logs)
        self._bests = {}

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Keeps the weights of a better epoch, and stops when the patience has an end."""
        renewed = False
        for name in self._renewing:
            sign = -1.0 if _mode(name) == "min" else 1.0
            value = sign * float((logs or {})[name])
            if value >= self._bests.get(name, -np.inf):
                self._bests[name], renewed = value, True
        if renewed:
            self.wait = -1  # This epoch is counted next.
        super().on_epoch_end(epoch, logs)

    def get_monitor_value(self, logs: dict[str, Any] | None) -> Any:
        """The value to compare epochs by."""
        value = super().get_monitor_value(logs)
        if value is None or not self._ties:
            return value
        # Less than what one node more is worth, up to a million of them.
        loss = float(
            np.nan_to_num((logs or {})[self.monitor.replace("accuracy", "loss")], nan=np.inf)
        )
        return float(value) + 1e-6 / (1 + max(loss, 0.0))

    def _is_improvement(self, monitor_value: Any, reference_value: Any) -> bool:
        # Keras compares in float32, in which most of what decides ties is lost.
        if reference_value is None:
            return True
        one, other = float(monitor_value), float(reference_value)
        return one < other if self.mode == "min" else one > other


def _mode(metric: str) -> str:
    return "min" if metric.endswith(("loss", "entropy")) else "max"
