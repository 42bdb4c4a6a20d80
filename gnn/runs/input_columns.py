"""The features of nodes side by side inside a run's model: scaled, and images through a network."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
from scipy import sparse

from gnn.graphs.graph import Graph
from gnn.layers.image_backbone import SMALL, image_backbone
from gnn.runs.run_config import RunConfig


def image_names(graph: Graph) -> list[str]:
    """The features that are images: uint8 `[n, height, width, 1 or 3]`.

    Example:

    >>> image_names(Graph.from_edges([], [], {"image": np.zeros((2, 8, 8, 1), np.uint8)}))
    ['image']
    """
    return [
        name
        for name, feature in graph.features.items()
        if feature.dtype == np.uint8 and feature.ndim == 4 and feature.shape[3] in (1, 3)
    ]


def input_columns(config: RunConfig, graph: Graph) -> tuple[Any, keras.KerasTensor]:
    """The inputs of a node model by the features' names, and their columns side by side.

    Args:
        config: resolved: `scaling`, and `backbone` where there are images.
        graph: how wide features are, and what standardizes them.
    """
    images = image_names(graph)
    inputs, columns = {}, []
    for name, feature in graph.features.items():
        if name in images:
            inputs[name] = keras.Input(feature.shape[1:], dtype="uint8", name=name)
            # Names with a hyphen: no feature has one, and no layer may be called like a feature.
            backbone = image_backbone(
                config.backbone or SMALL, config.backbone_weights, f"backbone-{name}"
            )
            columns.append(backbone(inputs[name]))
            continue
        inputs[name] = keras.Input(feature.shape[1:], sparse=sparse.issparse(feature), name=name)
        scaled = config.scaling == "standardize"
        columns.append(_standardization(graph, name)(inputs[name]) if scaled else inputs[name])
    joined = (
        columns[0] if len(columns) == 1 else keras.layers.Concatenate(name="side-by-side")(columns)
    )
    return (next(iter(inputs.values())) if len(inputs) == 1 else inputs), joined


def _standardization(graph: Graph, name: str) -> keras.layers.Layer:
    """A Normalization by the nodes that the run may learn from: all but those it is judged on."""
    held_out = [graph.splits[split] for split in ("validation", "test") if split in graph.splits]
    nodes = np.arange(graph.num_nodes)
    if held_out:
        nodes = np.setdiff1d(nodes, np.concatenate(held_out))
    rows = graph.features[name][nodes].astype(np.float64)
    variance = rows.var(axis=0)
    mean = rows.mean(axis=0)
    # A column that is constant here may vary later: shift it, and leave its scale alone. What
    # float32 makes of a constant is off by up to 6e-8 of it.
    variance[variance <= (1e-7 * mean) ** 2] = 1.0
    return keras.layers.Normalization(
        mean=mean.astype(np.float32), variance=variance.astype(np.float32), name=f"scaled-{name}"
    )
