"""The command that writes training records, called in this process."""

from __future__ import annotations

import json
import os
import shlex
from pathlib import Path

import keras
import numpy as np
import pytest

import gnn
from gnn.cli.main import main
from gnn.data.records import read_packed_neighbors

Capture = pytest.CaptureFixture[str]


@pytest.fixture(autouse=True)
def in_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    graph = gnn.Graph.from_edges(
        [0, 1, 3],
        [2, 2, 2],
        {"x": [[1.0], [2.0], [3.0], [4.0]]},
        weights=[0.5, 0.9, 0.1],
        labels=[0, 1, 1, 0],
        splits={"train": [2, 0]},
    )
    gnn.graphs.write_graph(graph, "graph")
    Path("shop").mkdir()
    Path("shop/nodes.csv").write_text("id,size,label,split\na,1,s,train\nb,2,t,\nc,3,t,train\n")
    Path("shop/sessions.csv").write_text("session,item\n1,a\n1,b\n2,a\n2,b\n")


def run(command: str, capsys: Capture) -> tuple[int, str, str]:
    capsys.readouterr()
    code = main(shlex.split(command))
    captured = capsys.readouterr()
    return code, captured.out, captured.err


def test_from_a_graph_to_training(capsys: Capture) -> None:
    """Of the three neighbors of the third node the two heaviest come along, before it."""
    command = "pack graph --output packed --max-neighbors 2 --shards 2"
    code, out, _ = run(command, capsys)
    assert (code, out) == (0, "wrote 4 records with up to 2 neighbors to packed, in 2 shards\n")
    inputs, labels = next(iter(read_packed_neighbors("packed", batch_size=4)))
    assert inputs["x"].numpy().ravel().tolist() == [1, 2, 2, 1, 3, 4]
    assert labels.numpy().tolist() == [0, 1, 1, 0]
    node_model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(2)])
    model = gnn.GraphRegularizationModel(gnn.GraphRegConfig(multiplier=1.0), lambda: node_model)
    model.compile("sgd", keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    history = model.fit(read_packed_neighbors("packed", batch_size=2), verbose=0).history
    assert np.isfinite(history["scaled_graph_loss"][0]) and history["scaled_graph_loss"][0] > 0


def test_a_folder_of_data_with_a_log(capsys: Capture) -> None:
    command = "pack --data shop --split train --output packed --compression GZIP --json"
    code, out, _ = run(command, capsys)
    assert code == 0
    assert json.loads(out) == {"output": "packed", "records": 2, "shards": 1, "max_neighbors": 1}
    inputs, labels = next(iter(read_packed_neighbors("packed", batch_size=2)))
    assert inputs["features"].numpy().ravel().tolist() == [2, 1, 3]
    assert labels.numpy().tolist() == [0, 1]


def test_a_named_data_set(capsys: Capture) -> None:
    command = "pack --dataset digits --split train --output packed --max-neighbors none"
    code, out, _ = run(command, capsys)
    assert code == 0 and out.startswith("wrote 50 records with up to ")


@pytest.mark.parametrize(
    ("command", "code", "message"),
    [
        ("graph --split tests", 1, "unknown split 'tests'; the graph's splits are ['train']"),
        ("graph --max-neighbors -1", 1, "max_neighbors must be at least 0, got -1"),
        ("graph --shards 0", 1, "shards must be at least 1, got 0"),
        ("nowhere", 1, "'nowhere' holds no graph: there is no schema.json in it"),
        ("--data nowhere", 1, "no folder"),
        ("bare", 1, "graph has no features, so there is nothing to write"),
    ],
)
def test_a_failure_is_one_line_and_leaves_nothing(
    command: str, code: int, message: str, capsys: Capture
) -> None:
    gnn.graphs.write_graph(gnn.Graph.from_edges([0], [1]), "bare")
    before = sorted(os.listdir())
    found, out, err = run(f"pack {command} --output packed", capsys)
    assert (found, out) == (code, "")
    assert err.startswith("gnn: error: ") and message in err and err.count("\n") == 1
    assert sorted(os.listdir()) == before


def test_what_is_there_is_not_replaced_unasked(capsys: Capture) -> None:
    assert run("pack graph --output packed", capsys)[0] == 0
    Path("graph/schema.json").unlink()  # It is looked at before anything is read.
    code, _, err = run("pack graph --output packed", capsys)
    assert (code, err) == (1, "gnn: error: cannot write the folder 'packed': it exists already\n")
    code, _, err = run("pack graph --output packed --overwrite", capsys)
    assert code == 1 and "holds no graph" in err
    assert len(list(read_packed_neighbors("packed", batch_size=4))) == 1
