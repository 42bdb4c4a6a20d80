"""What a training starts from: data that are read, divided and encoded, and what was left open."""

from __future__ import annotations

import dataclasses
import warnings
from pathlib import Path

from gnn.datasets.columns.column_notes import ignored_notes
from gnn.datasets.node_schema import NodeSchema
from gnn.graphs.graph import Graph
from gnn.graphs.splits import check_apart
from gnn.models.columns.column_encoder import ColumnEncoder
from gnn.runs.class_weighing import weighing_note
from gnn.runs.config_files import OptionError
from gnn.runs.data_loading import RunData, load_data
from gnn.runs.edge_checks import told_of_edges
from gnn.runs.encoding import adapted_encoder, encoded, read_encoder
from gnn.runs.image_checks import told_of_images
from gnn.runs.log_graph import describe_log
from gnn.runs.recipes import resolve
from gnn.runs.run_config import RunConfig
from gnn.runs.run_data import DataFacts, check_features, check_labels, stored_facts
from gnn.runs.splitting import complete_splits, fold_splits
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
    """

    graph: Graph
    facts: DataFacts
    config: RunConfig
    encoder: ColumnEncoder | None
    notes: list[str]


def prepare(config: RunConfig, run: Path | None) -> Prepared:
    """Reads the data, completes their splits, encodes their columns and resolves the configuration.

    Args:
        config: with a data set or data, and a model.
        run: the folder of a run that is carried on, as which they are read and encoded; or None.

    Raises:
        FileNotFoundError: there are no such data.
        ValueError: they cannot be trained on, an option does not fit, or they have changed since
            the run was begun.
    """
    columns = None if run is None else stored_facts(run).columns
    _check_fold(config)
    # Whether words are normalized when they are read is up to the recipe: ask it with few data.
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", TableWarning)
        data = _read(config, columns, run)
        name = config.dataset or config.data or "the data"
        check_labels(data.graph, name)
        completed, notes = _completed(data.graph, config)
        check_apart(completed.splits, "train", ("validation", "test"))
        if run is None:
            encoder = adapted_encoder(config, data, completed)
        else:
            encoder = read_encoder(run, stored_facts(run))
        graph = encoded(data.graph, data, encoder)
        check_features(graph, name)
        completed = dataclasses.replace(completed, features=graph.features)
        resolved = resolve(config, completed, encoded=encoder is not None)
        if resolved.scaling == "rows" and config.scaling != "rows":
            data = load_data(resolved, run=run)
            graph = data.graph
            completed, notes = _completed(graph, resolved)
    facts = DataFacts.of(graph, data.columns)
    told = [str(warning.message) for warning in caught]
    told += [data.graph.notes[key] for key in ("tables",) if key in data.graph.notes]
    told += ignored_notes(data.columns)
    weighing = weighing_note(resolved, completed, facts.class_names)
    told += [] if weighing is None else [weighing]
    told += [*told_of_images(graph, data, bool(config.strict)), *describe_log(graph), *notes]
    if config.model != "mlp":
        told += told_of_edges(completed)
    return Prepared(completed, facts, resolved, encoder, told)


def _check_fold(config: RunConfig) -> None:
    if (config.folds is None) != (config.fold is None):
        missing = "folds" if config.folds is None else "fold"
        raise OptionError(
            f"folds and fold go together, and {missing} is missing; gnn.runs.train_series, and "
            "`gnn train --folds`, train a run for each fold"
        )
    if config.folds is not None and config.fold is not None and config.fold >= config.folds:
        raise OptionError(f"fold must be below folds, {config.folds}, got {config.fold}")


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


def _completed(graph: Graph, config: RunConfig) -> tuple[Graph, list[str]]:
    share = {
        name: value
        for name in ("validation_share", "test_share")
        if (value := getattr(config, name)) is not None
    }
    seed = (config.seed or 0) if config.split_seed is None else config.split_seed
    completed, notes = complete_splits(graph, **share, seed=seed)
    if config.folds is None:
        return completed, notes
    completed, note = fold_splits(completed, config.folds, config.fold or 0, seed=seed)
    return completed, [*notes, note]
