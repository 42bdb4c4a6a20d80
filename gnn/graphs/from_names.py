"""Graphs of which nodes have names: from NetworkX, pandas tables and sessions."""

from __future__ import annotations

import dataclasses
from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from numpy.typing import ArrayLike

from gnn.configs.sessions import as_session_graph_config
from gnn.edges.from_networkx import edges_from_networkx
from gnn.edges.from_sessions import edges_from_sessions
from gnn.edges.from_table import edges_from_table
from gnn.edges.records.open_log import open_log
from gnn.graphs.from_indices import FromIndices
from gnn.graphs.networkx_nodes import features_of_nodes, labels_of_nodes
from gnn.graphs.node_fields import NodeFields
from gnn.graphs.pandas_nodes import (
    check_tables,
    features_of_table,
    ids_of_table,
    labels_of_table,
    splits_of_table,
)
from gnn.tables.memory_tables import as_frame

if TYPE_CHECKING:
    import networkx as nx
    import pandas as pd


class FromNames(FromIndices):
    """The constructors of `gnn.Graph` that find nodes by their names; it inherits them."""

    @classmethod
    def from_networkx(
        cls,
        graph: nx.Graph,
        features: str | Sequence[str] | None = None,
        *,
        label: str | None = None,
        weight: str | None = "weight",
        undirected: bool | None = None,
        merge: str = "sum",
        class_names: Sequence[str] | None = None,
        label_kind: str | None = None,
        na_values: Collection[str] | None = None,
    ) -> Self:
        """Makes a graph from a NetworkX graph; its nodes, in their order, become the ids.

        Args:
          graph: a NetworkX graph of any of the four classes. The parallel edges of a multigraph are
            repeats, which `merge` adds up by default, as NetworkX does for its matrices.
          features: names of node attributes; each becomes a feature of that name, its values
            (numbers, strings or arrays of one shape) stacked. None takes none.
          label: the node attribute with the label. A node without it, or with None, is unlabeled.
          weight: the edge attribute with the weight, 1 where an edge has none; None gives ones. No
            edge need have the attribute "weight" (the default); `info` then names those of numbers.
          undirected: as in `Graph.from_edges`; None asks the graph.
          merge: as in `Graph.from_edges`.
          class_names: as in `Graph.from_edges`.
          label_kind: as in `Graph.from_edges`.
          na_values: as in `Graph.from_edges`.

        Returns:
          The graph.

        Raises:
          KeyError: if a node lacks a feature, all nodes lack the label, or all edges the weight
            that was named.
          ValueError: if a feature's values differ in shape; else as in `Graph`.
          TypeError: as in `Graph`.

        >>> import networkx as nx
        >>> from gnn.graphs.graph import Graph
        >>> source = nx.Graph()
        >>> source.add_edge("a", "b", weight=2)
        >>> graph = Graph.from_networkx(source)
        >>> graph.ids.tolist(), graph.senders.tolist(), graph.receivers.tolist()
        (['a', 'b'], [0, 1], [1, 0])
        """
        nodes = NodeFields.read(
            features_of_nodes(graph, features),
            labels=labels_of_nodes(graph, label),
            ids=list(graph),
            class_names=class_names,
            label_kind=label_kind,
            na_values=na_values,
        )
        edges = edges_from_networkx(graph, weight=weight, merge=merge, undirected=undirected)
        return cls._made(nodes, edges, nodes.num_nodes)

    @classmethod
    def from_pandas(
        cls,
        nodes: pd.DataFrame,
        edges: pd.DataFrame,
        *,
        id: str | None = None,
        source: str = "source",
        target: str = "target",
        weight: str | None = "weight",
        features: str | Sequence[str] | Mapping[str, str | Sequence[str]] | None = None,
        label: str | Sequence[str] | None = None,
        split: str | None = None,
        undirected: bool = False,
        merge: str = "sum",
        class_names: Sequence[str] | None = None,
        label_kind: str | None = None,
        na_values: Collection[str] | None = None,
    ) -> Self:
        """Makes a graph from a table of nodes and a table of edges.

        Args:
          nodes: a row a node, in the order of the nodes. Here and for `edges`, what has the Arrow
            interface (Polars, DuckDB, Arrow) is made a DataFrame of pandas.
          edges: a row an edge.
          id: the column of `nodes` with the ids; None takes the index of `nodes`.
          source: the column of `edges` with the id of the sender.
          target: the column of `edges` with the id of the receiver.
          weight: the column of `edges` with the weight. Where `edges` has no column "weight" (the
            default), and for None, all weights are 1; `info` then names the columns of numbers.
          features: None stacks all numeric and boolean columns that are not id, label or split
            into one float32 feature `"features"`. A list of columns stacks these under that name,
            with the dtype they have in common. A dict of name -> columns makes several such
            features; name -> one column (no list) takes it as it is: `[n]` numbers or strings, or,
            where its cells hold arrays of one shape, `[n, ...]`.
          label: the column of `nodes` with the label; a list of columns makes labels `[n, k]`.
          split: the column of `nodes` that names each node's split; missing is in none.
          undirected: as in `Graph.from_edges`.
          merge: as in `Graph.from_edges`.
          class_names: as in `Graph.from_edges`.
          label_kind: as in `Graph.from_edges`. pandas makes floats of whole numbers where some are
            missing, so give the kind where the guess is not what you mean.
          na_values: as in `Graph.from_edges`; here also of ids and splits.

        Returns:
          The graph.

        Raises:
          ImportError: if pandas is not installed.
          KeyError: if a column named does not exist.
          TypeError: for a table that is no DataFrame, or a column of a dtype that does not suit.
          ValueError: for an id that is missing or not unique, an edge with an unknown id, or a
            missing value in a feature; else as in `Graph`.

        >>> import pandas as pd
        >>> from gnn.graphs.graph import Graph
        >>> nodes = pd.DataFrame({"name": ["a", "b"], "size": [1, 2], "kind": ["dog", "cat"]})
        >>> edges = pd.DataFrame({"source": ["a"], "target": ["b"]})
        >>> graph = Graph.from_pandas(nodes, edges, id="name", label="kind")
        >>> graph.features["features"].tolist(), graph.labels.tolist(), graph.class_names
        ([[1.0], [2.0]], [1, 0], ('cat', 'dog'))
        """
        nodes, edges = as_frame(nodes), as_frame(edges)
        check_tables(nodes=nodes, edges=edges)
        ids = ids_of_table(nodes, id, na_values)
        found = edges_from_table(
            edges,
            ids,
            source=source,
            target=target,
            weight=weight,
            merge=merge,
            undirected=undirected,
        )
        labels = [label] if label is None or isinstance(label, str) else list(label)
        fields = NodeFields.read(
            features_of_table(nodes, features, [id, *labels, split]),
            labels=labels_of_table(nodes, label),
            splits=splits_of_table(nodes, split, na_values),
            ids=ids.tolist(),
            class_names=class_names,
            label_kind=label_kind,
            na_values=na_values,
        )
        return cls._made(fields, found, fields.num_nodes)

    @classmethod
    def from_sessions(
        cls,
        sessions: Any,
        features: Any = None,
        *,
        config: Any = None,
        ids: Sequence[Any] | np.ndarray | None = None,
        labels: Any = None,
        splits: Mapping[str, ArrayLike] | None = None,
        class_names: Sequence[str] | None = None,
        label_kind: str | None = None,
        unknown: str = "raise",
        missing: str = "raise",
        na_values: Collection[str] | None = None,
        strict: bool = False,
        verbose: str | bool = "auto",
        memory: int | str | None = None,
    ) -> Self:
        """Makes a graph whose edges join the items that occur in one session.

        Each edge is there in both directions, and none joins an item to itself. As it stands, the
        weight of an edge is the number of sessions that hold both its ends, and nothing is left
        out: a session of one item gives no edge, one of m distinct items m (m - 1). A log of clicks
        wants a `config`: counts join everything to what is popular.

        What an item is depends on what else is given:

        - `ids`: an item is an id, one for each row of the features and labels.
        - no ids, but features or labels: an item is the index of a node.
        - neither: the nodes are the distinct items in order of first appearance, and become the
          ids.

        Args:
          sessions: a list of sessions, each a list of items; or a table with a row a record: a
            DataFrame, a dict of sequences, or anything with the Arrow interface (pandas, Polars,
            DuckDB, PyArrow); or files with a row a record: a path, a pattern, or a list of these,
            Parquet, CSV or JSON lines, which are read in chunks. The columns are named `session`
            and `item`, or as `config` says, or as logs call them
            (`gnn.edges.records.log_presets`); what a CSV file holds is text, unless nodes are
            numbers. Sessions of a user are cut by a gap in time where there are no others.
          features: as in `Graph.from_edges`.
          config: a `gnn.SessionGraphConfig`, or a dict of its fields: what a pair weighs, and which
            pairs are left out; `info` counts them.
          ids: as in `Graph`.
          labels: as in `Graph.from_edges`.
          splits: as in `Graph.from_edges`.
          class_names: as in `Graph.from_edges`.
          label_kind: as in `Graph.from_edges`.
          unknown: what becomes of a record whose item is no node: `"raise"`, or `"drop"`, which
            leaves it out and counts it in `info`.
          missing: what becomes of a record without a session, an item or a time, alike: None, NaN
            or a text of `na_values`. An item without a session is a node that joins nothing.
          na_values: as in `Graph.from_edges`; here also of sessions and items. An item that is
            among the ids is never missing.
          strict: whether a malformed row of a table is an error; else it is left out, counted and
            named in a warning.
          verbose: whether to show progress; "auto" where standard error is a terminal.
          memory: how much of it to keep to while edges are made, in bytes or as text such as
            `"2GB"`: the rest goes to temporary files. None takes what it takes.

        Returns:
          The graph, its edges sorted by receiver and then sender.

        Raises:
          FileNotFoundError: if there is no such file.
          ImportError: if a format needs PyArrow.
          KeyError: if the table lacks a column.
          TypeError: if a session is a string, or an item should be an index and is no integer.
          ValueError: for an item that is missing, unknown or out of range, a file that is cut
            short, or more than half of the rows of a table malformed; else as in `Graph`.

        >>> from gnn.graphs.graph import Graph
        >>> graph = Graph.from_sessions([["cat", "kitten"], ["kitten", "cat", "lion"]])
        >>> graph.ids.tolist()
        ['cat', 'kitten', 'lion']
        >>> graph.senders.tolist(), graph.receivers.tolist(), graph.weights.tolist()
        ([1, 2, 0, 2, 0, 1], [0, 0, 1, 1, 2, 2], [2.0, 1.0, 2.0, 1.0, 1.0, 1.0])
        """
        nodes = NodeFields.read(
            features,
            labels=labels,
            splits=splits,
            ids=ids,
            class_names=class_names,
            label_kind=label_kind,
            na_values=na_values,
        )
        log = open_log(sessions, as_session_graph_config(config))
        edges = edges_from_sessions(
            log,
            log.columns,
            ids=None if nodes.ids is None else nodes.ids.tolist(),
            num_nodes=nodes.num_nodes,
            unknown=unknown,
            missing=missing,
            na_values=na_values,
            strict=strict,
            verbose=verbose,
            memory=memory,
        )
        made_by = {"config": log.columns.to_dict(), "report": dataclasses.asdict(edges.report)}
        return cls._made(nodes, edges, nodes.num_nodes, made_by)
