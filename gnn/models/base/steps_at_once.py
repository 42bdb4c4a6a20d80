"""How `fit` goes over its data: several steps in one call, where nobody can tell; begun once."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import keras
import tensorflow as tf

from gnn.data.one_batch import again_and_again, is_one_batch

# So many steps at once save most of what a call costs beside the step; an interrupt waits for them.
_STEPS = 8


def fed_to_fit(model: Any, x: Any, arguments: Mapping[str, Any]) -> tuple[Any, dict[str, Any]]:
    """What Keras' `fit` is given: the batches by id, several an element, where that can be.

    Args:
        model: a compiled model.
        x: the data.
        arguments: of `fit`, by name.

    Returns:
        The data and the arguments.
    """
    at_once, arguments = steps_at_once(model, x, arguments), dict(arguments)
    validation: Any = arguments.get("validation_data")
    if arguments.get("validation_steps") is None and _is_one_step(model, validation):
        arguments |= {"validation_data": again_and_again(validation), "validation_steps": 1}
    if arguments.get("steps_per_epoch") is None and _is_one_step(model, x):
        return again_and_again(x), {**arguments, "steps_per_epoch": 1}
    fed = model.tables.feed(model, "train", x, at_once)
    if fed is x:
        return x, arguments
    if not arguments.get("steps_per_epoch"):
        # Where Keras is told, it begins the data once an epoch, and otherwise twice.
        arguments["steps_per_epoch"] = int(fed.cardinality())
    if at_once > 1:
        callbacks = keras.tree.flatten(arguments.get("callbacks") or [])
        arguments["callbacks"] = [StepsOfBatches(int(x.cardinality())), *callbacks]
    return fed, arguments


def steps_at_once(model: Any, x: Any, arguments: Mapping[str, Any]) -> int:
    """How many steps of `fit` one call may make, so that nobody can tell.

    One where a callback listens to batches or a progress bar shows them, where steps are counted,
    compiled by XLA or run eagerly, and where the model makes something else of its metrics.

    Args:
        model: a compiled model.
        x: the data.
        arguments: of `fit`, by name.

    Example:

    >>> steps_at_once(keras.Sequential(), None, {})
    1
    """
    callbacks = arguments.get("callbacks") or []
    plain = arguments.get("verbose") == 0 and not arguments.get("steps_per_epoch")
    if not plain or isinstance(callbacks, keras.callbacks.CallbackList):
        return 1
    if not isinstance(x, tf.data.Dataset) or _listen_to_batches(callbacks):
        return 1
    if model.steps_per_execution != 1 or model.run_eagerly or model.jit_compile:
        return 1
    if not type(model).compute_metrics.__module__.startswith("gnn."):
        return 1
    _, labels, _ = keras.utils.unpack_x_y_sample_weight(x.element_spec)
    specs = [] if labels is None else tf.nest.flatten(labels)
    known = all(spec.shape[1:].is_fully_defined() for spec in specs)
    batches = int(x.cardinality())
    if not model.variables_made or not known or batches < 1:
        return 1
    return -(-batches // -(-batches // _STEPS))


def _is_one_step(model: Any, x: Any) -> bool:
    """Whether an epoch is one batch: Keras begins such data twice, and once if they repeat."""
    replicas = model.distribute_strategy.num_replicas_in_sync
    return model.steps_per_execution == replicas == 1 and is_one_batch(x)


def _listen_to_batches(callbacks: Any) -> bool:
    hooks = ("on_batch_begin", "on_batch_end", "on_train_batch_begin", "on_train_batch_end")
    for callback in keras.tree.flatten(callbacks):
        for hook in hooks:
            # Of the object, since a LambdaCallback sets its hooks there.
            own = getattr(callback, hook, None)
            if getattr(own, "__func__", own) is not getattr(keras.callbacks.Callback, hook):
                return True
    return False


class StepsOfBatches(keras.callbacks.Callback):
    """Has callbacks know of as many steps as there are batches, whatever an element holds.

    Args:
        steps: of an epoch.
    """

    def __init__(self, steps: int):
        super().__init__()
        self._steps = steps

    def set_params(self, params: dict[str, Any]) -> None:
        """Corrects the number, in the dict that all callbacks share."""
        params["steps"] = self._steps
        super().set_params(params)
