"""Configs, `.keras` files and callbacks: what was interrupted goes on as if it were not."""

from __future__ import annotations

import json
from pathlib import Path

import keras
import numpy as np
import pytest

from tests.conformance.registry import Row
from tests.conformance.training import (
    EPOCHS,
    STEPS_PER_EPOCH,
    Alone,
    Trained,
    assert_equal_states,
    batches,
    columns,
    one_step,
    started_over,
    state_of,
)


def test_config_round_trip(alone: Alone) -> None:
    model = alone.row.make(0.3)
    config = model.get_config()
    copy = type(model).from_config(json.loads(json.dumps(config)))
    assert type(copy) is type(model)
    assert json.dumps(copy.get_config()) == json.dumps(config)
    assert config == model.get_config()  # from_config has left it alone.


def test_checkpoint_and_backup_go_on(row: Row, trained: Trained, tmp_path: Path) -> None:
    best, backup = tmp_path / "best.keras", tmp_path / "backup"
    inputs, _ = next(iter(batches(row)))
    callbacks = [
        keras.callbacks.ModelCheckpoint(best, monitor="loss", save_best_only=True),
        keras.callbacks.BackupAndRestore(backup, delete_checkpoint=False),
        # Nothing improves by 100, so training is over after the second epoch.
        keras.callbacks.EarlyStopping(monitor="loss", min_delta=100.0, patience=1),
    ]
    with started_over(trained) as stopped:
        losses = stopped.fit(batches(row), epochs=EPOCHS, callbacks=callbacks, verbose=0)
        losses = losses.history["loss"]
        assert len(losses) == 2 and losses[1] < losses[0]  # So the file is of the second epoch.
        outputs, state = columns(stopped(inputs)), state_of(stopped)
        step, next_state = one_step(row, stopped), state_of(stopped)

    restored = row.compiled(seed=9)  # Other weights, which the backup replaces.
    callbacks = [keras.callbacks.BackupAndRestore(backup)]
    history = restored.fit(batches(row), epochs=2, callbacks=callbacks, verbose=0)
    assert history.epoch == []  # Both were over.
    assert_equal_states(restored, state)

    loaded = keras.models.load_model(best)
    assert type(loaded) is type(trained.model)
    np.testing.assert_array_equal(columns(loaded(inputs)), outputs)
    assert loaded.optimizer.iterations == 2 * STEPS_PER_EPOCH
    assert_equal_states(loaded, state)
    assert one_step(row, loaded) == pytest.approx(step, rel=1e-5)
    assert_equal_states(loaded, next_state)
