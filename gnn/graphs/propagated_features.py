"""Features propagated over a graph, once and for all."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
from scipy import sparse

from gnn.configs.arguments import check_count
from gnn.graphs.graph import Graph


def propagate_features(graph: Graph, hops: int, *, dense: bool = False) -> Graph:
    """A graph whose features are `A^^K X` in place of `X`, `A^ = D^-1/2 (A + I) D^-1/2`.

    What a model would compute in every step is computed once (Wu et al., "Simplifying graph
    convolutional networks", ICML 2019, section 2.2). A `gnn.models.SGCNodeClassifier` of `hops=0`
    on the result is one of K hops on `graph`. The normalization is that of
    `gnn.ops.symmetric_propagate`: weighted in-degrees.

    Args:
        graph: the graph, with features `[n_nodes, width]`.
        hops: int of at least 0, K.
        dense: whether sparse features become dense; left sparse they fill up with every hop.

    Returns:
        A graph with the same edges, labels and splits; float32 features.

    Raises:
        TypeError: a feature holds strings, or `hops` is no integer.
        ValueError: a feature is not of rank 2, or `hops` is negative.

    Example:

    >>> pair = Graph.from_edges([0, 1], [1, 0], [[4.0], [0.0]])
    >>> propagate_features(pair, 1).features["features"].tolist()
    [[2.0], [2.0]]
    """
    check_count("hops", hops, 0)
    for name, feature in graph.features.items():
        if feature.ndim != 2:
            raise ValueError(
                f"feature {name!r} must have shape [n_nodes, width] to be propagated; got "
                f"{feature.shape}"
            )
        if feature.dtype.kind not in "biuf":
            raise TypeError(f"feature {name!r} must be numbers; got dtype {feature.dtype}")
    matrix = sparse.csr_array(
        (graph.weights.astype(np.float64), (graph.receivers, graph.senders)),
        shape=(graph.num_nodes, graph.num_nodes),
    ) + sparse.eye_array(graph.num_nodes, format="csr")
    scale = sparse.diags_array(1.0 / np.sqrt(matrix.sum(axis=1)))
    matrix = (scale @ matrix @ scale).tocsr()
    features: dict[str, Any] = {}
    for name, feature in dict[str, Any](graph.features).items():
        moved = feature.astype(np.float64)
        for _ in range(hops):
            moved = matrix @ moved
        if sparse.issparse(moved):
            moved = moved.toarray() if dense else sparse.csr_array(moved)
        features[name] = moved.astype(np.float32)
    return dataclasses.replace(graph, features=features)
