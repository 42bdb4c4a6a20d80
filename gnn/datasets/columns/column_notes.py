"""What a graph says of the columns that its features lack."""

from __future__ import annotations

from gnn.tables.schema import Schema

_SHOWN = 20
_DENSE = ("number", "boolean", "vector")


def columns_note(schema: Schema) -> str:
    """The columns that are features, but none that layers take without an encoder.

    >>> columns_note(Schema.of({"price": "number", "brand": "category"}))
    'not in the features: brand (category); gnn.ColumnEncoder and gnn train encode them'
    """
    others = [name for name in schema.features if schema.columns[name].type not in _DENSE]
    if not others:
        return ""
    shown = ", ".join(f"{name} ({schema.columns[name].type})" for name in others[:_SHOWN])
    more = f" and {len(others) - _SHOWN} more" if len(others) > _SHOWN else ""
    return f"not in the features: {shown}{more}; gnn.ColumnEncoder and gnn train encode them"
