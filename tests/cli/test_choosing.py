"""The commands that choose between settings, called in this process on data of a moment."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from gnn.cli.main import main
from gnn.runs import baseline, comparing, trials
from gnn.runs.run_config import RunConfig
from tests.runs.conftest import make_bare, write_shop

Capture = pytest.CaptureFixture[str]


@pytest.fixture(autouse=True, scope="module")
def bare() -> Any:
    with pytest.MonkeyPatch.context() as patch:
        make_bare(patch)
        yield


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of data, a space, and two runs."""
    root = tmp_path_factory.mktemp("choosing")
    write_shop(root / "shop")
    (root / "space.json").write_text('{"learning_rate": [0.01, 0.1]}')
    for name, units in (("narrow", "4"), ("wide", "8")):
        given = f"train --data {root / 'shop'} --model mlp --epochs 1 --hidden-units {units}"
        assert main([*given.split(), "--output", str(root / name)]) == 0
    return root


@pytest.fixture(autouse=True)
def in_folder(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder)


def run(command: str, capsys: Capture) -> tuple[int, str, str]:
    capsys.readouterr()
    code = main(command.split())
    captured = capsys.readouterr()
    return code, captured.out, captured.err


def told(fit: Any, name: str, fitted: list[tuple[str, str | None]]) -> Any:
    """A fit that notes what it was asked for."""

    def fit_and_tell(config: RunConfig, *arguments: Any, **options: Any) -> Any:
        fitted.append((name, config.model))
        return fit(config, *arguments, **options)

    return fit_and_tell


def test_tune_tries_a_space_and_trains_the_best(
    folder: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    fitted: list[tuple[str, str | None]] = []
    for name, module in {"trial": trials, "baseline": baseline}.items():
        monkeypatch.setattr(module, "fit", told(module.fit, name, fitted))
    given = "tune --data shop --model gcn --epochs 1 --output tuned --space space.json"
    code, out, err = run(f"{given} --trials 2 --seeds 1 --json", capsys)
    assert code == 0
    # No trial has a model without the graph; the best one's run has.
    assert fitted == [("trial", "gcn"), ("trial", "gcn"), ("baseline", "mlp")]
    found = json.loads(out)
    assert found["counts"] == {"complete": 2} and found["run"] == "tuned/best"
    assert json.loads((folder / "tuned" / "settings.json").read_text())["trials"] == 2
    assert "trial 2 of 2: validation" in err
    code, out, _ = run("tune --output tuned --resume", capsys)
    assert code == 0 and "2 complete; the best is trial" in out
    assert "train it by: gnn train --config tuned/best.json" in out
    code, _, err = run("tune --output tuned --resume --seeds 2", capsys)
    assert code != 0 and "with other seeds, [0, 1]" in err
    code, _, err = run(given, capsys)
    assert code != 0 and "add resume to carry it on, or overwrite" in err


def test_compare_prints_figures_and_writes_a_page(folder: Path, capsys: Capture) -> None:
    code, out, _ = run("compare narrow wide --html page.html", capsys)
    assert code == 0
    assert "hidden_units 4" in out and "p of nodes" in out and "Sorted by accuracy" in out
    assert "hidden_units 8" in (folder / "page.html").read_text()
    code, out, _ = run("compare narrow wide --split validation --json", capsys)
    found = json.loads(out)
    assert code == 0 and found["split"] == "validation" and len(found["pairs"]) == 1


@pytest.mark.parametrize(
    ("html", "rule"),
    [
        ("page.txt", "--html must end in .html, got 'page.txt'"),
        ("there.html", "'there.html': it exists already; overwrite replaces it"),
    ],
)
def test_a_page_is_refused_before_any_work(
    folder: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch, html: str, rule: str
) -> None:
    (folder / "there.html").write_text("mine")

    def compare(*arguments: Any, **options: Any) -> Any:
        raise AssertionError("something was compared")

    monkeypatch.setattr(comparing, "compare", compare)
    code, _, err = run(f"compare narrow wide --html {html}", capsys)
    assert code != 0 and rule in err
    assert (folder / "there.html").read_text() == "mine"
