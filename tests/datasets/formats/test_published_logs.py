"""yoochoose, diginetica, RetailRocket, OTTO, MovieLens and RecBole as they are published."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest

import gnn
from gnn.datasets.formats.logs import (
    DIGINETICA,
    MOVIELENS,
    OTTO,
    RETAILROCKET,
    YOOCHOOSE,
    graph_of_log,
)
from gnn.datasets.formats.sampling import sample_of
from gnn.edges.records.log_files import open_log_file
from gnn.tables.problems import TableWarning

ALL = (DIGINETICA, MOVIELENS, OTTO, RETAILROCKET, YOOCHOOSE)

# Each holds the sessions (a, b), (b, a, b) and (c), in its own way.
LOGS = {
    "yoochoose-clicks.dat": (
        YOOCHOOSE,
        "1,2014-04-07T10:51:09.277Z,214,0\n1,2014-04-07T10:54:09.868Z,215,S\n"
        "2,2014-04-07T13:56:37.614Z,215,0\n2,2014-04-07T13:57:00.000Z,214,0\n"
        "2,2014-04-07T13:57:19.373Z,215,0\n3,2014-04-07T13:58:37.446Z,216,0\n",
    ),
    "yoochoose-buys.dat": (
        YOOCHOOSE,
        "1,2014-04-07T18:44:58.314Z,214,12462,1\n1,2014-04-07T18:44:59.314Z,215,0,1\n"
        "2,2014-04-07T19:44:59.314Z,215,1046,2\n2,2014-04-07T19:45:59.314Z,214,1046,1\n"
        "3,2014-04-07T19:45:59.314Z,216,1046,1\n",
    ),
    "train-item-views.csv": (
        DIGINETICA,
        "sessionId;userId;itemId;timeframe;eventdate\n1;NA;214;526309;2016-05-09\n"
        "1;NA;215;1031018;2016-05-09\n2;7;215;243569;2016-05-09\n2;7;214;75848;2016-05-09\n"
        "2;7;215;1;2016-05-09\n3;NA;216;1;2016-05-09\n",
    ),
    "events.csv": (
        RETAILROCKET,
        "timestamp,visitorid,event,itemid,transactionid\n"
        "1433221332000,1,view,214,\n1433221333000,1,view,215,\n"  # An hour later they are back.
        "1433224934000,1,view,215,\n1433224935000,1,addtocart,214,\n"
        "1433224936000,1,transaction,215,4000\n1433224936000,9,view,216,\n",
    ),
    "train.jsonl": (
        OTTO,
        '{"session":1,"events":[{"aid":214,"ts":1661724000278,"type":"clicks"},'
        '{"aid":215,"ts":1661724058352,"type":"clicks"}]}\n'
        '{"session":2,"events":[{"aid":215,"ts":1661724000378,"type":"clicks"},'
        '{"aid":214,"ts":1661724058000,"type":"carts"},{"aid":215,"ts":1661724059000,'
        '"type":"orders"}]}\n{"session":3,"events":[{"aid":216,"ts":1661724000378,'
        '"type":"clicks"}]}\n',
    ),
    "ratings.csv": (
        MOVIELENS,
        "userId,movieId,rating,timestamp\n1,214,4.0,964982703\n1,215,4.0,964981247\n"
        "2,215,0.5,964982224\n2,214,5.0,964983815\n3,216,5.0,964983815\n",
    ),
    "u.data": (
        MOVIELENS,
        "1\t214\t3\t881250949\n1\t215\t3\t891717742\n2\t215\t1\t878887116\n"
        "2\t214\t2\t880606923\n3\t216\t1\t886397596\n",
    ),
    "ratings.dat": (
        MOVIELENS,
        "1::214::5::978300760\n1::215::3::978302109\n2::215::3::978301968\n"
        "2::214::4::978300275\n3::216::5::978824291\n",
    ),
}
BY_NAME = ("yoochoose-clicks.dat", "yoochoose-buys.dat", "u.data", "ratings.dat")


@pytest.mark.parametrize("name", LOGS)
def test_each_log_is_known_and_gives_the_one_pair(name: str, tmp_path: Path) -> None:
    expected, text = LOGS[name]
    path = tmp_path / name
    path.write_text(text)
    claimed = [form for form in ALL if form.claims(sample_of(path))]
    assert claimed == [expected] and expected.kind == "log"
    log = expected.read(path)
    assert log.sessions == path
    for graph in (
        graph_of_log(log, expected.name),
        gnn.Graph.from_sessions(path, config=gnn.SessionGraphConfig()),
    ):
        names = [str(name) for name in graph.ids]
        assert sorted(names) == ["214", "215", "216"]
        edges = zip(graph.senders, graph.receivers, graph.weights, strict=True)
        found = {(names[s], names[r]): w for s, r, w in edges}
        # A cosine: two sessions of both, of two of each.
        assert found == {("214", "215"): 1, ("215", "214"): 1}
        assert graph.notes["report"]["sessions"] == 3


@pytest.mark.parametrize("name", BY_NAME)
def test_a_log_without_a_header_needs_its_name_and_its_shape(name: str, tmp_path: Path) -> None:
    text = LOGS[name][1]
    with gzip.open(tmp_path / f"{name}.gz", "wt") as file:
        file.write(text)
    assert open_log_file(tmp_path / f"{name}.gz").header[0] in ("session", "userId")
    (tmp_path / "other.dat").write_text(text)
    (tmp_path / name).write_text("a,b\n1,2\n")
    for path in (tmp_path / "other.dat", tmp_path / name):
        assert not [form for form in ALL if form.claims(sample_of(path))]
        with pytest.raises(ValueError, match="a table must end in"):
            open_log_file(path)


def test_another_log_is_refused_by_name(tmp_path: Path) -> None:
    path = tmp_path / "events.csv"
    path.write_text(LOGS["events.csv"][1])
    with pytest.raises(ValueError, match="events.csv is no log of OTTO: sessions of OTTO"):
        OTTO.read(path)


def test_order_goes_by_the_times_of_a_log(tmp_path: Path) -> None:
    # Of session 2 of diginetica the file has 215, 214, 215 with times that fall.
    path = tmp_path / "train-item-views.csv"
    path.write_text(LOGS["train-item-views.csv"][1])
    steps = gnn.SessionGraphConfig("count", directed=True, window=1)
    graph = gnn.Graph.from_sessions(path, config=steps)
    pairs = zip(graph.ids[graph.senders], graph.ids[graph.receivers], graph.weights, strict=True)
    assert sorted(pairs) == [("214", "215", 1), ("215", "214", 1)]
    assert graph.notes["config"]["time_column"] == "timeframe"


def test_events_that_are_no_list_are_left_out(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    events = '"events": [{"aid": "a"}, {"aid": "b"}]'
    lines = [f'{{"session": {k}, {events}}}' for k in range(3)]
    path.write_text("\n".join([*lines, '{"session": 9, "events": 5}']))
    with pytest.warns(TableWarning, match=r"a.jsonl: line 4 \(events is no list of objects\)"):
        graph = gnn.Graph.from_sessions(path, config={"weighting": "count"})
    assert graph.weights.tolist() == [3, 3]
    assert graph.notes["report"]["given"] == 7


def test_recbole_as_sessions(tmp_path: Path) -> None:
    path = tmp_path / "mini.inter"
    path.write_text(
        "user_id:token\titem_id:token\trating:float\ttimestamp:float\n"
        "196\t242\t3\t881250949\n196\t302\t5\t881250950\n22\t242\t1\t878887116\n"
    )
    graph = gnn.Graph.from_sessions(path)
    assert graph.ids.tolist() == ["242", "302"]
    assert graph.senders.tolist() == [1, 0] and graph.weights.tolist() == [1, 1]
    path.write_text("session_id:token\titem_id:token\tuser_id:token\n1\ta\t7\n1\tb\t8\n")
    assert gnn.Graph.from_sessions(path).num_edges == 2


def test_na_is_no_session(tmp_path: Path) -> None:
    path = tmp_path / "sessions.csv"
    path.write_text("session,item\nNA,a\nNA,b\n7,c\nNA,d\n7,e\n")
    graph = gnn.Graph.from_sessions(path, missing="drop")
    assert graph.ids.tolist() == ["a", "b", "c", "d", "e"]
    assert list(zip(graph.ids[graph.senders], graph.ids[graph.receivers], strict=True)) == [
        ("e", "c"),
        ("c", "e"),
    ]
