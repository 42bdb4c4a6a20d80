"""The predecessor's two Cora scripts run as they were, and what they report is true.

The scripts beside this file differ from Neural Structured Learning's examples in nothing but the
two imports and a dropped line that chose Sonnet's version.
"""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf
from absl import flags

from gnn import NodeGraphModel, nsl
from tests.integration.scripts import script

WORDS, CLASSES, TRAIN, EVAL = 1433, 7, 30, 45  # 45 rows to evaluate are batches of 32 and 13.
FLAG_NAMES = ["train_examples_path", "eval_examples_path"]
METRICS = [
    "sparse_categorical_crossentropy",
    "sparse_categorical_accuracy",
    "sparse_top_k_categorical_accuracy",
]


def write_records(path: Path, ids: range, words: np.ndarray, labels: np.ndarray) -> None:
    with tf.io.TFRecordWriter(str(path)) as writer:
        for i in ids:
            feature = (example := tf.train.Example()).features.feature
            feature["id"].bytes_list.value.append(str(i).encode())
            feature["words"].int64_list.value.extend(words[i])
            feature["label"].int64_list.value.append(labels[i])
            writer.write(example.SerializeToString())


def read_records(path: str) -> list[dict[str, np.ndarray]]:
    """Every example of a file as arrays, read without the package under test."""
    records = []
    for record in tf.data.TFRecordDataset(path).as_numpy_iterator():
        features = tf.train.Example.FromString(record).features.feature
        records.append(
            {
                name: np.array(getattr(feature, feature.WhichOneof("kind")).value)
                for name, feature in features.items()
            }
        )
    return records


@pytest.fixture(scope="module")
def cora(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Made-up papers whose words depend on their class, packed with their neighbors by NSL."""
    folder = tmp_path_factory.mktemp("cora")
    rng = np.random.default_rng(0)
    labels = rng.integers(0, CLASSES, TRAIN + EVAL)
    likely = rng.random((CLASSES, WORDS)) < 0.05
    words = (rng.random((TRAIN + EVAL, WORDS)) < np.where(likely[labels], 0.3, 0.01)).astype(int)
    write_records(folder / "seeds.tfr", range(TRAIN), words, labels)
    write_records(folder / "eval.tfr", range(TRAIN, TRAIN + EVAL), words, labels)
    with open(folder / "graph.tsv", "w") as file:
        for source in range(TRAIN - 2):  # The last two have no neighbors, the others up to five.
            targets = rng.choice(TRAIN + EVAL, rng.integers(1, 6), replace=False)
            for target in set(targets.tolist()) - {source}:
                file.write(f"{source}\t{target}\t{rng.choice([0.5, 1.0, 2.0])}\n")
    nsl.tools.pack_nbrs(
        str(folder / "seeds.tfr"),
        str(folder / "eval.tfr"),
        str(folder / "graph.tsv"),
        str(folder / "train.tfr"),
        max_nbrs=3,
    )
    return {
        "train_examples_path": str(folder / "train.tfr"),
        "eval_examples_path": str(folder / "eval.tfr"),
    }


@dataclasses.dataclass
class Run:
    """What a script trained, and on what."""

    model: Any
    train: tf.data.Dataset
    validation: tf.data.Dataset
    history: dict[str, list[float]]
    epochs: int


def run_script(name: str, cora: dict[str, str]) -> Run:
    """Runs a script's `main` on the made-up papers, for 2 epochs instead of those it asks for."""
    runs: list[Run] = []
    fit = NodeGraphModel.fit

    def short_fit(self: Any, train: Any, epochs: int, validation_data: Any) -> Any:
        history = fit(self, train, epochs=2, validation_data=validation_data, verbose=0)
        runs.append(Run(self, train, validation_data, history.history, epochs))
        return history

    try:
        module = script(name)
        flags.FLAGS([name, *(f"--{flag}={path}" for flag, path in cora.items())])
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(NodeGraphModel, "fit", short_fit)
            module.main([name])
    finally:
        # The two scripts define the same flags, which absl allows once a process.
        flags.FLAGS.remove_flag_values([flag for flag in FLAG_NAMES if flag in flags.FLAGS])
        flags.FLAGS.unparse_flags()
    (only,) = runs
    return only


@pytest.fixture(scope="module")
def regularized(cora: dict[str, str]) -> Run:
    return run_script("predecessor_graph_regularization", cora)


def cross_entropy(logits: np.ndarray, labels: np.ndarray) -> float:
    shifted = logits - logits.max(axis=1, keepdims=True)
    log_probabilities = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))
    return float(-np.mean(log_probabilities[np.arange(len(labels)), labels]))


def check_validation(run: Run, eval_path: str) -> None:
    """The last epoch's validation is that of every row of the file, counted by hand."""
    labels = np.concatenate([record["label"] for record in read_records(eval_path)])
    logits = run.model.predict(run.validation, verbose=0)
    assert logits.shape == (EVAL, CLASSES) and len(labels) == EVAL
    expected = cross_entropy(logits, labels)
    assert expected > 0.1
    last = {key: values[-1] for key, values in run.history.items()}
    assert last["val_loss"] == pytest.approx(expected, rel=1e-5)
    assert last["val_sparse_categorical_crossentropy"] == pytest.approx(expected, rel=1e-5)
    accuracy = np.mean(logits.argmax(axis=1) == labels)
    assert last["val_sparse_categorical_accuracy"] == pytest.approx(accuracy)
    in_top_two = np.any(np.argsort(-logits, axis=1)[:, :2] == labels[:, np.newaxis], axis=1)
    assert last["val_sparse_top_k_categorical_accuracy"] == pytest.approx(np.mean(in_top_two))


def with_validation(keys: list[str]) -> set[str]:
    return {*keys, *(f"val_{key}" for key in keys)}


def test_graph_regularization(regularized: Run, cora: dict[str, str]) -> None:
    run, history = regularized, regularized.history
    losses = ["loss", "supervised_loss", "graph_loss", "scaled_graph_loss"]
    monitors = ["neighbor_distance", "random_distance", "spread"]
    assert set(history) == with_validation([*losses, *monitors, *METRICS])
    assert all(len(values) == 2 for values in history.values()) and run.epochs == 30

    for prefix in ("", "val_"):
        supervised, graph_loss, scaled, total = (
            np.array(history[prefix + key])
            for key in ("supervised_loss", "graph_loss", "scaled_graph_loss", "loss")
        )
        np.testing.assert_allclose(scaled, 0.1 * graph_loss, rtol=1e-6)
        np.testing.assert_allclose(total, supervised + scaled, rtol=1e-6)
    assert min(history["graph_loss"]) > 0
    assert history["val_graph_loss"] == [0.0, 0.0]  # It is evaluated without neighbors.
    check_validation(run, cora["eval_examples_path"])


def test_the_graph_loss_is_that_of_the_packed_records(
    regularized: Run, cora: dict[str, str]
) -> None:
    model = regularized.model.base_model
    shares = []
    records = read_records(cora["train_examples_path"])
    for record in records:
        number = int(record["NL_num_nbrs"].item())
        rows = [record["words"], *(record[f"NL_nbr_{i}_words"] for i in range(number))]
        outputs = model(np.stack(rows)).numpy()
        weights = np.array([record[f"NL_nbr_{i}_weight"].item() for i in range(number)])
        distances = np.sum((outputs[1:] - outputs[0]) ** 2, axis=1)
        shares.append(np.sum(weights * distances) / np.sum(weights) if number else 0.0)
    assert len(records) == TRAIN and shares[-1] == 0.0 and max(shares) > 0
    results = regularized.model.evaluate(regularized.train, return_dict=True, verbose=0)
    assert results["graph_loss"] == pytest.approx(np.mean(shares), rel=1e-4)


def test_graph_convolution(cora: dict[str, str]) -> None:
    run = run_script("predecessor_gcn", cora)
    assert set(run.history) == with_validation(["loss", *METRICS])
    assert all(len(values) == 2 for values in run.history.values()) and run.epochs == 30
    check_validation(run, cora["eval_examples_path"])
    # Evaluated with neighbors it says something else of the same weights: the graph is used.
    assert sum(int(x["n_edge"].numpy().sum()) for x, _ in run.train) > 0
    (inputs, _), *_ = list(run.train)
    alone = {
        **inputs,
        "n_edge": tf.zeros_like(inputs["n_edge"]),
        **{key: inputs[key][:0] for key in ("edges", "senders", "receivers")},
    }
    assert np.max(np.abs(run.model(inputs) - run.model(alone))) > 1e-4


def test_the_regularized_model_is_served_on_words_alone(regularized: Run, tmp_path: Path) -> None:
    # Its node model holds a Lambda, so it is exported and not saved.
    model = regularized.model
    with pytest.raises(ValueError, match="Lambda|NodeClassifier"):
        model.save(tmp_path / "model.keras")
    model.export(tmp_path / "served")
    signature = tf.saved_model.load(str(tmp_path / "served")).signatures["serving_default"]
    words = keras.ops.convert_to_tensor(np.eye(5, WORDS), "int64")
    outputs = signature(words=words)["outputs"]
    np.testing.assert_allclose(outputs, model.base_model(words), rtol=1e-5, atol=1e-6)
