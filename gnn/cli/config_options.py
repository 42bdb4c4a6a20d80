"""Flags made of the fields of a configuration, which is documented in its class."""

from __future__ import annotations

import argparse
import dataclasses
import inspect
import re
import types
import typing
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from gnn.cli.flags import add_flag

_FIELD = re.compile(r"    (\w+(?:, \w+)*): (.*)")


def add_config_options(
    parser: Any,
    cls: type,
    choices: Mapping[str, Sequence[str]] | None = None,
    without: Collection[str] = (),
) -> None:
    """Adds a flag for every field of a configuration; one that is not given leaves no value.

    Args:
        parser: a parser, or a group of one.
        cls: a dataclass whose docstring, or that of the class a field comes from, says under
            `Attributes:` what each field is.
        choices: the texts that a field may be, where its type does not say.
        without: the fields that are no flags.

    Example:

    >>> from gnn.configs.sessions import SessionGraphConfig
    >>> parser = argparse.ArgumentParser()
    >>> add_config_options(parser, SessionGraphConfig)
    >>> given = parser.parse_args(["--max-neighbors", "10", "--session-gap", "30min", "--mutual"])
    >>> config_options_of(given, SessionGraphConfig)
    {'session_gap': '30min', 'max_neighbors': 10, 'mutual': True}
    """
    hints = typing.get_type_hints(cls)
    told = about_fields(cls)
    for field in dataclasses.fields(cls):
        if field.name in without:
            continue
        kind, literals, takes_none = _kind_of(hints[field.name])
        shown = "" if field.default in (None, False) else f" [{field.default}]"
        add_flag(
            parser,
            field.name,
            kind,
            told.get(field.name, ""),
            default=argparse.SUPPRESS,
            choices=(choices or {}).get(field.name, literals),
            takes_none=takes_none,
            shown=shown,
        )


def config_options_of(
    arguments: argparse.Namespace, cls: type, without: Collection[str] = ()
) -> dict[str, Any]:
    """The fields that were given as flags."""
    given = vars(arguments)
    names = [field.name for field in dataclasses.fields(cls) if field.name not in without]
    return {name: given[name] for name in names if name in given}


def about_fields(cls: type) -> dict[str, str]:
    """What the docstrings say of each field of a dataclass, the first sentence.

    Example:

    >>> from gnn.configs.session_columns import SessionColumns
    >>> about_fields(SessionColumns)["item_column"]
    'the column with the item'
    """
    told: dict[str, str] = {}
    for owner in cls.__mro__:  # The class that defines a field comes after those that inherit it.
        own = vars(owner).get("__annotations__", {})
        found = _attributes(inspect.cleandoc(owner.__doc__ or ""))
        told |= {name: text for name, text in found.items() if name in own}
    return {name: _first_sentence(text) for name, text in told.items()}


def _attributes(text: str) -> dict[str, str]:
    """The entries of the section `Attributes:` of a docstring."""
    found: dict[str, str] = {}
    names: list[str] = []
    inside = False
    for line in text.splitlines():
        if line and not line.startswith(" "):
            inside = line == "Attributes:"
        elif inside and (entry := _FIELD.fullmatch(line)):
            names = entry[1].split(", ")
            found |= dict.fromkeys(names, entry[2])
        elif inside and line.strip():
            found |= {name: f"{found[name]} {line.strip()}" for name in names}
    return found


def _first_sentence(text: str) -> str:
    sentence = re.split(r"\.(?: |$)", text)[0].replace("`", "")
    return sentence[:1].lower() + sentence[1:]


def _kind_of(hint: Any) -> tuple[Any, tuple[str, ...], bool]:
    """The type of a field without the None, its choices, and whether it may be None."""
    kinds, takes_none = [hint], False
    if typing.get_origin(hint) in (typing.Union, types.UnionType):
        kinds = [kind for kind in typing.get_args(hint) if kind is not types.NoneType]
        takes_none = types.NoneType in typing.get_args(hint)
    if typing.get_origin(kinds[0]) is typing.Literal:
        return str, typing.get_args(kinds[0]), takes_none
    # Of several the configuration makes what is meant out of a text.
    return (kinds[0] if len(kinds) == 1 else str), (), takes_none
