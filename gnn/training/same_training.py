"""What has to be the same when a training is carried on: the job, and the data it draws."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras

from gnn.training.callback_state import CallbackState
from gnn.training.counted_passes import CountedPasses
from gnn.training.model_state import describe, difference
from gnn.training.snapshots import Position, Snapshot


def job_of(
    model: keras.Model,
    steps: int | None,
    passes: CountedPasses,
    callbacks: Sequence[keras.callbacks.Callback],
    states: Sequence[CallbackState],
) -> dict[str, Any]:
    """A training as plain values by name.

    Args:
        model: a compiled model.
        steps: of an epoch, None where it is not known.
        passes: the data.
        callbacks: those with a state.
        states: theirs.

    Example:

    >>> import tensorflow as tf
    >>> model = keras.Sequential([keras.layers.Dense(1)])
    >>> model.compile("sgd", "mse")
    >>> passes = CountedPasses(tf.data.Dataset.range(3))
    >>> job_of(model, 3, passes, [], [])["batches of the data"]
    3
    """
    found = describe(model)
    found["steps of an epoch"] = steps
    found["steps_per_execution"] = model.steps_per_execution
    found["replicas"] = model.distribute_strategy.num_replicas_in_sync
    found["the data"] = str(passes.dataset.element_spec)
    found["batches of the data"] = int(passes.dataset.cardinality())
    for callback, state in zip(callbacks, states, strict=True):
        name = type(callback).__name__
        found |= {f"{name}.{key}": value for key, value in state.description().items()}
        found[name] = True
    return {key: found[key] for key in found if isinstance(found[key], str | int | float)}


def check_same_job(snapshot: Snapshot, job: dict[str, Any]) -> None:
    """Raises where a snapshot is of another training than `job_of` describes.

    Raises:
        ValueError: as said, with what differs.
    """
    differing = difference(snapshot.state["job"], job)
    if differing:
        raise ValueError(
            f"the snapshot {str(snapshot.path)!r} is of another training: {differing}. Give "
            "another folder, or remove it to start anew"
        )


def place_in_data(
    position: Position, first_epoch: int, batches: int, replicas: int
) -> tuple[int, int]:
    """The pass over the data at a position, and the steps done of it.

    Args:
        position: of the training.
        first_epoch: the epoch that it began with.
        batches: of the data, as tf.data's `cardinality` has it.
        replicas: how many of them take a batch each in a step.

    Example:

    >>> place_in_data(Position(epoch=2, step=1, total=7, steps=3), 0, 5, 1)
    (1, 2)
    """
    if position.steps is None:
        return position.epoch - first_epoch, position.step
    if batches < 0:
        return 0, position.total
    return divmod(position.total, -(-batches // replicas))


def marks_until(passes: CountedPasses, reading: int) -> list[tuple[int, int]]:
    """The marks of the first pass and of the one that is read: data may be read ahead.

    Args:
        passes: the data.
        reading: the number of the pass that is read.
    """
    marks = dict(passes.marks)
    begun = [number for number in marks if number <= reading]
    return [(number, marks[number]) for number in {min(begun), max(begun)}] if begun else []


def check_marks(snapshot: Snapshot, passes: CountedPasses) -> None:
    """Raises where a pass over the data begins otherwise than in the stopped training.

    Raises:
        ValueError: as said.
    """
    for number, mark in snapshot.state["marks"]:
        if passes.marks.get(number, mark) != mark:
            raise ValueError(
                f"the data are not drawn as those of the snapshot {str(snapshot.path)!r}: pass "
                f"{number + 1} over them begins otherwise. They are others, or their order is "
                "not a function of a seed (gnn.data.neighborhoods and tf.data's shuffle take "
                "seed=)"
            )
