"""The base of classifiers: a user's own subclass, its stages, features, embedding and errors."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

from gnn.data import full_batch
from gnn.graphs.batch.graphs_tuple import BatchGraph, edgeless
from gnn.layers import GCNConv, SGConv
from gnn.models import NodeClassifier
from gnn.models.classifiers.node_classifier import in_turn, on_nodes
from tests.models.small_batches import READ_OUT, SIZE, example, small_graph, with_random_weights


@keras.saving.register_keras_serializable(package="test")
class Residual(NodeClassifier):
    """A stack of a user: a dense layer, convolutions beside which the start is carried, a sum."""

    def __init__(self, *args: Any, depth: int = 2, **kwargs: Any):
        super().__init__(*args, **kwargs)
        self.depth = depth
        self.encoder = keras.layers.Dense(self.hidden_units[0], activation="tanh")
        self.convolutions = [GCNConv(self.hidden_units[0]) for _ in range(depth)]
        self.drop = keras.layers.Dropout(self.dropout_rate)
        self.logits = keras.layers.Dense(
            self.num_classes, kernel_regularizer=self.kernel_regularizer
        )
        self.seen: list[bool | None] = []

    def stages(self) -> list[Callable[[BatchGraph, bool | None], BatchGraph]]:
        def begin(graph: BatchGraph, training: bool | None) -> BatchGraph:
            self.seen.append(training)
            start = self.encoder(graph.nodes)
            return graph.replace(nodes=(start, start))

        def hop(convolution: GCNConv) -> Any:
            def stage(graph: BatchGraph, training: bool | None) -> BatchGraph:
                hidden, start = graph.nodes
                return graph.replace(nodes=(convolution(graph.replace(nodes=hidden)).nodes, start))

            return stage

        def add(graph: BatchGraph, training: bool | None) -> BatchGraph:
            return graph.replace(nodes=graph.nodes[0] + graph.nodes[1])

        last = in_turn(add, on_nodes(self.drop), on_nodes(self.logits))
        return [begin, *map(hop, self.convolutions), last]

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "depth": self.depth}


def test_stages_run_in_turn_on_any_nest() -> None:
    inputs, x, moved = example()
    model = with_random_weights(Residual(num_classes=3, hidden_units=5), inputs)
    kernel, bias = model.encoder.get_weights()
    start = hidden = np.tanh(x @ kernel + bias)
    for convolution in model.convolutions:
        hidden = moved @ hidden @ convolution.get_weights()[0]
    kernel, bias = model.logits.get_weights()
    logits = (hidden + start) @ kernel + bias
    np.testing.assert_allclose(model(inputs), logits[READ_OUT], rtol=1e-4, atol=1e-5)
    # Of a nest the embedding is the first part.
    np.testing.assert_allclose(model.embed(inputs), hidden[READ_OUT], rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("training", [True, False, None])
def test_stages_are_told_whether_it_is_training(training: bool | None) -> None:
    inputs, _, _ = example()
    model = Residual(num_classes=3, dropout_rate=0.5)
    outputs = model(inputs)
    model.seen.clear()
    again = model(inputs, training=training)
    # Keras tells a model that is called outright that it is not training.
    assert [bool(seen) for seen in model.seen] == [bool(training)]
    assert (np.abs(again - outputs).max() > 0) == bool(training)


def test_it_trains_saves_and_predicts(tmp_path: Path) -> None:
    data = full_batch(small_graph(), "some")
    model = Residual(num_classes=3, hidden_units=8, dropout_rate=0.1, kernel_regularizer="l2")
    model.compile(
        keras.optimizers.Adam(0.05), keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    )
    losses = model.fit(data, epochs=30, verbose=0).history["loss"]
    assert losses[-1] < losses[0] / 2
    model.save(tmp_path / "own.keras")
    loaded = keras.models.load_model(tmp_path / "own.keras")
    assert isinstance(loaded, Residual) and loaded.depth == 2
    np.testing.assert_array_equal(loaded.predict(data, verbose=0), model.predict(data, verbose=0))


def test_a_staged_layer_lends_its_stages() -> None:
    inputs, x, moved = example()

    class Lent(NodeClassifier):
        def __init__(self, **kwargs: Any):
            super().__init__(**kwargs)
            self.convolution = SGConv(self.num_classes, 2)

        def stages(self) -> Any:
            return self.convolution.stages_of_model()

    model = Lent(num_classes=3)
    outputs = model(inputs)
    kernel, bias = model.convolution.get_weights()
    expected = moved @ moved @ x @ kernel + bias
    np.testing.assert_allclose(outputs, expected[READ_OUT], rtol=1e-4, atol=1e-5)
    assert len(model.trainable_weights) == 2


class First(NodeClassifier):
    """One stage, that returns the encoded features as they are."""

    def stages(self) -> Any:
        return [lambda graph, training: graph]


@pytest.mark.parametrize("sparse", [(), ("a",), ("b",), ("a", "b")])
def test_several_features_stand_side_by_side_by_name(sparse: tuple[str, ...]) -> None:
    given = {"b": np.array([[1.0, 0.0], [2.0, 3.0]]), "a": np.array([[7], [0]]), "c": np.eye(2)}
    features: dict[str, Any] = {name: tf.constant(value) for name, value in given.items()}
    for name in sparse:
        features[name] = tf.sparse.from_dense(features[name])
    outputs = First(num_classes=5)({**features, **edgeless(2)})
    np.testing.assert_array_equal(outputs, [[7, 1, 0, 1, 0], [0, 2, 3, 0, 1]])
    assert outputs.dtype == tf.float32


def test_a_single_sparse_feature_stays_sparse() -> None:
    seen = []

    class Look(First):
        def stages(self) -> Any:
            def look(graph: BatchGraph, training: bool | None) -> BatchGraph:
                seen.append(graph.nodes)
                return graph.replace(nodes=tf.sparse.to_dense(graph.nodes))

            return [look]

    inputs = {"x": tf.sparse.from_dense([[0, 2], [0, 0]]), **edgeless(2)}
    model = Look(num_classes=2)
    np.testing.assert_array_equal(model(inputs), [[0, 2], [0, 0]])
    assert isinstance(seen[0], tf.SparseTensor) and seen[0].dtype == tf.float32
    # An embedding is dense, of the features too where there is nothing between.
    np.testing.assert_array_equal(model.embed(inputs), [[0, 2], [0, 0]])


def test_a_node_model_takes_the_features_by_name() -> None:
    def encoder() -> keras.Model:
        words = keras.Input([3], name="words")
        place = keras.Input([1], name="place")
        joined = keras.layers.Concatenate()([place, words])
        return keras.Model({"words": words, "place": place}, joined)

    inputs = {"words": tf.ones([2, 3]), "place": 5 * tf.ones([2, 1]), **edgeless(2)}
    outputs = First(num_classes=4, seq_length=99, node_model_fn=encoder)(inputs)
    np.testing.assert_array_equal(outputs, [[5, 1, 1, 1]] * 2)


def test_the_graph_loss_is_added_on_the_logits() -> None:
    data = full_batch(small_graph(), "some")
    losses = {}
    for multiplier in (None, 0.5):
        keras.utils.set_random_seed(1)
        config = None if multiplier is None else {"multiplier": multiplier}
        model = Residual(num_classes=3, config=config)
        loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
        model.compile("sgd", loss, run_eagerly=True)
        losses[multiplier] = model.evaluate(data, verbose=0, return_dict=True)
    added = losses[0.5]["loss"] - losses[None]["loss"]
    assert added == pytest.approx(0.5 * losses[0.5]["graph_loss"], rel=1e-4)
    assert losses[0.5]["supervised_loss"] == pytest.approx(losses[None]["loss"], rel=1e-5)


def test_functions_of_nodes_are_told_about_training_where_they_ask() -> None:
    graph = BatchGraph(
        nodes=tf.ones([SIZE, 2]), **{k: v for k, v in edgeless(SIZE).items() if k != "readout"}
    )
    told: list[Any] = []

    def asks(nodes: tf.Tensor, training: bool | None) -> tf.Tensor:
        told.append(training)
        return nodes + 1

    both = in_turn(on_nodes(asks), on_nodes(tf.square))
    np.testing.assert_array_equal(both(graph, True).nodes, 4 * np.ones([SIZE, 2]))
    assert told == [True]
    dropped = on_nodes(keras.layers.Dropout(0.5, seed=0))
    assert np.abs(dropped(graph, True).nodes - graph.nodes).max() > 0
    np.testing.assert_array_equal(dropped(graph, False).nodes, graph.nodes)


def test_without_stages_it_says_what_to_write() -> None:
    with pytest.raises(NotImplementedError, match=r"NodeClassifier must define stages\(\)"):
        NodeClassifier(num_classes=2)({"x": tf.ones([2, 1]), **edgeless(2)})


@pytest.mark.parametrize(
    ("features", "error", "message"),
    [
        ({"x": tf.ones([2])}, ValueError, r"'x' must have shape \[n_nodes, width\]"),
        ({"x": tf.ones([2, 3, 4])}, ValueError, r"'x' must have .* got \(2, 3, 4\)"),
        ({"x": tf.constant([["a"], ["b"]])}, TypeError, "'x' holds strings"),
        ({"x": tf.ones([2, 3])}, ValueError, "seq_length=4 .* they are 3 wide"),
        ({"x": tf.ones([2, 3]), "y": tf.ones([2, 2])}, ValueError, "they are 5 wide"),
    ],
)
def test_features_that_do_not_fit(
    features: dict[str, Any], error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        First(num_classes=2, seq_length=4)({**features, **edgeless(2)})


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({}, TypeError, r"num_classes must be an integer, got None"),
        ({"num_classes": 2.0}, TypeError, "num_classes must be an integer, got 2.0"),
        ({"num_classes": True}, TypeError, "num_classes must be an integer, got True"),
        ({"num_classes": 2, "hidden_units": (8, -1)}, ValueError, "hidden_units .* got -1"),
        ({"num_classes": 2, "dropout_rate": 1}, ValueError, r"dropout_rate .*\[0, 1\); got 1"),
        ({"num_classes": 2, "config": {"multiplyer": 1}}, Exception, "multiplyer"),
    ],
)
def test_arguments_out_of_range(
    arguments: dict[str, Any], error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        First(**arguments)


def test_an_unregistered_subclass_is_not_saved(tmp_path: Path) -> None:
    model = First(num_classes=2)
    model({"x": tf.ones([2, 2]), **edgeless(2)})
    with pytest.raises(ValueError, match="First.*is not registered"):
        model.save(tmp_path / "model.keras")
    assert list(tmp_path.iterdir()) == []
