"""A flag made of an option: of its name, its type and what it is about."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Mapping, Sequence
from typing import Any


def add_flag(
    group: Any,
    name: str,
    kind: Any,
    about: str,
    *,
    default: Any = None,
    choices: Sequence[str] = (),
    metavar: str = "TEXT",
    takes_none: bool = False,
    shown: str = "",
    words: Sequence[str] = (),
) -> None:
    """Adds the flag `--name`, with hyphens, to a parser or a group of one.

    Args:
        group: where to.
        name: of the option, with underscores.
        kind: bool, int, float, str, or `tuple[int, ...]` and the like.
        about: what the help says.
        default: the value where the flag is not given.
        choices: the texts there are; none for any.
        metavar: what the help calls a text without choices.
        takes_none: whether "none" means None.
        shown: what the help says of the default.
        words: what a number may be instead.

    Example:

    >>> parser = argparse.ArgumentParser()
    >>> add_flag(parser, "min_count", int, "least count", takes_none=True)
    >>> parser.parse_args(["--min-count", "none"]), parser.parse_args(["--min-count", "2"])
    (Namespace(min_count=None), Namespace(min_count=2))
    """
    settings: dict[str, Any] = {"default": default}
    if kind is bool:
        settings["action"] = argparse.BooleanOptionalAction
    elif choices:
        about += ": " + ", ".join(choices)
        settings |= {"metavar": "NAME", "choices": choices}
    else:
        is_tuple = kind not in (int, float, str)
        single = kind.__args__[0] if is_tuple else kind
        settings |= {"metavar": {int: "N", float: "X"}.get(single, metavar)}
        kept = {word: word for word in words} | ({"none": None} if takes_none else {})
        settings |= {"type": _or_word(single, kept) if kept else single}
        settings |= {"nargs": "+"} if is_tuple else {}
    about = (about + shown).replace("%", "%%")
    group.add_argument("--" + name.replace("_", "-"), help=about, **settings)


def add_pairs_flag(group: Any, name: str, about: str) -> None:
    """Adds a flag that is given once for each entry of a dict, as `--column price=number`.

    Args:
        group: where to.
        name: of the option, in the plural; the flag is in the singular.
        about: what the help says.

    Example:

    >>> parser = argparse.ArgumentParser()
    >>> add_pairs_flag(parser, "columns", "types")
    >>> parser.parse_args(["--column", "price=number", "--column", "tags=text"]).columns
    {'price': 'number', 'tags': 'text'}
    """
    flag = "--" + name.replace("_", "-").removesuffix("s")
    group.add_argument(flag, dest=name, action=_Pairs, metavar="NAME=TYPE", help=about)


class _Pairs(argparse.Action):
    """Gathers NAME=VALUE in a dict; the last `=` divides, for a name may have one."""

    def __call__(
        self,
        parser: argparse.ArgumentParser,
        namespace: argparse.Namespace,
        values: Any,
        option_string: str | None = None,
    ) -> None:
        name, _, value = values.rpartition("=")
        if not name or not value:
            parser.error(f"argument {option_string}: must be NAME=TYPE, got {values!r}")
        found = getattr(namespace, self.dest) or {}
        setattr(namespace, self.dest, {**found, name: value})


def _or_word(kind: Callable[[str], Any], words: Mapping[str, Any]) -> Callable[[str], Any]:
    def parse(text: str) -> Any:
        return words[text.lower()] if text.lower() in words else kind(text)

    parse.__name__ = kind.__name__  # What argparse calls it where a value is wrong.
    return parse
