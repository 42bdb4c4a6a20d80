"""New products of a shop, searched through the service of each run's index.

    python benchmarks/shop_search.py --shop shop0 --runs runs/graph runs/alone
        --append benchmarks/results/shop_search.jsonl

The shop is a folder of images and tables: `new_products.csv` are the queries, the products that the
run was trained on the gallery. Each run is indexed by `gnn index` and served by `gnn serve`; a new
product is sent as a row of columns, its image in Base64. The figure is the share of new products
whose nearest product has another category, by `answers.csv`, which nothing else reads.
"""

from __future__ import annotations

import argparse
import base64
import csv
import json
import re
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path
from typing import Any

import result_lines

BATCH = 100


def rows_of(shop: Path, taken: set[str]) -> tuple[list[str], list[dict[str, Any]]]:
    """The ids of new products, and their rows as the service takes them."""
    with (shop / "new_products.csv").open(encoding="utf-8", newline="") as file:
        found = list(csv.DictReader(file))
    rows = []
    for line in found:
        row: dict[str, Any] = {name: line[name] or None for name in taken & line.keys()}
        if row.get("image"):
            content = (shop / row["image"]).read_bytes()
            row["image"] = base64.b64encode(content).decode()
        rows.append(row)
    return [line["product_id"] for line in found], rows


def ask(address: str, rows: list[dict[str, Any]]) -> list[str]:
    """The nearest product of each row."""
    nearest = []
    for start in range(0, len(rows), BATCH):
        content = json.dumps({"rows": rows[start : start + BATCH], "k": 1}).encode()
        with urllib.request.urlopen(f"{address}/search", content, timeout=120) as answer:
            nearest += [hits[0]["id"] for hits in json.load(answer)["results"]]
    return nearest


def search(shop: Path, run: str, options: list[str]) -> dict[str, Any]:
    with (shop / "answers.csv").open(encoding="utf-8", newline="") as file:
        answers = {line["product_id"]: line["category"] for line in csv.DictReader(file)}
    with tempfile.TemporaryDirectory() as scratch:
        folder = str(Path(scratch, "index"))
        gnn = [sys.executable, "-m", "gnn"]
        subprocess.run([*gnn, "index", run, "--output", folder, *options], check=True)
        schema = json.loads(Path(folder, "model/assets/schema.json").read_text(encoding="utf-8"))
        ids, rows = rows_of(shop, set(schema["columns"]))
        command = [*gnn, "serve", folder, "--port", "0", "--max-body", str(2**26)]
        with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
            assert process.stderr is not None
            address = None
            for line in process.stderr:
                address = re.search(r"http://\S+", line)
                if address is not None:
                    break
            assert address is not None, "the service did not begin"
            start = time.perf_counter()
            nearest = ask(address[0], rows)
            took = time.perf_counter() - start
            process.send_signal(signal.SIGTERM)
            process.wait(30)
    wrong = sum(answers[new] != answers[old] for new, old in zip(ids, nearest, strict=True))
    return {"queries": len(ids), "error": wrong / len(ids), "seconds": took}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--shop", type=Path, required=True)
    parser.add_argument("--runs", nargs="+", required=True)
    parser.add_argument("--options", default="", help="of gnn index, such as '--against-hubs 1.0'")
    parser.add_argument("--append", type=Path)
    arguments = parser.parse_args()
    options = arguments.options
    wanted = [
        {"shop": arguments.shop.name, "run": run, "options": options} for run in arguments.runs
    ]

    def run(shop: str, run: str, options: str) -> dict[str, Any]:
        return search(arguments.shop, run, options.split())

    result_lines.run_missing(arguments.append, wanted, run)


if __name__ == "__main__":
    main()
