"""The columns of a table of nodes that are features: which they are, and their values."""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Mapping
from typing import Any

import numpy as np

from gnn.tables.cells import Cells, Lists, is_word, why_no_number
from gnn.tables.problems import RowCheck


@dataclasses.dataclass(frozen=True)
class NodeColumns:
    """Which columns of a table of nodes are features, and what its labels are.

    It is what a trained model has to know of its table to read another one alike. It goes to JSON
    and back by `to_dict` and `from_dict`.

    Attributes:
      numbers: the columns of numbers, in the order in which the feature `"features"` stacks them.
      lists: Parquet columns of lists, each a feature of its own: name -> the length of its lists.
      class_names: the names of the classes, where labels are text.
      num_classes: the number of classes, or of labels of `"multilabel"`; 0 where the table has no
        labels, or targets.
      label_kind: `"class"`, `"regression"` or `"multilabel"`; None where the table has no labels.

    >>> columns = NodeColumns(("height", "age"), {"words": 300}, ("cat", "dog"), 2)
    >>> NodeColumns.from_dict(columns.to_dict()) == columns
    True
    """

    numbers: tuple[str, ...] = ()
    lists: Mapping[str, int] = dataclasses.field(default_factory=dict)
    class_names: tuple[str, ...] | None = None
    num_classes: int = 0
    label_kind: str | None = None

    def __post_init__(self) -> None:
        """Classes are what there was before there were kinds."""
        if self.num_classes and self.label_kind is None:
            object.__setattr__(self, "label_kind", "class")

    def to_dict(self) -> dict[str, Any]:
        """The same as lists, dicts, strings and numbers, for JSON."""
        return {
            "numbers": list(self.numbers),
            "lists": dict(self.lists),
            "class_names": None if self.class_names is None else list(self.class_names),
            "num_classes": self.num_classes,
            "label_kind": self.label_kind,
        }

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> NodeColumns:
        """The columns that `to_dict` gave.

        Args:
          values: its keys are the names of the fields; older ones lack `label_kind`.

        Returns:
          The columns.

        Raises:
          ValueError: if a key is missing or unknown.
        """
        fields = [field.name for field in dataclasses.fields(cls)]
        if set(values) | {"label_kind"} != set(fields):
            raise ValueError(f"columns of nodes must have the keys {fields}, got {list(values)}")
        names = values["class_names"]
        return cls(
            tuple(values["numbers"]),
            dict(values["lists"]),
            None if names is None else tuple(names),
            int(values["num_classes"]),
            values.get("label_kind"),
        )


class FeatureColumn:
    """One column, gathered chunk by chunk; what it is shows at its end."""

    def __init__(self, name: str) -> None:
        """Takes the name of the column."""
        self.name = name
        self._rows = 0
        self._numbers: list[np.ndarray] = []
        self._strange: dict[int, str] = {}
        self._lists: list[Lists] = []

    def add(self, cells: Cells) -> None:
        """Takes the cells of the next rows."""
        lists = cells.lists()
        if lists is not None:
            self._lists.append(Lists(lists.lengths, _float32(lists.values)))
            return
        numbers = cells.numbers()
        self._numbers.append(_float32(numbers.values))
        self._strange.update((self._rows + at, cell) for at, cell in numbers.strange.items())
        self._rows += numbers.values.size

    @property
    def length(self) -> int:
        """The most frequent length of its lists; 0 if it has none, or only empty ones."""
        counts = Counter[int]()
        for lists in self._lists:
            counts.update(lists.lengths[lists.lengths > 0].tolist())
        return counts.most_common(1)[0][0] if counts else 0

    @property
    def is_numbers(self) -> bool:
        """Whether more than half of the cells that are not empty are written as numbers."""
        words = sum(map(is_word, self._strange.values()))
        empty = sum(not cell for cell in self._strange.values())
        return self._rows - empty - words > words

    @property
    def is_lists(self) -> bool:
        """Whether the cells are lists."""
        return bool(self._lists)

    def numbers(self, check: RowCheck) -> np.ndarray:
        """The column as float32 `[n]`.

        Args:
          check: rejects each row whose cell is no finite number.

        Returns:
          The numbers; what stands in a rejected row means nothing.
        """
        for row, cell in self._strange.items():
            check.reject(row, "number", why_no_number(self.name, cell))
        return np.concatenate(self._numbers)

    def matrix(self, length: int, check: RowCheck) -> np.ndarray:
        """The column of lists as float32 `[n, length]`.

        Args:
          length: the length that the lists must have.
          check: rejects each row with another length, or a number that is not finite.

        Returns:
          The lists; what stands in a rejected row means nothing.
        """
        lengths = np.concatenate([lists.lengths for lists in self._lists])
        values = np.concatenate([lists.values for lists in self._lists])
        fits = lengths == length
        result = np.zeros((lengths.size, length), np.float32)
        result[fits] = values[np.repeat(fits, np.maximum(lengths, 0))].reshape(-1, length)
        for row in np.flatnonzero(~fits).tolist():
            found = f"has length {lengths[row]}, not {length}" if lengths[row] >= 0 else "is empty"
            check.reject(row, "list", f"{self.name} {found}")
        for row in np.flatnonzero(~np.isfinite(result).all(axis=1)).tolist():
            check.reject(row, "number", f"{self.name} holds a number that is missing or not finite")
        return result


def _float32(values: np.ndarray) -> np.ndarray:
    with np.errstate(over="ignore"):  # Too large for float32 is infinite, and rejected as such.
        return values.astype(np.float32)
