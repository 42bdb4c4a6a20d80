"""The subcommands: each calls one function of `gnn.runs` and says what to print.

What takes long to import is imported by the function that uses it.
"""

from __future__ import annotations

import argparse
import dataclasses
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gnn.cli import choosing, searching
from gnn.cli.graph_sources import OF_LOG, OF_VECTORS, graph_config
from gnn.cli.options import options_of
from gnn.cli.results import Result, say
from gnn.cli.session_options import NOT_OF_DATA, NOT_OF_TRAINING, session_options_of
from gnn.configs.neighbors import NeighborGraphConfig
from gnn.runs.config_files import OptionError
from gnn.runs.data_options import OF_FOLDER
from gnn.runs.run_config import EXACT, MODELS, RunConfig, read_config_file

if TYPE_CHECKING:
    from gnn.graphs.graph import Graph


def datasets(arguments: argparse.Namespace) -> Result:
    """Lists the named data sets."""
    from gnn.runs.catalog import catalog

    entries = catalog()
    lines = [
        f"{entry.name:<10} {'here' if entry.is_here else 'to download':<12} {entry.about}"
        for entry in entries
    ]
    return Result([dataclasses.asdict(entry) for entry in entries], "\n".join(lines))


def info(arguments: argparse.Namespace) -> Result:
    """Describes data or a run."""
    from gnn.runs.catalog import describe
    from gnn.runs.data_loading import load_data
    from gnn.runs.path_info import about_columns, about_graph, describe_path
    from gnn.tables.opening import SUFFIXES
    from gnn.tables.text_files import suffix_of

    fields = session_options_of(arguments, NOT_OF_DATA)
    given = {name: value for name in OF_FOLDER if (value := getattr(arguments, name)) is not None}
    path, tables, found = arguments.path, arguments.data, None
    flags = {**dict.fromkeys(fields, "log"), **dict.fromkeys(given, "tables")}
    is_tables = path is not None and (Path(path).is_dir() or suffix_of(Path(path)) in SUFFIXES)
    if path is not None and (is_tables or not flags):
        found = describe_path(path)
        tables = path if found is None else None
    for name, what in flags.items():
        if tables is None:
            flag = "column" if name == "columns" else name.replace("_", "-")
            raise OptionError(f"--{flag} is for the {what} of a folder, and needs --data FOLDER")
    if found is not None:
        return Result(*found)
    config = RunConfig(
        dataset=arguments.dataset,
        data=tables,
        session_config=fields or None,
        scaling="none",
        **given,
    )
    read = load_data(config)
    columns = read.columns
    data = describe(read.graph)
    if columns is not None:
        data["columns"] = columns.schema.to_dict()
    return Result(data, "\n".join(filter(None, [about_graph(read.graph), about_columns(columns)])))


def convert(arguments: argparse.Namespace) -> Result:
    """Writes what is in a format of the field as a graph folder."""
    from gnn.datasets.formats.labeled_graphs import LabeledGraphs
    from gnn.datasets.reading import read
    from gnn.files import check_replaceable
    from gnn.graphs.storage.graph_files import write_graph
    from gnn.graphs.storage.graph_writer import KIND

    check_replaceable(arguments.output, KIND, overwrite=arguments.overwrite)
    graph = read(
        arguments.path,
        arguments.format,
        undirected=arguments.undirected,
        label=arguments.label,
        merge=arguments.merge,
    )
    if isinstance(graph, LabeledGraphs):
        raise ValueError(
            f"{arguments.path} holds {len(graph)} graphs, and a graph folder holds one: read them "
            "in Python by gnn.datasets.read, for gnn.GraphClassifier"
        )
    write_graph(graph, arguments.output, overwrite=arguments.overwrite)
    return _graph(arguments.output, graph, "wrote ")


def build_graph(arguments: argparse.Namespace) -> Result:
    """Builds a graph out of a log, or of vectors."""
    config = graph_config(arguments)
    from gnn.runs import graph_building

    given = vars(arguments)
    if arguments.master is not None:
        graph = graph_building.build_on_cluster(
            [arguments.vectors] if arguments.vectors else arguments.log,
            arguments.output,
            config,
            master=arguments.master,
            work=arguments.work,
            na_values=given.get("na_values"),
            overwrite=arguments.overwrite,
        )
    elif isinstance(config, NeighborGraphConfig):
        graph = graph_building.build_neighbor_graph(
            arguments.vectors,
            arguments.output,
            config,
            overwrite=arguments.overwrite,
            **{name: given[name] for name in OF_VECTORS if name in given},
        )
    else:
        graph = graph_building.build_graph(
            [Path(log) for log in arguments.log],
            arguments.output,
            config,
            overwrite=arguments.overwrite,
            **{name: given[name] for name in OF_LOG if name in given},
        )
    return _graph(arguments.output, graph, "wrote ")


def pack(arguments: argparse.Namespace) -> Result:
    """Writes training records."""
    from gnn.edges.edges import counted
    from gnn.runs.packing import pack as pack_records

    source = arguments.graph
    if source is None:
        source = RunConfig(dataset=arguments.dataset, data=arguments.data, scaling="none")
    found = pack_records(
        source,
        arguments.output,
        split=arguments.split,
        max_neighbors=arguments.max_neighbors,
        shards=arguments.shards,
        compression=arguments.compression,
        overwrite=arguments.overwrite,
    )
    data = {**dataclasses.asdict(found), "path": str(found.path)}
    text = (
        f"wrote {counted(found.records, 'record')} with up to "
        f"{counted(found.max_neighbors, 'neighbor')} to {found.path}, in "
        f"{counted(found.shards, 'shard')}"
    )
    return Result({"output": data.pop("path"), **data}, text)


def train(arguments: argparse.Namespace) -> Result:
    """Trains a model."""
    config = train_config(arguments)
    if choosing.is_several(arguments, config):
        return choosing.train_several(arguments, config)
    from gnn.runs.trainer import train as train_run

    run = train_run(config, report=say, progress=True)
    return Result({"run": str(run.path), "metrics": run.metrics}, run.info())


def tune(arguments: argparse.Namespace) -> Result:
    """Searches for a setting."""
    return choosing.tune(arguments, train_config(arguments))


def train_config(arguments: argparse.Namespace) -> RunConfig:
    """The options of the flags over those of the file.

    Raises:
        OptionError: an option is wrong, or one that is needed is missing.
        FileNotFoundError: there is no such file.
    """
    try:
        config = options_of(arguments)
        if arguments.config is not None:
            config = config.over(read_config_file(arguments.config))
        fields = session_options_of(arguments, NOT_OF_TRAINING)
        if fields:
            fields = {**(config.session_config or {}), **fields}
            config = dataclasses.replace(config, session_config=fields)
    except (TypeError, ValueError) as error:
        raise OptionError(str(error)) from error
    if config.dataset is not None and config.data is not None:
        raise OptionError("--dataset and --data exclude each other")
    if (config.resume and config.output is not None) or config.start_from is not None:
        return config
    if config.dataset is None and config.data is None:
        raise OptionError("--dataset NAME or --data FOLDER is needed")
    if config.model is None:
        raise OptionError(f"--model is needed: {', '.join(MODELS)}")
    return config


def evaluate(arguments: argparse.Namespace) -> Result:
    """Measures a run."""
    from gnn.runs.figure_texts import evaluation_text
    from gnn.runs.run import load_run

    run = load_run(arguments.run)
    found = run.evaluate(
        arguments.split,
        data=arguments.data,
        inference=arguments.inference,
        progress=True,
        plots=arguments.plots,
        overwrite=arguments.overwrite,
    )
    _say_estimated(found["inference"])
    return Result(found, evaluation_text(found))


def predict(arguments: argparse.Namespace) -> Result:
    """Predicts classes."""
    from gnn.runs.run import load_run
    from gnn.runs.tables import as_csv, as_records, check_output, write_table

    if arguments.output is not None:
        check_output(arguments.output, [".csv", ".parquet", ".json"], arguments.overwrite)
    found = load_run(arguments.run).predict(**_asked(arguments))
    _say_estimated(found.inference)
    for line in [] if found.drift is None else found.drift.lines():
        say(line)
    columns = found.columns()
    if arguments.output is None:
        return Result(as_records(columns), as_csv(columns).rstrip("\n"))
    write_table(columns, arguments.output, overwrite=arguments.overwrite)
    return _written(arguments.output, len(found.ids), "predictions")


def embed(arguments: argparse.Namespace) -> Result:
    """Embeds nodes."""
    from gnn.runs.run import load_run
    from gnn.runs.tables import check_output, write_table

    check_output(arguments.output, [".npz", ".csv", ".parquet"], arguments.overwrite)
    found = load_run(arguments.run).embed(**_asked(arguments))
    _say_estimated(found.inference)
    write_table(found.columns(), arguments.output, overwrite=arguments.overwrite)
    return _written(arguments.output, len(found.ids), "embeddings")


def export(arguments: argparse.Namespace) -> Result:
    """Exports a model."""
    from gnn.runs.run import load_run

    path = load_run(arguments.run).export(
        arguments.output, format=arguments.format, overwrite=arguments.overwrite
    )
    data = {"output": str(path), "format": arguments.format}
    return Result(data, f"wrote {path}")


def report(arguments: argparse.Namespace) -> Result:
    """Writes a page to look at a run."""
    from gnn.runs.looking.report import report as write_report

    path = write_report(
        arguments.run,
        arguments.against,
        output=arguments.output,
        new=arguments.new,
        map=arguments.map,
        max_points=arguments.max_points,
        overwrite=arguments.overwrite,
    )
    size = path.stat().st_size
    return Result({"output": str(path), "bytes": size}, f"wrote {path} ({size / 1e6:.1f} MB)")


def adopt(arguments: argparse.Namespace) -> Result:
    """Lists the files of an older folder as ours."""
    from gnn.runs.adoption import adopt as adopt_folder

    found = adopt_folder(arguments.folder)
    lines = [f"{found.path} may be replaced by --overwrite; it is of the kind: {found.kind}"]
    if found.others:
        lines = [
            f"{found.path} is of the kind: {found.kind}",
            "move what gnn did not write there elsewhere before --overwrite: "
            + ", ".join(found.others),
        ]
    data = {"folder": str(found.path), "kind": found.kind, "others": list(found.others)}
    return Result(data, "\n".join(lines))


COMMANDS: dict[str, Callable[[argparse.Namespace], Result]] = {
    "datasets": datasets,
    "info": info,
    "convert": convert,
    "build-graph": build_graph,
    "pack": pack,
    "train": train,
    "tune": tune,
    "compare": choosing.compare,
    "evaluate": evaluate,
    "predict": predict,
    "embed": embed,
    "export": export,
    "report": report,
    "index": searching.index,
    "search": searching.search,
    "serve": searching.serve,
    "adopt": adopt,
}


def _asked(arguments: argparse.Namespace) -> dict[str, Any]:
    return {
        "data": arguments.input,
        "dataset": arguments.dataset,
        "inference": arguments.inference,
        "progress": True,
    }


def _graph(folder: str, graph: Graph, done: str = "") -> Result:
    from gnn.runs.catalog import describe
    from gnn.runs.path_info import about_graph

    return Result({"graph": folder, **describe(graph)}, f"{done}{folder}\n{about_graph(graph)}")


def _say_estimated(inference: str) -> None:
    if inference != EXACT:
        say("on sampled neighbors: an estimate (--inference exact looks at all)")


def _written(path: str, count: int, what: str) -> Result:
    return Result({"output": path, "nodes": count}, f"wrote {count} {what} to {path}")
