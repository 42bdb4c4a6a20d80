from __future__ import annotations

import gc
import inspect
import weakref
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf
from scipy import sparse

from gnn import models
from gnn.data import full_batch
from gnn.graphs.batch.graphs_tuple import BatchGraph, adjacency_of
from gnn.graphs.graph import Graph
from gnn.layers import GCNConv
from gnn.layers.staged_layer import into_receivers
from gnn.models import GraphConvolutionalNodeClassifier, NodeClassifier, on_nodes
from gnn.models.inference import layerwise as layerwise_module
from gnn.models.inference.layerwise import layerwise_embed, layerwise_predict
from gnn.ops.normalization import symmetric_propagate
from gnn.ops.propagate import propagate


def make_graph(as_sparse: bool = False, num_nodes: int = 50) -> Graph:
    """A weighted directed graph with a hub, parallel edges, self loops and lonely nodes."""
    rng = np.random.default_rng(3)
    features: Any = rng.normal(size=(num_nodes, 6)).astype(np.float32)
    senders, receivers = rng.integers(0, num_nodes - 3, (2, 4 * num_nodes))
    receivers[:num_nodes] = 5
    if as_sparse:
        features = sparse.csr_array(np.where(np.abs(features) > 0.7, features, 0))
    weights = rng.uniform(0.2, 3.0, len(senders))
    return Graph.from_edges(senders, receivers, {"x": features}, weights=weights)


def full_prediction(model: keras.Model, graph: Graph) -> np.ndarray:
    inputs = next(iter(full_batch(graph)))
    return np.asarray(model(inputs[0] if isinstance(inputs, tuple) else inputs, training=False))


def classifiers() -> list[type[NodeClassifier]]:
    public = (getattr(models, name) for name in models.__all__)
    return [
        cls
        for cls in public
        if isinstance(cls, type) and issubclass(cls, NodeClassifier) and cls is not NodeClassifier
    ]


@pytest.mark.parametrize("as_sparse", [False, True])
@pytest.mark.parametrize("kind", classifiers(), ids=lambda kind: kind.__name__)
def test_equals_the_full_batch(kind: type[NodeClassifier], as_sparse: bool) -> None:
    graph = make_graph(as_sparse)
    # 64 layers say no more than four, and take their time.
    deep = "depth" in inspect.signature(kind).parameters
    model = kind(num_classes=3, **({"depth": 4} if deep else {}))
    expected = full_prediction(model, graph)
    # Weights that training has moved, so that biases and normalizations say something.
    for variable in model.trainable_variables:
        variable.assign(variable + 0.1 * tf.random.normal(variable.shape, seed=1))
    moved = full_prediction(model, graph)
    assert np.abs(moved - expected).max() > 1e-3
    logits = layerwise_predict(model, graph, batch_size=7)
    assert logits.dtype == np.float32
    # Sums over neighbors, as of GIN, grow large and round at their own scale.
    scale = max(1.0, float(np.abs(moved).max()))
    np.testing.assert_allclose(logits / scale, moved / scale, atol=3e-5)
    inputs = next(iter(full_batch(graph)))
    hidden, embedded = model.embed(inputs).numpy(), layerwise_embed(model, graph, batch_size=17)
    assert embedded.shape == hidden.shape
    scale = max(1.0, float(np.abs(hidden).max()))
    np.testing.assert_allclose(embedded / scale, hidden / scale, atol=3e-5)


@keras.saving.register_keras_serializable(package="test")
class Carrying(NodeClassifier):
    """Carries its start along: a nest of tensors between stages, and a stage without edges."""

    def __init__(self, **kwargs: Any):
        super().__init__(**kwargs)
        self.dense = keras.layers.Dense(self.num_classes)
        self.calls: list[str] = []

    def stages(self) -> list[Any]:
        return [self.start, self.step, self.step, self.end]

    def start(self, graph: BatchGraph, training: bool | None) -> BatchGraph:
        self.calls.append("start")
        hidden = self.dense(graph.nodes)
        return graph.replace(nodes=(hidden, {"start": hidden, "features": graph.nodes}))

    def step(self, graph: BatchGraph, training: bool | None) -> BatchGraph:
        self.calls.append("step")
        hidden, carried = graph.nodes
        hidden = symmetric_propagate(hidden, adjacency_of(graph))
        return graph.replace(nodes=(0.9 * hidden + 0.1 * carried["start"], carried))

    def end(self, graph: BatchGraph, training: bool | None) -> BatchGraph:
        self.calls.append("end")
        hidden, carried = graph.nodes
        largest = propagate(carried["features"], adjacency_of(graph), "max")
        return graph.replace(nodes=hidden + tf.reduce_sum(largest, axis=1, keepdims=True))


def test_stages_hand_on_nests_and_are_traced_once() -> None:
    graph, model = make_graph(), Carrying(num_classes=3)
    expected = full_prediction(model, graph)
    model.calls.clear()
    logits = layerwise_predict(model, graph, batch_size=4)
    np.testing.assert_allclose(logits, expected, rtol=1e-5, atol=1e-5)
    # The second step is the first one's function.
    assert model.calls == ["start", "step", "end"]
    # Nothing is traced again for other chunks, another graph, or other weights.
    model.dense.kernel.assign(2.0 * model.dense.kernel)
    other = make_graph(num_nodes=20)
    logits = [layerwise_predict(model, g, batch_size=9) for g in (graph, other)]
    assert model.calls == ["start", "step", "end"]
    for g, found in zip((graph, other), logits, strict=True):
        np.testing.assert_allclose(found, full_prediction(model, g), rtol=1e-5, atol=1e-5)


def test_what_is_traced_follows_the_model() -> None:
    """Variables that were not there before, and a model that is gone."""
    graph, model = make_graph(), Carrying(num_classes=3)
    layerwise_predict(model, graph, batch_size=50)
    model.dense.enable_lora(2)
    model.dense.lora_kernel_b.assign(tf.ones([2, 3]))
    expected = full_prediction(model, graph)
    model.calls.clear()
    logits = layerwise_predict(model, graph, batch_size=50)
    assert model.calls == ["start", "step", "end"]
    np.testing.assert_allclose(logits, expected, rtol=1e-5, atol=1e-5)
    reference = weakref.ref(model)
    del model
    gc.collect()
    assert reference() is None


class Residual(NodeClassifier):
    """Adds the nodes of a chunk to what a public layer makes of them, of all its rows."""

    def __init__(self, **kwargs: Any):
        super().__init__(**kwargs)
        self.convolution = GCNConv(6)

    def stages(self) -> list[Any]:
        def stage(graph: BatchGraph, training: bool | None) -> BatchGraph:
            return graph.replace(nodes=self.convolution(graph).nodes + graph.nodes)

        return [stage, stage]


def test_stages_of_users_have_all_rows_of_a_chunk() -> None:
    graph, model = make_graph(), Residual(num_classes=6)
    logits = layerwise_predict(model, graph, batch_size=8)
    np.testing.assert_allclose(logits, full_prediction(model, graph), rtol=1e-5, atol=1e-5)


def test_marked_stage_that_gives_too_many_rows_is_refused() -> None:
    class Wrong(NodeClassifier):
        def stages(self) -> list[Any]:
            @into_receivers
            def stage(graph: BatchGraph, training: bool | None) -> BatchGraph:
                moved = symmetric_propagate(graph.nodes, adjacency_of(graph))
                return graph.replace(nodes=(moved, graph.nodes + 1.0))

            return [
                on_nodes(tf.identity),
                stage,
                lambda graph, _: graph.replace(nodes=graph.nodes[0]),
            ]

    model = Wrong(num_classes=6)
    with pytest.raises(
        ValueError, match="must give a row for each node that receives; got 50 for 8"
    ):
        layerwise_predict(model, make_graph(), batch_size=8)


class Selecting(Carrying):
    """Ends with a stage that returns what it was given."""

    def stages(self) -> list[Any]:
        return [self.start, self.step, lambda graph, _: graph.replace(nodes=graph.nodes[0])]


def test_last_stage_may_hand_on_what_it_got(tmp_path: Path) -> None:
    graph, model = make_graph(), Selecting(num_classes=3)
    expected = full_prediction(model, graph)
    for output in (None, tmp_path / "logits.npy"):
        logits = layerwise_predict(model, graph, batch_size=9, output=output)
        np.testing.assert_allclose(logits, expected, rtol=1e-5, atol=1e-5)


def count_rows(monkeypatch: pytest.MonkeyPatch, model: NodeClassifier) -> list[int]:
    """Fills with the rows that the encoder of the features is given, chunk by chunk."""
    rows: list[int] = []
    encode = model.encode

    def counting(features: Any, training: bool | None = None) -> Any:
        encoded = encode(features, training)
        tf.py_function(lambda count: rows.append(int(count)), [tf.shape(encoded)[0]], [])
        return encoded

    monkeypatch.setattr(model, "encode", counting)
    return rows


def test_node_model_encodes_each_node_once(monkeypatch: pytest.MonkeyPatch) -> None:
    graph = make_graph()
    model = GraphConvolutionalNodeClassifier(
        num_classes=3, node_model_fn=lambda: keras.layers.Dense(5, activation="tanh")
    )
    expected = full_prediction(model, graph)
    rows = count_rows(monkeypatch, model)
    logits = layerwise_predict(model, graph, batch_size=20)
    np.testing.assert_allclose(logits, expected, rtol=1e-5, atol=1e-5)
    assert rows == [20, 20, 10]


def test_stage_without_edges_is_given_no_border(monkeypatch: pytest.MonkeyPatch) -> None:
    graph, model = make_graph(), Carrying(num_classes=3)
    full_prediction(model, graph)
    rows = count_rows(monkeypatch, model)
    layerwise_predict(model, graph, batch_size=20)
    assert rows == [20, 20, 10]


def test_mixed_precision_accumulates_as_the_full_batch() -> None:
    keras.config.set_dtype_policy("mixed_bfloat16")
    graph, model = make_graph(), GraphConvolutionalNodeClassifier(num_classes=3)
    expected = full_prediction(model, graph).astype(np.float32)
    logits = layerwise_predict(model, graph, batch_size=8, memory_limit=0)
    np.testing.assert_allclose(logits, expected, rtol=2e-2, atol=2e-2)


@pytest.mark.parametrize("memory_limit", [0, 50 * 16 * 4, 2**30])
def test_states_in_files_give_the_same(memory_limit: int, tmp_path: Path) -> None:
    graph, model = make_graph(), GraphConvolutionalNodeClassifier(num_classes=3)
    expected = layerwise_predict(model, graph, batch_size=11)
    logits = layerwise_predict(model, graph, batch_size=11, memory_limit=memory_limit)
    np.testing.assert_array_equal(logits, expected)


def test_large_states_lie_beside_the_output_and_leave_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folders = []
    make = layerwise_module.tempfile.TemporaryFile

    def spying(dir: Path | None) -> Any:
        folders.append(dir)
        return make(dir=dir)

    monkeypatch.setattr(layerwise_module.tempfile, "TemporaryFile", spying)
    graph, model = make_graph(), GraphConvolutionalNodeClassifier(num_classes=3, hidden_units=16)
    # 50 nodes of 6 float32 are 1,200 bytes; the wider hidden states are in no table.
    layerwise_predict(model, graph, batch_size=11, memory_limit=1200)
    assert folders == []
    output = tmp_path / "new" / "logits.npy"
    layerwise_predict(model, graph, batch_size=11, output=output, memory_limit=1199)
    assert folders == [output.parent]
    assert list(output.parent.iterdir()) == [output]


def test_output_file_is_an_npy_of_the_logits(tmp_path: Path) -> None:
    graph, model = make_graph(), GraphConvolutionalNodeClassifier(num_classes=3)
    expected = layerwise_predict(model, graph, batch_size=16)
    output = tmp_path / "logits.npy"
    output.write_bytes(b"old")
    with pytest.raises(FileExistsError, match="logits.npy': it exists already; overwrite"):
        layerwise_predict(model, graph, batch_size=16, output=output)
    assert output.read_bytes() == b"old"
    logits = layerwise_predict(model, graph, batch_size=16, output=str(output), overwrite=True)
    assert isinstance(logits, np.memmap) and not logits.flags.writeable
    np.testing.assert_array_equal(logits, expected)
    np.testing.assert_array_equal(np.load(output), expected)


def test_failure_leaves_the_old_output(tmp_path: Path) -> None:
    class Breaking(Carrying):
        def end(self, graph: BatchGraph, training: bool | None) -> BatchGraph:
            # Runs for the first chunk, which has node 0, and fails for others.
            graph = super().end(graph, training)
            with tf.control_dependencies(
                [tf.debugging.assert_equal(tf.shape(graph.readout)[0], 30)]
            ):
                return graph.replace(nodes=tf.identity(graph.nodes))

    graph, model = make_graph(), Breaking(num_classes=3)
    full_prediction(model, make_graph(num_nodes=30))
    output = tmp_path / "logits.npy"
    np.save(output, np.arange(3))
    with pytest.raises(tf.errors.InvalidArgumentError):
        layerwise_predict(
            model, graph, batch_size=30, output=output, overwrite=True, memory_limit=0
        )
    gc.collect()
    assert np.load(output).tolist() == [0, 1, 2]
    assert list(tmp_path.iterdir()) == [output]


def test_memory_mapped_graph(tmp_path: Path) -> None:
    graph, model = make_graph(), GraphConvolutionalNodeClassifier(num_classes=3)
    expected = layerwise_predict(model, graph, batch_size=16)
    logits = layerwise_predict(model, mapped(graph, tmp_path), batch_size=16)
    np.testing.assert_array_equal(logits, expected)


def mapped(graph: Graph, folder: Path) -> Graph:
    """The same graph in files, edges grouped by receiver."""
    order = np.argsort(graph.receivers, kind="stable")
    arrays = {
        "x": graph.features["x"],
        "senders": graph.senders[order],
        "receivers": graph.receivers[order],
        "weights": graph.weights[order],
        "offsets": np.searchsorted(graph.receivers[order], np.arange(graph.num_nodes + 1)),
    }
    for name, array in arrays.items():
        np.save(folder / f"{name}.npy", array)
    opened = {name: np.load(folder / f"{name}.npy", mmap_mode="r") for name in arrays}
    return Graph(features={"x": opened.pop("x")}, **opened)


def test_unbuilt_model_gets_weights() -> None:
    graph, model = make_graph(), GraphConvolutionalNodeClassifier(num_classes=3)
    logits = layerwise_predict(model, graph, batch_size=1000)
    np.testing.assert_allclose(full_prediction(model, graph), logits, rtol=1e-5, atol=1e-5)


def test_dropout_is_off() -> None:
    graph = make_graph()
    model = GraphConvolutionalNodeClassifier(num_classes=3, dropout_rate=0.9)
    first, second = (layerwise_predict(model, graph, batch_size=16) for _ in range(2))
    np.testing.assert_array_equal(first, second)


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        ({"batch_size": 0}, ValueError, "batch_size must be at least 1, got 0"),
        ({"batch_size": 2.5}, TypeError, "batch_size must be an integer, got 2.5"),
        ({"verbose": "loud"}, ValueError, "verbose must be 'auto', True or False; got 'loud'"),
        ({"memory_limit": -1}, ValueError, "memory_limit must be at least 0, got -1"),
        (
            {"output": "logits.npz"},
            ValueError,
            r"output must be a path .* '.npy'; got 'logits.npz'",
        ),
        ({"model": keras.Sequential()}, TypeError, "model must be a gnn.models.NodeClassifier"),
        ({"graph": Graph.from_edges([0], [1])}, ValueError, "graph has no features"),
    ],
)
def test_errors(change: dict[str, Any], error: type[Exception], message: str) -> None:
    given: dict[str, Any] = {
        "model": GraphConvolutionalNodeClassifier(num_classes=3),
        "graph": make_graph(),
        "batch_size": 8,
    }
    given |= change
    with pytest.raises(error, match=message):
        layerwise_predict(given.pop("model"), given.pop("graph"), **given)


def test_three_convolutions_of_a_path_worked_by_hand() -> None:
    """The sum of the inputs three steps back, over the degrees on the way, in chunks of one."""

    class Path3(NodeClassifier):
        def __init__(self, **kwargs: Any):
            super().__init__(**kwargs)
            self.convolutions = [GCNConv(1, kernel_initializer="ones") for _ in range(3)]

        def stages(self) -> list[Any]:
            return list(self.convolutions)

    # 0 -> 1 -> 2 -> 3: with its loop, node 0 has degree 1 and the others degree 2.
    graph = Graph.from_edges([0, 1, 2], [1, 2, 3], {"x": np.array([[1.0], [0.0], [0.0], [0.0]])})
    logits = layerwise_predict(Path3(num_classes=1), graph, batch_size=1)
    # Node 3 is reached in one way, over edges of 1 / sqrt(1 * 2), 1 / 2 and 1 / 2.
    np.testing.assert_allclose(logits[3, 0], 1 / np.sqrt(2) / 4, rtol=1e-6)
    # Node 1 in three: the step at the first, second or third, loops of 1 at node 0, 1 / 2 at 1.
    np.testing.assert_allclose(logits[1, 0], (1 / 4 + 1 / 2 + 1) / np.sqrt(2), rtol=1e-6)
