"""The house rules of gnn/, read from its source: which file may import which, and its size."""

from __future__ import annotations

import ast
import dataclasses
import graphlib
import importlib.util
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[1] / "gnn"
HOUSE = PACKAGE.parent / "docs" / "architecture.md"

# What stands right under gnn/, and its level: a file imports from lower levels and its own folder.
LEVELS = {
    "threads": -1,
    "_environment": 0,
    "configs": 0,
    "files": 0,
    "memory_maps": 0,
    "tables": 0,
    "edges": 1,
    "ops": 1,
    "graphs": 2,
    "data": 3,
    "datasets": 3,
    "evaluation": 3,
    "explain": 3,
    "layers": 3,
    "losses": 2,
    "models": 4,
    "plots": 4,
    "retrieval": 4,
    "nsl": 5,
    "training": 5,
    "cotraining": 6,
    "distillation": 6,
    "pipelines": 7,
    "runs": 8,
    "cli": 9,
    "__main__": 10,
}

# Old addresses of public names: lazy aliases, the one exception to the direction of imports.
ALIASES = {"gnn.training"}

# Slow to import, or not installed with the core: imported by the function that uses them.
HEAVY = {
    "aiohttp",
    "faiss",
    "matplotlib",
    "networkx",
    "optuna",
    "neural_structured_learning",
    "pandas",
    "plotly",
    "pyarrow",
    "sklearn",
    "tensorflow_datasets",
}

# These modules are made of one heavy package, and nothing imports them unasked.
HOME = {
    "gnn.nsl": "neural_structured_learning",
    "gnn.datasets.tfds": "tensorflow_datasets",
}

MOST_LINES = 350


@dataclasses.dataclass(frozen=True)
class Import:
    """One imported name, as a dotted path: `from a import b` is `a.b`."""

    target: str
    line: int
    in_function: bool
    types_only: bool


@dataclasses.dataclass(frozen=True)
class Module:
    """One file of the package, under its dotted name."""

    name: str
    source: str
    imports: tuple[Import, ...]

    @property
    def part(self) -> str:
        """The folder or file right under gnn/ that this module belongs to."""
        return self.name.split(".")[1] if "." in self.name else ""


class ImportReader(ast.NodeVisitor):
    """Collects every import of a file, wherever in the file it hides."""

    def __init__(self, package: str) -> None:
        self.package = package
        self.found: list[Import] = []
        self.in_function = False
        self.types_only = False

    def add(self, target: str, line: int) -> None:
        self.found.append(Import(target, line, self.in_function, self.types_only))

    def visit_Import(self, node: ast.Import) -> None:
        for alias in node.names:
            self.add(alias.name, node.lineno)

    def visit_ImportFrom(self, node: ast.ImportFrom) -> None:
        relative = "." * node.level + (node.module or "")
        base = importlib.util.resolve_name(relative, self.package)
        for alias in node.names:
            self.add(f"{base}.{alias.name}", node.lineno)

    def visit_Call(self, node: ast.Call) -> None:
        if ast.unparse(node.func).split(".")[-1] in ("import_module", "__import__"):
            for argument in node.args:
                if isinstance(argument, ast.Constant) and isinstance(argument.value, str):
                    self.add(argument.value, node.lineno)
        self.generic_visit(node)

    def visit_If(self, node: ast.If) -> None:
        outside = self.types_only
        self.types_only |= ast.unparse(node.test).split(".")[-1] == "TYPE_CHECKING"
        for child in node.body:
            self.visit(child)
        self.types_only = outside
        for other in (node.test, *node.orelse):
            self.visit(other)

    def visit_FunctionDef(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> None:
        outside, self.in_function = self.in_function, True
        self.generic_visit(node)
        self.in_function = outside

    visit_AsyncFunctionDef = visit_FunctionDef


def read_package(folder: Path) -> dict[str, Module]:
    """Every Python file under `folder`, by dotted name."""
    modules = {}
    for path in sorted(folder.rglob("*.py")):
        parts = path.relative_to(folder.parent).with_suffix("").parts
        is_package = parts[-1] == "__init__"
        name = ".".join(parts[:-1] if is_package else parts)
        reader = ImportReader(name if is_package else ".".join(parts[:-1]))
        source = path.read_text(encoding="utf-8")
        reader.visit(ast.parse(source, str(path)))
        modules[name] = Module(name, source, tuple(reader.found))
    return modules


def file_of(target: str, modules: dict[str, Module]) -> str:
    """The module that holds the dotted `target`: itself, or the closest one above it."""
    while target not in modules and "." in target:
        target = target.rpartition(".")[0]
    return target


def wrong_direction(modules: dict[str, Module]) -> Iterator[str]:
    """Imports that go up, across to a sibling, or through the root of the package."""
    for module in modules.values():
        if not module.part or module.name in ALIASES:
            continue
        if module.part not in LEVELS:
            yield f"{module.name}: gnn/{module.part} has no level; give it one in LEVELS"
            continue
        for imported in module.imports:
            if imported.target.split(".")[0] != "gnn":
                continue
            where = f"{module.name}, line {imported.line}: {imported.target}"
            other = modules.get(file_of(imported.target, modules))
            if other is None or not other.part:
                yield f"{where} goes through the root; import it from the file that defines it"
            elif other.part != module.part and other.part in LEVELS:
                mine, theirs = LEVELS[module.part], LEVELS[other.part]
                if theirs >= mine:
                    relation = "a sibling" if theirs == mine else "further up"
                    yield f"{where} is {relation} (level {theirs}, from level {mine})"


def heavy_at_import(modules: dict[str, Module]) -> Iterator[str]:
    """Heavy packages that `import` of a module would load, and NSL anywhere but at its door."""
    for module in modules.values():
        homes = {HOME[home] for home in HOME if f"{module.name}.".startswith(f"{home}.")}
        for imported in module.imports:
            package = imported.target.split(".")[0]
            if package not in HEAVY - homes or imported.types_only:
                continue
            where = f"{module.name}, line {imported.line}"
            if package == "neural_structured_learning":
                yield f"{where}: NSL is imported by gnn/nsl alone"
            elif not imported.in_function:
                yield f"{where}: import {package} inside the function that uses it"


def cycles(modules: dict[str, Module]) -> Iterator[str]:
    """A circle of files that import each other; imports for type checkers alone do not count."""
    needs = {
        name: {
            file_of(imported.target, modules)
            for imported in module.imports
            if imported.target.split(".")[0] == "gnn" and not imported.types_only
        }
        - {name}
        for name, module in modules.items()
    }
    try:
        graphlib.TopologicalSorter(needs).prepare()
    except graphlib.CycleError as error:
        yield " -> ".join(reversed(error.args[1]))


def untold(modules: dict[str, Module]) -> Iterator[str]:
    """Files without a docstring that says what they are."""
    for module in modules.values():
        if not ast.get_docstring(ast.parse(module.source)):
            yield f"{module.name} has no module docstring"


def too_long(modules: dict[str, Module]) -> Iterator[str]:
    """Files that hold more than one idea, by their length."""
    for module in modules.values():
        lines = len(module.source.splitlines())
        if lines > MOST_LINES:
            yield f"{module.name} has {lines} lines, more than {MOST_LINES}: split it by class"


Rule = Callable[[dict[str, Module]], Iterator[str]]
RULES: list[Rule] = [wrong_direction, heavy_at_import, cycles, untold, too_long]


@pytest.fixture(scope="module")
def package() -> dict[str, Module]:
    modules = read_package(PACKAGE)
    assert {"gnn", "gnn.configs", "gnn.graphs.graph"} <= set(modules)
    return modules


@pytest.mark.parametrize("rule", RULES)
def test_package_keeps(rule: Rule, package: dict[str, Module]) -> None:
    found = list(rule(package))
    assert not found, "\n".join(["", *found])


def planted(folder: Path, files: dict[str, str]) -> dict[str, Module]:
    """A small package that breaks no rule, with `files` put into it."""
    sound = {
        "__init__.py": "from gnn import models\nfrom gnn.graphs import Graph",
        "configs.py": "import enum",
        "ops/__init__.py": "from gnn.ops.segment import total",
        "ops/segment.py": "from gnn.configs import Config\nimport tensorflow as tf",
        "graphs/__init__.py": "from gnn.graphs.graph import Graph",
        "graphs/graph.py": "from gnn.graphs import reading\nfrom gnn.ops.segment import total",
        "graphs/reading.py": (
            "from typing import TYPE_CHECKING\n"
            "if TYPE_CHECKING:\n    import pandas\n    from gnn.graphs.graph import Graph\n"
            "def read():\n    import networkx"
        ),
        "data/__init__.py": "",
        "layers/__init__.py": "",
        "models/__init__.py": "from gnn.layers import Layer",
        "nsl/__init__.py": "",
        "nsl/importing.py": "from neural_structured_learning import configs",
    }
    for name, code in sound.items():
        files.setdefault(name, f'"""Says what it is."""\n{code}\n')
    for name, code in files.items():
        path = folder / "gnn" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(code, encoding="utf-8")
    return read_package(folder / "gnn")


def test_sound_package_breaks_no_rule(tmp_path: Path) -> None:
    modules = planted(tmp_path, {})
    assert [found for rule in RULES for found in rule(modules)] == []


DOC = '"""Says what it is."""\n'


@pytest.mark.parametrize(
    ("rule", "name", "code", "message"),
    [
        (wrong_direction, "ops/x.py", "from gnn.graphs.graph import Graph", "further up"),
        (wrong_direction, "ops/x.py", "import gnn.models", "further up"),
        (wrong_direction, "ops/x.py", "from gnn import models", "further up"),
        (wrong_direction, "ops/x.py", "from ..graphs import graph", "further up"),
        (wrong_direction, "ops/x.py", "def f():\n    from gnn.graphs import Graph", "further up"),
        (wrong_direction, "ops/x.py", "import importlib as i\ni.import_module('gnn.models')", "up"),
        (wrong_direction, "ops/x.py", "if TYPE_CHECKING:\n    import gnn.models", "further up"),
        (
            wrong_direction,
            "ops/x.py",
            "if TYPE_CHECKING:\n    pass\nelse:\n    import gnn.data",
            "up",
        ),
        (wrong_direction, "layers/x.py", "from gnn.data import full_batch", "a sibling"),
        (wrong_direction, "configs.py", "from gnn import nsl", "further up"),
        (wrong_direction, "models/x.py", "import gnn", "through the root"),
        (wrong_direction, "models/x.py", "from gnn import Graph", "through the root"),
        (wrong_direction, "attic/x.py", "", "no level"),
        (heavy_at_import, "graphs/x.py", "import pandas as pd", "import pandas inside"),
        (
            heavy_at_import,
            "graphs/x.py",
            "try:\n    import pyarrow\nexcept E:\n    pass",
            "pyarrow",
        ),
        (heavy_at_import, "data/x.py", "class A:\n    from matplotlib import pyplot", "matplotlib"),
        (heavy_at_import, "data/x.py", "from sklearn.datasets import load_digits", "sklearn"),
        (heavy_at_import, "datasets/x.py", "import tensorflow_datasets", "tensorflow_datasets"),
        (heavy_at_import, "ops/x.py", "def f():\n    import neural_structured_learning", "alone"),
        (cycles, "ops/segment.py", "from gnn.ops.x import f", "gnn.ops"),
        (cycles, "ops/segment.py", "def f():\n    from gnn.ops import x", "gnn.ops"),
        (untold, "ops/x.py", None, "gnn.ops.x has no module docstring"),
        (too_long, "ops/x.py", "\n" * MOST_LINES, "split it"),
    ],
)
def test_planted_violation_is_found(
    rule: Rule, name: str, code: str | None, message: str, tmp_path: Path
) -> None:
    files = {name: "x = 1\n" if code is None else DOC + code}
    files.setdefault("ops/x.py", DOC + "from gnn.ops import segment")
    (found,) = rule(planted(tmp_path, files))
    assert message in found


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("datasets/tfds/__init__.py", "import tensorflow_datasets as tfds"),
        ("datasets/digits.py", "def digits():\n    from sklearn.datasets import load_digits"),
    ],
)
def test_heavy_package_has_its_home(name: str, code: str, tmp_path: Path) -> None:
    assert list(heavy_at_import(planted(tmp_path, {name: DOC + code}))) == []


def told_of(page: str) -> Iterator[tuple[str, int]]:
    """The files that the table of the house names, under gnn/, and the level that it says."""
    level, folder = -1, ""
    for line in page.partition("\n## The house\n")[2].partition("\n## ")[0].splitlines():
        cells = [cell.strip() for cell in line.split("|")[1:-1]]
        if len(cells) == 4 and not cells[0].startswith(("level", "--")):
            level = int(cells[0] or level)
            folder = cells[1].strip("`").removeprefix("gnn/") if cells[1] else folder
            for name in re.findall(r"`([\w./]+)`", cells[2]):
                yield folder + name, level


def test_the_table_of_the_house_names_every_file_where_it_lies() -> None:
    told = list(told_of(HOUSE.read_text(encoding="utf-8")))
    files = {path.relative_to(PACKAGE).as_posix() for path in PACKAGE.rglob("*.py")}
    named = {name for name, _ in told}
    rooms = {name for name in files if name.endswith("__init__.py")}
    assert not files - named - rooms, f"no row: {sorted(files - named - rooms)}"
    assert not named - files, f"no such file: {sorted(named - files)}"
    assert len(told) == len(named), "a file is named twice"
    levels = {name: LEVELS[name.split("/")[0].removesuffix(".py")] for name in named}
    assert dict(told) == levels


def test_the_table_of_the_house_is_read_as_it_is_written() -> None:
    rows = [
        "| level | folder | files | what it is for |",
        "| --- | --- | --- | --- |",
        "| 4 | `plots/` | `a.py`, `b.py` | `c.py` is no file of it |",
        "| | `models/agreement/` | `d.py` | |",
        "| 0 | `gnn/` | `e.py`, `room/f.py` | |",
    ]
    page = "\n".join(["", "## The house", "", *rows, "", "## Next", "| 1 | `x/` | `y.py` | |"])
    assert list(told_of(page)) == [
        ("plots/a.py", 4),
        ("plots/b.py", 4),
        ("models/agreement/d.py", 4),
        ("e.py", 0),
        ("room/f.py", 0),
    ]
