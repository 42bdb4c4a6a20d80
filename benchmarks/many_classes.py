"""A class head of very many classes: its step beside Keras' Embedding, and its gradient.

    python benchmarks/many_classes.py [--what steps gradient] [--repeats 3]
        [--append benchmarks/results/many_classes.jsonl]
    python benchmarks/many_classes.py --table benchmarks/results/many_classes.jsonl

`steps`: milliseconds a step of `fit`, of 64 numbers an embedding, 1,000 drawn classes and batches
of 128, at ten thousand, a hundred thousand and a million classes: `gnn.layers.SampledSoftmax`
(Adagrad in the table, Adam for the rest), the same compiled by XLA, and `keras` (at a million
alone): the same loss on the same draws, its rows from a `keras.layers.Embedding` that Keras' Adam
trains. Each is a process of its own; all take turns, and the median of three epochs counts. Memory
is what the process has after training, beside that before the model was made.

`gradient`: the gradient of the embeddings from 2,000 draws against that of the whole softmax, by
standard errors of the mean: the root mean square and the largest.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import keras
import numpy as np
import peak_memory
import result_lines
import tensorflow as tf

from gnn.layers import SampledSoftmax
from gnn.ops import draw_classes, label_weights, sampled_softmax_losses

DIM, SAMPLED, BATCH = 64, 1000, 128
CLASSES = (10_000, 100_000, 1_000_000)
DRAWS = 2000


class KerasHead(keras.layers.Layer):
    """The same loss on the same draws, with Keras' own table."""

    def __init__(self, num_classes: int):
        super().__init__()
        self.num_classes = num_classes
        self.rows = keras.layers.Embedding(num_classes, DIM)
        self.step = self.add_weight(shape=(), initializer="zeros", dtype="int64", trainable=False)

    def call(self, embeddings: Any, labels: Any) -> tf.Tensor:
        step = tf.convert_to_tensor(self.step)
        classes, log_expected = draw_classes(SAMPLED, self.num_classes, 0, step)
        self.step.assign(step + 1)
        rows = self.rows(tf.concat([classes, labels], axis=0))
        own = tf.reduce_sum(embeddings * rows[SAMPLED:], axis=1, keepdims=True)
        columns = labels[:, tf.newaxis]
        logits = tf.matmul(embeddings, rows[:SAMPLED], transpose_b=True)
        return sampled_softmax_losses(
            own, columns, label_weights(columns), logits, classes, log_expected
        )


def measure(who: str, num_classes: int, steps: int) -> dict[str, float]:
    """Trains in this process; milliseconds a step and memory."""
    rng = np.random.default_rng(0)
    vectors = rng.normal(size=(steps * BATCH, DIM)).astype(np.float32)
    labels = rng.integers(0, num_classes, steps * BATCH).astype(np.int32)
    data = tf.data.Dataset.from_tensor_slices(((vectors, labels), np.zeros(len(labels))))
    data = data.batch(BATCH, drop_remainder=True).prefetch(2)
    before = peak_memory.reset()
    head = KerasHead(num_classes) if who == "keras" else SampledSoftmax(num_classes, SAMPLED)
    inputs, classes = keras.Input([DIM]), keras.Input([], dtype="int32")
    model = keras.Model([inputs, classes], head(keras.layers.Dense(DIM)(inputs), classes))
    model.compile(
        keras.optimizers.Adam(0.001), loss=lambda _, losses: losses, jit_compile=who == "xla"
    )
    model.fit(data, epochs=1, verbose=0)
    times = []
    for _ in range(3):
        started = time.perf_counter()
        model.fit(data, epochs=1, verbose=0)
        times.append((time.perf_counter() - started) / steps * 1000)
    return {
        "step_ms": round(statistics.median(times), 3),
        "table_mb": num_classes * DIM * 4 / 1e6,
        "memory_mb": round(peak_memory.now() - before),
        "peak_mb": round(peak_memory.peak() - before),
    }


def in_a_process(who: str, num_classes: int, repeat: int) -> dict[str, float]:
    """The figures of a process of its own."""
    steps = 30 if who == "keras" else 400
    command = [sys.executable, __file__, "--measure", who, str(num_classes), str(steps)]
    output = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    load = Path("/proc/loadavg").read_text().split()[0]
    return {**json.loads(output.splitlines()[-1]), "load": float(load)}


def gradient(num_classes: int, num_sampled: int) -> dict[str, float]:
    """How far the mean of the sampled gradients is from the whole one, in standard errors."""
    rng = np.random.default_rng(0)
    head = SampledSoftmax(num_classes, num_sampled, sampler="uniform", learning_rate=1e-30)
    head.build((None, DIM))
    vectors = tf.constant(rng.normal(size=(BATCH, DIM)).astype(np.float32))
    labels = tf.constant(rng.integers(0, num_classes, BATCH).astype(np.int32))

    @tf.function
    def of(training: bool) -> tf.Tensor:
        with tf.GradientTape() as tape:
            tape.watch(vectors)
            loss = tf.reduce_mean(head(vectors, labels, training=training))
        return tape.gradient(loss, vectors)

    total = np.zeros((BATCH, DIM))
    squares = np.zeros((BATCH, DIM))
    for _ in range(DRAWS):
        drawn = of(True).numpy().astype(np.float64)
        total += drawn
        squares += drawn**2
    mean = total / DRAWS
    error = np.sqrt((squares / DRAWS - mean**2) / (DRAWS - 1))
    off = (mean - of(False).numpy()) / error
    return {
        "rms_standard_errors": round(float(np.sqrt(np.mean(off**2))), 3),
        "largest": round(float(np.abs(off).max()), 2),
        "numbers": off.size,
    }


def print_table(path: Path) -> None:
    """Medians over repeats, and what they make."""
    lines = result_lines.read(path)
    steps: dict[tuple[str, int], list[dict[str, Any]]] = {}
    for line in lines:
        if line["what"] == "steps":
            steps.setdefault((line["who"], line["num_classes"]), []).append(line)
    print("| head | classes | a step, ms | table, MB | memory, MB |")
    print("| --- | --- | --- | --- | --- |")
    median = {
        key: statistics.median(each["step_ms"] for each in some) for key, some in steps.items()
    }
    for (who, count), some in steps.items():
        memory = statistics.median(line["memory_mb"] for line in some)
        cells = [who, f"{count:,}", f"{median[who, count]:.2f}", f"{some[0]['table_mb']:.0f}"]
        print("|", " | ".join([*cells, f"{memory:.0f}"]), "|")
    for who in ("gnn", "xla"):
        mine = [median[who, count] for count in CLASSES if (who, count) in median]
        if len(mine) == len(CLASSES):
            slow = median.get(("keras", CLASSES[-1]), float("nan"))
            print(f"{who}: largest by smallest {mine[-1] / mine[0]:.2f}", end="; ")
            print(f"Keras by the largest {slow / mine[-1]:.0f}")
    for line in lines:
        if line["what"] == "gradient":
            print({key: value for key, value in line.items() if key not in ("tensorflow", "keras")})


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--what", nargs="+", default=["steps", "gradient"])
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--classes", type=int, nargs="+", default=list(CLASSES))
    parser.add_argument("--append", type=Path)
    parser.add_argument("--table", type=Path)
    parser.add_argument("--measure", nargs=3, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.measure:
        who, count, steps = arguments.measure
        print(json.dumps(measure(who, int(count), int(steps))))
        return
    if arguments.table:
        print_table(arguments.table)
        return
    wanted: list[dict[str, Any]] = []
    if "steps" in arguments.what:
        for repeat in range(arguments.repeats):
            names = {"what": "steps", "repeat": repeat}
            for who in ("gnn", "xla"):
                wanted += [{**names, "who": who, "num_classes": n} for n in arguments.classes]
            wanted.append({**names, "who": "keras", "num_classes": max(arguments.classes)})
    if "gradient" in arguments.what:
        wanted.append({"what": "gradient", "num_classes": 10_000, "num_sampled": SAMPLED})
    runs = {
        "steps": lambda who, num_classes, repeat: in_a_process(who, num_classes, repeat),
        "gradient": gradient,
    }
    result_lines.run_missing(arguments.append, wanted, lambda what, **names: runs[what](**names))


if __name__ == "__main__":
    main()
