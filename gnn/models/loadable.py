"""Whether a `.keras` file could bring a model back as it is."""

from __future__ import annotations

import inspect
from typing import Any

import keras

_ADVICE = (
    "Register its class with `keras.saving.register_keras_serializable` and give it a `get_config` "
    "that holds every constructor argument; `export` works without."
)


def check_network_loadable(network: Any, argument: str = "the model") -> None:
    """As `check_loadable`, of a `gnn.NodeGraphModel`: its class, and the layers given to it.

    The layers that it makes of itself need no names of their own.

    Raises:
        ValueError: as there.

    Example:

    >>> from gnn.models import GRANDNodeClassifier
    >>> check_network_loadable(GRANDNodeClassifier(num_classes=2))
    """
    check_keeps_arguments(network, argument)
    check_registered(network, argument)
    for name, layer in network.given_layers().items():
        if hasattr(layer, "given_layers"):
            check_network_loadable(layer, name)
        else:
            check_loadable(layer, name)


def check_loadable(node_model: keras.layers.Layer, argument: str = "node model") -> None:
    """Raises unless a `.keras` file could bring this model back as it is.

    Raises:
        ValueError: the model, or a layer in it, is a class that is not registered, keeps
            constructor arguments out of `get_config` (Keras would load its defaults without a
            word), or is a Lambda.

    Example:

    >>> check_loadable(keras.Sequential([keras.Input((4,)), keras.layers.Dense(2)]))
    """
    for layer in node_model._flatten_layers():
        if isinstance(layer, keras.layers.Lambda):
            raise ValueError(
                f"cannot save: {argument} {node_model.name!r} holds the Lambda layer "
                f"{layer.name!r}, whose "
                "Python code a `.keras` file does not bring back safely. Write it as a layer of "
                "its own; "
                "`export` works without."
            )
        check_keeps_arguments(layer, argument)
        check_registered(layer, argument)
    try:
        keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(node_model))
    except Exception as error:
        raise ValueError(
            f"cannot save: {argument} {node_model.name!r} ({type(node_model).__name__}) could not "
            "be loaded "
            f"again: {error} {_ADVICE}"
        ) from error


def check_registered(model: keras.layers.Layer, argument: str) -> None:
    """Raises where Keras could not find the class of a model or layer again by its name.

    Raises:
        ValueError: as said.

    Example:

    >>> check_registered(keras.layers.Dense(2), "node_model")
    """
    kind = type(model)
    if kind.__module__.startswith("keras."):
        return
    find = keras.saving.get_registered_object
    if kind not in (find(keras.saving.get_registered_name(kind)), find(kind.__name__)):
        raise ValueError(
            f"cannot save: {kind.__name__} ({model.name!r}, {argument}) is not registered, so it "
            f"could not be loaded again. {_ADVICE}"
        )


def check_keeps_arguments(model: keras.layers.Layer, argument: str) -> None:
    """Raises where a user's class takes constructor arguments and has Keras' own `get_config`.

    Keras would save the defaults in their place, and load them without an error.

    Raises:
        ValueError: as said.

    Example:

    >>> check_keeps_arguments(keras.layers.Dense(2), "node_model")
    """
    kind = type(model)
    if not isinstance(model, keras.Model) or kind.__module__.startswith("keras."):
        return
    owner = next(base for base in kind.__mro__ if "get_config" in vars(base))
    arguments = inspect.signature(kind.__init__).parameters.values()
    named = {a.name for a in arguments if a.kind not in (a.VAR_POSITIONAL, a.VAR_KEYWORD)}
    if owner.__module__.startswith("keras.") and named - {"self", "name", "trainable", "dtype"}:
        raise ValueError(
            f"cannot save: {kind.__name__} ({model.name!r}, {argument}) takes constructor "
            "arguments but "
            f"defines no `get_config`, so it would load with its defaults. {_ADVICE}"
        )
