"""What the steps of `fit` keep of a whole graph's edges, for the next step."""

from __future__ import annotations

import contextlib
import contextvars
from collections.abc import Iterator
from typing import Any

from gnn.ops.made_before import MadeBefore

# Of the `fit` or `evaluate` that runs in this thread: the function that it calls, and its memory.
_RUNNING: contextvars.ContextVar[tuple[str, MadeBefore | None]] = contextvars.ContextVar(
    "running", default=("", None)
)
_IN_STEP: contextvars.ContextVar[MadeBefore | None] = contextvars.ContextVar(
    "in_step", default=None
)


class KeptEdges:
    """Which functions of a model keep what is made of edges, and what they keep.

    Only the steps that Keras' `fit` and `evaluate` call do, on data of one batch that comes again:
    its edges are those of the step before. A call of the model, a prediction and an exported
    function keep nothing, so threads share nothing and no file holds any of it.

    What is kept are variables of TensorFlow, which are no weights. A copy of it holds nothing.

    Example:

    >>> import keras
    >>> kept = KeptEdges()
    >>> with kept.while_running(keras.Sequential(), "train", True):
    ...     with in_step("train"):
    ...         edges_memory() is not None
    True
    >>> edges_memory() is None
    True
    """

    def __init__(self) -> None:
        self._kept: dict[str, MadeBefore] = {}

    def __reduce__(self) -> tuple[type[KeptEdges], tuple[()]]:
        return KeptEdges, ()

    @contextlib.contextmanager
    def while_running(self, model: Any, function: str, keeps: bool) -> Iterator[None]:
        """While Keras runs a function on its data.

        Args:
            model: whose `..._function` it is; one that was traced to do otherwise is let go of.
            function: "train" or "test".
            keeps: whether the data is one batch that comes again.
        """
        if keeps != (function in self._kept):
            setattr(model, f"{function}_function", None)
            self._kept.pop(function, None)
            if keeps:
                self._kept[function] = MadeBefore()
        token = _RUNNING.set((function, self._kept.get(function)))
        try:
            yield
        finally:
            _RUNNING.reset(token)


@contextlib.contextmanager
def in_step(function: str) -> Iterator[None]:
    """While the model is called within a step of this function."""
    running, memory = _RUNNING.get()
    token = _IN_STEP.set(memory if running == function else None)
    try:
        yield
    finally:
        _IN_STEP.reset(token)


def edges_memory() -> MadeBefore | None:
    """Where the step that is being traced keeps what it makes of edges; None where nothing is."""
    return _IN_STEP.get()
