"""The demo from its command line, cut short."""

from __future__ import annotations

import json
import runpy
import subprocess
import sys
from pathlib import Path

import matplotlib.image
import pytest
import tensorflow as tf

SCRIPT = Path(__file__).parents[2] / "demo" / "run.py"


def run_demo(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, str(SCRIPT), *arguments], capture_output=True, text=True, check=False
    )


@pytest.fixture(scope="module")
def quick_run(tmp_path_factory):
    folder = tmp_path_factory.mktemp("demo")
    return folder, run_demo("--quick", "--output", str(folder))


def test_ends_well_and_says_what_it_did(quick_run):
    folder, process = quick_run
    assert process.returncode == 0, process.stderr
    for text in ("without the graph", "graph-regularized", "graph convolutions", str(folder)):
        assert text in process.stdout


def test_shows_progress_and_no_warnings(quick_run):
    _, process = quick_run
    assert "3/3" in process.stderr
    output = (process.stdout + process.stderr).lower()
    for word in ("warning", "i0000", "w0000", "e0000", "onednn", "traceback"):
        assert word not in output


def test_results_hold_every_figure(quick_run):
    folder, _ = quick_run
    results = json.loads((folder / "results.json").read_text())
    assert set(results["models"]) == {"base", "regularized", "gcn"}
    for name, figures in results["models"].items():
        expected = {"accuracy", "session_accuracy", "seconds"}
        assert set(figures) == expected | ({"neighbor_accuracy"} if name != "gcn" else set())
        for figure, summary in figures.items():
            assert set(summary) == {"mean", "standard_error", "per_seed"}
            # One seed: its value is the mean, and there is no standard error.
            assert summary["per_seed"] == [summary["mean"]]
            assert summary["standard_error"] is None
            assert summary["mean"] > 0
            assert figure == "seconds" or summary["mean"] <= 1
    accuracies = [results["models"][name]["accuracy"]["mean"] for name in ("regularized", "base")]
    assert results["gain_in_points"] == pytest.approx(100 * (accuracies[0] - accuracies[1]))
    assert 0 <= results["export_largest_difference"] <= 1e-5
    assert set(results["versions"]) == {"gnn", "keras", "python", "tensorflow"}
    assert (results["seeds"], results["epochs"]) == (1, 2)
    assert results["seconds"] > 0


def test_picture_shows_something(quick_run):
    folder, _ = quick_run
    picture = folder / "neighbors.png"
    assert picture.read_bytes().startswith(b"\x89PNG\r\n\x1a\n")
    assert matplotlib.image.imread(picture).std() > 0.05


def test_leaves_whole_files_and_nothing_else(quick_run):
    folder, _ = quick_run
    assert {path.name for path in folder.iterdir()} == {"neighbors.png", "output", "results.json"}
    exports = {path.name for path in (folder / "output").iterdir()}
    assert exports == {"regularized", "regularized.keras"}
    assert (folder / "output" / "regularized" / "saved_model.pb").is_file()


def test_folder_that_cannot_be_made_is_named_before_any_training(tmp_path, monkeypatch, capfd):
    blocked = tmp_path / "file"
    blocked.write_text("in the way")
    monkeypatch.setattr(sys, "argv", [str(SCRIPT), "--output", str(blocked)])
    logger = tf.get_logger()
    level = logger.level
    try:
        with pytest.raises(OSError) as raised:
            runpy.run_path(str(SCRIPT), run_name="__main__")
    finally:
        logger.setLevel(level)
    assert str(blocked) in str(raised.value)
    assert "model/s" not in capfd.readouterr().err
    assert blocked.read_text() == "in the way"
