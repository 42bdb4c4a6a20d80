"""A shop a week later: a run that starts from the last one, against one that starts anew.

    python benchmarks/warm_start.py SHOP... --append benchmarks/results/warm_start.jsonl
    python benchmarks/warm_start.py --table benchmarks/results/warm_start.jsonl

A SHOP is a folder as `benchmarks/shop_graphs.py` describes it, named by a number, its seed; clicks
have a `timestamp`, and products a day when they were `released` beside other columns; the image is
left out here. The first week has the products of the first part of the days (`SHARE`), of clicks on
them the first part, and the labels of these products. The next one has all.

A run is trained on the first week by the defaults of `gnn train`; then one on all, from its weights
(warm) or anew (cold), for a number of epochs. It is judged on the products without a label, by
`answers.csv`; nothing is chosen on them.
"""

from __future__ import annotations

import argparse
import functools
import shutil
import tempfile
import time
import warnings
from pathlib import Path
from typing import Any

import pandas as pd
import result_lines

from gnn.runs import RunConfig, train

SHARE = 0.6
MODELS = ("gcn", "graph-regularization")
EPOCHS = (3, 10, 30, 100)
TABLES = ("products", "clicks", "labels")


def weeks(shop: Path, folder: Path) -> dict[str, Path]:
    """The folders of the first week and of all, made once."""
    found = {"first": folder / f"{shop.name}-first", "all": folder / f"{shop.name}-all"}
    if found["all"].is_dir():
        return found
    tables = {name: pd.read_csv(shop / f"{name}.csv", dtype=str) for name in TABLES}
    clicks = tables["clicks"].sort_values("timestamp", kind="stable")
    products = tables["products"].fillna({"released": ""}).sort_values("released", kind="stable")
    seen = set(products["product_id"].iloc[: int(SHARE * len(products))])
    first = clicks.iloc[: int(SHARE * len(clicks))]
    first = first[first["product_id"].isin(seen)]
    parts = {
        "clicks": first,
        **{n: tables[n][tables[n]["product_id"].isin(seen)] for n in ("products", "labels")},
    }
    for folder_of, held in ((found["first"], parts), (found["all"], tables)):
        folder_of.mkdir(parents=True)
        for name, table in held.items():
            table.to_csv(folder_of / f"{name}.csv", index=False)
    return found


def run(
    shop: Path, folder: Path, *, seed: int, model: str, start: str, epochs: int
) -> dict[str, Any]:
    data = weeks(shop, folder)
    common = {"model": model, "exclude": ("image",), "seed": 0}
    first = folder / f"{shop.name}-{model}"
    if not first.is_dir():
        train(RunConfig(data=str(data["first"]), output=str(first), **common))
    begun = time.process_time()
    output = folder / "run"
    if start == "warm":
        config = RunConfig(start_from=str(first), data=str(data["all"]), output=str(output))
    else:
        config = RunConfig(data=str(data["all"]), output=str(output), **common)
    found = train(RunConfig(epochs=epochs).over(config))
    seconds = time.process_time() - begun
    answers = pd.read_csv(shop / "answers.csv", dtype=str).set_index("product_id")["category"]
    labeled = set(pd.read_csv(shop / "labels.csv", dtype=str)["product_id"])
    old = set(pd.read_csv(data["first"] / "products.csv", dtype=str)["product_id"])
    said = found.predict()
    right: dict[str, list[bool]] = {"known": [], "new": []}
    for name, kind in zip(said.ids, said.classes, strict=True):
        if name not in labeled:
            right["known" if name in old else "new"].append(kind == answers[name])
    shutil.rmtree(output)
    joined = right["known"] + right["new"]
    return {
        "accuracy": sum(joined) / len(joined),
        **{f"{what}_accuracy": sum(each) / max(len(each), 1) for what, each in right.items()},
        **{f"{what}_products": len(each) for what, each in right.items()},
        "best_epoch": found.metrics["best_epoch"],
        "cpu_seconds": round(seconds, 1),
    }


def table(lines: list[dict[str, Any]]) -> str:
    rows = ["| model | start | epochs | accuracy | seeds |", "| --- | --- | --- | --- | --- |"]
    for model in MODELS:
        for start in ("cold", "warm"):
            for epochs in EPOCHS:
                names = {"model": model, "start": start, "epochs": epochs}
                held = [x for x in lines if all(x[k] == v for k, v in names.items())]
                if held:
                    accuracy = result_lines.in_percent([line["accuracy"] for line in held], 1)
                    rows.append(f"| {model} | {start} | {epochs} | {accuracy} | {len(held)} |")
    return "\n".join(rows)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("shops", nargs="*", type=Path)
    parser.add_argument("--append", type=Path)
    parser.add_argument("--table", type=Path)
    arguments = parser.parse_args()
    if arguments.table is not None:
        print(table(result_lines.read(arguments.table)))
        return
    warnings.simplefilter("ignore")
    for shop in arguments.shops:
        with tempfile.TemporaryDirectory() as folder:
            wanted = [
                {"seed": int(shop.name), "model": model, "start": start, "epochs": epochs}
                for model in MODELS
                for start in ("cold", "warm")
                for epochs in EPOCHS
            ]
            judge = functools.partial(run, shop, Path(folder))
            result_lines.run_missing(arguments.append, wanted, judge)


if __name__ == "__main__":
    main()
