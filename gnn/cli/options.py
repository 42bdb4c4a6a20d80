"""Flags made of the options of a run, so that each is defined once."""

from __future__ import annotations

import argparse
import dataclasses
import typing
from collections.abc import Collection
from typing import Any

from gnn.cli.flags import add_flag, add_pairs_flag
from gnn.runs.data_options import EDGE_COLUMNS, LOG
from gnn.runs.run_config import RunConfig, option_types

_TITLES = {
    "data": "data",
    "model": "model",
    "loss": "loss",
    "training": "training",
    "run": "the run folder",
}
_FOLDERS = ("data", "output")


def add_options(parser: argparse.ArgumentParser) -> None:
    """Adds a flag for every option of `RunConfig`; one that is not given is None.

    What becomes of a log has flags of its own (`gnn.cli.session_options`).

    Example:

    >>> parser = argparse.ArgumentParser()
    >>> add_options(parser)
    >>> parser.parse_args(["--hidden-units", "64", "32"]).hidden_units
    [64, 32]
    """
    for name, title in _TITLES.items():
        options = [o for o in dataclasses.fields(RunConfig) if o.metadata["group"] == name]
        add_options_named(parser.add_argument_group(title), [option.name for option in options])


def add_options_named(group: Any, names: Collection[str]) -> None:
    """Adds a flag for some options of `RunConfig`; one that is not given is None.

    Args:
        group: a parser, or a group of one.
        names: of the options.

    Example:

    >>> parser = argparse.ArgumentParser()
    >>> add_options_named(parser, ["source_column"])
    >>> parser.parse_args(["--source-column", "a"]).source_column
    'a'
    """
    kinds = option_types()
    for option in dataclasses.fields(RunConfig):
        if option.name not in names:
            continue
        rule, kind = option.metadata, kinds[option.name]
        if typing.get_origin(kind) is dict:
            add_pairs_flag(group, option.name, rule["about"])
            continue
        metavar = "FOLDER" if option.name in _FOLDERS else "FILE" if kind is str else "NAME"
        metavar = "COLUMN" if option.name in EDGE_COLUMNS else metavar
        choices = rule["choices"]
        add_flag(
            group,
            option.name,
            kind,
            rule["about"],
            choices=choices,
            metavar=metavar,
            words=rule["words"],
        )


def options_of(arguments: argparse.Namespace) -> RunConfig:
    """The options that were given as flags.

    Raises:
        ValueError: one is out of range.

    Example:

    >>> parser = argparse.ArgumentParser()
    >>> add_options(parser)
    >>> options_of(parser.parse_args(["--model", "gcn"])).to_dict()
    {'model': 'gcn'}
    """
    names = [
        field.name for field in dataclasses.fields(RunConfig) if field.metadata["group"] != LOG
    ]
    return RunConfig(**{name: getattr(arguments, name) for name in names})
