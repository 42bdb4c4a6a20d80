"""Warnings of graph losses that do harm: by figures, and of models that were trained."""

from __future__ import annotations

import warnings
from typing import Any

import keras
import numpy as np
import pytest

import gnn
from gnn.configs import GraphRegConfig
from gnn.models.base.collapse import harm_of_graph_loss

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
    assert text is not None and "contrast" not in text


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
