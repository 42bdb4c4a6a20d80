"""Headers of `neo4j-admin import`: fields with a name, a type, and a space of ids."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, NamedTuple

from gnn.datasets.formats.field_table import FieldTable, number_cells

NODE_ID, START, END = "ID", "START_ID", "END_ID"
_FIELD = re.compile(r"(?P<name>[^:]*)(?::(?P<type>[^({]*)(?:\((?P<space>[^)]*)\))?(?:\{.*\})?)?")
_NUMBERS = ("int", "long", "float", "double", "byte", "short")
_TRUTHS = {"true": True, "false": False}


class Field(NamedTuple):
    """One field of a header.

    Attributes:
      name: the property; "" of a field that is none.
      type: in upper case one of Neo4j's own (`ID`, `START_ID`, `END_ID`, `LABEL`, `TYPE`,
        `IGNORE`), else the type of a property in lower case, `string` where none stands.
      is_array: whether cells hold several values, separated by semicolons.
      space: of ids; "" is the space that all have in common.
    """

    name: str
    type: str
    is_array: bool
    space: str


def fields_of(header: Sequence[str]) -> list[Field]:
    """Reads a header.

    >>> fields_of(["personId:ID(Person)", "scores:float[]", "name"])[:2]
    [Field(name='personId', type='ID', is_array=False, space='Person'), Field(name='scores', \
type='float', is_array=True, space='')]
    """
    found = []
    for text in header:
        match = _FIELD.fullmatch(text.strip())
        name, kind, space = (
            (match["name"], match["type"], match["space"]) if match else (text, "", "")
        )
        kind = (kind or "string").strip()
        is_array = kind.endswith("[]")
        kind = kind.removesuffix("[]")
        own = kind.upper() in (NODE_ID, START, END, "LABEL", "TYPE", "IGNORE")
        kind = kind.upper() if own else kind.lower()
        found.append(Field(name.strip(), kind, is_array, (space or "").strip()))
    return found


def is_of_nodes(fields: Sequence[Field]) -> bool:
    """Whether this is a header of nodes."""
    return any(field.type == NODE_ID for field in fields)


def is_of_edges(fields: Sequence[Field]) -> bool:
    """Whether this is a header of relationships."""
    return {START, END} <= {field.type for field in fields}


def cells_of(table: FieldTable, column: str, field: Field) -> list[Any]:
    """The cells of a property by its type; None for a gap.

    Arrays of numbers are lists; other arrays stay text.

    Raises:
      ValueError: a cell is not of the type. The message names its line.
    """
    cells = table.columns[column]
    if field.type in _NUMBERS and field.is_array:
        return [_numbers(table, row, field, cell) for row, cell in enumerate(cells)]
    if field.type in _NUMBERS:
        return list(number_cells(table, column))
    if field.type == "boolean" and not field.is_array:
        return [_truth(table, row, field, cell) for row, cell in enumerate(cells)]
    return [cell or None for cell in cells]


def _truth(table: FieldTable, row: int, field: Field, cell: str) -> bool | None:
    # Neo4j takes what is not "true" for false.
    return None if not cell.strip() else _TRUTHS.get(cell.strip().lower(), False)


def _numbers(table: FieldTable, row: int, field: Field, cell: str) -> list[float] | None:
    if not cell.strip():
        return None
    try:
        return [float(part) for part in cell.split(";")]
    except ValueError:
        raise table.error(
            row, f"{field.name} must be numbers separated by ';', got {cell[:40]!r}"
        ) from None
