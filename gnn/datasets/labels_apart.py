"""Labels and splits that stand apart from the nodes: in a table of their own, or as masks."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence

import numpy as np

from gnn.datasets.node_schema import NodeSchema
from gnn.tables.schema import Schema
from gnn.tables.typed_table import Texts

_ROLES = ("label", "split", "mask")


@dataclasses.dataclass(frozen=True, eq=False)
class LabelsApart:
    """The labels of a table of their own, which its ids join to nodes.

    Attributes:
      file: the name of the table.
      ids: the ids of its rows.
      labels: as `gnn.datasets.NodeTable` has them, a row an id; None if none has a label.
      splits: name -> rows.
      columns: what the labels are.
      note: what was guessed of them, in a few words.
    """

    file: str
    ids: Sequence[str]
    labels: np.ndarray | None
    splits: Mapping[str, np.ndarray]
    columns: NodeSchema
    note: str = ""

    def is_label(self, name: str) -> bool:
        """Whether a column of nodes is called as the one with the labels, in any case."""
        return name.casefold() in map(str.casefold, self.columns.schema.of_type("label"))

    def joined(
        self, ids: Sequence[str], nodes: str
    ) -> tuple[np.ndarray | None, dict[str, np.ndarray]]:
        """Labels and splits of nodes.

        Args:
          ids: of the nodes.
          nodes: what errors call these.

        Returns:
          A label a node, -1 or NaN where the table has none, and name -> int32 numbers of nodes.

        Raises:
          ValueError: no id of the table is one of a node.

        >>> columns = NodeSchema(class_names=("cat", "dog"), num_classes=2)
        >>> labels = np.int32([1, 0])
        >>> apart = LabelsApart("labels.csv", ["b", "z"], labels, {"train": np.array([0])}, columns)
        >>> values, splits = apart.joined(["a", "b"], "nodes.csv")
        >>> values.tolist(), splits["train"].tolist(), apart.unknown(["a", "b"])
        ([-1, 1], [1], ['z'])
        """
        place = {name: row for row, name in enumerate(ids)}
        nodes_of = np.fromiter((place.get(name, -1) for name in self.ids), np.int64, len(self.ids))
        there = nodes_of >= 0
        if len(self.ids) and not there.any():
            raise ValueError(
                f"{self.file}: none of its {len(self.ids)} ids, such as {self.ids[0]!r}, is in "
                f"{nodes}"
            )
        splits = {}
        for name, rows in self.splits.items():
            found = nodes_of[rows]
            splits[name] = np.sort(found[found >= 0]).astype(np.int32)
        if self.labels is None:
            return None, splits
        missing = np.nan if self.labels.dtype.kind == "f" else -1
        values = np.full((len(ids), *self.labels.shape[1:]), missing, self.labels.dtype)
        values[nodes_of[there]] = self.labels[there]
        return values, splits

    def unknown(self, ids: Sequence[str]) -> list[str]:
        """The ids of the table that no node has."""
        nodes = set(ids)
        return [name for name in self.ids if name not in nodes]

    def with_classes(self, columns: NodeSchema) -> NodeSchema:
        """The columns of nodes, with what these labels are, and the columns that were named."""
        own = self.columns
        held = columns.schema
        roles = {
            name: column
            for name, column in own.schema.columns.items()
            if column.type in _ROLES and not column.reason and name not in held.features
        }
        return dataclasses.replace(
            columns,
            schema=Schema({**held.columns, **roles}),
            class_names=own.class_names,
            num_classes=own.num_classes,
            label_kind=own.label_kind,
        )


def splits_of(names: Texts, masks: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """The rows of each split: by name, in order of first appearance, and by mask.

    Args:
      names: the split of each row, without rows where nothing says so.
      masks: name -> rows.

    >>> found = splits_of(Texts.of(["train", "", "train"]), {"test": np.int32([1])})
    >>> {name: rows.tolist() for name, rows in found.items()}
    {'train': [0, 2], 'test': [1]}
    """
    found = {}
    for code, name in enumerate(names.values):
        rows = np.flatnonzero(names.codes == code).astype(np.int32)
        if name and rows.size:
            found[name] = rows
    for name, rows in masks.items():
        if rows.size:
            found[name] = np.union1d(found[name], rows).astype(np.int32) if name in found else rows
    return found
