"""Batches of pairs of labeled nodes: half agree, anew each epoch, of the split alone."""

from __future__ import annotations

import dataclasses
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf
from scipy import sparse

from gnn.data.node_pairs import labeled_pairs
from gnn.graphs.graph import Graph
from gnn.graphs.known_labels import known_labels
from gnn.graphs.label_pairs import labeled_edges

RNG = np.random.default_rng(7)
LABELS = RNG.integers(0, 3, 40)
SPLITS = {"train": np.arange(25), "test": np.arange(25, 40)}
GRAPH = Graph.from_edges(
    *RNG.integers(0, 40, (2, 150)), {"x": np.eye(40)}, labels=LABELS, splits=SPLITS
)
EDGES = labeled_edges(GRAPH, known_labels(GRAPH))


def read(data: tf.data.Dataset) -> list[list[tuple[int, int, int]]]:
    """Each batch's pairs, with their agreement; the features are one-hot numbers of nodes."""
    batches = []
    for (senders, receivers), agreement in data:
        ends = [np.argmax(side, axis=1) for side in (senders, receivers)]
        assert agreement.shape == (len(ends[0]), 1) and agreement.dtype == tf.float32
        values = agreement.numpy().ravel().astype(int)
        batches.append(list(zip(*(end.tolist() for end in ends), values.tolist(), strict=True)))
    return batches


@pytest.mark.parametrize("use_edges", [True, False])
def test_batches_are_half_and_half_and_true(use_edges: bool) -> None:
    data = labeled_pairs(GRAPH, batch_size=9, use_edges=use_edges)
    batches = read(data)
    assert len(batches) == int(data.cardinality())
    for batch in batches:
        assert len(batch) <= 8
        assert sum(agree for *_, agree in batch) == len(batch) / 2
        for sender, receiver, agree in batch:
            assert max(sender, receiver) < 25  # Of the split.
            assert (LABELS[sender] == LABELS[receiver]) == agree
    pairs = [pair for batch in batches for pair in batch]
    if use_edges:
        agreeing = sorted(pair[:2] for pair in pairs if pair[2])
        assert agreeing == sorted(map(tuple, EDGES.agree.tolist()))
    else:
        assert len(pairs) == 2 * 25


def test_epochs_differ_and_seeds_repeat_them() -> None:
    data, again = labeled_pairs(GRAPH, seed=3), labeled_pairs(GRAPH, seed=3)
    epochs = [read(data) for _ in range(3)]
    assert [read(again) for _ in range(3)] == epochs
    assert epochs[0] != epochs[1] != epochs[2]
    assert read(labeled_pairs(GRAPH, seed=3, first_epoch=2)) == epochs[2]


def test_num_pairs() -> None:
    assert sum(map(len, read(labeled_pairs(GRAPH, num_pairs=11, use_edges=False)))) == 10
    assert sum(map(len, read(labeled_pairs(GRAPH, num_pairs=300)))) == 300


def test_validation_share_of_the_edges() -> None:
    training, validation = labeled_pairs(GRAPH, validation_split=0.3, subset="both")
    held_out = [pair[:2] for batch in read(validation) for pair in batch]
    assert held_out and read(validation) == read(validation)
    trained = {tuple(sorted(pair[:2])) for batch in read(training) for pair in batch}
    assert not trained & {tuple(sorted(pair)) for pair in held_out}
    alone = labeled_pairs(GRAPH, validation_split=0.3, subset="validation")
    assert read(alone) == read(validation)


@pytest.mark.parametrize("use_edges", [True, False])
def test_validation_of_random_pairs(use_edges: bool) -> None:
    training, validation = labeled_pairs(
        GRAPH, batch_size=8, validation_split=30, subset="both", use_edges=use_edges
    )
    held_out = [pair for batch in read(validation) for pair in batch]
    assert len(held_out) == 30 and sum(agree for *_, agree in held_out) == 15
    assert [len(batch) for batch in read(validation)] == [8, 8, 8, 6]
    for sender, receiver, agree in held_out:
        assert (LABELS[sender] == LABELS[receiver]) == agree
    trained = {node for _ in range(5) for batch in read(training) for p in batch for node in p[:2]}
    assert all(set(pair[:2]) - trained for pair in held_out)


def test_sparse_and_several_features() -> None:
    features: Any = {"x": sparse.csr_array(np.eye(40)), "y": np.arange(40.0)[:, np.newaxis]}
    graph = dataclasses.replace(GRAPH, features=features)
    for (senders, receivers), agreement in labeled_pairs(graph):
        for side in (senders, receivers):
            assert isinstance(side["x"], tf.SparseTensor) and side["x"].shape[1] == 40
            dense = tf.sparse.to_dense(side["x"])
            np.testing.assert_array_equal(np.argmax(dense, axis=1), side["y"][:, 0])
        assert len(agreement) == senders["y"].shape[0]
    alone = dataclasses.replace(GRAPH, features={"x": features["x"]})
    (senders, _), _ = next(iter(labeled_pairs(alone)))
    assert isinstance(senders, tf.SparseTensor)


def test_a_keras_model_learns_them() -> None:
    features = np.eye(3)[LABELS] + 0.1 * RNG.normal(size=(40, 3))
    graph = dataclasses.replace(GRAPH, features={"x": features})
    ends = [keras.Input((3,)) for _ in range(2)]
    apart = keras.ops.square(ends[0] - ends[1])
    model = keras.Model(ends, keras.layers.Dense(1, "sigmoid")(apart))
    model.compile(keras.optimizers.Adam(0.3), "binary_crossentropy", metrics=["accuracy"])
    training, validation = labeled_pairs(graph, validation_split=40, subset="both")
    history = model.fit(
        training, validation_data=validation, epochs=10, verbose=0, shuffle=False
    ).history
    assert history["val_accuracy"][-1] > 0.95


def test_labels_outside_the_split_are_not_looked_at() -> None:
    other = dataclasses.replace(GRAPH, labels=np.r_[LABELS[:25], np.roll(LABELS[25:], 3)])
    for arguments in ({}, {"use_edges": False}, {"validation_split": 20, "subset": "validation"}):
        assert read(labeled_pairs(GRAPH, **arguments)) == read(labeled_pairs(other, **arguments))


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"subset": "all"}, ValueError, "subset must be one of.*got 'all'"),
        ({"batch_size": 1}, ValueError, "batch_size must be at least 2, got 1"),
        ({"validation_split": 1.5}, ValueError, "validation_split must be a share"),
        ({"validation_split": 0.1, "use_edges": False}, ValueError, "must be an integer"),
        ({"validation_split": "0.1"}, TypeError, "validation_split must be a number"),
        ({"validation_split": 0.001, "subset": "both"}, ValueError, "too few labeled edges"),
        ({"validation_split": 1, "subset": "both"}, ValueError, "an integer must be at least 2"),
        ({"split": "dev"}, KeyError, "unknown split 'dev'"),
    ],
)
def test_arguments_out_of_range(
    arguments: dict[str, Any], error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        labeled_pairs(GRAPH, **arguments)


def test_no_edge_that_agrees() -> None:
    graph = Graph.from_edges([0], [1], np.eye(2), labels=[0, 1], splits={"train": [0, 1]})
    with pytest.raises(ValueError, match="an edge of equal labels.*use_edges=False"):
        labeled_pairs(graph)
    with pytest.raises(ValueError, match="two nodes of equal labels"):
        labeled_pairs(graph, use_edges=False)


def test_no_node_that_could_be_held_out() -> None:
    graph = Graph.from_edges([0], [1], np.eye(4), labels=[0, 0, 1, 1], splits={"train": range(4)})
    with pytest.raises(ValueError, match="has no class of three labeled nodes"):
        labeled_pairs(graph, validation_split=4, subset="both")
