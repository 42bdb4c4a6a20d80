"""What `gnn tune` finds against the defaults: test accuracy over seeds, on three data sets.

    python benchmarks/tuning.py [--trials 20] [--seeds 5] [--shop FOLDER]
        [--work FOLDER] [--append benchmarks/results/tuning.jsonl]

Of each data set, a search by validation alone (one training a setting); then the recipe's setting
and the one found are trained over seeds, with the splits of the search. A line a data set has the
means and standard errors on validation and test, and the paired tests of `gnn.runs.compare`. With
`--work`, searches and runs that were stopped are carried on; lines that are there are kept.
"""

from __future__ import annotations

import argparse
import dataclasses
import tempfile
from pathlib import Path
from typing import Any

from result_lines import run_missing

from gnn.runs import RunConfig, compare, read_config_file, train_series, tune

SETS = {
    "cora": RunConfig(dataset="cora", model="gcn"),
    "digits": RunConfig(dataset="digits", model="mlp"),
    "shop": RunConfig(model="graph-regularization"),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--sets", nargs="+", default=list(SETS), choices=list(SETS))
    parser.add_argument("--trials", type=int, default=20)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--shop", type=Path)
    parser.add_argument("--work", type=Path)
    parser.add_argument("--append", type=Path)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        work = arguments.work or Path(scratch)

        def run(data: str, trials: int, seeds: int) -> dict[str, Any]:
            config = SETS[data]
            if data == "shop":
                config = dataclasses.replace(config, data=str(arguments.shop))
            return measure(config, work / data, trials, seeds)

        names = [name for name in arguments.sets if name != "shop" or arguments.shop is not None]
        wanted = [
            {"data": name, "trials": arguments.trials, "seeds": arguments.seeds} for name in names
        ]
        run_missing(arguments.append, wanted, run)


def measure(config: RunConfig, work: Path, trials: int, seeds: int) -> dict[str, Any]:
    """Searches, trains both settings over seeds, and compares them."""
    work.mkdir(parents=True, exist_ok=True)

    def into(given: RunConfig, name: str) -> RunConfig:
        return dataclasses.replace(given, output=str(work / name), resume=True)

    found = tune(into(config, "tuned"), trials=trials, report=print)
    best = read_config_file(work / "tuned" / "best.json")
    defaults = train_series(into(config, "defaults"), seeds)
    settled = train_series(into(best, "settled"), seeds)
    line: dict[str, Any] = {
        "setting": found.setting,
        "counts": found.summary["counts"],
        "defaults": defaults.summary(),
        "tuned": settled.summary(),
    }
    if found.setting:
        compared = compare([defaults.path, settled.path])
        line["pair"] = dataclasses.asdict(compared.pairs[0])
    return line


if __name__ == "__main__":
    main()
