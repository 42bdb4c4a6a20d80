"""An optimizer that begins anew: like a new one, whatever it is."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from gnn.cotraining.restarting_optimizer import RestartingOptimizer


def layer(optimizer=None, **settings):
    made = keras.Sequential([keras.layers.Dense(2, use_bias=False, **settings)])
    if optimizer is not None:
        made.compile(optimizer)
    made(tf.ones([1, 1]))
    return made


@pytest.mark.parametrize(
    "make",
    [
        lambda: keras.optimizers.Adam(0.1),
        lambda: keras.optimizers.Nadam(0.1),
        lambda: keras.optimizers.Adagrad(0.1),
        lambda: keras.optimizers.LossScaleOptimizer(keras.optimizers.Adam(0.1)),
    ],
    ids=["Adam", "Nadam", "Adagrad", "LossScaleOptimizer"],
)
def test_one_that_was_restarted_steps_like_a_new_one(make):
    model, ends = layer(make()), []
    training = RestartingOptimizer(model, 1.0)
    slope = tf.constant([[0.5, 2.0]])
    for _ in range(2):
        training.restart()
        model.set_weights([np.array([[1.0, -2.0]])])
        for _ in range(3):
            training.minimize(lambda: tf.reduce_sum(model(tf.ones([1, 1])) * slope))
        ends.append(model.get_weights()[0])
    np.testing.assert_array_equal(*ends)
    assert (ends[0] < [0.9, -2.1]).all()


def test_the_layers_own_losses_count():
    """Down the gradient of 3 w + w^2: 3 + 2 w at each weight."""
    model = layer(keras.optimizers.SGD(0.1), kernel_regularizer=keras.regularizers.L2(1.0))
    model.set_weights([np.array([[1.0, -2.0]])])
    loss = RestartingOptimizer(model, 1.0).minimize(
        lambda: tf.reduce_sum(3.0 * model(tf.ones([1, 1])))
    )
    assert float(loss) == pytest.approx(3.0 - 6.0 + 1.0 + 4.0)
    np.testing.assert_allclose(model.get_weights()[0], [[0.5, -1.9]], rtol=1e-6)


def test_adam_scales_the_loss_of_a_model_in_float16():
    in_half, in_bfloat16 = (
        RestartingOptimizer(layer(dtype=dtype).layers[0], 0.1).optimizer
        for dtype in ("mixed_float16", "mixed_bfloat16")
    )
    assert isinstance(in_half, keras.optimizers.LossScaleOptimizer)
    assert type(in_bfloat16) is keras.optimizers.Adam
