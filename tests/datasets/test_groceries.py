"""The groceries: from small files made here, and from the real one."""

from __future__ import annotations

import dataclasses
import hashlib
import shutil
import sys
from collections import Counter
from itertools import permutations
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

import gnn
from gnn.datasets import download, groceries, groceries_sessions

# Butter and milk meet twice, in baskets 1 and 3.
SMALL = "butter,milk\nbread \n milk,butter,bread\n"
LEVELS = {
    "Groceries.labels": "211\tmilk\tVOLLMILCH\r\n212\tbutter\tBUTTER\r\n281\tbread \tBROT\r\n",
    "Groceries.cat1.labels": "2\tfresh products\tFRISCHDIENST\r\n",
    "Groceries.cat2.labels": "28\tbread and backed goods\tBROT\r\n21\tdairy produce\tMILCH\r\n",
}


def write(folder: Path, files: dict[str, str] | None = None) -> Path:
    for name, text in ({"groceries.csv": SMALL} | LEVELS | (files or {})).items():
        (folder / name).write_bytes(text.encode())
    return folder


@pytest.fixture(autouse=True)
def public(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder in the place of the public server, and empty."""
    folder = tmp_path_factory.mktemp("public")
    monkeypatch.setattr(download, "_HOST", folder.as_uri())
    return folder


def test_sessions(tmp_path: Path) -> None:
    assert groceries_sessions(write(tmp_path)) == [
        ["butter", "milk"],
        ["bread"],
        ["milk", "butter", "bread"],
    ]


@pytest.mark.parametrize(
    ("text", "basket"),
    [
        ("milk,butter", ["milk", "butter"]),
        ("milk,butter\r\n", ["milk", "butter"]),
        ('"salt, coarse",milk\n', ["salt, coarse", "milk"]),
        ("\ufeffk\u00e4se\n", ["k\u00e4se"]),
        ("milk,milk\n", ["milk", "milk"]),
    ],
)
def test_lines(tmp_path: Path, text: str, basket: list[str]) -> None:
    assert groceries_sessions(write(tmp_path, {"groceries.csv": text})) == [basket]


def test_graph(tmp_path: Path) -> None:
    graph = groceries(write(tmp_path))
    assert graph.ids is not None
    assert graph.ids.tolist() == ["butter", "milk", "bread"]
    assert list(graph.features) == ["product"]
    product: Any = graph.features["product"]
    assert product.tolist() == ["butter", "milk", "bread"]
    # By receiver butter, milk, bread; each from the other two.
    assert graph.receivers.tolist() == [0, 0, 1, 1, 2, 2]
    assert graph.senders.tolist() == [1, 2, 0, 2, 0, 1]
    assert graph.weights.tolist() == [2, 1, 2, 1, 1, 1]
    assert (graph.labels, graph.class_names, graph.splits) == (None, None, {})


@pytest.mark.parametrize(
    ("level", "labels", "names"),
    [
        ("level1", [0, 0, 0], ("fresh products",)),
        # The classes come in the order of the file.
        ("level2", [1, 1, 0], ("bread and backed goods", "dairy produce")),
    ],
)
def test_labels(tmp_path: Path, level: str, labels: list[int], names: tuple[str, ...]) -> None:
    graph = groceries(write(tmp_path), labels=level)
    assert graph.labels is not None
    assert graph.labels.tolist() == labels
    assert graph.class_names == names
    assert graph.num_edges == 6


def test_feature_feeds_a_model(tmp_path: Path) -> None:
    graph = groceries(write(tmp_path), labels="level2")
    vocabulary = graph.features["product"].tolist()
    node_model = keras.Sequential(
        [
            keras.layers.StringLookup(vocabulary=vocabulary),
            keras.layers.Embedding(len(vocabulary) + 1, 2),
            keras.layers.Dense(len(graph.class_names)),
        ]
    )
    model = gnn.GraphRegularizationModel(gnn.GraphRegConfig(multiplier=0.1), lambda: node_model)
    model.compile("sgd", keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    history = model.fit(gnn.data.full_batch(graph), verbose=0).history
    assert np.isfinite(history["graph_loss"][0])
    assert history["loss"][0] > history["supervised_loss"][0]


def test_missing_files_are_downloaded_and_checked(
    tmp_path: Path, public: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    module = sys.modules[groceries.__module__]
    files = {"groceries.csv": SMALL} | LEVELS
    named = [module._BASKETS, module._CODES, *(file for _, file in module._LEVELS.values())]
    pinned = []
    for file in named:
        text = files[file.path].encode()
        path = public / file.source
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text)
        # Only what the published file holds is taken.
        with pytest.raises(ValueError, match=f"must have the SHA-256 {file.sha256}; got"):
            download.local_files([file], tmp_path / "checked")
        pinned.append(dataclasses.replace(file, sha256=hashlib.sha256(text).hexdigest()))
    assert not (tmp_path / "checked").exists()
    monkeypatch.setattr(module, "_BASKETS", pinned[0])
    monkeypatch.setattr(module, "_CODES", pinned[1])
    monkeypatch.setattr(module, "_LEVELS", {"level1": (1, pinned[2]), "level2": (2, pinned[3])})
    monkeypatch.setenv("GNN_DATA_DIR", str(tmp_path / "new"))
    assert groceries().num_nodes == 3
    assert {path.name for path in (tmp_path / "new").iterdir()} == {"groceries.csv"}
    assert groceries(labels="level1").class_names == ("fresh products",)
    assert groceries(labels="level2").num_nodes == 3
    shutil.rmtree(public)
    assert {path.name for path in (tmp_path / "new").iterdir()} == set(files)
    assert groceries(labels="level2").num_nodes == 3


def test_missing_file_that_does_not_come(tmp_path: Path) -> None:
    with pytest.raises(ConnectionError, match=r"groceries\.csv from .*GNN_DATA_DIR or data_dir"):
        groceries(tmp_path)
    write(tmp_path)
    (tmp_path / "Groceries.labels").unlink()
    assert groceries(tmp_path).labels is None
    with pytest.raises(ConnectionError, match=r"cannot download Groceries\.labels from .*arules"):
        groceries(tmp_path, labels="level1")


def test_unknown_labels(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="labels must be None or one of level1, level2; got 'le"):
        groceries(tmp_path, labels="level3")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (b"", "got an empty file"),
        (b"milk\n\nbread\n", "1 of 3 lines do not: line 2: no product$"),
        (b"milk\n , \n", "1 of 2 lines do not: line 2: no product$"),
        (b"milk,,bread\n", "1 of 1 lines do not: line 1: product 2 of 3 is empty$"),
        (b"milk,\nbread\n,soda\n", "2 of 3 .*: line 1: product 2 of 2 .*; line 3: product 1 of 2"),
        (b"milk\nk\xe4se\n", "1 of 2 lines do not: line 2: 'utf-8' codec can't decode byte 0xe4"),
        (b'milk\n"bread\n', "1 of 2 lines do not: line 2: unexpected end of data"),
        (b"\n" * 7 + b"milk", "7 of 8 lines do not: line 1: .*; line 5: no product; and 2 more$"),
    ],
)
def test_malformed_baskets(tmp_path: Path, text: bytes, message: str) -> None:
    (tmp_path / "groceries.csv").write_bytes(text)
    with pytest.raises(ValueError, match=rf"groceries\.csv must hold a basket a line, .*{message}"):
        groceries(tmp_path)


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("Groceries.labels", "211\tmilk\n", r"labels, line 1 must be a code, .*got b'211\\tmilk'"),
        ("Groceries.cat1.labels", "2\tfresh\tF\n\n", r"cat1\.labels, line 2 must be a code"),
        ("Groceries.labels", "211\tmilk\tM\n", r"labels must have every product .*lacks 'butter'"),
        ("Groceries.cat1.labels", "3\tfood\tF\n", r"cat1\.labels must have the code '2' of 'butt"),
    ],
)
def test_levels_that_do_not_fit(tmp_path: Path, name: str, text: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        groceries(write(tmp_path, {name: text}), labels="level1")


class TestRealFile:
    def test_counts(self, data_dir: Path) -> None:
        # As the R package arules describes the data: 9,835 transactions of 169 items, 43,367 in
        # all; whole milk, the most frequent, in 2,513 of them, and one basket of 32.
        sessions = groceries_sessions(data_dir)
        items = Counter(item for session in sessions for item in session)
        assert len(sessions) == 9835
        assert (len(items), items.total()) == (169, 43367)
        assert items.most_common(1) == [("whole milk", 2513)]
        assert max(map(len, sessions)) == 32

    def test_edges_count_the_baskets_of_a_pair(self, data_dir: Path) -> None:
        sessions = groceries_sessions(data_dir)
        expected = Counter(pair for session in sessions for pair in permutations(session, 2))
        graph = groceries(data_dir)
        assert graph.ids is not None
        senders, receivers = graph.ids[graph.senders], graph.ids[graph.receivers]
        edges = zip(senders.tolist(), receivers.tolist(), strict=True)
        assert dict(zip(edges, graph.weights.tolist(), strict=True)) == expected
        # As the docstring says.
        assert (graph.num_nodes, graph.num_edges) == (169, 19272)
        np.testing.assert_array_equal(graph.features["product"], graph.ids)
