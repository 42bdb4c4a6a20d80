"""Flags that say which columns of a table of edges are meant."""

from __future__ import annotations

from pathlib import Path

import pytest

from gnn.cli.commands import train_config
from gnn.cli.parser import build_parser
from gnn.runs.config_files import OptionError
from gnn.runs.data_loading import load_data
from gnn.runs.run_config import RunConfig

FLAGS = ["--source-column", "a", "--target-column", "b", "--weight-column", "c"]
COLUMNS = {"source_column": "a", "target_column": "b", "weight_column": "c"}


def put(folder: Path, edges: str) -> str:
    (folder / "nodes.csv").write_text("id,x,label\n1,0,cat\n2,1,dog\n3,1,dog\n")
    (folder / "edges.csv").write_text(edges)
    return str(folder)


def test_training_takes_the_columns_that_flags_name(tmp_path: Path) -> None:
    data = put(tmp_path, "a,b,c\n1,2,0.5\n2,3,2\n")
    given = build_parser().parse_args(["train", "--data", data, "--model", "mlp", *FLAGS])
    config = train_config(given)
    assert {name: getattr(config, name) for name in COLUMNS} == COLUMNS
    graph = load_data(config).graph
    ends = graph.ids[graph.senders], graph.ids[graph.receivers]
    assert set(zip(*ends, graph.weights, strict=True)) == {
        ("1", "2", 0.5),
        ("2", "1", 0.5),
        ("2", "3", 2),
        ("3", "2", 2),
    }
    assert build_parser().parse_args(["info", data, *FLAGS]).weight_column == "c"


@pytest.mark.parametrize("name", COLUMNS)
def test_a_column_of_edges_needs_edges(name: str, tmp_path: Path) -> None:
    (tmp_path / "sessions.csv").write_text("session,item\n1,a\n1,b\n")
    with pytest.raises(OptionError, match=f"{name} is for a table of edges, and .* has none"):
        load_data(RunConfig(data=str(tmp_path), **{name: "a"}))
    with pytest.raises(OptionError, match=f"{name} is for a folder, and 'digits' is a data set"):
        load_data(RunConfig(dataset="digits", **{name: "a"}))


def test_a_column_that_is_not_there(tmp_path: Path) -> None:
    data = put(tmp_path, "source,target\n1,2\n")
    with pytest.raises(ValueError, match="edges.csv has no column 'strength'"):
        load_data(RunConfig(data=data, weight_column="strength"))
