"""What the constructors of a graph are told of its nodes, checked and converted once."""

from __future__ import annotations

import dataclasses
from collections.abc import Collection, Mapping, Sequence
from typing import Any

import numpy as np

from gnn.graphs.checks import count_nodes
from gnn.graphs.features import Feature, as_features
from gnn.graphs.ids import as_ids
from gnn.graphs.labels import read_labels

_NONE = np.zeros(0, np.int32)


@dataclasses.dataclass(frozen=True, eq=False)
class NodeFields:
    """Features, labels, splits and ids, as `gnn.Graph` has them.

    Attributes:
      features: name -> a row a node.
      labels: None, or a row a node.
      class_names: None, or the name of each class.
      splits: as they were given.
      ids: None, or the names of the nodes.
      num_nodes: what all these agree on; None where none of them tells.
      note: what was guessed of the labels.
    """

    features: dict[str, Feature]
    labels: np.ndarray | None
    class_names: tuple[str, ...] | None
    splits: Mapping[str, Any]
    ids: np.ndarray | None
    num_nodes: int | None
    note: str

    @classmethod
    def read(
        cls,
        features: Any = None,
        *,
        labels: Any = None,
        splits: Mapping[str, Any] | None = None,
        ids: Any = None,
        num_nodes: int | None = None,
        class_names: Sequence[str] | None = None,
        label_kind: str | None = None,
        na_values: Collection[str] | None = None,
    ) -> NodeFields:
        """Converts the arguments of the constructors.

        Args:
          features: a dict, or one feature, which is named `"features"`; None is none.
          labels: as in `gnn.graphs.labels.read_labels`.
          splits: name -> indices of nodes, or a mask.
          ids: distinct names.
          num_nodes: the number of nodes, if it is known.
          class_names: the name of each class.
          label_kind: as in `gnn.graphs.labels.read_labels`.
          na_values: as in `gnn.graphs.labels.read_labels`.

        Raises:
          TypeError: as `gnn.Graph`.
          ValueError: as `gnn.Graph`.

        >>> NodeFields.read(np.eye(2), labels=[0.0, 1.0]).labels.tolist()
        [0, 1]
        """
        if features is None:
            features = {}
        elif not isinstance(features, Mapping):
            features = {"features": features}
        held = as_features(features)
        values, names, note = read_labels(labels, class_names, label_kind, na_values)
        named = None if ids is None else as_ids(ids)
        rows: dict[str, Any] = {f"features[{name!r}]": value for name, value in held.items()}
        rows |= {"labels": values, "ids": named}
        if num_nodes is not None or any(value is not None for value in rows.values()):
            num_nodes = count_nodes(num_nodes, rows, _NONE, _NONE)
        return cls(held, values, names, splits or {}, named, num_nodes, note)
