"""Types of columns with very many different texts, of which some are looked at."""

from __future__ import annotations

import pytest

from gnn.datasets.columns import schema_guess
from gnn.datasets.columns.gathered_columns import GatheredColumn
from gnn.edges.missing import NA_VALUES
from gnn.tables.cells import TextCells
from gnn.tables.schema import Column

WORDS = [f"word{k} of {k}" for k in range(100)]
DAYS = [f"2024-01-{day:02}" for day in range(1, 29)]


@pytest.fixture(autouse=True)
def few_are_many(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(schema_guess, "_MANY", 20)
    monkeypatch.setattr(schema_guess, "_LOOKED_AT", 5)


def guess(cells: list[str]) -> Column:
    column = GatheredColumn("note", None, NA_VALUES)
    column.add(TextCells(cells), len(cells))
    return schema_guess.guess_column(column)


@pytest.mark.parametrize(
    ("cells", "kind", "reason"),
    [
        (WORDS, "text", "100 different texts in 100 cells, most of several words"),
        ([*WORDS, *WORDS, ""], "category", "100 different texts in 200 cells"),
        ([f"w{k}" for k in range(50)], "ignore", "50 different texts in 50 cells, of one word"),
        # The counts of a type that is found are those of all cells.
        ([*DAYS, *WORDS[:10]], "date", "28 of the 38 cells that are no gaps are dates"),
        # What occurs most is looked at, wherever it stands: 98 of 100 are true.
        ([*WORDS[:30], *["true"] * 1470], "boolean", "1,470 of the 1,500 cells"),
    ],
)
def test_what_is_guessed(cells: list[str], kind: str, reason: str) -> None:
    column = guess(cells)
    assert column.type == kind
    assert reason in column.reason
