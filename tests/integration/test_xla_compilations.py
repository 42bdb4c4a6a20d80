"""Padded batches under `jit_compile=True`: one compilation of the training step for all of them."""

import os
import re
import subprocess
import sys

import pytest

SCRIPT = """
import os
import sys

for name in ("matplotlib", "pandas", "sklearn"):
    sys.modules[name] = None  # Keras loads them where they are: a third of the start.

import keras
import numpy as np

import gnn

rng = np.random.default_rng(0)
graph = gnn.Graph.from_edges(
    *rng.integers(0, 300, (2, 1500)), rng.normal(size=(300, 7)), labels=rng.integers(0, 3, 300)
)
for padding, epochs in ((True, 2), ("measured", 2), (False, 1)):
    data = gnn.data.neighborhoods(
        graph, batch_size=32, fanout=(3, 2), shuffle=True, seed=0, merge=True, padding=padding
    )
    if padding is False:
        data = data.take(5)
    model = gnn.GraphConvolutionalNodeClassifier(num_classes=3, hidden_units=5)
    model.compile(
        "adam", keras.losses.SparseCategoricalCrossentropy(from_logits=True), jit_compile=True
    )
    model.fit(data, epochs=epochs, verbose=0)
    print(padding, len(data), *os.listdir(sys.argv[1]))
"""


@pytest.fixture(scope="module")
def compiled(tmp_path_factory):
    """By padding: how many batches there are, and how many modules XLA compiled of their step."""
    folder = tmp_path_factory.mktemp("dumped")
    flags = f"{os.environ['XLA_FLAGS']} --xla_dump_to={folder} --xla_dump_hlo_as_text"
    run = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", SCRIPT, str(folder)],
        env={**os.environ, "XLA_FLAGS": flags, "TF_CPP_MIN_LOG_LEVEL": "3"},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert run.returncode == 0, run.stderr[-2000:]
    found, before = {}, set()
    for line in run.stdout.splitlines():
        padding, batches, *names = line.split()
        modules = {
            name.split(".")[0]
            for name in names
            if re.match(r"module_\d+\..*one_step_on_data.*before_optimizations", name)
        }
        assert modules > before, names[:20]
        found[padding] = int(batches), len(modules - before)
        before = modules
    return found


@pytest.mark.parametrize("padding", ["True", "measured"])
def test_two_epochs_of_padded_batches_compile_once(padding, compiled):
    assert compiled[padding] == (10, 1)


def test_batches_of_many_sizes_compile_many_times(compiled):
    """That the count can be other than 1: without padding nearly every batch has its own size."""
    batches, modules = compiled["False"]
    assert batches == 5 and modules > 3
