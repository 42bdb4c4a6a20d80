"""Tables of text as formats of the field have them: whole, by column, cells typed where asked."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from gnn.edges.missing import NA_VALUES
from gnn.tables.cells import parse_numbers, quoted
from gnn.tables.csv_tables import open_csv
from gnn.tables.delimiters import find_delimiter
from gnn.tables.plain_rows import open_plain_rows
from gnn.tables.text_files import open_text

# So much of a file is looked at for its header.
_HEAD = 1 << 16
_TRUTHS = {"true": True, "false": False}


class FieldTable(NamedTuple):
    """The cells of a table.

    Attributes:
      file: its name.
      columns: name -> a text a row.
      lines: the line of each row.
    """

    file: str
    columns: Mapping[str, list[str]]
    lines: list[int]

    def error(self, row: int, what: str) -> ValueError:
        """An error that names the file and the line of a row, to be raised."""
        return ValueError(f"{self.file}, line {self.lines[row]}: {what}")

    def divided(self, name: str, values: Sequence[str]) -> list[FieldTable]:
        """The rows that have each of some values in a column.

        Raises:
          ValueError: a row has none of them, or two of them are equal. The message names the line.
        """
        places = {value: k for k, value in enumerate(values)}
        if len(places) < len(values):
            raise ValueError(f"{self.file}: {name} must name each graph once, got {list(values)}")
        rows: list[list[int]] = [[] for _ in values]
        for row, value in enumerate(self.columns[name]):
            if value not in places:
                raise self.error(row, f"{name} {quoted(value)} is in no table of graphs")
            rows[places[value]].append(row)
        return [
            FieldTable(
                self.file,
                {title: [cells[row] for row in part] for title, cells in self.columns.items()},
                [self.lines[row] for row in part],
            )
            for part in rows
        ]


def read_fields(
    path: Path,
    *,
    delimiter: str | None = None,
    header: Sequence[str] | None = None,
    quoted: bool = True,
) -> FieldTable:
    r"""Reads a table of text into memory.

    Args:
      path: the file.
      delimiter: between fields; None finds it, as `gnn.tables.delimiters` says.
      header: the names of the columns; None takes the first line.
      quoted: whether fields may be quoted.

    Raises:
      FileNotFoundError: if there is no such file.
      ValueError: for a row of another number of fields, which it names: a program wrote the file,
        and one wrong row makes the others doubtful; else as `gnn.tables.opening.open_table`.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder) / "nodes.csv"
    ...     _ = path.write_text("Id;Label\n0;'Ann'\n")
    ...     read_fields(path).columns
    {'Id': ['0'], 'Label': ["'Ann'"]}
    """
    if not path.is_file():
        raise FileNotFoundError(f"no file {str(path)!r}")
    if quoted:
        table = open_csv(path, path.name, delimiter, header)
    else:
        table = open_plain_rows(path, path.name, delimiter or "\t", header)
    columns: dict[str, list[str]] = {name: [] for name in table.header}
    lines: list[int] = []
    for chunk in table.chunks:
        for name, cells in chunk.columns.items():
            columns[name].extend(cells.text())
        lines.extend(chunk.lines.tolist())
    table.problems.check_rows(strict=True)
    return FieldTable(path.name, columns, lines)


def first_line(path: Path) -> str:
    """The first line of a file of text that is not blank, as far as 65,536 characters tell."""
    with open_text(path, path.name) as file:
        head = file.read(_HEAD)
    return next((line for line in head.splitlines() if line.strip()), "")


def header_of(path: Path) -> list[str]:
    """The names in the first line of a file; [] of what is no text."""
    try:
        return names_in(first_line(path))
    except (OSError, ValueError):
        return []


def names_in(line: str) -> list[str]:
    """The names in a line that is a header, without quotes and blanks around them.

    >>> names_in('Source;"Target"; Weight')
    ['Source', 'Target', 'Weight']
    """
    return [name.strip().strip('"') for name in line.split(find_delimiter(line))]


def typed_cells(cells: Sequence[str]) -> list[Any]:
    """Text as what all of it is: whole numbers, numbers, truths or text; None for a gap.

    >>> typed_cells(["1", "", "2"]), typed_cells(["1", "0.5"]), typed_cells(["1", "b"])
    ([1, None, 2], [1.0, 0.5], ['1', 'b'])
    >>> typed_cells(["True", "NA"]), typed_cells(["", ""])
    ([True, None], [None, None])
    """
    given = [cell for cell in cells if cell not in NA_VALUES]
    values: dict[str, Any]
    distinct = set(given)
    if all(cell.lower() in _TRUTHS for cell in distinct):
        values = {cell: _TRUTHS[cell.lower()] for cell in distinct}
    else:
        values = _numbers(distinct)
    return [None if cell in NA_VALUES else values.get(cell, cell) for cell in cells]


def _numbers(cells: set[str]) -> dict[str, Any]:
    """The number that each text is; {} where one is none, or is written as a name is."""
    values: dict[str, Any] = {}
    for cell in cells:
        digits = cell.lstrip("+-")
        if digits.isdecimal() and digits.isascii():
            if len(digits) > 1 and digits.startswith("0"):  # 007 is a name.
                return {}
            values[cell] = int(cell)
        else:
            numbers = parse_numbers([cell])
            if numbers.strange:
                return {}
            values[cell] = float(numbers.values[0])
    if any(isinstance(value, float) for value in values.values()):
        return {cell: float(value) for cell, value in values.items()}
    return values


def number_cells(table: FieldTable, name: str) -> list[float | None]:
    """A column of numbers, None for a gap.

    Raises:
      ValueError: a cell is no finite number. The message names its line.
    """
    cells = table.columns[name]
    values, strange = parse_numbers(cells)
    gaps = {row for row, cell in strange.items() if cell in NA_VALUES}
    wrong = next((row for row in strange if row not in gaps), None)
    if wrong is not None:
        raise table.error(wrong, f"{name} must be a finite number, got {quoted(cells[wrong])}")
    found: list[float | None] = [
        int(value) if value.is_integer() else value for value in values.tolist()
    ]
    for row in gaps:
        found[row] = None
    return found


def weights_of(table: FieldTable, name: str | None) -> list[float] | None:
    """A column of weights, 1 for a gap; None where there is no such column.

    Raises:
      ValueError: a cell is no number that is finite and not negative.
    """
    if name is None or name not in table.columns:
        return None
    weights = [1.0 if weight is None else weight for weight in number_cells(table, name)]
    for row, weight in enumerate(weights):
        if weight < 0 or not math.isfinite(weight):
            raise table.error(row, f"{name} must not be negative, got {weight:g}")
    return weights


def list_cells(cells: Sequence[str], separator: str) -> list[list[float]] | None:
    """Cells that are lists of numbers, all of one length; None where they are none.

    Brackets around a list do not count.

    >>> list_cells(["0.1,0.2", "[1, 2]"], ","), list_cells(["1,2", "3"], ",")
    ([[0.1, 0.2], [1.0, 2.0]], None)
    """
    rows: list[list[float]] = []
    for cell in cells:
        parts = cell.strip().strip("[]()").split(None if separator == " " else separator)
        values, strange = parse_numbers([part.strip() for part in parts])
        if strange or (rows and len(rows[0]) != len(parts)):
            return None
        rows.append(values.tolist())
    return rows or None
