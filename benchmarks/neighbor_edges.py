"""Graphs from vectors, against FAISS and NSL on the same machine.

    python benchmarks/neighbor_edges.py --append benchmarks/results/neighbor_edges.jsonl
    python benchmarks/neighbor_edges.py --table benchmarks/results/neighbor_edges.jsonl

Vectors of 64 numbers, k = 10 by cosine:

- `A`: 100,000 of 1,000 Gaussians of standard deviation 0.3 around normal centers;
- `B`: the same with a standard deviation of 1;
- `C`: 100,000 on a curved surface of 12 dimensions, without clusters;
- `half`: `B`, of which every second vector is a copy of the first;
- `million`: a million of `A`;
- `nsl`: 4,000 of `A`, of which 4 are of each Gaussian; all pairs of a cosine of 0.8 or more.

Ways, one by one in turn, the least of `--repeats` runs (`million`: one run, in a process of its
own; its memory is what the way takes above the imports, the vectors included):

- `faiss_exact`: `IndexFlatIP` on vectors of length 1;
- `faiss_ivf`: an inverted file with settings chosen by hand for the data: 1,024 cells, of which 8
  are read, or 32 of `C`; 2,048 and 4 for `million`;
- `exact`, `approximate`: `gnn.Graph.from_embeddings`, the making of the graph and the tuning
  included; the target is a recall of 0.97, and 0.99 of `million`;
- `nsl`: `build_graph` of Neural Structured Learning, from a file of records to a file of edges.

Recall is that of neighbors, on 10,000 rows that `faiss_exact` answered; of `half` on those that are
no copies, where a copy is right where another copy is.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import faiss
import numpy as np
import peak_memory
import result_lines

import gnn
from gnn.edges.neighbors.approximate import approximate
from gnn.edges.neighbors.copies import copies_of
from gnn.edges.neighbors.metrics import Vectors

WIDTH, K, SEED = 64, 10, 7
READ = {"A": 8, "B": 8, "half": 8, "C": 32}


def vectors_of(what: str) -> np.ndarray:
    """The data of a name, float32."""
    rng = np.random.default_rng(SEED)
    count = {"million": 1_000_000, "nsl": 4_000}.get(what, 100_000)
    if what == "C":
        bend = rng.normal(size=(12, WIDTH)).astype(np.float32)
        return np.tanh(rng.normal(size=(count, 12)).astype(np.float32) @ bend / 2)
    centers = rng.normal(size=(1000, WIDTH)).astype(np.float32)
    deviation = np.float32(1.0 if what in ("B", "half") else 0.3)
    vectors = rng.standard_normal((count, WIDTH), np.float32)
    vectors *= deviation
    vectors += centers[np.arange(count) % 1000]
    if what == "half":
        vectors[::2] = vectors[0]
    return vectors


def unit(vectors: np.ndarray) -> np.ndarray:
    made = vectors.copy()
    faiss.normalize_L2(made)
    return made


def faiss_exact(vectors: np.ndarray) -> np.ndarray:
    index = faiss.IndexFlatIP(WIDTH)
    index.add(unit(vectors))
    return index.search(unit(vectors), K + 1)[1]


def faiss_ivf(vectors: np.ndarray, cells: int, read: int) -> np.ndarray:
    held = unit(vectors)
    index = faiss.IndexIVFFlat(faiss.IndexFlatIP(WIDTH), WIDTH, cells, faiss.METRIC_INNER_PRODUCT)
    index.train(held)
    index.add(held)
    index.nprobe = read
    return index.search(held, K + 1)[1]


def graph(vectors: np.ndarray, method: str, recall: float = 0.97) -> gnn.Graph:
    return gnn.Graph.from_embeddings(vectors, K, method=method, target_recall=recall)


def found_by_gnn(vectors: np.ndarray, recall: float = 0.97) -> np.ndarray:
    """The neighbors of which `approximate` makes a graph: rows of different vectors."""
    distinct = Vectors.of(vectors, "cosine")
    near = approximate(distinct, K, target_recall=recall, seed=0).near
    found = np.full((len(vectors), K), -1)
    ranks = np.arange(near.rows.size) - np.searchsorted(near.rows, near.rows)
    found[near.rows, ranks] = near.columns
    return found


def recall_of(found: np.ndarray, right: np.ndarray, own: np.ndarray | None = None) -> float:
    """The share of the right neighbors that were found, of 10,000 rows, themselves not counted.

    Each row is the vector of its own number, unless one says which.
    """
    own = np.arange(len(found)) if own is None else own
    rows = np.random.default_rng(0).choice(len(found), min(10_000, len(found)), replace=False)
    shares = []
    for row in rows:
        mine = [item for item in right[row].tolist() if item != own[row]][:K]
        shares.append(len(set(mine) & set(found[row].tolist())) / len(mine))
    return float(np.mean(shares))


def least(ways: dict[str, Callable[[], Any]], repeats: int) -> tuple[dict[str, float], dict]:
    """The least seconds of each way, and what it gave."""
    seconds, given = dict.fromkeys(ways, float("inf")), {}
    for _ in range(repeats):
        for name, way in ways.items():
            started = time.perf_counter()
            given[name] = way()
            seconds[name] = min(seconds[name], time.perf_counter() - started)
    return {f"{name}_s": round(value, 4) for name, value in seconds.items()}, given


def measure(what: str, repeats: int) -> dict[str, Any]:
    """The figures of a name."""
    load = round(os.getloadavg()[0], 2)
    if what == "million":
        return {"load": load, **measure_million()}
    if what == "nsl":
        return {"load": load, **measure_nsl(repeats)}
    vectors = vectors_of(what)
    ways = {
        "faiss_exact": lambda: faiss_exact(vectors),
        "faiss_ivf": lambda: faiss_ivf(vectors, 1024, READ[what]),
        "exact": lambda: graph(vectors, "exact"),
        "approximate": lambda: graph(vectors, "approximate"),
    }
    seconds, given = least(ways, repeats)
    right, ivf, ours = given["faiss_exact"], given["faiss_ivf"], vectors
    if what == "half":
        # Of copies one is as right as another: all are the first of them.
        copies = copies_of(vectors)
        alone = np.setdiff1d(copies.first, [0])
        distinct = vectors[copies.first]
        right = faiss_exact(distinct)
        ivf, ours = copies.number[ivf[copies.first]], distinct
        keep = np.searchsorted(copies.first, alone)
        found = found_by_gnn(ours)
        recalls = {"ivf": recall_of(ivf[keep], right[keep], keep), "approximate": 0.0}
        recalls["approximate"] = recall_of(found[keep], right[keep], keep)
    else:
        recalls = {
            "ivf": recall_of(ivf, right),
            "approximate": recall_of(found_by_gnn(ours), right),
        }
    return {
        "load": load,
        **seconds,
        **{f"{name}_recall": round(value, 4) for name, value in recalls.items()},
        "edges": given["approximate"].num_edges,
        "how": given["approximate"].notes["edges"],
    }


def measure_million() -> dict[str, Any]:
    """Two ways, each in a new process, and its peak of memory."""
    figures: dict[str, Any] = {}
    for way in ("faiss_ivf", "approximate"):
        command = [sys.executable, __file__, "--alone", way]
        process = subprocess.run(command, check=True, capture_output=True, text=True)
        figures |= json.loads(process.stdout.splitlines()[-1])
    return figures


def alone(way: str) -> dict[str, Any]:
    """One way on a million vectors: seconds, bytes above those of the imports, and recall."""
    gnn.Graph.from_embeddings(vectors_of("nsl")[:100], method="approximate")  # What is loaded late.
    before = peak_memory.reset()
    vectors = vectors_of("million")
    peak_memory.reset()
    started = time.perf_counter()
    if way == "faiss_ivf":
        found = faiss_ivf(vectors, 2048, 4)
    else:
        made = graph(vectors, "approximate", 0.99)
    seconds = time.perf_counter() - started
    taken = peak_memory.peak() - before
    figures = {f"{way}_s": round(seconds, 2), f"{way}_MB": round(taken)}
    rows = np.random.default_rng(0).choice(len(vectors), 2000, replace=False)
    index = faiss.IndexFlatIP(WIDTH)
    index.add(unit(vectors))
    right = np.full((len(vectors), K + 1), -1)
    right[rows] = index.search(unit(vectors[rows]), K + 1)[1]
    if way != "faiss_ivf":
        figures["how"] = made.notes["edges"]
        found = found_by_gnn(vectors, 0.99)
    hits = [
        np.isin([item for item in right[row] if item != row][:K], found[row]).mean() for row in rows
    ]
    return {**figures, f"{way}_recall": round(float(np.mean(hits)), 4)}


def measure_nsl(repeats: int) -> dict[str, Any]:
    """NSL's edges and ours, which must be the same."""
    import tensorflow as tf

    vectors = vectors_of("nsl")
    with tempfile.TemporaryDirectory() as folder:
        rows, edges = f"{folder}/rows", f"{folder}/edges.tsv"
        with tf.io.TFRecordWriter(rows) as writer:
            for name, row in enumerate(vectors):
                example = tf.train.Example()
                example.features.feature["id"].bytes_list.value.append(str(name).encode())
                example.features.feature["embedding"].float_list.value.extend(row)
                writer.write(example.SerializeToString())
        ways = {
            "nsl": lambda: gnn.nsl.tools.build_graph([rows], edges, similarity_threshold=0.8),
            "exact": lambda: gnn.Graph.from_embeddings(vectors, None, min_similarity=0.8),
        }
        seconds, given = least({"exact": ways["exact"]}, 5 * repeats)
        theirs, _ = least({"nsl": ways["nsl"]}, 1)
        lines = [line.split("\t")[:2] for line in Path(edges).read_text().splitlines()]
    made = given["exact"]
    ours = set(zip(made.senders.tolist(), made.receivers.tolist(), strict=True))
    assert ours == {(int(i), int(j)) for i, j in lines}
    return {**theirs, **seconds, "edges": made.num_edges}


def print_table(path: Path) -> None:
    """The lines of a file as a table."""
    heads = ["data", "FAISS exact, s", "IVF by hand, s", "recall", "gnn exact, s"]
    heads += ["approximate, s", "recall", "of FAISS exact", "of IVF"]
    print("| " + " | ".join(heads) + " |\n|" + " --- |" * len(heads))
    for line in result_lines.read(path):
        if line["what"] == "nsl":
            continue
        names = ("faiss_exact_s", "faiss_ivf_s", "faiss_ivf_recall", "exact_s", "approximate_s")
        cells = [line["what"], *(line.get(n, line.get(n.replace("faiss_", ""), "")) for n in names)]
        cells.append(line["approximate_recall"])
        for name in ("faiss_exact_s", "faiss_ivf_s"):
            cells.append(f"{line['approximate_s'] / line[name]:.2f}" if name in line else "")
        print("| " + " | ".join(map(str, cells)) + " |")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--append", type=Path, help="the file of results to add lines to")
    parser.add_argument("--table", type=Path, help="the file of results to print")
    parser.add_argument("--only", nargs="*", default=["A", "B", "C", "half", "million", "nsl"])
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--alone", choices=["faiss_ivf", "approximate"], help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.table:
        print_table(arguments.table)
    elif arguments.alone:
        print(json.dumps(alone(arguments.alone)))
    else:
        wanted = [{"what": what, "repeats": arguments.repeats} for what in arguments.only]
        result_lines.run_missing(arguments.append, wanted, measure)


if __name__ == "__main__":
    main()
