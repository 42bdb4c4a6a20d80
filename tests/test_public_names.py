"""The public names, against the golden list in public_names.txt, and their docstrings.

After a change that is meant: `python tests/test_public_names.py --refresh`, and say what changed in
CHANGELOG.md.
"""

from __future__ import annotations

import dataclasses
import enum
import importlib
import inspect
import sys
import types
from collections.abc import Iterator
from pathlib import Path

import pytest

GOLDEN = Path(__file__).with_name("public_names.txt")
REFRESH = f"if this is meant: python tests/{Path(__file__).name} --refresh"

MODULES = [
    "gnn",
    "gnn.configs",
    "gnn.cotraining",
    "gnn.distillation",
    "gnn.data",
    "gnn.data.records",
    "gnn.datasets",
    "gnn.evaluation",
    "gnn.explain",
    "gnn.graphs",
    "gnn.layers",
    "gnn.losses",
    "gnn.models",
    "gnn.ops",
    "gnn.pipelines",
    "gnn.plots",
    "gnn.retrieval",
    "gnn.runs",
    "gnn.training",
]


def public_names(module: str) -> list[str]:
    """The names in the `__all__` of `module`, dotted."""
    listed = getattr(importlib.import_module(module), "__all__", None)
    assert listed, f"{module} has no __all__, which says what is public in it"
    return [f"{module}.{name}" for name in listed]


def golden_names() -> list[str]:
    return GOLDEN.read_text(encoding="utf-8").splitlines()


def without_docstring(name: str, value: object) -> Iterator[str]:
    """`name`, and the members it is made of, as far as they say nothing of what they are."""
    doc = vars(value).get("__doc__") if isinstance(value, type) else inspect.getdoc(value)
    # A dataclass without a docstring gets its signature for one.
    if not doc or doc.startswith(f"{name.rpartition('.')[2]}("):
        yield name
    if isinstance(value, type):
        for member, held in vars(value).items():
            if isinstance(held, classmethod | staticmethod):
                held = held.__func__
            if isinstance(held, types.FunctionType | property) and not member.startswith("_"):
                if not inspect.getdoc(held):
                    yield f"{name}.{member}"


@pytest.mark.parametrize("module", MODULES)
def test_names_are_those_of_the_golden_list(module: str) -> None:
    golden = [name for name in golden_names() if name.rpartition(".")[0] == module]
    names = public_names(module)
    assert sorted(set(names)) == sorted(names), f"a name stands twice in {module}.__all__"
    missing, new = sorted(set(golden) - set(names)), sorted(set(names) - set(golden))
    assert not missing, f"{missing} are public no more; {REFRESH}"
    assert not new, f"{new} became public; {REFRESH}"


def test_golden_list_is_sorted_and_of_these_modules() -> None:
    assert golden_names() == sorted(set(golden_names()))
    assert {name.rpartition(".")[0] for name in golden_names()} == set(MODULES)


@pytest.mark.parametrize("module", MODULES)
def test_every_public_name_is_there_and_documented(module: str) -> None:
    holder = importlib.import_module(module)
    names = [name.rpartition(".")[2] for name in public_names(module)]
    absent = [name for name in names if not hasattr(holder, name)]
    assert not absent, f"{module}.__all__ names {absent}, which {module} does not have"
    silent = [n for name in names for n in without_docstring(name, getattr(holder, name))]
    assert not silent, f"no docstring in {module}: {silent}"


def test_missing_docstrings_are_found() -> None:
    class Silent:
        def spoken(self) -> None:
            """Says what it is."""

        def unsaid(self) -> None: ...

        @classmethod
        def made(cls) -> None: ...

        @property
        def held(self) -> None: ...

    class Heir(Silent):
        """Says what it is."""

    @dataclasses.dataclass
    class Generated:
        field: int

    class Kind(enum.Enum):
        ONE = 1

    found = ["Silent", "Silent.unsaid", "Silent.made", "Silent.held"]
    assert list(without_docstring("Silent", Silent)) == found
    assert list(without_docstring("gnn.Heir", Heir)) == []
    assert list(without_docstring("gnn.Generated", Generated)) == ["gnn.Generated"]
    assert list(without_docstring("gnn.Kind", Kind)) == ["gnn.Kind"]


if __name__ == "__main__":
    if sys.argv[1:] != ["--refresh"]:
        sys.exit(f"usage: python {sys.argv[0]} --refresh    writes {GOLDEN.name} anew")
    names = sorted(name for module in MODULES for name in public_names(module))
    GOLDEN.write_text("\n".join(names) + "\n", encoding="utf-8")
