"""How a wrapped node model is made, called on its own inputs, and checked before it is saved."""

from __future__ import annotations

import functools
from typing import Any

import keras
import numpy as np
import pytest
import sonnet as snt
import tensorflow as tf

import gnn
from gnn.models.loadable import check_keeps_arguments, check_loadable, check_registered
from gnn.models.node_models import (
    build_node_model,
    call_node_model,
    input_names,
    node_inputs,
)


def functional(*names: str) -> keras.Model:
    inputs = [keras.Input((2,), name=name) for name in names]
    joined = inputs[0] if len(inputs) == 1 else keras.layers.Concatenate()(inputs)
    return keras.Model(inputs if len(inputs) > 1 else inputs[0], keras.layers.Dense(3)(joined))


class Subclassed(keras.Model):
    def call(self, inputs: Any) -> Any:
        return inputs


class Functional(keras.Model):
    """A class of a functional model, as the predecessor's users write them."""

    def __init__(self, units: int = 3):
        inputs = keras.Input((2,), name="words")
        super().__init__(inputs, keras.layers.Dense(units)(inputs))


# Making.


@pytest.mark.parametrize(
    "node_model_fn",
    [lambda: keras.layers.Dense(3), functools.partial(Functional, units=4), Functional],
    ids=["lambda", "partial", "class"],
)
def test_what_makes_a_node_model(node_model_fn: Any) -> None:
    assert isinstance(build_node_model(node_model_fn), keras.layers.Layer)


@pytest.mark.parametrize(
    ("node_model_fn", "message"),
    [
        (lambda: snt.Linear(3), "encoder returned a Sonnet module, Linear.*Keras layer"),
        (keras.layers.Dense(3), "encoder must be a function.*`lambda: model`"),
        (None, "encoder must be a function"),
        (lambda: "dense", "encoder must return a Keras layer or model; got str"),
    ],
)
def test_what_makes_none(node_model_fn: Any, message: str) -> None:
    with pytest.raises(TypeError, match=message):
        build_node_model(node_model_fn, "encoder")


def test_a_subclass_of_a_sonnet_module_is_named_as_one() -> None:
    class Mine(snt.Module):
        pass

    with pytest.raises(TypeError, match="Sonnet module, Mine"):
        build_node_model(Mine)


# Calling.


@pytest.mark.parametrize(
    ("node_model", "names"),
    [
        (functional("a"), ["a"]),
        (functional("b", "a"), ["b", "a"]),
        (Functional(), ["words"]),
        (keras.Sequential([keras.layers.Dense(2)]), None),
        (keras.layers.Dense(2), None),
        (Subclassed(), None),
    ],
)
def test_input_names(node_model: Any, names: list[str] | None) -> None:
    assert input_names(node_model) == names


def test_one_input_and_one_feature_whatever_the_names() -> None:
    x = tf.ones([4, 2])
    assert node_inputs(functional("a"), {"z": x}) is x
    assert node_inputs(keras.Sequential([keras.Input((2,))]), {"z": x}) is x
    assert node_inputs(keras.layers.Dense(2), {"z": x}) is x


def test_several_features_go_to_the_inputs_of_their_names() -> None:
    a, b, c = (tf.fill([1, 2], float(i)) for i in range(3))
    features = {"a": a, "b": b, "c": c}
    assert node_inputs(functional("b"), features) is b
    assert node_inputs(functional("b", "a"), features) == [b, a]
    named = {name: keras.Input((2,), name=name) for name in ("c", "a")}
    model = keras.Model(named, keras.layers.subtract([named["c"], named["a"]]))
    assert node_inputs(model, features) == {"a": a, "c": c}
    assert call_node_model(model, features, None).numpy().tolist() == [[2.0, 2.0]]


def test_a_missing_input_is_named() -> None:
    with pytest.raises(KeyError, match=r"inputs \['b', 'a'\].*lack \['a'\].*\['b', 'c'\]"):
        node_inputs(functional("b", "a"), {"b": tf.ones([1, 2]), "c": tf.ones([1, 2])})


def test_a_subclassed_model_gets_a_dict_of_its_own() -> None:
    features = {"x": tf.ones([1, 2])}
    given = node_inputs(Subclassed(), features)
    assert given == features and given is not features


def test_a_tensor_is_handed_on() -> None:
    x = tf.ones([1, 2])
    assert node_inputs(functional("a"), x) is x
    assert node_inputs(Subclassed(), x) is x


def test_features_are_cast_to_the_dtype_of_the_input_and_made_dense() -> None:
    sparse = tf.sparse.from_dense(np.array([[0, 2]], np.int64))
    for feature in (tf.constant([[0, 2]], tf.int64), sparse):
        given = node_inputs(functional("a"), {"a": feature})
        assert given.dtype == tf.float32 and given.numpy().tolist() == [[0.0, 2.0]]


@pytest.mark.parametrize(
    ("first", "stays_sparse"),
    [(gnn.layers.FeatureDense(2), True), (keras.layers.Dense(2), False)],
)
def test_a_sequential_model_that_begins_with_a_feature_layer_takes_sparse_features(
    first: keras.layers.Layer, stays_sparse: bool
) -> None:
    model = keras.Sequential([first, keras.layers.Dense(1)])
    rows = np.array([[0.0, 2.0, 0.0], [1.0, 0.0, 0.0]], np.float32)
    outputs = call_node_model(model, {"words": tf.sparse.from_dense(rows)}, training=False)
    assert model.inputs[0].sparse == stays_sparse
    expected = (rows @ first.kernel + first.bias) @ model.layers[-1].kernel
    np.testing.assert_allclose(outputs, expected + model.layers[-1].bias, rtol=1e-6)
    # Saved and loaded, the model still does not make its features dense.
    loaded = keras.Sequential.from_config(model.get_config())
    assert loaded.inputs[0].sparse == stays_sparse


@pytest.mark.parametrize("training", [True, False])
def test_training_reaches_those_who_take_it(training: bool) -> None:
    seen = []

    class Takes(keras.layers.Layer):
        def call(self, inputs: Any, training: bool | None = None) -> Any:
            seen.append(training)
            return inputs

    call_node_model(Takes(), {"x": tf.ones([1, 2])}, training)
    call_node_model(Subclassed(), {"x": tf.ones([1, 2])}, training)
    assert seen == [training]


# Saving.


@keras.saving.register_keras_serializable(package="test_node_models")
class Registered(keras.layers.Layer):
    def call(self, inputs: Any) -> Any:
        return inputs


class NotRegistered(keras.layers.Layer):
    def call(self, inputs: Any) -> Any:
        return inputs


@keras.saving.register_keras_serializable(package="test_node_models")
class KeepsArguments(keras.Model):
    def __init__(self, units: int = 3, **kwargs: Any):
        super().__init__(**kwargs)
        self.units = units

    def call(self, inputs: Any) -> Any:
        return inputs

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "units": self.units}


@keras.saving.register_keras_serializable(package="test_node_models")
class LosesArguments(keras.Model):
    def __init__(self, units: int = 3, **kwargs: Any):
        super().__init__(**kwargs)

    def call(self, inputs: Any) -> Any:
        return inputs


def sequential_of(*layers: keras.layers.Layer) -> keras.Sequential:
    return keras.Sequential([keras.Input((2,)), *layers])


@pytest.mark.parametrize(
    "node_model",
    [
        functional("a", "b"),
        keras.layers.Dense(2, kernel_regularizer="l2"),
        sequential_of(Registered(), keras.layers.Dropout(0.5)),
        KeepsArguments(units=7),
    ],
    ids=["functional", "layer", "sequential", "subclass"],
)
def test_what_can_be_loaded(node_model: keras.layers.Layer) -> None:
    check_loadable(node_model)


@pytest.mark.parametrize(
    ("node_model", "message"),
    [
        (keras.layers.Lambda(lambda x: x, name="cast"), "Lambda layer 'cast'"),
        (sequential_of(keras.layers.Lambda(tf.abs, name="size")), "Lambda layer 'size'"),
        (NotRegistered(), "NotRegistered.*register_keras_serializable"),
        (sequential_of(NotRegistered()), "NotRegistered"),
        (LosesArguments(units=7), "LosesArguments.*get_config"),
        (sequential_of(LosesArguments()), "LosesArguments.*get_config"),
        (Functional(units=7), "Functional.*get_config"),
    ],
    ids=["lambda", "inner_lambda", "layer", "inner_layer", "arguments", "inner", "functional"],
)
def test_what_cannot_be_loaded(node_model: keras.layers.Layer, message: str) -> None:
    with pytest.raises(ValueError, match=f"cannot save: .*{message}") as error:
        check_loadable(node_model, "node_model")
    assert "node_model" in str(error.value) and "`export` works without" in str(error.value)


def test_arguments_that_keras_keeps_need_no_get_config() -> None:
    class NameOnly(keras.Model):
        def __init__(self, name: str | None = None, **kwargs: Any):
            super().__init__(name=name, **kwargs)

    check_keeps_arguments(NameOnly(), "model")
    with pytest.raises(ValueError, match="LosesArguments"):
        check_keeps_arguments(LosesArguments(), "model")


def test_registered_classes() -> None:
    check_registered(keras.layers.Dense(2), "model")
    check_registered(Registered(), "model")
    with pytest.raises(ValueError, match="NotRegistered.*is not registered"):
        check_registered(NotRegistered(), "model")
    with keras.saving.custom_object_scope({"NotRegistered": NotRegistered}):
        check_registered(NotRegistered(), "model")
