"""One graph in memory: features by name, weighted edges, labels and splits."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import sparse

from gnn.edges.checks import as_indices, as_integers, as_weights, check_equal_lengths
from gnn.graphs.checks import as_offsets, as_split, count_nodes
from gnn.graphs.combining import Combining
from gnn.graphs.features import Feature, as_features, describe
from gnn.graphs.from_embeddings import FromEmbeddings
from gnn.graphs.from_names import FromNames
from gnn.graphs.ids import as_ids
from gnn.graphs.info import (
    edge_lines,
    feature_text,
    homophily_lines,
    label_lines,
    split_lines,
)
from gnn.graphs.labels import held_labels, kind_of, labeled_edges
from gnn.graphs.networkx_nodes import networkx_of_nodes

if TYPE_CHECKING:
    import networkx as nx


@dataclasses.dataclass(frozen=True, eq=False, repr=False)
class Graph(FromNames, FromEmbeddings, Combining):
    """A graph with features, edge weights, labels and splits, checked on construction.

    Nodes are numbered 0 to `num_nodes - 1`; row i of every feature, label and id is node i. Edges
    are directed, run from `senders[e]` to `receivers[e]`, and keep the order given; parallel
    edges, self loops and nodes without edges are allowed. An edge of weight 0 is no edge, wherever
    edges are counted or used. An undirected graph holds each edge in both directions. The
    constructors `from_...` merge what is listed twice, and drop edges of weight 0; the class itself
    holds what it is given. Construction converts to the types below and raises where a rule is
    broken; converting twice changes nothing, so `dataclasses.replace(graph, splits=...)` is the way
    to another split. The caller's objects are never changed, and not copied where their type is
    right already; dense arrays are held as read-only views. Memory-mapped ones (`np.memmap`, as of
    `gnn.graphs.open_graph`) stay in their files.

    Attributes:
      features: name -> array `[num_nodes, ...]` or SciPy sparse `[num_nodes, d]`; may be empty.
        float64 becomes float32; other number types, booleans and strings stay. Sparse ones become
        float32 `csr_array` with sorted indices and no duplicates. Columns and tables of pandas and
        arrays of objects are taken where they hold numbers, booleans or strings. Numbers are
        finite.
      senders: int32 `[num_edges]`, the node each edge comes from.
      receivers: int32 `[num_edges]`, the node each edge goes to.
      weights: float32 `[num_edges]`, finite and not negative; None gives ones.
      labels: None, or a row a node: int32 `[n]` classes with -1 for unlabeled, or int32 `[n, k]`
        with a row of -1 for unlabeled, or float32 `[n]` or `[n, k]` targets of a regression (NaN
        where there is none). Strings become positions in `class_names`; None, NaN and texts such
        as "NA" mean unlabeled. The type says what they are; the constructors ask or guess.
      splits: name -> int32 indices of nodes, each at most once; a boolean mask `[n]` is taken too.
      ids: None, or an array `[n]` of distinct hashable names of the nodes.
      num_nodes: the number of nodes; None takes it from features, labels or ids, in this
        order, and without them from the largest index of an edge.
      class_names: None, or the name of each class; sorted if they come from string labels.
      offsets: None, or int64 `[num_nodes + 1]` for edges that are grouped by receiver: those into
        node i are `offsets[i]` to `offsets[i + 1]`. Samplers then need not sort them.
      notes: what is known of the making, as JSON can hold it, and `info` tells: `"edges"`, what was
        done to those given; `"labels"`, what was guessed of them; and of sessions and vectors
        `"config"` and `"report"`, by which and from what the edges were made; of the log of a
        folder also `"log"`, by which it is known again; of images `"images"`, which are broken.

    Raises:
      TypeError: for a wrong dtype or type.
      ValueError: for an index, weight or label out of range, lengths that differ, a wrong rank,
        repeated ids or split indices, a feature that is not finite, a reserved feature name, or no
        nodes.

    >>> graph = Graph.from_edges([0, 1], [1, 2], {"x": np.eye(3)}, labels=["cat", "dog", "cat"])
    >>> graph
    Graph(num_nodes=3, num_edges=2, features={'x': float32[3, 3]}, labels=int32[3], splits={})
    >>> graph.labels.tolist(), graph.class_names
    ([0, 1, 0], ('cat', 'dog'))
    """

    features: Mapping[str, Feature]
    senders: np.ndarray
    receivers: np.ndarray
    weights: np.ndarray = None  # type: ignore[assignment]
    labels: np.ndarray | None = None
    splits: Mapping[str, np.ndarray] = dataclasses.field(default_factory=dict)
    ids: np.ndarray | None = None
    num_nodes: int = None  # type: ignore[assignment]
    class_names: tuple[str, ...] | None = None
    offsets: np.ndarray | None = None
    notes: Mapping[str, Any] = dataclasses.field(default_factory=dict)

    def __post_init__(self) -> None:
        """Checks and converts every field."""
        features = as_features(self.features)
        labels, class_names, _ = held_labels(self.labels, self.class_names)
        ids = None if self.ids is None else as_ids(self.ids)
        senders = as_integers("senders", self.senders)
        receivers = as_integers("receivers", self.receivers)
        rows: dict[str, Any] = {f"features[{name!r}]": value for name, value in features.items()}
        rows |= {"labels": labels, "ids": ids}
        num_nodes = count_nodes(self.num_nodes, rows, senders, receivers)
        check_equal_lengths("senders", senders, "receivers", receivers)
        weights = np.ones(senders.size, np.float32) if self.weights is None else self.weights
        weights = as_weights(weights)
        check_equal_lengths("senders", senders, "weights", weights)
        splits = {k: as_split(k, v, num_nodes) for k, v in dict(self.splits or {}).items()}
        receivers = as_indices("receivers", receivers, num_nodes)
        normalized = {
            "features": features,
            "senders": as_indices("senders", senders, num_nodes),
            "receivers": receivers,
            "weights": weights,
            "labels": labels,
            "splits": splits,
            "ids": ids,
            "num_nodes": num_nodes,
            "class_names": class_names,
            "offsets": as_offsets(self.offsets, receivers, num_nodes),
            "notes": dict(self.notes),
        }
        for name, value in normalized.items():
            object.__setattr__(self, name, value)

    @property
    def num_edges(self) -> int:
        """The number of directed edges."""
        return int(self.senders.size)

    @property
    def label_kind(self) -> str | None:
        """`"class"`, `"regression"` or `"multilabel"`, as the labels are; None without labels."""
        return None if self.labels is None else kind_of(self.labels)

    def split(self, name: str) -> np.ndarray:
        """The nodes of one split.

        Args:
          name: the split's name.

        Returns:
          int32 indices of nodes, in the split's own order.

        Raises:
          KeyError: if there is no such split; the message lists those there are.
        """
        if name not in self.splits:
            raise KeyError(f"unknown split {name!r}; the graph's splits are {list(self.splits)}")
        return self.splits[name]

    def to_networkx(self, *, label: str = "label", weight: str = "weight") -> nx.DiGraph:
        """Gives the graph to NetworkX, so that `from_networkx` can read it again.

        Nodes are named by their ids, or numbered where there are none. Each feature is a node
        attribute under its own name, holding the node's row (sparse ones dense). Parallel edges
        become one edge whose weight is their sum; those of weight 0 are none.

        Args:
          label: the node attribute for the label: the class name where the graph has names, else
            the class number, target or row. An unlabeled node has no such attribute.
          weight: the edge attribute for the weight.

        Returns:
          A directed graph, its nodes in the order of this one.

        Raises:
          ImportError: if NetworkX is not installed.
          ValueError: if a feature is named as `label` is.

        >>> Graph.from_edges([0], [1], weights=[3], ids=["a", "b"]).to_networkx().edges(data=True)
        OutEdgeDataView([('a', 'b', {'weight': 3.0})])
        """
        names = range(self.num_nodes) if self.ids is None else self.ids.tolist()
        result = networkx_of_nodes(names, self.features, self.labels, self.class_names, label)
        shape = (self.num_nodes, self.num_nodes)
        ends = (self.senders, self.receivers)
        edges = sparse.csr_array((self.weights, ends), shape=shape)
        edges.eliminate_zeros()
        edges = edges.tocoo()
        triples = zip(edges.row.tolist(), edges.col.tolist(), edges.data.tolist(), strict=True)
        result.add_weighted_edges_from(
            ((names[i], names[j], w) for i, j, w in triples), weight=weight
        )
        return result

    def __repr__(self) -> str:
        """One line: counts, and the name, dtype and shape of what the graph holds."""
        features = ", ".join(f"{k!r}: {describe(v)}" for k, v in self.features.items())
        splits = ", ".join(f"{k!r}: {v.size}" for k, v in self.splits.items())
        labels = None if self.labels is None else describe(self.labels)
        return (
            f"Graph(num_nodes={self.num_nodes}, num_edges={self.num_edges}, "
            f"features={{{features}}}, labels={labels}, splits={{{splits}}})"
        )

    def info(self) -> str:
        """Describes the graph in a few lines for a person to read.

        Undirected means that every edge has its reverse, of equal weight. The mean degree counts
        incoming edges; an edge of weight 0 is none. What a constructor did to the edges given and
        guessed of the labels is told, and which splits share nodes. Edge homophily is the share of
        edges whose two ends have the same class, over the edges that are no self loop and whose
        ends are both labeled (Zhu et al. 2020, "Beyond Homophily in Graph Neural Networks", section
        2; they take every edge). Where weights differ, it is told for the edges from a weight on,
        which shows where to cut.

        Returns:
          The text.

        >>> graph = Graph.from_edges([0, 1], [1, 2], np.eye(3), labels=[0, 1, 1], undirected=True)
        >>> print(graph.info())
        Graph
          nodes           3, of which 0 without edges
          edges           4, undirected, mean degree 1.33, weights 1 to 1
            made of       2 edges: 2 directions added
          feature         'features': float32[3, 3], density 33.3%, 36 B
          labels          int32[3], 2 classes, 0 unlabeled
            class 0       1
            class 1       2
          edge homophily  0.500
        """
        return "\n".join(["Graph", *(f"  {key:<15} {text}" for key, text in self._lines())])

    def _lines(self) -> Iterator[tuple[str, str]]:
        """The lines of `info`, as pairs of a title and a text."""
        yield from edge_lines(self.num_nodes, self.senders, self.receivers, self.weights)
        if "edges" in self.notes:
            yield "  made of", self.notes["edges"]
        if "format" in self.notes:
            yield "  format", f"{self.notes['format']}: {self.notes.get('reading', '')}"
        if "counts" in self.notes:
            yield "  on reading", self.notes["counts"]
        if "tables" in self.notes:
            yield "  tables", self.notes["tables"]
        for name, value in self.features.items():
            yield "feature", f"{name!r}: {feature_text(value)}"
        if "columns" in self.notes:
            yield "  columns", self.notes["columns"]
        if "images" in self.notes:
            yield "  images", self.notes["images"]
        if self.labels is not None:
            yield from label_lines(self.labels, self.class_names, self.notes.get("labels", ""))
            if self.label_kind == "class" and self.labels.ndim == 1:
                counts = labeled_edges(self.senders, self.receivers, self.weights, self.labels)
                if counts.any():
                    ends = self.labels[self.senders[counts]], self.labels[self.receivers[counts]]
                    yield from homophily_lines(self.weights[counts], ends[0] == ends[1])
        yield from split_lines(self.splits)
