"""GNNExplainer: its objective, and what was planted is found."""

from __future__ import annotations

from typing import Any

import keras
import networkx
import numpy as np
import pytest
import tensorflow as tf
from scipy import sparse
from sklearn.metrics import roc_auc_score

import gnn
from gnn.explain import gnn_explainer, integrated_gradients
from gnn.explain.gnn_explainer import _entropy
from gnn.graphs.batch.graphs_tuple import adjacency_of, graph_from_inputs
from gnn.graphs.graph import Graph


def one_neighbor(is_sparse: bool = False) -> Graph:
    """Into node 0: five edges, of which that from 4 alone brings column 3."""
    x = np.random.default_rng(0).random((8, 6))
    x[:, 3] = 0
    x[4, 3] = 1
    features = {"x": sparse.csr_array(x) if is_sparse else x}
    return Graph.from_edges([1, 2, 3, 4, 5, 4, 6], [0, 0, 0, 0, 0, 1, 7], features)


def detector(inputs: Any, training: bool) -> tf.Tensor:
    """Class 1 where column 3 comes in; the other columns add a little of either class."""
    graph = graph_from_inputs(inputs)
    x = graph.nodes["x"]
    x = tf.sparse.to_dense(x) if isinstance(x, tf.SparseTensor) else x
    kernel = tf.constant([[0.1, 0], [0, 0.1], [0.1, 0.1], [-4, 4], [0, 0.1], [0.1, 0]])
    received = gnn.ops.propagate(tf.matmul(x, kernel), adjacency_of(graph))
    return tf.gather(received, graph.readout)


@pytest.mark.parametrize("is_sparse", [False, True])
def test_a_neighbor_of_a_kind_is_found(is_sparse: bool) -> None:
    why = gnn_explainer(detector, one_neighbor(is_sparse), 0, edge_size=0.05)
    assert why.target == 1
    (first, second, *_) = why.top_edges()
    assert (first.sender, first.receiver) == (4, 0)
    assert first.attribution > 0.7 > 0.3 > second.attribution
    (first, second, *_) = why.top_features()
    assert (first.name, first.node, first.value) == ("x[3]", None, None)
    assert first.attribution > 0.4 > 0.2 > second.attribution
    assert why.feature_attributions["x"].shape == (6,)
    assert why.score > 0.9
    assert why.completeness_errors == {}


def test_features_that_are_no_floats_have_no_masks() -> None:
    def model(inputs: Any, training: bool) -> tf.Tensor:
        return detector({**inputs, "x": tf.cast(inputs["x"], tf.float32)}, training)

    counts = np.eye(8, 6, dtype=np.int32)
    why = gnn_explainer(model, Graph.from_edges([3, 1], [0, 0], {"x": counts}), 0, steps=3)
    assert why.feature_attributions == {} and why.top_features() == []
    assert len(why.top_edges()) == 2


def test_what_the_prediction_does_not_depend_on_has_no_mask() -> None:
    why = gnn_explainer(detector, one_neighbor(), 0, steps=3)
    masks = dict(
        zip(zip(why.senders, why.receivers, strict=True), why.edge_attributions, strict=True)
    )
    assert masks[4, 1] == masks[6, 7] == 0
    assert all(masks[i, 0] > 0 for i in range(1, 6))


def test_more_hops_change_nothing_but_the_start() -> None:
    near, far = (
        gnn_explainer(detector, one_neighbor(), 0, edge_size=0.05, hops=hops) for hops in (0, None)
    )
    assert [row[:2] for row in near.top_edges(1)] == [row[:2] for row in far.top_edges(1)]
    np.testing.assert_allclose(
        near.feature_attributions["x"], far.feature_attributions["x"], atol=0.05
    )


def test_size_makes_masks_small() -> None:
    graph = one_neighbor()
    small = gnn_explainer(detector, graph, 0, steps=40, edge_size=2.0, feature_size=30.0).sums
    large = gnn_explainer(detector, graph, 0, steps=40, edge_size=0.0, feature_size=0.0).sums
    assert small["edges"] < 0.5 < large["edges"] - 0.5
    assert small["features"] < large["features"] / 2


def test_seeds() -> None:
    first, again, other = (
        gnn_explainer(detector, one_neighbor(), 0, steps=5, seed=seed) for seed in (3, 3, 4)
    )
    np.testing.assert_array_equal(first.edge_attributions, again.edge_attributions)
    np.testing.assert_array_equal(first.feature_attributions["x"], again.feature_attributions["x"])
    assert (first.edge_attributions != other.edge_attributions).any()


def test_leaves_the_model_and_the_random_numbers_of_others_alone() -> None:
    graph = one_neighbor()
    model = gnn.GraphConvolutionalNodeClassifier(num_classes=2)
    next(iter(gnn.data.full_batch(graph).map(model)))
    before = [np.array(weight) for weight in model.get_weights()]
    keras.utils.set_random_seed(5)
    expected = tf.random.uniform([3]).numpy(), np.random.random(3)
    keras.utils.set_random_seed(5)
    gnn_explainer(model, graph, 0, steps=2)
    np.testing.assert_array_equal(tf.random.uniform([3]), expected[0])
    np.testing.assert_array_equal(np.random.random(3), expected[1])
    for old, new in zip(before, model.get_weights(), strict=True):
        np.testing.assert_array_equal(old, new)


def test_one_step_by_hand() -> None:
    # One edge of weight 1 from x = 1, logits (2 s(m) s(f), 0). It starts with s(m) near s(1) and
    # s(f) = 1/2; a step of Adam moves both by the learning rate, against the gradient's sign.
    def model(inputs: Any, training: bool) -> tf.Tensor:
        graph = graph_from_inputs(inputs)
        out = 2 * gnn.ops.propagate(graph.nodes["x"], adjacency_of(graph))
        return tf.gather(tf.concat([out, 0 * out], axis=1), graph.readout)

    graph = Graph.from_edges([1], [0], {"x": [[0.0], [1.0]]})
    start = 1 + np.sqrt(2 / 2) * np.random.default_rng(0).normal()

    def moved(**penalties: float) -> tuple[float, float]:
        none = {"edge_size": 0.0, "edge_entropy": 0.0, "feature_size": 0.0, "feature_entropy": 0.0}
        why = gnn_explainer(model, graph, 0, steps=1, **{**none, **penalties})
        logit = [
            np.log(p / (1 - p))
            for p in (why.edge_attributions[0], why.feature_attributions["x"][0])
        ]
        return logit[0] - start, logit[1]

    # The prediction alone wants both larger, a penalty on sizes both smaller.
    assert moved() == pytest.approx((0.1, 0.1), abs=1e-4)
    assert moved(edge_size=9.0) == pytest.approx((-0.1, 0.1), abs=1e-4)
    assert moved(feature_size=9.0) == pytest.approx((0.1, -0.1), abs=1e-4)
    # At 1/2 entropy has no slope; above, it drives up.
    assert start > 0
    assert moved(edge_entropy=9.0) == pytest.approx((0.1, 0.1), abs=1e-4)


def test_entropy() -> None:
    numbers = tf.constant([0.0, 2.0, -2.0, 200.0, -200.0])
    p = 1 / (1 + np.exp(-2.0))
    expected = -p * np.log(p) - (1 - p) * np.log(1 - p)
    np.testing.assert_allclose(_entropy(numbers), [np.log(2), expected, expected, 0, 0], atol=1e-6)


# BA-shapes of the paper (section 5), in small: a Barabasi-Albert graph with houses attached. All
# features are equal, and the class says whether a node is in a house, and where.
HOUSE = [(0, 1), (1, 2), (2, 3), (3, 0), (0, 4), (1, 4)]
NUM_BASE, NUM_HOUSES = 30, 10


class SumNetwork(gnn.NodeGraphModel):
    """Three layers `relu([x, sum of neighbors] W + b)`, which can count."""

    def __init__(self, **kwargs: Any):
        super().__init__(**kwargs)
        self.hidden = [keras.layers.Dense(16, activation="relu") for _ in range(3)]
        self.readout = keras.layers.Dense(4)

    def graph_call(self, graph: Any, training: bool | None = None) -> Any:
        adjacency, x = adjacency_of(graph), graph.nodes["one"]
        for layer in self.hidden:
            x = layer(tf.concat([x, gnn.ops.propagate(x, adjacency)], axis=1))
        return graph.replace(nodes=self.readout(x))


@pytest.fixture(scope="module")
def ba_shapes() -> tuple[Graph, SumNetwork]:
    source = networkx.barabasi_albert_graph(NUM_BASE, 2, seed=0)
    labels = [0] * NUM_BASE
    rng = np.random.default_rng(0)
    for _ in range(NUM_HOUSES):
        first = len(labels)
        source.add_edges_from((first + a, first + b) for a, b in HOUSE)
        source.add_edge(first + 3, int(rng.integers(NUM_BASE)))
        labels += [1, 1, 2, 2, 3]  # Two under the roof, two at the ground, the roof.
    ends = np.array(source.edges).T
    graph = Graph.from_edges(
        *ends, {"one": np.ones([len(labels), 1])}, labels=labels, undirected=True
    )
    keras.utils.set_random_seed(0)
    model = SumNetwork()
    model.compile(
        keras.optimizers.Adam(0.01),
        keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        metrics=["accuracy"],
    )
    model.fit(gnn.data.full_batch(graph).repeat(250), epochs=1, verbose=0)
    assert model.evaluate(gnn.data.full_batch(graph), verbose=0)[1] > 0.9
    return graph, model


@pytest.mark.parametrize("explain", [gnn_explainer, integrated_gradients])
def test_houses_are_found(explain: Any, ba_shapes: tuple[Graph, SumNetwork]) -> None:
    graph, model = ba_shapes
    scores = []
    for house in (0, 5):
        first = NUM_BASE + 5 * house
        own = range(first, first + 5)
        # The roof, whose house is all within two steps.
        why = explain(model, graph, first + 4, hops=3)
        true = [a in own and b in own for a, b in zip(why.senders, why.receivers, strict=True)]
        assert sum(true) == 12
        scores.append(roc_auc_score(true, np.abs(why.edge_attributions)))
    assert np.mean(scores) > 0.75, scores


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"edge_size": -1.0}, "edge_size must be finite and at least 0, got -1.0"),
        ({"feature_entropy": np.inf}, "feature_entropy must be finite and at least 0, got inf"),
        ({"learning_rate": 0.0}, "learning_rate must be finite and greater than 0, got 0.0"),
        ({"seed": -1}, "seed must be at least 0, got -1"),
    ],
)
def test_bad_numbers_are_refused(options: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        gnn_explainer(detector, one_neighbor(), 0, **options)
