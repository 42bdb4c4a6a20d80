"""Adversarial and virtual adversarial regularization: losses by hand, graphs, NSL's objects."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

from gnn import nsl
from gnn.configs import AdvNeighborConfig, AdvRegConfig, GraphRegConfig, PairWeights, VatRegConfig
from gnn.data import full_batch
from gnn.models import (
    AdversarialRegularizationModel,
    GRANDNodeClassifier,
    GraphClassifier,
    GraphConvolutionalNodeClassifier,
    adversarial_examples,
)
from gnn.models.graph_regularization import GraphRegularizationModel
from tests.models.small_batches import small_graph

KERNEL = np.array([[1.0, -2.0, 0.5], [0.3, 0.2, -1.0]], np.float32)
X = np.array([[0.5, 1.0], [-1.0, 0.2], [0.1, 0.1], [2.0, -1.0]], np.float32)
LABELS = np.array([0, 1, 2, 0])
NEAR = AdvNeighborConfig(adv_step_size=0.3)


def linear() -> keras.Model:
    layer = keras.layers.Dense(3, use_bias=False, name="linear")
    model = keras.Sequential([keras.Input((2,), name="x"), layer])
    layer.set_weights([KERNEL])
    return model


def softmax(logits: np.ndarray) -> np.ndarray:
    powers = np.exp(logits - logits.max(axis=-1, keepdims=True))
    return powers / powers.sum(axis=-1, keepdims=True)


def losses(x: np.ndarray, labels: np.ndarray, kernel: np.ndarray = KERNEL) -> np.ndarray:
    return -np.log(softmax(x @ kernel)[np.arange(len(labels)), labels])


def attacked(x: np.ndarray, labels: np.ndarray, step: float = 0.3) -> np.ndarray:
    gradients = (softmax(x @ KERNEL) - np.eye(3)[labels]) @ KERNEL.T
    return x + step * gradients / np.linalg.norm(gradients, axis=1, keepdims=True)


def compiled(model: keras.Model, **kwargs: Any) -> keras.Model:
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(
        keras.optimizers.SGD(0.1), loss, metrics=["accuracy"], **{"run_eagerly": True, **kwargs}
    )
    return model


def test_the_loss_of_a_linear_softmax_in_closed_form() -> None:
    model = compiled(AdversarialRegularizationModel(linear, AdvRegConfig(0.5, NEAR)))
    result = model.evaluate(X, LABELS, batch_size=3, verbose=0, return_dict=True)
    adversarial = losses(attacked(X, LABELS), LABELS).mean()
    np.testing.assert_allclose(result["adversarial_loss"], adversarial, rtol=1e-5)
    np.testing.assert_allclose(
        result["loss"], losses(X, LABELS).mean() + 0.5 * adversarial, rtol=1e-5
    )


def test_a_step_goes_down_the_gradient_of_both_losses() -> None:
    model = compiled(AdversarialRegularizationModel(linear, AdvRegConfig(0.5, NEAR)))
    model.train_on_batch(X, LABELS)
    near = attacked(X, LABELS)  # No gradient flows through the perturbation.

    def gradient(x: np.ndarray) -> np.ndarray:
        return x.T @ (softmax(x @ KERNEL) - np.eye(3)[LABELS]) / len(x)

    expected = KERNEL - 0.1 * (gradient(X) + 0.5 * gradient(near))
    np.testing.assert_allclose(model.node_model.get_weights()[0], expected, rtol=1e-5)


def test_nsls_objects_are_taken() -> None:
    theirs = nsl.configs.make_adv_reg_config(
        multiplier=0.5, adv_step_size=0.3, adv_grad_norm="infinity", clip_value_max=1.5
    )
    virtual = nsl.configs.VirtualAdvConfig(num_approx_steps=2)
    model = AdversarialRegularizationModel(linear, theirs, virtual)
    near = AdvNeighborConfig(
        adv_step_size=0.3, adv_grad_norm=nsl.configs.NormType.INFINITY, clip_value_max=1.5
    )
    assert model.config == AdvRegConfig(0.5, near)
    assert model.virtual_config == VatRegConfig(1.0, AdvNeighborConfig(), {}, 2, 1e-6)
    assert AdversarialRegularizationModel(linear).config == AdvRegConfig()


def test_sample_weights_weigh_both_losses() -> None:
    model = compiled(AdversarialRegularizationModel(linear, AdvRegConfig(1.0, NEAR)))
    weights = np.array([1.0, 0.0, 2.0, 1.0])
    result = model.evaluate(X, LABELS, sample_weight=weights, verbose=0, return_dict=True)
    near = attacked(X, LABELS)
    expected = np.mean(weights * losses(near, LABELS))
    np.testing.assert_allclose(result["adversarial_loss"], expected, rtol=1e-5)


def test_virtual_loss_of_a_linear_model_by_the_top_singular_value() -> None:
    config = VatRegConfig(
        0.5,
        {"adv_step_size": 2.0},
        {"distance_type": "l2"},
        num_approx_steps=40,
        approx_difference=0.1,
        entropy_multiplier=0.25,
    )
    model = compiled(AdversarialRegularizationModel(linear, virtual_config=config))
    result = model.evaluate(X, LABELS, batch_size=3, verbose=0, return_dict=True)
    top = np.linalg.svd(KERNEL)[1][0]
    probabilities = softmax(X @ KERNEL)
    entropy = -np.sum(probabilities * np.log(probabilities), axis=1).mean()
    np.testing.assert_allclose(result["virtual_adversarial_loss"], (2 * top) ** 2, rtol=1e-3)
    np.testing.assert_allclose(result["entropy_loss"], entropy, rtol=1e-5)
    total = losses(X, LABELS).mean() + 0.5 * (2 * top) ** 2 + 0.25 * entropy
    np.testing.assert_allclose(result["loss"], total, rtol=1e-3)


def test_only_labeled_rows_have_an_adversarial_loss_and_all_nodes_a_virtual_one() -> None:
    graph = small_graph()
    rows = np.array([4, 0, 7])

    def dense() -> keras.Model:
        keras.utils.set_random_seed(1)
        return keras.Sequential([keras.Input((6,)), keras.layers.Dense(3)])

    fixed = {"adv_neighbor_config": NEAR, "distance_config": {"distance_type": "l2"}}
    virtual = {**fixed, "num_approx_steps": 30}
    model = compiled(
        AdversarialRegularizationModel(
            dense, AdvRegConfig(1.0, NEAR), virtual, graph_config=GraphRegConfig(multiplier=0.1)
        )
    )
    result = model.evaluate(full_batch(graph, "some"), verbose=0, return_dict=True)
    alone = compiled(AdversarialRegularizationModel(dense, AdvRegConfig(1.0, NEAR), virtual))
    x, labels = graph.features["x"], np.asarray(graph.labels)
    on_rows = alone.evaluate(x[rows], labels[rows], verbose=0, return_dict=True)
    on_all = alone.evaluate(x, labels, verbose=0, return_dict=True)
    for key, other in {"adversarial_loss": on_rows, "virtual_adversarial_loss": on_all}.items():
        np.testing.assert_allclose(result[key], other[key], rtol=1e-4, err_msg=key)
    plain = compiled(GraphRegularizationModel(GraphRegConfig(multiplier=0.1), dense))
    expected = plain.evaluate(full_batch(graph, "some"), verbose=0, return_dict=True)
    np.testing.assert_allclose(result["graph_loss"], expected["graph_loss"], rtol=1e-5)


@pytest.mark.parametrize("as_sparse", [False, True])
def test_gcn_is_attacked_through_its_neighbors(as_sparse: bool) -> None:
    graph = small_graph()
    inputs, labels = next(iter(full_batch(graph, "some")))
    if as_sparse:
        inputs = {**inputs, "x": tf.sparse.from_dense(inputs["x"])}
    gcn = GraphConvolutionalNodeClassifier(num_classes=3, dropout_rate=0.0)
    model = compiled(AdversarialRegularizationModel(lambda: gcn, AdvRegConfig(1.0, NEAR)))
    data = tf.data.Dataset.from_tensors((inputs, labels))
    result = model.evaluate(data, verbose=0, return_dict=True)
    # The same neighbors by the function for attacks, of every node, also of those not read out.
    found = adversarial_examples(model, inputs, labels, NEAR)
    moved = np.linalg.norm(found["x"] - graph.features["x"], axis=1)
    assert (moved > 0.29).sum() > 3 and moved.max() < 0.3 + 1e-5
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    np.testing.assert_allclose(result["adversarial_loss"], loss(labels, gcn(found)), rtol=1e-5)
    assert result["adversarial_loss"] > loss(labels, gcn(inputs))


def test_gcn_with_virtual_adversarial_training_learns_and_loads(tmp_path: Path) -> None:
    graph = small_graph()

    def gcn() -> keras.Model:
        return GraphConvolutionalNodeClassifier(
            num_classes=3, config=GraphRegConfig(multiplier=0.1)
        )

    config = VatRegConfig(entropy_multiplier=0.1)
    model = compiled(AdversarialRegularizationModel(gcn, virtual_config=config, seed=3))
    data = full_batch(graph, "some")
    history = model.fit(data, epochs=3, verbose=0).history
    assert set(history) == {
        "loss", "accuracy", "supervised_loss", "graph_loss", "scaled_graph_loss",
        "neighbor_distance", "random_distance", "spread", "virtual_adversarial_loss",
        "entropy_loss",
    }  # fmt: skip
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    np.testing.assert_array_equal(loaded.predict(data, verbose=0), model.predict(data, verbose=0))
    assert loaded.get_config() == model.get_config()
    for key, value in model.evaluate(data, verbose=0, return_dict=True).items():
        again = loaded.evaluate(data, verbose=0, return_dict=True)[key]
        np.testing.assert_allclose(again, value, rtol=1e-6, err_msg=key)


def test_nothing_is_added_in_prediction() -> None:
    model = compiled(AdversarialRegularizationModel(linear, {}, VatRegConfig()))
    np.testing.assert_allclose(model.predict(X, verbose=0), X @ KERNEL, rtol=1e-5)
    model(tf.constant(X), training=True)
    assert model.losses == []


def test_several_outputs_report_their_own_losses() -> None:
    def node_model() -> keras.Model:
        keras.utils.set_random_seed(0)
        inputs = keras.Input((2,))
        outputs = {name: keras.layers.Dense(3, name=name)(inputs) for name in ("a", "logits")}
        return keras.Model(inputs, outputs)

    results = []
    for model in (AdversarialRegularizationModel(node_model), node_model()):
        loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
        model.compile("sgd", {"a": loss, "logits": loss})
        labels = {"a": LABELS, "logits": LABELS[::-1].copy()}
        results.append(model.evaluate(X, labels, verbose=0, return_dict=True))
    for key in ("a_loss", "logits_loss"):
        np.testing.assert_allclose(results[0][key], results[1][key], rtol=1e-5)
    np.testing.assert_allclose(
        results[0]["loss"] - 0.2 * results[0]["adversarial_loss"], results[1]["loss"], rtol=1e-5
    )


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        (
            {"agreement_model": keras.layers.Dense(1)},
            ValueError,
            "agreement_model weighs the edges",
        ),
        (
            {"pair_weights": PairWeights()},
            ValueError,
            "pair_weights weighs the edges of the graph loss",
        ),
        ({"config": VatRegConfig()}, TypeError, "give it as virtual_config"),
        ({"virtual_config": AdvRegConfig()}, TypeError, "expected a VatRegConfig or a dictionary"),
    ],
)
def test_arguments_are_checked(arguments: Any, error: type, message: str) -> None:
    with pytest.raises(error, match=message):
        AdversarialRegularizationModel(linear, **arguments)


def test_models_of_graphs_are_checked() -> None:
    def gcn() -> keras.Model:
        return GraphConvolutionalNodeClassifier(num_classes=3)

    with pytest.raises(ValueError, match="give it to GraphConvolutionalNodeClassifier as config"):
        AdversarialRegularizationModel(gcn, graph_config={})
    with pytest.raises(TypeError, match="GraphClassifier is one of graphs"):
        AdversarialRegularizationModel(lambda: GraphClassifier(num_classes=3))
    with pytest.raises(TypeError, match="returned a GRANDNodeClassifier, which has a loss of its"):
        AdversarialRegularizationModel(lambda: GRANDNodeClassifier(num_classes=3))


# Attacks.


@pytest.mark.parametrize("batch_size", [1, 3, 256])
def test_adversarial_examples_of_any_model(batch_size: int) -> None:
    model = compiled(linear())
    found = adversarial_examples(model, X, LABELS, NEAR, batch_size=batch_size)
    np.testing.assert_allclose(found, attacked(X, LABELS), rtol=1e-4)
    named = adversarial_examples(model, {"x": X}, LABELS, NEAR)
    np.testing.assert_allclose(named["x"], found, rtol=1e-5)
    by_name = adversarial_examples(
        linear(), tf.sparse.from_dense(X), LABELS, NEAR, _from_logits, batch_size
    )
    np.testing.assert_allclose(by_name, found, rtol=1e-4)


def _from_logits(labels: Any, logits: Any) -> tf.Tensor:
    return keras.losses.sparse_categorical_crossentropy(labels, logits, from_logits=True)


def test_of_a_hinge_both_classes_are_attacked() -> None:
    # Without a graph, -1 is one of Keras' two classes, and no missing label: the hinge grows where
    # -label * 2 x does, which is to the left for 1 and to the right for -1.
    model = keras.Sequential([keras.Input([1]), keras.layers.Dense(1, use_bias=False)])
    model.set_weights([np.array([[2.0]])])
    features, classes = np.zeros([2, 1], np.float32), np.array([[1], [-1]])
    found = adversarial_examples(model, features, classes, {"adv_step_size": 0.5}, "hinge")
    np.testing.assert_allclose(found, [[-0.5], [0.5]])


def test_iterated_attacks_do_more_harm() -> None:
    model = compiled(linear())
    means = []
    for iterations in (1, 10):
        config = AdvNeighborConfig(
            adv_step_size=0.5, pgd_iterations=iterations, pgd_epsilon=0.5, clip_value_min=-1.0
        )
        found = adversarial_examples(model, X, LABELS, config)
        assert found.min() >= -1 and np.linalg.norm(found - X, axis=1).max() <= 0.5 + 1e-5
        means.append(losses(found, LABELS).mean())
    assert losses(X, LABELS).mean() < means[0] <= means[1] + 1e-6


def test_attacks_are_checked() -> None:
    with pytest.raises(ValueError, match="loss is None and the model is not compiled"):
        adversarial_examples(linear(), X, LABELS)
    with pytest.raises(ValueError, match="batch_size must be at least 1, got 0"):
        adversarial_examples(compiled(linear()), X, LABELS, batch_size=0)
    with pytest.raises(ValueError, match="no feature can be perturbed"):
        adversarial_examples(compiled(linear()), X.astype(np.int32), LABELS)
