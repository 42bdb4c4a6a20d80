"""What co-training does not take, said before it begins."""

from __future__ import annotations

import warnings
from collections.abc import Collection
from typing import Any

import keras
import numpy as np

from gnn.graphs.graph import Graph
from gnn.models.adversarial.adversarial_regularization import AdversarialRegularizationModel
from gnn.models.graph_regularization import GraphRegularizationModel
from gnn.models.node_models import last_activation


def check_graph(graph: Any) -> None:
    """Raises where a graph cannot be co-trained on.

    Raises:
        TypeError: it is no `gnn.Graph`.

    Example:

    >>> check_graph([[1.0]])
    Traceback (most recent call last):
    ...
    TypeError: graph must be a gnn.Graph, which co-training makes its batches of itself; got list
    """
    if not isinstance(graph, Graph):
        raise TypeError(
            "graph must be a gnn.Graph, which co-training makes its batches of itself; got "
            f"{type(graph).__name__}"
        )


def warn_of_no_validation(splits: Collection[str]) -> None:
    """Warns where a split that was meant for validation is misnamed, or has no labels.

    Args:
        splits: the names of a graph's splits, of which none can validate.

    Example:

    >>> warn_of_no_validation(["train", "test"])
    """
    if any(name.lower().startswith(("val", "dev")) for name in splits):
        warnings.warn(
            f"no node of a split 'validation' has a label, among the splits {list(splits)}: "
            "nothing chooses the best step and the best round, so the last ones are kept",
            stacklevel=4,
        )


def check_classes(labels: np.ndarray) -> None:
    """Raises where an agreement model has nothing to learn: all labels are one.

    Args:
        labels: the known ones, at least one.

    Raises:
        ValueError: as said.

    Example:

    >>> check_classes(np.array([0, 1]))
    """
    if (labels == labels[0]).all():
        raise ValueError(
            "the split 'train' must hold nodes of two classes at least, for an agreement model to "
            f"learn which pairs share one; all {len(labels)} labels are {int(labels[0])}"
        )


def check_classifier(model: Any, what: str = "what classifier_fn returned") -> None:
    """Raises where a model's loss is more than co-training would see of it, or of no logits.

    Raises:
        TypeError: as said.
        ValueError: as said.

    Example:

    >>> check_classifier(keras.layers.Dense(2))
    """
    if isinstance(model, AdversarialRegularizationModel):
        raise TypeError(
            f"{what} is an AdversarialRegularizationModel, whose adversarial losses "
            "are made in its own training step; co-training would leave them out"
        )
    if getattr(model, "pair_weights", None) is not None:
        raise ValueError(
            f"{what} has pair_weights, which must be None: co-training weighs pairs itself, by "
            "pair_weights of its config"
        )
    inner = model.node_model if isinstance(model, GraphRegularizationModel) else model
    if last_activation(inner) is keras.activations.softmax:
        raise ValueError(
            f"{what} ends in a softmax, but co-training needs logits: leave the activation of its "
            "last layer out"
        )
