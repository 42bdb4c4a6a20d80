"""Flags of a `SessionGraphConfig`: which edges a log gives, wherever one is read."""

from __future__ import annotations

import argparse
from collections.abc import Collection
from typing import Any

from gnn.cli.config_options import add_config_options, config_options_of
from gnn.configs.sessions import LONG_SESSIONS, REPEATS, WEIGHTINGS, SessionGraphConfig

# Of logs and tables of edges alike: options of the data.
NOT_OF_DATA = ("time_column", "half_life")
# `gnn train --directed` is of edges.csv; of a log it is a key of `session_config` in the file.
NOT_OF_TRAINING = ("directed", *NOT_OF_DATA)
_CHOICES = {
    "weighting": ("auto", *WEIGHTINGS),
    "repeats": REPEATS,
    "long_sessions": LONG_SESSIONS,
}


def add_session_options(
    parser: argparse.ArgumentParser, title: str, without: Collection[str] = ()
) -> None:
    """Adds a group with a flag for every field.

    Args:
        parser: where to.
        title: of the group.
        without: the fields that are no flags here.

    Example:

    >>> parser = argparse.ArgumentParser()
    >>> add_session_options(parser, "the log", without=["directed"])
    >>> session_options_of(parser.parse_args(["--weighting", "npmi"]))
    {'weighting': 'npmi'}
    """
    add_config_options(parser.add_argument_group(title), SessionGraphConfig, _CHOICES, without)


def session_options_of(
    arguments: argparse.Namespace, without: Collection[str] = ()
) -> dict[str, Any]:
    """The fields that were given as flags."""
    return config_options_of(arguments, SessionGraphConfig, without)
