"""RecBole's atomic files: users, items and what they did, tables with types in their headers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import chain
from pathlib import Path
from typing import Any

from gnn.datasets.formats.field_table import FieldTable, list_cells, number_cells, read_fields
from gnn.datasets.formats.file_format import FileFormat, Sample
from gnn.datasets.formats.named_ends import NamedNodes
from gnn.datasets.formats.network import Network

_INTER, _NET = ".inter", ".net"
_USERS, _ITEMS = ("user_id", "session_id"), ("item_id",)
_RATING = "rating"
_TYPES = ("token", "token_seq", "float", "float_seq")
_ABOUT = (
    "RecBole's atomic files: users and items have ids of their own, here u196 and i242; a graph of "
    "both, undirected, each pair once; weights are ratings, added where a pair repeats. As a log, "
    "a user is a session"
)


def _claims(sample: Sample) -> bool:
    if sample.names:
        return len(_with_suffix(sample.path, sample.names, _INTER)) == 1
    return sample.suffix == _INTER and ":token" in sample.head


def _read(path: Path) -> Network:
    """Reads a folder, or its `.inter` file with those beside it."""
    if path.is_dir():
        found = _with_suffix(path, sorted(each.name for each in path.iterdir()), _INTER)
        if len(found) != 1:
            raise ValueError(f"the folder {str(path)!r} must have one {_INTER} file, got {found}")
        path = found[0]
    actions = _read_atomic(path)
    user = _field(actions, _USERS, path)
    item = _field(actions, _ITEMS, path)
    sides = []
    for field, mark, suffix in ((user, "u", ".user"), (item, "i", ".item")):
        beside = path.with_suffix(suffix)
        table = _read_atomic(beside) if beside.is_file() else None
        named = [] if table is None else table[_field(table, (field,), beside)][0]
        acting = [name for name in actions[field][0] if name]
        order = dict.fromkeys(chain(acting, named))
        sides.append(_Side(mark, list(order), named, table or {}))
    users, items = sides
    names = [f"{side.mark}{name}" for side in sides for name in side.names]
    nodes = NamedNodes.of(names)
    rating, negative = actions.get(_RATING, ([], ""))[0] or None, 0
    if rating is not None:
        rating = [1.0 if value is None else value for value in rating]
        negative = sum(value < 0 for value in rating)
    whole = [k for k, pair in enumerate(zip(*_ends(actions, user, item), strict=True)) if all(pair)]
    sources, targets = ([names[k] for k in whole] for names in _ends(actions, user, item))
    ends = nodes.ends(
        [f"u{name}" for name in sources],
        [f"i{name}" for name in targets],
        None if negative or rating is None else [rating[k] for k in whole],
    )
    columns = _columns(users, items, user, item)
    left = [name for name in actions if name not in (user, item, _RATING)]
    about = ["undirected, a pair of user and item once", "u and i stand before their ids"]
    about += ["weights are all 1: some ratings are negative"] if negative else []
    about += [f"fields of interactions left out: {', '.join(left)}"] if left else []
    others = [s for s in (_NET, ".link", ".kg") if path.with_suffix(s).is_file()]
    about += [f"not read: {', '.join(others)}"] if others else []
    counts = {
        "users": len(users.names),
        "items": len(items.names),
        "negative ratings": negative,
        "interactions without a user or an item left out": len(actions[user][0]) - len(whole),
    }
    counts = {what: count for what, count in counts.items() if count}
    return ends.network(nodes, about, counts, directed=False, columns=columns)


RECBOLE = FileFormat("recbole", _ABOUT, _claims, _read)


class _Side:
    """The users, or the items.

    Attributes:
      mark: what stands before their ids.
      names: their ids.
      cells: field -> a cell for each.
    """

    def __init__(
        self, mark: str, names: list[str], named: Sequence[str], table: Mapping[str, Any]
    ) -> None:
        self.mark, self.names = mark, names
        rows = {name: row for row, name in reversed(list(enumerate(named)))}
        self.cells = {
            field: [cells[rows[name]] if name in rows else None for name in names]
            for field, (cells, _) in table.items()
        }


def _ends(actions: Mapping[str, Any], user: str, item: str) -> tuple[list[str], list[str]]:
    return actions[user][0], actions[item][0]


def _columns(users: _Side, items: _Side, user: str, item: str) -> dict[str, list[Any]]:
    """The fields of users and items side by side; of two of one name each says whose it is."""
    columns: dict[str, list[Any]] = {}
    for side, before, after in (
        (users, 0, len(items.names)),
        (items, len(users.names), 0),
    ):
        other = items if side is users else users
        for field, cells in side.cells.items():
            if field in (user, item):
                continue
            name = (
                f"{'user' if side is users else 'item'}_{field}" if field in other.cells else field
            )
            columns[name] = [None] * before + cells + [None] * after
    return columns


def _with_suffix(folder: Path, files: Sequence[str], suffix: str) -> list[Path]:
    return [folder / file for file in files if Path(file).suffix.lower() == suffix]


def _read_atomic(path: Path) -> dict[str, tuple[list[Any], str]]:
    """Name of a field -> its cells by their type, and the type.

    Raises:
      ValueError: the header has no types; as `read_fields`.
    """
    table = read_fields(path, delimiter="\t", quoted=False)
    found: dict[str, tuple[list[Any], str]] = {}
    for column in table.columns:
        name, _, kind = column.partition(":")
        if kind not in _TYPES:
            raise ValueError(
                f"{path.name}, line 1: a field must be NAME:TYPE, a type of {list(_TYPES)}; got "
                f"{column!r}"
            )
        found[name] = (_cells(table, column, kind), kind)
    return found


def _cells(table: FieldTable, column: str, kind: str) -> list[Any]:
    if kind == "float":
        return list(number_cells(table, column))
    if kind == "float_seq":
        cells = table.columns[column]
        lists = list_cells([cell for cell in cells if cell.strip()], " ")
        if lists is None:
            return [cell or None for cell in cells]
        given = iter(lists)
        return [next(given) if cell.strip() else None for cell in cells]
    return [cell if kind == "token" else cell or None for cell in table.columns[column]]


def _field(table: Mapping[str, Any], names: Sequence[str], path: Path) -> str:
    for name in names:
        if name in table:
            return name
    wanted = " or ".join(f"'{name}:token'" for name in names)
    raise ValueError(f"{path.name} has no field {wanted}; it has {list(table)}")
