"""SavedModels give the same outputs in a process that cannot import gnn."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf

from gnn.data import full_batch
from tests.conformance.registry import ROWS, Row
from tests.conformance.training import batches

SERVE = """
import sys

class Refuse:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] == "gnn":
            raise ImportError("gnn is not here")

sys.meta_path.insert(0, Refuse())
try:
    import gnn
except ImportError:
    pass
else:
    sys.exit("gnn was imported")

import pathlib
import numpy as np
import tensorflow as tf

for inputs in sorted(pathlib.Path(".").glob("*/inputs_*.npz")):
    signature = tf.saved_model.load(str(inputs.parent / "served")).signatures["serving_default"]
    names, values = signature.structured_input_signature[1], np.load(inputs)
    outputs = signature(**{name: tf.constant(values[name]) for name in names})
    outputs = {name: value.numpy() for name, value in outputs.items()}
    np.savez(inputs.parent / inputs.name.replace("inputs", "outputs"), **outputs)
assert not any(name.split(".")[0] == "gnn" for name in sys.modules)
"""


def export(row: Row, folder: Path) -> list[dict[str, np.ndarray]]:
    """Writes the SavedModel and inputs of two sizes; returns the outputs to come."""
    model = row.compiled()
    expected = []
    for position, data in enumerate((batches(row), full_batch(row.graph, "validation"))):
        inputs = dict(next(iter(data))[0])
        # What is served is given as a whole graph: its edges are all there are.
        inputs.pop("graph_degrees", None)
        outputs = model(inputs)
        if not model.requires_graph:
            # What was trained with a graph is served without: every node is an example.
            inputs = {name: inputs[name] for name in row.graph.features}
            outputs = model(inputs)
        if position == 0:
            model.export(folder / "served")
        dense: dict[str, Any] = {
            name: tf.sparse.to_dense(value) if isinstance(value, tf.SparseTensor) else value
            for name, value in inputs.items()
        }
        np.savez(folder / f"inputs_{position}.npz", **dense)
        named = outputs if isinstance(outputs, dict) else {"outputs": outputs}
        expected.append({name: value.numpy() for name, value in named.items()})
    return expected


def test_exports_are_served_without_gnn(tmp_path: Path) -> None:
    expected = {}
    for row in ROWS:
        (tmp_path / row.name).mkdir()
        expected[row.name] = export(row, tmp_path / row.name)
    done = subprocess.run(
        [sys.executable, "-I", "-c", SERVE], cwd=tmp_path, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    for name, all_outputs in expected.items():
        for position, outputs in enumerate(all_outputs):
            with np.load(tmp_path / name / f"outputs_{position}.npz") as file:
                served = dict(file)
            assert set(served) == set(outputs), name
            for key, value in outputs.items():
                np.testing.assert_allclose(
                    served[key], value, rtol=1e-5, atol=1e-5, err_msg=f"{name}: {key}"
                )
