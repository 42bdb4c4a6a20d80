"""Times of records in every form that they come in, and sessions cut by gaps between them."""

from __future__ import annotations

import datetime
import random
import re
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from gnn.edges.records.record_times import seconds_of
from gnn.edges.records.session_gaps import sessions_by_gap
from gnn.tables.cells import ArrowCells, TextCells
from gnn.tables.object_cells import ObjectCells

# 1970-01-02 00:00:00, and a minute and a half second later.
TIMES = [86_400.0, 86_460.5]
MOMENTS = [
    datetime.datetime(1970, 1, 2),
    datetime.datetime(1970, 1, 2, 0, 1, 0, 500_000),
]
STAMPS = np.array(MOMENTS, "M8[us]")


def arrow(values: Any, kind: Any = None) -> ArrowCells:
    return ArrowCells("at", pa.array(values, kind))


FORMS = {
    "numbers in text": TextCells(["86400", "86460.5"]),
    "ISO": TextCells(["1970-01-02", "1970-01-02T00:01:00.5"]),
    "ISO with zones": TextCells(["1970-01-02 02:00+02:00", "1970-01-02T00:01:00.500Z"]),
    "floats": ObjectCells("at", TIMES),
    "an array of floats": ObjectCells("at", np.array(TIMES)),
    "datetimes": ObjectCells("at", MOMENTS),
    "datetimes with a zone": ObjectCells(
        "at", [moment.replace(tzinfo=datetime.UTC) for moment in MOMENTS]
    ),
    "NumPy": ObjectCells("at", STAMPS),
    "NumPy, ns": ObjectCells("at", STAMPS.astype("M8[ns]")),
    "NumPy, one by one": ObjectCells("at", list(STAMPS)),
    "mixed": ObjectCells("at", ["86400", MOMENTS[1]]),
    "pandas": ObjectCells("at", pd.Series(MOMENTS)),
    "pandas with a zone": ObjectCells(
        "at", pd.Series(MOMENTS).dt.tz_localize("UTC").dt.tz_convert("Asia/Tokyo")
    ),
    "Arrow, us": arrow(MOMENTS, pa.timestamp("us")),
    "Arrow, ns with a zone": arrow(MOMENTS, pa.timestamp("ns", "Asia/Tokyo")),
    "Arrow, ms": arrow(MOMENTS, pa.timestamp("ms")),
    "Arrow, numbers": arrow(TIMES),
    "Arrow, numbers in text": arrow(["86400", "86460.5"], pa.large_string()),
    "Arrow, ISO": arrow(["1970-01-02", "1970-01-02T00:01:00.5"]),
    "Arrow, ISO with zones": arrow(["1970-01-02 02:00+02:00", "1970-01-02T00:01:00.500Z"]),
    "Arrow, mixed": arrow(["1970-01-02T00:00:00Z", "86460.5"]),
    "Arrow, decimals": ArrowCells("at", pa.array(["86400", "86460.5"]).cast(pa.decimal128(9, 1))),
}


@pytest.mark.parametrize("form", list(FORMS))
def test_all_forms_of_a_time_are_the_same_seconds(form: str) -> None:
    values, strange = seconds_of(FORMS[form])
    assert (values.tolist(), values.dtype, strange) == (TIMES, np.float64, {})


@pytest.mark.parametrize(
    "cells",
    [
        ObjectCells("at", [datetime.date(1970, 1, 2)]),
        arrow([datetime.date(1970, 1, 2)], pa.date32()),
        arrow([datetime.date(1970, 1, 2)], pa.date64()),
        ObjectCells("at", np.array(["1970-01-02"], "M8[D]")),
        arrow([86_400], pa.int32()),
        arrow([datetime.datetime(1970, 1, 2)], pa.timestamp("s")),
    ],
)
def test_whole_seconds_and_days(cells: Any) -> None:
    assert seconds_of(cells)[0].tolist() == [86_400.0]


@pytest.mark.parametrize(
    "cells",
    [
        TextCells(["5", "", "NA", "7"]),
        TextCells(["1970-01-01T00:00:05", "", "NA", "7"]),
        ObjectCells("at", [5, None, float("nan"), 7]),
        ObjectCells("at", [5, pd.NaT, pd.NA, "7"]),
        ObjectCells("at", np.array([5, "NaT", "NaT", 7], "M8[s]")),
        arrow([5, None, None, 7]),
        arrow([5.0, float("nan"), None, 7.0]),
        arrow([5, None, None, 7], pa.timestamp("s")),
        arrow(["5", "", None, "7"]),
        arrow(["1970-01-01T00:00:05", "NA", None, "1970-01-01T00:00:07"]),
    ],
)
def test_missing_times_are_nan_and_not_strange(cells: Any) -> None:
    values, strange = seconds_of(cells, {"", "NA"})
    np.testing.assert_array_equal(values, [5, np.nan, np.nan, 7])
    assert strange == {}


# 2025-11-30 10:53:20.5, and the same before 1970.
MOMENT = 1_764_500_000.5


@pytest.mark.parametrize("unit", [10**3, 10**6, 10**9])
def test_numbers_too_large_for_seconds_are_of_a_finer_unit(unit: int) -> None:
    number = int(MOMENT * unit)
    for cells in (
        TextCells([str(number), "", str(-number)]),
        TextCells(["2025-11-30T10:53:20.5", str(number), str(-number)]),
        ObjectCells("at", [number, None, -number]),
        ObjectCells("at", np.array([number, 0, -number])),
        arrow([number, None, -number]),
    ):
        values, strange = seconds_of(cells, {""})
        assert abs(values[0] - MOMENT) < 1e-3 and abs(values[2] + MOMENT) < 1e-3
        assert strange == {}


def test_the_last_second_of_9999_is_one_of_seconds() -> None:
    last = 253_402_300_799
    cells = ObjectCells("at", np.array([last, last + 1, last * 1000, (last + 1) * 1000]))
    assert seconds_of(cells)[0].tolist() == [last, (last + 1) / 1000, last, (last + 1) / 1000]


@pytest.mark.parametrize(
    ("cells", "reason"),
    [
        (TextCells(["5", "noon"]), "time 'noon' is neither seconds nor ISO 8601"),
        (TextCells(["5", "1_0"]), "time '1_0' is neither"),
        (ObjectCells("at", [5, True]), "time True is neither"),
        (ObjectCells("at", [5, (1,)]), "time .1,. is neither"),
        (TextCells(["5", "inf"]), "time inf is no time"),
        (ObjectCells("at", [5, 10**21]), "time 1e.21 is no time: it is beyond the year 9999"),
        (arrow([5.0, -1e21]), "time -1e.21 is no time"),
    ],
)
def test_strange_times_are_named(cells: Any, reason: str) -> None:
    values, strange = seconds_of(cells)
    np.testing.assert_array_equal(values, [5, np.nan])
    assert list(strange) == [1]
    assert re.match(reason, strange[1])


def test_sessions_by_gap_by_hand() -> None:
    # User 0 at 0, 30 and 61 seconds; user 1 at 10 and 10. Gaps of 30 are none, of 31 are.
    users, times = np.array([0, 1, 0, 1, 0]), np.array([61.0, 10.0, 0.0, 10.0, 30.0])
    assert sessions_by_gap(users, times, 30).tolist() == [1, 2, 0, 2, 0]
    assert sessions_by_gap(users[:0], times[:0], 30).tolist() == []


def test_sessions_by_gap_are_those_of_a_walk_through_the_log() -> None:
    draw = random.Random(0)
    for _ in range(50):
        log = [(draw.randrange(4), float(draw.randrange(60))) for _ in range(draw.randrange(40))]
        gap = draw.randrange(20)
        expected: list[int] = [0] * len(log)
        last: tuple[int, float] | None = None
        session = -1
        for at in sorted(range(len(log)), key=log.__getitem__):
            user, time = log[at]
            session += last is None or last[0] != user or time - last[1] > gap
            expected[at], last = session, (user, time)
        users = np.array([user for user, _ in log], int)
        times = np.array([time for _, time in log])
        assert sessions_by_gap(users, times, gap).tolist() == expected
