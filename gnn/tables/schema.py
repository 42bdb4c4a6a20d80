"""What the columns of a table hold: one description for Python, the command and files."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

# What a model learns from.
FEATURE_TYPES = (
    "number",
    "category",
    "multi-category",
    "text",
    "boolean",
    "date",
    "vector",
    "image",
)
COLUMN_TYPES = (*FEATURE_TYPES, "label", "id", "split", "mask", "ignore")
# Between the parts of a cell of several categories, the likeliest first.
SEPARATORS = ("|", ";", ",")
_SEPARATED = ("multi-category", "vector")


@dataclasses.dataclass(frozen=True)
class Column:
    """One column.

    Attributes:
      type: one of `COLUMN_TYPES`.
      separator: between the parts of a cell, of a `"multi-category"` or a `"vector"` of text.
      split: the split that a `"mask"` marks, such as `"train"`.
      length: the numbers of a `"vector"`; None until they are known.
      reason: why the type was guessed; empty where it was given.
      gaps: the share of cells that are empty, 0 to 1; None where nobody has looked.

    Raises:
      ValueError: for another type, or a separator, a split or a length where none belongs.

    >>> Column("number", reason="all cells are numbers", gaps=0.25).type
    'number'
    """

    type: str
    separator: str | None = None
    split: str | None = None
    length: int | None = None
    reason: str = ""
    gaps: float | None = None

    def __post_init__(self) -> None:
        """Checks the fields against each other."""
        if self.type not in COLUMN_TYPES:
            raise ValueError(f"type must be one of {list(COLUMN_TYPES)}, got {self.type!r}")
        for name, fits in (
            ("separator", self.type in _SEPARATED),
            ("split", self.type == "mask"),
            ("length", self.type == "vector"),
        ):
            value = getattr(self, name)
            if value is not None and not fits:
                raise ValueError(f"{name} has no use for a column of type {self.type!r}")
            if value is not None and not value:
                raise ValueError(f"{name} must not be empty, got {value!r}")


@dataclasses.dataclass(frozen=True)
class Schema:
    """The columns of a table by name, in their order.

    Attributes:
      columns: name -> what it holds.

    >>> schema = Schema.of({"id": "id", "price": "number", "tags": "multi-category:|"})
    >>> schema.columns["tags"].separator
    '|'
    >>> schema.of_type("number", "multi-category")
    ['price', 'tags']
    >>> Schema.from_dict(schema.to_dict()) == schema
    True
    """

    columns: Mapping[str, Column] = dataclasses.field(default_factory=dict)

    @classmethod
    def of(cls, columns: Any, exclude: Sequence[str] = ()) -> Schema:
        """A schema of what users write.

        Args:
          columns: a `Schema`, or name -> a type, a type and its separator as in
            `"multi-category:|"`, a dict of the fields of `Column`, or a `Column`; None is none.
          exclude: names of columns that are ignored.

        Returns:
          The schema.

        Raises:
          TypeError: for anything else.
          ValueError: as `Column`; the message names the column.
        """
        given = columns.columns if isinstance(columns, Schema) else columns
        if not isinstance(given, Mapping | None):
            raise TypeError(f"a schema must map names of columns to types, got {given!r}")
        found = {name: _column(name, value) for name, value in (given or {}).items()}
        return cls({**found, **{name: Column("ignore") for name in exclude}})

    def of_type(self, *types: str) -> list[str]:
        """The columns of some types, in their order."""
        return [name for name, column in self.columns.items() if column.type in types]

    @property
    def features(self) -> list[str]:
        """The columns that a model learns from, in their order."""
        return self.of_type(*FEATURE_TYPES)

    def over(self, other: Schema) -> Schema:
        """These columns where there are, and else those of `other`, in the order of `other`.

        >>> guessed = Schema.of({"price": "text", "size": "number"})
        >>> [c.type for c in Schema.of({"price": "number"}).over(guessed).columns.values()]
        ['number', 'number']
        """
        return Schema({**other.columns, **self.columns})

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON and YAML: name -> the fields that are set."""
        return {
            name: {
                field.name: value
                for field in dataclasses.fields(column)
                if (value := getattr(column, field.name)) not in (None, "")
            }
            for name, column in self.columns.items()
        }

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Schema:
        """Reads `to_dict` back.

        Raises:
          TypeError: as `of`.
          ValueError: as `of`.
        """
        return cls.of(values)


def _column(name: str, value: Any) -> Column:
    if not isinstance(name, str):
        raise TypeError(f"columns must be named by strings, got {name!r}")
    if isinstance(value, Column):
        return value
    if isinstance(value, str):
        kind, _, separator = value.partition(":")
        value = {"type": kind, **({"separator": separator} if separator else {})}
    if not isinstance(value, Mapping) or "type" not in value:
        raise TypeError(f"column {name!r}: must be a type or a dict with one, got {value!r}")
    known = [field.name for field in dataclasses.fields(Column)]
    unknown = [key for key in value if key not in known]
    if unknown:
        raise ValueError(f"column {name!r}: unknown keys {unknown}; the keys are {known}")
    try:
        return Column(**value)
    except ValueError as error:
        raise ValueError(f"column {name!r}: {error}") from error
