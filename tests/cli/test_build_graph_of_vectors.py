"""The command that makes a graph out of vectors, called in this process."""

from __future__ import annotations

import dataclasses
import json
import os
import shlex
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import gnn
from gnn.cli.config_options import about_fields
from gnn.cli.graph_sources import graph_config
from gnn.cli.main import main
from gnn.cli.parser import build_parser
from gnn.configs import NeighborGraphConfig

Capture = pytest.CaptureFixture[str]
FIELDS = [field.name for field in dataclasses.fields(NeighborGraphConfig)]
# (3, 4) has a cosine of 0.6 with (1, 0), and of 0.8 with (0, 1).
ROWS = [[1.0, 0.0], [0.0, 1.0], [3.0, 4.0]]


@pytest.fixture(autouse=True)
def in_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    np.save("v.npy", ROWS)
    np.savez("v.npz", id=["x", "y", "z"], embedding=ROWS)
    Path("v.csv").write_text("id,label,e_0,e_1\nx,cat,1,0\ny,dog,0,1\nz,dog,3,4\n")
    Path("log.csv").write_text("session,item\n1,a\n1,b\n")


def run(command: str, capsys: Capture) -> tuple[int, str, str]:
    capsys.readouterr()
    code = main(shlex.split(command))
    captured = capsys.readouterr()
    return code, captured.out, captured.err


def test_from_vectors_to_a_folder_that_knows_how_it_was_made(capsys: Capture) -> None:
    code, out, err = run("build-graph --vectors v.npz --output graph --k 1", capsys)
    assert (code, err) == (0, "")
    graph = gnn.graphs.open_graph("graph")
    assert graph.ids is not None and graph.ids.tolist() == ["x", "y", "z"]
    assert (graph.senders.tolist(), graph.receivers.tolist()) == ([2, 2, 0, 1], [0, 1, 2, 2])
    assert graph.weights.tolist() == pytest.approx([0.6, 0.8, 0.6, 0.8])
    full = NeighborGraphConfig(k=1).to_dict()
    assert graph.notes["config"] == full and dict(graph.features) == {}
    assert out == f"wrote graph\n{graph.info()}\n" + (
        "  made from       3 vectors\n  made by         k=1, metric=cosine\n"
    )
    assert "made of       3 vectors: 1 nearest neighbor of each by cosine, exact" in out
    assert run("info graph", capsys)[1] == out.removeprefix("wrote ")
    found = json.loads(run("info graph --json", capsys)[1])
    assert found["config"] == full and found["report"]["given"] == 3


def test_labels_come_along_and_vectors_where_they_are_wanted(capsys: Capture) -> None:
    command = "build-graph --vectors v.csv --output graph --min-similarity 0.7 --keep-vectors"
    code, out, _ = run(command, capsys)
    graph = gnn.graphs.open_graph("graph")
    assert code == 0 and "edge homophily  1.000\n" in out
    assert graph.class_names == ("cat", "dog") and graph.features["features"].tolist() == ROWS
    assert (graph.senders.tolist(), graph.receivers.tolist()) == ([2, 1], [1, 2])
    assert "made by         k=10, metric=cosine, min_similarity=0.7\n" in out


SAMPLES: dict[str, Any] = {
    "k": 5,
    "metric": "l2",
    "method": "exact",
    "min_similarity": 0.25,
    "symmetric": "mutual",
    "target_recall": 0.9,
    "seed": 3,
}


def test_flags_and_file_give_the_same_configuration(tmp_path: Path) -> None:
    assert list(SAMPLES) == FIELDS and all(about_fields(NeighborGraphConfig).values())
    base = ["build-graph", "--vectors", "v.npy", "--output", "graph"]
    flags = [
        part for name, value in SAMPLES.items() for part in (f"--{name.replace('_', '-')}", value)
    ]
    expected = NeighborGraphConfig(**SAMPLES)
    assert graph_config(build_parser().parse_args([*base, *map(str, flags)])) == expected
    Path("all.json").write_text(json.dumps(SAMPLES))
    parsed = build_parser().parse_args([*base, "--config", "all.json", "--k", "none"])
    assert graph_config(parsed) == dataclasses.replace(expected, k=None)
    assert graph_config(build_parser().parse_args(base)) == NeighborGraphConfig()


@pytest.mark.parametrize(
    ("command", "code", "message"),
    [
        ("", 2, "one of LOG and --vectors FILE must be given, got neither"),
        ("log.csv --vectors v.npy", 2, "one of LOG and --vectors FILE must be given, got both"),
        ("log.csv --k 3", 2, "--k is for vectors, and cannot go with LOG"),
        ("log.csv --keep-vectors", 2, "--keep-vectors is for vectors, and cannot go with LOG"),
        ("--vectors v.npy --window 3", 2, "--window is for a log, and cannot go with --vectors"),
        ("--vectors v.npy --na-values", 2, "--na-values is for a log, and cannot go with --vec"),
        ("--vectors v.npy --k 0", 2, "k must be at least 1, got 0"),
        ("--vectors v.npy --k none", 2, "k must be given where min_similarity is not, got None"),
        ("--vectors nan.npy", 1, "vectors must be finite; row 1 is not"),
        (
            "--vectors few.npz",
            1,
            "num_nodes and ids must agree on the number of nodes, got 3 and",
        ),
        ("--vectors nowhere.npy", 1, "no file 'nowhere.npy'"),
        ("--vectors text.csv", 1, "text.csv must hold columns of numbers, or one of lists"),
    ],
)
def test_a_failure_is_one_line_and_leaves_nothing(
    command: str, code: int, message: str, capsys: Capture
) -> None:
    np.save("nan.npy", [[1.0], [np.nan]])
    np.savez("few.npz", id=["x"], embedding=ROWS)
    Path("text.csv").write_text("id\nx\ny\n")
    before = sorted(os.listdir())
    found, out, err = run(f"build-graph {command} --output graph", capsys)
    assert (found, out) == (code, "")
    assert err.startswith("gnn: error: ") and message in err and err.count("\n") == 1
    assert sorted(os.listdir()) == before


def test_what_is_there_is_not_replaced_unasked(capsys: Capture) -> None:
    command = "build-graph --vectors v.npy --output graph"
    assert run(command, capsys)[0] == 0
    Path("v.npy").write_text("not read")
    code, _, err = run(command, capsys)
    assert (code, err) == (1, "gnn: error: cannot write the folder 'graph': it exists already\n")
    code, _, err = run(f"{command} --overwrite", capsys)
    assert code == 1 and gnn.graphs.open_graph("graph").num_edges == 4
