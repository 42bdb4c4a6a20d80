"""The data set or the folder that a configuration names, as a graph with the cells of its nodes."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from gnn.configs.sessions import SessionGraphConfig
from gnn.datasets.digits import digits
from gnn.datasets.formats.file_format import FileFormat
from gnn.datasets.from_folder import read_folder
from gnn.datasets.groceries import groceries
from gnn.datasets.image_folder import from_image_folder, is_image_folder
from gnn.datasets.node_schema import NodeSchema
from gnn.datasets.planetoid import planetoid
from gnn.datasets.reading import TABLES, find_format, read
from gnn.graphs.graph import Graph
from gnn.runs.config_files import OptionError, read_options
from gnn.runs.data_options import EDGE_COLUMNS, OF_FOLDER, PLANETOID, TIMES
from gnn.runs.log_graph import read_log_graph
from gnn.runs.run_config import NETWORK_NAMES, RunConfig
from gnn.tables.schema import Column, Schema
from gnn.tables.typed_table import Texts, TypedTable

# The column of a folder of images.
_IMAGE = "image"
_ROLES = ("nodes", "labels", "sessions", "edges")


@dataclasses.dataclass(frozen=True, eq=False)
class RunData:
    """A graph, and what else is known of its nodes.

    Attributes:
        graph: its features are those that need no encoder.
        columns: what the table of nodes holds; None for a named data set.
        table: the cells of its features; None likewise, and where no column is one.
        root: the folder that paths of images are relative to.
        ids: of the rows, where they need not be distinct; None takes those of the graph.
    """

    graph: Graph
    columns: NodeSchema | None = None
    table: TypedTable | None = None
    root: Path | None = None
    ids: list[str] | None = None


def load_data(
    config: RunConfig,
    columns: NodeSchema | None = None,
    labels: bool = True,
    run: Path | None = None,
) -> RunData:
    """Reads the data set or the folder that a configuration names.

    Args:
        config: with `dataset` or `data`.
        columns: the columns of the folder that a model was trained on.
        labels: whether the labels and splits of a folder are read, and so have to be right.
        run: the folder of a run that is there, whole or partial, by which a log is read as it was
            for that: one without `session_config` is of before, and counted. Where nothing has
            changed, the edges are those that it has kept. Tables that the run named and that are
            not in the folder are looked for.

    Returns:
        The graph, and what is known of its nodes.

    Raises:
        FileNotFoundError: there are no such files.
        ValueError: not one of `dataset` and `data`, a `session_config` and no log, or as
            `gnn.datasets.from_folder`.

    Warns:
        TableWarning: for malformed rows and columns left out.
    """
    if (config.dataset is None) == (config.data is None):
        raise ValueError("one of dataset and data must be given, a name or a folder")
    if config.dataset is not None:
        _check_has_log(config, False)
        for name in (*_ROLES, *EDGE_COLUMNS, *TIMES, "columns", "exclude", "schema"):
            if getattr(config, name) is not None:
                raise OptionError(f"{name} is for a folder, and {config.dataset!r} is a data set")
        return RunData(named_data(config.dataset, normalize=config.scaling == "rows"))
    graph = _of_a_format(config)
    if graph is not None:
        _check_has_log(config, False)
        return RunData(graph)
    if is_image_folder(config.data or ""):
        _check_has_log(config, False)
        return _images(config, columns, labels)
    is_of_before = run is not None and config.session_config is None
    folder = Path(config.data or "")
    tables: dict[str, Any] = {name: getattr(config, name) for name in _ROLES}
    if run is not None:
        tables = {k: v for k, v in tables.items() if v is not None and (folder / v).is_file()}
    tables["labels"] = (tables.get("labels") or True) if labels else False
    found = read_folder(
        folder,
        strict=bool(config.strict),
        undirected=not config.directed,
        columns=columns,
        label_kind=config.label_kind,
        session_config=SessionGraphConfig("count") if is_of_before else config.session_config,
        built=None if run is None else read_log_graph(run),
        schema=None if columns is not None else schema_of(config),
        exclude=() if columns is not None else config.exclude or (),
        source_column=config.source_column,
        target_column=config.target_column,
        weight_column=config.weight_column,
        **{name: getattr(config, name) for name in TIMES},
        **tables,
    )
    if run is None:
        _check_has_log(config, "log" in found.graph.notes)
        _check_time_column(config, "log" in found.graph.notes)
        for name in EDGE_COLUMNS if found.tables.edges is None else ():
            if getattr(config, name) is not None:
                raise OptionError(
                    f"{name} is for a table of edges, and {config.data!r} has none; got "
                    f"{getattr(config, name)!r}"
                )
    table = found.table if found.columns.schema.features else None
    return RunData(found.graph, found.columns, table, found.folder)


def with_absolute_paths(config: RunConfig) -> RunConfig:
    """The folder and the tables outside of it by where they are; those in it by their names.

    Example:

    >>> config = RunConfig(data="/shop", nodes="/shop/items.csv", edges="/logs/e.csv")
    >>> config = with_absolute_paths(config)
    >>> config.data, config.nodes, config.edges
    ('/shop', 'items.csv', '/logs/e.csv')
    """
    is_network = config.teacher in (None, *NETWORK_NAMES)
    if config.teacher is not None and not is_network and os.path.isdir(config.teacher):
        config = dataclasses.replace(config, teacher=os.path.abspath(config.teacher))
    if config.data is None:
        return config
    data = os.path.abspath(config.data)
    placed: dict[str, Any] = {"data": data}
    for role in _ROLES:
        name = getattr(config, role)
        if name is not None:
            if os.path.isfile(name) and not os.path.isfile(os.path.join(data, name)):
                name = os.path.abspath(name)
            if os.path.isabs(name) and Path(name).is_relative_to(data):
                name = os.path.relpath(name, data)
        placed[role] = name
    return dataclasses.replace(config, **placed)


def of_folder(config: RunConfig, data: str) -> RunConfig:
    """What a run reads of another folder: tables outside of its own one have no place there.

    Its edges may be later than those that the run was trained on.

    Example:

    >>> config = of_folder(RunConfig(data="/a", nodes="/b/items.csv", edges="links.csv"), "/c")
    >>> config.data, config.nodes, config.edges
    ('/c', None, 'links.csv')
    """
    named = {role: getattr(config, role) for role in _ROLES}
    away = {role: None for role, name in named.items() if name is not None and os.path.isabs(name)}
    return dataclasses.replace(config, dataset=None, data=data, until=None, **away)


def _of_a_format(config: RunConfig) -> Graph | None:
    """The graph of a graph folder, or of a format of the field; None of tables and images.

    What says how tables are read makes tables of it.
    """
    path = Path(config.data or "")
    # A run that is there has `strict`, which is False unless somebody has said otherwise.
    given = (getattr(config, name) for name in OF_FOLDER)
    if not path.exists() or any(value is not None and value is not False for value in given):
        return None
    try:
        found = find_format(path)
    except (
        ValueError
    ):  # More files than a format has, or of several: tables, or an error of theirs.
        return None
    if found == TABLES or (isinstance(found, FileFormat) and found.kind == "log"):
        return None
    graph = read(path)
    if not isinstance(graph, Graph):
        raise ValueError(
            f"{str(path)!r} holds many graphs, and a run learns from one: train a "
            "gnn.GraphClassifier in Python"
        )
    return graph


def schema_of(config: RunConfig) -> Schema | None:
    """What the options say of columns: those that are given over those of the file.

    Raises:
        FileNotFoundError: there is no such file.
        OptionError: it says what no schema can.

    Example:

    >>> schema_of(RunConfig(columns={"price": "number"})).of_type("number")
    ['price']
    """
    if config.schema is None:
        return None if config.columns is None else Schema.of(config.columns)
    try:
        values = read_options(config.schema)
        held = values.get("columns")
        # As schema.json of a SavedModel has it; a column may be called so, too.
        if isinstance(held, Mapping) and "type" not in held:
            values = {name: _of_column(value) for name, value in held.items()}
        in_file = Schema.of(values)
    except (TypeError, ValueError) as error:
        text, name = str(error), os.fspath(config.schema)
        raise OptionError(text if text.startswith(name) else f"{name}: {text}") from error
    return Schema.of(config.columns).over(in_file)


def _of_column(value: Any) -> Any:
    """What a served schema says of a column, without what it says of its input."""
    if not isinstance(value, Mapping):
        return value
    return {key: what for key, what in value.items() if key not in ("input", "dtype", "shape")}


def named_data(name: str, normalize: bool = True) -> Graph:
    """A named data set.

    Args:
        name: one of `gnn.runs.data_options.DATASETS`.
        normalize: whether the words of each paper of a citation graph are made to sum to 1.
    """
    if name in PLANETOID:
        return planetoid(name, normalize=normalize)
    return digits() if name == "digits" else groceries()


def _images(config: RunConfig, columns: NodeSchema | None, labels: bool) -> RunData:
    """A folder of images as a table of one column of their paths, for an encoder to read."""
    folder = config.data or ""
    if columns is not None and columns.schema.features != [_IMAGE]:
        raise ValueError(
            f"the run was trained on the columns {columns.schema.features}, and {folder!r} is a "
            "folder of images"
        )
    graph = from_image_folder(
        folder,
        size=(1, 1),
        channels=1,
        labels="subfolders" if labels else None,
        class_names=None if columns is None else columns.class_names,
        check=False,
    )
    assert graph.ids is not None
    types = {"id": Column("id", reason="their paths"), _IMAGE: Column("image", reason="all images")}
    schema = Schema.of(types)
    names = graph.class_names or ()
    found = columns or NodeSchema(schema, graph.class_names, len(names))
    table = TypedTable(schema, {_IMAGE: Texts.of(graph.ids.tolist())}, graph.num_nodes)
    graph = dataclasses.replace(graph, features={})
    return RunData(graph, found, table, Path(os.path.abspath(folder)))


def image_size(config: RunConfig) -> tuple[int, int] | None:
    """The height and width that images get; None where nobody has said.

    Raises:
        OptionError: they are not one or two numbers.

    Example:

    >>> image_size(RunConfig(image_size=[28]))
    (28, 28)
    """
    sides = config.image_size
    if sides is None:
        return None
    if len(sides) > 2:
        raise OptionError(f"image_size must be one or two numbers, got {list(sides)}")
    return sides[0], sides[-1]


def _check_has_log(config: RunConfig, has_log: bool) -> None:
    if config.session_config is not None and not has_log:
        raise OptionError(
            f"session_config is for a log, sessions.csv, and {config.dataset or config.data!r} has "
            f"none; got {config.session_config}"
        )


def _check_time_column(config: RunConfig, has_log: bool) -> None:
    is_used = has_log or config.half_life is not None or config.until is not None
    if config.time_column is not None and not is_used:
        raise OptionError(
            f"time_column is for half_life and until, or a log; got {config.time_column!r} alone"
        )
