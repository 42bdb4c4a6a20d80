"""Programs after NSL's two tutorials run with another import line, and report what is true."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tests.integration.scripts import script


# Keras 3 warns at the end of the first epoch over files, whose number of records it does not know.
@pytest.mark.filterwarnings("ignore:Your input ran out of data:UserWarning")
def test_graph_regularization_of_texts(tmp_path: Path) -> None:
    imdb = script("predecessor_imdb")
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 2, 60)
    # Each kind of text has words of its own, so that neighbors are of one kind.
    texts = [rng.integers(2, 8, rng.integers(5, 15)) + 20 * label for label in labels]
    run = imdb.main(tmp_path, texts, labels, lambda text: np.bincount(text, minlength=60))

    graph = run["graph"]
    assert len(graph) > 20 and max(map(int, graph)) < 40
    assert all(labels[int(a)] == labels[int(b)] for a, row in graph.items() for b in row)
    history, (loss, accuracy) = run["history"], run["results"]
    trained = {"loss", "accuracy", "graph_loss", "scaled_graph_loss"}
    assert set(history) == {*trained, "val_loss", "val_accuracy"}
    assert min(history["graph_loss"]) > 0.0
    scaled = 0.1 * np.array(history["graph_loss"])
    np.testing.assert_allclose(history["scaled_graph_loss"], scaled, rtol=1e-6)

    # What is evaluated are the base model's logits of all test texts.
    words = np.stack([np.resize(np.append(t, np.zeros(12, int)), 12) for t in texts[40:]])
    logits = run["model"].base_model(words).numpy()[:, 0]
    signed = np.where(labels[40:] == 1, logits, -logits)
    assert loss == pytest.approx(np.mean(np.log1p(np.exp(-signed))), rel=1e-4)
    assert accuracy == pytest.approx(np.mean((logits > 0.5) == labels[40:]))


# Keras 3 warns where a functional model of one input is called on a dict, as the tutorial does.
@pytest.mark.filterwarnings("ignore:(?s).*The structure of `inputs` doesn't match:UserWarning")
def test_adversarial_regularization_of_digits(data_dir: Path) -> None:
    mnist = script("predecessor_mnist")
    if not (data_dir / "mnist10k.npz").exists():
        pytest.skip("GNN_DATA_DIR has no mnist10k.npz")
    run = mnist.main()
    assert set(run["history"]) == {
        "loss",
        "sparse_categorical_crossentropy",
        "sparse_categorical_accuracy",
        "adversarial_loss",
        "scaled_adversarial_loss",
    }
    assert run["history"]["loss"][1] < run["history"]["loss"][0]
    images, labels = run["test"]
    logits = run["model"].base_model.predict(images, verbose=0)
    accuracy = np.mean(logits.argmax(1) == labels)
    assert run["results"]["sparse_categorical_accuracy"] == pytest.approx(accuracy)
    np.testing.assert_allclose(run["moves"], 0.2, rtol=1e-5)
    assert run["accuracies"]["base"] < accuracy
