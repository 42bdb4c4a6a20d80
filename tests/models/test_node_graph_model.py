"""What every model of this package shares: reading rows out, true losses, data checks, saving."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf
from graph_nets.graphs import GraphsTuple

import gnn
from gnn import GraphRegularizationModel, NodeGraphModel
from gnn.graphs.batch.keys import GRAPH_KEYS


@keras.saving.register_keras_serializable(package="test_node_graph_model")
class Scaled(NodeGraphModel):
    """Multiplies the feature `x` by one weight, which starts at 1."""

    def __init__(self, **kwargs: Any):
        super().__init__(**kwargs)
        self.scale = keras.layers.Dense(1, use_bias=False, kernel_initializer="ones")

    def graph_call(self, graph: Any, training: bool | None = None) -> Any:
        return graph.replace(nodes=self.scale(graph.nodes["x"]))


class NeedsNoGraph(Scaled):
    requires_graph = False


def graph_batch(
    x: Any, edges: list[tuple[int, int]] | None = None, n_node: list[int] | None = None, **keys: Any
) -> dict[str, Any]:
    """Nodes with feature x in one component, or as many as `n_node` says; edges of weight 1."""
    edges = edges or []
    n_node = [len(x)] if n_node is None else n_node
    n_edge = [len(edges)] + [0] * (len(n_node) - 1)
    return {
        "x": np.reshape(np.array(x, np.float32), [len(x), -1]),
        "n_node": np.array(n_node, np.int32),
        "n_edge": np.array(n_edge, np.int32),
        "edges": np.ones([len(edges), 1], np.float32),
        "senders": np.array([s for s, _ in edges], np.int32),
        "receivers": np.array([r for _, r in edges], np.int32),
        "globals": np.zeros([len(n_node), 0], np.float32),
        **keys,
    }


INPUT_SPEC = {
    "x": tf.TensorSpec([None, 1], tf.float32),
    "n_node": tf.TensorSpec([None], tf.int32),
    "n_edge": tf.TensorSpec([None], tf.int32),
    "edges": tf.TensorSpec([None, 1], tf.float32),
    "senders": tf.TensorSpec([None], tf.int32),
    "receivers": tf.TensorSpec([None], tf.int32),
    "globals": tf.TensorSpec([None, 0], tf.float32),
    "readout": tf.TensorSpec([None], tf.int32),
}
ROWS = tf.TensorSpec([None, 1], tf.float32)
WEIGHTS = tf.TensorSpec([None], tf.float32)


def dataset_of(*elements: tuple[Any, ...]) -> tf.data.Dataset:
    """A data set of these batches, whose sizes may differ."""
    specs = (INPUT_SPEC, ROWS, WEIGHTS)[: len(elements[0])]
    dataset = tf.data.Dataset.from_generator(lambda: iter(elements), output_signature=specs)
    return dataset.apply(tf.data.experimental.assert_cardinality(len(elements)))


def all_rows(x: list[float], num_edges: int) -> dict[str, Any]:
    """Every node is read out; as many loops at node 0 as there are to be edges."""
    return graph_batch(x, [(0, 0)] * num_edges, readout=np.arange(len(x), dtype=np.int32))


def column(values: Any) -> np.ndarray:
    return np.array(values, np.float32)[:, np.newaxis]


# Which rows come out.


def test_the_last_node_of_each_component_is_read_out() -> None:
    model = Scaled()
    outputs = model(graph_batch([1, 2, 3, 4, 5, 6], n_node=[2, 1, 3]))
    assert outputs.numpy().ravel().tolist() == [2.0, 3.0, 6.0]


def test_readout_names_the_rows_in_its_order() -> None:
    outputs = Scaled()(graph_batch([1, 2, 3], readout=np.array([2, 0, 2])))
    assert outputs.numpy().ravel().tolist() == [3.0, 1.0, 3.0]


def test_every_output_of_a_dict_is_read_out() -> None:
    class Two(NodeGraphModel):
        def graph_call(self, graph: Any) -> Any:
            x = graph.nodes["x"]
            return graph.replace(nodes={"double": 2 * x, "square": x * x})

    outputs = Two()(graph_batch([1, 2, 3], readout=np.array([2, 1])))
    assert outputs["double"].numpy().ravel().tolist() == [6.0, 4.0]
    assert outputs["square"].numpy().ravel().tolist() == [9.0, 4.0]


def test_the_hook_sees_a_graphs_tuple_and_training() -> None:
    seen: list[Any] = []

    class Sees(NodeGraphModel):
        def graph_call(self, graph: Any, training: bool | None = None) -> Any:
            seen.append((sorted(graph.nodes), graph.receivers.numpy().tolist(), training))
            return graph.replace(nodes=graph.nodes["x"])

    Sees()(graph_batch([1, 2], [(0, 1)]), training=True)
    assert seen == [(["x"], [1], True)]


def test_the_hook_must_be_written() -> None:
    class Empty(NodeGraphModel):
        pass

    with pytest.raises(NotImplementedError, match="Empty must define graph_call"):
        Empty()(graph_batch([1.0]))


def test_inputs_are_left_alone() -> None:
    inputs = graph_batch([1, 2], [(0, 1)])
    keys = list(inputs)
    Scaled()(inputs)
    assert list(inputs) == keys


# What is refused. Keras first tries to build an unbuilt model on the same inputs, and warns.

KERAS_TRIES_TO_BUILD = pytest.mark.filterwarnings("ignore:.*unbuilt state:UserWarning")


def test_a_tensor_where_a_graph_is_needed() -> None:
    with pytest.raises(TypeError, match="Scaled takes a dict .*n_node"):
        Scaled()(tf.ones([2, 1]))


@KERAS_TRIES_TO_BUILD
def test_a_missing_graph_key_is_named() -> None:
    inputs = graph_batch([1, 2])
    del inputs["senders"]
    with pytest.raises(KeyError, match=r"lack the graph keys \['senders'\]"):
        Scaled()(inputs)


@KERAS_TRIES_TO_BUILD
def test_features_alone_where_a_graph_is_needed() -> None:
    with pytest.raises(KeyError, match="gnn.data.full_batch"):
        Scaled()({"x": tf.ones([2, 1])})


@pytest.mark.parametrize(
    ("key", "value"),
    [("edges", np.ones(1)), ("senders", np.zeros([1, 1])), ("n_node", np.array(2))],
)
def test_a_wrong_rank_is_named(key: str, value: np.ndarray) -> None:
    with pytest.raises(ValueError, match=f"inputs\\['{key}'\\] must have rank"):
        NodeGraphModel.call(Scaled(), {**graph_batch([1, 2], [(0, 1)]), key: value})


@KERAS_TRIES_TO_BUILD
def test_no_features() -> None:
    inputs = graph_batch([1, 2])
    del inputs["x"]
    with pytest.raises(ValueError, match="no features"):
        Scaled()(inputs)


def test_a_graph_cut_in_two_says_so() -> None:
    inputs = {**graph_batch([1, 2, 3, 4]), "x": np.ones([2, 1], np.float32)}
    with pytest.raises(tf.errors.InvalidArgumentError, match="gnn.data.distribute"):
        Scaled()(inputs)


@pytest.mark.parametrize("method", ["fit", "evaluate", "predict"])
def test_a_dict_of_arrays_is_refused_with_advice(method: str) -> None:
    model = Scaled()
    model.compile("sgd", "mse", run_eagerly=True)
    arguments = {} if method == "predict" else {"y": column([0, 0])}
    with pytest.raises(ValueError, match="gnn.data.full_batch"):
        getattr(model, method)(graph_batch([1, 2], [(0, 1)]), **arguments)


def test_validation_on_a_dict_of_arrays_is_refused_with_advice() -> None:
    model = Scaled()
    model.compile("sgd", "mse", run_eagerly=True)
    batch, labels = graph_batch([1, 2, 3], [(0, 1)]), column([0])
    with pytest.raises(ValueError, match="gnn.data.full_batch"):
        model.fit(
            tf.data.Dataset.from_tensors((batch, labels)),
            validation_data=(batch, labels),
            verbose=0,
        )


def test_the_advice_works() -> None:
    model = Scaled()
    model.compile("sgd", "mse", run_eagerly=True)
    batch, labels = graph_batch([1, 2, 3], [(0, 1)]), column([1])
    history = model.fit(tf.data.Dataset.from_tensors((batch, labels)), verbose=0)
    assert history.history["loss"] == [4.0]  # (3 - 1)^2
    assert model(batch).shape == (1, 1)


@pytest.mark.parametrize("method", ["fit", "evaluate", "predict"])
def test_a_plain_dataset_of_graphs_under_a_strategy(
    method: str, two_devices: tf.distribute.Strategy
) -> None:
    with two_devices.scope():
        model = Scaled()
        model.compile("sgd", "mse", run_eagerly=True)
    dataset = dataset_of((all_rows([1, 2], 2), column([0, 0])))
    with pytest.raises(ValueError, match="gnn.data.distribute"):
        getattr(model, method)(dataset)


def test_a_summed_loss_under_a_strategy(two_devices: tf.distribute.Strategy) -> None:
    with two_devices.scope():
        model = Scaled()
        with pytest.raises(ValueError, match='reduction="sum"'):
            model.compile("sgd", keras.losses.MeanSquaredError(reduction="sum"), run_eagerly=True)


def test_the_batch_says_what_is_read_out_whatever_graph_comes_back() -> None:
    # A plain GraphsTuple knows no readout; nodes 0 and 1 of three are asked for.
    class Plain(gnn.NodeGraphModel):
        def graph_call(self, graph: Any, training: bool | None = None) -> Any:
            return GraphsTuple(
                **{
                    **{key: getattr(graph, key) for key in GRAPH_KEYS},
                    "nodes": 2 * graph.nodes["x"],
                }
            )

    batch = graph_batch([1, 2, 3], [(0, 1)]) | {"readout": tf.constant([0, 1])}
    assert Plain()(batch).numpy().tolist() == [[2], [4]]


# Losses as reported.


def test_loss_weighs_batches_by_rows_not_by_edges() -> None:
    # Squared errors 1 in 10 rows with 1 edge, 9 in 10 rows with 99: the mean is 5. Weighed by
    # edges, as Keras would, it is (1 + 99 * 9) / 100 = 8.92.
    model = Scaled()
    model.compile("sgd", "mse", metrics=["mse"], run_eagerly=True)
    dataset = dataset_of(
        (all_rows([1] * 10, 1), column([0] * 10)), (all_rows([3] * 10, 99), column([0] * 10))
    )
    assert model.evaluate(dataset, return_dict=True, verbose=0) == {"loss": 5.0, "mse": 5.0}


def test_loss_of_batches_without_edges_and_of_unequal_rows() -> None:
    # Squared errors 1, 4, 9 in the first batch and 25 in the second: 39 / 4.
    model = Scaled()
    model.compile("sgd", "mse", run_eagerly=True)
    dataset = dataset_of((all_rows([1, 2, 3], 0), column([0] * 3)), (all_rows([5], 2), column([0])))
    results = model.evaluate(dataset, return_dict=True, verbose=0)
    assert results == {"loss": pytest.approx(39 / 4)}


def test_training_and_validation_loss() -> None:
    # With rate 0 the weight stays 1 in all epochs.
    model = Scaled()
    model.compile(keras.optimizers.SGD(0.0), "mse", metrics=["mae"], run_eagerly=True)
    train = dataset_of((all_rows([1, 2, 3], 0), column([0] * 3)), (all_rows([5], 2), column([0])))
    val = dataset_of((all_rows([2, 4], 7), column([0, 0])), (all_rows([6], 0), column([0])))
    history = model.fit(train, validation_data=val, epochs=2, verbose=0).history
    assert history == {
        "loss": [pytest.approx(39 / 4)] * 2,
        "mae": [pytest.approx(11 / 4)] * 2,
        "val_loss": [pytest.approx((4 + 16 + 36) / 3)] * 2,
        "val_mae": [pytest.approx(4)] * 2,
    }


@pytest.mark.parametrize(
    ("reduction", "expected"),
    [
        # Squared errors 1, 4, 9 of weights 1, 0, 3, then 25 of weight 2: weighted sum 78.
        ("sum_over_batch_size", 78 / 4),
        ("mean_with_sample_weight", 78 / 6),
    ],
)
@pytest.mark.parametrize("batches", [[[0, 1, 2, 3]], [[0, 1, 2], [3]], [[0, 1], [2, 3]]])
def test_sample_weights_give_one_loss_in_any_batches(
    reduction: str, expected: float, batches: list[list[int]]
) -> None:
    model = Scaled()
    model.compile(
        "sgd", keras.losses.MeanSquaredError(reduction=reduction), weighted_metrics=["mse"]
    )
    x, weights = [1.0, 2.0, 3.0, 5.0], np.array([1, 0, 3, 2], np.float32)
    dataset = dataset_of(
        *[
            (all_rows([x[i] for i in rows], 1), column([0] * len(rows)), weights[rows])
            for rows in batches
        ]
    )
    results = model.evaluate(dataset, return_dict=True, verbose=0)
    assert results == {"loss": pytest.approx(expected), "mse": pytest.approx(78 / 6)}


@pytest.mark.parametrize("batches", [[[0, 1, 2, 3]], [[0, 1, 2], [3]], [[0, 1], [2, 3]]])
def test_an_ignored_class_gives_one_loss_in_any_batches(batches: list[list[int]]) -> None:
    # The logits [0] of one class but the label 0 cost log 1 = 0, so make it two: [x, 0] costs
    # log(1 + e^-x) for label 0 and log(1 + e^x) for label 1; rows of label -1 count nowhere.
    class TwoLogits(NodeGraphModel):
        def graph_call(self, graph: Any) -> Any:
            x = graph.nodes["x"]
            return graph.replace(nodes=tf.concat([x, tf.zeros_like(x)], axis=1))

    x, labels = [1.0, 2.0, 3.0, 5.0], np.array([0, -1, -1, 1])
    elements = [(all_rows([x[i] for i in rows], 1), column(labels[rows])) for rows in batches]
    model = TwoLogits()
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True, ignore_class=-1)
    model.compile("sgd", loss, run_eagerly=True)
    expected = (np.log1p(np.exp(-1)) + np.log1p(np.exp(5))) / 2
    assert model.evaluate(dataset_of(*elements), verbose=0) == pytest.approx(expected)


def test_padded_rows_count_nowhere() -> None:
    # Rows 2 and 3 are padding: their errors of 81 do not enter (1 + 4) / 2.
    model = Scaled()
    model.compile("sgd", "mse", metrics=["mae"], run_eagerly=True)
    x = all_rows([1, 2, 9, 9], 1)
    x["readout_mask"] = np.array([1, 1, 0, 0], np.float32)
    dataset = tf.data.Dataset.from_tensors((x, column([0] * 4)))
    assert model.evaluate(dataset, return_dict=True, verbose=0) == {"loss": 2.5, "mae": 1.5}
    assert model.predict(dataset, verbose=0).ravel().tolist() == [1.0, 2.0]
    assert model.predict_on_batch(x).ravel().tolist() == [1.0, 2.0]


@pytest.mark.parametrize("loss", ["mse", "mae"])
def test_a_batch_of_padding_alone_teaches_nothing(loss: str) -> None:
    # Node 1 is padding; a row that it is read out for has a label of 0, which is no label.
    inputs = graph_batch(
        [1, 3], n_node=[1, 1], readout=np.array([1]), readout_mask=np.zeros(1, np.float32)
    )
    model = Scaled()
    model.compile(keras.optimizers.SGD(1.0), loss, run_eagerly=True)
    model(inputs)
    logs = model.train_on_batch(inputs, np.zeros([1, 1], np.float32), return_dict=True)
    assert logs["loss"] == 0
    np.testing.assert_array_equal(model.get_weights()[0], [[1]])


def test_one_step_of_gradient_descent_by_hand() -> None:
    # loss = mean (w x)^2 = 5 w^2 / 2 at x = 1, 2, so the slope at w = 1 is 5; 1 - 0.1 * 5 = 0.5.
    model = Scaled()
    model.compile(keras.optimizers.SGD(0.1), "mse", run_eagerly=True)
    model.fit(dataset_of((all_rows([1, 2], 3), column([0, 0]))), verbose=0)
    assert model.get_weights()[0].item() == pytest.approx(0.5)


def test_a_regularizer_of_the_weights_is_part_of_the_loss() -> None:
    class Regularized(NodeGraphModel):
        def __init__(self) -> None:
            super().__init__()
            self.dense = keras.layers.Dense(
                1, kernel_initializer="ones", kernel_regularizer=keras.regularizers.L2(0.5)
            )

        def graph_call(self, graph: Any) -> Any:
            return graph.replace(nodes=self.dense(graph.nodes["x"]))

    model = Regularized()
    model.compile("sgd", "mse", run_eagerly=True)
    dataset = dataset_of((all_rows([1, 2, 3], 0), column([0] * 3)), (all_rows([5], 2), column([0])))
    assert model.evaluate(dataset, verbose=0) == pytest.approx(39 / 4 + 0.5)


def test_predictions_come_in_the_order_of_the_data() -> None:
    dataset = dataset_of((all_rows([4, 1], 1), column([0, 0])), (all_rows([3], 0), column([0])))
    assert Scaled().predict(dataset, verbose=0).ravel().tolist() == [4.0, 1.0, 3.0]


def test_prediction_is_traced_once_for_batches_of_any_size() -> None:
    class Counted(Scaled):
        calls = 0

        def graph_call(self, graph: Any) -> Any:
            self.calls += 1
            return super().graph_call(graph)

    model = Counted()
    model(all_rows([1], 0))  # Its weight is made.
    before = model.calls
    for sizes in ((4, 3, 2), (1, 5)):
        batches = [(all_rows(list(range(size)), size), column([0] * size)) for size in sizes]
        assert len(model.predict(dataset_of(*batches), verbose=0)) == sum(sizes)
    assert model.calls == before + 1


def test_prediction_of_batches_that_do_not_say_their_shape() -> None:
    rows = np.ones([4, 3], np.float32), np.ones([2, 3], np.float32)
    data = tf.data.Dataset.from_generator(lambda: iter(rows), output_types=tf.float32)
    data = data.apply(tf.data.experimental.assert_cardinality(2))
    config = {"multiplier": 0.1}
    model = GraphRegularizationModel(config, lambda: keras.Sequential([keras.layers.Dense(2)]))
    assert model.predict(data, verbose=0).shape == (6, 2)


def test_auto_means_no_xla_and_true_is_obeyed() -> None:
    model = Scaled()
    model.compile("sgd", "mse", run_eagerly=True)
    assert model.jit_compile is False
    model.compile("sgd", "mse", jit_compile=True)
    assert model.jit_compile is True


def test_features_of_unknown_size_train() -> None:
    # Decoded images have no static size; only the batch shows it.
    class Mean(NodeGraphModel):
        requires_graph = False

        def __init__(self) -> None:
            super().__init__()
            self.conv = keras.layers.Conv2D(1, 3)

        def graph_call(self, graph: Any) -> Any:
            pixels = self.conv(graph.nodes["image"])
            return graph.replace(nodes=tf.reduce_mean(pixels, axis=[1, 2]))

    images = tf.data.Dataset.from_tensors(({"image": tf.ones([2, 5, 5, 1])}, column([0, 0])))
    spec = ({"image": tf.TensorSpec([None, None, None, 1])}, tf.TensorSpec([None, 1]))
    dataset = tf.data.Dataset.from_generator(lambda: iter(images), output_signature=spec)
    dataset = dataset.apply(tf.data.experimental.assert_cardinality(1))
    model = Mean()
    model.compile("sgd", "mse", run_eagerly=True)
    assert len(model.fit(dataset, verbose=0).history["loss"]) == 1


# Saving.


def trained(tmp_path: Path) -> tuple[Scaled, dict[str, Any]]:
    model = Scaled()
    model.compile(keras.optimizers.SGD(0.1), "mse", run_eagerly=True)
    batch = all_rows([1, 2], 3)
    model.fit(dataset_of((batch, column([0, 0]))), verbose=0)
    return model, batch


def test_a_saved_model_comes_back(tmp_path: Path) -> None:
    model, batch = trained(tmp_path)
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    np.testing.assert_array_equal(loaded(batch), model(batch))
    assert [path.name for path in tmp_path.iterdir()] == ["model.keras"]
    assert loaded.jit_compile is False
    assert int(loaded.optimizer.iterations) == 1


def test_saving_replaces_the_old_file(tmp_path: Path) -> None:
    model, batch = trained(tmp_path)
    path = tmp_path / "model.keras"
    path.write_text("old")
    model.save(str(path))
    np.testing.assert_array_equal(keras.models.load_model(path)(batch), model(batch))


def test_a_save_that_fails_midway_leaves_the_old_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model, _ = trained(tmp_path)
    path = tmp_path / "model.keras"
    path.write_text("old")

    def half_a_save(self: Any, filepath: Any, *args: Any, **kwargs: Any) -> None:
        Path(filepath).write_text("half")
        raise OSError("disk full")

    monkeypatch.setattr(keras.Model, "save", half_a_save)
    with pytest.raises(OSError, match="disk full"):
        model.save(path)
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_an_unwritable_folder_leaves_nothing(tmp_path: Path) -> None:
    model, _ = trained(tmp_path)
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(OSError):
        model.save(tmp_path / "file" / "model.keras")
    assert (tmp_path / "file").read_text() == "in the way"
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_a_class_that_forgets_its_arguments_is_not_saved(tmp_path: Path) -> None:
    @keras.saving.register_keras_serializable(package="test_node_graph_model")
    class Forgetful(Scaled):
        def __init__(self, factor: float = 1.0, **kwargs: Any):
            super().__init__(**kwargs)
            self.factor = factor

    model = Forgetful(factor=2.0)
    model(graph_batch([1.0]))
    with pytest.raises(ValueError, match="Forgetful.*get_config"):
        model.save(tmp_path / "model.keras")
    assert not list(tmp_path.iterdir())
    model.export(tmp_path / "served")


def test_an_unregistered_class_is_not_saved(tmp_path: Path) -> None:
    class Unknown(Scaled):
        pass

    model = Unknown()
    model(graph_batch([1.0]))
    with pytest.raises(ValueError, match="Unknown.*register"):
        model.save(tmp_path / "model.keras")
    assert not list(tmp_path.iterdir())


def test_the_public_class_is_the_one_of_the_package() -> None:
    assert gnn.models.NodeGraphModel is NodeGraphModel
