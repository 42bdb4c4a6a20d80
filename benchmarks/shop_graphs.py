"""Graphs of a shop's click log by each weighting: how right they are, and what a model gains.

    python benchmarks/shop_graphs.py SHOP... --append benchmarks/results/shop_graphs.jsonl
    python benchmarks/shop_graphs.py --table benchmarks/results/shop_graphs.jsonl

A SHOP is a folder with `products.csv` and `new_products.csv` (`product_id`, `image`), `clicks.csv`
(`session_id`, `product_id`), `labels.csv` (a few products and their `category`) and `answers.csv`
(all of them, to judge with only), named by a number, its seed.

Homophily is the share of stored edges, unweighted, whose two ends have one category. The model is a
perceptron of 128 units on the pixels, trained for 250 steps with graph regularization on the logits
(L2, multiplier 1) beside the labels, and judged on the new products, which no session has; without
graph, its multiplier is 0. Nothing is chosen on the answers.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pandas as pd
import result_lines

import gnn

PRUNED = {"max_session_items": 50, "min_count": 2, "max_neighbors": 10}
GRAPHS: dict[str, dict[str, Any]] = {
    "none": {"weighting": "count"},
    "all co-clicks": {"weighting": "count"},
    "sessions of up to 50": {"weighting": "count", "max_session_items": 50},
    **{
        weighting: {"weighting": weighting, **PRUNED}
        for weighting in gnn.configs.sessions.WEIGHTINGS
    },
    "auto": {"weighting": "auto"},
}
STEPS, BATCH = 250, 128


def pixels(folder: Path, names: pd.Series) -> np.ndarray:
    """The images as numbers from 0 to 1; those that are none, black."""
    rows = np.zeros((len(names), 784), np.float32)
    for row, name in zip(rows, names, strict=True):
        try:
            image = keras.utils.load_img(folder / name, color_mode="grayscale")
        except Exception:
            continue
        row[:] = 1 - np.asarray(image, np.float32).reshape(-1) / 255
    return rows


def read(folder: Path) -> dict[str, Any]:
    tables = {path.stem: pd.read_csv(path, dtype=str) for path in folder.glob("*.csv")}
    answers = tables["answers"].set_index("product_id")["category"].astype(int)
    ids = tables["products"]["product_id"]
    labels = tables["labels"].set_index("product_id")["category"].astype(float)
    return {
        "ids": ids.tolist(),
        "clicks": {
            "session": tables["clicks"]["session_id"],
            "item": tables["clicks"]["product_id"],
        },
        "features": pixels(folder, tables["products"]["image"]),
        "labels": labels.reindex(ids).fillna(-1).to_numpy().astype(int),
        "answers": answers.reindex(ids).to_numpy(),
        "new": pixels(folder, tables["new_products"]["image"]),
        "new_answers": answers.reindex(tables["new_products"]["product_id"]).to_numpy(),
    }


def train(graph: gnn.Graph, shop: dict[str, Any], multiplier: float, seed: int) -> float:
    """The accuracy on new products."""
    keras.utils.set_random_seed(seed)
    config = gnn.GraphRegConfig(multiplier=multiplier, distance_config=gnn.DistanceConfig("l2"))

    def perceptron() -> keras.Model:
        inputs = keras.Input((784,), name="features")
        hidden = keras.layers.Dense(128, activation="relu")(inputs)
        return keras.Model(inputs, keras.layers.Dense(10)(hidden))

    model = gnn.GraphRegularizationModel(config, perceptron)
    model.compile(
        keras.optimizers.Adam(0.001),
        keras.losses.SparseCategoricalCrossentropy(from_logits=True),
    )
    labeled = int((shop["labels"] >= 0).sum())
    data = gnn.data.neighborhoods(
        graph,
        "train",
        batch_size=min(BATCH, labeled),
        fanout=5,
        shuffle=True,
        seed=seed,
        unlabeled="rest",
        unlabeled_batch_size=BATCH,
    )
    model.fit(data, epochs=-(-STEPS // len(data)), verbose=0)
    logits = model.predict({"features": shop["new"]}, verbose=0)
    return float(np.mean(np.argmax(logits, axis=1) == shop["new_answers"]))


def measure(shop: str, graph: str) -> dict[str, Any]:
    """The figures of one graph of one shop."""
    shop_data = _SHOPS[shop] if shop in _SHOPS else _SHOPS.setdefault(shop, read(_PATHS[shop]))
    made = gnn.Graph.from_sessions(
        shop_data["clicks"],
        shop_data["features"],
        ids=shop_data["ids"],
        labels=shop_data["labels"],
        splits={"train": np.flatnonzero(shop_data["labels"] >= 0)},
        config=GRAPHS[graph],
        unknown="drop",
        missing="drop",
    )
    answers = shop_data["answers"]
    clicked = np.isin(shop_data["ids"], shop_data["clicks"]["item"].to_numpy())
    accuracy = train(made, shop_data, 0.0 if graph == "none" else 1.0, int(shop))
    return {
        "homophily": float(np.mean(answers[made.senders] == answers[made.receivers])),
        "edges_a_node": made.num_edges / made.num_nodes,
        "isolated": float(np.mean(~np.isin(np.flatnonzero(clicked), made.receivers))),
        "accuracy": accuracy,
    }


_SHOPS: dict[str, Any] = {}
_PATHS: dict[str, Path] = {}


def print_table(path: Path) -> None:
    """The means of the shops, with standard errors."""
    lines = result_lines.read(path)
    shops = sorted({line["shop"] for line in lines}, key=int)
    print(f"Shops of seeds {', '.join(shops)}.\n")
    print("| graph | homophily | edges a node | isolated | accuracy, % | lift, points |")
    print("| --- | --- | --- | --- | --- | --- |")
    without = {line["shop"]: line["accuracy"] for line in lines if line["graph"] == "none"}
    for graph in GRAPHS:
        mine = [line for line in lines if line["graph"] == graph]
        if not mine:
            continue
        means = [np.mean([line[key] for line in mine]) for key in ("homophily", "edges_a_node")]
        isolated = max(line["isolated"] for line in mine)
        lift = result_lines.in_percent(
            [line["accuracy"] - without[line["shop"]] for line in mine], 1
        )
        accuracy = result_lines.in_percent([line["accuracy"] for line in mine], 1)
        cells = [f"{means[0]:.3f}", f"{means[1]:.1f}", f"{isolated:.1%}", accuracy, lift]
        if graph == "none":
            cells = ["", "", "", accuracy, ""]
        print(f"| {graph} | " + " | ".join(cells) + " |")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("shops", type=Path, nargs="*", help="folders named by their seeds")
    parser.add_argument("--append", type=Path, help="the file of results to add lines to")
    parser.add_argument("--table", type=Path, help="the file of results to print")
    arguments = parser.parse_args()
    if arguments.table:
        print_table(arguments.table)
        return
    _PATHS.update({path.name: path for path in arguments.shops})
    wanted = [{"shop": shop, "graph": graph} for shop in _PATHS for graph in GRAPHS]
    result_lines.run_missing(arguments.append, wanted, measure)


if __name__ == "__main__":
    main()
