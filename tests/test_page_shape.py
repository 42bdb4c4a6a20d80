"""The pages of the documentation are made of short paragraphs."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
CODE = re.compile(r"^ *```.*?^ *```$", re.DOTALL | re.MULTILINE)
NO_PROSE = re.compile(r"^ *(\||#|<!--|!\[).*$", re.MULTILINE)  # Tables, headings, notes, pictures.
ITEM = re.compile(r"^(?= *([-*]|\d+\.) )", re.MULTILINE)
MOST_WORDS = 60


def paragraphs(page: str) -> Iterator[str]:
    """The paragraphs of a page in one line each; an item of a list is one of its own."""
    prose = NO_PROSE.sub("\n", CODE.sub("\n\n", page))
    for part in re.split(r"\n\s*\n", ITEM.sub("\n", prose)):
        if part.strip():
            yield " ".join(part.split())


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.stem)
def test_no_paragraph_is_long(path: Path) -> None:
    long = [
        f"{len(text.split())} words, more than {MOST_WORDS}: {text[:70]}..."
        for text in paragraphs(path.read_text(encoding="utf-8"))
        if len(text.split()) > MOST_WORDS
    ]
    assert not long, "\n".join(["", *long])


def test_paragraphs_are_told_apart() -> None:
    page = (
        "# A heading\nOne\nand the same.\n\n| a | table |\n| - | - |\n\n- An item,\n  longer.\n"
        "- Another:\n\n  ```python\n  code = 1\n\n  more = 2\n  ```\n\n  its end.\n\n1. Third.\n"
    )
    items = ["- An item, longer.", "- Another:", "its end.", "1. Third."]
    assert list(paragraphs(page)) == ["One and the same.", *items]
