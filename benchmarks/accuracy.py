"""Test accuracy on the public Planetoid splits, a JSON line a (recipe, data set, seed).

    GNN_DATA_DIR=... python benchmarks/accuracy.py --append benchmarks/results/accuracy.jsonl
    python benchmarks/accuracy.py --table benchmarks/results/accuracy.jsonl

A run skips what the file already has, so it can be stopped and started again. The weights kept are
those of the best epoch on the validation split; settings were chosen on that split too, and nothing
here looks at a test label but to report it.
"""

from __future__ import annotations

import argparse
import collections
import dataclasses
import json
import os
import time
from collections.abc import Callable
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import keras
import numpy as np
import tensorflow as tf

import gnn
from gnn.layers import FeatureDense


@dataclasses.dataclass(frozen=True)
class Recipe:
    """How a model is trained.

    The weights kept are those of the epoch with the best validation accuracy; `patience` epochs
    without a better one end the run.
    """

    build: Callable[[int, int], keras.Model]
    train_data: Callable[[gnn.Graph, int], tf.data.Dataset]
    learning_rate: float
    epochs: int
    steps_per_epoch: int
    patience: int
    normalize: bool


def gcn(num_words: int, num_classes: int) -> keras.Model:
    """Kipf and Welling's settings."""
    return gnn.GraphConvolutionalNodeClassifier(
        seq_length=num_words,
        num_classes=num_classes,
        hidden_units=16,
        dropout_rate=0.5,
        kernel_regularizer=keras.regularizers.L2(2.5e-4),
    )


def mlp(num_words: int, num_classes: int) -> keras.Model:
    """A classifier of bags of words that knows no graph."""
    words = keras.Input((num_words,), sparse=True, name="words")
    regularizer = keras.regularizers.L2(1e-3)
    hidden = FeatureDense(128, activation="relu", kernel_regularizer=regularizer)(words)
    return keras.Model(words, keras.layers.Dense(num_classes)(hidden))


def regularized_mlp(num_words: int, num_classes: int) -> keras.Model:
    """The same MLP with the graph loss: squared distances of the neighbors' probabilities."""
    return gnn.GraphRegularizationModel(
        gnn.GraphRegConfig(multiplier=1.0),
        lambda: mlp(num_words, num_classes),
        regularize="probabilities",
    )


def whole_graph(graph: gnn.Graph, seed: int) -> tf.data.Dataset:
    """One batch an epoch."""
    del seed
    return gnn.data.full_batch(graph, "train")


def labeled_words(graph: gnn.Graph, seed: int) -> tf.data.Dataset:
    """The features and labels of the training nodes alone, as often as asked for."""
    del seed
    return words_and_labels(graph, "train").repeat()


def labeled_and_unlabeled_stars(graph: gnn.Graph, seed: int) -> tf.data.Dataset:
    """All labeled nodes and 128 others, drawn anew each time, each with all its neighbors."""
    return gnn.data.neighborhoods(
        graph,
        "train",
        batch_size=len(graph.split("train")),
        fanout=None,
        shuffle=True,
        seed=seed,
        unlabeled="rest",
        unlabeled_batch_size=128,
    ).repeat()


RECIPES = {
    "gcn": Recipe(gcn, whole_graph, 0.01, 200, 1, 200, normalize=True),
    "mlp": Recipe(mlp, labeled_words, 0.001, 200, 10, 80, normalize=False),
    "mlp+graph": Recipe(
        regularized_mlp, labeled_and_unlabeled_stars, 0.001, 200, 10, 80, normalize=False
    ),
}


def run(recipe: Recipe, data: str, seed: int) -> dict[str, float]:
    """Trains one model and returns its accuracies and its seconds."""
    keras.utils.set_random_seed(seed)
    keras.backend.clear_session()
    graph = gnn.datasets.planetoid(data, normalize=recipe.normalize)
    model = recipe.build(graph.features["words"].shape[1], int(graph.labels.max()) + 1)
    model.compile(
        keras.optimizers.Adam(recipe.learning_rate),
        keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        metrics=["accuracy"],
    )
    # What needs no graph to predict is judged without one.
    needs_graph = isinstance(model, gnn.NodeGraphModel) and model.requires_graph
    evaluation = gnn.data.full_batch if needs_graph else words_and_labels
    best = keras.callbacks.EarlyStopping(
        "val_accuracy", mode="max", patience=recipe.patience, restore_best_weights=True
    )
    started = time.perf_counter()
    history = model.fit(
        recipe.train_data(graph, seed),
        validation_data=evaluation(graph, "validation"),
        epochs=recipe.epochs,
        steps_per_epoch=recipe.steps_per_epoch,
        callbacks=[best],
        shuffle=False,
        verbose=0,
    )
    seconds = time.perf_counter() - started
    scores = {
        name: model.evaluate(evaluation(graph, name), verbose=0, return_dict=True)["accuracy"]
        for name in ("validation", "test")
    }
    return {**scores, "epochs": len(history.history["loss"]), "seconds": round(seconds, 2)}


def words_and_labels(graph: gnn.Graph, split: str) -> tf.data.Dataset:
    """One batch of the words and the labels of a split's nodes."""
    nodes = graph.split(split)
    rows = graph.features["words"][nodes].tocoo()
    indices = np.stack([rows.row, rows.col], axis=1).astype(np.int64)
    words = tf.SparseTensor(indices, rows.data, rows.shape)
    return tf.data.Dataset.from_tensors((words, graph.labels[nodes]))


def table(path: Path) -> str:
    """Mean and standard error by recipe and data set."""
    groups = collections.defaultdict(list)
    for line in path.read_text().splitlines():
        row = json.loads(line)
        groups[row["data"], row["recipe"]].append(row)
    lines = ["| data | recipe | seeds | validation | test |", "| --- | --- | --- | --- | --- |"]
    for (data, recipe), rows in sorted(groups.items()):
        cells = []
        for name in ("validation", "test"):
            scores = 100 * np.array([row[name] for row in rows])
            error = scores.std(ddof=1) / np.sqrt(len(scores)) if len(scores) > 1 else float("nan")
            cells.append(f"{scores.mean():.2f} ± {error:.2f}")
        lines.append(f"| {data} | {recipe} | {len(rows)} | {cells[0]} | {cells[1]} |")
    return "\n".join(lines)


def main() -> None:
    """Runs what is missing, or prints the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--append", type=Path, help="the file of results")
    parser.add_argument("--table", type=Path, help="print a table of this file and stop")
    parser.add_argument("--recipes", nargs="+", default=list(RECIPES), choices=list(RECIPES))
    parser.add_argument("--data", nargs="+", default=["cora", "citeseer"])
    parser.add_argument("--seeds", type=int, default=10)
    arguments = parser.parse_args()
    if arguments.table:
        print(table(arguments.table))
        return
    path = arguments.append
    done = set()
    if path and path.exists():
        rows = [json.loads(line) for line in path.read_text().splitlines()]
        done = {(row["recipe"], row["data"], row["seed"]) for row in rows}
    for seed in range(arguments.seeds):
        for data in arguments.data:
            for name in arguments.recipes:
                if (name, data, seed) in done:
                    continue
                row = {"recipe": name, "data": data, "seed": seed, **run(RECIPES[name], data, seed)}
                row |= {"tensorflow": tf.__version__, "keras": keras.__version__}
                print(json.dumps(row), flush=True)
                if path:
                    with path.open("a") as file:
                        file.write(json.dumps(row) + "\n")


if __name__ == "__main__":
    main()
