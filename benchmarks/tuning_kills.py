"""`kill -9` at random moments of a search by `gnn tune`, which has to end as any other.

    python benchmarks/tuning_kills.py [--kills 10] [--trials 30] [--seed 0]
        [--append benchmarks/results/tuning_kills.jsonl]

One search on 60 nodes is killed and carried on, each time at a moment drawn uniformly from the
first seconds of its work. After each kill the journal is read: a trial that had ended before has to
be there with the same values, and no number may stand there twice. At the end there have to be as
many trials as were asked for, with the parameters, the states and the values of a search that was
never killed, and the best setting has to be a finished run. A JSON line says how it went; the exit
code is 1 where something was lost, run twice or other than it would have been.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

READY = " trials are done"
SPACE = {"learning_rate": {"low": 0.001, "high": 0.1, "log": True}, "hidden_units": [[4], [8]]}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--kills", type=int, default=10)
    parser.add_argument("--trials", type=int, default=30)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--append", type=Path)
    arguments = parser.parse_args()
    rng = random.Random(arguments.seed)
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        write_data(folder)
        seconds = run(folder, "whole", arguments.trials, None)
        problems: list[str] = []
        ended: dict[int, Any] = {}
        states = []
        for kill in range(arguments.kills):
            # So that the search is not over before the last kill.
            moment = rng.uniform(0.0, seconds / arguments.kills)
            run(folder, "killed", arguments.trials, moment)
            before, ended = ended, finished(folder / "killed")
            for number, value in before.items():
                if ended.get(number) != value:
                    problems.append(f"kill {kill}: trial {number} is lost or changed")
            states.append(len(ended))
        run(folder, "killed", arguments.trials, None)
        ours, whole = finished(folder / "killed"), finished(folder / "whole")
        if ours != whole:
            wrong = [number for number in whole if ours.get(number) != whole[number]]
            problems.append(f"trials {wrong} are not those of a search that was not killed")
        if created(folder / "killed") != arguments.trials:
            problems.append(f"{created(folder / 'killed')} trials were begun")
        metrics = [folder / name / "best" / "metrics.json" for name in ("killed", "whole")]
        figures = [json.loads(path.read_text())["test"] for path in metrics]
        if figures[0] != figures[1]:
            problems.append(f"the best runs differ: {figures}")
    line = {
        "kills": arguments.kills,
        "trials": arguments.trials,
        "seed": arguments.seed,
        "ended_at_kills": states,
        "ended": len(ours),
        "begun_twice": sum(count > 1 for count in results(ours)),
        "problems": problems,
    }
    print(json.dumps(line))
    if arguments.append is not None:
        with arguments.append.open("a", encoding="utf-8") as file:
            file.write(json.dumps(line) + "\n")
    return 1 if problems else 0


def write_data(folder: Path) -> None:
    """60 nodes of two classes, and a space."""
    rng = random.Random(0)
    shop = folder / "shop"
    shop.mkdir()
    rows = [f"n{k},{k % 2 + rng.gauss(0, 1):.3f},{'ab'[k % 2]}" for k in range(60)]
    (shop / "nodes.csv").write_text("\n".join(["id,x,label", *rows]) + "\n")
    links = [f"n{k},n{(k + 2) % 60}" for k in range(60)]
    (shop / "edges.csv").write_text("\n".join(["source,target", *links]) + "\n")
    (folder / "space.json").write_text(json.dumps(SPACE))


def run(folder: Path, name: str, trials: int, moment: float | None) -> float:
    """Searches, or is killed so many seconds after its work begins; the seconds of the work."""
    command = [sys.executable, "-m", "gnn", "tune", "--data", "shop", "--model", "mlp"]
    command += ["--epochs", "20", "--trials", str(trials), "--space", "space.json"]
    command += ["--seeds", "2", "--output", name, "--resume"]
    path = os.pathsep.join([str(Path(__file__).parents[1]), os.environ.get("PYTHONPATH", "")])
    with subprocess.Popen(
        command,
        cwd=folder,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": path, "TF_CPP_MIN_LOG_LEVEL": "3"},
    ) as process:
        assert process.stderr is not None
        said = []
        for text in process.stderr:
            said.append(text)
            if READY in text:
                break
        else:
            raise RuntimeError("the search did not begin: " + "".join(said))
        started = time.perf_counter()
        if moment is not None:
            time.sleep(moment)
            process.send_signal(signal.SIGKILL)
            process.wait()
            return moment
        rest = process.stderr.read()
        if process.wait() != 0:
            raise RuntimeError(rest)
    return time.perf_counter() - started


def lines(search: Path) -> list[dict[str, Any]]:
    """The whole lines of the journal, read without gnn."""
    text = (search / "trials.log").read_text(encoding="utf-8")
    return [json.loads(line) for line in text.split("\n")[:-1]]


def created(search: Path) -> int:
    """How many trials were begun."""
    return sum(line["op_code"] == 4 for line in lines(search))


def finished(search: Path) -> dict[int, Any]:
    """The number of each trial that ended to what is known of it."""
    found: dict[int, Any] = {}
    ended = set()
    for line in lines(search):
        if line["op_code"] == 4:
            found[len(found)] = {"params": line["params"], "results": []}
        elif line["op_code"] == 8:
            found[line["trial_id"]]["results"].append(line["user_attr"])
        elif line["op_code"] == 6:
            if line["trial_id"] in ended:
                raise AssertionError(f"trial {line['trial_id']} ended twice")
            ended.add(line["trial_id"])
            found[line["trial_id"]] |= {"state": line["state"], "values": line["values"]}
    return {number: found[number] for number in sorted(ended)}


def results(trials: dict[int, Any]) -> list[int]:
    """How often each training of each trial was counted."""
    names = [(n, *attr) for n, trial in trials.items() for attr in trial["results"]]
    return [names.count(name) for name in names]


if __name__ == "__main__":
    sys.exit(main())
