"""The cost of an epoch against the size of the graph: 10 k, 100 k and 1 M nodes of equal degree.

    python benchmarks/scaling.py --append benchmarks/results/scaling.jsonl
    python benchmarks/scaling.py --table benchmarks/results/scaling.jsonl --plot docs/scaling.png

Each size is a process of its own, whose peak memory is its own. An epoch is one `fit` of two graph
convolutions of 64 units on the whole graph, 64 features, 10 neighbors a node.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
import time

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np
from engine import medians

SIZES = (10_000, 100_000, 1_000_000)
DEGREE, FEATURES, UNITS, CLASSES = 10, 64, 64, 10


def measure(num_nodes: int) -> dict[str, float]:
    """Milliseconds of an epoch, the median of several, and the peak memory."""
    import keras

    import gnn

    rng = np.random.default_rng(0)
    graph = gnn.Graph.from_edges(
        *rng.integers(0, num_nodes, (2, num_nodes * DEGREE), np.int32),
        rng.standard_normal((num_nodes, FEATURES), np.float32),
        labels=rng.integers(0, CLASSES, num_nodes),
        splits={"train": np.arange(num_nodes // 2)},
        merge="keep",
    )
    keras.utils.set_random_seed(0)
    model = gnn.GraphConvolutionalNodeClassifier(num_classes=CLASSES, hidden_units=UNITS)
    model.compile(
        keras.optimizers.Adam(0.01),
        keras.losses.SparseCategoricalCrossentropy(from_logits=True),
    )
    data = gnn.data.full_batch(graph, "train")
    return {
        "epoch_ms": round(medians(lambda: model.fit(data, epochs=1, verbose=0), 7), 2),
        "peak_memory_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
    }


def read(path: str) -> list[tuple[int, list[float], list[float]]]:
    """For each size its epochs' times and peak memories, a value a run."""
    with open(path, encoding="utf-8") as file:
        lines = [json.loads(line) for line in file]
    return [
        (
            size,
            [line["epoch_ms"] for line in lines if line["num_nodes"] == size],
            [line["peak_memory_mb"] for line in lines if line["num_nodes"] == size],
        )
        for size in sorted({line["num_nodes"] for line in lines})
    ]


def table(path: str) -> None:
    """Prints the medians, and the time of a node."""
    print("| nodes | edges | runs | epoch | a million nodes' worth | peak memory |")
    print("| --- | --- | --- | --- | --- | --- |")
    for size, times, memories in read(path):
        middle = statistics.median(times)
        print(
            f"| {size:,} | {size * DEGREE:,} | {len(times)} | {middle:,.0f} ms | "
            f"{middle / size * 1e6:,.0f} ms | {statistics.median(memories):,.0f} MB |"
        )


def plot(path: str, output: str) -> None:
    """Draws the epoch's time against the number of nodes, with a line of slope 1."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    sizes, times, _ = zip(*read(path), strict=True)
    middles = [statistics.median(each) for each in times]
    figure, axes = pyplot.subplots(figsize=(5, 3.6), layout="constrained")
    line = [middles[-1] * size / sizes[-1] for size in sizes]
    axes.loglog(sizes, line, color="0.7", linestyle="--", label="in proportion to the nodes")
    axes.loglog(sizes, middles, marker="o", label="measured, median")
    axes.set(xlabel="nodes, 10 neighbors each", ylabel="milliseconds an epoch")
    axes.legend(frameon=False)
    figure.savefig(output, dpi=150)


def main() -> None:
    """Measures every size, or shows what was measured."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--append", metavar="FILE")
    parser.add_argument("--table", metavar="FILE")
    parser.add_argument("--plot", metavar="PNG")
    parser.add_argument("--size", type=int, help="measure one size and print it")
    given = parser.parse_args()
    if given.size:
        print(json.dumps(measure(given.size)))
        return
    if given.table:
        table(given.table)
        if given.plot:
            plot(given.table, given.plot)
        return
    for size in SIZES:
        load = os.getloadavg()[0]
        command = [sys.executable, "-W", "ignore", __file__, "--size", str(size)]
        output = subprocess.run(command, check=True, capture_output=True, text=True).stdout
        line = {"num_nodes": size, **json.loads(output.splitlines()[-1]), "load_before": load}
        line["date"] = time.strftime("%Y-%m-%d")
        print(json.dumps(line), flush=True)
        if given.append:
            with open(given.append, "a", encoding="utf-8") as file:
                file.write(json.dumps(line) + "\n")


if __name__ == "__main__":
    main()
