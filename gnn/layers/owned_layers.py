"""Layers that users hand to a layer of this package by a function that makes them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras


def make_layer(argument: str, function: Callable[[], keras.layers.Layer]) -> keras.layers.Layer:
    """Calls `function` once and checks that it returns a Keras layer, whose weights are then seen.

    Raises:
        TypeError: it is no function, or returns something else, such as a Sonnet module: Keras
            would neither see nor train its variables.

    Example:

    >>> make_layer("message_fn", lambda: keras.layers.Dense(3)).units
    3
    """
    if isinstance(function, keras.layers.Layer) or not callable(function):
        raise TypeError(
            f"{argument} must be a function without arguments that returns a Keras layer, for "
            f"instance `lambda: layer`; got {function!r}"
        )
    layer = function()
    if not isinstance(layer, keras.layers.Layer):
        raise TypeError(
            f"{argument} must return a Keras layer or model; got {type(layer).__name__}"
        )
    return layer


def restore_layers(config: dict[str, Any], *names: str) -> dict[str, Any]:
    """The constructor arguments of a config that holds the layers `x` made by arguments `x_fn`.

    Example:

    >>> dense = keras.saving.serialize_keras_object(keras.layers.Dense(3))
    >>> restore_layers({"message": dense}, "message")["message_fn"]().units
    3
    """
    arguments = dict(config)
    for name in names:
        layer = keras.saving.deserialize_keras_object(arguments.pop(name))
        arguments[f"{name}_fn"] = None if layer is None else lambda layer=layer: layer
    return arguments
