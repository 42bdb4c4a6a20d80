"""Figures of retrieval beside pytorch-metric-learning's, and their memory.

    python benchmarks/retrieval_figures.py [--peer PYTHON]
        [--append benchmarks/results/retrieval_figures.jsonl]

`--peer` is the Python of an environment with `torch`, `pytorch-metric-learning==2.9.0` and
`faiss-cpu`: its `AccuracyCalculator` judges the same arrays, five cases, by the same distance,
computed without the matrix product of `torch.cdist`, whose rounding reorders near ties. A line a
case has both and the largest difference; one more has the seconds and the memory above the
imports of 100,000 embeddings of 64 numbers and 1,000 labels, judged against each other.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import peak_memory
import result_lines

from gnn.evaluation import retrieval_figures

PEER = """
import json, sys
import numpy as np, torch
from pytorch_metric_learning.distances import LpDistance
from pytorch_metric_learning.utils.accuracy_calculator import AccuracyCalculator
from pytorch_metric_learning.utils.inference import CustomKNN
class Exact(LpDistance):
    def compute_mat(self, queries, items):
        return torch.cdist(queries, items, compute_mode="donot_use_mm_for_euclid_dist")
case = np.load(sys.argv[1])
names = ("precision_at_1", "r_precision", "mean_average_precision_at_r")
calculator = AccuracyCalculator(
    include=names, k="max_bin_count", device=torch.device("cpu"),
    knn_func=CustomKNN(Exact(normalize_embeddings=False)))
arrays = {name: torch.from_numpy(case[name]) for name in case.files}
if "items" in arrays:
    found = calculator.get_accuracy(
        arrays["queries"], arrays["labels"], arrays["items"], arrays["item_labels"])
else:
    found = calculator.get_accuracy(arrays["queries"], arrays["labels"])
print(json.dumps([float(found[name]) for name in names]))
"""


def cases() -> dict[str, dict[str, np.ndarray]]:
    """Arrays of five cases, float64: distances without ties."""
    rng = np.random.default_rng(0)
    centers = rng.normal(size=(50, 16))
    labels = rng.integers(0, 50, 2000)
    clusters = centers[labels] + rng.normal(size=(2000, 16))
    rare = np.minimum(rng.geometric(0.05, 1500), 60)
    return {
        "clusters": {"queries": clusters, "labels": labels},
        "noise": {"queries": rng.normal(size=(800, 8)), "labels": rng.integers(0, 7, 800)},
        "uneven labels": {"queries": rng.normal(size=(1500, 4)) + rare[:, None], "labels": rare},
        "gallery": {
            "queries": clusters[:500],
            "labels": labels[:500],
            "items": clusters[500:],
            "item_labels": labels[500:],
        },
        "two labels": {"queries": rng.normal(size=(300, 2)), "labels": rng.integers(0, 2, 300)},
    }


def measure_case(case: str, peer: str) -> dict[str, Any]:
    """Ours and theirs."""
    arrays = cases()[case]
    found = retrieval_figures(
        arrays["queries"],
        arrays["labels"],
        arrays.get("items"),
        arrays.get("item_labels"),
        k=1,
        metric="l2",
    )
    ours = [found.precision_at_1, found.r_precision, found.map_at_r]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "case.npz")
        np.savez(path, **arrays)
        command = [peer, "-W", "ignore", "-c", PEER, str(path)]
        output = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    theirs = json.loads(output.splitlines()[-1])
    return {
        "ours": ours,
        "theirs": theirs,
        "difference": float(np.abs(np.subtract(ours, theirs)).max()),
    }


def measure_size(count: int) -> dict[str, Any]:
    """Seconds and memory of many embeddings."""
    rng = np.random.default_rng(0)
    before = peak_memory.reset()
    labels = rng.integers(0, 1000, count)
    centers = rng.normal(size=(1000, 64)).astype(np.float32)
    vectors = centers[labels] + rng.normal(size=(count, 64)).astype(np.float32)
    started = time.perf_counter()
    found = retrieval_figures(vectors, labels)
    return {
        "map_at_r": found.map_at_r,
        "seconds": round(time.perf_counter() - started, 1),
        "memory_mb": round(peak_memory.peak() - before),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--peer", help="the peer's Python")
    parser.add_argument("--count", type=int, default=100_000)
    parser.add_argument("--append", type=Path)
    arguments = parser.parse_args()
    result_lines.run_missing(arguments.append, [{"count": arguments.count}], measure_size)
    if arguments.peer:
        wanted = [{"case": case} for case in cases()]
        result_lines.run_missing(
            arguments.append, wanted, lambda case: measure_case(case, arguments.peer)
        )


if __name__ == "__main__":
    main()
