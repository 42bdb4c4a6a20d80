"""What a comparison says of runs whose answers are known: names, pairs, order, counts, page."""

from __future__ import annotations

import html
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from gnn.graphs import Graph
from gnn.runs import RunConfig, compare, comparing, series, setting_names
from gnn.runs.comparison_page import comparison_page
from gnn.runs.judged_nodes import JudgedNodes
from gnn.runs.recipes import resolve
from gnn.runs.series import Series

GRAPH = Graph.from_edges([0], [1], np.eye(3), labels=[0, 1, 0], splits={"train": [0, 1, 2]})


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Makes finished runs without training: options, metrics, and which nodes are right."""
    runs: dict[str, Any] = {}

    def make(path: str, right: str = "1100", validation: float | None = 0.5, **options: Any) -> str:
        metrics = {"test": {"accuracy": right.count("1") / len(right)}}
        metrics |= {} if validation is None else {"validation": {"accuracy": validation}}
        config = RunConfig(**{"data": "shop", "model": "mlp", "seed": 0, **options})
        runs[path] = SimpleNamespace(
            path=Path(path),
            config=config,
            metrics=metrics,
            facts=SimpleNamespace(class_names=("a", "b")),
            encoder=None,
            right={f"n{i}": mark == "1" for i, mark in enumerate(right)},
        )
        return path

    def judged_nodes(run: Any, split: str) -> JudgedNodes:
        assert split in run.metrics
        return JudgedNodes(run.right, dict.fromkeys(run.right, "a"))

    monkeypatch.setattr(comparing, "load_run", lambda path: runs[path.name])
    monkeypatch.setattr(comparing, "judged_nodes", judged_nodes)
    monkeypatch.setattr(setting_names, "graph_of_run", lambda run: GRAPH)
    monkeypatch.setattr(series, "split_sizes", lambda path: {"validation": 7, "test": 4})
    return make


def test_nearly_equal_settings_have_names_of_their_own(made: Any) -> None:
    found = compare(
        [
            made("a", "1110", l2=0.0010001, learning_rate=0.01),
            made("b", "0000", l2=0.0010002, learning_rate=0.01),
        ]
    )
    assert {each.name for each in found.settings} == {"l2 0.0010001", "l2 0.0010002"}
    (pair,) = found.pairs
    assert {pair.wins, pair.losses} == {3, 0}
    np.testing.assert_allclose(abs(pair.difference), 0.75)


def test_an_option_that_only_one_has_names_both(made: Any) -> None:
    found = compare([made("a"), made("b", class_weight="balanced")])
    assert {each.name for each in found.settings} == {
        "no class_weight",
        "class_weight balanced",
    }


def test_settings_of_several_models_are_told_by_what_no_recipe_says(made: Any) -> None:
    same = {"data": "shop", "epochs": 3}  # No recipe has so few, but they tell nothing apart.
    mlp = {**resolve(RunConfig(model="mlp"), GRAPH).to_dict(), **same}
    gcn = {**resolve(RunConfig(model="gcn"), GRAPH).to_dict(), **same}
    found = compare(
        [
            made("a", **{**mlp, "dropout": 0.7, "hidden_units": (99,)}),
            made("b", **gcn),
            made("c", **{**gcn, "l2": 0.5}),
        ]
    )
    names = {each.name for each in found.settings}
    assert names == {"mlp, hidden_units 99, dropout 0.7", "gcn, l2 0.0001", "gcn, l2 0.5"}
    # The table has their values for all.
    assert {(each.options["model"], each.options["dropout"]) for each in found.settings} == {
        ("mlp", 0.7),
        ("gcn", 0.5),
    }


def test_runs_that_predict_alike_are_of_one_setting(made: Any) -> None:
    with pytest.raises(ValueError, match="there is nothing to compare: 2 runs of one setting"):
        compare([made("a", baseline=True), made("b", baseline=False, calibrate=True)])


def test_a_setting_without_a_split_has_no_figure_of_it(made: Any) -> None:
    made("a", hidden_units=(4,))
    found = compare(["a", made("b", hidden_units=(8,), validation=None)])
    assert found.order.endswith("best first. Those without validation come last, by name.")
    assert [each.name for each in found.settings] == ["hidden_units 4", "hidden_units 8"]
    row = next(line for line in found.text().splitlines() if line.startswith("hidden_units 8"))
    assert row.split()[3:5] == ["-", "0.5000"]
    assert ">-</td>" in comparison_page(found)


def test_the_test_split_sorts_nothing(made: Any) -> None:
    made("a", "0000", None, hidden_units=(4,))
    found = compare([made("b", "1111", None, hidden_units=(8,)), "a"])
    assert [each.name for each in found.settings] == ["hidden_units 4", "hidden_units 8"]
    assert found.order == "Sorted by name: none was validated."


def test_a_fold_counts_the_nodes_that_it_validates(made: Any) -> None:
    folds = {"folds": 5, "fold": 0}
    found = compare([made("a", l2=0.1, **folds), made("b", l2=0.2, **folds)])
    assert [each.accuracies["validation"].nodes for each in found.settings] == [7, 7]
    assert [each.accuracies["test"].nodes for each in found.settings] == [4, 4]
    # Two folds of two seeds: each seed validates the same fourteen nodes.
    several = [
        made(f"{l2}-{seed}-{fold}", l2=l2, seed=seed, folds=5, fold=fold)
        for l2 in (0.1, 0.2)
        for seed in (0, 1)
        for fold in (0, 3)
    ]
    assert [each.accuracies["validation"].nodes for each in compare(several).settings] == [14, 14]


def test_texts_of_users_are_escaped(made: Any) -> None:
    name = '<b onclick="x">&\''
    found = compare([made("a", data=name, schema=name), made("b", data=name, schema="plain")])
    page = comparison_page(found)
    assert html.escape(name) in page
    assert "<b onclick" not in page and name not in page
    assert page.count(html.escape(name)) >= 4  # Title, heading, names, options.


def test_lift_of_several_seeds_has_an_error(made: Any, tmp_path: Path) -> None:
    runs = [
        SimpleNamespace(path=Path(f"seed-{seed}"), metrics={"lift": {"difference": lift}})
        for seed, lift in enumerate((0.1, 0.3))
    ]
    found = Series(tmp_path, tuple(runs), {})  # type: ignore[arg-type]
    lift = found.summary()["lift"]
    np.testing.assert_allclose([lift["mean"], lift["standard_error"]], [0.2, 0.1])
    assert found.info().endswith("the graph lifts the accuracy by +0.2000 ± 0.1000")
    runs[0].metrics = {}
    assert found.lift is None and "lift" not in found.summary()
