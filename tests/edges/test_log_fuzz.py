"""Untidy logs in CSV and JSON lines, in chunks of any size, against a brute force."""

from __future__ import annotations

import json
import random
import warnings
from pathlib import Path
from typing import Any

import pytest

from gnn.edges.from_sessions import edges_from_sessions
from gnn.tables import csv_rows, csv_tables, json_lines
from gnn.tables.problems import TableWarning

MISSING = ("", "NA", "null")


def brute_force(rows: list[tuple[str, str]]) -> tuple[list[str], dict[tuple[str, str], float]]:
    """The items in order of appearance, and in how many sessions two of them are."""
    ids: list[str] = []
    sessions: dict[str, set[str]] = {}
    for session, item in rows:
        if item not in MISSING and item not in ids:
            ids.append(item)
        if item not in MISSING and session not in MISSING:
            sessions.setdefault(session, set()).add(item)
    weights: dict[tuple[str, str], float] = {}
    for items in sessions.values():
        for pair in ((a, b) for a in items for b in items if a != b):
            weights[pair] = weights.get(pair, 0) + 1
    return ids, weights


def check(path: Path, rows: list[tuple[str, str]], malformed: int) -> None:
    """The edges of a file are those of its well-formed rows."""
    given = len(rows) + malformed
    if 2 * malformed > given or not given:
        with pytest.raises(ValueError, match="more than half|got none|has none"):
            edges_from_sessions(path, missing="drop")
        return
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", TableWarning)
        edges = edges_from_sessions(path, missing="drop")
    ids: Any = edges.ids
    ends = zip(edges.senders.tolist(), edges.receivers.tolist(), strict=True)
    pairs = [(ids[sender], ids[receiver]) for sender, receiver in ends]
    found = dict(zip(pairs, edges.weights.tolist(), strict=True))
    assert (edges.ids, found) == brute_force(rows)
    assert (edges.report.given, edges.report.malformed) == (given, malformed)


def csv_log(draw: random.Random) -> tuple[str, list[tuple[str, str]], int]:
    end = draw.choice(["\n", "\r\n", "\r"])
    lines, rows, malformed = ["session,item"], [], 0
    for _ in range(draw.randrange(1, 25)):
        session = draw.choice(["s1", "s2", "NA", "", "é"])
        item = draw.choice(["a", "b", "ü x", "null", "", "7", "07"])
        kind = draw.random()
        if kind < 0.1:
            lines.append(draw.choice(["x", "x,y,z", "a,b,c,d"]))
            malformed += 1
        elif kind < 0.2:
            lines.append("")
        elif kind < 0.22:
            lines.append(f'"{session}","{item},q"')
            rows.append((session, f"{item},q"))
        else:
            lines.append(f"{session},{item}")
            rows.append((session, item))
    return end.join(lines) + draw.choice(["", end]), rows, malformed


def json_log(draw: random.Random) -> tuple[str, list[tuple[str, str]], int]:
    lines, rows, malformed = ['{"session": "s1", "item": "a"}'], [("s1", "a")], 0
    for _ in range(draw.randrange(1, 25)):
        session, item = draw.choice(["s1", "s2", None, "NA"]), draw.choice(["a", "b", None, "ü"])
        kind = draw.random()
        if kind < 0.1:
            lines.append(draw.choice(["{", "[1]", "3", '{"session": 1},{"item": 2}', "nope"]))
            malformed += 1
        elif kind < 0.2:
            lines.append(draw.choice(["", " ", "\t"]))
        elif kind < 0.3:
            lines.append(json.dumps({"item": item}))
            rows.append(("", item or ""))
        else:
            row = {"more": [1, {"y": 2}], "session": session, "item": item}
            lines.append(json.dumps(row, ensure_ascii=draw.random() < 0.5))
            rows.append((session or "", item or ""))
    return "\n".join(lines), rows, malformed


@pytest.mark.parametrize("kind", ["csv", "jsonl"])
def test_logs_are_those_of_the_brute_force(
    kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / f"log.{kind}"
    for seed in range(120):
        draw = random.Random(seed)
        monkeypatch.setattr(csv_tables, "_BLOCK_BYTES", draw.choice([5, 30, 200, 1 << 20]))
        monkeypatch.setattr(json_lines, "_BLOCK_BYTES", draw.choice([5, 30, 200, 1 << 20]))
        monkeypatch.setattr(csv_rows, "_CHUNK_ROWS", draw.choice([1, 3, 100]))
        text, rows, malformed = (csv_log if kind == "csv" else json_log)(draw)
        path.write_bytes(text.encode())
        check(path, rows, malformed)
