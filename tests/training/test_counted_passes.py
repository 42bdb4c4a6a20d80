"""Passes over data, and the marks by which one is known."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from gnn.training.counted_passes import CountedPasses


def shuffled() -> tf.data.Dataset:
    return tf.data.Dataset.range(8).shuffle(8, seed=3).batch(3)


def numbers(dataset: tf.data.Dataset) -> list[int]:
    return [int(number) for batch in dataset for number in batch]


def test_passes_are_those_of_the_data_set() -> None:
    data = shuffled()
    expected = [numbers(data) for _ in range(4)]
    passes = CountedPasses(shuffled())
    passes.start()
    assert [numbers(passes.batches) for _ in range(4)] == expected
    assert passes.begun == 4 and sorted(passes.marks) == [0, 1, 2, 3]
    assert int(passes.batches.cardinality()) == 3
    # Iterators that are never used begin no pass.
    passes = CountedPasses(shuffled())
    passes.start()
    for _ in range(3):
        iter(passes.batches)
    assert numbers(passes.batches) == expected[0]


@pytest.mark.parametrize("number", [0, 1, 3])
def test_replay_comes_to_a_pass(number: int) -> None:
    whole = CountedPasses(shuffled())
    whole.start()
    expected = [numbers(whole.batches) for _ in range(5)]
    passes = CountedPasses(shuffled())
    batch = passes.replay(number)
    assert (batch is None) == (number == 0)
    assert numbers(passes.batches) == expected[number]
    assert passes.marks == {i: whole.marks[i] for i in range(number + 1)}
    # What this process has done is not begun again.
    assert passes.replay(4) is not None or number == 3
    assert numbers(passes.batches) == expected[4]
    with pytest.raises(ValueError, match="gone over the data 5 times, .* the snapshot's 2"):
        passes.replay(2)


def test_repeated() -> None:
    passes = CountedPasses(shuffled())
    passes.start()
    assert numbers(passes.batches.repeat(3)) == numbers(shuffled().repeat(3))
    assert passes.begun == 3
    endless = CountedPasses(shuffled().repeat())
    assert endless.batches.cardinality() == tf.data.INFINITE_CARDINALITY


def sparse(value: float) -> tf.SparseTensor:
    return tf.SparseTensor([[0, 1], [1, 0]], [value, 2.0], [2, 2])


def strings(value: float) -> tf.Tensor:
    return tf.constant(["a", str(value)])


def ragged(value: float) -> tf.RaggedTensor:
    return tf.ragged.constant([[value], [1.0, 2.0]])


def scalars(value: float) -> dict[str, Any]:
    return {"a": tf.constant(value), "b": tf.constant("x"), "c": tf.constant(True)}


def half(value: float) -> tf.Tensor:
    return tf.constant([value, 1.0], tf.bfloat16)


def long(value: float) -> np.ndarray:
    """More values than a mark looks at."""
    return np.full([100, 100], value, np.float32)


@pytest.mark.parametrize("make", [sparse, strings, ragged, scalars, half, long])
def test_marks_tell_data_apart(make: Callable[[float], Any]) -> None:
    marks = []
    for value in (1.0, 1.0, 2.0):
        passes = CountedPasses(tf.data.Dataset.from_tensors((make(value), tf.constant(0))))
        passes.start()
        ((batch, _),) = passes.batches
        tf.nest.assert_same_structure(batch, make(value), expand_composites=True)
        marks.append(passes.marks[0])
        # The same where a pass is replayed.
        again = CountedPasses(passes.dataset)
        again.replay(1)
        assert again.marks == passes.marks
    assert marks[0] == marks[1] != marks[2]
