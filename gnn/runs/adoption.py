"""Folders that were written before there were manifests: checked, and listed as ours."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Callable
from pathlib import Path

from gnn.data.record_schema import KIND as RECORDS
from gnn.data.record_schema import files_of_records
from gnn.files import (
    MANIFEST,
    Manifest,
    followed,
    read_manifest,
    remove_temporaries,
    strangers,
    write_manifest,
)
from gnn.graphs.storage.graph_files import files_of_graph, holds_graph
from gnn.graphs.storage.graph_writer import KIND as GRAPH
from gnn.graphs.storage.graph_writer import SCHEMA
from gnn.models.export import KIND as EXPORT
from gnn.models.export import files_of_export
from gnn.runs import run_folder
from gnn.runs.run import load_run
from gnn.training.snapshots import adopt_snapshots, claim_folder


@dataclasses.dataclass(frozen=True)
class Adopted:
    """A folder that `adopt` has looked at.

    Attributes:
        path: the folder.
        kind: what it is: "run", "graph", "records", "export", "co-training" or "snapshots".
        others: what else is in it; `overwrite` is refused until that is moved away.
    """

    path: Path
    kind: str
    others: tuple[str, ...]


def adopt(folder: str | os.PathLike[str]) -> Adopted:
    """Lists the files of a folder that an older version wrote as ours, so that it can be replaced.

    Every folder that gnn writes has a `gnn_manifest.json` of its files, and `overwrite` replaces no
    folder without one. This writes it for a run (finished or not), a graph, records, an export, and
    the folder of a co-training or of `ExactResume`, once the folder has been read as such. Files
    that gnn would not have written there are not listed.

    Args:
        folder: the folder. One that has a manifest is left as it is.

    Returns:
        What the folder is, and what else is in it.

    Raises:
        FileNotFoundError: there is no such folder.
        ValueError: it is nothing that gnn writes, or cannot be read; nothing is written.

    Example:

    >>> import tempfile
    >>> from gnn.graphs import Graph, write_graph
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     write_graph(Graph.from_edges([0], [1]), folder + "/old")
    ...     (Path(folder) / "old" / MANIFEST).unlink()  # As an older version left it.
    ...     adopt(folder + "/old").kind
    'graph'
    """
    path = followed(folder)
    if not path.is_dir():
        raise FileNotFoundError(f"no folder {str(folder)!r}")
    try:
        manifest = read_manifest(path)
    except ValueError as error:
        raise ValueError(f"the {MANIFEST} of {str(folder)!r} {error}; remove it first") from error
    if manifest is None:
        _adopt(path)
        manifest = read_manifest(path)
    assert manifest is not None
    return Adopted(Path(folder), manifest.kind, tuple(strangers(path, manifest)))


def _adopt(path: Path) -> None:
    found = _reader_of(path)
    if found is None:
        names = sorted(os.listdir(path))
        holds = f"it holds {names[0]!r}" if names else "it is empty"
        raise ValueError(
            f"{str(path)!r} is no run, graph, records, export or folder of snapshots: {holds}"
        )
    kind, files_of = found
    try:
        files = files_of(path)
        manifest = None if files is None else Manifest(kind, frozenset(files))
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ValueError(f"{str(path)!r} cannot be read as {kind}: {error}") from error
    if manifest is not None:
        write_manifest(path, manifest)


def _reader_of(path: Path) -> tuple[str, Callable[[Path], list[str] | None]] | None:
    """What a folder seems to be, and what reads it: that gives its files, or writes manifests."""
    schema = path / SCHEMA
    if (path / run_folder.CONFIG).is_file():
        return run_folder.KIND, _adopt_run
    if schema.is_file():
        return (GRAPH, files_of_graph) if holds_graph(path) else (RECORDS, files_of_records)
    if (path / "saved_model.pb").is_file():
        return EXPORT, files_of_export
    if any(path.glob("step-*")) or any(path.glob("end-*")):
        return "snapshots", _adopt_snapshots
    return None


def carry_on(folder: run_folder.RunFolder) -> None:
    """Gives manifests to a training that an older version began, now that it is carried on.

    Args:
        folder: locked.

    Raises:
        OSError: the SavedModel in it cannot be loaded.
        ValueError: a snapshot in it is damaged.
    """
    remove_temporaries(folder.partial)
    if read_manifest(folder.partial) is None:
        _write_manifests_of_run(folder.partial)


def _adopt_run(path: Path) -> None:
    run_folder.read_config(path)
    if (path / run_folder.METRICS).is_file():
        assert load_run(path).model is not None
    _write_manifests_of_run(path)


def _write_manifests_of_run(run: Path) -> None:
    saved = run / run_folder.SAVED_MODEL
    if saved.is_dir() and read_manifest(saved) is None:
        write_manifest(saved, Manifest(EXPORT, frozenset(files_of_export(saved))))
    if (run / run_folder.STATE).is_dir():
        claim_folder(run / run_folder.STATE)
    finished = (run / run_folder.METRICS).is_file()
    write_manifest(run, run_folder.manifest_of(run) if finished else run_folder.BEGUN)


def _adopt_snapshots(path: Path) -> None:
    if adopt_snapshots(path) is None:
        raise ValueError("there is no whole snapshot in it")
