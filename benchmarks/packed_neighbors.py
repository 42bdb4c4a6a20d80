"""Examples with their neighbors' features written a second, beside NSL's `pack_nbrs`.

    python benchmarks/packed_neighbors.py --append benchmarks/results/packed_neighbors.jsonl

Random nodes of 64 numbers, 10 edges a node, up to 3 neighbors packed. Each way and size runs in a
process of its own. Both start from files: `gnn` from a graph folder, opened as files; NSL, by
`gnn.nsl`, from examples in TFRecords and edges in a table, as it wants them. Memory is the peak of
the process above what it took before.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import numpy as np
import peak_memory
import result_lines
import tensorflow as tf

import gnn

WIDTH, DEGREE, MAX_NEIGHBORS, SEED = 64, 10, 3, 0


def make(nodes: int, folder: Path) -> None:
    """The same graph as a graph folder, as examples and as a table of edges."""
    rng = np.random.default_rng(SEED)
    features = rng.normal(size=(nodes, WIDTH)).astype(np.float32)
    receivers = np.repeat(np.arange(nodes), DEGREE)
    senders = (receivers + rng.integers(1, nodes, receivers.size)) % nodes
    weights = rng.uniform(0.1, 1, receivers.size).astype(np.float32)
    names = [f"n{number}" for number in range(nodes)]
    graph = gnn.Graph.from_edges(senders, receivers, features, weights=weights, ids=names)
    gnn.graphs.write_graph(graph, folder / "graph")
    with tf.io.TFRecordWriter(str(folder / "examples.tfr")) as writer:
        for name, row in zip(names, features, strict=True):
            example = tf.train.Example()
            example.features.feature["id"].bytes_list.value.append(name.encode())
            example.features.feature["features"].float_list.value.extend(row)
            writer.write(example.SerializeToString())
    with (folder / "edges.tsv").open("w", encoding="utf-8") as file:
        for sender, receiver, weight in zip(senders, receivers, weights, strict=True):
            file.write(f"{names[receiver]}\t{names[sender]}\t{weight}\n")


def by_gnn(folder: Path) -> None:
    graph = gnn.graphs.open_graph(folder / "graph")
    gnn.data.records.write_packed_neighbors(
        graph, None, folder / "packed", max_neighbors=MAX_NEIGHBORS, verbose=False
    )


def by_nsl(folder: Path) -> None:
    examples, edges = str(folder / "examples.tfr"), str(folder / "edges.tsv")
    gnn.nsl.tools.pack_nbrs(examples, "", edges, str(folder / "packed.tfr"), max_nbrs=MAX_NEIGHBORS)


WAYS = {"nsl": by_nsl, "gnn": by_gnn}


def measure(way: str, nodes: int) -> dict[str, Any]:
    """The figures of one way, in a process of its own."""
    with tempfile.TemporaryDirectory() as folder:
        make(nodes, Path(folder))
        command = [sys.executable, __file__, "--one", way, folder]
        done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    seconds, peak = json.loads(done.stdout.splitlines()[-1])
    return {"per_s": round(nodes / seconds), "seconds": round(seconds, 2), "peak_mb": round(peak)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--append", type=Path, help="the file of results to add lines to")
    parser.add_argument("--nodes", type=int, nargs="+", default=[10_000, 40_000])
    parser.add_argument("--one", nargs=2, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.one:
        way, folder = arguments.one
        if way == "nsl":
            _ = gnn.nsl.tools  # Imported when first used.
        before = peak_memory.reset()
        started = time.perf_counter()
        WAYS[way](Path(folder))
        seconds = time.perf_counter() - started
        print(json.dumps([seconds, peak_memory.peak() - before]))
        return
    wanted = [{"way": way, "nodes": nodes} for nodes in arguments.nodes for way in WAYS]
    result_lines.run_missing(arguments.append, wanted, measure)


if __name__ == "__main__":
    main()
