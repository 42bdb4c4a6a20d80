"""Runs: from data and the name of a model to a run folder, and what is done with one.

Imported in parts when first used: the command line reads `run_config` alone to know its flags.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from gnn.runs.adoption import Adopted, adopt
    from gnn.runs.config_files import OptionError
    from gnn.runs.graph_building import build_graph, build_neighbor_graph
    from gnn.runs.packing import Packed, pack
    from gnn.runs.run import Run, load_run
    from gnn.runs.run_config import RunConfig, read_config_file
    from gnn.runs.trainer import train

__all__ = [
    "Adopted",
    "OptionError",
    "Packed",
    "Run",
    "RunConfig",
    "adopt",
    "build_graph",
    "build_neighbor_graph",
    "load_run",
    "pack",
    "read_config_file",
    "train",
]

_HOMES = {
    "Adopted": "gnn.runs.adoption",
    "OptionError": "gnn.runs.config_files",
    "Packed": "gnn.runs.packing",
    "Run": "gnn.runs.run",
    "RunConfig": "gnn.runs.run_config",
    "adopt": "gnn.runs.adoption",
    "build_graph": "gnn.runs.graph_building",
    "build_neighbor_graph": "gnn.runs.graph_building",
    "load_run": "gnn.runs.run",
    "pack": "gnn.runs.packing",
    "read_config_file": "gnn.runs.run_config",
    "train": "gnn.runs.trainer",
}


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        return getattr(importlib.import_module(_HOMES[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
