"""Agreement and pair weights in the models: by hand, what is computed once, what is asked for."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf
from scipy import sparse

from gnn.configs import DistanceConfig, GraphRegConfig, PairWeights
from gnn.data import clusters, full_batch, neighborhoods
from gnn.graphs.graph import Graph
from gnn.models import (
    AdversarialRegularizationModel,
    GraphConvolutionalNodeClassifier,
    GraphRegularizationModel,
)
from gnn.models.agreement.agreement_model import AgreementModel

CONFIG = GraphRegConfig(multiplier=0.5)
WEIGHTS = PairWeights(labeled_labeled=3.0, labeled_unlabeled=5.0, unlabeled_unlabeled=7.0)
LOSS = keras.losses.SparseCategoricalCrossentropy(from_logits=True)


@keras.saving.register_keras_serializable(package="test_agreement_loss")
class Half(keras.layers.Layer):
    """Trusts every edge half."""

    def call(self, pair: Any) -> Any:
        return 0.5 * tf.ones([tf.shape(pair[0])[0], 1])


def logits_as_given() -> keras.layers.Layer:
    return keras.layers.Identity()


# Nodes 0 and 1 are labeled 0, node 2 is labeled 1, nodes 3 and 4 are not.
P = np.array([[0.75, 0.25], [0.5, 0.5], [0.25, 0.75], [0.5, 0.5], [0.75, 0.25]], np.float32)
PATH = Graph.from_edges(
    [0, 0, 1, 3, 4],
    [1, 2, 3, 0, 3],
    {"x": np.log(P)},
    weights=[1, 1, 1, 2, 3],
    labels=[0, 0, 1, 1, 0],
    splits={"train": [0, 1, 2], "test": [3, 4]},
)
# 0 -> 1, equal labels: 3 * |(1, 0) - (.5, .5)|^2 = 1.5. 0 -> 2, different ones: 0.
# 3 -> 0, the receiver labeled: 5 * .5 * |(1, 0) - (.5, .5)|^2 = 1.25.
# 1 -> 3, the sender labeled: 2.5 * |(1, 0) - (.5, .5)|^2 = 1.25, with weight 1 of 4.
# 4 -> 3, neither: 7 * .5 * |(.25, -.25)|^2 = 0.4375, with weight 3 of 4.
# Nodes 0 to 3 receive, so they are regularized; node 4 is not read out.
PATH_LOSS = (1.25 + 1.5 + 0 + (1.25 + 3 * 0.4375) / 4) / 4


@pytest.mark.parametrize("regularize", ["logits", "probabilities"])
@pytest.mark.parametrize("padding", [False, True])
def test_a_path_by_hand(regularize: str, padding: bool) -> None:
    model = GraphRegularizationModel(
        CONFIG,
        logits_as_given,
        agreement_model=Half(),
        regularize=regularize,
        pair_weights=WEIGHTS.to_dict(),
    )
    (inputs, _), *_ = full_batch(PATH, "train", padding=padding, known_labels="train")
    outputs = model(inputs, training=True)
    np.testing.assert_array_equal(outputs[:3], np.log(P[:3]))
    assert [float(loss) for loss in model.losses] == [pytest.approx(0.5 * PATH_LOSS, rel=1e-5)]


def test_logits_of_named_outputs() -> None:
    class Named(keras.Model):
        def call(self, inputs: Any) -> Any:
            return {"embedding": 3 * inputs["x"], "logits": inputs["x"]}

    model = GraphRegularizationModel(CONFIG, Named, agreement_model=Half(), pair_weights=WEIGHTS)
    (inputs, _), *_ = full_batch(PATH, "train", known_labels="train")
    model(inputs)
    assert float(model.losses[0]) == pytest.approx(0.5 * PATH_LOSS, rel=1e-5)


RNG = np.random.default_rng(5)
FEATURES = (RNG.random((40, 6)) * (RNG.random((40, 6)) < 0.4)).astype(np.float32)
GRAPH = Graph.from_edges(
    *RNG.integers(0, 40, (2, 120)),
    {"x": FEATURES},
    labels=RNG.integers(0, 3, 40),
    splits={"train": np.arange(12), "validation": np.arange(12, 40)},
)


def of_any_batch(figures: dict[str, float]) -> dict[str, float]:
    """Without what is shown of random nodes of a batch."""
    return {k: v for k, v in figures.items() if k not in ("random_distance", "spread")}


def test_sampled_as_full_and_in_parts() -> None:
    """Loss and evaluation do not hang on how the nodes were cut into batches."""
    model = GraphRegularizationModel(
        CONFIG, lambda: keras.layers.Dense(3), AgreementModel((4,)), pair_weights=WEIGHTS
    )
    model.compile("sgd", LOSS, run_eagerly=True)
    found = model.evaluate(full_batch(GRAPH, known_labels="train"), verbose=0, return_dict=True)
    whole = of_any_batch(found)
    assert whole["graph_loss"] > 0
    for arguments in ({"merge": False}, {"merge": True, "padding": True}):
        data = neighborhoods(GRAPH, batch_size=40, fanout=None, known_labels="train", **arguments)
        sampled = model.evaluate(data, verbose=0, return_dict=True)
        assert of_any_batch(sampled) == pytest.approx(whole, rel=1e-5)
    stars = neighborhoods(GRAPH, batch_size=7, fanout=None, known_labels="train")
    found = model.evaluate(stars, verbose=0, return_dict=True)
    assert of_any_batch(found) == pytest.approx(whole, rel=1e-5)
    one = clusters(GRAPH, parts=np.zeros(40, int), known_labels="train")
    found = model.evaluate(one, verbose=0, return_dict=True)
    assert of_any_batch(found) == pytest.approx(whole, rel=1e-5)


@keras.saving.register_keras_serializable(package="test_agreement_loss")
class Recording(keras.layers.Layer):
    """A dense layer that remembers what it was given."""

    def __init__(self, **kwargs: Any):
        super().__init__(**kwargs)
        self.seen: list[Any] = []

    def build(self, shape: Any) -> None:
        self.kernel = self.add_weight(shape=(6, 4), initializer="ones", name="kernel")

    def call(self, x: Any) -> Any:
        self.seen.append(x)
        kernel = tf.convert_to_tensor(self.kernel)
        if isinstance(x, tf.SparseTensor):
            return tf.sparse.sparse_dense_matmul(x, kernel)
        return tf.matmul(x, kernel)


@pytest.mark.parametrize("as_sparse", [False, True])
def test_each_node_is_encoded_once(as_sparse: bool) -> None:
    features = {"x": sparse.csr_array(FEATURES) if as_sparse else FEATURES}
    graph = Graph.from_edges(GRAPH.senders, GRAPH.receivers, features)
    inputs = next(iter(full_batch(graph)))
    agreement = AgreementModel(encoder=Recording())
    model = GraphConvolutionalNodeClassifier(
        num_classes=3, config=CONFIG, agreement_model=agreement
    )
    model(inputs)
    agreement.encoder.seen.clear()
    model(inputs)
    (seen,) = agreement.encoder.seen
    assert isinstance(seen, tf.SparseTensor) == as_sparse and seen.shape[0] == 40
    assert agreement.built and agreement.get_build_config() is not None
    # The same number as pair by pair.
    ends = [tf.gather(FEATURES, inputs[key]) for key in ("senders", "receivers")]
    trusted = agreement(ends).numpy()[:, 0]
    logits = model(inputs).numpy()
    ends = [np.asarray(inputs[key]) for key in ("senders", "receivers")]
    distances = np.square(logits[ends[0]] - logits[ends[1]]).sum(axis=1)
    per_node = np.bincount(ends[1], trusted * distances, 40)
    per_node /= np.maximum(np.bincount(ends[1], minlength=40), 1)
    assert float(model.losses[0]) == pytest.approx(0.5 * per_node.mean(), rel=1e-4)


# What is asked for, and refused.


def models() -> list[Any]:
    return [
        GraphRegularizationModel(CONFIG, lambda: keras.layers.Dense(3), pair_weights=WEIGHTS),
        GraphConvolutionalNodeClassifier(num_classes=3, config=CONFIG, pair_weights=WEIGHTS),
    ]


@pytest.mark.parametrize("which", [0, 1])
def test_training_and_evaluation_need_the_labels(which: int) -> None:
    model = models()[which]
    model.compile("sgd", LOSS, run_eagerly=True)
    data = full_batch(GRAPH, "train")
    for run in (model.fit, model.evaluate):
        with pytest.raises(ValueError, match="pair_weights needs .* 'known_labels'"):
            run(data, verbose=0)
    with pytest.raises(ValueError, match="pair_weights needs .* 'known_labels'"):
        model(next(iter(data))[0], training=True)
    # Predictions do not.
    assert model.predict(full_batch(GRAPH), verbose=0).shape == (40, 3)
    model.fit(full_batch(GRAPH, "train", known_labels="train"), verbose=0)


def test_features_alone_are_evaluated_without() -> None:
    model = models()[0]
    model.compile("sgd", LOSS, run_eagerly=True)
    model.predict(full_batch(GRAPH), verbose=0)
    assert np.isfinite(model.evaluate(FEATURES, GRAPH.labels, verbose=0)[0])


@pytest.mark.parametrize("which", [0, 1])
def test_pair_weights_round_trip(which: int) -> None:
    model = models()[which]
    copy = type(model).from_config(model.get_config())
    assert copy.pair_weights == copy.regularization.pair_weights == WEIGHTS


def test_refused_beside_each_other() -> None:
    dense = lambda: keras.layers.Dense(3)  # noqa: E731
    twice = GraphRegConfig(distance_config=DistanceConfig("l2", "softmax"))
    with pytest.raises(ValueError, match="transform_fn.*must be 'none', got 'softmax'"):
        GraphRegularizationModel(twice, dense, pair_weights=WEIGHTS)
    with pytest.raises(ValueError, match="regularize must be .* got 'embedding'"):
        GraphRegularizationModel(CONFIG, dense, regularize="embedding", pair_weights=WEIGHTS)
    with pytest.raises(ValueError, match="pair_weights .* needs config"):
        GraphConvolutionalNodeClassifier(num_classes=3, pair_weights=WEIGHTS)
    with pytest.raises(ValueError, match="labeled_unlabeled must be finite and at least 0"):
        GraphRegularizationModel(CONFIG, dense, pair_weights={"labeled_unlabeled": -1})


def test_a_layer_shared_with_the_judge_is_trained() -> None:
    """Frozen is what only agreement models own, however deep the shared layer lies."""
    shared = keras.layers.Dense(4, "tanh")
    judge = AgreementModel(encoder=keras.Sequential([shared]))

    def regularized() -> keras.Model:
        inner = keras.Sequential([shared, keras.layers.Dense(2)])
        return GraphRegularizationModel(
            GraphRegConfig(multiplier=0.1), lambda: keras.Sequential([inner]), judge
        )

    model = AdversarialRegularizationModel(regularized, {"multiplier": 0.1}, seed=1)
    graph = Graph.from_edges([0, 1], [1, 2], np.eye(3, dtype=np.float32), labels=[0, 1, 0])
    model.compile(
        "sgd", keras.losses.SparseCategoricalCrossentropy(from_logits=True), run_eagerly=True
    )
    model.run_eagerly = True
    inputs, labels = next(iter(full_batch(graph)))
    model(inputs)
    before = shared.kernel.numpy()
    own = judge.probability.kernel.numpy()
    model.train_on_batch(inputs, labels)
    assert np.abs(shared.kernel.numpy() - before).max() > 1e-3
    np.testing.assert_array_equal(judge.probability.kernel, own)
    trained = {id(variable) for variable in model.trainable_variables}
    assert trained & {id(v) for v in judge.variables} == {id(v) for v in shared.variables}
    assert len(trained) == 4
    # The judge's own training trains it too, and co-training's.
    assert {id(v) for v in shared.variables} <= {id(v) for v in judge.trainable_variables}
