"""The student of a judge, against the formula in NumPy; and what it may not see."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from gnn.configs import GraphRegConfig
from gnn.cotraining.cotrain_config import CoTrainConfig
from gnn.cotraining.node_outputs import NodeOutputs
from gnn.cotraining.rounds import Rounds
from gnn.cotraining.student_training import StudentTraining
from gnn.graphs.graph import Graph
from gnn.models import BeliefAgreement, GRANDNodeClassifier, GraphRegularizationModel

FEATURES = np.array([[1.0, 0.5], [-0.5, 1.0], [0.3, -1.0]], np.float32)
KERNEL = np.array([[0.4, -0.2], [0.1, 0.7]], np.float32)
BELIEFS = np.array([[1.0, 0.0], [0.6, 0.4], [0.3, 0.7]], np.float32)
GRAPH = Graph.from_edges(
    [0, 1], [1, 2], FEATURES, labels=[0, 0, 1], splits={"train": [0], "validation": [1]}
)
ONE_STEP = {"batch_size": None, "min_steps": 1, "max_steps": 1, "evaluate_every": 1}


def softmax(logits):
    powers = np.exp(logits)
    return powers / powers.sum(axis=-1, keepdims=True)


def student(units=2):
    layer = keras.layers.Dense(units, use_bias=False)
    model = keras.Sequential([layer])
    model.compile(keras.optimizers.SGD(1.0))
    return model


def test_a_step_follows_the_gradient_of_the_cross_entropy():
    """Of softmax cross-entropy by logits: (p - beliefs) / n."""
    model = student()
    model(FEATURES)
    training = StudentTraining(model, NodeOutputs(GRAPH), CoTrainConfig(agreement=ONE_STEP))
    p = softmax(FEATURES @ KERNEL)
    expected = KERNEL - FEATURES.T @ (p - BELIEFS) / 3
    for number in (1, 2):
        model.set_weights([KERNEL])
        fitted = training.fit(tf.constant(BELIEFS), number)
        np.testing.assert_allclose(model.get_weights()[0], expected, rtol=1e-5)
        loss = -np.sum(BELIEFS * np.log(p)) / 3
        np.testing.assert_allclose(fitted.losses, [loss], rtol=1e-5)
    np.testing.assert_allclose(training.opinion(), softmax(FEATURES @ expected), rtol=1e-5)


def test_a_network_that_returns_several_draws_may_be_the_student():
    model = GRANDNodeClassifier(num_classes=2, hidden_units=4, draws=3, hops=1)
    outputs = NodeOutputs(GRAPH)
    outputs.of(model, tf.constant([0]), training=False)
    training = StudentTraining(model, outputs, CoTrainConfig(agreement=ONE_STEP))
    assert training.fit(tf.constant(BELIEFS), 1).steps == 1
    np.testing.assert_allclose(tf.reduce_sum(training.opinion(), axis=1), 1.0, rtol=1e-6)


def rounds(of_student):
    config = CoTrainConfig(classifier=ONE_STEP, agreement=ONE_STEP, pairs_per_step=2)
    judge = lambda: BeliefAgreement(prior=0.5, student=of_student())  # noqa: E731
    return Rounds(lambda: keras.layers.Dense(2), judge, config, GRAPH)


def test_edges_are_judged_by_both_beliefs(monkeypatch):
    training = rounds(student)
    training.run()
    beliefs = training._beliefs.copy()
    beliefs[0] = [1.0, 0.0]
    encodings, fitted = training._judge(1)
    assert fitted.steps == 1
    kernel = training.agreement.student.get_weights()[0]
    product = beliefs * softmax(FEATURES @ kernel)
    np.testing.assert_allclose(
        encodings, product / product.sum(axis=1, keepdims=True), rtol=1e-4, atol=1e-6
    )


def test_a_student_of_other_classes_raises():
    with pytest.raises(ValueError, match="student of the BeliefAgreement returns 3 classes, but"):
        rounds(lambda: student(3))


def test_a_student_that_nothing_would_train_raises():
    judge = BeliefAgreement(student=student())
    with pytest.raises(ValueError, match="agreement_model must be a BeliefAgreement without a stu"):
        GraphRegularizationModel(
            GraphRegConfig(), lambda: keras.layers.Dense(2), agreement_model=judge
        )


def test_another_prior_is_another_training():
    config = CoTrainConfig(classifier=ONE_STEP)
    jobs = [
        Rounds(
            lambda: keras.layers.Dense(2), lambda p=prior: BeliefAgreement(p), config, GRAPH
        ).job()
        for prior in (None, 0.5)
    ]
    assert jobs[0] != jobs[1]


def test_it_is_saved_with_prior_and_student(tmp_path):
    judge = BeliefAgreement(prior=0.25, student=student())
    judge.student(FEATURES)
    inputs = [keras.Input((2,)), keras.Input((2,))]
    keras.Model(inputs, judge(inputs)).save(tmp_path / "judge.keras")
    loaded = keras.models.load_model(tmp_path / "judge.keras").layers[-1]
    assert loaded.prior == 0.25
    np.testing.assert_array_equal(loaded.student(FEATURES), judge.student(FEATURES))
