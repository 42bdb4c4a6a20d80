"""Models whose steps look features up in a table give the numbers of those fed with features."""

from __future__ import annotations

import dataclasses
import gc
import weakref
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf
from scipy import sparse

import gnn
from gnn.data import neighborhoods
from gnn.data.by_id import form_of
from gnn.data.shared_tensors import shared_tensor
from gnn.graphs.graph import Graph
from gnn.layers import FeatureDense

RNG = np.random.default_rng(2)
WORDS = sparse.random(30, 8, 0.4, "csr", np.float32, random_state=1)
EDGES = RNG.integers(0, 30, (2, 90))
SPLITS = {"train": np.arange(0, 30, 2), "test": np.arange(1, 30, 2)}


def graph_of(features: Any, **fields: Any) -> Graph:
    return Graph.from_edges(
        *EDGES, {"words": features}, **{"labels": np.arange(30) % 3, "splits": SPLITS, **fields}
    )


SPARSE, DENSE = graph_of(WORDS), graph_of(WORDS.toarray())


class Losses(keras.callbacks.Callback):
    """The loss after each step."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: list[float] = []

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        self.seen.append(logs["loss"])


def model_of(graph: Graph, make: Any = gnn.GraphRegularizationModel) -> keras.Model:
    keras.utils.set_random_seed(4)

    def node_model() -> keras.Model:
        words = keras.Input((8,), sparse=sparse.issparse(graph.features["words"]), name="words")
        hidden = keras.layers.Dropout(0.5)(FeatureDense(5, activation="relu")(words))
        return keras.Model(words, keras.layers.Dense(3)(hidden))

    model = make(gnn.GraphRegConfig(multiplier=0.5), node_model)
    model.compile(
        keras.optimizers.Adam(0.01),
        keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        metrics=["accuracy"],
    )
    return model


def data_of(graph: Graph, split: str = "train", **kwargs: Any) -> tf.data.Dataset:
    given = {"batch_size": 3, "fanout": 2, "shuffle": split == "train", "seed": 6, **kwargs}
    return neighborhoods(graph, split, **given)


@pytest.mark.parametrize("graph", [DENSE, SPARSE], ids=["dense", "sparse"])
def test_fifty_steps_are_the_same_to_the_bit(graph: Graph) -> None:
    losses, weights = [], []
    for features in ("batches", "auto"):
        model, heard = model_of(graph), Losses()
        data = data_of(graph, features=features)
        model.fit(data, epochs=10, callbacks=[heard], verbose=0)
        losses.append(heard.seen)
        weights.append([weight.numpy().tolist() for weight in model.weights])
    assert len(losses[0]) == 50 and losses[0] == losses[1] and weights[0] == weights[1]


def test_judging_and_predicting_are_the_same() -> None:
    model, found = model_of(SPARSE), []
    for features in ("batches", "auto"):
        test = data_of(SPARSE, "test", features=features)
        found.append([model.evaluate(test, verbose=0), model.predict(test, verbose=0).tolist()])
    assert found[0] == found[1]


def test_several_steps_a_call_are_the_same_to_the_bit() -> None:
    found = []
    for features in ("batches", "auto"):
        model = model_of(SPARSE)
        history = model.fit(
            data_of(SPARSE, features=features),
            validation_data=data_of(SPARSE, "test", features=features),
            epochs=3,
            class_weight={0: 2.0, 1: 1.0, 2: 1.0},
            verbose=0,
        )
        assert history.params["steps"] == 5 and int(model.optimizer.iterations) == 15
        found.append((history.history, [weight.numpy().tolist() for weight in model.weights]))
    assert found[0] == found[1]


def test_hooks_of_a_lambda_are_called_for_each_batch() -> None:
    for hook in ("on_train_batch_begin", "on_train_batch_end"):
        heard: list[int] = []
        callback = keras.callbacks.LambdaCallback(
            **{hook: lambda batch, logs, heard=heard: heard.append(batch)}
        )
        model_of(DENSE).fit(data_of(DENSE), callbacks=[callback], verbose=0)
        assert heard == [0, 1, 2, 3, 4]


def test_without_labels_an_added_loss_alone_trains() -> None:
    graph, config, found = (
        graph_of(WORDS.toarray(), labels=None),
        gnn.GraphRegConfig(multiplier=0.5),
        [],
    )
    for features in ("batches", "auto"):
        keras.utils.set_random_seed(4)
        model = gnn.GraphRegularizationModel(config, lambda: keras.layers.Dense(3))
        model.compile("sgd")
        history = model.fit(data_of(graph, features=features), epochs=2, verbose=0).history
        found.append(history["loss"])
    assert found[0] == found[1] and found[0][0] > 0


def test_features_are_in_no_step() -> None:
    seen = []

    class Looks(gnn.GraphRegularizationModel):
        def graph_call(self, graph: Any, training: bool | None = None) -> Any:
            seen.append(graph.nodes["words"])
            return super().graph_call(graph, training)

    model = model_of(DENSE, Looks)
    model.fit(data_of(DENSE), verbose=0)
    # Gathered within the step from what it holds: no input of the step is as wide as a feature.
    assert seen[-1].op.type == "GatherV2"
    variables = model.count_params()
    assert variables == 8 * 5 + 5 + 5 * 3 + 3  # The table is no weight.


def test_a_step_of_the_users_own_sees_features() -> None:
    class OwnStep(gnn.GraphRegularizationModel):
        def train_step(self, data: Any) -> Any:
            inputs, _ = data
            assert inputs["words"].shape[1] == 8 and form_of(inputs) is None
            return super().train_step(data)

    history = model_of(DENSE, OwnStep).fit(data_of(DENSE), verbose=0)
    assert history.history["loss"] == model_of(DENSE).fit(data_of(DENSE), verbose=0).history["loss"]


def test_another_graph_has_its_own_features() -> None:
    other = graph_of(-WORDS.toarray())
    found = []
    for features in ("batches", "auto"):
        model = model_of(DENSE)
        for graph in (DENSE, other, DENSE):
            model.fit(data_of(graph, features=features), verbose=0)
        found.append([weight.numpy().tolist() for weight in model.weights])
    assert found[0] == found[1]


def test_tables_of_a_few_graphs_are_kept() -> None:
    model = model_of(DENSE)
    graphs = [graph_of(WORDS.toarray() * i) for i in range(5)]
    data = [data_of(graph, "test") for graph in graphs]
    for each in data:
        fed = model.tables.feed(model, "test", each)
        assert form_of(fed.element_spec[0]) is not None
    model.test_function = "traced"  # Of the two that are kept now.
    model.tables.feed(model, "test", data[-1])
    assert model.test_function == "traced"
    model.tables.feed(model, "test", data[0])
    assert model.test_function == "traced"
    model.tables.feed(model, "test", data[1])
    assert model.test_function is None


def test_a_model_that_is_let_go_of_leaves_no_table() -> None:
    def fitted() -> tuple[keras.Model, list[weakref.ref[Any]]]:
        graph = graph_of(WORDS.toarray())
        model, data, test = model_of(DENSE), data_of(graph), data_of(graph, "test")
        model.fit(data, validation_data=test, verbose=0)
        model.predict(test, verbose=0)
        shared = shared_tensor(graph.features["words"])
        return model, [weakref.ref(x) for x in (graph.features["words"], shared)]

    def alive_with_model() -> tuple[list[bool], list[weakref.ref[Any]]]:
        model, refs = fitted()
        gc.collect()
        assert model.built
        return [ref() is not None for ref in refs], refs

    alive, refs = alive_with_model()
    assert alive == [False, True]  # The table is the model's, and the array nobody's.
    gc.collect()
    assert [ref() for ref in refs] == [None] * 2


def test_padded_batches_compile() -> None:
    found = []
    for features in ("batches", "auto"):
        model = model_of(DENSE)
        model.compile("sgd", model.loss, jit_compile=True)
        data = data_of(DENSE, features=features, padding=True)
        found.append(model.fit(data, epochs=2, verbose=0).history["loss"])
    np.testing.assert_allclose(found[0], found[1], rtol=1e-6)


def test_labels_that_miss_and_known_labels_come_by_id_too() -> None:
    labels = np.where(np.arange(30) % 5 == 0, -1, np.arange(30) % 3)
    graph = dataclasses.replace(DENSE, labels=labels)
    weights = gnn.PairWeights(labeled_labeled=1.0, labeled_unlabeled=0.5, unlabeled_unlabeled=0.1)
    found = []
    for features in ("batches", "auto"):
        model = model_of(
            graph,
            lambda config, maker: gnn.GraphRegularizationModel(config, maker, pair_weights=weights),
        )
        data = data_of(graph, features=features, known_labels="train", merge=True)
        found.append(model.fit(data, epochs=2, verbose=0).history)
    assert found[0] == found[1]


def test_data_of_any_number_of_batches_are_evaluated_by_one_trace() -> None:
    model = model_of(DENSE)
    traced = []
    for batch_size in (4, 15, 7):  # 4, 1 and 3 batches.
        data = neighborhoods(DENSE, "test", batch_size=batch_size, fanout=3)
        model.evaluate(data, verbose=0)
        traced.append(model.test_function)
    assert traced[1:] == traced[:1] * 2
