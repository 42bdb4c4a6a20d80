"""Our models in the predecessor's Cora setting, a JSON line a seed.

    GNN_DATA_DIR=... python benchmarks/predecessor_setting.py --append
    benchmarks/results/predecessor_setting.jsonl

A random 80% of the nodes train, the others test; 3 neighbors a node, batches of 128, binary bags of
words, the node model and the graph loss of the predecessor's example (an MLP of 50 and 50 units,
dropout 0.5, L2, multiplier 0.1), 100 epochs as in its tutorial. Nothing is chosen: no epoch is
picked and no setting was searched. The GCN has the class's defaults, and is evaluated with its
neighbors, which the predecessor's was not.
"""

from __future__ import annotations

import argparse
import os
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import keras
from result_lines import run_missing

import gnn
from gnn.graphs import random_split


def node_classifier(num_words: int, num_classes: int) -> keras.Model:
    """The node model of the predecessor's example."""
    words = keras.Input((num_words,), name="words")
    hidden = words
    for units in (50, 50):
        hidden = keras.layers.Dense(units, activation="relu")(hidden)
        hidden = keras.layers.Dropout(0.5)(hidden)
    return keras.Model(words, keras.layers.Dense(num_classes)(hidden))


def run(seed: int, epochs: int) -> dict[str, float]:
    """Trains the three models on one split and returns their test accuracies."""
    graph = gnn.datasets.planetoid("cora", normalize=False)
    graph = random_split(graph, {"train": 0.8, "test": 0.2}, seed=seed)
    sizes = (graph.features["words"].shape[1], int(graph.labels.max()) + 1)
    config = gnn.GraphRegConfig(gnn.GraphNeighborConfig(max_neighbors=3), multiplier=0.1)
    models = {
        "base": lambda: gnn.GraphRegularizationModel(config, lambda: node_classifier(*sizes)),
        "graph_regularization": lambda: gnn.GraphRegularizationModel(
            config, lambda: node_classifier(*sizes)
        ),
        "gcn": lambda: gnn.GraphConvolutionalNodeClassifier(*sizes),
    }
    accuracies = {}
    for name, make in models.items():
        keras.utils.set_random_seed(seed)
        keras.backend.clear_session()
        model = make()
        model.compile(
            keras.optimizers.Adam(),
            keras.losses.SparseCategoricalCrossentropy(from_logits=True),
            metrics=["accuracy"],
        )
        # Without neighbors the graph-regularized model is the base model.
        train = gnn.data.neighborhoods(
            graph,
            "train",
            batch_size=128,
            fanout=0 if name == "base" else 3,
            shuffle=True,
            seed=seed,
        )
        test = gnn.data.neighborhoods(graph, "test", batch_size=128, fanout=(None, None))
        model.fit(train, epochs=epochs, verbose=0)
        accuracies[name] = model.evaluate(test, verbose=0, return_dict=True)["accuracy"]
    return accuracies


def main() -> None:
    """Runs the seeds that the file lacks."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--append", type=Path)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--epochs", type=int, default=100)
    arguments = parser.parse_args()
    wanted = ({"seed": seed, "epochs": arguments.epochs} for seed in range(arguments.seeds))
    run_missing(arguments.append, wanted, run)


if __name__ == "__main__":
    main()
