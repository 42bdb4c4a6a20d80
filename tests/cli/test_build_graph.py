"""The command that makes a graph out of a log, called in this process."""

from __future__ import annotations

import argparse
import dataclasses
import json
import os
import shlex
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any, Literal

import pytest

import gnn
from gnn.cli.config_options import about_fields, add_config_options, config_options_of
from gnn.cli.graph_sources import graph_config
from gnn.cli.main import main
from gnn.cli.parser import build_parser
from gnn.configs import SessionGraphConfig

Capture = pytest.CaptureFixture[str]
FIELDS = [field.name for field in dataclasses.fields(SessionGraphConfig)]
LOG = "visit,product,at\n1,a,0\n1,b,1\n2,b,2\n2,a,3\n2,c,4\n"
COLUMNS = "--session-column visit --item-column product"


@pytest.fixture(autouse=True)
def in_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "log.csv").write_text(LOG)


def run(command: str, capsys: Capture) -> tuple[int, str, str]:
    capsys.readouterr()
    code = main(shlex.split(command))
    captured = capsys.readouterr()
    return code, captured.out, captured.err


def test_from_a_log_to_a_folder_that_knows_how_it_was_made(capsys: Capture) -> None:
    command = f"build-graph log.csv --output graph {COLUMNS} --weighting jaccard --min-count 2"
    code, out, err = run(command, capsys)
    assert (code, err) == (0, "")
    made = gnn.Graph.from_sessions(
        [["a", "b"], ["b", "a", "c"]], config={"weighting": "jaccard", "min_count": 2}
    )
    graph = gnn.graphs.open_graph("graph")
    assert graph.ids is not None and graph.ids.tolist() == ["a", "b", "c"]
    for name in ("senders", "receivers", "weights"):
        assert getattr(graph, name).tolist() == getattr(made, name).tolist() != []
    config = {"session_column": "visit", "item_column": "product", "weighting": "jaccard"}
    full = SessionGraphConfig(min_count=2, **config).to_dict()
    assert graph.notes["config"] == full
    assert graph.notes["report"]["given"] == 5
    assert out == f"wrote graph\n{graph.info()}\n" + (
        "  made from       5 records: 2 sessions, 3 items, 3 pairs\n"
        "  made by         weighting=jaccard, min_count=2\n"
    )
    assert "made of       5 records: weights by jaccard, 2 of 3 pairs in fewer than 2" in out
    code, shown, _ = run("info graph", capsys)
    assert (code, shown) == (0, out.removeprefix("wrote "))
    code, text, _ = run("info graph --json", capsys)
    found = json.loads(text)
    assert (found["graph"], found["num_nodes"], found["num_edges"]) == ("graph", 3, 2)
    assert found["config"] == full and found["report"] == json.loads(
        json.dumps(graph.notes["report"])
    )
    code, text, _ = run(f"{command} --overwrite --json", capsys)
    assert json.loads(text) == found


def test_info_on_a_graph_that_was_made_otherwise(capsys: Capture) -> None:
    graph = gnn.Graph.from_edges([0, 1], [1, 2], labels=[0, 1, 1], undirected=True)
    gnn.graphs.write_graph(graph, "other")
    code, out, _ = run("info other", capsys)
    assert (code, out) == (0, f"other\n{graph.info()}\n")
    assert "config" not in json.loads(run("info other --json", capsys)[1])


def test_patterns_files_and_formats(capsys: Capture, tmp_path: Path) -> None:
    (tmp_path / "more.jsonl").write_text(
        '{"visit": "3", "product": "c"}\n{"visit": "3", "product": "a"}'
    )
    counted = f"{COLUMNS} --weighting count"
    code, out, _ = run(f"build-graph 'l*.csv' more.jsonl --output graph {counted}", capsys)
    assert code == 0 and "made from       7 records: 3 sessions, 3 items, 3 pairs\n" in out
    graph = gnn.graphs.open_graph("graph")
    assert graph.weights.tolist() == [2, 2, 2, 1, 2, 1]


def test_users_and_times(capsys: Capture) -> None:
    flags = "--item-column product --user-column visit --time-column at --session-gap 1"
    flags += " --weighting count"
    assert run(f"build-graph log.csv --output graph {flags}", capsys)[0] == 0
    graph = gnn.graphs.open_graph("graph")
    assert graph.notes["config"]["session_gap"] == 1.0
    assert graph.num_edges == 6


SAMPLES: dict[str, Any] = {
    "session_column": "visit",
    "item_column": "product",
    "user_column": "who",
    "time_column": "at",
    "session_gap": 90.0,
    "weighting": "npmi",
    "window": 3,
    "directed": True,
    "repeats": "once",
    "max_session_items": 50,
    "long_sessions": "cut",
    "session_power": 1.0,
    "session_shift": -1.0,
    "half_life": 3600.0,
    "min_count": 2,
    "min_weight": 0.25,
    "max_neighbors": 10,
    "mutual": True,
    "join_isolated": True,
    "swing_smoothing": 2.0,
    "swing_sessions": 100,
}


def test_flags_and_file_give_the_same_configuration(tmp_path: Path) -> None:
    assert list(SAMPLES) == FIELDS
    base = ["build-graph", "log.csv", "--output", "graph"]
    flags = []
    for name, value in SAMPLES.items():
        flag = f"--{name.replace('_', '-')}"
        flags += [flag] if value is True else [flag, str(value)]
    expected = SessionGraphConfig(**SAMPLES)
    assert graph_config(build_parser().parse_args([*base, *flags])) == expected
    for name, text in (("all.json", json.dumps(SAMPLES)), ("all.yaml", json.dumps(SAMPLES))):
        (tmp_path / name).write_text(text)
        parsed = build_parser().parse_args([*base, "--config", name])
        assert graph_config(parsed) == expected
        over = ["--min-count", "3", "--max-neighbors", "none", "--no-mutual"]
        parsed = build_parser().parse_args([*base, "--config", name, *over])
        changed = {"min_count": 3, "max_neighbors": None, "mutual": False}
        assert graph_config(parsed) == dataclasses.replace(expected, **changed)
    assert graph_config(build_parser().parse_args(base)) == SessionGraphConfig()


@pytest.mark.parametrize("name", FIELDS)
def test_every_field_is_a_flag_with_a_help(name: str, capsys: Capture) -> None:
    assert about_fields(SessionGraphConfig)[name]
    assert f"  --{name.replace('_', '-')}" in run("build-graph --help", capsys)[1]


def test_fields_that_come_later_are_flags_too() -> None:

    @dataclasses.dataclass(frozen=True)
    class Later(SessionGraphConfig):
        """A configuration of another day.

        Attributes:
            direction: Which way, of
                two. Or none.
            window, step: How far (100%).
            shares: Some shares.
        """

        direction: Literal["both", "ahead"] = "both"
        window: int | None = None
        step: float = 1.0
        shares: tuple[float, ...] | None = None

    parser = argparse.ArgumentParser()
    add_config_options(parser, Later)
    flags = "--direction ahead --window none --step 2 --shares 0.5 1 --min-count 4".split()
    assert config_options_of(parser.parse_args(flags), Later) == {
        "min_count": 4,
        "direction": "ahead",
        "window": None,
        "step": 2.0,
        "shares": [0.5, 1.0],
    }
    assert about_fields(Later)["direction"] == "which way, of two"
    assert "how far (100%) [1.0]" in parser.format_help()


@pytest.mark.parametrize(
    ("command", "code", "message"),
    [
        ("nothing-*.csv", 1, "sessions: no file matches 'nothing-*.csv'"),
        (".", 1, "sessions must be files, got the folder '.'"),
        ("odd.csv", 1, "odd.csv has no column 'session'; it has ['who', 'what', 'at']"),
        (
            "two.csv",
            1,
            "two.csv: two columns could be the item: 'item_id' and 'sku'; item_column (--item-colu",
        ),
        (f"log.doc {COLUMNS}", 1, "a table must end in .csv"),
        (f"bad.csv {COLUMNS} --strict", 1, "bad.csv: 1 malformed row: line 3 (1 field, not 2)"),
        (f"gaps.csv {COLUMNS}", 1, "each record must have its item, got '' at line 2 of gaps.csv"),
        (f"log.csv {COLUMNS} --min-count 0", 2, "min_count must be at least 1, got 0"),
        (f"log.csv {COLUMNS} --session-gap soon", 2, "session_gap must be a number and one of"),
        ("log.csv --config odd.json", 2, "SessionGraphConfig has no field 'min_cont'; it has"),
        ("log.csv --config none.json", 1, "none.json"),
    ],
)
def test_a_failure_is_one_line_and_leaves_nothing(
    command: str, code: int, message: str, capsys: Capture, tmp_path: Path
) -> None:
    (tmp_path / "log.doc").write_text(LOG)
    (tmp_path / "odd.csv").write_text("who,what,at\n1,a,0\n")
    (tmp_path / "two.csv").write_text("session,item_id,sku\n1,a,b\n")
    (tmp_path / "bad.csv").write_text("visit,product\n1,a\n1\n1,b\n")
    (tmp_path / "gaps.csv").write_text("visit,product\n1,\n1,b\n")
    (tmp_path / "odd.json").write_text('{"min_cont": 2}')
    before = sorted(os.listdir())
    found, out, err = run(f"build-graph {command} --output graph", capsys)
    assert (found, out) == (code, "")
    assert err.startswith("gnn: error: ") and message in err and err.count("\n") == 1
    assert sorted(os.listdir()) == before


def test_gaps_are_dropped_where_that_is_asked_for(capsys: Capture, tmp_path: Path) -> None:
    (tmp_path / "gaps.csv").write_text("visit,product\n1,\n1,b\n1,?\n1,NA\n")
    command = f"build-graph gaps.csv {COLUMNS} --output graph --missing drop"
    assert "2 without a session or an item left out" in run(command, capsys)[1]
    _, out, _ = run(f"{command} --na-values '?' --overwrite", capsys)
    assert "nodes           2, " in out


def test_what_is_there_is_not_replaced_unasked(capsys: Capture, tmp_path: Path) -> None:
    command = f"build-graph log.csv {COLUMNS} --output graph"
    assert run(command, capsys)[0] == 0
    log = tmp_path / "log.csv"
    log.write_text("not,read\n")  # It is looked at before anything is read.
    code, _, err = run(command, capsys)
    assert (code, err) == (
        1,
        "gnn: error: cannot write the folder 'graph': it exists already\n",
    )
    (tmp_path / "graph" / "notes.txt").write_text("mine")
    code, _, err = run(f"{command} --overwrite", capsys)
    assert code == 1 and "it holds 'notes.txt'" in err


# Stops where half of the files of the graph are written, says so, and waits to be killed.
_WRITER = """
import sys, time
from gnn.graphs.storage import graph_writer
from gnn.runs.graph_building import build_graph

def stop(self, offsets):
    print("writing", flush=True)
    time.sleep(60)

graph_writer.GraphWriter._grouped = stop
build_graph(sys.argv[1], "graph", {"session_column": "visit", "item_column": "product"})
"""


def test_a_job_that_is_killed_leaves_no_graph(capsys: Capture, tmp_path: Path) -> None:
    environment = {**os.environ, "PYTHONPATH": str(Path(gnn.__file__).parents[1])}
    writer = subprocess.Popen(
        [sys.executable, "-c", _WRITER, "log.csv"],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        env=environment,
    )
    assert writer.stdout is not None and writer.stdout.readline() == "writing\n"
    writer.send_signal(signal.SIGKILL)
    writer.wait()
    writer.stdout.close()
    assert not (tmp_path / "graph").exists()
    assert any(name.startswith(".graph.partial") for name in os.listdir())
    assert run(f"build-graph log.csv {COLUMNS} --output graph", capsys)[0] == 0
    assert sorted(os.listdir()) == ["graph", "log.csv"]  # It has tidied up.


def test_columns_are_found_and_the_report_says_so(capsys: Capture, tmp_path: Path) -> None:
    (tmp_path / "views.csv").write_text("visitor_id;time;sku\n1;0;a\n1;60;b\n1;7000;c\n")
    code, out, err = run("build-graph views.csv --output graph --weighting count", capsys)
    assert (code, err) == (0, "")
    assert "columns by their names: user 'visitor_id', item 'sku'" in out
    assert "a session of 'visitor_id' ends after 1800 seconds without a record" in out
    assert gnn.graphs.open_graph("graph").num_edges == 2
    command = "build-graph views.csv --output wide --weighting count --session-gap 2h"
    assert run(command, capsys)[0] == 0
    assert gnn.graphs.open_graph("wide").num_edges == 6
