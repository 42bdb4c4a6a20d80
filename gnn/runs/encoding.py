"""Columns of nodes as features of a run, by an encoder that is kept in its folder."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import keras
import numpy as np

from gnn.graphs.graph import Graph
from gnn.graphs.image_files import ImageFiles
from gnn.graphs.image_kinds import channels_of, size_of
from gnn.models.columns.column_encoder import ColumnEncoder
from gnn.runs.data_loading import RunData, image_size
from gnn.runs.run_config import RunConfig
from gnn.runs.run_folder import ENCODER
from gnn.runs.splitting import nodes_to_learn_from
from gnn.tables.typed_table import Texts


def adapted_encoder(config: RunConfig, data: RunData, graph: Graph) -> ColumnEncoder | None:
    """An encoder of the data's columns, adapted on what the run may learn from.

    Args:
        config: of the run.
        data: as they were read.
        graph: the same with all splits.

    Returns:
        The encoder; None where the data have no columns.

    Raises:
        ValueError: nothing comes of the columns.
    """
    if data.table is None:
        return None
    encoder = ColumnEncoder(data.table.schema, **_images(config, data))
    encoder.adapt(data.table, nodes_to_learn_from(graph), root=data.root)
    return encoder


def _images(config: RunConfig, data: RunData) -> dict[str, Any]:
    """The size and the channels of images: those asked for, or else by some of the images."""
    assert data.table is not None
    cells = [data.table.columns[name] for name in data.table.schema.of_type("image")]
    paths = [path for each in cells if isinstance(each, Texts) for path in each.text().tolist()]
    if not paths:
        return {}
    size = image_size(config)
    return {
        "image_size": size_of(paths, data.root) if size is None else size,
        "image_channels": config.image_channels or channels_of(paths, data.root),
    }


def read_encoder(run: Path) -> ColumnEncoder | None:
    """The encoder in the folder of a run; None of one that has none."""
    path = run / ENCODER
    return keras.models.load_model(path) if path.is_file() else None


def encoded(graph: Graph, data: RunData, encoder: ColumnEncoder | None) -> Graph:
    """A graph with the features that an encoder makes of the cells of its nodes.

    Args:
        graph: the nodes.
        data: their cells.
        encoder: None leaves the features as they are.
    """
    if encoder is None or data.table is None:
        return graph
    return dataclasses.replace(graph, features=encoder.encode(data.table, root=data.root))


def filled_in(data: RunData) -> list[str]:
    """Of each node the columns that an encoder fills, broken images among them."""
    assert data.table is not None
    filled = data.table.filled()
    for name in data.table.schema.of_type("image"):
        files = data.graph.features[name]
        assert isinstance(files, ImageFiles)
        if (files.ok < 0).any():
            files.check()
        broken = (files.ok == 0) & ~data.table.gaps(name)
        for row in np.flatnonzero(broken).tolist():
            filled[row] = " ".join(sorted([*filled[row].split(), name]))
    return filled
