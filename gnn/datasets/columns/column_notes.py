"""What is said of columns: what they hold and why, and which of them the features lack."""

from __future__ import annotations

from collections.abc import Iterator

from gnn.datasets.columns.column_names import is_index
from gnn.datasets.node_schema import NodeSchema
from gnn.tables.schema import Schema

_SHOWN = 20


def columns_note(columns: NodeSchema) -> str:
    """The columns that are features, but none that layers take without an encoder.

    >>> columns_note(NodeSchema(Schema.of({"price": "number", "brand": "category"})))
    'not in the features: brand (category); gnn.ColumnEncoder and gnn train encode them'
    """
    schema, dense = columns.schema, {*columns.numbers, *columns.lists}
    others = [name for name in schema.features if name not in dense]
    if not others:
        return ""
    shown = ", ".join(f"{name} ({schema.columns[name].type})" for name in others[:_SHOWN])
    more = f" and {len(others) - _SHOWN} more" if len(others) > _SHOWN else ""
    return f"not in the features: {shown}{more}; gnn.ColumnEncoder and gnn train encode them"


def ignored_notes(columns: NodeSchema | None) -> list[str]:
    """The columns that hold something and were taken for no feature, each with the reason.

    >>> price = {"type": "ignore", "reason": "numbers with a decimal comma", "gaps": 0.25}
    >>> schema = Schema.of({"x": "number", "price": price, "ean": "ignore"})
    >>> ignored_notes(NodeSchema(schema))
    ['columns ignored: price (numbers with a decimal comma)']
    """
    ignored = [
        f"{name} ({column.reason})"
        for name, column in (columns.schema.columns if columns else {}).items()
        if column.type == "ignore" and column.reason and column.gaps != 1 and not is_index(name)
    ]
    more = f" and {len(ignored) - _SHOWN} more" if len(ignored) > _SHOWN else ""
    return [f"columns ignored: {', '.join(ignored[:_SHOWN])}{more}"] if ignored else []


def column_lines(schema: Schema) -> Iterator[tuple[str, str]]:
    """Each column: its name; its type, the share of its gaps, and why it was guessed.

    >>> price = {"type": "number", "reason": "all are numbers", "gaps": 0.25}
    >>> list(column_lines(Schema.of({"price": price, "tags": "multi-category:|"})))
    [('price', 'number, 25.0% gaps: all are numbers'),
     ('tags', "multi-category ('|'): as it was said")]
    """
    for name, column in schema.columns.items():
        text = column.type
        if column.separator is not None:
            text += f" ({column.separator!r})"
        if column.length is not None:
            text += f" of {column.length:,} numbers"
        if column.gaps:
            text += f", {column.gaps:.1%} gaps"
        yield name, f"{text}: {column.reason or 'as it was said'}"
