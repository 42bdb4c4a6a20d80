"""Test accuracy on the Planetoid graphs, a JSON line a (recipe, data set, seed).

    GNN_DATA_DIR=... python benchmarks/accuracy.py --append benchmarks/results/accuracy.jsonl
    python benchmarks/accuracy.py --table benchmarks/results/accuracy.jsonl
    python benchmarks/accuracy.py --recipes mlp+graph --contrast 0 0.1 0.3 1 --append FILE

`cora` is the public split; `cora/random` draws another one for each seed, with as many labels a
class, 500 nodes to validate and 1,000 to test.

A run skips what the file already has, so it can be stopped and started again. The weights kept are
those of the best epoch on the validation split; settings were chosen on that split too, and nothing
here looks at a test label but to report it.
"""

from __future__ import annotations

import argparse
import collections
import itertools
import os
import time
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import keras
from result_lines import in_percent, read, run_missing

from gnn.graphs import labels_per_class
from gnn.runs.compiling import best_epoch, compile_model
from gnn.runs.data_loading import load_data
from gnn.runs.feeding import evaluation_batches, training_batches
from gnn.runs.networks import NETWORKS
from gnn.runs.recipes import build_model, resolve
from gnn.runs.run_config import RunConfig

# The names of the recipes in the results, and the models of `gnn train` that they are.
RECIPES = {name: name for name in NETWORKS} | {"mlp": "mlp", "mlp+graph": "graph-regularization"}


def run(recipe: str, data: str, seed: int, contrast: float | None = None) -> dict[str, float]:
    """Trains one model as `gnn train` does by default; its accuracies and its seconds."""
    name, _, split = data.partition("/")
    asked = RunConfig(dataset=name, model=RECIPES[recipe], seed=seed, contrast=contrast)
    config = resolve(asked, load_data(asked).graph)
    graph = load_data(config).graph
    if split:
        graph = labels_per_class(graph, 20, validation=500, test=1000, seed=seed)
    keras.utils.set_random_seed(seed)
    keras.backend.clear_session()
    model = build_model(config, graph)
    compile_model(model, config)
    batches = training_batches(config, graph)
    if config.steps_per_epoch:
        batches = batches.repeat()
    started = time.perf_counter()
    history = model.fit(
        batches,
        validation_data=evaluation_batches(config, graph, "validation"),
        epochs=config.epochs,
        steps_per_epoch=config.steps_per_epoch or None,
        callbacks=[best_epoch(config)],
        shuffle=False,
        verbose=0,
    )
    seconds = time.perf_counter() - started
    scores = {}
    for name in ("validation", "test"):
        batches = evaluation_batches(config, graph, name)
        scores[name] = model.evaluate(batches, verbose=0, return_dict=True)["accuracy"]
    return {**scores, "epochs": len(history.history["loss"]), "seconds": round(seconds, 2)}


def table(path: Path) -> str:
    """Mean and standard error by recipe and data set."""
    groups = collections.defaultdict(list)
    for line in read(path):
        of_contrast = f", contrast {line['contrast']:g}" if "contrast" in line else ""
        groups[line["data"], line["recipe"] + of_contrast].append(line)
    lines = ["| data | recipe | seeds | validation | test |", "| --- | --- | --- | --- | --- |"]
    for (data, recipe), found in sorted(groups.items()):
        cells = [in_percent([line[name] for line in found]) for name in ("validation", "test")]
        lines.append(f"| {data} | {recipe} | {len(found)} | {' | '.join(cells)} |")
    return "\n".join(lines)


def main() -> None:
    """Runs what is missing, or prints the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--append", type=Path, help="the file of results")
    parser.add_argument("--table", type=Path, help="print a table of this file and stop")
    parser.add_argument("--recipes", nargs="+", default=list(RECIPES), choices=list(RECIPES))
    parser.add_argument("--data", nargs="+", default=["cora", "citeseer"])
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--contrast", nargs="+", type=float, help="of the graph loss; its own")
    arguments = parser.parse_args()
    if arguments.table:
        print(table(arguments.table))
        return
    contrasts = [{"contrast": each} for each in arguments.contrast or ()] or [{}]
    wanted = itertools.product(range(arguments.seeds), arguments.data, arguments.recipes, contrasts)
    run_missing(
        arguments.append,
        (
            {"recipe": recipe, "data": data, "seed": seed, **contrast}
            for seed, data, recipe, contrast in wanted
        ),
        run,
    )


if __name__ == "__main__":
    main()
