"""The service of an index under load, from a second process over the loopback.

    python benchmarks/service_load.py --append benchmarks/results/service_load.jsonl

`gnn serve` runs on an index of `--items` vectors of 64 numbers. This process sends `--requests`, 32
at a time: searches of one vector, whose answers are compared with those of the same index here, and
`--wrong` among them that are malformed or too large, at random places, which have to get their 4xx.
A JSON line says how many answers were wrong or lost, p50 and p99 of the right ones in milliseconds,
and how much memory the service took before, at most, and afterwards. The exit code is 1 where one
was wrong or lost.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import aiohttp
import numpy as np
import result_lines

from gnn.retrieval import RetrievalIndex

WIDTH, K, MAX_BODY = 64, 10, 2**20
WRONG: tuple[tuple[str, bytes, int], ...] = (
    ("/search", b'{"vectors": [[1, 2', 400),
    ("/search", b'{"vectors": [[1, 2]]}', 400),
    ("/search", b'{"vectors": [[NaN]]}', 400),
    ("/search", b"[" * 100_000, 400),
    ("/search", b"\xff\x00", 400),
    ("/search", b'{"ids": ["nobody"]}', 400),
    ("/search", b'{"ids": [7], "k": -1}', 400),
    ("/search", b'{"ids": [7], "why": 1}', 400),
    ("/embed", b'{"rows": [{}]}', 400),
    ("/nowhere", b"{}", 404),
    ("/search", json.dumps({"ids": [7] * 5000}).encode(), 413),
    ("/search", b" " * (2 * MAX_BODY), 413),
)


def memory(process: int) -> tuple[int, int]:
    """What a process holds in memory, and the most that it held, in bytes."""
    text = Path(f"/proc/{process}/status").read_text()
    found = dict(re.findall(r"(VmRSS|VmHWM):\s+(\d+) kB", text))
    return 1024 * int(found["VmRSS"]), 1024 * int(found["VmHWM"])


async def load(address: str, queries: np.ndarray, right: Any, arguments: Any) -> dict[str, Any]:
    rng = np.random.default_rng(arguments.seed)
    wrong_at = set(rng.choice(arguments.requests, arguments.wrong, replace=False).tolist())
    places, times, problems = iter(range(arguments.requests)), [], []
    tally = {"answered": 0, "refused": 0}

    async def send(session: aiohttp.ClientSession, place: int) -> None:
        if place in wrong_at:
            path, content, status = WRONG[place % len(WRONG)]
            async with session.post(address + path, data=content) as answer:
                found = await answer.json()
                if answer.status != status or not found.get("error"):
                    problems.append(f"{content[:40]!r} got {answer.status}, {found}")
            tally["refused"] += 1
            return
        query = place % len(queries)
        content = json.dumps({"vectors": [queries[query].tolist()], "k": K}).encode()
        start = time.perf_counter()
        async with session.post(f"{address}/search", data=content) as answer:
            found = await answer.json()
        times.append(time.perf_counter() - start)
        names = [hit["id"] for hit in found["results"][0]] if answer.status == 200 else found
        if names != right[query]:
            problems.append(f"query {query} got {names}")
        tally["answered"] += 1

    async def one_after_the_other(session: aiohttp.ClientSession) -> None:
        for place in places:
            try:
                await send(session, place)
            except Exception as error:
                problems.append(f"request {place} is lost: {type(error).__name__} {error}")

    start = time.perf_counter()
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(60)) as session:
        await asyncio.gather(*(one_after_the_other(session) for _ in range(arguments.at_a_time)))
    took = time.perf_counter() - start
    p50, p99 = (float(1000 * np.percentile(times, share)) for share in (50, 99))
    rate = arguments.requests / took
    figures = {**tally, "p50_ms": p50, "p99_ms": p99, "requests_a_second": rate}
    return {**figures, "problems": len(problems), "some_problems": problems[:5]}


def measure(arguments: argparse.Namespace) -> dict[str, Any]:
    rng = np.random.default_rng(arguments.seed)
    items = rng.standard_normal((arguments.items, WIDTH), np.float32)
    queries = rng.standard_normal((1000, WIDTH), np.float32)
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch, "index")
        index = RetrievalIndex.from_vectors(items, method="hnsw", ef_construction=40, sample=100)
        index.save(folder)
        right = index.search(queries, K).ids.tolist()
        command = [sys.executable, "-m", "gnn", "serve", str(folder), "--port", "0"]
        command += ["--max-body", str(MAX_BODY)]
        with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
            assert process.stderr is not None
            address = None
            for line in process.stderr:
                address = re.search(r"http://\S+", line)
                if address is not None:
                    break
            assert address is not None, "the service did not begin"
            before, _ = memory(process.pid)
            found = asyncio.run(load(address[0], queries, right, arguments))
            after, most = memory(process.pid)
            process.send_signal(signal.SIGTERM)
            code = process.wait(30)
    held = {"memory_before": before, "memory_most": most, "memory_after": after}
    return {**found, **held, "exit_code": code, "cpus": os.cpu_count()}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--items", type=int, default=100_000)
    parser.add_argument("--requests", type=int, default=10_000)
    parser.add_argument("--wrong", type=int, default=500)
    parser.add_argument("--at-a-time", type=int, default=32)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--append", type=Path)
    arguments = parser.parse_args()
    names = {name: getattr(arguments, name) for name in ("items", "requests", "wrong", "seed")}
    problems = 0

    def run(**names: Any) -> dict[str, Any]:
        nonlocal problems
        found = measure(arguments)
        problems += found["problems"]
        return found

    result_lines.run_missing(arguments.append, [names], run)
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
