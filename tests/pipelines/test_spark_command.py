"""`gnn build-graph --master`: the graph of one machine, by the session of Spark that there is."""

from __future__ import annotations

import json
import shlex
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import gnn
from gnn.cli.main import main

Capture = pytest.CaptureFixture[str]


def test_a_log(spark: Any, tmp_path: Path, capsys: Capture) -> None:
    rng = np.random.default_rng(0)
    clicks = [(f"v{rng.integers(9)}", f"p{rng.integers(6)}") for _ in range(40)]
    lines = ["visit,product", *(f"{visit},{product}" for visit, product in clicks), "v1,NA", ",p1"]
    lines += ['"v ""1"", 2",p1', '"v ""1"", 2",p2', "v8,alone"]
    (tmp_path / "log.csv").write_text("\n".join(lines) + "\n")
    command = (
        f"build-graph {tmp_path}/log.csv --session-column visit --item-column product "
        f"--weighting npmi --max-session-items 5 --min-count 2"
    )
    cluster = f"--master local[2] --work {tmp_path}/work"
    assert main(shlex.split(f"{command} --output {tmp_path}/far {cluster} --json")) == 0
    far = json.loads(capsys.readouterr().out)
    assert main(shlex.split(f"{command} --output {tmp_path}/near --missing drop --json")) == 0
    near = json.loads(capsys.readouterr().out)
    assert far["config"] == near["config"]
    for name in ("given", "missing", "sessions", "items", "pairs"):
        assert far["report"][name] == near["report"][name] > 0
    near_remarks = near["report"]["remarks"]
    assert far["report"]["remarks"] == [text for text in near_remarks if "weight 0" not in text]
    graphs = [gnn.graphs.open_graph(tmp_path / name) for name in ("far", "near")]
    edges = [
        {
            (graph.ids[sender], graph.ids[receiver]): weight
            for sender, receiver, weight in zip(
                graph.senders, graph.receivers, graph.weights.tolist(), strict=True
            )
        }
        for graph in graphs
    ]
    assert edges[0] == edges[1] != {}
    assert sorted(graphs[1].ids.tolist()) == graphs[0].ids.tolist()
    assert not (tmp_path / "work").exists()


def test_vectors(spark: Any, tmp_path: Path, capsys: Capture) -> None:
    vectors = np.random.default_rng(0).normal(size=(20, 3))
    rows = [(f"n{number:02}", row.tolist()) for number, row in enumerate(vectors)]
    table = spark.createDataFrame(rows, "id string, vector array<double>")
    table.write.parquet(str(tmp_path / "vectors"))
    command = f"build-graph --vectors {tmp_path}/vectors --output {tmp_path}/graph --k 3"
    assert main(shlex.split(f"{command} --master local[2] --work {tmp_path}/work")) == 0
    assert "20 vectors: 3 nearest neighbors of each by cosine, exact" in capsys.readouterr().out
    graph = gnn.graphs.open_graph(tmp_path / "graph")
    expected = gnn.Graph.from_embeddings(vectors, k=3)
    np.testing.assert_array_equal(graph.senders, expected.senders)
    np.testing.assert_array_equal(graph.receivers, expected.receivers)
    np.testing.assert_allclose(graph.weights, expected.weights, rtol=1e-6)
    assert graph.ids.tolist() == [row[0] for row in rows]


def test_a_table_that_is_none(tmp_path: Path, spark: Any, capsys: Capture) -> None:
    command = f"build-graph {tmp_path}/log.tsv --output {tmp_path}/graph"
    assert main(shlex.split(f"{command} --master local[2] --work {tmp_path}/work")) == 1
    assert "must be a folder of Parquet, or end in one of" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        ("--master local[2]", "--master needs --work"),
        ("--work there", "--work needs --master"),
        ("--master local[2] --work there --memory 2GB", "--memory is for one machine"),
    ],
)
def test_flags_that_do_not_go_together(flags: str, message: str, capsys: Capture) -> None:
    assert main(shlex.split(f"build-graph log.csv --output graph {flags}")) == 2
    assert message in capsys.readouterr().err
