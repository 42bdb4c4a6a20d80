"""Which table of a folder is which: by what the user says, by its name, by its columns."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

from gnn.configs.session_columns import SessionColumns
from gnn.datasets.columns.column_names import (
    edge_ends,
    id_columns,
    label_column,
    label_column_apart,
)
from gnn.edges.records.log_presets import columns_of_log, is_log
from gnn.tables.opening import SUFFIXES, open_table
from gnn.tables.text_files import COMPRESSIONS, suffix_of

ROLES = ("nodes", "labels", "sessions", "edges")
_STANDARD = (".csv", ".parquet")
_FILES_SHOWN = 20


@dataclasses.dataclass(frozen=True)
class TableRoles:
    """The tables of a folder.

    Attributes:
      nodes: the table of nodes; None where they are the ids that the others name.
      labels: the table of labels alone, if there is one.
      sessions: the log.
      edges: the edges; one of the two at most.
      unused: the tables that have no role.
    """

    nodes: Path | None = None
    labels: Path | None = None
    sessions: Path | None = None
    edges: Path | None = None
    unused: tuple[Path, ...] = ()

    def text(self) -> str:
        """What was taken for what; "" where names alone said so.

        >>> TableRoles(Path("a/items.csv"), edges=Path("a/edges.csv")).text()
        'nodes items.csv, edges edges.csv'
        >>> TableRoles(Path("nodes.csv"), edges=Path("edges.csv")).text()
        ''
        """
        taken = {role: path for role in ROLES if (path := getattr(self, role)) is not None}
        if not self.unused and all(stem_of(path) == role for role, path in taken.items()):
            return ""
        said = ", ".join(f"{role} {path.name}" for role, path in taken.items())
        unused = ", ".join(path.name for path in self.unused[:_FILES_SHOWN])
        return f"{said}; not used: {unused}" if unused else said


def find_tables(
    folder: Path,
    given: Mapping[str, str | os.PathLike[str] | None],
    columns: SessionColumns,
    labels: bool = True,
    needed: Collection[str] = (),
) -> TableRoles:
    """Finds out which table of a folder is which.

    What the user gives is taken. Then `nodes`, `edges` and `sessions` are the files of that name.
    A role that is still open goes to the one table whose columns are such: edges have two ends, a
    log has sessions (or users and times) and items, labels an id and a label, nodes an id and more.

    Args:
      folder: where they are; or one table, which is all there is.
      given: role -> a file, as a path or its name in the folder; None is open.
      columns: what the columns of a log are called.
      labels: whether a table of labels is looked for; else such tables have no role.
      needed: columns that the table of nodes has to have, where they are known.

    Raises:
      FileNotFoundError: there is no such folder or file, or neither nodes nor edges nor a log.
      ValueError: two tables could have one role; the message names both, and what settles it.
    """
    if folder.is_file():
        return _one_table(folder, given, columns)
    if not folder.is_dir():
        raise FileNotFoundError(f"no folder {str(folder)!r}")
    found = {role: _given(folder, role, name) for role, name in given.items() if name is not None}
    if "edges" in found and "sessions" in found:
        raise ValueError("edges come from one table: give edges or sessions, not both")
    taken = [path for role, path in found.items() if role != "labels"]  # Nodes may hold these, too.
    files = [path for path in sorted(folder.iterdir()) if suffix_of(path) in SUFFIXES]
    files = [path for path in files if path.is_file() and path not in taken]
    settled = "edges" in found or "sessions" in found
    for role in ("nodes", "edges", "sessions"):
        if role in found or (settled and role != "nodes"):
            continue
        named = [path for path in files if stem_of(path) == role]
        if len(named) > 1:
            raise ValueError(_two(folder, named, (role,)))
        found |= {role: named[0]} if named else {}
    if not settled and "edges" in found and "sessions" in found:
        pair = [found["edges"], found["sessions"]]
        raise ValueError(_two(folder, pair, ("edges", "sessions")))
    taken = [path for role, path in found.items() if role != "labels"]
    others = [path for path in files if path not in taken]
    headers = {path: header for path in others if (header := _header(path)) is not None}
    looks = {path: role_of(path, header, columns) for path, header in headers.items()}
    if "edges" not in found and "sessions" not in found:
        links = [path for path in others if looks.get(path) in ("edges", "sessions")]
        if len(links) > 1:
            roles = tuple(dict.fromkeys(str(looks[path]) for path in links))
            raise ValueError(_two(folder, links, roles))
        found |= {str(looks[link]): link for link in links}
    if labels and "labels" not in found:
        marks = [path for path in others if looks.get(path) == "labels"]
        if len(marks) > 1:
            raise ValueError(_two(folder, marks, ("labels",)))
        found |= {"labels": marks[0]} if marks else {}
    if "nodes" not in found:
        nodes = [path for path in others if looks.get(path) == "nodes"]
        if "labels" in found:  # One that has labels and features may be named for its labels.
            both = label_column(headers.get(found["labels"], ())) is not None and len(nodes) == 1
            nodes = [path for path in nodes if both or path != found["labels"]]
        if len(nodes) > 1 and "sessions" in found:
            nodes = _of_items(nodes, headers, found["sessions"], columns)
        if len(nodes) > 1 and needed:
            nodes = [path for path in nodes if set(needed) <= set(headers[path])] or nodes
        if len(nodes) > 1:
            raise ValueError(_two(folder, nodes, ("nodes",)))
        found |= {"nodes": nodes[0]} if nodes else {}
    if found.keys() <= {"labels"}:
        raise FileNotFoundError(lacks(folder, ("nodes", "edges", "sessions")))
    unused = tuple(path for path in files if path not in found.values())
    return TableRoles(**found, unused=unused)


def _one_table(path: Path, given: Mapping[str, Any], columns: SessionColumns) -> TableRoles:
    """A table alone, by what its columns are."""
    others = [role for role, name in given.items() if name is not None]
    if others:
        raise ValueError(f"{others[0]} names a table of a folder, and {path.name} is one table")
    header = open_table(path).header
    role = role_of(path, header, columns)
    if role in (None, "labels"):
        raise ValueError(
            f"{path.name} has neither two ends of edges, nor a session and an item, nor an id and "
            f"features; it has the columns {header[:_FILES_SHOWN]}"
        )
    roles: dict[str, Any] = {str(role): path}
    return TableRoles(**roles)


def stem_of(path: Path) -> str:
    """The name of a table without its suffixes.

    >>> stem_of(Path("shop/clicks.csv.gz"))
    'clicks'
    """
    return Path(path.stem if path.suffix.lower() in COMPRESSIONS else path.name).stem


def lacks(folder: Path, stems: Sequence[str]) -> str:
    """That a folder has none of some tables, and what it has."""
    wanted = " or ".join(f"{stem}{suffix}" for stem in stems for suffix in _STANDARD)
    files = sorted(path.name for path in folder.iterdir())
    more = f" and {len(files) - _FILES_SHOWN} more" if len(files) > _FILES_SHOWN else ""
    why = ", and no table whose columns are such" if "edges" in stems else ""
    return f"the folder {str(folder)!r} has no {wanted}{why}; it has {files[:_FILES_SHOWN]}{more}"


def _given(folder: Path, role: str, name: str | os.PathLike[str]) -> Path:
    path = folder / name
    if not path.is_file():
        path = Path(name)
    if not path.is_file():
        raise FileNotFoundError(
            f"{role}: no file {os.fspath(name)!r} in the folder {str(folder)!r}"
        )
    return path


def _header(path: Path) -> list[str] | None:
    """The columns of a table; None where it cannot be read, and so has no role."""
    try:
        return open_table(path).header
    except (ValueError, ImportError, OSError):
        return None


def role_of(path: Path, header: Sequence[str], columns: SessionColumns) -> str | None:
    """What a table is by its columns: `"edges"`, `"sessions"`, `"labels"`, `"nodes"` or None.

    >>> role_of(Path("a.csv"), ["src", "dst"], SessionColumns())
    'edges'
    """
    if edge_ends(header) is not None:
        return "edges"
    if is_log(header, columns):
        return "sessions"
    ids = id_columns(header)
    if not ids:
        return None
    if label_column_apart(header, ids[0], any_name=stem_of(path) == "labels"):
        return "labels"
    return "nodes" if len(header) > 1 else None


def _of_items(
    nodes: list[Path],
    headers: Mapping[Path, Sequence[str]],
    log: Path,
    columns: SessionColumns,
) -> list[Path]:
    """The tables whose ids are called as the items of a log, if there are such."""
    item = columns_of_log(_header(log) or [], columns)[0].item_column
    return [path for path in nodes if id_columns(headers[path])[0] == item] or nodes


def _two(folder: Path, paths: Sequence[Path], roles: Sequence[str]) -> str:
    names = " and ".join(path.name for path in paths[:_FILES_SHOWN])
    says = " or ".join(f"{role}= (--{role})" for role in roles)
    shortest = min(paths, key=lambda path: (stem_of(path) not in roles, len(path.name)))
    example = f"{roles[0]}={shortest.name!r}"
    return (
        f"the folder {str(folder)!r} has {names}: keep one of them, or say by {says} which one "
        f"holds the {' or the '.join(roles)}, such as {example}"
    )
