"""MNIST under an FGSM attack: a CNN alone against adversarial regularization.

    GNN_DATA_DIR=... python benchmarks/adversarial.py --append benchmarks/results/adversarial.jsonl
    python benchmarks/adversarial.py --table benchmarks/results/adversarial.jsonl

The setting of NSL's tutorial: convolutions of 32, 64 and 64 channels and a dense layer of 64, Adam,
5 epochs, batches of 32, multiplier 0.2, steps of 0.2 in infinity norm on pixels from 0 to 1. The
data are 10,000 digits in place of 60,000: 8,000 to train on and 2,000 to test, drawn by the seed.
`--epochs 38` takes as many steps as the tutorial's 5 epochs of 60,000 digits. Both models have the
same weights to begin with. Nothing is chosen by the test digits.

A run skips what the file already has, so it can be stopped and started again.
"""

from __future__ import annotations

import argparse
import collections
import itertools
import os
import time
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import keras
import numpy as np
import tensorflow as tf
from result_lines import in_percent, read, run_missing

from gnn.configs import AdvNeighborConfig, AdvRegConfig
from gnn.models import AdversarialRegularizationModel, adversarial_examples

MODELS = ("base", "adversarial")
NUM_TEST, BATCH_SIZE = 2000, 32
ATTACK = AdvNeighborConfig(
    adv_step_size=0.2, adv_grad_norm="infinity", clip_value_min=0.0, clip_value_max=1.0
)
# Harder than what the model is trained against.
ITERATED = AdvNeighborConfig(
    adv_step_size=0.05,
    adv_grad_norm="infinity",
    clip_value_min=0.0,
    clip_value_max=1.0,
    pgd_iterations=10,
    pgd_epsilon=0.2,
)


def cnn() -> keras.Model:
    """The tutorial's network."""
    layers = [keras.Input((28, 28, 1))]
    for place, channels in enumerate((32, 64, 64)):
        layers.append(keras.layers.Conv2D(channels, 3, activation="relu"))
        if place < 2:
            layers.append(keras.layers.MaxPooling2D())
    layers += [keras.layers.Flatten(), keras.layers.Dense(64, "relu"), keras.layers.Dense(10)]
    return keras.Sequential(layers)


def run(model: str, epochs: int, seed: int) -> dict[str, float]:
    """Trains one model; its accuracies on clean and on attacked digits, and its seconds."""
    data = np.load(Path(os.environ["GNN_DATA_DIR"]) / "mnist10k.npz")
    images = (data["images"] / 255.0).astype(np.float32)[..., np.newaxis]
    labels = data["labels"].astype(np.int32)
    order = np.random.default_rng(seed).permutation(len(labels))
    test, train = order[:NUM_TEST], order[NUM_TEST:]
    keras.backend.clear_session()
    keras.utils.set_random_seed(seed)
    trained: keras.Model = cnn()
    if model == "adversarial":
        base = trained
        trained = AdversarialRegularizationModel(lambda: base, AdvRegConfig(0.2, ATTACK))
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    trained.compile("adam", loss, metrics=["accuracy"])
    batches = tf.data.Dataset.from_tensor_slices((images[train], labels[train]))
    batches = batches.shuffle(len(train), seed=seed).batch(BATCH_SIZE)
    started = time.perf_counter()
    trained.fit(batches, epochs=epochs, shuffle=False, verbose=0)
    seconds = time.perf_counter() - started

    def accuracy(digits: np.ndarray) -> float:
        logits = trained.predict(digits, batch_size=256, verbose=0)
        return float(np.mean(logits.argmax(axis=-1) == labels[test]))

    return {
        "clean": accuracy(images[test]),
        "fgsm": accuracy(adversarial_examples(trained, images[test], labels[test], ATTACK)),
        "pgd": accuracy(adversarial_examples(trained, images[test], labels[test], ITERATED)),
        "seconds": round(seconds, 1),
    }


def table(path: Path) -> str:
    """Mean and standard error by model."""
    groups = collections.defaultdict(list)
    for line in read(path):
        groups[line["model"], line.get("epochs", 5)].append(line)
    lines = ["| model | epochs | seeds | clean | FGSM 0.2 | PGD 0.2 |", "|" + " --- |" * 6]
    for (name, epochs), found in groups.items():
        cells = [
            in_percent([line[score] for line in found], 1) for score in ("clean", "fgsm", "pgd")
        ]
        lines.append(f"| {name} | {epochs} | {len(found)} | {' | '.join(cells)} |")
    return "\n".join(lines)


def main() -> None:
    """Runs what is missing, or prints the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--append", type=Path, help="the file of results")
    parser.add_argument("--table", type=Path, help="print a table of this file and stop")
    parser.add_argument("--models", nargs="+", default=list(MODELS), choices=MODELS)
    parser.add_argument("--epochs", type=int, default=5)
    parser.add_argument("--seeds", type=int, default=5)
    arguments = parser.parse_args()
    if arguments.table:
        print(table(arguments.table))
        return
    wanted = itertools.product(range(arguments.seeds), arguments.models)
    run_missing(
        arguments.append,
        ({"model": name, "epochs": arguments.epochs, "seed": seed} for seed, name in wanted),
        run,
        defaults={"epochs": 5},
    )


if __name__ == "__main__":
    main()
