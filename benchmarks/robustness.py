"""Test accuracy on Cora with wrong edges, a JSON line a (row, share, seed).

    GNN_DATA_DIR=... python benchmarks/robustness.py --append benchmarks/results/robustness.jsonl
    python benchmarks/robustness.py --table benchmarks/results/robustness.jsonl
    python benchmarks/robustness.py --table benchmarks/results/robustness.jsonl --plot FILE.png

The robustness experiment of Stretcu et al. 2019, "Graph Agreement Models for Semi-Supervised
Learning": edges between nodes of different true labels are added until a share of all edges is
right. Cora itself has 0.81. The public split; each seed draws wrong edges and weights of its own,
and all models of a seed have the same wrong edges, those of a share among those of a lower one.
Every row has the defaults of the authors' script: weights of 0.1 and 0.05, 200 labels a round in
the proportions of the classes, a confidence of 0.4. With 0.9, which Cora itself is trained with,
no node would be sure enough where most edges are wrong.

A run skips what the file already has, so it can be stopped and started again. What is trained, and
which epoch or round is kept, is chosen on the validation split; nothing looks at a test label but
to report it, save the wrong edges themselves.
"""

from __future__ import annotations

import argparse
import collections
import dataclasses
import itertools
import os
import time
from pathlib import Path
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import keras
import numpy as np
from agreement_settings import trainer
from matplotlib.figure import Figure
from result_lines import in_percent, mean_and_error, read, run_missing

import gnn
from gnn.datasets import planetoid
from gnn.graphs.homophily import homophily
from gnn.graphs.noise import add_wrong_edges

# A row of co-training, with what it and its round 0, the classifier alone, are called.
ROWS = {
    "mlp+ngm": ("NGM", "MLP"),
    "mlp+gam": ("GAM", "MLP"),
    "mlp+opinions": ("opinions", "MLP"),
    "gcn+gam": ("GCN + GAM", "GCN"),
    "gcn+opinions": ("GCN + opinions", "GCN"),
}
MODELS = ("MLP", "NGM", "GAM", "opinions", "GCN", "GCN + GAM", "GCN + opinions")
SHARES = (0.8, 0.6, 0.4, 0.2)

SETTINGS = {
    name: getattr(gnn.CoTrainConfig(), name)
    for name in ("pair_weights", "labels_per_round", "min_confidence", "keep_proportions")
}

Lines = list[dict[str, Any]]


def run(row: str, share: float, seed: int) -> dict[str, Any]:
    """One line of results."""
    noisy = add_wrong_edges(planetoid("cora", normalize=False), share, seed=seed)
    keras.backend.clear_session()
    started = time.perf_counter()
    training = trainer(row, "cora", seed, noisy)
    training.config = dataclasses.replace(training.config, **SETTINGS)
    history = training.fit(noisy, verbose=0)
    best, first = history[training.best_round or 0], history[0]
    return {
        "validation": best["validation_accuracy"],
        "test": best["test_accuracy"],
        "validation_alone": first["validation_accuracy"],
        "test_alone": first["test_accuracy"],
        "best_round": best["round"],
        "agreement_auc": [each.get("agreement_auc") for each in history],
        "homophily": round(homophily(noisy), 4),
        "edges": noisy.num_edges,
        "seconds": round(time.perf_counter() - started, 2),
    }


def by_model(lines: Lines) -> dict[str, dict[float, list[float]]]:
    """Test accuracies by model and share, one a seed."""
    groups: dict[str, dict[float, dict[int, float]]]
    groups = {name: collections.defaultdict(dict) for name in MODELS}
    for line in lines:
        model, alone = ROWS[line["row"]]
        groups[model][line["share"]][line["seed"]] = line["test"]
        groups[alone][line["share"]][line["seed"]] = line["test_alone"]
    return {
        name: {share: list(scores.values()) for share, scores in sorted(shares.items())}
        for name, shares in groups.items()
        if shares
    }


def table(lines: Lines) -> str:
    """A row a model, a column a share: mean and standard error, and how many seeds."""
    scores = by_model(lines)
    shares = sorted({share for cells in scores.values() for share in cells}, reverse=True)
    text = [
        "| model | " + " | ".join(f"{share:g} right" for share in shares) + " | seeds |",
        "| --- |" + " --- |" * (len(shares) + 1),
    ]
    for name, cells in scores.items():
        texts = [in_percent(cells[share]) if share in cells else "" for share in shares]
        counts = sorted({len(found) for found in cells.values()})
        seeds = "-".join(str(count) for count in dict.fromkeys([counts[0], counts[-1]]))
        text.append(f"| {name} | {' | '.join(texts)} | {seeds} |")
    return "\n".join(text)


def plot(lines: Lines, path: Path) -> None:
    """Draws accuracy against the share of right edges; bars are standard errors."""
    figure = Figure(figsize=(6.4, 4.2), layout="constrained")
    axes = figure.subplots()
    for name, cells in by_model(lines).items():
        means, errors = zip(
            *(mean_and_error([100 * score for score in found]) for found in cells.values()),
            strict=True,
        )
        axes.errorbar(
            list(cells),
            means,
            np.nan_to_num(errors),
            marker="o",
            ls="-" if "GAM" in name or "opinions" in name else "--",
            capsize=3,
            label=name,
        )
    axes.invert_xaxis()
    axes.set(
        xticks=sorted({line["share"] for line in lines}),
        xlabel="share of right edges",
        ylabel="test accuracy in %",
        title="Cora with wrong edges",
    )
    axes.grid(alpha=0.3)
    axes.legend()
    figure.savefig(path, dpi=150)


def main() -> None:
    """Runs what is missing, or prints the table and draws the plot."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--append", type=Path, help="the file of results")
    parser.add_argument("--table", type=Path, help="print a table of this file and stop")
    parser.add_argument("--plot", type=Path, help="with --table: draw it into this file too")
    parser.add_argument("--rows", nargs="+", default=list(ROWS), choices=list(ROWS))
    parser.add_argument("--shares", nargs="+", type=float, default=list(SHARES))
    parser.add_argument("--seeds", type=int, default=5)
    arguments = parser.parse_args()
    if arguments.plot and not arguments.table:
        parser.error("--plot needs --table, the file of what to draw")
    if arguments.table:
        lines = read(arguments.table)
        print(table(lines))
        if arguments.plot:
            plot(lines, arguments.plot)
        return
    wanted = itertools.product(range(arguments.seeds), arguments.shares, arguments.rows)
    run_missing(
        arguments.append,
        ({"row": row, "share": share, "seed": seed} for seed, share, row in wanted),
        run,
    )


if __name__ == "__main__":
    main()
