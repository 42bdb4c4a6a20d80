"""What a graph adds to an image embedding: nearest neighbors of images that no session has.

    python benchmarks/image_embedding.py --append benchmarks/results/image_embedding.jsonl
    python benchmarks/image_embedding.py --table benchmarks/results/image_embedding.jsonl

10,000 images of MNIST (`GNN_DATA_DIR`): 1,000 queries, the other 9,000 the gallery, of which 10 of
each digit have a label. Sessions are drawn among the gallery: each looks for one digit, has one
click and a geometric number more (mean 4, 30 at most), a fifth of the clicks on any digit, popular
images more often. There are 60,000, as many a product as a shop of 3,000 with 20,000. Edges are
those of `gnn.SessionGraphConfig()`.

The model is `gnn.ImageEmbeddingModel("small", 64, num_classes=10)` of unit embeddings. It learns
from 8 labels of each digit; 2 stop it: the epoch of 20 steps of the least loss on them counts. A
batch has all labels and 128 more images, each with one neighbor, drawn alike. A figure is of the
queries' nearest neighbor in the gallery, by cosine.

    none       without the graph: multiplier 0
    graph      the graph loss on the embedding, defaults: contrast 1, multiplier "auto"
    agreement  likewise, each edge weighed by how far the model `none` believes its ends agree

The shops of other benchmarks have 40 robots of 200 clicks among their sessions, and these have not.

`unseen`: the first two without digits 7 to 9, which have no label and are in no batch and no
session (they are queries and gallery alone): recall@1 and MAP@R of the queries of 7 to 9.

Settings are the defaults of the graph loss; no other was tried. Seeds 0 to 4 are reported.
"""

from __future__ import annotations

import argparse
import os
import time
from pathlib import Path
from typing import Any

import keras
import numpy as np
import result_lines
import tensorflow as tf

import gnn
from gnn.evaluation import retrieval_figures

SESSIONS, WRONG, UNSEEN = 60_000, 0.2, (7, 8, 9)
EPOCHS, STEPS, PATIENCE = 40, 20, 10
VARIANTS = ("none", "graph", "agreement")


def data_of(seed: int, unseen: bool) -> dict[str, Any]:
    """Images, digits, splits and sessions of a seed."""
    rng = np.random.default_rng(seed)
    raw = np.load(Path(os.environ["GNN_DATA_DIR"], "mnist10k.npz"))
    images, digits = raw["images"][..., np.newaxis], raw["labels"].astype(int)
    order = rng.permutation(len(digits))
    queries, gallery = order[:1000], order[1000:]
    seen = gallery[~np.isin(digits[gallery], UNSEEN)] if unseen else gallery
    named = {d: rng.permutation(seen[digits[seen] == d])[:10] for d in np.unique(digits[seen])}
    appeal = 1 / (1 + rng.permutation(len(seen))) ** 0.8
    of_digit = {d: np.flatnonzero(digits[seen] == d) for d in named}
    sessions = []
    for _ in range(SESSIONS):
        members = of_digit[rng.choice(list(named))]
        count = min(1 + rng.geometric(0.25), 30)
        right = rng.choice(members, count, p=appeal[members] / appeal[members].sum())
        wrong = rng.choice(len(seen), count, p=appeal / appeal.sum())
        clicked = np.where(rng.random(count) < WRONG, wrong, right)
        sessions.append(seen[clicked].tolist())
    return {
        "images": images,
        "digits": digits,
        "queries": queries,
        "gallery": gallery,
        "seen": seen,
        "train": np.concatenate([some[:8] for some in named.values()]),
        "validation": np.concatenate([some[8:] for some in named.values()]),
        "sessions": sessions,
    }


def graph_of(data: dict[str, Any]) -> gnn.Graph:
    """The seen images of the gallery, and the edges of their sessions."""
    place = {int(image): row for row, image in enumerate(data["seen"])}
    rows = np.vectorize(place.__getitem__)
    labels = np.full(len(place), -1)
    splits = {name: rows(data[name]) for name in ("train", "validation")}
    for name, some in splits.items():
        labels[some] = data["digits"][data[name]]
    return gnn.Graph.from_sessions(
        data["sessions"],
        {"image": data["images"][data["seen"]]},
        ids=data["seen"].tolist(),
        labels=labels,
        splits=splits,
        config=gnn.SessionGraphConfig(),
        missing="drop",
    )


@keras.saving.register_keras_serializable(package="benchmarks")
class Beliefs(keras.layers.Layer):
    """How far a model's beliefs of two images agree."""

    def __init__(self, model: keras.Model, **kwargs: Any):
        super().__init__(**kwargs)
        self.model, self.agreement = model, gnn.BeliefAgreement()

    def call(self, inputs: Any) -> tf.Tensor:
        return self.agreement([tf.nn.softmax(self.model(side)["logits"]) for side in inputs])


def trained(
    graph: gnn.Graph, seed: int, config: gnn.GraphRegConfig, judge: keras.Model | None = None
) -> keras.Model:
    """The embedding model, trained with a graph loss on its embedding."""
    keras.utils.set_random_seed(seed)
    model = gnn.GraphRegularizationModel(
        config,
        lambda: gnn.ImageEmbeddingModel("small", 64, num_classes=10, normalize=True),
        agreement_model=None if judge is None else Beliefs(judge),
        regularize="embedding",
    )
    model.compile(
        keras.optimizers.Adam(0.001),
        {"logits": keras.losses.SparseCategoricalCrossentropy(from_logits=True)},
    )
    batches = gnn.data.neighborhoods(
        graph,
        "train",
        batch_size=len(graph.split("train")),
        fanout=1,
        shuffle=True,
        seed=seed,
        unlabeled="rest",
        unlabeled_batch_size=128,
    )
    rows = graph.split("validation")
    history = model.fit(
        batches.repeat(),
        steps_per_epoch=STEPS,
        epochs=EPOCHS,
        validation_data=({"image": graph.features["image"][rows]}, graph.labels[rows]),
        callbacks=[
            keras.callbacks.EarlyStopping(
                "val_loss", patience=PATIENCE, restore_best_weights=True, start_from_epoch=5
            )
        ],
        verbose=0,
    )
    model.node_model.fit_epochs = len(history.epoch)
    model.node_model.best = min(history.history["val_loss"])
    return model.node_model


def figures(model: keras.Model, data: dict[str, Any], only: tuple[int, ...]) -> dict[str, float]:
    """Of the queries of some digits, in the whole gallery."""
    digits, gallery = data["digits"], data["gallery"]
    queries = data["queries"][np.isin(data["digits"][data["queries"]], only)]
    vectors = {
        name: model.embed(data["images"][rows], batch_size=500)
        for name, rows in (("queries", queries), ("gallery", gallery))
    }
    found = retrieval_figures(
        vectors["queries"], digits[queries], vectors["gallery"], digits[gallery], k=1
    )
    return {"recall@1": found.recall_at[1], "map@r": found.map_at_r}


_MODELS: dict[tuple[int, bool], keras.Model] = {}


def measure(task: str, variant: str, seed: int, **settings: Any) -> dict[str, Any]:
    """One model on one seed."""
    unseen = task == "unseen"
    data = data_of(seed, unseen)
    graph = graph_of(data)
    right = data["digits"][data["seen"]]
    homophily = float(np.mean(right[graph.senders] == right[graph.receivers]))
    started = time.perf_counter()
    judge = _MODELS.get((seed, unseen)) if variant == "agreement" else None
    none = gnn.GraphRegConfig(multiplier=0.0)
    if variant == "agreement" and judge is None:
        judge = trained(graph, seed, none)
    config = none
    if variant != "none":
        distance = gnn.DistanceConfig(settings.pop("distance", "l2"), sum_over_axis=-1)
        asked = {"multiplier": "auto", "contrast": 1.0, **settings}
        config = gnn.GraphRegConfig(distance_config=distance, **asked)
    model = trained(graph, seed, config, judge)
    if variant == "none":
        _MODELS[seed, unseen] = model
    return {
        **figures(model, data, UNSEEN if unseen else tuple(range(10))),
        "homophily": round(homophily, 3),
        "epochs": model.fit_epochs,
        "validation_loss": round(float(model.best), 4),
        "seconds": round(time.perf_counter() - started, 1),
    }


def print_table(path: Path) -> None:
    """Means, and the errors of each seed."""
    lines = result_lines.read(path)
    for task, key in (("all", "recall@1"), ("unseen", "recall@1"), ("unseen", "map@r")):
        mine = [line for line in lines if line["task"] == task]
        found = {
            variant: {line["seed"]: line[key] for line in mine if line["variant"] == variant}
            for variant in VARIANTS
        }
        for variant, scores in found.items():
            if not scores:
                continue
            mean = result_lines.in_percent(list(scores.values()))
            each = " ".join(f"{scores[seed]:.3f}" for seed in sorted(scores))
            print(f"{task:8} {key:9} {variant:10} {mean}  ({each})")
            if variant != "none":
                both = sorted(set(scores) & set(found["none"]))
                ratio = sum(1 - scores[s] for s in both) / sum(1 - found["none"][s] for s in both)
                gains = [scores[s] - found["none"][s] for s in both]
                print(
                    f"    error by that of none {ratio:.3f}; gains {result_lines.in_percent(gains)}"
                )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, nargs="+", default=list(range(5)))
    parser.add_argument("--tasks", nargs="+", default=["all", "unseen"])
    parser.add_argument("--variants", nargs="+", default=list(VARIANTS))
    parser.add_argument("--append", type=Path)
    parser.add_argument("--table", type=Path)
    arguments = parser.parse_args()
    if arguments.table:
        print_table(arguments.table)
        return
    wanted = [
        {"task": task, "variant": variant, "seed": seed}
        for seed in arguments.seeds
        for task in arguments.tasks
        for variant in arguments.variants
        if not (task == "unseen" and variant == "agreement")
    ]
    result_lines.run_missing(arguments.append, wanted, measure)


if __name__ == "__main__":
    main()
