"""Training runs: from data and a name of a model to a run folder, and what is done with one.

Imported in parts when first used: the command line reads `run_config` alone to know its flags.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from gnn.training.cotrain_config import CoTrainConfig, FitConfig
    from gnn.training.cotraining import CoTrainer
    from gnn.training.exact_resume import ExactResume
    from gnn.training.refresh_agreement import RefreshAgreement
    from gnn.training.run import Run, load_run
    from gnn.training.run_config import OptionError, RunConfig, read_config_file
    from gnn.training.trainer import train

__all__ = [
    "CoTrainConfig",
    "CoTrainer",
    "ExactResume",
    "FitConfig",
    "OptionError",
    "RefreshAgreement",
    "Run",
    "RunConfig",
    "load_run",
    "read_config_file",
    "train",
]

_HOMES = {
    "CoTrainConfig": "gnn.training.cotrain_config",
    "CoTrainer": "gnn.training.cotraining",
    "ExactResume": "gnn.training.exact_resume",
    "FitConfig": "gnn.training.cotrain_config",
    "OptionError": "gnn.training.run_config",
    "RefreshAgreement": "gnn.training.refresh_agreement",
    "Run": "gnn.training.run",
    "RunConfig": "gnn.training.run_config",
    "load_run": "gnn.training.run",
    "read_config_file": "gnn.training.run_config",
    "train": "gnn.training.trainer",
}


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        return getattr(importlib.import_module(_HOMES[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
