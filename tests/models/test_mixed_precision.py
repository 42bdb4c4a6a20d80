"""Half precision is what it is in Keras alone: the loss scale, its skipped steps, saved models."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from gnn.configs import GraphRegConfig
from gnn.cotraining.restarting_optimizer import RestartingOptimizer
from gnn.data import full_batch
from gnn.graphs import Graph
from gnn.models import AgreementModel, GraphRegularizationModel

X = np.random.default_rng(2).normal(size=(8, 3)).astype(np.float32)
LABELS = np.array([0, 1, 0, 1, 1, 0, 0, 1])
GRAPH = Graph.from_edges(range(7), range(1, 8), X, labels=LABELS, undirected=True)


def regularized(optimizer: Any = None) -> GraphRegularizationModel:
    keras.utils.set_random_seed(1)
    config = GraphRegConfig(multiplier=40.0)
    model = GraphRegularizationModel(config, lambda: keras.layers.Dense(2))
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(optimizer or keras.optimizers.Adam(0.05), loss, run_eagerly=True)
    return model


def graph_losses(model: keras.Model) -> list[float]:
    """Before each of nine steps."""
    batch = next(iter(full_batch(GRAPH)))
    losses = []
    for _ in range(9):
        model.reset_metrics()
        losses.append(float(model.train_on_batch(*batch, return_dict=True)["graph_loss"]))
    return losses


def test_a_loaded_model_goes_on_with_its_loss_scale(tmp_path: Path) -> None:
    keras.config.set_dtype_policy("mixed_float16")
    model = regularized()
    model.make_variables(full_batch(GRAPH).element_spec)
    model.optimizer.dynamic_scale.assign(4.0)
    for _ in range(2):
        model.train_on_batch(*next(iter(full_batch(GRAPH))))
    count = len(model.optimizer.variables)
    for _ in range(2):  # A warning, of skipped variables for instance, would be an error.
        model.save(tmp_path / "model.keras")
        model = keras.models.load_model(tmp_path / "model.keras")
        assert model.optimizer.dynamic_scale == 4.0
        assert len(model.optimizer.variables) == count
    # Keras' step_counter counts to the next growth.
    assert (model.optimizer.iterations, model.optimizer.step_counter) == (2, 2)
    model.fit(full_batch(GRAPH), verbose=0)
    assert model.optimizer.dynamic_scale == 4.0
    assert (model.optimizer.iterations, model.optimizer.step_counter) == (3, 3)


def test_a_loaded_agreement_model_too(tmp_path: Path) -> None:
    keras.config.set_dtype_policy("mixed_float16")
    judge = AgreementModel((4,))
    judge.compile(run_eagerly=True)
    pair, agrees = [tf.constant(X), tf.constant(X[::-1])], tf.ones([8, 1])
    judge.train_on_batch(pair, agrees)
    judge.optimizer.dynamic_scale.assign(4.0)
    judge.save(tmp_path / "judge.keras")
    loaded = keras.models.load_model(tmp_path / "judge.keras")
    loaded.train_on_batch(pair, agrees)
    assert loaded.optimizer.dynamic_scale == 4.0 and loaded.optimizer.iterations == 2
    assert len(loaded.optimizer.variables) == len(judge.optimizer.variables)


def test_a_round_of_cotraining_begins_with_the_first_loss_scale() -> None:
    keras.config.set_dtype_policy("mixed_float16")
    judge = AgreementModel((4,))
    judge([tf.constant(X), tf.constant(X)])
    training = RestartingOptimizer(judge, 0.01)
    training.optimizer.dynamic_scale.assign(4.0)
    training.restart()
    assert training.optimizer.dynamic_scale == 2.0**15
    assert training.optimizer.built and training.optimizer.step_counter == 0


def test_the_loss_scale_skips_steps_and_nothing_else_differs() -> None:
    """Without skipped steps the graph losses in float16 are those in float32.

    2^15 times the gradient of a large graph loss overflows in float16: Keras halves the scale and
    skips the step, until nothing overflows. So of nine steps some do nothing, and the graph loss is
    behind by as many.
    """
    expected = graph_losses(regularized())
    keras.config.set_dtype_policy("mixed_bfloat16")
    np.testing.assert_allclose(graph_losses(regularized()), expected, rtol=0.05)

    keras.config.set_dtype_policy("mixed_float16")
    model = regularized()
    found = graph_losses(model)
    # Each skipped step has halved the scale, once.
    skipped = int(np.log2(2.0**15 / float(model.optimizer.dynamic_scale)))
    assert skipped > 0 and model.optimizer.iterations == 9 - skipped
    np.testing.assert_allclose(found[:skipped], found[0], rtol=1e-3)
    np.testing.assert_allclose(found[skipped:], expected[: 9 - skipped], rtol=0.02)

    small = keras.optimizers.LossScaleOptimizer(keras.optimizers.Adam(0.05), initial_scale=1.0)
    np.testing.assert_allclose(graph_losses(regularized(small)), expected, rtol=0.02)
