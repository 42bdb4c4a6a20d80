"""README.md and docs/ hold: code runs, output and errors are as printed, names and links exist."""

from __future__ import annotations

import contextlib
import dataclasses
import doctest
import io
import os
import re
import textwrap
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import tensorflow as tf

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").glob("*.md"))]
NEEDS_DATA, NOT_RUN = "<!-- needs GNN_DATA_DIR -->", "<!-- not run"
FENCE = re.compile(r"^ *```(\w*)\n(.*?)^ *```$", re.DOTALL | re.MULTILINE)
ERROR_ROW = re.compile(r"^\| ``(.+?)`` \| `(\w+)` \| ``(.+?)`` \|$", re.MULTILINE)
FRAMED = re.compile(r"\x1b\[1m(.*?)\x1b\[0m", re.DOTALL)
LINK = re.compile(r"\[[^\]]+\]\(([^)\s]+)\)")


@dataclasses.dataclass(frozen=True)
class Block:
    """A fenced block: its language, text, line in the page, and the line of text before it."""

    language: str
    text: str
    line: int
    before: str
    follows_code: bool


def blocks(page: str) -> Iterator[Block]:
    end, previous = 0, ""
    for found in FENCE.finditer(page):
        between = page[end : found.start()]
        before = between.strip().rpartition("\n")[2]
        line = page.count("\n", 0, found.start()) + 1
        text = textwrap.dedent(found[2])
        yield Block(found[1], text, line, before, previous == "python" and not between.strip())
        end, previous = found.end(), found[1]


def run_page(path: Path, namespace: dict[str, Any]) -> int:
    """Runs the page's Python blocks in order and compares what they print; returns how many ran."""
    ran, printed = 0, None
    for block in blocks(path.read_text(encoding="utf-8")):
        if block.language == "python":
            printed = None
            if block.before.startswith(NOT_RUN):
                continue
            if block.before == NEEDS_DATA and not os.environ.get("GNN_DATA_DIR"):
                continue
            # On the lines of the page itself, so that tracebacks and TensorFlow find the source.
            code = compile("\n" * block.line + block.text, str(path), "exec")
            output = io.StringIO()
            with contextlib.redirect_stdout(output):
                exec(code, namespace)
            ran, printed = ran + 1, output.getvalue()
        elif block.language == "text" and block.follows_code and printed is not None:
            same = doctest.OutputChecker().check_output(block.text, printed, doctest.ELLIPSIS)
            assert same, f"{path.name}, line {block.line}: the code above it printed\n{printed}"
    return ran


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.stem)
def test_every_block_of_code_runs_and_every_error_is_raised_as_the_table_says(
    path: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    two_devices: tf.distribute.Strategy,
) -> None:
    monkeypatch.chdir(tmp_path)

    class TheOne(tf.distribute.MirroredStrategy):
        """A process bears one such strategy (see conftest); a reader's has no other."""

        def __new__(cls) -> tf.distribute.Strategy:
            return two_devices

    monkeypatch.setattr(tf.distribute, "MirroredStrategy", TheOne)
    namespace: dict[str, Any] = {"__name__": f"page_{path.stem}"}
    run_page(path, namespace)
    for code, kind, message in ERROR_ROW.findall(path.read_text(encoding="utf-8")):
        with pytest.raises(Exception) as raised, warnings.catch_warnings():  # noqa: B017
            # Keras warns of a model that fails while it is built, before the error gets through.
            warnings.simplefilter("ignore", UserWarning)
            exec(code, namespace)
        said = raised.value.args[0] if isinstance(raised.value, KeyError) else str(raised.value)
        framed = FRAMED.search(said)  # By Keras, where the error comes out of `call`.
        said = framed[1] if framed else said
        assert type(raised.value).__name__ == kind, f"{code} raised {raised.value!r}"
        assert doctest.OutputChecker().check_output(
            message, said, doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
        ), f"{code}\nsaid     {said}\nthe table {message}"


def test_the_pages_with_code_are_run(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(
        "```python\nx = 1\nprint(x)\n```\n\n```text\n1\n```\n\n"
        f"{NOT_RUN}: because -->\n```python\nfails()\n```\n\n```python\nx += 1\n```\n"
    )
    namespace: dict[str, Any] = {}
    assert run_page(page, namespace) == 2
    assert namespace["x"] == 2
    page.write_text("```python\nprint(1)\n```\n\n```text\n2\n```\n")
    with pytest.raises(AssertionError, match="line 5"):
        run_page(page, {})


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.stem)
def test_links_lead_somewhere(path: Path) -> None:
    page = re.sub(FENCE, "", path.read_text(encoding="utf-8"))
    for target in LINK.findall(page):
        if target.startswith("https://"):
            continue
        name, _, anchor = target.partition("#")
        file = path.parent / name if name else path
        assert file.exists(), f"{path.name} links to {target}"
        if anchor:
            headings = re.findall(r"^#+ (.+)$", file.read_text(encoding="utf-8"), re.MULTILINE)
            anchors = [re.sub(r"[^\w\- ]", "", h.lower()).replace(" ", "-") for h in headings]
            assert anchor in anchors, f"{path.name} links to {target}"


def test_the_reference_has_every_public_name() -> None:
    reference = (ROOT / "docs" / "api.md").read_text(encoding="utf-8")
    named = set(re.findall(r"`(gnn(?:\.\w+)*)\b", reference))
    golden = (ROOT / "tests" / "public_names.txt").read_text(encoding="utf-8").split()
    assert sorted(set(golden) - named) == []
    # What is under gnn.nsl is NSL's own.
    ours = {name for name in named if not name.startswith("gnn.nsl.")}
    assert sorted(ours - set(golden) - {"gnn"}) == []


def test_the_readme_names_the_command_for_the_tests() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    section = readme.partition("\n## Tests\n")[2]
    assert [block.text for block in blocks(section)][0] == "make test\n"
