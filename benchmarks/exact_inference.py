"""Exact inference on a large graph, a stage at a time, against one full-batch prediction.

    python benchmarks/exact_inference.py --append benchmarks/results/exact_inference.jsonl
    python benchmarks/exact_inference.py --table benchmarks/results/exact_inference.jsonl

A random graph of 200,000 nodes, 5 million edges and 64 features, ten classes; a GCN of 64 hidden
units and a DAGNN of ten hops. Each way is a process of its own:

- `full`: `model.predict(gnn.data.full_batch(graph))`, the making of the batch included;
- `predict`: `gnn.models.layerwise_predict(model, graph)`, that of the chunks included;
- `evaluate`: `gnn.models.evaluate_nodes(model, graph, "test")`, the logits of all nodes and the
  loss and the accuracy on half of them.

The graph is loaded, and the model has its weights, before the clock starts. `first_s` is the first
call, in which TensorFlow traces; `again_s` the median of two more. `peak_mb` is the most memory
that the process held in the first call (`VmHWM`, set back after loading), above what it held after
the imports, in units of 2**20 bytes: the loaded graph, `loaded_mb`, is in it. Linux only.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np
import result_lines

MODELS, WAYS = ("gcn", "dagnn"), ("full", "predict", "evaluate")
FEATURES, CLASSES = 64, 10


def memory_mb(key: str) -> float:
    """`VmRSS`, what the process holds now, or `VmHWM`, the most it held."""
    lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    (line,) = [line for line in lines if line.startswith(f"{key}:")]
    return int(line.split()[1]) / 1024


def measure(model_name: str, way: str, num_nodes: int, num_edges: int) -> dict[str, float]:
    """The figures of one way, in this process."""
    import keras
    import tensorflow as tf

    import gnn
    from gnn.graphs.batch.graphs_tuple import edgeless

    tf.constant([1.0]) + 1.0  # TensorFlow sets itself up at its first operation.
    imported = memory_mb("VmRSS")
    rng = np.random.default_rng(0)
    graph = gnn.Graph.from_edges(
        *rng.integers(0, num_nodes, (2, num_edges), np.int32),
        rng.standard_normal((num_nodes, FEATURES), np.float32),
        labels=rng.integers(0, CLASSES, num_nodes),
        splits={"test": np.arange(num_nodes // 2)},
    )
    keras.utils.set_random_seed(0)
    if model_name == "gcn":
        model = gnn.GraphConvolutionalNodeClassifier(num_classes=CLASSES, hidden_units=64)
    else:
        model = gnn.models.DAGNNNodeClassifier(num_classes=CLASSES, hidden_units=64, hops=10)
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(loss=loss, metrics=["accuracy"])
    model({"features": np.zeros([1, FEATURES], np.float32), **edgeless(1)}, training=False)
    calls: dict[str, Any] = {
        "full": lambda: model.predict(gnn.data.full_batch(graph), verbose=0),
        "predict": lambda: gnn.models.layerwise_predict(model, graph, verbose=False),
        "evaluate": lambda: gnn.models.evaluate_nodes(model, graph, "test", verbose=False),
    }
    loaded = memory_mb("VmRSS")
    Path("/proc/self/clear_refs").write_text("5")  # Sets VmHWM back.
    seconds = []
    for _ in range(3):
        start = time.perf_counter()
        calls[way]()
        seconds.append(time.perf_counter() - start)
        if len(seconds) == 1:
            peak = memory_mb("VmHWM")
    return {
        "first_s": round(seconds[0], 3),
        "again_s": round(statistics.median(seconds[1:]), 3),
        "loaded_mb": round(loaded - imported, 1),
        "peak_mb": round(peak - imported, 1),
    }


def in_process(**names: Any) -> dict[str, Any]:
    """`measure` in a process of its own, with the load of the machine before it."""
    load = os.getloadavg()[0]
    command = [sys.executable, __file__, "--measure", json.dumps(names)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    return {**json.loads(done.stdout.splitlines()[-1]), "load_average": round(load, 2)}


def table(lines: list[dict[str, Any]]) -> str:
    """Each way's figures, and their ratios to the full batch's of the same repeat."""
    rows = ["| model | way | first, s | again, s | peak, MiB |", "| --- | --- | --- | --- | --- |"]
    for model in MODELS:
        full = {x["repeat"]: x for x in lines if x["model_name"] == model and x["way"] == "full"}
        for way in WAYS:
            runs = [x for x in lines if x["model_name"] == model and x["way"] == way]
            cells = []
            for key in ("first_s", "again_s", "peak_mb"):
                middle = statistics.median(x[key] for x in runs)
                ratios = [x[key] / full[x["repeat"]][key] for x in runs]
                cells.append(f"{middle:.4g} ({statistics.median(ratios):.2f})")
            rows.append(f"| {model} | {way} | {' | '.join(cells)} |")
    return "\n".join(rows)


def main() -> None:
    """Measures what the file lacks, or prints its table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--append", type=Path)
    parser.add_argument("--table", type=Path)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--nodes", type=int, default=200_000)
    parser.add_argument("--edges", type=int, default=5_000_000)
    parser.add_argument("--measure", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.measure:
        names = json.loads(arguments.measure)
        del names["repeat"]
        print(json.dumps(measure(**names)))
    elif arguments.table:
        print(table(result_lines.read(arguments.table)))
    else:
        wanted = [
            {
                "model_name": model,
                "way": way,
                "num_nodes": arguments.nodes,
                "num_edges": arguments.edges,
                "repeat": repeat,
            }
            for repeat in range(arguments.repeats)
            for model in MODELS
            for way in WAYS
        ]
        result_lines.run_missing(arguments.append, wanted, in_process)


if __name__ == "__main__":
    main()
