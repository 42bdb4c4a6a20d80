"""`gnn.RetrievalIndex` against plain FAISS in the same process, on the same vectors.

    python benchmarks/search_index.py --append benchmarks/results/search_index.jsonl
    python benchmarks/search_index.py --what copies --append benchmarks/results/search_index.jsonl
    python benchmarks/search_index.py --what kills --append benchmarks/results/search_index.jsonl

A million vectors of 64 numbers of 1,000 Gaussians, by cosine, two threads:

- `speed`: exact, and HNSW of 32, 40 and 64 neighbors, each with FAISS' `ef_construction` and
  `ef_search` of `--construction` and `--breadth`: recall at 10 of 1,000 further vectors of the
  Gaussians, and queries a second in batches of 256 and one by one. Ours and FAISS' take turns,
  ids are read of ours, and the ratio is the median of `--repeats` ratios of a turn. Both search one
  graph where `--build ours`; else each builds its own.
- `copies`: half of the items are copies of one another: the self-recall of the others by FAISS, by
  ours, and by ours without the copies.
- `add`: a graph of one addition and of ten: recall at 10.
- `kills`: `save` over an older index is killed at `--kills` random moments; after each, the index
  there has to be the old one or the new one, whole.
"""

from __future__ import annotations

import argparse
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import faiss
import numpy as np
import result_lines

from gnn.retrieval import RetrievalIndex

WIDTH, K, BATCH = 64, 10, 256
WAYS = (None, 32, 40, 64)


def vectors_of(count: int, seed: int) -> np.ndarray:
    """Unit vectors around 1,000 centers, float32."""
    centers = np.random.default_rng(7).normal(size=(1000, WIDTH)).astype(np.float32)
    rng = np.random.default_rng(seed)
    made = rng.standard_normal((count, WIDTH), np.float32)
    made += centers[rng.integers(1000, size=count)]
    faiss.normalize_L2(made)
    return made


def plain_faiss(items: np.ndarray, way: int | None, arguments: argparse.Namespace) -> Any:
    if way is None:
        index = faiss.IndexFlatIP(WIDTH)
    else:
        index = faiss.IndexHNSWFlat(WIDTH, way, faiss.METRIC_INNER_PRODUCT)
        index.hnsw.efConstruction = arguments.construction
        index.hnsw.efSearch = arguments.breadth
    index.add(items)
    return index


def ours_of(items: np.ndarray, way: int | None, arguments: argparse.Namespace, **more: Any) -> Any:
    options: dict[str, Any] = {"sample": 0, **more}
    if way is not None:
        options |= {"method": "hnsw", "neighbors": way, "ef_search": arguments.breadth}
        options["ef_construction"] = arguments.construction
    return RetrievalIndex.from_vectors(items, **options)


def seconds(work: Callable[[], Any]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def recall(found: np.ndarray, right: np.ndarray) -> float:
    hits = [np.isin(a.astype(np.int64), b).sum() for a, b in zip(found, right, strict=True)]
    return float(np.mean(hits) / right.shape[1])


def speed(neighbors: int | None, arguments: argparse.Namespace) -> dict[str, Any]:
    items, queries = vectors_of(arguments.items, 0), vectors_of(1000, 1)
    _, right = plain_faiss(items, None, arguments).search(queries, K)
    start = time.perf_counter()
    ours = ours_of(items, neighbors, arguments)
    build = time.perf_counter() - start
    theirs, theirs_build = ours._contents.engine.index, None
    if arguments.build == "each":
        start = time.perf_counter()
        theirs = plain_faiss(items, neighbors, arguments)
        theirs_build = time.perf_counter() - start
    singles = queries[: 1000 if neighbors else 50]
    batches = [queries[start : start + BATCH] for start in range(0, 768, BATCH)]
    if neighbors:
        batches *= 4
    works = {
        "batches_faiss": lambda: [theirs.search(part, K) for part in batches],
        "batches_ours": lambda: [ours.search(part, K).ids for part in batches],
        "single_faiss": lambda: [theirs.search(row[None], K) for row in singles],
        "single_ours": lambda: [ours.search(row[None], K).ids for row in singles],
    }
    counts = {"batches": BATCH * len(batches), "single": len(singles)}
    times: dict[str, list[float]] = {name: [] for name in works}
    for turn in range(arguments.repeats + 1):
        names = list(works) if turn % 2 else list(works)[::-1]
        for name in names:
            took = seconds(works[name])
            if turn:  # The first warms the caches.
                times[name].append(took)
    figures: dict[str, Any] = {
        "recall_ours": recall(ours.search(queries, K).ids, right),
        "recall_faiss": recall(theirs.search(queries, K)[1], right),
        "build_seconds": build,
        "build_seconds_faiss": theirs_build,
    }
    for kind, count in counts.items():
        for who in ("faiss", "ours"):
            figures[f"{kind}_{who}_a_second"] = count / min(times[f"{kind}_{who}"])
        pairs = zip(times[f"{kind}_ours"], times[f"{kind}_faiss"], strict=True)
        figures[f"{kind}_ratio"] = float(np.median([a / b for a, b in pairs]))
    return figures


def copies(neighbors: int | None, arguments: argparse.Namespace) -> dict[str, Any]:
    items = vectors_of(arguments.items, 0)
    distinct = np.arange(1, len(items), 2)
    items[::2] = items[0]
    asked = distinct[:: max(1, len(distinct) // 10_000)]
    way = neighbors or 32

    def self_recall(found: np.ndarray, own: np.ndarray) -> float:
        return float((found[:, 0].astype(np.int64) == own).mean())

    ours = ours_of(items, way, arguments)
    without = ours_of(items[distinct], way, arguments)
    theirs = plain_faiss(items, way, arguments)
    first = ours.search(items[:1], 5).ids[0]
    return {
        "faiss": self_recall(theirs.search(items[asked], 1)[1], asked),
        "ours": self_recall(ours.search(items[asked], 1).ids, asked),
        "without_copies": self_recall(without.search(items[asked], 1).ids, asked // 2),
        "copies_found": bool((first == [0, 2, 4, 6, 8]).all()),
    }


def add(neighbors: int | None, arguments: argparse.Namespace) -> dict[str, Any]:
    items, queries = vectors_of(arguments.items, 0), vectors_of(1000, 1)
    _, right = plain_faiss(items, None, arguments).search(queries, K)
    once = ours_of(items, neighbors or 32, arguments)
    parts = np.array_split(items, 10)
    often = ours_of(parts[0], neighbors or 32, arguments)
    for part in parts[1:]:
        often.add(part)
    found = {"once": once, "ten_times": often}
    return {name: recall(index.search(queries, K).ids, right) for name, index in found.items()}


def kills(neighbors: int | None, arguments: argparse.Namespace) -> dict[str, Any]:
    rng = random.Random(arguments.seed)
    count = min(arguments.items, 100_000)
    old, new, problems = 0, 0, []
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch, "index")
        RetrievalIndex.from_vectors(vectors_of(count, 0), ids=_names("old", count)).save(folder)
        queries = vectors_of(20, 1)
        expected = {}
        for name, seed in (("old", 0), ("new", 2)):
            index = RetrievalIndex.from_vectors(vectors_of(count, seed), ids=_names(name, count))
            expected[name] = index.search(queries, K).ids.tolist()
        whole = _save(folder, count, None)
        RetrievalIndex.from_vectors(vectors_of(count, 0), ids=_names("old", count)).save(
            folder, overwrite=True
        )
        for kill in range(arguments.kills):
            _save(folder, count, rng.uniform(0, whole))
            try:
                found = RetrievalIndex.load(folder).search(queries, K).ids.tolist()
            except Exception as error:
                problems.append(f"kill {kill}: {error}")
                continue
            is_new = found == expected["new"]
            new += is_new
            old += found == expected["old"]
            if not is_new and found != expected["old"]:
                problems.append(f"kill {kill}: neither the old index nor the new one")
            if is_new:
                old_index = RetrievalIndex.from_vectors(
                    vectors_of(count, 0), ids=_names("old", count)
                )
                old_index.save(folder, overwrite=True)
        left = [path.name for path in folder.parent.iterdir()]
    return {"kills": arguments.kills, "old": old, "new": new, "left": left, "problems": problems}


def _names(name: str, count: int) -> list[str]:
    return [f"{name}{place}" for place in range(count)]


def _save(folder: Path, count: int, moment: float | None) -> float:
    """Saves in a process that is killed after so long; says how long it saved."""
    code = (
        "import sys, time; sys.path.insert(0, sys.argv[3])\n"
        "from search_index import RetrievalIndex, vectors_of, _names\n"
        "n = int(sys.argv[2])\n"
        "index = RetrievalIndex.from_vectors(vectors_of(n, 2), ids=_names('new', n))\n"
        "print('ready', flush=True)\n"
        "index.save(sys.argv[1], overwrite=True)\n"
        "print('saved', flush=True)\n"
    )
    command = [sys.executable, "-c", code, str(folder), str(count), str(Path(__file__).parent)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        start = time.perf_counter()
        if moment is not None:
            time.sleep(moment)
            process.send_signal(signal.SIGKILL)
        process.stdout.readline()
        took = time.perf_counter() - start
        process.wait()
    return took


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--what", choices=("speed", "copies", "add", "kills"), default="speed")
    parser.add_argument("--items", type=int, default=1_000_000)
    parser.add_argument("--construction", type=int, default=100)
    parser.add_argument("--breadth", type=int, default=64)
    parser.add_argument("--build", choices=("ours", "each"), default="ours")
    parser.add_argument("--repeats", type=int, default=9)
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--neighbors", type=int, nargs="*", help="0 is exact [0 32 40 64]")
    parser.add_argument("--append", type=Path)
    arguments = parser.parse_args()
    faiss.omp_set_num_threads(arguments.threads)
    works = {"speed": speed, "copies": copies, "add": add, "kills": kills}
    ways = WAYS if arguments.what == "speed" else (32,)
    if arguments.neighbors is not None:
        ways = tuple(way or None for way in arguments.neighbors)
    wanted = [
        {
            "what": arguments.what,
            "items": arguments.items,
            "neighbors": way,
            "construction": arguments.construction,
            "breadth": arguments.breadth,
            "build": arguments.build,
            "seed": arguments.seed,
        }
        for way in ways
    ]

    def run(neighbors: int | None, **names: Any) -> dict[str, Any]:
        found = works[arguments.what](neighbors, arguments)
        versions = {"faiss_version": faiss.__version__, "threads": arguments.threads}
        return {**found, **versions, "cpus": os.cpu_count()}

    result_lines.run_missing(arguments.append, wanted, run)


if __name__ == "__main__":
    main()
