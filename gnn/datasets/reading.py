"""One door to all data: files and folders of any format that is known, and objects in memory."""

from __future__ import annotations

import inspect
import os
from pathlib import Path
from typing import Any

from gnn.datasets.formats.file_format import FileFormat
from gnn.datasets.formats.graph_objects import read_object
from gnn.datasets.formats.labeled_graphs import LabeledGraphs
from gnn.datasets.formats.logs import LogFile, graph_of_log
from gnn.datasets.formats.registry import format_named, format_of
from gnn.datasets.formats.sampling import sample_of
from gnn.datasets.formats.to_graph import to_graph
from gnn.datasets.from_folder import from_folder
from gnn.datasets.memory_reading import graph_of_table
from gnn.graphs.graph import Graph
from gnn.graphs.storage.graph_files import holds_graph, open_graph
from gnn.tables.memory_tables import is_memory_table
from gnn.tables.opening import SUFFIXES
from gnn.tables.text_files import suffix_of

AUTO = "auto"
# What `find_format` calls our own.
GRAPH, TABLES = "graph folder", "tables"


def read(
    source: Any,
    format: str = AUTO,
    *,
    undirected: bool | None = None,
    label: str | None = None,
    merge: str | None = None,
    **options: Any,
) -> Any:
    r"""Reads a graph from a file or a folder of any format that is known, or from an object.

    The formats, and how each is read, are in `docs/formats.md`. `Graph.info` of what comes out says
    which it was, what direction, base and repeats were taken for, and what was merged or dropped.

    Args:
      source: a path: a file or a folder in a format of the field, a graph folder, a folder of
        tables as `from_folder` reads it, or one such table, which may be in memory (pandas, Polars,
        DuckDB, Arrow). Or a graph of PyTorch Geometric or DGL, which are not imported.
      format: the name of a format; `"auto"` goes by header, content and suffix.
      undirected: whether the reverse of each edge is added where it lacks; None goes by the file.
      label: the attribute of nodes that is the label; None takes the one that the format names, or
        that is called like one.
      merge: what becomes of repeats of (source, target), as in `Graph.from_edges`; None goes by the
        format.
      **options: what the reader of a format takes beside, as docs/formats.md says: `weight`, the
        attribute of edges that is the weight (None for none), `max_bytes` and so on.

    Returns:
      A `gnn.Graph`; of a collection such as TUDataset's `LabeledGraphs`.

    Raises:
      FileNotFoundError: there is nothing.
      TypeError: `source` is no path, or the format has no such option.
      ValueError: it is of no format that is known, could be of several, or is not what its format
        demands. The message names the file, and the line where there is one.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder) / "mini.net"
    ...     _ = path.write_text('*Vertices 2\n1 "a"\n2 "b"\n*Edges\n1 2 3.0\n')
    ...     graph = read(path)
    >>> graph.ids.tolist(), graph.senders.tolist(), graph.weights.tolist()
    (['a', 'b'], [0, 1], [3.0, 3.0])
    """
    common: dict[str, Any] = {"undirected": undirected, "label": label, "merge": merge}
    network = read_object(source)
    if network is not None:
        _refuse(options, "a graph in memory is read as it is")
        return to_graph(network, format=type(source).__name__, **common)
    if is_memory_table(source):
        _refuse({"label": label, **options}, "a table in memory is read by its columns")
        return graph_of_table(source, undirected=undirected is not False, merge=merge or "sum")
    if not isinstance(source, str | os.PathLike):
        raise TypeError(
            "source must be a path, a table, or a graph of PyTorch Geometric or DGL, got "
            f"{type(source).__name__}"
        )
    path = Path(source)
    found = find_format(path) if format == AUTO else format_named(format)
    if found == GRAPH:
        _refuse({**common, **options}, "a graph folder is read as it is")
        return open_graph(path)
    if isinstance(found, str):
        _refuse({"label": label, **options}, "gnn.datasets.from_folder has the options of tables")
        return _of_tables(path, undirected is not False, merge or "sum")
    data = found.read(path, **_taken(found, options))
    if isinstance(data, LogFile):
        _refuse(common, "a log is read as gnn.SessionGraphConfig says")
        return graph_of_log(data, found.name)
    if isinstance(data, LabeledGraphs):
        _refuse(common, "many graphs are read as they are")
        return data
    return to_graph(data, format=found.name, **common)


def _of_tables(path: Path, undirected: bool, merge: str) -> Graph:
    """A folder of tables, or a table that no format of the field claims."""
    try:
        return from_folder(path, undirected=undirected, merge=merge)
    except ValueError as error:
        if path.is_dir():
            raise
        raise ValueError(
            f"{error}. No other format claims {path.name}, so it was read as a table; format= says "
            "what it is, see docs/formats.md"
        ) from error


def _taken(found: FileFormat, options: dict[str, Any]) -> dict[str, Any]:
    """The options, once the reader of the format takes them."""
    named = inspect.signature(found.read).parameters
    known = [name for name in list(named)[1:] if name not in ("undirected", "label")]
    for name in options:
        if name not in known:
            raise TypeError(f"the format {found.name!r} has no option {name!r}; it has {known}")
    return options


def find_format(path: Path) -> FileFormat | str:
    """What a path holds: a format of the field, or `"graph folder"` or `"tables"` of ours.

    Raises:
      FileNotFoundError: there is nothing.
      ValueError: no format claims it, or several do.
    """
    if path.is_dir() and holds_graph(path):
        return GRAPH
    sample = sample_of(path)
    found = format_of(sample)
    if found is not None:
        return found
    if path.is_dir() or suffix_of(path) in SUFFIXES:
        return TABLES
    raise ValueError(
        f"{path.name} is of no format that is known; give format=, or see docs/formats.md for what "
        "each is known by"
    )


def _refuse(options: dict[str, Any], why: str) -> None:
    for name, value in options.items():
        if value is not None:
            raise ValueError(f"{name} has no use here: {why}; got {value!r}")
