"""How the models of this package build, call and save the node model that they wrap."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import Any

import keras
import tensorflow as tf

from gnn.layers.dense import FeatureDense
from gnn.layers.real_rows import call_layer, on_real_rows
from gnn.models.agreement.belief_agreement import BeliefAgreement
from gnn.models.sequential import prepare_sequential
from gnn.ops.sparse import as_dense, map_values


def build_node_model(node_model_fn: Callable[[], Any], argument: str = "node_model_fn") -> Any:
    """Calls `node_model_fn` once and checks that what it returns is a Keras layer or model.

    Raises:
        TypeError: it is not callable, or it returned something else; a Sonnet module is named,
            since Keras would neither see nor train its variables.

    Example:

    >>> build_node_model(lambda: keras.layers.Dense(3)).units
    3
    """
    if isinstance(node_model_fn, keras.layers.Layer) or not callable(node_model_fn):
        raise TypeError(
            f"{argument} must be a function without arguments that returns a Keras layer or model, "
            "for "
            f"instance `lambda: model`; got {node_model_fn!r}"
        )
    node_model = node_model_fn()
    if isinstance(node_model, keras.layers.Layer):
        return node_model
    if any(base.__module__.startswith("sonnet.") for base in type(node_model).__mro__):
        raise TypeError(
            f"{argument} returned a Sonnet module, {type(node_model).__name__}: Keras does not see "
            "Sonnet's variables, so they would never be trained. Return a Keras layer or model."
        )
    raise TypeError(
        f"{argument} must return a Keras layer or model; got {type(node_model).__name__}"
    )


def check_agreement_model(agreement_model: Any) -> keras.layers.Layer | None:
    """Returns `agreement_model`, a Keras layer or None.

    Raises:
        TypeError: it is something else.
        ValueError: it is a `BeliefAgreement` with a student, which no model would train.

    Example:

    >>> check_agreement_model(None)
    """
    if agreement_model is not None and not isinstance(agreement_model, keras.layers.Layer):
        raise TypeError(
            "agreement_model must be a Keras layer or model, or None; got "
            f"{type(agreement_model).__name__}"
        )
    if isinstance(agreement_model, BeliefAgreement) and agreement_model.student is not None:
        raise ValueError(
            "agreement_model must be a BeliefAgreement without a student, which gnn.CoTrainer "
            f"alone trains; got one with {agreement_model.student.name!r}"
        )
    return agreement_model


def check_weighs_a_loss(argument: str, config: Any, **weighers: Any) -> None:
    """Raises where something weighs the edges of a graph loss that there is not.

    Args:
        argument: what the argument is called that holds the graph loss' settings.
        config: its value.
        **weighers: arguments by name, None where they are not given.

    Raises:
        ValueError: as said.

    Example:

    >>> check_weighs_a_loss("config", None, pair_weights=None)
    """
    for name, value in weighers.items():
        if config is None and value is not None:
            raise ValueError(
                f"{name} weighs the edges of the graph loss, so it needs {argument}, a "
                "gnn.GraphRegConfig; got None"
            )


def last_activation(model: keras.layers.Layer) -> Any:
    """The activation function that a model ends in, as far as it can be told from outside.

    That is so of the dense and activation layers of Keras, and of Sequential models and functional
    ones of one output that end in one; an `Activation("linear")` after it changes nothing. Of
    anything else it is None.

    Example:

    >>> last_activation(keras.Sequential([keras.layers.Dense(2, "softmax")])).__name__
    'softmax'
    """
    if isinstance(model, keras.Sequential):
        told = [layer for layer in model.layers if not _changes_nothing(layer)]
        return last_activation(told[-1]) if told else None
    outputs = getattr(model, "outputs", None)
    if isinstance(model, keras.Model) and isinstance(outputs, list) and len(outputs) == 1:
        last = [layer for layer in model.layers if _makes(layer, outputs[0])]
        return last_activation(last[0]) if len(last) == 1 else None
    return _activation(model)


def _changes_nothing(layer: keras.layers.Layer) -> bool:
    return type(layer) is keras.layers.Activation and _activation(layer) is keras.activations.linear


def _activation(layer: keras.layers.Layer) -> Any:
    if type(layer) is keras.layers.Softmax:
        return keras.activations.softmax
    # A layer of the user's may have an attribute of this name that is something else.
    is_known = type(layer) in (keras.layers.Dense, keras.layers.Activation, FeatureDense)
    return getattr(layer, "activation", None) if is_known else None


def _makes(layer: keras.layers.Layer, output: Any) -> bool:
    try:
        return layer.output is output
    except (AttributeError, ValueError):  # It was called several times, or not in this model.
        return False


def input_names(node_model: keras.layers.Layer) -> list[str] | None:
    """The names of a functional or built Sequential model's inputs; None for other layers.

    As in Keras they are the keys of the dict that the model was made of, or else what the inputs
    are called themselves.

    Example:

    >>> input_names(keras.Sequential([keras.Input((4,), name="pixels"), keras.layers.Dense(2)]))
    ['pixels']
    """
    if isinstance(node_model, keras.Sequential) and not node_model.built:
        return None
    inputs = getattr(node_model, "inputs", None) if isinstance(node_model, keras.Model) else None
    if not inputs:
        return None
    given = None if isinstance(node_model, keras.Sequential) else node_model.input
    if not isinstance(given, Mapping) or len(given) < len(inputs):
        return [tensor.name for tensor in inputs]
    key_of = {id(tensor): key for key, tensor in given.items()}
    return [key_of[id(tensor)] for tensor in inputs]


def call_node_model(
    node_model: keras.layers.Layer,
    features: Any,
    training: bool | None,
    real: tf.Tensor | None = None,
) -> Any:
    """Calls a node model on the features it wants and on no others.

    A functional or Sequential model is given its inputs by their names; where it has one input and
    there is one feature, that feature, whatever the names. A subclassed model is given the dict,
    any other layer the one feature as a tensor. Features that are a plain tensor are handed on as
    they are.

    Args:
        node_model: the model.
        features: the features by name, or a tensor.
        training: whether dropout and the like are on.
        real: bool `[n_rows]`, which rows are no padding; None where all are. The model sees no
            others, as `gnn.layers.real_rows.on_real_rows` has it.

    Raises:
        KeyError: a feature that the model has an input for is missing.
        ValueError: under XLA, a layer is known to count rows that are padding.

    Example:

    >>> dense = keras.layers.Dense(1, kernel_initializer="ones")
    >>> call_node_model(dense, {"x": tf.ones([1, 3])}, training=False).numpy().tolist()
    [[3.0]]
    """

    def call(features: Any, mask: tf.Tensor | None) -> Any:
        inputs = node_inputs(node_model, features)
        prepare_sequential(node_model, inputs)
        return call_layer(node_model, inputs, training, mask)

    return on_real_rows(node_model, call, features, real, training)


def node_inputs(node_model: keras.layers.Layer, features: Any) -> Any:
    """What `call_node_model` gives the model: a feature, its inputs as it has them, or the dict.

    Example:

    >>> node_inputs(keras.layers.Dense(1), {"x": 5})
    5
    """
    if not isinstance(features, Mapping):
        return features
    names = input_names(node_model)
    if names is None:
        takes_dict = isinstance(node_model, keras.Model) and not isinstance(
            node_model, keras.Sequential
        )
        if takes_dict or len(features) > 1:
            return dict(features)
        return next(iter(features.values()))
    if len(names) == 1 and len(features) == 1:
        chosen = [_matching_dtype(node_model.inputs[0], next(iter(features.values())))]
    else:
        missing = [name for name in names if name not in features]
        if missing:
            raise KeyError(
                f"node model {node_model.name!r} has inputs {names}, but the features lack "
                f"{missing}; the features are {sorted(features)}"
            )
        tensors = zip(names, node_model.inputs, strict=True)
        chosen = [_matching_dtype(tensor, features[name]) for name, tensor in tensors]
    if isinstance(node_model, keras.Sequential):
        return chosen[0]
    return keras.tree.pack_sequence_as(node_model.input, chosen)


def features_not_read(node_model: keras.layers.Layer, features: Collection[str]) -> list[str]:
    """The features that `call_node_model` would leave out.

    Example:

    >>> model = keras.Sequential([keras.Input((4,), name="pixels"), keras.layers.Dense(2)])
    >>> features_not_read(model, ["pixels", "price"])
    ['price']
    """
    read = input_names(node_model)
    if read is None or len(features) == 1:
        return []
    return [name for name in features if name not in read]


def logits_of(classifier: keras.layers.Layer, outputs: Any) -> tf.Tensor:
    """The logits among a classifier's outputs, float32.

    Args:
        classifier: what returned them.
        outputs: `[n, n_classes]`, `[n, n_draws, n_classes]` of one that returns several draws in
            training, or a dict with such as `"logits"`.

    Raises:
        ValueError: a dict without `"logits"`, or rows of another rank.

    Example:

    >>> logits_of(keras.layers.Dense(2), {"logits": tf.zeros([1, 2]), "embedding": 0}).shape
    TensorShape([1, 2])
    """
    if isinstance(outputs, Mapping):
        if "logits" not in outputs:
            raise ValueError(
                f"the classifier {classifier.name!r} returns a dict of {sorted(outputs)}; one of "
                "its outputs must be 'logits'"
            )
        outputs = outputs["logits"]
    if outputs.shape.rank not in (2, 3):
        raise ValueError(
            f"the classifier {classifier.name!r} must return logits [n_nodes, n_classes]; got "
            f"shape {outputs.shape}"
        )
    return tf.cast(outputs, tf.float32)


def _matching_dtype(tensor: keras.KerasTensor, feature: Any) -> Any:
    # Features keep the dtype they are stored in; Keras would refuse an int64 row for a float input.
    if isinstance(feature, tf.SparseTensor) and not tensor.sparse:
        feature = as_dense(feature)
    if feature.dtype.name == tensor.dtype:
        return feature
    if isinstance(feature, tf.SparseTensor):
        return map_values(lambda values: tf.cast(values, tensor.dtype), feature)
    return tf.cast(feature, tensor.dtype)


def wrapped_config(
    node_model: keras.layers.Layer | None, agreement_model: keras.layers.Layer | None
) -> dict[str, Any]:
    """What `get_config` says of the models that a model wraps: the built ones, not their makers.

    Example:

    >>> wrapped_config(None, None)
    {'node_model': None, 'agreement_model': None}
    """
    return {
        "node_model": keras.saving.serialize_keras_object(node_model),
        "agreement_model": keras.saving.serialize_keras_object(agreement_model),
    }


def restored_config(config: Mapping[str, Any]) -> dict[str, Any]:
    """The constructor arguments of a config that holds `wrapped_config`.

    Example:

    >>> restored_config({"name": "gcn", **wrapped_config(None, None)})
    {'name': 'gcn', 'agreement_model': None, 'node_model_fn': None}
    """
    arguments = dict(config)
    node_model = keras.saving.deserialize_keras_object(arguments.pop("node_model"))
    arguments["node_model_fn"] = None if node_model is None else lambda: node_model
    arguments["agreement_model"] = keras.saving.deserialize_keras_object(config["agreement_model"])
    return arguments
