"""The temperature of a run's probabilities: fitted on validation, and served where asked for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from gnn.evaluation.temperature import fit_temperature
from gnn.graphs.graph import Graph
from gnn.models.inference.layerwise_evaluation import judged_nodes
from gnn.runs.config_files import OptionError
from gnn.runs.run_config import RunConfig

# Of fewer nodes a temperature is told as a guess.
FEW_NODES = 100


def check_calibrates(config: RunConfig, graph: Graph) -> None:
    """Raises where probabilities are to be calibrated, and nothing can be asked how sure to be.

    Raises:
        OptionError: as said.

    Example:

    >>> check_calibrates(RunConfig(calibrate=False), Graph.from_edges([0], [1]))
    """
    if config.calibrate and "validation" not in graph.splits:
        raise OptionError(
            "calibrate fits a temperature on validation nodes, and the data have none: add a split "
            "'validation', or leave calibrate out"
        )


def temperature_on(logits: np.ndarray, graph: Graph, split: str) -> dict[str, Any] | None:
    """The temperature by a split, and by how many nodes; None where logits are not finite.

    Args:
        logits: `[n, num_classes]`, of the split's labeled nodes in their order.
        graph: with labels.
        split: its name.

    Example:

    >>> graph = Graph.from_edges([], [], labels=[0, 1], splits={"validation": [0, 1]})
    >>> temperature_on(np.zeros([2, 2]), graph, "validation")
    {'temperature': 1.0, 'nodes': 2}
    """
    assert graph.labels is not None
    labels = graph.labels[judged_nodes(graph, split)]
    if not np.isfinite(logits).all():
        return None
    return {"temperature": fit_temperature(logits, labels), "nodes": len(labels)}


def known_temperature(metrics: Mapping[str, Any]) -> float | None:
    """The temperature that a run has found; None in runs of old, and where none was found.

    Example:

    >>> known_temperature({"calibration": {"temperature": 2.0, "nodes": 500}})
    2.0
    """
    found = metrics.get("calibration")
    return None if found is None else float(found["temperature"])


def served_temperature(config: RunConfig, metrics: Mapping[str, Any]) -> float:
    """What logits are divided by before the probabilities that a run serves and predicts.

    Example:

    >>> found = {"calibration": {"temperature": 2.0, "nodes": 500}}
    >>> served_temperature(RunConfig(), found), served_temperature(RunConfig(calibrate=True), found)
    (1.0, 2.0)
    """
    return (known_temperature(metrics) or 1.0) if config.calibrate else 1.0
