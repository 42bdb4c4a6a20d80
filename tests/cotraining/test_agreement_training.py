"""The training of an agreement model in a round, and what its optimizer begins with."""

import keras
import numpy as np
import pytest

from gnn.cotraining.agreement_training import AgreementTraining
from gnn.cotraining.cotrain_config import CoTrainConfig
from gnn.graphs.graph import Graph
from gnn.models import AgreementModel

FEATURES = np.array([[1.0, 0.5], [-0.5, 1.0], [0.3, -1.0], [0.8, 0.2]], np.float32)
LABELS = np.array([0, 0, 1, 1])
GRAPH = Graph.from_edges([0, 2, 1], [1, 3, 2], FEATURES)
ONE_STEP = {"min_steps": 1, "max_steps": 1, "evaluate_every": 1}


def built(optimizer=None):
    model = AgreementModel((3,))
    model([FEATURES, FEATURES])
    start = np.random.default_rng(0)
    model.set_weights([start.normal(size=weight.shape) for weight in model.get_weights()])
    if optimizer is not None:
        model.compile(optimizer)
    return model


def config(**settings):
    return CoTrainConfig(**{"agreement": ONE_STEP, "validation_pairs": 0, **settings})


def test_a_scaled_loss_gives_the_same_step():
    plain = built(keras.optimizers.SGD(0.1))
    scaled = built(keras.optimizers.LossScaleOptimizer(keras.optimizers.SGD(0.1)))
    for model in (plain, scaled):
        fitted = AgreementTraining(model, GRAPH, config()).fit(GRAPH, LABELS, 1)
        assert fitted.steps == 1
    for one, other in zip(plain.get_weights(), scaled.get_weights(), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-5)
    assert np.abs(plain.get_weights()[0] - built().get_weights()[0]).max() > 0


def test_encodings_are_the_restarted_models_where_there_is_nothing_to_learn():
    model = built()
    training = AgreementTraining(model, GRAPH, config())
    model.set_weights([weight + 1.0 for weight in model.get_weights()])
    fitted = training.fit(GRAPH, np.array([0, 0, -1, -1]), 1)  # No two labels differ.
    assert fitted.steps == 0
    np.testing.assert_allclose(training.encodings, model.encode(FEATURES), rtol=1e-6)


@pytest.mark.parametrize(
    ("settings", "labels", "pairs"),
    [
        # Both edges of equal labels, and as many pairs that differ.
        ({"agreement": {**ONE_STEP, "batch_size": None}}, LABELS, 4),
        # Without the graph there are twice as many pairs as labeled nodes.
        ({"agreement": {**ONE_STEP, "batch_size": None}, "use_graph": False}, LABELS, 8),
        ({"agreement": {**ONE_STEP, "batch_size": 1}}, LABELS, 2),
    ],
)
def test_pairs_of_a_step(settings, labels, pairs):
    training = AgreementTraining(built(), GRAPH, config(**settings))
    seen, step = [], training._steps

    def steps(features, nodes, half):
        seen.append(nodes.shape)
        return step(features, nodes, half)

    training._steps = steps
    training.fit(GRAPH, labels, 1)
    assert seen == [(1, pairs, 2)]
