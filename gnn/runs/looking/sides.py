"""What is shown beside each other: vectors of the same nodes, and which are nearest by each."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any

import numpy as np
from scipy import sparse

from gnn.evaluation.neighbors import nearest_neighbors
from gnn.graphs.graph import Graph
from gnn.runs.run import Run

# Numbers of features that are compared at a time: 512 MB in float32.
_MOST_NUMBERS = 2**27
# Images are compared by the means of so many rows and columns of squares.
_SQUARES = 16


@dataclasses.dataclass(frozen=True, eq=False)
class Side:
    """Vectors of the drawn nodes, and of new ones after them.

    Attributes:
        name: what the page calls it.
        vectors: float `[n, width]`.
        note: what the vectors are.
    """

    name: str
    vectors: np.ndarray
    note: str

    def neighbors(self, count: int, k: int) -> tuple[np.ndarray, np.ndarray]:
        """The nearest of the first `count` rows to every row, by cosine; none is its own.

        Returns:
            Their rows, int64 `[n, k]`, and distances; fewer columns where there are fewer rows.

        Example:

        >>> side = Side("a", np.array([[1.0, 0.0], [0.0, 1.0], [1.0, 1.0], [2.0, 0.1]]), "")
        >>> side.neighbors(3, 1)[0].ravel().tolist()
        [2, 2, 0, 0]
        """
        items, new = self.vectors[:count], self.vectors[count:]
        k = min(k, count - 1)
        found = [nearest_neighbors(items, items, k, exclude_self=True)]
        if len(new):
            found.append(nearest_neighbors(new, items, k))
        columns, distances = (np.concatenate(part) for part in zip(*found, strict=True))
        return columns, distances


def embedded(run: Run, parts: Sequence[tuple[Graph, np.ndarray]], name: str) -> Side:
    """The embedding of some nodes; logits where a model has no hidden layer.

    Args:
        run: whose model embeds.
        parts: graphs with the rows that count, one after the other.
        name: of the side.
    """
    found = []
    note = "activations of the last hidden layer"
    for graph, rows in parts:
        try:
            vectors = run.embed(graph).vectors
        except ValueError as error:
            if "no hidden layer" not in str(error):
                raise
            note = "logits, for the model has no hidden layer"
            # Those of the softmax, up to a constant a row.
            vectors = np.log(np.maximum(run.predict(graph).probabilities, 1e-12))
        found.append(np.asarray(vectors)[rows])
    return Side(name, np.concatenate(found), note)


def feature_vectors(
    graphs: Sequence[tuple[Graph, np.ndarray]], names: Sequence[str]
) -> np.ndarray | None:
    """The features of some nodes side by side; None where they are too many numbers.

    Every feature is scaled so that the mean length of its rows is 1. Images are means of 16 x 16
    squares.

    Args:
        graphs: graphs with the rows that count, one after the other.
        names: of the features.

    Example:

    >>> graph = Graph.from_edges([], [], {"x": np.array([[3.0, 4.0], [0.0, 5.0]])})
    >>> feature_vectors([(graph, np.array([0, 1]))], ["x"]).tolist()
    [[0.6000000238418579, 0.800000011920929], [0.0, 1.0]]
    """
    count = sum(len(rows) for _, rows in graphs)
    widths = 0
    for name in names:
        shape = graphs[0][0].features[name].shape
        widths += shape[1] if len(shape) == 2 else _SQUARES**2 * shape[3]
    if count * widths > _MOST_NUMBERS:
        return None
    parts = []
    for name in names:
        part = np.concatenate([_rows(graph.features[name], rows) for graph, rows in graphs])
        length = float(np.mean(np.linalg.norm(part, axis=1)))
        parts.append(part / (length or 1.0))
    return np.concatenate(parts, axis=1)


def _rows(feature: Any, rows: np.ndarray) -> np.ndarray:
    if feature.ndim == 4:
        some = [
            _squares(np.asarray(feature[part]))
            for part in np.array_split(rows, 1 + len(rows) // 256)
        ]
        return np.concatenate(some)
    taken = feature[rows]
    taken = taken.toarray() if sparse.issparse(taken) else np.asarray(taken)
    return np.nan_to_num(taken.astype(np.float32))


def _squares(images: np.ndarray) -> np.ndarray:
    """Means of squares of images, less 128 of 255: black and white lie opposite of each other."""
    images = np.nan_to_num(images.astype(np.float32))
    for axis in (1, 2):
        size = images.shape[axis]
        starts = np.unique(np.linspace(0, size, min(size, _SQUARES), endpoint=False).astype(int))
        counts = np.diff([*starts, size])
        shape = [-1 if place == axis else 1 for place in range(4)]
        images = np.add.reduceat(images, starts, axis=axis) / counts.reshape(shape)
    flat = images.reshape(len(images), -1)
    return flat - flat.mean(axis=1, keepdims=True)
