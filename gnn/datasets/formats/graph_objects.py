"""Graphs of PyTorch Geometric and DGL in memory; neither is imported."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from gnn.datasets.formats.network import Network
from gnn.datasets.formats.pair_counts import count_pairs

_SPLITS = {"train_mask": "train", "val_mask": "validation", "test_mask": "test"}
_PYG, _DGL = ("torch_geometric", "Data"), ("dgl", "DGLGraph")
_SEVERAL = {
    ("torch_geometric", "HeteroData"): "has several types of nodes; take one of them",
    ("torch_geometric", "Batch"): "holds several graphs; take one of them",
}


def read_object(value: Any) -> Network | None:
    """A graph of PyTorch Geometric or DGL as a network.

    - PyTorch Geometric's `Data`: `edge_index` from source to target, `x`, `y`, weights from
      `edge_weight` or an `edge_attr` of one column of floats; `is_undirected()` says whether edges
      hold in both directions.
    - `DGLGraph`: `edges()` from source to target, of `ndata` `feat`, `label` and what else is
      numbers, of `edata` `weight` or `w`; directed as it stands.

    The masks `train_mask`, `val_mask`, `test_mask` are the splits `train`, `validation`, `test`; of
    masks with several columns, a split each, the first is taken. Parallel edges are added, and a
    `y` that is not of nodes is left out.

    Args:
      value: anything; what it is shows by the name of its class, and of the package of that.

    Returns:
      The network; None where it is neither.

    Raises:
      ValueError: it has several types of nodes or edges, several graphs, no `edge_index`, or arrays
        that do not fit its nodes.

    >>> read_object({"no": "graph"}) is None
    True
    """
    kinds = {(kind.__module__.split(".")[0], kind.__name__) for kind in type(value).__mro__}
    for kind, why in _SEVERAL.items():
        if kind in kinds:
            raise ValueError(f"a {kind[1]} of {kind[0]} {why}")
    if _PYG in kinds:
        return _of_pyg(value)
    return _of_dgl(value) if _DGL in kinds else None


def _of_pyg(data: Any) -> Network:
    index = _array_of(data, "edge_index")
    if index is None or index.ndim != 2 or index.shape[0] != 2:
        got = "none" if index is None else f"shape {index.shape}"
        raise ValueError(
            f"a Data of torch_geometric must have an edge_index of shape [2, num_edges], got {got}"
            + (
                "; adj_t is its transpose, T.ToSparseTensor made it"
                if getattr(data, "adj_t", None) is not None
                else ""
            )
        )
    x = _array_of(data, "x")
    num_nodes = int(data.num_nodes) if x is None else len(x)
    weights, left_out = _pyg_weights(data)
    undirected = bool(data.is_undirected())
    labels = _array_of(data, "y")
    fields = {name: _array_of(data, name) for name in _SPLITS}
    return _network(
        "torch_geometric.data.Data: from row 0 of edge_index to row 1",
        num_nodes,
        (index[0], index[1]),
        weights,
        undirected,
        {} if x is None else {"x": x},
        labels,
        {name: mask for name, mask in fields.items() if mask is not None},
        left_out,
    )


def _pyg_weights(data: Any) -> tuple[np.ndarray | None, list[str]]:
    """Weights of edges, and the attributes that are none."""
    left_out: list[str] = []
    for name in ("edge_weight", "edge_attr"):
        found = _array_of(data, name)
        if found is None:
            continue
        # Whole numbers of an attribute are kinds of edges more often than weights.
        if found.size == len(found) and (name == "edge_weight" or found.dtype.kind == "f"):
            return found.reshape(-1), left_out
        left_out.append(name)
    return None, left_out


def _of_dgl(graph: Any) -> Network:
    if len(graph.ntypes) != 1 or len(graph.etypes) != 1:
        raise ValueError(
            f"a DGLGraph must have one type of nodes and of edges, got {list(graph.ntypes)} and "
            f"{list(graph.etypes)}; take one of them: graph[etype]"
        )
    ends = graph.edges()
    fields = {name: _array(value) for name, value in graph.ndata.items() if name[0] != "_"}
    edge_fields = {name: _array(value) for name, value in graph.edata.items()}
    masks = {name: fields.pop(name) for name in _SPLITS if name in fields}
    labels = fields.pop("label", None)
    weights = next((edge_fields.pop(name) for name in ("weight", "w") if name in edge_fields), None)
    features = {name: rows for name, rows in fields.items() if rows.dtype.kind in "biuf"}
    left_out = [name for name in edge_fields if name[0] != "_"]
    left_out += [name for name in fields if name not in features]
    return _network(
        "dgl.DGLGraph: from the first of edges() to the second",
        int(graph.num_nodes()),
        (_array(ends[0]), _array(ends[1])),
        None if weights is None else weights.reshape(-1),
        False,
        features,
        labels,
        masks,
        left_out,
    )


def _network(
    title: str,
    num_nodes: int,
    ends: tuple[Any, Any],
    weights: np.ndarray | None,
    undirected: bool,
    features: dict[str, np.ndarray],
    labels: np.ndarray | None,
    masks: Mapping[str, np.ndarray],
    left_out: list[str],
) -> Network:
    about = [title, "numbered from 0"]
    about.append("undirected: both directions are listed" if undirected else "directed")
    if labels is not None and labels.ndim == 2 and labels.shape[1] == 1:
        labels = labels[:, 0]
    if labels is not None and (not labels.ndim or len(labels) != num_nodes):
        labels, left_out = None, [*left_out, "y, which is not of nodes"]
    for name, rows in (*features.items(), *masks.items()):
        if len(rows) != num_nodes:
            raise ValueError(
                f"{name} must have a row for each of {num_nodes} nodes, got {len(rows)}"
            )
    if any(mask.ndim == 2 for mask in masks.values()):
        about.append("of several splits the first")
    if left_out:
        about.append(f"left out: {', '.join(left_out)}")
    senders, receivers = ends[0].astype(np.int64), ends[1].astype(np.int64)
    return Network(
        ids=range(num_nodes),
        senders=senders,
        receivers=receivers,
        weights=weights,
        directed=not undirected,
        features=features,
        labels=labels,
        splits={
            _SPLITS[name]: np.flatnonzero(mask if mask.ndim == 1 else mask[:, 0])
            for name, mask in masks.items()
        },
        about=about,
        counts=count_pairs(senders, receivers, num_nodes).named(),
    )


def _array_of(owner: Any, name: str) -> np.ndarray | None:
    value = getattr(owner, name, None)
    return None if value is None else _array(value)


def _array(value: Any) -> np.ndarray:
    """A tensor of PyTorch, wherever it lies, or anything else, as an array."""
    if hasattr(value, "detach"):
        value = value.detach().cpu()
        if "bfloat16" in str(getattr(value, "dtype", "")):  # NumPy has no such type.
            value = value.float()
        value = value.numpy()
    return np.asarray(value)
