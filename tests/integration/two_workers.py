"""One process of a training on two: `two_workers.py OUTPUT [INDEX PORT PORT]`; alone without."""

from __future__ import annotations

import json
import os
import sys

OUTPUT, *CLUSTER = sys.argv[1:]
if CLUSTER:
    index, *ports = CLUSTER
    workers = [f"localhost:{port}" for port in ports]
    task = {"type": "worker", "index": int(index)}
    os.environ["TF_CONFIG"] = json.dumps({"cluster": {"worker": workers}, "task": task})

if CLUSTER:
    for name in ("matplotlib", "pandas", "sklearn"):
        sys.modules[name] = None  # Keras loads them where they are: a third of the start.

import tensorflow as tf  # noqa: E402

# A strategy of several workers has to come before the first op.
strategy = tf.distribute.MultiWorkerMirroredStrategy() if CLUSTER else tf.distribute.get_strategy()

import keras  # noqa: E402
import numpy as np  # noqa: E402

import gnn  # noqa: E402

rng = np.random.default_rng(0)
graph = gnn.Graph.from_edges(
    rng.integers(0, 40, 160),
    rng.integers(0, 40, 160),
    rng.normal(size=(40, 5)).astype(np.float32),
    labels=rng.integers(0, 3, 40),
    splits={"train": np.arange(25), "validation": np.arange(25, 40)},
)


def batches(split: str, shuffle: bool) -> tf.data.Dataset:
    """Steps of 6 rows: two batches of 3 for two workers, where the last step of five has one."""

    def make(context: tf.distribute.InputContext) -> tf.data.Dataset:
        size = context.get_per_replica_batch_size(6)
        return gnn.data.neighborhoods(
            graph,
            split,
            batch_size=size,
            fanout=(3, 2),
            padding=True,
            shuffle=shuffle,
            seed=0,
            # Under a strategy, Keras takes a batch of the first epoch to build the model.
            first_epoch=0 if CLUSTER else 1,
        )

    return gnn.data.distribute(strategy, make)


keras.utils.set_random_seed(1)
with strategy.scope():
    model = gnn.GraphConvolutionalNodeClassifier(
        num_classes=3,
        hidden_units=8,
        dropout_rate=0.0,
        config=gnn.GraphRegConfig(multiplier=0.1),
    )
    model.compile(
        keras.optimizers.Adam(0.05),
        keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        metrics=["accuracy"],
    )
history = model.fit(
    batches("train", shuffle=True),
    validation_data=batches("validation", shuffle=False),
    epochs=2,
    verbose=0,
)
found = model.evaluate(batches("validation", shuffle=False), verbose=0, return_dict=True)
values = {f"history {key}": np.array(value) for key, value in history.history.items()}
values |= {f"evaluate {key}": np.array(value) for key, value in found.items()}
values |= {f"weight {i}": weight for i, weight in enumerate(model.get_weights())}
np.savez(OUTPUT, **values)
