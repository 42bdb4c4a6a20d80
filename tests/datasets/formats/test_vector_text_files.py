"""Features in files: svmlight, GloVe, word2vec as text and in binary."""

from __future__ import annotations

import gzip
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy import sparse
from sklearn.datasets import dump_svmlight_file, load_svmlight_file

import gnn
import gnn.datasets
from gnn.datasets.formats.glove import read_glove
from gnn.datasets.formats.svmlight import read_svmlight
from gnn.datasets.formats.word2vec import read_word2vec_binary, read_word2vec_text


def written(folder: Path, name: str, text: str | bytes) -> Path:
    path = folder / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def rows_of(network: Any) -> list[list[float]]:
    return network.features["features"].toarray().tolist()


def test_svmlight_has_the_classes_minus_one_and_one(tmp_path: Path) -> None:
    text = "1 1:0.5 3:2\n-1 2:1\n1 1:1 2:1\n-1 3:4\n"
    network = read_svmlight(written(tmp_path, "rows.svm", text))
    assert list(network.ids) == [0, 1, 2, 3] and network.senders.size == 0
    assert network.labels == ["1", "-1", "1", "-1"]
    assert rows_of(network) == [[0.5, 0, 2], [0, 1, 0], [1, 1, 0], [0, 0, 4]]
    graph = gnn.datasets.read(tmp_path / "rows.svm")
    assert graph.class_names == ("-1", "1") and graph.labels.tolist() == [1, 0, 1, 0]


def test_svmlight_classes_are_in_order_of_their_numbers(tmp_path: Path) -> None:
    graph = gnn.datasets.read(written(tmp_path, "rows.svm", "10 1:1\n2 1:1\n1 1:1\n"))
    assert graph.class_names == ("1", "2", "10") and graph.labels.tolist() == [2, 1, 0]
    graph = gnn.datasets.read(written(tmp_path, "lists.svm", "10,2 1:1\n2 1:1\n"))
    assert graph.class_names == ("2", "10") and graph.labels.tolist() == [[1, 1], [1, 0]]


@pytest.mark.parametrize(
    ("text", "labels"),
    [
        ("+1 1:1\n3.0 1:1\n2e1 1:1\n", ["1", "3", "20"]),
        ("0.5 1:1\n2 1:1\n", [0.5, 2.0]),
        ("3,1 1:1\n\n 1:2\n1 1:3\n", [[1, 1], [0, 0], [1, 0]]),
        ("2,1:3\n", None),
    ],
)
def test_svmlight_labels(text: str, labels: list[Any] | None, tmp_path: Path) -> None:
    path = written(tmp_path, "rows.svm", text)
    if labels is None:
        with pytest.raises(ValueError, match="svmlight has 'label number:value ...' there"):
            read_svmlight(path)
    else:
        assert np.asarray(read_svmlight(path).labels).tolist() == labels


def test_svmlight_base_width_groups_and_comments(tmp_path: Path) -> None:
    path = written(tmp_path, "rows.svm", "# of LETOR\n1 qid:7 1:5 # doc-3\n0 qid:8 2:6\n")
    network = read_svmlight(path)
    assert rows_of(network) == [[5, 0], [0, 6]] and network.columns["qid"] == ["7", "8"]
    assert network.counts == {"comments": 2}
    assert rows_of(read_svmlight(path, base=0)) == [[0, 5, 0], [0, 0, 6]]
    assert rows_of(read_svmlight(path, n_features=3)) == [[5, 0, 0], [0, 6, 0]]
    with pytest.raises(ValueError, match=r"rows.svm: features must be numbered from 1 to 1, got 1"):
        read_svmlight(path, n_features=1)
    zero = written(tmp_path, "zero.svm", "1 0:5\n0 1:6\n")
    assert rows_of(read_svmlight(zero)) == [[5, 0], [0, 6]]
    with pytest.raises(ValueError, match=r"zero.svm: features must be numbered from 1, got 0 to 1"):
        read_svmlight(zero, base=1)


@pytest.mark.parametrize("zero_based", [True, False])
def test_svmlight_agrees_with_sklearn(zero_based: bool, tmp_path: Path) -> None:
    features = sparse.random_array((30, 8), density=0.3, rng=0, format="csr")
    labels = np.arange(30) % 3
    path = tmp_path / "rows.txt"
    dump_svmlight_file(features, labels, str(path), zero_based=zero_based, comment="über")
    network = read_svmlight(path)
    theirs, their_labels = load_svmlight_file(str(path))
    np.testing.assert_allclose(rows_of(network), theirs.toarray(), rtol=1e-6)
    assert [float(label) for label in network.labels] == their_labels.tolist()


def test_glove_names_may_hold_blanks(tmp_path: Path) -> None:
    text = "the 0.5 1\n. . . 2 3\nat me@home.org -1 1e-3\nthe 9 9\nno\u00a0break 4 5\n"
    network = read_glove(written(tmp_path, "glove.txt", text))
    assert network.ids == ["the", ". . .", "at me@home.org", "no\u00a0break"]
    expected = np.array([[0.5, 1], [2, 3], [-1, 1e-3], [4, 5]], np.float32)
    assert np.array_equal(network.features["vectors"], expected)
    assert network.counts == {"repeated names": 1} and network.senders.size == 0
    path = written(tmp_path, "two.txt", "at home 1 2\nx 3 4\n")
    assert read_glove(path, width=2).ids == ["at home", "x"]


VECTORS = np.array([[1, 0.5], [-2, 3], [0, 7]], "<f4")


def binary(names: list[bytes], count: int = 3, after: bytes = b"") -> bytes:
    rows = (name + b" " + row.tobytes() + after for name, row in zip(names, VECTORS, strict=True))
    return b"%d 2\n" % count + b"".join(rows)


@pytest.mark.parametrize("after", [b"", b"\n"])
@pytest.mark.parametrize("compressed", [True, False])
def test_word2vec_binary(after: bytes, compressed: bool, tmp_path: Path) -> None:
    content = binary([b"tea", "größe".encode(), b"in"], after=after)
    path = tmp_path / ("v.bin.gz" if compressed else "v.bin")
    path.write_bytes(gzip.compress(content) if compressed else content)
    network = read_word2vec_binary(path)
    assert network.ids == ["tea", "größe", "in"]
    assert network.features["vectors"].tolist() == VECTORS.tolist()


def test_word2vec_binary_larger_than_a_block(tmp_path: Path) -> None:
    vectors = np.random.default_rng(0).normal(size=(3000, 100)).astype("<f4")
    rows = (f"w{k} ".encode() + row.tobytes() for k, row in enumerate(vectors))
    network = read_word2vec_binary(written(tmp_path, "v.bin", b"3000 100\n" + b"".join(rows)))
    assert np.array_equal(network.features["vectors"], vectors) and network.ids[2999] == "w2999"


def test_word2vec_text(tmp_path: Path) -> None:
    network = read_word2vec_text(written(tmp_path, "v.vec", "2 3\ntea 1 2 3 \nat home 4 5 6\n"))
    assert network.ids == ["tea", "at home"]
    assert network.features["vectors"].tolist() == [[1, 2, 3], [4, 5, 6]]


NAMES = [b"tea", b"cup", b"pot"]
CLAIM = r"line 1: the header claims 10,000,000,000 vectors of 300 numbers, .* the file has "


@pytest.mark.parametrize(
    ("read", "content", "message"),
    [
        (read_svmlight, "1 1:2\n1 x:2\n", r"line 2: svmlight has 'label number:value ...' there"),
        (read_svmlight, "1 1:2\n1 2\n", r"line 2: svmlight has"),
        (read_svmlight, "1 1:2 1:3\n", r"line 1: feature 1 is there twice"),
        (read_svmlight, "1 9999999999:3\n", r"line 1: features must be numbered up to 2147483647"),
        (read_svmlight, "1 -1:3\n", r"line 1: features must be numbered up to 2147483647, got -1"),
        (read_svmlight, "1 1:2\n1 1:3 2:inf\n", r"row 1: the value of feature 2 must be finite"),
        (read_svmlight, "cat 1:2\n", r"labels must be numbers or lists of them, got 'cat'"),
        (read_glove, "", r"v.txt is empty"),
        (read_glove, "a 1 2\nb 1\n", r"line 2: a name and 2 numbers stand there.* \(1 numbers\)"),
        (read_glove, "a 1 2\nb 1 x\n", r"line 2: a name and 2 numbers stand there"),
        (read_glove, "a 1 2\nb 1 nan\n", r"the vector of 'b' is not finite"),
        (read_glove, "a 1 2\nb\xe4 1 2\n".encode("latin-1"), r"v.txt, line 2: not UTF-8"),
        (read_word2vec_text, "a 1 2\n", r"line 1: word2vec has the numbers of vectors"),
        (read_word2vec_text, "3 2\ntea 1 2\ncup 3 4\n", r"the header says 3 vectors, .* 2"),
        (read_word2vec_text, "1 2\na 1 2\nb 3 4\n", r"the header says 1 vectors, .* has 2"),
        (read_word2vec_text, "10000000000 300\na 1 2\n", CLAIM),
        (read_word2vec_binary, b"10000000000 300\na " + bytes(40), CLAIM),
        (read_word2vec_binary, binary(NAMES, count=2), r"says 2 vectors, and there is more after"),
        (
            read_word2vec_binary,
            binary(NAMES)[:-1],
            r"says 3 vectors, and the file ends in number 2",
        ),
        (read_word2vec_binary, binary([b"tea", b"\xe4", b"pot"]), r"name of vector 1 is not UTF-8"),
        (
            read_word2vec_binary,
            b"1 1\n" + b"x" * (3 << 20),
            r"vector 0 is longer than 65,536 bytes",
        ),
        (read_word2vec_binary, b"1 1\na " + np.float32("nan").tobytes(), r"'a' is not finite in"),
    ],
)
def test_what_is_wrong_is_told(
    read: Callable[[Path], Any], content: str | bytes, message: str, tmp_path: Path
) -> None:
    path = written(tmp_path, "v.txt", content)
    tracemalloc.start()
    with pytest.raises(ValueError, match=message):
        read(path)
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert most < 30 << 20


def test_a_compressed_header_is_no_reason_to_take_memory(tmp_path: Path) -> None:
    path = tmp_path / "v.bin.gz"
    path.write_bytes(gzip.compress(b"3000000000 300\ntea " + bytes(1200)))
    with pytest.raises(ValueError, match="claims 3,000,000,000 vectors .* when decompressed"):
        read_word2vec_binary(path)
