"""Distilled runs: what the teacher leaves, how they are carried on, served and refused."""

from __future__ import annotations

import dataclasses
import json
import shutil
import types
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

from gnn.runs import OptionError, Run, RunConfig, distilling, load_run, recipes, train
from gnn.runs.data_loading import load_data
from gnn.runs.preparing import prepare
from gnn.runs.reporting import FiniteLoss
from tests.runs.conftest import SHORT, train_eagerly, write_shop

OPTIONS: dict[str, Any] = {**SHORT, "model": "distilled", "baseline": False}


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_shop(tmp_path_factory.mktemp("data") / "shop", with_splits=True)


@pytest.fixture(scope="module", autouse=True)
def short_and_eager() -> Iterator[None]:
    """Teachers of 4 epochs, not of the 300 of their recipe; no function is traced."""

    def settled(config: RunConfig, graph: Any, **options: Any) -> RunConfig:
        return dataclasses.replace(recipes.resolve(config, graph, **options), epochs=4)

    with pytest.MonkeyPatch.context() as patch:
        train_eagerly(patch)
        patch.setattr(distilling, "resolve", settled)
        yield


@pytest.fixture(scope="module")
def run(shop: Path, tmp_path_factory: pytest.TempPathFactory) -> Run:
    output = tmp_path_factory.mktemp("runs") / "student"
    return train(RunConfig(data=str(shop), output=str(output), **OPTIONS))


def weights(run: Path) -> list[np.ndarray]:
    return keras.models.load_model(run / "model.keras").get_weights()


def test_teacher_is_kept_and_told_of(run: Run) -> None:
    assert keras.models.load_model(run.path / "teacher.keras").built
    teacher = run.metrics["teacher"]
    assert teacher["model"] == "gcn" and teacher["epochs"] == 4
    assert set(teacher["test"]) == {"accuracy", "loss"}
    assert f"teacher: gcn, validation accuracy {teacher['validation']['accuracy']:.4f}" in (
        (run.path / "README.md").read_text()
    )
    assert not (run.path / "teacher_state").exists()


def test_student_is_served_on_features_alone(run: Run, shop: Path, tmp_path: Path) -> None:
    assert type(run.model).__name__ == "Functional"
    found = run.predict(str(shop / "nodes.csv"))  # A table, without edges.
    np.testing.assert_allclose(found.probabilities, run.predict().probabilities, atol=1e-6)
    assert run.embed().vectors.shape == (60, 8)
    assert set(run.evaluate()) >= {"accuracy", "loss"}
    assert (run.export(tmp_path / "served") / "saved_model.pb").is_file()


def test_student_learns_what_the_teacher_says(shop: Path, tmp_path: Path) -> None:
    """A finished run as the teacher: the student's answers become its."""
    common = {"data": str(shop), "hidden_units": (8,), "baseline": False, "learning_rate": 0.05}
    teacher = train(RunConfig(model="gcn", epochs=30, output=str(tmp_path / "gcn"), **common))
    student = train(
        RunConfig(
            model="distilled",
            teacher=str(teacher.path),
            epochs=30,
            dropout=0.0,
            output=str(tmp_path / "student"),
            **common,
        )
    )
    assert student.metrics["teacher"]["run"] == str(teacher.path)
    told, learned = teacher.predict().classes, student.predict().classes
    assert np.mean([a == b for a, b in zip(told, learned, strict=True)]) > 0.9
    assert weights(teacher.path)[0].shape == (
        keras.models.load_model(student.path / "teacher.keras").get_weights()[0].shape
    )


@pytest.mark.parametrize("fit", [0, 1], ids=["teacher", "student"])
def test_stopped_in_either_part_it_ends_the_same(
    run: Run, shop: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fit: int
) -> None:
    """A stop at the second epoch of the first or second fit."""
    seen = []
    look = FiniteLoss.on_epoch_end

    def on_epoch_end(self: FiniteLoss, epoch: int, logs: Any = None) -> None:
        look(self, epoch, logs)
        seen.append(epoch)
        if epoch == 1 and seen.count(0) == fit + 1:
            raise KeyboardInterrupt

    config = RunConfig(data=str(shop), output=str(tmp_path / "run"), **OPTIONS)
    with monkeypatch.context() as patch:
        patch.setattr(FiniteLoss, "on_epoch_end", on_epoch_end)
        with pytest.raises(KeyboardInterrupt, match="Carry on with"):
            train(config)
    resumed = train(RunConfig(output=str(tmp_path / "run"), resume=True))
    for one, other in zip(weights(run.path), weights(resumed.path), strict=True):
        np.testing.assert_array_equal(one, other)
    kept = {key: value for key, value in run.metrics["teacher"].items() if key != "seconds"}
    assert kept.items() <= resumed.metrics["teacher"].items()


def test_graph_loss_on_top(shop: Path, tmp_path: Path) -> None:
    options = {**OPTIONS, "multiplier": 0.1, "epochs": 2}
    run = train(RunConfig(data=str(shop), output=str(tmp_path / "run"), **options))
    assert "graph_loss" in run.history
    assert type(load_run(run.path).model).__name__ == "Functional"


def test_teachers_that_are_refused(run: Run, shop: Path, tmp_path: Path) -> None:
    common = {**OPTIONS, "data": str(shop), "output": str(tmp_path / "new")}
    with pytest.raises(OptionError, match="teacher must be one of .*'gcn'.*got 'gnc'"):
        train(RunConfig(**common, teacher="gnc"))
    with pytest.raises(OptionError, match="teacher has no use for the model 'mlp'"):
        train(RunConfig(**{**common, "model": "mlp", "teacher": "gcn"}))
    (tmp_path / "empty").mkdir()
    with pytest.raises(FileNotFoundError, match="is no run folder"):
        train(RunConfig(**common, teacher=str(tmp_path / "empty")))
    other = write_shop(tmp_path / "other", with_splits=True)
    with pytest.raises(OptionError, match="was trained on .*, and this run is on"):
        train(RunConfig(**{**common, "data": str(other)}, teacher=str(run.path)))
    with pytest.raises(OptionError, match="class_weight weighs the labels that a teacher learns"):
        train(RunConfig(**common, teacher=str(run.path), class_weight="balanced"))
    assert not (tmp_path / "new").exists()


def test_classes_weigh_in_the_loss_of_the_teacher(shop: Path) -> None:
    config = RunConfig(**OPTIONS, data=str(shop), class_weight="balanced")
    told = [line for line in prepare(config, None).notes if "weigh" in line]
    # 15 of 30 labels each.
    assert told == ["classes have as many labels each, and weigh 1 in the loss of the teacher"]


def test_a_teacher_must_not_know_the_labels_that_judge(tmp_path: Path) -> None:
    """Without splits in the data, another seed draws others."""
    data = write_shop(tmp_path / "data")
    common = {**SHORT, "data": str(data), "epochs": 1, "baseline": False}
    teacher = train(RunConfig(model="mlp", output=str(tmp_path / "teacher"), **common))
    options = {**common, "model": "distilled", "teacher": str(teacher.path)}
    with pytest.raises(
        OptionError, match="learned from the labels of .* split 'validation'.*split_seed"
    ):
        train(RunConfig(**options, seed=1, output=str(tmp_path / "student")))


def test_what_the_teacher_learned_from_must_not_judge_either(tmp_path: Path) -> None:
    """A student as teacher, of the same splits as the new run, whose own teacher had others."""
    data = write_shop(tmp_path / "data")
    common = {**SHORT, "data": str(data), "epochs": 1, "baseline": False}
    first = train(RunConfig(model="mlp", seed=1, output=str(tmp_path / "first"), **common))
    second = train(RunConfig(model="mlp", output=str(tmp_path / "second"), **common))
    config = json.loads((second.path / "config.json").read_text())
    config["config"] |= {"start_from": str(first.path)}
    (second.path / "config.json").write_text(json.dumps(config))
    student = {**common, "model": "distilled", "teacher": str(second.path)}
    with pytest.raises(OptionError, match="by '.*first', learned from the labels of"):
        train(RunConfig(**student, output=str(tmp_path / "student")))


def test_a_run_whose_teacher_is_gone_is_carried_on(
    run: Run, shop: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Stopped with its student; the teacher's folder is then removed."""
    teacher = tmp_path / "teacher"
    shutil.copytree(run.path, teacher)
    options = {**OPTIONS, "data": str(shop), "teacher": str(teacher)}
    whole = train(RunConfig(output=str(tmp_path / "whole"), **options))
    assert json.loads((whole.path / "teacher.json").read_text())["run"] == str(teacher)
    look = FiniteLoss.on_epoch_end

    def on_epoch_end(self: FiniteLoss, epoch: int, logs: Any = None) -> None:
        look(self, epoch, logs)
        if epoch == 1:
            raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(FiniteLoss, "on_epoch_end", on_epoch_end)
        with pytest.raises(KeyboardInterrupt):
            train(RunConfig(output=str(tmp_path / "run"), **options))
    shutil.rmtree(teacher)
    resumed = train(RunConfig(output=str(tmp_path / "run"), resume=True))
    for one, other in zip(weights(whole.path), weights(resumed.path), strict=True):
        np.testing.assert_array_equal(one, other)
    again = {**options, "teacher": str(whole.path), "overwrite": True}
    train(RunConfig(output=str(tmp_path / "run"), **again))


def test_answers_come_in_the_order_of_our_classes(run: Run, shop: Path) -> None:
    """A teacher whose classes are listed in another order, and whose nodes must be ours."""
    facts = run.facts
    graph = load_data(run.config).graph
    told = run.predict()
    turned = types.SimpleNamespace(
        path=run.path,
        config=run.config,
        facts=facts,
        predict=lambda: told,
    )
    ours = tuple(reversed(facts.class_names))
    found = distilling._answers(turned, run.config, graph, ours)
    np.testing.assert_allclose(np.exp(found), told.probabilities[:, ::-1], rtol=1e-5)
    other = dataclasses.replace(told, ids=list(told.ids)[::-1])
    turned.predict = lambda: other
    with pytest.raises(OptionError, match="was trained on other nodes"):
        distilling._answers(turned, run.config, graph, ours)


def test_defaults(run: Run) -> None:
    config = run.config
    assert (config.teacher, config.temperature, config.multiplier) == ("gcn", 1.0, 0.0)
    assert json.loads((run.path / "config.json").read_text())["config"]["teacher"] == "gcn"
