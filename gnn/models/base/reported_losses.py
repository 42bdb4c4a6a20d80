"""The losses of a step under the names of the history."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from gnn.layers.mean_loss import MeanLossLayer
from gnn.layers.regularization import SPREAD, GraphRegularization
from gnn.models.base.harm import are_of_classes


def with_mean_losses(
    results: dict[str, Any], layers: Sequence[MeanLossLayer], loss: Any = None
) -> dict[str, Any]:
    """Adds the mean losses to `loss`; graph losses are reported beside, and what is without them.

    Args:
        results: the metrics of a model, in which `loss` is the supervised loss.
        layers: what added mean losses.
        loss: what `compile` was given; the spread is shown where outputs are of classes.

    Example:

    >>> layer = GraphRegularization({"multiplier": 0.5})
    >>> layer.tracked.update_state(4.0, 1.0)
    >>> shown = with_mean_losses({"loss": 1.0}, [layer])
    >>> [(name, float(value)) for name, value in shown.items()][:4]
    [('loss', 3.0), ('supervised_loss', 1.0), ('graph_loss', 4.0), ('scaled_graph_loss', 2.0)]
    >>> [(name, float(value)) for name, value in shown.items()][4:]
    [('neighbor_distance', 0.0), ('random_distance', 0.0)]
    """
    if not layers or "loss" not in results:
        return results
    graph_losses, scaled = [], []
    for layer in layers:
        mean = layer.tracked.result()
        if isinstance(layer, GraphRegularization):
            graph_losses.append(mean)
            scaled.append(layer.multiplier * mean)
        else:
            results["loss"] += layer.multiplier * mean
    if graph_losses:
        results["supervised_loss"] = results["loss"]
        results["loss"] += sum(scaled)
        results["graph_loss"] = sum(graph_losses)
        results["scaled_graph_loss"] = sum(scaled)
        for layer in layers:
            if isinstance(layer, GraphRegularization):
                results |= {monitor.name: monitor.result() for monitor in layer.monitors}
                if not are_of_classes(layer, loss):
                    results.pop(SPREAD, None)  # Keras lists every metric.
    return results
