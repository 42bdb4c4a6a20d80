"""A training step of this checkout beside that of an earlier one and the predecessor's, in turn.

    git worktree add ../before 46ccbfa
    python benchmarks/export_cora_npz.py cora.npz
    GNN_DATA_DIR=... python benchmarks/step_ratios.py --before ../before --data cora.npz \\
        --predecessor predecessor-env/bin/python --append benchmarks/results/step_time.jsonl

A round runs `step_time.py` here, `step_time.py` of the earlier checkout, and
`predecessor_step.py`, with the round's number as seed; the next round begins with another of them.
Each line that is appended says which commit it is of. Printed are the ratios of each round, of wall
and of processor time, and their medians; `--table FILE` prints those of a file and runs nothing.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parents[1]
FIGURES = {"wall": "step_ms", "processor": "step_cpu_ms"}


def processor() -> str:
    """The processor's name, and whether it has AVX-512."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor()
    found = dict(line.split(":", 1) for line in lines if ":" in line)
    found = {key.strip(): value.strip() for key, value in found.items()}
    wide = "with" if "avx512f" in found.get("flags", "").split() else "without"
    return f"{found.get('model name', platform.processor())}, {wide} AVX-512"


def measured(checkout: Path, python: str, script: str, *arguments: str) -> dict[str, Any]:
    """The line that a script of a checkout prints."""
    paths = [str(checkout), os.environ.get("PYTHONPATH", "")]
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, paths))}
    if python != sys.executable:  # The predecessor's has nothing of `gnn`.
        environment.pop("PYTHONPATH")
    command = [python, str(checkout / "benchmarks" / script), *arguments]
    done = subprocess.run(command, env=environment, check=True, capture_output=True, text=True)
    return json.loads(done.stdout.splitlines()[-1])


def commit_of(checkout: Path) -> str:
    """The short hash of what is checked out."""
    command = ["git", "-C", str(checkout), "rev-parse", "--short=7", "HEAD"]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


def one_round(arguments: argparse.Namespace, seed: int) -> list[dict[str, Any]]:
    """A line of each, in an order that moves on with the round."""
    epochs = ["--epochs", str(arguments.epochs), "--seed", str(seed)]
    runs = {
        "gnn": lambda: measured(HERE, sys.executable, "step_time.py", *epochs),
        "before": lambda: measured(arguments.before, sys.executable, "step_time.py", *epochs),
        "predecessor": lambda: measured(
            HERE, arguments.predecessor, "predecessor_step.py", "--data", arguments.data, *epochs
        ),
    }
    names = list(runs)
    lines = []
    for name in names[seed % 3 :] + names[: seed % 3]:
        line = runs[name]() | {"who": name, "processor": processor()}
        if name != "predecessor":
            line["commit"] = commit_of(HERE if name == "gnn" else arguments.before)
        lines.append(line)
    return lines


def print_ratios(lines: list[dict[str, Any]]) -> None:
    """Ratios of each seed that all three have, and their medians."""
    rounds: dict[int, dict[str, dict[str, Any]]] = {}
    for line in lines:
        rounds.setdefault(line["seed"], {})[line["who"]] = line
    whole = {seed: found for seed, found in rounds.items() if len(found) == 3}
    for kind, key in FIGURES.items():
        for other in ("before", "predecessor"):
            ratios = [found["gnn"][key] / found[other][key] for found in whole.values()]
            if ratios:
                each = " ".join(f"{ratio:.3f}" for ratio in ratios)
                print(f"{kind}, to {other}: {statistics.median(ratios):.3f} ({each})")
    for who in ("gnn", "before", "predecessor"):
        for kind, key in FIGURES.items():
            values = [found[who][key] for found in whole.values()]
            if values:
                print(f"{who}, {kind}: {statistics.median(values):.2f} ms")


def main() -> None:
    """Runs the rounds, or prints the ratios of a file."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--before", type=Path, help="the earlier checkout")
    parser.add_argument("--predecessor", help="the Python of the predecessor's environment")
    parser.add_argument("--data", help="cora.npz of export_cora_npz.py")
    parser.add_argument("--rounds", type=int, default=4)
    parser.add_argument("--first", type=int, default=0, help="the seed of the first round")
    parser.add_argument("--epochs", type=int, default=20)
    parser.add_argument("--append", type=Path)
    parser.add_argument("--table", type=Path)
    arguments = parser.parse_args()
    if arguments.table:
        text = arguments.table.read_text(encoding="utf-8")
        print_ratios([json.loads(line) for line in text.splitlines()])
        return
    lines: list[dict[str, Any]] = []
    for seed in range(arguments.first, arguments.first + arguments.rounds):
        for line in one_round(arguments, seed):
            lines.append(line)
            print(json.dumps(line), flush=True)
            if arguments.append:
                with arguments.append.open("a", encoding="utf-8") as file:
                    file.write(json.dumps(line) + "\n")
    print_ratios(lines)


if __name__ == "__main__":
    main()
