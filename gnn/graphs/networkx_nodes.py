"""Attributes of NetworkX' nodes as features and labels, and the way back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from gnn.edges.missing import is_missing
from gnn.graphs.features import Feature, stack
from gnn.graphs.image_files import ImageFiles

if TYPE_CHECKING:
    import networkx as nx


def features_of_nodes(
    graph: nx.Graph, features: str | Sequence[str] | None
) -> dict[str, np.ndarray]:
    """Node attributes as features, a row a node.

    Raises:
      KeyError: a node lacks one.
      ValueError: the values differ in shape.

    >>> import networkx as nx
    >>> graph = nx.Graph()
    >>> graph.add_node("a", size=[1, 2])
    >>> features_of_nodes(graph, "size")["size"].tolist()
    [[1, 2]]
    """
    nodes = dict(graph.nodes(data=True))
    names = [features] if isinstance(features, str) else list(features or ())
    for name in names:
        lacking = next((node for node, data in nodes.items() if name not in data), None)
        if lacking is not None:
            raise KeyError(f"features: node {lacking!r} has no attribute {name!r}")
    return {
        name: stack(f"features[{name!r}]", [data[name] for data in nodes.values()])
        for name in names
    }


def labels_of_nodes(graph: nx.Graph, label: str | None) -> list[Any] | None:
    """A node attribute as labels, None where a node lacks it.

    Raises:
      KeyError: all nodes lack it.

    >>> import networkx as nx
    >>> graph = nx.Graph()
    >>> graph.add_node("a", kind="tea")
    >>> labels_of_nodes(graph, "kind")
    ['tea']
    """
    if label is None:
        return None
    nodes = [data for _, data in graph.nodes(data=True)]
    if not any(label in data for data in nodes):
        raise KeyError(f"label: no node has the attribute {label!r}")
    return [data.get(label) for data in nodes]


def networkx_of_nodes(
    names: Sequence[Any],
    features: Mapping[str, Feature],
    labels: np.ndarray | None,
    class_names: Sequence[str] | None,
    label: str,
) -> nx.DiGraph:
    """Nodes with their features and labels as attributes, without edges.

    Args:
      names: of the nodes, in their order.
      features: name -> a row a node.
      labels: a row a node, or None.
      class_names: None, or the name of each class.
      label: the attribute for the label. An unlabeled node has none.

    Raises:
      ImportError: NetworkX is not installed.
      ValueError: a feature is named as `label` is.

    >>> networkx_of_nodes(["a"], {}, np.array([1]), ["tea", "cup"], "kind").nodes["a"]
    {'kind': 'cup'}
    """
    try:
        import networkx
    except ImportError as error:
        raise ImportError("to_networkx needs NetworkX: pip install gnn[dev]") from error
    if labels is not None and label in features:
        raise ValueError(f"label must differ from the names of the features, got {label!r}")
    result = networkx.DiGraph()
    result.add_nodes_from(names)
    for name, value in features.items():
        if isinstance(value, np.ndarray | ImageFiles):
            rows = np.asarray(value)
        else:
            rows = value.toarray()
        networkx.set_node_attributes(result, dict(zip(names, rows, strict=True)), name)
    if labels is not None:
        real = labels.dtype.kind == "f"
        pairs = zip(names, labels.tolist(), strict=True)
        found = {k: v for k, v in pairs if (not is_missing(v) if real else v != -1)}
        if class_names is not None and labels.ndim == 1:
            found = {node: class_names[k] for node, k in found.items()}
        networkx.set_node_attributes(result, found, label)
    return result
