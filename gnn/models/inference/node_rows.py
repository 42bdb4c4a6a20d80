"""What layer-wise inference has of all nodes between two stages: rows in memory or in files."""

from __future__ import annotations

from collections.abc import Callable
from typing import IO, Any

import numpy as np
import tensorflow as tf

from gnn.data.feature_rows import feature_rows
from gnn.data.in_place import aligned_empty, in_place
from gnn.graphs.graph import Graph
from gnn.graphs.sampling.chunks import Chunk


class NodeRows:
    """An array with a row a node that is written a few rows after the other.

    Args:
        shape: of all rows.
        dtype: of its entries.
        file: None keeps it in memory; else a file, open for reading and writing.

    Example:

    >>> written = NodeRows((3, 1), np.float32)
    >>> for rows in ([[1.0], [2.0]], [[3.0]]):
    ...     written.append(np.array(rows))
    >>> written.array().tolist()
    [[1.0], [2.0], [3.0]]
    """

    def __init__(self, shape: tuple[int, ...], dtype: Any, file: IO[bytes] | None = None):
        self._shape, self._dtype, self._file, self._rows = shape, np.dtype(dtype), file, 0
        self._array = aligned_empty(shape if file is None else (0,), self._dtype)
        self._start = 0 if file is None else file.tell()

    def __enter__(self) -> NodeRows:
        return self

    def __exit__(self, *_: object) -> None:
        if self._file is not None:
            self._file.close()

    def append(self, rows: np.ndarray) -> None:
        """Writes the next rows."""
        if self._file is None:
            self._array[self._rows : self._rows + len(rows)] = rows
            self._rows += len(rows)
        else:
            # A memory map would end the process where the disk is full; this raises.
            self._file.write(rows.astype(self._dtype).tobytes())

    def array(self) -> np.ndarray:
        """All of it, once all rows are written; it outlives the file's being open."""
        if self._file is None:
            return self._array
        self._file.flush()
        # A plain view: a memory map itself runs Python at every look-up.
        return np.asarray(np.memmap(self._file, self._dtype, "r", self._start, self._shape))


class State:
    """What goes into a stage, of all nodes.

    Attributes:
        leaves: its arrays, which a stage may hand on as they are; none where it is the features.
    """

    leaves: list[np.ndarray] = []

    def rows(self, chunk: Chunk) -> Any:
        """What a stage is given of the nodes of a chunk."""
        raise NotImplementedError

    def span(self, start: int, stop: int) -> Any:
        """What a stage is given of consecutive nodes."""
        raise NotImplementedError

    def own_rows(self, start: int, stop: int) -> Callable[[int], np.ndarray]:
        """A function from the place of an array to its rows of consecutive nodes."""
        return lambda place: self.leaves[place][start:stop]


class FeatureState(State):
    """The features of a graph, a dict of tensors; they are read as they are asked for."""

    def __init__(self, graph: Graph):
        if not graph.features:
            raise ValueError("graph has no features, so there is nothing to feed a model with")
        self._features = graph.features
        self._all: Any = None

    def rows(self, chunk: Chunk) -> Any:
        """What a stage is given of the nodes of a chunk."""
        if chunk.nodes is not None:
            return self._of(chunk.nodes)
        if self._all is None:
            self._all = self._of(slice(None))
        return self._all

    def span(self, start: int, stop: int) -> Any:
        """What a stage is given of consecutive nodes."""
        return self._of(slice(start, stop))

    def _of(self, nodes: np.ndarray | slice) -> dict[str, Any]:
        return {name: feature_rows(value, nodes) for name, value in self._features.items()}


class ArrayState(State):
    """A nest of tensors, of arrays with a row a node."""

    def __init__(self, structure: Any, leaves: list[np.ndarray]):
        self._structure, self.leaves = structure, leaves
        self._all: list[tf.Tensor] | None = None

    def rows(self, chunk: Chunk) -> Any:
        """What a stage is given of the nodes of a chunk."""
        if chunk.nodes is not None:
            return self._of([leaf[chunk.nodes] for leaf in self.leaves])
        if self._all is None:  # Shared with the arrays where these are in memory, not copied.
            self._all = [in_place(leaf) for leaf in self.leaves]
        return self._of(self._all)

    def span(self, start: int, stop: int) -> Any:
        """What a stage is given of consecutive nodes."""
        return self._of([leaf[start:stop] for leaf in self.leaves])

    def _of(self, leaves: list[Any]) -> Any:
        return tf.nest.pack_sequence_as(self._structure, [tf.convert_to_tensor(x) for x in leaves])
