"""Edges from sessions on Spark, with two executors: those of a brute force."""

from __future__ import annotations

import datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from gnn.configs.sessions import SessionGraphConfig
from gnn.pipelines import session_edges
from gnn.pipelines.columns import seconds_of
from tests.edges.brute_force import brute_force
from tests.edges.test_session_edges import random_log

SCHEMA = "session long, item long, at double"


def configs() -> list[dict[str, Any]]:
    """Each weighting, each step of pruning and each order once: a query takes a second or more."""
    return [
        *({"weighting": name, "max_session_items": 5} for name in ("cosine", "jaccard", "lift")),
        {"weighting": "ppmi", "min_weight": 0.3},
        {"weighting": "npmi", "min_count": 2, "max_neighbors": 1, "join_isolated": True},
        {"weighting": "rate", "max_neighbors": 2, "mutual": True},
        {"weighting": "bm25", "max_session_items": 3, "long_sessions": "cut", "max_neighbors": 3},
        {"weighting": "count", "directed": True, "window": 2, "max_neighbors": 2},
        {"weighting": "count", "repeats": "counted", "max_neighbors": 2, "mutual": True},
        {"weighting": "npmi", "session_power": 0.5, "half_life": 20.0, "min_count": 2},
        {"weighting": "swing", "swing_sessions": 4, "min_count": 2, "session_power": 0.5},
    ]


@pytest.mark.parametrize("fields", configs(), ids=str)
def test_as_by_brute_force(spark: Any, fields: dict[str, Any]) -> None:
    log = random_log(0)
    config = SessionGraphConfig(**fields, time_column="at")
    edges = session_edges(spark.createDataFrame(log, SCHEMA), config).collect()
    expected = brute_force(log, config)
    found = {(row.sender, row.receiver): row.weight for row in edges}
    assert len(edges) == len(found)
    assert set(found) == set(expected)
    np.testing.assert_allclose(list(found.values()), [expected[pair] for pair in found], rtol=3e-7)


def test_texts_times_and_gaps(spark: Any) -> None:
    """Of user u: a and b within a minute, c two hours later; v has a and b; the rest is missing."""
    start = datetime.datetime(2026, 1, 1)
    later = [start + datetime.timedelta(seconds=seconds) for seconds in (0, 59, 7200)]
    rows = [
        *zip("uuu", "abc", later, strict=True),
        *zip("vv", "ba", later, strict=False),
        ("u", "NA", start),
        ("u", None, start),
        (None, "a", start),
        ("u", "c", None),
    ]
    config = {
        "weighting": "count",
        "user_column": "who",
        "item_column": "what.it is",
        "time_column": "at",
        "session_gap": "1min",
    }
    texts = [(who, what, at and at.isoformat()) for who, what, at in rows]
    zoned = [(who, what, at and at.isoformat() + "+02:00") for who, what, at in rows]
    seconds = [(who, what, at and str(at.timestamp())) for who, what, at in rows]
    for kind, given in (
        ("timestamp", rows),
        ("timestamp_ntz", rows),
        ("string", [*texts, ("v", "c", "soon")]),
        ("string", zoned),
        ("string", seconds),
    ):
        records = spark.createDataFrame(given, f"who string, `what.it is` string, at {kind}")
        edges = session_edges(records, config).orderBy("receiver").collect()
        assert [tuple(row) for row in edges] == [("b", "a", 2.0), ("a", "b", 2.0)]
    kept = session_edges(records, config, na_values=()).where("sender = 'NA'").collect()
    assert sorted((row.receiver, row.weight) for row in kept) == [("a", 1.0), ("b", 1.0)]


def test_times_of_every_kind_are_the_same_moment(spark: Any) -> None:
    """Noon of the second day of 1970, as UTC where no zone is said."""
    row = spark.sql(
        "SELECT timestamp'1970-01-02 12:00:00+00:00' a, timestamp_ntz'1970-01-02 12:00:00' b, "
        "'1970-01-02T12:00:00' c, '1970-01-02T14:00:00+02:00' d, '1970-01-02 12:00:00Z' e, "
        "'129600' f, 129600 g, date'1970-01-02' h, '1970-01-02' i, 'noon' j"
    )
    found = row.select(*(seconds_of(row, name, name).alias(name) for name in row.columns)).first()
    assert list(found) == [129600.0] * 7 + [86400.0] * 2 + [None]


def test_goes_on_from_what_was_counted(spark: Any, tmp_path: Path) -> None:
    log = random_log(1)
    spark.createDataFrame(log, SCHEMA).write.parquet(str(tmp_path / "log"))
    records = spark.read.parquet(str(tmp_path / "log"))
    work = tmp_path / "work"

    def edges(**fields: Any) -> list[Any]:
        found = session_edges(records, {"weighting": "npmi", **fields}, work=str(work))
        return sorted(map(tuple, found.collect()))

    def made() -> dict[str, int]:
        return {name: (work / name / "_SUCCESS").stat().st_mtime_ns for name in ("items", "pairs")}

    first, before = edges(), made()
    assert edges() == first
    assert made() == before
    # What was not finished is made again, and only that.
    (work / "pairs" / "_SUCCESS").unlink()
    assert edges() == first
    assert made()["items"] == before["items"]
    assert made()["pairs"] > before["pairs"]
    # Another job takes nothing over.
    assert len(edges(max_session_items=2)) < len(first)
    assert made()["items"] > before["items"]
    # Nor does the same one on another log.
    spark.createDataFrame(log[:30], SCHEMA).write.mode("append").parquet(str(tmp_path / "log"))
    records = spark.read.parquet(str(tmp_path / "log"))
    before = made()
    edges(max_session_items=2)
    assert made()["items"] > before["items"]


def test_faults(spark: Any, tmp_path: Path) -> None:
    records = spark.createDataFrame([(0, 1, True)], "session long, item long, at boolean")
    with pytest.raises(KeyError, match=r"records has no column 'what'; it has \['session'"):
        session_edges(records, {"item_column": "what"})
    with pytest.raises(ValueError, match="time_column must name the time .* got None"):
        session_edges(records, {"window": 1})
    with pytest.raises(TypeError, match="time_column must be .*; 'at' is boolean"):
        session_edges(records, {"window": 1, "time_column": "at"})
    (tmp_path / "mine.txt").write_text("mine")
    with pytest.raises(FileExistsError, match="work must be a new folder.*'mine.txt'"):
        session_edges(records, work=str(tmp_path))
    assert (tmp_path / "mine.txt").read_text() == "mine"
