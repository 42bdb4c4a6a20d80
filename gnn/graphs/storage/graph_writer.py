"""Writes the folder of a graph chunk by chunk, and groups its edges by receiver on the way."""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np
from scipy import sparse

from gnn.configs.arguments import check_count
from gnn.files import whole_folder
from gnn.graphs.graph import Graph
from gnn.graphs.narrow import narrow
from gnn.graphs.sampling.neighbor_index import group_by_receiver
from gnn.graphs.storage.npy_files import NpyAppender

FORMAT, VERSION, SCHEMA = "gnn.graph", 1, "schema.json"
KIND = "graph"
_EDGE = np.dtype([("sender", np.int32), ("receiver", np.int32), ("weight", np.float32)])


class GraphWriter:
    """Writes a graph that fits no memory to a folder for `gnn.graphs.open_graph`.

    Use it in a `with` block: the folder appears, whole, when the block ends without an error. Nodes
    come in their order, edges in any. The edges are counted and put aside as they come; then dealt
    to files of consecutive receivers, each small enough for memory, and sorted there by counting.
    So every edge is written three times and read twice, however many there are, and memory holds
    `edges_at_once` edges (about 40 bytes each), a chunk, and 16 bytes a node.

    Args:
        folder: the folder to make.
        num_nodes: the number of nodes.
        class_names: None, or the name of each class.
        notes: what is known of the making, as `gnn.Graph` has it; it lies in the schema.
        overwrite: whether a graph that is there is replaced; nothing else is.
        edges_at_once: the most edges that are sorted in memory at a time.

    Raises:
        FileExistsError: there is such a folder, and `overwrite` is False, or it holds something
            else than a graph; or such a file.

    Example:

    >>> import tempfile
    >>> from gnn.graphs.storage.graph_files import open_graph
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     with GraphWriter(folder, num_nodes=4, overwrite=True) as writer:
    ...         writer.add_nodes({"x": np.zeros((3, 2))}, labels=[0, 1, 0])
    ...         writer.add_nodes({"x": np.ones((1, 2))}, labels=[1])
    ...         writer.add_edges([0, 3], [2, 0])
    ...         writer.add_edges([1], [2])
    ...         writer.add_split("train", [0, 1])
    ...     graph = open_graph(folder)
    ...     graph.senders.tolist(), graph.receivers.tolist(), graph.offsets.tolist()
    ([3, 0, 1], [0, 2, 2], [0, 1, 1, 3, 3])
    """

    def __init__(
        self,
        folder: str | os.PathLike[str],
        num_nodes: int,
        *,
        class_names: Sequence[str] | None = None,
        notes: Mapping[str, Any] | None = None,
        overwrite: bool = False,
        edges_at_once: int = 2**23,
    ):
        self._num_nodes = check_count("num_nodes", num_nodes)
        self._edges_at_once = check_count("edges_at_once", edges_at_once)
        self._target = whole_folder(folder, KIND, overwrite=overwrite)
        self._class_names = None if class_names is None else list(class_names)
        self._notes = dict(notes or {})
        self._features: dict[str, dict[str, Any]] = {}
        self._files: dict[str, NpyAppender] = {}
        self._splits: dict[str, str] = {}
        self._nodes = 0
        self._edges = 0
        self._weighted = False
        self._first_chunk: set[str] | None = None

    def __enter__(self) -> GraphWriter:
        """Starts the folder, under another name."""
        self._stack = contextlib.ExitStack()
        self._folder = self._stack.enter_context(self._target)
        self._spill = self._stack.enter_context((self._folder / "edges.raw").open("wb+"))
        self._counts = np.zeros(self._num_nodes, np.int64)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Sorts the edges and gives the folder its name; after an error, removes it."""
        if error is not None:
            self._stack.__exit__(kind, error, trace)
            return
        with self._stack:
            self._finish()

    def add_nodes(
        self, features: Mapping[str, Any], *, labels: Any = None, ids: Any = None
    ) -> None:
        """Adds the next nodes: their features, and a row a node of labels and ids.

        Args:
            features: name -> array `[n, ...]` or SciPy sparse `[n, d]`: the same names, dtypes and
                shapes each time.
            labels: as `gnn.Graph` takes them, but no strings: give their places in `class_names`.
            ids: strings of one dtype, or integers.

        Raises:
            TypeError, ValueError: as `gnn.Graph`; or chunks that differ, or more nodes than said.
        """
        chunk = Graph(
            features=features,
            senders=np.zeros(0, np.int32),
            receivers=np.zeros(0, np.int32),
            labels=labels,
            ids=ids,
            class_names=None if self._class_names is None else tuple(self._class_names),
        )
        if chunk.class_names and self._class_names is None:
            # Each chunk would number its own names.
            raise TypeError(
                "labels must be numbers where GraphWriter has no class_names; got strings such as "
                f"{chunk.class_names[0]!r}"
            )
        if ids is not None and chunk.ids is not None and chunk.ids.dtype.kind not in "iuSU":
            raise TypeError(f"ids must be strings or integers to be written; got {chunk.ids.dtype}")
        if self._nodes + chunk.num_nodes > self._num_nodes:
            raise ValueError(
                f"add_nodes must add num_nodes={self._num_nodes} nodes in all; got "
                f"{self._nodes + chunk.num_nodes}"
            )
        rows: dict[str, Any] = {f"features[{name!r}]": v for name, v in chunk.features.items()}
        rows |= {"labels": chunk.labels} if chunk.labels is not None else {}
        rows |= {"ids": chunk.ids} if chunk.ids is not None else {}
        if self._first_chunk is None:
            self._first_chunk = set(rows)
        if set(rows) != self._first_chunk:
            raise ValueError(
                f"add_nodes must get the same each time: {sorted(self._first_chunk)} at first, "
                f"now {sorted(rows)}"
            )
        for name, values in chunk.features.items():
            self._add_feature(name, values)
        for key in ("labels", "ids"):
            if key in rows:
                self._append(key, rows[key], key)
        self._nodes += chunk.num_nodes

    def add_edges(self, senders: Any, receivers: Any, weights: Any = None) -> None:
        """Adds edges, in any order; None gives weights of 1.

        Raises:
            TypeError, ValueError: as `gnn.Graph`.
        """
        chunk = Graph({}, senders, receivers, weights, num_nodes=self._num_nodes)
        edges = np.empty(chunk.num_edges, _EDGE)
        edges["sender"], edges["receiver"] = chunk.senders, chunk.receivers
        edges["weight"] = chunk.weights
        edges.tofile(self._spill)
        if chunk.num_edges:
            first = int(chunk.receivers.min())
            counts = np.bincount(chunk.receivers - first)
            self._counts[first : first + counts.size] += counts
        self._edges += chunk.num_edges
        self._weighted = self._weighted or bool((chunk.weights != 1).any())

    def add_split(self, name: str, nodes: Any) -> None:
        """Adds a split: the indices of its nodes, or a mask.

        Raises:
            TypeError, ValueError: as `gnn.Graph`; or the name comes twice.
        """
        if name in self._splits:
            raise ValueError(f"splits must have distinct names; got {name!r} twice")
        empty = np.zeros(0, np.int32)
        checked = Graph({}, empty, empty, splits={name: nodes}, num_nodes=self._num_nodes)
        self._splits[name] = f"split-{len(self._splits)}"
        np.save(self._folder / f"{self._splits[name]}.npy", checked.splits[name])

    def _add_feature(self, name: str, values: Any) -> None:
        title, is_sparse = f"features[{name!r}]", sparse.issparse(values)
        kind = "sparse" if is_sparse else "dense"
        entry = self._features.get(name)
        if entry is None:
            entry = {"kind": kind, "file": f"feature-{len(self._features)}"}
            if is_sparse:
                entry["shape"] = [self._num_nodes, values.shape[1]]
                self._append(f"{entry['file']}-indptr", np.zeros(1, np.int64), title)
            self._features[name] = entry
        if entry["kind"] != kind or (is_sparse and entry["shape"][1] != values.shape[1]):
            raise ValueError(
                f"{title} must be {entry['kind']} at all nodes, of one width; got {kind} values "
                f"of shape {values.shape}"
            )
        if not is_sparse:
            self._append(entry["file"], values, title)
            return
        data = self._append(f"{entry['file']}-data", values.data, title)
        self._append(f"{entry['file']}-indices", narrow(f"{title}.indices", values.indices), title)
        ends = values.indptr[1:].astype(np.int64) + (data.rows - values.data.size)
        self._append(f"{entry['file']}-indptr", ends, title)

    def _append(self, name: str, values: np.ndarray, title: str) -> NpyAppender:
        if name not in self._files:
            path = self._folder / f"{name}.npy"
            file = NpyAppender(path, values.dtype, values.shape[1:], title)
            self._files[name] = self._stack.enter_context(file)
        self._files[name].append(values)
        return self._files[name]

    def _finish(self) -> None:
        # A chunk that was refused half way has written some of its rows.
        whole = [key for key in ("labels", "ids") if key in self._files]
        whole += [entry["file"] for entry in self._features.values() if entry["kind"] == "dense"]
        rows = {self._files[name].rows for name in whole}
        rows |= {file.rows - 1 for name, file in self._files.items() if name.endswith("-indptr")}
        if rows - {self._num_nodes}:
            raise ValueError(
                f"add_nodes must add num_nodes={self._num_nodes} nodes in all; got {self._nodes}"
            )
        offsets = np.zeros(self._num_nodes + 1, np.int64)
        np.cumsum(self._counts, out=offsets[1:])
        np.save(self._folder / "offsets.npy", offsets)
        for name, dtype in (("senders", np.int32), ("receivers", np.int32)):
            self._append(name, np.zeros(0, dtype), name)
        for edges in self._grouped(offsets):
            self._append("senders", edges["sender"], "senders")
            self._append("receivers", edges["receiver"], "receivers")
            if self._weighted:
                self._append("weights", edges["weight"], "weights")
        (self._folder / "edges.raw").unlink(missing_ok=True)
        for file in self._files.values():
            file.close()
        schema = {
            "format": FORMAT,
            "version": VERSION,
            "num_nodes": self._num_nodes,
            "num_edges": self._edges,
            "features": self._features,
            "labels": "labels" in self._files,
            "ids": "ids" in self._files,
            "weights": self._weighted,
            "splits": self._splits,
            "class_names": self._class_names,
            "notes": self._notes,
        }
        text = json.dumps(schema, indent=1)
        (self._folder / SCHEMA).write_text(text + "\n", encoding="utf-8")

    def _grouped(self, offsets: np.ndarray) -> Iterator[np.ndarray]:
        """The edges by receiver, in the order they came otherwise, a range of receivers a time."""
        self._spill.close()
        if self._edges <= self._edges_at_once:
            yield from _sorted(self._folder / "edges.raw", 0, self._num_nodes, self._edges_at_once)
            return
        # As many receivers a range as have their edges in memory, but one at least.
        bounds = [0]
        while bounds[-1] < self._num_nodes:
            most = offsets[bounds[-1]] + self._edges_at_once
            last = int(np.searchsorted(offsets, most, side="right")) - 1
            bounds.append(min(max(last, bounds[-1] + 1), self._num_nodes))
        ranges = [self._folder / f"edges-{i}.raw" for i in range(len(bounds) - 1)]
        starts = np.array(bounds[1:-1])
        for edges in _read(self._folder / "edges.raw", self._edges_at_once):
            part = np.searchsorted(starts, edges["receiver"], side="right")
            order, ends = group_by_receiver(part, len(ranges))
            edges = edges[order]
            for i in np.flatnonzero(np.diff(ends)).tolist():
                with ranges[i].open("ab") as file:
                    edges[ends[i] : ends[i + 1]].tofile(file)
        (self._folder / "edges.raw").unlink()
        for i, path in enumerate(ranges):
            if path.exists():
                yield from _sorted(path, bounds[i], bounds[i + 1], self._edges_at_once)
                path.unlink()


def _read(path: Path, count: int) -> Iterator[np.ndarray]:
    with path.open("rb") as file:
        while (edges := np.fromfile(file, _EDGE, count)).size:
            yield edges


def _sorted(path: Path, first: int, stop: int, count: int) -> Iterator[np.ndarray]:
    """The edges of a file by receiver; those of one receiver are in order as they are."""
    for edges in _read(path, count):
        if stop - first > 1:
            order, _ = group_by_receiver(edges["receiver"] - first, stop - first)
            edges = edges[order]
        yield edges
