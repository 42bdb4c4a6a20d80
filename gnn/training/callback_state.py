"""What a callback knows, for a snapshot."""

from __future__ import annotations

import collections
from typing import Any

import keras
import numpy as np

# What `fit` gives every callback, by way of methods.
_GIVEN = {"model", "_model", "params", "validation_data"}
# How callbacks that monitor a metric compare; set when the first epoch ends.
_COMPARISONS = {"keras.ops.less": keras.ops.less, "keras.ops.greater": keras.ops.greater}
# What a callback returns that knows its own state; no name of an attribute.
_OWN = "training_state()"


class CallbackState:
    """The attributes of a callback as numbers, strings, arrays, and lists and dicts of such.

    A callback that has more than that has methods: `training_state` gives what is kept of it beside
    its attributes, and `restore_training_state` takes that. It may have `training_description`,
    which gives by name what must be the same when it carries on. Such a callback does not hear the
    beginning of an epoch that is carried on: what it made of that is restored.

    Args:
        callback: as its constructor left it.

    Attributes:
        arguments: the numbers and strings among its attributes then: by these a callback with other
            arguments is told from it.
        knows_its_own: whether it has these methods.

    Example:

    >>> stop = keras.callbacks.EarlyStopping(patience=3)
    >>> state = CallbackState(stop)
    >>> stop.wait = 2
    >>> state.attributes()["wait"], state.arguments["wait"]
    (2, 0)
    """

    def __init__(self, callback: keras.callbacks.Callback):
        self._callback = callback
        found = {name: _kept(value) for name, value in self._own().items()}
        self.arguments = {k: v for k, v in found.items() if isinstance(v, str | int | float)}
        self._others = self._with_contents()
        self.knows_its_own = self._has("training_state") and self._has("restore_training_state")

    def description(self) -> dict[str, Any]:
        """What must be the same when a training is carried on: `arguments`, and what it says."""
        callback: Any = self._callback
        has_more = self._has("training_description")
        return self.arguments | (callback.training_description() if has_more else {})

    def begin(self) -> None:
        """Takes what the callback has now, beside what can be kept, as what it begins with."""
        self._others = self._with_contents()

    def attributes(self) -> dict[str, Any]:
        """What is to be restored.

        Raises:
            ValueError: an attribute has changed that a snapshot cannot hold.
        """
        for name, (value, content) in self._with_contents().items():
            known, before = self._others.get(name, (None, []))
            if known is not value or not _are_same(content, before):
                raise ValueError(
                    f"{type(self._callback).__name__} has a state that a snapshot cannot hold: "
                    f"{name} is a {type(value).__name__}. If it has no bearing on the weights, "
                    "give it to fit beside ExactResume"
                )
        found = {k: _kept(v) for k, v in self._own().items() if _can_be_kept(v)}
        if self.knows_its_own:
            callback: Any = self._callback
            found[_OWN] = callback.training_state()
        return found

    def restore(self, attributes: dict[str, Any]) -> None:
        """Gives the callback the attributes of a snapshot."""
        callback: Any = self._callback
        for name, value in attributes.items():
            if name == _OWN:
                callback.restore_training_state(value)
                continue
            is_comparison = isinstance(value, str) and value in _COMPARISONS
            setattr(callback, name, _COMPARISONS[value] if is_comparison else value)

    def _has(self, method: str) -> bool:
        return callable(getattr(self._callback, method, None))

    def _own(self) -> dict[str, Any]:
        return {k: v for k, v in vars(self._callback).items() if k not in _GIVEN}

    def _with_contents(self) -> dict[str, tuple[Any, list[Any]]]:
        """What cannot be kept, and what is in it, by which a change in place is seen."""
        return {k: (v, _content(v)) for k, v in self._own().items() if not _can_be_kept(v)}


def _kept(value: Any) -> Any:
    return next((name for name, op in _COMPARISONS.items() if value is op), value)


def _can_be_kept(value: Any) -> bool:
    if isinstance(value, dict):
        return all(isinstance(key, str) and _can_be_kept(inner) for key, inner in value.items())
    if isinstance(value, list | tuple):
        return all(map(_can_be_kept, value))
    if isinstance(value, np.ndarray | np.generic):
        return value.dtype.kind != "O"
    return value is None or isinstance(_kept(value), bool | int | float | str)


def _content(value: Any) -> list[Any]:
    if isinstance(value, dict):
        return [*value, *value.values()]
    if isinstance(value, list | tuple | set | frozenset | collections.deque):
        return list(value)
    return [str(value.bit_generator.state)] if isinstance(value, np.random.Generator) else []


def _are_same(content: list[Any], before: list[Any]) -> bool:
    pairs = zip(content, before, strict=False)
    # States of random numbers are strings, made anew each time.
    return len(content) == len(before) and all(
        a is b or (isinstance(a, str) and isinstance(b, str) and a == b) for a, b in pairs
    )
