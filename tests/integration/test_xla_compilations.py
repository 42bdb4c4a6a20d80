"""Padded batches under `jit_compile=True`: one compilation of the training step for all of them."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = """
import sys

import keras
import numpy as np

import gnn

rng = np.random.default_rng(0)
graph = gnn.Graph.from_edges(
    *rng.integers(0, 300, (2, 1500)), rng.normal(size=(300, 7)), labels=rng.integers(0, 3, 300)
)
padding = {"padded": True, "measured": "measured", "loose": False}[sys.argv[1]]
data = gnn.data.neighborhoods(
    graph, batch_size=32, fanout=(3, 2), shuffle=True, seed=0, merge=True, padding=padding
)
model = gnn.GraphConvolutionalNodeClassifier(num_classes=3, hidden_units=5)
model.compile(
    "adam", keras.losses.SparseCategoricalCrossentropy(from_logits=True), jit_compile=True
)
model.fit(data, epochs=int(sys.argv[2]), verbose=0)
print("batches", len(data))
"""


def compiled_training_steps(padding: str, epochs: int, folder: Path) -> int:
    """How many modules XLA compiled of the function that trains."""
    environment = {
        **os.environ,
        "XLA_FLAGS": f"--xla_dump_to={folder} --xla_dump_hlo_as_text",
        "TF_CPP_MIN_LOG_LEVEL": "3",
    }
    run = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", SCRIPT, padding, str(epochs)],
        env=environment,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert run.returncode == 0, run.stderr[-2000:]
    assert "batches 10" in run.stdout
    modules = {
        name.split(".")[0]
        for name in os.listdir(folder)
        if re.match(r"module_\d+\..*one_step_on_data.*before_optimizations", name)
    }
    assert modules, sorted(os.listdir(folder))[:20]
    return len(modules)


@pytest.mark.parametrize("padding", ["padded", "measured"])
def test_an_epoch_of_padded_batches_compiles_once(padding, tmp_path):
    assert compiled_training_steps(padding, 2, tmp_path) == 1


def test_batches_of_many_sizes_compile_many_times(tmp_path):
    """That the count can be other than 1: without padding nearly every batch has its own size."""
    assert compiled_training_steps("loose", 1, tmp_path) > 3
