"""Whether a graph loss did harm: outputs that collapsed, edges that join at random."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import keras

from gnn.configs import GraphRegConfig
from gnn.configs.graph import AUTO
from gnn.layers.mean_loss import mean_losses_of
from gnn.layers.regularization import (
    LOGITS,
    NEIGHBOR_DISTANCE,
    RANDOM_DISTANCE,
    SPREAD,
    VALUES,
    GraphRegularization,
)
from gnn.models.base.labeled_rows import is_of_classes

# Before so many steps a model has learned little, with a graph loss or without.
LEAST_STEPS = 100
# docs/graph_loss.md has the spreads and distances of trainings that were better than those without
# a graph, and of trainings that were worse.
LEAST_SPREAD, MOST_OF_RANDOM = 0.04, 0.95


class GraphLossWarning(UserWarning):
    """A graph loss seems to do harm: outputs have collapsed, or the edges join at random."""


def harm_of_graph_loss(
    history: Mapping[str, Sequence[float]], config: GraphRegConfig, *, of_classes: bool = True
) -> str | None:
    """What to warn of after a training with a graph loss, by its last epoch; None for nothing.

    Two things are looked at: whether the class probabilities of different nodes are still apart
    (`spread`), and whether neighbors are nearer than random nodes.

    Args:
        history: of a fit, by key.
        config: of the graph loss.
        of_classes: whether the labels are classes; of others a small spread says nothing.

    Example:

    >>> history = {"spread": [0.5, 0.01], "random_distance": [1.0, 0.1]}
    >>> print(harm_of_graph_loss(history, GraphRegConfig(multiplier=10.0))[:47])
    outputs have collapsed: the class probabilities
    """
    if not config.multiplier or not history.get(RANDOM_DISTANCE):
        return None
    random = float(history[RANDOM_DISTANCE][-1])
    neighbor = float(history.get(NEIGHBOR_DISTANCE, [0.0])[-1])
    if of_classes and history.get(SPREAD) and history[SPREAD][-1] < LEAST_SPREAD:
        return (
            "outputs have collapsed: the class probabilities of different nodes are nearly the "
            f"same, with a spread of {float(history[SPREAD][-1]):.2g} (0: all alike, 1: all "
            f"certain). The graph loss of {_shown(config)} outweighs the labels. "
            f"{_remedy(config)}. If multiplier=0 spreads them no further, it is the features that "
            "tell no classes apart"
        )
    if neighbor > MOST_OF_RANDOM * random > 0:
        found = (
            f"after training, neighbors are {neighbor:.2g} apart and random nodes {random:.2g}, so "
            "the edges say little of what the model predicts"
        )
        if config.multiplier == AUTO:
            return (
                f"the graph does not help: {found}; {_shown(config)} has left the graph loss out, "
                "or nearly so. Prune the edges, as gnn.SessionGraphConfig() does for a log"
            )
        return (
            f"the graph may do harm: {found}, and {_shown(config)}, which pulls neighbors "
            f"together, makes all nodes alike. {_remedy(config)}"
        )
    return None


def harm_to_model(model: keras.Model, history: Mapping[str, Sequence[float]]) -> str | None:
    """What to warn of a model that was trained, as `harm_of_graph_loss` says; None for nothing.

    Args:
        model: compiled; with a graph loss, and trained for `LEAST_STEPS` steps, or it is nothing.
        history: of the fit.
    """
    layers = [each for each in mean_losses_of(model) if isinstance(each, GraphRegularization)]
    if len(layers) != 1 or int(model.optimizer.iterations.numpy()) < LEAST_STEPS:
        return None
    of_classes = are_of_classes(layers[0], model.loss)
    return harm_of_graph_loss(history, layers[0].config, of_classes=of_classes)


def are_of_classes(layer: GraphRegularization, loss: Any) -> bool:
    """Whether the outputs that a graph loss compares are of classes, whose spread says much.

    Logits may be what a model of numbers returns: its loss decides.

    Args:
        layer: of the graph loss.
        loss: what `compile` was given.

    Example:

    >>> layer = GraphRegularization({}, compares="logits")
    >>> are_of_classes(layer, "sparse_categorical_crossentropy"), are_of_classes(layer, "mse")
    (True, False)
    """
    if layer.compares != LOGITS or layer.pair_weights is not None:
        return layer.compares != VALUES
    return is_of_classes(loss)


def _shown(config: GraphRegConfig) -> str:
    multiplier = repr(AUTO) if config.multiplier == AUTO else f"{config.multiplier:g}"
    return f"GraphRegConfig(multiplier={multiplier}, contrast={config.contrast:g})"


def _remedy(config: GraphRegConfig) -> str:
    robust = "" if config.contrast else "contrast=1, with probabilities compared; or "
    smaller = "a fixed and small multiplier, such as 0.1"
    if config.multiplier != AUTO:
        smaller = f"a multiplier below {config.multiplier:g}, or 'auto'"
    return f"Take {robust}{smaller}; or prune the edges, as gnn.SessionGraphConfig() does for a log"
