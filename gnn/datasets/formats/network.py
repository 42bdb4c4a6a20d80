"""What a file of the field holds, before it is a graph."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np


@dataclasses.dataclass(frozen=True, eq=False)
class Network:
    """Nodes, edges and attributes as a file has them, and how they are meant.

    Attributes:
      ids: the names of the nodes, distinct, in order.
      senders: integers `[m]`, the place of each edge's source among `ids`.
      receivers: integers `[m]`, that of its target.
      weights: numbers `[m]`; None where all are 1.
      directed: whether an edge holds in its direction alone. Where it does not, a pair may stand
        once or in both directions.
      merge: what becomes of repeats of (source, target): `"sum"`, `"max"`, as in
        `Graph.from_edges`.
      columns: attributes of nodes: name -> a cell a node, None for a gap; text, numbers, booleans,
        or lists of numbers.
      features: matrices that are ready, dense or sparse, a row a node.
      label: the name of the column of labels.
      labels: labels that are ready, as `Graph` takes them, in place of a column.
      class_names: the names of their classes in order; None where `Graph` shall find them.
      splits: name -> nodes, where the file says so.
      names: names to show, a text a node, where they are others than the ids.
      about: how the file is read, in short sentences: direction, base, pairs once or twice.
      counts: what was merged or dropped by the reader: what -> how often.
    """

    ids: Sequence[Any]
    senders: np.ndarray
    receivers: np.ndarray
    weights: np.ndarray | None = None
    directed: bool = True
    merge: str = "sum"
    columns: Mapping[str, Sequence[Any]] = dataclasses.field(default_factory=dict)
    features: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    label: str | None = None
    labels: Any = None
    class_names: Sequence[str] | None = None
    splits: Mapping[str, np.ndarray] = dataclasses.field(default_factory=dict)
    names: Sequence[str] | None = None
    about: Sequence[str] = ()
    counts: Mapping[str, int] = dataclasses.field(default_factory=dict)
