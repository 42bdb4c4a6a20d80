"""Commands on a folder with a log: flags and files that say which edges it gives."""

from __future__ import annotations

import json
import shlex
from pathlib import Path

import pytest

import gnn
from gnn.cli.commands import train_config
from gnn.cli.main import main
from gnn.cli.parser import build_parser
from gnn.runs import load_run
from tests.runs.conftest import make_bare

Capture = pytest.CaptureFixture[str]


@pytest.fixture(autouse=True)
def in_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Four pairs of products of one class, each pair in two sessions of its own; one is alone."""
    monkeypatch.chdir(tmp_path)
    for name in ("shop", "linked"):
        (tmp_path / name).mkdir()
        rows = [f"n{i},{i},{'ab'[i // 2 % 2]}" for i in range(9)]
        (tmp_path / name / "nodes.csv").write_text("\n".join(["id,size,label", *rows]))
    records = [f"{i // 2}-{k},n{i}" for i in range(8) for k in range(2)]
    (tmp_path / "shop" / "sessions.csv").write_text("\n".join(["session,item", *records]))
    (tmp_path / "linked" / "edges.csv").write_text("source,target\nn0,n1\n")


def run(command: str, capsys: Capture) -> tuple[int, str, str]:
    capsys.readouterr()
    code = main(shlex.split(command))
    captured = capsys.readouterr()
    return code, captured.out, captured.err


def test_info_shows_the_graph_that_a_training_would_make(capsys: Capture) -> None:
    code, out, err = run("info --data shop", capsys)
    assert (code, err) == (0, "")
    assert "    made of       16 records: weights by cosine\n" in out
    assert "  edges           8, undirected, mean degree 0.889, weights 1 to 1\n" in out
    assert "  made from       16 records: 8 sessions, 9 items, 4 pairs\n  made by " in out
    code, out, _ = run("info --data shop --weighting count --min-count 2", capsys)
    assert "weights 2 to 2\n" in out and "  made by         weighting=count, min_count=2\n" in out
    found = json.loads(run("info --data shop --json --max-neighbors 3", capsys)[1])
    assert found["config"] == gnn.SessionGraphConfig(max_neighbors=3).to_dict()
    assert (found["report"]["pairs"], found["num_edges"]) == (4, 8)


def test_train_takes_flags_over_the_file(tmp_path: Path) -> None:
    values = {
        "data": "shop",
        "model": "mlp",
        "session_config": {"weighting": "npmi", "min_count": 3, "directed": True},
    }
    (tmp_path / "run.json").write_text(json.dumps(values))
    parsed = build_parser().parse_args(["train", "--config", "run.json"])
    assert train_config(parsed).session_config == values["session_config"]
    flags = "--min-count 4 --max-neighbors none --directed"
    parsed = build_parser().parse_args(["train", "--config", "run.json", *flags.split()])
    config = train_config(parsed)
    assert config.session_config == {
        "weighting": "npmi",
        "min_count": 4,
        "directed": True,
        "max_neighbors": None,
    }
    assert config.directed is True  # Which is of edges.csv.
    parsed = build_parser().parse_args("train --data shop --model mlp --directed".split())
    assert train_config(parsed).session_config is None


def test_train_says_what_it_made_of_the_log(
    capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_bare(monkeypatch)
    command = "train --data shop --model mlp --epochs 1 --weighting count --output run"
    code, out, err = run(f"{command} --json", capsys)
    assert code == 0 and json.loads(out)["run"] == "run"
    assert err.startswith("sessions.csv gave 8 edges, and 1 of 9 nodes have none\n")
    assert "\n16 records in 8 sessions: weights by count\n" in err
    assert load_run("run").config.session_config == gnn.SessionGraphConfig("count").to_dict()
    code, out, _ = run("info run/log_graph", capsys)
    assert code == 0 and "made by         weighting=count\n" in out
    code, _, err = run("train --output run --resume --weighting npmi", capsys)
    assert code == 2 and "cannot resume 'run' with other options: session_config" in err


@pytest.mark.parametrize(
    ("command", "code", "message"),
    [
        ("info --dataset digits --window 2", 2, "--window is for the log of a folder, and needs"),
        ("info run --min-count 2", 2, "--min-count is for the log of a folder, and needs --data F"),
        (
            "info --data linked --mutual",
            2,
            "session_config is for a log, sessions.csv, and 'linked",
        ),
        (
            "info --data shop --min-count 0",
            2,
            "session_config: min_count must be at least 1, got 0",
        ),
        ("info --data shop --half-life 1d", 1, "half_life needs the times of records, and there"),
        (
            "train --data linked --model mlp --mutual",
            2,
            "session_config is for a log, sessions.csv",
        ),
        (
            "train --data shop --model mlp --session-gap 5",
            1,
            "sessions.csv: session_gap needs user_column (--user-column)",
        ),
        ("train --config odd.json", 2, "SessionGraphConfig has no field 'min_cont'; it has"),
    ],
)
def test_what_is_wrong_is_one_line(
    command: str, code: int, message: str, capsys: Capture, tmp_path: Path
) -> None:
    (tmp_path / "odd.json").write_text('{"session_config": {"min_cont": 2}}')
    found, out, err = run(command, capsys)
    assert (found, out) == (code, "")
    assert err.startswith("gnn: error: ") and message in err and err.count("\n") == 1
