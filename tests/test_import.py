"""What `import gnn` asks of its surroundings, and what it loads; each import in a fresh process."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import gnn
from gnn import _environment

ROOT = Path(__file__).parents[1]


def run_python(code: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Runs `code` where `gnn` is this checkout's, with `environment` on top of our own."""
    path = os.pathsep.join(filter(None, [environment.pop("PYTHONPATH", ""), str(ROOT)]))
    return subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, **environment, "PYTHONPATH": path},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


def last_error(process: subprocess.CompletedProcess[str]) -> str:
    assert process.returncode == 1, process.stderr
    return process.stderr.splitlines()[-1]


@pytest.mark.parametrize(
    ("environment", "found"),
    [
        ({"TF_USE_LEGACY_KERAS": "1"}, "found TF_USE_LEGACY_KERAS=1, which makes tf.keras Keras 2"),
        ({"TF_USE_LEGACY_KERAS": "True"}, "found TF_USE_LEGACY_KERAS=True"),
        ({"KERAS_BACKEND": "tensorfow"}, "cannot be imported (Unable to import backend"),
    ],
)
def test_wrong_environment_is_refused(environment: dict[str, str], found: str) -> None:
    error = last_error(run_python("import gnn", **environment))
    assert error.startswith("ImportError: gnn needs Keras 3 on the TensorFlow backend and found ")
    assert found in error
    assert "Set KERAS_BACKEND=tensorflow and unset TF_USE_LEGACY_KERAS" in error


@pytest.mark.parametrize(
    ("keras", "found"),
    [
        ("raise ImportError('No module named jax')", "imported (No module named jax)"),
        ("__version__ = '2.15.0'", "found Keras 2.15.0 (pip install 'keras>=3.15')"),
        (
            "__version__ = '3.15.1'\nclass backend:\n    backend = lambda: 'torch'",
            "found the backend torch",
        ),
    ],
)
def test_wrong_keras_is_refused(keras: str, found: str, tmp_path: Path) -> None:
    # Only one backend is installed here, so a module that answers like another Keras stands in.
    (tmp_path / "keras.py").write_text(keras, encoding="utf-8")
    error = last_error(run_python("import gnn.configs", PYTHONPATH=str(tmp_path)))
    assert found in error
    assert "Set KERAS_BACKEND=tensorflow and unset TF_USE_LEGACY_KERAS" in error


@pytest.fixture(scope="module")
def loaded() -> dict[str, Any]:
    """What `import gnn` loads beyond TensorFlow, Keras and GraphNets, and what its parts add.

    Keras loads Matplotlib, pandas and scikit-learn itself where it finds them, and GraphNets
    NetworkX: hence the difference.
    """
    code = """
import json, sys
import tensorflow, keras, graph_nets
before = set(sys.modules)
import gnn
with_gnn = set(sys.modules) - before
gnn.datasets
with_datasets = set(sys.modules) - before
from gnn import nsl
with_nsl = set(sys.modules) - before
print(json.dumps({
    "gnn": sorted(with_gnn),
    "datasets": sorted(with_datasets),
    "nsl": sorted(with_nsl),
    "one_nsl": nsl is gnn.nsl,
    "nsl_name": nsl.configs.GraphRegConfig.__name__,
}))
"""
    process = run_python(code, KERAS_BACKEND="tensorflow", TF_USE_LEGACY_KERAS="0")
    assert process.returncode == 0, process.stderr
    return json.loads(process.stdout.splitlines()[-1])


HEAVY = [
    "faiss",
    "matplotlib",
    "networkx",
    "neural_structured_learning",
    "pandas",
    "pyarrow",
    "sklearn",
    "tensorflow_datasets",
]


@pytest.mark.parametrize("package", HEAVY)
def test_import_loads_nothing_heavy(package: str, loaded: dict[str, Any]) -> None:
    assert "gnn.models" in loaded["gnn"]
    assert [name for name in loaded["gnn"] if name.split(".")[0] == package] == []


def test_datasets_and_nsl_wait_until_they_are_used(loaded: dict[str, Any]) -> None:
    assert not {"gnn.datasets", "gnn.nsl"} & set(loaded["gnn"])
    assert "gnn.datasets" in loaded["datasets"]
    assert not {"gnn.nsl", "tensorflow_datasets"} & set(loaded["datasets"])
    assert "neural_structured_learning" in loaded["nsl"]
    assert (loaded["one_nsl"], loaded["nsl_name"]) == (True, "GraphRegConfig")


def test_import_needs_no_extra() -> None:
    # None in sys.modules makes Python say that a package is not there.
    code = """
import sys
for name in ("faiss", "matplotlib", "pandas", "pyarrow", "pymetis", "IPython"):
    sys.modules[name] = None
import gnn
gnn.cotraining, gnn.datasets, gnn.nsl, gnn.plots, gnn.runs, gnn.training
"""
    process = run_python(code)
    assert process.returncode == 0, process.stderr


@pytest.mark.parametrize("arguments", [["--help"], ["train", "--help"], ["--version"]])
def test_the_command_answers_for_itself_without_tensorflow(
    arguments: list[str], tmp_path: Path
) -> None:
    for name in ("tensorflow", "keras", "numpy"):
        (tmp_path / f"{name}.py").write_text("raise ImportError('too early')", encoding="utf-8")
    path = os.pathsep.join([str(tmp_path), str(ROOT)])
    process = subprocess.run(
        [sys.executable, "-m", "gnn", *arguments],
        env={**os.environ, "PYTHONPATH": path},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (process.returncode, process.stderr) == (0, "")
    assert "gnn" in process.stdout


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["python", "-m", "gnn", "train"], True),
        (["python", "-W", "error", "-I", "-m", "gnn"], True),
        (["python", "/usr/local/bin/gnn", "info"], True),
        (["python", "-m", "gnn_tools"], False),
        (["python", "-m", "pytest", "gnn"], False),
        (["python", "script.py", "-m", "gnn"], False),
        (["python", "-c", "import gnn", "gnn"], False),
        (["python"], False),
    ],
)
def test_the_command_is_told_from_programs(
    words: list[str], expected: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "orig_argv", words)
    assert _environment.is_command() == expected


def test_an_executor_of_spark_makes_edges_without_tensorflow() -> None:
    """A worker has Spark's own module loaded before it hears of `gnn`."""
    code = """
import sys, types
sys.modules["pyspark.worker"] = types.ModuleType("pyspark.worker")
import gnn.edges.neighbors.arrow_cells, gnn.edges.sessions.arrow_counts
print("tensorflow" in sys.modules, "keras" in sys.modules)
print(gnn.Graph.__name__, gnn.models.__name__, "tensorflow" in sys.modules)
"""
    process = run_python(code)
    assert process.stdout.split("\n")[:2] == ["False False", "Graph gnn.models True"]


@pytest.mark.parametrize(("chosen", "expected"), [(None, "1"), ("0", "0")])
def test_the_product_of_sparse_matrices_is_chosen_where_the_user_did_not(
    chosen: str | None, expected: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("TF_ENABLE_ONEDNN_SPMM", raising=False)
    if chosen is not None:
        monkeypatch.setenv("TF_ENABLE_ONEDNN_SPMM", chosen)
    _environment.prefer_fast_products()
    assert os.environ["TF_ENABLE_ONEDNN_SPMM"] == expected


def test_dir_shows_every_public_name() -> None:
    assert set(gnn.__all__) <= set(dir(gnn))
    assert all(hasattr(gnn, name) for name in dir(gnn))


def test_unknown_name() -> None:
    with pytest.raises(AttributeError, match="module 'gnn' has no attribute 'dataset'"):
        gnn.dataset  # noqa: B018


def test_version_is_the_one_that_setup_installs() -> None:
    command = [sys.executable, "-W", "ignore", "setup.py", "--version"]
    process = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    assert process.stdout.split() == [gnn.__version__]
