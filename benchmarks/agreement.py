"""Test accuracy of graph agreement models on the Planetoid graphs, a JSON line a run.

    GNN_DATA_DIR=... python benchmarks/agreement.py --append benchmarks/results/agreement.jsonl
    python benchmarks/agreement.py --table benchmarks/results/agreement.jsonl

The public split. A line has the accuracies of the round that the validation split chose, those of
round 0, which is the classifier alone, and the whole history. A run skips what the file has.
"""

from __future__ import annotations

import argparse
import collections
import json
import os
import time
from pathlib import Path
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import keras
import numpy as np
import tensorflow as tf
from agreement_settings import ROWS, has_row, rows_normalized, trainer

from gnn.datasets import planetoid


def run(row: str, data: str, seed: int) -> dict[str, Any]:
    """One line of results."""
    keras.backend.clear_session()
    graph = planetoid(data, normalize=rows_normalized(row, data))
    assert graph.labels is not None
    started = time.perf_counter()
    training = trainer(row, data, seed, int(graph.labels.max()) + 1)
    history = training.fit(graph, verbose=0)
    best, first = history[training.best_round or 0], history[0]
    return {
        "row": row,
        "data": data,
        "seed": seed,
        "validation": best["validation_accuracy"],
        "test": best["test_accuracy"],
        "validation_alone": first["validation_accuracy"],
        "test_alone": first["test_accuracy"],
        "best_round": training.best_round,
        "stopped": training.stopped,
        "seconds": round(time.perf_counter() - started, 1),
        "history": history,
        "tensorflow": tf.__version__,
        "keras": keras.__version__,
    }


def table(path: Path) -> str:
    """Mean and standard error by row and data set; the classifier alone is a row of its own."""
    groups = collections.defaultdict(list)
    for line in path.read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        groups[row["data"], row["row"]].append((row["validation"], row["test"], row["seconds"]))
        if row["row"].endswith(("+ngm", "+beliefs")):
            alone = row["row"].partition("+")[0]
            scores = (row["validation_alone"], row["test_alone"], row["seconds"])
            if row["seed"] not in {seed for *_, seed in groups[row["data"], alone]}:
                groups[row["data"], alone].append((*scores[:2], row["seed"]))
    lines = [
        "| data | row | seeds | validation | test | seconds a seed |",
        "| --- | --- | --- | --- | --- | --- |",
    ]
    for (data, name), rows in sorted(groups.items()):
        scores = 100 * np.array([row[:2] for row in rows])
        errors = scores.std(axis=0, ddof=1) / np.sqrt(len(rows)) if len(rows) > 1 else [np.nan] * 2
        cells = [f"{m:.2f} ± {e:.2f}" for m, e in zip(scores.mean(axis=0), errors, strict=True)]
        seconds = f"{np.median([row[2] for row in rows]):.0f}" if "+" in name else ""
        lines.append(f"| {data} | {name} | {len(rows)} | {cells[0]} | {cells[1]} | {seconds} |")
    return "\n".join(lines)


def main() -> None:
    """Runs what is missing, or prints the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--append", type=Path, help="the file of results")
    parser.add_argument("--table", type=Path, help="print a table of this file and stop")
    parser.add_argument("--rows", nargs="+", default=ROWS, choices=ROWS)
    parser.add_argument("--data", nargs="+", default=["cora", "citeseer"])
    parser.add_argument("--seeds", type=int, default=10)
    arguments = parser.parse_args()
    if arguments.table:
        print(table(arguments.table))
        return
    path = arguments.append
    done = set()
    if path and path.exists():
        lines = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
        done = {(line["row"], line["data"], line["seed"]) for line in lines}
    for seed in range(arguments.seeds):
        for data in arguments.data:
            for row in arguments.rows:
                if (row, data, seed) in done or not has_row(row, data):
                    continue
                line = json.dumps(run(row, data, seed))
                print(line[:200], flush=True)
                if path:
                    with path.open("a", encoding="utf-8") as file:
                        file.write(line + "\n")


if __name__ == "__main__":
    main()
