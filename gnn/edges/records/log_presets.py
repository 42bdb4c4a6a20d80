"""The names that logs give their columns, and which of them a configuration is to take."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Collection, Sequence
from typing import NamedTuple, TypeVar

from gnn.configs.fields import field_defaults
from gnn.configs.session_columns import SessionColumns

# Half an hour without a record ends a session where nobody says otherwise.
DEFAULT_GAP = 1800.0


class LogPreset(NamedTuple):
    """A published log, known by its header.

    Attributes:
      name: of the log.
      header: all its columns.
      item: the column with the item.
      session: the column with the session; None where there are users and times.
      user: the column with the user, where there are no sessions.
      time: the column in whose order the records of a session stand.
      date: the column that says how old a record is, where it is another.
    """

    name: str
    header: tuple[str, ...]
    item: str
    session: str | None = None
    user: str | None = None
    time: str | None = None
    date: str | None = None


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
        time="timestamp",
    ),
)

# What other logs call these, in lower case and without what is no letter or number. Of two groups
# the second is asked where the first has nothing.
_SESSIONS = (
    ("session", "sessionid", "sessions", "visit", "visitid"),
    ("basket", "basketid", "cart", "cartid", "order", "orderid", "orderno")
    + ("transaction", "transactionid", "invoice", "invoiceid", "invoiceno"),
)
_ITEMS = (
    ("item", "itemid", "product", "productid", "article", "articleid", "aid", "asin")
    + ("sku", "stockcode", "movie", "movieid", "track", "trackid", "song", "songid"),
)
_USERS = (
    ("user", "userid", "visitor", "visitorid", "customer", "customerid", "reviewer", "reviewerid")
    + ("member", "memberid", "client", "clientid"),
)
_TIMES = (
    ("time", "timestamp", "ts", "datetime", "eventtime", "unixtime", "unixreviewtime"),
    ("date", "eventdate", "orderdate", "invoicedate", "day"),
)

_AnyColumns = TypeVar("_AnyColumns", bound=SessionColumns)


def columns_of_log(header: Sequence[str], config: _AnyColumns) -> tuple[_AnyColumns, list[str]]:
    """The configuration with the columns of a log named, and what was found.

    What the configuration names is taken. A column that it leaves as it is by default, and that the
    header lacks, is looked for: among the logs of `PRESETS`, and then by what logs call such a
    column. Times are looked for where the configuration needs them. Without sessions, those of a
    user are cut by times: after `session_gap`, or half an hour.

    Args:
      header: the names of the columns.
      config: a `SessionColumns`, or what inherits it.

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
    preset = None if _names_columns(config) else preset_of(header)
    if preset is not None:
        return _by_preset(preset, config)
    found: dict[str, str | float | None] = {}
    item = _found(header, "item_column", config.item_column, _ITEMS)
    if item is not None:
        found["item_column"] = item
    if config.user_column is None:
        session = _found(header, "session_column", config.session_column, _SESSIONS)
        if session is not None:
            found["session_column"] = session
        elif config.session_column not in header:
            found |= _users(header, config)
    time = config.time_column or found.get("time_column")
    if time is None and config.wants_times:
        time = _found(header, "time_column", "time", _TIMES, taken="time")
        found |= {} if time is None else {"time_column": time}
    return _with(config, found, "columns by their names")


def preset_of(header: Collection[str]) -> LogPreset | None:
    """The published log that has this header; None where there is none.

    >>> preset_of(["userId", "movieId", "rating", "timestamp"]).name
    'MovieLens'
    """
    return next((each for each in PRESETS if set(each.header) == set(header)), None)


def is_log(header: Sequence[str], config: SessionColumns | None = None) -> bool:
    """Whether a table is a log: has sessions, or users with times, and items.

    >>> is_log(["user_id", "session_id", "timestamp", "product_id"]), is_log(["product_id", "price"])
    (True, False)
    """
    try:
        columns, _ = columns_of_log(header, config or SessionColumns())
    except ValueError:  # More than one candidate: it is a log, which reading it then refuses.
        return True
    return {columns.name_column, columns.item_column} <= set(header)


def _names_columns(config: SessionColumns) -> bool:
    """Whether a configuration says which columns it wants."""
    defaults = field_defaults(SessionColumns)
    return any(
        getattr(config, name) != default
        for name, default in defaults.items()
        if name != "session_gap"
    )


def _by_preset(preset: LogPreset, config: _AnyColumns) -> tuple[_AnyColumns, list[str]]:
    found: dict[str, str | float | None] = {"item_column": preset.item}
    if preset.session is not None:
        found["session_column"] = preset.session
    else:
        found |= {"user_column": preset.user, "time_column": preset.time}
        found["session_gap"] = DEFAULT_GAP if config.session_gap is None else config.session_gap
    if config.wants_times:
        ages = getattr(config, "half_life", None) is not None
        found["time_column"] = preset.date if ages and preset.date else preset.time
    return _with(config, found, f"columns of {preset.name}")


def _users(header: Sequence[str], config: SessionColumns) -> dict[str, str | float | None]:
    """Users and times in place of sessions; nothing where one of them is missing."""
    user = _found(header, "user_column", None, _USERS)
    if user is None:
        return {}
    time = config.time_column or _found(header, "time_column", "time", _TIMES, taken="time")
    if time is None:
        return {}
    gap = DEFAULT_GAP if config.session_gap is None else config.session_gap
    return {"user_column": user, "time_column": time, "session_gap": gap}


def _found(
    header: Sequence[str],
    field: str,
    named: str | None,
    groups: Sequence[Sequence[str]],
    taken: str | None = None,
) -> str | None:
    """The column that is called as such columns are; None where there is nothing to look for.

    Args:
      header: the names of the columns.
      field: of the configuration.
      named: the column it names.
      groups: what such columns are called.
      taken: a column of this name is taken without asking for others.
    """
    if taken in header:
        return taken
    default = field_defaults(SessionColumns)[field]
    if named in header or (default is not None and named != default):
        return None
    for group in groups:
        found = [name for name in header if re.sub(r"[^a-z0-9]", "", name.lower()) in group]
        if len(found) > 1:
            what, flag = field.removesuffix("_column"), field.replace("_", "-")
            raise ValueError(
                f"two columns could be the {what}: {found[0]!r} and {found[1]!r}; {field} "
                f"(--{flag}) says which"
            )
        if found:
            return found[0]
    return None


def _with(
    config: _AnyColumns, found: dict[str, str | float | None], how: str
) -> tuple[_AnyColumns, list[str]]:
    """A configuration with some fields set, and the remarks on those that changed."""
    new = {name: value for name, value in found.items() if getattr(config, name) != value}
    if not new:
        return config, []
    config = dataclasses.replace(config, **new)
    remarks = []
    shown = [
        f"{name.removesuffix('_column')} {new[name]!r}"
        for name in ("session_column", "user_column", "item_column")
        if name in new
    ]
    if shown:
        remarks.append(f"{how}: {', '.join(shown)}")
    if "time_column" in new:
        remarks.append(f"times of the column {new['time_column']!r}")
    if "session_gap" in new:
        remarks.append(
            f"a session of {config.user_column!r} ends after {config.gap:g} seconds without a "
            "record (session_gap)"
        )
    return config, remarks
