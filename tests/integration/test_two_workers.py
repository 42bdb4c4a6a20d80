"""MultiWorkerMirroredStrategy: two processes train as one device does."""

from __future__ import annotations

import os
import runpy
import socket
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

ROOT = Path(__file__).parents[2]
SCRIPT = Path(__file__).with_name("two_workers.py")
SECONDS = 240


def free_ports(number: int) -> list[str]:
    sockets = [socket.socket() for _ in range(number)]
    try:
        for one in sockets:
            one.bind(("localhost", 0))
        return [str(one.getsockname()[1]) for one in sockets]
    finally:
        for one in sockets:
            one.close()


def run(folder: Path) -> str | None:
    """Runs both workers; what went wrong, or None."""
    folder.mkdir()
    ports = free_ports(2)
    commands = [[str(folder / f"worker{i}.npz"), str(i), *ports] for i in range(2)]
    environment = {
        **os.environ,
        "PYTHONPATH": str(ROOT),
        "CUDA_VISIBLE_DEVICES": "",
        "TF_CPP_MIN_LOG_LEVEL": "2",
    }
    processes = []
    try:
        for i, command in enumerate(commands):
            with (folder / f"said{i}.txt").open("w") as said:
                processes.append(
                    subprocess.Popen(
                        [sys.executable, str(SCRIPT), *command],
                        env=environment,
                        stdout=said,
                        stderr=said,
                    )
                )
        deadline = time.monotonic() + SECONDS
        while any(process.poll() is None for process in processes):
            # A worker waits for the other one for ever.
            if any(process.poll() for process in processes) or time.monotonic() > deadline:
                break
            time.sleep(0.1)
        codes = [process.poll() for process in processes]
    finally:
        for process in processes:
            process.kill()
            process.wait()
    if codes == [0, 0]:
        return None
    said = [path.read_text(errors="replace")[-2000:] for path in sorted(folder.glob("said*"))]
    return "\n".join([f"exit codes {codes}", *said])


def values(path: Path) -> dict[str, np.ndarray]:
    with np.load(path) as file:
        return dict(file)


def test_two_workers_train_as_one_device(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    problem = run(tmp_path / "first")
    if problem is not None and "address already in use" in problem.lower():
        # Another program has taken a port between our look and its use.
        problem = run(tmp_path / "first" / "second")
    assert problem is None, problem
    (folder,) = {path.parent for path in tmp_path.rglob("worker0.npz")}
    monkeypatch.setattr(sys, "argv", [str(SCRIPT), str(folder / "alone.npz")])
    runpy.run_path(str(SCRIPT), run_name="alone")
    alone, one, other = (values(folder / f"{name}.npz") for name in ("alone", "worker0", "worker1"))
    keys = {
        f"{kind} {value}"
        for kind in ("history", "evaluate")
        for value in ("loss", "accuracy", "graph_loss", "supervised_loss", "scaled_graph_loss")
    }
    assert keys <= set(alone)
    for key in alone:
        np.testing.assert_array_equal(one[key], other[key], err_msg=key)
        if not key.endswith(("random_distance", "spread")):  # Of the nodes of one device.
            np.testing.assert_allclose(one[key], alone[key], rtol=1e-4, atol=1e-5, err_msg=key)
    # It has learned something.
    assert alone["history loss"][-1] < alone["history loss"][0]
