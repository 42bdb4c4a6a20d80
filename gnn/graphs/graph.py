"""One graph in memory: features by name, weighted edges, labels and splits."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, TypeAlias

import numpy as np
from scipy import sparse

from gnn.graphs import cooccurrence, from_pandas, from_sources, node_values
from gnn.graphs.batch.keys import RESERVED_KEYS
from gnn.graphs.sparse_features import as_csr
from gnn.graphs.storage.memory_maps import as_array, blocks, cast

Feature: TypeAlias = np.ndarray | sparse.csr_array

_MAX_INT32 = np.iinfo(np.int32).max
_CLASSES_SHOWN = 20


@dataclasses.dataclass(frozen=True, eq=False, repr=False)
class Graph:
    """A graph with features, edge weights, labels and splits, checked on construction.

    Nodes are numbered 0 to `num_nodes - 1`; row i of every feature, label and id is node i. Edges
    are directed, run from `senders[e]` to `receivers[e]`, and keep the order given; parallel
    edges, self loops and nodes without edges are allowed. An undirected graph holds each edge in
    both directions. Construction converts to the types below and raises where a rule is broken;
    converting twice changes nothing, so `dataclasses.replace(graph, splits=...)` is the way to
    another split. The caller's objects are never changed, and not copied where their type is
    right already; dense arrays are held as read-only views. Memory-mapped ones (`np.memmap`, as of
    `gnn.graphs.open_graph`) stay in their files.

    Attributes:
      features: name -> array `[num_nodes, ...]` or SciPy sparse `[num_nodes, d]`; may be empty.
        float64 becomes float32; other number types, booleans and strings stay. Sparse ones become
        float32 `csr_array` with sorted indices and no duplicates.
      senders: int32 `[num_edges]`, the node each edge comes from.
      receivers: int32 `[num_edges]`, the node each edge goes to.
      weights: float32 `[num_edges]`, finite and not negative; None gives ones.
      labels: None, or a row a node: int32 `[n]` classes (or `[n, k]`) with -1 for unlabeled, or
        float32 `[n]` or `[n, k]` targets of a regression (NaN where there is none). Strings become
        positions in `class_names`; with strings or integers, None means unlabeled.
      splits: name -> int32 indices of nodes, each at most once; a boolean mask `[n]` is taken too.
      ids: None, or an array `[n]` of distinct hashable names of the nodes.
      num_nodes: the number of nodes; None takes it from features, labels or ids, in this
        order, and without them from the largest index of an edge.
      class_names: None, or the name of each class; sorted if they come from string labels.
      offsets: None, or int64 `[num_nodes + 1]` for edges that are grouped by receiver: those into
        node i are `offsets[i]` to `offsets[i + 1]`. Samplers then need not sort them.

    Raises:
      TypeError: for a wrong dtype or type.
      ValueError: for an index, weight or label out of range, lengths that differ, a wrong rank,
        repeated ids or split indices, a reserved feature name, or no nodes.

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

    def __post_init__(self) -> None:
        """Checks and converts every field."""
        features = _as_features(self.features)
        labels, class_names = _as_labels(self.labels, self.class_names)
        ids = None if self.ids is None else _frozen(node_values.as_ids(self.ids))
        senders = _as_integers("senders", self.senders)
        receivers = _as_integers("receivers", self.receivers)
        rows = {f"features[{name!r}]": value for name, value in features.items()}
        rows |= {"labels": labels, "ids": ids}
        num_nodes = _count_nodes(self.num_nodes, rows, senders, receivers)
        _check_equal_lengths("senders", senders, "receivers", receivers)
        weights = np.ones(senders.size, np.float32) if self.weights is None else self.weights
        weights = _as_weights(weights)
        _check_equal_lengths("senders", senders, "weights", weights)
        splits = {k: _as_split(k, v, num_nodes) for k, v in dict(self.splits or {}).items()}
        receivers = _as_indices("receivers", receivers, num_nodes)
        normalized = {
            "features": features,
            "senders": _as_indices("senders", senders, num_nodes),
            "receivers": receivers,
            "weights": weights,
            "labels": labels,
            "splits": splits,
            "ids": ids,
            "num_nodes": num_nodes,
            "class_names": class_names,
            "offsets": _as_offsets(self.offsets, receivers, num_nodes),
        }
        for name, value in normalized.items():
            object.__setattr__(self, name, value)

    from_edges = classmethod(from_sources.from_edges)
    from_edge_index = classmethod(from_sources.from_edge_index)
    from_scipy = classmethod(from_sources.from_scipy)
    from_networkx = classmethod(from_sources.from_networkx)
    from_pandas = classmethod(from_pandas.from_pandas)
    from_sessions = classmethod(cooccurrence.from_sessions)
    to_networkx = from_sources.to_networkx

    @property
    def num_edges(self) -> int:
        """The number of directed edges."""
        return int(self.senders.size)

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

    def __repr__(self) -> str:
        """One line: counts, and the name, dtype and shape of what the graph holds."""
        features = ", ".join(f"{k!r}: {_describe(v)}" for k, v in self.features.items())
        splits = ", ".join(f"{k!r}: {v.size}" for k, v in self.splits.items())
        labels = None if self.labels is None else _describe(self.labels)
        return (
            f"Graph(num_nodes={self.num_nodes}, num_edges={self.num_edges}, "
            f"features={{{features}}}, labels={labels}, splits={{{splits}}})"
        )

    def info(self) -> str:
        """Describes the graph in a few lines for a person to read.

        Undirected means that every edge has its reverse, of equal weight. The mean degree counts
        incoming edges. Edge homophily is the share of edges whose two ends have the same class,
        over the edges that are no self loop and whose ends are both labeled (Zhu et al. 2020,
        "Beyond Homophily in Graph Neural Networks", section 2; they take every edge).

        Returns:
          The text.

        >>> graph = Graph.from_edges([0, 1], [1, 2], np.eye(3), labels=[0, 1, 1], undirected=True)
        >>> print(graph.info())
        Graph
          nodes           3, of which 0 without edges
          edges           4, undirected, mean degree 1.33, weights 1 to 1
          feature         'features': float32[3, 3], density 33.3%, 36 B
          labels          int32[3], 2 classes, 0 unlabeled
            class 0       1
            class 1       2
          edge homophily  0.500
        """
        return "\n".join(["Graph", *(f"  {key:<15} {text}" for key, text in _info_lines(self))])


def _frozen(array: np.ndarray) -> np.ndarray:
    """A read-only view, or the array itself if it is read-only already."""
    if array.flags.writeable:
        array = array.view()
        array.flags.writeable = False
    return array


def _as_features(features: Mapping[str, Any]) -> dict[str, Feature]:
    """Checks names and dtypes; the number of rows is checked by `_count_nodes`."""
    if not isinstance(features, Mapping):
        raise TypeError(f"features must be a dict of name to array, got {type(features).__name__}")
    for name in features:
        if not isinstance(name, str) or not name:
            raise TypeError(f"features must be named by non-empty strings, got the name {name!r}")
        if name in RESERVED_KEYS:
            raise ValueError(
                f"features must not be named {name!r}: a batch has that key for the graph itself "
                f"(reserved: {sorted(RESERVED_KEYS)})"
            )
    return {name: _as_feature(f"features[{name!r}]", value) for name, value in features.items()}


def _as_feature(name: str, value: Any) -> Feature:
    array = value if sparse.issparse(value) else as_array(value)
    if array.dtype.kind not in "biufSU":
        raise TypeError(f"{name} must hold numbers, booleans or strings, got dtype {array.dtype}")
    if not sparse.issparse(value):
        if array.ndim < 1:
            raise ValueError(f"{name} must have a row a node, got a scalar")
        wide = array.dtype.kind == "f" and array.dtype.itemsize > 4
        # TensorFlow takes no foreign byte order.
        dtype = np.dtype(np.float32) if wide else array.dtype.newbyteorder("=")
        return _frozen(cast(array, dtype))
    if array.ndim != 2:
        raise ValueError(f"{name} must have rank 2 to be sparse, got shape {array.shape}")
    return as_csr(name, array)


def _as_labels(
    labels: Any, class_names: Sequence[str] | None
) -> tuple[np.ndarray | None, tuple[str, ...] | None]:
    """Labels as int32 classes or float32 targets, and the names of the classes."""
    names = None if class_names is None else tuple(class_names)
    if names and (len(set(names)) < len(names) or not all(isinstance(n, str) for n in names)):
        raise ValueError(f"class_names must be distinct strings, got {names}")
    if labels is None:
        return None, names
    array = as_array(labels)
    if array.ndim not in (1, 2):
        raise ValueError(f"labels must have rank 1 or 2, got shape {array.shape}")
    if array.dtype.kind == "U":  # NumPy may have made strings of numbers and NaN among them.
        array = np.asarray(labels, object)
    if array.dtype.kind == "O" and array.ndim == 1:
        array, names = node_values.encode_labels(array.tolist(), names)
    if array.dtype.kind == "f":
        return _frozen(cast(array, np.float32)), names
    if array.dtype.kind not in "biu":
        raise TypeError(f"labels must be integers, floats or strings, got dtype {array.dtype}")
    limit = len(names) if names is not None and array.ndim == 1 else _MAX_INT32
    if array.size and (array.min() < -1 or array.max() >= limit):
        at = int(np.argmax((array < -1) | (array >= limit)))
        raise ValueError(
            f"labels must be -1 (unlabeled) or a class from 0 to {limit - 1}, "
            f"got {array.flat[at]} at position {at}"
        )
    return _frozen(cast(array, np.int32)), names


def _as_integers(name: str, values: Any) -> np.ndarray:
    """A vector of integers of any width."""
    array = as_array(values)
    if array.ndim != 1:
        raise ValueError(f"{name} must have rank 1, got shape {array.shape}")
    if array.size == 0:  # NumPy makes float64 of an empty list.
        return array.astype(np.int32)
    if array.dtype.kind not in "iu":
        raise TypeError(f"{name} must be integers, got dtype {array.dtype}")
    return array


def _as_indices(name: str, array: np.ndarray, num_nodes: int) -> np.ndarray:
    """Integers as read-only int32, each the index of a node."""
    if array.size and (array.min() < 0 or array.max() >= num_nodes):
        at = int(np.argmax((array < 0) | (array >= num_nodes)))
        raise ValueError(
            f"{name} must be node indices from 0 to {num_nodes - 1} (num_nodes is {num_nodes}), "
            f"got {array[at]} at position {at}"
        )
    return _frozen(cast(array, np.int32))


def _as_weights(values: Any) -> np.ndarray:
    """Finite, non-negative float32 numbers, read-only."""
    given = as_array(values)
    if given.ndim != 1:
        raise ValueError(f"weights must have rank 1, got shape {given.shape}")
    if given.dtype.kind not in "biuf":
        raise TypeError(f"weights must be numbers, got dtype {given.dtype}")
    with np.errstate(over="ignore"):  # Too large for float32 is infinite, and refused as such.
        weights = cast(given, np.float32)
    for start, part in blocks(weights):
        good = np.isfinite(part) & (part >= 0)
        if not good.all():
            at = start + int(np.argmin(good))
            raise ValueError(
                "weights must be finite in float32 and not negative, "
                f"got {given[at]} at position {at}"
            )
    return _frozen(weights)


def _as_offsets(values: Any, receivers: np.ndarray, num_nodes: int) -> np.ndarray | None:
    """Where the edges into each node start, if they are grouped by receiver."""
    if values is None:
        return None
    offsets = cast(_as_integers("offsets", values), np.int64)
    counts = np.zeros(num_nodes, np.int64)
    for start, part in blocks(receivers):
        last = receivers[start - 1] if start else 0
        if part[0] < last or np.any(part[1:] < part[:-1]):
            raise ValueError("offsets must be None where the edges are not sorted by receiver")
        first = int(part[0])
        counts[first : part[-1] + 1] += np.bincount(part - first)
    if offsets.size != num_nodes + 1 or offsets[0] or np.any(np.diff(offsets) != counts):
        raise ValueError("offsets must say where the edges into each node start and where they end")
    return _frozen(offsets)


def _as_split(name: Any, values: Any, num_nodes: int) -> np.ndarray:
    """The indices of a split, from indices or from a mask."""
    if not isinstance(name, str) or not name:
        raise TypeError(f"splits must be named by non-empty strings, got the name {name!r}")
    title, array = f"splits[{name!r}]", as_array(values)
    if array.dtype.kind == "b":
        if array.shape != (num_nodes,):
            raise ValueError(
                f"{title} must have shape ({num_nodes},) to be a mask of the nodes, "
                f"got {array.shape}"
            )
        array = np.flatnonzero(array)
    indices = _as_indices(title, _as_integers(title, array), num_nodes)
    seen, counts = np.unique(indices, return_counts=True)
    if seen.size < indices.size:
        node = seen[np.argmax(counts > 1)]
        hint = ". A mask must be boolean" if num_nodes > 1 and array.shape == (num_nodes,) else ""
        raise ValueError(
            f"{title} must hold each node once, got node {node} {counts.max()} times{hint}"
        )
    return indices


def _check_equal_lengths(name: str, a: np.ndarray, other: str, b: np.ndarray) -> None:
    if a.size != b.size:
        raise ValueError(f"{name} and {other} must have equal lengths, got {a.size} and {b.size}")


def _count_nodes(
    num_nodes: Any,
    rows: Mapping[str, Any],
    senders: np.ndarray,
    receivers: np.ndarray,
) -> int:
    """The number of nodes, once everything with a row a node agrees on it."""
    counts = {name: value.shape[0] for name, value in rows.items() if value is not None}
    if num_nodes is not None:
        if isinstance(num_nodes, bool) or not isinstance(num_nodes, (int, np.integer)):
            raise TypeError(f"num_nodes must be an integer, got {num_nodes!r}")
        counts = {"num_nodes": int(num_nodes), **counts}
    if not counts:
        edges = (senders, receivers)
        counts["num_nodes"] = 1 + max((int(a.max()) for a in edges if a.size), default=-1)
    first, number = next(iter(counts.items()))
    for name, count in counts.items():
        if count != number:
            raise ValueError(
                f"{first} and {name} must agree on the number of nodes, got {number} and {count}"
            )
    if not 0 < number <= _MAX_INT32:
        raise ValueError(f"a graph must have from 1 to {_MAX_INT32} nodes, got {number} ({first})")
    return int(number)


def _describe(array: Feature) -> str:
    kind = "sparse " if sparse.issparse(array) else ""
    return f"{kind}{array.dtype}[{', '.join(map(str, array.shape))}]"


def _info_lines(graph: Graph) -> Iterator[tuple[str, str]]:
    """The lines of `Graph.info`, as pairs of a title and a text."""
    ends = np.bincount(graph.senders, minlength=graph.num_nodes)
    ends = ends + np.bincount(graph.receivers, minlength=graph.num_nodes)
    yield "nodes", f"{graph.num_nodes:,}, of which {np.sum(ends == 0):,} without edges"
    text = f"{graph.num_edges:,}"
    if graph.num_edges:
        text += ", undirected" if _is_symmetric(graph) else ", directed"
        text += f", mean degree {graph.num_edges / graph.num_nodes:.3g}"
        text += f", weights {graph.weights.min():g} to {graph.weights.max():g}"
    yield "edges", text
    for name, value in graph.features.items():
        yield "feature", f"{name!r}: {_describe(value)}{_density_and_memory(value)}"
    if graph.labels is not None:
        yield from _label_lines(graph, graph.labels)
    for name, indices in graph.splits.items():
        yield "split", f"{name!r}: {indices.size:,}"


def _density_and_memory(value: Feature) -> str:
    """The share of entries that are not zero, and the bytes that all entries take."""
    if isinstance(value, np.ndarray):
        used = np.count_nonzero(value) if value.dtype.kind in "biuf" else value.size
        size, memory = value.size, value.nbytes
    else:
        used, size = value.count_nonzero(), value.shape[0] * value.shape[1]
        memory = value.data.nbytes + value.indices.nbytes + value.indptr.nbytes
    power = min(int(math.log(max(memory, 1), 1024)), 3)
    amount = f"{memory / 1024**power:.3g} {('B', 'KiB', 'MiB', 'GiB')[power]}"
    return f", density {used / size:.1%}, {amount}" if size else f", {amount}"


def _label_lines(graph: Graph, labels: np.ndarray) -> Iterator[tuple[str, str]]:
    if labels.dtype.kind == "f" or labels.ndim > 1:
        yield "labels", _describe(labels)
        return
    classes, counts = np.unique(labels[labels >= 0], return_counts=True)
    unlabeled = graph.num_nodes - counts.sum()
    yield "labels", f"{_describe(labels)}, {classes.size} classes, {unlabeled:,} unlabeled"
    for k, count in zip(classes[:_CLASSES_SHOWN], counts[:_CLASSES_SHOWN], strict=True):
        yield f"  class {graph.class_names[k] if graph.class_names else k}", f"{count:,}"
    if classes.size > _CLASSES_SHOWN:
        yield "  ...", f"{classes.size - _CLASSES_SHOWN:,} more classes"
    counts = node_values.labeled_edges(graph.senders, graph.receivers, labels)
    if counts.any():
        equal = labels[graph.senders[counts]] == labels[graph.receivers[counts]]
        yield "edge homophily", f"{np.mean(equal):.3f}"


def _is_symmetric(graph: Graph) -> bool:
    """Whether the edges, parallel ones added up, are the same when every one is turned around."""
    triple = (graph.weights.astype(np.float64), (graph.senders, graph.receivers))
    rows = sparse.csr_array(triple, shape=(graph.num_nodes, graph.num_nodes))
    rows.sum_duplicates()
    columns = rows.T.tocsr()
    names = ("indptr", "indices", "data")
    return all(np.array_equal(getattr(rows, k), getattr(columns, k)) for k in names)
