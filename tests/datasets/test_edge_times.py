"""Edges and logs with times: by age, until a day, and what is none."""

from __future__ import annotations

from pathlib import Path

import pytest

import gnn
from gnn.datasets import from_folder
from gnn.tables.problems import TableWarning


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    (tmp_path / "nodes.csv").write_text("id,label\na,x\nb,y\nc,x\n")
    edges = "source,target,weight,date\na,b,4,2026-01-01\nb,c,4,2026-01-03\na,b,1,2026-01-03\n"
    (tmp_path / "edges.csv").write_text(edges)
    return tmp_path


def weights(graph: gnn.Graph) -> dict[str, float]:
    names = graph.ids
    ends = zip(graph.senders, graph.receivers, graph.weights.tolist(), strict=True)
    return {f"{names[i]}{names[j]}": weight for i, j, weight in ends}


def test_edges_of_a_table_halve_with_age_before_repeats_add_up(shop: Path) -> None:
    graph = from_folder(shop, undirected=False, half_life="2d")
    assert weights(graph) == {"ab": 3, "bc": 4}
    assert "halved every 2 days before 2026-01-03" in graph.notes["edges"]


def test_later_edges_are_left_out_and_do_not_count_as_the_latest(shop: Path) -> None:
    graph = from_folder(shop, undirected=False, half_life="2d", until="2026-01-02")
    assert weights(graph) == {"ab": 4}
    assert "2 later than 2026-01-02 left out" in graph.notes["edges"]
    # A date is its beginning, and what is of that moment stays.
    assert weights(from_folder(shop, undirected=False, until="2026-01-03")) == {"ab": 5, "bc": 4}


def test_without_need_times_are_not_looked_at(shop: Path) -> None:
    edges = (shop / "edges.csv").read_text().replace("2026-01-01", "whenever")
    (shop / "edges.csv").write_text(edges)
    with pytest.warns(TableWarning, match="date"):
        assert weights(from_folder(shop, undirected=False)) == {"ab": 5, "bc": 4}
    with pytest.warns(TableWarning, match="line 2 .time 'whenever' is neither seconds nor ISO"):
        assert weights(from_folder(shop, undirected=False, half_life=1)) == {"bc": 4, "ab": 1}


def test_a_log_has_the_same_two(tmp_path: Path) -> None:
    """Two sessions join a and b, one of them old; the third is too late."""
    lines = ["session,item,time", "1,a,0", "1,b,0", "2,a,60", "2,b,60", "3,a,90", "3,c,90"]
    (tmp_path / "sessions.csv").write_text("\n".join(lines))
    count = {"weighting": "count"}
    graph = from_folder(tmp_path, session_config=count, half_life=60, until=60)
    assert weights(graph) == {"ab": 1.5, "ba": 1.5}
    assert "2 later than 1970-01-01T00:01:00 left out" in graph.notes["edges"]
    by_config = from_folder(tmp_path, session_config={**count, "half_life": 60})
    assert weights(by_config) == weights(from_folder(tmp_path, session_config=count, half_life=60))
    with pytest.raises(ValueError, match="half_life is given twice: 60 seconds, and 30"):
        from_folder(tmp_path, session_config={**count, "half_life": 30}, half_life=60)


def test_until_finds_the_times_of_a_log_by_their_name(tmp_path: Path) -> None:
    (tmp_path / "sessions.csv").write_text("session,item,timestamp\n1,a,5\n1,b,5\n1,c,9\n")
    graph = from_folder(tmp_path, session_config={"weighting": "count"}, until=5)
    assert weights(graph) == {"ab": 1, "ba": 1}


def test_what_does_not_go_is_named(shop: Path) -> None:
    with pytest.raises(ValueError, match="until must be a time such as '2026-03-01'"):
        from_folder(shop, until="tomorrow")
    with pytest.raises(ValueError, match="half_life must be above 0"):
        from_folder(shop, half_life=0)
    with pytest.raises(ValueError, match="until 2025-01-01 leaves nothing: all 3 rows are later"):
        from_folder(shop, until="2025-01-01")
    (shop / "edges.csv").write_text("source,target,clicked\na,b,2026-01-01\n")
    with pytest.raises(ValueError, match="half_life needs the times of edges, and no column"):
        from_folder(shop, half_life="1d")
    assert from_folder(shop, half_life="1d", time_column="clicked").num_edges == 2
    (shop / "edges.csv").unlink()
    with pytest.raises(ValueError, match="leave out half_life and until"):
        from_folder(shop, half_life="1d", until="2026-01-01")
