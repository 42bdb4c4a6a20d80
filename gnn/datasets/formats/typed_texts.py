"""The typed attributes of GraphML and GEXF, and the defaults of their keys."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from gnn.datasets.formats.node_cells import MAX_COLUMNS

_INTEGERS = ("int", "integer", "long", "short", "byte", "biginteger")
_NUMBERS = ("float", "double", "bigdecimal")
_TRUTHS = {"true": True, "1": True, "false": False, "0": False}


class Key(NamedTuple):
    """An attribute that a file declares: its name, and its type in lower case."""

    name: str
    type: str


def typed(text: str, kind: str) -> Any:
    """A text as a value; empty text is a gap, and blanks around it count in strings alone.

    Args:
      text: as it stands.
      kind: `"boolean"`, `"int"`, `"long"`, `"float"`, `"double"`, ... ; text for any other.

    Raises:
      ValueError: it is no such value.

    >>> typed(" TRUE ", "boolean"), typed("7", "long"), typed("7", "double"), typed("", "int")
    (True, 7, 7.0, None)
    """
    plain = text.strip()
    if not plain:
        return None
    try:
        if kind == "boolean":
            return _TRUTHS[plain.lower()]
        if kind in (*_INTEGERS, *_NUMBERS) and "_" in plain:
            raise ValueError(plain)  # Python takes 1_000 for a number.
        if kind in _INTEGERS:
            return int(plain)
        if kind in _NUMBERS:
            return float(plain)
    except (KeyError, ValueError):
        shown = plain if len(plain) <= 40 else f"{plain[:40]}..."
        raise ValueError(f"must be a {kind}, got {shown!r}") from None
    return text


class Keys:
    """The attributes that a file declares for one kind of things: nodes, or edges."""

    def __init__(self, error: Callable[[int, str], ValueError]) -> None:
        """Takes what makes an error of a line and a text."""
        self._error = error
        self._keys: dict[str, Key] = {}
        self._defaults: dict[str, Any] = {}

    def __contains__(self, key: str) -> bool:
        """Whether a key is declared."""
        return key in self._keys

    def declare(self, key: str, name: str, kind: str, default: str | None, line: int) -> None:
        """Declares an attribute. Keys of one name are one attribute: NetworkX writes one a type.

        Args:
          key: its id, by which things refer to it.
          name: what it is called.
          kind: its type; "" is text.
          default: as it stands, or None.
          line: where it is declared.

        Raises:
          ValueError: the id is declared already, the default is not of the type, or there are more
            than 10,000.
        """
        if len(self._keys) == MAX_COLUMNS:
            raise self._error(line, f"more than {MAX_COLUMNS:,} keys")
        if key in self._keys:
            raise self._error(line, f"key {key!r} is declared twice")
        kind = kind.lower() or "string"
        self._keys[key] = Key(name, kind)
        value = None if default is None else self._typed(name, default, kind, line)
        if value is not None:
            self._defaults[name] = value

    def cells(self, values: dict[str, tuple[str, int]]) -> dict[str, Any]:
        """The attributes of one thing by name, defaults where it has no value.

        Args:
          values: id of a key -> the text, and the line where it stands.

        Raises:
          ValueError: a key is not declared, or a text is not of its type.
        """
        found = dict(self._defaults)
        for key, (text, line) in values.items():
            declared = self._keys.get(key)
            if declared is None:
                raise self._error(line, f"key {key!r} is not declared")
            found[declared.name] = self._typed(declared.name, text, declared.type, line)
        return found

    def _typed(self, name: str, text: str, kind: str, line: int) -> Any:
        try:
            return typed(text, kind)
        except ValueError as error:
            raise self._error(line, f"{name!r} {error}") from error
