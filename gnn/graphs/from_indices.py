"""Graphs of which nodes are numbers: from edge lists and matrices."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike

from gnn.edges.checks import as_integers
from gnn.edges.edges import Edges
from gnn.edges.from_index import edge_index_rows
from gnn.edges.from_matrix import edges_from_matrix
from gnn.edges.merging import merge_edges
from gnn.graphs.checks import count_nodes
from gnn.graphs.node_fields import NodeFields


class FromIndices:
    """The constructors of `gnn.Graph` that take indices of nodes; it inherits them.

    All constructors make edges by the one rule of `gnn.edges.merging`: edges of weight 0 are
    dropped, repeats are merged as `merge` says, then missing directions are added if the graph is
    undirected, and of two unequal ones both take the larger weight. All of them read labels by
    `gnn.graphs.labels.read_labels`. `Graph.info` tells what was done and guessed.
    """

    @classmethod
    def from_edges(
        cls,
        senders: ArrayLike,
        receivers: ArrayLike,
        features: Any = None,
        weights: ArrayLike | None = None,
        labels: Any = None,
        splits: Mapping[str, ArrayLike] | None = None,
        ids: Sequence[Any] | np.ndarray | None = None,
        undirected: bool = False,
        *,
        merge: str = "sum",
        num_nodes: int | None = None,
        class_names: Sequence[str] | None = None,
        label_kind: str | None = None,
        na_values: Collection[str] | None = None,
    ) -> Self:
        """Makes a graph from two arrays of node indices.

        Args:
          senders: integers `[num_edges]`, the node each edge comes from.
          receivers: integers `[num_edges]`, the node each edge goes to.
          features: a dict of arrays, pandas columns or tables, or one of these or a sparse matrix,
            which is named `"features"`.
          weights: `[num_edges]`; None gives ones. An edge of weight 0 is no edge, and is dropped.
          labels: a row a node: strings, numbers, or `[n, k]`; None, NaN, masked ones and texts such
            as "NA" (`na_values`) are missing.
          splits: name -> indices of nodes, or a boolean mask of them.
          ids: a distinct name a node.
          undirected: whether every edge has its reverse. What is missing is added after all the
            edges given and in their order; where both directions are there and differ in weight,
            both take the larger. A loop is its own reverse.
          merge: what becomes of repeats of (sender, receiver): one edge in the place of the first,
            with the `"sum"` of the weights, the `"max"` or that of the `"first"`; or `"keep"`,
            which leaves them apart as parallel edges. Merging comes before directions are added.
          num_nodes: the number of nodes, where features, labels and ids do not tell.
          class_names: the name of each class.
          label_kind: `"class"`, `"regression"` or `"multilabel"`; None guesses, and `info` says so.
            Strings, booleans and integers are classes; so are floats that look like the numbers of
            classes: whole, from 0 or 1 on, at least every second one there. -1 among integers is
            unlabeled, but -1 and 1 alone are two classes, named "-1" and "1".
          na_values: the texts that mean missing in labels; None takes those of pandas' CSV reader,
            such as "", "NA", "NaN", "None", "null". One that is among `class_names` is a class.

        Returns:
          The graph.

        Raises:
          TypeError: as in `Graph`.
          ValueError: as in `Graph`, or for an unknown `merge` or `label_kind`.

        >>> from gnn.graphs.graph import Graph
        >>> graph = Graph.from_edges([0, 1, 0], [1, 1, 1], weights=[2, 5, 1], undirected=True)
        >>> graph.senders.tolist(), graph.receivers.tolist(), graph.weights.tolist()
        ([0, 1, 1], [1, 1, 0], [3.0, 5.0, 3.0])
        """
        nodes = NodeFields.read(
            features,
            labels=labels,
            splits=splits,
            ids=ids,
            num_nodes=num_nodes,
            class_names=class_names,
            label_kind=label_kind,
            na_values=na_values,
        )
        ends = as_integers("senders", senders), as_integers("receivers", receivers)
        count = count_nodes(nodes.num_nodes, {}, *ends)
        edges = merge_edges(*ends, weights, merge=merge, undirected=undirected, num_nodes=count)
        return cls._made(nodes, edges, count)

    @classmethod
    def from_edge_index(cls, edge_index: ArrayLike, features: Any = None, **options: Any) -> Self:
        """Makes a graph from one `[2, num_edges]` array, as PyTorch Geometric holds edges.

        Args:
          edge_index: integers `[2, num_edges]`; row 0 the senders, row 1 the receivers.
          features: as in `Graph.from_edges`.
          **options: any other argument of `Graph.from_edges`: weights, labels, splits, ids,
            undirected, merge, num_nodes, class_names, label_kind, na_values.

        Returns:
          The graph.

        Raises:
          TypeError: as in `Graph`.
          ValueError: if the shape is not `[2, num_edges]`; else as in `Graph`.

        >>> from gnn.graphs.graph import Graph
        >>> Graph.from_edge_index([[0, 1], [1, 2]], labels=[0, 0, 1]).receivers.tolist()
        [1, 2]
        """
        return cls.from_edges(*edge_index_rows(edge_index), features, **options)

    @classmethod
    def from_scipy(
        cls,
        adjacency: Any,
        features: Any = None,
        *,
        undirected: bool = False,
        merge: str = "sum",
        **options: Any,
    ) -> Self:
        """Makes a graph from an adjacency matrix; entry `A[i, j]` is an edge from i to j.

        So row i holds the edges that node i sends, as in NetworkX and PyTorch Geometric, and the
        entry is the edge's weight. Edges come in order of sender, then receiver; a stored zero is
        no edge. Entries stored twice are repeats, which `merge` adds up by default, as SciPy does.

        Args:
          adjacency: `[num_nodes, num_nodes]` SciPy sparse matrix or array of any format, or an
            array.
          features: as in `Graph.from_edges`.
          undirected: as in `Graph.from_edges`: True suits a matrix that holds a triangle, and
            changes none that is symmetric.
          merge: as in `Graph.from_edges`.
          **options: any of labels, splits, ids, class_names, label_kind, na_values of
            `Graph.from_edges`.

        Returns:
          The graph.

        Raises:
          TypeError: as in `Graph`.
          ValueError: if the matrix is not square; else as in `Graph`.

        >>> from gnn.graphs.graph import Graph
        >>> graph = Graph.from_scipy(np.array([[0, 2], [0, 0]]))
        >>> graph.senders.tolist(), graph.receivers.tolist(), graph.weights.tolist()
        ([0], [1], [2.0])
        """
        edges = edges_from_matrix(adjacency, merge=merge, undirected=undirected)
        count = np.shape(adjacency)[0]
        return cls._made(NodeFields.read(features, num_nodes=count, **options), edges, count)

    @classmethod
    def _made(
        cls,
        nodes: NodeFields,
        edges: Edges,
        num_nodes: int | None,
        more: Mapping[str, Any] | None = None,
    ) -> Self:
        """The graph of nodes and edges; names that a source of edges found become the ids."""
        make: Callable[..., Self] = cls
        notes = {"edges": edges.report.text(), "labels": nodes.note}
        return make(
            features=nodes.features,
            senders=edges.senders,
            receivers=edges.receivers,
            weights=edges.weights,
            labels=nodes.labels,
            splits=nodes.splits,
            ids=edges.ids if nodes.ids is None else nodes.ids,
            num_nodes=num_nodes,
            class_names=nodes.class_names,
            notes={name: text for name, text in notes.items() if text} | dict(more or {}),
        )
