"""The command, called in this process: what it prints, where, and its exit codes."""

from __future__ import annotations

import dataclasses
import json
import re
import shlex
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from gnn.cli import commands
from gnn.cli.help_texts import ABOUT, EXAMPLES
from gnn.cli.main import main
from gnn.cli.options import options_of
from gnn.cli.parser import build_parser
from gnn.runs import Run, RunConfig, load_run, trainer
from gnn.runs.run import Predictions

Capture = pytest.CaptureFixture[str]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of data, and a finished run of an mlp and of a gcn on it."""
    root = tmp_path_factory.mktemp("cli")
    (root / "shop").mkdir()
    rng = np.random.default_rng(0)
    nodes = [
        "id,size,label",
        *(f"n{i},{i % 2 + rng.normal():.3f},{'ab'[i % 2]}" for i in range(20)),
    ]
    (root / "shop" / "nodes.csv").write_text("\n".join(nodes) + "\n")
    edges = ["source,target", *(f"n{i},n{(i + 2) % 20}" for i in range(20))]
    (root / "shop" / "edges.csv").write_text("\n".join(edges) + "\n")
    (root / "new.csv").write_text("id,size\nx,0.5\ny,1.5\n")
    (root / "unlabeled").mkdir()
    (root / "unlabeled" / "nodes.csv").write_text("id,size\nx,0.5\ny,1.5\n")
    (root / "unlabeled" / "edges.csv").write_text("source,target\nx,y\n")
    for model in ("mlp", "gcn"):
        arguments = ["train", "--data", str(root / "shop"), "--model", model, "--epochs", "2"]
        arguments.append("--no-baseline")
        assert main([*arguments, "--output", str(root / model)]) == 0
    return root


@pytest.fixture(autouse=True)
def in_folder(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder)


def run(command: str, capsys: Capture) -> tuple[int, str, str]:
    capsys.readouterr()
    code = main(shlex.split(command))
    captured = capsys.readouterr()
    return code, captured.out, captured.err


@pytest.mark.parametrize("name", list(ABOUT))
def test_help_has_examples_that_parse(name: str, capsys: Capture) -> None:
    code, text, _ = run(f"{name} --help", capsys)
    assert code == 0
    assert ABOUT[name] in text
    for example in EXAMPLES[name]:
        assert f"  {example}" in text
        program, *arguments = shlex.split(example)
        assert program == "gnn"
        parsed = build_parser().parse_args(arguments)
        assert parsed.command == name in commands.COMMANDS


def test_help_names_every_command(capsys: Capture) -> None:
    code, text, _ = run("--help", capsys)
    assert code == 0
    assert all(f"\n    {name}" in text for name in ABOUT)
    assert run("--version", capsys)[1].startswith("gnn ")


@pytest.mark.parametrize(
    "command",
    [
        "datasets",
        "info --data shop",
        "info mlp",
        "evaluate mlp",
        "predict mlp --input new.csv",
        "predict gcn --input shop --output p.csv --overwrite",
        "embed gcn --output e.npz --overwrite",
        "export mlp --output served.keras --format keras --overwrite",
        "adopt gcn",
        "train --output mlp --resume",
    ],
)
def test_json_is_one_document(command: str, capsys: Capture) -> None:
    code, out, err = run(f"{command} --json", capsys)
    assert code == 0, err
    assert json.loads(out)
    code, text, _ = run(command, capsys)
    assert code == 0
    assert text.strip() and text != out


def test_info_tells_what_columns_hold_and_why(capsys: Capture) -> None:
    code, out, _ = run("info --data shop --json", capsys)
    assert code == 0
    columns = json.loads(out)["columns"]
    assert {name: column["type"] for name, column in columns.items()} == {
        "id": "id",
        "size": "number",
        "label": "label",
    }
    reason = "number: all of its cells that are no gaps are numbers"
    assert f"'size': {reason}" in run("info --data shop", capsys)[1]


def test_train_prints_the_run_and_says_the_rest_on_stderr(capsys: Capture) -> None:
    command = "train --data shop --model mlp --epochs 1 --output once --overwrite --json"
    code, out, err = run(command, capsys)
    assert code == 0
    found = json.loads(out)
    assert found["run"] == "once"
    assert found["metrics"] == load_run("once").metrics
    assert "training mlp on " in err
    assert "no splits in the data: drew 12 nodes to train" in err


def test_predictions_on_stdout_are_csv(capsys: Capture) -> None:
    code, out, _ = run("predict mlp --input new.csv", capsys)
    assert code == 0
    header, first, second = out.splitlines()
    assert header == "id,class,probability_a,probability_b,filled"
    assert [line.split(",")[0] for line in (first, second)] == ["x", "y"]


def test_json_of_numbers_that_are_none_parses(capsys: Capture, folder: Path) -> None:
    (folder / "huge.csv").write_text("id,size\nx,3e38\n")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Run, "predict", _nan)
        code, out, _ = run("predict mlp --input huge.csv --json", capsys)
    assert code == 0
    (row,) = json.loads(out, parse_constant=pytest.fail)
    assert row["probability_a"] is None


def _nan(self: Run, *arguments: Any, **options: Any) -> Predictions:
    return Predictions(["x"], ["a"], np.full([1, 2], np.nan, np.float32), ("a", "b"))


@pytest.mark.parametrize("suffix", ["csv", "parquet", "json"])
def test_predictions_in_a_file(suffix: str, capsys: Capture, folder: Path) -> None:
    code, out, _ = run(f"predict mlp --input new.csv --output out.{suffix}", capsys)
    assert (code, out) == (0, f"wrote 2 predictions to out.{suffix}\n")
    assert (folder / f"out.{suffix}").stat().st_size


@pytest.mark.parametrize(
    ("command", "code", "message"),
    [
        ("predict mlp --input nowhere.csv", 1, "no file 'nowhere.csv'"),
        ("predict mlp --input shop/edges.csv", 1, "edges.csv has no column"),
        ("predict gcn --input new.csv", 1, "a gcn predicts a node from its neighbors"),
        ("predict nowhere", 1, "no run folder 'nowhere'"),
        ("predict shop", 1, "'shop' is no run folder: it has no config.json"),
        (
            "predict mlp --output p.xls",
            1,
            "output must end in one of ['.csv', '.parquet', '.json']",
        ),
        ("predict mlp --dataset digits", 1, "the run was trained on the feature 'columns'"),
        ("evaluate mlp --split tests", 1, "unknown split 'tests'"),
        ("embed mlp --output e.txt", 1, "output must end in one of ['.npz'"),
        ("export mlp --output shop", 1, "'shop': it exists already"),
        ("predict mlp --output new.csv", 1, "cannot write the file 'new.csv': it exists already"),
        ("embed mlp --output new.csv", 1, "cannot write the file 'new.csv': it exists already"),
        ("export mlp --output shop --overwrite", 1, "cannot replace the folder 'shop'"),
        ("adopt shop", 1, "'shop' is no run, graph, records, export or folder of snapshots"),
        ("adopt nowhere", 1, "no folder 'nowhere'"),
        ("export mlp --output m.h5 --format keras", 1, "must end in .keras"),
        ("info --data nowhere", 1, "no folder"),
        ("train --data shop --model mlp --output mlp", 1, "exists already: add overwrite"),
        ("train --data unlabeled --model mlp", 1, "has no labels, and training needs some"),
        ("train --data nowhere --model mlp", 1, "no folder"),
        ("train --config nowhere.json", 1, "nowhere.json"),
        (
            "train --dataset digits",
            2,
            "--model is needed: gcn, sage, gat, gatv2, gin, sgc, ",
        ),
        ("train --model gcn", 2, "--dataset NAME or --data FOLDER is needed"),
        ("train --data shop --dataset digits --model mlp", 2, "exclude each other"),
        ("train --data shop --model mlp --epochs 0", 2, "epochs must be at least 1, got 0"),
        ("train --data shop --model mlp --fanout 3", 2, "fanout has no use for the model 'mlp'"),
        ("train --output mlp --resume --seed 9", 2, "seed (was 0, now 9)"),
    ],
)
def test_failures_are_one_line(command: str, code: int, message: str, capsys: Capture) -> None:
    found, out, err = run(command, capsys)
    assert (found, out) == (code, "")
    assert err.startswith("gnn: error: ")
    assert message in err
    assert err.count("\n") == 1


@pytest.mark.parametrize(
    ("command", "message"),
    [
        ("", "the following arguments are required: COMMAND"),
        ("tain", "invalid choice: 'tain'"),
        ("train --modle gcn", "unrecognized arguments: --modle gcn"),
        ("train --epochs many", "invalid int value: 'many'"),
        ("train --model tree", "invalid choice: 'tree'"),
        ("train --column price", "argument --column: must be NAME=TYPE, got 'price'"),
        ("info", "one of the arguments PATH --dataset --data is required"),
        ("predict mlp --input a.csv --dataset cora", "not allowed with argument"),
        ("embed mlp", "the following arguments are required: --output"),
    ],
)
def test_wrong_usage_is_2(command: str, message: str, capsys: Capture) -> None:
    code, out, err = run(command, capsys)
    assert (code, out) == (2, "")
    assert message in err


def test_debug_shows_the_traceback(capsys: Capture) -> None:
    code, _, err = run("predict nowhere --debug", capsys)
    assert code == 1
    assert "Traceback (most recent call last)" in err
    assert err.endswith("gnn: error: no run folder 'nowhere'\n")


def test_interrupt_is_130(capsys: Capture, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*arguments: Any, **options: Any) -> Run:
        raise KeyboardInterrupt("interrupted; carry on with: gnn train --output x --resume")

    monkeypatch.setattr(trainer, "train", interrupted)
    code, out, err = run("train --data shop --model mlp", capsys)
    assert (code, out) == (130, "")
    assert err == "gnn: interrupted; carry on with: gnn train --output x --resume\n"


def test_warnings_of_tables_are_lines(capsys: Capture, folder: Path) -> None:
    (folder / "odd.csv").write_text("id,size\nx,0.5\ny,large\nz,1.5\n")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("warnings.warn", _as_shown)
        code, out, err = run("predict mlp --input odd.csv", capsys)
    assert code == 0
    assert len(out.splitlines()) == 4  # A row for each that was given, and the header.
    assert err.startswith("gnn: warning: odd.csv: 1 wrong cell taken for a gap: line 3 (")


def _as_shown(message: Any, *rest: Any, **options: Any) -> None:
    """What `warnings.warn` does where warnings are no errors."""
    import warnings

    warnings.showwarning(message, UserWarning, "", 0)


def flag_of(option: dataclasses.Field[Any], value: Any) -> list[str]:
    name = option.name.replace("_", "-")
    if isinstance(value, bool):
        return [f"--{name}" if value else f"--no-{name}"]
    if isinstance(value, dict):
        fields = [(key, *each.values()) for key, each in value.items()]
        pairs = [f"{key}={':'.join(parts)}" for key, *parts in fields]
        return [part for pair in pairs for part in (f"--{name.removesuffix('s')}", pair)]
    values = value if isinstance(value, list) else [value]
    return [f"--{name}", *map(str, values)]


def test_evaluate_tells_what_json_has_and_draws_it(folder: Path, capsys: Capture) -> None:
    code, out, _ = run("evaluate gcn --plots drawn", capsys)
    assert code == 0
    assert re.match(r"test: accuracy \d\.\d{4} \(\d\.\d{3} to \d\.\d{3} of 4 nodes\), loss ", out)
    assert "macro mean" in out and "calibration error" in out and "edges received" in out
    drawn = sorted(path.name for path in (folder / "drawn").iterdir())
    assert drawn == ["calibration.png", "confusion.png", "degree.png", "homophily.png"]
    code, _, err = run("evaluate gcn --plots drawn", capsys)
    assert code == 1 and "exists already; overwrite replaces it" in err
    code, out, _ = run("evaluate gcn --plots drawn --overwrite --json", capsys)
    found = json.loads(out)
    assert code == 0 and len(found["plots"]) == 4
    assert sum(map(sum, found["confusion"])) == found["nodes"] == 4
    assert {row["class"] for row in found["classes"]} == {"a", "b"}


VALUES: dict[str, Any] = {
    "dataset": "cora",
    "data": "shop",
    "nodes": "products.csv",
    "labels": "labels.csv",
    "edges": "pairs.csv",
    "sessions": "clicks.csv",
    "columns": {"price": {"type": "number"}, "tags": {"type": "multi-category", "separator": "|"}},
    "exclude": ["title", "ean"],
    "schema": "schema.yaml",
    "source_column": "from",
    "target_column": "to",
    "weight_column": "strength",
    "time_column": "at",
    "half_life": "30d",
    "until": "2026-03-01",
    "split": "time",
    "node_time": "released",
    "image_size": [28, 32],
    "image_channels": 1,
    "keep_aspect": "pad",
    "backbone": "small",
    "backbone_weights": "weights.h5",
    "strict": False,
    "directed": True,
    "session_config": {"weighting": "npmi", "min_count": 2},
    "label_kind": "class",
    "validation_share": 0.1,
    "test_share": 0.3,
    "model": "graph-regularization",
    "recipe": "general",
    "hidden_units": [64, 32],
    "dropout": 0.5,
    "l2": 0.001,
    "scaling": "none",
    "loss": "categorical_hinge",
    "class_weight": "balanced",
    "multiplier": 0.5,
    "contrast": 0.25,
    "distance": "l1",
    "regularize": "logits",
    "learning_rate": 0.001,
    "epochs": 5,
    "patience": 2,
    "steps_per_epoch": 3,
    "batch_size": 16,
    "fanout": [5, -1],
    "unlabeled_batch_size": 8,
    "inference": "sampled",
    "teacher": "gcn",
    "temperature": 2.0,
    "calibrate": True,
    "baseline": False,
    "seed": 7,
    "start_from": "runs/before",
    "split_seed": 3,
    "folds": 4,
    "fold": 1,
    "output": "somewhere",
    "overwrite": True,
    "resume": False,
    "snapshot_seconds": 1.5,
}


def test_flags_and_file_give_the_same_configuration(folder: Path) -> None:
    options = {option.name: option for option in dataclasses.fields(RunConfig)}
    assert set(VALUES) == set(options)
    plain = {name: value for name, value in VALUES.items() if name != "session_config"}
    flags = [part for name, value in plain.items() for part in flag_of(options[name], value)]
    by_flags = options_of(build_parser().parse_args(["train", *flags]))
    assert by_flags == RunConfig(**plain)
    values = {name: value for name, value in VALUES.items() if name != "dataset"}
    (folder / "all.json").write_text(json.dumps(values))
    parsed = build_parser().parse_args(["train", "--config", "all.json"])
    assert commands.train_config(parsed) == RunConfig(**values)
    parsed = build_parser().parse_args(["train", "--config", "all.json", "--seed", "8"])
    assert commands.train_config(parsed) == RunConfig(**values | {"seed": 8})


def test_datasets_says_what_is_here(
    capsys: Capture, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GNN_DATA_DIR", str(tmp_path))
    (tmp_path / "groceries.csv").write_text("milk\n")
    _, out, _ = run("datasets --json", capsys)
    here = {entry["name"]: entry["is_here"] for entry in json.loads(out)}
    assert here == {
        "cora": False,
        "citeseer": False,
        "pubmed": False,
        "digits": True,
        "groceries": True,
    }


def test_groceries_cannot_be_trained_on(capsys: Capture, data_dir: Path) -> None:
    if not (data_dir / "groceries.csv").is_file():
        pytest.skip("GNN_DATA_DIR has no groceries.csv")
    code, _, err = run("train --dataset groceries --model mlp", capsys)
    assert code == 1
    assert "groceries has no labels, and training needs some" in err
