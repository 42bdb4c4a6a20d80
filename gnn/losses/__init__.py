"""Losses of embeddings, for `compile` or beside other losses."""

from gnn.losses.cached import cached_gradients
from gnn.losses.embedding_losses import (
    InBatchRanking,
    LeaveOneOutNeighbors,
    SupervisedContrastive,
    TripletLoss,
)
from gnn.losses.labeled_loss import LabeledLoss
from gnn.losses.matryoshka import MatryoshkaLoss

__all__ = [
    "InBatchRanking",
    "LabeledLoss",
    "LeaveOneOutNeighbors",
    "MatryoshkaLoss",
    "SupervisedContrastive",
    "TripletLoss",
    "cached_gradients",
]
