"""How a run's model is compiled, and what says which epoch was the best."""

from __future__ import annotations

from typing import Any

import keras

from gnn.runs.networks import NETWORKS
from gnn.runs.run_config import RunConfig
from gnn.training.best_epoch import BestEpoch


def compile_model(model: keras.Model, config: RunConfig) -> None:
    """Compiles with Adam, the loss by name, accuracy, and what says which epoch was the best.

    Example:

    >>> model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(2)])
    >>> name = "sparse_categorical_crossentropy"
    >>> compile_model(model, RunConfig(learning_rate=0.1, loss=name))
    """
    losses = {
        "sparse_categorical_crossentropy": lambda: keras.losses.SparseCategoricalCrossentropy(
            from_logits=True
        ),
        "categorical_focal_crossentropy": lambda: keras.losses.CategoricalFocalCrossentropy(
            from_logits=True
        ),
        "categorical_hinge": keras.losses.CategoricalHinge,
    }
    metrics: list[Any] = ["accuracy"]
    if "val_cross_entropy" in _judged_by(config):
        sparse_labels = (config.loss or "sparse").startswith("sparse")
        cross_entropy = (
            keras.metrics.SparseCategoricalCrossentropy
            if sparse_labels
            else keras.metrics.CategoricalCrossentropy
        )
        metrics.append(cross_entropy(name="cross_entropy", from_logits=True))
    model.compile(
        keras.optimizers.Adam(config.learning_rate),
        losses[config.loss or "sparse_categorical_crossentropy"](),
        metrics=metrics,
    )


def best_epoch(config: RunConfig, validates: bool = True) -> BestEpoch:
    """The callback that keeps the best epoch's weights and ends the training.

    Args:
        config: what `resolve` returned.
        validates: whether there are validation data; else the loss of the training decides.

    Example:

    >>> best_epoch(RunConfig(model="sgc", recipe="citation", patience=10)).monitor
    'val_cross_entropy'
    """
    monitor, also = _judged_by(config)
    # The first recipes, which have no ties, have their figures published.
    settled = config.recipe == "citation" and config.model in ("gcn", "graph-regularization", "mlp")
    if not validates:
        return BestEpoch(config.patience or 1, "loss", ties=not settled)
    return BestEpoch(config.patience or 1, monitor, ties=not settled, also=also)


def _judged_by(config: RunConfig) -> tuple[str, str | None]:
    """The metric that says which epoch is the best, and the other that lets a training go on."""
    if config.recipe == "citation" and config.model in NETWORKS:
        return NETWORKS[config.model].judged_by(config.dataset)
    return "val_accuracy", None
