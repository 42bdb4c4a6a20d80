"""Models that are begun again."""

import random

import keras
import numpy as np
import pytest

from gnn.cotraining.restarts import Restarts, seeded

ONE = np.ones([1, 3], np.float32)


def make():
    return keras.Sequential([keras.layers.Dense(4), keras.layers.Dropout(0.5)])


def begun(seed):
    return Restarts(make, "classifier_fn", lambda model: model(ONE), seed)


def state(restarts):
    return [keras.ops.convert_to_numpy(variable) for variable in restarts.model.variables]


def test_weights_and_seeds_are_a_function_of_the_seed():
    one, other = begun((0, 1)), begun((0, 2))
    random.seed(5)
    assert any((a != b).any() for a, b in zip(state(one), state(other), strict=True))
    other.restart(0, 1)
    for a, b in zip(state(one), state(other), strict=True):
        np.testing.assert_array_equal(a, b)


def test_the_global_generators_are_left_alone():
    random.seed(3)
    np.random.seed(3)
    expected = random.random(), np.random.random()
    random.seed(3)
    np.random.seed(3)
    with seeded(1):
        random.random()
    begun((7,))
    assert (random.random(), np.random.random()) == expected


def test_a_model_that_is_not_new_raises():
    model = make()
    restarts = Restarts(lambda: model, "classifier_fn", lambda layer: layer(ONE))
    with pytest.raises(ValueError, match="classifier_fn must make a new model each time"):
        restarts.restart(1)


def test_a_new_model_with_a_layer_of_the_old_one_raises():
    """Its weights were carried from round to round in silence."""
    shared = keras.layers.Dense(4)

    def half_new():
        return keras.Sequential([shared, keras.layers.Dense(2)])

    restarts = Restarts(half_new, "classifier_fn", lambda layer: layer(ONE))
    with pytest.raises(ValueError, match=r"returned the variable '.*kernel' twice"):
        restarts.restart(1)
    shared.trainable = False
    restarts.restart(1)


def test_another_model_raises():
    widths = iter([4, 5])
    restarts = Restarts(
        lambda: keras.layers.Dense(next(widths)), "classifier_fn", lambda layer: layer(ONE)
    )
    with pytest.raises(ValueError, match="classifier_fn returned models of different variables"):
        restarts.restart(1)


@pytest.mark.parametrize("made", [keras.layers.Dense(2), 3, lambda: 3])
def test_what_makes_no_layer_raises(made):
    with pytest.raises(TypeError, match="agreement_fn must"):
        Restarts(made, "agreement_fn", lambda layer: layer(ONE))
