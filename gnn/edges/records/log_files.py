"""Logs in files as they are published: without a header, with types in it, nested, or as tables."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence
from itertools import chain
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from gnn.edges.records.log_presets import preset_named
from gnn.tables.cells import Cells
from gnn.tables.csv_tables import open_csv
from gnn.tables.object_cells import ObjectCells
from gnn.tables.opening import SUFFIXES, open_table
from gnn.tables.plain_rows import open_plain_rows
from gnn.tables.problems import RowCheck
from gnn.tables.table import Chunk, Table
from gnn.tables.text_files import open_text, suffix_of

_EVENTS = "events"
_HEAD = 1 << 16


class _Bare(NamedTuple):
    """A published file without a header, known by its name and the shape of its rows.

    Attributes:
      name: a pattern of the name of the file, in lower case and without `.gz`.
      preset: the log.
      delimiter: between fields.
      row: a pattern of its first row.
      header: the names of its columns; None takes those of the preset.
    """

    name: str
    preset: str
    delimiter: str
    row: str
    header: tuple[str, ...] | None = None


_NUMBER = r"\d+(\.\d+)?"
_BARE = (
    _Bare(
        r"yoochoose-(clicks|test).*\.dat", "yoochoose", ",", r"\d+,\d{4}-\d\d-\d\d[T ][^,]+,\d+,\w*"
    ),
    _Bare(
        r"yoochoose-buys.*\.dat",
        "yoochoose",
        ",",
        r"\d+,\d{4}-\d\d-\d\d[T ][^,]+,\d+,[\d.]+,\d+",
        ("session", "timestamp", "item", "price", "quantity"),
    ),
    _Bare(r"u[a-b1-5]?\.(data|base|test)", "MovieLens", "\t", rf"\d+\t\d+\t{_NUMBER}\t\d+"),
    _Bare(r"ratings\.dat", "MovieLens", "::", rf"\d+::\d+::{_NUMBER}::\d+"),
)


def open_log_file(path: str | os.PathLike[str], name: str | None = None) -> Table:
    r"""Opens a log as a table of records.

    Beside what `gnn.tables.opening.open_table` reads, that are files that are published without a
    header (`yoochoose-clicks.dat`, MovieLens' `u.data` and `ratings.dat`), RecBole's `.inter`, and
    OTTO's JSON lines, each a session with its events.

    Args:
      path: the file.
      name: what errors call it; None takes the name of the file.

    Raises:
      FileNotFoundError, ImportError, ValueError: as `open_table`.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder) / "ratings.dat"
    ...     _ = path.write_text("1::1193::5::978300760\n")
    ...     open_log_file(path).header
    ['userId', 'movieId', 'rating', 'timestamp']
    """
    path = Path(path)
    name = path.name if name is None else name
    if not path.is_file():
        raise FileNotFoundError(f"no file {str(path)!r}")
    bare = bare_log(path)
    if bare is not None:
        header = bare.header or preset_named(bare.preset).header
        opens = open_csv if len(bare.delimiter) == 1 else open_plain_rows
        return opens(path, name, bare.delimiter, header)
    if suffix_of(path) == ".inter":
        return open_plain_rows(path, name, "\t")
    table = open_table(path, name)
    if set(table.header) == {"session", _EVENTS}:
        return _unnested(table)
    return table


def is_log_file(path: Path) -> bool:
    """Whether the name of a file is one that `open_log_file` reads."""
    known = (*SUFFIXES, ".inter")
    return suffix_of(path) in known or any(re.fullmatch(b.name, _stem(path)) for b in _BARE)


def bare_log(path: Path) -> _Bare | None:
    """Which log without a header a file is; None of all others."""
    named = [bare for bare in _BARE if re.fullmatch(bare.name, _stem(path))]
    if not named:
        return None
    try:
        with open_text(path, path.name) as file:
            head = file.read(_HEAD)
    except (OSError, ValueError):
        return None
    first = next((line for line in head.splitlines() if line.strip()), "")
    return next((bare for bare in named if re.fullmatch(bare.row, first.strip())), None)


def _stem(path: Path) -> str:
    return path.name.lower().removesuffix(".gz")


def _unnested(table: Table) -> Table:
    """A table with a row an event, of one with a row a session."""
    header = list(preset_named("OTTO").header)

    def read(wanted: frozenset[str] | None) -> Iterator[Chunk]:
        for chunk in table.chunks:
            check = RowCheck(table.problems, chunk.lines)
            held = chunk.columns[_EVENTS].held
            events = held.to_pylist() if hasattr(held, "to_pylist") else list(held)
            for row, listed in enumerate(events):
                if not isinstance(listed, list) or not all(isinstance(e, dict) for e in listed):
                    check.reject(row, "events", "events is no list of objects")
            good = np.flatnonzero(check.good).tolist()
            kept: list[Sequence[dict[str, Any]]] = [events[row] for row in good]
            sizes = np.fromiter(map(len, kept), np.int64, len(kept))
            # A row is an event from here on.
            table.problems.num_rows += int(sizes.sum()) - len(kept)
            flat = list(chain.from_iterable(kept))
            cells: dict[str, Cells] = {
                column: ObjectCells(
                    f"{table.name}: column {column!r}", [event.get(column) for event in flat]
                )
                for column in header[1:]
                if wanted is None or column in wanted
            }
            sessions = chunk.columns["session"].take(np.repeat(np.array(good, np.int64), sizes))
            yield Chunk(np.repeat(chunk.lines[good], sizes), {header[0]: sessions, **cells})

    return Table(table.name, header, read, table.problems)
