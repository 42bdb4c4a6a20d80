"""What is installed, built and run elsewhere is what the pages and files say."""

from __future__ import annotations

import re
import runpy
from pathlib import Path
from typing import Any

import pytest
import setuptools
import yaml

ROOT = Path(__file__).parents[1]


@pytest.fixture
def options(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """What setup.py gives to setuptools."""
    given: dict[str, Any] = {}
    monkeypatch.setattr(setuptools, "setup", given.update)
    runpy.run_path(str(ROOT / "setup.py"))
    return given


def test_the_readme_names_the_extras_that_exist(options: dict[str, Any]) -> None:
    page = (ROOT / "README.md").read_text(encoding="utf-8")
    rows = page.partition("| extra | for |")[2].partition("\n\n")[0]
    named = re.findall(r"^\| `(\w+)` \|", rows, re.MULTILINE)
    assert sorted(named) == sorted(options["extras_require"])
    for name in ("plots", "parquet", "partition", "retrieval", "notebooks"):
        assert set(options["extras_require"][name]) <= set(options["extras_require"]["dev"])


def test_every_folder_of_the_package_is_packed(options: dict[str, Any]) -> None:
    folders = {path.parent.relative_to(ROOT) for path in (ROOT / "gnn").rglob("*.py")}
    assert sorted(options["packages"]) == sorted(".".join(folder.parts) for folder in folders)
    assert options["package_data"] == {"gnn": ["py.typed"]}


def test_the_workflow_runs_what_is_run_here(options: dict[str, Any]) -> None:
    """And on the oldest Python that setup.py asks for."""
    text = (ROOT / ".github" / "workflows" / "ci.yml").read_text(encoding="utf-8")
    job = yaml.safe_load(text)["jobs"]["test"]
    here = (ROOT / ".ci" / "run").read_text(encoding="utf-8")
    commands = [step["run"] for step in job["steps"] if "run" in step]
    assert (
        commands == re.findall(r"^make \w+$", here, re.MULTILINE) == ["make test", "make package"]
    )
    assert options["python_requires"] == ">=" + job["strategy"]["matrix"]["python"][0]


def test_hooks_of_commits_are_pinned() -> None:
    text = (ROOT / ".pre-commit-config.yaml").read_text(encoding="utf-8")
    (repository,) = yaml.safe_load(text)["repos"]
    assert [hook["id"] for hook in repository["hooks"]] == ["ruff-check", "ruff-format"]
    pins = {pin for hook in repository["hooks"] for pin in hook["additional_dependencies"]}
    assert len(pins) == 1
    assert re.fullmatch(r"ruff==\d+\.\d+\.\d+", pins.pop())
