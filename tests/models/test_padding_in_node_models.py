"""Users' layers see no padding: a padded batch trains them as the batch does as it is."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

from gnn.configs import GraphRegConfig, VatRegConfig
from gnn.data import distribute, full_batch
from gnn.graphs import Graph, PaddingSizes
from gnn.layers import GINConv, MessagePassing
from gnn.layers.real_rows import check_takes_padding
from gnn.models import (
    AdversarialRegularizationModel,
    AgreementModel,
    GraphClassifier,
    GraphConvolutionalNodeClassifier,
    GraphRegularizationModel,
    JointClassifier,
    NodeGraphModel,
)
from tests.conformance.user_models import LayerHost

NODES = 6
SIZES = PaddingSizes(n_node=2 * NODES, n_edge=17, n_graph=3, n_row=9)
L2 = GraphRegConfig(multiplier=0.3)
layers = keras.layers


def graph_of(**features: Any) -> Graph:
    return Graph.from_edges(
        [0, 1, 2, 3, 4],
        [1, 2, 3, 4, 5],
        features,
        labels=[0, 1, 0, 1, 1, 0],
        splits={"train": range(NODES)},
        undirected=True,
    )


NUMBERS = graph_of(x=np.random.default_rng(0).uniform(1.0, 5.0, (NODES, 3)).astype(np.float32))
TOKENS = np.array([[3, 0, 0], [1, 2, 0], [4, 4, 1], [2, 0, 0], [1, 0, 0], [4, 3, 2]])


class AcrossRows(layers.Layer):
    """Divides by the sum of all rows, of all that Keras' mask has where there is one."""

    def call(self, rows: Any, mask: Any = None) -> Any:
        counted = rows if mask is None else tf.where(mask[:, tf.newaxis], rows, 0.0)
        return rows / tf.reduce_sum(counted, axis=0)


def normalized() -> keras.Model:
    """Of a momentum that shows: half of the moving average is the batch's."""
    return keras.Sequential(
        [layers.Dense(4, "tanh"), layers.BatchNormalization(momentum=0.5), layers.Dense(2)]
    )


def logarithm() -> keras.Model:
    x = keras.Input((3,))
    return keras.Model(x, layers.Dense(2)(keras.ops.log(x)))


def across_rows() -> keras.Model:
    return keras.Sequential([AcrossRows(), layers.Dense(2, activity_regularizer="l2")])


def pooled_text() -> keras.Model:
    return keras.Sequential(
        [layers.Embedding(5, 4, mask_zero=True), layers.GlobalAveragePooling1D(), layers.Dense(2)]
    )


def pooled_and_normalized() -> keras.Model:
    return keras.Sequential([*pooled_text().layers, layers.BatchNormalization()])


class HoldsNormalization(layers.Layer):
    """Of a layer that calls others by itself it is not known what it hands on."""

    def __init__(self) -> None:
        super().__init__()
        self.norm = layers.BatchNormalization()

    def call(self, rows: Any) -> Any:
        return self.norm(rows)


def gcn(**arguments: Any) -> NodeGraphModel:
    return GraphConvolutionalNodeClassifier(num_classes=2, dropout_rate=0.0, **arguments)


def messages() -> MessagePassing:
    return MessagePassing(
        lambda: keras.Sequential([layers.Dense(3), layers.BatchNormalization()]),
        lambda: keras.Sequential([layers.BatchNormalization(), layers.Dense(3)]),
    )


def stack(units: int) -> list[Any]:
    return [layers.Dense(units), layers.BatchNormalization(), GINConv(mlp_fn=normalized)]


def compiled(make: Callable[[], keras.Model], **arguments: Any) -> keras.Model:
    keras.utils.set_random_seed(3)
    model = make()
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(keras.optimizers.SGD(0.1), loss, **arguments)
    return model


def batch_of(graph: Graph, padding: Any = False) -> Any:
    return next(iter(full_batch(graph, "train", padding=padding)))


def trained(make: Callable[[], keras.Model], batch: Any, **arguments: Any) -> dict[str, Any]:
    model = compiled(make, **{"run_eagerly": True, **arguments})
    model(batch[0])
    logs = model.train_on_batch(*batch, return_dict=True)
    return {**logs, **{variable.path: variable.numpy() for variable in model.weights}}


def assert_same(found: dict[str, Any], expected: dict[str, Any], tolerance: float = 1e-5) -> None:
    assert len(found) == len(expected)
    for (name, value), other in zip(found.items(), expected.values(), strict=True):
        assert np.isfinite(value).all(), name
        np.testing.assert_allclose(value, other, rtol=tolerance, atol=tolerance, err_msg=name)


@pytest.mark.parametrize(
    "make",
    [
        lambda: GraphRegularizationModel(L2, normalized),
        lambda: GraphRegularizationModel(
            L2, across_rows, AgreementModel(encoder=keras.Sequential([AcrossRows()]))
        ),
        lambda: AdversarialRegularizationModel(
            normalized, virtual_config=VatRegConfig(0.1), graph_config=L2, seed=1
        ),
        lambda: AdversarialRegularizationModel(logarithm, {"multiplier": 0.2}, seed=1),
        lambda: gcn(node_model_fn=normalized, config=L2),
        lambda: JointClassifier([gcn(node_model_fn=logarithm), across_rows()]),
        lambda: GraphClassifier(2, 4, stack, dropout_rate=0.0, node_model_fn=normalized),
        lambda: LayerHost([messages()]),
    ],
    ids=["mlp", "judge", "virtual", "adversarial", "gcn", "joint", "of_graphs", "messages"],
)
def test_a_padded_batch_trains_alike(make: Callable[[], keras.Model]) -> None:
    assert_same(trained(make, batch_of(NUMBERS, SIZES)), trained(make, batch_of(NUMBERS)))


def test_the_moving_mean_of_real_rows() -> None:
    # Means 2 and 20; the average starts from 0 and moves half way. With zeros: 0.5 and 5.
    rows = np.array([[1.0, 10.0], [2.0, 20.0], [3.0, 30.0]] * 2, np.float32)
    norm = layers.BatchNormalization(momentum=0.5)
    make = lambda: GraphRegularizationModel(L2, lambda: norm)  # noqa: E731
    trained(make, batch_of(graph_of(x=rows), SIZES))
    np.testing.assert_allclose(norm.moving_mean, [1.0, 10.0], rtol=1e-6)


def test_masked_text_and_sparse_rows() -> None:
    for graph, make in ((graph_of(x=TOKENS), pooled_text), (graph_of(x=TOKENS * 1.0), normalized)):
        wrapped = lambda make=make: GraphRegularizationModel(L2, make)  # noqa: E731
        expected = trained(wrapped, batch_of(graph))
        inputs, labels = batch_of(graph, SIZES)
        assert_same(trained(wrapped, (inputs, labels)), expected)
        if make is normalized:
            inputs = {**inputs, "x": tf.sparse.from_dense(inputs["x"])}
            assert_same(trained(wrapped, (inputs, labels)), expected)


def test_under_xla_with_a_mask() -> None:
    # In half precision too, where Keras casts what it calls layers on; float32 is in the registry.
    keras.config.set_dtype_policy("mixed_float16")
    # A layer that honors masks, batch normalization behind it, and two inputs, side by side.
    graph = graph_of(x=NUMBERS.features["x"], y=NUMBERS.features["x"][:, :2])

    def node_model() -> keras.Model:
        x, y = keras.Input((3,), name="x"), keras.Input((2,), name="y")
        parts = [layers.BatchNormalization(momentum=0.5)(layers.Dense(4)(x)), AcrossRows()(y)]
        return keras.Model([x, y], layers.Dense(2)(layers.Concatenate()(parts)))

    def make() -> keras.Model:
        model = GraphRegularizationModel(L2, node_model)
        for layer in model._flatten_layers():
            if isinstance(layer, AcrossRows):
                layer.supports_masking = True
        return model

    compiled_step = {"run_eagerly": False, "jit_compile": True}
    found = trained(make, batch_of(graph, SIZES), **compiled_step)
    assert_same(found, trained(make, batch_of(graph)), tolerance=5e-3)


def of_rows(function: Callable[[Any], Any]) -> keras.Model:
    x = keras.Input((3,))
    return keras.Model(x, function(x))


def test_what_xla_gets_right_is_not_refused() -> None:
    for function in (
        lambda x: x / keras.ops.sum(x, axis=-1, keepdims=True),
        lambda x: x / keras.ops.max(x),
        layers.Softmax(),
    ):
        check_takes_padding(of_rows(function), training=True)


@pytest.mark.parametrize(
    ("make", "named"),
    [
        (lambda: layers.Dense(2, activity_regularizer="l2"), "'dense.*has an activity_regularizer"),
        (lambda: layers.Softmax(axis=0), "'softmax.*works along axis 0"),
        (
            lambda: of_rows(lambda x: x / keras.ops.sum(x, axis=0)),
            r"'sum.*\(Sum\) works along axis 0",
        ),
        (lambda: of_rows(lambda x: x - keras.ops.mean(x)), r"'mean.*\(Mean\) works along axis 0"),
        (lambda: of_rows(lambda x: keras.ops.softmax(x, axis=-2)), r"'softmax.*works along axis 0"),
        (lambda: layers.LSTM(2, stateful=True), "'lstm.*is stateful"),
        (
            lambda: keras.Sequential([layers.Reshape((3,)), layers.BatchNormalization()]),
            r"'reshape.*\(Reshape\) stands beside a BatchNormalization",
        ),
        (pooled_and_normalized, "'embedding.*stands beside"),
        (lambda: HoldsNormalization(), "'holds_normalization.*has no argument `mask`"),
    ],
)
def test_what_xla_would_get_wrong_is_refused(make: Callable[[], Any], named: str) -> None:
    with pytest.raises(ValueError, match=f"the layer {named}.*compile without jit_compile"):
        check_takes_padding(make(), training=True)


def test_a_model_with_such_a_layer_is_refused() -> None:
    def make() -> keras.Model:
        return GraphRegularizationModel(L2, lambda: layers.Dense(2, activity_regularizer="l2"))

    model = compiled(make, jit_compile=True)
    with pytest.raises(ValueError, match="has an activity_regularizer"):
        model.fit(full_batch(NUMBERS, "train", padding=SIZES), verbose=0)


def test_a_replica_of_padding_alone_changes_nothing(two_devices: tf.distribute.Strategy) -> None:
    # One batch for two replicas: the second gets padding. Only the first has statistics.
    with two_devices.scope():
        model = compiled(lambda: GraphRegularizationModel(L2, normalized))
    data = distribute(two_devices, lambda _: full_batch(NUMBERS, "train", padding=SIZES))
    model.fit(data, verbose=0)
    found = {variable.path: variable for variable in model.weights}
    expected = trained(lambda: GraphRegularizationModel(L2, normalized), batch_of(NUMBERS))
    norms = [layer for layer in model._flatten_layers() if hasattr(layer, "moving_mean")]
    for variable in (norms[0].moving_mean, norms[0].moving_variance):
        parts = two_devices.experimental_local_results(variable.value)
        assert np.isfinite([part.numpy() for part in parts]).all()
    kernels = [value for path, value in expected.items() if path.endswith("kernel")]
    mine = [value for path, value in found.items() if path.endswith("kernel")]
    for one, other in zip(mine, kernels, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-4, atol=1e-5)
