"""Cells that name something: nodes, classes, splits, sessions."""

from __future__ import annotations

from collections.abc import Sequence

from gnn.edges.missing import without_na
from gnn.tables.cells import Cells
from gnn.tables.typed_table import Texts


def name_cells(cells: Cells, na_values: frozenset[str]) -> Sequence[str]:
    """The text of cells, those that mean missing as "".

    Blanks around a name do not count where the format has no types: `a, b` in CSV names `b`.

    >>> from gnn.tables.cells import TextCells
    >>> list(name_cells(TextCells(["a", " b", " NA"]), frozenset({"NA"})))
    ['a', 'b', '']
    """
    texts = cells.text()
    if cells.untyped and not {" ", "\t"}.isdisjoint("".join(texts)):
        texts = [text.strip(" \t") for text in texts]
    return without_na(texts, na_values)


def name_texts(cells: Cells, na_values: frozenset[str]) -> Texts:
    """The same as places among distinct texts, which is faster where there are few.

    >>> from gnn.tables.cells import TextCells
    >>> name_texts(TextCells(["a", " a", "NA"]), frozenset({"NA"})).text().tolist()
    ['a', 'a', '']
    """
    return cells.texts(na_values) if cells.untyped else Texts.of(name_cells(cells, na_values))
