"""SavedModels: named inputs and outputs, whole or not at all, and on nothing but TensorFlow."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

from gnn import Graph, GraphConvolutionalNodeClassifier, GraphRegConfig, GraphRegularizationModel
from gnn.data import full_batch

X = np.arange(8, dtype=np.float32).reshape(4, 2)
CONFIG = GraphRegConfig(multiplier=0.1)
GRAPH_INPUTS = {
    "edges",
    "globals",
    "n_edge",
    "n_node",
    "readout",
    "receivers",
    "senders",
}


def graph() -> Graph:
    return Graph.from_edges([0, 1, 3], [1, 2, 2], {"x": X}, labels=[0, 1, 2, 0])


def batch() -> dict[str, Any]:
    inputs, _ = next(iter(full_batch(graph())))
    return inputs


def functional() -> keras.Model:
    inputs = keras.Input((2,), name="x")
    return keras.Model(inputs, keras.layers.Dense(3)(inputs))


def served(path: Path) -> Any:
    return tf.saved_model.load(str(path)).signatures["serving_default"]


def inputs_of(signature: Any) -> dict[str, tf.TensorSpec]:
    return signature.structured_input_signature[1]


def test_a_regularized_model_takes_features_by_name(tmp_path: Path) -> None:
    model = GraphRegularizationModel(CONFIG, functional)
    model(batch())
    model.export(tmp_path / "served")
    signature = served(tmp_path / "served")
    assert {
        name: (spec.shape.as_list(), spec.dtype) for name, spec in inputs_of(signature).items()
    } == {"x": ([None, 2], tf.float32)}
    # Any number of rows.
    for rows in (X, X[:1]):
        outputs = signature(x=rows)
        assert sorted(outputs) == ["outputs"]
        np.testing.assert_allclose(outputs["outputs"], model.node_model(rows), rtol=1e-5)
    # By the name that Keras' exports have.
    loaded = tf.saved_model.load(str(tmp_path / "served"))
    np.testing.assert_allclose(loaded.serve(x=X)["outputs"], model.node_model(X), rtol=1e-5)


def test_names_survive_a_call_on_a_tensor(tmp_path: Path) -> None:
    model = GraphRegularizationModel(CONFIG, functional)
    model(batch())
    model.predict(X, verbose=0)
    model.export(tmp_path / "served")
    assert set(inputs_of(served(tmp_path / "served"))) == {"x"}
    # Exporting calls the model on features; the loaded one still knows the graph.
    assert model.get_build_config()["inputs"]["has_graph"]


def test_a_model_that_saw_one_tensor(tmp_path: Path) -> None:
    model = GraphRegularizationModel(CONFIG, functional)
    model(X)
    model.export(tmp_path / "served")
    np.testing.assert_allclose(
        served(tmp_path / "served")(features=X)["outputs"], model(X), rtol=1e-5
    )


def test_a_subclassed_model_that_saw_one_tensor(tmp_path: Path) -> None:
    class Subclassed(keras.Model):
        def __init__(self) -> None:
            super().__init__()
            self.dense = keras.layers.Dense(3)

        def call(self, inputs: Any) -> Any:
            return self.dense(inputs)

    model = GraphRegularizationModel(CONFIG, Subclassed)
    model(X)
    model.export(tmp_path / "served")
    np.testing.assert_allclose(
        served(tmp_path / "served")(features=X)["outputs"], model(X), rtol=1e-5
    )


def test_several_inputs_of_any_dtype_and_several_outputs(tmp_path: Path) -> None:
    def make() -> keras.Model:
        image = keras.Input((2, 2, 1), name="image")
        age = keras.Input((), dtype="int32", name="age")
        flat = keras.layers.Flatten()(image)
        embedding = keras.layers.Add()([flat, keras.layers.Embedding(9, 4)(age)])
        return keras.Model(
            [image, age], {"embedding": embedding, "logits": keras.layers.Dense(3)(embedding)}
        )

    model = GraphRegularizationModel(CONFIG, make, regularize="embedding")
    features = {
        "image": np.ones([4, 2, 2, 1], np.float32),
        "age": np.arange(4, dtype=np.int32),
    }
    model({**features, **{key: value for key, value in batch().items() if key != "x"}})
    model.export(tmp_path / "served")
    signature = served(tmp_path / "served")
    assert inputs_of(signature)["age"].dtype == tf.int32
    assert inputs_of(signature)["image"].shape.as_list() == [None, 2, 2, 1]
    outputs = signature(**{key: tf.constant(value) for key, value in features.items()})
    assert sorted(outputs) == ["embedding", "logits"]
    np.testing.assert_allclose(outputs["logits"], model(features)["logits"], rtol=1e-5)


def test_only_what_the_node_model_reads_is_asked_for(tmp_path: Path) -> None:
    model = GraphRegularizationModel(CONFIG, functional)
    model({**batch(), "id": np.array([b"a", b"b", b"c", b"d"])})
    model.export(tmp_path / "served")
    assert set(inputs_of(served(tmp_path / "served"))) == {"x"}


def test_a_graph_model_takes_the_graph_by_name(tmp_path: Path) -> None:
    model = GraphConvolutionalNodeClassifier(num_classes=3, config=CONFIG)
    inputs = batch()
    expected = model(inputs)
    model.export(tmp_path / "served")
    signature = served(tmp_path / "served")
    names = inputs_of(signature)
    assert set(names) == {"x"} | GRAPH_INPUTS
    for name in ("senders", "receivers", "n_node", "n_edge", "readout"):
        assert names[name].dtype == tf.int32
    served_inputs = {name: inputs[name] for name in names}
    np.testing.assert_allclose(signature(**served_inputs)["outputs"], expected, rtol=1e-5)

    # Edges in any order, and rows as asked for.
    order = np.array([2, 0, 1])
    for name in ("senders", "receivers", "edges"):
        served_inputs[name] = tf.gather(inputs[name], order)
    served_inputs["readout"] = tf.constant([2, 0])
    rows = signature(**served_inputs)["outputs"]
    np.testing.assert_allclose(rows, tf.gather(expected, [2, 0]), rtol=1e-5)


def test_exporting_twice_replaces(tmp_path: Path) -> None:
    model = GraphRegularizationModel(CONFIG, functional)
    model(batch())
    path = tmp_path / "served"
    model.export(path)
    model.node_model.set_weights([2 * weight for weight in model.node_model.get_weights()])
    model.export(str(path))
    np.testing.assert_allclose(served(path)(x=X)["outputs"], model(X), rtol=1e-5)
    (path / "assets" / "notes.txt").write_text("mine")
    with pytest.raises(FileExistsError, match="it holds 'assets/notes.txt'"):
        model.export(path)
    assert (path / "assets" / "notes.txt").read_text() == "mine"
    assert [entry.name for entry in tmp_path.iterdir()] == ["served"]


def test_missing_folders_are_made_and_the_export_is_readable(tmp_path: Path) -> None:
    model = GraphRegularizationModel(CONFIG, functional)
    model(batch())
    path = tmp_path / "a" / "b" / "served"
    (tmp_path / "plain").mkdir()
    model.export(path)
    assert path.stat().st_mode == (tmp_path / "plain").stat().st_mode
    assert [entry.name for entry in path.parent.iterdir()] == ["served"]


def test_before_it_has_seen_inputs_it_says_so(tmp_path: Path) -> None:
    model = GraphRegularizationModel(CONFIG, functional)
    with pytest.raises(ValueError, match="not seen any inputs yet.*fit it, call it"):
        model.export(tmp_path / "served")
    assert not list(tmp_path.iterdir())


def test_a_loaded_model_exports(tmp_path: Path) -> None:
    model = GraphConvolutionalNodeClassifier(num_classes=3)
    expected = model(batch())
    model.save(tmp_path / "model.keras")
    keras.models.load_model(tmp_path / "model.keras").export(tmp_path / "served")
    signature = served(tmp_path / "served")
    inputs = {name: value for name, value in batch().items() if name in inputs_of(signature)}
    np.testing.assert_allclose(signature(**inputs)["outputs"], expected, rtol=1e-5)


def test_an_unwritable_folder_leaves_nothing(tmp_path: Path) -> None:
    model = GraphRegularizationModel(CONFIG, functional)
    model(batch())
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(OSError):
        model.export(tmp_path / "file" / "served")
    assert (tmp_path / "file").read_text() == "in the way"
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_a_file_in_the_place_of_the_folder_is_left_alone(tmp_path: Path) -> None:
    model = GraphRegularizationModel(CONFIG, functional)
    model(batch())
    (tmp_path / "served").write_text("in the way")
    with pytest.raises(OSError, match="served"):
        model.export(tmp_path / "served")
    assert (tmp_path / "served").read_text() == "in the way"
    assert [path.name for path in tmp_path.iterdir()] == ["served"]


def test_an_export_that_fails_midway_leaves_the_old_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = GraphRegularizationModel(CONFIG, functional)
    model(batch())
    path = tmp_path / "served"
    model.export(path)
    before = served(path)(x=X)["outputs"]

    def half_an_export(module: Any, folder: str, **kwargs: Any) -> None:
        (Path(folder) / "saved_model.pb").write_text("half")
        raise OSError("disk full")

    model.node_model.set_weights([2 * weight for weight in model.node_model.get_weights()])
    monkeypatch.setattr(tf.saved_model, "save", half_an_export)
    with pytest.raises(OSError, match="disk full"):
        model.export(path)
    np.testing.assert_array_equal(served(path)(x=X)["outputs"], before)
    assert [entry.name for entry in tmp_path.iterdir()] == ["served"]


@pytest.mark.parametrize("name", ["image/pixels", "a-b", "1x", "my feature", "class", "self"])
def test_a_name_that_names_no_argument_is_refused(tmp_path: Path, name: str) -> None:
    # TensorFlow would serve `image/pixels` as `image_pixels` without a word.
    model = GraphRegularizationModel(CONFIG, lambda: keras.layers.Dense(1))
    model({name: tf.constant(X)})
    with pytest.raises(ValueError, match=f"cannot export the feature {name!r}"):
        model.export(tmp_path / "served")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.filterwarnings("ignore:.*tf.lite.Interpreter is deprecated")
def test_a_graph_network_in_litert(tmp_path: Path) -> None:
    """The interpreter has LiteRT's own operations: no sparse matrices, no UpperBound."""
    model = GraphConvolutionalNodeClassifier(num_classes=3, hidden_units=4)
    inputs = batch()
    outputs = model(inputs)
    model.export(tmp_path / "model.tflite", format="litert")
    run = tf.lite.Interpreter(str(tmp_path / "model.tflite")).get_signature_runner()
    assert set(run.get_input_details()) == {"x", *GRAPH_INPUTS}
    served_by = run(**{name: inputs[name].numpy() for name in run.get_input_details()})
    np.testing.assert_allclose(served_by["outputs"], outputs, atol=1e-6)
    with pytest.raises(ValueError, match="filepath must end in '.tflite'"):
        model.export(tmp_path / "model", format="litert")
