"""Columns of nodes by their types: guessed, given, and what becomes of gaps and wrong cells."""

from __future__ import annotations

import datetime
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from pyarrow import parquet

from gnn.datasets import NodeSchema, TableWarning, read_nodes
from gnn.datasets.columns.gathered_columns import GatheredColumn
from gnn.datasets.columns.schema_guess import guess_column
from gnn.edges.missing import NA_VALUES
from gnn.tables.cells import TextCells
from gnn.tables.object_cells import ObjectCells
from gnn.tables.schema import Column, Schema
from gnn.tables.typed_table import Texts


def guess(name: str, *chunks: list[str]) -> Column:
    """The guess of a column whose cells come in chunks."""
    column = GatheredColumn(name, None, NA_VALUES)
    for cells in chunks:
        column.add(TextCells(cells), len(cells))
    return guess_column(column)


@pytest.mark.parametrize(
    ("name", "cells", "kind", "reason"),
    [
        ("price", ["1", "2.5", "NA", "on request"], "number", "2 of the 3 cells that are no gaps"),
        ("flag", ["0", "1", "0", "1"], "number", "all of its cells that are no gaps are numbers"),
        ("half", ["1", "x", "2", "y"], "ignore", "4 different texts in 4 cells, of one word each"),
        ("in_stock", ["True", "no", "", "t"], "boolean", "all of its cells that are no gaps"),
        ("sex", ["m", "f", "f", "f"], "category", "2 different texts in 4 cells"),
        ("day", ["2024-01-31", "2024/2/9", "", "soon"], "date", "2 of the 3 cells"),
        ("at", ["2024-01-31T10:00:00Z", "2024-01-31 10:00"], "date", "all of its cells"),
        ("file", ["a.PNG", "b/c.jpeg", "", "d.gif"], "image", "all of its cells"),
        ("brand", ["x", "y", "x", "y"], "category", "2 different texts in 4 cells"),
        ("organic", ["yes!", "", "yes!", ""], "category", "'yes!', or a gap"),
        ("shop", ["here", "here"], "ignore", "all of its cells are 'here'"),
        ("empty", ["", "NA", " "], "ignore", "all of its cells are gaps"),
        ("tags", ["red|small", "red", "blue|red"], "multi-category", "3 different parts in 5"),
        ("kinds", ["a;b", "b;a", "a", "b"], "multi-category", "2 different parts in 6"),
        ("title", ["a red hat", "a hat, blue", "one shoe"], "text", "3 different texts in 3 cells"),
        ("code", ["AB-1", "AB-2", "CD-1"], "ignore", "of one word each: names or codes"),
        ("ean", ["12345", "12346"], "ignore", "codes by its name, none twice"),
        ("good", ["4006381333931", "9780306406157"], "ignore", "codes of goods, with a check"),
        ("good", ["4006381333931", "9780306406158"], "number", "all of its cells"),
        ("brand_id", ["7", "7", "8", "8"], "category", "2 different texts in 4 cells"),
        ("place", ["[0.5 1]", "[2 3]", ""], "vector", "as many numbers each, separated by ' '"),
        ("place", ["1,2,3", "4,5,6"], "vector", "as many numbers each, separated by ','"),
        ("price", ["1,5", "2,5", "1,5", "2,5"], "category", "2 different texts in 4 cells"),
        ("price", ["19,99", "1.005,5", "7,25"], "ignore", "numbers with a decimal comma (write"),
        ("price", [f"{k},{c}" for k in range(9) for c in (49, 99)], "ignore", "a decimal comma"),
        ("ids", [f"{k},{j}" for k in range(9) for j in range(9)], "multi-category", "9 different"),
        ("", ["0", "1"], "ignore", "no name, or that of an index of pandas"),
        ("Unnamed: 0", ["0", "1"], "ignore", "no name, or that of an index of pandas"),
        ("val_mask", ["0", "1"], "mask", "a mask by its name"),
    ],
)
def test_guesses(name: str, cells: list[str], kind: str, reason: str) -> None:
    column = guess(name, cells)
    assert (column.type, reason in column.reason) == (kind, True), column


def test_a_guess_is_of_all_cells() -> None:
    """What the first chunk shows need not hold for the others, nor be there at all."""
    assert guess("x", ["", ""], ["1", "2"]).type == "number"
    assert guess("x", ["a", "b"], ["1", "2", "3"]).type == "number"
    late = GatheredColumn("x", None, NA_VALUES)
    for cells in (["1", "2"], ["a", "b", "c"]):
        late.add(TextCells(cells), len(cells))
    assert late.is_mistaken  # It is read again, as texts.


def test_a_column_that_begins_with_numbers_is_read_again(tmp_path: Path) -> None:
    """The first chunk, of a MiB, holds codes that are numbers; later ones are words, as texts."""
    first = 100_000
    cells = [f"{k % 9:03d}" for k in range(first)] + [f"w{k % 7}" for k in range(first + 9)]
    path = tmp_path / "nodes.csv"
    lines = [f"a{k},{cell}" for k, cell in enumerate(cells)]
    path.write_text("id,code\n" + "\n".join(lines) + "\n")
    table = read_nodes(path)
    codes = table.table.columns["code"]
    assert table.columns.schema.columns["code"].type == "category"
    assert isinstance(codes, Texts)
    assert codes.text()[[1, first]].tolist() == ["001", "w0"]
    assert table.problems.num_rows == len(cells)


SHOP = """product_id,image,brand,title,price,in_stock,released
p0,images/p0.png,Alder,modern hat no. 1,10,true,2024-01-05
p1,images/p1.png,Birch & Sons,small hat no. 2,NA,false,2024-02-05
p2,images/p2.png,,a light shoe no. 3,on request,,2024-01-07
p3,images/p3.png,Alder
p4,images/p4.png,Birch & Sons,fine shoe no. 4,,TRUE,
p5,,Alder,new shoe no. 5,30,false,2024/01/09
p6,images/p6.png,Alder,an old boot,20,true,soon
"""


def test_a_shop_as_it_lies(tmp_path: Path) -> None:
    path = tmp_path / "products.csv"
    path.write_text(SHOP)
    with pytest.warns(TableWarning) as caught:
        table = read_nodes(path)
    assert [str(one.message) for one in caught] == [
        "products.csv: 1 malformed row left out: line 5 (3 fields, not 7); strict=True makes this "
        "an error",
        "products.csv: 2 wrong cells taken for gaps: line 4 (price 'on request' is not a number), "
        "line 8 (released 'soon' is not a date of ISO 8601); strict=True makes this an error",
    ]
    assert table.ids == ["p0", "p1", "p2", "p4", "p5", "p6"]
    types = {name: column.type for name, column in table.columns.schema.columns.items()}
    assert types == {
        "product_id": "id",
        "image": "image",
        "brand": "category",
        "title": "text",
        "price": "number",
        "in_stock": "boolean",
        "released": "date",
    }
    assert table.columns.schema.columns["price"].gaps == 0.5
    columns = table.table.columns
    np.testing.assert_array_equal(
        columns["price"], np.float32([10, np.nan] + 2 * [np.nan] + [30, 20])
    )
    texts = {name: cells.text().tolist() for name, cells in columns.items() if name != "price"}
    assert texts["in_stock"] == ["true", "false", "", "true", "false", "true"]
    assert texts["released"] == ["2024-01-05", "2024-02-05", "2024-01-07", "", "2024-01-09", ""]
    assert texts["brand"][:3] == ["Alder", "Birch & Sons", ""]
    assert table.table.filled()[2:5] == ["brand;in_stock;price", "price;released", "image"]
    # Prices 10, 30 and 20 have the mean 20; three of five are in stock.
    features = table.features["features"]
    np.testing.assert_allclose(features[:, 0], [10, 20, 20, 20, 30, 20])
    np.testing.assert_allclose(features[:, 1], [1, 0, 0.6, 1, 0, 1])
    assert features[:, 2:].T.tolist() == [[0, 1, 1, 1, 0, 0], [0, 0, 1, 0, 0, 0]]
    assert table.columns.flagged == ("price", "in_stock")
    assert table.folder == tmp_path
    with pytest.raises(ValueError, match="^products.csv: 1 malformed row: line 5"):
        read_nodes(path, strict=True)


def test_new_products_enter_no_statistic(tmp_path: Path) -> None:
    path = tmp_path / "products.csv"
    path.write_text("product_id,price,size\np0,1,4\np1,,5\np2,3,6\n")
    known = NodeSchema.from_dict(read_nodes(path).columns.to_dict())
    path.write_text("product_id,price,size\nq0,100,\nq1,,7\n")
    new = read_nodes(path, known)
    # The mean price is 2, and that of sizes, which have no flag, 5.
    assert new.features["features"].tolist() == [[100, 5, 0], [2, 7, 1]]
    assert new.columns == known


def test_held_out_nodes_enter_no_mean(tmp_path: Path) -> None:
    path = tmp_path / "nodes.csv"
    path.write_text("id,x,split\na,1,train\nb,,train\nc,3,\nd,50,test\ne,70,validation\n")
    assert read_nodes(path).features["features"][1].tolist() == [2, 1]


def test_masks_are_splits(tmp_path: Path) -> None:
    path = tmp_path / "nodes.csv"
    path.write_text(
        "id,x,train_mask,val_mask,test_mask,split\n"
        "a,1,True,False,False,\nb,2,0,1,0,\nc,3,no,no,yes,\nd,4,maybe,,,train\n"
    )
    with pytest.warns(TableWarning, match=r"line 5 \(train_mask 'maybe' is neither true nor false"):
        table = read_nodes(path)
    splits = {name: rows.tolist() for name, rows in table.splits.items()}
    assert splits == {"train": [0, 3], "validation": [1], "test": [2]}
    assert table.features["features"].tolist() == [[1], [2], [3], [4]]
    assert read_nodes(path, labels=False).splits == {}


def test_a_schema_goes_over_the_guess(tmp_path: Path) -> None:
    path = tmp_path / "nodes.csv"
    path.write_text("key,zip,grade,sort,note\na,01,1,cat,x\nb,02,2,dog,y\nc,01,1,cat,z\n")
    schema = {"key": "id", "zip": "category", "sort": "label"}
    table = read_nodes(path, schema=schema, exclude=["note"])
    assert table.ids == ["a", "b", "c"]
    assert (table.labels.tolist(), table.columns.class_names) == ([0, 1, 0], ("cat", "dog"))
    assert table.columns.numbers == ("grade",)
    assert table.table.columns["zip"].text().tolist() == ["01", "02", "01"]
    assert list(table.table.columns) == ["zip", "grade"]
    assert list(table.columns.schema.columns) == ["key", "zip", "grade", "sort", "note"]
    with pytest.raises(ValueError, match="has no column 'price' that the schema names; it has"):
        read_nodes(path, schema={"key": "id", "price": "number"})
    with pytest.raises(ValueError, match="columns 'key' and 'zip' are both id"):
        read_nodes(path, schema={"key": "id", "zip": "id"})
    with pytest.raises(ValueError, match="schema and exclude are for a table that columns do not"):
        read_nodes(path, table.columns, exclude=["note"])
    with pytest.raises(TypeError, match="exclude must be names of columns, got the text 'note'"):
        read_nodes(path, exclude="note")


def test_types_of_parquet_and_pandas_and_csv_are_one(tmp_path: Path) -> None:
    frame = pd.DataFrame(
        {
            "id": ["a", "b", "c", "d"],
            "on": pd.array([True, None, False, True], "boolean"),
            "day": [datetime.date(2024, 1, k) for k in (5, 6, 7, 8)],
            "at": pd.to_datetime(
                ["2024-01-05 10:30", None, "2024-01-06 00:00", "2024-01-07 01:00"]
            ),
            "count": pd.array([1, None, 3, 4], "Int64"),
        }
    )
    frame.to_parquet(tmp_path / "nodes.parquet")
    frame.to_csv(tmp_path / "nodes.csv", index=False)
    tables = [
        read_nodes(each) for each in (frame, tmp_path / "nodes.parquet", tmp_path / "nodes.csv")
    ]
    for table in tables:
        types = [column.type for column in table.columns.schema.columns.values()]
        assert types == ["id", "boolean", "date", "date", "number"]
        np.testing.assert_array_equal(table.features["features"], tables[0].features["features"])
        assert table.table.columns["on"].text().tolist() == ["true", "", "false", "true"]
        assert table.table.columns["day"].text()[0] == "2024-01-05"
        assert table.table.gaps("at").tolist() == [False, True, False, False]


def test_vectors_in_text(tmp_path: Path) -> None:
    path = tmp_path / "nodes.csv"
    path.write_text('id,place\na,"[1, 2]"\nb,"[3, 4]"\nc,\nd,"[5]"\n')
    with pytest.warns(TableWarning, match=r"line 5 \(place has length 1, not 2\)"):
        table = read_nodes(path)
    column = table.columns.schema.columns["place"]
    assert (column.type, column.separator, column.length) == ("vector", ",", 2)
    assert table.features["place"].tolist() == [[1, 2], [3, 4], [2, 3], [2, 3]]
    path.write_text('id,place\nz,"[7, 8]"\n')
    assert read_nodes(path, table.columns).features["place"].tolist() == [[7, 8]]


def test_cells_that_are_nothing_a_table_holds_are_no_feature(tmp_path: Path) -> None:
    table = pa.table({"id": ["a", "b"], "x": [1, 2], "nested": [{"y": 1}, {"y": 2}]})
    parquet.write_table(table, tmp_path / "nodes.parquet")
    found = read_nodes(tmp_path / "nodes.parquet")
    assert found.columns.schema.columns["nested"].type == "ignore"
    assert found.features["features"].tolist() == [[1], [2]]


def test_blanks_around_names_do_not_count_in_csv(tmp_path: Path) -> None:
    path = tmp_path / "nodes.csv"
    path.write_text("id,x,label\n a,1, cat\nb ,2,cat\nc,3, NA\n")
    table = read_nodes(path)
    assert table.ids == ["a", "b", "c"]
    assert (table.labels.tolist(), table.columns.class_names) == ([0, 0, -1], ("cat",))


def test_columns_named_by_a_schema_of_another_kind_of_cell(tmp_path: Path) -> None:
    parquet.write_table(pa.table({"id": ["a"], "x": [[1.0, 2.0]]}), tmp_path / "n.parquet")
    with pytest.raises(ValueError, match="n.parquet: column 'x' must hold texts$"):
        read_nodes(tmp_path / "n.parquet", schema=Schema.of({"x": "category"}))


def test_roles_that_were_named_are_those_of_further_tables(tmp_path: Path) -> None:
    """Names that say nothing: the split, the mask and the label come of the columns read first."""
    path = tmp_path / "nodes.csv"
    path.write_text(
        "id,size,part,sort,hold,class\na,1,train,cat,no,x\nb,2,test,dog,no,y\nc,3,,cat,yes,x\n"
    )
    named = {"part": "split", "sort": "label", "hold": {"type": "mask", "split": "validation"}}
    first = read_nodes(path, schema=named, exclude=["class"])
    again = read_nodes(path, first.columns)
    for found in (first, again):
        splits = {name: rows.tolist() for name, rows in found.splits.items()}
        assert splits == {"train": [0], "test": [1], "validation": [2]}
        assert found.labels is not None and found.labels.tolist() == [0, 1, 0]
        assert found.problems.columns == {}
    assert first.columns.schema.columns["sort"] == Column("label")  # Given, so without a reason.
    path.write_text("id,size,class\nd,4,x\n")
    new = read_nodes(path, first.columns)
    assert (new.ids, new.labels, new.splits) == (["d"], None, {})  # What was excluded stays so.


def test_a_mask_that_is_named_may_be_of_numbers(tmp_path: Path) -> None:
    path = tmp_path / "nodes.csv"
    path.write_text("id,size,hold,odd\na,1,0,1\nb,2,1,0\nc,3,,1\n")
    found = read_nodes(path, schema={"hold": "mask", "odd": {"type": "mask", "split": "test"}})
    assert {k: rows.tolist() for k, rows in found.splits.items()} == {"hold": [1], "test": [0, 2]}
    path = tmp_path / "nodes.jsonl"
    path.write_text('{"id": "a", "hold": [1, 0]}\n')
    with pytest.raises(ValueError, match="column 'hold' must hold truths"):
        read_nodes(path, schema={"hold": "mask"})


def test_a_wrong_cell_among_lists_of_json_is_named_and_loses_no_other(tmp_path: Path) -> None:
    path = tmp_path / "nodes.jsonl"
    cells = ["[1, 2]", '"soon"', "[3, 4]", "null", '["x", "y"]', "[[1], [2, 3]]", "7", "[5, 6]"]
    lines = [f'{{"id": "{k}", "place": {cell}}}\n' for k, cell in enumerate(cells)]
    path.write_text("".join(lines))
    told = "4 wrong cells .*line 2 .place is no vector.*, line 5 .*, line 6 .*, line 7 "
    with pytest.warns(TableWarning, match=told):
        table = read_nodes(path)
    mean = [3, 4]
    assert table.features["place"].tolist() == [[1, 2], mean, [3, 4], *[mean] * 4, [5, 6]]
    late = GatheredColumn("place", None, NA_VALUES)
    for chunk in ([[1, 2]], ["x", "NA", ""], [[3, 4]]):  # A block without any list.
        late.add(ObjectCells("place", chunk), len(chunk))
    assert late.lists is not None and late.lists.lengths.tolist() == [2, -2, -1, -1, 2]


@pytest.mark.parametrize(
    ("first", "separator"), [("red", "|"), ("a|b", ";"), ("a|b;c", ","), ("a|b;c,d", "\x1f")]
)
def test_lists_of_texts_are_several_categories(tmp_path: Path, first: str, separator: str) -> None:
    cells = [[first, "blue"], ["blue", None], [], None]
    frame = pa.table({"id": list("abcd"), "tags": pa.array(cells), "x": [1, 2, 3, 4]})
    parquet.write_table(frame, tmp_path / "nodes.parquet")
    pd.DataFrame(frame.to_pylist()).to_json(tmp_path / "nodes.jsonl", orient="records", lines=True)
    for name in ("nodes.parquet", "nodes.jsonl"):
        for schema in (None, {"tags": "multi-category"}):
            table = read_nodes(tmp_path / name, schema=schema)
            column = table.columns.schema.columns["tags"]
            assert (column.type, column.separator) == ("multi-category", separator)
            cells_of = table.table.columns["tags"]
            assert isinstance(cells_of, Texts)
            assert cells_of.text().tolist() == [f"{first}{separator}blue", "blue", "", ""]
    new = tmp_path / "new.jsonl"
    new.write_text('{"id": "e", "tags": ["red", "green"], "x": 1}\n')
    again = read_nodes(new, table.columns).table.columns["tags"]
    assert isinstance(again, Texts) and again.text().tolist() == [f"red{separator}green"]


def test_lists_of_nothing_a_table_holds_are_no_feature(tmp_path: Path) -> None:
    path = tmp_path / "nodes.jsonl"
    path.write_text('{"id": "a", "x": 1, "deep": [[1], [2, 3]]}\n')
    found = read_nodes(path)
    assert found.columns.schema.columns["deep"].type == "ignore"
