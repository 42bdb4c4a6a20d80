"""Text files of which each line is an edge: two names of nodes, and perhaps a weight."""

from __future__ import annotations

import dataclasses
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from gnn.datasets.formats.text_lines import line_blocks
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
    numbers: defaultdict[str, int] = defaultdict()
    numbers.default_factory = numbers.__len__
    ends: list[np.ndarray] = []
    weights: list[np.ndarray] = []
    columns = wanted = 0
    for first, lines in line_blocks(path):
        rows = _rows(lines, first, layout)
        if not rows:
            continue
        wanted = wanted or len(rows[0][1])
        widths = _check_widths(path, rows, layout, wanted)
        columns = max(columns, *widths)
        names = [name for _, row in rows for name in row[:2]]
        if layout.spaces != ("", ""):
            names[::2] = [layout.spaces[0] + name for name in names[::2]]
            names[1::2] = [layout.spaces[1] + name for name in names[1::2]]
        ends.append(np.fromiter(map(numbers.__getitem__, names), np.int64, len(names)))
        if layout.weighted and columns > 2:
            weights.append(_weights(path, rows))
        elif layout.weighted:
            weights.append(np.ones(len(rows), np.float32))
    flat = np.concatenate(ends) if ends else np.zeros(0, np.int64)
    weighed = layout.weighted and columns > 2
    return EdgeLines(
        list(numbers),
        flat[::2],
        flat[1::2],
        np.concatenate(weights) if weighed else None,
        columns,
    )


def _rows(lines: Sequence[str], first: int, layout: EdgeLayout) -> list[tuple[int, list[str]]]:
    """The lines that are edges, divided, with their numbers."""
    comments = tuple(layout.comments)
    return [
        (number, line.split(layout.separator))
        for number, line in enumerate(lines, first)
        if line.strip() and not line.startswith(comments)
    ]


def _check_widths(
    path: Path, rows: list[tuple[int, list[str]]], layout: EdgeLayout, wanted: int
) -> set[int]:
    """The numbers of columns that occur, where all are allowed."""
    least, most = (wanted, wanted) if layout.even else (2, layout.most)
    least, most = max(least, 2), min(most, layout.most)
    widths = {len(row) for _, row in rows}
    if least <= min(widths) and max(widths) <= most:
        if layout.separator is not None:
            _check_names(path, rows)
        return widths
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
