"""A callback after which a stopped training ends with the weights of one never stopped."""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from gnn.configs.arguments import check_count
from gnn.training.callback_group import CallbackGroup
from gnn.training.callback_state import CallbackState
from gnn.training.counted_passes import CountedPasses
from gnn.training.model_state import build_for_training, model_state, restore_model_state
from gnn.training.same_training import (
    check_marks,
    check_same_job,
    job_of,
    marks_until,
    place_in_data,
)
from gnn.training.snapshots import (
    Position,
    Snapshot,
    claim_folder,
    read_snapshot,
    write_snapshot,
)

_UNSEEN = (
    "ExactResume has to see the data: model.fit(resume.batches(dataset), callbacks=[resume], ...)"
)


class ExactResume(CallbackGroup):
    """Carries a stopped `fit` on, so that it ends with the same weights, bit for bit.

    Run the same script again after a kill: `fit` goes on at the step of the last snapshot, in the
    middle of an epoch too. A snapshot holds the weights, the optimizer, the seeds of dropout, the
    metrics, the history, the place in the data, and the state of the callbacks given here. Where it
    is finished, `fit` restores the final weights and does nothing more; asked for more epochs, it
    goes on. One that a callback given here stopped is finished; one that another stopped goes on.

    The data come through `batches`, which sees how often they were gone over. Their order must be a
    function of a seed and of that number, as it is for `gnn.data.neighborhoods(shuffle=True,
    seed=...)` and `tf.data.Dataset.shuffle(..., seed=...)`. It is looked at: a data set that begins
    otherwise than before raises.

    Covered: any Keras model, compiled with any optimizer, rate schedule and metrics;
    `steps_per_execution` that divides the steps of an epoch; `tf.distribute.MirroredStrategy`; data
    without an end, and `batches(...).repeat()` with `steps_per_epoch`. Not covered: random numbers
    from elsewhere than `keras.random.SeedGenerator` (such as `tf.random.uniform` in a layer),
    callbacks with a state that are not given here, several workers. Equal bits want equal
    hardware; on a GPU, `tf.config.experimental.enable_op_determinism()` too, if an op of the model
    needs it.

    A snapshot is written in the thread that trains, and flushed to the disk. It takes as long as
    writing three times the weights under Adam; between two of them a step costs nothing. Each pass
    over the data costs about half a millisecond. Carrying on draws the batches that this epoch
    has used, and one of each epoch before.

    Args:
        folder: where the snapshots lie; made if there is none. One training has one folder, of its
            own: new, or empty, or with the snapshots of this training.
        callbacks: those with a state, such as `EarlyStopping`, `ReduceLROnPlateau`,
            `ModelCheckpoint`, `gnn.training.RefreshAgreement`. They are run from here: do not give
            them to `fit` again. Their attributes are kept that are numbers, strings, arrays, and
            lists and dicts of such; one whose other attributes change raises.
        every_seconds: the least time between two snapshots; 0 writes one after each execution.
        every_steps: writes one after so many steps instead.

    Raises:
        FileExistsError: in `fit`: `folder` holds something else, and no snapshots.
        ValueError: an argument is out of range. In `fit`: the data did not come from `batches`, are
            others than those of the snapshot, or are not drawn alike; model, `compile`, callbacks
            or steps differ from the snapshot's (the message says in what); the snapshot is damaged;
            `steps_per_execution` does not divide the steps of an epoch; there are several workers.

    Example:

    >>> import tempfile
    >>> data = tf.data.Dataset.from_tensor_slices(([[0.0], [1.0]], [[1.0], [0.0]]))
    >>> model = keras.Sequential([keras.layers.Dense(1)])
    >>> model.compile("sgd", "mse")
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     resume = ExactResume(folder)
    ...     batches = resume.batches(data.shuffle(2, seed=0).batch(1))
    ...     history = model.fit(
    ...         batches, epochs=3, callbacks=[resume], shuffle=False, verbose=0)
    >>> len(history.history["loss"])
    3
    """

    def __init__(
        self,
        folder: str | os.PathLike[str],
        callbacks: Sequence[keras.callbacks.Callback] = (),
        *,
        every_seconds: float = 60.0,
        every_steps: int | None = None,
    ):
        super().__init__(callbacks)
        if not every_seconds >= 0:
            raise ValueError(f"every_seconds must be at least 0; got {every_seconds!r}")
        if every_steps is not None:
            check_count("every_steps", every_steps)
        self._folder = Path(folder)
        self._states = [CallbackState(callback) for callback in self.callbacks]
        self._every_seconds, self._every_steps = every_seconds, every_steps
        self._passes: CountedPasses | None = None
        self._position = Position(0, 0, 0, None)
        self._job: dict[str, Any] = {}
        self._first_epoch: int | None = None
        self._finished: Snapshot | None = None
        # Executions that an earlier process did, and that Keras goes through again.
        self._done_before = 0
        self._train_function: Any = None
        self._written_at, self._written_total = 0.0, 0

    def batches(self, dataset: tf.data.Dataset) -> tf.data.Dataset:
        """The same data set, for `fit` alone.

        What is done to it afterwards must keep batches one to one: `map`, `prefetch`, `repeat`,
        `gnn.data.distribute`. Shuffle and batch before.

        Args:
            dataset: of batches. With `steps_per_epoch`, repeat what this returns: a `repeat` before
                it is right too, but carrying on then draws all batches that were used.

        Raises:
            TypeError: it is no `tf.data.Dataset`.
        """
        if not isinstance(dataset, tf.data.Dataset):
            raise TypeError(
                f"batches takes a tf.data.Dataset; got {type(dataset).__name__}. Of arrays, make "
                "one: tf.data.Dataset.from_tensor_slices((x, y)).shuffle(n, seed=0).batch(32)"
            )
        self._passes = CountedPasses(dataset)
        return self._passes.batches

    # Beginning.

    def on_train_begin(self, logs: dict[str, Any] | None = None) -> None:
        """Reads the snapshot, if there is one, and has `fit` begin where it was taken.

        Raises:
            ValueError: it cannot be carried on exactly; the class says when.
        """
        self._put_back()  # An interrupt may have left it.
        self._check()
        self.asked_to_stop = False
        super().on_train_begin(logs)
        for callback_state in self._states:
            callback_state.begin()
        steps = self.params.get("steps")
        self._job = job_of(self.model, steps, self._counted, self.callbacks, self._states)
        self._position = Position(0, 0, 0, steps)
        self._first_epoch, self._finished, self.hears_batches = None, None, True
        self._written_at, self._written_total = time.monotonic(), 0
        claim_folder(self._folder)
        finished = read_snapshot(self._folder, finished=True)
        if finished is not None:
            check_same_job(finished, self._job)
            if finished.state["stopped"] or finished.position.epoch + 1 >= self.params["epochs"]:
                self._finish(finished)
                return
        snapshot = read_snapshot(self._folder)
        if snapshot is None:
            self._counted.start()
            return
        check_same_job(snapshot, self._job)
        if snapshot.position.epoch >= self.params["epochs"]:
            raise ValueError(
                f"the snapshot {str(snapshot.path)!r} is at {snapshot.position} already, past "
                f"epochs={self.params['epochs']}: give another folder"
            )
        self._carry_on(snapshot)

    @property
    def _counted(self) -> CountedPasses:
        assert self._passes is not None
        return self._passes

    def _check(self) -> None:
        if self._passes is None:
            raise ValueError(_UNSEEN)
        if self.model.distribute_strategy.num_replicas_in_sync > self._replicas_here():
            raise ValueError("ExactResume does not work with several workers")
        steps, executed = self.params.get("steps"), self.model.steps_per_execution
        if steps and steps % executed:
            raise ValueError(
                f"steps_per_execution={executed} must divide the steps of an epoch, of which there "
                f"are {steps}"
            )

    def _finish(self, snapshot: Snapshot) -> None:
        """Has `fit` do nothing but restore the final state."""
        batch = self._counted.replay(max(1, self._counted.begun))
        if batch is None and not self.model.built:  # A new model, in a process that has trained.
            batch = next(iter(self._counted.dataset))
        build_for_training(self.model, batch)
        self._restore(snapshot)
        # Private, and how Keras' own BackupAndRestore says where to begin.
        self.model._initial_epoch = self.params["epochs"]
        self._finished = snapshot

    def _carry_on(self, snapshot: Snapshot) -> None:
        self._written_total = snapshot.position.total
        passes, skipped = self._place(snapshot.position, snapshot.state["first_epoch"])
        batch = self._counted.replay(passes)
        check_marks(snapshot, self._counted)
        self.model._initial_epoch = snapshot.position.epoch
        self._done_before = -(-snapshot.position.step // self.model.steps_per_execution)
        self.hears_batches = False
        self._train_function = self.model.train_function
        left = executions = self._done_before

        def restore(iterator: Any) -> None:
            first = batch
            for _ in range(skipped):
                drawn = next(iterator, None)
                first = drawn if first is None else first
            check_marks(snapshot, self._counted)
            build_for_training(self.model, first)
            self._restore(snapshot)

        def instead(iterator: Any) -> Any:
            """What this epoch has done is not done again."""
            nonlocal left
            try:
                if left == executions:
                    restore(iterator)
            except BaseException:
                self._put_back()
                raise
            left -= 1
            if not left:
                self._put_back()
            return dict(snapshot.state["logs"])

        self.model.train_function = instead

    def _put_back(self) -> None:
        if self._train_function is not None:
            self.model.train_function, self._train_function = self._train_function, None

    def _place(self, position: Position, first_epoch: int) -> tuple[int, int]:
        """The pass over the data at a position, and the steps done of it."""
        batches = int(self._counted.dataset.cardinality())
        return place_in_data(position, first_epoch, batches, self._replicas_here())

    def _replicas_here(self) -> int:
        strategy = self.model.distribute_strategy
        several = strategy.num_replicas_in_sync > 1
        return len(strategy.extended.worker_devices) if several else 1

    def _restore(self, snapshot: Snapshot) -> None:
        state = snapshot.state
        restore_model_state(self.model, state["variables"])
        for callback_state, attributes in zip(self._states, state["callbacks"], strict=True):
            callback_state.restore(attributes)
        self.model.history.epoch = list(state["history"]["epoch"])
        self.model.history.history = {k: list(v) for k, v in state["history"]["values"].items()}
        self.model.stop_training = self.asked_to_stop = state["stop_training"]
        self._first_epoch, self._position = state["first_epoch"], snapshot.position

    # Going on.

    def on_epoch_begin(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Counts from the first step of an epoch."""
        self.model._initial_epoch = None
        if self._first_epoch is None:
            self._first_epoch = epoch
        before = self._position
        self._position = Position(epoch, 0, before.total, before.steps)
        for callback, callback_state in zip(self.callbacks, self._states, strict=True):
            # An epoch that is carried on began in the stopped training. A callback that knows its
            # state is given what it made of it; others may have set what no snapshot holds.
            if self.hears_batches or not callback_state.knows_its_own:
                callback.on_epoch_begin(epoch, logs)

    def on_train_batch_end(self, batch: int, logs: dict[str, Any] | None = None) -> None:
        """Writes a snapshot if it is time."""
        if not self.hears_batches:
            self._done_before -= 1
            self.hears_batches = not self._done_before
            return
        if not self._counted.marks:
            raise ValueError(_UNSEEN)
        super().on_train_batch_end(batch, logs)
        before = self._position
        step = batch + 1
        self._position = Position(
            before.epoch, step, before.total + step - before.step, before.steps
        )
        if self._is_time():
            self._write(logs or {})

    def _is_time(self) -> bool:
        position = self._position
        if position.step == position.steps and position.epoch + 1 == self.params["epochs"]:
            return True
        if self._every_steps is not None:
            return position.total - self._written_total >= self._every_steps
        return time.monotonic() - self._written_at >= self._every_seconds

    def _write(self, logs: dict[str, Any], finished: bool = False) -> None:
        if not np.isfinite(float(logs.get("loss", 0.0))):
            return  # Nothing to carry on from: the last good state is worth more.
        history = self.model.history
        reading, _ = self._place(self._position, self._first_epoch or 0)
        state = {
            "job": self._job,
            "first_epoch": self._first_epoch,
            "logs": {key: float(value) for key, value in logs.items() if np.ndim(value) == 0},
            "variables": model_state(self.model),
            "callbacks": [callback_state.attributes() for callback_state in self._states],
            "history": {"epoch": history.epoch, "values": history.history},
            # By a callback of this training. What stops one `fit` from outside ends that alone.
            "stop_training": self.asked_to_stop,
            "stopped": finished and self.asked_to_stop,
            "marks": marks_until(self._counted, reading),
        }
        write_snapshot(self._folder, Snapshot(self._position, state), finished)
        self._written_at, self._written_total = time.monotonic(), self._position.total

    # Ending.

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Looks whether the epoch was a whole one.

        Raises:
            ValueError: the data ended before.
        """
        steps = self._position.steps
        if steps and self._position.step < steps and not self.model.stop_training:
            raise ValueError(
                f"the data ended after {self._position.step} of {steps} steps of epoch {epoch + 1}:"
                " with steps_per_epoch, repeat them: resume.batches(dataset).repeat()"
            )
        super().on_epoch_end(epoch, logs)

    def on_train_end(self, logs: dict[str, Any] | None = None) -> None:
        """Writes the final state; where there was nothing to do, restores it."""
        self.model._initial_epoch = None
        self._put_back()
        if self._finished is not None:
            self._restore(self._finished)
            return
        super().on_train_end(logs)
        if self._first_epoch is not None:
            self._write(logs or {}, finished=True)
