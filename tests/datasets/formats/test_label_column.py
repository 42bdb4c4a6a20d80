"""Which attribute of nodes is taken for the label."""

from __future__ import annotations

from typing import Any

import pytest

from gnn.datasets.formats.label_column import label_of, shown_by


@pytest.mark.parametrize(
    ("columns", "label"),
    [
        ({"Modularity Class": [0, 1, 0]}, "Modularity Class"),
        ({"group": [1, 2, 2], "class": [1, 1, 2]}, "class"),
        ({"group": [1, 2, 3]}, None),
        ({"group": [1, 1, 1]}, None),
        ({"group": [0.5, 1, 1]}, None),
        ({"group": ["a", None, "b", "a"]}, "group"),
        ({"label": ["a", "b", "a"]}, None),
        ({"label": ["a", "b", "a", "b"]}, "label"),
        ({"value": [0, 1, 0, 1]}, "value"),
        ({"y": [0, 1, 0], "x": [1, 1, 2]}, None),
        ({"y": [0, 1, 0], "size": [1, 1, 2]}, "y"),
        ({"party": ["a", "b", "a", "b"]}, "party"),
        ({"party": ["a", "b", "a", "b"], "state": ["c", "d", "c", "c"]}, None),
        ({"party": ["a", "b", "a", "b"], "color": ["c", "d", "c", "c"]}, "party"),
        ({"size": [1, 2, 1, 2]}, None),
        ({"flag": [True, False, True, False]}, None),
        ({}, None),
    ],
)
def test_label(columns: dict[str, list[Any]], label: str | None) -> None:
    assert label_of(columns) == label


def test_names_are_mostly_distinct() -> None:
    assert shown_by({"Label": ["a", "b", "b"]}) == "Label"
    assert shown_by({"label": ["a", "b", "a", "b"]}) is None
    assert shown_by({"label": [1, 2, 3]}) is None
