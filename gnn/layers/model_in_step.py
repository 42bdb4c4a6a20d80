"""Which model takes a step of training or evaluation: a loss does not know."""

from __future__ import annotations

import contextlib
import contextvars
from collections.abc import Iterator

import keras

# Not an attribute: the replicas of a strategy are threads that share the model.
_STEP: contextvars.ContextVar[tuple[keras.Model, bool] | None] = contextvars.ContextVar(
    "step", default=None
)


@contextlib.contextmanager
def model_in_step(model: keras.Model, training: bool) -> Iterator[None]:
    """Within the block losses are those of a step of this model.

    Example:

    >>> model = keras.Sequential()
    >>> with model_in_step(model, training=True):
    ...     current_step() == (model, True)
    True
    >>> current_step() is None
    True
    """
    token = _STEP.set((model, training))
    try:
        yield
    finally:
        _STEP.reset(token)


def current_step() -> tuple[keras.Model, bool] | None:
    """The model, and whether it trains; None outside of a step."""
    return _STEP.get()
