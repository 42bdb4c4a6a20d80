"""The time of a training step of ours, measured as `predecessor_step.py` measures the predecessor.

    GNN_DATA_DIR=... python benchmarks/step_time.py --append benchmarks/results/step_time.jsonl

The setting is the same: Cora, a random 80% of the nodes train, up to 3 neighbors each, batches of
128, shuffled, an MLP of 50 and 50 units with dropout 0.5, multiplier 0.1, L2 on the logits,
accuracy the only metric. `step_ms` is the `GraphRegularizationModel`; `base_step_ms` the same node
model compiled alone and fed the same nodes without neighbors. A step's time is the wall time of an
epoch of a plain `fit`, from the end of the epoch before it to its own end, over the number of its
steps; the median over the epochs after the warm-up is given.
"""

from __future__ import annotations

import argparse
import json
import os
import time
from pathlib import Path
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import keras
import numpy as np
import tensorflow as tf

import gnn
from gnn.graphs import random_split
from gnn.layers import FeatureDense


def node_classifier(num_words: int, num_classes: int) -> keras.Model:
    """The predecessor's node model; its first layer reads the words as the sparse rows they are."""
    words = keras.Input((num_words,), sparse=True, name="words")
    hidden = keras.layers.Dropout(0.5)(FeatureDense(50, activation="relu")(words))
    hidden = keras.layers.Dropout(0.5)(keras.layers.Dense(50, activation="relu")(hidden))
    return keras.Model(words, keras.layers.Dense(num_classes)(hidden))


class EpochClock(keras.callbacks.Callback):
    """Notes wall and processor time at the end of every epoch."""

    def __init__(self) -> None:
        super().__init__()
        self.ends: list[tuple[float, float]] = []

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        self.ends.append((time.perf_counter(), time.process_time()))


def measure(model: keras.Model, data: tf.data.Dataset, epochs: int, warmup: int) -> list[float]:
    """The median wall and processor milliseconds of a step."""
    clock = EpochClock()
    model.compile(
        keras.optimizers.Adam(),
        keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        metrics=["accuracy"],
    )
    model.fit(data, epochs=epochs, callbacks=[clock], shuffle=False, verbose=0)
    times = np.diff(np.array(clock.ends[warmup:]), axis=0) / int(data.cardinality())
    return [round(1000 * float(value), 2) for value in np.median(times, axis=0)]


def run(epochs: int, warmup: int, seed: int) -> dict[str, Any]:
    """Measures both models."""
    keras.utils.set_random_seed(seed)
    graph = gnn.datasets.planetoid("cora", normalize=False)
    graph = random_split(graph, {"train": 0.8, "test": 0.2}, seed=seed)
    sizes = (graph.features["words"].shape[1], int(graph.labels.max()) + 1)
    model = gnn.GraphRegularizationModel(
        gnn.GraphRegConfig(multiplier=0.1), lambda: node_classifier(*sizes)
    )
    data = gnn.data.neighborhoods(graph, "train", batch_size=128, fanout=3, shuffle=True, seed=seed)
    base_data = gnn.data.neighborhoods(
        graph, "train", batch_size=128, fanout=0, shuffle=True, seed=seed
    ).map(lambda inputs, labels: (inputs["words"], labels))
    load = os.getloadavg()[0]
    step, step_cpu = measure(model, data, epochs, warmup)
    base, base_cpu = measure(node_classifier(*sizes), base_data, epochs, warmup)
    return {
        "who": "gnn",
        "step_ms": step,
        "base_step_ms": base,
        "step_cpu_ms": step_cpu,
        "base_step_cpu_ms": base_cpu,
        "load_average": round(load, 2),
        "cpus": os.cpu_count(),
        "epochs": epochs,
        "seed": seed,
        "tensorflow": tf.__version__,
        "keras": keras.__version__,
    }


def main() -> None:
    """Measures, prints one line of JSON, and appends it to a file if asked to."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--append", type=Path)
    parser.add_argument("--epochs", type=int, default=20)
    parser.add_argument("--warmup", type=int, default=3)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    line = json.dumps(run(arguments.epochs, arguments.warmup, arguments.seed))
    print(line)
    if arguments.append:
        with arguments.append.open("a", encoding="utf-8") as file:
            file.write(line + "\n")


if __name__ == "__main__":
    main()
