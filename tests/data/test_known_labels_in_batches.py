"""The key `known_labels`: the labels of one split, at the right nodes, in every kind of batch."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from gnn.data import clusters, full_batch, neighborhoods
from gnn.graphs.batch.graphs_tuple import edgeless, graph_from_inputs
from gnn.graphs.batch.padding import PaddingSizes
from gnn.graphs.graph import Graph

RNG = np.random.default_rng(11)
LABELS = RNG.integers(0, 4, 30)
TRAIN = np.arange(0, 30, 3)
GRAPH = Graph.from_edges(
    *RNG.integers(0, 30, (2, 90)),
    {"x": np.arange(30.0)[:, np.newaxis]},
    labels=LABELS,
    splits={"train": TRAIN, "test": np.arange(1, 30, 3)},
)
KNOWN = np.where(np.isin(np.arange(30), TRAIN), LABELS, -1)
PARTS = RNG.integers(0, 4, 30)

MAKERS: dict[str, Callable[..., tf.data.Dataset]] = {
    "full_batch": full_batch,
    "trees": lambda graph, split, **kwargs: neighborhoods(
        graph, split, batch_size=4, fanout=(2, 2), seed=0, unlabeled="rest", **kwargs
    ),
    "merged": lambda graph, split, **kwargs: neighborhoods(
        graph, split, batch_size=4, fanout=(2, 2), seed=0, merge=True, **kwargs
    ),
    "split": lambda graph, split, **kwargs: neighborhoods(
        graph,
        split,
        batch_size=4,
        fanout=2,
        seed=0,
        **{**kwargs, "padding": PaddingSizes(8, 8, 8, 4), "oversize": "split"},
    ),
    "clusters": lambda graph, split, **kwargs: clusters(
        graph, split, parts=PARTS, seed=0, **kwargs
    ),
}


@pytest.mark.parametrize("padding", [False, True])
@pytest.mark.parametrize("maker", MAKERS)
def test_every_node_has_its_own(maker: str, padding: bool) -> None:
    data = MAKERS[maker](GRAPH, "test", padding=padding, known_labels="train")
    assert data.element_spec[0]["known_labels"].dtype == tf.int32
    seen = set()
    for inputs, _ in data:
        nodes = inputs["x"].numpy()[:, 0].astype(int)
        expected = KNOWN[nodes]
        if "readout_mask" in inputs:
            component = np.repeat(np.arange(len(inputs["n_node"])), inputs["n_node"])
            expected = np.where(component == component[-1], -1, expected)
        known = inputs["known_labels"].numpy()
        np.testing.assert_array_equal(known, expected)
        seen |= set(known.tolist())
    assert -1 in seen and len(seen) > 1


@pytest.mark.parametrize("maker", MAKERS)
def test_only_where_asked_for_and_nothing_else_changes(maker: str) -> None:
    plain, known = (
        list(MAKERS[maker](GRAPH, "train", **arguments))
        for arguments in ({}, {"known_labels": "train"})
    )
    for (inputs, labels), (more, same) in zip(plain, known, strict=True):
        assert set(more) == {*inputs, "known_labels"}
        np.testing.assert_array_equal(labels, same)
        for key, value in inputs.items():
            np.testing.assert_array_equal(value, more[key])


@pytest.mark.parametrize("maker", MAKERS)
@pytest.mark.parametrize(
    ("change", "name", "error"),
    [({}, "dev", KeyError), ({"labels": None}, "train", TypeError)],
)
def test_what_cannot_be_known(
    maker: str, change: dict[str, Any], name: str, error: type[Exception]
) -> None:
    graph = dataclasses.replace(GRAPH, **change)
    with pytest.raises(error):
        MAKERS[maker](graph, "train", known_labels=name)


def test_the_graph_of_a_batch_keeps_them() -> None:
    inputs = {"x": tf.ones([2, 1]), **edgeless(2), "known_labels": tf.constant([1.0, -1.0])}
    graph = graph_from_inputs(inputs)
    assert set(graph.nodes) == {"x"}
    assert graph.known_labels is not None and graph.known_labels.dtype == tf.int32
    assert graph.replace(nodes=tf.zeros([2, 5])).known_labels is graph.known_labels
    assert graph_from_inputs({"x": tf.ones([2, 1]), **edgeless(2)}).known_labels is None


def test_agreement_stays_with_its_edges() -> None:
    graph = graph_from_inputs({"x": tf.ones([2, 1]), **edgeless(2)})
    graph.agreement = tf.zeros([0])
    assert graph.replace(nodes=tf.zeros([2, 5])).agreement is graph.agreement
    assert graph.replace(senders=tf.constant([0]), receivers=tf.constant([1])).agreement is None


def test_one_a_node() -> None:
    inputs = {"x": tf.ones([2, 1]), **edgeless(2), "known_labels": tf.constant([1])}
    with pytest.raises(tf.errors.InvalidArgumentError, match="known_labels must have an entry"):
        graph_from_inputs(inputs)
