"""Which table of a folder is which, and labels in a table of their own."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import pytest

from gnn.datasets import TableWarning, from_folder, read_folder

PRODUCTS = "product_id,price\na,1\nb,2\nc,3\n"
LABELS = "product_id,category\na,hat\nb,shoe\n"
CLICKS = "session_id,product_id\n1,a\n1,b\n2,b\n2,c\n"
EDGES = "src,dst\na,b\nb,c\n"


def put(folder: Path, **tables: str) -> Path:
    for stem, content in tables.items():
        (folder / f"{stem}.csv").write_text(content)
    return folder


def test_columns_say_which_table_is_which(tmp_path: Path) -> None:
    put(tmp_path, products=PRODUCTS, labels=LABELS, clicks=CLICKS)
    data = read_folder(tmp_path, session_config={"weighting": "count"})
    said = "nodes products.csv, labels labels.csv, sessions clicks.csv"
    assert (data.tables.text(), data.graph.notes["tables"]) == (said, said)
    assert f"tables        {said}" in data.graph.info()
    assert data.graph.ids.tolist() == ["a", "b", "c"]
    assert data.graph.labels.tolist() == [0, 1, -1]
    assert data.graph.class_names == data.columns.class_names == ("hat", "shoe")
    assert sorted(zip(data.graph.senders, data.graph.receivers, strict=True)) == [
        (0, 1),
        (1, 0),
        (1, 2),
        (2, 1),
    ]
    assert [problems.file for problems in data.problems] == [
        "products.csv",
        "clicks.csv",
        "labels.csv",
    ]
    assert data.folder == tmp_path


@pytest.mark.parametrize(
    ("more", "message", "settled"),
    [
        (
            {"answers": LABELS},
            "has answers.csv and labels.csv: keep one of them, or say by labels= (--labels) which "
            "one holds the labels, such as labels='labels.csv'",
            {"labels": "labels.csv"},
        ),
        (
            {"new_products": PRODUCTS},
            "has new_products.csv and products.csv: keep one of them, or say by nodes= (--nodes) "
            "which one holds the nodes, such as nodes='products.csv'",
            {"nodes": "products.csv"},
        ),
        (
            {"views": CLICKS},
            "has clicks.csv and views.csv: keep one of them, or say by sessions= (--sessions)",
            {"sessions": "clicks.csv"},
        ),
        (
            {"links": EDGES},
            "has clicks.csv and links.csv: keep one of them, or say by sessions= (--sessions) or "
            "edges= (--edges) which",
            {"edges": "links.csv"},
        ),
    ],
)
def test_two_tables_for_one_role(
    tmp_path: Path, more: dict[str, str], message: str, settled: dict[str, Any]
) -> None:
    put(tmp_path, products=PRODUCTS, labels=LABELS, clicks=CLICKS, **more)
    with pytest.raises(ValueError) as caught:
        from_folder(tmp_path)
    assert message in str(caught.value)
    data = read_folder(tmp_path, **settled)
    assert data.graph.labels.tolist() == [0, 1, -1]
    unused = "clicks" if "edges" in settled else next(iter(more))
    assert data.tables.text().endswith(f"; not used: {unused}.csv")


def test_names_win_where_they_say_it(tmp_path: Path) -> None:
    """As ever: nodes and edges by their names, whatever else lies there."""
    put(tmp_path, nodes=PRODUCTS, edges=EDGES, products=PRODUCTS, clicks=CLICKS)
    (tmp_path / "broken.csv").write_text("")
    data = read_folder(tmp_path)
    assert data.tables.nodes == tmp_path / "nodes.csv"
    assert data.tables.text() == (
        "nodes nodes.csv, edges edges.csv; not used: broken.csv, clicks.csv, products.csv"
    )
    (tmp_path / "clicks.csv").rename(tmp_path / "sessions.csv")
    with pytest.raises(ValueError, match=r"has edges.csv and sessions.csv: keep one of them, or"):
        from_folder(tmp_path)
    assert read_folder(tmp_path, sessions="sessions.csv").tables.edges is None
    with pytest.raises(ValueError, match="edges come from one table: give edges or sessions"):
        from_folder(tmp_path, sessions="sessions.csv", edges="edges.csv")


def test_nodes_are_those_whose_ids_the_log_names(tmp_path: Path) -> None:
    put(tmp_path, products=PRODUCTS, users="user_id,age\nu,7\nv,8\n", clicks=CLICKS)
    assert read_folder(tmp_path).tables.text() == (
        "nodes products.csv, sessions clicks.csv; not used: users.csv"
    )


def test_labels_in_two_places(tmp_path: Path) -> None:
    put(tmp_path, nodes="id,x,label\na,1,cat\nb,2,dog\n", edges="source,target\na,b\n")
    put(tmp_path, labels="id,label\na,dog\nb,dog\n")
    with pytest.raises(ValueError, match="nodes.csv has the column 'label', and labels.csv looks"):
        from_folder(tmp_path)
    for file, expected in {"labels.csv": [0, 0], "nodes.csv": [0, 1]}.items():
        data = read_folder(tmp_path, labels=file)
        assert data.graph.labels.tolist() == expected
        assert data.columns.numbers == ("x",)
    assert read_folder(tmp_path, labels=False).graph.labels is None


def test_labels_of_ids_that_no_node_has_are_counted(tmp_path: Path) -> None:
    labels = "product_id,category,split\nz,hat,train\nb,shoe,test\na,hat,train\n"
    put(tmp_path, products=PRODUCTS, edges=EDGES, labels=labels)
    told = "labels.csv: 1 labels of an id that no node has, such as 'z'"
    with pytest.warns(TableWarning) as caught:
        data = read_folder(tmp_path)
    assert [str(one.message) for one in caught] == [told]
    assert caught[0].filename == __file__
    assert data.graph.labels.tolist() == [0, 1, -1]
    splits = {name: rows.tolist() for name, rows in data.graph.splits.items()}
    assert splits == {"train": [0], "test": [1]}
    assert data.columns.fills["price"] == (2.0,)  # Of a and c: b is in the test split.
    with pytest.raises(ValueError, match=told):
        from_folder(tmp_path, strict=True)
    put(tmp_path, labels="product_id,category\ny,hat\nz,shoe\n")
    with pytest.raises(ValueError, match="labels.csv: none of its 2 ids, such as 'y', is in prod"):
        from_folder(tmp_path)


def test_labels_without_nodes(tmp_path: Path) -> None:
    put(tmp_path, edges=EDGES, labels="id,label\nc,2\na,0\n")
    graph = from_folder(tmp_path)
    assert (graph.ids.tolist(), graph.labels.tolist()) == (["a", "b", "c"], [0, -1, 2])


def test_another_folder_has_the_classes_of_the_first(tmp_path: Path) -> None:
    put(tmp_path, products=PRODUCTS, edges=EDGES, labels=LABELS)
    columns = read_folder(tmp_path).columns
    put(tmp_path, labels="product_id,category\na,shoe\n")
    assert from_folder(tmp_path, columns=columns).labels.tolist() == [1, -1, -1]
    put(tmp_path, labels="product_id,category\na,coat\n")
    with pytest.raises(ValueError, match="labels.csv: labels 'coat' are not among the classes"):
        from_folder(tmp_path, columns=columns)


def test_columns_of_labels_and_edges_by_name(tmp_path: Path) -> None:
    put(tmp_path, nodes=PRODUCTS, labels="product_id,kind,note\na,x,1\nb,y,2\n")
    put(tmp_path, edges="one,other,times\na,b,2\nb,c,3\n")
    named = {"source_column": "other", "target_column": "one", "weight_column": "times"}
    schema = {"kind": "label", "note": "ignore", "price": "category"}
    data = read_folder(tmp_path, labels="labels.csv", schema=schema, undirected=False, **named)
    assert data.graph.senders.tolist() == [1, 2]
    assert data.graph.receivers.tolist() == [0, 1]
    assert data.graph.weights.tolist() == [2, 3]
    assert data.graph.class_names == ("x", "y")
    assert data.graph.notes["columns"].startswith("not in the features: price (category);")
    with pytest.raises(ValueError, match="edges.csv has no column 'often'; it has 'one', 'other'"):
        from_folder(tmp_path, **{**named, "weight_column": "often"}, labels=False)
    with pytest.raises(ValueError, match="the schema names a column 'sort'; there are"):
        from_folder(tmp_path, schema={"sort": "label"}, labels=False, **named)
    with pytest.raises(ValueError, match="labels.csv has no label, and which of"):
        from_folder(tmp_path, labels="labels.csv", **named)
    with pytest.raises(FileNotFoundError, match="nodes: no file 'goods.csv' in the folder"):
        from_folder(tmp_path, nodes="goods.csv")


@pytest.mark.parametrize("ends", ["source,target", "Source,Target", "from,to", "#source,#target"])
def test_ends_of_edges(tmp_path: Path, ends: str) -> None:
    """A blank after the comma is none of the id's."""
    put(tmp_path, network=f"{ends},Weight\na, b,2\nb, a,2\nb, c,1\n")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        graph = from_folder(tmp_path)
    assert graph.ids.tolist() == ["a", "b", "c"]
    assert dict(
        zip(zip(graph.senders, graph.receivers, strict=True), graph.weights, strict=True)
    ) == {(0, 1): 2, (1, 0): 2, (1, 2): 1, (2, 1): 1}


def test_listed_in_both_directions(tmp_path: Path) -> None:
    """Each pair twice, and a loop once: three pairs in both directions, and the loop."""
    pairs = ["3,7", "7,3", "7,9", "9,7", "9,20", "20,9", "20,20"]
    put(tmp_path, edges="\n".join(["source,target", *pairs]) + "\n")
    graph = from_folder(tmp_path)
    assert (graph.num_edges, set(graph.weights.tolist())) == (7, {1.0})


def test_the_label_is_no_feature_of_nodes_that_have_it_too(tmp_path: Path) -> None:
    put(tmp_path, products="product_id,x,Category\na,1,hat\nb,2,shoe\nc,3,hat\n", labels=LABELS)
    with pytest.warns(TableWarning, match="products.csv: columns left out: 'Category' .it is the"):
        data = read_folder(tmp_path)
    assert data.columns.schema.features == ["x"]
    assert data.graph.labels.tolist() == [0, 1, -1]
    same = read_folder(tmp_path, columns=data.columns)
    assert same.columns == data.columns
    said = read_folder(tmp_path, schema={"Category": "category"})  # Whoever says so may have it.
    assert said.columns.schema.features == ["x", "Category"]
    assert read_folder(tmp_path, exclude=["Category"]).columns.schema.features == ["x"]


def test_what_was_said_of_a_table_of_labels_is_kept(tmp_path: Path) -> None:
    marks = "product_id,sort,part,hold\na,hat,train,0\nb,shoe,,1\nc,hat,test,0\n"
    put(tmp_path, products=PRODUCTS, labels=marks)
    named = {"sort": "label", "part": "split", "hold": "mask"}
    first = read_folder(tmp_path, labels="labels.csv", schema=named)
    again = read_folder(tmp_path, labels="labels.csv", columns=first.columns)
    for data in (first, again):
        assert data.graph.labels.tolist() == [0, 1, 0]
        splits = {name: rows.tolist() for name, rows in data.graph.splits.items()}
        assert splits == {"train": [0], "test": [2], "hold": [1]}
    assert first.columns.schema.features == ["price"]
