"""Flags made of the options of a run, so that each is defined once."""

from __future__ import annotations

import argparse
import dataclasses
import typing

from gnn.cli.flags import add_flag, add_pairs_flag
from gnn.runs.run_config import LOG, RunConfig, option_types

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
    kinds = option_types()
    groups = {name: parser.add_argument_group(title) for name, title in _TITLES.items()}
    for option in dataclasses.fields(RunConfig):
        rule = option.metadata
        if rule["group"] == LOG:
            continue
        group, kind = groups[rule["group"]], kinds[option.name]
        if typing.get_origin(kind) is dict:
            add_pairs_flag(group, option.name, rule["about"])
            continue
        metavar = "FOLDER" if option.name in _FOLDERS else "FILE" if kind is str else "NAME"
        choices = rule["choices"]
        add_flag(group, option.name, kind, rule["about"], choices=choices, metavar=metavar)


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
