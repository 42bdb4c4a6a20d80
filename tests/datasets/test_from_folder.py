from __future__ import annotations

import json
import re
import warnings
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from pyarrow import parquet

import gnn
from gnn.datasets import NodeSchema, TableWarning, from_folder, read_folder, read_nodes
from gnn.tables.schema import Column, Schema

NODES = (
    "id,height,age,label,split\na,1.5,1,cat,train\nb,2.5,2,dog,test\nc,3.5,3,,train\nd,0,4,cat,\n"
)
EDGES = "source,target,weight\na,b,2\nb,c,0.5\n"


def put(folder: Path, **tables: str) -> Path:
    """A folder of CSV files by their stems."""
    for stem, content in tables.items():
        (folder / f"{stem}.csv").write_text(content)
    return folder


def test_a_folder(tmp_path: Path) -> None:
    graph = from_folder(put(tmp_path, nodes=NODES, edges=EDGES))
    assert graph.ids.tolist() == ["a", "b", "c", "d"]
    assert list(graph.features) == ["features"]
    assert graph.features["features"].dtype == np.float32
    assert graph.features["features"].tolist() == [[1.5, 1], [2.5, 2], [3.5, 3], [0, 4]]
    assert graph.labels.tolist() == [0, 1, -1, 0]
    assert graph.class_names == ("cat", "dog")
    assert {k: v.tolist() for k, v in graph.splits.items()} == {"train": [0, 2], "test": [1]}
    assert graph.senders.tolist() == [0, 1, 1, 2]
    assert graph.receivers.tolist() == [1, 2, 0, 1]
    assert graph.weights.tolist() == [2, 0.5, 2, 0.5]


def test_pandas_gives_the_same_graph_from_csv_and_parquet(tmp_path: Path) -> None:
    draw = np.random.default_rng(0)
    ids = draw.permutation(50)
    label = pd.Series(draw.choice(["x", "y", "z"], 50)).where(draw.random(50) < 0.7)
    nodes = pd.DataFrame(
        {
            "height": draw.normal(size=50),
            "id": ids,
            "label": label,
            "name": [f"n{k}" for k in ids],
            "old": draw.random(50) < 0.5,
            "split": pd.Series(draw.choice(["train", "test"], 50)).where(draw.random(50) < 0.5),
            "count": draw.integers(0, 9, 50),
        }
    )
    edges = pd.DataFrame(
        {
            "target": draw.choice(ids, 200),
            "source": draw.choice(ids, 200),
            "weight": draw.random(200),
        }
    )
    (tmp_path / "csv").mkdir()
    (tmp_path / "parquet").mkdir()
    nodes.to_csv(tmp_path / "csv/nodes.csv", index=False)
    edges.to_csv(tmp_path / "csv/edges.csv", index=False)
    nodes.to_parquet(tmp_path / "parquet/nodes.parquet")
    edges.to_parquet(tmp_path / "parquet/edges.parquet")
    expected = gnn.Graph.from_pandas(nodes, edges, id="id", label="label", split="split")
    for kind in ("csv", "parquet"):
        graph = from_folder(tmp_path / kind, undirected=False)
        assert graph.ids.tolist() == [str(k) for k in expected.ids]
        for field in ("senders", "receivers", "weights", "labels"):
            np.testing.assert_array_equal(getattr(graph, field), getattr(expected, field))
        np.testing.assert_array_equal(graph.features["features"], expected.features["features"])
        assert graph.class_names == expected.class_names
        assert list(graph.splits) == list(expected.splits)
        for name, indices in expected.splits.items():
            assert graph.splits[name].tolist() == indices.tolist()


@pytest.mark.parametrize(
    ("edges", "added"),
    [
        ("a,b,2", [("b", "a", 2)]),
        ("a,b,2\nb,a,2", []),
        ("a,a,2", []),
        ("a,a,1\na,b,4\nc,b,3\nb,a,4", [("b", "c", 3)]),
    ],
)
def test_the_reverse_of_an_edge_is_added_where_the_file_lacks_it(
    tmp_path: Path, edges: str, added: list[tuple[str, str, float]]
) -> None:
    put(tmp_path, nodes="id\na\nb\nc\n", edges=f"source,target,weight\n{edges}\n")
    given = [(s, t, float(w)) for s, t, w in (line.split(",") for line in edges.split("\n"))]
    for undirected, expected in ((False, given), (True, given + added)):
        graph = from_folder(tmp_path, undirected=undirected)
        ends = (graph.ids[graph.senders].tolist(), graph.ids[graph.receivers].tolist())
        assert list(zip(*ends, graph.weights.tolist(), strict=True)) == expected


def test_without_nodes_they_are_what_the_edges_name_in_order(tmp_path: Path) -> None:
    data = read_folder(put(tmp_path, edges="target,source\nb,01\n1,b\nb,01\n"), undirected=False)
    assert data.graph.ids.tolist() == ["01", "b", "1"]
    assert data.graph.senders.tolist() == [0, 1]
    assert data.graph.receivers.tolist() == [1, 2]
    assert data.graph.weights.tolist() == [2, 1]  # 01 -> b stands there twice.
    assert dict(data.graph.features) == {}
    assert data.graph.labels is None
    assert data.columns == NodeSchema()


def test_an_id_of_a_malformed_edge_alone_is_no_node(tmp_path: Path) -> None:
    put(tmp_path, edges="source,target,weight\nx,y,no\na,b,1\nb,c,1\n")
    with pytest.warns(TableWarning, match="1 malformed row left out: line 2"):
        assert from_folder(tmp_path).ids.tolist() == ["a", "b", "c"]


@pytest.mark.parametrize("with_nodes", [True, False])
def test_sessions(tmp_path: Path, with_nodes: bool) -> None:
    lists = [["cat", "kitten"], ["kitten", "cat", "lion", "cat"], ["lion"]]
    lines = [f"{name},s{k}" for k, session in enumerate(lists) for name in session]
    put(tmp_path, sessions="\n".join(["item,session", *lines]))
    ids = ["cat", "kitten", "lion"]
    if with_nodes:
        ids = ["lion", "unused", "kitten", "cat"]
        put(tmp_path, nodes="\n".join(["id", *ids]))
    graph = from_folder(tmp_path)
    expected = gnn.Graph.from_sessions(lists, ids=ids, config=gnn.SessionGraphConfig())
    assert graph.ids.tolist() == ids
    assert sorted(graph.weights.tolist()) == [0.5, 0.5, 0.5, 0.5, 1, 1]
    for field in ("senders", "receivers", "weights"):
        np.testing.assert_array_equal(getattr(graph, field), getattr(expected, field))


def test_no_labels_and_no_splits(tmp_path: Path) -> None:
    graph = from_folder(
        put(tmp_path, nodes="id,label,split\na,,\nb,,\n", edges="source,target\na,b\n")
    )
    assert (graph.labels, dict(graph.splits), dict(graph.features)) == (None, {}, {})


@pytest.mark.parametrize(
    ("labels", "codes", "names"),
    [
        (["2", "", "0"], [2, -1, 0], None),
        (["2.0", "", "0.0"], [2, -1, 0], None),
        (["b", "a", "b"], [1, 0, 1], ("a", "b")),
        (["10", "9", "x", "y"], [0, 1, 2, 3], ("10", "9", "x", "y")),
        (["True", "False", ""], [1, 0, -1], ("False", "True")),
    ],
)
def test_labels(
    tmp_path: Path, labels: list[str], codes: list[int], names: tuple[str, ...] | None
) -> None:
    lines = [f"n{k},{label}" for k, label in enumerate(labels)]
    path = put(tmp_path, nodes="\n".join(["id,label", *lines])) / "nodes.csv"
    table = read_nodes(path)
    assert table.labels.dtype == np.int32
    assert table.labels.tolist() == codes
    assert table.columns.class_names == names
    assert table.columns.num_classes == max(codes) + 1


def test_what_is_a_column_of_numbers(tmp_path: Path) -> None:
    header = "id,most,half,truth,text,empty,,__index_level_0__"
    lines = ["a,1,x,true,t,,0,0", "b,2,1,FALSE,t,,1,1", "c,3,,1,t,,2,2", "d,x,,0,t,,3,3"]
    path = put(tmp_path, nodes="\n".join([header, *lines])) / "nodes.csv"
    with pytest.warns(TableWarning) as caught:
        table = read_nodes(path)
    assert [str(one.message) for one in caught] == [
        "nodes.csv: 1 wrong cell taken for a gap: line 5 (most 'x' is not a number); "
        "strict=True makes this an error",
    ]
    assert caught[0].filename == __file__
    assert table.columns.numbers == ("most", "truth")
    assert table.features["features"].tolist() == [
        [1, 1, 0],
        [2, 0, 0],
        [3, 1, 0],
        [2, 0, 1],  # The mean of 1, 2 and 3, and the flag of `most`.
    ]
    types = {name: column.type for name, column in table.columns.schema.columns.items()}
    assert types == {
        "id": "id",
        "most": "number",
        "half": "ignore",
        "truth": "boolean",
        "text": "ignore",
        "empty": "ignore",
        "": "ignore",
        "__index_level_0__": "ignore",
    }


def test_warnings_point_to_the_caller(tmp_path: Path) -> None:
    put(tmp_path, nodes="id,x\na,1\nb,2\nc,?\n", edges="source,target,note\na,b,x\n")
    for function in (from_folder, read_folder):
        with pytest.warns(TableWarning) as caught:
            function(tmp_path)
        assert [one.filename for one in caught] == [__file__] * 2


MALFORMED = [
    ("nodes", "id,x", "a", "1 field, not 2", "{},1"),
    ("nodes", "id,x", "a,1,2", "3 fields, not 2", "{},1"),
    ("nodes", "id,x", ",1", "no id", "{},1"),
    ("nodes", "id,x", "ok3,1", None, "ok{},1"),
    ("edges", "source,target,weight", "a,b,x", "weight 'x' is not a number", "a,b,{}"),
    ("edges", "source,target,weight", "a,b,inf", "weight 'inf' is not finite", "a,b,{}"),
    ("edges", "source,target,weight", "a,b,-2.5", "weight -2.5 is negative", "a,b,{}"),
    ("edges", "source,target,weight", "a,b", "2 fields, not 3", "a,b,{}"),
    ("edges", "source,target", ",b", "no source", "a,b"),
    ("edges", "source,target", "a,", "no target", "a,b"),
    ("edges", "source,target", "z,b", "source 'z' is not in nodes.csv", "a,b"),
    ("edges", "source,target", "a,z", "target 'z' is not in nodes.csv", "a,b"),
    ("sessions", "session,item", ",a", "no session", "1,a"),
    ("sessions", "session,item", "1,", "no item", "1,a"),
    ("sessions", "session,item", "1,z", "item 'z' is not in nodes.csv", "1,a"),
]


@pytest.mark.parametrize(("stem", "header", "line", "reason", "good"), MALFORMED)
def test_malformed_rows_are_left_out_or_errors(
    tmp_path: Path, stem: str, header: str, line: str, reason: str | None, good: str
) -> None:
    """The second row of one file is malformed; the result is the one without it."""
    others = {"nodes": "id\na\nb\n", "edges": "source,target\n0,1\n"}
    if stem == "nodes":
        first = 1 if reason is None else 0
        pattern = [good.format(k) for k in range(first * 3, 10)]
    else:
        pattern = [good.format(k) for k in range(10)]
    if reason is None:
        reason = "id 'ok3' is on line 2 already"
        others["edges"] = "source,target\nok3,ok4\n"
    if stem == "sessions":
        del others["edges"]
    results = []
    for name, lines in {"bad": [pattern[0], line, *pattern[1:]], "good": pattern}.items():
        (tmp_path / name).mkdir()
        tables = {**others, stem: "\n".join([header, *lines]) + "\n"}
        put(tmp_path / name, **tables)
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            results.append(read_folder(tmp_path / name))
    assert caught == []
    bad, whole = results
    problems = next(one for one in bad.problems if one.file == f"{stem}.csv")
    assert list(problems.malformed) == [3]
    assert problems.malformed[3].startswith(reason)
    for field in ("ids", "senders", "receivers", "weights", "labels"):
        np.testing.assert_array_equal(getattr(bad.graph, field), getattr(whole.graph, field))
    message = rf"^{stem}.csv: 1 malformed row: line 3 \({re.escape(reason)}"
    with pytest.raises(ValueError, match=message):
        from_folder(tmp_path / "bad", strict=True)
    with pytest.warns(TableWarning, match=message.replace(": line", " left out: line")):
        from_folder(tmp_path / "bad")
    from_folder(tmp_path / "good", strict=True)


def test_a_missing_weight_loses_no_edge(tmp_path: Path) -> None:
    """It is 1, by hand: a-b 2, b-c and c-a 1 each."""
    table = "source,target,weight\na,b,2\nb,c, \nc,a,NA\nb,a,3\nc,b,4\n"
    put(tmp_path, nodes="id\na\nb\nc\n", edges=table)
    told = "edges.csv: 2 weights missing and taken for 1: line 3, line 4"
    with pytest.warns(TableWarning, match=told):
        graph = from_folder(tmp_path, undirected=False)
    assert sorted(zip(graph.senders, graph.receivers, graph.weights, strict=True)) == [
        (0, 1, 2),
        (1, 0, 3),
        (1, 2, 1),
        (2, 0, 1),
        (2, 1, 4),
    ]
    with pytest.raises(ValueError, match=told):
        from_folder(tmp_path, strict=True)
    (tmp_path / "edges.csv").unlink()
    columns = {"source": ["a", "b"], "target": ["b", "c"], "weight": pa.array([2.5, None])}
    parquet.write_table(pa.table(columns), tmp_path / "edges.parquet")
    with pytest.warns(TableWarning, match="1 weight missing and taken for 1: row 1"):
        assert from_folder(tmp_path, undirected=False).weights.tolist() == [2.5, 1]


WRONG = [
    ("id,x", "a,", None, "{},1"),
    ("id,x", "a,nan", None, "{},1"),
    ("id,x", "a,one", "x 'one' is not a number", "{},1"),
    ("id,x", "a,-inf", "x '-inf' is not finite in float32", "{},1"),
    ("id,x", "a,1e39", "x '1e39' is not finite in float32", "{},1"),
    ("id,x", "a,maybe", None, "{},yes"),
    ("id,label", "a,-1", "label '-1' is negative: leave it empty where there is none", "{},2"),
    ("id,label", "a,0.5", "label '0.5' is not a whole number", "{},1"),
    ("id,label", "a,x", "label 'x' is not a whole number", "{},1"),
    ("id,label", "a,2147483648", "label '2147483648' is too large", "{},1"),
]


@pytest.mark.parametrize(("header", "line", "reason", "good"), WRONG)
def test_a_gap_and_a_wrong_cell_lose_no_row(
    tmp_path: Path, header: str, line: str, reason: str | None, good: str
) -> None:
    """The second row has a gap or a wrong cell; the others are those of a table without it."""
    lines = [good.format(k) for k in range(10)]
    edges = "source,target\n0,a\n"
    put(tmp_path, nodes="\n".join([header, lines[0], line, *lines[1:]]) + "\n", edges=edges)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        data = read_folder(tmp_path)
    assert data.graph.ids.tolist() == ["0", "a", *map(str, range(1, 10))]
    assert data.problems[0].malformed == {}
    if reason is None:
        assert caught == []
        return
    name = header.removeprefix("id,")
    ((at, told),) = data.problems[0].cells[name]
    assert (at, told.startswith(reason)) == (3, True)
    message = rf"^nodes.csv: 1 wrong cell.*: line 3 \({re.escape(reason)}"
    assert len(caught) == 1 and re.match(message, str(caught[0].message))
    with pytest.raises(ValueError, match=message):
        from_folder(tmp_path, strict=True)
    if name == "label":
        assert data.graph.labels.tolist() == [int(good[-1]), -1, *[int(good[-1])] * 9]
    else:
        assert data.graph.features["features"][1].tolist() == [1, 1]
        assert data.table.gaps("x").tolist() == [False, True, *[False] * 9]


def test_an_edge_of_a_malformed_node_says_so(tmp_path: Path) -> None:
    put(tmp_path, nodes="id,x\na,1\n,2\nc,2\n", edges="source,target\na,b\na,c\nc,a\n")
    with pytest.warns(TableWarning):
        data = read_folder(tmp_path)
    assert data.problems[0].malformed == {3: "no id"}
    assert data.problems[1].malformed == {2: "target 'b' is not in nodes.csv"}
    assert data.graph.ids.tolist() == ["a", "c"]


def test_the_first_row_of_an_id_is_kept(tmp_path: Path) -> None:
    path = put(tmp_path, nodes="id,x\na,1\nb,2\na,?\nc,4\n") / "nodes.csv"
    with pytest.warns(TableWarning):
        table = read_nodes(path)
    assert table.ids == ["a", "b", "c"]
    assert table.features["features"].tolist() == [[1], [2], [4]]
    assert table.problems.malformed[4] == "id 'a' is on line 2 already"
    assert table.problems.cells == {}  # Nobody asks for the cells of a row that is left out.


def test_columns_left_out_are_errors_if_strict(tmp_path: Path) -> None:
    put(tmp_path, nodes="id\na\nb\n", edges="source,target,weights\na,b,2\n")
    with pytest.raises(
        ValueError, match=r"^edges.csv: columns left out: 'weights' \(not needed\)$"
    ):
        from_folder(tmp_path, strict=True)


FATAL = [
    ({}, "or sessions.csv or sessions.parquet, and no table whose columns are such; it has []"),
    ({"labels": "id,label\na,0\n"}, "no table whose columns are such; it has ['labels.csv']"),
    (
        {"edges": EDGES, "sessions": "session,item\n1,a\n"},
        "has edges.csv and sessions.csv: keep one",
    ),
    ({"nodes": "name\na\n", "edges": EDGES}, "nodes.csv has no column 'id'; it has 'name'"),
    (
        {"edges": "one,other\na,b\n"},
        "edges.csv has no columns 'source', 'target'; it has 'one', 'other'",
    ),
    ({"sessions": "session,thing\n1,a\n"}, "sessions.csv has no column 'item'"),
    ({"edges": "source,target\n"}, "edges.csv has no rows"),
    ({"nodes": "id,x\n", "edges": EDGES}, "nodes.csv has no rows"),
    ({"nodes": "", "edges": EDGES}, "nodes.csv is empty"),
    ({"nodes": NODES, "edges": ""}, "edges.csv is empty"),
    ({"nodes": "id,x,x\na,1,1\n", "edges": EDGES}, "nodes.csv has more than one column named 'x'"),
    (
        {"nodes": "id\n1\n2\n", "edges": "source,target\n01,02\n1,2\n02,01\n"},
        "edges.csv: 2 of 3 rows are malformed, more than half: line 2 (source '01' is not in "
        "nodes.csv), line 4 (source '02' is not in nodes.csv). Ids are compared as text, so '01'",
    ),
    (
        {"edges": "source,target\na;b\nb;c\nc,d\n"},
        "edges.csv: 2 of 3 rows are malformed, more than half: line 2 (1 field, not 2), "
        "line 3 (1 field, not 2). Is its delimiter a comma?",
    ),
    (
        {"nodes": "id,label\na,1\nb,-2\nc,-2\n", "edges": EDGES},
        "nodes.csv: 2 of 3 labels are wrong, more than half: line 3 (label '-2' is negative",
    ),
]


@pytest.mark.parametrize(("tables", "message"), FATAL)
def test_what_is_always_an_error(tmp_path: Path, tables: dict[str, str], message: str) -> None:
    put(tmp_path, **tables)
    with pytest.raises((ValueError, FileNotFoundError), match=re.escape(message)):
        from_folder(tmp_path)


def test_no_folder_and_both_suffixes(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="no folder '.*nowhere'"):
        from_folder(tmp_path / "nowhere")
    put(tmp_path, nodes=NODES, edges=EDGES)
    (tmp_path / "nodes.parquet").write_bytes(b"")
    with pytest.raises(ValueError, match="has nodes.csv and nodes.parquet: keep one of them"):
        from_folder(tmp_path)


def put_parquet(folder: Path, **columns: object) -> Path:
    path = folder / "nodes.parquet"
    parquet.write_table(pa.table(columns), path)
    return path


def test_lists_are_features(tmp_path: Path) -> None:
    """The mean vector, over the five that are whole, stands for the others."""
    lists = pa.array([[1, 2], [3, 4], [5], None, [6, np.nan], [7, 8], [9, 10], [5, 6]])
    path = put_parquet(tmp_path, id=list("abcdefgh"), x=[1.0, 2, 3, 4, 5, 6, 7, None], words=lists)
    with pytest.warns(TableWarning, match="nodes.parquet: 2 wrong cells taken for gaps: "):
        table = read_nodes(path)
    assert table.ids == list("abcdefgh")
    assert table.features["words"].dtype == np.float32
    mean = [5, 6]
    rows = [[1, 2], [3, 4], mean, mean, mean, [7, 8], [9, 10], [5, 6]]
    assert table.features["words"].tolist() == rows
    assert table.features["features"][:, 0].tolist() == [1, 2, 3, 4, 5, 6, 7, 4]
    assert table.features["features"][:, 1].tolist() == [0, 0, 0, 0, 0, 0, 0, 1]
    assert (table.columns.numbers, table.columns.lists) == (("x",), {"words": 2})
    assert table.problems.cells == {
        "words": [
            (2, "words has length 1, not 2"),
            (4, "words holds a number that is missing or not finite"),
        ]
    }
    assert table.table.filled() == ["", "", "words", "words", "words", "", "", "x"]


def test_lists_with_a_name_that_is_taken_are_cells_alone(tmp_path: Path) -> None:
    """An encoder takes them; a feature of the graph they are not."""
    lists = {"features": [[3.0], [2.0]], "senders": [[4.0], [5.0]]}
    put_parquet(tmp_path, id=["a", "b"], x=[1, 2], **lists)
    data = read_folder(tmp_path)
    assert {name: rows.tolist() for name, rows in data.graph.features.items()} == {
        "features": [[1], [2]]
    }
    assert data.table.columns["senders"].tolist() == [[4], [5]]
    assert data.graph.notes["columns"].startswith(
        "not in the features: features (vector), senders (vector);"
    )
    path = put_parquet(tmp_path, id=["a", "b"], features=[[3.0], [2.0]])
    assert read_nodes(path).features["features"].tolist() == [[3], [2]]  # Nobody has the name.
    path = put_parquet(tmp_path, id=["a", "b"], x=[1, 2], label=[[3.0], [2.0]])
    with pytest.raises(ValueError, match="2 of 2 labels are wrong, .*something else than 0 and 1"):
        read_nodes(path)


def numbers(*names: str, **lists: int) -> Schema:
    """A schema of columns of numbers and of vectors."""
    vectors = {name: Column("vector", length=length) for name, length in lists.items()}
    return Schema.of({**dict.fromkeys(names, "number"), **vectors})


TRAINED = NodeSchema(numbers("height", "age"), ("cat", "dog"), 2, fills={"age": (10.0,)})


def test_columns_go_to_json_and_back(tmp_path: Path) -> None:
    columns = read_folder(put(tmp_path, nodes=NODES, edges=EDGES)).columns
    assert (columns.numbers, columns.class_names) == (TRAINED.numbers, TRAINED.class_names)
    assert columns.fills == {"height": (5 / 3,), "age": (8 / 3,)}  # b is in the test split.
    for one in (columns, NodeSchema(numbers(words=3), None, 7), NodeSchema()):
        assert NodeSchema.from_dict(json.loads(json.dumps(one.to_dict()))) == one
    with pytest.raises(ValueError, match=r"must have the keys \['schema', .*, got \['number'\]"):
        NodeSchema.from_dict({"number": []})


def test_new_nodes_are_read_as_those_of_the_training(tmp_path: Path) -> None:
    new = "label,name,age,id,height\ndog,x,3,p,0.5\n,y,4,q,0.25\n"
    path = put(tmp_path, new=new) / "new.csv"
    with pytest.warns(TableWarning, match=r"^new.csv: columns left out: 'name' \(not needed\)$"):
        table = read_nodes(path, TRAINED, strict=True)
    assert table.ids == ["p", "q"]
    assert table.features["features"].tolist() == [[0.5, 3], [0.25, 4]]
    assert table.labels.tolist() == [1, -1]
    assert table.columns == TRAINED


def test_a_new_table_may_lack_labels_and_have_few_numbers(tmp_path: Path) -> None:
    """A column of numbers stays one, and its gap is the training's mean, without a flag."""
    path = put(tmp_path, new="id,age,height\np,,3\nq,?,1\n") / "new.csv"
    with pytest.warns(TableWarning, match=r"line 3 \(age '\?' is not a number\)"):
        table = read_nodes(path, TRAINED)
    assert (table.ids, table.labels) == (["p", "q"], None)
    assert table.features["features"].tolist() == [[3, 10], [1, 10]]
    with pytest.raises(ValueError, match="^new.csv: 1 wrong cell: line 3"):
        read_nodes(path, TRAINED, strict=True)


@pytest.mark.parametrize(
    ("columns", "content", "message"),
    [
        (
            TRAINED,
            "id,tall,age\na,1,1\n",
            "no column 'height' of those it needs; it has 'id', 'tall'",
        ),
        (TRAINED, "age,height\n1,1\n", "no column 'id'; it has 'age', 'height'"),
        (
            TRAINED,
            "id,age,height,label\na,1,1,cow\nb,1,1,cat\nc,1,1,ape\n",
            "labels 'ape', 'cow' are not among the classes 'cat', 'dog'$",
        ),
        (
            NodeSchema(numbers("x"), num_classes=3),
            "id,x,label\na,1,3\nb,1,2\n",
            "labels '3' are not among the 3 classes 0 to 2$",
        ),
        (
            NodeSchema(numbers("x"), num_classes=3),
            "id,x,label\na,1,cat\n",
            "label 'cat' is not a whole",
        ),
        (NodeSchema(numbers(x=3)), "id,x\n", "has no rows$"),
        (NodeSchema(numbers(x=3)), "id,x\na\n", "1 of 1 rows are malformed, more than half"),
        (NodeSchema(numbers(x=3)), "id,x\na,1\n", "'x' must hold lists of 3 numbers, as Parquet"),
    ],
)
def test_new_tables_that_do_not_fit(
    tmp_path: Path, columns: NodeSchema, content: str, message: str
) -> None:
    path = put(tmp_path, new=content) / "new.csv"
    with pytest.raises(ValueError, match=f"^new.csv.*{message}"):
        read_nodes(path, columns)


def test_lists_of_new_nodes_have_the_length_of_the_training(tmp_path: Path) -> None:
    path = put_parquet(tmp_path, id=["a", "b"], x=[[1, 2], [3, 4]])
    message = "'x' must hold lists of 3 numbers, as Parquet has; it has lists of 2"
    with pytest.raises(ValueError, match=message):
        read_nodes(path, NodeSchema(numbers(x=3)))
    with pytest.raises(ValueError, match="column 'x' must hold numbers$"):
        read_nodes(path, NodeSchema(numbers("x")))


def test_a_new_table_of_parquet_without_rows(tmp_path: Path) -> None:
    path = put_parquet(tmp_path, id=pa.array([], pa.string()), x=pa.array([], pa.list_(pa.int8())))
    for columns in (None, NodeSchema(numbers(x=3))):
        with pytest.raises(ValueError, match="^nodes.parquet has no rows$"):
            read_nodes(path, columns)


def test_another_folder_read_with_the_columns_of_the_first(tmp_path: Path) -> None:
    put(tmp_path, nodes="id,age,height,label\na,1,2,dog\nb,3,4,dog\n", edges="source,target\na,b\n")
    graph = from_folder(tmp_path, columns=TRAINED)
    assert graph.features["features"].tolist() == [[2, 1], [4, 3]]
    assert (graph.labels.tolist(), graph.class_names) == ([1, 1], ("cat", "dog"))
    (tmp_path / "nodes.csv").unlink()
    with pytest.raises(FileNotFoundError, match=r"no nodes.csv or nodes.parquet; it has \['edges"):
        from_folder(tmp_path, columns=TRAINED)


def test_missing_texts_are_no_class_no_id_and_no_split(tmp_path: Path) -> None:
    nodes = "id,x,label,split\na,1,cat,train\nb,2,dog,NA\nc,3,NA,null\nd,4,nan,None\nNA,5,None,\n"
    put(tmp_path, nodes=nodes, edges="source,target\na,b\nb,c\nNaN,a\n")
    with pytest.warns(TableWarning):
        data = read_folder(tmp_path)
    assert data.graph.class_names == ("cat", "dog")
    assert data.graph.labels.tolist() == [0, 1, -1, -1]
    assert list(data.graph.splits) == ["train"]
    assert [list(found.malformed.values()) for found in data.problems] == [["no id"], ["no source"]]
    table = read_nodes(tmp_path / "nodes.csv", na_values=())
    assert table.ids == ["a", "b", "c", "d", "NA"]
    assert table.columns.class_names == ("NA", "None", "cat", "dog", "nan")
    assert list(table.splits) == ["train", "NA", "null", "None"]
    # Classes that a model was trained on are classes, however they are called.
    again = read_nodes(tmp_path / "nodes.csv", table.columns, na_values=["nan"])
    assert again.labels.tolist() == [2, 3, 0, 4, 1]


def test_records_without_a_session_join_nothing(tmp_path: Path) -> None:
    """Most users of a log may be unknown: they are not one session, and no reason to stop."""
    put(tmp_path, sessions="session,item\nNA,a\nNA,b\n7,c\n,d\n7,e\n")
    with pytest.warns(TableWarning, match="3 malformed rows left out: line 2 .no session"):
        graph = from_folder(tmp_path)
    assert graph.ids.tolist() == ["a", "b", "c", "d", "e"]
    assert (graph.senders.tolist(), graph.receivers.tolist()) == ([4, 2], [2, 4])
    assert "made of       5 records: 3 without a session or an item left out" in graph.info()
    with pytest.raises(ValueError, match="3 malformed rows: line 2"):
        from_folder(tmp_path, strict=True)


@pytest.mark.parametrize(
    ("labels", "kind", "values", "names"),
    [
        (["1", "-1", "", "1"], None, [1, 0, -1, 1], ("-1", "1")),
        (["+1", "-1.0", "NA", "1"], None, [1, 0, -1, 1], ("-1", "1")),
        (["1", "-1", "x", "1"], None, [1, 0, -1, 1], ("-1", "1")),
        (["0.5", "1", "", "2.5"], None, [0.5, 1, np.nan, 2.5], None),
        (["21", "-1", "", "x"], "regression", [21, -1, np.nan, np.nan], None),
        (["1", "2", "1", "2"], "class", [1, 2, 1, 2], None),
    ],
)
def test_kinds_of_labels(
    tmp_path: Path, labels: list[str], kind: str | None, values: list[float], names: object
) -> None:
    lines = [f"n{k},{k},{label}" for k, label in enumerate(labels)]
    put(tmp_path, nodes="\n".join(["id,x,label", *lines]), edges="source,target\nn0,n1\n")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", TableWarning)
        data = read_folder(tmp_path, label_kind=kind)
        np.testing.assert_array_equal(data.graph.labels, values)
        assert data.graph.class_names == names
        assert data.columns.label_kind == data.graph.label_kind
        if "x" not in labels:
            table = read_nodes(tmp_path / "nodes.csv", data.columns)
            np.testing.assert_array_equal(table.labels, values)
    assert NodeSchema.from_dict(json.loads(json.dumps(data.columns.to_dict()))) == data.columns


def test_lists_of_labels(tmp_path: Path) -> None:
    path = put_parquet(tmp_path, id=list("abcd"), label=[[1, 0], None, [0, 1], [1, 2]])
    with pytest.warns(TableWarning, match="row 3 .label holds something else than 0 and 1"):
        table = read_nodes(path)
    assert table.labels.tolist() == [[1, 0], [-1, -1], [0, 1], [-1, -1]]
    assert (table.columns.label_kind, table.columns.num_classes) == ("multilabel", 2)
    with pytest.raises(ValueError, match="labels must be one value for label_kind='class'"):
        read_nodes(path, label_kind="class")
    put(tmp_path, nodes="id,label\na,1\n")
    with pytest.raises(ValueError, match="lists of 0 and 1, as Parquet has for label_kind='multi"):
        read_nodes(tmp_path / "nodes.csv", label_kind="multilabel")
    with pytest.raises(ValueError, match="label_kind must be None or one of .* got 'classes'"):
        read_nodes(path, label_kind="classes")


def test_columns_of_earlier_versions_are_read(tmp_path: Path) -> None:
    """They know no means: a gap is then the mean of the table that has it."""
    old = {"numbers": ["y", "x"], "lists": {}, "class_names": ["cat", "dog"], "num_classes": 2}
    columns = NodeSchema.from_dict(old)
    assert (columns.label_kind, columns.numbers, columns.flagged) == ("class", ("y", "x"), ())
    assert NodeSchema.from_dict({**old, "label_kind": "class"}) == columns
    path = put(tmp_path, new="id,x,y\na,1,4\nb,,5\nc,3,6\n") / "new.csv"
    table = read_nodes(path, columns)
    assert table.features["features"].tolist() == [[4, 1], [5, 2], [6, 3]]
    lists = NodeSchema.from_dict({**old, "numbers": [], "lists": {"words": 3}})
    assert lists.lists == {"words": 3}


def test_repeats_are_merged_as_the_caller_says(tmp_path: Path) -> None:
    put(tmp_path, edges="source,target,weight\na,b,2\na,b,3\nb,a,9\nc,a,0\n")
    assert from_folder(tmp_path).weights.tolist() == [9, 9]
    assert from_folder(tmp_path, undirected=False, merge="max").weights.tolist() == [3, 9]
    kept = from_folder(tmp_path, merge="keep")
    assert (kept.senders.tolist(), kept.weights.tolist()) == ([0, 0, 1, 1], [9, 3, 9, 3])
    assert "4 edges: 1 of weight 0 dropped, 1 repeat kept apart, 1 direction added" in kept.info()


def test_the_hint_is_at_the_table_of_nodes_where_its_rows_were_malformed(tmp_path: Path) -> None:
    put(tmp_path, nodes="id,x\na,1\nc,3\nb\n", edges="source,target\na,b\nb,c\n")
    with pytest.warns(TableWarning), pytest.raises(ValueError, match="is not in nodes.csv"):
        from_folder(tmp_path)
