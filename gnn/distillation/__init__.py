"""Distillation: what a model of a graph knows, in a model of features alone."""

from gnn.distillation.distillation_loss import DistillationLoss, distillation_targets
from gnn.distillation.distilling import distill
from gnn.distillation.soft_labels import soft_labels, teacher_logits

__all__ = [
    "DistillationLoss",
    "distill",
    "distillation_targets",
    "soft_labels",
    "teacher_logits",
]
