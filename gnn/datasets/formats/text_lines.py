"""Lines of text files in blocks: none so long that a file without line ends fills the memory."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from gnn.datasets.formats.file_format import Sample
from gnn.tables.text_files import open_text

_BLOCK = 1 << 20
LONGEST = 1 << 20
# How many bytes a `Sample` shows: where it has as many, its last line may go on.
_HEAD = 4096


def line_blocks(path: Path, longest: int = LONGEST) -> Iterator[tuple[int, list[str]]]:
    r"""The lines of a text file without their ends, in blocks of about a million characters.

    Lines end with LF or CR LF.

    Args:
      path: the file, plain or compressed.
      longest: how many characters a line may have.

    Yields:
      The number of the first line of a block, counted from 1, and its lines.

    Raises:
      ValueError: for a longer line; else as `gnn.tables.text_files.open_text`.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder) / "lines.txt"
    ...     _ = path.write_bytes(b"a b\r\n\nc")
    ...     list(line_blocks(path))
    [(1, ['a b', '']), (3, ['c'])]
    """
    first, rest = 1, ""
    with open_text(path, path.name) as file:
        while block := file.read(_BLOCK):
            lines = (rest + block).split("\n")
            rest = lines.pop()
            if len(rest) > longest:
                raise ValueError(
                    f"{path.name}, line {first + len(lines)}: longer than {longest:,} characters"
                )
            if lines:
                yield first, _without_cr(lines)
                first += len(lines)
    if rest:
        yield first, _without_cr([rest])


def numbered_lines(path: Path, longest: int = LONGEST) -> Iterator[tuple[int, str]]:
    """The lines of a text file with their numbers, one at a time; as `line_blocks`."""
    for first, lines in line_blocks(path, longest):
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
    lines = sample.head.split("\n")
    if not lines[-1] or len(sample.head_bytes) >= _HEAD:
        lines.pop()
    return _without_cr(lines)


def cells_of(sample: Sample, comments: str = "") -> list[list[str]]:
    """The lines of a sample that are neither blank nor comments, divided at blanks and tabs."""
    lines = head_lines(sample)
    return [line.split() for line in lines if line.strip() and line.lstrip()[0] not in comments]


def _without_cr(lines: list[str]) -> list[str]:
    return [line.removesuffix("\r") for line in lines] if "\r" in "".join(lines) else lines
