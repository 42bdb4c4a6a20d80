"""A graph from a folder of tables: `nodes`, and `edges` or `sessions`, in CSV or Parquet."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from gnn.configs.sessions import as_session_graph_config
from gnn.datasets.folder_log import edges_of_log
from gnn.datasets.node_columns import NodeColumns
from gnn.datasets.node_numbers import NodeNumbers
from gnn.datasets.node_tables import load_nodes
from gnn.edges.merging import merge_edges
from gnn.edges.missing import as_na_values, without_na
from gnn.graphs.graph import Graph
from gnn.tables.cells import why_no_number
from gnn.tables.opening import open_table
from gnn.tables.problems import Problems, RowCheck
from gnn.tables.table import Chunk, Table

_SUFFIXES = (".csv", ".parquet")
_FILES_SHOWN = 20


@dataclasses.dataclass(frozen=True, eq=False)
class FolderData:
    """A graph from a folder, and what else there is to know of it.

    Attributes:
      graph: the graph.
      columns: the columns of its table of nodes, by which `read_nodes` reads further ones.
      problems: what was left out, one of each file.
    """

    graph: Graph
    columns: NodeColumns
    problems: tuple[Problems, ...]


def from_folder(
    path: str | os.PathLike[str],
    *,
    strict: bool = False,
    undirected: bool = True,
    columns: NodeColumns | None = None,
    merge: str = "sum",
    label_kind: str | None = None,
    na_values: Collection[str] | None = None,
    session_config: Any = None,
) -> Graph:
    r"""Reads a graph from a folder with a table of nodes, and one of edges or sessions.

    Each table is CSV (UTF-8, commas, quoted as RFC 4180 says, the first line names the columns) or
    Parquet. Both give the same graph.

    `nodes.csv` or `nodes.parquet`, a row a node; without it, the nodes are the ids that the other
    table names, in order of appearance, without features:

    - `id`: distinct. Ids are compared as text, so `01` is not `1`.
    - `label`, optional: text, or whole numbers from 0 on, whichever most are; empty is unlabeled.
      Text becomes positions in the sorted `class_names`. Where -1 and 1 are all the numbers there
      are, they are two classes of these names. Numbers of which most are not whole are targets of a
      regression. A Parquet column of lists of 0 and 1 says which of several labels a node has.
    - `split`, optional: `train`, `validation`, `test` or any other name; empty is none.
    - any other column is a feature. It is one of numbers if more than half of its cells that are
      not empty are. Columns of numbers are stacked in their order into one float32 feature,
      `"features"`; `true` and `false` count as 1 and 0. A Parquet column of lists of one length is
      a float32 feature of its own. Columns of text, without a name, and an index of pandas are
      left out.

    `edges.csv` or `edges.parquet`, a row an edge: `source` and `target`, ids of nodes, and
    optionally `weight`, finite and not negative; without it all weights are 1. Edges are made by
    the rule of `Graph.from_edges`: an edge of weight 0 is none, repeats are merged, and, as the
    graph is undirected unless you say otherwise, the reverse of an edge is added where the file
    lacks it.

    Or `sessions.csv` or `sessions.parquet`, a row a record: `session`, any name, and `item`, the id
    of a node. Items of one session are joined as `session_config` says: a log of clicks wants
    `"auto"`, which is taken where nothing is given, and `"count"` counts. An item without a session
    is a node that joins nothing. Where the configuration looks at times or at order and names no
    `time_column`, a column `time` has the times, if there is one.

    In ids, labels, splits and sessions, the texts of `na_values` are empty cells: "NA", "NaN",
    "None", "null" and what else pandas takes for missing.

    A malformed row is left out, counted and named in a warning: a wrong number of fields, a cell of
    a feature, label or weight that is empty, no number or not finite (an empty label is fine), no
    id, an id that an earlier row has, an edge or record with an id that no node has.

    Args:
      path: the folder.
      strict: whether malformed rows and columns left out are errors.
      undirected: whether the reverse of each edge is added.
      columns: the columns of a folder that a model was trained on, to read this one alike; None
        finds them out. See `read_nodes`.
      merge: what becomes of repeats of (source, target), as in `Graph.from_edges`.
      label_kind: `"class"`, `"regression"` or `"multilabel"`; None takes that of `columns`, or
        guesses as said above.
      na_values: the texts that mean missing, such as `["?"]`, in place of the table; `()` takes
        every text for what it says, so that "None" is a class and "NA" an id.
      session_config: which edges `sessions` gives, and what they weigh: a `gnn.SessionGraphConfig`,
        or a dict of its fields; None takes `gnn.SessionGraphConfig()`.

    Returns:
      The graph; its ids are text.

    Raises:
      FileNotFoundError: if there is no such folder, or no edges and sessions in it.
      ImportError: if a table is Parquet, and PyArrow is not installed.
      ValueError: for a column that is missing or there twice, no rows, more than half of the rows
        malformed, a file that is not UTF-8 or Parquet or ends too early, two tables of which one
        is needed; with `strict` for anything left out. The message names the file, and the line of
        a CSV file (a row of Parquet, counted from 0).

    >>> import tempfile, pathlib
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     nodes, edges = (pathlib.Path(folder) / name for name in ("nodes.csv", "edges.csv"))
    ...     _ = nodes.write_text("id,height,label\na,1.5,cat\nb,2.5,dog\nc,3.5,\n")
    ...     _ = edges.write_text("source,target,weight\na,b,2\nb,c,1\n")
    ...     graph = from_folder(folder)
    >>> graph
    Graph(num_nodes=3, num_edges=4, features={'features': float32[3, 1]}, labels=int32[3],
          splits={})
    >>> graph.ids.tolist(), graph.labels.tolist(), graph.class_names
    (['a', 'b', 'c'], [0, 1, -1], ('cat', 'dog'))
    >>> graph.senders.tolist(), graph.receivers.tolist(), graph.weights.tolist()
    ([0, 1, 1, 2], [1, 2, 0, 1], [2.0, 1.0, 2.0, 1.0])
    """
    labels = True
    found = _load(
        path, strict, undirected, columns, merge, label_kind, na_values, labels, session_config
    )
    return found.graph


def read_folder(
    path: str | os.PathLike[str],
    *,
    strict: bool = False,
    undirected: bool = True,
    columns: NodeColumns | None = None,
    merge: str = "sum",
    label_kind: str | None = None,
    na_values: Collection[str] | None = None,
    labels: bool = True,
    session_config: Any = None,
    built: Graph | None = None,
) -> FolderData:
    r"""As `from_folder`, with the columns of the nodes and the problems beside the graph.

    Args:
      path: as in `from_folder`, and so are the others.
      strict: whether malformed rows and columns left out are errors.
      undirected: whether the reverse of each edge is added.
      columns: the columns of another folder.
      merge: as in `from_folder`, and so are the others.
      label_kind: the kind of the labels.
      na_values: the texts that mean missing.
      labels: whether labels and splits are read; those that are not cannot be wrong.
      session_config: as in `from_folder`.
      built: a graph that was made of such a folder. Its edges are taken where log, nodes and
        configuration are the same, so that the log need not be read again.

    Returns:
      The graph, the columns and the problems.

    Raises:
      FileNotFoundError: as in `from_folder`.
      ImportError: as in `from_folder`.
      ValueError: as in `from_folder`.

    >>> import tempfile, pathlib
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = pathlib.Path(folder) / "sessions.csv"
    ...     _ = path.write_text("session,item\n1,a\n1,b\n")
    ...     data = read_folder(folder)
    >>> data.graph.num_edges, data.columns.numbers, len(data.problems[0].malformed)
    (2, (), 0)
    """
    return _load(
        path,
        strict,
        undirected,
        columns,
        merge,
        label_kind,
        na_values,
        labels,
        session_config,
        built,
    )


def _load(
    path: str | os.PathLike[str],
    strict: bool,
    undirected: bool,
    columns: NodeColumns | None,
    merge: str,
    label_kind: str | None,
    na_values: Collection[str] | None,
    labels: bool,
    session_config: Any,
    built: Graph | None = None,
) -> FolderData:
    nodes_path, links_path = _find(Path(path))
    texts = as_na_values(na_values)
    config = as_session_graph_config({} if session_config is None else session_config)
    if nodes_path is None:
        columns = columns or NodeColumns()
        if columns.numbers or columns.lists:
            raise FileNotFoundError(_lacks(Path(path), ["nodes"]))
        nodes, numbers = None, NodeNumbers()
    else:
        nodes, left_out = load_nodes(nodes_path, columns, strict, label_kind, na_values, labels)
        nodes.problems.warn(stacklevel=3)
        columns, numbers = nodes.columns, NodeNumbers(nodes_path.name, nodes.ids, left_out)
    table = open_table(links_path)
    if links_path.stem == "edges":
        listed = _read_edges(table, numbers, strict, texts)
        edges = merge_edges(*listed, merge=merge, undirected=undirected, num_nodes=len(numbers.ids))
        notes: dict[str, Any] = {"edges": edges.report.text()}
    else:
        edges, notes = edges_of_log(
            links_path, table, numbers, config, strict=strict, texts=texts, built=built
        )
    table.problems.warn(stacklevel=3)
    notes["labels"] = nodes.note if nodes else ""
    graph = Graph(
        features=nodes.features if nodes else {},
        senders=edges.senders,
        receivers=edges.receivers,
        weights=edges.weights,
        labels=nodes.labels if nodes else None,
        splits=nodes.splits if nodes else {},
        ids=np.array(list(numbers.ids)),
        class_names=columns.class_names,
        notes={name: note for name, note in notes.items() if note},
    )
    problems = (nodes.problems, table.problems) if nodes else (table.problems,)
    return FolderData(graph, columns, problems)


def _find(folder: Path) -> tuple[Path | None, Path]:
    """The table of nodes, if there is one, and that of edges or sessions."""
    if not folder.is_dir():
        raise FileNotFoundError(f"no folder {str(folder)!r}")
    nodes = _one_of(folder, ["nodes"])
    links = _one_of(folder, ["edges", "sessions"])
    if links is None:
        raise FileNotFoundError(_lacks(folder, ["edges", "sessions"]))
    return nodes, links


def _one_of(folder: Path, stems: Sequence[str]) -> Path | None:
    paths = [folder / f"{stem}{suffix}" for stem in stems for suffix in _SUFFIXES]
    found = [path for path in paths if path.is_file()]
    if len(found) > 1:
        names = " and ".join(path.name for path in found)
        raise ValueError(f"the folder {str(folder)!r} has {names}: keep one of them")
    return found[0] if found else None


def _lacks(folder: Path, stems: Sequence[str]) -> str:
    wanted = " or ".join(f"{stem}{suffix}" for stem in stems for suffix in _SUFFIXES)
    files = sorted(path.name for path in folder.iterdir())
    more = f" and {len(files) - _FILES_SHOWN} more" if len(files) > _FILES_SHOWN else ""
    return f"the folder {str(folder)!r} has no {wanted}; it has {files[:_FILES_SHOWN]}{more}"


def _read_edges(
    table: Table, numbers: NodeNumbers, strict: bool, texts: frozenset[str]
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Senders, receivers and weights, as the file has them."""
    table.use(("source", "target"), ("weight",))
    edges, weights = [np.zeros((2, 0), np.int64)], [np.zeros(0, np.float32)]
    for chunk in table.chunks:
        check = RowCheck(table.problems, chunk.lines)
        ends = {name: _cells(chunk, name, texts) for name in ("source", "target")}
        for name, cells in ends.items():
            check.reject_empty(name, cells)
        weight = np.ones(chunk.lines.size)
        if "weight" in table.header:
            weight, strange = chunk.columns["weight"].numbers()
            for row, cell in strange.items():
                check.reject(row, "number", why_no_number("weight", cell))
            for row in np.flatnonzero(weight < 0).tolist():
                check.reject(row, "negative", f"weight {weight[row]:g} is negative")
        edges.append(numbers.of(ends, check))
        weights.append(weight[check.good].astype(np.float32))
    table.problems.check(strict, strict)
    senders, receivers = np.concatenate(edges, axis=1)
    return senders, receivers, np.concatenate(weights)


def _cells(chunk: Chunk, name: str, texts: frozenset[str]) -> Sequence[str]:
    """The text of a column, what is missing as ""."""
    return without_na(chunk.columns[name].text(), texts)
