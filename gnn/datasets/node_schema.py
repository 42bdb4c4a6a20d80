"""What a trained model has to know of its table of nodes to read another one alike."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

from gnn.graphs.batch.keys import RESERVED_KEYS
from gnn.tables.schema import Column, Schema

# The feature that columns of numbers and truths are, side by side.
STACKED = "features"
_OLDER = {"numbers", "lists", "class_names", "num_classes", "label_kind"}


@dataclasses.dataclass(frozen=True)
class NodeSchema:
    """What the columns of a table of nodes hold, what its labels are, and what fills its gaps.

    It goes to JSON and back by `to_dict` and `from_dict`, which also reads what earlier versions
    wrote of columns of numbers and lists.

    Attributes:
      schema: the columns in their order; after them those that were named of a table of labels.
      class_names: the names of the classes, where labels are text.
      num_classes: the number of classes, or of labels of `"multilabel"`; 0 where the table has no
        labels, or targets.
      label_kind: `"class"`, `"regression"` or `"multilabel"`; None where the table has no labels.
      fills: what stands for a gap in the features of a `Graph`: the mean of a column of numbers or
        truths, and that of each number of a vector.
      flagged: the columns that have a flag in the feature `"features"`: 1 where there was a gap.

    >>> columns = NodeSchema(Schema.of({"height": "number", "name": "text", "age": "number"}))
    >>> columns.numbers, columns.lists
    (('height', 'age'), {})
    >>> NodeSchema.from_dict(columns.to_dict()) == columns
    True
    """

    schema: Schema = dataclasses.field(default_factory=Schema)
    class_names: tuple[str, ...] | None = None
    num_classes: int = 0
    label_kind: str | None = None
    fills: Mapping[str, tuple[float, ...]] = dataclasses.field(default_factory=dict)
    flagged: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Classes are what there was before there were kinds."""
        if self.num_classes and self.label_kind is None:
            object.__setattr__(self, "label_kind", "class")

    @property
    def numbers(self) -> tuple[str, ...]:
        """The columns that the feature `"features"` stacks, before the flags: numbers, truths."""
        return tuple(self.schema.of_type("number", "boolean"))

    @property
    def lists(self) -> dict[str, int | None]:
        """The columns of vectors, each a feature of its own: name -> how many numbers it has.

        One named like a part of a batch, or like the numbers where there are such, is none.
        """
        taken = (*RESERVED_KEYS, *((STACKED,) if self.numbers else ()))
        vectors = [name for name in self.schema.of_type("vector") if name not in taken]
        return {name: self.schema.columns[name].length for name in vectors}

    @property
    def id_column(self) -> str | None:
        """The column that names the nodes; None where nobody has said."""
        return next(iter(self.schema.of_type("id")), None)

    def to_dict(self) -> dict[str, Any]:
        """The same as lists, dicts, strings and numbers, for JSON."""
        return {
            "schema": self.schema.to_dict(),
            "class_names": None if self.class_names is None else list(self.class_names),
            "num_classes": self.num_classes,
            "label_kind": self.label_kind,
            "fills": {name: list(values) for name, values in self.fills.items()},
            "flagged": list(self.flagged),
        }

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> NodeSchema:
        """The columns that `to_dict` gave, of this version or an earlier one.

        Args:
          values: its keys are the names of the fields; or `numbers`, a list, and `lists`, name ->
            length, with what labels are. The oldest of these lack `label_kind`.

        Returns:
          The columns.

        Raises:
          TypeError: as `gnn.tables.Schema.of`.
          ValueError: a key is missing or unknown, or as `gnn.tables.Schema.of`.
        """
        fields = [field.name for field in dataclasses.fields(cls)]
        if set(values) | {"label_kind"} == _OLDER:
            lists = {k: Column("vector", length=int(n)) for k, n in values["lists"].items()}
            columns: Any = dict.fromkeys(values["numbers"], "number") | lists
            fills: Mapping[str, Any] = {}
        elif set(values) == set(fields):
            columns, fills = values["schema"], values["fills"]
        else:
            raise ValueError(f"columns of nodes must have the keys {fields}, got {list(values)}")
        names = values["class_names"]
        return cls(
            Schema.of(columns),
            None if names is None else tuple(names),
            int(values["num_classes"]),
            values.get("label_kind"),
            {name: tuple(map(float, means)) for name, means in fills.items()},
            tuple(values.get("flagged", ())),
        )
