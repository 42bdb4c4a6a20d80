"""The columns of a log and the gap between sessions, as fields of a configuration."""

from __future__ import annotations

from typing import Any

import pytest

from gnn.configs import SessionColumns, SessionGraphConfig, as_session_graph_config
from gnn.configs.durations import as_seconds

USERS = {"user_column": "who", "time_column": "at"}


@pytest.mark.parametrize(
    ("value", "seconds"),
    [(0, 0), (1.5, 1.5), ("90", 90), ("2s", 2), (" 30 min ", 1800), ("1.5h", 5400), (".5d", 43200)]
    + [("1w", 604_800), ("3 sec", 3)],
)
def test_lengths_of_time(value: Any, seconds: float) -> None:
    assert as_seconds("gap", value) == seconds


@pytest.mark.parametrize(
    ("value", "error", "message"),
    [
        ("half an hour", ValueError, "gap must be a number and one of s, .*got 'half an hour'"),
        ("-3s", ValueError, "got '-3s'"),
        ("5 months", ValueError, "got '5 months'"),
        (-1, ValueError, "gap must be finite and at least 0, got -1.0"),
        (float("nan"), ValueError, "finite"),
        (True, TypeError, "gap must be seconds or a text such as '30min', got True"),
        (None, TypeError, "got None"),
    ],
)
def test_no_lengths_of_time(value: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        as_seconds("gap", value)


def test_columns_are_fields_of_the_one_configuration() -> None:
    config = SessionGraphConfig("npmi", session_gap="30min", **USERS)
    assert isinstance(config, SessionColumns)
    assert config == SessionGraphConfig("npmi", session_gap=1800, **USERS)
    assert as_session_graph_config(config.to_dict()) == config
    assert (config.gap, config.name_column) == (1800, "who")
    assert SessionGraphConfig().name_column == "session"


@pytest.mark.parametrize(
    ("fields", "error", "message"),
    [
        ({"item_column": None}, TypeError, "item_column must be the name of a column, got None"),
        ({"session_column": ""}, TypeError, "session_column must be the name of a column, got ''"),
        ({"time_column": 3}, TypeError, "time_column must be the name of a column, got 3"),
        ({"session_gap": "soon", **USERS}, ValueError, "session_gap must be a number and one of"),
    ],
)
def test_refused(fields: dict[str, Any], error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        SessionGraphConfig(**fields)
