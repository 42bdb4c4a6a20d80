"""What takes the place of NSL's functions does what they say, where they fail."""

from __future__ import annotations

from pathlib import Path

import keras
import numpy as np
import pytest
import tensorflow as tf
from gnn.nsl.keras import graph_regularization
from gnn.nsl.tools import build_graph, pack_nbrs

from gnn import nsl


def test_nsls_modules_have_ours() -> None:
    assert graph_regularization.GraphRegularization is nsl.keras.GraphRegularization
    assert nsl.keras.GraphRegularization.__module__ == "gnn.nsl.graph_regularization"
    adversarial = nsl.keras.adversarial_regularization
    assert adversarial.AdversarialRegularization is nsl.keras.AdversarialRegularization
    # Of a function that hides its module, both readings work.
    assert build_graph.build_graph is build_graph and pack_nbrs.pack_nbrs is pack_nbrs
    assert build_graph.GraphBuilder.__module__.endswith("tools.build_graph")


@pytest.mark.parametrize("norm", ["l1", "l2", "infinity"])
def test_random_points_fill_the_ball_of_a_batch_of_unknown_size(norm: str) -> None:
    radius, size = 0.5, 3
    spec = {"x": tf.TensorSpec([None, 2]), "y": tf.TensorSpec([None, 1])}

    @tf.function(input_signature=[spec])
    def draw(tensors: dict[str, tf.Tensor]) -> dict[str, tf.Tensor]:
        return nsl.lib.random_in_norm_ball(tensors, radius, norm)

    found = draw({"x": tf.zeros([4000, 2]), "y": tf.zeros([4000, 1])})
    points = np.concatenate([found["x"], found["y"]], axis=1)
    order = {"l1": 1, "l2": 2, "infinity": np.inf}[norm]
    # A ball of 1/2 the volume holds half of the points: the cubes of the lengths are uniform.
    shares = (np.linalg.norm(points, order, axis=1) / radius) ** size
    assert shares.max() <= 1.0 + 1e-6
    assert np.mean(shares) == pytest.approx(1 / 2, abs=0.02)
    assert np.mean(shares**2) == pytest.approx(1 / 3, abs=0.02)
    assert np.abs(points.mean(0)).max() < 0.02


def test_random_points_want_floats_of_one_batch() -> None:
    with pytest.raises(ValueError, match="only supports floating tensors.* int32"):
        nsl.lib.random_in_norm_ball(tf.constant([[1]]), 1.0, "l2")
    with pytest.raises(ValueError, match=r"should be the same.*\[1, 2\]"):
        nsl.lib.random_in_norm_ball([tf.zeros([1, 1]), tf.zeros([2, 1])], 1.0, "l2")


def test_neighbors_of_sparse_inputs_are_sparse() -> None:
    config = nsl.configs.GraphNeighborConfig(max_neighbors=2)
    inputs = {"x": keras.Input([3], sparse=True, name="x")}
    own, neighbors, weights = nsl.keras.layers.NeighborFeatures(config)(inputs)
    assert {name for name, tensor in inputs.items() if tensor.sparse} == {
        "x",
        "NL_nbr_0_x",
        "NL_nbr_1_x",
    }
    model = keras.Model(inputs, [own["x"], neighbors["x"], weights])
    rows = tf.sparse.from_dense(np.eye(2, 3, dtype=np.float32))
    ones = tf.ones([2, 1])
    batch = {
        "x": rows,
        "NL_nbr_0_x": rows,
        "NL_nbr_1_x": rows * 5.0,
        "NL_nbr_0_weight": ones,
        "NL_nbr_1_weight": 2.0 * ones,
    }
    _, of_neighbors, of_weights = model(batch)
    expected = [[1, 0, 0], [5, 0, 0], [0, 1, 0], [0, 5, 0]]  # Those of a sample side by side.
    np.testing.assert_array_equal(tf.sparse.to_dense(of_neighbors), expected)
    np.testing.assert_array_equal(of_weights[:, 0], [1, 2, 1, 2])


def test_equal_embeddings_are_neighbors_at_a_threshold_of_1(tmp_path: Path) -> None:
    # In float32, (0.1, 0.5, 0.2) over its norm has a product with itself of 0.99999988.
    with tf.io.TFRecordWriter(str(tmp_path / "rows")) as writer:
        for name in ("a", "b", "c", "lacks"):
            example = tf.train.Example()
            example.features.feature["id"].bytes_list.value.append(name.encode())
            if name != "lacks":
                values = [0.2, 0.5, 0.1] if name == "c" else [0.1, 0.5, 0.2]
                example.features.feature["embedding"].float_list.value.extend(values)
            writer.write(example.SerializeToString())
    graph_path = str(tmp_path / "graph.tsv")
    nsl.tools.build_graph([str(tmp_path / "rows")], graph_path, similarity_threshold=1.0 - 1e-9)
    assert nsl.tools.read_tsv_graph(graph_path) == {"a": {"b": 1.0}, "b": {"a": 1.0}}
