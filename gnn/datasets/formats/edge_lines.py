"""Text files of which each line is an edge: two names of nodes, and perhaps a weight."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from gnn.datasets.formats.text_lines import line_blocks
from gnn.datasets.formats.whole_numbers import whole_numbers
from gnn.edges.records.numbering import Names
from gnn.tables.cells import parse_numbers, quoted


@dataclasses.dataclass(frozen=True)
class EdgeLayout:
    r"""How the lines of a file are read.

    Attributes:
      comments: characters with which lines begin that are passed over, as blank ones are.
      separator: between columns; None is any number of blanks and tabs.
      most: how many columns a line may have. It needs two.
      weighted: whether the third column is a weight. A line without one weighs 1.
      even: whether all lines must have as many columns as the first.
      spaces: what is put before the names of the first and of the second column: two texts that
        differ keep two spaces of names apart.
    """

    comments: str = ""
    separator: str | None = None
    most: int = 3
    weighted: bool = True
    even: bool = False
    spaces: tuple[str, str] = ("", "")


class EdgeLines(NamedTuple):
    """The edges of a file.

    Attributes:
      ids: the names of nodes, in the order in which they first occur.
      first: int64 `[m]`, the place of the first column's name among the ids.
      second: int64 `[m]`, that of the second's.
      weights: float32 `[m]`; None where no line has a third column, or it is no weight.
      columns: the largest number of columns of a line; 0 of a file without edges.
    """

    ids: list[str]
    first: np.ndarray
    second: np.ndarray
    weights: np.ndarray | None
    columns: int


def read_edge_lines(path: Path, layout: EdgeLayout) -> EdgeLines:
    r"""Reads a file of edges.

    Args:
      path: the file, plain or compressed.
      layout: how its lines are read.

    Returns:
      The edges in the order of the lines, repeats and loops included.

    Raises:
      ValueError: for a line that is no edge. The message names the file, the line and the rule: a
        graph file is written by a program, and one wrong line makes the others doubtful.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder) / "edges.txt"
    ...     _ = path.write_text("# who cites whom\nb a 0.5\na c\n")
    ...     edges = read_edge_lines(path, EdgeLayout(comments="#"))
    >>> edges.ids, edges.first.tolist(), edges.second.tolist(), edges.weights.tolist()
    (['b', 'a', 'c'], [0, 1], [1, 2], [0.5, 1.0])
    """
    edges = _read(path, layout, _numbers)
    if edges is None:  # A name is no number, or what is wrong has to be named.
        edges = _read(path, layout, _texts)
    assert edges is not None
    return edges


class _Block(NamedTuple):
    """The edges of some lines.

    Attributes:
      names: those of the first and of the second column in turn, texts or integers.
      weights: `[n]`, those of lines without one are 1.
      columns: the largest number of columns.
    """

    names: list[Any]
    weights: np.ndarray
    columns: int


# Of a file, the number of the first of some lines, these, and how many columns the file's first
# line has, 0 where it is here.
_ReadBlock = Callable[[Path, int, list[str], EdgeLayout, int], _Block | None]


def _read(path: Path, layout: EdgeLayout, read_block: _ReadBlock) -> EdgeLines | None:
    """Reads a file block by block; None where a block cannot be read so."""
    names = Names()
    ends, weights = [np.zeros(0, np.int64)], [np.zeros(0, np.float32)]
    columns = 0
    for first, lines in line_blocks(path):
        block = read_block(path, first, lines, layout, columns)
        if block is None:
            return None
        columns = max(columns, block.columns)
        ends.append(names.numbers_of(block.names))
        weights.append(block.weights)
    ids = names.listed()
    if read_block is _numbers:
        ids = [f"{layout.spaces[number & 1]}{number >> 1}" for number in ids]
    flat = np.concatenate(ends)
    weighed = layout.weighted and columns > 2
    return EdgeLines(
        ids, flat[::2], flat[1::2], np.concatenate(weights) if weighed else None, columns
    )


def _numbers(
    path: Path, first: int, lines: list[str], layout: EdgeLayout, wanted: int
) -> _Block | None:
    """Lines of whole numbers; a name is 2 times its number, and 1 more in a second space."""
    table = whole_numbers(_without_comments(lines, layout), layout.separator)
    if table is None or not len(table):
        return None if table is None else _Block([], np.zeros(0, np.float32), wanted)
    width = table.shape[1]
    if not 2 <= width <= layout.most or (layout.even and width != (wanted or width)):
        return None
    apart = layout.spaces[0] != layout.spaces[1]
    names = (2 * table[:, :2] + np.array([0, int(apart)])).ravel().tolist()
    weights = table[:, 2] if width > 2 and layout.weighted else np.ones(len(table))
    return _Block(names, weights.astype(np.float32), width)


def _texts(path: Path, first: int, lines: list[str], layout: EdgeLayout, wanted: int) -> _Block:
    comments = tuple(layout.comments)
    rows = [
        (number, line.split(layout.separator))
        for number, line in enumerate(lines, first)
        if line.strip() and not line.startswith(comments)
    ]
    if not rows:
        return _Block([], np.zeros(0, np.float32), wanted)
    most = _check_widths(path, rows, layout, wanted or len(rows[0][1]))
    names = [name for _, row in rows for name in row[:2]]
    if layout.spaces != ("", ""):
        names[::2] = [layout.spaces[0] + name for name in names[::2]]
        names[1::2] = [layout.spaces[1] + name for name in names[1::2]]
    weighed = layout.weighted and most > 2
    weights = _weights(path, rows) if weighed else np.ones(len(rows), np.float32)
    return _Block(names, weights, most)


def _without_comments(lines: list[str], layout: EdgeLayout) -> list[str]:
    marks = tuple(layout.comments)
    return [line for line in lines if not line.startswith(marks)] if marks else lines


def _check_widths(
    path: Path, rows: list[tuple[int, list[str]]], layout: EdgeLayout, wanted: int
) -> int:
    """The largest number of columns, where all that occur are allowed."""
    least, most = (wanted, wanted) if layout.even else (2, layout.most)
    least, most = max(least, 2), min(most, layout.most)
    widths = {len(row) for _, row in rows}
    if least <= min(widths) and max(widths) <= most:
        if layout.separator is not None:
            _check_names(path, rows)
        return max(widths)
    line, row = next((line, row) for line, row in rows if not least <= len(row) <= most)
    rule = f"{least}" if least == most else f"{least} to {most}"
    raise ValueError(
        f"{path.name}, line {line}: an edge must have {rule} columns, got {len(row)}: "
        f"{quoted(' '.join(row))}"
    )


def _check_names(path: Path, rows: list[tuple[int, list[str]]]) -> None:
    """Raises for a name that is empty, as it can be between two tabs."""
    for line, row in rows:
        if not (row[0] and row[1]):
            raise ValueError(f"{path.name}, line {line}: the name of a node is empty")


def _weights(path: Path, rows: list[tuple[int, list[str]]]) -> np.ndarray:
    cells = [row[2] if len(row) > 2 else "1" for _, row in rows]
    values, strange = parse_numbers(cells)
    wrong = sorted({*strange, *np.flatnonzero(values < 0).tolist()})
    if wrong:
        raise ValueError(
            f"{path.name}, line {rows[wrong[0]][0]}: a weight must be a finite number that is not "
            f"negative, got {quoted(cells[wrong[0]])}"
        )
    return values.astype(np.float32)
