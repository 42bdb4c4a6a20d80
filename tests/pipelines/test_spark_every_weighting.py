"""Every weighting on Spark: two hundred random logs, a real one, and an executor that is killed.

A query on two executors takes a second or two, and there are nine weightings.
"""

from __future__ import annotations

import itertools
import os
import signal
import threading
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from gnn.configs.sessions import WEIGHTINGS, SessionGraphConfig
from gnn.datasets import groceries_sessions
from gnn.edges.sessions.session_edges import session_edges
from gnn.pipelines import session_edges as edges_on_spark
from tests.edges.brute_force import Record, brute_force
from tests.edges.test_every_weighting import NUM_ITEMS, small_log

SCHEMA = "session long, item long, at double"


def found_on_spark(records: Any, config: SessionGraphConfig) -> dict[tuple[int, int], float]:
    table = edges_on_spark(records, config).toArrow().to_pydict()
    ends = list(zip(table["sender"], table["receiver"], strict=True))
    edges = dict(zip(ends, table["weight"], strict=True))
    assert len(edges) == len(ends)
    return edges


def assert_equal(
    found: dict[tuple[int, int], float], expected: dict[tuple[int, int], float]
) -> None:
    assert set(found) == set(expected)
    np.testing.assert_allclose(list(found.values()), [expected[ends] for ends in found], rtol=1e-6)


def two_hundred_logs() -> list[Record]:
    """As one, of which no log has an item or a session of another."""
    return [
        (session + 10 * seed, item + NUM_ITEMS * seed, at)
        for seed in range(200)
        for session, item, at in small_log(seed)
    ]


@pytest.mark.parametrize("weighting", WEIGHTINGS)
def test_two_hundred_logs(spark: Any, weighting: str) -> None:
    log = two_hundred_logs()
    config = SessionGraphConfig(
        weighting,
        min_count=2,
        join_isolated=True,
        max_neighbors=2,
        swing_sessions=5,
        time_column="at",
    )
    expected = brute_force(log, config)
    assert len(expected) > 2000
    assert_equal(found_on_spark(spark.createDataFrame(log, SCHEMA), config), expected)


@pytest.fixture(scope="module")
def groceries(data_dir: Path) -> list[Record]:
    if not (data_dir / "groceries.csv").is_file():
        pytest.skip("GNN_DATA_DIR has no groceries.csv")
    baskets = groceries_sessions(data_dir)
    numbers = {item: at for at, item in enumerate(sorted(set(itertools.chain(*baskets))))}
    return [
        (session, numbers[item], float(session))
        for session, basket in enumerate(baskets)
        for item in basket
    ]


@pytest.mark.parametrize("weighting", WEIGHTINGS)
def test_groceries(spark: Any, weighting: str, groceries: list[Record]) -> None:
    config = SessionGraphConfig(
        weighting, min_count=3, max_neighbors=10, max_session_items=12, swing_sessions=100
    )
    assert_equal(
        found_on_spark(spark.createDataFrame(groceries, SCHEMA), config),
        brute_force(groceries, config),
    )


def executors(spark: Any) -> list[int]:
    """The processes of the executors of a session."""
    name, found = spark.sparkContext.applicationId, []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            words = (process / "cmdline").read_text().split("\0")
        except OSError:  # It has ended.
            continue
        if "org.apache.spark.executor.CoarseGrainedExecutorBackend" in words and name in words:
            found.append(int(process.name))
    return found


@pytest.mark.skipif(not Path("/proc").is_dir(), reason="finds executors in /proc")
def test_an_executor_is_killed(spark: Any, tmp_path: Path) -> None:
    """In the midst of a job of some seconds; the other one, and a new one, do it again."""
    rng = np.random.default_rng(0)
    sessions, items = rng.integers(0, 40_000, 400_000), (rng.zipf(1.3, 400_000) - 1) % 3000
    log = zip(sessions.tolist(), items.tolist(), strict=True)
    spark.createDataFrame(list(log), "session long, item long").write.parquet(str(tmp_path / "log"))
    config = SessionGraphConfig("npmi", max_neighbors=10)
    found: list[dict[tuple[int, int], float]] = []

    def job() -> None:
        found.append(found_on_spark(spark.read.parquet(str(tmp_path / "log")), config))

    while len(before := executors(spark)) < 2:  # They start in their own time.
        time.sleep(0.1)
    thread = threading.Thread(target=job)
    thread.start()
    tracker = spark.sparkContext.statusTracker()
    stages: list[Any] = []
    while not any(stage and stage.numActiveTasks for stage in stages) and thread.is_alive():
        time.sleep(0.01)
        stages = [tracker.getStageInfo(number) for number in tracker.getActiveStageIds()]
    os.kill(before[0], signal.SIGKILL)
    thread.join(120)
    assert found, "the job has failed"
    edges = session_edges(sessions, items, 3000, config)
    ends = zip(edges.senders.tolist(), edges.receivers.tolist(), strict=True)
    assert_equal(found[0], dict(zip(ends, edges.weights.tolist(), strict=True)))
    while len(executors(spark)) < 2:  # As the tests after this one want.
        time.sleep(0.1)
    assert before[0] not in executors(spark)
