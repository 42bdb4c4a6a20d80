"""Configuration of tables of records: which columns say the session, the item and the time."""

from __future__ import annotations

import dataclasses

from gnn.configs.durations import as_seconds
from gnn.configs.fields import Config, set_field


@dataclasses.dataclass(frozen=True, kw_only=True)
class SessionColumns(Config):
    """Where a table of records, a row a click or a purchase, has what makes sessions.

    What is left as it is by default, and is not in the table, is looked for there by the names that
    logs give such columns: see `gnn.edges.records.log_presets`.

    Attributes:
        session_column: The column with the session.
        item_column: The column with the item.
        user_column: The column with the user, whose sessions are made of `time_column` and
            `session_gap`.
        time_column: The column with the time: seconds since 1970 or a finer unit, dates, or
            ISO 8601 text. What has no time zone is UTC.
        session_gap: So many seconds (or a text such as "30min") without a record of a user end a
            session; None is half an hour, where there are users and no sessions.

    Raises:
        TypeError: A field is of another type.
        ValueError: A field is out of range.

    Example:
        >>> SessionColumns(user_column="who", time_column="at", session_gap="30min").session_gap
        1800.0
    """

    session_column: str = "session"
    item_column: str = "item"
    user_column: str | None = None
    time_column: str | None = None
    session_gap: float | str | None = None

    def __post_init__(self) -> None:
        for name in ("session_column", "item_column", "user_column", "time_column"):
            value = getattr(self, name)
            optional = name in ("user_column", "time_column")
            if not (isinstance(value, str) and value) and not (optional and value is None):
                raise TypeError(f"{name} must be the name of a column, got {value!r}")
        if self.session_gap is not None:
            set_field(self, "session_gap", as_seconds("session_gap", self.session_gap))

    @property
    def gap(self) -> float | None:
        """The gap in seconds."""
        return None if self.session_gap is None else as_seconds("session_gap", self.session_gap)

    @property
    def name_column(self) -> str:
        """The column with the user, or else with the session."""
        return self.session_column if self.user_column is None else self.user_column

    @property
    def wants_times(self) -> bool:
        """Whether times of records are looked at, where the table has any."""
        return self.user_column is not None or self.session_gap is not None
