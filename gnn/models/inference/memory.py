"""How much memory a whole graph in one batch takes, and how much there is."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import keras
from scipy import sparse

from gnn.graphs.graph import Graph

# An edge has two ends and a weight, as they are, sorted, and as a sparse matrix.
_EDGE_BYTES = 36


def widest(model: keras.Model, graph: Graph) -> int:
    """The columns of the widest rows that a model makes of a node, as far as is known.

    Those of the dense features and of the model's weights.

    Example:

    >>> model = keras.Sequential([keras.Input([2]), keras.layers.Dense(64)])
    >>> widest(model, Graph.from_edges([0], [1], [[1, 2], [3, 4]]))
    64
    """
    dense = [value for value in graph.features.values() if not sparse.issparse(value)]
    features = [math.prod(value.shape[1:]) for value in dense]
    weights = [int(variable.shape[-1]) for variable in model.weights if len(variable.shape)]
    return max([1, *features, *weights])


def bytes_at_once(model: keras.Model, graph: Graph) -> int:
    """What a prediction on the whole graph in one batch takes, estimated from above.

    The features; 36 bytes an edge (its ends and weight as they are, sorted, and as a sparse
    matrix); and float32 rows as wide as the widest of the features and the model's weights, one for
    every edge and four for every node. A model that multiplies by the sparse matrix, as most do,
    has no row an edge and takes less.

    Example:

    >>> graph = Graph.from_edges([0, 1], [1, 2], [[1.0], [2.0], [3.0]])
    >>> bytes_at_once(keras.Sequential(), graph)  # 12 + 2 * 36 + 4 * (2 + 4 * 3)
    140
    """
    width = widest(model, graph)
    rows = graph.num_edges + 4 * graph.num_nodes
    return _feature_bytes(graph) + _EDGE_BYTES * graph.num_edges + 4 * width * rows


def free_bytes() -> int | None:
    """The memory that this process can still have; None where the system does not say.

    Example:

    >>> (free_bytes() or 1) > 0
    True
    """
    found = []
    try:
        for line in Path("/proc/meminfo").read_text(encoding="ascii").splitlines():
            if line.startswith("MemAvailable:"):
                found.append(1024 * int(line.split()[1]))
        group = Path("/sys/fs/cgroup")
        limit = (group / "memory.max").read_text(encoding="ascii").strip()
        if limit != "max":
            used = int((group / "memory.current").read_text(encoding="ascii"))
            found.append(max(int(limit) - used, 0))
    except (OSError, ValueError):
        pass
    return min(found, default=None)


def _feature_bytes(graph: Graph) -> int:
    def size(value: Any) -> int:
        if not sparse.issparse(value):
            return value.nbytes
        return value.data.nbytes + value.indices.nbytes + value.indptr.nbytes

    return sum(size(value) for value in graph.features.values())
