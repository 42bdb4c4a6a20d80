"""Runs: from data and the name of a model to a run folder, and what is done with one.

Imported in parts when first used: the command line reads `run_config` alone to know its flags.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from gnn.runs.adoption import Adopted, adopt
    from gnn.runs.comparing import Comparison, compare
    from gnn.runs.config_files import OptionError
    from gnn.runs.graph_building import build_graph, build_neighbor_graph
    from gnn.runs.indexing import index_run
    from gnn.runs.looking.report import report
    from gnn.runs.packing import Packed, pack
    from gnn.runs.run import Run, load_run
    from gnn.runs.run_config import RunConfig, read_config_file
    from gnn.runs.series import Series, load_series, train_series
    from gnn.runs.served_index import ServedIndex, open_index
    from gnn.runs.service import serve_index
    from gnn.runs.trainer import train
    from gnn.runs.tuning import Tuned, tune

__all__ = [
    "Adopted",
    "Comparison",
    "OptionError",
    "Packed",
    "Run",
    "RunConfig",
    "Series",
    "ServedIndex",
    "Tuned",
    "adopt",
    "build_graph",
    "build_neighbor_graph",
    "compare",
    "index_run",
    "load_run",
    "load_series",
    "open_index",
    "pack",
    "read_config_file",
    "report",
    "serve_index",
    "train",
    "train_series",
    "tune",
]

_HOMES = {
    "Adopted": "gnn.runs.adoption",
    "Comparison": "gnn.runs.comparing",
    "OptionError": "gnn.runs.config_files",
    "Packed": "gnn.runs.packing",
    "Run": "gnn.runs.run",
    "RunConfig": "gnn.runs.run_config",
    "Series": "gnn.runs.series",
    "ServedIndex": "gnn.runs.served_index",
    "Tuned": "gnn.runs.tuning",
    "adopt": "gnn.runs.adoption",
    "build_graph": "gnn.runs.graph_building",
    "build_neighbor_graph": "gnn.runs.graph_building",
    "compare": "gnn.runs.comparing",
    "index_run": "gnn.runs.indexing",
    "load_run": "gnn.runs.run",
    "load_series": "gnn.runs.series",
    "open_index": "gnn.runs.served_index",
    "pack": "gnn.runs.packing",
    "read_config_file": "gnn.runs.run_config",
    "report": "gnn.runs.looking.report",
    "serve_index": "gnn.runs.service",
    "train": "gnn.runs.trainer",
    "train_series": "gnn.runs.series",
    "tune": "gnn.runs.tuning",
}


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        return getattr(importlib.import_module(_HOMES[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
