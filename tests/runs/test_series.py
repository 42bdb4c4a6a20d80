"""Several runs of one configuration: seeds, splits and folds."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from gnn.files import Manifest
from gnn.graphs import Graph
from gnn.runs import OptionError, RunConfig, compare, load_series, series, train_series
from gnn.runs.accuracies import Accuracies
from gnn.runs.comparison_page import comparison_page
from gnn.runs.job_folder import check_job, job_folder, stored_settings
from gnn.runs.preparing import prepare
from gnn.runs.run import Run
from gnn.runs.run_folder import write_json
from gnn.runs.splitting import fold_splits
from tests.runs.conftest import make_bare


@pytest.fixture(autouse=True, scope="module")
def bare() -> Any:
    with pytest.MonkeyPatch.context() as patch:
        make_bare(patch)
        yield


def short(shop: Path, output: Path, **options: Any) -> RunConfig:
    fixed = {"model": "mlp", "epochs": 2, "hidden_units": (4,), "snapshot_seconds": 0.0}
    return RunConfig(data=str(shop), output=str(output), **{**fixed, **options})


@pytest.fixture(scope="module")
def two(shop: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two seeds of a small perceptron."""
    return train_series(short(shop, tmp_path_factory.mktemp("series") / "two"), 2).path


@pytest.fixture(scope="module")
def wider(shop: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same seeds with more units."""
    path = tmp_path_factory.mktemp("series") / "wider"
    return train_series(short(shop, path, hidden_units=(8,)), 2).path


def splits(config: RunConfig) -> dict[str, list[int]]:
    return {k: v.tolist() for k, v in prepare(config, None).graph.splits.items()}


def test_split_seed_divides_and_seed_does_not(shop: Path, tmp_path: Path) -> None:
    alone = splits(short(shop, tmp_path / "x", seed=3))
    assert splits(short(shop, tmp_path / "x", seed=7, split_seed=3)) == alone
    assert splits(short(shop, tmp_path / "x", seed=3, split_seed=7)) != alone


def test_each_node_is_validated_once() -> None:
    labels = [0] * 7 + [1] * 4 + [0]
    given = {"train": range(8), "validation": range(8, 11), "test": [11]}
    graph = Graph.from_edges([], [], labels=labels, splits=given)
    parts = [fold_splits(graph, 3, fold)[0] for fold in range(3)]
    validated = np.concatenate([part.split("validation") for part in parts])
    assert sorted(validated.tolist()) == list(range(11))
    for part in parts:
        both = [*part.split("validation").tolist(), *part.split("train").tolist()]
        assert sorted(both) == list(range(11))
        assert part.split("test").tolist() == [11]
        # Of 7 and 4 nodes, each fold gets two or three and one or two.
        counts = np.bincount(graph.labels[part.split("validation")])
        assert counts[0] in (2, 3) and counts[1] in (1, 2)
    with pytest.raises(ValueError, match="folds must be at most the labeled nodes"):
        fold_splits(graph, 12, 0)


def test_means_and_errors_of_two_seeds(two: Path) -> None:
    found = load_series(two)
    assert [run.path.name for run in found.runs] == ["seed-0", "seed-1"]
    assert [run.config.seed for run in found.runs] == [0, 1]
    first, second = [run.metrics["test"]["accuracy"] for run in found.runs]
    stored = json.loads((two / "summary.json").read_text())["test"]
    np.testing.assert_allclose(stored["mean"], (first + second) / 2)
    # Of two numbers, the standard error of the mean is half their distance.
    np.testing.assert_allclose(stored["standard_error"], abs(first - second) / 2, atol=1e-12)
    assert stored["nodes"] == 12
    # The splits are those of the first seed.
    one, other = [(run.path / "splits.csv").read_text() for run in found.runs]
    assert one == other


def test_finished_runs_are_not_run_again(
    shop: Path, two: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(FileExistsError, match="add resume to carry it on, or overwrite"):
        train_series(short(shop, two), 2)
    said: list[str] = []
    again = train_series(RunConfig(output=str(two), resume=True), 2, report=said.append)
    assert sum("is finished already" in line for line in said) == 2
    assert [run.config.seed for run in again.runs] == [0, 1]
    # A series that is stopped in its second run carries on there.
    train_one = series.train

    def stops(config: RunConfig, **options: Any) -> Run:
        if config.seed == 1:
            raise KeyboardInterrupt
        return train_one(config, **options)

    path = tmp_path / "stopped"
    with monkeypatch.context() as patch:
        patch.setattr(series, "train", stops)
        with pytest.raises(KeyboardInterrupt):
            train_series(short(shop, path), 2)
    with pytest.raises(FileNotFoundError, match="holds no finished series"):
        load_series(path)
    said = []
    finished = train_series(short(shop, path, resume=True), 2, report=said.append)
    assert sum("is finished already" in line for line in said) == 1
    assert finished.accuracies == load_series(two).accuracies
    with pytest.raises(OptionError, match="cannot resume .* epochs"):
        train_series(short(shop, path, resume=True, epochs=3), 2)


def test_a_stopped_enlargement_is_not_finished(
    two: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "more"
    shutil.copytree(two, path)
    train_one = series.train

    def stops(config: RunConfig, **options: Any) -> Run:
        if config.seed == 2:
            raise KeyboardInterrupt
        return train_one(config, **options)

    asked = RunConfig(output=str(path), resume=True)
    with pytest.raises(OptionError, match="cannot resume .* with new_splits"):
        train_series(asked, 2, new_splits=True)
    assert len(load_series(path).runs) == 2
    with monkeypatch.context() as patch:
        patch.setattr(series, "train", stops)
        with pytest.raises(KeyboardInterrupt):
            train_series(asked, 3)
    with pytest.raises(FileNotFoundError, match="holds no finished series"):
        load_series(path)
    # An older summary tells nothing of it either.
    shutil.copy(two / "summary.json", path)
    with pytest.raises(FileNotFoundError, match="holds no finished series"):
        load_series(path)
    assert len(train_series(asked, 3).runs) == len(load_series(path).runs) == 3


def test_what_does_not_fit_overwrites_nothing(shop: Path, two: Path) -> None:
    with pytest.raises(OptionError, match="multiplier has no use for the model 'mlp'"):
        train_series(short(shop, two, multiplier=1.0, overwrite=True), 2)
    with pytest.raises(FileNotFoundError):
        train_series(short(shop.parent / "gone", two, overwrite=True), 2)
    assert len(load_series(two).runs) == 2


def test_a_series_takes_model_and_data_of_its_start(
    two: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    start = str(two / "seed-0")
    found = train_series(RunConfig(start_from=start, epochs=1, seed=4, split_seed=0), 2)
    assert found.path == Path("runs/shop-mlp-runs")
    assert [run.config.seed for run in found.runs] == [4, 5]
    assert {run.config.start_from for run in found.runs} == {start}


def test_what_another_process_left_is_not_cleared(tmp_path: Path) -> None:
    manifest = Manifest("runs", frozenset({"settings.json", "summary.json"}), {})
    path, settings = tmp_path / "job", {"config": {}}
    for overwrite in (False, True):
        before = stored_settings(path, "runs")
        check_job(path, "runs", resume=False, overwrite=overwrite)
        # The data are read; meanwhile another process begins its job, and ends.
        with job_folder(path, manifest, {"config": {"seed": 1}}, before=before, resume=False):
            write_json(path / "summary.json", {})
        with (
            pytest.raises(FileExistsError, match="another process has just worked in"),
            job_folder(path, manifest, settings, before=before, resume=False),
        ):
            pass
        assert (path / "summary.json").is_file()
        settings = {"config": {}, "other": True}
        with job_folder(
            path, manifest, settings, before=stored_settings(path, "runs"), resume=True
        ):
            assert (path / "summary.json").is_file()


def test_folds_are_runs(shop: Path, tmp_path: Path) -> None:
    found = train_series(short(shop, tmp_path / "folds", folds=2))
    assert [run.path.name for run in found.runs] == ["seed-0-fold-0", "seed-0-fold-1"]
    # Of 60 labeled nodes 12 are tested on, and each of the others is validated once.
    assert found.accuracies["validation"].nodes == 48
    assert found.accuracies["test"].nodes == 12


@pytest.mark.parametrize(
    ("options", "seeds", "rule"),
    [
        ({"folds": 2, "fold": 0}, 1, "fold must not be given: each is trained; got 0"),
        ({}, 0, "seeds must be at least one seed, each once, got \\[\\]"),
        ({}, (1, 1), "seeds must be at least one seed, each once, got \\[1, 1\\]"),
    ],
)
def test_wrong_series(shop: Path, tmp_path: Path, options: Any, seeds: Any, rule: str) -> None:
    with pytest.raises(OptionError, match=rule):
        train_series(short(shop, tmp_path / "x", **options), seeds)
    assert not (tmp_path / "x").exists()


@pytest.mark.parametrize(
    ("options", "rule"),
    [
        ({"folds": 3}, "folds and fold go together, and fold is missing"),
        ({"fold": 1}, "folds and fold go together, and folds is missing"),
        ({"folds": 3, "fold": 3}, "fold must be below folds, 3, got 3"),
    ],
)
def test_wrong_folds(shop: Path, tmp_path: Path, options: Any, rule: str) -> None:
    with pytest.raises(OptionError, match=rule):
        prepare(short(shop, tmp_path / "x", **options), None)


def test_settings_are_compared_node_by_node(two: Path, wider: Path) -> None:
    found = compare([two, wider])
    assert {each.name for each in found.settings} == {"hidden_units 4", "hidden_units 8"}
    assert [len(each.runs) for each in found.settings] == [2, 2]
    assert found.split == "test"
    (pair,) = found.pairs
    # By hand, of the predictions of the four runs.
    right: dict[str, np.ndarray] = {}
    for each in found.settings:
        right[each.name] = np.zeros(12)
        for run in each.runs:
            rows = (run.path / "splits.csv").read_text().split()
            tested = {row.split(",")[0] for row in rows if row.endswith(",test")}
            answers = run.predict()
            marks = [
                name == ("apple", "pear")[int(node[1:]) % 2]
                for node, name in zip(answers.ids, answers.classes, strict=True)
                if node in tested
            ]
            right[each.name] += marks
            np.testing.assert_allclose(np.mean(marks), run.metrics["test"]["accuracy"], rtol=1e-6)
    one, other = right[pair.one], right[pair.other]
    assert (pair.wins, pair.losses) == ((one > other).sum(), (one < other).sum())
    np.testing.assert_allclose(pair.difference, (one.mean() - other.mean()) / 2, atol=1e-9)
    json.dumps(found.to_dict())
    page = comparison_page(found)
    assert page.count("<svg") == 4
    assert "hidden_units 8" in found.text()


def test_what_was_judged_otherwise_is_refused(shop: Path, two: Path, tmp_path: Path) -> None:
    with pytest.raises(OptionError, match="there is nothing to compare: 2 runs of one setting"):
        compare([two])
    with pytest.raises(OptionError, match="runs must be given once each"):
        compare([two, two / "seed-0"])
    elsewhere = train_series(short(shop, tmp_path / "x", hidden_units=(8,), split_seed=5))
    with pytest.raises(ValueError, match="with the seed 0 they are judged on different nodes"):
        compare([two, elsewhere.path])
    later = train_series(short(shop, tmp_path / "y", hidden_units=(8,), split_seed=0), [7])
    with pytest.raises(ValueError, match="have no seed in common"):
        compare([two, later.path])


def test_few_nodes_decide_little() -> None:
    # Wilson, by hand: 0.9 of 10 is between 0.596 and 0.982.
    low, high = Accuracies((0.9,), 10).interval
    np.testing.assert_allclose([low, high], [0.5958, 0.9821], atol=1e-4)
    assert Accuracies((0.9,), 10).standard_error is None
