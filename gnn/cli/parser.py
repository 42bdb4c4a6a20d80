"""What the command line looks like: subcommands, flags, help and examples."""

from __future__ import annotations

import argparse
import importlib.metadata
from collections.abc import Iterable

from gnn.cli.choosing import add_compare, add_series_flags, add_tune
from gnn.cli.config_options import add_config_options
from gnn.cli.flags import add_flag
from gnn.cli.help_texts import ABOUT, EXAMPLES, NOTES
from gnn.cli.options import add_options, add_options_named
from gnn.cli.searching import add_index, add_search, add_serve
from gnn.cli.session_options import NOT_OF_DATA, NOT_OF_TRAINING, add_session_options
from gnn.configs.merges import MERGES
from gnn.configs.neighbors import (
    NEIGHBOR_METHODS,
    NEIGHBOR_METRICS,
    SYMMETRIES,
    NeighborGraphConfig,
)
from gnn.runs.data_options import DATASETS, OF_FOLDER
from gnn.runs.run_config import INFERENCE


def build_parser() -> argparse.ArgumentParser:
    """The parser of the whole command.

    Example:

    >>> build_parser().parse_args(["info", "runs/x"]).command
    'info'
    """
    parser = argparse.ArgumentParser(
        prog="gnn",
        description="Graph-structured learning: from data to a trained and exported model.",
        epilog=_examples(commands[0] for commands in EXAMPLES.values())
        + "\n\n`gnn COMMAND --help` says more of each.",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=_version())
    subparsers = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    parsers = {}
    for name, about in ABOUT.items():
        notes = [note] if (note := NOTES.get(name)) else []
        parsers[name] = subparsers.add_parser(
            name,
            help=about,
            description="\n\n".join([about, *notes]),
            epilog=_examples(EXAMPLES[name]),
            formatter_class=argparse.RawDescriptionHelpFormatter,
            # A script that abbreviates would break when another option begins alike.
            allow_abbrev=False,
        )
        parsers[name].add_argument(
            "--json", action="store_true", help="print one JSON document, for scripts"
        )
        parsers[name].add_argument(
            "--debug", action="store_true", help="show where in the program an error came from"
        )
    _add_info(parsers["info"])
    _add_convert(parsers["convert"])
    _add_build_graph(parsers["build-graph"])
    _add_pack(parsers["pack"])
    parsers["train"].add_argument(
        "--config", metavar="FILE", help="a YAML or JSON file with any of the options below"
    )
    add_series_flags(parsers["train"])
    add_options(parsers["train"])
    add_session_options(
        parsers["train"],
        "which edges a log gives (sessions.csv)",
        NOT_OF_TRAINING,
    )
    parsers["train"].usage = "gnn train (--dataset NAME | --data FOLDER) --model NAME [option ...]"
    add_tune(parsers["tune"])
    add_compare(parsers["compare"])
    for name in ("evaluate", "predict", "embed", "export"):
        parsers[name].add_argument("run", metavar="RUN", help="the folder of a finished run")
    parsers["evaluate"].add_argument(
        "--split", metavar="NAME", help="which nodes [test, or else validation]"
    )
    parsers["evaluate"].add_argument(
        "--data", metavar="FOLDER", help="other data than those that the run was trained on"
    )
    parsers["evaluate"].add_argument(
        "--plots",
        metavar="FOLDER",
        help="where to draw confusion, calibration, and what is by degree",
    )
    for name in ("evaluate", "predict", "embed"):
        parsers[name].add_argument(
            "--inference",
            choices=INFERENCE,
            metavar="NAME",
            help="exact: on all neighbors; sampled: on as many as in training, an estimate "
            "[as the run was validated]",
        )
    for name in ("predict", "embed"):
        source = parsers[name].add_mutually_exclusive_group()
        source.add_argument(
            "--input",
            metavar="TABLE|FOLDER",
            help="nodes.csv, nodes.parquet or a folder [the data that the run was trained on]",
        )
        source.add_argument("--dataset", choices=DATASETS, metavar="NAME", help="a named data set")
    parsers["predict"].add_argument(
        "--output", metavar="FILE", help="a .csv, .parquet or .json file [CSV on standard output]"
    )
    parsers["embed"].add_argument(
        "--output", metavar="FILE", required=True, help="a .npz, .csv or .parquet file"
    )
    for name in ("evaluate", "predict", "embed"):
        parsers[name].add_argument(
            "--overwrite", action="store_true", help="replace a file that is there"
        )
    _add_export(parsers["export"])
    _add_report(parsers["report"])
    add_index(parsers["index"])
    add_search(parsers["search"])
    add_serve(parsers["serve"])
    parsers["adopt"].add_argument("folder", metavar="FOLDER", help="what an older gnn wrote")
    return parser


def _add_report(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("run", metavar="RUN", help="the folder of a finished run")
    parser.add_argument(
        "--against",
        metavar="RUN",
        help="another run on the same nodes, whose neighbors are beside [the features]",
    )
    parser.add_argument(
        "--output", default="report.html", metavar="FILE", help="the page [report.html]"
    )
    parser.add_argument(
        "--new",
        metavar="TABLE|FOLDER",
        help="new nodes, the queries of the sheets [some test nodes]",
    )
    parser.add_argument(
        "--map", default="tsne", metavar="NAME", help="how it is drawn: tsne or pca [tsne]"
    )
    parser.add_argument(
        "--max-points", type=int, default=10_000, metavar="N", help="on the map, at most [10000]"
    )
    parser.add_argument("--overwrite", action="store_true", help="replace an older page")


def _add_info(parser: argparse.ArgumentParser) -> None:
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument(
        "path",
        nargs="?",
        metavar="PATH",
        help="a finished run, a graph, a folder of tables, or a file or folder in any format",
    )
    what.add_argument("--dataset", choices=DATASETS, metavar="NAME", help="a named data set")
    what.add_argument("--data", metavar="FOLDER", help="a folder of data")
    add_options_named(parser.add_argument_group("how the tables of a folder are read"), OF_FOLDER)
    title = "which edges the log of a folder gives (sessions.csv)"
    add_session_options(parser, title, NOT_OF_DATA)


def _add_convert(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("path", metavar="PATH", help="a file or a folder in any format")
    parser.add_argument("output", metavar="FOLDER", help="the graph folder to make")
    parser.add_argument(
        "--format", default="auto", metavar="NAME", help="of the source [by header and content]"
    )
    way = parser.add_mutually_exclusive_group()
    way.add_argument(
        "--undirected",
        action="store_true",
        default=None,
        help="add the reverse of each edge where it lacks [as the source says]",
    )
    way.add_argument(
        "--directed",
        dest="undirected",
        action="store_false",
        help="take edges without their reverses",
    )
    parser.add_argument("--label", metavar="NAME", help="the attribute of nodes that is the label")
    parser.add_argument(
        "--merge", choices=MERGES, metavar="NAME", help="what becomes of repeats [by the format]"
    )
    parser.add_argument("--overwrite", action="store_true", help="replace an older graph")


def _add_build_graph(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "log", nargs="*", metavar="LOG", help="a file of records, or a pattern in quotes"
    )
    parser.add_argument(
        "--vectors", metavar="FILE", help="a .npy, .npz, .csv or .parquet file, in place of a log"
    )
    parser.add_argument("--output", metavar="FOLDER", required=True, help="the folder to make")
    parser.add_argument("--overwrite", action="store_true", help="replace an older graph")
    parser.add_argument(
        "--config", metavar="FILE", help="a YAML or JSON file with any of the fields below"
    )
    # Flags of one source leave no value unless they are given, so that those of the other show.
    reading = parser.add_argument_group("how a log is read")
    reading.add_argument(
        "--strict",
        action="store_true",
        default=argparse.SUPPRESS,
        help="make malformed rows an error",
    )
    reading.add_argument(
        "--memory",
        metavar="SIZE",
        default=argparse.SUPPRESS,
        help="memory to keep to, such as 2GB; the rest goes to files",
    )
    reading.add_argument(
        "--missing",
        choices=("raise", "drop"),
        default=argparse.SUPPRESS,
        metavar="NAME",
        help="records without a session, item or time: raise an error, or drop them [raise]",
    )
    reading.add_argument(
        "--na-values",
        nargs="*",
        metavar="TEXT",
        default=argparse.SUPPRESS,
        help="the texts that mean missing [NA, NaN, None, null and their like]",
    )
    cluster = parser.add_argument_group("past one machine: Apache Spark, the extra 'spark'")
    cluster.add_argument(
        "--master", metavar="URL", help="the cluster, such as spark://host:7077, yarn or local[4]"
    )
    cluster.add_argument(
        "--work",
        metavar="FOLDER",
        help="what all its machines see, for tables from which a stopped job goes on",
    )
    add_session_options(parser, "the columns of a log, and what is an edge")
    group = parser.add_argument_group("which vectors are neighbors")
    choices = {
        "metric": NEIGHBOR_METRICS,
        "method": NEIGHBOR_METHODS,
        "symmetric": SYMMETRIES,
    }
    add_config_options(group, NeighborGraphConfig, choices)
    group.add_argument(
        "--keep-vectors",
        action="store_true",
        default=argparse.SUPPRESS,
        help="keep the vectors as the feature of the nodes",
    )


def _add_pack(parser: argparse.ArgumentParser) -> None:
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument(
        "graph", nargs="?", metavar="GRAPH", help="the folder of a graph with features"
    )
    what.add_argument("--dataset", choices=DATASETS, metavar="NAME", help="a named data set")
    what.add_argument("--data", metavar="FOLDER", help="a folder of data, read as gnn train does")
    parser.add_argument("--output", metavar="FOLDER", required=True, help="the folder to make")
    parser.add_argument("--split", metavar="NAME", help="whose nodes are written [all nodes]")
    add_flag(
        parser,
        "max_neighbors",
        int,
        "the most neighbors of a node, or none for all",
        default=10,
        takes_none=True,
        shown=" [10]",
    )
    parser.add_argument("--shards", type=int, default=1, metavar="N", help="how many files [1]")
    parser.add_argument(
        "--compression", choices=("GZIP", "ZLIB"), metavar="NAME", help="GZIP or ZLIB [neither]"
    )
    parser.add_argument("--overwrite", action="store_true", help="replace older records")


def _add_export(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--output", metavar="DIR", required=True, help="the folder, or the .keras file"
    )
    parser.add_argument(
        "--format", choices=("saved_model", "keras"), default="saved_model", help="[saved_model]"
    )
    parser.add_argument("--overwrite", action="store_true", help="replace an older export")


def _examples(commands: Iterable[str]) -> str:
    return "\n".join(["examples:", *(f"  {command}" for command in commands)])


def _version() -> str:
    try:
        return f"gnn {importlib.metadata.version('gnn')}"
    except importlib.metadata.PackageNotFoundError:
        return "gnn, not installed"
