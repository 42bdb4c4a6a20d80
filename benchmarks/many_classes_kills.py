"""`kill -9` at random moments of a training of very many classes, resumed to equal bits.

    python benchmarks/many_classes_kills.py [--kills 20] [--seed 0]
        [--append benchmarks/results/many_classes_kills.jsonl]

A model with an `EmbeddingTable` and a `SampledSoftmax` trains under `gnn.training.ExactResume`. One
process runs to its end. Others are killed at moments drawn uniformly from the time that it took
after it was ready, and started again until they end. All their variables, tables, slots and the
number of the next draw among them, have to equal those of the first, bit for bit. A JSON line says
how it went; the exit code is 1 where bits differ.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

READY = "ready"
IDS, CLASSES, ROWS = 500, 2000, 4000


def train(folder: str) -> None:
    """The job: prints what all its variables hash to."""
    import keras
    import numpy as np
    import tensorflow as tf

    from gnn.layers import EmbeddingTable, SampledSoftmax
    from gnn.training import ExactResume

    keras.utils.set_random_seed(0)
    rng = np.random.default_rng(0)
    ids = rng.integers(0, IDS, (ROWS, 4)).astype(np.int32)
    labels = rng.integers(0, CLASSES, ROWS).astype(np.int32)
    inputs, classes = keras.Input([4], dtype="int32"), keras.Input([], dtype="int32")
    rows = keras.layers.Flatten()(EmbeddingTable(IDS, 8, update="row_adagrad")(inputs))
    head = SampledSoftmax(CLASSES, num_sampled=50)
    losses = head(keras.layers.Dense(16)(keras.layers.Dropout(0.2)(rows)), classes)
    model = keras.Model([inputs, classes], losses)
    model.compile(keras.optimizers.Adam(0.01), loss=lambda _, losses: losses)
    data = tf.data.Dataset.from_tensor_slices(((ids, labels), np.zeros(ROWS, np.float32)))
    resume = ExactResume(folder, every_steps=40)
    print(READY, flush=True)
    model.fit(
        resume.batches(data.batch(20)), epochs=12, shuffle=False, verbose=0, callbacks=[resume]
    )
    bits = hashlib.sha256()
    for variable in (*model.variables, *model.optimizer.variables):
        bits.update(np.ascontiguousarray(variable.numpy()).tobytes())
    print(bits.hexdigest(), flush=True)


def run(folder: Path, kill_after: float | None) -> tuple[str | None, float]:
    """Starts the job; its hash, or None where it was killed, and the seconds since it was ready."""
    process = subprocess.Popen(
        [sys.executable, __file__, "--train", str(folder)],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        env={**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3"},
    )
    assert process.stdout is not None
    while process.stdout.readline().strip() != READY:
        assert process.poll() is None, "the job ended before it was ready"
    started = time.perf_counter()
    if kill_after is None:
        return process.communicate()[0].strip().splitlines()[-1], time.perf_counter() - started
    try:
        output = process.communicate(timeout=kill_after)[0]
        return output.strip().splitlines()[-1], time.perf_counter() - started
    except subprocess.TimeoutExpired:
        process.send_signal(signal.SIGKILL)
        process.communicate()
        return None, time.perf_counter() - started


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--append", type=Path)
    parser.add_argument("--train", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.train:
        train(arguments.train)
        return 0
    rng = random.Random(arguments.seed)
    with tempfile.TemporaryDirectory() as scratch:
        wanted, seconds = run(Path(scratch) / "whole", None)
        kills, endings, ended = 0, 0, []
        while kills < arguments.kills:
            folder = Path(scratch) / f"attempt-{endings}"
            found = None
            while found is None:
                alive = kills < arguments.kills
                found, _ = run(folder, rng.uniform(0, seconds) if alive else None)
                kills += found is None
            endings += 1
            ended.append(found == wanted)
    line = {
        "kills": kills,
        "seed": arguments.seed,
        "trainings": endings,
        "seconds_of_one": round(seconds, 2),
        "equal_bits": sum(ended),
    }
    print(json.dumps(line))
    if arguments.append is not None:
        with arguments.append.open("a", encoding="utf-8") as file:
            file.write(json.dumps(line) + "\n")
    return 0 if all(ended) else 1


if __name__ == "__main__":
    sys.exit(main())
