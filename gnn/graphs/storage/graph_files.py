"""Graphs in folders of .npy files, opened as memory maps: for graphs that fit no memory."""

from __future__ import annotations

import json
import math
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from scipy import sparse

from gnn.graphs.graph import Graph
from gnn.graphs.storage.graph_writer import FORMAT, SCHEMA, VERSION, GraphWriter
from gnn.memory_maps import release

_ROWS, _ROW_BYTES = 2**16, 2**26
_EDGES = 2**22


def write_graph(graph: Graph, folder: str | os.PathLike[str], *, overwrite: bool = False) -> None:
    """Writes a graph to a folder, which is there whole or not at all.

    Each array is a `.npy` file; `schema.json` names them. The edges lie grouped by receiver, in the
    order they had, and a file says where those into each node start. Images in files are decoded
    and written as pixels, so that the folder needs no other. `gnn.graphs.GraphWriter` writes such a
    folder of a graph that fits no memory.

    Args:
        graph: the graph.
        folder: the folder to make.
        overwrite: whether a graph that is there is replaced; nothing else is.

    Raises:
        FileExistsError: there is such a folder, and `overwrite` is False, or it holds something
            else than a graph; or such a file.
        TypeError: the ids are neither strings nor integers.
        OSError: the disk is full or cannot be written; what was there is left as it was.

    Example:

    >>> import tempfile
    >>> graph = Graph.from_edges([0, 1, 2], [2, 0, 2], np.eye(3))
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     write_graph(graph, folder, overwrite=True)
    ...     open_graph(folder)
    Graph(num_nodes=3, num_edges=3, features={'features': float32[3, 3]}, labels=None, splits={})
    """
    with GraphWriter(
        folder,
        graph.num_nodes,
        class_names=graph.class_names,
        notes=graph.notes,
        overwrite=overwrite,
    ) as writer:
        has_rows = graph.features or graph.labels is not None or graph.ids is not None
        step = _rows_at_once(graph)
        for start in range(0, graph.num_nodes if has_rows else 0, step):
            rows = slice(start, start + step)
            writer.add_nodes(
                {name: values[rows] for name, values in graph.features.items()},
                labels=None if graph.labels is None else graph.labels[rows],
                ids=None if graph.ids is None else graph.ids[rows],
            )
        for start in range(0, graph.num_edges, _EDGES):
            edges = slice(start, start + _EDGES)
            writer.add_edges(graph.senders[edges], graph.receivers[edges], graph.weights[edges])
        for name, nodes in graph.splits.items():
            writer.add_split(name, nodes)


def open_graph(folder: str | os.PathLike[str]) -> Graph:
    """The graph of a folder that `write_graph` or `GraphWriter` wrote, its arrays left in files.

    The arrays are read-only `np.memmap`: what is looked up is read, and the system keeps what it
    has room for. The edges are grouped by receiver already, so `gnn.data.neighborhoods` sorts
    nothing, and it reads the features of a batch's nodes alone. Opening reads the edges and
    the features that are floats once, in parts, to check them. Weights that are all 1 take no file
    and no memory.

    Args:
        folder: the folder. It must stay as it is while the graph is used.

    Returns:
        A `gnn.Graph`; `dataclasses.replace` gives it other splits.

    Raises:
        FileNotFoundError: there is no such folder, or it holds no graph.
        ValueError: the folder is of a later version, or its files do not agree.

    Example:

    >>> open_graph("/nowhere")
    Traceback (most recent call last):
    ...
    FileNotFoundError: '/nowhere' holds no graph: there is no schema.json in it
    """
    path = Path(folder)
    try:
        schema = json.loads((path / SCHEMA).read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise FileNotFoundError(
            f"{str(path)!r} holds no graph: there is no {SCHEMA} in it"
        ) from None
    if not isinstance(schema, dict) or schema.get("format") != FORMAT:
        raise ValueError(f"{str(path / SCHEMA)!r} does not describe a graph")
    if schema["version"] != VERSION:
        raise ValueError(
            f"{str(path)!r} has version {schema['version']} of the format; this package reads "
            f"version {VERSION}"
        )
    features = {name: _open_feature(path, entry) for name, entry in schema["features"].items()}
    senders = _open(path, "senders")
    weights = np.broadcast_to(np.ones(1, np.float32), senders.shape)
    if schema["weights"]:
        weights = _open(path, "weights")
    class_names = schema["class_names"]
    graph = Graph(
        features=features,
        senders=senders,
        receivers=_open(path, "receivers"),
        weights=weights,
        labels=_open(path, "labels") if schema["labels"] else None,
        splits={name: _open(path, file) for name, file in schema["splits"].items()},
        ids=_open(path, "ids") if schema["ids"] else None,
        num_nodes=schema["num_nodes"],
        class_names=None if class_names is None else tuple(class_names),
        offsets=_open(path, "offsets"),
        notes=schema.get("notes", {}),  # Older folders have none.
    )
    for array in _arrays(graph):
        release(array)
    return graph


def holds_graph(folder: str | os.PathLike[str]) -> bool:
    """Whether a folder seems to be one that `open_graph` reads.

    >>> holds_graph("/nowhere")
    False
    """
    schema = Path(folder) / SCHEMA
    return schema.is_file() and FORMAT.encode() in schema.read_bytes()


def files_of_graph(folder: Path) -> list[str]:
    """The files of the folder of a graph, by its schema.

    Raises:
        FileNotFoundError: as `open_graph`.
        ValueError: as `open_graph`.
    """
    open_graph(folder)
    schema = json.loads((folder / SCHEMA).read_text(encoding="utf-8"))
    names = ["senders", "receivers", "offsets", *schema["splits"].values()]
    names += [name for name in ("weights", "labels", "ids") if schema[name]]
    for entry in schema["features"].values():
        dense = entry["kind"] == "dense"
        parts = [""] if dense else ["-data", "-indices", "-indptr"]
        names += [entry["file"] + part for part in parts]
    return [SCHEMA, *(f"{name}.npy" for name in names)]


def _rows_at_once(graph: Graph) -> int:
    """So many that images, which are decoded here, fill no memory."""
    dense = [value for value in graph.features.values() if not sparse.issparse(value)]
    widths = [value.dtype.itemsize * math.prod(value.shape[1:]) for value in dense]
    return max(min(_ROWS, _ROW_BYTES // max([1, *widths])), 1)


def _open(folder: Path, name: str) -> np.ndarray:
    try:
        return np.load(folder / f"{name}.npy", mmap_mode="r", allow_pickle=False)
    except FileNotFoundError:
        raise ValueError(f"the graph in {str(folder)!r} lacks its file {name}.npy") from None
    except (ValueError, EOFError) as error:
        raise ValueError(f"{str(folder / f'{name}.npy')!r} is damaged: {error}") from None


def _open_feature(folder: Path, entry: dict[str, Any]) -> Any:
    if entry["kind"] == "dense":
        return _open(folder, entry["file"])
    data, indices, ends = (
        _open(folder, f"{entry['file']}-{part}") for part in ("data", "indices", "indptr")
    )
    if data.size <= np.iinfo(np.int32).max:  # Else SciPy would copy the indices to int64 as well.
        ends = np.asarray(ends).astype(np.int32)
    try:
        return sparse.csr_array((data, indices, ends), shape=tuple(entry["shape"]), copy=False)
    except ValueError as error:
        files = str(folder / f"{entry['file']}-*.npy")
        raise ValueError(f"the sparse feature in {files!r} is damaged: {error}") from None


def _arrays(graph: Graph) -> Iterator[Any]:
    yield from (graph.senders, graph.receivers, graph.weights, graph.labels, graph.ids)
    yield graph.offsets
    yield from graph.features.values()
