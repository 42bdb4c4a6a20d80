"""Names of rows in Arrow are those of a list; and what hashes say of equal texts."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from gnn.datasets.row_names import RowNames
from gnn.edges.missing import NA_VALUES
from gnn.tables.cells import ArrowCells, TextCells
from gnn.tables.row_hashes import arrow_hashes, num_distinct, repeated, unicode_hashes
from gnn.tables.typed_table import Texts

NAMES = ["a", "tee", "", "a", "日本", "é", "tee", "a very long name indeed"]


def forms() -> list[RowNames]:
    chunks = pa.chunked_array([NAMES[:3], [], NAMES[3:]])
    return [RowNames(NAMES), RowNames(chunks), RowNames(chunks.cast(pa.large_string()))]


@pytest.mark.parametrize("form", range(3))
def test_names_of_every_form(form: int) -> None:
    names = forms()[form]
    assert (len(names), names[1], names.tolist()) == (8, "tee", NAMES)
    assert np.flatnonzero(names.empty).tolist() == [2]
    good = np.ones(8, bool)
    assert names.repeats(good) == {3: 0, 6: 1}
    good[0] = False  # Then row 3 is the first of its name.
    assert names.repeats(good) == {6: 1}
    taken = names.take(good)
    assert taken.tolist() == NAMES[1:]
    assert taken.array().tolist() == NAMES[1:]
    assert names.find(["tea", "é", "é"]).tolist() == [-1, 5, 5]


@pytest.mark.parametrize("asked", [1, 50])
def test_few_names_and_many_are_found_alike(asked: int) -> None:
    """Of 100 names 6 are few, and are looked for without a dict."""
    names = RowNames(pa.chunked_array([[f"n{k}" for k in range(100)]]))
    wanted = ["n7", *(f"n{k}" for k in range(asked, 0, -1)), "other", "n7"]
    expected = [7, *range(asked, 0, -1), -1, 7]
    assert names.find(wanted).tolist() == expected
    assert names.array().tolist() == names.tolist()


def test_names_of_chunks_of_several_kinds() -> None:
    arrow = ArrowCells("x", pa.array([" a\t", "NA", None]), untyped=True)
    large = ArrowCells("x", pa.array(["b"], pa.large_string()), untyped=True)
    for parts in ([arrow, large], [arrow, TextCells(["b "])]):
        assert RowNames.of_cells(parts, NA_VALUES).tolist() == ["a", "", "", "b"]
    typed = ArrowCells("x", pa.array([" a"]))
    assert RowNames.of_cells([typed], NA_VALUES).tolist() == [" a"]
    assert RowNames.of_cells([], NA_VALUES).array().size == 0


def test_a_hash_knows_neither_chunks_nor_neighbors() -> None:
    """The second array has a long text, which makes its rows wider, or cuts it in parts."""
    texts = [f"t{k % 5000}" for k in range(20_000)]
    hashes = arrow_hashes(pa.array(texts))
    assert num_distinct(hashes) == 5000
    for long in (100, 1_000_000):
        others = arrow_hashes(pa.chunked_array([texts[:7], [*texts[7:], "x" * long]]))
        np.testing.assert_array_equal(others[:-1], hashes)
    assert repeated(hashes).size == 20_000


@pytest.mark.parametrize("texts", [["a", "ab", "ba", "a"], ["a", "日", "ab", "a"], [b"a", b"b"]])
def test_hashes_of_arrays_of_numpy(texts: Any) -> None:
    hashes = unicode_hashes(np.array(texts))
    assert num_distinct(hashes) == len(set(texts))
    assert repeated(hashes).tolist() == ([0, 3] if len(texts) == 4 else [])


def test_cells_that_differ_are_counted_without_being_looked_up() -> None:
    cells = [f" word{k} of many" for k in range(1998)] + ["NA", "word3 of many"]
    texts = ArrowCells("x", pa.array(cells)).texts(NA_VALUES)
    joined = Texts.concatenate([texts, Texts.of(["word1 of many", ""])])
    assert not joined.is_settled
    assert joined.count_distinct() == 1999
    assert np.flatnonzero(joined.gaps).tolist() == [1998, 2001]
    rows = np.array([0, 1998, 2000])
    assert joined.cells_at(rows) == ["word0 of many", "", "word1 of many"]
    assert joined.take(rows).text().tolist() == ["word0 of many", "", "word1 of many"]
    assert not joined.is_settled
    assert (joined.num_values, joined.is_settled) == (1999, True)
    assert joined.codes[[3, 1999]].tolist() == [3, 3]
