"""The citation graphs: assembled by hand in small, and read from the real files."""

from __future__ import annotations

import hashlib
import pickle
import shutil
import sys
import warnings
from collections import defaultdict
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import scipy.sparse as sp

from gnn.datasets import download, planetoid

NAMES = ["cora", "citeseer", "pubmed"]


def one_hot(*classes: int) -> Any:
    return np.eye(2, dtype=np.int32)[list(classes)]


def small_parts() -> dict[str, Any]:
    """Eight nodes, four in allx and three in tx; node 5 is in neither, as 15 of CiteSeer are."""
    allx = np.array([[1, 0, 1], [0, 2, 0], [0, 0, 0], [3, 0, 1]], np.float64)
    tx = np.array([[0, 0, 5], [1, 1, 0], [4, 0, 0]], np.float64)
    graph = {0: [1, 1, 6], 1: [0], 2: [2], 3: [7], 4: [], 5: [], 6: [], 7: [3, 4]}
    return {
        "x": sp.csr_matrix(allx[:2]),
        "y": one_hot(0, 1),
        "allx": sp.csr_matrix(allx),
        "ally": one_hot(0, 1, 1, 0),
        "tx": sp.csr_matrix(tx),
        "ty": one_hot(1, 0, 1),
        "graph": defaultdict(list, graph),
        "test.index": "6\n4\n7\n",
    }


def write_parts(folder: Path, name: str, parts: dict[str, Any]) -> Path:
    (folder / "planetoid").mkdir(exist_ok=True)
    for part, content in parts.items():
        data = content.encode() if part == "test.index" else pickle.dumps(content, protocol=2)
        (folder / "planetoid" / f"ind.{name}.{part}").write_bytes(data)
    return folder


@pytest.fixture(autouse=True)
def no_warnings() -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        yield


@pytest.fixture(autouse=True)
def public(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder in the place of the public server, and empty."""
    folder = tmp_path / "public"
    monkeypatch.setattr(download, "_HOST", folder.as_uri())
    return folder


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("normalize", [False, True])
def test_assembly(tmp_path: Path, name: str, normalize: bool) -> None:
    graph = planetoid(name, write_parts(tmp_path, name, small_parts()), normalize=normalize)
    # test.index is 6, 4, 7: rows 0, 1 and 2 of tx are the nodes 6, 4 and 7.
    words = np.array(
        [[1, 0, 1], [0, 2, 0], [0, 0, 0], [3, 0, 1], [1, 1, 0], [0, 0, 0], [0, 0, 5], [4, 0, 0]]
    )
    normalized = np.array(
        [
            [0.5, 0, 0.5],
            [0, 1, 0],
            [0, 0, 0],
            [0.75, 0, 0.25],
            [0.5, 0.5, 0],
            [0, 0, 0],
            [0, 0, 1],
            [1, 0, 0],
        ]
    )
    assert list(graph.features) == ["words"]
    feature: Any = graph.features["words"]
    assert sp.issparse(feature)
    assert feature.format == "csr"
    assert feature.dtype == np.float32
    np.testing.assert_array_equal(feature.toarray(), normalized if normalize else words)
    assert graph.labels is not None
    assert graph.labels.tolist() == [0, 1, 1, 0, 0, -1, 1, 1]
    assert {name: nodes.tolist() for name, nodes in graph.splits.items()} == {
        "train": [0, 1],
        "validation": [2, 3],
        "test": [4, 6, 7],
    }


def test_edges(tmp_path: Path) -> None:
    graph = planetoid("cora", write_parts(tmp_path, "cora", small_parts()))
    # The pairs are 0-1 (listed three times), 0-6 (at node 0 only), 3-7 (at both), 4-7 (at node 7
    # only); 2-2 is a self loop. By receiver:
    #            0  0  1  3  4  6  7  7
    assert graph.receivers.tolist() == [0, 0, 1, 3, 4, 6, 7, 7]
    assert graph.senders.tolist() == [1, 6, 0, 7, 7, 0, 3, 4]
    assert graph.weights.tolist() == [1] * 8


def test_validation_is_the_500_after_the_labeled(tmp_path: Path) -> None:
    parts = small_parts()
    classes = [0, 1] * 300
    parts |= {"allx": sp.csr_matrix(np.ones((600, 3))), "ally": one_hot(*classes)}
    parts |= {"x": sp.csr_matrix(np.ones((20, 3))), "y": one_hot(*classes[:20])}
    parts |= {"graph": {i: [] for i in range(603)}, "test.index": "602\n600\n601"}
    graph = planetoid("pubmed", write_parts(tmp_path, "pubmed", parts))
    assert graph.splits["train"].tolist() == list(range(20))
    assert graph.splits["validation"].tolist() == list(range(20, 520))
    assert graph.splits["test"].tolist() == [600, 601, 602]


def test_integer_features_and_repeated_entries(tmp_path: Path) -> None:
    parts = small_parts()
    # Row 0 holds 1 + 2 in column 2; rows 1 to 3 are empty.
    repeated = sp.csr_matrix(([1, 2], [2, 2], [0, 2, 2, 2, 2]), shape=(4, 3), dtype=np.int64)
    parts |= {"allx": repeated, "x": sp.csr_matrix([[0, 0, 3], [0, 0, 0]])}
    graph = planetoid("cora", write_parts(tmp_path, "cora", parts), normalize=False)
    words: Any = graph.features["words"]
    assert words[[0]].toarray().tolist() == [[0, 0, 3]]
    assert words[[0]].nnz == 1


def test_folder_of_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GNN_DATA_DIR", str(write_parts(tmp_path, "cora", small_parts())))
    assert planetoid("cora").num_nodes == 8
    # The argument wins.
    with pytest.raises(ConnectionError, match="elsewhere"):
        planetoid("cora", tmp_path / "elsewhere")


def test_missing_files_are_downloaded_and_checked(
    tmp_path: Path, public: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    module = sys.modules[planetoid.__module__]
    files = write_parts(tmp_path, "cora", small_parts()) / "planetoid"
    pins = {
        part: hashlib.sha256((files / f"ind.cora.{part}").read_bytes()).hexdigest()
        for part in small_parts()
    }
    monkeypatch.setitem(module._SHA256, "cora", pins)
    source = public / module._SOURCE
    shutil.copytree(files, source)
    monkeypatch.setenv("GNN_DATA_DIR", str(tmp_path / "new"))
    # One file is there already, and its checksum is not asked for.
    (tmp_path / "new" / "planetoid").mkdir(parents=True)
    (tmp_path / "new" / "planetoid" / "ind.cora.test.index").write_bytes(b"6\n4\n7")
    (source / "ind.cora.test.index").unlink()
    graph = planetoid("cora")
    assert graph.num_nodes == 8
    shutil.rmtree(public)
    np.testing.assert_array_equal(planetoid("cora").senders, graph.senders)
    # Another content under the same name is refused, and not kept.
    shutil.copytree(files, source)
    (source / "ind.cora.ty").write_bytes(b"something else")
    with pytest.raises(
        ValueError, match=rf"ind\.cora\.ty .*must have the SHA-256 {pins['ty']}; got"
    ):
        planetoid("cora", tmp_path / "checked")
    kept = {path.name for path in (tmp_path / "checked" / "planetoid").iterdir()}
    assert kept == {f"ind.cora.{part}" for part in ("x", "y", "allx", "ally", "tx")}


def test_cache_folder_where_no_other_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("GNN_DATA_DIR", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    (tmp_path / "gnn").mkdir()
    write_parts(tmp_path / "gnn", "cora", small_parts())
    assert planetoid("cora").num_nodes == 8


@pytest.mark.parametrize("part", list(small_parts()))
def test_missing_file_that_does_not_come(tmp_path: Path, part: str) -> None:
    parts = small_parts()
    del parts[part]
    write_parts(tmp_path, "citeseer", parts)
    with pytest.raises(ConnectionError) as caught:
        planetoid("citeseer", tmp_path)
    message = str(caught.value)
    assert f"cannot download ind.citeseer.{part} from " in message
    assert f"put the file at {tmp_path / 'planetoid'}" in message
    assert "GNN_DATA_DIR or data_dir" in message


def test_unknown_name(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="name must be one of cora, citeseer, pubmed; got 'Cora'"):
        planetoid("Cora", tmp_path)


@pytest.mark.parametrize(
    ("part", "content", "rule"),
    [
        ("x", np.ones((2, 3)), "CSR matrix"),
        ("x", sp.csr_matrix(np.ones((2, 4))), "as wide as .* 3; got 4"),
        ("x", sp.csr_matrix(np.ones((2, 3))), "first rows of allx"),
        ("x", sp.csr_matrix([[np.nan, 0, 0], [0, 0, 0]]), "finite"),
        ("x", sp.csr_matrix([[1e300, 0, 0], [0, 0, 0]]), "finite"),
        ("tx", sp.csr_matrix(np.ones((3, 2))), "as wide as .* 3; got 2"),
        ("allx", {}, "CSR matrix"),
        ("y", one_hot(1, 1), "first rows of ally"),
        ("y", one_hot(0), r"each of the 2 rows of ind.cora.x; got shape \(1, 2\)"),
        ("y", np.array([0, 1]), r"got shape \(2,\)"),
        ("y", np.zeros((2, 0)), r"got shape \(2, 0\)"),
        ("y", sp.csr_matrix(one_hot(0, 1)), "an array"),
        ("ty", np.eye(3), "as wide as .* 2; got 3"),
        ("ty", np.zeros((3, 2)), "one-hot"),
        ("ty", np.ones((3, 2)), "one-hot"),
        ("ty", np.array([[2, -1], [0, 1], [1, 0]]), "one-hot"),
        ("ty", np.array([[np.nan, 1], [0, 1], [1, 0]]), "one-hot"),
        ("ally", one_hot(0, 1, 1), "each of the 4 rows"),
        ("graph", [[1], [0]], "a dictionary"),
        ("graph", {0: [8], **{i: [] for i in range(1, 8)}}, "nodes from 0 to 7, .* got 8"),
        ("graph", {0: [-1], **{i: [] for i in range(1, 8)}}, "nodes from 0 to 7, .* got -1"),
        ("graph", {i: [] for i in range(1, 9)}, "nodes from 0 to 7, .* got 8"),
        ("graph", {0: [2**70], **{i: [] for i in range(1, 8)}}, "largest integer"),
        ("test.index", "6\n4\n", "each of the 3 rows of tx; got 2"),
        ("test.index", "6\n4\n6\n", "a different node .* got 2 different of 3"),
        ("test.index", "6\n4\n3\n", "after the 4 of allx .* got 3"),
        ("test.index", "6\n4\n8\n", "within the 8 of the graph; got 8"),
        ("test.index", "6\n4\n-1\n", "got -1"),
        ("test.index", "6\n4\nseven\n", "one integer a line.*seven"),
        ("test.index", "6\n4\n7.0\n", "one integer a line.*7.0"),
        ("test.index", f"6\n4\n{2**70}\n", "one integer a line"),
        ("test.index", "6\n4\n\u0667\n", "one integer a line"),
        ("test.index", "", "each of the 3 rows of tx; got 0"),
    ],
)
def test_files_that_do_not_fit(tmp_path: Path, part: str, content: Any, rule: str) -> None:
    write_parts(tmp_path, "cora", small_parts() | {part: content})
    with pytest.raises(ValueError, match=rf"ind\.cora\.{part}.*{rule}"):
        planetoid("cora", tmp_path)


def test_graph_smaller_than_the_rows(tmp_path: Path) -> None:
    write_parts(tmp_path, "cora", small_parts() | {"graph": {}})
    with pytest.raises(ValueError, match=r"ind\.cora\.test\.index.*within the 0 of the graph"):
        planetoid("cora", tmp_path)


@pytest.mark.parametrize("part", ["x", "y", "tx", "ty", "allx", "ally", "graph"])
def test_truncated_file(tmp_path: Path, part: str) -> None:
    path = write_parts(tmp_path, "cora", small_parts()) / "planetoid" / f"ind.cora.{part}"
    path.write_bytes(path.read_bytes()[:-10])
    with pytest.raises(ValueError, match=rf"ind\.cora\.{part}.*damaged"):
        planetoid("cora", tmp_path)


class TestRealFiles:
    # The counts are those of Yang et al. 2016, table 1, but for the edges: those are the directed
    # ones that PyTorch Geometric has. The homophily is that of Zhu et al. 2020, table 5, which
    # gives 0.81 and 0.74.
    @pytest.mark.parametrize(
        ("name", "nodes", "edges", "words", "classes", "train", "homophily"),
        [
            ("cora", 2708, 10556, 1433, 7, 140, 0.81),
            ("citeseer", 3327, 9104, 3703, 6, 120, 0.74),
        ],
    )
    def test_counts(
        self,
        data_dir: Path,
        name: str,
        nodes: int,
        edges: int,
        words: int,
        classes: int,
        train: int,
        homophily: float,
    ) -> None:
        graph = planetoid(name, data_dir)
        labels = graph.labels
        assert labels is not None
        assert graph.num_nodes == nodes
        assert graph.num_edges == edges
        assert graph.features["words"].shape == (nodes, words)
        assert {name: len(split) for name, split in graph.splits.items()} == {
            "train": train,
            "validation": 500,
            "test": 1000,
        }
        # Twenty of each class are labeled.
        assert np.bincount(labels[graph.splits["train"]]).tolist() == [20] * classes
        ends = labels[np.stack([graph.senders, graph.receivers])]
        known = (ends >= 0).all(axis=0)
        assert (ends[0] == ends[1])[known].mean() == pytest.approx(homophily, abs=0.005)

    @pytest.mark.parametrize("name", ["cora", "citeseer"])
    def test_edges_are_sorted_symmetric_single_and_no_loops(
        self, data_dir: Path, name: str
    ) -> None:
        graph = planetoid(name, data_dir)
        pairs = list(zip(graph.receivers.tolist(), graph.senders.tolist(), strict=True))
        assert pairs == sorted(set(pairs))
        assert {(b, a) for a, b in pairs} == set(pairs)
        assert all(a != b for a, b in pairs)

    @pytest.mark.parametrize("name", ["cora", "citeseer"])
    def test_rows_sum_to_one(self, data_dir: Path, name: str) -> None:
        words: Any = planetoid(name, data_dir).features["words"]
        raw: Any = planetoid(name, data_dir, normalize=False).features["words"]
        sums = words.sum(axis=1)
        empty = raw.sum(axis=1) == 0
        np.testing.assert_allclose(sums[~empty], 1, rtol=1e-5)
        assert (sums[empty] == 0).all()
        # Words occur or not; normalizing divides by their number.
        assert set(raw.data.tolist()) == {1.0}
        np.testing.assert_allclose(words.max(axis=1).toarray()[~empty], 1 / raw.sum(axis=1)[~empty])

    def test_labels_by_node(self, data_dir: Path) -> None:
        labels = planetoid("cora", data_dir).labels
        assert labels is not None
        assert labels[:5].tolist() == [3, 4, 4, 0, 3]
        assert labels[135:140].tolist() == [1, 1, 1, 1, 1]
        # Line k of test.index is the node of row k of ty.
        index = (data_dir / "planetoid" / "ind.cora.test.index").read_text().split()
        ty = pickle.loads((data_dir / "planetoid" / "ind.cora.ty").read_bytes(), encoding="latin1")
        assert labels[int(index[0])] == np.argmax(ty[0])
        assert labels[int(index[-1])] == np.argmax(ty[-1])

    def test_fifteen_papers_of_citeseer_are_unlabeled(self, data_dir: Path) -> None:
        graph = planetoid("citeseer", data_dir)
        words: Any = graph.features["words"]
        assert graph.labels is not None
        unlabeled = np.flatnonzero(graph.labels == -1)
        assert len(unlabeled) == 15
        assert words[unlabeled].nnz == 0
        for split in graph.splits.values():
            assert not np.isin(unlabeled, split).any()
