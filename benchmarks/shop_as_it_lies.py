"""A shop's own files to predictions for new products, in two commands and without a script.

    python benchmarks/shop_as_it_lies.py SHOP... --append benchmarks/results/shop_as_it_lies.jsonl
    python benchmarks/shop_as_it_lies.py --table benchmarks/results/shop_as_it_lies.jsonl

A SHOP is a folder with `products.csv` and `new_products.csv`, `clicks.csv`, `labels.csv`, images,
and `answers.csv`, named by a number, its seed. The commands see links to all but the answers, which
judge the new products alone. Ways:

    columns    gnn train on the folder as it is; gnn predict on new_products.csv
    pixels     what a script had to make before: 784 columns of pixels, session and item
    alone      as columns, without clicks: an mlp
    distilled  as columns, the mlp taught by a gcn on the clicks

Options but data, tables and model are the defaults.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import result_lines

MODELS = {"columns": "graph-regularization", "alone": "mlp", "distilled": "distilled"}
WAYS = (*MODELS, "pixels")


def pixels(folder: Path, names: pd.Series) -> pd.DataFrame:
    """The images as numbers from 0 to 1, a column a pixel; those that are none, white."""
    import keras

    rows = np.ones((len(names), 784), np.float32)
    for row, name in zip(rows, names, strict=True):
        try:
            image = keras.utils.load_img(folder / name, color_mode="grayscale")
        except Exception:  # Of many kinds: the file is no image.
            continue
        row[:] = np.asarray(image, np.float32).reshape(-1) / 255
    return pd.DataFrame(1 - rows, columns=[f"pixel_{k}" for k in range(784)])


def prepare(shop: Path, folder: Path) -> None:
    """What a user had to write before: columns of pixels, and our names of columns."""
    folder.mkdir()
    labels = pd.read_csv(shop / "labels.csv", dtype=str).set_index("product_id")["category"]
    for name, target in (("products", folder / "nodes.csv"), ("new_products", None)):
        table = pd.read_csv(shop / f"{name}.csv", dtype=str)
        nodes = pixels(shop, table["image"])
        nodes.insert(0, "id", table["product_id"])
        if target is not None:
            nodes["label"] = table["product_id"].map(labels)
        nodes.to_csv(target or folder.parent / "new.csv", index=False, float_format="%.3f")
    clicks = pd.read_csv(shop / "clicks.csv", dtype=str, keep_default_na=False)
    clicks = clicks.rename(columns={"session_id": "session", "product_id": "item"})
    clicks[["session", "item"]].to_csv(folder / "sessions.csv", index=False)


def view(shop: Path, folder: Path, without: tuple[str, ...]) -> None:
    """Links to what the shop's owner has."""
    folder.mkdir()
    for path in shop.iterdir():
        if path.name not in without:
            (folder / path.name).symlink_to(path.resolve())


def command(*arguments: str) -> float:
    """Runs the command, and says how long it took."""
    started = time.perf_counter()
    subprocess.run([sys.executable, "-m", "gnn", *arguments], check=True, stdout=sys.stderr)
    return time.perf_counter() - started


def run(shop: str, way: str) -> dict[str, Any]:
    """Trains and predicts by command, and judges the new products."""
    source = Path(shop)
    with tempfile.TemporaryDirectory() as name:
        work = Path(name)
        data, output, found = work / "data", str(work / "run"), work / "found.csv"
        if way == "pixels":
            prepare(source, data)
            options, new = ["--model", "graph-regularization"], work / "new.csv"
        else:
            alone = ("clicks.csv",) if way == "alone" else ()
            view(source, data, ("answers.csv", *alone))
            options = ["--nodes", "products.csv", "--model", MODELS[way]]
            new = data / "new_products.csv"
        trained = command("train", "--data", str(data), *options, "--output", output)
        predicted = command("predict", output, "--input", str(new), "--output", str(found))
        answers = pd.read_csv(source / "answers.csv", dtype=str).set_index("product_id")["category"]
        table = pd.read_csv(found, dtype=str)
    right = table["class"].to_numpy() == answers.loc[table["id"]].to_numpy()
    return {
        "train_s": round(trained, 1),
        "predict_s": round(predicted, 1),
        "rows": len(table),
        "accuracy": round(float(right.mean()), 4),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("shops", nargs="*", help="folders, each named by its seed")
    parser.add_argument("--append", type=Path, help="the file of results to add lines to")
    parser.add_argument("--table", type=Path, help="the file of results to print")
    parser.add_argument("--ways", nargs="*", default=list(WAYS), choices=WAYS)
    arguments = parser.parse_args()
    if arguments.table:
        lines = result_lines.read(arguments.table)
        print("| way | shops | accuracy, % | train, s | predict, s | rows |")
        print("| --- | --- | --- | --- | --- | --- |")
        for way in WAYS:
            mine = [line for line in lines if line["way"] == way]
            if mine:
                accuracy = result_lines.in_percent([line["accuracy"] for line in mine], 1)
                times = [np.mean([line[key] for line in mine]) for key in ("train_s", "predict_s")]
                cells = [way, len(mine), accuracy, *(f"{t:.0f}" for t in times), mine[0]["rows"]]
                print("|", " | ".join(map(str, cells)), "|")
        return
    wanted = [{"shop": shop, "way": way} for shop in arguments.shops for way in arguments.ways]
    seeds = [{**names, "shop": Path(names["shop"]).name} for names in wanted]
    paths = {Path(shop).name: shop for shop in arguments.shops}
    result_lines.run_missing(arguments.append, seeds, lambda shop, way: run(paths[shop], way))


if __name__ == "__main__":
    main()
