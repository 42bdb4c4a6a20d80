"""An encoder for more rows than it was adapted on: its slots stay, and new ones are added."""

from __future__ import annotations

from typing import Any

import numpy as np

from gnn.models.columns.column_encoder import FEATURES, TOKENS, ColumnEncoder
from gnn.models.columns.table_cells import Folder, training_cells
from gnn.tables.typed_table import TypedTable


def grown_encoder(
    encoder: ColumnEncoder, table: TypedTable, rows: Any = None, *, root: Folder = None
) -> ColumnEncoder:
    """An encoder that knows what another one knows, and what further training rows have.

    Means, variances and the weights of words stay, so that weights that were learned keep their
    meaning. A category or a word that two of the rows have gets a slot, up to `max_categories` and
    `max_tokens` of a column, old ones included; so do gaps, and other categories, where they are
    new. Nothing is forgotten. A text's length is still measured by the old words, where it has any:
    then no number of an old slot changes but that of other categories.

    Args:
        encoder: adapted; it is not changed.
        table: with its columns.
        rows: the training rows, by number or as a mask; None takes all.
        root: the folder that relative paths of images start from.

    Raises:
        RuntimeError: the encoder is not adapted.
        KeyError: the table lacks a column.
        TypeError: a column's cells are not what its type has.
        ValueError: there are no rows.

    Example:

    >>> from gnn.tables.schema import Schema
    >>> from gnn.tables.typed_table import Texts
    >>> schema = Schema.of({"brand": "category"})
    >>> old, new = (
    ...     TypedTable(schema, {"brand": Texts.of(cells)}, len(cells))
    ...     for cells in (["b", "b"], ["b", "a", "a"])
    ... )
    >>> encoder = ColumnEncoder(schema)
    >>> encoder.adapt(old)
    >>> grown = grown_encoder(encoder, new)
    >>> grown.feature_names, slots_before(encoder, grown)["columns"].tolist()
    ({'columns': ["brand = 'b'", "brand = 'a'"]}, [0, -1])
    """
    config = encoder.get_config()
    if config["learned"] is None:
        raise RuntimeError(f"{encoder.name!r} is not adapted: call adapt on training rows first")
    found = training_cells(table, encoder.columns, rows, root)
    learned = {column.title: column.grow(cells) for column, cells in found}
    grown = {"columns": learned, "dense_tokens": config["learned"]["dense_tokens"]}
    return ColumnEncoder.from_config({**config, "learned": grown})


def slots_before(old: ColumnEncoder, new: ColumnEncoder) -> dict[str, np.ndarray]:
    """For each column of the new features, the old one whose weights it takes.

    A column that was there takes its own. A new category, or a gap, takes those of the other
    categories, which it was among; what stood for nothing before is -1. After
    `gnn.models.warm_start` a row then has the outputs that it had; only of several new categories
    in one cell, which counted as one before, each counts.

    Args:
        old: an encoder.
        new: what `grown_encoder` made of it.

    Returns:
        `"columns"` and `"tokens"`, as far as there are such: int64 `[new width]`.

    Raises:
        ValueError: the new encoder lacks a column of the old one.
    """
    others = {
        column.title: name for column in old.columns if (name := column.others_name()) is not None
    }
    found = {}
    was, now = _slots(old), _slots(new)
    for feature, slots in now.items():
        before = {slot: place for place, slot in enumerate(was.get(feature, []))}
        places = []
        for title, name, is_token in slots:
            stood = before.get((title, others.get(title, ""), True), -1) if is_token else -1
            places.append(before.get((title, name, is_token), stood))
        if not before.keys() <= {*slots}:
            raise ValueError(f"new must have grown from old, and lacks columns of {feature!r}")
        found[feature] = np.array(places, np.int64)
    return found


def growth_lines(old: ColumnEncoder, new: ColumnEncoder) -> list[str]:
    """Which columns have grown, and by what, a line each.

    Args:
        old: an encoder.
        new: what `grown_encoder` made of it.
    """
    lines = []
    for before, now in zip(old.columns, new.columns, strict=True):
        known = {*before.names(), *before.token_names()}
        added = [name for name in (*now.names(), *now.token_names()) if name not in known]
        if added:
            more = f" and {len(added) - 5:,} more" if len(added) > 5 else ""
            lines.append(f"{now.title} grew by {len(added):,}: {', '.join(added[:5])}{more}")
    return lines


def _slots(encoder: ColumnEncoder) -> dict[str, list[tuple[str, str, bool]]]:
    """Column, name, and whether it is a token, of each number of each feature."""
    columns = encoder.columns
    narrow = [(column.title, name, False) for column in columns for name in column.names()]
    tokens = [(column.title, name, True) for column in columns for name in column.token_names()]
    found = {FEATURES: narrow, TOKENS: tokens}
    if TOKENS not in encoder.feature_names:
        found = {FEATURES: [*narrow, *tokens]}
    return {feature: slots for feature, slots in found.items() if slots}
