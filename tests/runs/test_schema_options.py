"""Types of columns by flags and files, and which table of a folder is which."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import pytest

from gnn.datasets import NodeSchema, from_folder
from gnn.graphs import Graph, write_graph
from gnn.runs import OptionError, RunConfig
from gnn.runs.data_loading import load_data, of_folder, schema_of, with_absolute_paths
from gnn.runs.encoding import cells_of_features
from gnn.tables.schema import Schema


def put(folder: Path) -> str:
    (folder / "items.csv").write_text("id,size,word\na,1,x\nb,2,y\nc,3,x\n")
    (folder / "more_items.csv").write_text("id,size,word\nd,1,x\n")
    (folder / "marks.csv").write_text("id,label\na,cat\nb,dog\n")
    (folder / "edges.csv").write_text("source,target\na,b\n")
    return str(folder)


def types(data: str, **options: Any) -> dict[str, str]:
    columns = load_data(RunConfig(data=data, nodes="items.csv", **options)).columns
    assert columns is not None
    return {name: column.type for name, column in columns.schema.columns.items()}


def test_flags_go_over_the_file_and_the_guess(tmp_path: Path) -> None:
    data = put(tmp_path)
    assert types(data) == {"id": "id", "size": "number", "word": "category"}
    file = tmp_path / "schema.yaml"
    file.write_text("word: {type: multi-category, separator: '|'}\nsize: category\n")
    assert types(data, schema=str(file))["word"] == "multi-category"
    given = types(data, schema=str(file), columns={"size": "text"}, exclude=("word",))
    assert given == {"id": "id", "size": "text", "word": "ignore"}


def test_tables_are_named_where_two_could_be_meant(tmp_path: Path) -> None:
    data = put(tmp_path)
    with pytest.raises(ValueError, match=r"has items.csv and more_items.csv: .* by nodes= "):
        load_data(RunConfig(data=data))
    found = load_data(RunConfig(data=data, nodes="items.csv"))
    assert found.graph.labels is not None and found.graph.labels.tolist() == [0, 1, -1]
    assert found.graph.ids is not None and "d" not in found.graph.ids.tolist()
    (tmp_path / "answers.csv").write_text("id,label\na,cat\nb,dog\nc,cat\n")
    with pytest.raises(ValueError, match=r"has answers.csv and marks.csv: .* by labels= "):
        load_data(RunConfig(data=data, nodes="items.csv"))
    found = load_data(RunConfig(data=data, nodes="items.csv", labels="marks.csv"))
    assert found.graph.labels is not None and found.graph.labels.tolist() == [0, 1, -1]


def test_tables_of_labels_have_no_role_where_none_are_read(tmp_path: Path) -> None:
    """A run predicts without labels, however many tables of such there are."""
    (tmp_path / "products.csv").write_text("id,size\na,1\nb,2\nc,4\n")
    (tmp_path / "labels.csv").write_text("id,label\na,cat\nb,dog\n")
    (tmp_path / "answers.csv").write_text("id,label\na,cat\nb,dog\nc,cat\n")
    (tmp_path / "truth.csv").write_text("id,outcome\na,cat\nb,dog\n")
    for labels in ("labels.csv", "truth.csv"):  # By its columns, the second could be of nodes.
        config = RunConfig(data=str(tmp_path), labels=labels)
        columns = load_data(dataclasses.replace(config, nodes="products.csv")).columns
        found = load_data(config, columns, labels=False, run=tmp_path / "run")
        assert found.graph.labels is None
        assert found.graph.features["features"].tolist() == [[1], [2], [4]]
        assert found.graph.notes["tables"] == (
            "nodes products.csv; not used: answers.csv, labels.csv, truth.csv"
        )


def test_a_table_outside_of_the_folder_is_found_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It was named from the current folder, which is another one when the run is used."""
    for name in ("data", "other"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "edges.csv").write_text("source,target\na,b\n")
    (tmp_path / "items.csv").write_text("id,size\na,1\nb,2\n")
    (tmp_path / "other" / "nodes.csv").write_text("id,size\na,7\nb,8\n")
    monkeypatch.chdir(tmp_path)
    config = with_absolute_paths(RunConfig(data="data", nodes="items.csv", edges="edges.csv"))
    assert config.edges == "edges.csv"  # As another folder may have it, too.
    columns = load_data(config).columns
    monkeypatch.chdir("/")
    found = load_data(config, columns, labels=False, run=tmp_path / "run")
    assert found.graph.features["features"].tolist() == [[1], [2]]
    other = of_folder(config, str(tmp_path / "other"))
    found = load_data(other, columns, labels=False, run=tmp_path / "run")
    assert found.graph.features["features"].tolist() == [[7], [8]]


def test_the_schema_of_a_served_model_is_a_schema(tmp_path: Path) -> None:
    file = tmp_path / "schema.json"
    file.write_text('{"columns": {"size": {"type": "text", "input": "size"}}, "classes": ["a"]}')
    found = schema_of(RunConfig(schema=str(file)))
    assert found is not None and found.of_type("text") == ["size"]


def test_what_is_wrong_with_a_schema_is_named(tmp_path: Path) -> None:
    file = tmp_path / "schema.json"
    file.write_text('{"size": "numeric"}')
    with pytest.raises(OptionError, match=r"schema.json: column 'size': type must be one of"):
        schema_of(RunConfig(schema=str(file)))
    with pytest.raises(ValueError, match="the schema names a column 'price'; there are"):
        types(put(tmp_path), columns={"price": "number"})
    with pytest.raises(OptionError, match="exclude is for a folder, and 'digits' is a data set"):
        load_data(RunConfig(dataset="digits", exclude=("size",)))


def test_graph_folders_and_formats_are_data_of_a_run(tmp_path: Path) -> None:
    graph = Graph.from_edges([0, 1], [1, 0], [[1.0], [2.0]], labels=["x", "y"])
    write_graph(graph, tmp_path / "graph")
    assert load_data(RunConfig(data=str(tmp_path / "graph"))).graph.class_names == ("x", "y")
    path = tmp_path / "mini.gml"
    nodes = "".join(f'node [ id {k} label "n{k}" kind "{"ab"[k % 2]}" ] ' for k in range(4))
    path.write_text(f"graph [ {nodes} edge [ source 0 target 1 ] ]")
    found = load_data(RunConfig(data=str(path)))
    assert found.columns is None and found.graph.num_edges == 2
    assert found.graph.class_names == ("a", "b")
    (tmp_path / "MINI").mkdir()
    for name, text in {"A": "1, 2\n2, 1\n", "graph_indicator": "1\n1\n"}.items():
        (tmp_path / "MINI" / f"MINI_{name}.txt").write_text(text)
    (tmp_path / "MINI" / "MINI_graph_labels.txt").write_text("1\n")
    with pytest.raises(ValueError, match="holds many graphs, and a run learns from one"):
        load_data(RunConfig(data=str(tmp_path / "MINI")))


def test_flags_of_a_graph_are_those_of_its_own_gaps(tmp_path: Path) -> None:
    (tmp_path / "edges.csv").write_text("source,target\na,b\n")
    (tmp_path / "nodes.csv").write_text("id,price,size\na,1,2\nb,3,\n")
    graph = from_folder(tmp_path)
    columns = NodeSchema(Schema.of({"price": "number", "size": "number"}), flagged=("price",))
    cells = cells_of_features(graph, columns)
    assert cells.filled() == ["", "size"]
