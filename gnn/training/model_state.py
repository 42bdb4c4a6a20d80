"""The variables of a model in training as arrays, and what kind of training it is."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

import keras
import tensorflow as tf

from gnn.models.base.variables import make_slots

# What is counted up over a process, or follows from the data.
_NOT_COMPARED = {
    "name",
    "inbound_nodes",
    "input_layers",
    "output_layers",
    "build_config",
    "build_input_shape",
}


def model_state(model: keras.Model) -> dict[str, dict[str, Any]]:
    """The values of all variables: weights and dropout's seeds, the optimizer's, the metrics'.

    Example:

    >>> model = keras.Sequential([keras.Input([2]), keras.layers.Dense(1)])
    >>> model.compile("sgd", "mse")
    >>> model_state(model)["the model"]["names"]
    ['kernel', 'bias']
    """
    return {
        what: {
            "names": [_name(variable) for variable in variables],
            "values": [_values(model, variable) for variable in variables],
        }
        for what, variables in _variables(model).items()
    }


def restore_model_state(model: keras.Model, state: Mapping[str, Mapping[str, Any]]) -> None:
    """Gives the variables of a built and compiled model these values.

    Raises:
        ValueError: the variables are others; nothing was changed. The message names the first.
    """
    groups = _variables(model)
    for what, variables in groups.items():
        named = zip(state[what]["names"], state[what]["values"], strict=True)
        theirs = [(name, parts[0].shape, parts[0].dtype.name) for name, parts in named]
        mine = [(_name(variable), tuple(variable.shape), variable.dtype) for variable in variables]
        if mine != theirs:
            places = range(max(len(mine), len(theirs)))
            differing = next(i for i in places if mine[i : i + 1] != theirs[i : i + 1])
            raise ValueError(
                f"the snapshot is of another training: variable {differing} of {what} was "
                f"{_said(theirs, differing)}, and is {_said(mine, differing)}"
            )
    for what, variables in groups.items():
        for variable, values in zip(variables, state[what]["values"], strict=True):
            parts = _parts(model, variable)
            for part, value in zip(parts, values * (len(parts) // len(values)), strict=True):
                part.assign(value)


def build_for_training(model: keras.Model, batch: Any) -> None:
    """Makes every variable that a step of training needs; what it changes is to be restored.

    Args:
        model: a compiled model.
        batch: as `fit` would get it; None where the model has been trained before.
    """
    strategy = model.distribute_strategy
    # Keras builds a model of another strategy itself, before training begins.
    if batch is not None and strategy is tf.distribute.get_strategy():
        x, y, sample_weight = keras.utils.unpack_x_y_sample_weight(batch)
        model.test_on_batch(x, y, sample_weight=sample_weight)
    with strategy.scope():
        make_slots(model)


def describe(model: keras.Model) -> dict[str, Any]:
    """The arguments of a model and of its `compile`, flat, for a comparison.

    A model or a loss that cannot be serialized is known by its class alone.

    Example:

    >>> model = keras.Sequential([keras.layers.Dense(3)])
    >>> model.compile("sgd", "mse")
    >>> describe(model)["the model.layers.0.config.units"], describe(model)["compile.loss"]
    (3, 'mse')
    """
    found: dict[str, Any] = {"the model": type(model).__name__}
    for what, config in (("the model", model.get_config), ("compile", model.get_compile_config)):
        try:
            plain = json.loads(json.dumps(config(), default=str))
        except (NotImplementedError, TypeError, ValueError, AttributeError):
            continue
        found |= _flat(plain, what)
    return found


def difference(stored: Mapping[str, Any], now: Mapping[str, Any]) -> str:
    """What differs between two flat descriptions, in words; empty where nothing does.

    Example:

    >>> difference({"units": 3, "loss": "mse"}, {"units": 4, "loss": "mse"})
    'units was 3, and is 4'
    """
    keys = [key for key in {**stored, **now} if stored.get(key) != now.get(key)]
    said = [f"{key} was {stored.get(key)!r}, and is {now.get(key)!r}" for key in keys[:5]]
    return "; ".join(said) + ("; and more" if len(keys) > 5 else "")


def _flat(value: Any, name: str) -> dict[str, Any]:
    if isinstance(value, dict):
        items: Any = ((key, inner) for key, inner in value.items() if key not in _NOT_COMPARED)
    elif isinstance(value, list):
        # A Sequential model gets its input layer when it is built.
        items = enumerate(inner for inner in value if not _is_input_layer(inner))
    else:
        # An address of this process says nothing of another one.
        return {} if isinstance(value, str) and " at 0x" in value else {name: value}
    found: dict[str, Any] = {}
    for key, inner in items:
        found |= _flat(inner, f"{name}.{key}")
    return found


def _is_input_layer(config: Any) -> bool:
    return isinstance(config, dict) and config.get("class_name") == "InputLayer"


def _name(variable: keras.Variable) -> str:
    """The name without the numbers that Keras counts up over a process."""
    return re.sub(r"_\d+", "", variable.name)


def _variables(model: keras.Model) -> dict[str, Sequence[keras.Variable]]:
    return {
        "the model": model.variables,
        "the optimizer": model.optimizer.variables if model.optimizer is not None else [],
        "the metrics": model.metrics_variables,
    }


def _values(model: keras.Model, variable: keras.Variable) -> list[Any]:
    """The value of a variable, or where those of the replicas differ, each of them."""
    values = [tf.convert_to_tensor(part).numpy() for part in _parts(model, variable)]
    is_shared = variable.value.synchronization != tf.VariableSynchronization.ON_READ
    # What replicas share may yet differ: each keeps the moving averages of its own batches.
    if is_shared and all(value.tobytes() == values[0].tobytes() for value in values[1:]):
        return values[:1]
    return values


def _parts(model: keras.Model, variable: keras.Variable) -> Sequence[Any]:
    """The variable of each replica, or the one that there is."""
    return model.distribute_strategy.experimental_local_results(variable.value)


def _said(variables: Sequence[tuple[str, Any, str]], place: int) -> str:
    if place >= len(variables):
        return "missing"
    name, shape, dtype = variables[place]
    return f"{name!r} {list(shape)} {dtype}"
