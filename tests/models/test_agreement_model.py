"""The agreement model: each aggregator by hand, the parts it is made of, what it refuses."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

from gnn.data.node_pairs import labeled_pairs
from gnn.graphs.graph import Graph
from gnn.models.agreement.agreement_model import AgreementModel

SENDERS, RECEIVERS = tf.constant([[1.0, 2.0]]), tf.constant([[3.0, -1.0]])
# x @ PROJECTION is (4, 1) for the sender and (-2, 3) for the receiver.
PROJECTION = np.array([[0.0, 1.0], [2.0, 0.0]], np.float32)


def predictor(width: int) -> keras.layers.Layer:
    """The sigmoid of 0.1 times the first entry, 0.2 times the second, and so on."""
    kernel = 0.1 * np.arange(1, width + 1, dtype=np.float32)[:, None]
    return keras.layers.Dense(
        1, "sigmoid", use_bias=False, kernel_initializer=keras.initializers.Constant(kernel)
    )


@pytest.mark.parametrize(
    ("aggregator", "logit"),
    [
        ("dist", 0.1 * 4 + 0.2 * 9),  # The squares of (1 - 3, 2 + 1).
        ("add", 0.1 * 4 + 0.2 * 1),
        ("concat", 0.1 * 1 + 0.2 * 2 + 0.3 * 3 - 0.4 * 1),
        ("project_dist", 0.1 * 36 + 0.2 * 4),
        ("project_add", 0.1 * 2 + 0.2 * 4),
        ("project_concat", 0.1 * 4 + 0.2 * 1 - 0.3 * 2 + 0.4 * 3),
    ],
)
def test_aggregators_by_hand(aggregator: str, logit: float) -> None:
    width = 4 if aggregator.endswith("concat") else 2
    model = AgreementModel((), aggregator, keras.layers.Identity(), predictor(width))
    model([SENDERS, RECEIVERS])
    if aggregator.startswith("project"):
        model.projection.set_weights([PROJECTION])
    expected = 1 / (1 + np.exp(-logit))
    pairs = model([SENDERS, RECEIVERS]).numpy()
    np.testing.assert_allclose(pairs, [[expected]], rtol=1e-6)
    np.testing.assert_array_equal(model.agree(SENDERS, RECEIVERS), pairs)


def test_the_network_of_the_paper() -> None:
    """128 units with leaky ReLUs of slope 0.2, the squared difference, one unit with a sigmoid."""
    model = AgreementModel()
    model([SENDERS, RECEIVERS])
    assert [weight.shape for weight in model.weights] == [(2, 128), (128,), (128, 1), (1,)]
    kernel, bias, last, shift = model.get_weights()
    hidden = [np.asarray(x) @ kernel + bias for x in (SENDERS, RECEIVERS)]
    hidden = [np.where(h > 0, h, 0.2 * h) for h in hidden]
    logit = np.square(hidden[0] - hidden[1]) @ last + shift
    found = model([SENDERS, RECEIVERS])
    np.testing.assert_allclose(found, 1 / (1 + np.exp(-logit)), rtol=1e-5)


@keras.saving.register_keras_serializable(package="test_agreement_model")
class Product(keras.layers.Layer):
    """The product of two encodings, entry by entry."""

    def call(self, pair: Any) -> Any:
        return pair[0] * pair[1]


def test_parts_of_the_users_are_saved_and_served(tmp_path: Path) -> None:
    """Images, which the encoder flattens: (1, 2) . (3, -1) with weights 0.1 and 0.2 is -0.1."""
    encoder = keras.Sequential([keras.layers.Flatten()])
    model = AgreementModel(aggregator=Product(), encoder=encoder, predictor=predictor(2))
    images = [tf.reshape(x, [1, 2, 1]) for x in (SENDERS, RECEIVERS)]
    expected = 1 / (1 + np.exp(0.1))
    np.testing.assert_allclose(model(images), [[expected]], rtol=1e-6)
    model.save(tmp_path / "judge.keras")
    loaded = keras.saving.load_model(tmp_path / "judge.keras")
    np.testing.assert_allclose(loaded(images), [[expected]], rtol=1e-6)
    model.export(tmp_path / "served", verbose=False)
    served = tf.saved_model.load(tmp_path / "served").signatures["serving_default"]
    found = served(sender_features=images[0], receiver_features=images[1])["outputs"]
    np.testing.assert_allclose(found, [[expected]], rtol=1e-6)


def test_it_learns_which_nodes_are_alike() -> None:
    """Two classes that one feature tells apart; judged on nodes that it was not trained on."""
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 2, 200)
    features = (np.stack([4.0 * labels, np.zeros(200)], 1) + rng.normal(size=(200, 2))).astype("f")
    splits = {"train": np.arange(100), "test": np.arange(100, 200)}
    graph = Graph.from_edges([], [], features, labels=labels, splits=splits)
    keras.utils.set_random_seed(0)
    model = AgreementModel((16,))
    model.compile(keras.optimizers.Adam(0.01))
    pairs = labeled_pairs(graph, use_edges=False, num_pairs=512)
    history = model.fit(pairs, epochs=40, verbose=0).history
    assert set(history) == {"loss", "accuracy", "auc"}
    tested = labeled_pairs(graph, "test", use_edges=False, num_pairs=2000)
    assert model.evaluate(tested, verbose=0, return_dict=True)["auc"] > 0.9


@pytest.mark.parametrize(
    "last",
    [
        keras.layers.Dense(1),
        keras.Sequential([keras.layers.Dense(4, "relu"), keras.layers.Dense(1)]),
    ],
)
def test_a_predictor_of_logits_raises(last: keras.layers.Layer) -> None:
    """Its outputs were taken for agreement, which made losses negative."""
    with pytest.raises(ValueError, match="predictor must return probabilities.*without an activ"):
        AgreementModel(predictor=last)


class Hidden(keras.layers.Layer):
    """Has an `activation` that is not what it ends in."""

    activation = keras.activations.linear

    def call(self, x: Any) -> Any:
        return tf.sigmoid(tf.reduce_sum(x, axis=-1, keepdims=True))


@pytest.mark.parametrize(
    "last",
    [
        Hidden(),
        keras.Sequential([keras.layers.Dense(1, "sigmoid"), keras.layers.Activation("linear")]),
        keras.Sequential([Hidden(), keras.layers.Activation("linear", dtype="float32")]),
    ],
)
def test_a_predictor_that_may_end_in_probabilities_is_taken(last: keras.layers.Layer) -> None:
    assert AgreementModel(predictor=last).predictor is last


def test_a_predictor_may_take_matrices() -> None:
    last = keras.Sequential([keras.layers.Flatten(), keras.layers.Dense(1, "sigmoid")])
    images = np.zeros([4, 2, 3], np.float32)
    model = AgreementModel((2,), predictor=last)
    assert model([images, images]).shape == (4, 1)


def test_features_of_more_dimensions_need_an_encoder() -> None:
    """It gave a matrix a pair, where one number is promised."""
    model = AgreementModel()
    encoded = model.encode(tf.zeros([4, 28, 28]))
    with pytest.raises(ValueError, match=r"encodings must have rank 2.*got \(4, 28, 128\).*an enc"):
        model.agree(encoded, encoded)


def test_other_inputs_raise() -> None:
    with pytest.raises(TypeError, match=r"inputs must be \[sender features, receiver features\]"):
        AgreementModel()(SENDERS)
    with pytest.raises(TypeError, match="encoder must be a Keras layer or None; got function"):
        AgreementModel(encoder=predictor)
    with pytest.raises(ValueError, match="aggregator must be one of .*got 'max'"):
        AgreementModel(aggregator="max")
