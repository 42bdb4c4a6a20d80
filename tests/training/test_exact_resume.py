"""Stopped trainings end, bit for bit, as those that never stopped."""

from __future__ import annotations

import dataclasses
import functools
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

from gnn.data import distribute, full_batch, neighborhoods
from gnn.files import MANIFEST, Manifest, write_manifest
from gnn.graphs import Graph
from gnn.models import GraphConvolutionalNodeClassifier
from gnn.training import ExactResume
from gnn.training.callback_state import CallbackState
from gnn.training.snapshots import (
    Position,
    Snapshot,
    read_position,
    read_snapshot,
    write_snapshot,
)


class Kill(Exception):
    """What stops a training in these tests: nothing runs after it, as after a SIGKILL."""


class KillAt(keras.callbacks.Callback):
    """Stops before the step of this number, counted over all epochs of this process."""

    def __init__(self, step: int):
        super().__init__()
        self._left = step

    def on_train_batch_begin(self, batch: int, logs: Any = None) -> None:
        if not self._left:
            raise Kill
        self._left -= 1


class StopAt(keras.callbacks.Callback):
    """Has `fit` stop after the step of this number, as a limit of time would."""

    def __init__(self, step: int):
        super().__init__()
        self._left = step

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        self._left -= 1
        if not self._left:
            self.model.stop_training = True


def make_graph(seed: int = 0) -> Graph:
    rng = np.random.default_rng(seed)
    return Graph.from_edges(
        rng.integers(0, 30, 90),
        rng.integers(0, 30, 90),
        rng.normal(size=(30, 4)).astype(np.float32),
        labels=rng.integers(0, 3, 30),
        splits={"train": np.arange(20), "validation": np.arange(20, 30)},
    )


def classifier(**compile_arguments: Any) -> keras.Model:
    model = GraphConvolutionalNodeClassifier(num_classes=3, hidden_units=4, dropout_rate=0.5)
    arguments = {"optimizer": moving(0.05), "metrics": ["accuracy"]}
    return compiled(model, **{**arguments, **compile_arguments})


def moving(rate: float) -> keras.optimizers.Optimizer:
    """With a state of its own, and cheaper by the step than Adam."""
    return keras.optimizers.SGD(rate, momentum=0.9)


def compiled(model: keras.Model, **arguments: Any) -> keras.Model:
    """Eager by default, which spares the tracing of functions that would run a few times."""
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(**{"loss": loss, "run_eagerly": True, **arguments})
    return model


def dense(**compile_arguments: Any) -> keras.Model:
    """Unbuilt, with dropout, momentum and statistics that are no weights."""
    layers = keras.layers
    model = keras.Sequential(
        [layers.Dense(4), layers.BatchNormalization(), layers.Dropout(0.5), layers.Dense(3)]
    )
    arguments = {"optimizer": moving(0.1)}
    return compiled(model, **{**arguments, **compile_arguments})


def sampled(**changes: Any) -> tf.data.Dataset:
    options = {"batch_size": 6, "fanout": (2, 2), "shuffle": True, "seed": 3, **changes}
    return neighborhoods(make_graph(), "train", **options)


def rows(batch_size: int = 8) -> tf.data.Dataset:
    graph = make_graph()
    pairs = tf.data.Dataset.from_tensor_slices((graph.features["features"], graph.labels))
    return pairs.shuffle(30, seed=7).batch(batch_size)


@dataclasses.dataclass(frozen=True)
class Job:
    """A training: what its script would make anew in each process."""

    model: Callable[[], keras.Model] = classifier
    data: Callable[[], tf.data.Dataset] = sampled
    callbacks: Callable[[], list[keras.callbacks.Callback]] = list
    repeat: bool = False
    epochs: int = 2
    validates: bool = False
    options: dict[str, Any] = dataclasses.field(default_factory=dict)

    def run(
        self, folder: Path | None, kill: int | None = None, stop: int | None = None, **changes: Any
    ) -> Any:
        keras.utils.set_random_seed(11)
        model, data, callbacks = self.model(), self.data(), self.callbacks()
        if folder is not None:
            resume = ExactResume(folder, callbacks, **{"every_seconds": 0, **changes})
            data, callbacks = resume.batches(data), [resume]
        if kill is not None:
            callbacks.append(KillAt(kill))
        if stop is not None:
            callbacks.insert(0, StopAt(stop))
        validation = full_batch(make_graph(), "validation") if self.validates else None
        history = model.fit(
            data.repeat() if self.repeat else data,
            epochs=self.epochs,
            callbacks=callbacks,
            validation_data=validation,
            verbose=0,
            shuffle=False,
            **self.options,
        )
        return model, history


def values(model: keras.Model) -> list[np.ndarray]:
    """Those of all variables, and of all replicas where they have values of their own."""
    found = []
    for variable in [*model.variables, *model.optimizer.variables]:
        parts = model.distribute_strategy.experimental_local_results(variable.value)
        found += [tf.convert_to_tensor(part).numpy() for part in parts]
    return found


def assert_alike(one: Any, other: Any) -> None:
    for value, expected in zip(values(one[0]), values(other[0]), strict=True):
        np.testing.assert_array_equal(value, expected)
    assert one[1].history == other[1].history
    assert one[1].epoch == other[1].epoch


def stopping() -> list[keras.callbacks.Callback]:
    return [
        keras.callbacks.EarlyStopping(
            "val_loss", patience=2, min_delta=10.0, restore_best_weights=True
        ),
        keras.callbacks.ReduceLROnPlateau("val_loss", patience=1, min_delta=10.0, cooldown=1),
    ]


def falling_rate() -> list[keras.callbacks.Callback]:
    return [keras.callbacks.LearningRateScheduler(lambda epoch, rate: rate * 0.5)]


def decaying() -> keras.Model:
    schedule = keras.optimizers.schedules.ExponentialDecay(0.1, 3, 0.7)
    return dense(optimizer=keras.optimizers.Adam(schedule, use_ema=True))


JOBS = {
    "sampled": Job(),  # 4 batches an epoch.
    "traced": Job(
        model=lambda: classifier(run_eagerly=False, optimizer=keras.optimizers.Adam(0.05))
    ),
    "full batch": Job(data=lambda: full_batch(make_graph(), "train"), epochs=4),
    "validation": Job(validates=True, callbacks=stopping, epochs=5),
    "rate of the epoch": Job(model=dense, data=rows, callbacks=falling_rate),
    "rate of the step": Job(model=decaying, data=rows),
    "repeated": Job(model=dense, data=rows, repeat=True, options={"steps_per_epoch": 5}),
    "repeated before": Job(
        model=dense, data=lambda: rows().repeat(), options={"steps_per_epoch": 5}
    ),
    "executions": Job(
        model=lambda: dense(steps_per_execution=3, run_eagerly=False),
        data=rows,
        repeat=True,
        options={"steps_per_epoch": 6},
    ),
    "unbuilt": Job(model=dense, data=rows),  # 4 batches, the last one smaller.
    "unknown length": Job(model=dense, data=lambda: rows().filter(lambda *row: True)),
    "unknown length, repeated": Job(
        model=dense,
        data=lambda: rows().filter(lambda *row: True),
        repeat=True,
        options={"steps_per_epoch": 5},
    ),
    "initial epoch": Job(model=dense, data=rows, epochs=4, options={"initial_epoch": 2}),
}


Whole = Callable[[str], Any]


@pytest.fixture(scope="module")
def never_stopped(tmp_path_factory: pytest.TempPathFactory) -> Whole:
    """What a job ends with that nothing stops; each is run once.

    The callback changes nothing, so that one job goes without. (Of tf.data's shuffle, Keras' own
    fit begins passes that it does not use.)
    """

    @functools.cache
    def run(name: str) -> Any:
        folder = None if name == "sampled" else tmp_path_factory.mktemp("whole")
        return JOBS[name].run(folder, every_seconds=1e9)

    return run


# Of data whose length it does not know, Keras always says so at the end of the first epoch.
RUNS_OUT = pytest.mark.filterwarnings("ignore:Your input ran out of data")


@pytest.mark.parametrize(
    "name", [pytest.param(job, marks=RUNS_OUT if job == "unknown length" else ()) for job in JOBS]
)
def test_stopped_training_ends_as_one_never_stopped(
    name: str, never_stopped: Whole, tmp_path: Path
) -> None:
    job = JOBS[name]
    whole = never_stopped(name)
    total = int(whole[0].optimizer.iterations) // whole[0].steps_per_execution
    for kill in (1, total // 2 + 1)[0 if whole[0].run_eagerly else 1 :]:
        with pytest.raises(Kill):
            job.run(tmp_path / "run", kill=kill)
    position = read_position(tmp_path / "run")
    assert position is not None and position.total > 1
    assert_alike(job.run(tmp_path / "run"), whole)


@pytest.mark.parametrize("every_steps", [2, 5])
def test_last_snapshot_is_carried_on_where_steps_were_lost(
    every_steps: int, never_stopped: Whole, tmp_path: Path
) -> None:
    job = JOBS["unbuilt"]
    with pytest.raises(Kill):
        job.run(tmp_path / "run", kill=7, every_steps=every_steps)
    position = read_position(tmp_path / "run")
    assert position is not None and position.total == 7 // every_steps * every_steps
    assert_alike(job.run(tmp_path / "run", every_steps=every_steps), never_stopped("unbuilt"))


def test_killed_before_the_first_snapshot(never_stopped: Whole, tmp_path: Path) -> None:
    job = JOBS["unbuilt"]
    with pytest.raises(Kill):
        job.run(tmp_path / "run", kill=3, every_seconds=1e9)
    assert read_position(tmp_path / "run") is None
    assert_alike(job.run(tmp_path / "run", every_seconds=1e9), never_stopped("unbuilt"))


def test_finished_training_does_nothing_more(tmp_path: Path) -> None:
    job = JOBS["validation"]
    whole = job.run(tmp_path / "run")
    assert len(whole[1].epoch) == 3 < job.epochs  # Stopped early; the best weights are back.
    again = job.run(tmp_path / "run", kill=0)  # A single step would be killed.
    assert_alike(again, whole)
    longer = dataclasses.replace(job, epochs=7)
    assert_alike(longer.run(tmp_path / "run", kill=0), whole)


@pytest.mark.parametrize("stop", [2, 4])  # Within an epoch, and at its end.
def test_a_training_that_another_callback_stopped_goes_on_without_it(
    stop: int, never_stopped: Whole, tmp_path: Path
) -> None:
    """It passed for finished, and was never carried on."""
    job = JOBS["unbuilt"]
    stopped, _ = job.run(tmp_path / "run", stop=stop)
    assert int(stopped.optimizer.iterations) == stop
    assert_alike(job.run(tmp_path / "run"), never_stopped("unbuilt"))


def test_finished_training_restores_a_new_model_in_the_same_process(tmp_path: Path) -> None:
    resume = ExactResume(tmp_path / "run")
    data = resume.batches(rows())
    first, again = dense(), dense()
    for model in (first, again):
        history = model.fit(data, callbacks=[resume], verbose=0, shuffle=False)
    assert_alike((again, history), (first, first.history))


@pytest.mark.parametrize("name", ["sampled", "repeated", "rate of the step"])
def test_more_epochs_carry_on(name: str, never_stopped: Whole, tmp_path: Path) -> None:
    job = JOBS[name]
    dataclasses.replace(job, epochs=1).run(tmp_path / "run", every_seconds=1e9)
    assert_alike(job.run(tmp_path / "run", every_seconds=1e9), never_stopped(name))
    with pytest.raises(ValueError, match="epochs=1: give another folder"):
        shutil.rmtree(next((tmp_path / "run").glob("end-*")))
        dataclasses.replace(job, epochs=1).run(tmp_path / "run")


def normalizing() -> keras.Model:
    """Each device has moving averages of its own: they are of its batches."""
    model = GraphConvolutionalNodeClassifier(
        num_classes=3,
        hidden_units=4,
        dropout_rate=0.5,
        node_model_fn=keras.layers.BatchNormalization,
    )
    return compiled(model, optimizer=moving(0.05))


def test_two_devices(two_devices: tf.distribute.Strategy, tmp_path: Path) -> None:
    def data(resume: ExactResume | None) -> Any:
        def make(context: tf.distribute.InputContext) -> tf.data.Dataset:
            batches = sampled(batch_size=4, padding=True)  # 5 batches: 3 steps.
            return batches if resume is None else resume.batches(batches)

        return distribute(two_devices, make)

    def run(folder: Path | None, kill: int | None = None) -> Any:
        keras.utils.set_random_seed(11)
        with two_devices.scope():
            model = normalizing()
        resume = None if folder is None else ExactResume(folder, every_seconds=0)
        callbacks: list[Any] = [] if resume is None else [resume]
        if kill is not None:
            callbacks.append(KillAt(kill))
        return model, model.fit(data(resume), epochs=2, callbacks=callbacks, verbose=0)

    whole = run(None)
    averages = [v.value for v in whole[0].variables if "moving_mean" in v.path]
    first, second = two_devices.experimental_local_results(averages[0])
    assert not np.array_equal(first.numpy(), second.numpy())
    with pytest.raises(Kill):
        run(tmp_path / "run", kill=4)
    assert_alike(run(tmp_path / "run"), whole)


# What cannot be exact is said.


@pytest.fixture(scope="module")
def killed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a training that was killed in its second epoch."""
    path = tmp_path_factory.mktemp("killed") / "run"
    with pytest.raises(Kill):
        JOBS["sampled"].run(path, kill=6)
    return path


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"data": lambda: sampled(seed=4)}, "pass 1 over them begins otherwise"),
        ({"data": lambda: sampled(batch_size=5, seed=3)}, "pass 1 over them begins otherwise"),
        ({"data": lambda: sampled(batch_size=3)}, "steps of an epoch was 4, and is 7"),
        ({"data": lambda: sampled(padding=True)}, "the data was "),
        ({"model": lambda: classifier(loss="mse")}, "compile.loss"),
        (
            {"model": lambda: classifier(optimizer=moving(0.1))},
            r"learning_rate was 0.05\d*, and is 0.1",
        ),
        ({"model": dense}, "the model was 'GraphConvolutionalNodeClassifier', and is 'Sequential'"),
        ({"callbacks": falling_rate}, "LearningRateScheduler was None, and is True"),
        ({"epochs": 1}, "is at step 2 of epoch 2 already, past epochs=1"),
    ],
)
def test_another_training_is_refused(changes: Any, message: str, killed: Path) -> None:
    with pytest.raises(ValueError, match=message):
        dataclasses.replace(JOBS["sampled"], **changes).run(killed)
    # Nothing was lost.
    assert read_snapshot(killed) is not None


def test_another_dropout_rate_is_refused(killed: Path) -> None:
    def other() -> keras.Model:
        model = GraphConvolutionalNodeClassifier(num_classes=3, hidden_units=4, dropout_rate=0.1)
        return compiled(model, optimizer=moving(0.05), metrics=["accuracy"])

    with pytest.raises(ValueError, match=r"the model.dropout_rate was 0.5, and is 0.1. Give"):
        dataclasses.replace(JOBS["sampled"], model=other).run(killed)


def test_other_variables_are_refused(tmp_path: Path) -> None:
    def units(number: int) -> Callable[[], keras.Model]:
        class Model(keras.Model):  # Keeps no arguments: only its variables tell.
            def __init__(self) -> None:
                super().__init__()
                self.one = keras.layers.Dense(number)

            def call(self, inputs: Any) -> Any:
                return self.one(inputs)

            def get_config(self) -> dict[str, Any]:
                raise NotImplementedError

        return lambda: compiled(Model(), optimizer="sgd")

    job = Job(data=rows)
    with pytest.raises(Kill):
        dataclasses.replace(job, model=units(3)).run(tmp_path / "run", kill=3)
    message = r"variable 0 of the model was 'kernel' \[4, 3\] float32, and is 'kernel' \[4, 5\]"
    with pytest.raises(ValueError, match=message):
        dataclasses.replace(job, model=units(5)).run(tmp_path / "run")


def test_order_without_a_seed_is_refused(tmp_path: Path) -> None:
    def unseeded() -> tf.data.Dataset:
        pairs = tf.data.Dataset.range(64).map(lambda i: (tf.cast([i], tf.float32), i % 3))
        # Not even the global seed that `run` sets.
        tf.random.set_seed(np.random.SeedSequence().entropy % 2**31)
        return pairs.shuffle(64).batch(4)

    job = Job(model=dense, data=unseeded)
    with pytest.raises(Kill):
        job.run(tmp_path / "run", kill=3)
    with pytest.raises(ValueError, match="their order is not a function of a seed"):
        job.run(tmp_path / "run")


def test_data_that_did_not_pass_by_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"model.fit\(resume.batches\(dataset\)"):
        classifier().fit(sampled(), callbacks=[ExactResume(tmp_path)], verbose=0)
    resume = ExactResume(tmp_path)
    resume.batches(sampled())
    with pytest.raises(ValueError, match="has to see the data"):
        classifier().fit(sampled(), callbacks=[resume], verbose=0)
    with pytest.raises(TypeError, match="takes a tf.data.Dataset; got ndarray"):
        ExactResume(tmp_path).batches(np.ones(3))


def test_steps_per_execution_has_to_divide(tmp_path: Path) -> None:
    job = Job(model=lambda: classifier(steps_per_execution=3))
    with pytest.raises(ValueError, match="=3 must divide the steps of an epoch, of which .* 4"):
        job.run(tmp_path / "run")


@RUNS_OUT
def test_data_that_end_in_an_epoch_are_refused(tmp_path: Path) -> None:
    job = Job(options={"steps_per_epoch": 3})
    with pytest.raises(ValueError, match=r"ended after 1 of 3 steps of epoch 2.*repeat\(\)"):
        job.run(tmp_path / "run")


@pytest.mark.parametrize("file", ["arrays.npz", "state.json"])
def test_damaged_snapshot_is_named(file: str, killed: Path, tmp_path: Path) -> None:
    shutil.copytree(killed, tmp_path / "run")
    (path,) = (tmp_path / "run").glob("step-*")
    content = (path / file).read_bytes()
    (path / file).write_bytes(content[: len(content) // 2])
    with pytest.raises(ValueError, match=f"{path.name}' is damaged .*; remove it to start anew"):
        JOBS["sampled"].run(tmp_path / "run")


@pytest.mark.parametrize("arguments", [{"every_seconds": -1}, {"every_steps": 0}])
def test_arguments(arguments: Any, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=f"{next(iter(arguments))} must be"):
        ExactResume(tmp_path, **arguments)


def test_diverged_state_is_not_kept(tmp_path: Path) -> None:
    def diverging() -> keras.Model:
        return dense(optimizer=keras.optimizers.SGD(1e30))

    Job(model=diverging, data=rows).run(tmp_path / "run")
    position = read_position(tmp_path / "run")
    assert position is None or position.total < 8


@pytest.mark.parametrize(
    ("policy", "job"),
    [
        ("bfloat16", Job(model=dense, data=rows, epochs=1)),  # 4 steps.
        ("mixed_float16", Job(model=dense, data=rows, epochs=1)),
        ("mixed_float16", Job(epochs=1)),  # A graph network.
    ],
    ids=["bfloat16", "mixed", "mixed graph"],
)
def test_half_precision_is_kept(policy: str, job: Job, tmp_path: Path) -> None:
    keras.config.set_dtype_policy(policy)
    whole = job.run(tmp_path / "whole", every_seconds=1e9)
    if policy == "bfloat16":
        assert "bfloat16" in {variable.dtype for variable in whole[0].variables}
    with pytest.raises(Kill):
        job.run(tmp_path / "run", kill=2)
    assert_alike(job.run(tmp_path / "run"), whole)


def test_a_second_fit_in_one_process_goes_on(never_stopped: Whole, tmp_path: Path) -> None:
    keras.utils.set_random_seed(11)
    model, resume = dense(), ExactResume(tmp_path / "run", every_seconds=0)
    data = resume.batches(rows())
    model.fit(data, epochs=1, callbacks=[resume], shuffle=False, verbose=0)
    history = model.fit(data, epochs=2, callbacks=[resume], shuffle=False, verbose=0)
    assert_alike((model, history), never_stopped("unbuilt"))


def test_what_killed_processes_left_is_removed(tmp_path: Path) -> None:
    """Also on a machine of another name; one training has one folder."""
    mine = tmp_path / ".step-000000002.partial-host-1-a" / "new"
    for step in (7, 8, 9):
        write_snapshot(tmp_path, Snapshot(Position(0, step, step, None), {}))
        left = tmp_path / f".end-00000000{step}.partial-host-1-a"
        write_manifest(left, Manifest("temporary", frozenset({"new"})))
        (left / "new" / "half").mkdir(parents=True)
        mine.mkdir(parents=True, exist_ok=True)
    names = {MANIFEST, "step-000000009", left.name, mine.parent.name}
    assert {path.name for path in tmp_path.iterdir()} == names


def test_link_as_folder_is_followed(tmp_path: Path) -> None:
    link = tmp_path / "link"
    link.symlink_to(tmp_path / "disk")  # It leads nowhere yet.
    for step in (1, 2):
        write_snapshot(link, Snapshot(Position(0, step, step, None), {}))
    assert link.is_symlink() and read_position(link) == Position(0, 2, 2, None)
    assert {path.name for path in (tmp_path / "disk").iterdir()} == {MANIFEST, "step-000000002"}


def test_snapshot_is_plain(killed: Path) -> None:
    (path,) = killed.glob("step-*")
    assert {found.name for found in path.iterdir()} == {"arrays.npz", "state.json", MANIFEST}
    stored = json.loads((path / "state.json").read_text())
    assert stored["position"] == {"epoch": 1, "step": 2, "total": 6, "steps": 4}


def test_callback_whose_state_cannot_be_kept_is_refused(tmp_path: Path) -> None:
    logger = keras.callbacks.CSVLogger(str(tmp_path / "log.csv"))
    job = Job(model=dense, data=rows, callbacks=lambda: [logger])
    message = "CSVLogger has a state that a snapshot cannot hold: writer is a .*give it to fit"
    with pytest.raises(ValueError, match=message):
        job.run(tmp_path / "run")
    logger.csv_file.close()


def test_what_a_callback_happens_to_call_its_state_is_an_attribute() -> None:
    callback = keras.callbacks.Callback()
    callback.training_state = "begun"
    state = CallbackState(callback)
    assert not state.knows_its_own
    assert state.description() == state.attributes() == {"training_state": "begun"}


class Begins(keras.callbacks.Callback):
    """Notes the epochs that it sees begin where no snapshot looks."""

    def __init__(self, seen: list[int]):
        super().__init__()
        self.note = seen.append

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        self.note(epoch)


class BeginsAndKnows(Begins):
    """One that has a state of its own."""

    def training_state(self) -> str:
        return "known"

    def restore_training_state(self, state: str) -> None:
        assert state == "known"


@pytest.mark.parametrize(("kind", "begun"), [(Begins, [1]), (BeginsAndKnows, [])])
def test_an_epoch_begins_again_for_whom_it_is_not_restored(
    kind: type[Begins], begun: list[int], tmp_path: Path
) -> None:
    seen: list[int] = []
    job = Job(model=dense, data=rows, callbacks=lambda: [kind(seen)])  # 4 batches an epoch.
    with pytest.raises(Kill):
        job.run(tmp_path / "run", kill=6)
    assert seen == [0, 1]
    job.run(tmp_path / "run")
    assert seen == [0, 1, *begun]


@pytest.mark.parametrize("name", ["seen", "by_epoch", "rng"])
def test_callback_whose_state_changes_in_place_is_refused(name: str) -> None:
    callback = keras.callbacks.Callback()
    callback.seen, callback.by_epoch = {1}, {0: 0.5}
    callback.rng = np.random.default_rng(0)
    state = CallbackState(callback)
    state.begin()
    assert state.attributes() == {}
    callback.seen |= {2} if name == "seen" else set()
    callback.by_epoch[0] = 0.25 if name == "by_epoch" else callback.by_epoch[0]
    callback.rng.random(int(name == "rng"))
    with pytest.raises(ValueError, match=f"cannot hold: {name} is a"):
        state.attributes()
