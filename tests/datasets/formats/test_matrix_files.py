"""Graphs as lists of neighbors or matrices: METIS, Matrix Market and `.npz` of gnn-benchmark."""

from __future__ import annotations

import bz2
import gzip
import io
import tracemalloc
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy import sparse
from scipy.io import mmwrite

import gnn
from gnn.datasets.formats.benchmark_npz import read_benchmark_npz
from gnn.datasets.formats.matrix_market import read_matrix_market
from gnn.datasets.formats.metis import read_metis
from gnn.datasets.formats.network import Network


def written(folder: Path, name: str, text: str) -> Path:
    path = folder / name
    path.write_text(text)
    return path


def matrix_of(network: Network) -> np.ndarray:
    """The adjacency of the graph that a network becomes."""
    graph = gnn.Graph.from_edges(
        network.senders,
        network.receivers,
        weights=network.weights,
        num_nodes=len(network.ids),
        merge=network.merge,
        undirected=not network.directed,
    )
    dense = np.zeros((len(network.ids),) * 2)
    np.add.at(dense, (graph.senders, graph.receivers), graph.weights)
    return dense


# A triangle of nodes 1, 2, 3, and a path 3, 4, 5; node 6 has no edges.
PLAIN = "% six nodes\n6 5\n2 3\n1 3\n1 2 4\n% the path\n3 5\n4\n\n"


def test_metis(tmp_path: Path) -> None:
    network = read_metis(written(tmp_path, "plain.graph", PLAIN))
    wanted = np.zeros((6, 6))
    for a, b in [(1, 2), (1, 3), (2, 3), (3, 4), (4, 5)]:
        wanted[a - 1, b - 1] = wanted[b - 1, a - 1] = 1
    assert np.array_equal(matrix_of(network), wanted)
    assert list(network.ids) == [1, 2, 3, 4, 5, 6] and not network.directed and not network.columns
    assert network.counts == {"pairs in both directions": 5}


@pytest.mark.parametrize(
    ("header", "node", "edge", "columns"),
    [
        ("3 1 000", "", "", {}),
        ("3 1 1", "", " 5", {}),
        ("3 1 10", "{k}0 ", "", {"weight": [10, 20, 30]}),
        ("3 1 11 2", "{k}0 {k} ", " 5", {"weight_1": [10, 20, 30], "weight_2": [1, 2, 3]}),
        ("3 1 100", "{k}0 ", "", {"size": [10, 20, 30]}),
        ("3 1 111 1", "{k}0 {k} ", " 5", {"size": [10, 20, 30], "weight": [1, 2, 3]}),
    ],
)
def test_metis_reads_all_three_digits(
    header: str, node: str, edge: str, columns: dict[str, list[int]], tmp_path: Path
) -> None:
    # Nodes 1 and 3 are neighbors; node 2 has none, so that without sizes its line is blank.
    lines = [header, f"{node.format(k=1)}3{edge}", node.format(k=2), f"{node.format(k=3)}1{edge}"]
    network = read_metis(written(tmp_path, "digits.metis", "\n".join(lines) + "\n"))
    weight = 5 if edge else 1
    assert matrix_of(network).tolist() == [[0, 0, weight], [0, 0, 0], [weight, 0, 0]]
    assert network.columns == columns


def test_matrix_market_symmetric_is_not_doubled(tmp_path: Path) -> None:
    banner = "%%MatrixMarket matrix coordinate pattern symmetric\n% lower triangle\n"
    network = read_matrix_market(written(tmp_path, "sym.mtx", f"{banner}3 3 3\n1 1\n2 1\n3 2\n"))
    assert list(network.ids) == [0, 1, 2] and not network.directed
    assert matrix_of(network).tolist() == [[1, 1, 0], [1, 0, 1], [0, 1, 0]]
    assert len(network.senders) == 5 and network.counts["loops"] == 1


@pytest.mark.parametrize("opened", [None, gzip.open, bz2.open])
@pytest.mark.parametrize("field", ["integer", "real", "pattern"])
def test_matrix_market_agrees_with_scipy(
    field: str, opened: Callable[..., Any] | None, tmp_path: Path
) -> None:
    matrix = sparse.random_array((20, 20), density=0.2, rng=0, format="coo")
    matrix.data = np.ceil(matrix.data * 9)
    text = io.BytesIO()
    mmwrite(text, matrix, comment="größer", field=field, symmetry="general")
    name = {None: "m.mtx", gzip.open: "m.mtx.gz", bz2.open: "m.mtx.bz2"}[opened]
    with (opened or open)(tmp_path / name, "wb") as file:
        file.write(text.getvalue())
    found = matrix_of(read_matrix_market(tmp_path / name))
    dense = matrix.toarray()
    assert np.array_equal(found, dense > 0 if field == "pattern" else dense)


def save_npz(path: Path, adjacency: Any, **arrays: Any) -> Path:
    csr = sparse.csr_array(adjacency)
    parts = {"data": csr.data, "indices": csr.indices, "indptr": csr.indptr, "shape": csr.shape}
    np.savez(path, **{f"adj_{name}": part for name, part in parts.items()}, **arrays)
    return path


# A loop at node 0, a pair listed twice (0, 1), one listed once with weight 3 (1, 2).
ADJACENCY = np.array([[1.0, 1, 0], [1, 0, 3], [0, 0, 0]])


def test_benchmark_npz_as_it_is_and_simple(tmp_path: Path) -> None:
    attributes = sparse.csr_array([[0, 2.0], [0, 0], [1, 0]])
    path = save_npz(
        tmp_path / "g.npz",
        ADJACENCY,
        attr_data=attributes.data,
        attr_indices=attributes.indices,
        attr_indptr=attributes.indptr,
        attr_shape=attributes.shape,
        labels=np.array([1, 0, 1]),
        node_names=np.array(["a", "b", None], object),
    )
    network = read_benchmark_npz(path)
    assert np.array_equal(matrix_of(network), ADJACENCY) and network.directed
    assert network.features["attributes"].toarray().tolist() == [[0, 2], [0, 0], [1, 0]]
    assert network.labels.tolist() == [1, 0, 1]
    counts = network.counts
    simple = read_benchmark_npz(path, simple=True)
    assert matrix_of(simple).tolist() == [[0, 1, 0], [1, 0, 1], [0, 1, 0]]
    edges = len(network.senders) - counts.get("repeats", 0) - counts["loops"]
    assert 2 * (edges - counts["pairs in both directions"]) == matrix_of(simple).sum() == 4


def test_benchmark_npz_of_other_names_dense_attributes_and_several_labels(tmp_path: Path) -> None:
    csr = sparse.csr_array(ADJACENCY)
    labels = sparse.csr_array([[1, 0], [1, 1], [0, 0]])
    arrays: dict[str, Any] = {"attr_matrix": np.eye(3)}
    for name, matrix in (("adj_matrix", csr), ("labels", labels)):
        for part in ("data", "indices", "indptr", "shape"):
            arrays[f"{name}.{part}"] = np.asarray(getattr(matrix, part))
    np.savez(tmp_path / "g.npz", **arrays)
    network = read_benchmark_npz(tmp_path / "g.npz")
    assert np.array_equal(matrix_of(network), ADJACENCY)
    assert network.features["attributes"].tolist() == np.eye(3).tolist()
    assert network.labels.tolist() == [[1, 0], [1, 1], [0, 0]]


BANNER = "%%MatrixMarket matrix coordinate real general\n"
MANY, LARGE = "2 2 9000000000\n1 1 1\n", "2000000000 2000000000 1\n1 1 1\n"
HUGE = LARGE.replace("2", "9")
DENSE, COMPLEX = BANNER.replace("coordinate", "array"), BANNER.replace("real", "complex")
HERMITIAN = BANNER.replace("general", "hermitian")


@pytest.mark.parametrize(
    ("read", "name", "text", "message"),
    [
        (read_metis, "a.graph", "2 1\n2\n", r"a.graph, line 1: .* 2 lines of nodes .*, got 1"),
        (read_metis, "a.graph", "2 1\n2\n1\n1\n", r"line 4: METIS has only 2 nodes"),
        (read_metis, "a.graph", "2 1\n2\n\n", r"line 1: .* each at both .*, got 1 nei"),
        (read_metis, "a.graph", "3 1\n2\n3\n\n", r"node 1: 2 is a neighbor of it, and it"),
        (read_metis, "a.graph", "2 1\n3\n1\n", r"node 1: a neighbor must be .* 1 to 2, got 3"),
        (read_metis, "a.graph", "2 1 1\n2\n1 1\n", r"line 2: METIS has 0 numbers .* 2 for each"),
        (read_metis, "a.graph", "2 1 1\n2 -1\n1 -1\n", r"node 1: the weight .* negative, got -1"),
        (read_metis, "a.graph", "2 1\nx\n1\n", r"line 2: METIS has numbers there, got 'x'"),
        (read_metis, "a.graph", "2 1 5\n2\n1\n", r"line 1: .* fmt \(three digits 0 or 1\)"),
        (read_metis, "a.graph", "hello\n", r"line 1: METIS has the numbers of nodes and edges"),
        (read_metis, "a.graph", "10000000000 1\n2\n1\n", r"line 1: .* claims 10,000,000,000 n"),
        (read_metis, "a.graph", "2 9000000000\n2\n1\n", r"at least 36,000,000,001 .* 17 bytes"),
        (read_metis, "a.graph", "2 1 11 900\n2\n1\n", r"the header claims 900 weights a node"),
        (read_matrix_market, "a.mtx", BANNER + MANY, r"line 2: .* claims 9,000,"),
        (
            read_matrix_market,
            "a.mtx",
            BANNER + LARGE,
            r"claims 2,000,000,000 nodes; with 1 edges from 1 to 1,000,000 are",
        ),
        (read_matrix_market, "a.mtx", BANNER + HUGE, r"line 2: .* claims 9,000,000,000 nodes"),
        (read_matrix_market, "a.mtx", BANNER + "2 3 1\n1 1 1\n", r"line 2: .* square, got 2 rows"),
        (read_matrix_market, "a.mtx", BANNER + "2 2 1\n1 2 -1\n", r"row 1, column 2 must be"),
        (read_matrix_market, "a.mtx", BANNER + "2 2 1\n3 2 1\n", r"a.mtx is no whole Matrix"),
        (read_matrix_market, "a.mtx", BANNER + "2 2 2\n1 2 1\n", r"a.mtx is no whole Matrix"),
        (read_matrix_market, "a.mtx", DENSE, r"line 1: .* is dense"),
        (read_matrix_market, "a.mtx", COMPLEX, r"line 1: .* read are pattern, int"),
        (read_matrix_market, "a.mtx", HERMITIAN, r"line 1: .* below 0, or complex"),
        (read_matrix_market, "a.mtx", "1 2\n", r"line 1: '%%MatrixMarket matrix FORM FIELD"),
        (read_benchmark_npz, "a.npz", "no archive", r"a.npz is no whole .npz file of a graph"),
    ],
)
def test_what_is_wrong_is_named(
    read: Callable[[Path], Any], name: str, text: str, message: str, tmp_path: Path
) -> None:
    path = written(tmp_path, name, text)
    tracemalloc.start()
    with pytest.raises(ValueError, match=message):
        read(path)
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert most < 30 << 20


def test_npz_arrays_must_fit(tmp_path: Path) -> None:
    path = save_npz(tmp_path / "g.npz", ADJACENCY, labels=np.zeros(2))
    with pytest.raises(ValueError, match=r"labels must have a row for each of the 3 nodes, got"):
        read_benchmark_npz(path)
    np.savez(path, adj_data=[1.0], adj_indices=[7], adj_indptr=[0, 1, 1], adj_shape=[2, 2])
    with pytest.raises(ValueError, match=r"g.npz: adj_\* is no CSR matrix"):
        read_benchmark_npz(path)
    np.savez(path, adj_data=[1.0], adj_indices=[0], adj_indptr=[0, 1], adj_shape=[10**10, 10**10])
    with pytest.raises(ValueError, match=r"g.npz: adj_\* is no CSR matrix"):
        read_benchmark_npz(path)
    np.savez(path, labels=[1.0])
    with pytest.raises(ValueError, match=r"g.npz must have a square adjacency"):
        read_benchmark_npz(path)


def test_npz_that_claims_or_unpacks_to_too_much_is_refused(tmp_path: Path) -> None:
    header = io.BytesIO()
    claim = {"descr": "<f8", "fortran_order": False, "shape": (10**10,)}
    np.lib.format.write_array_header_1_0(header, claim)
    with zipfile.ZipFile(tmp_path / "claims.npz", "w") as archive:
        archive.writestr("adj_data.npy", header.getvalue())
    with pytest.raises(ValueError, match=r"adj_data.npy claims shape .* 80,000,000,000 bytes"):
        read_benchmark_npz(tmp_path / "claims.npz")
    with zipfile.ZipFile(tmp_path / "bomb.npz", "w") as archive:
        archive.writestr("adj_data.npy", header.getvalue())
        archive.filelist[0].file_size = 3 << 30  # As the directory of a bomb would say.
    with pytest.raises(ValueError, match=r"bomb.npz .* unfolds to 3,221,225,472 bytes"):
        read_benchmark_npz(tmp_path / "bomb.npz")
