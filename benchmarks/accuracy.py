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
from gnn.layers import FeatureDense, FeatureDropout


@dataclasses.dataclass(frozen=True)
class Recipe:
    """How a model is trained.

    `monitor` picks the epoch, `patience` epochs without a better one end the run.
    """

    build: Callable[[int, int], keras.Model]
    learning_rate: float = 0.01
    epochs: int = 200
    patience: int = 200
    monitor: str = "val_accuracy"
    normalize: bool = True


def mlp(num_words: int, num_classes: int, units: int, dropout: float, l2: float) -> keras.Model:
    """A classifier of bags of words that knows no graph."""
    words = keras.Input((num_words,), sparse=True, name="words")
    hidden = FeatureDropout(dropout)(words)
    regularizer = keras.regularizers.L2(l2) if l2 else None
    hidden = FeatureDense(units, activation="relu", kernel_regularizer=regularizer)(hidden)
    hidden = FeatureDropout(dropout)(hidden)
    return keras.Model(words, keras.layers.Dense(num_classes)(hidden))


def gcn(num_words: int, num_classes: int) -> keras.Model:
    """Kipf and Welling's settings."""
    return gnn.GraphConvolutionalNodeClassifier(
        seq_length=num_words,
        num_classes=num_classes,
        hidden_units=16,
        dropout_rate=0.5,
        kernel_regularizer=keras.regularizers.L2(2.5e-4),
    )


def regularized(
    multiplier: float, units: int, dropout: float, l2: float, regularize: str
) -> Callable[[int, int], keras.Model]:
    """The MLP with the graph loss over every edge, whether its ends are labeled or not."""

    def build(num_words: int, num_classes: int) -> keras.Model:
        return gnn.GraphRegularizationModel(
            gnn.GraphRegConfig(multiplier=multiplier),
            lambda: mlp(num_words, num_classes, units, dropout, l2),
            regularize=regularize,
        )

    return build


RECIPES = {
    "gcn": Recipe(gcn),
    "mlp": Recipe(lambda words, classes: mlp(words, classes, 128, 0.5, 2.5e-4)),
    "mlp+graph": Recipe(regularized(1.0, 128, 0.5, 2.5e-4, "logits")),
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
    sets = {name: gnn.data.full_batch(graph, name) for name in ("train", "validation", "test")}
    if not isinstance(model, gnn.NodeGraphModel):
        # Features alone: the rows of the split.
        sets = {
            name: tf.data.Dataset.from_tensors(
                (rows_of(graph, name), graph.labels[graph.split(name)])
            )
            for name in sets
        }
    best = keras.callbacks.EarlyStopping(
        recipe.monitor,
        mode="min" if recipe.monitor.endswith("loss") else "max",
        patience=recipe.patience,
        restore_best_weights=True,
    )
    started = time.perf_counter()
    history = model.fit(
        sets["train"],
        validation_data=sets["validation"],
        epochs=recipe.epochs,
        callbacks=[best],
        shuffle=False,
        verbose=0,
    )
    seconds = time.perf_counter() - started
    scores = {
        name: model.evaluate(sets[name], verbose=0, return_dict=True)["accuracy"]
        for name in ("validation", "test")
    }
    return {**scores, "epochs": len(history.history["loss"]), "seconds": round(seconds, 2)}


def rows_of(graph: gnn.Graph, split: str) -> tf.SparseTensor:
    """The words of a split's nodes."""
    rows = graph.features["words"][graph.split(split)].tocoo()
    indices = np.stack([rows.row, rows.col], axis=1).astype(np.int64)
    return tf.SparseTensor(indices, rows.data, rows.shape)


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
