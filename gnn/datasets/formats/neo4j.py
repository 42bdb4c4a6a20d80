"""Tables of `neo4j-admin import`: nodes with `:ID`, relationships from `:START_ID` to `:END_ID`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import chain
from pathlib import Path
from typing import Any, NamedTuple

from gnn.datasets.formats.field_table import (
    FieldTable,
    first_line,
    header_of,
    names_in,
    read_fields,
    weights_of,
)
from gnn.datasets.formats.file_format import FileFormat, Sample
from gnn.datasets.formats.named_ends import NamedNodes
from gnn.datasets.formats.neo4j_header import (
    END,
    NODE_ID,
    START,
    Field,
    cells_of,
    fields_of,
    is_of_edges,
    is_of_nodes,
)
from gnn.datasets.formats.network import Network
from gnn.tables.delimiters import find_delimiter
from gnn.tables.text_files import suffix_of

_SUFFIXES = (".csv", ".tsv", ".txt")
_ABOUT = (
    "tables of neo4j-admin import: directed from :START_ID to :END_ID; repeats are added, by the "
    "property weight if there is one, loops stay; spaces of ids stay apart; all labels and types "
    "of relationships are one graph"
)


class _Part(NamedTuple):
    """A table and its header, which may lie in a file of its own."""

    table: FieldTable
    fields: list[Field]

    def column(self, kind: str) -> tuple[str, Field]:
        """The column of one of Neo4j's own types."""
        at = next(k for k, field in enumerate(self.fields) if field.type == kind)
        return list(self.table.columns)[at], self.fields[at]

    def names(self, kind: str, spaces: bool) -> list[str]:
        """The ids in a column, with their space before them where there are several."""
        column, field = self.column(kind)
        cells = self.table.columns[column]
        for row, cell in enumerate(cells):
            if not cell:
                raise self.table.error(row, f":{kind} must not be empty")
        return [f"{field.space}:{cell}" for cell in cells] if spaces else cells


def _claims(sample: Sample) -> bool:
    if sample.names:
        headers = [fields_of(header_of(path)) for path in _tables_in(sample.path)]
        return any(map(is_of_nodes, headers)) and any(map(is_of_edges, headers))
    line = next((line for line in sample.head.splitlines() if line.strip()), "")
    fields = fields_of(names_in(line))
    return sample.suffix in _SUFFIXES and is_of_edges(fields)


def _read(path: Path) -> Network:
    """Reads a folder of tables, or one of relationships."""
    parts = list(_parts(_tables_in(path) if path.is_dir() else [path]))
    of_nodes = [part for part in parts if is_of_nodes(part.fields)]
    of_edges = [part for part in parts if is_of_edges(part.fields)]
    if not of_edges:
        raise ValueError(f"{str(path)!r} must have a table with the fields :START_ID and :END_ID")
    kinds = (NODE_ID, START, END)
    spaces = {f.space for part in parts for f in part.fields if f.type in kinds}
    several = len(spaces) > 1
    ends = [
        [*chain.from_iterable(part.names(kind, several) for part in of_edges)]
        for kind in (START, END)
    ]
    if of_nodes:
        names = [*chain.from_iterable(part.names(NODE_ID, several) for part in of_nodes)]
    else:
        names = list(dict.fromkeys(chain.from_iterable(zip(*ends, strict=True))))
    _check_spaces(of_nodes, several)
    nodes = NamedNodes.of(names)
    columns: dict[str, list[Any]] = {}
    rows = 0
    for part in of_nodes:
        found = _properties(part)
        size = len(part.table.lines)
        for name in dict.fromkeys([*columns, *found]):
            cells = columns.setdefault(name, [None] * rows)
            cells.extend(found.get(name, [None] * size))
        rows += size
    weights, told = _weights(of_edges)
    about = ["directed from :START_ID to :END_ID"]
    if several:
        about.append(f"ids have their space before them: {', '.join(sorted(spaces))}")
    about += [f"properties of relationships left out: {', '.join(told)}"] if told else []
    return nodes.ends(ends[0], ends[1], weights).network(
        nodes,
        about,
        columns={name: nodes.take(cells) for name, cells in columns.items()},
    )


NEO4J = FileFormat("neo4j", _ABOUT, _claims, _read)


def _tables_in(folder: Path) -> list[Path]:
    return sorted(p for p in folder.iterdir() if suffix_of(p) in _SUFFIXES and p.is_file())


def _parts(paths: Sequence[Path]) -> Iterator[_Part]:
    """The tables, each with its header.

    A file whose header is one of Neo4j's and that has nothing else is the header of those whose
    names begin as its own does: `movies-header.csv` of `movies.csv` and `movies-part1.csv`.
    """
    known = {path: fields_of(header_of(path)) for path in paths}
    known = {p: f for p, f in known.items() if is_of_nodes(f) or is_of_edges(f)}
    heads: dict[str, Path] = {}
    for path, fields in known.items():
        stem = path.name.split(".")[0]
        alone = stem.lower().endswith("header") or stem.lower().endswith("headers")
        if alone:
            heads[stem[: stem.lower().rindex("header")].rstrip("-_. ")] = path
        else:
            yield _Part(read_fields(path), fields)
    for path in paths:
        stem = path.name.split(".")[0]
        prefix = max((p for p in heads if _continues(stem, p)), key=len, default=None)
        if path in known or prefix is None:
            continue
        head = heads[prefix]
        delimiter = find_delimiter(first_line(head))
        yield _Part(read_fields(path, delimiter=delimiter, header=header_of(head)), known[head])


def _continues(stem: str, prefix: str) -> bool:
    rest = stem.removeprefix(prefix)
    return stem.startswith(prefix) and (
        not rest or not prefix or rest[0] in "-_. " or rest.isdigit()
    )


def _check_spaces(parts: Sequence[_Part], spaces: bool) -> None:
    """Raises where an id stands in two tables: they are two nodes, which spaces keep apart."""
    owner: dict[str, str] = {}
    for part in parts:
        for row, name in enumerate(part.names(NODE_ID, spaces)):
            if owner.setdefault(name, part.table.file) != part.table.file:
                raise part.table.error(
                    row,
                    f"the id {name!r} is one of {owner[name]}, too; spaces of ids, as in "
                    ":ID(Person), keep them apart",
                )


def _properties(part: _Part) -> dict[str, list[Any]]:
    found: dict[str, list[Any]] = {}
    for column, field in zip(part.table.columns, part.fields, strict=True):
        if field.type == "LABEL":
            found[":LABEL"] = [cell or None for cell in part.table.columns[column]]
        elif field.name and field.type not in (NODE_ID, START, END, "TYPE", "IGNORE"):
            found[field.name] = cells_of(part.table, column, field)
    return found


def _weights(parts: Sequence[_Part]) -> tuple[list[float] | None, list[str]]:
    """Weights of relationships, 1 in tables without any, and the properties that are left out."""
    weights: list[float] = []
    left: dict[str, None] = {}
    weighed = False
    for part in parts:
        named = dict(zip((f.name for f in part.fields), part.table.columns, strict=True))
        found = weights_of(part.table, named.get("weight"))
        weighed |= found is not None
        weights += [1.0] * len(part.table.lines) if found is None else found
        left |= {
            field.name or f":{field.type}": None
            for field in part.fields
            if field.type not in (START, END, "IGNORE") and field.name != "weight"
        }
    return (weights if weighed else None), list(left)
