"""`kill -9` at random moments of trainings, of the record writer and of a download.

    python benchmarks/kill_tests.py [--jobs train fit records download] [--kills 20] [--seed 0]
        [--append benchmarks/results/kills.jsonl]

Each attempt starts a process, kills it at a moment that is drawn uniformly from the time that its
work takes, and looks at what lies under final names: nothing, or something whole. Then the same
is run again to its end, a training by `--resume`, and looked at again. Every second training
replaces an older run, which has to stay whole until then. `fit` is a script of a user's with
`gnn.training.ExactResume`, shuffled neighborhoods and dropout, in which every second attempt is
killed a second time; at its end all variables have to equal, bit for bit, those of a process that
was never killed. A JSON line a job says how it went; the exit code is 1 where anything partial was
found, a rerun failed or weights differ.
"""

from __future__ import annotations

import argparse
import hashlib
import http.server
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
import zipfile
from abc import ABC, abstractmethod
from collections.abc import Callable
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
import numpy as np
import tensorflow as tf

from gnn import GraphConvolutionalNodeClassifier
from gnn.data import full_batch, neighborhoods, records
from gnn.datasets import download
from gnn.datasets.digits import digits
from gnn.files import whole_file
from gnn.runs import load_run
from gnn.training import ExactResume
from gnn.training.snapshots import read_position, read_snapshot

READY = "ready"
BODY = np.random.default_rng(0).bytes(1 << 20)
FILES = tuple(
    download.PublicFile(f"set/{name}.bin", f"owner/{name}.bin", hashlib.sha256(BODY).hexdigest())
    for name in ("a", "b", "c")
)
RECORDS = 2000


class Job(ABC):
    """Something that writes under a final name, in a folder of its own."""

    ready = READY

    def prepare(self, folder: Path, attempt: int) -> None:
        """Puts into the folder what is there before."""
        del folder, attempt

    @abstractmethod
    def command(self, folder: Path, again: bool) -> list[str]:
        """What to run; it says `ready` on standard error where its work begins."""

    @abstractmethod
    def check(self, folder: Path, finished: bool) -> str | None:
        """What is wrong with the final names, or None."""

    def state(self, folder: Path) -> str:
        """What the kill left, for the counts."""
        return "began anew"

    def kills_again(self, attempt: int) -> bool:
        """Whether the rerun is killed too, before one that is not."""
        return False


class Train(Job):
    """`gnn train`, with a snapshot after each epoch."""

    ready = "training "

    def __init__(self, scratch: Path):
        self._older = scratch / "older"
        command = [sys.executable, "-m", "gnn", *self._options(self._older), "--seed", "1"]
        subprocess.run(command, check=True, capture_output=True)

    def _options(self, output: Path) -> list[str]:
        options = ["train", "--dataset", "digits", "--model", "mlp", "--epochs", "40"]
        return [*options, "--snapshot-seconds", "0", "--output", str(output)]

    def prepare(self, folder: Path, attempt: int) -> None:
        if attempt % 2:
            shutil.copytree(self._older, folder / "run")

    def command(self, folder: Path, again: bool) -> list[str]:
        how = ["--resume"] if again else []
        return ["-m", "gnn", *self._options(folder / "run"), "--overwrite", *how]

    def check(self, folder: Path, finished: bool) -> str | None:
        names = {path.name for path in folder.iterdir()} - {"stderr.txt"}
        strange = {name for name in names if not name.startswith(".")} - {"run", "run.partial"}
        if strange or (finished and names != {"run"}):
            return f"the folder holds {sorted(names)}"
        if not (folder / "run").exists():
            return "no run" if finished else self._check_state(folder)
        run = load_run(folder / "run")
        if finished and run.config.seed != 0:
            return "the older run was not replaced"
        if zipfile.ZipFile(run.path / "model.keras").testzip() is not None:
            return "model.keras is damaged"
        tf.saved_model.load(str(run.path / "saved_model"))
        if len(run.history["loss"]) != run.metrics["epochs"]:
            return "the history has not one row an epoch"
        if {path.name for path in run.path.iterdir()} != {p.name for p in self._older.iterdir()}:
            return f"the run holds {sorted(path.name for path in run.path.iterdir())}"
        return self._check_state(folder)

    def _check_state(self, folder: Path) -> str | None:
        read_snapshot(folder / "run.partial" / "state")  # Raises where one is damaged.
        return None

    def state(self, folder: Path) -> str:
        found = read_snapshot(folder / "run.partial" / "state")
        return "began anew" if found is None else "carried on"


class Fit(Job):
    """`fit` with shuffled neighborhoods, dropout and `ExactResume`, a snapshot every few steps."""

    def __init__(self, scratch: Path):
        folder = scratch / "never-killed"
        folder.mkdir()
        command = [sys.executable, *self.command(folder, again=False)]
        subprocess.run(command, check=True, capture_output=True)
        self._expected = dict(np.load(folder / "final.npz"))

    def command(self, folder: Path, again: bool) -> list[str]:
        return [__file__, "--child", "fit", str(folder)]

    def check(self, folder: Path, finished: bool) -> str | None:
        read_snapshot(folder / "state")  # Raises where one is damaged.
        if not finished:
            return None
        found = np.load(folder / "final.npz")
        if set(found) != set(self._expected):
            return f"{len(found)} variables, not {len(self._expected)}"
        differing = [
            name
            for name, value in self._expected.items()
            if found[name].dtype != value.dtype or found[name].tobytes() != value.tobytes()
        ]
        return f"not bit-equal: {differing}" if differing else None

    def state(self, folder: Path) -> str:
        return "carried on" if read_position(folder / "state") else "began anew"

    def kills_again(self, attempt: int) -> bool:
        return bool(attempt % 2)


class Records(Job):
    """`gnn.data.records.write` of many batches to eight shards."""

    def command(self, folder: Path, again: bool) -> list[str]:
        return [__file__, "--child", "records", str(folder)]

    def check(self, folder: Path, finished: bool) -> str | None:
        if not (folder / "records").exists():
            return "no records" if finished else None
        read = sum(1 for _ in records.read(folder / "records"))
        return None if read == RECORDS else f"{read} of {RECORDS} records"


class Download(Job):
    """`gnn.datasets.download.local_files` of three files, from a slow server on the loopback."""

    def __init__(self) -> None:
        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), _SlowHandler)
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def command(self, folder: Path, again: bool) -> list[str]:
        host = f"http://127.0.0.1:{self._server.server_port}"
        return [__file__, "--child", "download", str(folder), host]

    def check(self, folder: Path, finished: bool) -> str | None:
        there = [folder / file.path for file in FILES if (folder / file.path).exists()]
        if finished and len(there) < len(FILES):
            return f"{len(there)} of {len(FILES)} files"
        damaged = [path.name for path in there if path.read_bytes() != BODY]
        return f"damaged: {damaged}" if damaged else None

    def state(self, folder: Path) -> str:
        there = sum((folder / file.path).exists() for file in FILES)
        return "carried on" if there else "began anew"


class _SlowHandler(http.server.BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Length", str(len(BODY)))
        self.end_headers()
        for start in range(0, len(BODY), 1 << 16):
            try:
                self.wfile.write(BODY[start : start + (1 << 16)])
            except OSError:  # The other side was killed.
                return
            time.sleep(0.02)

    def log_message(self, format: str, *args: object) -> None:
        pass


def child(arguments: list[str]) -> None:
    """The work of a process that gets killed."""
    kind, folder = arguments[0], Path(arguments[1])
    if kind == "records":
        graph = digits()
        batches = neighborhoods(graph, "train", batch_size=50, fanout=None)
        assert next(iter(full_batch(graph, "train"))) is not None
        print(READY, file=sys.stderr, flush=True)
        # What a kill may find finished already is replaced.
        path = folder / "records"
        records.write(batches.repeat(RECORDS), path, shards=8, overwrite=True, verbose=False)
    elif kind == "fit":
        fit(folder)
    else:
        download._HOST = arguments[2]
        print(READY, file=sys.stderr, flush=True)
        download.local_files(FILES, folder)


def fit(folder: Path) -> None:
    """As a user would train: 30 epochs of 6 steps, in an order and with dropout from one seed."""
    keras.utils.set_random_seed(0)
    graph = digits()
    model = GraphConvolutionalNodeClassifier(num_classes=10, hidden_units=(64, 64))
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(keras.optimizers.Adam(0.01), loss, metrics=["accuracy"])
    stop = keras.callbacks.EarlyStopping("val_loss", patience=30, restore_best_weights=True)
    resume = ExactResume(folder / "state", [stop], every_steps=5)
    train = neighborhoods(graph, "train", batch_size=9, fanout=(5, 3), shuffle=True, seed=0)
    print(READY, file=sys.stderr, flush=True)
    history = model.fit(
        resume.batches(train),
        validation_data=full_batch(graph, "validation"),
        epochs=30,
        callbacks=[resume],
        verbose=0,
    )
    variables = [*model.variables, *model.optimizer.variables]
    values = {f"{i} {variable.path}": variable.numpy() for i, variable in enumerate(variables)}
    with whole_file(folder / "final.npz", overwrite=True) as partial:
        np.savez(partial, **values, **{f"history {k}": v for k, v in history.history.items()})


def start(job: Job, folder: Path, again: bool) -> subprocess.Popen[bytes]:
    """Starts the process and waits until its work begins."""
    said = folder / "stderr.txt"
    with said.open("wb") as file:
        command = [sys.executable, *job.command(folder, again)]
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=file)
    while process.poll() is None and job.ready not in said.read_text(errors="replace"):
        time.sleep(0.002)
    return process


def kill_often(job: Job, name: str, kills: int, seed: int, scratch: Path) -> dict[str, object]:
    """Kills the job so many times; the counts."""
    draw = random.Random(seed)
    folder = scratch / name
    folder.mkdir()
    process = start(job, folder, again=False)
    began = time.perf_counter()
    if process.wait():
        raise RuntimeError((folder / "stderr.txt").read_text(errors="replace"))
    work = time.perf_counter() - began
    outcomes = ("kills", "killed twice", "finished before", "began anew", "carried on", "completed")
    counts = dict.fromkeys(outcomes, 0)
    problems = []
    attempt = 0
    while counts["kills"] < kills:
        shutil.rmtree(folder)
        folder.mkdir()
        job.prepare(folder, attempt)
        attempt += 1
        process = start(job, folder, again=False)
        try:
            process.wait(draw.uniform(0, work))
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGKILL)
        if process.wait() != -signal.SIGKILL:
            counts["finished before"] += 1
            continue
        counts["kills"] += 1
        problem = None
        try:
            problem = job.check(folder, finished=False)
            counts[job.state(folder)] += 1
        except Exception as error:
            problem = repr(error)
        problems += [f"after a kill: {problem}"] if problem else []
        if job.kills_again(attempt):
            again = start(job, folder, again=True)
            try:
                again.wait(draw.uniform(0, work))
            except subprocess.TimeoutExpired:
                again.send_signal(signal.SIGKILL)
            counts["killed twice"] += again.wait() == -signal.SIGKILL
        again = start(job, folder, again=True)
        code = again.wait()
        try:
            said = (folder / "stderr.txt").read_text(errors="replace").strip()[-300:]
            problem = job.check(folder, finished=True) if code == 0 else f"exit {code}: {said}"
        except Exception as error:
            problem = repr(error)
        problems += [f"after the rerun: {problem}"] if problem else []
        counts["completed"] += not problem
    return {"job": name, "seed": seed, "work_s": round(work, 2), **counts, "problems": problems}


JOBS: dict[str, Callable[[Path], Job]] = {
    "train": Train,
    "fit": Fit,
    "records": lambda scratch: Records(),
    "download": lambda scratch: Download(),
}


def main() -> int:
    """Runs the jobs that are asked for."""
    if sys.argv[1:2] == ["--child"]:
        child(sys.argv[2:])
        return 0
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--jobs", nargs="+", default=list(JOBS))
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--append", type=Path, help="a file to add the lines to")
    arguments = parser.parse_args()
    failed = False
    with tempfile.TemporaryDirectory() as scratch:
        for name in arguments.jobs:
            job = JOBS[name](Path(scratch))
            found = kill_often(job, name, arguments.kills, arguments.seed, Path(scratch))
            print(json.dumps(found), flush=True)
            if arguments.append is not None:
                with arguments.append.open("a", encoding="utf-8") as file:
                    file.write(json.dumps(found) + "\n")
            failed |= bool(found["problems"])
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
