"""Callbacks of one fit: exact resume, figures of embeddings, agreement models that learn on.

What makes runs and co-training once lived here too: their public names are still found under this
address. These aliases are the one exception to the direction of imports.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from gnn.cotraining import CoTrainConfig, CoTrainer, FitConfig
    from gnn.runs import OptionError, Run, RunConfig, load_run, read_config_file, train
    from gnn.training.embedding_judge import EmbeddingJudge
    from gnn.training.exact_resume import ExactResume
    from gnn.training.refresh_agreement import RefreshAgreement

__all__ = [
    "CoTrainConfig",
    "CoTrainer",
    "EmbeddingJudge",
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
    "CoTrainConfig": "gnn.cotraining",
    "CoTrainer": "gnn.cotraining",
    "EmbeddingJudge": "gnn.training.embedding_judge",
    "ExactResume": "gnn.training.exact_resume",
    "FitConfig": "gnn.cotraining",
    "OptionError": "gnn.runs",
    "RefreshAgreement": "gnn.training.refresh_agreement",
    "Run": "gnn.runs",
    "RunConfig": "gnn.runs",
    "load_run": "gnn.runs",
    "read_config_file": "gnn.runs",
    "train": "gnn.runs",
}


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        return getattr(importlib.import_module(_HOMES[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
