"""The subcommands that choose between settings: flags, and what they call."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from gnn.cli.options import add_options
from gnn.cli.results import Result, say
from gnn.cli.session_options import NOT_OF_TRAINING, add_session_options
from gnn.runs.config_files import OptionError
from gnn.runs.run_config import RunConfig

if TYPE_CHECKING:
    from gnn.runs.series import Series


def add_series_flags(parser: argparse.ArgumentParser) -> None:
    """Adds the flags by which `gnn train` trains several runs."""
    group = parser.add_argument_group("several runs, in one folder")
    group.add_argument(
        "--seeds", type=int, metavar="N", help="as many runs, from --seed on, with the same splits"
    )
    group.add_argument(
        "--new-splits",
        action="store_true",
        help="each seed draws splits of its own, where the data have none",
    )


def add_tune(parser: argparse.ArgumentParser) -> None:
    """Adds the flags of `gnn tune`."""
    parser.add_argument(
        "--config", metavar="FILE", help="a YAML or JSON file with any of the options below"
    )
    group = parser.add_argument_group("the search")
    group.add_argument("--trials", type=int, metavar="N", help="in all [30, or as many as before]")
    group.add_argument(
        "--timeout", type=float, metavar="SECONDS", help="begin no other trial after so long"
    )
    group.add_argument(
        "--seeds", type=int, metavar="N", help="trainings of a setting [1, or as many as before]"
    )
    group.add_argument(
        "--space", metavar="FILE", help="a YAML or JSON file: what to try [docs/choosing.md]"
    )
    add_options(parser)
    add_session_options(parser, "which edges a log gives (sessions.csv)", NOT_OF_TRAINING)
    parser.usage = "gnn tune (--dataset NAME | --data FOLDER) --model NAME [option ...]"


def add_compare(parser: argparse.ArgumentParser) -> None:
    """Adds the flags of `gnn compare`."""
    parser.add_argument(
        "runs", nargs="+", metavar="RUN", help="a run, several by --seeds, or a search by gnn tune"
    )
    parser.add_argument(
        "--split", metavar="NAME", help="which nodes the tests rest on [test, or else validation]"
    )
    parser.add_argument("--html", metavar="FILE", help="write a page that needs no network")
    parser.add_argument("--overwrite", action="store_true", help="replace an older page")


def is_several(arguments: argparse.Namespace, config: RunConfig) -> bool:
    """Whether `gnn train` was asked for several runs."""
    if arguments.seeds is not None or (config.folds is not None and config.fold is None):
        return True
    if arguments.new_splits:
        raise OptionError("--new-splits is for several runs, and needs --seeds N")
    if not config.resume or config.output is None:
        return False
    from gnn.runs.series import is_series

    return is_series(config.output)


def train_several(arguments: argparse.Namespace, config: RunConfig) -> Result:
    """Trains a run for each seed and fold."""
    from gnn.runs.series import train_series

    seeds = 1 if arguments.seeds is None else arguments.seeds
    series: Series = train_series(
        config, seeds, new_splits=arguments.new_splits, report=say, progress=True
    )
    return Result({"runs": str(series.path), **series.summary()}, series.info())


def tune(arguments: argparse.Namespace, config: RunConfig) -> Result:
    """Searches for a setting."""
    from gnn.runs.config_files import read_options
    from gnn.runs.tuning import tune as search

    space = None if arguments.space is None else read_options(arguments.space)
    found = search(
        config,
        trials=arguments.trials,
        timeout=arguments.timeout,
        seeds=arguments.seeds,
        space=space,
        report=say,
        progress=True,
    )
    data = {"folder": str(found.path), "run": str(found.best.path), **found.summary}
    return Result(data, found.info())


def compare(arguments: argparse.Namespace) -> Result:
    """Compares settings."""
    from gnn.files import check_file, whole_file
    from gnn.runs.comparing import compare as compare_runs
    from gnn.runs.comparison_page import comparison_page

    if arguments.html is not None:
        if not arguments.html.endswith((".html", ".htm")):
            raise OptionError(f"--html must end in .html, got {arguments.html!r}")
        check_file(arguments.html, overwrite=arguments.overwrite)
    found = compare_runs(arguments.runs, split=arguments.split)
    if arguments.html is not None:
        with whole_file(arguments.html, overwrite=arguments.overwrite) as partial:
            partial.write_text(comparison_page(found), encoding="utf-8")
        say(f"wrote {arguments.html}")
    return Result(found.to_dict(), found.text())
