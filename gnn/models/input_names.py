"""Names that the inputs of a SavedModel can have, of whatever columns are called."""

from __future__ import annotations

import keyword
import re
from collections.abc import Collection, Iterable


def input_names(names: Iterable[str], taken: Collection[str] = ()) -> dict[str, str]:
    """The name of each column's input.

    Anything but an ASCII letter, a digit or an underscore becomes an underscore; what does not
    begin with a letter then gets "column_" in front. A word of Python's, and a name that another
    has already in capitals or small letters, which a SavedModel takes for one, gets "_2", "_3" and
    so on at its end. Names that need no change come first.

    Args:
        names: of the columns.
        taken: names that no input may have.

    Returns:
        Column -> input.

    Example:

    >>> input_names(["price (€)", "price____", "1x", "class"])
    {'price (€)': 'price_____2', 'price____': 'price____', '1x': 'column_1x', 'class': 'class_2'}
    >>> input_names(["Size", "size"])
    {'Size': 'Size', 'size': 'size_2'}
    """
    wanted = {name: _plain(name) for name in names}
    used = {name.lower() for name in (*taken, "self")}
    found = {}
    for name in sorted(wanted, key=lambda name: name != wanted[name]):
        free, number = wanted[name], 1
        while free.lower() in used or keyword.iskeyword(free):
            number += 1
            free = f"{wanted[name]}_{number}"
        used.add(free.lower())
        found[name] = free
    return {name: found[name] for name in wanted}


def _plain(name: str) -> str:
    plain = re.sub(r"[^A-Za-z0-9_]", "_", name)
    return plain if plain[:1].isalpha() else f"column_{plain}"
