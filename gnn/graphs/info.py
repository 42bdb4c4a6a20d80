"""What a graph says of itself: the lines of `Graph.info`."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence

import numpy as np
from scipy import sparse

from gnn.edges.edges import counted
from gnn.graphs.features import Feature, describe
from gnn.graphs.image_files import ImageFiles
from gnn.graphs.labels import kind_of
from gnn.graphs.splits import split_overlaps
from gnn.graphs.weighing_edges import weighing_edges
from gnn.graphs.weight_table import table_by_weight
from gnn.memory_maps import blocks, release

_CLASSES_SHOWN = 20


def edge_lines(
    num_nodes: int, senders: np.ndarray, receivers: np.ndarray, weights: np.ndarray
) -> Iterator[tuple[str, str]]:
    """The nodes and the edges; those of weight 0 are none.

    >>> dict(edge_lines(3, np.array([0]), np.array([1]), np.array([2.0])))["nodes"]
    '3, of which 1 without edges'
    """
    held = senders.size
    real = weighing_edges(weights)
    senders, receivers, weights = senders[real], receivers[real], weights[real]
    ends = np.bincount(senders, minlength=num_nodes) + np.bincount(receivers, minlength=num_nodes)
    yield "nodes", f"{num_nodes:,}, of which {np.sum(ends == 0):,} without edges"
    text = f"{senders.size:,}"
    if senders.size:
        symmetric = _is_symmetric(num_nodes, senders, receivers, weights)
        text += ", undirected" if symmetric else ", directed"
        text += f", mean degree {senders.size / num_nodes:.3g}"
        text += f", weights {weights.min():g} to {weights.max():g}"
        if loops := int(np.sum(senders == receivers)):
            text += f", {counted(loops, 'loop')}"
    if held > senders.size:
        text += f"; {held - senders.size:,} more of weight 0 count for nothing"
    yield "edges", text


def feature_text(value: Feature) -> str:
    """The type, the share of numbers that are not zero, and the bytes that all of it takes.

    >>> feature_text(np.eye(2, dtype=np.float32))
    'float32[2, 2], density 50.0%, 16 B'
    """
    used, size = 0, math.prod(value.shape)
    if isinstance(value, ImageFiles):
        memory, size = value.nbytes, 0  # What lies in files is not read to be described.
    elif not isinstance(value, np.ndarray):
        used = value.count_nonzero()
        memory = value.data.nbytes + value.indices.nbytes + value.indptr.nbytes
    else:
        memory = value.nbytes
        if value.dtype.kind in "biuf":
            used = sum(int(np.count_nonzero(part)) for _, part in blocks(value))
            release(value)
        else:
            size = 0  # A share of text would say nothing.
    power = min(int(math.log(max(memory, 1), 1024)), 3)
    amount = f"{memory / 1024**power:.3g} {('B', 'KiB', 'MiB', 'GiB')[power]}"
    density = f", density {used / size:.1%}" if size else ""
    if isinstance(value, ImageFiles):
        broken = int(np.sum(value.ok == 0))
        amount += f" decoded, aspect {value.keep_aspect!r}"
        amount += f", {counted(broken, 'image')} missing or broken" if broken else ""
    return f"{describe(value)}{density}, {amount}"


def label_lines(
    labels: np.ndarray, class_names: Sequence[str] | None, note: str = ""
) -> Iterator[tuple[str, str]]:
    """The kind of labels, how many are missing, and how many nodes each class has.

    >>> list(label_lines(np.array([0.5, np.nan]), None))
    [('labels', 'float64[2], targets of a regression, 1 missing')]
    """
    text, kind = describe(labels), kind_of(labels)
    if kind == "class" and labels.ndim == 1:
        classes, counts = np.unique(labels[labels >= 0], return_counts=True)
        unlabeled = labels.size - counts.sum()
        yield "labels", f"{text}, {classes.size} classes, {unlabeled:,} unlabeled"
    elif kind == "regression":
        missing = int(np.isnan(labels).reshape(len(labels), -1).any(axis=1).sum())
        yield "labels", f"{text}, targets of a regression, {missing:,} missing"
    else:
        unlabeled = int((labels < 0).all(axis=1).sum())
        in_part = int((labels < 0).any(axis=1).sum()) - unlabeled
        what = "several labels a node" if kind == "multilabel" else "several columns"
        known = f", {in_part:,} known in part" if in_part else ""
        yield "labels", f"{text}, {what}, {unlabeled:,} unlabeled{known}"
    if note:
        yield "  label_kind", note
    if kind == "class" and labels.ndim == 1:
        for k, count in zip(classes[:_CLASSES_SHOWN], counts[:_CLASSES_SHOWN], strict=True):
            yield f"  class {class_names[k] if class_names else k}", f"{count:,}"
        if classes.size > _CLASSES_SHOWN:
            yield "  ...", f"{classes.size - _CLASSES_SHOWN:,} more classes"


def homophily_lines(weights: np.ndarray, equal: np.ndarray) -> Iterator[tuple[str, str]]:
    """The share of edges that join one class: of all, and from a weight on where weights differ.

    >>> for line in homophily_lines(np.array([1.0, 2, 2]), np.array([False, True, True])):
    ...     print(*line)
    edge homophily 0.667
      from 1 0.667 of 3 edges
      from 2 1.000 of 2 edges
    """
    yield "edge homophily", f"{np.mean(equal):.3f}"
    rows = table_by_weight(weights, equal)
    if len(rows) > 1:
        for weight, edges, share in rows:
            yield f"  from {weight:.3g}", f"{share:.3f} of {counted(edges, 'edge')}"


def split_lines(splits: Mapping[str, np.ndarray]) -> Iterator[tuple[str, str]]:
    """The sizes of splits, and which of them share nodes.

    >>> list(split_lines({"train": np.array([0, 1]), "test": np.array([1])}))
    [('split', "'train': 2"), ('split', "'test': 1"), ('  overlap', "'train' and 'test' share 1")]
    """
    for name, indices in splits.items():
        yield "split", f"{name!r}: {indices.size:,}"
    for (name, other), shared in split_overlaps(splits).items():
        yield "  overlap", f"{name!r} and {other!r} share {shared.size:,}"


def _is_symmetric(
    num_nodes: int, senders: np.ndarray, receivers: np.ndarray, weights: np.ndarray
) -> bool:
    """Whether the edges, parallel ones added up, are the same when every one is turned around."""
    triple = (weights.astype(np.float64), (senders, receivers))
    rows = sparse.csr_array(triple, shape=(num_nodes, num_nodes))
    rows.sum_duplicates()
    columns = rows.T.tocsr()
    names = ("indptr", "indices", "data")
    return all(np.array_equal(getattr(rows, k), getattr(columns, k)) for k in names)
