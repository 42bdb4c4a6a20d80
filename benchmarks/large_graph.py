"""Sampling of a graph that is not in memory: nodes a second, and the memory that it takes.

    python benchmarks/large_graph.py --folder FOLDER --append benchmarks/results/large_graph.jsonl

A random graph of 10 million nodes, 100 million edges and float32 features of width 32 is made chunk
by chunk by `gnn.graphs.GraphWriter`, unless the folder holds it already, in a process of its own.
Senders and receivers are drawn uniformly from a seed, so a node has ten neighbors on average and
next to none that are shared: the hardest case for a cache. Then a new process opens it and draws
batches by `gnn.data.neighborhoods(merge=True)`. `nodes_per_s` counts the rows of the batches, with
their features, over the wall time of the batches after the first `warmup` ones. `peak_rss_gb` is
`resource.getrusage(RUSAGE_SELF).ru_maxrss` of that process in units of 10^9 bytes: all memory that
it ever held at once, with Python, TensorFlow and the batches, and also with the pages of the mapped
files that it had read, which are the system's cache and can be taken from it at any time.
`write_peak_rss_gb` is that of the process that makes the graph.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import resource
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import numpy as np
import tensorflow as tf

import gnn
from gnn.graphs.storage.graph_files import open_graph
from gnn.graphs.storage.graph_writer import GraphWriter

NODES_AT_ONCE, EDGES_AT_ONCE, CLASSES = 2**18, 2**22, 10


def peak_rss_gb() -> float:
    """The most memory that this process has held; Linux counts in KiB."""
    return round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e9, 3)


def make_graph(arguments: argparse.Namespace) -> dict[str, Any]:
    """Writes the graph, unless it is there."""
    start = time.perf_counter()
    rng = np.random.default_rng(arguments.seed)
    with GraphWriter(arguments.folder, arguments.nodes) as writer:
        for first in range(0, arguments.nodes, NODES_AT_ONCE):
            count = min(NODES_AT_ONCE, arguments.nodes - first)
            features = rng.standard_normal((count, arguments.width), np.float32)
            writer.add_nodes({"features": features}, labels=rng.integers(0, CLASSES, count))
        for first in range(0, arguments.edges, EDGES_AT_ONCE):
            count = min(EDGES_AT_ONCE, arguments.edges - first)
            ends = rng.integers(0, arguments.nodes, (2, count), np.int32)
            writer.add_edges(ends[0], ends[1])
    return {
        "write_s": round(time.perf_counter() - start, 1),
        "write_peak_rss_gb": peak_rss_gb(),
    }


def sample(arguments: argparse.Namespace) -> dict[str, Any]:
    """Opens the graph and draws batches of it."""
    start = time.perf_counter()
    graph = open_graph(arguments.folder)
    opened = time.perf_counter() - start
    batches = gnn.data.neighborhoods(
        graph,
        batch_size=arguments.batch_size,
        fanout=tuple(arguments.fanout),
        shuffle=True,
        seed=arguments.seed,
        merge=True,
    )
    nodes, edges, start = 0, 0, 0.0
    for place, (inputs, _) in enumerate(batches.take(arguments.warmup + arguments.batches)):
        if place >= arguments.warmup:
            nodes += int(inputs["n_node"][0])
            edges += int(inputs["n_edge"][0])
        if place == arguments.warmup - 1:
            start = time.perf_counter()
    wall = time.perf_counter() - start
    return {
        "nodes": graph.num_nodes,
        "edges": graph.num_edges,
        "width": int(graph.features["features"].shape[1]),
        "open_s": round(opened, 2),
        "nodes_per_batch": round(nodes / arguments.batches),
        "edges_per_batch": round(edges / arguments.batches),
        "batch_ms": round(1000 * wall / arguments.batches, 2),
        "nodes_per_s": round(nodes / wall),
        "peak_rss_gb": peak_rss_gb(),
        "peak_rss_counts": "ru_maxrss: the process with the mapped pages it read",
    }


def in_process(work: Callable[[Any], dict[str, Any]], arguments: argparse.Namespace) -> Any:
    """What `work` returns in a process of its own, so that peaks are apart."""
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        return pool.apply(work, (arguments,))


def main() -> None:
    """Measures, prints one line of JSON, and appends it to a file if asked to."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--folder", type=Path, required=True, help="where the graph is, or goes")
    parser.add_argument("--append", type=Path)
    parser.add_argument("--nodes", type=int, default=10_000_000)
    parser.add_argument("--edges", type=int, default=100_000_000)
    parser.add_argument("--width", type=int, default=32)
    parser.add_argument("--batch-size", type=int, default=1024)
    parser.add_argument("--fanout", type=int, nargs="+", default=[15, 10])
    parser.add_argument("--batches", type=int, default=200)
    parser.add_argument("--warmup", type=int, default=5)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    if arguments.warmup < 1:
        parser.error("--warmup must be at least 1: the first batch starts the pipeline")
    load = os.getloadavg()[0]
    result: dict[str, Any] = {"who": "gnn"}
    if not (arguments.folder / "schema.json").exists():
        result |= in_process(make_graph, arguments)
    result |= in_process(sample, arguments)
    result |= {
        "batch_size": arguments.batch_size,
        "fanout": arguments.fanout,
        "batches": arguments.batches,
        "load_average": round(load, 2),
        "cpus": os.cpu_count(),
        "seed": arguments.seed,
        "numpy": np.__version__,
        "tensorflow": tf.__version__,
    }
    line = json.dumps(result)
    print(line)
    if arguments.append:
        with arguments.append.open("a", encoding="utf-8") as file:
            file.write(line + "\n")


if __name__ == "__main__":
    main()
