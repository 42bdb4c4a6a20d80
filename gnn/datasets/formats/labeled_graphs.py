"""Many graphs with a label each, as `gnn.GraphClassifier` learns from."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence

import numpy as np

from gnn.graphs.graph import Graph


@dataclasses.dataclass(frozen=True, eq=False)
class LabeledGraphs:
    """What a file of many graphs holds; `gnn.data.graph_batches` takes `graphs` and `labels`.

    Attributes:
      graphs: with the same features.
      labels: a row a graph: int32 classes from 0, or float32 targets; None where there are none.
      class_names: the name of each class; None of targets.
      about: how the files are read, in short sentences.
      counts: what was found, merged or dropped: what -> how often.

    >>> one = Graph.from_edges([0], [1], np.eye(2, dtype=np.float32))
    >>> len(LabeledGraphs([one], np.array([1], np.int32), ("no", "yes")))
    1
    """

    graphs: Sequence[Graph]
    labels: np.ndarray | None
    class_names: tuple[str, ...] | None = None
    about: Sequence[str] = ()
    counts: Mapping[str, int] = dataclasses.field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.graphs)
