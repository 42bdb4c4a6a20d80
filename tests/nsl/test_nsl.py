"""NSL imports and works through `gnn.nsl`, and TensorFlow is left as it was."""

from __future__ import annotations

import importlib.util
import pathlib
import subprocess
import sys

import numpy as np
import pytest
import tensorflow as tf

from gnn import nsl
from gnn.nsl import importing

ROOT = pathlib.Path(__file__).parents[2]

# Runs each script in a fork of a process that has imported `gnn` and nothing of NSL.
FORKS = """
import os, runpy, sys, traceback
import tensorflow, gnn
assert not [name for name in sys.modules if name.startswith("neural_structured_learning")]
for path in sys.argv[1:]:
    child = os.fork()
    if child:
        assert os.waitpid(child, 0) == (child, 0), open(path + ".err").read()
        continue
    for stream, kind in ((1, "out"), (2, "err")):
        os.dup2(os.open(f"{path}.{kind}", os.O_WRONLY | os.O_CREAT), stream)
    failed = 0
    try:
        runpy.run_path(path)
    except BaseException:
        failed = 1
        traceback.print_exc()
    sys.stdout.flush(), sys.stderr.flush()
    os._exit(failed)
"""

# Prints the marker, and after it nothing but what the door itself prints.
CHECK = """
import builtins, sys, warnings
import tensorflow as tf
import gnn
tf.keras.layers  # TensorFlow replaces tf.keras by Keras at its first use, here or in NSL.
{before}
open_before = builtins.open
attributes = dict(vars(tf))
modules = {{name: sys.modules[name] for name in sys.modules if name.startswith("tensorflow")}}
for stream in (sys.stdout, sys.stderr):
    print("MARKER", file=stream, flush=True)

with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter("always")
    from gnn import nsl
assert not caught, [str(warning.message) for warning in caught]

after = vars(tf)
assert attributes.keys() == after.keys(), attributes.keys() ^ after.keys()
assert not [name for name in attributes if attributes[name] is not after[name]]
modules_after = {{name: sys.modules[name] for name in sys.modules if name.startswith("tensorflow")}}
assert modules == modules_after, modules.keys() ^ modules_after.keys()
assert not hasattr(tf, "estimator")
assert builtins.open is open_before

import gnn.nsl
import gnn.nsl.lib.distances
import neural_structured_learning
from gnn.nsl.configs import GraphRegConfig
assert nsl is gnn.nsl is sys.modules["gnn.nsl"]
for name in ("configs", "estimator", "experimental", "keras", "lib", "tools", "__version__"):
    assert getattr(nsl, name) is getattr(neural_structured_learning, name), name
assert gnn.nsl.lib.distances is neural_structured_learning.lib.distances
assert isinstance(nsl.configs.make_graph_reg_config(), GraphRegConfig)
assert GraphRegConfig is neural_structured_learning.configs.GraphRegConfig
"""

# The order in which users meet it: first the import that fails, then the door.
FAILED_IMPORT = """
try:
    import neural_structured_learning
except ImportError:
    pass
else:
    raise AssertionError("NSL imports without the door: it is not needed any more")
"""

# A user's own stand-in, which is then the user's to take away.
IMPORTED_ALREADY = """
import types
sys.modules["tensorflow.estimator"] = types.ModuleType("tensorflow.estimator")
import neural_structured_learning
imported = neural_structured_learning.configs
"""


def test_import_leaves_tensorflow_as_it_was_and_prints_nothing(tmp_path: pathlib.Path) -> None:
    scripts = {
        "fresh.py": CHECK.format(before=""),
        "failed.py": CHECK.format(before=FAILED_IMPORT),
        "imported.py": CHECK.format(before=IMPORTED_ALREADY) + "assert nsl.configs is imported\n",
    }
    paths = [tmp_path / name for name in scripts]
    for path, script in zip(paths, scripts.values(), strict=True):
        path.write_text(script)
    done = subprocess.run(
        [sys.executable, "-c", FORKS, *paths], cwd=ROOT, capture_output=True, text=True, timeout=300
    )
    assert done.returncode == 0, done.stderr
    for path in paths:
        for kind in ("out", "err"):
            said = path.with_name(f"{path.name}.{kind}").read_text()
            assert said.split("MARKER\n")[1] == "", path


def test_without_nsl_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "neural_structured_learning", None)
    spec = importlib.util.spec_from_file_location("gnn_nsl_again", importing.__file__)
    assert spec is not None and spec.loader is not None
    with pytest.raises(ImportError, match="pip install neural-structured-learning"):
        spec.loader.exec_module(importlib.util.module_from_spec(spec))
    assert "tensorflow.estimator" not in sys.modules


def test_lib_unpacks_neighbors() -> None:
    features = {
        "x": tf.constant([[1.0], [2.0]]),
        "NL_nbr_0_x": tf.constant([[3.0], [4.0]]),
        "NL_nbr_0_weight": tf.constant([[0.5], [0.25]]),
    }
    config = nsl.configs.GraphNeighborConfig(max_neighbors=1)
    own, neighbors, weights = nsl.lib.unpack_neighbor_features(features, config)
    assert list(own) == list(neighbors) == ["x"]
    np.testing.assert_array_equal(neighbors["x"], [[3.0], [4.0]])
    np.testing.assert_array_equal(weights, [[0.5], [0.25]])


def test_lib_generates_adversarial_neighbors() -> None:
    # loss = sum x^2 has gradient 2x = [6, 8] at x = [3, 4]; of unit length that is [0.6, 0.8].
    x = tf.constant([[3.0, 4.0]])
    with tf.GradientTape() as tape:
        tape.watch(x)
        loss = tf.reduce_sum(x**2)
    config = nsl.configs.AdvNeighborConfig(adv_step_size=0.5, adv_grad_norm="l2")
    neighbors, _ = nsl.lib.gen_adv_neighbor(x, loss, config, gradient_tape=tape)
    np.testing.assert_allclose(neighbors, [[3.3, 4.4]], rtol=1e-6)


def _write_examples(path: pathlib.Path, rows: dict[str, list[float]]) -> str:
    with tf.io.TFRecordWriter(str(path)) as writer:
        for name, embedding in rows.items():
            example = tf.train.Example()
            example.features.feature["id"].bytes_list.value.append(name.encode())
            example.features.feature["embedding"].float_list.value.extend(embedding)
            writer.write(example.SerializeToString())
    return str(path)


def test_tools_build_a_graph_and_pack_neighbors(tmp_path: pathlib.Path) -> None:
    # Cosines: a.b = 3/5 = 0.6, a.c = 0, b.c = 4/5 = 0.8. At the threshold 0.5 stay a-b and b-c.
    labeled = _write_examples(tmp_path / "labeled", {"a": [1.0, 0.0], "b": [3.0, 4.0]})
    unlabeled = _write_examples(tmp_path / "unlabeled", {"c": [0.0, 2.0]})
    graph_path, packed_path = str(tmp_path / "graph.tsv"), str(tmp_path / "packed")

    nsl.tools.build_graph([labeled, unlabeled], graph_path, similarity_threshold=0.5)
    graph = nsl.tools.read_tsv_graph(graph_path)
    weights = {(s, t): w for s, targets in graph.items() for t, w in targets.items()}
    assert weights == pytest.approx(
        {("a", "b"): 0.6, ("b", "a"): 0.6, ("b", "c"): 0.8, ("c", "b"): 0.8}
    )

    nsl.tools.pack_nbrs(labeled, unlabeled, graph_path, packed_path, max_nbrs=1)
    features = {}
    for record in tf.data.TFRecordDataset([packed_path]):
        feature = tf.train.Example.FromString(record.numpy()).features.feature
        features[feature["id"].bytes_list.value[0]] = feature
    # Of b's two neighbors the nearer one, c, is kept, with its own features.
    assert features[b"a"]["NL_nbr_0_id"].bytes_list.value[0] == b"b"
    assert features[b"b"]["NL_nbr_0_id"].bytes_list.value[0] == b"c"
    assert features[b"b"]["NL_nbr_0_embedding"].float_list.value == [0.0, 2.0]
    assert features[b"b"]["NL_nbr_0_weight"].float_list.value == pytest.approx([0.8])
    assert features[b"b"]["NL_num_nbrs"].int64_list.value == [1]


def test_tools_write_what_they_read(tmp_path: pathlib.Path) -> None:
    graph = {"a": {"b": 0.5}, "b": {"c": 1.0}}
    path = str(tmp_path / "graph.tsv")
    nsl.tools.write_tsv_graph(path, graph)
    assert nsl.tools.read_tsv_graph(path) == graph
