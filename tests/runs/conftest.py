"""A small folder of data, and a run of every kind of model on it."""

from __future__ import annotations

from pathlib import Path

import keras
import numpy as np
import pytest

from gnn.runs import Run, RunConfig, compiling, fitting, results, train

SHORT = {"epochs": 4, "hidden_units": (8,), "snapshot_seconds": 0.0, "baseline": False}


def write_shop(folder: Path, *, with_splits: bool = False) -> Path:
    """60 nodes of two classes, a ring within each class; one column in thousands."""
    folder.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(0)
    lines = ["id,weight,size,label,split"]
    for node in range(60):
        label = ("apple", "pear")[node % 2]
        weight = 1000 + 100 * (node % 2) + 30 * rng.normal()
        split = ("train", "train", "validation", "test")[node // 2 % 4] if with_splits else ""
        lines.append(f"n{node},{weight:.3f},{rng.normal():.3f},{label},{split}")
    (folder / "nodes.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    edges = ["source,target", *(f"n{node},n{(node + 2) % 60}" for node in range(60))]
    (folder / "edges.csv").write_text("\n".join(edges) + "\n", encoding="utf-8")
    return folder


def train_eagerly(patch: pytest.MonkeyPatch) -> None:
    """Spares the tracing of functions that would run a few times."""

    def compile_model(model: keras.Model, config: RunConfig) -> None:
        compiling.compile_model(model, config)
        model.run_eagerly = True

    patch.setattr(fitting, "compile_model", compile_model)


def make_bare(patch: pytest.MonkeyPatch) -> None:
    """Has runs take a moment: without tracing, SavedModel and plot."""
    train_eagerly(patch)
    patch.setattr(results, "export_classifier", lambda *arguments, **options: None)
    patch.setattr(results, "_plot", lambda *arguments: None)


@pytest.fixture(scope="session")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder without splits."""
    return write_shop(tmp_path_factory.mktemp("data") / "shop")


@pytest.fixture(scope="session")
def shop_runs(shop: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Run]:
    """A finished run of each model."""
    runs = tmp_path_factory.mktemp("runs")
    return {
        model: train(RunConfig(data=str(shop), model=model, output=str(runs / model), **SHORT))
        for model in ("mlp", "graph-regularization", "gcn")
    }
