"""Which attribute of nodes is the label, and which a name to show."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

# By convention, the surest first. Each is one only where some value repeats: a class of one node
# each is a name. "label" is a display name in most editors, and "value" a class in Newman's files
# and a size elsewhere: these two need few values.
_NAMES = (
    "class",
    "cls",
    "y",
    "target",
    "label",
    "labels",
    "kind",
    "group",
    "category",
    "type",
    "club",
    "community",
    "modularity_class",
    "value",
)
_DOUBTFUL = ("label", "labels", "value")
_SHOWN = ("label", "name")
# How a node is drawn.
_DRAWN = ("color", "colour", "fill", "shape", "style", "image", "icon")
_MOST_CLASSES = 100


def label_of(columns: Mapping[str, Sequence[Any]]) -> str | None:
    """The column of labels, where a convention says so.

    1. The first column with a known name (`class`, `cls`, `y`, `target`, `label`, `kind`, `group`,
       `category`, `type`, `club`, `community`, `modularity_class`, `value`, in any case) whose
       values are classes: text or whole numbers, at least two of them, of which some repeat. Of
       `label` and `value` there must be at most half as many as nodes that have one. A `y` beside
       an `x` is a place in a picture.
    2. Else the one column of text with few values: from 2 to 100, at most half as many as nodes.
       How a node is drawn (`color`, `shape`, ...) does not count.
    3. Else none.

    Args:
      columns: attribute -> a cell a node, None for a gap.

    >>> label_of({"size": [1, 2, 2], "Kind": ["tea", "cup", "tea"]})
    'Kind'
    >>> label_of({"label": ["Myriel", "Valjean", "Javert"], "size": [1, 1, 2]}) is None
    True
    """
    plain = {name.strip().lower().replace(" ", "_"): name for name in reversed(list(columns))}
    for known in _NAMES:
        name = plain.get(known)
        if name is None or (known == "y" and "x" in plain):
            continue
        if _are_classes(columns[name], few=known in _DOUBTFUL):
            return name
    names = [name for known, name in plain.items() if known not in _DRAWN]
    few = [k for k in names if _are_texts(columns[k]) and _are_classes(columns[k], few=True)]
    return few[0] if len(few) == 1 else None


def shown_by(columns: Mapping[str, Sequence[Any]]) -> str | None:
    """The column of names to show: `label` or `name`, where most of its texts are distinct.

    Args:
      columns: as in `label_of`.

    >>> shown_by({"label": ["tea", "cup", "tea", "tea"], "name": ["a", "b", "c", "d"]})
    'name'
    """
    plain = {name.strip().lower(): name for name in reversed(list(columns))}
    for known in _SHOWN:
        name = plain.get(known)
        if name is not None and _are_texts(columns[name]):
            given = [cell for cell in columns[name] if cell is not None]
            if 2 * len(set(given)) > len(given):
                return name
    return None


def _are_texts(cells: Sequence[Any]) -> bool:
    return {str} == {type(cell) for cell in cells if cell is not None}


def _are_classes(cells: Sequence[Any], few: bool) -> bool:
    given = [cell for cell in cells if cell is not None]
    if not {type(cell) for cell in given} <= {str, int}:
        return False
    distinct = len(set(given))
    most = min(len(given) // 2, _MOST_CLASSES) if few else len(given) - 1
    return 2 <= distinct <= most
