"""The epoch on a large graph of `benchmarks/engine.py` in TF-GNN, in an environment of its own.

    python3.11 -m venv tfgnn && tfgnn/bin/pip install "tensorflow==2.15.*" "tensorflow_gnn==1.0.3"
    tfgnn/bin/python benchmarks/engine_tfgnn.py --append benchmarks/results/engine.jsonl

The step is a bare `tf.function`, without what `fit` adds.
"""

from __future__ import annotations

import argparse
import os

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import tensorflow as tf
import tensorflow_gnn as tfgnn
from engine import ARXIV_CLASSES, arxiv_size, record, timed
from tensorflow_gnn.models.gcn import GCNConv


def arxiv() -> dict[str, float]:
    """An epoch of three convolutions of 256 units on the graph of `engine.arxiv_size`."""
    arrays = arxiv_size()
    graph = tfgnn.homogeneous(
        tf.constant(arrays["senders"]),
        tf.constant(arrays["receivers"]),
        node_features=tf.constant(arrays["features"]),
    )
    labels, train = tf.constant(arrays["labels"]), tf.constant(arrays["train"])
    tf.keras.utils.set_random_seed(0)
    layers = [
        GCNConv(units, activation=activation, add_self_loops=True)
        for units, activation in [(256, "relu"), (256, "relu"), (ARXIV_CLASSES, None)]
    ]
    optimizer = tf.keras.optimizers.Adam(0.01)
    cross_entropy = tf.keras.losses.SparseCategoricalCrossentropy(from_logits=True)

    @tf.function
    def step() -> tf.Tensor:
        with tf.GradientTape() as tape:
            hidden = graph.node_sets[tfgnn.NODES][tfgnn.HIDDEN_STATE]
            for layer in layers:
                hidden = tf.nn.dropout(hidden, 0.5)
                features = {tfgnn.NODES: {tfgnn.HIDDEN_STATE: hidden}}
                hidden = layer(
                    graph.replace_features(node_sets=features), edge_set_name=tfgnn.EDGES
                )
            loss = cross_entropy(tf.gather(labels, train), tf.gather(hidden, train))
        weights = [weight for layer in layers for weight in layer.trainable_weights]
        optimizer.apply_gradients(zip(tape.gradient(loss, weights), weights, strict=True))
        return loss

    return timed("fit", step, 5)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--append", metavar="FILE")
    record("TF-GNN", "arxiv", arxiv(), parser.parse_args().append)
