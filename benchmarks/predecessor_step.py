"""The time of a training step of the predecessor: `neural_structured_learning.experimental.gnn`.

It runs on Keras 2 only, so this script imports nothing of `gnn` and wants an environment of its
own, with Python 3.11, the last that TensorFlow 2.15 has:

    python3.11 -m venv predecessor-env
    predecessor-env/bin/pip install "tensorflow-cpu==2.15.*" "neural-structured-learning==1.4.0" \\
        "graph-nets==1.1.0" "dm-sonnet==2.0.2" "numpy<2"
    python benchmarks/export_cora_npz.py cora.npz          # in the environment of `gnn`
    predecessor-env/bin/python benchmarks/predecessor_step.py --data cora.npz --append steps.jsonl

The setting is that of NSL's Cora example for graph regularization: a random 80% of the nodes train,
each packed with up to 3 of its citation neighbors at weight 1; an MLP of 50 and 50 units with
dropout 0.5; multiplier 0.1; the squared L2 distance of the logits; batches of 128, shuffled. Nodes
are evaluated without neighbors, as the predecessor does. Where the example says nothing, or this
script differs from it: exactly 80% of the nodes train, and the neighbors are drawn at random, both
by `--seed`; accuracy is the only metric, for every further one makes the step slower; the
evaluation takes all its nodes, where the example's batches of 32 drop the last ones.

Two models are timed: `step_ms` is the GraphRegularizationModel, and `base_step_ms` the same node
classifier compiled alone, reading the same file without its neighbors. A step's time is the wall
time of an epoch of `fit`, from the end of the epoch before it to its own end, over the number of
its steps: reading the records, shuffling and packing are part of it. The median over the epochs
after `--warmup` is given, with the quartiles, and `step_cpu_ms`, the median of the processor time
of all threads, which a busy machine moves less than the wall time.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
import tempfile
import time
import types
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf

BATCH_SIZE = 128
MAX_NEIGHBORS = 3
TRAIN_FRACTION = 0.8
HIDDEN_UNITS = (50, 50)
DROPOUT_RATE = 0.5
MULTIPLIER = 0.1
PACKAGES = ("keras", "neural-structured-learning", "graph-nets", "dm-sonnet", "numpy")


def import_predecessor() -> tuple[Any, Any]:
    """Imports NSL and its `experimental.gnn`, and returns both.

    The module asks for two names that the released packages lack, and gets stand-ins: `sonnet.v2`,
    which is `sonnet` itself in Sonnet 2, and `graph_nets.compat.set_sonnet_version`, which has
    nothing to do, since Graph Nets finds Sonnet's version by itself.
    """
    import graph_nets
    import sonnet

    sys.modules["sonnet.v2"] = sonnet
    if not hasattr(graph_nets, "compat"):
        graph_nets.compat = types.SimpleNamespace(set_sonnet_version=lambda version: None)
    import neural_structured_learning as nsl
    from neural_structured_learning.experimental import gnn as predecessor

    return nsl, predecessor


def draw_neighbors(
    nodes: np.ndarray, senders: np.ndarray, receivers: np.ndarray, rng: np.random.Generator
) -> dict[int, np.ndarray]:
    """Draws up to `MAX_NEIGHBORS` different neighbors, never itself, for each of `nodes`."""
    neighbors = {}
    for node in nodes:
        candidates = np.unique(senders[(receivers == node) & (senders != node)])
        count = min(MAX_NEIGHBORS, len(candidates))
        neighbors[int(node)] = rng.choice(candidates, size=count, replace=False)
    return neighbors


def write_records(
    path: str,
    nodes: np.ndarray,
    words: np.ndarray,
    labels: np.ndarray,
    neighbors: dict[int, np.ndarray] | None = None,
) -> None:
    """Writes one `tf.train.Example` a node, packed with its neighbors as NSL packs them.

    A neighbor that a node does not have is absent from its record, and reads as zeros.
    """

    def int_feature(values: Sequence[int] | np.ndarray) -> tf.train.Feature:
        return tf.train.Feature(int64_list=tf.train.Int64List(value=values))

    weight = tf.train.Feature(float_list=tf.train.FloatList(value=[1.0]))
    with tf.io.TFRecordWriter(path) as writer:
        for node in nodes:
            feature = {"words": int_feature(words[node]), "label": int_feature([labels[node]])}
            for index, neighbor in enumerate(neighbors[int(node)] if neighbors else ()):
                feature[f"NL_nbr_{index}_words"] = int_feature(words[neighbor])
                feature[f"NL_nbr_{index}_weight"] = weight
            example = tf.train.Example(features=tf.train.Features(feature=feature))
            writer.write(example.SerializeToString())


def make_node_classifier(n_words: int, n_classes: int) -> tf.keras.Model:
    """Returns the example's node classifier: `words` (int64 `[batch, n_words]`) to logits."""
    inputs = tf.keras.Input(shape=(n_words,), dtype=tf.int64, name="words")
    hidden = tf.keras.layers.Lambda(lambda words: tf.cast(words, tf.float32))(inputs)
    for units in HIDDEN_UNITS:
        hidden = tf.keras.layers.Dense(units, activation="relu")(hidden)
        hidden = tf.keras.layers.Dropout(DROPOUT_RATE)(hidden)
    return tf.keras.Model(inputs, tf.keras.layers.Dense(n_classes)(hidden))


class EpochTimer(tf.keras.callbacks.Callback):
    """Notes the wall and the processor time at which each epoch ends."""

    def __init__(self) -> None:
        super().__init__()
        self._ends: list[tuple[float, float]] = []

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Notes the times."""
        self._ends.append((time.perf_counter(), time.process_time()))

    def seconds(self, warmup: int) -> tuple[np.ndarray, np.ndarray]:
        """Returns wall and processor seconds of every epoch after the first `warmup`."""
        wall, processor = np.diff(self._ends, axis=0)[warmup - 1 :].T
        return wall, processor


def measure(
    model: tf.keras.Model,
    train: tf.data.Dataset,
    evaluation: tf.data.Dataset,
    steps: int,
    epochs: int,
    warmup: int,
) -> dict[str, Any]:
    """Fits `model`; returns the milliseconds of a step and the accuracy without neighbors."""
    model.compile(
        optimizer=tf.keras.optimizers.Adam(),
        loss=tf.keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        metrics=[tf.keras.metrics.SparseCategoricalAccuracy(name="accuracy")],
    )
    timer = EpochTimer()
    model.fit(train, epochs=epochs, verbose=0, callbacks=[timer])
    wall, processor = timer.seconds(warmup)
    lower, median, upper = np.percentile(wall / steps * 1e3, [25, 50, 75])
    scores = model.evaluate(evaluation, verbose=0, return_dict=True)
    return {
        "step_ms": round(median, 2),
        "step_ms_quartiles": [round(lower, 2), round(upper, 2)],
        "step_cpu_ms": round(np.median(processor) / steps * 1e3, 2),
        "eval_accuracy": round(scores["accuracy"], 4),
    }


def run(data: Path, epochs: int, warmup: int, seed: int) -> dict[str, Any]:
    """Builds the setting in a temporary folder, measures both models, and returns the report."""
    nsl, predecessor = import_predecessor()
    load_average = os.getloadavg()[0]
    tf.keras.utils.set_random_seed(seed)
    rng = np.random.default_rng(seed)
    with np.load(data) as arrays:
        words, labels = arrays["words"].astype(np.int64), arrays["labels"].astype(np.int64)
        senders, receivers = arrays["senders"], arrays["receivers"]
    order = rng.permutation(len(labels))
    train_nodes, eval_nodes = np.split(order, [int(TRAIN_FRACTION * len(labels))])
    steps = len(train_nodes) // BATCH_SIZE  # The predecessor drops the last partial batch.
    config = nsl.configs.GraphRegConfig(
        neighbor_config=nsl.configs.GraphNeighborConfig(max_neighbors=MAX_NEIGHBORS),
        multiplier=MULTIPLIER,
        distance_config=nsl.configs.DistanceConfig(
            distance_type=nsl.configs.DistanceType.L2,
            reduction=tf.compat.v1.losses.Reduction.NONE,
            sum_over_axis=-1,
        ),
    )

    def node_classifier() -> tf.keras.Model:
        return make_node_classifier(words.shape[1], int(labels.max()) + 1)

    with tempfile.TemporaryDirectory() as folder:
        train_path, eval_path = os.path.join(folder, "train.tfr"), os.path.join(folder, "eval.tfr")
        neighbors = draw_neighbors(train_nodes, senders, receivers, rng)
        write_records(train_path, train_nodes, words, labels, neighbors)
        write_records(eval_path, eval_nodes, words, labels)

        def dataset(path: str, **kwargs: Any) -> tf.data.Dataset:
            return predecessor.make_cora_dataset(path, max_seq_length=words.shape[1], **kwargs)

        evaluation = dataset(eval_path, batch_size=len(eval_nodes))
        regularized = measure(
            predecessor.GraphRegularizationModel(config=config, node_model_fn=node_classifier),
            dataset(
                train_path,
                batch_size=BATCH_SIZE,
                shuffle=True,
                neighbor_config=config.neighbor_config,
            ),
            evaluation,
            steps,
            epochs,
            warmup,
        )
        base = measure(
            node_classifier(),
            dataset(train_path, batch_size=BATCH_SIZE, shuffle=True),
            evaluation,
            steps,
            epochs,
            warmup,
        )
    return {
        "who": "predecessor",
        **regularized,
        **{f"base_{name}": value for name, value in base.items()},
        "epochs": epochs,
        "warmup": warmup,
        "steps_per_epoch": steps,
        "seed": seed,
        "versions": {
            "python": platform.python_version(),
            "tensorflow": tf.__version__,
            **{name: version(name) for name in PACKAGES},
        },
        "cpu_count": os.cpu_count(),
        "load_average": round(load_average, 2),
    }


def main() -> None:
    """Measures, prints one line of JSON, and appends it to a file if asked to."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, required=True, help="cora.npz of export_cora_npz.py")
    parser.add_argument("--epochs", type=int, default=20, help="epochs of fit (20)")
    parser.add_argument("--warmup", type=int, default=3, help="first epochs that do not count (3)")
    parser.add_argument("--seed", type=int, default=0, help="of split, neighbors and weights (0)")
    parser.add_argument("--append", type=Path, help="a .jsonl file that gets the line too")
    arguments = parser.parse_args()
    if not 1 <= arguments.warmup < arguments.epochs:
        parser.error(
            "--warmup must be at least 1 and less than --epochs, got "
            f"{arguments.warmup} and {arguments.epochs}"
        )
    line = json.dumps(run(arguments.data, arguments.epochs, arguments.warmup, arguments.seed))
    print(line)
    if arguments.append:
        with arguments.append.open("a", encoding="utf-8") as file:
            file.write(line + "\n")


if __name__ == "__main__":
    main()
