"""Served classifiers: raw columns in, classes out, with TensorFlow alone."""

from __future__ import annotations

import json
import math
import subprocess
import sys
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

import gnn
from gnn.data import full_batch
from gnn.layers import FeatureDense
from gnn.models.input_names import input_names
from gnn.models.served_classifier import export_classifier, serve_columns
from gnn.tables.typed_table import Texts, TypedTable

NAMES = ["cat", "dog\n2", "cow"]
TRAIN = {
    "price (€)": np.array([1, 3, math.nan, 2], np.float32),
    "edges": Texts.of(["a", "a", "b", ""]),
    "title": Texts.of(["red cup", "red tea", "cup", ""]),
    "in stock": Texts.of(["yes", "no", "yes", "?"]),
    "when": Texts.of(["2024-01-01", "2024-01-03", "", "2024-01-02"]),
    "look": np.array([[0, 1], [2, 1], [math.nan, math.nan], [1, 1]], np.float32),
}
# A gap in every column, categories that are new, and what only looks like a value.
NEW = {
    "price (€)": np.array([math.nan, 9], np.float32),
    "edges": Texts.of([" a ", "new"]),
    "title": Texts.of(["NA", "Cup, red: ä"]),
    "in stock": Texts.of(["null", "TRUE"]),
    "when": Texts.of(["soon", "2024-02-29T10:00:00Z"]),
    "look": np.array([[math.nan, math.nan], [5, 5]], np.float32),
}
INPUTS = {
    "price (€)": "price____",
    "edges": "edges_2",  # `edges` is a key of a batch.
    "title": "title",
    "in stock": "in_stock",
    "when": "when",
    "look": "look",
}
SCHEMA = {
    "price (€)": "number",
    "edges": "category",
    "title": "text",
    "in stock": "boolean",
    "when": "date",
    "look": "vector",
}


def table(columns: dict[str, Any]) -> TypedTable:
    return TypedTable(gnn.ColumnEncoder(SCHEMA).schema, columns, len(columns["look"]))


def adapted(dense_width: int) -> gnn.ColumnEncoder:
    encoder = gnn.ColumnEncoder(SCHEMA, dense_width=dense_width)
    encoder.adapt(table(TRAIN))
    return encoder


def perceptron(features: dict[str, Any]) -> keras.Model:
    """A perceptron whose first layer takes dense and sparse features side by side."""
    inputs = {
        name: keras.Input(feature.shape[1:], name=name, sparse=name == "tokens")
        for name, feature in features.items()
    }
    hidden = FeatureDense(4, activation="relu")(list(inputs.values()))
    return keras.Model(inputs, keras.layers.Dense(3)(hidden))


def sent(columns: dict[str, Any]) -> dict[str, tf.Tensor]:
    """Columns as a client sends them."""
    return {
        INPUTS[name]: tf.constant(cells.text().tolist() if isinstance(cells, Texts) else cells)
        for name, cells in columns.items()
    }


ALONE = """
import sys
import numpy as np
import tensorflow as tf
folder = sys.argv[1]
served = tf.saved_model.load(folder + "/served").signatures
inputs = {name: tf.constant(cells) for name, cells in np.load(folder + "/sent.npz").items()}
found = {**served["serving_default"](**inputs), **served["embedding"](**inputs)}
assert "gnn" not in sys.modules
import keras
import gnn
from tests.models.test_served_classifier import NEW, table
encoder = keras.models.load_model(folder + "/encoder.keras")
found["columns"] = encoder.encode(table(NEW))["columns"]
np.savez(folder + "/found.npz", **found)
"""


def test_new_processes_without_gnn_and_with_a_loaded_encoder(tmp_path: Path) -> None:
    """Raw rows in Python, by the SavedModel with TensorFlow alone, and by a saved encoder."""
    encoder = adapted(dense_width=0)
    features = encoder.encode(table(NEW))
    model = perceptron(features)
    export_classifier(tmp_path / "served", model, NAMES, encoder=encoder)
    encoder.save(tmp_path / "encoder.keras")
    np.savez(
        tmp_path / "sent.npz",
        **{
            name: np.array([cell.encode() for cell in cells.text()])
            if isinstance(cells, Texts)
            else cells
            for name, cells in zip(INPUTS.values(), NEW.values(), strict=True)
        },
    )
    root = Path(__file__).parents[2]
    subprocess.run([sys.executable, "-c", ALONE, str(tmp_path)], check=True, cwd=root)
    found = np.load(tmp_path / "found.npz", allow_pickle=True)
    batch = {
        name: tf.constant(getattr(f, "toarray", lambda f=f: f)()) for name, f in features.items()
    }
    logits = model(batch).numpy()
    np.testing.assert_allclose(found["logits"], logits, atol=1e-5)
    np.testing.assert_allclose(found["probabilities"], keras.ops.softmax(logits), atol=1e-5)
    expected = [NAMES[k].encode() for k in logits.argmax(axis=1)]
    assert found["classes"].tolist() == expected
    hidden = keras.Model(model.input, model.layers[-2].output)(batch)
    np.testing.assert_allclose(found["embedding"], hidden, atol=1e-5)
    np.testing.assert_array_equal(found["columns"], features["columns"])

    assets = tmp_path / "served" / "assets"
    assert (assets / "class_names.txt").read_text().splitlines() == ["cat", "dog 2", "cow"]
    schema = json.loads((assets / "schema.json").read_text())
    assert {name: column["input"] for name, column in schema["columns"].items()} == INPUTS
    assert schema["columns"]["look"] == {
        "type": "vector",
        "input": "look",
        "dtype": "float32",
        "shape": [None, 2],
    }
    assert schema["classes"] == NAMES and schema["features"] == encoder.feature_names


def test_a_network_takes_columns_and_the_graph(tmp_path: Path) -> None:
    encoder = adapted(dense_width=256)
    graph = gnn.Graph.from_edges([0, 1, 2], [1, 2, 3], encoder.encode(table(TRAIN)))
    model = gnn.GraphConvolutionalNodeClassifier(num_classes=3, hidden_units=4)
    with pytest.raises(ValueError, match="has not seen any inputs yet"):
        export_classifier(tmp_path / "served", model, NAMES, encoder=encoder)
    inputs = next(iter(full_batch(graph)))
    expected = model(inputs)
    keys = {name: value for name, value in inputs.items() if name != "columns"}
    raw = {name: sent(TRAIN)[place] for name, place in INPUTS.items()}
    np.testing.assert_allclose(serve_columns(encoder, model)(raw, keys), expected, atol=1e-6)

    export_classifier(tmp_path / "served", model, NAMES, encoder=encoder)
    served = tf.saved_model.load(tmp_path / "served").signatures
    assert sorted(served) == ["embedding", "graph", "serving_default"]
    names = served["graph"].structured_input_signature[1]
    assert set(names) == {*INPUTS.values(), *keys} - {"readout_mask", "graph_degrees"}
    given = {**sent(TRAIN), **{key: keys[key] for key in keys if key in names}}
    np.testing.assert_allclose(served["graph"](**given)["logits"], expected, atol=1e-6)
    np.testing.assert_allclose(
        served["embedding"](**given)["embedding"], model.embed(inputs), atol=1e-6
    )


def test_features_of_any_name_without_an_encoder(tmp_path: Path) -> None:
    features = {"my x": np.eye(3, 2, dtype=np.float32), "y": np.ones([3, 1], np.float32)}
    model = perceptron(features)
    specs = {name: tf.TensorSpec([None, f.shape[1]]) for name, f in features.items()}
    with pytest.raises(TypeError, match="encoder or features must say what the inputs are"):
        export_classifier(tmp_path / "served", model, NAMES)
    export_classifier(tmp_path / "served", model, NAMES, features=specs)
    served = tf.saved_model.load(tmp_path / "served")
    found = served.signatures["serving_default"](my_x=features["my x"], y=features["y"])
    expected = model({name: tf.constant(f) for name, f in features.items()})
    np.testing.assert_allclose(found["logits"], expected, atol=1e-6)
    schema = json.loads((tmp_path / "served/assets/schema.json").read_text())
    assert schema["features"]["my x"] == {"input": "my_x", "dtype": "float32", "shape": [None, 2]}
    # An export of ours, which another may replace; a folder with more in it may not be.
    export_classifier(tmp_path / "served", model, NAMES, features=specs)
    (tmp_path / "served" / "mine").write_text("mine")
    with pytest.raises(FileExistsError, match="mine"):
        export_classifier(tmp_path / "served", model, NAMES, features=specs)


def test_names_of_inputs() -> None:
    columns = ["a b", "a_b", "a-b", "größe", "2nd", "_x", "self", "class", "", "n_node", "a_b_2"]
    assert input_names(columns, taken={"n_node"}) == {
        "a b": "a_b_3",
        "a_b": "a_b",
        "a-b": "a_b_4",
        "größe": "gr__e",
        "2nd": "column_2nd",
        "_x": "column__x",
        "self": "self_2",
        "class": "class_2",
        "": "column_",
        "n_node": "n_node_2",
        "a_b_2": "a_b_2",
    }


def test_columns_that_differ_by_case_alone(tmp_path: Path) -> None:
    """A SavedModel takes names that differ by case for one."""
    rows = np.array([1, 3], np.float32)
    columns = {"Size": rows, "size": 2 * rows, "SIZE": rows}
    encoder = gnn.ColumnEncoder(dict.fromkeys(columns, "number"))
    encoder.adapt(TypedTable(encoder.schema, columns, 2))
    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(2)])
    export_classifier(tmp_path / "served", model, ["cat", "dog"], encoder=encoder)
    served = tf.saved_model.load(tmp_path / "served").signatures["serving_default"]
    answer = served(Size=rows, size_2=2 * rows, SIZE_3=rows)
    np.testing.assert_allclose(answer["logits"], model(np.array([[-1.0] * 3, [1.0] * 3])))
