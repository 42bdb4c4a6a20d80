r"""What a graph loss does on raw edges: every distance and multiplier, with and without contrast.

    python benchmarks/graph_loss.py matrix --append benchmarks/results/graph_loss.jsonl \
        --shops SHOP ...
    python benchmarks/graph_loss.py matrix --append benchmarks/results/graph_loss.jsonl

and likewise `why` (`graph_loss_why.jsonl`) and `wrong` (`wrong_clicks.jsonl`). Without shops it
prints the table; `--plot docs/wrong_clicks.png` draws that of `wrong`.

A SHOP is a folder as `shop_graphs.py` reads it; for `wrong`, one named `SHARE-SEED`, with that
share of wrong clicks. Every command resumes: a line that is there is not measured again.

The model is a perceptron of 128 units on the pixels (dropout 0.3, Adam 0.001) and nothing else. Of
the 100 labels, 2 of each class stop it: the epoch of 20 steps of the least loss on them counts, and
10 without a better one end the training, or 30. A batch has all other labels and 128 more nodes,
each with 5 drawn neighbors. It is judged on the new products, which no session has. Nothing is
chosen on the answers.
"""

from __future__ import annotations

import argparse
import dataclasses
import itertools
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import numpy as np
import result_lines
import shop_graphs
from distillation import SHOP, train_distilled
from matplotlib.figure import Figure

import gnn

GRAPHS: dict[str, Any] = {
    "pruned": gnn.SessionGraphConfig(),
    "up to 50": {"weighting": "count", "max_session_items": 50},
    "all": {"weighting": "count"},
}
MULTIPLIERS = (0.1, 0.3, 1.0, 3.0, 10.0)
# Divergences are of probabilities; so is what the recipes compare.
DISTANCES = ("l1", "l2", "kl_divergence")
STEPS_AN_EPOCH, EPOCHS, PATIENCE = 20, 30, 10
SHARES = (0.1, 0.2, 0.4, 0.6, 0.8)

_PATHS: dict[str, Path] = {}
_SHOPS: dict[str, dict[str, Any]] = {}
_GRAPHS: dict[tuple[str, str], gnn.Graph] = {}


def shop_of(name: str) -> dict[str, Any]:
    """A shop, with some of its labels set apart to validate on."""
    if name not in _SHOPS:
        found = shop_graphs.read(_PATHS[name])
        random = np.random.default_rng(int(name.rpartition("-")[2]))
        validation = [
            random.permutation(np.flatnonzero(found["labels"] == each))[:2] for each in range(10)
        ]
        found["validation"] = np.concatenate(validation)
        known = np.flatnonzero(found["labels"] >= 0)
        found["train"] = np.setdiff1d(known, found["validation"])
        _SHOPS.clear()
        _GRAPHS.clear()
        _SHOPS[name] = found
    return _SHOPS[name]


def graph_of(name: str, edges: str) -> gnn.Graph:
    """The graph of a shop by one way to make edges."""
    shop = shop_of(name)
    if (name, edges) not in _GRAPHS:
        _GRAPHS[name, edges] = gnn.Graph.from_sessions(
            shop["clicks"],
            shop["features"],
            ids=shop["ids"],
            labels=shop["labels"],
            splits={"train": shop["train"], "validation": shop["validation"]},
            config=GRAPHS[edges],
            unknown="drop",
            missing="drop",
        )
    return _GRAPHS[name, edges]


def perceptron() -> keras.Model:
    """The one model of all rows."""
    inputs = keras.Input((784,), name="features")
    hidden = keras.layers.Dense(128, activation="relu")(inputs)
    hidden = keras.layers.Dropout(0.3)(hidden)
    return keras.Model(inputs, keras.layers.Dense(10)(hidden))


def regularized(name: str, edges: str, config: gnn.GraphRegConfig, **settings: Any) -> Any:
    """A perceptron trained with a graph loss; its figures, and what was warned of."""
    shop, graph = shop_of(name), graph_of(name, edges)
    train = shop["train"]
    if "labels" in settings:
        classes = shop["labels"][train]
        train = np.concatenate([train[classes == each][: settings["labels"]] for each in range(10)])
        graph = dataclasses.replace(graph, splits={**graph.splits, "train": train})
    if not settings.get("weighted", True):
        graph = dataclasses.replace(graph, weights=None)
    keras.utils.set_random_seed(int(name.rpartition("-")[2]))
    model = gnn.GraphRegularizationModel(
        config, perceptron, regularize=settings.get("regularize", "probabilities")
    )
    model.compile(
        keras.optimizers.Adam(0.001),
        keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        metrics=["accuracy"],
    )
    data = gnn.data.neighborhoods(
        graph,
        "train",
        batch_size=len(train),
        fanout=settings.get("fanout", 5),
        shuffle=True,
        seed=int(name.rpartition("-")[2]),
        unlabeled="rest",
        unlabeled_batch_size=settings.get("unlabeled", 128),
    )
    rows, stop = shop["validation"], keras.callbacks.EarlyStopping
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", gnn.GraphLossWarning)
        history = model.fit(
            data.repeat(),
            steps_per_epoch=STEPS_AN_EPOCH,
            epochs=EPOCHS,
            validation_data=({"features": shop["features"][rows]}, shop["labels"][rows]),
            callbacks=[stop("val_loss", patience=PATIENCE, restore_best_weights=True)],
            verbose=0,
        ).history
    told = [str(each.message) for each in caught if each.category is gnn.GraphLossWarning]
    shown = ("neighbor_distance", "random_distance", "spread")
    return {
        "accuracy": accuracy_of(model.base_model, shop),
        "epochs": len(history["loss"]),
        **{key: float(history[key][-1]) for key in shown if key in history},
        "warned": told[0].split(":")[0] if told else "",
    }


def accuracy_of(model: keras.Model, shop: dict[str, Any]) -> float:
    """Of a model of pixels, on the new products."""
    logits = model.predict(shop["new"], verbose=0)
    return float(np.mean(np.argmax(logits, axis=1) == shop["new_answers"]))


def reg_config(distance: str, multiplier: Any, contrast: float) -> gnn.GraphRegConfig:
    """The settings of a row."""
    return gnn.GraphRegConfig(
        multiplier=multiplier,
        distance_config=gnn.DistanceConfig(distance),
        contrast=contrast,
    )


def measure_matrix(
    shop: str, edges: str, distance: str, multiplier: Any, contrast: float
) -> dict[str, Any]:
    """The figures of one setting on one shop."""
    return regularized(shop, edges, reg_config(distance, multiplier, contrast))


def wanted_matrix() -> list[dict[str, Any]]:
    """Every setting; a multiplier of 0 is the model without a graph. The loss that is new is first.

    With contrast, that is of all shops, and then the one without.
    """
    none = {"edges": "pruned", "distance": "l2", "multiplier": 0.0, "contrast": 0.0}
    rows = [{"shop": shop, **none} for shop in _PATHS]
    for contrast in (1.0, 0.0):
        for shop, edges, distance in itertools.product(_PATHS, GRAPHS, DISTANCES):
            for multiplier in ("auto", *MULTIPLIERS) if contrast else MULTIPLIERS:
                row = {"shop": shop, "edges": edges, "distance": distance}
                rows.append({**row, "multiplier": multiplier, "contrast": contrast})
    return rows


def print_matrix(path: Path) -> None:
    """Mean accuracies in percent; `!` where the mean is worse by a point, `w` where warned of."""
    lines = result_lines.read(path)
    without = {line["shop"]: line["accuracy"] for line in lines if line["multiplier"] == 0}
    print(f"Shops {', '.join(sorted(without))}; without a graph {_percent(without.values())}.\n")
    print("| edges | contrast | distance | auto | " + " | ".join(map(str, MULTIPLIERS)) + " |")
    print("| --- " * (4 + len(MULTIPLIERS)) + "|")
    for edges in GRAPHS:
        for contrast in (1.0, 0.0):
            for distance in DISTANCES:
                cells = []
                for multiplier in ("auto", *MULTIPLIERS):
                    row = (edges, contrast, distance, multiplier)
                    keys = ("edges", "contrast", "distance", "multiplier")
                    mine = [each for each in lines if tuple(each[k] for k in keys) == row]
                    cells.append(_cell(mine, without))
                print(f"| {edges} | {contrast:g} | {distance} | {' | '.join(cells)} |")


def _cell(lines: list[dict[str, Any]], without: dict[str, float]) -> str:
    if not lines:
        return ""
    lift = np.mean([line["accuracy"] - without[line["shop"]] for line in lines])
    warned = sum(bool(line["warned"]) for line in lines)
    text = _percent(line["accuracy"] for line in lines)
    text += " !" if lift < -0.01 else ""
    return text + (f" w{warned}/{len(lines)}" if warned else "")


def _percent(values: Any) -> str:
    return f"{100 * np.mean(list(values)):.1f}"


# Why a loss without contrast collapses: one thing changed at a time.
WHY: dict[str, dict[str, Any]] = {
    "as in the matrix": {},
    "all neighbors": {"fanout": None},
    "1 neighbor": {"fanout": 1},
    "1,024 unlabeled nodes": {"unlabeled": 1024},
    "16 unlabeled nodes": {"unlabeled": 16},
    "logits": {"regularize": "logits"},
    "weights of 1": {"weighted": False},
    "30 labels": {"labels": 3},
}


def measure_why(shop: str, edges: str, distance: str, multiplier: float, change: str) -> Any:
    """The figures of the loss without contrast, with one thing changed."""
    return regularized(shop, edges, reg_config(distance, multiplier, 0.0), **WHY[change])


def wanted_why() -> list[dict[str, Any]]:
    """Two graphs, two distances, the multipliers at which they part."""
    return [
        {"shop": shop, "edges": edges, "distance": distance, "multiplier": m, "change": change}
        for shop in _PATHS
        for edges in ("pruned", "up to 50")
        for distance in ("l1", "l2")
        for m in (3.0,)
        for change in WHY
    ]


def print_why(path: Path) -> None:
    """Accuracy and the mean distance of random nodes."""
    lines = result_lines.read(path)
    print("| edges | distance | multiplier | " + " | ".join(WHY) + " |")
    print("| --- " * (3 + len(WHY)) + "|")
    for key in sorted({(x["edges"], x["distance"], x["multiplier"]) for x in lines}):
        cells = []
        for change in WHY:
            mine = [
                x
                for x in lines
                if (x["edges"], x["distance"], x["multiplier"]) == key and x["change"] == change
            ]
            spread = np.mean([x["spread"] for x in mine]) if mine else 0.0
            accuracies = _percent(x["accuracy"] for x in mine) if mine else ""
            cells.append(f"{accuracies} ({spread:.2f})" if mine else "")
        print(f"| {key[0]} | {key[1]} | {key[2]:g} | " + " | ".join(cells) + " |")


def distilled(name: str) -> dict[str, Any]:
    """The perceptron taught by a GCN of the shop's edges, as in `distillation.py`."""
    student = train_distilled(
        graph_of(name, "pruned"),
        perceptron,
        seed=int(name.rpartition("-")[2]),
        optimizer=keras.optimizers.Adam(0.001),
        **SHOP,
    )
    return {"accuracy": accuracy_of(student, shop_of(name))}


# Those of docs/agreement.md, with this script's learning rate; nothing is chosen on these shops.
CO_TRAINED: dict[str, Any] = {
    "rounds": 2,
    "labels_per_round": 100,
    "min_confidence": 0.9,
    "pair_weights": {"labeled_unlabeled": 1.0, "unlabeled_unlabeled": 1.0},
    "classifier": {"learning_rate": 0.001, "patience": 200},
    "agreement": {"learning_rate": 0.01, "patience": 100},
}


def co_trained(name: str) -> dict[str, Any]:
    """The perceptron co-trained with an agreement model, which judges edges."""
    seed = int(name.rpartition("-")[2])
    keras.utils.set_random_seed(seed)
    trainer = gnn.CoTrainer(
        perceptron, lambda: gnn.AgreementModel(hidden_units=(64,)), {**CO_TRAINED, "seed": seed}
    )
    trainer.fit(graph_of(name, "pruned"), verbose=0)
    found = accuracy_of(trainer.classifier, shop_of(name))
    return {"accuracy": found, "best_round": trainer.best_round}


# A row of the table of wrong clicks: from the name of a shop to figures, `accuracy` among them.
MODELS: dict[str, Callable[[str], dict[str, Any]]] = {
    "without graph": lambda shop: regularized(shop, "pruned", reg_config("l2", 0.0, 0.0)),
    "old loss, 1": lambda shop: regularized(shop, "pruned", reg_config("l2", 1.0, 0.0)),
    "contrast, 1": lambda shop: regularized(shop, "pruned", reg_config("l2", 1.0, 1.0)),
    "contrast, auto": lambda shop: regularized(shop, "pruned", reg_config("l2", "auto", 1.0)),
    "distilled": distilled,
    "co-trained": co_trained,
}


def measure_wrong(shop: str, model: str) -> dict[str, Any]:
    """The figures of one model on a shop of wrong clicks."""
    graph, answers = graph_of(shop, "pruned"), shop_of(shop)["answers"]
    right = answers[graph.senders] == answers[graph.receivers]
    return {"homophily": float(np.mean(right)), **MODELS[model](shop)}


def print_wrong(path: Path) -> None:
    """A row a share of wrong clicks."""
    lines = result_lines.read(path)
    print("| wrong clicks | homophily | " + " | ".join(MODELS) + " |")
    print("| --- " * (2 + len(MODELS)) + "|")
    for share in sorted({line["shop"].partition("-")[0] for line in lines}):
        mine = [line for line in lines if line["shop"].partition("-")[0] == share]
        cells = []
        for model in MODELS:
            some = [line for line in mine if line["model"] == model]
            warned = sum(bool(line.get("warned")) for line in some)
            text = _percent(line["accuracy"] for line in some) if some else ""
            cells.append(text + (f" w{warned}/{len(some)}" if warned else ""))
        homophily = np.mean([line["homophily"] for line in mine])
        print(f"| {share} | {homophily:.2f} | " + " | ".join(cells) + " |")


def plot_wrong(lines: list[dict[str, Any]], path: Path) -> None:
    """Draws accuracy against the share of wrong clicks; bars are standard errors."""
    figure = Figure(figsize=(6.4, 4.2), layout="constrained")
    axes = figure.subplots()
    shares = sorted({float(line["shop"].partition("-")[0]) for line in lines})
    for model in MODELS:
        found = {
            share: result_lines.mean_and_error([100 * line["accuracy"] for line in some])
            for share in shares
            if (
                some := [
                    line
                    for line in lines
                    if line["model"] == model and float(line["shop"].partition("-")[0]) == share
                ]
            )
        }
        means, errors = np.array(list(found.values())).reshape(-1, 2).T
        style = "--" if model == "without graph" else "-"
        axes.errorbar(
            list(found), means, np.nan_to_num(errors), marker="o", ls=style, capsize=3, label=model
        )
    axes.set(
        xticks=shares,
        xlabel="share of wrong clicks",
        ylabel="accuracy on new products in %",
        title="A shop with wrong clicks",
    )
    axes.legend()
    figure.savefig(path, dpi=150)


COMMANDS: dict[str, tuple[Callable[..., Any], Callable[[], list[dict[str, Any]]], Any]] = {
    "matrix": (measure_matrix, wanted_matrix, print_matrix),
    "why": (measure_why, wanted_why, print_why),
    "wrong": (
        measure_wrong,
        lambda: [{"shop": shop, "model": model} for shop in _PATHS for model in MODELS],
        print_wrong,
    ),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("what", choices=COMMANDS)
    parser.add_argument("--shops", type=Path, nargs="+", default=[], help="none: the table")
    parser.add_argument("--append", type=Path, required=True, help="the file of results")
    parser.add_argument("--plot", type=Path, help="of `wrong`: a PNG file to draw")
    arguments = parser.parse_args()
    if arguments.plot is not None and (arguments.what != "wrong" or arguments.shops):
        parser.error("--plot is of `wrong`, without --shops")
    measure, wanted, show = COMMANDS[arguments.what]
    if arguments.shops:
        _PATHS.update({path.name: path for path in arguments.shops})
        result_lines.run_missing(arguments.append, wanted(), measure)
    else:
        show(arguments.append)
        if arguments.plot is not None:
            plot_wrong(result_lines.read(arguments.append), arguments.plot)


if __name__ == "__main__":
    main()
