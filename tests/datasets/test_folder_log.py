"""The log of a folder: which edges it gives, and when those of before are taken."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import gnn
from gnn.datasets import TableWarning, folder_log, from_folder, read_folder

NODES = "id,x\na,1\nb,2\nc,3\nd,4\n"
LOG = "session,item\n1,a\n1,b\n2,b\n2,a\n3,a\n3,b\n3,c\n"


def put(folder: Path, log: str = LOG, nodes: str = NODES) -> Path:
    (folder / "nodes.csv").write_text(nodes)
    (folder / "sessions.csv").write_text(log)
    return folder


def edges_of(graph: gnn.Graph) -> dict[str, float]:
    assert graph.ids is not None
    ends = zip(graph.ids[graph.senders], graph.ids[graph.receivers], strict=True)
    return dict(zip(map("".join, ends), graph.weights.round(4).tolist(), strict=True))


def test_a_log_is_read_by_auto(tmp_path: Path) -> None:
    """a and b are in three sessions, always together; c meets each once, and has no other pair."""
    graph = from_folder(put(tmp_path))
    few = round(1 / np.sqrt(3), 4)
    assert edges_of(graph) == pytest.approx(
        {"ba": 1, "ca": few, "ab": 1, "cb": few, "ac": few, "bc": few}
    )
    assert graph.ids is not None and graph.ids.tolist() == ["a", "b", "c", "d"]
    assert graph.notes["config"] == gnn.SessionGraphConfig().to_dict()
    report = graph.notes["report"]
    told = {name: report[name] for name in ("given", "sessions", "items", "pairs", "missing")}
    assert told == {"given": 7, "sessions": 3, "items": 4, "pairs": 3, "missing": 0}
    assert graph.notes["edges"] == "7 records: weights by cosine"


@pytest.mark.parametrize("config", [{"weighting": "count"}, gnn.SessionGraphConfig("count")])
def test_counts_for_who_asks(tmp_path: Path, config: Any) -> None:
    graph = from_folder(put(tmp_path), session_config=config)
    assert edges_of(graph) == {"ba": 3, "ca": 1, "ab": 3, "cb": 1, "ac": 1, "bc": 1}


def test_columns_have_the_names_of_the_configuration(tmp_path: Path) -> None:
    log = "visit,product\n" + LOG.split("\n", 1)[1]
    config = {"weighting": "count", "session_column": "visit", "item_column": "product"}
    graph = from_folder(put(tmp_path, log), session_config=config)
    assert edges_of(graph)["ba"] == 3
    named = dict(config, session_column="basket", item_column="article")
    with pytest.raises(ValueError, match="sessions.csv has no columns 'basket', 'article'; it has"):
        from_folder(tmp_path, session_config=named)


TIMED = "session,item,time\n1,b,20\n1,a,10\n1,c,2020-01-01\n2,a,30\n2,b,\n2,c,noon\n"


def test_a_column_of_times_is_read_where_order_matters(tmp_path: Path) -> None:
    """a came before b, whatever the file says; two records have no time that could be read."""
    put(tmp_path, TIMED)
    steps = {"weighting": "count", "directed": True, "window": 1}
    with pytest.warns(TableWarning, match=r"2 malformed rows left out: line 6 \(no time\), line 7"):
        data = read_folder(tmp_path, session_config=steps)
    assert edges_of(data.graph) == {"ab": 1, "bc": 1}
    assert data.graph.notes["edges"] == (
        "6 records: 2 malformed rows left out (sessions.csv: line 6 (no time), line 7 (time "
        "'noon' is neither seconds nor ISO 8601)), times of the column 'time'"
    )
    with pytest.warns(TableWarning, match=r"columns left out: 'time' \(not needed\)"):
        assert len(edges_of(from_folder(tmp_path))) == 6


def test_the_age_of_sessions_needs_times(tmp_path: Path) -> None:
    """The second session ends 10 s after the first, which counts half."""
    log = "session,item,time\n1,a,0\n1,b,5\n2,b,10\n2,c,15\n"
    aged = {"weighting": "count", "half_life": 10}
    assert edges_of(from_folder(put(tmp_path, log), session_config=aged)) == {
        "ba": 0.5,
        "ab": 0.5,
        "cb": 1,
        "bc": 1,
    }
    with pytest.raises(ValueError, match="half_life needs the times of records, and there are no"):
        from_folder(put(tmp_path), session_config=aged)


def test_users_have_sessions_by_gaps(tmp_path: Path) -> None:
    log = "who,item,at\nann,a,0\nann,b,60\nann,c,600\nbob,c,0\nbob,d,60\n,a,0\n"
    config = {
        "weighting": "count",
        "user_column": "who",
        "time_column": "at",
        "session_gap": "2min",
    }
    with pytest.warns(TableWarning, match=r"line 7 \(no user\)"):
        graph = from_folder(put(tmp_path, log), session_config=config)
    assert edges_of(graph) == {"ba": 1, "ab": 1, "dc": 1, "cd": 1}
    assert (graph.notes["report"]["sessions"], graph.notes["report"]["missing"]) == (3, 1)


def test_what_cannot_be_read_is_in_the_report(tmp_path: Path) -> None:
    with pytest.warns(TableWarning, match="2 malformed rows left out"):
        graph = from_folder(put(tmp_path, LOG + "3,z\n,a\n"))
    report = graph.notes["report"]
    assert (report["given"], report["malformed"], report["missing"]) == (9, 1, 1)
    assert report["malformed_rows"] == "sessions.csv: line 9 (item 'z' is not in nodes.csv)"


def test_a_log_of_which_no_pair_is_left_says_so(tmp_path: Path) -> None:
    strict = gnn.SessionGraphConfig("count", min_count=4)
    graph = from_folder(put(tmp_path), session_config=strict)
    assert (graph.num_edges, graph.num_nodes) == (0, 4)
    assert "no pair of items is left, so there are no edges" in graph.info()


class Counting(Exception):
    """Edges are counted."""


def stored(folder: Path, config: Any = None) -> gnn.Graph:
    graph = from_folder(folder, session_config=config)
    gnn.graphs.write_graph(dataclasses.replace(graph, features={}), folder / "graph")
    return gnn.graphs.open_graph(folder / "graph")


def test_edges_of_before_are_taken_where_nothing_has_changed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = from_folder(put(tmp_path))
    built = stored(tmp_path)

    def count(*_: Any, **__: Any) -> None:
        raise Counting

    monkeypatch.setattr(folder_log, "session_edges", count)
    graph = read_folder(tmp_path, built=built).graph
    assert graph.notes["edges"] == expected.notes["edges"]
    for field in ("senders", "receivers", "weights"):
        np.testing.assert_array_equal(getattr(graph, field), getattr(expected, field))
    assert graph.features["features"].tolist() == [[1], [2], [3], [4]]
    put(tmp_path, nodes=NODES.replace(",4", ",5"))  # What a node is like makes no edge.
    assert read_folder(tmp_path, built=built).graph.features["features"][3, 0] == 5
    for change in ("config", "missing", "log", "nodes"):
        options: dict[str, Any] = {"built": built}
        if change == "config":
            options["session_config"] = {"min_count": 3}
        elif change == "missing":
            options["na_values"] = ["?"]
        elif change == "log":
            put(tmp_path, LOG + "3,d\n")
        else:
            put(tmp_path, nodes=NODES + "e,5\n")
        with pytest.raises(Counting):
            read_folder(tmp_path, **options)
