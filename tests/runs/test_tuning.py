"""The search: its space, its journal under kill, and that a stopped one ends as any other."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from gnn.graphs import Graph
from gnn.runs import (
    OptionError,
    RunConfig,
    read_config_file,
    trials,
    tune,
    tuning,
)
from gnn.runs.recipes import build_model, resolve
from gnn.runs.run_config import NETWORK_NAMES
from gnn.runs.search_spaces import Choice, Range, as_plain, default_space, params_of, space_of
from gnn.runs.trial_log import TrialLog, mend, setting
from gnn.runs.trial_log import results as results_of
from tests.runs.conftest import make_bare

SPACE = {"learning_rate": {"low": 0.001, "high": 0.1, "log": True}, "hidden_units": [[4], [8]]}
ROOT = Path(__file__).parents[2]


@pytest.fixture(autouse=True)
def bare(monkeypatch: pytest.MonkeyPatch) -> None:
    """Has trainings take a moment."""
    make_bare(monkeypatch)


def short(shop: Path, output: Path, **options: Any) -> RunConfig:
    return RunConfig(data=str(shop), model="mlp", output=str(output), epochs=2, **options)


def params(path: Path) -> list[dict[str, Any]]:
    log = TrialLog(path / "trials.log", space_of(SPACE), 0)
    return [{**trial.params, "value": trial.value} for trial in log.trials]


class Stop(Exception):
    """Stands for a kill."""


def test_stopped_search_ends_as_one_that_was_not(
    shop: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = tune(short(shop, tmp_path / "whole"), trials=3, space=SPACE)
    train_one, calls = trials.Trials.train, []

    def train(self: trials.Trials, *arguments: Any) -> tuple[float, float]:
        calls.append(arguments[1].name)
        if len(calls) == 2:
            raise Stop
        return train_one(self, *arguments)

    monkeypatch.setattr(trials.Trials, "train", train)
    with pytest.raises(Stop):
        tune(short(shop, tmp_path / "stopped"), trials=3, space=SPACE)
    asked = RunConfig(output=str(tmp_path / "stopped"), resume=True)
    with pytest.raises(OptionError, match="cannot resume .* with other seeds, \\[0, 1, 2\\]"):
        tune(asked, seeds=3)
    # As many trials as it was to have.
    found = tune(asked)
    # Three trials, and the one that was stopped.
    assert len(calls) == 4
    assert found.summary == whole.summary
    assert params(found.path) == params(whole.path)
    # What a trial says of its setting is what a run of it gets.
    number = whole.summary["best"]["number"]
    accuracy, loss = whole.summary["trials"][number - 1]["results"]["seed 0"]
    np.testing.assert_allclose(whole.best.metrics["validation"]["accuracy"], accuracy, rtol=1e-6)
    np.testing.assert_allclose(whole.best.metrics["validation"]["loss"], loss, rtol=1e-5)
    # The file is a configuration that is complete but for the recipe.
    config = read_config_file(whole.path / "best.json")
    assert config.to_dict() == {**config.to_dict(), **whole.setting, "split_seed": 0}
    # More trials carry it on.
    more = tune(RunConfig(output=str(tmp_path / "stopped"), resume=True), trials=4)
    assert len(more.summary["trials"]) == 4
    with pytest.raises(FileExistsError, match="add resume to carry it on"):
        tune(short(shop, tmp_path / "whole"), trials=4, space=SPACE)
    with pytest.raises(OptionError, match="with another space"):
        tune(RunConfig(output=str(tmp_path / "whole"), resume=True), space={"dropout": [0.1]})


def test_a_setting_that_fails_ends_no_search(
    shop: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fit_one = trials.fit

    def fit(config: RunConfig, *arguments: Any, **options: Any) -> Any:
        if config.class_weight is not None:
            raise ValueError("no such weight")
        return fit_one(config, *arguments, **options)

    monkeypatch.setattr(trials, "fit", fit)
    said: list[str] = []
    space = {"class_weight": ["balanced"]}  # The recipe has none, and the model has a use for it.
    asked = short(shop, tmp_path / "x", hidden_units=(4,))
    found = tune(asked, trials=2, space=space, report=said.append)
    assert found.summary["counts"] == {"complete": 1, "failed": 1}
    assert found.summary["trials"][1]["why"] == "no such weight"
    assert any("trial 2 of 2: failed: no such weight; class_weight balanced" in x for x in said)


def test_no_search_of_settings_that_all_fail(
    shop: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fit(*arguments: Any, **options: Any) -> Any:
        raise ValueError("no such width")

    monkeypatch.setattr(trials, "fit", fit)
    for resume in (None, True):
        with pytest.raises(ValueError, match="trained to its end: no such width"):
            tune(short(shop, tmp_path / "x", resume=resume), trials=2, space=SPACE)


@pytest.mark.parametrize(
    ("config", "options", "rule"),
    [
        ({"start_from": "run"}, {}, "start_from has no use for a search"),
        ({"model": "distilled"}, {}, "a distilled model is not tuned"),
        ({}, {"timeout": float("nan")}, "timeout must be above 0 seconds, got nan"),
        ({}, {"timeout": -1.0}, "timeout must be above 0 seconds, got -1.0"),
        ({}, {"space": {"multiplier": [1.0]}}, "multiplier has no use for the model 'mlp'"),
        ({}, {"space": {"dropout": [0.1]}, "folds": 2}, "dropout is both given and in the space"),
    ],
)
def test_wrong_searches(
    shop: Path, tmp_path: Path, config: Any, options: dict[str, Any], rule: str
) -> None:
    given = {"folds": 2, "dropout": 0.2} if options.pop("folds", None) else {}
    asked = RunConfig(
        **{"data": str(shop), "model": "mlp", "output": str(tmp_path / "x"), **given, **config}
    )
    with pytest.raises(OptionError, match=rule):
        tune(asked, **options)
    assert not (tmp_path / "x").exists()


def test_trials_behind_end_early(tmp_path: Path) -> None:
    log = TrialLog(tmp_path / "trials.log", space_of(SPACE), 0)
    for _ in range(5):
        trial = log.next({})
        for step in range(4):
            trial.report(0.9, step)
        log.complete(trial, 0.9)
    rungs = trials.Rungs(log.next({}), [], 10)
    rungs.set_model(type("Model", (), {"stop_training": False})())
    for epoch in range(3):
        rungs.on_epoch_end(epoch, {"val_accuracy": 0.5})
    assert rungs.pruned and rungs.model.stop_training


def test_folds_judge_each_node_once(shop: Path, tmp_path: Path) -> None:
    found = tune(short(shop, tmp_path / "folds", folds=2), trials=1, space=SPACE)
    assert list(found.summary["trials"][0]["results"]) == ["seed 0 fold 0", "seed 0 fold 1"]
    assert found.summary["nodes"] == 48
    assert found.best.config.folds is None


_WRITER = """
import sys
from gnn.runs.search_spaces import space_of
from gnn.runs.trial_log import TrialLog, add_result
import json
log = TrialLog(__import__("pathlib").Path(sys.argv[1]), space_of(json.loads(sys.argv[2])), 0)
while True:
    trial = log.next({})
    print(trial.number, flush=True)
    add_result(trial, "seed 0", trial.params.get("learning_rate", 0.0), 1.0)
    log.complete(trial, trial.params.get("learning_rate", 0.0))
"""


def test_no_trial_is_lost_or_twice_after_sigkill(tmp_path: Path) -> None:
    path = tmp_path / "trials.log"
    command = [sys.executable, "-c", _WRITER, str(path), json.dumps(SPACE)]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    with subprocess.Popen(command, stdout=subprocess.PIPE, env=environment) as process:
        assert process.stdout is not None
        for line in process.stdout:
            if int(line) >= 4:
                break
        process.send_signal(signal.SIGKILL)
    log = TrialLog(path, space_of(SPACE), 0)
    ended = len(log.finished)
    assert ended >= 4
    # All but the one that was running have ended, and it comes next.
    assert [trial.number for trial in log.trials] == list(range(len(log.trials)))
    assert len(log.trials) in (ended, ended + 1)
    assert log.next({}).number == ended
    for trial in log.finished:
        assert results_of(trial) == {"seed 0": (trial.value, 1.0)}
    # What was drawn is what one process would have drawn.
    alone = TrialLog(tmp_path / "alone.log", space_of(SPACE), 0)
    for number in range(ended + 1):
        trial = alone.next({})
        assert trial.params == log.trials[number].params
        alone.complete(trial, trial.params.get("learning_rate", 0.0))


def test_half_a_line_is_cut_off(tmp_path: Path) -> None:
    path = tmp_path / "trials.log"
    log = TrialLog(path, space_of(SPACE), 0)
    log.complete(log.next({}), 0.5)
    whole = path.read_bytes()
    line = whole.splitlines(keepends=True)[1]
    for cut in (1, len(line) // 2, len(line) - 1):
        path.write_bytes(whole + line[:cut])
        again = TrialLog(path, space_of(SPACE), 0)
        assert path.read_bytes() == whole
        assert [trial.value for trial in again.trials] == [0.5]
    assert setting(again.next({})).keys() == SPACE.keys()
    mend(tmp_path / "no such file")


def test_space_of_a_model_is_what_its_recipe_has() -> None:
    known = {"learning_rate": 0.01, "dropout": 0.5, "multiplier": 1.0, "distance": "l2"}
    network = default_space(RunConfig(model="gcn", recipe="general", **known))
    assert list(network) == ["learning_rate", "dropout"]
    regularized = default_space(RunConfig(model="graph-regularization", recipe="general", **known))
    assert list(regularized) == ["learning_rate", "dropout", "multiplier", "distance"]
    # What the recipe leaves to the edges is among what is tried.
    auto = RunConfig(model="graph-regularization", multiplier="auto")
    assert params_of(default_space(auto), auto.to_dict()) == {"multiplier": '"auto"'}
    space = {"dropout": Range(0, 0.5), "distance": Choice(("l1",))}
    assert space_of(as_plain(space)) == space


@pytest.mark.parametrize("model", NETWORK_NAMES)
def test_networks_take_each_width_of_their_space(model: str) -> None:
    graph = Graph.from_edges([0], [1], np.eye(2), labels=[0, 1], splits={"train": [0, 1]})
    config = resolve(RunConfig(data="shop", model=model), graph)
    widths = default_space(config).get("hidden_units")
    assert widths is None or isinstance(widths, Choice)
    for units in () if widths is None else widths.values:
        asked = RunConfig(data="shop", model=model, hidden_units=units)
        build_model(resolve(asked, graph), graph)


@pytest.mark.parametrize(
    ("space", "error", "rule"),
    [
        ({}, OptionError, "the space must name an option to try"),
        ({"seed": [1]}, OptionError, "'seed' is no option to try"),
        ({"dropout": 0.5}, TypeError, "dropout must be a list of values, or a mapping"),
        ({"dropout": [2.0]}, OptionError, "dropout must be at least 0 and below 1, got 2.0"),
        ({"dropout": {"low": 0.5}}, OptionError, "dropout must have low and high"),
        ({"dropout": {"low": 0.5, "high": 0.1}}, OptionError, "must have low below high"),
        ({"l2": {"low": 0, "high": 1, "log": True}}, OptionError, "must have low above 0"),
        ({"distance": {"low": 0, "high": 1}}, TypeError, "must be a range of numbers"),
        ({"calibrate": [True, False]}, OptionError, "'calibrate' is no option to try"),
        ({"teacher": ["gcn"]}, OptionError, "'teacher' is no option to try"),
        ({"patience": {"low": 1, "high": 5, "step": 0.5}}, OptionError, "whole numbers"),
        ({"dropout": {"low": 0.1, "high": 0.5, "step": 0}}, OptionError, "a step above 0"),
        ({"l2": {"low": 0.1, "high": float("inf")}}, OptionError, "low below high"),
        ({"l2": {"low": 0.1, "high": 1, "log": "no"}}, TypeError, "true or false as log"),
    ],
)
def test_wrong_spaces(space: Any, error: type[Exception], rule: str) -> None:
    with pytest.raises(error, match=rule):
        space_of(space)


def test_extra_is_named(shop: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "optuna", None)
    with pytest.raises(ImportError, match=r"gnn tune needs Optuna: pip install 'gnn\[tune\]'"):
        tune(short(shop, tmp_path / "x"))
    assert not tuning.is_tuning(tmp_path / "x")
