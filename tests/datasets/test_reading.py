"""One door to data: which format a path has, options, and what attributes become."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from gnn.datasets import read
from gnn.datasets.formats.file_format import FileFormat, Sample
from gnn.datasets.formats.network import Network
from gnn.datasets.formats.registry import FORMATS, format_named, format_of
from gnn.datasets.formats.to_graph import to_graph
from gnn.graphs.graph import Graph
from gnn.graphs.storage.graph_files import write_graph

GML = """graph [
  node [ id 1 label "a" kind "tea" size 2.0 ]
  node [ id 2 label "b" kind "cup" ]
  node [ id 3 label "c" kind "tea" size 4.0 ]
  edge [ source 1 target 2 value 3 cost 0.5 ]
  edge [ source 2 target 3 value 1 cost 0.25 ]
]
"""


def put(folder: Path, name: str, text: str) -> Path:
    path = folder / name
    path.write_text(text)
    return path


def test_names_are_distinct_and_told() -> None:
    names = [each.name for each in FORMATS]
    assert len(set(names)) == len(names) >= 30
    assert all(each.about for each in FORMATS)
    assert format_named("gml").name == "gml"
    with pytest.raises(ValueError, match="format must be 'auto' or one of .*'gexf'.*, got 'xml'"):
        format_named("xml")


def test_two_formats_that_claim_a_file_are_an_error() -> None:
    both = [FileFormat(name, "", lambda _: True, str) for name in ("this", "that")]
    sample = Sample(Path("a/mini.txt"), ".txt", "", b"", ())
    with pytest.raises(ValueError, match="mini.txt could be 'this' or 'that': say which by format"):
        format_of(sample, both)
    assert format_of(sample, []) is None


def test_a_gap_among_numbers_is_the_mean_of_nodes_that_are_not_held_out() -> None:
    network = Network(
        ids=["a", "b", "c", "d"],
        senders=np.array([0]),
        receivers=np.array([1]),
        columns={"size": [1, None, 5, 9], "word": ["x", None, "y", "x"], "at": [[1, 2]] * 4},
        splits={"test": np.array([3])},
        counts={"repeats": 2, "loops": 0},
    )
    graph = to_graph(network, format="mini", label="word")
    # The mean of 1 and 5: the 9 is in the test split.
    assert graph.features["features"].tolist() == [[1, 0], [3, 1], [5, 0], [9, 0]]
    assert graph.features["at"].tolist() == [[1, 2]] * 4
    assert graph.labels is not None and graph.labels.tolist() == [0, -1, 1, 0]
    assert graph.notes["counts"] == "repeats: 2"
    assert "  format        mini: " in graph.info()


def test_options_of_a_format_and_of_all(tmp_path: Path) -> None:
    path = put(tmp_path, "mini.gml", GML)
    graph = read(path)
    assert graph.weights.tolist() == [3, 1, 3, 1] and graph.class_names == ("cup", "tea")
    assert read(path, weight="cost").weights.tolist() == [0.5, 0.25, 0.5, 0.25]
    assert read(path, weight=None).weights.tolist() == [1] * 4
    assert read(path, undirected=False).num_edges == 2
    with pytest.raises(TypeError, match=r"format 'gml' has no option 'wait'; it has \['weight'"):
        read(path, wait="cost")
    with pytest.raises(ValueError, match=r"label must be one of .* \['kind', 'size'.*, got 'sort'"):
        read(path, label="sort")
    with pytest.raises(ValueError, match="mini.gml holds more than 10 bytes"):
        read(path, max_bytes=10)


def test_compressed_files_are_known_and_read(tmp_path: Path) -> None:
    pa = pytest.importorskip("pyarrow")
    path = tmp_path / "mini.gml.zst"
    with pa.CompressedOutputStream(str(path), "zstd") as file:
        file.write(GML.encode())
    assert read(path).weights.tolist() == [3, 1, 3, 1]


def test_folders_of_ours_and_single_tables(tmp_path: Path) -> None:
    write_graph(Graph.from_edges([0], [1]), tmp_path / "graph")
    assert read(tmp_path / "graph").num_edges == 1
    with pytest.raises(ValueError, match="merge has no use here: a graph folder is read as it is"):
        read(tmp_path / "graph", merge="max")
    edges = put(tmp_path, "links.csv", "source,target\na,b\n")
    assert read(edges).num_edges == 2 and read(edges, undirected=False).num_edges == 1
    nodes = put(tmp_path, "items.csv", "id,size\na,1\nb,2\n")
    assert read(nodes).features["features"].tolist() == [[1], [2]]
    clicks = put(tmp_path, "clicks.csv", "session_id,item_id\n1,a\n1,b\n2,a\n2,b\n")
    assert read(clicks).num_edges == 2
    alone = put(tmp_path, "words.csv", "word\nx\n")
    with pytest.raises(ValueError, match="words.csv has neither two ends of .*; format= says"):
        read(alone)


def test_tables_in_memory_by_their_columns() -> None:
    pa = pytest.importorskip("pyarrow")
    edges = read(pa.table({"source": ["a", "b"], "target": ["b", "a"], "weight": [2, 3]}))
    assert edges.num_edges == 2 and edges.weights.tolist() == [3, 3]
    clicks = {"session_id": [1, 1, 2, 2], "item_id": ["a", "b", "a", "b"]}
    assert read(clicks).num_edges == 2
    nodes = read(pd.DataFrame({"id": ["a", "b"], "size": [1.0, None], "label": ["x", "y"]}))
    assert nodes.features["features"].tolist() == [[1, 0], [1, 1]]
    assert nodes.class_names == ("x", "y")
    with pytest.raises(ValueError, match="the table has neither two ends of edges"):
        read({"word": ["x"]})


@pytest.mark.parametrize(
    ("source", "error", "message"),
    [
        ("nowhere.gml", FileNotFoundError, "no file or folder 'nowhere.gml'"),
        (3, TypeError, "source must be a path, .*, got int"),
        ("photo.png", ValueError, "photo.png is of no format that is known"),
    ],
)
def test_what_is_nothing(
    source: Any, error: type[Exception], message: str, tmp_path: Path, monkeypatch: Any
) -> None:
    (tmp_path / "photo.png").write_bytes(b"\x89PNG")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(error, match=message):
        read(source)
