"""The rows that losses and metrics see, and what every loss weighs, by hand."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

import gnn
from gnn import AdversarialRegularizationModel, GraphRegularizationModel, NodeGraphModel
from gnn.models import GRANDNodeClassifier
from gnn.models.base.supervision import supervision

NAN = float("nan")


class Scaled(NodeGraphModel):
    """w x with w = 1; several outputs are w x times the numbers given."""

    requires_graph = False

    def __init__(self, **factors: float):
        super().__init__()
        self.factors = factors
        self.scale = keras.layers.Dense(1, use_bias=False, kernel_initializer="ones")

    def graph_call(self, graph: Any) -> Any:
        scaled = self.scale(graph.nodes["x"])
        outputs = {name: factor * scaled for name, factor in self.factors.items()}
        return graph.replace(nodes=outputs or scaled)


def column(*values: float) -> np.ndarray:
    return np.array(values, np.float32)[:, np.newaxis]


def batch(x: list[float], labels: Any, *weights: Any) -> tuple[Any, ...]:
    as_column = lambda part: column(*part)  # noqa: E731
    if isinstance(labels, dict):
        labels = {name: as_column(part) for name, part in labels.items()}
    return ({"x": as_column(x)}, labels, *weights)


def evaluated(model: keras.Model, *batches: tuple[Any, ...]) -> dict[str, float]:
    """The metrics after these batches, op by op."""
    model.reset_metrics()
    for some in batches:
        results = model.test_step(tf.nest.map_structure(tf.convert_to_tensor, some))
    return {name: float(value) for name, value in results.items()}


def weight_after_step(model: keras.Model, data: tuple[Any, ...]) -> float:
    model.train_step(tf.nest.map_structure(tf.convert_to_tensor, data))
    return float(model.scale.kernel.numpy()[0, 0])


def distributed(strategy: tf.distribute.Strategy, data: tuple[Any, ...]) -> Any:
    """Four rows, of which every replica gets two."""
    inputs, labels = data
    inputs = {**inputs, "readout_mask": np.ones(4, np.float32)}
    rows = tf.data.Dataset.from_tensor_slices((inputs, labels)).batch(2, drop_remainder=True)
    return gnn.data.distribute(strategy, lambda context: rows)


# Which rows have a label.


@pytest.mark.parametrize(
    ("labels", "loss", "has_graph", "expected"),
    [
        (np.array([0, -1, 2]), "sparse_categorical_crossentropy", True, [0, 2]),
        (np.array([0, -1, 2], np.float32), "sparse_categorical_crossentropy", False, [0, 2]),
        # Keras' losses would take the -1 of a row that is known in part for a label.
        (np.array([[1, 0], [-1, -1], [0, -1]]), "binary_crossentropy", True, [0]),
        (np.array([[1, 2], [NAN, 3], [NAN, NAN]], np.float32), "mse", True, [0]),
        (np.array([[1, 0], [-1, -1], [1, 1]], np.float32), "binary_crossentropy", True, [0, 2]),
        (column(1, NAN, -1), "mse", True, [0, 2]),  # A target may be -1.
        (np.array([1, -1, 2]), "mse", True, [0, 2]),  # An integer of a graph is a class.
        (np.array([1, -1, 1]), "hinge", False, [0, 1, 2]),  # Without a graph, Keras' two classes.
        (np.array([1, 255, 2]), keras.losses.SparseCategoricalCrossentropy(ignore_class=255), 1,
         [0, 2]),
        (np.array([1, 255, 2], np.uint8), "sparse_categorical_crossentropy", True, [0, 1, 2]),
        (np.array([[1, 2], [-1, 3], [-1, -1]]), lambda t, p: p, True, [0, 1]),
    ],
)  # fmt: skip
def test_rows_with_a_label(labels: Any, loss: Any, has_graph: bool, expected: list[int]) -> None:
    rows = np.arange(len(labels), dtype=np.float32)
    kept = supervision(loss, labels, tf.constant(rows), rows, has_graph=has_graph)
    np.testing.assert_array_equal(kept.outputs, expected)
    np.testing.assert_array_equal(kept.weights, expected)
    np.testing.assert_array_equal(kept.labels, labels[expected])
    assert float(kept.counts[""]) == len(expected)


def test_padding_and_missing_labels_are_left_out_together() -> None:
    mask = tf.constant([True, True, False, True])
    kept = supervision("mse", column(NAN, 2, 3, 4), tf.constant(column(5, 6, 7, 8)), None, mask)
    assert kept.outputs.numpy().tolist() == [[6], [8]] and kept.weights is None


class Logits(NodeGraphModel):
    """The feature is the logits."""

    requires_graph = False

    def graph_call(self, graph: Any) -> Any:
        return graph.replace(nodes=graph.nodes["x"])


LOGITS = {"x": np.array([[2.0, 0.0]] * 4, np.float32)}


@pytest.mark.parametrize("ignore_class", [None, -1])
def test_metrics_take_the_same_rows_as_the_loss(ignore_class: int | None) -> None:
    # Rows 0 and 2 have a label; class 0 has the logit 2 ahead: one is right, and the loss is
    # the mean of log(1 + e^-2) and log(1 + e^2).
    model = Logits()
    loss = keras.losses.SparseCategoricalCrossentropy(True, ignore_class=ignore_class)
    model.compile("sgd", loss, metrics=["accuracy"], weighted_metrics=["accuracy"])
    results = evaluated(model, (LOGITS, np.array([0, -1, 1, -1])))
    expected = (np.log1p(np.exp(-2)) + np.log1p(np.exp(2))) / 2
    assert results == pytest.approx({"loss": expected, "accuracy": 0.5, "weighted_accuracy": 0.5})


def test_a_row_without_a_label_in_multi_label_data() -> None:
    # The crossentropies of row 0: log(1 + e^-2) for 1 of logit 2, log 2 for logit 0.
    model = Logits()
    model.compile("sgd", keras.losses.BinaryCrossentropy(True), metrics=["mae"])
    labels = np.array([[1, 0], [-1, -1], [-1, -1], [-1, -1]])
    results = evaluated(model, (LOGITS, labels))
    assert results == pytest.approx({"loss": (np.log1p(np.exp(-2)) + np.log(2)) / 2, "mae": 0.5})


def test_training_and_evaluation_without_any_label() -> None:
    model = Scaled()
    model.compile(keras.optimizers.SGD(1.0), "mse", metrics=["mae"])
    empty = batch([1, 2], column(NAN, NAN))
    assert weight_after_step(model, empty) == 1.0
    # The other batch alone counts: errors 3 and 1.
    results = evaluated(model, empty, batch([3, 1], column(0, 0)))
    assert results == {"loss": 5.0, "mae": 2.0}


def test_weight_penalties_beside_no_label_where_nothing_is_traced() -> None:
    dense = keras.layers.Dense(1, kernel_regularizer="l2")
    model = gnn.GraphRegularizationModel({"multiplier": 0.1}, lambda: dense)
    model.compile(keras.optimizers.SGD(1.0), "mse", run_eagerly=True)
    model.fit(*batch([1, 2], column(NAN, NAN)), verbose=0)
    kernel = dense.get_weights()[0]
    assert model.fit(*batch([1, 2], column(NAN, NAN)), verbose=0).history["loss"] == [0.0]
    np.testing.assert_array_equal(dense.get_weights()[0], kernel)


def test_an_evaluation_without_any_label_says_so() -> None:
    model = Scaled()
    model.compile("sgd", "mse", run_eagerly=True)
    with pytest.warns(UserWarning, match="no row of the data to evaluate has a label"):
        assert model.evaluate(*batch([1, 2], column(NAN, NAN)), verbose=0) == 0.0


@pytest.mark.parametrize("jit_compile", [False, True])
def test_one_step_of_fit_by_hand(jit_compile: bool) -> None:
    # Row 0 alone has a label: the slope of (w - 3)^2 at 1 is -4, so w is 2 after the step.
    graph = gnn.Graph.from_edges([0], [1], {"x": column(1, 2, 5)}, labels=column(3, NAN, NAN))
    model = Scaled()
    model.compile(keras.optimizers.SGD(0.25), "mse", metrics=["mae"], jit_compile=jit_compile)
    data = gnn.data.full_batch(graph, padding=jit_compile)
    history = model.fit(data, validation_data=data, verbose=0).history
    assert {name: values[0] for name, values in history.items()} == pytest.approx(
        {"loss": 4.0, "mae": 2.0, "val_loss": 1.0, "val_mae": 1.0}
    )
    assert float(model.scale.kernel.numpy()[0, 0]) == pytest.approx(2.0)
    assert model.predict(data, verbose=0).ravel().tolist() == [2.0, 4.0, 10.0]


# Class weights.


class TwoLogits(Scaled):
    """The logits [w x, 0]."""

    def graph_call(self, graph: Any) -> Any:
        scaled = self.scale(graph.nodes["x"])
        return graph.replace(nodes=tf.concat([scaled, tf.zeros_like(scaled)], axis=1))


# At x = 0 both classes have probability 1/2: the loss of a row is log 2, its slope at w is 0; at
# x = 1 with w = 0 the slope is -1/2 for class 0 and 1/2 for class 1.
WEIGHED = {"x": column(1, 1, 1, 1)}, np.array([0, -1, 1, 1])


def zeroed(model: keras.Model, **compiled: Any) -> keras.Model:
    model.compile(
        keras.optimizers.SGD(1.0), keras.losses.SparseCategoricalCrossentropy(True), **compiled
    )
    model({"x": column(1)})
    model.set_weights([np.zeros([1, 1])])
    return model


def test_class_weight_beside_missing_labels_and_another_fit_without() -> None:
    model = zeroed(TwoLogits(), weighted_metrics=["accuracy"])
    data = tf.data.Dataset.from_tensors(WEIGHED)
    # Mean over 3 rows: slope (-4 / 2 + 1 / 2 + 1 / 2) / 3 = -1/3, loss 6 log 2 / 3.
    logs = model.fit(data, class_weight={0: 4.0}, verbose=0).history
    assert logs["loss"] == [pytest.approx(2 * np.log(2))]
    # The logits are equal, so the first class is predicted, which is right for weight 4 of 6.
    assert logs["accuracy"] == [pytest.approx(4 / 6)]
    assert float(model.scale.kernel.numpy()[0, 0]) == pytest.approx(1 / 3)
    # The validation and a later training know nothing of class weights.
    model.set_weights([np.zeros([1, 1])])
    assert evaluated(model, WEIGHED)["loss"] == pytest.approx(np.log(2))
    logs = model.fit(data, verbose=0).history
    assert logs["loss"] == [pytest.approx(np.log(2))]
    assert float(model.scale.kernel.numpy()[0, 0]) == pytest.approx(-1 / 6)
    model.set_weights([np.zeros([1, 1])])
    model.train_on_batch(*WEIGHED, class_weight={0: 4.0})
    assert float(model.scale.kernel.numpy()[0, 0]) == pytest.approx(1 / 3)


def test_class_weight_on_two_devices(two_devices: tf.distribute.Strategy) -> None:
    with two_devices.scope():
        model = zeroed(TwoLogits())
    logs = model.fit(distributed(two_devices, WEIGHED), class_weight={0: 4.0}, verbose=0).history
    assert logs["loss"] == [pytest.approx(2 * np.log(2))]
    assert float(model.scale.kernel.numpy()[0, 0]) == pytest.approx(1 / 3)


@pytest.mark.parametrize(
    ("error", "class_weight", "message"),
    [
        (TypeError, [1.0, 2.0], "class_weight must be a dict from classes to weights; got a list"),
        (TypeError, {0.5: 1.0}, "class_weight must have integer classes as keys; got 0.5"),
        (ValueError, {-1: 0.0}, "class_weight must have classes from 0 as keys; got -1"),
    ],
)
def test_class_weights_that_are_none(error: Any, class_weight: Any, message: str) -> None:
    model = zeroed(TwoLogits())
    with pytest.raises(error, match=message):
        model.fit(*WEIGHED, class_weight=class_weight, verbose=0)


def test_class_weight_beside_sample_weights() -> None:
    rows = supervision("mse", np.array([1, 0]), tf.ones([2]), class_weights=(2.0, 3.0))
    assert rows.weights.numpy().tolist() == [3.0, 2.0]
    with pytest.raises(ValueError, match="class_weight cannot be given beside sample weights"):
        supervision("mse", np.array([1]), tf.ones([1]), tf.ones([1]), class_weights=(2.0,))


# Several outputs.

# The squared errors of "double" are 2^2 and 8^2, of "half" 0.5^2 and 1^2, each in two rows with a
# label: 34 and 0.625.
FIRST = batch([1, 2], {"double": [0, NAN], "half": [0, 0]})
SECOND = batch([4], {"double": [0], "half": [NAN]})
LOSSES = {"half": "mse", "double": keras.losses.MeanSquaredError()}


@pytest.mark.parametrize("order", [1, -1])
def test_every_output_counts_its_own_rows(order: int) -> None:
    model = Scaled(double=2.0, half=0.5, unused=1.0)
    losses = dict(list(LOSSES.items())[::order])
    model.compile(
        "sgd", losses, loss_weights={"half": 10.0}, metrics={"double": ["mae"], "half": ["mae"]}
    )
    assert evaluated(model, FIRST, SECOND) == {
        "loss": 34 + 10 * 0.625,
        "double_loss": 34.0,
        "half_loss": 0.625,
        "double_mae": 5.0,
        "half_mae": 0.75,
    }


def test_penalties_and_the_graph_loss_beside_several_outputs() -> None:
    class Regularized(Scaled):
        def __init__(self, **factors: float):
            super().__init__(**factors)
            self.scale.kernel_regularizer = keras.regularizers.L2(0.5)
            self.regularization = gnn.layers.GraphRegularization({"multiplier": 1e8})

        def graph_call(self, graph: Any) -> Any:
            returned = super().graph_call(graph)
            self.regularization(graph.replace(nodes=returned.nodes["double"]))
            return returned

    graph = gnn.Graph.from_edges([0], [1], {"x": column(1, 2)})
    inputs = next(iter(gnn.data.full_batch(graph)))
    model = Regularized(double=2.0, half=0.5)
    model.compile("sgd", LOSSES)
    results = evaluated(model, (inputs, *FIRST[1:]))
    # The doubled neighbors are 2 and 4, whose distance is 4, and a node of two has a neighbor: the
    # mean over both regularized nodes (both are read out) is 2.
    assert results["double_loss"] == 4.0 and results["half_loss"] == 0.625
    assert results["supervised_loss"] == 4.0 + 0.625 + 0.5
    assert results["scaled_graph_loss"] == 1e8 * results["graph_loss"] == 2e8


def test_labels_that_all_outputs_share() -> None:
    model = Scaled(double=2.0, half=0.5)
    model.compile("sgd", {"double": "mse"}, metrics={"half": ["mae"]})
    results = evaluated(model, batch([1, 2], column(0, NAN)))
    assert results == {"loss": 4.0, "half_mae": 0.5}


def test_a_loss_for_all_outputs_and_weights_of_rows() -> None:
    model = Scaled(double=2.0, half=0.5)
    model.compile("sgd", "mse")
    assert evaluated(model, FIRST, SECOND)["loss"] == 34.625
    model.compile("sgd")  # Keras keeps the loss.
    assert evaluated(model, FIRST, SECOND)["loss"] == 34.625
    model.compile("sgd", ["mse", "mae"], loss_weights=[1.0, 4.0])  # double, half
    weights = {"double": np.array([2.0, 1.0]), "half": np.array([1.0, 3.0])}
    results = evaluated(model, (*FIRST, weights))
    assert results == {"loss": 8 + 4 * 1.75, "double_loss": 8.0, "half_loss": 1.75}


def test_a_step_of_several_outputs_on_two_devices(two_devices: tf.distribute.Strategy) -> None:
    # One replica has the row of SECOND and one without labels, the other FIRST: the slopes are
    # 2 * 34 and 10 * 2 * 0.625 at w = 1, as of a single device; 1 - 0.01 * 80.5 = 0.195.
    def make() -> keras.Model:
        model = Scaled(double=2.0, half=0.5)
        model.compile(keras.optimizers.SGD(0.01), LOSSES, loss_weights={"half": 10.0})
        model({"x": column(1)})
        return model

    second = batch([4, 9], {"double": [0, NAN], "half": [NAN, NAN]})
    joined = tf.nest.map_structure(lambda *parts: np.concatenate(parts), FIRST, second)
    assert weight_after_step(make(), joined) == pytest.approx(0.195)

    with two_devices.scope():
        model = make()
    logs = model.fit(distributed(two_devices, joined), verbose=0).history
    assert float(model.scale.kernel.numpy()[0, 0]) == pytest.approx(0.195)
    assert {name: values[0] for name, values in logs.items()} == pytest.approx(
        {"loss": 40.25, "double_loss": 34.0, "half_loss": 0.625}
    )


@pytest.mark.parametrize(
    ("error", "loss", "labels", "message"),
    [
        (KeyError, {"dubble": "mse"}, {"double": [0]}, r"loss names the outputs \['dubble'\]; the"),
        (
            KeyError,
            {"half": "mse"},
            {"double": [0]},
            r"losses of the outputs \['half'\] need",
        ),
        (KeyError, {"half": "mse"}, {"halve": [0]}, r"labels name the outputs \['halve'\]; the"),
        (
            ValueError,
            ["mse"],
            {"half": [0]},
            "loss is a list of 1, but the model",
        ),
        (KeyError, None, {"half": [0]}, r"metrics of the outputs \['double'\] need labels; got"),
    ],
)
def test_names_that_fit_no_output(error: Any, loss: Any, labels: Any, message: str) -> None:
    model = Scaled(double=2.0, half=0.5)
    model.compile("sgd", loss, metrics={"double": ["mae"]} if loss is None else None)
    with pytest.raises(error, match=message):
        evaluated(model, batch([1], labels))


def test_labels_as_lists_and_labels_that_only_a_loss_of_ones_own_knows() -> None:
    ones = tf.ones([2])
    kept = supervision("mse", [column(NAN, 3)], ones)
    assert kept.labels.numpy().tolist() == [[3.0]]
    kept = supervision("mse", [column(NAN, 3), column(4, 5)], {"b": ones, "a": ones})
    assert {name: part.numpy().ravel().tolist() for name, part in kept.labels.items()} == {
        "a": [3.0],
        "b": [4.0, 5.0],
    }
    with pytest.raises(ValueError, match="labels are a list of 2, but the outputs are"):
        supervision("mse", [ones, ones], ones)
    mask = tf.constant([True, False])
    kept = supervision(None, {"pairs": column(NAN, 3)}, {"a": [ones]}, mask=mask)
    assert np.isnan(kept.labels["pairs"]).all() and kept.outputs["a"][0].shape == [1]


def test_names_for_an_output_without_one() -> None:
    model = Scaled()
    model.compile("sgd", {"double": "mse"})
    with pytest.raises(KeyError, match="but the model returns one output without a name"):
        evaluated(model, batch([1], column(0)))
    model.compile("sgd", "mse")
    with pytest.raises(ValueError, match=r"labels are a dict of \['double'\], but the model retu"):
        evaluated(model, batch([1], {"double": [0]}))


def test_outputs_as_a_list() -> None:
    class Listed(Scaled):
        def graph_call(self, graph: Any) -> Any:
            scaled = self.scale(graph.nodes["x"])
            return graph.replace(nodes=[scaled, scaled])

    model = Listed()
    model.compile("sgd", "mse")
    with pytest.raises(TypeError, match="returns a list of 2 outputs; return a dict"):
        evaluated(model, batch([1], column(0)))


# Losses that are added.

PAIR = gnn.Graph.from_edges([0], [1], {"x": column(1, 3)}, labels=column(0, 0))


@pytest.mark.parametrize("multiplier", [1e8, 1e-8])
def test_the_supervised_loss_beside_a_graph_loss_of_any_size(multiplier: float) -> None:
    # Squared errors 1 and 9 of w x at w = 1; the neighbors are 2 apart, and of the two nodes that
    # are read out one has a neighbor: (3 - 1)^2 / 2.
    def node_model() -> keras.layers.Layer:
        return keras.layers.Dense(1, use_bias=False, kernel_initializer="ones")

    data = next(iter(gnn.data.full_batch(PAIR)))
    models = [
        GraphRegularizationModel({"multiplier": multiplier}, node_model),
        AdversarialRegularizationModel(
            node_model,
            {"multiplier": multiplier, "adv_neighbor_config": {"adv_step_size": 0.0}},
            graph_config={"multiplier": multiplier},
        ),
    ]
    for model in models:
        model.compile("sgd", "mse")
        model(data[0])
        results = evaluated(model, data)
        assert results["supervised_loss"] >= 5.0 == results.get("adversarial_loss", 5.0)
        assert results["graph_loss"] == 2.0
        assert results["scaled_graph_loss"] == pytest.approx(2.0 * multiplier)
    assert evaluated(models[0], data)["supervised_loss"] == 5.0


def test_the_supervised_loss_beside_a_consistency_loss_of_any_size() -> None:
    # Without anything drawn the draws agree, and the loss is that of the mean: both logits are 0
    # at first, so it is log 2.
    model = GRANDNodeClassifier(num_classes=2, hidden_units=2, consistency=1e8)
    model.compile("sgd", keras.losses.SparseCategoricalCrossentropy(True))
    graph = gnn.Graph.from_edges([0], [1], {"x": column(1, 3)}, labels=[0, 1])
    inputs, labels = next(iter(gnn.data.full_batch(graph)))
    model(inputs)
    outputs = model(inputs, training=True)
    rows = model.supervision_of(inputs, labels, outputs, None, training=True)
    alone = keras.losses.SparseCategoricalCrossentropy(True)
    expected = np.mean([float(alone(labels, draw)) for draw in tf.unstack(outputs, axis=1)])
    model.reset_metrics()
    model.loss_of_step(inputs, rows, training=True)
    assert float(model._loss_tracker.result()) == pytest.approx(expected, rel=1e-6)


def test_a_loss_of_ones_own_beside_a_graph_loss() -> None:
    class Own(GraphRegularizationModel):
        def compute_loss(self, x: Any, y: Any, y_pred: Any, *args: Any, **kwargs: Any) -> Any:
            return tf.reduce_mean(y_pred["here"] - y["there"])

    dense = keras.layers.Dense(1, use_bias=False, kernel_initializer="ones")
    x = keras.Input([1], name="x")
    model = Own({"multiplier": 1e8}, lambda: keras.Model(x, {"here": dense(x)}), regularize="here")
    model.compile("sgd")
    inputs, _ = next(iter(gnn.data.full_batch(PAIR)))
    results = evaluated(model, (inputs, {"there": column(0, 1)}))
    assert results["supervised_loss"] == 1.5 and results["graph_loss"] == 2.0
    # Without a loss, there is the graph loss alone.
    model = GraphRegularizationModel({"multiplier": 2.0}, lambda: dense)
    model.compile("sgd")
    assert evaluated(model, (inputs,))["loss"] == 4.0


def test_adversarial_losses_of_several_outputs_count_their_own_rows() -> None:
    # A step of size 0 leaves the features: the adversarial losses are those of `FIRST, SECOND`.
    def node_model() -> keras.Model:
        x = keras.Input([1], name="x")
        scaled = keras.layers.Dense(1, use_bias=False, kernel_initializer="ones")(x)
        return keras.Model(x, {"double": 2.0 * scaled, "half": 0.5 * scaled})

    config = {"multiplier": 0.5, "adv_neighbor_config": {"adv_step_size": 0.0}}
    model = AdversarialRegularizationModel(node_model, config)
    model.compile("sgd", LOSSES, loss_weights={"half": 10.0})
    model(FIRST[0])
    results = evaluated(model, FIRST, SECOND)
    assert results["adversarial_loss"] == 40.25 and results["loss"] == 1.5 * 40.25
    # The attack sums over rows: its slope at row 0 of FIRST has the signs of both losses.
    found = gnn.adversarial_examples(model, FIRST[0], FIRST[1], {"adv_step_size": 1.0})
    assert found["x"].ravel().tolist() == [2.0, 3.0]


# A model that has nothing to train, and seeds.


def test_a_frozen_model_reports_its_losses() -> None:
    model = Scaled()
    model.scale.trainable = False
    model.compile("adam", "mse", metrics=["mae"])
    with pytest.warns(UserWarning, match="does not have any trainable weights"):
        results = model.train_step(batch([1, 3], column(0, 0)))
    assert {name: float(value) for name, value in results.items()} == {"loss": 5.0, "mae": 2.0}


def test_every_seed_and_loss_draws_its_own() -> None:
    dense = lambda: keras.layers.Dense(1)  # noqa: E731
    models = [AdversarialRegularizationModel(dense, seed=seed) for seed in (0, 1, 2, 3, 2**31 - 1)]
    for model in models:
        model.compile("sgd", "mse")
    seeds = set()
    for step in (0, 1, 2):
        for model in models:
            model.optimizer.iterations.assign(step)
            seeds |= {tuple(model._seed_of(purpose).numpy().tolist()) for purpose in (0, 1)}
    assert len(seeds) == 3 * len(models) * 2
    with pytest.raises(ValueError, match="seed must be below 2147483648, got 2147483648"):
        AdversarialRegularizationModel(dense, seed=2**31)
