"""Warnings of graph losses that do harm: by figures, and of models that were trained."""

from __future__ import annotations

import warnings
from typing import Any

import keras
import numpy as np
import pytest

import gnn
from gnn.configs import GraphRegConfig
from gnn.models.base.harm import harm_of_graph_loss, harm_to_model

HEALTHY = {"spread": [0.7], "neighbor_distance": [0.2], "random_distance": [1.0]}
OLD = GraphRegConfig(multiplier=3.0)


def test_nothing_is_said_of_what_is_well() -> None:
    assert harm_of_graph_loss(HEALTHY, OLD) is None
    assert harm_of_graph_loss({"loss": [1.0]}, OLD) is None
    collapsed = HEALTHY | {"spread": [0.0]}
    assert harm_of_graph_loss(collapsed, GraphRegConfig(multiplier=0.0)) is None
    assert harm_of_graph_loss(collapsed, OLD, of_classes=False) is None


def test_the_last_epoch_counts() -> None:
    assert harm_of_graph_loss(HEALTHY | {"spread": [0.0, 0.7]}, OLD) is None
    text = harm_of_graph_loss(HEALTHY | {"spread": [0.7, 0.012]}, OLD)
    assert text is not None and text.startswith("outputs have collapsed")
    assert "spread of 0.012" in text and "multiplier below 3, or 'auto'" in text
    assert "contrast=1" in text and "SessionGraphConfig" in text


def test_a_remedy_that_was_taken_is_not_given() -> None:
    collapsed = HEALTHY | {"spread": [0.01]}
    text = harm_of_graph_loss(collapsed, GraphRegConfig(multiplier=10.0, contrast=1.0))
    assert text is not None and "contrast=1, with" not in text
    text = harm_of_graph_loss(collapsed, GraphRegConfig(multiplier="auto"))
    assert text is not None
    assert "The graph loss of GraphRegConfig(multiplier='auto', contrast=0) outweighs" in text
    assert "Take contrast=1, with probabilities compared; or a fixed and small multiplier, " in text
    assert "such as 0.1; or prune" in text


def test_neighbors_as_far_apart_as_any() -> None:
    apart = HEALTHY | {"neighbor_distance": [0.96]}
    text = harm_of_graph_loss(apart, OLD)
    assert text is not None and text.startswith("the graph may do harm")
    assert "neighbors are 0.96 apart and random nodes 1," in text
    assert harm_of_graph_loss(HEALTHY | {"neighbor_distance": [0.9]}, OLD) is None
    text = harm_of_graph_loss(apart, GraphRegConfig(multiplier="auto", contrast=1.0))
    assert text is not None and text.startswith("the graph does not help")


# Two groups of 30 nodes, told apart by a feature; edges within the groups, or between them alone.
X = np.random.default_rng(0).normal(size=(60, 4)).astype(np.float32)
X[:, 0] += np.repeat([2.0, -2.0], 30)
LABELS = np.repeat([0, 1], 30)


def fitted(config: GraphRegConfig, across: bool = False, epochs: int = 120) -> list[str]:
    """What was warned of a training in one batch."""
    senders = np.arange(60)
    receivers = (senders + 30) % 60 if across else (senders + 1) % 30 + senders // 30 * 30
    graph = gnn.Graph.from_edges(
        senders, receivers, X, labels=LABELS, splits={"train": senders}, undirected=True
    )
    keras.utils.set_random_seed(0)
    model = gnn.GraphRegularizationModel(
        config, lambda: keras.layers.Dense(2), regularize="probabilities"
    )
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(keras.optimizers.Adam(0.05), loss)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        model.fit(gnn.data.full_batch(graph, "train"), epochs=epochs, verbose=0)
    assert all(each.category is gnn.GraphLossWarning for each in caught)
    assert all(each.filename == __file__ for each in caught)
    return [str(each.message) for each in caught]


@pytest.mark.parametrize(
    ("config", "across", "expected"),
    [
        ({"multiplier": 1.0}, False, None),
        ({"multiplier": "auto", "contrast": 1.0}, False, None),
        # Edges that join the classes, and a weight against which labels count nothing.
        ({"multiplier": 1000.0}, True, "outputs have collapsed"),
        ({"multiplier": 0.1}, True, "the graph may do harm"),
        ({"multiplier": "auto", "contrast": 1.0}, True, "the graph does not help"),
    ],
)
def test_trained(config: Any, across: bool, expected: str | None) -> None:
    told = fitted(GraphRegConfig(**config), across)
    assert len(told) == (expected is not None)
    assert expected is None or told[0].startswith(expected)


def test_nothing_is_said_of_few_steps() -> None:
    assert fitted(GraphRegConfig(multiplier=1000.0), across=True, epochs=20) == []


def test_edges_within_classes_are_well_with_labels_in_place_too() -> None:
    """Labels stand in for outputs: that these are unsure is no harm of edges of homophily 1."""
    nodes = np.arange(60)
    features = np.random.default_rng(0).normal(size=(60, 4)).astype(np.float32)
    graph = gnn.Graph.from_edges(
        nodes,
        (nodes + 1) % 30 + nodes // 30 * 30,
        features,
        labels=LABELS,
        splits={"train": nodes[::3]},
    )
    keras.utils.set_random_seed(0)
    model = gnn.GraphRegularizationModel(
        GraphRegConfig(multiplier=0.1),
        lambda: keras.layers.Dense(2),
        pair_weights=gnn.PairWeights(1.0, 1.0, 1.0),
    )
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(keras.optimizers.Adam(0.01), loss)
    data = gnn.data.full_batch(graph, "train", known_labels="train")
    history = model.fit(data, epochs=120, verbose=0).history  # A warning would be an error.
    assert history["neighbor_distance"][-1] < 0.95 * history["random_distance"][-1]


@pytest.mark.parametrize(
    ("history", "told"),
    [
        (HEALTHY, None),
        (HEALTHY | {"spread": [0.7, 0.03]}, "outputs have collapsed"),
        (HEALTHY | {"spread": [0.03, 0.7]}, None),
        (HEALTHY | {"neighbor_distance": [0.5, 1.2]}, "the graph may do harm"),
        ({"loss": [1.0]}, None),
    ],
)
@pytest.mark.parametrize("steps", [99, 100])
def test_of_a_model_after_enough_steps(history: Any, told: str | None, steps: int) -> None:
    model = gnn.GraphRegularizationModel(OLD, lambda: keras.layers.Dense(2))
    model.compile("sgd", keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    model.optimizer.iterations.assign(steps)
    found = harm_to_model(model, history)
    assert (found is not None) == (told is not None and steps == 100)
    assert found is None or found.startswith(told or "")


def test_numbers_have_no_spread() -> None:
    graph = gnn.Graph.from_edges([0], [1], X[:2], labels=[0.5, 1.5], splits={"train": [0, 1]})
    shown = {}
    for loss, regularize in (("mse", "logits"), ("mse", "probabilities")):
        model = gnn.GraphRegularizationModel(
            OLD, lambda: keras.layers.Dense(1), regularize=regularize
        )
        model.compile("sgd", loss, run_eagerly=True)
        history = model.fit(gnn.data.full_batch(graph, "train"), verbose=0).history
        shown[regularize] = {"neighbor_distance", "spread"} & set(history)
    assert shown == {
        "logits": {"neighbor_distance"},
        "probabilities": {"neighbor_distance", "spread"},
    }
