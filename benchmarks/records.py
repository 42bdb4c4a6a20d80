"""How fast records are written and read, and a training step from records beside one from memory.

    GNN_DATA_DIR=... python benchmarks/records.py --append benchmarks/results/records.jsonl

Cora; a random 80% of the nodes train. Batches are neighborhoods of 128 nodes with up to 10
neighbors at each of two hops and sparse words, ten epochs of them as an epoch that is long enough
for the start of a pipeline not to be what is measured; examples are all nodes with up to 3 packed
neighbors. Rates are the medians over repetitions of a whole pass, the first left out: it builds the
pipeline. A step is one of `GraphConvolutionalNodeClassifier` in a plain `fit`, fed in turn from
memory (the same batches, cached) and from records; its time is that of an epoch over its steps, the
first epoch of every `fit` left out. The ratio given is that of the two medians.
"""

from __future__ import annotations

import argparse
import json
import os
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import keras
import numpy as np
import tensorflow as tf

import gnn
from gnn.data import records
from gnn.graphs import random_split

BATCH_SIZE, FANOUT, MAX_NEIGHBORS = 128, (10, 10), 3
EPOCHS_WRITTEN = 10


class EpochClock(keras.callbacks.Callback):
    """Notes the wall time at the end of every epoch."""

    def __init__(self) -> None:
        super().__init__()
        self.ends: list[float] = []

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        self.ends.append(time.perf_counter())


def per_second(count: int, work: Callable[[], Any], repetitions: int) -> float:
    """The median rate of `work`, which treats `count` records."""
    times = []
    for _ in range(repetitions + 1):
        start = time.perf_counter()
        work()
        times.append(time.perf_counter() - start)
    return round(count / float(np.median(times[1:])), 1)


def rates(
    write: Callable[[Path], None],
    read: Callable[[Path], tf.data.Dataset],
    folder: Path,
    repetitions: int,
) -> dict[str, float]:
    """Records written and read a second, and the bytes of the shards."""
    write(folder)
    schema = json.loads((folder / "schema.json").read_text(encoding="utf-8"))
    count = schema["num_records"]
    data = read(folder)

    def read_all() -> None:
        for _ in data:
            pass

    return {
        "records": count,
        "bytes": sum(shard["bytes"] for shard in schema["shards"]),
        "written_per_s": per_second(count, lambda: write(folder), repetitions),
        "read_per_s": per_second(count, read_all, repetitions),
    }


def step_times(
    sources: dict[str, tf.data.Dataset], epochs: int, repetitions: int
) -> dict[str, float]:
    """The median milliseconds of a step from each source, taken in turn."""
    model = gnn.GraphConvolutionalNodeClassifier(num_classes=7)
    model.compile(
        keras.optimizers.Adam(),
        keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        metrics=["accuracy"],
    )
    times: dict[str, list[float]] = {name: [] for name in sources}
    for repetition in range(repetitions + 1):
        for name, data in sources.items():
            clock = EpochClock()
            model.fit(data, epochs=epochs + 1, callbacks=[clock], shuffle=False, verbose=0)
            if repetition:  # The first traces the step and fills the cache.
                times[name] += (np.diff(clock.ends) / int(data.cardinality())).tolist()
    return {name: round(1000 * float(np.median(values)), 2) for name, values in times.items()}


def run(epochs: int, repetitions: int, shards: int, seed: int) -> dict[str, Any]:
    """Writes, reads and trains in a folder of its own."""
    keras.utils.set_random_seed(seed)
    graph = gnn.datasets.planetoid("cora")
    graph = random_split(graph, {"train": 0.8, "test": 0.2}, seed=seed)
    batches = gnn.data.neighborhoods(
        graph, "train", batch_size=BATCH_SIZE, fanout=FANOUT, shuffle=True, seed=seed
    )
    batches = batches.repeat(EPOCHS_WRITTEN).cache()
    for _ in batches:  # What is timed is the writing, not the sampling.
        pass
    load = os.getloadavg()[0]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "batches"
        result: dict[str, Any] = {"who": "gnn"}
        for compression in (None, "GZIP"):
            options: dict[str, Any] = {
                "shards": shards,
                "compression": compression,
                "overwrite": True,
                "verbose": False,
            }
            suffix = "_gzip" if compression else ""
            result["batches" + suffix] = rates(
                lambda path: records.write(batches, path, **options),  # noqa: B023
                records.read,
                Path(folder) / f"batches{suffix}",
                repetitions,
            )
            result["examples" + suffix] = rates(
                lambda path: records.write_packed_neighbors(
                    graph,
                    None,
                    path,
                    max_neighbors=MAX_NEIGHBORS,
                    **options,  # noqa: B023
                ),
                lambda path: records.read_packed_neighbors(path, batch_size=BATCH_SIZE),
                Path(folder) / f"examples{suffix}",
                repetitions,
            )
        sources = {"memory": batches, "records": records.read(path)}
        steps = step_times(sources, epochs, repetitions)
    return {
        **result,
        "step_ms_memory": steps["memory"],
        "step_ms_records": steps["records"],
        "step_ratio": round(steps["records"] / steps["memory"], 3),
        "shards": shards,
        "load_average": round(load, 2),
        "cpus": os.cpu_count(),
        "epochs": epochs,
        "repetitions": repetitions,
        "seed": seed,
        "tensorflow": tf.__version__,
        "keras": keras.__version__,
    }


def main() -> None:
    """Measures, prints one line of JSON, and appends it to a file if asked to."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--append", type=Path)
    parser.add_argument("--epochs", type=int, default=2)
    parser.add_argument("--repetitions", type=int, default=5)
    parser.add_argument("--shards", type=int, default=1)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    line = json.dumps(
        run(arguments.epochs, arguments.repetitions, arguments.shards, arguments.seed)
    )
    print(line)
    if arguments.append:
        with arguments.append.open("a", encoding="utf-8") as file:
            file.write(line + "\n")


if __name__ == "__main__":
    main()
