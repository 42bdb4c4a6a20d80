"""What a training starts from: data that are read, divided and encoded, and what was left open."""

from __future__ import annotations

import dataclasses
import functools
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

from gnn.datasets.columns.column_notes import ignored_notes
from gnn.datasets.node_schema import NodeSchema
from gnn.graphs.graph import Graph
from gnn.graphs.splits import check_apart
from gnn.models.columns.column_encoder import ColumnEncoder
from gnn.runs.carried_splits import Division, carried_splits
from gnn.runs.class_weighing import weighing_note
from gnn.runs.data_loading import RunData, load_data
from gnn.runs.distilled_settings import check_teacher
from gnn.runs.edge_checks import told_of_edges
from gnn.runs.encoding import adapted_encoder, encoded, read_encoder
from gnn.runs.image_checks import told_of_images
from gnn.runs.log_graph import describe_log
from gnn.runs.recipes import resolve
from gnn.runs.run_config import RunConfig
from gnn.runs.run_data import (
    DataFacts,
    check_features,
    check_labels,
    stored_facts,
    with_splits_of,
)
from gnn.runs.run_folder import SPLITS
from gnn.runs.splitting import check_fold, complete_splits, fold_splits, seed_of_splits
from gnn.runs.starting import Start, check_no_folds, started_data
from gnn.runs.time_splitting import check_node_time, node_times, split_by_time
from gnn.tables.problems import TableWarning


@dataclasses.dataclass(frozen=True, eq=False)
class Prepared:
    """What a training starts from.

    Attributes:
        graph: encoded, with all splits.
        facts: what is known of the data.
        config: resolved.
        encoder: of the columns of nodes; None where there are none.
        notes: what was done, a line each.
        start: the run whose weights it begins with, if there is one.
    """

    graph: Graph
    facts: DataFacts
    config: RunConfig
    encoder: ColumnEncoder | None
    notes: list[str]
    start: Start | None = None


def prepare(
    config: RunConfig, run: Path | None, stage: Callable[[str], None] | None = None
) -> Prepared:
    """Reads the data, completes their splits, encodes their columns and resolves the configuration.

    Args:
        config: with a data set or data, and a model.
        run: the folder of a run that is carried on, as which they are read and encoded; or None.
        stage: is told what is done next.

    Raises:
        FileNotFoundError: there are no such data.
        ValueError: they cannot be trained on, an option does not fit, or they have changed since
            the run was begun.
    """
    check_fold(config.folds, config.fold)
    check_no_folds(config)
    check_node_time(config)
    facts = None if run is None else stored_facts(run)
    start = None if config.start_from is None else Start.of(config.start_from)
    columns = facts.columns if facts is not None else None if start is None else start.columns
    if run is None:  # A run that is carried on has what its teacher said.
        check_teacher(config)
    # Whether words are normalized when they are read is up to the recipe: ask it with few data.
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", TableWarning)
        name = config.dataset or config.data or "the data"
        if stage is not None:
            stage(f"reading {name}")
        data = _read(config, columns, run)
        if start is not None:
            data = started_data(data, start.classes if facts is None else facts.class_names)
        check_labels(data.graph, name)
        completed, notes = _completed(data, config, start, run)
        check_apart(completed.splits, "train", ("validation", "test"))
        if stage is not None and data.table is not None:
            stage("encoding columns")
        if run is not None and facts is not None:
            encoder = read_encoder(run, facts)
        elif start is not None:
            encoder = start.encoder(data, completed)
        else:
            encoder = adapted_encoder(config, data, completed)
        graph = encoded(data.graph, data, encoder)
        check_features(graph, name)
        completed = dataclasses.replace(completed, features=graph.features)
        resolved = resolve(config, completed, encoded=encoder is not None)
        if resolved.scaling == "rows" and config.scaling != "rows":
            data = load_data(resolved, run=run)
            graph = data.graph
            completed, notes = _completed(data, resolved, start, run)
    found = DataFacts.of(graph, data.columns)
    told = [str(warning.message) for warning in caught]
    told += [data.graph.notes[key] for key in ("tables",) if key in data.graph.notes]
    told += ignored_notes(data.columns)
    weighing = weighing_note(resolved, completed, found.class_names)
    told += [] if weighing is None else [weighing]
    told += [*told_of_images(graph, data, bool(config.strict)), *describe_log(graph), *notes]
    if config.model != "mlp":
        told += told_of_edges(completed)
    told += [] if start is None else start.lines(data, graph, encoder)
    return Prepared(completed, found, resolved, encoder, told, start)


def _read(config: RunConfig, columns: NodeSchema | None, run: Path | None) -> RunData:
    try:
        return load_data(config, columns, run=run)
    except ValueError as error:
        if run is None:
            raise
        raise ValueError(
            f"cannot resume {str(run)!r}: the data have changed since it was begun: {error}. Start "
            "anew with overwrite"
        ) from error


def _completed(
    data: RunData, config: RunConfig, start: Start | None, run: Path | None
) -> tuple[Graph, list[str]]:
    share: dict[str, Any] = {
        name: value
        for name in ("validation_share", "test_share")
        if (value := getattr(config, name)) is not None
    }
    graph = data.graph
    seed = seed_of_splits(config)
    divide: Division = functools.partial(complete_splits, **share, seed=seed)
    if config.split == "time":
        name, times = node_times(data, config.node_time)
        divide = functools.partial(split_by_time, name=name, times=times, **share)
        graph = dataclasses.replace(graph, splits={})
    if start is not None:
        if run is not None:  # What was new is divided once.
            return with_splits_of(run / SPLITS, graph), []
        return carried_splits(graph, start.splits, divide)
    completed, notes = divide(graph)
    if "train" not in completed.splits:
        raise ValueError(f"training needs nodes to train on, and there are none: {notes[-1]}")
    if config.folds is None:
        return completed, notes
    completed, note = fold_splits(completed, config.folds, config.fold or 0, seed=seed)
    return completed, [*notes, note]
