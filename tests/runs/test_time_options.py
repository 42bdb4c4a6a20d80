"""Runs by time: splits, edges until a day, and the flags that say so."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest

import gnn
from gnn.cli.parser import build_parser
from gnn.runs import RunConfig
from gnn.runs.config_files import OptionError
from gnn.runs.data_loading import load_data, of_folder
from gnn.runs.preparing import prepare


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    lines = ["id,price,released,restocked,label"]
    for node in range(20):
        # The ten even ones are old, and of node 19 nobody knows.
        day = "" if node == 19 else f"2026-0{1 + node % 2}-{1 + node // 2:02d}"
        lines.append(f"n{node},{node},{day},2026-03-{1 + node:02d},{('cup', 'pot')[node // 2 % 2]}")
    (tmp_path / "nodes.csv").write_text("\n".join(lines))
    edges = ["source,target,time", *(f"n{k},n{k + 1},2026-01-{k + 1:02d}" for k in range(19))]
    (tmp_path / "edges.csv").write_text("\n".join(edges))
    return tmp_path


def test_the_newest_labeled_nodes_are_tested_on(shop: Path) -> None:
    config = RunConfig(
        data=str(shop), model="gcn", split="time", node_time="released", until="2026-01-10"
    )
    found = prepare(config, None)
    splits = {name: nodes.tolist() for name, nodes in found.graph.splits.items()}
    # Odd nodes up to 17 are of February: the last four of these are tested on, the four before
    # them validated on.
    assert splits["test"] == [11, 13, 15, 17]
    assert splits["validation"] == [3, 5, 7, 9]
    assert splits["train"] == [0, 1, 2, 4, 6, 8, 10, 12, 14, 16, 18, 19]
    assert found.graph.num_edges == 2 * 10
    told = "split by time, 'released': 12 nodes to train up to 2026-02-01, 4 to validate"
    assert any(line.startswith(told) for line in found.notes)
    assert found.config.split == "time"


def test_other_data_may_have_later_edges(shop: Path) -> None:
    config = RunConfig(data=str(shop), until="2026-01-10", half_life="9d")
    assert load_data(config).graph.num_edges == 20
    other = of_folder(config, str(shop))
    assert load_data(other).graph.num_edges == 38
    assert other.half_life == "9d"


def test_times_of_nodes_that_are_not_there_are_named(shop: Path) -> None:
    config = RunConfig(data=str(shop), model="mlp", split="time")
    with pytest.raises(OptionError, match="2 columns of dates, .*; node_time .--node-time. says"):
        prepare(config, None)
    for name in ("day", "label"):
        with pytest.raises(OptionError, match=f"node_time must be a column .*, got '{name}'"):
            prepare(dataclasses.replace(config, node_time=name), None)
    with pytest.raises(OptionError, match="must leave nodes to train on, got 0.5 and 0.5"):
        shares = {"validation_share": 0.5, "test_share": 0.5, "node_time": "released"}
        prepare(dataclasses.replace(config, **shares), None)
    with pytest.raises(OptionError, match="no column of dates"):
        prepare(RunConfig(dataset="digits", model="mlp", split="time"), None)
    with pytest.raises(OptionError, match="half_life is for a folder, and 'digits' is a data set"):
        load_data(RunConfig(dataset="digits", half_life="1d"))


def test_a_share_of_nothing_is_no_split(shop: Path) -> None:
    config = RunConfig(data=str(shop), model="gcn", split="time", node_time="released")
    for name, left in (("validation", ["train", "test"]), ("test", ["train", "validation"])):
        shares = {f"{name}_share": 0.0}
        assert [*prepare(dataclasses.replace(config, **shares), None).graph.splits] == left
    lines = (shop / "nodes.csv").read_text().split("\n")
    few = [
        line if k in (0, 1, 3) else line.rpartition(",")[0] + "," for k, line in enumerate(lines)
    ]
    (shop / "nodes.csv").write_text("\n".join(few))
    assert [*prepare(config, None).graph.splits] == ["train", "validation"]
    with pytest.raises(ValueError, match="nodes to train on, and there are none: split by time"):
        prepare(dataclasses.replace(config, validation_share=0.2, test_share=0.79), None)


def test_a_column_of_times_that_nothing_asks_for_is_an_error(shop: Path) -> None:
    config = RunConfig(data=str(shop), model="gcn")
    for split in (None, "random"):
        with pytest.raises(OptionError, match="node_time is for split='time'; got 'released'"):
            prepare(dataclasses.replace(config, split=split, node_time="released"), None)
    with pytest.raises(OptionError, match="time_column is for half_life and until.* got 'time'"):
        prepare(dataclasses.replace(config, time_column="time"), None)


def test_one_flag_is_for_logs_and_tables(shop: Path) -> None:
    for command in ("train", "info"):
        flags = ["--data", str(shop), "--half-life", "30d", "--time-column", "at"]
        arguments = build_parser().parse_args([command, *flags, "--until", "2026-01-01"])
        assert (arguments.half_life, arguments.time_column) == ("30d", "at")


def test_a_split_by_time_of_a_graph() -> None:
    graph = gnn.Graph.from_edges([], [], labels=[0, 1, -1, 0])
    found = gnn.graphs.time_split(graph, [3, 1, 0, np.nan], {"train": 2, "test": 1})
    assert {name: nodes.tolist() for name, nodes in found.splits.items()} == {
        "train": [1, 3],
        "test": [0],
    }
    with pytest.raises(ValueError, match="times must be one a node, 4, got the shape"):
        gnn.graphs.time_split(graph, [1, 2], {"train": 1.0})
    with pytest.raises(ValueError, match="times must be known of some node"):
        gnn.graphs.time_split(graph, [np.nan] * 4, {"train": 1.0})
