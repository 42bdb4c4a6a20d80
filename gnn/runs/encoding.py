"""Columns of nodes as features of a run, by an encoder that is kept in its folder."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import keras
import numpy as np

from gnn.datasets.node_schema import NodeSchema
from gnn.graphs.batch.keys import RESERVED_KEYS
from gnn.graphs.graph import Graph
from gnn.graphs.image_files import ImageFiles
from gnn.graphs.image_kinds import channels_of, size_of
from gnn.models.columns.column_encoder import FEATURES, TOKENS, ColumnEncoder, image_features
from gnn.models.input_names import input_names
from gnn.runs.data_loading import RunData, image_size
from gnn.runs.run_config import RunConfig
from gnn.runs.run_data import DataFacts
from gnn.runs.run_folder import ENCODER
from gnn.runs.splitting import nodes_to_learn_from
from gnn.tables.schema import Schema
from gnn.tables.typed_table import Texts, TypedTable

# Where `gnn.datasets.from_folder` puts numbers.
_STACKED = "features"


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


def read_encoder(run: Path, facts: DataFacts) -> ColumnEncoder | None:
    """The encoder in the folder of a run; None of one that has none.

    Args:
        run: the folder, whole or partial.
        facts: what the run knows of its data.

    Raises:
        FileNotFoundError: the features of the run came of an encoder, and it is not there.
    """
    path = run / ENCODER
    if path.is_file():
        return keras.models.load_model(path)
    # Before there were encoders, numbers lay in one feature, and each vector in its own.
    images = image_features(Schema() if facts.columns is None else facts.columns.schema)
    made = {FEATURES, TOKENS, *images.values()}
    if facts.columns is not None and facts.features.keys() <= made:
        raise FileNotFoundError(
            f"{str(run)!r} has no {ENCODER}, of which the features of the run came"
        )
    return None


def cells_of_features(graph: Graph, columns: NodeSchema) -> TypedTable:
    """The cells of a graph that `gnn.datasets.from_folder`, or another, made of numbers alone.

    Args:
        graph: with the columns of numbers and truths in `"features"`, in their order, perhaps with
            flags of gaps behind, which the note `"flags"` names, and each vector under its name.
        columns: those that the cells are of.

    Raises:
        ValueError: there are columns that are no numbers, or features are missing or of another
            width.

    Example:

    >>> graph = Graph.from_edges([], [], np.array([[5.0, 1.0], [7.0, 0.0]]))
    >>> graph = dataclasses.replace(graph, notes={"flags": ["price"]})
    >>> from gnn.tables.schema import Schema
    >>> columns = NodeSchema(Schema.of({"price": "number"}))
    >>> cells_of_features(graph, columns).columns["price"].tolist()
    [nan, 7.0]
    """
    schema, numbers = columns.schema, columns.numbers
    others = [name for name in schema.features if name not in {*numbers, *columns.lists}]
    if others:
        raise ValueError(
            f"the run was trained on columns that a graph does not hold, such as {others[0]!r}: "
            "give the folder or the table that they are in"
        )
    found: dict[str, Any] = {}
    flags = list(graph.notes.get("flags", ()))
    widths = (len(numbers), len(numbers) + len(flags))
    stacked = graph.features.get(_STACKED, np.zeros((graph.num_nodes, 0), np.float32))
    if stacked.ndim != 2 or stacked.shape[1] not in widths:
        raise ValueError(
            f"the run was trained on the columns {list(numbers)}, which are the feature "
            f"'features' of shape [{widths[0]}] a node; these data have "
            f"{ {name: list(value.shape[1:]) for name, value in graph.features.items()} }"
        )
    for place, name in enumerate(numbers):
        values = np.array(stacked[:, place], np.float32)
        if stacked.shape[1] > len(numbers) and name in flags:
            flag = len(numbers) + flags.index(name)
            values[stacked[:, flag] > 0] = np.nan
        is_truth = schema.columns[name].type == "boolean"
        found[name] = _as_truths(values) if is_truth else values
    for name, length in columns.lists.items():
        if name not in graph.features or graph.features[name].shape[1:] != (length,):
            raise ValueError(
                f"the run was trained on the feature {name!r} of shape [{length}] a node"
            )
        found[name] = np.asarray(graph.features[name], np.float32)
    return TypedTable(schema, found, graph.num_nodes)


def _as_truths(values: np.ndarray) -> Texts:
    texts = np.where(np.isnan(values), "", np.where(values > 0.5, "true", "false"))
    return Texts.of(texts.tolist())


def served_inputs(encoder: ColumnEncoder | None) -> dict[str, str] | None:
    """Each column's input in the SavedModel; None without an encoder."""
    return None if encoder is None else input_names(encoder.raw_specs(), taken=RESERVED_KEYS)


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
    broken = {}
    for name, feature in image_features(data.table.schema).items():
        files = data.graph.features[feature]
        assert isinstance(files, ImageFiles)
        broken[name] = files.ok == 0
    return data.table.filled(broken)
