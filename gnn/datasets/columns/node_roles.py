"""Which columns of a table of nodes are id, label, split and masks, and which are features."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

from gnn.datasets.columns.column_names import (
    id_columns,
    is_split,
    label_column,
    label_column_apart,
    mask_of,
)
from gnn.datasets.node_schema import NodeSchema
from gnn.tables.schema import Schema
from gnn.tables.table import Table

_ID = "id"


@dataclasses.dataclass(frozen=True)
class NodeRoles:
    """The columns of a table by what they are for.

    Attributes:
      id: names the nodes; None where the table has no such column and needs none.
      label: the label, if there is one.
      split: the name of a split.
      masks: column -> the split that it marks.
      features: all others that are to be read, in the order of the header.
      unused: name -> why it is not read.
    """

    id: str | None
    label: str | None
    split: str | None
    masks: dict[str, str]
    features: tuple[str, ...]
    unused: dict[str, str]


def node_roles(
    table: Table, given: Schema, known: NodeSchema | None, needs_ids: bool, labels_alone: bool
) -> NodeRoles:
    """The roles of the columns of a table.

    Args:
      table: the table.
      given: what the user says of some columns.
      known: the columns of another table, whose features are wanted.
      needs_ids: whether there has to be an id.
      labels_alone: whether the table holds labels and no features.

    Raises:
      ValueError: there is no id, or a column that is named is missing, or two have one role that
        one alone can have.
    """
    header = table.header
    table.require(given.columns, " that the schema names")
    known_columns = known.schema.columns if known is not None else {}
    free = [name for name in header if name not in given.columns]

    def is_open(name: str, kind: str) -> bool:
        return name in free and (name not in known_columns or known_columns[name].type == kind)

    def one(kind: str, guesses: Sequence[str]) -> str | None:
        named = given.of_type(kind)
        if len(named) > 1:
            raise ValueError(f"{table.name}: columns {named[0]!r} and {named[1]!r} are both {kind}")
        if named:
            return named[0]
        before = known.schema.of_type(kind) if known is not None else []
        return next((name for name in [*before, *guesses] if is_open(name, kind)), None)

    wanted = known.id_column if known is not None else None
    row_id = one(_ID, [] if wanted else id_columns(free))
    if row_id is None and needs_ids:
        table.require([wanted or _ID])
    apart = label_column_apart(free, row_id or "", any_name=True) if labels_alone else None
    guesses = [name for name in (label_column(free), apart) if name is not None]
    label = one("label", guesses)
    if label is None and labels_alone:
        raise ValueError(
            f"{table.name} has no label, and which of {header} it is does not show: say so by "
            "schema={'NAME': 'label'}"
        )
    split = one("split", [name for name in free if is_split(name) and not mask_of(name)])
    told = {name: known_columns[name] for name in free if name in known_columns}
    masks = {name: mask_of(name) or "" for name in free if mask_of(name) and is_open(name, "mask")}
    for name, column in {**told, **given.columns}.items():
        if column.type == "mask":
            masks[name] = column.split or mask_of(name) or name.removesuffix("_mask")
    roles = {row_id, label, split, *masks}
    others = [name for name in header if name not in roles]
    unused: dict[str, str] = {}
    if known is not None:
        names = known.schema.features
        table.require(names, " of those it needs")
        listed = set(known_columns)
        unused = {name: "not needed" for name in others if name not in listed}
        others = names
    elif labels_alone:
        others = []
    return NodeRoles(row_id, label, split, masks, tuple(others), unused)
