"""The names that logs give their columns, and which of them a configuration is to take."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Collection, Mapping, Sequence
from typing import Any, NamedTuple, TypeVar

from gnn.configs.fields import field_defaults
from gnn.configs.session_columns import SessionColumns
from gnn.tables.table import Table

# Half an hour without a record ends a session where nobody says otherwise.
DEFAULT_GAP = 1800.0


class LogPreset(NamedTuple):
    """A published log, known by its header.

    Attributes:
      name: of the log.
      header: its columns, as they are published; their case, blanks and underscores do not count.
      item: the column with the item.
      session: the column with the session; None where there are users and times.
      user: the column with the user, whose records a gap in time cuts in sessions.
      time: the column in whose order the records of a session stand.
      date: the column that says how old a record is, where it is another.
      is_whole: whether there are no further columns.
    """

    name: str
    header: tuple[str, ...]
    item: str
    session: str | None = None
    user: str | None = None
    time: str | None = None
    date: str | None = None
    is_whole: bool = True


# One line a log.
PRESETS = (
    LogPreset(
        "yoochoose",
        ("session", "timestamp", "item", "category"),
        "item",
        session="session",
        time="timestamp",
    ),
    LogPreset(
        "diginetica",
        ("sessionId", "userId", "itemId", "timeframe", "eventdate"),
        "itemId",
        session="sessionId",
        time="timeframe",
        date="eventdate",
    ),
    LogPreset(
        "RetailRocket",
        ("timestamp", "visitorid", "event", "itemid", "transactionid"),
        "itemid",
        user="visitorid",
        time="timestamp",
    ),
    LogPreset(
        "OTTO",
        ("session", "aid", "ts", "type"),
        "aid",
        session="session",
        time="ts",
    ),
    LogPreset(
        "MovieLens",
        ("userId", "movieId", "rating", "timestamp"),
        "movieId",
        session="userId",
        user="userId",
        time="timestamp",
    ),
    LogPreset(
        "RecBole",
        ("session_id:token", "item_id:token"),
        "item_id:token",
        session="session_id:token",
        time="timestamp:float",
        is_whole=False,
    ),
    LogPreset(
        "RecBole",
        ("user_id:token", "item_id:token"),
        "item_id:token",
        session="user_id:token",
        user="user_id:token",
        time="timestamp:float",
        is_whole=False,
    ),
)

# What other logs call these, in lower case and without what is no letter or number. Of two groups
# the second is asked where the first has nothing.
_NAMES = {
    "session_column": (
        ("session", "sessionid", "sessions", "visit", "visitid"),
        ("basket", "basketid", "cart", "cartid", "order", "orderid", "orderno")
        + ("transaction", "transactionid", "invoice", "invoiceid", "invoiceno"),
    ),
    "item_column": (
        ("item", "itemid", "product", "productid", "article", "articleid", "aid", "asin")
        + ("sku", "stockcode", "movie", "movieid", "track", "trackid", "song", "songid"),
    ),
    "user_column": (
        ("user", "userid", "visitor", "visitorid", "customer", "customerid")
        + ("reviewer", "reviewerid", "member", "memberid", "client", "clientid"),
    ),
    "time_column": (
        ("time", "timestamp", "ts", "datetime", "eventtime", "unixtime", "unixreviewtime"),
        ("date", "eventdate", "orderdate", "invoicedate", "day"),
    ),
}
# Of several such columns the one of just this name is taken.
_PLAIN = {"time_column": "time"}

_AnyColumns = TypeVar("_AnyColumns", bound=SessionColumns)


def columns_of_log(
    header: Sequence[str], config: _AnyColumns, times: bool = False
) -> tuple[_AnyColumns, list[str]]:
    """The configuration with the columns of a log named, and what was found.

    What the configuration names is taken. A column that it leaves as it is by default, and that the
    header lacks, is looked for: among the logs of `PRESETS`, and then by what logs call such a
    column. Times are looked for where the configuration needs them. Without sessions, those of a
    user are cut by times: after `session_gap`, or half an hour.

    Args:
      header: the names of the columns.
      config: a `SessionColumns`, or what inherits it.
      times: whether times are looked for even where the configuration needs none.

    Returns:
      The configuration, and remarks for the report, each in a few words. Where no column is found
      the configuration is the given one: who reads the column says that it is missing.

    Raises:
      ValueError: two columns could be the item, the session, the user or the time. The message
        names both, and the field and the flag that decide.

    >>> columns, remarks = columns_of_log(["visit_id", "at", "product_id"], SessionColumns())
    >>> columns.session_column, columns.item_column, remarks
    ('visit_id', 'product_id', ["columns by their names: session 'visit_id', item 'product_id'"])
    >>> columns, remarks = columns_of_log(
    ...     ["timestamp", "visitorid", "event", "itemid", "transactionid"], SessionColumns()
    ... )
    >>> columns.user_column, columns.gap
    ('visitorid', 1800.0)
    """
    preset = preset_of(header)

    def find(field: str) -> str | None:
        named = getattr(config, field)
        if named in header or named != _DEFAULTS[field]:
            return named
        if preset is None:
            return _called_so(header, field)
        return _of_preset(preset, header, field, config)

    found: dict[str, Any] = {"item_column": find("item_column")}
    by_users = config.user_column is not None or config.session_gap is not None
    if not by_users:
        found["session_column"] = session = find("session_column")
        by_users = session is None
    if by_users:
        users = {"user_column": find("user_column"), "time_column": find("time_column")}
        is_asked = config.user_column is not None or config.session_gap is not None
        lacks = next((field for field, name in users.items() if name is None), None)
        if lacks is None:
            gap = DEFAULT_GAP if config.session_gap is None else config.session_gap
            found |= {**users, "session_gap": gap}
        elif is_asked:
            given = "session_gap" if config.user_column is None else "user_column"
            raise ValueError(
                f"{given} needs {lacks} (--{lacks.replace('_', '-')}): the records of a user are "
                "cut in sessions where there is a gap in time, and no column is called as those are"
            )
    elif times or config.wants_times:
        found["time_column"] = find("time_column")
    how = "columns by their names" if preset is None else f"columns of {preset.name}"
    return _with(config, found, how)


def preset_of(header: Collection[str]) -> LogPreset | None:
    """The published log that has this header; None where there is none.

    >>> preset_of(["userId", "movieId", "rating", "timestamp"]).name
    'MovieLens'
    """
    found = set(map(_plain, header))
    for preset in PRESETS:
        wanted = set(map(_plain, preset.header))
        if found == wanted or (wanted < found and not preset.is_whole):
            return preset
    return None


def preset_named(name: str) -> LogPreset:
    """The first preset of a name.

    >>> preset_named("OTTO").header
    ('session', 'aid', 'ts', 'type')
    """
    return next(preset for preset in PRESETS if preset.name == name)


def is_log(header: Sequence[str], config: SessionColumns | None = None) -> bool:
    """Whether a table is a log: has sessions, or users with times, and items.

    >>> is_log(["user_id", "session_id", "timestamp", "product_id"]), is_log(["item_id", "price"])
    (True, False)
    """
    config = config or SessionColumns()
    if preset_of(header) is not None:
        return True

    def has(field: str) -> bool:
        named = getattr(config, field)
        if named in header or named != _DEFAULTS[field]:
            return named in header
        return any(_candidates(header, group) for group in _NAMES[field])

    users = has("user_column") and has("time_column")
    return has("item_column") and (users or has("session_column"))


_DEFAULTS = field_defaults(SessionColumns)


def _of_preset(
    preset: LogPreset, header: Sequence[str], field: str, config: SessionColumns
) -> str | None:
    """The column of a preset, as the header writes it."""
    column = getattr(preset, field.removesuffix("_column"))
    if field == "time_column" and preset.date and getattr(config, "half_life", None) is not None:
        column = preset.date
    return next((n for n in header if column is not None and _plain(n) == _plain(column)), None)


def _plain(name: str) -> str:
    """A name in lower case, without what is neither letter nor number."""
    return re.sub(r"[^a-z0-9]", "", name.lower())


def time_column(header: Sequence[str]) -> str | None:
    """The column of a table that is called as times are.

    Raises:
      ValueError: two are.

    >>> time_column(["source", "target", "clicked_at"]), time_column(["source", "timestamp"])
    (None, 'timestamp')
    """
    return _called_so(header, "time_column")


def _called_so(header: Sequence[str], field: str) -> str | None:
    """The column that is called as such columns are, if there is one."""
    if _PLAIN.get(field) in header:
        return _PLAIN[field]
    for group in _NAMES[field]:
        found = _candidates(header, group)
        if len(found) > 1:
            raise ValueError(
                f"two columns could be the {field.removesuffix('_column')}: {found[0]!r} and "
                f"{found[1]!r}; {field} (--{field.replace('_', '-')}) says which"
            )
        if found:
            return found[0]
    return None


def _candidates(header: Sequence[str], group: Collection[str]) -> list[str]:
    return [name for name in header if _plain(name) in group]


def _with(config: _AnyColumns, found: Mapping[str, Any], how: str) -> tuple[_AnyColumns, list[str]]:
    """A configuration with some fields set, and the remarks on those that changed."""
    new = {
        name: value
        for name, value in found.items()
        if value is not None and getattr(config, name) != value
    }
    if not new:
        return config, []
    config = dataclasses.replace(config, **new)
    shown = [
        f"{name.removesuffix('_column')} {new[name]!r}"
        for name in ("session_column", "user_column", "item_column")
        if name in new
    ]
    remarks = [f"{how}: {', '.join(shown)}"] if shown else []
    if "time_column" in new:
        remarks.append(f"times of the column {new['time_column']!r}")
    if "session_gap" in new:
        remarks.append(
            f"a session of {config.user_column!r} ends after {config.gap:g} seconds without a "
            "record (session_gap)"
        )
    return config, remarks


def columns_of_table(
    table: Table, config: _AnyColumns, times: bool = False
) -> tuple[_AnyColumns, list[str]]:
    """As `columns_of_log`, with the name of the table in errors."""
    try:
        return columns_of_log(table.header, config, times)
    except ValueError as error:
        raise ValueError(f"{table.name}: {error}") from error
