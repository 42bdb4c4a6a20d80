"""A class head of very many classes: its step beside Keras' Embedding, and its gradient.

    python benchmarks/many_classes.py [--what steps gradient] [--repeats 3]
        [--append benchmarks/results/many_classes.jsonl]
    python benchmarks/many_classes.py --table benchmarks/results/many_classes.jsonl

`steps`: milliseconds a step of `fit`, of 64 numbers an embedding, 1,000 drawn classes and batches
of 128, at ten thousand, a hundred thousand and a million classes, with Keras' Adam:

- `gnn`: `gnn.layers.SampledSoftmax`, its table by Adagrad; `xla`: the same compiled by XLA
- `keras`, at the most classes alone: the same loss on the same draws, its rows from a
  `keras.layers.Embedding` that Adam trains; `keras_xla`: compiled, which is Keras' default

Each is a process of its own; all take turns, and the median of three epochs counts. Memory is what
the process has after training, beside what it had before the model was made.

`gradient`: the mean of the head's gradients from 2,000 draws against the gradient of the softmax
over all classes, of the embeddings and of the rows of the table: how far they are apart, and the
standard error of the mean, as lengths by that of the whole gradient. One by the other is about 1
where only chance is between them. The logarithm of an estimate has a bias of the order of 1 / S,
which so many draws begin to show.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
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
    keras.utils.set_random_seed(0)
    rng = np.random.default_rng(0)
    vectors = rng.normal(size=(steps * BATCH, DIM)).astype(np.float32)
    labels = rng.integers(0, num_classes, steps * BATCH).astype(np.int32)
    data = tf.data.Dataset.from_tensor_slices(((vectors, labels), np.zeros(len(labels))))
    data = data.batch(BATCH, drop_remainder=True).prefetch(2)
    before = peak_memory.reset()
    is_keras = who.startswith("keras")
    head = KerasHead(num_classes) if is_keras else SampledSoftmax(num_classes, SAMPLED)
    inputs, classes = keras.Input([DIM]), keras.Input([], dtype="int32")
    model = keras.Model([inputs, classes], head(keras.layers.Dense(DIM)(inputs), classes))
    model.compile(
        keras.optimizers.Adam(0.001), loss=lambda _, losses: losses, jit_compile=who.endswith("xla")
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
    del repeat
    steps = 30 if who.startswith("keras") else 400
    command = [sys.executable, __file__, "--measure", who, str(num_classes), str(steps)]
    output = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout
    load = Path("/proc/loadavg").read_text().split()[0]
    return {**json.loads(output.splitlines()[-1]), "load": float(load)}


def gradient(num_classes: int, num_sampled: int, sampler: str, draws: int) -> dict[str, Any]:
    """How far the means of the sampled gradients are from the whole ones, in standard errors.

    The head updates the rows itself: by SGD, of a rate that is a power of two, so that what it took
    off is the gradient times this. They are put back before the next draw.
    """
    keras.utils.set_random_seed(0)
    rng = np.random.default_rng(0)
    rate = float(BATCH)
    head = SampledSoftmax(num_classes, num_sampled, sampler, update="sgd", learning_rate=rate)
    head.build((None, DIM))
    vectors = tf.constant(rng.normal(size=(BATCH, DIM)).astype(np.float32))
    labels = tf.constant(rng.integers(0, num_classes, BATCH).astype(np.int32))
    rows = tf.constant(head.table.numpy())

    @tf.function
    def drawn() -> tuple[tf.Tensor, tf.Tensor]:
        head.table.assign(rows)
        with tf.GradientTape() as tape:
            tape.watch(vectors)
            # The anchor is what the tape comes by for: see `gnn.layers.row_table`.
            loss = tf.reduce_mean(head(vectors, labels, training=True))
        of_vectors, _ = tape.gradient(loss, [vectors, head.anchor.value])
        return of_vectors, (rows - tf.convert_to_tensor(head.table)) / rate

    with tf.GradientTape() as tape:
        tape.watch([vectors, rows])
        logits = tf.matmul(vectors, rows, transpose_b=True)
        losses = tf.nn.sparse_softmax_cross_entropy_with_logits(labels, logits)
        loss = tf.reduce_mean(losses)
    whole = [each.numpy().astype(float) for each in tape.gradient(loss, [vectors, rows])]
    # Of the differences from the whole one: squares of what is nearly equal would lose digits.
    totals = [np.zeros_like(each) for each in whole]
    squares = [np.zeros_like(each) for each in whole]
    for _ in range(draws):
        for found, each, total, square in zip(drawn(), whole, totals, squares, strict=True):
            off = found.numpy() - each
            total += off
            square += off**2
    figures: dict[str, Any] = {}
    names = ("embeddings", "rows")
    for name, each, total, square in zip(names, whole, totals, squares, strict=True):
        mean = total / draws
        variance = np.maximum(square / draws - mean**2, 0.0) / (draws - 1)
        apart, error = np.linalg.norm(mean), np.sqrt(variance.sum())
        figures[name] = {
            "standard_errors": round(float(apart / error), 3),
            "apart": float(f"{apart / np.linalg.norm(each):.3g}"),
            "error": float(f"{error / np.linalg.norm(each):.3g}"),
            "numbers": each.size,
        }
    return figures


def print_table(path: Path) -> None:
    """Medians over repeats, and what they make."""
    lines = result_lines.read(path)
    steps: dict[tuple[str, int], list[dict[str, Any]]] = {}
    for line in lines:
        if line["what"] == "steps":
            steps.setdefault((line["who"], line["num_classes"]), []).append(line)
    print("| head | classes | a step, ms | table, MB | memory, MB | peak, MB |")
    print("| --- | --- | --- | --- | --- | --- |")
    median = {
        key: statistics.median(line["step_ms"] for line in some) for key, some in steps.items()
    }
    for (who, count), some in steps.items():
        memory, peak = (
            statistics.median(line[name] for line in some) for name in ("memory_mb", "peak_mb")
        )
        print(
            f"| {who} | {count:,} | {median[who, count]:.2f} | {some[0]['table_mb']:.0f} "
            f"| {memory:.0f} | {peak:.0f} |"
        )
    for who in ("gnn", "xla"):
        mine = {count: ms for (name, count), ms in median.items() if name == who}
        if not mine:
            continue
        most = max(mine)
        print(f"{who}: the largest by the smallest {max(mine.values()) / min(mine.values()):.2f}")
        # The faster of Keras' two, so that the ratio is not one to a choice of ours.
        theirs = [ms for (name, n), ms in median.items() if name.startswith("keras") and n == most]
        if theirs:
            print(
                f"{who}: Keras' faster by it, at {most:,} classes: {min(theirs) / mine[most]:.0f}"
            )
    found = [line for line in lines if line["what"] == "gradient"]
    if found:
        print("\n| sampler | gradients of | apart | standard error | apart by error |")
        print("| --- | --- | --- | --- | --- |")
    for line in found:
        for name in ("embeddings", "rows"):
            of = line[name]
            print(
                f"| {line['sampler']} | {name} | {of['apart']:.2%} | {of['error']:.2%} "
                f"| {of['standard_errors']:.2f} |"
            )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--what", nargs="+", default=["steps", "gradient"])
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--classes", type=int, nargs="+", default=list(CLASSES))
    parser.add_argument("--draws", type=int, default=DRAWS)
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
            for who in ("keras", "keras_xla"):
                wanted.append({**names, "who": who, "num_classes": max(arguments.classes)})
    if "gradient" in arguments.what:
        names = {"what": "gradient", "num_classes": 10_000, "num_sampled": SAMPLED}
        for sampler in ("uniform", "log_uniform"):
            wanted.append({**names, "sampler": sampler, "draws": arguments.draws})
    runs: dict[str, Callable[..., dict[str, Any]]] = {"steps": in_a_process, "gradient": gradient}
    result_lines.run_missing(arguments.append, wanted, lambda what, **names: runs[what](**names))


if __name__ == "__main__":
    main()
