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

    Example:

    >>> BestEpoch(patience=3).monitor
    'val_accuracy'
    """

    def __init__(self, patience: int, monitor: str = "val_accuracy", ties: bool = False):
        mode = "min" if monitor.endswith(("loss", "entropy")) else "max"
        super().__init__(monitor, mode=mode, patience=patience, restore_best_weights=True)
        self._ties = ties and mode == "max"
        self.best_weights: list[np.ndarray] | None = None
        self.best: float | None = None
        self.best_epoch = 0

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
