"""The tables of a folder, read and joined to one graph."""

from __future__ import annotations

import dataclasses
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from gnn.configs.sessions import SessionGraphConfig, as_session_graph_config
from gnn.datasets.columns.column_names import label_column
from gnn.datasets.columns.column_notes import columns_note
from gnn.datasets.edge_times import EdgeTimes
from gnn.datasets.folder_edges import EdgeColumns, read_edges
from gnn.datasets.folder_log import edges_of_log
from gnn.datasets.labels_apart import LabelsApart
from gnn.datasets.node_numbers import NodeNumbers
from gnn.datasets.node_schema import NodeSchema
from gnn.datasets.node_tables import NodeTable, as_given, load_nodes
from gnn.datasets.table_roles import TableRoles, find_tables, lacks
from gnn.edges.edges import Edges
from gnn.edges.merging import merge_edges
from gnn.edges.missing import as_na_values
from gnn.edges.records.log_files import open_log_file
from gnn.graphs.graph import Graph
from gnn.tables.opening import open_table
from gnn.tables.problems import Problems
from gnn.tables.schema import Column, Schema
from gnn.tables.typed_table import TypedTable

_ROLES = ("id", "label", "split", "mask")


@dataclasses.dataclass(frozen=True, eq=False)
class FolderData:
    """A graph from a folder, and what else there is to know of it.

    Attributes:
      graph: the graph.
      columns: the columns of its table of nodes, by which `read_nodes` reads further ones.
      problems: what was left out, one of each file.
      table: the features of the nodes as cells by their types, gaps kept; without columns where the
        folder has no table of nodes.
      tables: which table is which.
      folder: the folder that paths of images are relative to, that of the table of nodes.
    """

    graph: Graph
    columns: NodeSchema
    problems: tuple[Problems, ...]
    table: TypedTable
    tables: TableRoles
    folder: Path


@dataclasses.dataclass
class FolderReading:
    """The arguments of `gnn.datasets.from_folder`, under their names there."""

    strict: bool
    undirected: bool
    columns: NodeSchema | None
    merge: str
    label_kind: str | None
    na_values: Collection[str] | None
    schema: Any
    exclude: Sequence[str]
    edge_columns: EdgeColumns
    times: EdgeTimes

    def read(
        self,
        folder: Path,
        files: Mapping[str, Any],
        session_config: Any,
        built: Graph | None = None,
    ) -> FolderData:
        """Reads a folder for a function that a user calls: warnings point to the user's line.

        Args:
          folder: where the tables are.
          files: role -> the table that the user names; of `"labels"` also True or False.
          session_config: as in `gnn.datasets.from_folder`.
          built: as in `gnn.datasets.read_folder`.

        Raises:
          FileNotFoundError: as `gnn.datasets.from_folder`.
          ImportError: likewise.
          ValueError: likewise.
        """
        config = as_session_graph_config({} if session_config is None else session_config)
        config = self.times.config_of_log(config)
        labels_file = files["labels"]
        named = None if isinstance(labels_file, bool) else labels_file
        needed = self.columns.schema.features if self.columns is not None else ()
        tables = find_tables(
            folder, {**files, "labels": named}, config, labels_file is not False, needed
        )
        given = self._given(tables)
        apart, of_labels = None, None
        if labels_file is not False and tables.labels not in (None, tables.nodes):
            assert tables.labels is not None
            if named is None:
                _check_one_label(tables, given)
            apart, of_labels = self._labels_apart(tables.labels, self._of_labels(tables, given))
        nodes, numbers = self._nodes(folder, tables, given, apart, labels_file is not False)
        if nodes is not None:
            nodes.problems.warn(stacklevel=3)
        edges, notes, problems = self._edges(tables, numbers, config, built)
        if problems is not None:
            problems.warn(stacklevel=3)
        names = numbers.names
        columns = self.columns or NodeSchema()
        labels, splits = None, {}
        if nodes is not None:
            columns, labels, splits = nodes.columns, nodes.labels, nodes.splits
            notes["labels"] = nodes.note
        elif apart is not None:
            assert problems is not None  # Where there are no nodes, something names them.
            labels, splits = apart.joined(names.tolist(), problems.file)
            columns = apart.with_classes(columns)
        if apart is not None and of_labels is not None:
            notes["labels"] = apart.note
            _tell_of_unknown(apart.unknown(names.tolist()), of_labels, self.strict)
            of_labels.warn(stacklevel=3)
        notes |= {"tables": tables.text(), "columns": columns_note(columns)}
        notes["flags"] = list(columns.flagged)
        graph = Graph(
            features=nodes.features if nodes else {},
            senders=edges.senders,
            receivers=edges.receivers,
            weights=edges.weights,
            labels=labels,
            splits=splits,
            ids=names.array(),
            class_names=columns.class_names,
            notes={name: note for name, note in notes.items() if note},
        )
        found = [nodes.problems if nodes else None, problems, of_labels]
        return FolderData(
            graph,
            columns,
            tuple(each for each in found if each is not None),
            nodes.table if nodes else TypedTable(Schema(), {}, len(names)),
            tables,
            tables.nodes.parent if tables.nodes is not None else folder,
        )

    def _given(self, tables: TableRoles) -> Schema:
        """What the user says of columns, once each is in a table of nodes or labels."""
        given = as_given(self.columns, self.schema, self.exclude)
        if given.columns:
            files = [path for path in (tables.nodes, tables.labels) if path is not None]
            headers = {path.name: open_table(path).header for path in files}
            known = {name for header in headers.values() for name in header}
            for name in given.columns:
                if name not in known:
                    raise ValueError(f"the schema names a column {name!r}; there are {headers}")
        return given

    def _of_labels(self, tables: TableRoles, given: Schema) -> Schema:
        """What is said of a table of labels: of columns that nodes have, too, the roles alone."""
        assert tables.labels is not None
        if self.columns is not None:
            columns = self.columns.schema
            return _of(
                tables.labels, Schema({k: columns.columns[k] for k in columns.of_type(*_ROLES)})
            )
        nodes = () if tables.nodes is None else open_table(tables.nodes).header
        said = {k: c for k, c in given.columns.items() if c.type in _ROLES or k not in nodes}
        return _of(tables.labels, Schema(said))

    def _labels_apart(self, path: Path, given: Schema) -> tuple[LabelsApart, Problems]:
        table, _ = load_nodes(
            path,
            self.columns,
            self.strict,
            self.label_kind,
            self.na_values,
            given=given,
            labels_alone=True,
        )
        apart = LabelsApart(
            path.name, table.ids, table.labels, table.splits, table.columns, table.note
        )
        return apart, table.problems

    def _nodes(
        self,
        folder: Path,
        tables: TableRoles,
        given: Schema,
        apart: LabelsApart | None,
        with_labels: bool,
    ) -> tuple[NodeTable | None, NodeNumbers]:
        if tables.nodes is None:
            if self.columns is not None and self.columns.schema.features:
                raise FileNotFoundError(lacks(folder, ("nodes",)))
            return None, NodeNumbers()
        given, hidden = _of(tables.nodes, given), {}
        if apart is not None and self.columns is None:
            hidden = _labels_among(open_table(tables.nodes).header, apart, given)
        nodes, left_out = load_nodes(
            tables.nodes,
            self.columns,
            self.strict,
            self.label_kind,
            self.na_values,
            with_labels,
            given=Schema({**given.columns, **hidden}),
            apart=apart,
        )
        nodes.problems.columns |= {name: column.reason for name, column in hidden.items()}
        return nodes, NodeNumbers(tables.nodes.name, nodes.names, left_out)

    def _edges(
        self,
        tables: TableRoles,
        numbers: NodeNumbers,
        config: SessionGraphConfig,
        built: Graph | None,
    ) -> tuple[Edges, dict[str, Any], Problems | None]:
        texts = as_na_values(self.na_values)
        if tables.edges is not None:
            table = open_table(tables.edges)
            *listed, done = read_edges(
                table, self.edge_columns, numbers, self.strict, texts, self.times
            )
            edges = merge_edges(
                *listed,
                merge=self.merge,
                undirected=self.undirected,
                num_nodes=len(numbers),
            )
            made = "; ".join(filter(None, [*done, edges.report.text()]))
            return edges, {"edges": made}, table.problems
        if tables.sessions is None:
            nothing = np.zeros(0, np.int32)
            if self.times.is_needed:
                raise ValueError(
                    "no table of edges and no log is there to have times: leave out "
                    f"{self.times.asked}"
                )
            return Edges(nothing, nothing, np.zeros(0, np.float32)), {}, None
        table = open_log_file(tables.sessions)
        edges, notes = edges_of_log(
            tables.sessions,
            table,
            numbers,
            config,
            strict=self.strict,
            texts=texts,
            times=self.times,
            built=built,
        )
        return edges, notes, table.problems


def _of(path: Path, given: Schema) -> Schema:
    """What the user says of the columns of one table."""
    if not given.columns:
        return given
    header = set(open_table(path).header)
    return Schema({name: column for name, column in given.columns.items() if name in header})


def _labels_among(header: Sequence[str], apart: LabelsApart, given: Schema) -> dict[str, Column]:
    """The columns of nodes that hold the label, unless the user has said what they are."""
    column = Column("ignore", reason=f"it is the label, which {apart.file} has")
    names = [name for name in header if apart.is_label(name) and name not in given.columns]
    return dict.fromkeys((name for name in names if name != label_column(header)), column)


def _check_one_label(tables: TableRoles, given: Schema) -> None:
    """Raises where labels are both in the table of nodes and in one of their own."""
    if tables.nodes is None or tables.labels is None:
        return
    header = open_table(tables.nodes).header
    found = [name for name in given.of_type("label") if name in header]
    free = [name for name in header if name not in given.columns]
    label = found[0] if found else label_column(free)
    if label is not None:
        nodes, labels = tables.nodes.name, tables.labels.name
        raise ValueError(
            f"{nodes} has the column {label!r}, and {labels} looks like labels, too: say which "
            f"has them by labels={nodes!r} or labels={labels!r}"
        )


def _tell_of_unknown(unknown: Sequence[str], problems: Problems, strict: bool) -> None:
    if unknown:
        what = "an id" if len(unknown) == 1 else "ids"
        told = f"{len(unknown):,} labels of {what} that no node has, such as {unknown[0]!r}"
        if strict:
            raise ValueError(f"{problems.file}: {told}")
        problems.remarks.append(told)
