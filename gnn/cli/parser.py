"""What the command line looks like: subcommands, flags, help and examples."""

from __future__ import annotations

import argparse
import importlib.metadata
from collections.abc import Iterable

from gnn.cli.config_options import add_config_options
from gnn.cli.options import add_options
from gnn.configs.label_kinds import LABEL_KINDS
from gnn.configs.sessions import LONG_SESSIONS, REPEATS, WEIGHTINGS, SessionGraphConfig
from gnn.runs.run_config import DATASETS, INFERENCE, NETWORK_NAMES

ABOUT = {
    "datasets": "List the named data sets, and which of them are on this machine.",
    "info": "Describe a data set, a folder of data, a stored graph, or a finished run.",
    "build-graph": "Build a graph out of a log of sessions, and write it to a folder.",
    "train": "Train a model on a graph, and write a run folder.",
    "evaluate": "Measure the loss and the accuracy of a finished run.",
    "predict": "Write the class of each node, with the probability of every class.",
    "embed": "Write the activations of the last hidden layer for each node.",
    "export": "Write the model of a run for others to serve.",
    "adopt": "List the files of a folder that an older gnn wrote, so that it can be replaced.",
}

EXAMPLES = {
    "datasets": ["gnn datasets", "gnn datasets --json"],
    "info": [
        "gnn info --dataset cora",
        "gnn info --data shop",
        "gnn info clicks",
        "gnn info runs/cora-gcn",
    ],
    "build-graph": [
        "gnn build-graph clicks.parquet --output clicks --weighting npmi --min-count 2",
        "gnn build-graph 'logs/*.csv' --output clicks --config graph.yaml --max-neighbors 10",
        "gnn build-graph log.jsonl --output clicks --item-column product --user-column customer "
        "--time-column at --session-gap 30min",
    ],
    "train": [
        "gnn train --dataset cora --model gcn",
        "gnn train --data shop --model graph-regularization --output runs/shop",
        "gnn train --data shop --model mlp --hidden-units 64 32 --dropout 0.5 --seed 1",
        "gnn train --config shop.yaml --epochs 50",
        "gnn train --output runs/shop --resume",
    ],
    "evaluate": [
        "gnn evaluate runs/cora-gcn",
        "gnn evaluate runs/shop --split validation --json",
        "gnn evaluate runs/shop --data shop-of-june",
    ],
    "predict": [
        "gnn predict runs/shop --input new.csv",
        "gnn predict runs/shop --input new.parquet --output predictions.parquet",
        "gnn predict runs/cora-gcn --dataset cora --output predictions.csv",
    ],
    "embed": [
        "gnn embed runs/shop --output embedding.npz",
        "gnn embed runs/shop --input new.csv --output embedding.csv",
    ],
    "export": [
        "gnn export runs/shop --output served",
        "gnn export runs/shop --output model.keras --format keras",
    ],
    "adopt": ["gnn adopt runs/shop", "gnn adopt served --json"],
}

_NOTES = {
    "train": """\
Options that are not given come from the recipe of the model and the data: for cora and citeseer the
settings that reach the figures of the documentation (pubmed takes the same), and else a general
one. Each option is also a key of the YAML or JSON file of --config, with underscores; flags win
over the file.

A data folder has nodes.csv (id, label, split, and any columns of numbers) and edges.csv (source,
target, weight) or sessions.csv (session, item), or the same in Parquet.

While it trains, everything lies in OUTPUT.partial. A run that was stopped, by Ctrl-C or otherwise,
is carried on by --resume.""",
    "evaluate": """\
Nodes of other data that the run was trained on, by their ids, are judged apart, as train.""",
    "predict": f"""\
The columns are id, class and probability_CLASS. A graph network needs each node's neighbors: give
it a folder with nodes and edges. The other models take a table of nodes as well.
Graph networks are {", ".join(NETWORK_NAMES)}.""",
    "info": "",
    "build-graph": """\
A log is one or several files: Parquet, CSV or JSON lines (.jsonl, .ndjson; these two also .gz),
with a row a click or purchase. A pattern in quotes may match many. Every field of the configuration
is an option below, and a key of the YAML or JSON file of --config, with underscores; flags win over
the file, and none takes a limit back.

The folder is there whole or not at all. It keeps the configuration and the report, which gnn info
shows, and gnn.graphs.open_graph reads it.""",
    "adopt": """\
Every folder that gnn writes has a gnn_manifest.json of its files. --overwrite replaces no folder
without one, and none that holds anything else. FOLDER may be a run (finished or not), a graph,
records, an export, or the folder of a co-training or of ExactResume; it is read as such first.""",
}


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
        notes = [note] if (note := _NOTES.get(name)) else []
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
    _add_build_graph(parsers["build-graph"])
    parsers["train"].add_argument(
        "--config", metavar="FILE", help="a YAML or JSON file with any of the options below"
    )
    add_options(parsers["train"])
    parsers["train"].usage = "gnn train (--dataset NAME | --data FOLDER) --model NAME [option ...]"
    for name in ("evaluate", "predict", "embed", "export"):
        parsers[name].add_argument("run", metavar="RUN", help="the folder of a finished run")
    parsers["evaluate"].add_argument(
        "--split", metavar="NAME", help="which nodes [test, or else validation]"
    )
    parsers["evaluate"].add_argument(
        "--data", metavar="FOLDER", help="other data than those that the run was trained on"
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
    for name in ("predict", "embed"):
        parsers[name].add_argument(
            "--overwrite", action="store_true", help="replace a file that is there"
        )
    _add_export(parsers["export"])
    parsers["adopt"].add_argument("folder", metavar="FOLDER", help="what an older gnn wrote")
    return parser


def _add_info(parser: argparse.ArgumentParser) -> None:
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument(
        "run", nargs="?", metavar="RUN", help="the folder of a finished run, or of a graph"
    )
    what.add_argument("--dataset", choices=DATASETS, metavar="NAME", help="a named data set")
    what.add_argument("--data", metavar="FOLDER", help="a folder of data")
    parser.add_argument(
        "--label-kind",
        choices=LABEL_KINDS,
        metavar="NAME",
        help="what the labels of the folder are",
    )


def _add_build_graph(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "log", nargs="+", metavar="LOG", help="a file of records, or a pattern in quotes"
    )
    parser.add_argument("--output", metavar="FOLDER", required=True, help="the folder to make")
    parser.add_argument("--overwrite", action="store_true", help="replace an older graph")
    parser.add_argument("--strict", action="store_true", help="make malformed rows an error")
    parser.add_argument(
        "--memory", metavar="SIZE", help="memory to keep to, such as 2GB; the rest goes to files"
    )
    parser.add_argument(
        "--missing",
        choices=("raise", "drop"),
        default="raise",
        metavar="NAME",
        help="records without a session, item or time: raise an error, or drop them [raise]",
    )
    parser.add_argument(
        "--na-values",
        nargs="*",
        metavar="TEXT",
        help="the texts that mean missing [NA, NaN, None, null and their like]",
    )
    parser.add_argument(
        "--config", metavar="FILE", help="a YAML or JSON file with any of the fields below"
    )
    group = parser.add_argument_group("the columns of the log, and what is an edge")
    choices = {
        "weighting": ("auto", *WEIGHTINGS),
        "repeats": REPEATS,
        "long_sessions": LONG_SESSIONS,
    }
    add_config_options(group, SessionGraphConfig, choices)


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
