"""Classes of new data, numbered as those of a run."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import numpy as np

from gnn.graphs.graph import Graph


def with_classes(graph: Graph, names: Sequence[str]) -> Graph:
    """Numbers the classes of a graph as those that are known; new ones come behind.

    Args:
        graph: with one class a node; others are returned as they are.
        names: of the classes that are known, numbers as text where they have no names.

    Raises:
        ValueError: the labels are numbers, and the classes that are known have names.

    Example:

    >>> graph = with_classes(Graph.from_edges([], [], labels=["a", "c", None]), ["c", "b"])
    >>> graph.labels.tolist(), graph.class_names
    ([2, 0, -1], ('c', 'b', 'a'))
    """
    labels = graph.labels
    if labels is None or labels.ndim != 1 or labels.dtype.kind != "i":
        return graph
    numbers = [str(k) for k in range(max(len(names), int(labels.max(initial=-1)) + 1))]
    if graph.class_names is None:
        if list(names) != numbers[: len(names)]:
            raise ValueError(
                f"the labels are numbers, and the classes of the run are {list(names)}: label the "
                "nodes by these names"
            )
        if len(numbers) == int(labels.max(initial=-1)) + 1:
            return graph
    own = graph.class_names or numbers
    known = {*names}
    joined = [*names, *(name for name in own if name not in known)]
    place = {name: k for k, name in enumerate(joined)}
    codes = np.array([*(place[name] for name in own), -1], np.int32)
    return dataclasses.replace(graph, labels=codes[labels], class_names=tuple(joined))
