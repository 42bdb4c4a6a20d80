"""Figures of retrieval in the history of a training."""

from __future__ import annotations

from pathlib import Path

import keras
import numpy as np
import pytest
import tensorflow as tf

import gnn
from gnn.evaluation import retrieval_figures
from gnn.losses import SupervisedContrastive
from gnn.training import EmbeddingJudge, ExactResume

RNG = np.random.default_rng(0)
LABELS = RNG.integers(0, 6, 120)
INPUTS = (RNG.normal(size=(6, 5))[LABELS] + RNG.normal(size=(120, 5))).astype(np.float32)


def compiled() -> keras.Model:
    keras.utils.set_random_seed(2)
    model = keras.Sequential([keras.Input([5]), keras.layers.Dense(3)])
    model.compile(keras.optimizers.Adam(0.05), SupervisedContrastive(0.5))
    return model


def test_the_history_has_the_figures_of_each_epoch() -> None:
    model = compiled()
    judge = EmbeddingJudge(INPUTS[:40], LABELS[:40], INPUTS[40:], LABELS[40:], seen=range(4))
    stop = keras.callbacks.EarlyStopping("val_map_at_r", mode="max", min_delta=1.0, patience=1)
    history = model.fit(INPUTS, LABELS, epochs=5, verbose=0, callbacks=[judge, stop]).history
    assert len(history["val_map_at_r"]) == 2  # Nothing improves by 1: what comes after it sees it.
    vectors = model.predict(INPUTS, verbose=0)
    wanted = retrieval_figures(vectors[:40], LABELS[:40], vectors[40:], LABELS[40:], seen=range(4))
    assert wanted.unseen is not None
    assert history["val_precision_at_1"][-1] == wanted.precision_at_1
    assert history["val_recall_at_5"][-1] == wanted.recall_at[5]
    assert history["val_unseen_map_at_r"][-1] == wanted.unseen.map_at_r


def test_an_output_by_its_name_and_every_second_epoch() -> None:
    images = RNG.integers(0, 255, (30, 8, 8, 1)).astype(np.uint8)
    model = gnn.ImageEmbeddingModel("small", 4, num_classes=6)
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile("sgd", {"logits": loss})
    judge = EmbeddingJudge(images, LABELS[:30], k=1, every=2)
    history = model.fit(images, LABELS[:30], epochs=3, verbose=0, callbacks=[judge]).history
    first, between, _ = history["val_map_at_r"]
    assert first == between
    judge = EmbeddingJudge(images, LABELS[:30], k=1, output="vector")
    with pytest.raises(KeyError, match="output='vector' names no output"):
        model.fit(images, LABELS[:30], verbose=0, callbacks=[judge])


def test_a_training_that_is_carried_on_has_the_same_history(tmp_path: Path) -> None:
    def trained(epochs: int, folder: str) -> dict[str, list[float]]:
        model = compiled()
        judge = EmbeddingJudge(INPUTS, LABELS, k=1, every=2)
        resume = ExactResume(tmp_path / folder, [judge])
        data = resume.batches(tf.data.Dataset.from_tensor_slices((INPUTS, LABELS)).batch(60))
        return model.fit(data, epochs=epochs, shuffle=False, verbose=0, callbacks=[resume]).history

    whole = trained(4, "whole")
    trained(2, "part")
    carried_on = trained(4, "part")
    assert carried_on["val_map_at_r"][-1] == whole["val_map_at_r"][-1]


def test_arguments() -> None:
    with pytest.raises(ValueError, match="every must be at least 1"):
        EmbeddingJudge(INPUTS, LABELS, every=0)
