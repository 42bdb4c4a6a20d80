"""Files of which a line is an edge: SNAP, KONECT, LINQS, NSL's TSV, and lists of no origin."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import gnn
from gnn.datasets.formats.edge_list import read_edge_list
from gnn.datasets.formats.konect import read_konect
from gnn.datasets.formats.linqs import read_linqs
from gnn.datasets.formats.network import Network
from gnn.datasets.formats.nsl_tsv import read_nsl_tsv
from gnn.datasets.formats.snap import read_snap


def written(folder: Path, name: str, text: str) -> Path:
    path = folder / name
    path.write_bytes(text.encode())
    return path


def edges_of(network: Network) -> set[tuple[str, str, float]]:
    """The edges of the graph that a network becomes, by the names of their ends."""
    graph = gnn.Graph.from_edges(
        network.senders,
        network.receivers,
        weights=network.weights,
        ids=network.ids,
        merge=network.merge,
        undirected=not network.directed,
    )
    ids = np.asarray(network.ids)
    ends = ids[graph.senders].tolist(), ids[graph.receivers].tolist()
    found = set(zip(*ends, graph.weights.astype(float).round(6).tolist(), strict=True))
    assert len(found) == graph.num_edges
    return found


def both(*pairs: tuple[str, str, float]) -> set[tuple[str, str, float]]:
    return {*pairs, *((target, source, weight) for source, target, weight in pairs)}


TWICE = """# Directed graph (each unordered pair of nodes is saved once): mini.txt
# Nodes: 4 Edges: 7
# FromNodeId\tToNodeId
3\t7
7\t3
7\t9
9\t7
9\t20
20\t9
20\t20
"""


def test_snap_is_undirected_where_its_pairs_stand_twice(tmp_path: Path) -> None:
    network = read_snap(written(tmp_path, "mini.txt", TWICE))
    assert network.ids == ["3", "7", "9", "20"] and not network.directed
    assert edges_of(network) == both(("3", "7", 1), ("7", "9", 1), ("9", "20", 1), ("20", "20", 1))
    assert network.counts == {"edges listed": 7, "loops": 1, "pairs in both directions": 3}


@pytest.mark.parametrize(
    ("header", "undirected", "directed"),
    [
        ("# Undirected graph: mini", None, False),
        ("# Directed graph (each unordered pair of nodes is saved once)", None, True),
        ("# Directed graph (each unordered pair of nodes is saved once)", True, False),
        ("# Undirected graph: mini", False, True),
    ],
)
def test_snap_lists_pairs_once(
    header: str, undirected: bool | None, directed: bool, tmp_path: Path
) -> None:
    text = f"{header}\n# FromNodeId\tToNodeId\n1\t2\n2\t3\n1\t2\n"
    network = read_snap(written(tmp_path, "mini.txt", text), undirected)
    assert network.directed is directed and network.counts["repeats"] == 1
    once = {("1", "2", 1), ("2", "3", 1)}
    assert edges_of(network) == (once if directed else both(*once))


def test_snap_takes_a_third_column_for_a_weight_only_where_it_is_named_so(tmp_path: Path) -> None:
    signs = "# FromNodeId\tToNodeId\tSign\n1\t2\t-1\n2\t3\t1\n"
    network = read_snap(written(tmp_path, "signs.txt", signs))
    assert network.weights is None and "further columns are left out (Sign)" in network.about
    weights = signs.replace("Sign", "Weight").replace("-1", "4")
    network = read_snap(written(tmp_path, "weights.txt", weights))
    assert edges_of(network) == {("1", "2", 4), ("2", "3", 1)}


def test_konect_sym_adds_repeats_in_either_order(tmp_path: Path) -> None:
    text = "% sym positive\n1 2 1 10\n2 1 1 20\n3 4 1 30\n"
    network = read_konect(written(tmp_path, "out.contacts", text))
    assert network.ids == ["1", "2", "3", "4"]
    assert edges_of(network) == both(("1", "2", 2), ("3", "4", 1))
    assert network.counts["repeats"] == 1 and "times are left out" in network.about


def test_konect_unweighted_asym_and_bip(tmp_path: Path) -> None:
    text = "% sym unweighted\n% 3 3 3\n1 2\n2 1\n2 2\n"
    sym = read_konect(written(tmp_path, "out.a", text))
    assert edges_of(sym) == both(("1", "2", 1), ("2", "2", 1))
    asym = read_konect(written(tmp_path, "out.b", "% asym weighted\n1 2 0.5\n1 2 0.25\n2 1\n"))
    assert edges_of(asym) == {("1", "2", 0.75), ("2", "1", 1)}
    bip = read_konect(written(tmp_path, "out.c", "% bip unweighted\n1 1\n2 1\n"))
    assert bip.ids == ["left 1", "right 1", "left 2"]
    assert edges_of(bip) == both(("left 1", "right 1", 1), ("left 2", "right 1", 1))


def test_konect_of_a_folder(tmp_path: Path) -> None:
    written(tmp_path, "meta.a", "name: a\n")
    written(tmp_path, "out.a", "% asym unweighted\n1 2\n")
    assert edges_of(read_konect(tmp_path)) == {("1", "2", 1)}
    written(tmp_path, "out.b", "% asym unweighted\n1 2\n")
    with pytest.raises(ValueError, match=r"one file out.NAME of KONECT, got \['out.a', 'out.b'\]"):
        read_konect(tmp_path)


CITES = "35\t1033\n1033\t35\n35\t103482\n103482\t1033\n"


def test_linqs_has_papers_that_cite_each_other_as_one_pair(tmp_path: Path) -> None:
    path = written(tmp_path, "mini.cites", CITES)
    network = read_linqs(path)
    assert network.ids == ["35", "1033", "103482"]
    assert edges_of(network) == both(("35", "1033", 1), ("35", "103482", 1), ("1033", "103482", 1))
    assert edges_of(read_linqs(path, undirected=False)) == {
        ("1033", "35", 1),
        ("35", "1033", 1),
        ("103482", "35", 1),
        ("1033", "103482", 1),
    }


def test_linqs_of_both_files(tmp_path: Path) -> None:
    written(tmp_path, "mini.cites", CITES + "35\tghost\nghost\t35\nother\tghost\n")
    written(tmp_path, "mini.content", "1033\t0\t1\t1\tRule Learning\n".replace(" ", "_"))
    with (tmp_path / "mini.content").open("a") as file:
        file.write("35\t1\t0\t0\tTheory\n103482\t0\t0\t0\tTheory\n")
    network = read_linqs(tmp_path)
    assert network.ids == ["1033", "35", "103482"]
    assert network.labels == ["Rule_Learning", "Theory", "Theory"]
    assert network.features["words"].toarray().tolist() == [[0, 1, 1], [1, 0, 0], [0, 0, 0]]
    assert network.counts["papers without a row"] == 2
    assert network.counts["citations of papers without a row"] == 3
    assert network.counts["pairs in both directions"] == 1
    assert len(edges_of(network)) == 6
    alone = read_linqs(tmp_path / "mini.content")
    assert alone.senders.size == 0 and alone.ids == network.ids


def test_nsl_edges_run_from_the_second_column(tmp_path: Path) -> None:
    text = "a\tb\t0.5\na\tb\t0.7\nb\tc\nc\tb\t0.4\n"
    network = read_nsl_tsv(written(tmp_path, "graph.tsv", text))
    assert network.ids == ["a", "b", "c"] and network.directed
    assert edges_of(network) == {("b", "a", 0.7), ("c", "b", 1), ("b", "c", 0.4)}


def test_nsl_names_may_hold_blanks_and_number_signs(tmp_path: Path) -> None:
    network = read_nsl_tsv(written(tmp_path, "graph.tsv", "# a\tx y\r\n"))
    assert edges_of(network) == {("x y", "# a", 1)}


def test_edge_list(tmp_path: Path) -> None:
    text = "# of NetworkX\na b#1 2\nb#1 c 0.5\na\tb#1\t3\n"
    network = read_edge_list(written(tmp_path, "a.edgelist", text))
    assert edges_of(network) == {("a", "b#1", 5), ("b#1", "c", 0.5)}
    once = read_edge_list(written(tmp_path, "b.edgelist", "1 2\n2 1\n2 3\n"), undirected=True)
    assert edges_of(once) == both(("1", "2", 1), ("2", "3", 1))


def test_edge_list_agrees_with_networkx(tmp_path: Path) -> None:
    nx = pytest.importorskip("networkx")
    graph = nx.gnp_random_graph(30, 0.2, seed=0, directed=True)
    nx.write_edgelist(graph, tmp_path / "g.edgelist", data=False)
    found = edges_of(read_edge_list(tmp_path / "g.edgelist"))
    assert found == {(str(a), str(b), 1) for a, b in graph.edges}


def test_files_may_be_compressed_and_lines_may_end_with_cr_lf(tmp_path: Path) -> None:
    path = tmp_path / "mini.txt.gz"
    path.write_bytes(gzip.compress(TWICE.replace("\n", "\r\n").encode()))
    assert edges_of(read_snap(path)) == edges_of(read_snap(written(tmp_path, "mini.txt", TWICE)))


def test_a_file_longer_than_a_block_keeps_its_lines(tmp_path: Path) -> None:
    text = "".join(f"{k} {k + 1}\n" for k in range(200_000))
    assert len(text) > 2 << 20
    network = read_edge_list(written(tmp_path, "long.edgelist", text))
    assert np.array_equal(network.receivers - network.senders, np.ones(200_000))
    assert network.ids == [str(k) for k in range(200_001)]


Reader = Callable[[Path], Any]


@pytest.mark.parametrize(
    ("read", "name", "text", "message"),
    [
        (read_snap, "a.txt", "# FromNodeId\n1\t2\n3\n", r"a.txt, line 3: an edge must have 2 to 3"),
        (read_edge_list, "a.el", "a b\n\nb c 2\n", r"line 3: an edge must have 2 columns, got 3"),
        (read_edge_list, "a.el", "a b x\n", r"line 1: a weight must be a finite .* got 'x'"),
        (read_edge_list, "a.el", "a b 1\na c -1\n", r"line 2: a weight must be .* got '-1'"),
        (read_edge_list, "a.el", "a b 1\na c nan\n", r"line 2: a weight must be .* got 'nan'"),
        (read_edge_list, "a.el", "a b 1e39\n", r"line 1: a weight must be .* got '1e39'"),
        (read_edge_list, "a.el", "1 2 {}\n", r"line 1: a weight must be .* got '\{\}'"),
        (read_nsl_tsv, "a.tsv", "a\tb\na\t\n", r"line 2: the name of a node is empty"),
        (read_nsl_tsv, "a.tsv", "a b\n", r"line 1: an edge must have 2 to 3 columns, got 1"),
        (read_konect, "out.a", "1 2\n", r"line 1: KONECT says '% FORMAT WEIGHTS'.*; got '1 2'"),
        (read_konect, "out.a", "% sym signed\n1 2 -1\n", r"line 2: a weight must .* negative"),
        (read_linqs, "a.cites", "1 2\n1 2 3\n", r"line 2: an edge must have 2 columns, got 3"),
        (read_linqs, "a.content", "1 0 A\n2 0 1 B\n", r"line 2: a paper has an id, 1 words"),
        (read_linqs, "a.content", "1 0 A\n1 0 B\n", r"line 2: paper '1' is there already, line 1"),
        (read_linqs, "a.content", "1 x A\n", r"line 1: words must be numbers"),
        (read_linqs, "a.content", "1 inf A\n", r"line 1: words must be finite"),
    ],
)
def test_a_wrong_line_is_named(
    read: Reader, name: str, text: str, message: str, tmp_path: Path
) -> None:
    with pytest.raises(ValueError, match=message):
        read(written(tmp_path, name, text))


def test_a_file_that_is_not_utf8_or_not_whole_is_named(tmp_path: Path) -> None:
    (tmp_path / "latin.el").write_bytes("a b\nä c\n".encode("latin-1"))
    with pytest.raises(ValueError, match=r"latin.el, line 2: not UTF-8"):
        read_edge_list(tmp_path / "latin.el")
    (tmp_path / "cut.el.gz").write_bytes(gzip.compress(b"a b\n" * 1000)[:-9])
    with pytest.raises(ValueError, match=r"cut.el.gz is not a whole gzip file"):
        read_edge_list(tmp_path / "cut.el.gz")


def test_a_line_without_end_is_not_read_into_memory(tmp_path: Path) -> None:
    path = tmp_path / "zeros.el.gz"
    path.write_bytes(gzip.compress(b"0" * (1 << 25)))
    with pytest.raises(ValueError, match=r"zeros.el.gz, line 1: the row is longer than 16,777,216"):
        read_edge_list(path)


def test_empty_files_are_networks_of_nothing(tmp_path: Path) -> None:
    network = read_edge_list(written(tmp_path, "none.el", "# nothing\n"))
    assert (network.ids, network.senders.tolist(), network.weights) == ([], [], None)


@pytest.mark.parametrize("last", ["n7 2", "07 2", "7 -2", f"7 {'9' * 19}"])
def test_one_name_that_is_no_number_changes_nothing_else(last: str, tmp_path: Path) -> None:
    lines = "".join(f"{k} {k + 1}\n" for k in range(100_000))
    network = read_edge_list(written(tmp_path, "a.edgelist", f"{lines}{last}\n"))
    assert network.ids[:100_001] == [str(k) for k in range(100_001)]
    ends = network.senders[-1], network.receivers[-1]
    assert [network.ids[end] for end in ends] == last.split()
    assert network.senders[:-1].tolist() == list(range(100_000))


def test_numbers_and_texts_are_read_alike(tmp_path: Path) -> None:
    rows = np.random.default_rng(0).integers(0, 50, (300, 3)).tolist()
    numbers = "".join(f"{a} {b}\t{w}\n\n" for a, b, w in rows)
    texts = "".join(f"n{a} n{b} {w}\n" for a, b, w in rows)
    plain = read_edge_list(written(tmp_path, "numbers.el", f"# {numbers}"), undirected=True)
    named = read_edge_list(written(tmp_path, "texts.el", f"# {texts}"), undirected=True)
    assert [f"n{name}" for name in plain.ids] == named.ids
    assert plain.weights is not None and named.weights is not None
    for ours, theirs in zip(
        (plain.senders, plain.receivers, plain.weights),
        (named.senders, named.receivers, named.weights),
        strict=True,
    ):
        assert np.array_equal(ours, theirs)
