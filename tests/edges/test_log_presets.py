"""Columns of logs by what logs call them: published headers, synonyms, sessions by gaps."""

from __future__ import annotations

from typing import Any

import pytest

import gnn
from gnn.configs import SessionColumns, SessionGraphConfig
from gnn.edges.records.log_presets import PRESETS, columns_of_log, is_log, preset_of


def fields(header: str, config: SessionColumns | None = None) -> tuple[Any, ...]:
    """Session, item, user, time and gap that are taken."""
    found, _ = columns_of_log(header.split(), config or SessionColumns())
    names = ("session_column", "item_column", "user_column", "time_column", "gap")
    return tuple(getattr(found, name) for name in names)


ORDERED = SessionGraphConfig(window=1)
AGED = SessionGraphConfig(half_life="30d")


@pytest.mark.parametrize(
    ("header", "config", "expected"),
    [
        ("session item", None, ("session", "item", None, None, None)),
        # A shop's own, in its ways of writing.
        (
            "user_id session_id timestamp product_id query",
            None,
            ("session_id", "product_id", None, None, None),
        ),
        ("SessionId ItemId Time", ORDERED, ("SessionId", "ItemId", None, "Time", None)),
        (
            "InvoiceNo StockCode InvoiceDate",
            AGED,
            ("InvoiceNo", "StockCode", None, "InvoiceDate", None),
        ),
        # A session goes before a basket, and a user.
        ("session_id order_id sku", None, ("session_id", "sku", None, None, None)),
        ("customer_id order_id sku day", None, ("order_id", "sku", None, None, None)),
        # Without sessions, users and times make them.
        ("user_id ts aid", None, ("session", "aid", "user_id", "ts", 1800)),
        (
            "reviewerID asin unixReviewTime",
            None,
            ("session", "asin", "reviewerID", "unixReviewTime", 1800),
        ),
        # A gap asks for users, whatever sessions there are.
        (
            "user_id session_id time item",
            SessionColumns(session_gap="1h"),
            ("session", "item", "user_id", "time", 3600),
        ),
        (
            "who session time item",
            SessionColumns(user_column="who"),
            ("session", "item", "who", "time", 1800),
        ),
        # What is named is taken, also where it is missing.
        (
            "session_id item_id sku",
            SessionColumns(item_column="sku"),
            ("session_id", "sku", None, None, None),
        ),
        (
            "session_id item_id",
            SessionColumns(item_column="x"),
            ("session_id", "x", None, None, None),
        ),
        ("user ts item", SessionColumns(session_column="s"), ("s", "item", None, None, None)),
        # A column `time` goes before others that could be the time.
        ("session item time timestamp", ORDERED, ("session", "item", None, "time", None)),
        # Published logs.
        ("session timestamp item category", None, ("session", "item", None, None, None)),
        ("session timestamp item category", ORDERED, ("session", "item", None, "timestamp", None)),
        (
            "sessionId userId itemId timeframe eventdate",
            None,
            ("sessionId", "itemId", None, None, None),
        ),
        (
            "sessionId userId itemId timeframe eventdate",
            ORDERED,
            ("sessionId", "itemId", None, "timeframe", None),
        ),
        (
            "sessionId userId itemId timeframe eventdate",
            AGED,
            ("sessionId", "itemId", None, "eventdate", None),
        ),
        (
            "timestamp visitorid event itemid transactionid",
            None,
            ("session", "itemid", "visitorid", "timestamp", 1800),
        ),
        (
            "timestamp visitorid event itemid transactionid",
            SessionColumns(session_column="transactionid"),
            ("transactionid", "itemid", None, None, None),
        ),
        ("session aid ts type", ORDERED, ("session", "aid", None, "ts", None)),
        ("userId movieId rating timestamp", None, ("userId", "movieId", None, None, None)),
        (
            "userId movieId rating timestamp",
            SessionColumns(session_gap="2h"),
            ("session", "movieId", "userId", "timestamp", 7200),
        ),
    ],
)
def test_columns_that_are_taken(
    header: str, config: SessionColumns | None, expected: tuple[Any, ...]
) -> None:
    assert fields(header, config) == expected


@pytest.mark.parametrize(
    ("header", "config", "message"),
    [
        (
            "session_id visit_id item",
            None,
            r"two columns could be the session: 'session_id' and 'visit_id'; session_column "
            r"\(--session-column\) says which",
        ),
        (
            "session item_id product_id",
            None,
            r"the item: 'item_id' and 'product_id'; item_column \(--item-column\)",
        ),
        ("session item ts timestamp", ORDERED, r"the time: 'ts' and 'timestamp'; time_column"),
        ("user_id visitor_id ts item", None, r"the user: .*; user_column \(--user-column\)"),
        ("session item", SessionColumns(session_gap=5), r"session_gap needs user_column"),
        (
            "user_id item",
            SessionColumns(session_gap=5),
            r"session_gap needs time_column \(--time-column\)",
        ),
        ("who item", SessionColumns(user_column="who"), r"user_column needs time_column"),
    ],
)
def test_what_is_not_guessed(header: str, config: SessionColumns | None, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        fields(header, config)


def test_where_nothing_is_called_so_nothing_changes() -> None:
    for header in ([], ["id", "price"], ["user_id", "item"], ["item", "when"]):
        assert columns_of_log(header, ORDERED) == (ORDERED, [])


@pytest.mark.parametrize("preset", PRESETS, ids=[preset.name for preset in PRESETS])
def test_presets_are_known_in_any_order_and_by_all_columns(preset: Any) -> None:
    assert preset_of(preset.header[::-1]) is preset
    assert preset_of(preset.header[1:]) is None
    assert preset_of((*preset.header, "more")) is (None if preset.is_whole else preset)
    assert preset_of([name.upper().replace("ID", "_ID") for name in preset.header]) is preset
    assert is_log(preset.header)


def test_which_tables_are_logs() -> None:
    for header in ("session item", "user ts sku", "order_id product_id", "s p"):
        assert is_log(header.split(), SessionColumns(session_column="s", item_column="p")) == (
            header == "s p"
        )
        assert is_log(header.split()) == (header != "s p")
    for header in ("product_id price brand", "id label", "source target", "user_id item_id", ""):
        assert not is_log(header.split())


def test_the_report_says_what_was_taken() -> None:
    # Users 1 and 2; 1 comes back after 31 minutes. Milliseconds, as RetailRocket has them.
    start, minute = 1_433_221_332_000, 60_000
    log = {
        "timestamp": [start, start + 30 * minute, start + 61 * minute, start],
        "visitorid": [1, 1, 1, 2],
        "event": ["view"] * 4,
        "itemid": ["a", "b", "c", "b"],
        "transactionid": [None] * 4,
    }
    graph = gnn.Graph.from_sessions(log, config={"weighting": "count"})
    assert graph.ids.tolist() == ["a", "b", "c"]
    assert (graph.senders.tolist(), graph.receivers.tolist()) == ([1, 0], [0, 1])
    assert graph.notes["edges"] == (
        "4 records: columns of RetailRocket: user 'visitorid', item 'itemid', times of the column "
        "'timestamp', a session of 'visitorid' ends after 1800 seconds without a record "
        "(session_gap)"
    )
    again = gnn.Graph.from_sessions(log, config=graph.notes["config"])
    assert again.notes["config"] == graph.notes["config"]
    assert again.senders.tolist() == [1, 0] and "edges" not in again.notes
