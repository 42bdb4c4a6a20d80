"""A step with the agreement loss, against the formula in NumPy."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from gnn.configs import PairWeights
from gnn.cotraining.classifier_training import ClassifierTraining
from gnn.cotraining.cotrain_config import CoTrainConfig
from gnn.cotraining.node_outputs import NodeOutputs
from gnn.cotraining.pair_kinds import edges_by_kind
from gnn.graphs.graph import Graph
from gnn.models import BeliefAgreement

FEATURES = np.array([[1.0, 0.5], [-0.5, 1.0], [0.3, -1.0], [0.8, 0.2]])
KERNEL = np.array([[0.4, -0.2], [0.1, 0.7]])
LABELS = np.array([0, 0, -1, -1])
# One edge of each kind, so that every draw is the same: 0-1 two labels, 2-0 one, 2-3 none.
GRAPH = Graph.from_edges([0, 2, 2], [1, 0, 3], FEATURES)
BELIEFS = np.array([[1.0, 0.0], [1.0, 0.0], [0.8, 0.2], [0.4, 0.6]], np.float32)
ONE_STEP = {"batch_size": None, "min_steps": 1, "max_steps": 1, "evaluate_every": 1}


def softmax(logits):
    powers = np.exp(logits)
    return powers / powers.sum(axis=-1, keepdims=True)


def loss_of(kernel, agreement, weights, floor):
    beliefs = softmax(FEATURES @ kernel)
    supervised = -np.mean(np.log(beliefs[[0, 1], 0]))
    one_hot = np.array([1.0, 0.0])
    trust = [1.0, *agreement]
    distances = [
        np.sum((one_hot - beliefs[1]) ** 2),
        np.sum((one_hot - beliefs[2]) ** 2),
        np.sum((beliefs[2] - beliefs[3]) ** 2),
    ]
    parts = [w * max(g - floor, 0.0) * d for w, g, d in zip(weights, trust, distances, strict=True)]
    return supervised + np.mean(parts)


def gradient_of(kernel, *arguments):
    gradient = np.zeros_like(kernel)
    for place in np.ndindex(kernel.shape):
        move = np.zeros_like(kernel)
        move[place] = 1e-5
        gradient[place] = loss_of(kernel + move, *arguments) - loss_of(kernel - move, *arguments)
    return gradient / 2e-5


def classifier():
    layer = keras.layers.Dense(2, use_bias=False, kernel_initializer=lambda shape, dtype: KERNEL)
    model = keras.Sequential([layer])
    model.compile(keras.optimizers.SGD(1.0))
    return model


@pytest.mark.parametrize("judge", ["beliefs", "none"])
@pytest.mark.parametrize("floor", [0.0, 0.3])
@pytest.mark.parametrize("weights", [(3.0, 2.0, 1.0), (0.0, 2.0, 1.0)])
def test_a_step_follows_the_gradient_of_the_formula(judge, floor, weights):
    config = CoTrainConfig(
        pair_weights=PairWeights(*weights),
        pairs_per_step=3,
        agreement_floor=floor,
        classifier=ONE_STEP,
    )
    outputs = NodeOutputs(GRAPH)
    model = classifier()
    model(FEATURES.astype(np.float32))
    agree = BeliefAgreement().agree if judge == "beliefs" else None
    training = ClassifierTraining(model, outputs, 2, config, agree)
    kinds = edges_by_kind(GRAPH, LABELS, config.pair_weights)
    fitted = training.fit(LABELS, kinds, tf.constant(BELIEFS), round_number=1)
    # Beliefs agree in 1 * 0.8 on the edge 0-2, and in 0.8 * 0.4 + 0.2 * 0.6 on 2-3.
    agreement = (0.8, 0.44) if judge == "beliefs" else (1.0, 1.0)
    expected = KERNEL - gradient_of(KERNEL, agreement, weights, floor)
    np.testing.assert_allclose(model.get_weights()[0], expected, atol=1e-5)
    np.testing.assert_allclose(
        fitted.losses, [loss_of(KERNEL, agreement, weights, floor)], rtol=1e-5
    )


def test_a_scaled_loss_gives_the_same_step_in_every_round():
    config = CoTrainConfig(pair_weights=PairWeights(3.0, 2.0, 1.0), classifier=ONE_STEP)
    model = classifier()
    model.compile(keras.optimizers.LossScaleOptimizer(keras.optimizers.SGD(1.0)))
    model(FEATURES.astype(np.float32))
    training = ClassifierTraining(model, NodeOutputs(GRAPH), 2, config)
    kinds = edges_by_kind(GRAPH, LABELS, config.pair_weights)
    expected = KERNEL - gradient_of(KERNEL, (1.0, 1.0), (3.0, 2.0, 1.0), 0.0)
    for number in (1, 2):
        model.set_weights([KERNEL])
        training.fit(LABELS, kinds, tf.constant(BELIEFS), number)
        np.testing.assert_allclose(model.get_weights()[0], expected, atol=1e-5)


def test_the_first_round_has_the_batch_statistics_of_labeled_nodes():
    config = CoTrainConfig(pair_weights=PairWeights(1.0, 1.0, 1.0), classifier=ONE_STEP)
    model = keras.Sequential([keras.layers.BatchNormalization(momentum=0.0), keras.layers.Dense(2)])
    model(FEATURES.astype(np.float32))
    training = ClassifierTraining(model, NodeOutputs(GRAPH), 2, config)
    kinds = edges_by_kind(GRAPH, LABELS, config.pair_weights)
    training.fit(LABELS, kinds, tf.constant(BELIEFS), round_number=0, with_pairs=False)
    mean = model.layers[0].moving_mean.numpy()
    np.testing.assert_allclose(mean, FEATURES[:2].mean(axis=0), atol=1e-6)


def test_the_first_round_has_no_agreement_loss():
    config = CoTrainConfig(pair_weights=PairWeights(1.0, 1.0, 1.0), classifier=ONE_STEP)
    model = classifier()
    model(FEATURES.astype(np.float32))
    training = ClassifierTraining(model, NodeOutputs(GRAPH), 2, config)
    kinds = edges_by_kind(GRAPH, LABELS, config.pair_weights)
    training.fit(LABELS, kinds, tf.constant(BELIEFS), round_number=0, with_pairs=False)
    expected = KERNEL - gradient_of(KERNEL, (0.0, 0.0), (0.0, 0.0, 0.0), 0.0)
    np.testing.assert_allclose(model.get_weights()[0], expected, atol=1e-5)
