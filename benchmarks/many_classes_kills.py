"""`kill -9` at random moments of a training of very many classes, resumed to equal bits.

    python benchmarks/many_classes_kills.py [--kills 20] [--seed 0]
        [--append benchmarks/results/many_classes_kills.jsonl]

A model with an `EmbeddingTable` and a `SampledSoftmax` trains under `gnn.training.ExactResume`. It
is killed at moments drawn uniformly from the time that its work takes, every second one a second
time, and run again to its end (`benchmarks/kill_tests.py`). All variables of model and optimizer,
tables, slots and the number of the next draw among them, have to equal, bit for bit, those of a
process that was never killed. A JSON line says how it went; the exit code is 1 where they differ.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from pathlib import Path

import keras
import kill_tests
import numpy as np
import tensorflow as tf

from gnn.files import whole_file
from gnn.layers import EmbeddingTable, SampledSoftmax
from gnn.training import ExactResume

IDS, CLASSES, ROWS, BATCH, EPOCHS = 500, 2000, 4000, 20, 12


class ManyClasses(kill_tests.Fit):
    """`fit` with two tables, dropout, and a snapshot every 40 steps."""

    ready = "the training begins"

    def command(self, folder: Path, again: bool) -> list[str]:
        return [__file__, "--child", str(folder)]


def fit(folder: Path) -> None:
    """As a user would train: ids as features, classes by a sample, rows shuffled from one seed."""
    keras.utils.set_random_seed(0)
    rng = np.random.default_rng(0)
    ids = rng.integers(0, IDS, (ROWS, 4)).astype(np.int32)
    labels = rng.integers(0, CLASSES, ROWS).astype(np.int32)
    inputs, classes = keras.Input([4], dtype="int32"), keras.Input([], dtype="int32")
    rows = keras.layers.Flatten()(EmbeddingTable(IDS, 8, update="row_adagrad")(inputs))
    embeddings = keras.layers.Dense(16)(keras.layers.Dropout(0.2)(rows))
    losses = SampledSoftmax(CLASSES, num_sampled=50)(embeddings, classes)
    model = keras.Model([inputs, classes], losses)
    model.compile(keras.optimizers.Adam(0.01), loss=lambda _, losses: losses)
    data = tf.data.Dataset.from_tensor_slices(((ids, labels), np.zeros(ROWS, np.float32)))
    data = data.shuffle(ROWS, seed=0).batch(BATCH)
    resume = ExactResume(folder / "state", every_steps=40)
    print(ManyClasses.ready, file=sys.stderr, flush=True)
    history = model.fit(resume.batches(data), epochs=EPOCHS, verbose=0, callbacks=[resume])
    variables = [*model.variables, *model.optimizer.variables]
    values = {f"{i} {variable.path}": variable.numpy() for i, variable in enumerate(variables)}
    with whole_file(folder / "final.npz", overwrite=True) as partial:
        np.savez(partial, **values, **{f"history {k}": v for k, v in history.history.items()})


def main() -> int:
    """Kills, and says how it went."""
    if sys.argv[1:2] == ["--child"]:
        fit(Path(sys.argv[2]))
        return 0
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--append", type=Path)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        job = ManyClasses(Path(scratch))
        name, folder = "many classes", Path(scratch)
        found = kill_tests.kill_often(job, name, arguments.kills, arguments.seed, folder)
    print(json.dumps(found))
    if arguments.append is not None:
        with arguments.append.open("a", encoding="utf-8") as file:
            file.write(json.dumps(found) + "\n")
    return int(bool(found["problems"]))


if __name__ == "__main__":
    sys.exit(main())
