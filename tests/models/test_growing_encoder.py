"""An encoder that grows: old numbers of old rows stay, and what is new gets its place."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import pytest

from gnn.models.columns.column_encoder import ColumnEncoder
from gnn.models.columns.growing import grown_encoder, growth_lines, slots_before
from gnn.tables.schema import Schema
from gnn.tables.typed_table import Texts, TypedTable


def table(schema: dict[str, str], **columns: Any) -> TypedTable:
    cells = {
        name: np.float32(values) if schema[name] == "number" else Texts.of(values)
        for name, values in columns.items()
    }
    return TypedTable(Schema.of(schema), cells, len(next(iter(columns.values()))))


def grown(old: TypedTable, new: TypedTable, **options: Any) -> tuple[ColumnEncoder, ColumnEncoder]:
    encoder = ColumnEncoder(old.schema, **options)
    encoder.adapt(old)
    return encoder, grown_encoder(encoder, new)


def test_numbers_keep_their_scale_and_gaps_get_a_flag() -> None:
    schema = {"price": "number"}
    old = table(schema, price=[1, 3])  # Mean 2, variance 1.
    new = table(schema, price=[1, 3, np.nan, 9])
    before, now = grown(old, new)
    assert before.encode(old)["columns"].tolist() == [[-1], [1]]
    assert now.encode(new)["columns"].tolist() == [[-1, 0], [1, 0], [0, 1], [7, 0]]
    assert slots_before(before, now)["columns"].tolist() == [0, -1]
    assert now.columns[0].learned["largest"] == [9]
    assert growth_lines(before, now) == ["price grew by 1: price is missing"]


def test_a_new_category_takes_the_weights_of_what_stood_for_it() -> None:
    schema = {"brand": "category"}
    old = table(schema, brand=["a", "a", "x"])
    new = table(schema, brand=["a", "b", "b", "", "y"])
    before, now = grown(old, new)
    assert before.feature_names["columns"] == ["brand = another", "brand = 'a'"]
    names = ["brand = another", "brand is missing", "brand = 'a'", "brand = 'b'"]
    assert now.feature_names["columns"] == names
    assert slots_before(before, now)["columns"].tolist() == [0, 0, 1, 0]
    weights = np.float32([10, 20])
    carried = weights[slots_before(before, now)["columns"]]
    np.testing.assert_array_equal(
        before.encode(new)["columns"] @ weights, now.encode(new)["columns"] @ carried
    )


def test_where_nothing_stood_for_others_a_new_category_begins_at_0() -> None:
    schema = {"brand": "category"}
    before, now = grown(table(schema, brand=["a", "a"]), table(schema, brand=["b", "b", "c"]))
    assert now.feature_names["columns"] == ["brand = another", "brand = 'a'", "brand = 'b'"]
    assert slots_before(before, now)["columns"].tolist() == [-1, 0, -1]


def test_new_words_do_not_change_the_numbers_of_old_ones() -> None:
    schema = {"title": "text"}
    old = table(schema, title=["red cup", "red cup", "cup"])
    new = table(schema, title=["red cup pot", "pot", "cup"])
    before, now = grown(old, new)
    assert now.feature_names["columns"] == ["title: cup", "title: red", "title: pot"]
    was, found = before.encode(new)["columns"], now.encode(new)["columns"]
    np.testing.assert_array_equal(found[:, :2], was)
    # A text of new words alone has length 1, as any other.
    np.testing.assert_allclose(found[1], [0, 0, 1])
    # Of "red" and "pot", as frequent among 3 texts then and now, the weights are the same.
    assert found[0, 2] == found[0, 1]
    again = grown_encoder(now, table(schema, title=["tea", "red tea"]))
    np.testing.assert_array_equal(again.encode(new)["columns"][:, :3], found)


def test_nothing_is_forgotten_and_limits_hold() -> None:
    schema = {"brand": "category", "title": "text"}
    old = table(schema, brand=["a", "a"], title=["red", "red"])
    new = table(schema, brand=["b", "b", "c", "c"], title=["tea", "tea", "pot", "pot"])
    before, now = grown(old, new, max_categories=2, max_tokens=2)
    assert now.columns[0].learned["values"] == ["a", "b"]
    assert now.columns[0].learned["others"] == 0.5
    assert now.columns[1].learned["words"] == ["red", "pot"]


def test_sparse_tokens_stay_sparse_and_a_saved_encoder_is_the_same(tmp_path: Any) -> None:
    schema = {"brand": "category", "price": "number"}
    old = table(schema, brand=["a", "a"], price=[0, 2])
    new = table(schema, brand=["b", "b", "a"], price=[0, np.nan, 2])
    before, now = grown(old, new, dense_width=0)
    assert now.feature_names == {
        "columns": ["price", "price is missing"],
        "tokens": ["brand = 'a'", "brand = 'b'"],
    }
    slots = slots_before(before, now)
    assert {name: places.tolist() for name, places in slots.items()} == {
        "columns": [0, -1],
        "tokens": [0, -1],
    }
    now.save(tmp_path / "grown.keras")
    again = keras.models.load_model(tmp_path / "grown.keras").encode(new)
    assert again["tokens"].toarray().tolist() == [[0, 1], [0, 1], [1, 0]]


def test_only_an_adapted_encoder_grows() -> None:
    cells = table({"brand": "category"}, brand=["a", "a"])
    encoder = ColumnEncoder(cells.schema)
    with pytest.raises(RuntimeError, match="is not adapted"):
        grown_encoder(encoder, cells)
    encoder.adapt(cells)
    with pytest.raises(ValueError, match="at least one, got none"):
        grown_encoder(encoder, cells, rows=[])
    other = ColumnEncoder(cells.schema)
    other.adapt(table({"brand": "category"}, brand=["b", "b"]))
    with pytest.raises(ValueError, match="new must have grown from old"):
        slots_before(encoder, other)
