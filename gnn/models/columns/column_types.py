"""The types of columns that become features; a new type is a class and a line here."""

from __future__ import annotations

from gnn.models.columns.boolean_columns import BooleanColumn
from gnn.models.columns.category_columns import CategoryColumn, MultiCategoryColumn
from gnn.models.columns.date_columns import DateColumn
from gnn.models.columns.encoded_column import EncodedColumn
from gnn.models.columns.image_columns import ImageColumn
from gnn.models.columns.numeric_columns import NumberColumn, VectorColumn
from gnn.models.columns.text_columns import TextColumn

COLUMN_TYPES: dict[str, type[EncodedColumn]] = {
    "number": NumberColumn,
    "category": CategoryColumn,
    "multi-category": MultiCategoryColumn,
    "text": TextColumn,
    "boolean": BooleanColumn,
    "date": DateColumn,
    "vector": VectorColumn,
    "image": ImageColumn,
}
