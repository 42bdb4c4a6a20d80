"""Folders of older versions, which have no manifest: they load, and are replaced once adopted."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf
from scipy import sparse

import gnn
from gnn.data import records
from gnn.files import MANIFEST, read_manifest
from gnn.runs import Run, RunConfig, adopt, load_run, train
from gnn.training.snapshots import Position, Snapshot, read_snapshot, write_snapshot

GRAPH = gnn.Graph.from_edges([0, 1], [1, 0], np.eye(2), labels=[0, 1], splits={"train": [0, 1]})


def as_older_version(path: Path) -> Path:
    """Takes all manifests away."""
    for found in list(path.rglob(MANIFEST)):
        found.unlink()
    return path


def write_state(path: Path, **state: object) -> None:
    for finished in (False, True):
        write_snapshot(path, Snapshot(Position(0, 1, 3, 1), {"x": np.ones(2), **state}), finished)


def write_graph(path: Path) -> None:
    features = {"x": np.eye(2), "words": sparse.csr_array(np.eye(2))}
    splits = {"train": [0]}
    graph = gnn.Graph.from_edges(
        [0, 1], [1, 0], features, weights=[1, 2], labels=[0, 1], ids=["a", "b"], splits=splits
    )
    gnn.graphs.write_graph(graph, path)


MAKERS: dict[str, Callable[[Path], None]] = {
    "graph": write_graph,
    "records": lambda path: records.write(tf.data.Dataset.range(3), path, shards=2, verbose=False),
    "snapshots": write_state,
    "co-training": lambda path: write_state(path, job={}, rounds={}),
}


@pytest.mark.parametrize("kind", list(MAKERS))
def test_folder_is_adopted_as_it_was_written(kind: str, tmp_path: Path) -> None:
    path = tmp_path / "old"
    MAKERS[kind](path)
    written = {str(p.relative_to(path)): p.read_bytes() for p in path.rglob("*") if p.is_file()}
    as_older_version(path)
    found = adopt(path)
    assert (found.kind, found.others) == (kind, ())
    again = {str(p.relative_to(path)): p.read_bytes() for p in path.rglob("*") if p.is_file()}
    if kind == "co-training":  # Written as if by ExactResume; the state tells.
        assert written.pop(MANIFEST) != again.pop(MANIFEST)
    assert again == written
    assert adopt(path) == found  # Once more, nothing is done.


def test_older_run_loads_and_is_replaced_once_adopted(
    shop_runs: dict[str, Run], tmp_path: Path
) -> None:
    path = tmp_path / "run"
    shutil.copytree(shop_runs["mlp"].path, path)
    kept = read_manifest(path)
    as_older_version(path)
    (path / "notes.txt").write_text("mine")
    assert load_run(path).metrics == shop_runs["mlp"].metrics
    options = RunConfig(dataset="digits", model="mlp", output=str(path), overwrite=True)
    with pytest.raises(FileExistsError, match=f"`gnn adopt {path}` lists its files as ours"):
        train(options)
    assert adopt(path).others == ("notes.txt",)
    with pytest.raises(FileExistsError, match="it holds 'notes.txt', which gnn did not write"):
        train(options)
    (path / "notes.txt").unlink()
    assert adopt(path).others == ()
    found = read_manifest(path)
    assert kept is not None and found is not None
    assert (found.files, found.folders) == (kept.files, kept.folders)
    assert read_manifest(path / "saved_model") == read_manifest(
        shop_runs["mlp"].path / "saved_model"
    )


def test_older_export_is_adopted(shop_runs: dict[str, Run], tmp_path: Path) -> None:
    path = tmp_path / "served"
    shop_runs["gcn"].export(path)
    as_older_version(path)
    with pytest.raises(FileExistsError, match="gnn adopt"):
        shop_runs["gcn"].export(path, overwrite=True)
    assert adopt(path).kind == "export"
    shop_runs["gcn"].export(path, overwrite=True)
    module = tf.Module()
    module.serve = tf.function(lambda x: x, input_signature=[tf.TensorSpec([None])])
    tf.saved_model.save(module, str(tmp_path / "foreign"))
    with pytest.raises(ValueError, match="is a SavedModel, but no export of gnn"):
        adopt(tmp_path / "foreign")
    assert not (tmp_path / "foreign" / MANIFEST).exists()


def test_older_training_is_carried_on(tmp_path: Path) -> None:
    """Its snapshots are taken for ours when the training is carried on, and then replaced."""
    write_state(tmp_path)
    as_older_version(tmp_path)
    (tmp_path / "notes.txt").write_text("mine")
    assert read_snapshot(tmp_path) is not None
    write_snapshot(tmp_path, Snapshot(Position(1, 1, 4, 1), {"x": 1}))
    assert set(os.listdir(tmp_path)) == {MANIFEST, "end-000000003", "step-000000004", "notes.txt"}


@pytest.mark.parametrize(
    ("files", "message"),
    [
        ({}, "is no run, graph, records, export or folder of snapshots: it is empty"),
        ({"thesis.tex": ""}, "or folder of snapshots: it holds 'thesis.tex'"),
        ({"config.json": '{"model_type": "bert"}'}, "cannot be read as run: .* no 'config'"),
        ({"config.json": "{"}, "cannot be read as run: .*damaged"),
        ({"config.json": '{"config": {}}', "metrics.json": "{}"}, "no finished run: no data.json"),
        ({"schema.json": "{"}, "cannot be read as records: .* is not JSON"),
        ({"schema.json": '{"format": "gnn.graph"}'}, "cannot be read as graph: 'version'"),
        ({"saved_model.pb": ""}, "cannot be read as export"),
        ({"step-1/weights": ""}, "cannot be read as snapshots: there is no whole snapshot in it"),
        ({MANIFEST: "{"}, f"the {MANIFEST} of .* is damaged .*; remove it first"),
    ],
)
def test_what_gnn_did_not_write_is_not_adopted(
    files: dict[str, str], message: str, tmp_path: Path
) -> None:
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    with pytest.raises(ValueError, match=message):
        adopt(tmp_path)
    assert {p.name for p in tmp_path.iterdir()} == {name.split("/")[0] for name in files}


def test_a_schema_that_names_files_elsewhere_lists_nothing(tmp_path: Path) -> None:
    path = tmp_path / "graph"
    gnn.graphs.write_graph(GRAPH, path)
    as_older_version(path)
    os.replace(path / "split-0.npy", tmp_path / "mine.npy")
    schema = json.loads((path / "schema.json").read_text())
    (path / "schema.json").write_text(json.dumps(schema | {"splits": {"train": "../mine"}}))
    with pytest.raises(ValueError, match="lists '../mine.npy', which is not inside"):
        adopt(path)
    assert not (path / MANIFEST).exists()
