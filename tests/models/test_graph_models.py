"""Models of whole graphs: the formula, rows, padding, saving, and that they learn the structure."""

from __future__ import annotations

import dataclasses
import functools
import json
from pathlib import Path
from typing import Any

import keras
import networkx as nx
import numpy as np
import pytest
import tensorflow as tf
from scipy import sparse

from gnn.data import full_batch, neighborhoods
from gnn.data.distribution import distribute
from gnn.data.graph_batches import graph_batches
from gnn.graphs import Graph
from gnn.layers import GCNConv, GraphLayer
from gnn.layers.readout import AttentionPool, GlobalPool
from gnn.models import NodeGraphModel
from gnn.models.feature_columns import feature_columns
from gnn.models.graph_models import GraphClassifier, GraphRegressor

NUM_CLASSES = 3


@functools.lru_cache
def make_graphs(count: int = 22, as_sparse: bool = False) -> tuple[list[Graph], np.ndarray]:
    """Random weighted graphs of 1 to 6 nodes, and a class each."""
    rng = np.random.default_rng(0)
    graphs = []
    for _ in range(count):
        num_nodes = int(rng.integers(1, 7))
        senders, receivers = rng.integers(0, num_nodes, (2, rng.integers(0, 9)))
        values = rng.normal(size=(num_nodes, 4))
        graphs.append(
            Graph.from_edges(
                senders,
                receivers,
                {"x": sparse.csr_array(values) if as_sparse else values},
                weights=rng.uniform(0.5, 2.0, len(senders)),
            )
        )
    return graphs, rng.integers(0, NUM_CLASSES, count)


def batches(**kwargs: Any) -> tf.data.Dataset:
    graphs, labels = make_graphs()
    return graph_batches(graphs, labels, **{"batch_size": 8, **kwargs})


def call(model: keras.Model, data: tf.data.Dataset) -> np.ndarray:
    """What `predict` gives on unpadded batches, which takes longer: it traces a function."""
    inputs = (batch[0] if isinstance(batch, tuple) else batch for batch in data)
    return np.concatenate([model(some, training=False) for some in inputs])


MODELS = {
    "gin": lambda: GraphClassifier(NUM_CLASSES, hidden_units=(8, 5), dropout_rate=0.0),
    "mean of gcn": lambda: GraphClassifier(
        NUM_CLASSES,
        hidden_units=6,
        layer_fn=lambda units: [GCNConv(units), keras.layers.Activation("tanh")],
        pool="mean",
        dropout_rate=0.0,
    ),
    "attention to the last": lambda: GraphClassifier(
        NUM_CLASSES,
        hidden_units=(6, 6),
        layer_fn=lambda units: GCNConv(units, "relu"),
        pool=lambda: AttentionPool(5),
        jumping_knowledge=False,
        dropout_rate=0.0,
        node_model_fn=lambda: keras.layers.Dense(7, "tanh"),
    ),
}


def compiled(name: str, **kwargs: Any) -> keras.Model:
    """One of the models, with the same weights each time."""
    keras.utils.set_random_seed(1)
    model = MODELS[name]()
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(keras.optimizers.Adam(0.01), loss, metrics=["accuracy"], **kwargs)
    model(next(iter(batches()))[0])  # Weights are drawn here, and not in what follows.
    return model


@pytest.fixture(params=["gin", "attention to the last"])
def make_model(request: pytest.FixtureRequest) -> Any:
    """A function that makes one of the models, with the same weights each time, compiled."""
    return functools.partial(compiled, request.param)


# The formula.


@keras.saving.register_keras_serializable(package="test")
class Doubled(GraphLayer):
    """Twice the nodes."""

    def call(self, nodes: Any, handle: Any, training: bool | None = None) -> Any:
        return 2 * nodes


def test_logits_by_hand() -> None:
    # Components of nodes [1], [2] and [5]. Pooled by sum: features 3 and 5, doubled 6 and 10.
    graphs = [
        Graph.from_edges([], [], {"x": np.array([[1.0], [2.0]])}),
        Graph.from_edges([], [], {"x": np.array([[5.0]])}),
    ]
    inputs = next(iter(graph_batches(graphs, batch_size=2)))

    def rows(**kwargs: Any) -> list[list[float]]:
        model = GraphRegressor(1, hidden_units=9, layer_fn=lambda _: Doubled(), **kwargs)
        model(inputs)
        model.heads[-1].set_weights([np.array([[100.0]]), np.array([7.0])])
        if len(model.heads) > 1:
            model.heads[0].set_weights([np.array([[1.0]]), np.array([0.5])])
        return model(inputs).numpy().tolist()

    assert rows() == [[3 + 0.5 + 600 + 7], [5 + 0.5 + 1000 + 7]]
    assert rows(pool="mean") == [[1.5 + 0.5 + 300 + 7], [5 + 0.5 + 1000 + 7]]
    assert rows(pool="max") == [[2 + 0.5 + 400 + 7], [5 + 0.5 + 1000 + 7]]
    assert rows(jumping_knowledge=False) == [[607.0], [1007.0]]


def test_defaults_are_the_paper_s() -> None:
    model = GraphClassifier(num_classes=2)
    model(next(iter(batches()))[0])
    names = [type(layer).__name__ for layer in model.block_layers]
    assert names == ["GINConv", "NodeBatchNormalization", "ReLU"] * 4
    assert [head.kernel.shape for head in model.heads] == [(4, 2)] + [(64, 2)] * 4
    assert [drop.rate for drop in model.dropouts] == [0.5] * 5


def test_features_that_are_sparse_or_several() -> None:
    outputs = []
    for as_sparse in (False, True):
        keras.utils.set_random_seed(1)
        graphs, _ = make_graphs(as_sparse=as_sparse)
        outputs.append(call(MODELS["gin"](), graph_batches(graphs, batch_size=9)))
    np.testing.assert_allclose(*outputs, rtol=1e-5, atol=1e-6)

    parts = [
        dataclasses.replace(g, features={"a": g.features["x"][:, :1], "b": g.features["x"][:, 1:]})
        for g in make_graphs()[0]
    ]
    keras.utils.set_random_seed(1)
    split = call(MODELS["gin"](), graph_batches(parts, batch_size=9))
    np.testing.assert_allclose(split, outputs[0], rtol=1e-5, atol=1e-6)


# Rows and padding.


def test_training_evaluate_and_predict_agree_on_padded_batches(make_model: Any) -> None:
    plain, padded = make_model(), make_model()
    results = []
    for model, data in ((plain, batches()), (padded, batches(padding=True))):
        for batch in data:  # Op by op: to trace a step takes longer than these.
            results.append(model.train_step(batch))
    steps = len(results) // 2
    for step, other in zip(results[:steps], results[steps:], strict=True):
        for key, value in step.items():
            np.testing.assert_allclose(other[key], value, rtol=1e-6, err_msg=key)
    for value, other in zip(plain.get_weights(), padded.get_weights(), strict=True):
        np.testing.assert_allclose(other, value, atol=1e-5)

    rows = call(plain, batches())
    assert rows.shape == (22, NUM_CLASSES)
    results = plain.evaluate(batches(), verbose=0, return_dict=True)
    other = batches(batch_size=5, padding=True)
    np.testing.assert_allclose(plain.predict(other, verbose=0), rows, rtol=1e-5, atol=1e-6)
    for key, value in plain.evaluate(other, verbose=0, return_dict=True).items():
        np.testing.assert_allclose(value, results[key], rtol=1e-6, err_msg=key)
    # 22 rows in batches of 8: the last one has 6, and weighs 6.
    right = results["accuracy"] * 22
    np.testing.assert_allclose(right, round(right), atol=1e-4)


def test_a_graph_alone_is_as_in_a_batch(make_model: Any) -> None:
    model = make_model()
    rows = call(model, batches())
    for number in (0, 7, 21):
        alone = graph_batches([make_graphs()[0][number]], batch_size=1)
        np.testing.assert_allclose(
            call(model, alone), rows[number : number + 1], rtol=1e-4, atol=1e-5
        )


def test_two_devices_are_as_one(two_devices: tf.distribute.Strategy) -> None:
    # Op by op: to trace a step takes longer than these. Batch normalization counts all nodes.
    single = compiled("gin", run_eagerly=True)
    expected = single.fit(batches(), verbose=0).history
    with two_devices.scope():
        model = compiled("gin", run_eagerly=True)
    # 22 rows in batches of 4 are 6; of the last step's two, one has 2 rows.
    data = distribute(
        two_devices,
        lambda context: batches(batch_size=context.get_per_replica_batch_size(8), padding=True),
    )
    history = model.fit(data, verbose=0).history
    for key, values in expected.items():
        np.testing.assert_allclose(history[key], values, rtol=1e-5, err_msg=key)
    for value, other in zip(model.get_weights(), single.get_weights(), strict=True):
        np.testing.assert_allclose(value, other, atol=1e-5)


def test_a_batch_with_readout_gives_the_component_of_each_node() -> None:
    model = MODELS["gin"]()
    inputs, _ = next(iter(batches()))
    rows = model(inputs).numpy()
    of_node = np.repeat(np.arange(8), inputs["n_node"])
    some = np.array([5, 0, len(of_node) - 1])
    read = model({**inputs, "readout": tf.constant(some, tf.int32)})
    np.testing.assert_array_equal(read, rows[of_node[some]])
    embedded = model.embed({**inputs, "readout": tf.constant(some, tf.int32)})
    np.testing.assert_array_equal(embedded, model.embed(inputs).numpy()[of_node[some]])


def test_nodes_are_classified_by_their_neighborhoods() -> None:
    graph = dataclasses.replace(make_graphs()[0][2], labels=None)
    model = MODELS["mean of gcn"]()
    seeds = neighborhoods(graph, batch_size=2, fanout=None)
    assert model.predict(seeds, verbose=0).shape == (graph.num_nodes, NUM_CLASSES)
    whole = call(model, full_batch(graph))
    np.testing.assert_array_equal(whole, whole[:1].repeat(graph.num_nodes, 0))


def test_a_model_of_nodes_reads_out_the_last_node_of_a_graph() -> None:
    class First(NodeGraphModel):
        def graph_call(self, graph: Any) -> Any:
            return graph.replace(nodes=graph.nodes["x"])

    graphs, _ = make_graphs()
    last = np.stack([graph.features["x"][-1] for graph in graphs])
    for padding in (False, True):
        np.testing.assert_array_equal(First().predict(batches(padding=padding), verbose=0), last)


def test_a_user_s_model_leaves_its_outputs_in_globals() -> None:
    class Mean(NodeGraphModel):
        output_field = "globals"

        def __init__(self) -> None:
            super().__init__()
            self.pool = GlobalPool("mean")

        def graph_call(self, graph: Any) -> Any:
            return graph.replace(globals={"mean": self.pool(graph.replace(nodes=graph.nodes["x"]))})

    means = np.stack([graph.features["x"].mean(0) for graph in make_graphs()[0]])
    for padding in (False, True):
        outputs = Mean().predict(batches(padding=padding), verbose=0)
        np.testing.assert_allclose(outputs["mean"], means, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("num_outputs", [1, 2])
def test_targets_of_a_regression(num_outputs: int) -> None:
    graphs, _ = make_graphs()
    targets = np.random.default_rng(1).normal(size=(22, num_outputs))
    model = GraphRegressor(num_outputs, hidden_units=4)
    outputs = call(model, graph_batches(graphs, batch_size=8))
    assert outputs.shape == (22, num_outputs)
    expected = {"loss": np.mean((outputs - targets) ** 2), "mae": np.mean(abs(outputs - targets))}
    for labels in [targets, targets[:, 0]][: 3 - num_outputs]:
        model.compile("adam", "mse", metrics=["mae"])  # Keras keeps what it traced for a rank.
        for padding in (False, True):
            data = graph_batches(graphs, labels, batch_size=8, padding=padding)
            result = model.evaluate(data, verbose=0, return_dict=True)
            for key, value in expected.items():
                np.testing.assert_allclose(result[key], value, rtol=1e-5, err_msg=key)


def test_unlabeled_graphs_weigh_nothing() -> None:
    graphs, labels = make_graphs()
    labels = np.where(np.arange(22) % 3 == 0, -1, labels)
    model = MODELS["gin"]()
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True, ignore_class=-1)
    model.compile(loss=loss)
    known = np.flatnonzero(labels >= 0)
    expected = model.evaluate(
        graph_batches([graphs[i] for i in known], labels[known], batch_size=4), verbose=0
    )
    for padding in (False, True):
        data = graph_batches(graphs, labels, batch_size=8, padding=padding)
        np.testing.assert_allclose(model.evaluate(data, verbose=0), expected, rtol=1e-6)


# Saving and serving.


def test_config_and_file_round_trip(make_model: Any, tmp_path: Path) -> None:
    model = make_model()
    config = model.get_config()
    copy = type(model).from_config(json.loads(json.dumps(config)))
    assert json.dumps(copy.get_config()) == json.dumps(config)

    model.set_weights([value + 0.25 for value in model.get_weights()])  # Moving means, too.
    model.optimizer.build(model.trainable_variables)
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    np.testing.assert_array_equal(call(loaded, batches()), call(model, batches()))
    loaded.train_step(next(iter(batches())))

    loaded.export(tmp_path / "served")
    served = tf.saved_model.load(tmp_path / "served").signatures["serving_default"]
    inputs, _ = next(iter(batches(batch_size=22)))
    assert set(served.structured_input_signature[1]) == set(inputs)
    outputs = served(**inputs)["outputs"]
    np.testing.assert_allclose(outputs, loaded(inputs), rtol=1e-5, atol=1e-6)


def test_a_layer_that_could_not_be_loaded_is_named(tmp_path: Path) -> None:
    class Unregistered(Doubled):
        pass

    model = GraphRegressor(1, hidden_units=4, layer_fn=lambda units: Unregistered())
    model(next(iter(batches()))[0])
    with pytest.raises(
        ValueError, match="cannot save: Unregistered .*layer_fn.* is not registered"
    ):
        model.save(tmp_path / "model.keras")
    assert list(tmp_path.iterdir()) == []


# Learning.


def tadpole(cycle: int, tail: int, rng: np.random.Generator) -> Graph:
    """A cycle with a tail, its nodes numbered at random; all features are 1."""
    drawn = nx.cycle_graph(cycle)
    nx.add_path(drawn, range(cycle - 1, cycle + tail))
    number = rng.permutation(cycle + tail)
    senders, receivers = number[np.array(drawn.edges)].T
    return Graph.from_edges(senders, receivers, {"x": np.ones((cycle + tail, 1))}, undirected=True)


def tadpoles(tails: Any, copies: int = 3) -> tuple[list[Graph], list[int]]:
    """Class 1 has a triangle, class 0 a square; node and edge counts and degrees are the same."""
    rng = np.random.default_rng(0)
    graphs, labels = [], []
    for tail in [*tails] * copies:
        graphs += [tadpole(3, tail + 1, rng), tadpole(4, tail, rng)]
        labels += [1, 0]
    return graphs, labels


def without_edges(graphs: list[Graph]) -> list[Graph]:
    none = np.zeros(0, np.int32)
    return [
        dataclasses.replace(graph, senders=none, receivers=none, weights=None) for graph in graphs
    ]


def test_tells_triangles_from_squares() -> None:
    train, held_out = tadpoles(range(1, 12, 2)), tadpoles(range(2, 11, 2))
    for graphs in zip(*[iter(train[0])] * 2, strict=True):
        degrees = [np.sort(np.bincount(graph.receivers)).tolist() for graph in graphs]
        assert degrees[0] == degrees[1]  # Neither counts nor degrees tell them apart.

    keras.utils.set_random_seed(0)
    model = GraphClassifier(2, hidden_units=(16, 16, 16), dropout_rate=0.0)
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(keras.optimizers.Adam(0.01), loss, metrics=["accuracy"])

    def accuracy(strip: Any, epochs: int) -> float:
        data = graph_batches(strip(train[0]), train[1], batch_size=12, shuffle=True, seed=0)
        model.fit(data, epochs=epochs, verbose=0)
        data = graph_batches(strip(held_out[0]), held_out[1], batch_size=16)
        return model.evaluate(data, verbose=0, return_dict=True)["accuracy"]

    assert accuracy(list, 30) >= 0.9
    # Without edges the two of a pair are the same input: half is right, whatever is learned.
    assert accuracy(without_edges, 3) == 0.5


def test_counts_leaves() -> None:
    trees = [nx.random_labeled_tree(9, seed=seed) for seed in range(160)]
    graphs = [
        Graph.from_edges(*np.array(tree.edges).T, {"x": np.ones((9, 1))}, undirected=True)
        for tree in trees
    ]
    leaves = np.array([sum(degree == 1 for _, degree in tree.degree) for tree in trees], float)

    keras.utils.set_random_seed(0)
    model = GraphRegressor(hidden_units=(16, 16))
    model.compile(keras.optimizers.Adam(0.01), "mse")
    data = graph_batches(graphs[:120], leaves[:120], batch_size=20, shuffle=True, seed=0)
    model.fit(data, epochs=20, verbose=0)
    error = model.evaluate(graph_batches(graphs[120:], leaves[120:], batch_size=40), verbose=0)
    # All trees have nine nodes of the same features: without edges one number is all there is.
    assert error < 0.3 * leaves[120:].var()


# Errors.


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: GraphClassifier(), TypeError, "num_classes must be an integer, got None"),
        (lambda: GraphRegressor(0), ValueError, r"num_outputs must be at least 1, got 0"),
        (lambda: GraphClassifier(2, hidden_units=(8, 0)), ValueError, "hidden_units must be"),
        (lambda: GraphClassifier(2, dropout_rate=1), ValueError, r"dropout_rate must be in \[0, 1"),
        (lambda: GraphClassifier(2, pool="add"), ValueError, r"pool must be one of .* got 'add'"),
        (
            lambda: GraphClassifier(2, pool=GlobalPool()),
            TypeError,
            "pool must be a function that returns a pooling layer",
        ),
        (
            lambda: GraphClassifier(2, pool=lambda: keras.layers.Dense(3)),
            TypeError,
            "pool must be a function that returns a pooling layer",
        ),
        (
            lambda: GraphClassifier(2, layer_fn=GCNConv(3)),
            TypeError,
            "layer_fn must be a function from units to a layer",
        ),
        (
            lambda: GraphClassifier(2, layer_fn=lambda units: units),
            TypeError,
            "layer_fn must return a layer on graphs or nodes, or a list of them; got int",
        ),
        (
            lambda: GraphClassifier(2, layer_fn=lambda units: GlobalPool()),
            TypeError,
            "layer_fn must return a layer on graphs or nodes, or a list of them; got GlobalPool",
        ),
    ],
)
def test_errors(make: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        make()


def test_features_that_cannot_be_used() -> None:
    with pytest.raises(ValueError, match=r"feature 'x' must have shape \[n_nodes, width\]"):
        feature_columns({"x": tf.ones([2])}, "float32")
    with pytest.raises(TypeError, match="feature 'x' holds strings. Give node_model_fn"):
        feature_columns({"x": tf.constant([["a"]])}, "float32")
