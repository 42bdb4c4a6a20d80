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
from gnn.pipelines.stages import Stages
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
        "'129600' f, 129600 g, date'1970-01-02' h, '1970-01-02' i, 'noon' j, "
        "'1970-01-02T14:00:00+02' k, '1970-01-02 14:00:00 Europe/Paris' l"
    )
    found = row.select(*(seconds_of(row, name, name).alias(name) for name in row.columns)).first()
    assert list(found) == [129600.0] * 7 + [86400.0] * 2 + [None, 129600.0, None]


def test_numbers_too_large_for_seconds_are_of_a_finer_unit(spark: Any) -> None:
    row = spark.sql(
        "SELECT 1764500000 a, 1764500000250L b, 1764500000250000L c, -1764500000250L d, "
        "'1764500000250' e, 253402300799 f, 253402300800 g"
    )
    found = row.select(*(seconds_of(row, name, name).alias(name) for name in row.columns)).first()
    moment = 1764500000.25
    assert list(found) == [1764500000, moment, moment, -moment, moment, 253402300799, 253402300.8]


def test_columns_are_found_by_their_names(spark: Any) -> None:
    """RetailRocket's: a and b within half an hour, c after a longer pause."""
    start, minute = 1_433_221_332_000, 60_000
    rows = [
        (start, 1, "view", "a", None),
        (start + 30 * minute, 1, "view", "b", None),
        (start + 61 * minute, 1, "view", "c", None),
    ]
    names = "timestamp long, visitorid long, event string, itemid string, transactionid long"
    records = spark.createDataFrame(rows, names).drop("event", "transactionid")
    for table in (spark.createDataFrame(rows, names), records):
        edges = session_edges(table, {"weighting": "count"}).orderBy("receiver").collect()
        assert [tuple(row) for row in edges] == [("b", "a", 1.0), ("a", "b", 1.0)]


def test_goes_on_from_what_was_counted(spark: Any, tmp_path: Path) -> None:
    log = random_log(1)
    spark.createDataFrame(log, SCHEMA).write.parquet(str(tmp_path / "log"))
    records = spark.read.parquet(str(tmp_path / "log"))
    work = tmp_path / "work"
    work.mkdir()
    (work / "mine.txt").write_text("mine")

    def edges(table: Any = records, **fields: Any) -> list[Any]:
        found = session_edges(table, {"weighting": "npmi", **fields}, work=str(work))
        return sorted(map(tuple, found.collect()))

    def made() -> dict[str, int]:
        found = work.glob("gnn-*/*/_SUCCESS")
        return {str(path.parent.relative_to(work)): path.stat().st_mtime_ns for path in found}

    first, before = edges(), made()
    assert {Path(name).name for name in before} == {"items", "pairs"}
    assert edges() == first
    assert made() == before
    # What was not finished is made again, and only that.
    (pairs,) = (name for name in before if name.endswith("pairs"))
    (items,) = (name for name in before if name.endswith("items"))
    (work / pairs / "_SUCCESS").unlink()
    assert edges() == first
    assert made()[items] == before[items]
    assert made()[pairs] > before[pairs]
    # Other jobs have their own tables: another configuration, other names of the same columns,
    # another condition, and the same job on a log that has grown.
    count = len(made())
    assert len(edges(max_session_items=2)) < len(first)
    assert edges(records.toDF("item", "session", "at")) != first
    assert edges(records.where("session < 9")) != first
    spark.createDataFrame(log[:30], SCHEMA).write.mode("append").parquet(str(tmp_path / "log"))
    edges(spark.read.parquet(str(tmp_path / "log")))
    assert len(made()) == count + 8
    assert edges() == first
    assert (work / "mine.txt").read_text() == "mine"


def test_what_cannot_be_known_to_be_the_same_is_made_anew(spark: Any, tmp_path: Path) -> None:
    spark.createDataFrame(random_log(1), SCHEMA).write.parquet(str(tmp_path / "log"))
    records = spark.read.parquet(str(tmp_path / "log"))
    few = spark.createDataFrame([(1,), (2,)], "session long")
    for table in (few.join(records, "session"), records.withColumn("now", sql_now(spark))):
        folders = [
            Stages(str(tmp_path / "work"), [table], {"what": "a test"}).place for _ in range(2)
        ]
        assert str(folders[0]) != str(folders[1])
    folders = [
        Stages(str(tmp_path / "work"), [records], {"what": "a test"}).place for _ in range(2)
    ]
    assert str(folders[0]) == str(folders[1])
    # Options of a reader say what is read, too.
    for sep in (",", ";"):
        table = spark.read.option("sep", sep).csv(str(tmp_path / "log"), schema=SCHEMA)
        folders.append(Stages(str(tmp_path / "work"), [table], {"what": "a test"}).place)
    assert len(set(map(str, folders))) == 3


def sql_now(spark: Any) -> Any:
    from pyspark.sql import functions as sql

    return sql.current_timestamp()


def test_faults(spark: Any) -> None:
    records = spark.createDataFrame([(0, 1, True)], "session long, item long, at boolean")
    with pytest.raises(KeyError, match=r"records has no column 'what'; it has \['session'"):
        session_edges(records, {"item_column": "what"})
    with pytest.raises(ValueError, match="time_column must name the time .* got None"):
        session_edges(records, {"window": 1})
    with pytest.raises(TypeError, match="time_column must be .*; 'at' is boolean"):
        session_edges(records, {"window": 1, "time_column": "at"})
    with pytest.raises(ValueError, match="work must be a path, or a URI with '://', got 'dbfs:/a'"):
        session_edges(records.select("session", "item"), work="dbfs:/a")
