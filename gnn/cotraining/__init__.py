"""Co-training: a classifier and an agreement model in turn."""

from gnn.cotraining.cotrain_config import CoTrainConfig, FitConfig
from gnn.cotraining.cotrainer import CoTrainer

__all__ = ["CoTrainConfig", "CoTrainer", "FitConfig"]
