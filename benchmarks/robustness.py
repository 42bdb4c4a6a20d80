"""Test accuracy on Cora with wrong edges, a JSON line a (model, share, seed).

    GNN_DATA_DIR=... python benchmarks/robustness.py --append benchmarks/results/robustness.jsonl
    python benchmarks/robustness.py --table benchmarks/results/robustness.jsonl
    python benchmarks/robustness.py --table benchmarks/results/robustness.jsonl --plot FILE.png

The robustness experiment of Stretcu et al. 2019, "Graph Agreement Models for Semi-Supervised
Learning": edges between nodes of different true labels are added until a share of all edges is
right. Cora itself has 0.81. The public split; each seed draws wrong edges and weights of its own,
and all models of a seed have the same wrong edges, those of a share among those of a lower one.

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
from result_lines import mean_and_error, read, run_missing

from gnn.datasets import planetoid
from gnn.graphs.graph import Graph
from gnn.graphs.homophily import homophily
from gnn.graphs.noise import add_wrong_edges

MODELS = {"mlp": "MLP", "ngm": "NGM", "gam": "GAM", "gcn": "GCN", "gcn+gam": "GCN + GAM"}
SHARES = (0.8, 0.6, 0.4, 0.2)

Rows = list[dict[str, Any]]


def train(model_name: str, graph: Graph, seed: int) -> dict[str, float]:
    """Trains one model on a graph with wrong edges, with Cora's settings at every share.

    Args:
        model_name: a key of `MODELS`.
        graph: with splits `"train"`, `"validation"` and `"test"`.
        seed: of the weights and of all that is drawn in training.

    Returns:
        `"validation"` and `"test"`, the accuracies at the round that the validation split chose,
        and `"best_round"`. The models alone are round 0 of their co-training.
    """
    row = {"mlp": "mlp+ngm", "ngm": "mlp+ngm", "gam": "mlp+gam"}.get(model_name, "gcn+gam")
    training = trainer(row, "cora", seed, graph)
    if model_name in ("mlp", "gcn"):
        training.config = dataclasses.replace(training.config, rounds=0)
    history = training.fit(graph, verbose=0)
    best = history[training.best_round or 0]
    return {
        "validation": best["validation_accuracy"],
        "test": best["test_accuracy"],
        "best_round": best["round"],
    }


def run(model: str, share: float, seed: int) -> dict[str, Any]:
    """One line of results."""
    noisy = add_wrong_edges(planetoid("cora", normalize=False), share, seed=seed)
    keras.backend.clear_session()
    keras.utils.set_random_seed(seed)
    started = time.perf_counter()
    scores = train(model, noisy, seed)
    return {
        **scores,
        "homophily": round(homophily(noisy), 4),
        "edges": noisy.num_edges,
        "seconds": round(time.perf_counter() - started, 2),
    }


def summarize(rows: Rows) -> dict[str, dict[float, tuple[float, float, int]]]:
    """Mean, standard error and number of test accuracies in percent, by model and share."""
    groups = collections.defaultdict(list)
    for row in rows:
        groups[row["model"], row["share"]].append(100 * row["test"])
    summary: dict[str, dict[float, tuple[float, float, int]]] = {name: {} for name in MODELS}
    for (name, share), scores in groups.items():
        summary[name][share] = *mean_and_error(scores), len(scores)
    return {name: shares for name, shares in summary.items() if shares}


def table(rows: Rows) -> str:
    """A row a model, a column a share: mean and standard error, and how many seeds."""
    summary = summarize(rows)
    shares = sorted({share for cells in summary.values() for share in cells}, reverse=True)
    lines = [
        "| model | " + " | ".join(f"{share:g} right" for share in shares) + " | seeds |",
        "| --- |" + " --- |" * (len(shares) + 1),
    ]
    for name, cells in summary.items():
        texts = [f"{cells[s][0]:.2f} ± {cells[s][1]:.2f}" if s in cells else "" for s in shares]
        counts = sorted({count for _, _, count in cells.values()})
        seeds = "-".join(str(count) for count in dict.fromkeys([counts[0], counts[-1]]))
        lines.append(f"| {MODELS[name]} | {' | '.join(texts)} | {seeds} |")
    return "\n".join(lines)


def plot(rows: Rows, path: Path) -> None:
    """Draws accuracy against the share of right edges; bars are standard errors."""
    figure = Figure(figsize=(6.4, 4.2), layout="constrained")
    axes = figure.subplots()
    for name, cells in summarize(rows).items():
        shares = sorted(cells)
        means, errors, _ = zip(*(cells[share] for share in shares), strict=True)
        style = "--" if "gam" not in name else "-"
        axes.errorbar(
            shares,
            means,
            np.nan_to_num(errors),
            marker="o",
            ls=style,
            capsize=3,
            label=MODELS[name],
        )
    axes.invert_xaxis()
    axes.set(
        xticks=sorted({row["share"] for row in rows}),
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
    parser.add_argument("--models", nargs="+", default=list(MODELS), choices=list(MODELS))
    parser.add_argument("--shares", nargs="+", type=float, default=list(SHARES))
    parser.add_argument("--seeds", type=int, default=5)
    arguments = parser.parse_args()
    if arguments.plot and not arguments.table:
        parser.error("--plot needs --table, the file of what to draw")
    if arguments.table:
        rows = read(arguments.table)
        print(table(rows))
        if arguments.plot:
            plot(rows, arguments.plot)
        return
    wanted = itertools.product(range(arguments.seeds), arguments.shares, arguments.models)
    run_missing(
        arguments.append,
        ({"model": name, "share": share, "seed": seed} for seed, share, name in wanted),
        run,
    )


if __name__ == "__main__":
    main()
