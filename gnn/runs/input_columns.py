"""The features of nodes side by side inside a run's model: scaled, and images through a network."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
from scipy import sparse

from gnn.graphs.graph import Graph
from gnn.layers.image_backbone import SMALL, image_backbone
from gnn.models.columns.standardizing import usable_variance
from gnn.runs.run_config import RunConfig
from gnn.runs.splitting import nodes_to_learn_from


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


def input_columns(config: RunConfig, graph: Graph) -> tuple[Any, list[keras.KerasTensor]]:
    """The inputs of a node model by the features' names, and the columns of each.

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
    return (next(iter(inputs.values())) if len(inputs) == 1 else inputs), columns


def side_by_side(columns: list[keras.KerasTensor]) -> keras.KerasTensor:
    """Columns as one tensor."""
    return (
        columns[0] if len(columns) == 1 else keras.layers.Concatenate(name="side-by-side")(columns)
    )


def input_model(config: RunConfig, graph: Graph) -> keras.Model:
    """A model from features to their columns side by side.

    Args:
        config: as in `input_columns`.
        graph: likewise.
    """
    inputs, columns = input_columns(config, graph)
    return keras.Model(inputs, side_by_side(columns))


def _standardization(graph: Graph, name: str) -> keras.layers.Layer:
    """A Normalization by the nodes that the run may learn from: all but those it is judged on."""
    nodes = nodes_to_learn_from(graph)
    rows = graph.features[name][nodes].astype(np.float64)
    variance = rows.var(axis=0)
    mean = rows.mean(axis=0)
    variance = usable_variance(mean, variance)
    return keras.layers.Normalization(
        mean=mean.astype(np.float32), variance=variance.astype(np.float32), name=f"scaled-{name}"
    )
