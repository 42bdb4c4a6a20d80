"""What a perceptron of features learns from a graph network, beside the perceptron alone.

    python benchmarks/distillation.py citation --append benchmarks/results/distillation.jsonl
    python benchmarks/distillation.py shops --append FILE --shops SHOP ... (FILE as above)
    python benchmarks/distillation.py times --append benchmarks/results/distillation.jsonl
    python benchmarks/distillation.py table --append benchmarks/results/distillation.jsonl

`citation`: Cora and CiteSeer, the public split. Transductive: the teacher sees all nodes and edges.
Inductive, as Zhang et al. (ICLR 2022, section 5) have it: a fifth of the test nodes, drawn by the
seed, is held out with its edges, teacher and student learn without it, and the teacher is judged on
it with the whole graph. The teacher is that of the recipe of `gnn train`; alone is its `mlp`.

`shops`: a SHOP is a folder as `shop_graphs.py` reads it. The student is a perceptron of 128 units
on the pixels (dropout 0.3, Adam 0.001) and nothing else; the teacher is the recipe's network on the
pixels and the edges that `gnn.SessionGraphConfig()` gives. Of the 100 labels, 2 of each class stop
both. They are judged on the new products, which no session has; nothing is chosen on the answers.

Every command resumes: a line that is there is not measured again.
"""

from __future__ import annotations

import argparse
import dataclasses
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import numpy as np
import result_lines
import shop_graphs
import tensorflow as tf

import gnn
from gnn.data import full_batch, neighborhoods
from gnn.models import predict_nodes
from gnn.runs.fitting import fit
from gnn.runs.recipes import build_model, resolve
from gnn.runs.run_config import RunConfig
from gnn.training.seeding import as_in_new_process

SEEDS = 10
SETTINGS = ("transductive", "inductive")
TEACHERS = ("gcn", "sage")
# Chosen on the validation nodes; see docs/distillation.md.
CITATION: dict[str, Any] = {"batch_size": 512, "epochs": 300, "patience": 50}
SHOP: dict[str, Any] = {"batch_size": 128, "epochs": 120, "patience": 60, "noise": 1.5}


def trained(model: str, graph: gnn.Graph, seed: int, dataset: str | None = None) -> keras.Model:
    """A model by the recipe of `gnn train`, trained on a graph."""
    data = {"dataset": dataset} if dataset else {"data": "a graph"}
    config = RunConfig(model=model, seed=seed, snapshot_seconds=1e9, baseline=False, **data)
    if model == "mlp":
        config = dataclasses.replace(config, baseline=None)
    with tempfile.TemporaryDirectory() as folder, as_in_new_process(seed):
        return fit(resolve(config, graph), graph, Path(folder) / "state").model


def train_distilled(
    graph: gnn.Graph,
    student_fn: Callable[[], keras.Model],
    *,
    seed: int = 0,
    teacher: str = "gcn",
    dataset: str | None = None,
    **options: Any,
) -> keras.Model:
    """A student of a network that is trained by its recipe on the same graph.

    Args:
        graph: with features, labels, and the splits `"train"` and `"validation"`.
        student_fn: makes the student.
        seed: of both.
        teacher: the name of a network.
        dataset: the name of a data set, for its recipe; None has the general one.
        **options: of `gnn.distill`.
    """
    return gnn.distill(
        trained(teacher, graph, seed, dataset), student_fn, graph, seed=seed, **options
    )


def accuracy(logits: np.ndarray, graph: gnn.Graph, nodes: np.ndarray) -> float:
    return float(np.mean(logits[nodes].argmax(axis=1) == graph.labels[nodes]))


# Citation graphs.


def citation_student(num_features: int, num_classes: int) -> keras.Model:
    """Two layers of 128 units, as Zhang et al. have it; words stay sparse."""
    inputs = keras.Input((num_features,), sparse=True, name="words")
    hidden = gnn.layers.FeatureDense(
        128, activation="relu", kernel_regularizer=keras.regularizers.L2(L2)
    )(inputs)
    hidden = keras.layers.Dropout(DROPOUT)(hidden)
    return keras.Model(inputs, keras.layers.Dense(num_classes)(hidden))


L2, DROPOUT, RATE = 5e-4, 0.6, 0.01


def without(graph: gnn.Graph, hidden: np.ndarray) -> gnn.Graph:
    """The graph without the edges of some nodes, which no split has any more."""
    is_hidden = np.zeros(graph.num_nodes, bool)
    is_hidden[hidden] = True
    kept = ~(is_hidden[graph.senders] | is_hidden[graph.receivers])
    return dataclasses.replace(
        graph,
        senders=graph.senders[kept],
        receivers=graph.receivers[kept],
        weights=graph.weights[kept],
        splits={name: np.setdiff1d(nodes, hidden) for name, nodes in graph.splits.items()},
    )


def measure_citation(dataset: str, setting: str, seed: int, teacher: str) -> dict[str, Any]:
    """The figures of one data set, one seed, one teacher."""
    raw = gnn.datasets.planetoid(dataset, normalize=False)
    scaled = gnn.datasets.planetoid(dataset)
    num_classes = int(raw.labels.max()) + 1
    test = raw.split("test")
    held = np.zeros(0, np.int64)
    if setting == "inductive":
        held = np.random.default_rng(seed).permutation(test)[: len(test) // 5]
    seen_raw, seen_scaled = (without(graph, held) for graph in (raw, scaled))
    judged = {"test": test, "new": held, "known": np.setdiff1d(test, held)}
    started = time.process_time()
    model = trained(teacher, seen_scaled, seed, dataset)
    taught = time.process_time() - started
    words = next(iter(raw.features.values())).shape[1]
    started = time.process_time()
    student = gnn.distill(
        predict_nodes(model, seen_scaled, verbose=False),
        lambda: citation_student(words, num_classes),
        seen_raw,
        nodes=np.setdiff1d(np.arange(raw.num_nodes), held),
        optimizer=keras.optimizers.Adam(RATE),
        seed=seed,
        **CITATION,
    )
    learned = time.process_time() - started
    alone = trained("mlp", seen_raw, seed, dataset)
    logits = {
        "teacher": predict_nodes(model, scaled, verbose=False),
        "student": predict_nodes(student, raw, verbose=False),
        "alone": predict_nodes(alone, raw, verbose=False),
    }
    parts = ("new", "known", "test") if setting == "inductive" else ("test",)
    return {
        **{
            f"{who} {p}": accuracy(each, raw, judged[p])
            for who, each in logits.items()
            for p in parts
        },
        "student validation": accuracy(logits["student"], raw, raw.split("validation")),
        "teacher_cpu_s": round(taught, 1),
        "student_cpu_s": round(learned, 1),
    }


def wanted_citation() -> list[dict[str, Any]]:
    return [
        {"dataset": dataset, "setting": setting, "seed": seed, "teacher": teacher}
        for teacher in TEACHERS
        for seed in range(SEEDS)
        for dataset in ("cora", "citeseer")
        for setting in SETTINGS
    ]


# Shops.


def perceptron() -> keras.Model:
    """The one model of the shops' rows."""
    inputs = keras.Input((784,), name="features")
    hidden = keras.layers.Dense(128, activation="relu")(inputs)
    hidden = keras.layers.Dropout(0.3)(hidden)
    return keras.Model(inputs, keras.layers.Dense(10)(hidden))


def shop_graph(shop: dict[str, Any], seed: int) -> gnn.Graph:
    """A shop with two labels of each class set apart to validate on."""
    random = np.random.default_rng(seed)
    labels = shop["labels"]
    validation = np.concatenate(
        [random.permutation(np.flatnonzero(labels == each))[:2] for each in range(10)]
    )
    return gnn.Graph.from_sessions(
        shop["clicks"],
        shop["features"],
        ids=shop["ids"],
        labels=labels,
        splits={
            "train": np.setdiff1d(np.flatnonzero(labels >= 0), validation),
            "validation": validation,
        },
        config=gnn.SessionGraphConfig(),
        unknown="drop",
        missing="drop",
    )


def perceptron_alone(graph: gnn.Graph, seed: int) -> keras.Model:
    """The perceptron on the labels, stopped by the others: 20 steps an epoch, at most 30 epochs."""
    with as_in_new_process(seed):
        model = perceptron()
        model.compile(
            keras.optimizers.Adam(0.001),
            keras.losses.SparseCategoricalCrossentropy(from_logits=True),
            metrics=["accuracy"],
        )
        pixels = graph.features["features"]
        train, rows = graph.split("train"), graph.split("validation")
        stop = keras.callbacks.EarlyStopping("val_loss", patience=10, restore_best_weights=True)
        model.fit(
            tf.data.Dataset.from_tensors((pixels[train], graph.labels[train])).repeat(20),
            epochs=30,
            validation_data=(pixels[rows], graph.labels[rows]),
            callbacks=[stop],
            verbose=0,
        )
    return model


def measure_shop(shop: str, teacher: str) -> dict[str, Any]:
    """The figures of one shop."""
    read = shop_graphs.read(_PATHS[shop])
    graph = shop_graph(read, int(shop))
    model = trained(teacher, graph, int(shop))
    optimizer = keras.optimizers.Adam(0.001)
    student = gnn.distill(model, perceptron, graph, optimizer=optimizer, seed=int(shop), **SHOP)
    alone = perceptron_alone(graph, int(shop))
    known = predict_nodes(model, graph, verbose=False).argmax(axis=1)

    def on_new(model: keras.Model) -> float:
        answers = model.predict(read["new"], verbose=0).argmax(axis=1)
        return float(np.mean(answers == read["new_answers"]))

    found = {"alone": on_new(alone), "student": on_new(student)}
    return {
        **found,
        "teacher on known": float(np.mean(known == read["answers"])),
        "error ratio": round((1 - found["student"]) / (1 - found["alone"]), 3),
    }


_PATHS: dict[str, Path] = {}


# Times.


def measure_times(dataset: str, teacher: str) -> dict[str, Any]:
    """Processor time of a node's answer: of all nodes at once, and of a single node."""
    labeled = gnn.datasets.planetoid(dataset)
    network = build_model(resolve(RunConfig(dataset=dataset, model=teacher), labeled), labeled)
    graph = dataclasses.replace(labeled, labels=None)
    words, classes = next(iter(graph.features.values())).shape[1], int(labeled.labels.max()) + 1
    student = citation_student(words, classes)
    node = dataclasses.replace(graph, splits={"one": np.array([0])})
    everything = next(iter(full_batch(graph)))
    rows = {"words": next(iter(everything[name] for name in graph.features))}
    surroundings = next(iter(neighborhoods(node, "one", batch_size=1, fanout=[None, None])))
    own = {"words": tf.sparse.slice(rows["words"], [0, 0], [1, words])}
    found = {}
    for name, model, inputs, count in (
        ("teacher all", network, everything, graph.num_nodes),
        ("student all", student, rows["words"], graph.num_nodes),
        ("teacher one", network, surroundings, 1),
        ("student one", student, own["words"], 1),
    ):
        answer = tf.function(lambda x, model=model: model(x, training=False))
        answer(inputs)
        best = []
        for _ in range(20):
            started, wall = time.process_time(), time.perf_counter()
            for _ in range(5):
                answer(inputs)
            best.append((time.process_time() - started, time.perf_counter() - wall))
        found[f"{name}, us CPU"] = round(min(b[0] for b in best) / 5 / count * 1e6, 2)
        found[f"{name}, us"] = round(min(b[1] for b in best) / 5 / count * 1e6, 2)
    return found


def print_tables(path: Path) -> None:
    lines = result_lines.read(path)
    print("| data | setting | teacher | seeds | nodes | teacher | student | alone |")
    print("| --- " * 8 + "|")
    mine = [line for line in lines if line["what"] == "citation"]
    for key in sorted({(x["teacher"], x["dataset"], x["setting"]) for x in mine}):
        rows = [x for x in mine if (x["teacher"], x["dataset"], x["setting"]) == key]
        for part in ("test", "new", "known"):
            if f"student {part}" in rows[0]:
                cells = [
                    result_lines.in_percent([row[f"{who} {part}"] for row in rows])
                    for who in ("teacher", "student", "alone")
                ]
                names = [key[1], key[2], key[0], str(len(rows)), part]
                print("|", " | ".join([*names, *cells]), "|")
    for line in lines:
        if line["what"] != "citation":
            print(line)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("what", choices=("citation", "shops", "times", "table"))
    parser.add_argument("--shops", type=Path, nargs="*", default=[], help="folders, by seed")
    parser.add_argument("--append", type=Path, help="the file of results")
    arguments = parser.parse_args()
    _PATHS.update({path.name: path for path in arguments.shops})
    measures: dict[str, Any] = {
        "citation": (wanted_citation(), measure_citation),
        "shops": ([{"shop": s, "teacher": "gcn"} for s in _PATHS], measure_shop),
        "times": ([{"dataset": d, "teacher": "gcn"} for d in ("cora", "citeseer")], measure_times),
    }
    if arguments.what == "table":
        print_tables(arguments.append)
        return
    wanted, measure = measures[arguments.what]
    wanted = [{"what": arguments.what, **names} for names in wanted]
    result_lines.run_missing(arguments.append, wanted, lambda what, **names: measure(**names))


if __name__ == "__main__":
    main()
