"""What `gnn build-graph` makes a graph of: a log or vectors, on one machine or on a cluster."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from typing import Any

from gnn.cli.config_options import config_options_of
from gnn.configs.neighbors import NeighborGraphConfig, as_neighbor_graph_config
from gnn.configs.sessions import SessionGraphConfig, as_session_graph_config
from gnn.runs.config_files import OptionError, read_options

# Flags of `build-graph` for a log, and for vectors, beside the fields of the configuration.
OF_LOG = ("missing", "na_values", "strict", "memory")
OF_VECTORS = ("keep_vectors",)
# Those of either that a cluster does not take: it leaves out what is missing.
_OF_ONE_MACHINE = ("missing", "strict", "memory", "keep_vectors")
# By whether there are vectors.
_SOURCES: dict[bool, tuple[type, Callable[[Any], Any], tuple[str, ...]]] = {
    False: (SessionGraphConfig, as_session_graph_config, OF_LOG),
    True: (NeighborGraphConfig, as_neighbor_graph_config, OF_VECTORS),
}


def graph_config(arguments: argparse.Namespace) -> SessionGraphConfig | NeighborGraphConfig:
    """The fields of the flags over those of the file, of a log or of vectors.

    Raises:
        OptionError: not one of both is given, a flag is for the other, or a field is wrong or
            unknown.
        FileNotFoundError: there is no such file.
    """
    of_vectors = arguments.vectors is not None
    if of_vectors == bool(arguments.log):
        raise OptionError(
            "one of LOG and --vectors FILE must be given, got "
            f"{'both' if of_vectors else 'neither'}"
        )
    cls, convert, _ = _SOURCES[of_vectors]
    other, _, more = _SOURCES[not of_vectors]
    strange = [
        *config_options_of(arguments, other),
        *(name for name in more if name in vars(arguments)),
    ]
    if strange:
        flag = strange[0].replace("_", "-")
        this, that = ("--vectors", "a log") if of_vectors else ("LOG", "vectors")
        raise OptionError(f"--{flag} is for {that}, and cannot go with {this}")
    _check_cluster(arguments)
    try:
        values = {} if arguments.config is None else read_options(arguments.config)
        return convert(values | config_options_of(arguments, cls))
    except (TypeError, ValueError) as error:
        raise OptionError(str(error)) from error


def _check_cluster(arguments: argparse.Namespace) -> None:
    """Raises OptionError where flags do not go with a cluster, or with none."""
    if (arguments.master is None) != (arguments.work is None):
        given, other = "master", "work"
        if arguments.master is None:
            given, other = other, given
        raise OptionError(f"--{given} needs --{other}: a cluster keeps in WORK what it has counted")
    alone = [name for name in _OF_ONE_MACHINE if name in vars(arguments)]
    if arguments.master is not None and alone:
        flag = alone[0].replace("_", "-")
        raise OptionError(f"--{flag} is for one machine, and cannot go with --master")
