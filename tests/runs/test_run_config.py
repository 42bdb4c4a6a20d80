"""Options: one definition for Python and files, and an error that names what is wrong."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Any

import pytest

import gnn
from gnn.runs import OptionError, RunConfig, read_config_file
from gnn.runs.data_options import DataOptions
from gnn.runs.run_config import option_types

VALUES: dict[str, Any] = {
    "dataset": "cora",
    "model": "gcn",
    "hidden_units": [64, 32],
    "dropout": 0.5,
    "learning_rate": 0.001,
    "epochs": 7,
    "strict": True,
}


@pytest.mark.parametrize("suffix", ["json", "yaml", "yml"])
def test_file_gives_the_same_as_python(suffix: str, tmp_path: Path) -> None:
    path = tmp_path / f"run.{suffix}"
    yaml = """
dataset: cora
model: gcn
hidden_units: [64, 32]
dropout: 0.5
learning_rate: 1e-3   # A string to YAML.
epochs: 7
strict: true
"""
    path.write_text(json.dumps(VALUES) if suffix == "json" else yaml)
    assert read_config_file(path) == RunConfig(**VALUES)


def test_every_option_goes_to_json_and_back() -> None:
    examples = {str: "logits", bool: True, int: 3, float: 0.5, tuple[int, ...]: (3, 4)}
    examples |= {dict[str, Any]: {"min_count": 2}, tuple[str, ...]: ("a", "b")}
    for option in dataclasses.fields(RunConfig):
        value = examples[option_types()[option.name]]
        if option.name == "columns":
            value = {"price": {"type": "number"}}
        if option.metadata["choices"]:
            value = option.metadata["choices"][0]
        config = RunConfig(**{option.name: value})
        assert RunConfig.from_dict(json.loads(json.dumps(config.to_dict()))) == config
        assert option.metadata["about"]
        assert option.name in f"{RunConfig.__doc__} {DataOptions.__doc__}"


def test_given_options_win() -> None:
    file, flags = RunConfig(seed=1, epochs=5, strict=True), RunConfig(seed=0, strict=False)
    assert flags.over(file) == RunConfig(seed=0, epochs=5, strict=False)


@pytest.mark.parametrize(
    ("values", "error", "message"),
    [
        ({"columns": {"a": "word"}}, OptionError, r"columns: column 'a': type must be one of \['n"),
        ({"columns": ["a"]}, TypeError, "columns: a schema must map names of columns to types"),
        ({"exclude": [3]}, TypeError, "exclude must hold strings that are not empty, got 3"),
        ({"epoch": 3}, OptionError, r"unknown keys \['epoch'\]; the keys are \['dataset'"),
        ({"epochs": 0}, OptionError, "epochs must be at least 1, got 0"),
        ({"epochs": 1.5}, TypeError, "epochs must be an integer, got 1.5"),
        ({"epochs": True}, TypeError, "epochs must be an integer, got True"),
        ({"dropout": 1}, OptionError, "dropout must be at least 0 and below 1, got 1"),
        ({"dropout": "half"}, TypeError, "dropout must be a number, got 'half'"),
        ({"learning_rate": float("nan")}, OptionError, "learning_rate must be at least 0, got nan"),
        ({"hidden_units": []}, OptionError, "hidden_units must hold at least one integer"),
        ({"hidden_units": [64, 0]}, OptionError, "hidden_units must be at least 1, got 0"),
        ({"model": "tree"}, OptionError, r"model must be one of \['gcn', .*\], got 'tree'"),
        ({"model": 3}, TypeError, "model must be a string that is not empty, got 3"),
        ({"strict": "yes"}, TypeError, "strict must be true or false, got 'yes'"),
        ({"fanout": -2}, OptionError, "fanout must be at least -1, got -2"),
        ({"session_config": "npmi"}, TypeError, "session_config: expected a SessionGraphConfig"),
        (
            {"session_config": {"min_count": 0}},
            OptionError,
            "session_config: min_count must be at least 1, got 0",
        ),
    ],
)
def test_wrong_option_is_named(values: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        RunConfig.from_dict(values)


@pytest.mark.parametrize(
    ("name", "text", "error", "message"),
    [
        ("run.toml", "", OptionError, "must be a .json, .yaml or .yml file"),
        ("run.json", '{"seed": 1,\n oops}', OptionError, "run.json, line 2: Expecting"),
        ("run.yaml", "seed: 1\nmodel: [gcn\n", OptionError, "run.yaml, line 3: "),
        ("run.yaml", "- gcn\n", TypeError, "run.yaml must hold a mapping of options, got list"),
        ("run.yaml", "epoch: 3\n", OptionError, r"run.yaml has unknown keys \['epoch'\]"),
        ("run.yaml", "epochs: 0\n", OptionError, "run.yaml: epochs must be at least 1, got 0"),
        ("run.json", '{"epochs": "x"}', TypeError, "run.json: epochs must be an integer"),
    ],
)
def test_wrong_file_is_named(
    name: str, text: str, error: type[Exception], message: str, tmp_path: Path
) -> None:
    (tmp_path / name).write_text(text)
    with pytest.raises(error, match=message):
        read_config_file(tmp_path / name)


def test_empty_yaml_gives_no_options(tmp_path: Path) -> None:
    (tmp_path / "run.yaml").write_text("# nothing\n")
    assert read_config_file(tmp_path / "run.yaml") == RunConfig()


def test_a_configuration_of_sessions_is_its_fields() -> None:
    config = RunConfig(session_config=gnn.SessionGraphConfig("npmi", min_count=2))
    expected = gnn.SessionGraphConfig("npmi", min_count=2).to_dict()
    assert config.session_config == expected
    given = {"weighting": "auto"}  # What it stands for is filled in where a log is read.
    assert RunConfig(session_config=given).to_dict() == {"session_config": given}
