"""The speed of training on whole graphs and of propagation, one JSON line a run.

    python benchmarks/engine.py --what cora --append benchmarks/results/engine.jsonl
    python benchmarks/engine.py --what arxiv --beside pyg/bin/python --rounds 3 --append ...
    python benchmarks/engine.py --table benchmarks/results/engine.jsonl

With `--beside` it and PyTorch Geometric take turns, and the table has their ratio.

`engine_pyg.py`, `engine_dgl.py` and `engine_tfgnn.py` do the same work in PyTorch Geometric, DGL
and TF-GNN, with this file's graphs and clock, and append to the same file. Each run is a process of
its own, so that its peak memory is its own. With TF_ONEDNN_USE_SYSTEM_ALLOCATOR=1 TensorFlow gives
memory back that it no longer needs, and takes longer.
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
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

ARXIV_NODES, ARXIV_EDGES, ARXIV_FEATURES, ARXIV_CLASSES = 169_343, 2_330_000, 128, 40
PROPAGATION_EDGES, PROPAGATION_COLUMNS = 2_500_000, 128


# The share of the processor time that a repetition may lose, the repetitions tried for one that
# counts, and what the measurements of this process lost at most.
MOST_STOLEN, PATIENCE, LOST = 0.02, 8, [0.0]


def arxiv_size(seed: int = 0) -> dict[str, np.ndarray]:
    """A random graph of ogbn-arxiv's size."""
    rng = np.random.default_rng(seed)
    senders, receivers = rng.integers(0, ARXIV_NODES, (2, ARXIV_EDGES), np.int32)
    return {
        "senders": senders,
        "receivers": receivers,
        "features": rng.standard_normal((ARXIV_NODES, ARXIV_FEATURES), np.float32),
        "labels": rng.integers(0, ARXIV_CLASSES, ARXIV_NODES),
        "train": rng.permutation(ARXIV_NODES)[:90_941],
    }


def propagation_size() -> dict[str, np.ndarray]:
    """Edges in order of their receivers, their weights, values and a gradient."""
    rng = np.random.default_rng(0)
    return {
        "senders": rng.integers(0, ARXIV_NODES, PROPAGATION_EDGES, np.int32),
        "receivers": np.sort(rng.integers(0, ARXIV_NODES, PROPAGATION_EDGES, np.int32)),
        "weights": rng.random(PROPAGATION_EDGES, np.float32),
        "values": rng.standard_normal((ARXIV_NODES, PROPAGATION_COLUMNS), np.float32),
        "upstream": rng.standard_normal((ARXIV_NODES, PROPAGATION_COLUMNS), np.float32),
    }


def timed(
    name: str, work: Callable[[], Any], repetitions: int, warm_up: int = 2, steps: int = 1
) -> dict[str, float]:
    """Milliseconds of a step, of the clock and of all processors, medians of the repetitions.

    A repetition during which the host of a virtual machine took processor time away is done again,
    so many times that most of them may fail; then those that lost least are taken.

    Args:
        name: of the figures: `"<name>_ms"` and `"<name>_processor_ms"`.
        work: what is repeated.
        repetitions: how many count.
        warm_up: how many come before.
        steps: how many steps one call is.
    """
    for _ in range(warm_up):
        work()
    runs: list[tuple[float, float, float]] = []
    for _ in range(PATIENCE * repetitions):
        before, used, start = _ticks(), time.process_time(), time.perf_counter()
        work()
        seconds, used = time.perf_counter() - start, time.process_time() - used
        runs.append((_stolen_since(before), seconds, used))
        if sum(stolen <= MOST_STOLEN for stolen, *_ in runs) >= repetitions:
            break
    kept = sorted(runs)[:repetitions]
    LOST.append(kept[-1][0])
    clock, used = (1000 / steps * statistics.median(run[i] for run in kept) for i in (1, 2))
    return {f"{name}_ms": clock, f"{name}_processor_ms": used}


def medians(work: Callable[[], Any], repetitions: int, warm_up: int = 2) -> float:
    """Milliseconds of one call by the clock, the median."""
    return timed("call", work, repetitions, warm_up)["call_ms"]


def _ticks() -> tuple[int, int]:
    """What all processors did since the machine started: used or taken by its host, and taken."""
    with open("/proc/stat", encoding="ascii") as file:
        user, nice, system, _, _, interrupts, soft, taken = map(int, file.readline().split()[1:9])
    return user + nice + system + interrupts + soft + taken, taken


def _stolen_since(before: tuple[int, int]) -> float:
    """The share of the busy processor time that the host of a virtual machine took away."""
    busy, taken = (now - then for now, then in zip(_ticks(), before, strict=True))
    return taken / max(busy, 1)


def cora() -> dict[str, float]:
    """An epoch of Kipf and Welling's network on Cora, by `fit`."""
    import gnn

    graph = gnn.datasets.planetoid("cora")
    data = gnn.data.full_batch(graph, "train")
    model = _compiled(gnn, num_classes=7, hidden_units=16, dropout_rate=0.5)
    model.fit(data, epochs=20, verbose=0)
    plain = timed("fit", lambda: model.fit(data, epochs=20, verbose=0), 15, 1, 20)
    model = _compiled(gnn, num_classes=7, hidden_units=16, dropout_rate=0.5, steps_per_execution=20)
    repeated = data.repeat()
    model.fit(repeated, steps_per_epoch=200, verbose=0)

    def many() -> None:
        model.fit(repeated, steps_per_epoch=100, verbose=0)

    return plain | timed("fit_20_steps", many, 15, 1, 100)


def arxiv() -> dict[str, float]:
    """An epoch of three convolutions of 256 units on a graph of ogbn-arxiv's size, by `fit`."""
    import gnn

    arrays = arxiv_size()
    graph = gnn.Graph.from_edges(
        arrays["senders"],
        arrays["receivers"],
        arrays["features"],
        labels=arrays["labels"],
        splits={"train": arrays["train"]},
        merge="keep",
    )
    data = gnn.data.full_batch(graph, "train")
    model = _compiled(gnn, num_classes=ARXIV_CLASSES, hidden_units=(256, 256), dropout_rate=0.5)
    return timed("fit", lambda: model.fit(data, epochs=1, verbose=0), 5)


def propagation() -> dict[str, float]:
    """`propagate` and its gradient, 2.5 million edges by 128 columns.

    In a function, as in a step of `fit`, the edges are made into a sparse matrix and its transpose
    each time. What is `kept` is made before, as the matrix is that torch is given.
    """
    import tensorflow as tf

    import gnn

    given = {name: tf.constant(array) for name, array in propagation_size().items()}
    values, upstream = given["values"], given["upstream"]

    def adjacency() -> Any:
        return gnn.ops.Adjacency(
            given["senders"], given["receivers"], ARXIV_NODES, given["weights"]
        )

    @tf.function
    def forward() -> Any:
        return gnn.ops.propagate(values, adjacency())

    @tf.function
    def both() -> Any:
        with tf.GradientTape() as tape:
            tape.watch(values)
            out = gnn.ops.propagate(values, adjacency())
        # Both are returned: what nobody asks for is not computed.
        return out, tape.gradient(out, values, upstream)

    kept = adjacency()

    def both_kept() -> Any:
        with tf.GradientTape() as tape:
            tape.watch(values)
            out = gnn.ops.propagate(values, kept)
        return out, tape.gradient(out, values, upstream)

    return {
        "forward_ms": medians(forward, 7),
        "forward_backward_ms": medians(both, 7),
        "kept_forward_ms": medians(lambda: gnn.ops.propagate(values, kept), 7),
        "kept_forward_backward_ms": medians(both_kept, 7),
    }


def _compiled(gnn: Any, steps_per_execution: int = 1, **arguments: Any) -> Any:
    import keras

    keras.utils.set_random_seed(0)
    model = gnn.GraphConvolutionalNodeClassifier(**arguments)
    model.compile(
        keras.optimizers.Adam(0.01),
        keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        metrics=["accuracy"],
        steps_per_execution=steps_per_execution,
    )
    return model


WORK = {"cora": cora, "arxiv": arxiv, "propagation": propagation}


def record(who: str, what: str, figures: dict[str, float], path: str | None) -> None:
    """Prints a run as a JSON line, and appends it to a file."""
    line = {
        "who": who,
        "what": what,
        **{name: round(value, 3) for name, value in figures.items()},
        "peak_memory_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
        "load_before": LOAD,
        "stolen": round(max(LOST), 3),
        **processor(),
        "date": time.strftime("%Y-%m-%d"),
    }
    print(json.dumps(line))
    if path:
        with open(path, "a", encoding="utf-8") as file:
            file.write(json.dumps(line) + "\n")


LOAD = os.getloadavg()[0]


def processor() -> dict[str, Any]:
    """The model of the processor, and whether it has AVX-512, as Linux says."""
    text = Path("/proc/cpuinfo").read_text(encoding="ascii")
    said = dict(line.split(":", 1) for line in text.splitlines() if ":" in line)
    said = {name.strip(): value.strip() for name, value in said.items()}
    model = f"{said['model name']}, family {said['cpu family']} model {said['model']}"
    return {"processor": model, "avx512": "avx512f" in said["flags"].split()}


PYG = {"cora": ["cora_csr", "cora_edges"], "arxiv": ["arxiv_csr"], "propagation": ["propagation"]}


def take_turns(what: str, python: str, rounds: int, data: str | None, append: str | None) -> None:
    """Runs this and PyTorch Geometric in turn, a process each."""
    folder, end = Path(__file__).parent, ["--append", append] if append else []
    theirs = ["--data", data] if data else []
    for _ in range(rounds):
        subprocess.run([sys.executable, __file__, "--what", what, *end], check=True)
        for name in PYG[what]:
            command = [python, folder / "engine_pyg.py", "--what", name, *theirs, *end]
            subprocess.run(command, check=True)


def table(path: str) -> None:
    """Prints the median and range of each figure, of the runs that had the machine.

    Below, what `gnn` takes of PyTorch Geometric's, by the medians of one processor.
    """
    with open(path, encoding="utf-8") as file:
        lines = [json.loads(line) for line in file]
    lines = [line for line in lines if line["stolen"] <= 2 * MOST_STOLEN]
    found: dict[tuple[str, str, str, str], list[float]] = {}
    for line in lines:
        on = line.get("processor", "not on record")
        for name, value in line.items():
            if name[-3:] in ("_ms", "_mb"):
                found.setdefault((on, line["what"], name, line["who"]), []).append(value)
    print("| processor | what | who | runs | median (range) |\n| --- | --- | --- | --- | --- |")
    for (on, what, name, who), values in sorted(found.items()):
        spread = f"{min(values):.4g} to {max(values):.4g}"
        middle = f"{statistics.median(values):.4g}"
        print(f"| {on} | {what}: {name} | {who} | {len(values)} | {middle} ({spread}) |")
    print("\n| processor | what | peer | ratio |\n| --- | --- | --- | --- |")
    for (on, what, name, who), values in sorted(found.items()):
        # PyG has one step of Cora, whatever Keras makes an execution.
        peer = (on, what, name.replace("_20_steps", ""))
        for other in ("PyG, csr", "PyG, edges", "torch"):
            if who == "gnn" and (*peer, other) in found:
                ratio = statistics.median(values) / statistics.median(found[*peer, other])
                print(f"| {on} | {what}: {name} | {other} | {ratio:.3f} |")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--what", choices=WORK)
    parser.add_argument("--append", metavar="FILE")
    parser.add_argument("--table", metavar="FILE")
    parser.add_argument("--beside", metavar="PYTHON", help="that of PyTorch Geometric")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--data", metavar="FILE", help="the cora.npz of PyTorch Geometric")
    given = parser.parse_args()
    if given.table:
        table(given.table)
    elif given.beside:
        take_turns(given.what, given.beside, given.rounds, given.data, given.append)
    else:
        frugal = os.environ.get("TF_ONEDNN_USE_SYSTEM_ALLOCATOR") == "1"
        who = "gnn, system allocator" if frugal else "gnn"
        record(who, given.what, WORK[given.what](), given.append)
