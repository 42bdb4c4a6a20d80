"""Pajek's networks: `.net` files."""

from __future__ import annotations

import io
import os
import re
from collections.abc import Callable
from pathlib import Path

from gnn.datasets.formats.bounded_text import MAX_BYTES, read_text
from gnn.datasets.formats.file_format import FileFormat, Sample
from gnn.datasets.formats.network import Network
from gnn.datasets.formats.network_builder import AUTO, Choices, NetworkBuilder

_FIELD = re.compile(r'"([^"]*)"|(\S+)')
# Section -> whether its lines are directed. A matrix has a row of numbers a vertex.
_DIRECTIONS = {
    "*arcs": True,
    "*edges": False,
    "*arcslist": True,
    "*edgeslist": False,
    "*matrix": True,
}
_FREE_VERTICES = 1_000_000


def read_pajek(
    path: str | os.PathLike[str],
    *,
    label: str | None = AUTO,
    weight: str | None = AUTO,
    max_bytes: int = MAX_BYTES,
) -> Network:
    r"""Reads a network of Pajek.

    - Vertices are counted from 1. They are named by their labels where these are distinct, and
      else by their numbers, with the labels as names to show; a vertex without a label is called by
      its number.
    - `*Arcs`, `*Arcslist` and `*Matrix` are directed; `*Edges` and `*Edgeslist` are not. Where
      both occur the network is directed, and has the latter in both directions.
    - A line of `*Arcslist` or `*Edgeslist` is a vertex and its neighbors, without weights. An entry
      of a `*Matrix` is a weight, and 0 is no arc.
    - The relations of a multirelational network are read as one.
    - Coordinates and shapes are left out.

    Args:
      path: the file, plain or compressed (`.gz`, `.bz2`, `.xz`, `.zst`).
      label: as in `Choices`; a vertex has no attributes.
      weight: as in `Choices`; the third number of a line is called `weight`.
      max_bytes: as in `Choices`.

    Raises:
      FileNotFoundError: there is no such file.
      ValueError: it is no such file, too large, claims more than a million vertices and more than
        it has characters, has a section of another kind, or a line names no vertex; the message
        names the line.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder, "a.net")
    ...     _ = path.write_text('*Vertices 2\n1 "green tea"\n2 "cup"\n*Edges\n2 1 5\n')
    ...     network = read_pajek(path)
    >>> network.ids, network.weights.tolist(), network.directed
    (['green tea', 'cup'], [5.0], False)
    """
    path = Path(path)
    builder = NetworkBuilder(path.name, Choices(label, weight, max_bytes))
    text = read_text(path, max_bytes)
    reader = _Reader(builder, len(text))
    for number, line in enumerate(io.StringIO(text, newline=None), 1):
        fields = [quoted or plain for quoted, plain in _FIELD.findall(line)]
        if line.lstrip("\ufeff ").startswith("%") or not line.strip():
            continue
        if line.lstrip("\ufeff ").startswith("*"):
            reader.section(line, fields, number)
        else:
            reader.line(fields, number)
    return reader.network()


class _Reader:
    """The vertices and lines so far, and what section is being read."""

    def __init__(self, builder: NetworkBuilder, characters: int) -> None:
        self.builder = builder
        self.most = max(_FREE_VERTICES, characters)
        self.vertices: int | None = None
        self.first_mode: int | None = None
        self.labels: dict[int, str] = {}
        self.vertices_line = 0
        self.directed: bool | None = None
        self.row = 0
        self.line: Callable[[list[str], int], None] = self._outside

    def section(self, text: str, fields: list[str], line: int) -> None:
        """Begins a section: a line that begins with an asterisk."""
        name = fields[0].lstrip("\ufeff").lower().partition(":")[0]
        if name == "*network" and self.vertices is None:
            self.line = self._outside
        elif name == "*vertices" and self.vertices is None:
            self._begin_vertices(fields[1:], line)
        elif name in _DIRECTIONS:
            if self.vertices is None:
                raise self.builder.error(line, f"{name} stands before *Vertices")
            if ":" in text:
                self.builder.count("relations read as one")
            self.directed = bool(self.directed) or _DIRECTIONS[name]
            self.line = {
                "*arcs": self._arc,
                "*edges": self._edge,
                "*arcslist": self._arcs_of,
                "*edgeslist": self._edges_of,
                "*matrix": self._row,
            }[name]
            self.row = 0
        else:
            raise self.builder.error(
                line,
                f"a section {fields[0][:40]!r} is not read; a file must hold one network: "
                f"*Vertices once, then {list(_DIRECTIONS)}",
            )

    def network(self) -> Network:
        """The network, once all lines are read."""
        if self.vertices is None:
            raise ValueError(f"{self.builder.file} has no line *Vertices")
        if self.line == self._row and self.row != self._rows():
            raise ValueError(
                f"{self.builder.file}: *Matrix must have {self._rows()} rows, got {self.row}"
            )
        for number in range(1, self.vertices + 1):
            self.builder.add_node(number, {}, self.vertices_line, self.labels.get(number))
        if self.first_mode is not None:
            self.builder.about.append(f"two modes: the first {self.first_mode} vertices are one")
        return self.builder.build(bool(self.directed), named_by_shown=True)

    def _begin_vertices(self, fields: list[str], line: int) -> None:
        numbers = [self._count(field, line) for field in fields[:2]]
        if not numbers or not 1 <= numbers[-1] <= numbers[0]:
            raise self.builder.error(line, f"*Vertices must name how many there are, got {fields}")
        if numbers[0] > self.most:
            raise self.builder.error(
                line,
                f"{numbers[0]:,} vertices are claimed, more than the file has characters and more "
                f"than {_FREE_VERTICES:,}",
            )
        self.vertices, self.vertices_line = numbers[0], line
        self.first_mode = numbers[1] if len(numbers) > 1 else None
        self.line = self._vertex

    def _count(self, field: str, line: int) -> int:
        if not (field.isascii() and field.isdigit() and len(field) < 19):
            raise self.builder.error(line, f"a number must come, got {field[:40]!r}")
        return int(field)

    def _outside(self, fields: list[str], line: int) -> None:
        """Text before the first section is a remark."""

    def _at(self, field: str, line: int) -> int:
        """The number of a vertex."""
        number = self._count(field, line)
        if not 1 <= number <= (self.vertices or 0):
            raise self.builder.error(
                line, f"there is no vertex {number}: they are 1 to {self.vertices}"
            )
        return number

    def _vertex(self, fields: list[str], line: int) -> None:
        number = self._at(fields[0], line)
        if number in self.labels:
            raise self.builder.error(line, f"vertex {number} stands there twice")
        if len(fields) > 1 and fields[1]:
            self.labels[number] = fields[1]

    def _arc(self, fields: list[str], line: int) -> None:
        self._join(fields, True, line)

    def _edge(self, fields: list[str], line: int) -> None:
        self._join(fields, False, line)

    def _join(self, fields: list[str], directed: bool, line: int) -> None:
        if len(fields) < 2:
            raise self.builder.error(line, "a line must name two vertices")
        ends = self._at(fields[0], line), self._at(fields[1], line)
        cells = {"weight": fields[2]} if len(fields) > 2 else {}
        self.builder.add_edge(*ends, directed, cells, line)

    def _arcs_of(self, fields: list[str], line: int) -> None:
        self._join_all(fields, True, line)

    def _edges_of(self, fields: list[str], line: int) -> None:
        self._join_all(fields, False, line)

    def _join_all(self, fields: list[str], directed: bool, line: int) -> None:
        vertex = self._at(fields[0], line)
        for field in fields[1:]:
            self.builder.add_edge(vertex, self._at(field, line), directed, {}, line)

    def _rows(self) -> int:
        return self.first_mode or self.vertices or 0

    def _row(self, fields: list[str], line: int) -> None:
        self.row += 1
        first = 1 + (self.first_mode or 0)
        width = (self.vertices or 0) + 1 - first
        if len(fields) != width or self.row > self._rows():
            raise self.builder.error(
                line,
                f"*Matrix must have {self._rows()} rows of {width} numbers, got {len(fields)} in "
                f"row {self.row}",
            )
        for column, field in enumerate(fields, first):
            if field.strip("0.") or not field.strip("."):
                self.builder.add_edge(self.row, column, True, {"weight": field}, line)


def _claims(sample: Sample) -> bool:
    return re.search(r"^\ufeff?\*vertices\s+\d", sample.head, re.MULTILINE | re.I) is not None


PAJEK = FileFormat(
    name="pajek",
    about=(
        "Pajek .net: vertices from 1; *Arcs, *Arcslist and *Matrix are directed, *Edges and "
        "*Edgeslist are not, and stand once; weights of repeats are added; loops stay; relations "
        "are read as one."
    ),
    claims=_claims,
    read=read_pajek,
)
