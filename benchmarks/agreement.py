"""Test accuracy of graph agreement models on the Planetoid graphs, a JSON line a run.

    GNN_DATA_DIR=... python benchmarks/agreement.py --append benchmarks/results/agreement.jsonl
    python benchmarks/agreement.py --table benchmarks/results/agreement.jsonl
    python benchmarks/agreement.py --rounds benchmarks/results/agreement.jsonl --data cora

The public split. `mnist` has 10,000 digits without a graph: 10 labeled ones a class, 1,000 to
validate and 2,000 to test, drawn by the seed. A line has the accuracies of the round that the
validation split chose, those of round 0, which is the classifier alone, and the whole history. A
run skips what the file has.
"""

from __future__ import annotations

import argparse
import collections
import itertools
import os
import statistics
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import keras
import numpy as np
from agreement_settings import ROWS, has_row, rows_normalized, trainer
from result_lines import in_percent, read, run_missing

import gnn
from gnn.datasets import planetoid
from gnn.graphs import labels_per_class


def run(row: str, data: str, seed: int) -> dict[str, Any]:
    """One line of results."""
    keras.backend.clear_session()
    graph = (
        digits(seed) if data == "mnist" else planetoid(data, normalize=rows_normalized(row, data))
    )
    started = time.perf_counter()
    training = trainer(row, data, seed, graph)
    history = training.fit(graph, verbose=0)
    best, first = history[training.best_round or 0], history[0]
    return {
        "validation": best["validation_accuracy"],
        "test": best["test_accuracy"],
        "validation_alone": first["validation_accuracy"],
        "test_alone": first["test_accuracy"],
        "best_round": training.best_round,
        "stopped": training.stopped,
        "seconds": round(time.perf_counter() - started, 1),
        "history": history,
    }


def digits(seed: int) -> gnn.Graph:
    """Digits and no edges, with a split of their own for each seed."""
    found = np.load(Path(os.environ["GNN_DATA_DIR"]) / "mnist10k.npz")
    pixels = (found["images"].reshape(len(found["images"]), -1) / 255.0).astype(np.float32)
    graph = gnn.Graph.from_edges([], [], pixels, labels=found["labels"].astype(np.int32))
    return labels_per_class(graph, 10, validation=1000, test=2000, seed=seed)


def table(path: Path) -> str:
    """Mean and standard error by row and data set; the classifier alone is a row of its own."""
    groups: dict[tuple[str, str], dict[int, tuple[float, float, float]]]
    groups = collections.defaultdict(dict)
    for line in read(path):
        data, seed = line["data"], line["seed"]
        groups[data, line["row"]][seed] = line["validation"], line["test"], line["seconds"]
        name, _, method = line["row"].partition("+")
        # Round 0 is the same for all methods with the same features, but for `grand+jointly`.
        if method.startswith(("ngm", "beliefs", "opinions")) or data == "mnist":
            groups[data, name][seed] = line["validation_alone"], line["test_alone"], 0.0
    lines = [
        "| data | row | seeds | validation | test | seconds a seed |",
        "| --- | --- | --- | --- | --- | --- |",
    ]
    for (data, name), found in sorted(groups.items()):
        validation, test, seconds = zip(*found.values(), strict=True)
        cells = [in_percent(validation), in_percent(test)]
        cells.append(f"{statistics.median(seconds):.0f}" if "+" in name else "")
        lines.append(f"| {data} | {name} | {len(found)} | {' | '.join(cells)} |")
    return "\n".join(lines)


def rounds_table(path: Path, rows: Sequence[str], data: Sequence[str]) -> str:
    """Round by round, means over the seeds that got so far: what co-training did, and how well."""
    groups: dict[tuple[str, str, int], list[dict[str, Any]]] = collections.defaultdict(list)
    for line in read(path):
        if line["row"] in rows and line["data"] in data:
            for row in line["history"]:
                groups[line["data"], line["row"], row["round"]].append(row)

    lines = [
        "| data | row | round | seeds | test | labels added | of them right | AUC of agreement |",
        "| --- | --- | --- | --- | --- | --- | --- | --- |",
    ]
    for (name, row, number), found in sorted(groups.items()):
        added = sum(each["labels_added"] for each in found)
        right = sum(each.get("labels_right", 0) for each in found)
        aucs = [each["agreement_auc"] for each in found if "agreement_auc" in each]
        cells = [
            f"{100 * statistics.mean(each['test_accuracy'] for each in found):.1f}",
            f"{added / len(found):.0f}",
            f"{right / added:.2f}" if added else "",
            f"{statistics.mean(aucs):.2f}" if aucs else "",
        ]
        lines.append(f"| {name} | {row} | {number} | {len(found)} | {' | '.join(cells)} |")
    return "\n".join(lines)


def main() -> None:
    """Runs what is missing, or prints the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--append", type=Path, help="the file of results")
    parser.add_argument("--table", type=Path, help="print a table of this file and stop")
    parser.add_argument("--rounds", type=Path, help="print a table of its rounds and stop")
    parser.add_argument("--rows", nargs="+", default=ROWS, choices=ROWS)
    parser.add_argument("--data", nargs="+", default=["cora", "citeseer"])
    parser.add_argument("--seeds", type=int, default=10)
    arguments = parser.parse_args()
    if arguments.table:
        print(table(arguments.table))
        return
    if arguments.rounds:
        print(rounds_table(arguments.rounds, arguments.rows, arguments.data))
        return
    wanted = itertools.product(range(arguments.seeds), arguments.data, arguments.rows)
    run_missing(
        arguments.append,
        (
            {"row": row, "data": data, "seed": seed}
            for seed, data, row in wanted
            if has_row(row, data)
        ),
        run,
    )


if __name__ == "__main__":
    main()
