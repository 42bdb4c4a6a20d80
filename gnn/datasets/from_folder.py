"""A graph from a folder of tables: nodes, labels, and edges or a log."""

from __future__ import annotations

import os
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Any

from gnn.datasets.edge_times import EdgeTimes
from gnn.datasets.folder_edges import EdgeColumns
from gnn.datasets.folder_reading import FolderData, FolderReading
from gnn.datasets.node_schema import NodeSchema
from gnn.graphs.graph import Graph


def from_folder(
    path: str | os.PathLike[str],
    *,
    strict: bool = False,
    undirected: bool = True,
    columns: NodeSchema | None = None,
    merge: str = "sum",
    label_kind: str | None = None,
    na_values: Collection[str] | None = None,
    session_config: Any = None,
    schema: Any = None,
    exclude: Sequence[str] = (),
    nodes: str | os.PathLike[str] | None = None,
    labels: str | os.PathLike[str] | bool = True,
    sessions: str | os.PathLike[str] | None = None,
    edges: str | os.PathLike[str] | None = None,
    source_column: str | None = None,
    target_column: str | None = None,
    weight_column: str | None = None,
    time_column: str | None = None,
    half_life: float | str | None = None,
    until: Any = None,
) -> Graph:
    r"""Reads a graph from a folder of tables: nodes, labels, and edges or a log.

    Each table is CSV (UTF-8, quoted as RFC 4180 says, the first line names the columns), Parquet or
    JSON lines. All give the same graph.

    **Which table is which.** `nodes`, `edges` and `sessions` are the files of that name. What is
    still open goes to the one table whose columns are such: edges have two ends, a log has sessions
    (or users and times) and items, labels an id and a label, nodes an id and more. Two tables that
    could have one role are an error, unless an argument says which.

    **Nodes**, a row a node; without them, the nodes are the ids that edges or log name, in order of
    appearance, without features:

    - the id, distinct: `id`, `node_id`, `item_id`, `product_id`, or another column whose name ends
      so. Ids are compared as text, so `01` is not `1`.
    - `label` or `class`, optional: text, or whole numbers from 0 on, whichever most are; a gap is
      unlabeled. Text becomes positions in the sorted `class_names`. Where -1 and 1 are all the
      numbers there are, they are two classes of these names. Numbers of which most are not whole
      are targets of a regression. A Parquet column of lists of 0 and 1 says which of several labels
      a node has.
    - `split`, optional: `train`, `validation`, `test` or any other name; a gap is none. Masks,
      `train_mask`, `val_mask` and `test_mask`, are splits, too.
    - any other column is a feature, or none; `gnn.tables.Schema` has the types, which are guessed
      by all cells. Numbers and truths are stacked in their order into one float32 feature,
      `"features"`; a vector is a float32 feature of its own. Text, categories, dates and images are
      in the table of `read_folder`, and `gnn.ColumnEncoder` encodes them.

    A gap is no fault, and loses no row: in `"features"` it is the mean of the column over nodes
    that are not held out (in no split but `train`), and columns with gaps have a flag each after
    all numbers. A cell that is none of its type, such as "on request" among numbers, is a gap,
    counted and named in a warning.

    **Labels** of their own table join nodes by id.

    **Edges**, a row an edge: `source` and `target` (or `src`, `dst`; `from`, `to`; in any case),
    ids of nodes, and optionally `weight`, finite and not negative; without it all weights are 1.
    Edges are made by the rule of `Graph.from_edges`: an edge of weight 0 is none, repeats are
    merged, and, as the graph is undirected unless you say otherwise, the reverse of an edge is
    added where the file lacks it.

    **A log**, a row a record: a session, any name, and an item, the id of a node, in columns that
    `gnn.edges.records.log_presets` finds by their names. Items of one session are joined as
    `session_config` says: a log of clicks wants `"auto"`, which is taken where nothing is given,
    and `"count"` counts. An item without a session is a node that joins nothing.

    In ids, labels, splits and sessions, the texts of `na_values` are gaps: "NA", "NaN", "None",
    "null" and what else pandas takes for missing. In CSV, blanks around a name do not count.

    A malformed row is left out, counted and named in a warning: a wrong number of fields, no id, an
    id that an earlier row has; an edge or record with an id that no node has, or a wrong weight.

    Args:
      path: the folder; or one table, of nodes, of edges, or a log.
      strict: whether malformed rows, wrong cells, and columns of edges that are not needed, are
        errors.
      undirected: whether the reverse of each edge is added.
      columns: the columns of a folder that a model was trained on, to read this one alike; None
        finds them out. See `read_nodes`.
      merge: what becomes of repeats of (source, target), as in `Graph.from_edges`.
      label_kind: `"class"`, `"regression"` or `"multilabel"`; None takes that of `columns`, or
        guesses as said above.
      na_values: the texts that mean missing, such as `["?"]`, in place of the table; `()` takes
        every text for what it says, so that "None" is a class and "NA" an id.
      session_config: which edges a log gives, and what they weigh, and what its columns are called:
        a `gnn.SessionGraphConfig`, or a dict of its fields; None takes `gnn.SessionGraphConfig()`.
      schema: what some columns of nodes and labels hold, as `gnn.tables.Schema.of` takes it:
        `{"price": "number", "tags": "multi-category:|", "sort": "label"}`.
      exclude: columns that are no features.
      nodes: the table of nodes, a path or a name in the folder.
      labels: the table of labels, likewise; that of the nodes takes its own. True finds it; False
        reads neither labels nor splits, which then cannot be wrong.
      sessions: the log.
      edges: the table of edges.
      source_column: the column of edges with the ids they come from, where it does not show.
      target_column: that with the ids they go to.
      weight_column: that with the weights.
      time_column: of edges or a log, that with the times, where `half_life` or `until` needs them.
      half_life: seconds, or text such as `"30d"`: an edge, or a session, that is so much older than
        the latest counts half (`gnn.edges.decay.decayed_weights`).
      until: a time, such as `"2026-03-01"`: edges and records that are later are left out.

    Returns:
      The graph; its ids are text. `notes["tables"]` says which table is which, where it was not by
      names alone, and `notes["columns"]` which columns the features lack.

    Raises:
      FileNotFoundError: if there is no such folder, or no nodes, edges and log in it.
      ImportError: if a table is Parquet, and PyArrow is not installed.
      ValueError: for a column that is missing or there twice, no rows, more than half of the rows
        malformed, a file that is not UTF-8 or Parquet or ends too early, two tables of which one
        is needed; with `strict` for anything left out. The message names the file, and the line of
        a CSV file (a row of Parquet, counted from 0).

    >>> import tempfile, pathlib
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     nodes, edges = (pathlib.Path(folder) / name for name in ("nodes.csv", "edges.csv"))
    ...     _ = nodes.write_text("id,height,label\na,1.5,cat\nb,2.5,dog\nc,,\n")
    ...     _ = edges.write_text("source,target,weight\na,b,2\nb,c,1\n")
    ...     graph = from_folder(folder)
    >>> graph
    Graph(num_nodes=3, num_edges=4, features={'features': float32[3, 2]}, labels=int32[3],
          splits={})
    >>> graph.features["features"].tolist()
    [[1.5, 0.0], [2.5, 0.0], [2.0, 1.0]]
    >>> graph.ids.tolist(), graph.labels.tolist(), graph.class_names
    (['a', 'b', 'c'], [0, 1, -1], ('cat', 'dog'))
    >>> graph.senders.tolist(), graph.receivers.tolist(), graph.weights.tolist()
    ([0, 1, 1, 2], [1, 2, 0, 1], [2.0, 1.0, 2.0, 1.0])
    """
    # Not by `read_folder`: warnings point so many calls up, to the user's own line.
    files = {"nodes": nodes, "labels": labels, "sessions": sessions, "edges": edges}
    edge_columns = EdgeColumns(source_column, target_column, weight_column)
    reading = FolderReading(
        strict,
        undirected,
        columns,
        merge,
        label_kind,
        na_values,
        schema,
        exclude,
        edge_columns,
        EdgeTimes.of(time_column, half_life, until),
    )
    return reading.read(Path(path), files, session_config).graph


def read_folder(
    path: str | os.PathLike[str],
    *,
    strict: bool = False,
    undirected: bool = True,
    columns: NodeSchema | None = None,
    merge: str = "sum",
    label_kind: str | None = None,
    na_values: Collection[str] | None = None,
    labels: str | os.PathLike[str] | bool = True,
    session_config: Any = None,
    built: Graph | None = None,
    schema: Any = None,
    exclude: Sequence[str] = (),
    nodes: str | os.PathLike[str] | None = None,
    sessions: str | os.PathLike[str] | None = None,
    edges: str | os.PathLike[str] | None = None,
    source_column: str | None = None,
    target_column: str | None = None,
    weight_column: str | None = None,
    time_column: str | None = None,
    half_life: float | str | None = None,
    until: Any = None,
) -> FolderData:
    r"""As `from_folder`, with the columns and cells of the nodes and the problems beside the graph.

    Args:
      path: as in `from_folder`, and so are the others.
      strict: whether malformed rows and wrong cells are errors.
      undirected: whether the reverse of each edge is added.
      columns: the columns of another folder.
      merge: as in `from_folder`, and so are the others.
      label_kind: the kind of the labels.
      na_values: the texts that mean missing.
      labels: the table of labels; False reads neither labels nor splits.
      session_config: as in `from_folder`.
      built: a graph that was made of such a folder. Its edges are taken where log, nodes and
        configuration are the same, so that the log need not be read again.
      schema: what some columns hold.
      exclude: columns that are no features.
      nodes: the table of nodes.
      sessions: the log.
      edges: the table of edges.
      source_column: the column of edges with the ids they come from.
      target_column: that with the ids they go to.
      weight_column: that with the weights.
      time_column: that with the times, of edges or a log.
      half_life: as in `from_folder`.
      until: likewise.

    Returns:
      The graph, the columns, the cells and the problems.

    Raises:
      FileNotFoundError: as in `from_folder`.
      ImportError: as in `from_folder`.
      ValueError: as in `from_folder`.

    >>> import tempfile, pathlib
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = pathlib.Path(folder) / "clicks.csv"
    ...     _ = path.write_text("session_id,item_id\n1,a\n1,b\n")
    ...     data = read_folder(folder)
    >>> data.graph.num_edges, data.columns.numbers, len(data.problems[0].malformed)
    (2, (), 0)
    >>> data.tables.text()
    'sessions clicks.csv'
    """
    files = {"nodes": nodes, "labels": labels, "sessions": sessions, "edges": edges}
    edge_columns = EdgeColumns(source_column, target_column, weight_column)
    reading = FolderReading(
        strict,
        undirected,
        columns,
        merge,
        label_kind,
        na_values,
        schema,
        exclude,
        edge_columns,
        EdgeTimes.of(time_column, half_life, until),
    )
    return reading.read(Path(path), files, session_config, built)
