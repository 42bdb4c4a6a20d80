"""The encoder of columns: training rows alone, one set of layers, files, drift, what it refuses."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf
from scipy import sparse

import gnn
from gnn.models.export import lookup_tables
from gnn.tables.schema import Schema
from gnn.tables.typed_table import Texts, TypedTable

NAN = math.nan
SCHEMA = Schema.of(
    {
        "id": "id",
        "price (€)": "number",
        "brand": "category",
        "tags": "multi-category:|",
        "title": "text",
        "in stock": "boolean",
        "released": "date",
        "look": "vector",
        "kind": "label",
    }
)


def shop() -> TypedTable:
    """Six rows of all types; the last two are new, and unlike the others."""
    columns = {
        "price (€)": np.array([1, 3, NAN, 2, 500, NAN], np.float32),
        "brand": Texts.of(["a", "a", "b", "", "new", "new"]),
        "tags": Texts.of(["x|y", "y", "x", "once", "w|x", ""]),
        "title": Texts.of(["red cup", "red tea", "cup", "", "blue cup", "blue"]),
        "in stock": Texts.of(["yes", "no", "yes", "?", "", "no"]),
        "released": Texts.of(["2024-01-01", "2024-01-03", "", "2024-01-02", "2025-06-01", "soon"]),
        "look": np.array([[0, 1], [2, 1], [NAN, NAN], [1, 1], [9, 9], [0, 0]], np.float32),
    }
    return TypedTable(SCHEMA, columns, 6)


def raw(table: TypedTable) -> dict[str, tf.Tensor]:
    """The cells of a table as a client would send them."""
    return {
        name: tf.constant(cells.text().tolist() if isinstance(cells, Texts) else cells)
        for name, cells in table.columns.items()
    }


def adapted(**options: Any) -> gnn.ColumnEncoder:
    encoder = gnn.ColumnEncoder(SCHEMA, **options)
    encoder.adapt(shop(), np.arange(4))
    return encoder


def dense(feature: Any) -> np.ndarray:
    return feature.toarray() if sparse.issparse(feature) else np.asarray(feature)


@pytest.mark.parametrize("width", [256, 0], ids=["dense", "sparse"])
def test_a_table_and_raw_tensors_give_the_same_features(width: int) -> None:
    encoder, table = adapted(dense_width=width), shop()
    found, called = encoder.encode(table), encoder(raw(table))
    assert list(found) == list(called) == list(encoder.feature_names)
    assert sorted(found) == (["columns"] if width else ["columns", "tokens"])
    for name, names in encoder.feature_names.items():
        assert found[name].shape == called[name].shape == (6, len(names))
        assert found[name].dtype == np.float32
        np.testing.assert_allclose(called[name], dense(found[name]), atol=1e-6)
    if not width:
        assert found["tokens"].format == "csr" and found["tokens"].has_canonical_format
    graph = gnn.Graph.from_edges([0], [1], found)  # All finite.
    assert graph.num_nodes == 6


def test_new_rows_enter_no_statistic_and_no_vocabulary() -> None:
    table = shop()
    by_number, by_mask = adapted(), gnn.ColumnEncoder(SCHEMA)
    by_mask.adapt(table, np.arange(6) < 4)
    alone = gnn.ColumnEncoder(SCHEMA)
    alone.adapt(table.take(np.arange(4)))
    learned = [encoder.get_config()["learned"] for encoder in (by_number, by_mask, alone)]
    assert learned[0] == learned[1] == learned[2]
    assert "blue" not in json.dumps(learned[0]) and "new" not in json.dumps(learned[0])
    everything = gnn.ColumnEncoder(SCHEMA)
    everything.adapt(table)
    assert "blue" in json.dumps(everything.get_config()["learned"])


def test_columns_have_names() -> None:
    assert adapted().feature_names["columns"] == [
        "price (€)",
        "price (€) is missing",
        "title is missing",
        "in stock",
        "in stock is missing",
        "released: days",
        "released: sine of the year",
        "released: cosine of the year",
        "released: sine of the week",
        "released: cosine of the week",
        "released is missing",
        "look 0",
        "look 1",
        "look is missing",
        "brand = another",
        "brand is missing",
        "brand = 'a'",
        "tags has another",
        "tags has 'x'",
        "tags has 'y'",
        "title: cup",
        "title: red",
    ]


def test_an_encoder_inside_a_model(tmp_path: Path) -> None:
    encoder, table = adapted(), shop()
    inputs = {
        name: keras.Input(spec.shape[1:], name=name, dtype=spec.dtype.name)
        for name, spec in encoder.raw_specs().items()
    }
    model = keras.Model(inputs, keras.layers.Dense(2)(encoder(inputs)["columns"]))
    assert len(lookup_tables(model)) == 4  # Brand, tags, title and in stock.
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    np.testing.assert_array_equal(loaded(raw(table)), model(raw(table)))


def test_drift() -> None:
    encoder = adapted()
    now = encoder.drift(shop().take(np.array([4, 5])))
    price, brand, tags = (now.columns[name] for name in ("price (€)", "brand", "tags"))
    assert (price.gaps_then, price.gaps, price.above, price.below) == (0.25, 0.5, 1, 0)
    assert (brand.others_then, brand.others, dict(brand.unseen)) == (0.25, 1.0, {"new": 2})
    assert (tags.others, tags.gaps, dict(tags.unseen)) == (0.5, 0.5, {"w": 1})
    assert (now.columns["released"].above, now.columns["released"].gaps) == (1, 0.5)
    assert (now.columns["look"].above, now.columns["look"].below) == (1, 1)
    assert (
        "brand: 100.0% of rows with other categories, 25.0% in training; 1 of them: 'new' (2)"
        in (str(now).splitlines())
    )
    assert json.loads(json.dumps(now.to_dict()))["columns"]["price (€)"]["above"] == 1
    assert now.rows == 2
    quiet = gnn.ColumnEncoder({"price (€)": "number"})
    quiet.adapt(shop())
    assert str(quiet.drift(shop())) == "as in training"


def test_no_rows_are_no_rows() -> None:
    encoder, nothing = adapted(), shop().take(np.zeros(0, int))
    assert encoder.encode(nothing)["columns"].shape == (0, 22)
    assert encoder(_no_cells())["columns"].shape == (0, 22)
    assert encoder.drift(nothing).rows == 0


def _no_cells() -> dict[str, tf.Tensor]:
    specs = adapted().raw_specs()
    return {name: tf.zeros([0, *spec.shape[1:]], spec.dtype) for name, spec in specs.items()}


def test_an_encoder_is_adapted_once_and_before_it_is_used(tmp_path: Path) -> None:
    encoder, table = gnn.ColumnEncoder(SCHEMA), shop()
    for use in (
        lambda: encoder.encode(table),
        lambda: encoder(raw(table)),
        lambda: encoder.drift(table),
        lambda: encoder.save(tmp_path / "encoder.keras"),
    ):
        with pytest.raises(RuntimeError, match="is not adapted: call adapt"):
            use()
    assert not list(tmp_path.iterdir())
    with pytest.raises(ValueError, match="rows must be the training rows"):
        encoder.adapt(table, np.zeros(6, bool))
    encoder.adapt(table)
    with pytest.raises(RuntimeError, match="is adapted already"):
        encoder.adapt(table)


@pytest.mark.parametrize(
    ("column", "cells", "error", "message"),
    [
        ("brand", np.zeros(6, np.float32), TypeError, "column 'brand' is a category, whose cells"),
        ("price (€)", Texts.of(["1"] * 6), TypeError, "whose cells are numbers; got Texts"),
        ("look", np.zeros((6, 3), np.float32), ValueError, r"shape \(None, 2\), got \(6, 3\)"),
        ("look", None, KeyError, "the table lacks the column 'look'"),
    ],
)
def test_cells_of_another_type(column: str, cells: Any, error: type, message: str) -> None:
    columns = {**shop().columns, column: cells}
    if cells is None:
        del columns[column]
    with pytest.raises(error, match=message):
        adapted().encode(TypedTable(SCHEMA, columns, 6))


def test_columns_that_say_nothing() -> None:
    with pytest.raises(ValueError, match="schema must have a column of features"):
        gnn.ColumnEncoder({"id": "id"})
    with pytest.raises(ValueError, match="max_tokens must be"):
        gnn.ColumnEncoder(SCHEMA, max_tokens=0)
    encoder = gnn.ColumnEncoder({"title": "text"})
    with pytest.raises(ValueError, match=r"nothing comes of the columns \['title'\]"):
        encoder.adapt(TypedTable(encoder.schema, {"title": Texts.of(["a", "b"])}, 2))
    with pytest.raises(KeyError, match="columns .'brand'. are not there"):
        adapted()({name: cells for name, cells in raw(shop()).items() if name != "brand"})
