"""Examples written byte by byte, read again by TensorFlow's own messages."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import tensorflow as tf
from scipy import sparse

from gnn.data.example_bytes import Part, column_of, entries, example_of, only_where

INTEGERS = [0, 1, 127, 128, 300, 2**14 - 1, 2**14, 2**31, 2**62, 2**63 - 1, -1, -(2**63)]


def read(values: Any, rows: np.ndarray, prefix: str = "") -> list[tf.train.Feature]:
    made = entries([Part([column_of("x", values)], rows)], prefix)
    found = [tf.train.Example.FromString(example_of([part])).features.feature for part in made]
    assert [list(feature) for feature in found] == [[f"{prefix}x"]] * rows.size
    return [feature[f"{prefix}x"] for feature in found]


def test_integers_of_every_length() -> None:
    features = read(np.array(INTEGERS), np.arange(12)[::-1], "before_")
    assert [list(feature.int64_list.value) for feature in features] == [
        [value] for value in INTEGERS[::-1]
    ]


@pytest.mark.parametrize("dtype", ["bool", "int8", "uint8", "uint32", "uint64"])
def test_integers_of_other_types(dtype: str) -> None:
    values = np.array([0, 1, 100, 255]).astype(dtype)
    features = read(values, np.array([3, 0, 2, 1]))
    found = [feature.int64_list.value[0] for feature in features]
    assert found == values[[3, 0, 2, 1]].astype(np.int64).tolist()


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
@pytest.mark.parametrize("shape", [(3,), (3, 1), (3, 2, 40), (3, 0)])
def test_floats_of_every_shape(dtype: str, shape: tuple[int, ...]) -> None:
    values = np.random.default_rng(0).normal(size=shape).astype(dtype)
    features = read(values, np.array([2, 0]))
    for feature, row in zip(features, values[[2, 0]], strict=True):
        np.testing.assert_array_equal(feature.float_list.value, np.float32(row).ravel())


def test_strings() -> None:
    texts = ["", "a", "zwölf", "a" * 200, "zero\0within", "zwölf"]
    features = read(texts, np.array([5, 0, 1, 2, 3, 4, 3]))
    found = [feature.bytes_list.value[0].decode() for feature in features]
    assert found == [texts[row] for row in (5, 0, 1, 2, 3, 4, 3)]
    lists = read(np.array([["a", "bcd"], ["", "e"]]), np.array([1, 0]))
    assert [list(feature.bytes_list.value) for feature in lists] == [[b"", b"e"], [b"a", b"bcd"]]


def test_lists_of_integers_and_sparse_rows() -> None:
    values = np.array([[5, -7], [2**40, 0]])
    features = read(values, np.array([1, 0, 1]))
    assert [list(feature.int64_list.value) for feature in features] == values[[1, 0, 1]].tolist()
    rows = sparse.csr_array(np.array([[0.0, 2.5], [0.0, 0.0]]))
    features = read(rows, np.array([1, 0]))
    assert [list(feature.float_list.value) for feature in features] == [[0.0, 0.0], [0.0, 2.5]]


def test_columns_of_different_sizes_side_by_side() -> None:
    """Rows come in their order, whatever is equal in size."""
    rng = np.random.default_rng(0)
    numbers, texts = 2 ** rng.integers(0, 40, 50), ["t" * size for size in rng.integers(0, 4, 50)]
    columns = [column_of("n", numbers), column_of("x", np.ones((50, 3))), column_of("t", texts)]
    rows = rng.permutation(50)
    present = rng.random(50) < 0.5
    columns.append(only_where(column_of("p", numbers), present))
    places = np.concatenate([np.arange(25), 10 ** np.arange(10), np.arange(95, 110)])
    others = entries([Part(columns[:1], rows[::-1])], "other_", places)
    own = entries([Part(columns[:1], rows), Part(columns[1:], rows)])
    for row, place, *parts in zip(rows, places, own, others, strict=True):
        feature = tf.train.Example.FromString(example_of(parts)).features.feature
        assert feature["n"].int64_list.value[0] == numbers[row]
        assert feature["t"].bytes_list.value[0].decode() == texts[row]
        assert list(feature["x"].float_list.value) == [1.0] * 3
        assert ("p" in feature) == present[row]
        assert f"other_{place}_n" in feature
    found = [
        tf.train.Example.FromString(example_of([part])).features.feature[f"other_{place}_n"]
        for place, part in zip(places, others, strict=True)
    ]
    assert [feature.int64_list.value[0] for feature in found] == numbers[rows[::-1]].tolist()
    assert entries([Part(columns, np.zeros(0, int))]) == []
