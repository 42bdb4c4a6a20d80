"""The graph loss of GraphRegularizationModel by hand, its inputs, outputs, agreement and saving."""

from __future__ import annotations

import functools
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
import sonnet as snt
import tensorflow as tf

from gnn import DistanceConfig, GraphRegConfig, GraphRegularizationModel, nsl
from gnn.ops.contrast import random_partners

# Two stars: nodes 0 and 1 send to 2, with weights 1 and 3; node 3 sends to 4, with weight 2.
STARS: dict[str, Any] = {
    "n_node": np.array([3, 2], np.int32),
    "n_edge": np.array([2, 1], np.int32),
    "edges": np.array([[1], [3], [2]], np.float32),
    "senders": np.array([0, 1, 3], np.int32),
    "receivers": np.array([2, 2, 4], np.int32),
    "globals": np.zeros([2, 0], np.float32),
}
X = np.array([[1, 0], [0, 1], [1, 1], [2, 0], [0, 2]], np.float32)
# y = x K with the given K: y_0 .. y_4.
KERNEL = np.array([[1, 2], [3, -1]], np.float32)
Y = np.array([[1, 2], [3, -1], [4, 1], [2, 4], [6, -2]], np.float32)


def stars(**features: Any) -> dict[str, Any]:
    return {**(features or {"x": X}), **STARS}


def given_dense(kernel: np.ndarray = KERNEL, **kwargs: Any) -> keras.layers.Dense:
    return keras.layers.Dense(
        kernel.shape[1],
        use_bias=False,
        kernel_initializer=keras.initializers.Constant(kernel.tolist()),
        **kwargs,
    )


def functional(name: str = "x") -> keras.Model:
    inputs = keras.Input((2,), name=name)
    return keras.Model(inputs, given_dense()(inputs))


def identity() -> keras.layers.Layer:
    return keras.layers.Identity()


def config_of(distance: Any = "l2", multiplier: float = 0.5) -> GraphRegConfig:
    return GraphRegConfig(multiplier=multiplier, distance_config=DistanceConfig(distance))


def graph_loss_of(model: GraphRegularizationModel, inputs: Any, multiplier: float = 0.5) -> float:
    model(inputs)
    (loss,) = model.losses
    return float(loss) / multiplier


# Squared distances of y: |y_0 - y_2|^2 = 9 + 1 = 10, |y_1 - y_2|^2 = 1 + 4 = 5,
# |y_3 - y_4|^2 = 16 + 36 = 52. Stars: (1 * 10 + 3 * 5) / 4 = 6.25, and 52; their mean is 29.125.
GRAPH_LOSS = 29.125


def of_random_nodes() -> float:
    """The mean squared distance of the five nodes to a random other one each."""
    (partners,) = random_partners(5, tf.constant(5), 1).numpy()
    return float(((Y[partners] - Y) ** 2).sum(-1).mean())


def test_two_stars_by_hand() -> None:
    model = GraphRegularizationModel(config_of(), functional)
    outputs = model(stars())
    np.testing.assert_allclose(outputs, Y[[2, 4]])
    assert [float(loss) for loss in model.losses] == [pytest.approx(0.5 * GRAPH_LOSS)]


def test_all_of_it_in_history_by_hand() -> None:
    # The rows read out are (4, 1) and (6, -2); squared errors against 0 sum to 17 and 40, so
    # the mean over 2 x 2 entries is 57 / 4 = 14.25.
    model = GraphRegularizationModel(config_of(), functional)
    model.compile(keras.optimizers.SGD(0.0), "mse", metrics=["mae"], run_eagerly=True)
    dataset = tf.data.Dataset.from_tensors((stars(), np.zeros([2, 2], np.float32)))
    history = model.fit(dataset, validation_data=dataset, verbose=0).history
    expected = {
        "loss": 14.25 + 0.5 * GRAPH_LOSS,
        "supervised_loss": 14.25,
        "graph_loss": GRAPH_LOSS,
        "scaled_graph_loss": 0.5 * GRAPH_LOSS,
        "mae": (4 + 1 + 6 + 2) / 4,
        # Every regularized node has neighbors, so it is their mean distance too.
        "neighbor_distance": GRAPH_LOSS,
        "random_distance": of_random_nodes(),  # And no spread: the labels are numbers.
    }
    expected |= {f"val_{key}": value for key, value in expected.items()}
    assert history.keys() == expected.keys()
    for key, value in expected.items():
        assert history[key] == [pytest.approx(value)], key


def test_evaluate_lists_the_loss_first() -> None:
    model = GraphRegularizationModel(config_of(), functional)
    model.compile("sgd", "mse", metrics=["mae"], run_eagerly=True)
    dataset = tf.data.Dataset.from_tensors((stars(), np.zeros([2, 2], np.float32)))
    named = model.evaluate(dataset, verbose=0, return_dict=True)
    listed = model.evaluate(dataset, verbose=0)
    assert listed[0] == named["loss"]
    assert sorted(listed) == sorted(named.values())


def test_stars_in_one_batch_or_in_two_give_one_loss() -> None:
    def star(nodes: slice, edges: slice) -> dict[str, Any]:
        size = nodes.stop - nodes.start
        return {
            "x": X[nodes],
            "n_node": np.array([size], np.int32),
            "n_edge": np.array([size - 1], np.int32),
            "edges": STARS["edges"][edges],
            "senders": STARS["senders"][edges] - nodes.start,
            "receivers": STARS["receivers"][edges] - nodes.start,
            "globals": np.zeros([1, 0], np.float32),
        }

    batches = [star(slice(0, 3), slice(0, 2)), star(slice(3, 5), slice(2, 3))]
    spec = {
        key: tf.TensorSpec([None, *value.shape[1:]], value.dtype)
        for key, value in batches[0].items()
    }
    labels = np.zeros([1, 2], np.float32)
    dataset = tf.data.Dataset.from_generator(
        lambda: ((batch, labels) for batch in batches),
        output_signature=(spec, tf.TensorSpec([None, 2])),
    ).apply(tf.data.experimental.assert_cardinality(2))
    model = GraphRegularizationModel(config_of(), functional)
    model.compile("sgd", "mse", run_eagerly=True)
    results = model.evaluate(dataset, return_dict=True, verbose=0)
    assert results["graph_loss"] == pytest.approx(GRAPH_LOSS)
    assert results["loss"] == pytest.approx(14.25 + 0.5 * GRAPH_LOSS)


def test_one_step_by_hand() -> None:
    # One feature, y = w x, x = 1 sends to x = 3: the graph loss is (2 w)^2, its slope at w = 1 is
    # 8. The row read out costs (3 w)^2, slope 18. w = 1 - 0.01 (18 + 0.5 * 8) = 0.78.
    inputs = {
        "x": np.array([[1], [3]], np.float32),
        "n_node": np.array([2], np.int32),
        "n_edge": np.array([1], np.int32),
        "edges": np.array([[7]], np.float32),
        "senders": np.array([0], np.int32),
        "receivers": np.array([1], np.int32),
        "globals": np.zeros([1, 0], np.float32),
    }
    model = GraphRegularizationModel(config_of(), lambda: given_dense(np.ones([1, 1])))
    model.compile(keras.optimizers.SGD(0.01), "mse", run_eagerly=True)
    dataset = tf.data.Dataset.from_tensors((inputs, np.zeros([1, 1], np.float32)))
    model.fit(dataset, verbose=0)
    assert model.get_weights()[0].item() == pytest.approx(0.78)


def test_a_custom_training_loop_sees_the_graph_loss() -> None:
    model = GraphRegularizationModel(config_of(), functional)
    optimizer = keras.optimizers.SGD(0.001)
    losses = []
    for _ in range(3):
        with tf.GradientTape() as tape:
            outputs = model(stars(), training=True)
            loss = tf.reduce_mean(outputs**2) + tf.add_n(model.losses)
        gradients = tape.gradient(loss, model.trainable_variables)
        optimizer.apply_gradients(zip(gradients, model.trainable_variables, strict=True))
        losses.append(float(loss))
    assert losses[0] == pytest.approx(14.25 + 0.5 * GRAPH_LOSS)
    assert losses[2] < losses[1] < losses[0]


# A probability vector at each node, so that every distance is defined.
P = np.array([[0.5, 0.5], [0.2, 0.8], [0.9, 0.1], [0.4, 0.6], [0.7, 0.3]], np.float32)


def numpy_distance(kind: str, a: np.ndarray, b: np.ndarray) -> float:
    def kl(p: np.ndarray, q: np.ndarray) -> float:
        return float(np.sum(p * np.log((p + 1e-7) / (q + 1e-7))))

    m = (a + b) / 2
    return {
        "l1": float(np.sum(np.abs(a - b))),
        "l2": float(np.sum((a - b) ** 2)),
        "cosine": float(1 - a @ b / np.linalg.norm(a) / np.linalg.norm(b)),
        "kl_divergence": kl(a, b),
        "jensen_shannon_divergence": (kl(a, m) + kl(b, m)) / 2,
    }[kind]


@pytest.mark.parametrize(
    ("kind", "by_hand"),
    [
        # |P0 - P2| = .8, |P1 - P2| = 1.4, |P3 - P4| = .6: ((.8 + 3 * 1.4) / 4 + .6) / 2.
        ("l1", 0.925),
        # .32, .98, .18: ((.32 + 3 * .98) / 4 + .18) / 2.
        ("l2", 0.4975),
        ("cosine", None),
        ("kl_divergence", None),
        ("jensen_shannon_divergence", None),
    ],
)
@pytest.mark.parametrize("softmax", [False, True])
def test_every_distance(kind: str, by_hand: float | None, softmax: bool) -> None:
    distance = {
        "distance_type": kind,
        "transform_fn": "softmax" if softmax else "none",
        "sum_over_axis": -1,
    }
    config = {"multiplier": 0.5, "distance_config": distance}
    y = np.exp(P) / np.exp(P).sum(-1, keepdims=True) if softmax else P
    d = functools.partial(numpy_distance, kind)
    expected = ((d(y[0], y[2]) + 3 * d(y[1], y[2])) / 4 + d(y[3], y[4])) / 2
    ours = graph_loss_of(GraphRegularizationModel(config, identity), stars(x=P))
    assert ours == pytest.approx(expected, rel=1e-4)
    if by_hand is not None and not softmax:
        assert ours == pytest.approx(by_hand)

    # The predecessor: NSL's distances of weighted pairs, summed for each star.
    theirs = nsl.lib.pairwise_distance_wrapper(
        tf.constant(P[STARS["senders"]]),
        tf.constant(P[STARS["receivers"]]),
        tf.constant(STARS["edges"]),
        nsl.configs.DistanceConfig(
            distance_type=kind,
            transform_fn=distance["transform_fn"],
            sum_over_axis=-1,
            reduction=tf.compat.v1.losses.Reduction.NONE,
        ),
    )
    shares = np.reshape(theirs, [3, -1]).sum(-1)
    assert ours == pytest.approx(((shares[0] + shares[1]) / 4 + shares[2] / 2) / 2, rel=1e-4)


def test_nsls_own_config_object() -> None:
    config = nsl.configs.GraphRegConfig(
        multiplier=0.5,
        distance_config=nsl.configs.DistanceConfig(
            distance_type=nsl.configs.DistanceType.L2,
            reduction=tf.compat.v1.losses.Reduction.NONE,
            sum_over_axis=-1,
        ),
    )
    model = GraphRegularizationModel(config, functional)
    assert graph_loss_of(model, stars()) == pytest.approx(GRAPH_LOSS)


def test_no_edges_no_graph_loss() -> None:
    inputs = stars()
    inputs |= {
        "n_edge": np.zeros([2], np.int32),
        "edges": np.zeros([0, 1], np.float32),
        "senders": np.zeros([0], np.int32),
        "receivers": np.zeros([0], np.int32),
    }
    assert graph_loss_of(GraphRegularizationModel(config_of(), functional), inputs) == 0.0


# What the node model is called on.


@pytest.mark.parametrize("feature", ["x", "pixels", "anything"])
@pytest.mark.parametrize("input_name", ["x", None])
def test_one_feature_and_one_input_whatever_the_names(feature: str, input_name: Any) -> None:
    model = GraphRegularizationModel(config_of(), lambda: functional(input_name))
    assert graph_loss_of(model, stars(**{feature: X})) == pytest.approx(GRAPH_LOSS)


def test_features_keep_a_dtype_of_their_own() -> None:
    model = GraphRegularizationModel(config_of(), functional)
    assert graph_loss_of(model, stars(x=X.astype(np.int64))) == pytest.approx(GRAPH_LOSS)
    np.testing.assert_allclose(model(X.astype(np.int64)), Y)
    np.testing.assert_allclose(model({"x": X.astype(np.int64)}), Y)


def two_inputs() -> keras.Model:
    # y = K (left + right), so left and right that sum to X give the numbers above.
    left, right = keras.Input((2,), name="left"), keras.Input((2,), name="right")
    return keras.Model([right, left], given_dense()(keras.layers.add([left, right])))


def test_several_inputs_by_name_and_extra_keys_left_out() -> None:
    left = np.arange(10, dtype=np.float32).reshape(5, 2)
    features = {"left": left, "right": X - left, "extra": np.array([b"a"] * 5)}
    model = GraphRegularizationModel(config_of(), two_inputs)
    assert graph_loss_of(model, stars(**features)) == pytest.approx(GRAPH_LOSS)
    np.testing.assert_allclose(model(features), Y, rtol=1e-5)


def test_inputs_as_a_dict() -> None:
    def make() -> keras.Model:
        inputs = {name: keras.Input((2,), name=name) for name in ("right", "left")}
        # Not symmetric, so that a swap would show.
        y = given_dense()(keras.layers.subtract([inputs["left"], inputs["right"]]))
        return keras.Model(inputs, y)

    features = {"right": X, "left": 2 * X}
    model = GraphRegularizationModel(config_of(), make)
    assert graph_loss_of(model, stars(**features)) == pytest.approx(GRAPH_LOSS)


KERAS_TRIES_TO_BUILD = pytest.mark.filterwarnings("ignore:.*unbuilt state:UserWarning")


@KERAS_TRIES_TO_BUILD
def test_a_missing_feature_is_named() -> None:
    model = GraphRegularizationModel(config_of(), two_inputs)
    with pytest.raises(KeyError, match=r"lack \['right'\].*\['left', 'more'\]"):
        model(stars(left=X, more=X))


def test_a_subclassed_node_model_gets_the_dict_and_nothing_of_the_graph() -> None:
    seen = []

    class Subclassed(keras.Model):
        def __init__(self) -> None:
            super().__init__()
            self.dense = given_dense()

        def call(self, inputs: Any, training: bool | None = None) -> Any:
            seen.append((type(inputs), sorted(inputs), training))
            return self.dense(inputs["x"])

    model = GraphRegularizationModel(config_of(), Subclassed)
    inputs = stars(x=X, age=np.zeros([5, 1]))
    model(inputs)
    seen.clear()
    model(inputs, training=True)
    assert seen == [(dict, ["age", "x"], True)]


def test_an_unbuilt_sequential_gets_the_one_feature() -> None:
    model = GraphRegularizationModel(config_of(), lambda: keras.Sequential([given_dense()]))
    assert graph_loss_of(model, stars(words=X)) == pytest.approx(GRAPH_LOSS)
    assert graph_loss_of(model, stars(words=X)) == pytest.approx(GRAPH_LOSS)


def test_outputs_of_rank_three() -> None:
    # The same numbers laid out as [5, 2, 1]; squared distances sum over all of a row.
    model = GraphRegularizationModel(
        config_of(), lambda: keras.Sequential([given_dense(), keras.layers.Reshape((2, 1))])
    )
    assert graph_loss_of(model, stars()) == pytest.approx(GRAPH_LOSS)
    assert model(stars()).shape == (2, 2, 1)


@pytest.mark.parametrize(
    ("node_model_fn", "message"),
    [
        (lambda: snt.Linear(2), "node_model_fn returned a Sonnet module, Linear"),
        (lambda: snt.nets.MLP([2]), "Sonnet module, MLP"),
        (keras.layers.Dense(2), "must be a function without arguments"),
        (lambda: lambda x: x, "must return a Keras layer or model; got function"),
        (lambda: None, "got NoneType"),
        (7, "must be a function without arguments"),
    ],
    ids=["sonnet", "sonnet_net", "instance", "function", "none", "number"],
)
def test_what_is_no_node_model(node_model_fn: Any, message: str) -> None:
    with pytest.raises(TypeError, match=message):
        GraphRegularizationModel(config_of(), node_model_fn)


def test_the_node_model_is_made_once() -> None:
    made = []

    def make() -> keras.Model:
        made.append(functional())
        return made[-1]

    model = GraphRegularizationModel(config_of(), make)
    model(stars())
    assert len(made) == 1 and model.node_model is made[0] and model.base_model is made[0]


# What is regularized.


def two_outputs() -> keras.Model:
    inputs = keras.Input((2,), name="x")
    return keras.Model(inputs, {"logits": given_dense()(inputs), "embedding": 2 * inputs})


def softmax(rows: np.ndarray) -> np.ndarray:
    return np.exp(rows) / np.exp(rows).sum(-1, keepdims=True)


def l2_loss(rows: np.ndarray) -> float:
    d = functools.partial(numpy_distance, "l2")
    return ((d(rows[0], rows[2]) + 3 * d(rows[1], rows[2])) / 4 + d(rows[3], rows[4])) / 2


@pytest.mark.parametrize(
    ("node_model_fn", "regularize", "expected"),
    [
        (functional, "logits", GRAPH_LOSS),
        (functional, "probabilities", l2_loss(softmax(Y))),
        (two_outputs, "logits", GRAPH_LOSS),
        (two_outputs, "probabilities", l2_loss(softmax(Y))),
        # Twice x: |2 x_0 - 2 x_2|^2 = 4, the same for x_1, and 32: (4 + 32) / 2.
        (two_outputs, "embedding", 18.0),
    ],
)
def test_what_is_regularized(node_model_fn: Any, regularize: str, expected: float) -> None:
    model = GraphRegularizationModel(config_of(), node_model_fn, regularize=regularize)
    assert graph_loss_of(model, stars()) == pytest.approx(expected)


@KERAS_TRIES_TO_BUILD
@pytest.mark.parametrize(
    ("node_model_fn", "regularize", "error", "message"),
    [
        (functional, "embedding", ValueError, "'embedding' must be 'logits' or 'probabilities'"),
        (two_outputs, "embeding", KeyError, r"'embeding'.*\['embedding', 'logits'\]"),
    ],
)
def test_an_unknown_output(node_model_fn: Any, regularize: str, error: Any, message: str) -> None:
    with pytest.raises(error, match=message):
        GraphRegularizationModel(config_of(), node_model_fn, regularize=regularize)(stars())


def test_regularize_must_be_a_string() -> None:
    with pytest.raises(TypeError, match="regularize must be a string"):
        GraphRegularizationModel(config_of(), functional, regularize=None)  # type: ignore


@pytest.mark.parametrize("labels_are_named", [True, False])
def test_a_dict_of_outputs_trains_on_one_of_them(labels_are_named: bool) -> None:
    model = GraphRegularizationModel(config_of(), two_outputs, regularize="embedding")
    model.compile(
        keras.optimizers.SGD(0.0),
        loss={"logits": "mse"},
        metrics={"logits": ["mae"]},
        run_eagerly=True,
    )
    labels: Any = np.zeros([2, 2], np.float32)
    labels = {"logits": labels} if labels_are_named else labels
    dataset = tf.data.Dataset.from_tensors((stars(), labels))
    history = model.fit(dataset, verbose=0).history
    assert history["logits_mae"] == [pytest.approx(13 / 4)]
    assert history["supervised_loss"] == [pytest.approx(14.25)]
    assert history["graph_loss"] == [pytest.approx(18.0)]
    assert history["loss"] == [pytest.approx(14.25 + 9.0)]
    predictions = model.predict(dataset, verbose=0)
    np.testing.assert_allclose(predictions["logits"], Y[[2, 4]])
    np.testing.assert_allclose(predictions["embedding"], 2 * X[[2, 4]])


# Features alone.


@pytest.mark.parametrize("kind", ["numpy", "tensor", "dict", "dict_of_tensors", "dataset"])
def test_features_alone_give_what_the_node_model_gives(kind: str) -> None:
    labels = np.ones([5, 2], np.float32)
    x: Any = {
        "numpy": X,
        "tensor": tf.constant(X),
        "dict": {"x": X},
        "dict_of_tensors": {"x": tf.constant(X)},
        "dataset": {"x": X},
    }[kind]
    data: dict[str, Any] = {"x": x, "y": labels, "batch_size": 2}
    if kind == "dataset":
        data = {"x": tf.data.Dataset.from_tensor_slices((x, labels)).batch(2)}
    node_model = functional()
    model = GraphRegularizationModel(config_of(), lambda: node_model)
    for compiled in (model, node_model):
        compiled.compile(keras.optimizers.SGD(0.0), "mse", metrics=["mae"], run_eagerly=True)

    unlabeled = {key: value for key, value in data.items() if key != "y"}
    np.testing.assert_allclose(model.predict(**unlabeled, verbose=0), Y)
    results = model.evaluate(**data, return_dict=True, verbose=0)
    alone = node_model.evaluate(X, labels, return_dict=True, verbose=0)
    assert results["loss"] == results["supervised_loss"] == pytest.approx(alone["loss"])
    assert results["mae"] == pytest.approx(alone["mae"])
    assert results["graph_loss"] == results["scaled_graph_loss"] == 0.0
    history = model.fit(**data, verbose=0).history
    assert history["loss"] == [pytest.approx(alone["loss"])]


def test_trained_with_the_graph_validated_without() -> None:
    model = GraphRegularizationModel(config_of(), functional)
    model.compile(keras.optimizers.SGD(0.0), "mse", run_eagerly=True)
    dataset = tf.data.Dataset.from_tensors((stars(), np.zeros([2, 2], np.float32)))
    history = model.fit(
        dataset, validation_data=(X, np.zeros([5, 2], np.float32)), epochs=2, verbose=0
    ).history
    assert history["graph_loss"] == [pytest.approx(GRAPH_LOSS)] * 2
    assert history["val_loss"] == [pytest.approx(np.mean(Y**2))] * 2
    assert history["val_graph_loss"] == [0.0] * 2


def test_the_graph_loss_alone_trains() -> None:
    model = GraphRegularizationModel(config_of(), functional)
    model.compile(keras.optimizers.SGD(0.001), run_eagerly=True)
    history = model.fit(tf.data.Dataset.from_tensors(stars()).repeat(3), verbose=0).history
    assert history["loss"] == [pytest.approx(history["scaled_graph_loss"][0])]
    assert 0 < history["graph_loss"][0] < GRAPH_LOSS


# Agreement.


@keras.saving.register_keras_serializable(package="test_graph_regularization")
class ConstantAgreement(keras.layers.Layer):
    """Trusts every edge as much, or as the first feature of the sender says."""

    def __init__(self, value: float | None = None, rank: int = 1, **kwargs: Any):
        super().__init__(**kwargs)
        self.value, self.rank = value, rank

    def call(self, pair: Any) -> Any:
        senders, receivers = pair
        first = senders["trust"] if isinstance(senders, dict) else senders[:, 0]
        agreement = tf.ones_like(first) * self.value if self.value is not None else first
        return agreement if self.rank == 1 else agreement[:, tf.newaxis]

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "value": self.value, "rank": self.rank}


@pytest.mark.parametrize("rank", [1, 2])
@pytest.mark.parametrize(
    ("value", "expected"), [(0.5, GRAPH_LOSS / 2), (1.0, GRAPH_LOSS), (0.0, 0.0)]
)
def test_a_constant_agreement(value: float, expected: float, rank: int) -> None:
    # The loss is normalized by the weights alone: edges trusted half pull half as much.
    model = GraphRegularizationModel(
        config_of(), functional, agreement_model=ConstantAgreement(value, rank)
    )
    assert graph_loss_of(model, stars()) == pytest.approx(expected)


@pytest.mark.parametrize("rank", [1, 2])
def test_agreement_removes_an_edge(rank: int) -> None:
    # Trust is the first feature of the sender: x_0 = 1, x_1 = 0, x_3 = 2. The edge 1 -> 2 goes:
    # 1 * 1 * 10 / 4 = 2.5, and 2 * 2 * 52 / 2 = 104; their mean is 53.25.
    agreement = ConstantAgreement(None, rank)
    model = GraphRegularizationModel(config_of(), functional, agreement_model=agreement)
    assert graph_loss_of(model, stars()) == pytest.approx(53.25)


def test_agreement_multiplies_distances_and_sees_several_features() -> None:
    # Trust 0.5 and 0.25: (1 * 0.5 * 10 + 3 * 0.25 * 5) / 4 = 2.1875 for the first star. With 0
    # the second has nothing that pulls, and counts all the same: (2.1875 + 0) / 2.
    trust = np.array([0.5, 0.25, 9, 0, 9], np.float32)
    model = GraphRegularizationModel(config_of(), functional, agreement_model=ConstantAgreement())
    assert graph_loss_of(model, stars(x=X, trust=trust)) == pytest.approx(1.09375)


class DotAgreement(keras.layers.Layer):
    """Sigmoid of a weighted product of the two ends, with dropout that must stay off."""

    def __init__(self, **kwargs: Any):
        super().__init__(**kwargs)
        self.dense = keras.layers.Dense(
            1, kernel_initializer="ones", kernel_regularizer=keras.regularizers.L2(1.0)
        )
        self.dropout = keras.layers.Dropout(0.9)

    def build(self, input_shape: Any) -> None:
        self.dense.build(input_shape[0])

    def call(self, pair: Any, training: bool | None = None) -> Any:
        return tf.sigmoid(self.dense(self.dropout(pair[0] * pair[1], training=training)))


def test_the_graph_loss_does_not_train_the_agreement_model() -> None:
    agreement = DotAgreement()
    model = GraphRegularizationModel(config_of(), functional, agreement_model=agreement)
    model.compile(keras.optimizers.SGD(0.01), "mse", run_eagerly=True)
    dataset = tf.data.Dataset.from_tensors((stars(), np.zeros([2, 2], np.float32)))
    history = model.fit(dataset, epochs=2, verbose=0).history
    assert history["graph_loss"][1] < history["graph_loss"][0]
    # Nor does its own regularizer, which is no part of this model's loss.
    np.testing.assert_array_equal(agreement.dense.kernel, [[1.0], [1.0]])
    assert history["supervised_loss"][0] == pytest.approx(14.25)


def test_the_agreement_model_is_called_without_training() -> None:
    # Sigmoids of x_0 . x_2 = 1, x_1 . x_2 = 1, x_3 . x_4 = 0 times 6.25 and 52.
    model = GraphRegularizationModel(config_of(), functional, agreement_model=DotAgreement())
    model(stars(), training=True)
    expected = (6.25 / (1 + np.exp(-1)) + 52 / 2) / 2
    assert float(model.losses[0]) / 0.5 == pytest.approx(expected)


# Saving. What fails is said at once; what is there is left alone.


def test_it_comes_back_with_equal_losses(tmp_path: Path) -> None:
    model = GraphRegularizationModel(
        config_of("l1"), two_outputs, agreement_model=ConstantAgreement(), regularize="embedding"
    )
    loss = graph_loss_of(model, stars())
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    assert graph_loss_of(loaded, stars()) == loss
    np.testing.assert_array_equal(loaded(stars())["logits"], model(stars())["logits"])
    assert loaded.config == model.config and loaded.regularize == "embedding"


class Unregistered(keras.layers.Layer):
    def call(self, inputs: Any) -> Any:
        return 2 * inputs


@keras.saving.register_keras_serializable(package="test_graph_regularization")
class Forgetful(keras.Model):
    """A registered model that takes an argument and has no get_config."""

    def __init__(self, units: int = 3):
        super().__init__()
        self.dense = keras.layers.Dense(units)

    def call(self, inputs: Any) -> Any:
        return self.dense(inputs["x"])


def sequential_of(*layers: keras.layers.Layer) -> keras.Sequential:
    return keras.Sequential([keras.Input((2,), name="x"), *layers])


@pytest.mark.parametrize(
    ("node_model_fn", "message"),
    [
        (lambda: sequential_of(keras.layers.Lambda(lambda x: x, name="cast")), "Lambda.*'cast'"),
        (lambda: sequential_of(sequential_of(keras.layers.Lambda(tf.abs, name="in"))), "'in'"),
        (lambda: sequential_of(Unregistered()), "Unregistered"),
        (lambda: Forgetful(units=2), "Forgetful.*get_config"),
        (lambda: sequential_of(keras.layers.Dense(2, activation=lambda x: x)), "cannot save"),
    ],
    ids=["lambda", "nested_lambda", "unregistered", "no_get_config", "lambda_activation"],
)
def test_what_could_not_be_loaded_is_not_saved(
    tmp_path: Path, node_model_fn: Any, message: str
) -> None:
    model = GraphRegularizationModel(config_of(), node_model_fn)
    expected = model(stars())
    path = tmp_path / "model.keras"
    path.write_text("old")
    for _ in range(2):
        with pytest.raises(ValueError, match=message):
            model.save(path)
    assert path.read_text() == "old" and list(tmp_path.iterdir()) == [path]

    model.export(tmp_path / "served")
    served = tf.saved_model.load(str(tmp_path / "served")).signatures["serving_default"]
    np.testing.assert_allclose(served(x=X[[2, 4]])["outputs"], expected, rtol=1e-6)


def test_a_custom_object_scope_makes_a_class_known(tmp_path: Path) -> None:
    model = GraphRegularizationModel(config_of(), lambda: sequential_of(Unregistered()))
    model(stars())
    with keras.saving.custom_object_scope({"Unregistered": Unregistered}):
        model.save(tmp_path / "model.keras")
        loaded = keras.models.load_model(tmp_path / "model.keras")
    np.testing.assert_array_equal(loaded(X), 2 * X)


def test_the_agreement_model_is_checked_too(tmp_path: Path) -> None:
    model = GraphRegularizationModel(config_of(), functional, agreement_model=DotAgreement())
    model(stars())
    with pytest.raises(ValueError, match="DotAgreement.*agreement_model"):
        model.save(tmp_path / "model.keras")
    assert not list(tmp_path.iterdir())


def test_weights_of_an_agreement_model_come_back_after_a_call_without_a_graph(
    tmp_path: Path,
) -> None:
    def dense_agreement() -> keras.Model:
        pair = [keras.Input((2,)), keras.Input((2,))]
        product = keras.layers.Multiply()(pair)
        return keras.Model(pair, keras.layers.Dense(1, activation="sigmoid")(product))

    model = GraphRegularizationModel(config_of(), functional, agreement_model=dense_agreement())
    loss = graph_loss_of(model, stars())
    model.predict(X, verbose=0)
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    assert graph_loss_of(loaded, stars()) == loss
