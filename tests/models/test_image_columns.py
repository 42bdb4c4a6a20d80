"""Columns of images: files of a table and bytes of a request, gaps and broken ones flagged."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

import gnn
from gnn.graphs.image_files import ImageFiles
from gnn.models.served_classifier import export_classifier
from gnn.tables.typed_table import Texts, TypedTable

PATHS = ["a.png", "b.png", "", "broken.png"]
SCHEMA = {"photo": "image", "price": "number"}
OPTIONS: dict[str, Any] = {"image_size": (1, 2), "image_channels": 1}


def table(folder: Path) -> TypedTable:
    """Two images of two pixels, a gap, and a file that is none."""
    for name, pixels in (("a", [10, 20]), ("b", [30, 40])):
        content = tf.io.encode_png(tf.constant([[[value] for value in pixels]], tf.uint8))
        (folder / f"{name}.png").write_bytes(content.numpy())
    (folder / "broken.png").write_bytes(b"\x89PNG no")
    prices = np.array([1, 3, 1, 3], np.float32)
    schema = gnn.ColumnEncoder(SCHEMA).schema
    return TypedTable(schema, {"photo": Texts.of(PATHS), "price": prices}, 4)


def sent(rows: TypedTable, folder: Path) -> dict[str, tf.Tensor]:
    contents = [(folder / path).read_bytes() if path else b"" for path in PATHS]
    return {"photo": tf.constant(contents), "price": tf.constant(rows.columns["price"])}


def test_files_of_a_table_and_bytes_of_a_request(tmp_path: Path) -> None:
    encoder, rows = gnn.ColumnEncoder(SCHEMA, **OPTIONS), table(tmp_path)
    encoder.adapt(rows, root=tmp_path)
    assert encoder.feature_names == {"columns": ["photo is missing", "price"]}
    found = encoder.encode(rows, root=tmp_path)
    assert isinstance(found["photo"], ImageFiles)
    pixels = [[[10], [20]], [[30], [40]], [[0], [0]], [[0], [0]]]
    assert found["photo"][:].tolist() == [[image] for image in pixels]
    assert found["columns"].tolist() == [[0, -1], [0, 1], [1, -1], [1, 1]]
    called = encoder(sent(rows, tmp_path))
    np.testing.assert_array_equal(called["photo"], found["photo"][:])
    np.testing.assert_array_equal(called["columns"], found["columns"])
    drift = encoder.drift(rows.take(np.array([0, 2])), root=tmp_path)
    assert drift.columns["photo"].gaps == drift.columns["photo"].gaps_then == 0.5
    again = gnn.ColumnEncoder.from_config(encoder.get_config())
    np.testing.assert_array_equal(again(sent(rows, tmp_path))["photo"], called["photo"])


def test_no_flag_where_all_training_images_could_be_read(tmp_path: Path) -> None:
    encoder, rows = gnn.ColumnEncoder(SCHEMA, **OPTIONS), table(tmp_path)
    encoder.adapt(rows, np.array([0, 1]), root=tmp_path)
    assert encoder.feature_names == {"columns": ["price"]}
    alone = gnn.ColumnEncoder({"photo": "image"}, **OPTIONS)
    alone.adapt(rows, np.array([0, 1]), root=tmp_path)
    assert list(alone.encode(rows, root=tmp_path)) == list(alone(sent(rows, tmp_path))) == ["photo"]


def test_a_served_model_takes_the_bytes_of_files(tmp_path: Path) -> None:
    encoder, rows = gnn.ColumnEncoder(SCHEMA, **OPTIONS), table(tmp_path)
    encoder.adapt(rows, root=tmp_path)
    inputs = {
        "columns": keras.Input((2,), name="columns"),
        "photo": keras.Input((1, 2, 1), name="photo", dtype="uint8"),
    }
    flat = keras.layers.Flatten()(keras.layers.Rescaling(1 / 255)(inputs["photo"]))
    joined = keras.layers.Concatenate()([inputs["columns"], flat])
    model = keras.Model(inputs, keras.layers.Dense(2)(joined))
    export_classifier(tmp_path / "served", model, ["cat", "dog"], encoder=encoder)
    served = tf.saved_model.load(tmp_path / "served").signatures["serving_default"]
    found = encoder.encode(rows, root=tmp_path)
    batch = {"columns": tf.constant(found["columns"]), "photo": tf.constant(found["photo"][:])}
    logits = served(**sent(rows, tmp_path))["logits"]
    np.testing.assert_allclose(logits, model(batch), atol=1e-5)


def test_names_that_no_input_can_have_are_changed(tmp_path: Path) -> None:
    rows = table(tmp_path)
    named = {"the photo": "image", "columns": "image", "edges": "image", "price": "number"}
    held = {
        name: rows.columns["price" if kind == "number" else "photo"] for name, kind in named.items()
    }
    encoder = gnn.ColumnEncoder(named, **OPTIONS)
    renamed = TypedTable(encoder.schema, held, 4)
    encoder.adapt(renamed, root=tmp_path)
    found = encoder.encode(renamed, root=tmp_path)
    assert sorted(found) == ["columns", "columns_2", "edges_2", "the_photo"]
    cells = sent(rows, tmp_path)
    called = encoder({name: cells["price" if name == "price" else "photo"] for name in named})
    assert sorted(called) == sorted(found)
    np.testing.assert_array_equal(called["the_photo"], found["the_photo"][:])
    drift = encoder.drift(renamed, features=found)  # Without the folder, which it need not read.
    assert drift.columns["the photo"].gaps == 0.5


@pytest.mark.parametrize(
    ("schema", "options", "message"),
    [
        ({"photo": "image"}, {"image_size": (0, 1)}, "size must be"),
        ({"photo": "image"}, {"image_channels": 2}, "channels must be"),
    ],
)
def test_what_images_refuse(schema: Any, options: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        gnn.ColumnEncoder(schema, **options)
