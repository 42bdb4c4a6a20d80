"""Lines of text files in blocks, and those that a sample shows."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from gnn.datasets.formats.file_format import Sample
from gnn.tables import text_files

_BLOCK = 1 << 20
# How many bytes a `Sample` shows: where it has as many, its last line may go on.
_HEAD = 4096


def line_blocks(path: Path) -> Iterator[tuple[int, list[str]]]:
    r"""The lines of a text file without their ends, in blocks of about a million characters.

    Args:
      path: the file, plain or compressed.

    Yields:
      The number of the first line of a block, counted from 1, and its lines.

    Raises:
      ImportError: as `gnn.tables.text_files.open_bytes`.
      ValueError: as `gnn.tables.text_files.line_blocks`, and for what is not UTF-8.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder) / "lines.txt"
    ...     _ = path.write_bytes(b"a b\r\n\nc")
    ...     list(line_blocks(path))
    [(1, ['a b', '']), (3, ['c'])]
    """
    for start, block in text_files.line_blocks(path, path.name, _BLOCK):
        yield start + 1, _divided(text_files.decoded(block, path.name, start))


def numbered_lines(path: Path) -> Iterator[tuple[int, str]]:
    """The lines of a text file with their numbers, one at a time; as `line_blocks`."""
    for first, lines in line_blocks(path):
        yield from enumerate(lines, first)


def comments_of(path: Path, comment: str) -> list[str]:
    """The lines at the beginning of a file that begin with `comment`, without it.

    Args:
      path: the file.
      comment: a character.
    """
    found = []
    for _, line in numbered_lines(path):
        if not line.startswith(comment):
            break
        found.append(line.lstrip(comment).strip())
    return found


def head_lines(sample: Sample) -> list[str]:
    r"""The whole lines that a sample shows.

    >>> head_lines(Sample(Path("a.txt"), ".txt", "1 2\n2 3\n", b"", ()))
    ['1 2', '2 3']
    """
    lines = _divided(sample.head)
    ends = sample.head.endswith(("\n", "\r"))
    return lines if ends or len(sample.head_bytes) < _HEAD else lines[:-1]


def cells_of(sample: Sample, comments: str = "") -> list[list[str]]:
    """The lines of a sample that are neither blank nor comments, divided at blanks and tabs."""
    lines = head_lines(sample)
    return [line.split() for line in lines if line.strip() and line.lstrip()[0] not in comments]


def _divided(text: str) -> list[str]:
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    return text.removesuffix("\n").split("\n") if text else []
