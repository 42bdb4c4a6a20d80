"""Folders of a user's are left whole by everything that writes folders, also with overwrite."""

from __future__ import annotations

import json
import os
import stat
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

import gnn
from gnn.cotraining import CoTrainer
from gnn.data import records
from gnn.files import MANIFEST, Manifest
from gnn.runs import Run, RunConfig, train
from gnn.runs.tables import write_table
from gnn.training.snapshots import CO_TRAINING, SNAPSHOTS, Position, Snapshot, write_snapshot

GRAPH = gnn.Graph.from_edges([0, 1], [1, 0], np.eye(2), labels=[0, 1], splits={"train": [0, 1]})
ROWS = tf.data.Dataset.range(3)
OTHER_KIND = {"graph": "run"}


def put(path: Path, **files: str | bytes) -> None:
    """Writes files; two underscores in a name are a slash, a leading one is a dot."""
    for key, content in files.items():
        name = key.replace("__", "/").replace("DOT", ".")
        (path / name).parent.mkdir(parents=True, exist_ok=True)
        (path / name).write_bytes(content.encode() if isinstance(content, str) else content)


def manifest(path: Path, kind: str, files: Any = (), **changes: Any) -> None:
    path.mkdir(parents=True, exist_ok=True)
    content = json.loads(Manifest(kind).to_json()) | {"files": list(files)} | changes
    (path / MANIFEST).write_text(json.dumps(content))


def ours(path: Path, kind: str) -> None:
    """A folder that may be replaced by one of its kind."""
    put(path, DOTa="a", **{"b.npy": "b", "in__c.npy": "c"})
    (path / ".a").unlink()
    manifest(path, kind, ["b.npy", "in/c.npy"])


# What may be there, and what the error has to name.

Make = Callable[[Path, str], None]
FOREIGN: dict[str, tuple[str, Make]] = {}
# Folders of ours that hold something else as well.
MIXED: dict[str, tuple[str, Make]] = {}


def foreign(found: str, table: dict[str, tuple[str, Make]] = FOREIGN) -> Callable[[Make], Make]:
    def add(make: Make) -> Make:
        table[make.__name__] = (found, make)
        return make

    return add


@foreign("'.bashrc'")
def a_home_of_dot_files(path: Path, kind: str) -> None:
    put(path, DOTbashrc="alias", DOTssh__id="secret")


@foreign("'.git'")
def a_git_repository(path: Path, kind: str) -> None:
    put(path, DOTgit__HEAD="ref: refs/heads/main", **{"thesis.tex": "\\begin"})


@foreign("'config.json'")
def a_model_of_another_library(path: Path, kind: str) -> None:
    put(path, **{"config.json": '{"model_type": "bert"}', "model.safetensors": b"\0weights"})


@foreign("'config.json'")
def a_keras_model_taken_apart(path: Path, kind: str) -> None:
    put(path, **{"config.json": '{"class_name": "Functional"}', "metadata.json": "{}"})
    with zipfile.ZipFile(path / "model.keras", "w") as file:
        file.writestr("config.json", "{}")


@foreign("'config.json'")
def a_config_with_all_that_a_run_would_have(path: Path, kind: str) -> None:
    text = json.dumps({"config": {"layers": 3}, "versions": {}})
    put(path, **{"config.json": text, "metrics.json": "{}", "model.keras": b"", "data.json": "{}"})


@foreign("'assets'")
def a_foreign_saved_model(path: Path, kind: str) -> None:
    put(path, **{"saved_model.pb": b"\10\1", "assets__vocabulary.txt": "cat"})
    put(path, **{"variables__variables.index": b"\0"})


@foreign("'offsets.npy'")
def arrays_that_are_named_like_ours(path: Path, kind: str) -> None:
    put(path, **{f"{name}.npy": b"\x93NUMPY" for name in ("senders", "receivers", "offsets")})
    put(path, **{"schema.json": '{"format": "mine"}'})


@foreign("'dataset_info.json'")
def a_prepared_data_set(path: Path, kind: str) -> None:
    put(path, **{"dataset_info.json": "{}", "train.tfrecord-00000-of-00001": b"\0"})


@foreign("'batches-00000-of-00001.tfrecord'")
def records_that_were_written_by_an_older_version(path: Path, kind: str) -> None:
    schema = '{"format": "gnn.data.records", "version": 1, "shards": []}'
    put(path, **{"batches-00000-of-00001.tfrecord": b"\0", "schema.json": schema})


@foreign("'model.bin'")
def checkpoints_of_another_program(path: Path, kind: str) -> None:
    put(path, **{"step-000000001__weights.bin": b"1", "step-2__x": b"2", "model.bin": b"3"})


@foreign("'photos'")
def a_deep_tree(path: Path, kind: str) -> None:
    put(path, **{"photos__2024__may__1.jpg": b"1", "photos__2025__1.jpg": b"2"})


@foreign("'empty'")
def an_empty_folder_in_a_folder(path: Path, kind: str) -> None:
    (path / "empty").mkdir(parents=True)


@foreign("no")
def a_link_to_a_folder(path: Path, kind: str) -> None:
    a_git_repository(path.with_name("elsewhere"), kind)
    path.symlink_to(path.with_name("elsewhere"))


@foreign("is")
def a_file(path: Path, kind: str) -> None:
    path.write_text("thesis")


@foreign("of the kind")
def a_folder_of_another_kind(path: Path, kind: str) -> None:
    ours(path, OTHER_KIND.get(kind, "graph"))


@foreign(f"its {MANIFEST} is damaged")
def a_manifest_cut_short(path: Path, kind: str) -> None:
    ours(path, kind)
    os.truncate(path / MANIFEST, 40)


@foreign("lists '../mine.txt', which is not inside")
def a_manifest_that_lists_what_is_outside(path: Path, kind: str) -> None:
    put(path.parent, **{"mine.txt": "mine"})
    manifest(path, kind, ["../mine.txt"])


@foreign("which is not inside")
def a_manifest_that_lists_an_absolute_path(path: Path, kind: str) -> None:
    put(path.parent, **{"mine.txt": "mine"})
    manifest(path, kind, [str(path.parent / "mine.txt")])


@foreign("lists 'in/../../mine.txt', which is not inside")
def a_manifest_that_goes_out_by_a_folder(path: Path, kind: str) -> None:
    put(path.parent, **{"mine.txt": "mine"})
    manifest(path, kind, folders={"in/../../mine.txt": "graph"})


@foreign("has version 2, of a later gnn")
def a_manifest_of_a_later_version(path: Path, kind: str) -> None:
    ours(path, kind)
    manifest(path, kind, ["b.npy", "in/c.npy"], version=2)


@foreign("is damaged (a key is missing")
def a_manifest_with_numbers_for_names(path: Path, kind: str) -> None:
    manifest(path, kind, files=[1, 2])


@foreign(f"its {MANIFEST} is no manifest of ours")
def a_file_of_another_program_by_the_name_of_our_manifest(path: Path, kind: str) -> None:
    put(path, **{MANIFEST: '{"name": "web app"}', "index.html": "<html>"})


@foreign(f"its {MANIFEST} is no regular file")
def a_manifest_that_is_a_link(path: Path, kind: str) -> None:
    ours(path.with_name("other"), kind)
    put(path, **{"b.npy": "mine"})
    (path / MANIFEST).symlink_to(path.with_name("other") / MANIFEST)


@foreign("'notes.txt'", MIXED)
def notes_in_a_folder_of_ours(path: Path, kind: str) -> None:
    ours(path, kind)
    put(path, **{"notes.txt": "mine"})


@foreign("'.DS_Store'", MIXED)
def a_dot_file_in_a_folder_of_ours(path: Path, kind: str) -> None:
    ours(path, kind)
    put(path, DOTDS_Store=b"\0")


@foreign("'in/mine.npy'", MIXED)
def a_file_beside_ours_in_an_inner_folder(path: Path, kind: str) -> None:
    ours(path, kind)
    put(path, **{"in__mine.npy": "mine"})


@foreign("'graph/'", MIXED)
def a_graph_put_into_a_folder_of_ours(path: Path, kind: str) -> None:
    ours(path, kind)
    ours(path / "graph", "graph")


@foreign("'b.npy'", MIXED)
def a_file_of_ours_that_was_moved_to_another_disk(path: Path, kind: str) -> None:
    ours(path, kind)
    os.replace(path / "b.npy", path.with_name("disk.npy"))
    (path / "b.npy").symlink_to(path.with_name("disk.npy"))


@foreign("'in'", MIXED)
def a_folder_of_ours_that_is_a_link_now(path: Path, kind: str) -> None:
    ours(path, kind)
    os.replace(path / "in", path.with_name("disk"))
    (path / "in").symlink_to(path.with_name("disk"))


@foreign("'b.npy/'", MIXED)
def a_file_of_ours_that_is_a_folder_now(path: Path, kind: str) -> None:
    ours(path, kind)
    (path / "b.npy").unlink()
    put(path, **{"b.npy__x": "mine"})


@foreign("'pipe'", MIXED)
def a_pipe_in_a_folder_of_ours(path: Path, kind: str) -> None:
    ours(path, kind)
    os.mkfifo(path / "pipe")


@foreign("'.b.npy.partial-far-1-x/'", MIXED)
def what_another_machine_is_writing_there(path: Path, kind: str) -> None:
    ours(path, kind)
    manifest(path / ".b.npy.partial-far-1-x", "temporary", ["new"])


# What writes folders.


@pytest.fixture(scope="module")
def model() -> gnn.NodeGraphModel:
    """A model that has seen a batch."""
    model = gnn.GraphConvolutionalNodeClassifier(num_classes=2, hidden_units=2)
    model(next(iter(gnn.data.full_batch(GRAPH, "train")))[0])
    return model


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """What `Run.export` reads of a run."""
    path = tmp_path_factory.mktemp("run")
    put(path, **{"saved_model__saved_model.pb": b"1", "saved_model__variables__v": b"2"})
    put(path, **{"model.keras": b"3"})
    return Run(path, RunConfig(), facts=None, metrics={})  # type: ignore[arg-type]


def with_writer(path: Path) -> None:
    with gnn.graphs.GraphWriter(path, 1, overwrite=True) as writer:
        writer.add_nodes({"x": np.eye(1)})


def write_packed(path: Path) -> None:
    records.write_packed_neighbors(GRAPH, None, path, max_neighbors=1, overwrite=True)


def train_into(path: Path) -> None:
    train(RunConfig(dataset="digits", model="mlp", output=str(path), overwrite=True))


def train_beside(path: Path) -> None:
    train_into(path.with_suffix(""))


def co_train(path: Path) -> None:
    CoTrainer(lambda: keras.layers.Dense(2), None).fit(GRAPH, folder=path, verbose=0)


def write_state(path: Path) -> None:
    write_snapshot(path, Snapshot(Position(0, 1, 2, 1), {"x": 1}))


def write_step(path: Path) -> None:
    """A snapshot under a name that is taken."""
    kept = path.parent
    if not (kept / MANIFEST).exists():
        manifest(kept, SNAPSHOTS)
    write_snapshot(kept, Snapshot(Position(0, 1, 2, 1), {"x": 1}))


STEP = "step-000000002"
Write = Callable[[Path], Any]
PLAIN: list[tuple[str, str, Write]] = [
    ("graph", "x", lambda path: gnn.graphs.write_graph(GRAPH, path, overwrite=True)),
    ("graph", "x", with_writer),
    ("records", "x", lambda path: records.write(ROWS, path, overwrite=True, verbose=False)),
    ("records", "x", write_packed),
    ("run", "x", train_into),
    ("run", "x.partial", train_beside),
    ("snapshot", STEP, write_step),
]
# They write beside what else there is in a folder of theirs, and remove their snapshots alone.
SHARING: list[tuple[str, str, Write]] = [
    (CO_TRAINING, "x", co_train),
    (SNAPSHOTS, "x", write_state),
]


def writers(model: Any, run: Run) -> list[tuple[str, str, Write]]:
    exports: list[tuple[str, str, Write]] = [
        ("export", "x", model.export),
        ("export", "x", lambda path: model.export(path, input_signature=[tf.TensorSpec([])])),
        ("export", "x", lambda path: run.export(path, overwrite=True)),
    ]
    return [*PLAIN, *exports]


def tree(path: Path) -> dict[str, Any]:
    """All there is under a folder, to the byte; links as links."""
    found: dict[str, Any] = {}
    for part in path.rglob("*"):
        name, mode = str(part.relative_to(path)), part.lstat().st_mode
        if stat.S_ISLNK(mode):
            found[name] = ("link", os.readlink(part))
        else:
            found[name] = part.read_bytes() if stat.S_ISREG(mode) else stat.S_IFMT(mode)
    return found


@pytest.mark.parametrize("name", [*FOREIGN, *MIXED])
def test_a_folder_of_somebody_else_is_left_whole(
    name: str, tmp_path: Path, model: Any, run: Run
) -> None:
    found, make = (FOREIGN | MIXED)[name]
    asked = [*writers(model, run), *(SHARING if name in FOREIGN else [])]
    for number, (kind, target, write) in enumerate(asked):
        root = tmp_path / str(number)
        root.mkdir()
        make(root / target, kind)
        if write is write_step:
            manifest(root, SNAPSHOTS)
        before = tree(root)
        with pytest.raises(FileExistsError) as error:
            write(root / target)
        assert tree(root) == before, (name, kind)
        assert f"{target}'" in str(error.value) and found in str(error.value), str(error.value)
        assert str(error.value).count("\n") == 0


def test_there_are_twenty_kinds_of_folders_and_twelve_writers(model: Any, run: Run) -> None:
    assert len(FOREIGN | MIXED) >= 20
    assert len([*writers(model, run), *SHARING]) == 12


def test_a_folder_of_ours_is_replaced(tmp_path: Path, run: Run) -> None:
    """The same folder without the stranger: else the test above could not fail."""
    export: Write = lambda path: run.export(path, overwrite=True)  # noqa: E731
    asked = [each for each in PLAIN if each[0] in ("graph", "records")]
    for number, (kind, target, write) in enumerate([*asked, ("export", "x", export)]):
        ours(tmp_path / str(number) / target, kind)
        write(tmp_path / str(number) / target)
        assert not (tmp_path / str(number) / target / "b.npy").exists()
        assert os.listdir(tmp_path / str(number)) == [target]


@pytest.mark.parametrize("name", list(MIXED))
def test_snapshots_come_and_go_beside_what_is_a_users(name: str, tmp_path: Path) -> None:
    _, make = MIXED[name]
    make(tmp_path / "x", SNAPSHOTS)
    put(tmp_path / "x", **{"step-000000001__weights.bin": b"mine", "step-mine__x": b"mine"})
    before = tree(tmp_path)
    for total in (2, 3):
        write_snapshot(tmp_path / "x", Snapshot(Position(0, 1, total, 1), {"x": total}))
    after = tree(tmp_path)
    assert {key: after.get(key) for key in before} == before
    added = {key.split("/")[1] for key in after.keys() - before.keys()}
    assert added == {"step-000000003"}


# Single files.


def write_logits(path: Path, model: Any, overwrite: bool) -> None:
    gnn.models.layerwise_predict(model, GRAPH, batch_size=2, output=path, overwrite=overwrite)


FILES: dict[str, Callable[[Path, Any, Run, bool], Any]] = {
    "table.csv": lambda path, model, run, overwrite: write_table(
        {"x": [1]}, path, overwrite=overwrite
    ),
    "table.npz": lambda path, model, run, overwrite: write_table(
        {"x": [1]}, path, overwrite=overwrite
    ),
    "logits.npy": lambda path, model, run, overwrite: write_logits(path, model, overwrite),
    "run.keras": lambda path, model, run, overwrite: run.export(
        path, format="keras", overwrite=overwrite
    ),
    "model.keras": lambda path, model, run, overwrite: model.save(path),
}


@pytest.mark.parametrize("name", list(FILES))
def test_single_files_follow_one_rule(name: str, tmp_path: Path, model: Any, run: Run) -> None:
    write, path = FILES[name], tmp_path / name
    # Keras' own method replaces unless it is told otherwise.
    asks = write is not FILES["model.keras"]
    path.write_text("mine")
    if asks:
        with pytest.raises(FileExistsError, match=f"{name}': it exists already"):
            write(path, model, run, False)
        assert path.read_text() == "mine"
    # A link stays, and what it leads to is replaced, or made.
    links = [tmp_path / f"to-{name}", tmp_path / f"nowhere-{name}"]
    links[0].symlink_to(path)
    links[1].symlink_to(tmp_path / f"new-{name}")
    for link in links:
        write(link, model, run, True)
        assert link.is_symlink()
    assert path.read_bytes()[:4] != b"mine" and (tmp_path / f"new-{name}").is_file()
    # What is no regular file is no file to replace.
    (tmp_path / f"folder-{name}").mkdir()
    os.mkfifo(tmp_path / f"pipe-{name}")
    for place, error in (("folder", IsADirectoryError), ("pipe", FileExistsError)):
        with pytest.raises(error, match=f"cannot write the file .*{place}-{name}"):
            write(tmp_path / f"{place}-{name}", model, run, True)
    assert len(os.listdir(tmp_path)) == 6
