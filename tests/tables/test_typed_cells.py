"""Cells of every kind as the numbers and the texts of a typed table."""

from __future__ import annotations

import datetime
from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from gnn.edges.missing import NA_VALUES, as_na_values
from gnn.tables.cells import ArrowCells, Cells, TextCells
from gnn.tables.frame_cells import FrameCells
from gnn.tables.object_cells import ObjectCells
from gnn.tables.typed_table import Texts

NAN = np.nan


def text_forms(cells: list[str]) -> list[Cells]:
    """The same texts as every kind of cells."""
    return [
        TextCells(cells),
        ArrowCells("x", pa.array(cells)),
        ArrowCells("x", pa.array(cells, pa.string_view())),
        ArrowCells("x", pa.array(cells).dictionary_encode()),
        ObjectCells("x", cells),
        FrameCells("x", pd.Series(cells)),
        FrameCells("x", pd.Series(cells, dtype=object)),
    ]


@pytest.mark.parametrize("form", range(7))
@pytest.mark.parametrize(
    ("cells", "values", "wrong"),
    [
        (["1.5", "-2", "NA", ""], [1.5, -2, NAN, NAN], {}),
        (["1", " 2 ", " ", " NA ", "\t"], [1, 2, NAN, NAN, NAN], {}),
        (["on request", "3", "on request"], [NAN, 3, NAN], {0: "on request", 2: "on request"}),
        (["True", " false", "+4", ".5", "5.", "1e-2"], [1, 0, 4, 0.5, 5, 0.01], {}),
        (["1_0", "0x1", "1,5", "--1"], [NAN] * 4, {0: "1_0", 1: "0x1", 2: "1,5", 3: "--1"}),
        (["1e39", "1e400", "inf", "2"], [NAN, NAN, NAN, 2], {0: "1e39", 1: "1e400", 2: "inf"}),
        (["1e39", "3"], [NAN, 3], {0: "1e39"}),
        ([], [], {}),
    ],
)
def test_texts_as_numbers(
    form: int, cells: list[str], values: list[float], wrong: dict[int, str]
) -> None:
    found, strange = text_forms(cells)[form].floats(NA_VALUES)
    assert found.dtype == np.float32
    np.testing.assert_array_equal(found, np.array(values, np.float32))
    assert strange == wrong


@pytest.mark.parametrize("form", range(7))
def test_what_means_missing_is_given(form: int) -> None:
    cells = text_forms(["nan", "?", "-999", "7"])[form]
    found, wrong = cells.floats(as_na_values(["?", "-999"]))
    np.testing.assert_array_equal(found, np.array([NAN, NAN, NAN, 7], np.float32))
    assert wrong == {0: "nan"}
    assert cells.texts(as_na_values(["?", "-999"])).text().tolist() == ["nan", "", "", "7"]


@pytest.mark.parametrize("form", range(7))
def test_texts_lose_the_blanks_around_them(form: int) -> None:
    texts = text_forms(["tea", " tea", "", "NA ", "green tea"])[form].texts(NA_VALUES)
    assert texts.text().tolist() == ["tea", "tea", "", "", "green tea"]
    assert texts.values.tolist() == ["tea", "", "green tea"]
    assert texts.gaps.tolist() == [False, False, True, True, False]


@pytest.mark.parametrize(
    ("cells", "values", "wrong"),
    [
        (ArrowCells("x", pa.array([1, None, 3], pa.uint8())), [1, NAN, 3], {}),
        (ArrowCells("x", pa.array([1.5, NAN, None])), [1.5, NAN, NAN], {}),
        (ArrowCells("x", pa.array([np.inf, 1e39])), [NAN, NAN], {0: "inf", 1: "1e+39"}),
        (ArrowCells("x", pa.array([True, None, False])), [1, NAN, 0], {}),
        (ArrowCells("x", pa.array([Decimal("1.25"), None])), [1.25, NAN], {}),
        (ArrowCells("x", pa.nulls(2)), [NAN, NAN], {}),
        (ArrowCells("x", pa.array([[1], None])), [NAN, NAN], {0: "[1]"}),
        (ObjectCells("x", [1, None, 2.5, True, NAN, "x"]), [1, NAN, 2.5, 1, NAN, NAN], {5: "x"}),
        (ObjectCells("x", np.array([1, 2], np.int8)), [1, 2], {}),
        (FrameCells("x", pd.Series([1, None, np.inf])), [1, NAN, NAN], {2: "inf"}),
        (FrameCells("x", pd.Series([1, None], dtype="Int64")), [1, NAN], {}),
        (FrameCells("x", pd.Series([True, None], dtype="boolean")), [1, NAN], {}),
    ],
)
def test_typed_cells_as_numbers(cells: Cells, values: list[float], wrong: dict[int, str]) -> None:
    found, strange = cells.floats(NA_VALUES)
    np.testing.assert_array_equal(found, np.array(values, np.float32))
    assert strange == wrong


def test_a_number_that_means_missing() -> None:
    found, wrong = ArrowCells("x", pa.array([1, -999])).floats(as_na_values(["-999"]))
    np.testing.assert_array_equal(found, np.array([1, NAN], np.float32))
    assert wrong == {}


DAY, NOON = datetime.date(2024, 2, 29), datetime.datetime(2024, 2, 29, 12)
BERLIN = datetime.timezone(datetime.timedelta(hours=1))


@pytest.mark.parametrize(
    ("values", "texts"),
    [
        ([True, None, False], ["true", "", "false"]),
        ([7, None, 2**62], ["7", "", str(2**62)]),
        ([1.0, None, 2.5], ["1", "", "2.5"]),
        ([DAY, None], ["2024-02-29", ""]),
        ([datetime.datetime(2024, 2, 29), None], ["2024-02-29", ""]),
        ([NOON, datetime.datetime(2024, 3, 1)], ["2024-02-29T12:00:00", "2024-03-01T00:00:00"]),
        ([NOON.replace(tzinfo=BERLIN), None], ["2024-02-29T11:00:00Z", ""]),
        ([NOON.replace(microsecond=500_000)], ["2024-02-29T12:00:00.500000"]),
        ([Decimal("1.50"), None], ["1.50", ""]),
        ([None, None], ["", ""]),
    ],
)
def test_typed_cells_as_texts(values: list[Any], texts: list[str]) -> None:
    forms = [
        ArrowCells("x", pa.array(values)),
        ObjectCells("x", values),
        FrameCells("x", pd.Series(values, dtype=object)),
        FrameCells("x", pd.Series(values)),
    ]
    for cells in forms if None not in values or values[0] != 7 else forms[:3]:
        assert cells.texts(NA_VALUES).text().tolist() == texts


def test_whole_floats_of_pandas() -> None:
    """pandas makes floats of whole numbers when one is missing."""
    cells = FrameCells("x", pd.Series([1, None, 2]))
    assert cells.texts(NA_VALUES).text().tolist() == ["1", "", "2"]
    assert FrameCells("x", pd.Series([1, 2]).astype("category")).texts(
        NA_VALUES
    ).text().tolist() == ["1", "2"]


@pytest.mark.parametrize(
    "cells",
    [
        ArrowCells("column 'x'", pa.array([[["a"]]])),
        ArrowCells("column 'x'", pa.array([b"a"])),
        ObjectCells("column 'x'", [[["a"]]]),
    ],
)
def test_cells_that_are_no_texts(cells: Cells) -> None:
    with pytest.raises(ValueError, match="^column 'x' must hold text, numbers, truths or times"):
        cells.texts(NA_VALUES)


def test_texts_of_chunks_are_joined() -> None:
    parts = [Texts.of(["b", "", "b"]), Texts.of([]), Texts.of(["", "a", "b"])]
    texts = Texts.concatenate(parts)
    assert texts.values.tolist() == ["b", "", "a"]
    assert (texts.codes.dtype, texts.codes.tolist()) == (np.int32, [0, 1, 0, 1, 2, 0])
    assert Texts.concatenate([]).text().tolist() == []


def test_texts_that_mostly_differ_are_looked_up_once() -> None:
    """Of 3,000 cells 2,000 differ; a fifth is there again, with blanks; and gaps."""
    names = [f"n{k}" for k in range(2000)]
    first = ArrowCells("x", pa.array([*names, *(f" {name}" for name in names[:400]), "NA", None]))
    second = ArrowCells("x", pa.array(["n7", "new", "", "n7"]))
    third = TextCells(["n8", "newer"])
    parts = [cells.texts(NA_VALUES) for cells in (first, second, third)]
    assert parts[0].take(np.array([0, 2000, 2400])).text().tolist() == ["n0", "n0", ""]
    fresh = [cells.texts(NA_VALUES) for cells in (first, second, third)]
    for some in (parts, fresh):
        texts = Texts.concatenate(some)
        expected = [*names, *names[:400], "", "", "n7", "new", "", "n7", "n8", "newer"]
        assert texts.text().tolist() == expected
        assert texts.values.tolist() == [*names, "", "new", "newer"]
        assert (texts.num_values, texts.gap_code) == (2003, 2000)
        assert texts.values_at(np.array([2001, 3])) == ["new", "n3"]
        assert np.flatnonzero(texts.gaps).tolist() == [2400, 2401, 2404]


def test_wrong_cells_are_found_among_slices_and_gaps() -> None:
    cells = pa.array(["x", "1", None, "", "-", "1-2", "on request", "7", "-999"])
    found, wrong = ArrowCells("x", cells.slice(1)).floats(as_na_values(["-999"]))
    np.testing.assert_array_equal(found, np.array([1, *[NAN] * 5, 7, NAN], np.float32))
    assert wrong == {3: "-", 4: "1-2", 5: "on request"}
