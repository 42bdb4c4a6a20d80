"""The classifiers of the family: what they compose, their embeddings, arguments and files."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

from gnn.data import full_batch
from gnn.graphs.graph import Graph
from gnn.models.classifiers.attention_classifiers import GATNodeClassifier, GATv2NodeClassifier
from gnn.models.classifiers.isomorphism_classifier import GINNodeClassifier
from gnn.models.classifiers.message_passing_classifier import MPNNNodeClassifier
from gnn.models.classifiers.sage_classifier import SAGENodeClassifier

ALL = [
    SAGENodeClassifier,
    GATNodeClassifier,
    GATv2NodeClassifier,
    GINNodeClassifier,
    MPNNNodeClassifier,
]
SIZE = 9


def example(as_sparse: bool = False) -> tuple[dict[str, Any], np.ndarray, np.ndarray]:
    """A batch that reads out three nodes, its features, and its `[receiver, sender]` weights."""
    rng = np.random.default_rng(0)
    matrix = rng.uniform(0.5, 2.0, (SIZE, SIZE)) * (rng.random((SIZE, SIZE)) < 0.3)
    receivers, senders = np.nonzero(matrix)
    x = (rng.normal(size=(SIZE, 6)) * (rng.random((SIZE, 6)) < 0.7)).astype(np.float32)
    weights = matrix[receivers, senders]
    graph = Graph.from_edges(
        senders, receivers, {"x": x}, weights=weights, splits={"some": [4, 0, 7]}
    )
    inputs = dict(next(iter(full_batch(graph, "some"))))
    if as_sparse:
        inputs["x"] = tf.sparse.from_dense(x)
    return inputs, x, matrix


def relu(x: Any) -> np.ndarray:
    return np.maximum(x, 0)


def sage(model: Any, x: np.ndarray, matrix: np.ndarray) -> list[np.ndarray]:
    totals = matrix.sum(axis=1, keepdims=True)
    shares = np.divide(matrix, totals, out=np.zeros_like(matrix), where=totals > 0)
    own, neighbors, own_last, neighbors_last = model.get_weights()
    hidden = relu(x @ own + shares @ x @ neighbors)
    lengths = np.linalg.norm(hidden, axis=1, keepdims=True)
    hidden = np.divide(hidden, lengths, out=np.zeros_like(hidden), where=lengths > 0)
    return [hidden, hidden @ own_last + shares @ hidden @ neighbors_last]


def attention(model: Any, x: np.ndarray, matrix: np.ndarray) -> list[np.ndarray]:
    powers, states = matrix + np.eye(SIZE), [x]
    for layer in model.convolutions:
        *weights, bias = layer.get_weights()
        outputs = []
        for head in range(layer.heads):
            columns = slice(head * layer.units, (head + 1) * layer.units)
            if isinstance(model, GATNodeClassifier):
                h = states[-1] @ weights[0][:, columns]
                sums = h @ weights[1][head] + (h @ weights[2][head])[:, np.newaxis]
                logits = np.where(sums > 0, sums, 0.2 * sums)
            else:
                h, heard = (states[-1] @ kernel[:, columns] for kernel in weights[:2])
                sums = h + heard[:, np.newaxis]
                logits = np.where(sums > 0, sums, 0.2 * sums) @ weights[2][head]
            shares = powers * np.exp(logits)
            outputs.append(shares / shares.sum(axis=1, keepdims=True) @ h)
        if layer is model.convolutions[-1]:
            states.append(np.mean(outputs, axis=0) + bias)
        else:
            joined = np.concatenate(outputs, axis=1) + bias
            states.append(np.where(joined > 0, joined, np.expm1(joined)))
    return states[-2:]


def gin(model: Any, x: np.ndarray, matrix: np.ndarray) -> list[np.ndarray]:
    states, norm = [x], 1 / np.sqrt(1 + 1e-5)  # Averages start from 0 and 1.
    for layer in model.convolutions:
        named = {weight.name: weight.numpy() for weight in layer.trainable_weights}
        hidden = (matrix + np.eye(SIZE)) @ states[-1] @ named["hidden_kernel"]
        out = relu(norm * hidden) @ named["kernel"]
        last = layer is model.convolutions[-1]
        states.append(out + named["bias"] if last else relu(norm * out))
    return states[-2:]


def mpnn(model: Any, x: np.ndarray, matrix: np.ndarray) -> list[np.ndarray]:
    kernel, bias = model.encoder.get_weights()
    state = relu(x @ kernel + bias)
    for _ in range(3):
        received = np.zeros_like(state)
        for receiver, sender in np.argwhere(matrix):
            columns = [[matrix[receiver, sender]], state[receiver], state[sender]]
            message = model.passing.message(np.concatenate(columns)[np.newaxis].astype(np.float32))
            received[receiver] += message[0]
        state = model.passing.update(np.concatenate([received, state], axis=1)).numpy()
    kernel, bias = model.readout.get_weights()
    return [state, state @ kernel + bias]


CASES = [
    (SAGENodeClassifier, {}, sage, 128),
    (GATNodeClassifier, {"output_heads": 2}, attention, 64),
    (GATNodeClassifier, {"hidden_units": (3, 5), "heads": 4}, attention, 20),
    (GATv2NodeClassifier, {}, attention, 64),
    (GINNodeClassifier, {}, gin, 64),
    (GINNodeClassifier, {"hidden_units": 7}, gin, 7),
    (MPNNNodeClassifier, {}, mpnn, 64),
]


@pytest.mark.parametrize("as_sparse", [False, True])
@pytest.mark.parametrize(("kind", "arguments", "oracle", "width"), CASES)
def test_outputs_and_embeddings_equal_the_formulas(
    kind: Any, arguments: dict[str, Any], oracle: Any, width: int, as_sparse: bool
) -> None:
    inputs, x, matrix = example(as_sparse)
    model = kind(num_classes=3, **arguments)
    outputs = model(inputs)
    hidden, logits = oracle(model, x, matrix)
    np.testing.assert_allclose(outputs, logits[[4, 0, 7]], rtol=1e-4, atol=1e-4)
    embedded = model.embed(inputs)
    assert embedded.shape == (3, width)
    np.testing.assert_allclose(embedded, hidden[[4, 0, 7]], rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("kind", ALL)
def test_dropout_only_in_training(kind: Any) -> None:
    inputs, _, _ = example()
    model = kind(num_classes=2, dropout_rate=0.5)
    np.testing.assert_array_equal(model(inputs), model(inputs))
    assert np.abs(model(inputs, training=True) - model(inputs)).max() > 0


@pytest.mark.parametrize("kind", ALL)
def test_files_bring_back_every_argument(kind: Any, tmp_path: Path) -> None:
    inputs, _, _ = example()
    others: dict[Any, dict[str, Any]] = {
        SAGENodeClassifier: {"aggregator": "max", "normalize": False},
        GATNodeClassifier: {"heads": 3, "output_heads": 2, "attention_dropout": 0.1},
        GATv2NodeClassifier: {"heads": 3, "negative_slope": 0.3},
        GINNodeClassifier: {"epsilon": 0.5, "train_epsilon": True, "batch_normalization": False},
        MPNNNodeClassifier: {
            "steps": 2,
            "message_fn": lambda: keras.Sequential([keras.layers.Dense(4, "relu")]),
            "update_fn": lambda: keras.layers.Dense(5, "tanh"),
            "reduce": "max",
        },
    }
    model = kind(6, 2, 5, 0.3, kernel_regularizer="l2", **others[kind])
    expected = model(inputs)
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    np.testing.assert_array_equal(loaded(inputs), expected)
    np.testing.assert_array_equal(loaded.losses, model.losses)
    assert json.dumps(loaded.get_config()) == json.dumps(model.get_config())


def test_the_regularizer_is_of_all_kernels_of_attention() -> None:
    inputs, _, _ = example()
    model = GATNodeClassifier(num_classes=2, kernel_regularizer=keras.regularizers.L2(0.5))
    model(inputs)
    kernels = [w.numpy() for w in model.weights if w.name != "bias" and "seed" not in w.path]
    assert len(kernels) == 6
    expected = 0.5 * sum(np.sum(kernel**2) for kernel in kernels)
    assert float(sum(model.losses)) == pytest.approx(expected, rel=1e-5)


def test_steps_of_message_passing_share_their_weights() -> None:
    inputs, _, _ = example()
    counts = []
    for steps in (1, 3):
        model = MPNNNodeClassifier(num_classes=2, steps=steps)
        model(inputs)
        counts.append(model.count_params())
        assert len(model.stages()) == steps + 1
    assert counts[0] == counts[1]


class Unregistered(keras.layers.Layer):
    def call(self, inputs: Any) -> Any:
        return inputs[:, :5]


def test_functions_that_could_not_be_loaded_are_not_saved(tmp_path: Path) -> None:
    inputs, _, _ = example()
    model = MPNNNodeClassifier(num_classes=2, hidden_units=5, update_fn=Unregistered)
    model(inputs)
    with pytest.raises(ValueError, match="Unregistered.*update_fn.*is not registered"):
        model.save(tmp_path / "model.keras")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("kind", "arguments", "message"),
    [
        (SAGENodeClassifier, {"aggregator": "lstm"}, "aggregator must be 'mean' or 'max'"),
        (GATNodeClassifier, {"heads": 0}, r"heads must be at least 1, got 0"),
        (GATv2NodeClassifier, {"output_heads": 0}, "output_heads must be at least 1, got 0"),
        (GATNodeClassifier, {"attention_dropout": 1}, r"attention_dropout must be in \[0, 1\)"),
        (GINNodeClassifier, {"hidden_units": (3, 0)}, "hidden_units must be at least 1, got 0"),
        (MPNNNodeClassifier, {"hidden_units": (3, 4)}, r"one width.*; got \(3, 4\)"),
        (MPNNNodeClassifier, {"steps": 0}, "steps must be at least 1, got 0"),
        (MPNNNodeClassifier, {"reduce": "min"}, "reduce must be one of"),
    ],
)
def test_arguments_out_of_range(kind: Any, arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        kind(num_classes=2, **arguments)
