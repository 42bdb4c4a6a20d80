"""Which format of edge lists, arrays and features claims a file."""

from __future__ import annotations

import gzip
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from gnn.datasets.formats.benchmark_npz import BENCHMARK_NPZ
from gnn.datasets.formats.edge_list import EDGE_LIST
from gnn.datasets.formats.file_format import FileFormat
from gnn.datasets.formats.glove import GLOVE
from gnn.datasets.formats.konect import KONECT
from gnn.datasets.formats.linqs import LINQS
from gnn.datasets.formats.matrix_market import MATRIX_MARKET
from gnn.datasets.formats.metis import METIS
from gnn.datasets.formats.nsl_tsv import NSL_TSV
from gnn.datasets.formats.registry import FORMATS as ALL
from gnn.datasets.formats.sampling import sample_of
from gnn.datasets.formats.snap import SNAP
from gnn.datasets.formats.svmlight import SVMLIGHT
from gnn.datasets.formats.tudataset import TUDATASET
from gnn.datasets.formats.word2vec import WORD2VEC_BINARY, WORD2VEC_TEXT

OURS = (
    SNAP,
    KONECT,
    LINQS,
    NSL_TSV,
    METIS,
    MATRIX_MARKET,
    EDGE_LIST,
    SVMLIGHT,
    GLOVE,
    WORD2VEC_TEXT,
    WORD2VEC_BINARY,
    BENCHMARK_NPZ,
    TUDATASET,
)


def claims(path: Path, formats: Sequence[FileFormat] = ALL) -> list[str]:
    """The names of the formats that claim a path."""
    sample = sample_of(path)
    return [found.name for found in formats if found.claims(sample)]


def written(path: Path, content: bytes | str) -> Path:
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def folder_of(path: Path, names: Sequence[str]) -> Path:
    path.mkdir()
    for name in names:
        (path / name).touch()
    return path


LONG = " ".join(f"0.{k:05d}" for k in range(300))
VECTOR = np.array([0.1, 2.0, -3.5], "<f4").tobytes()


@pytest.mark.parametrize(
    ("name", "content", "format_name"),
    [
        ("mini.txt", "# Directed graph (each unordered\n# FromNodeId\tToNodeId\n3\t7\n", "snap"),
        ("com-amazon.ungraph.txt", "# Undirected graph: a\n# Nodes: 2 Edges: 1\n1\t2\n", "snap"),
        ("out.contacts", "% sym positive\n1 2 1 10\n", "konect"),
        ("out.moreno", "% asym posweighted\r\n% 2 3 3\r\n1 2 1\r\n", "konect"),
        ("cora.cites", "35\t1033\n", "linqs"),
        ("cora.content", "31336\t0\t1\tNeural_Networks\n", "linqs"),
        ("graph.tsv", "a\tb\t0.5\nb\tc\n", "nsl-tsv"),
        ("4elt.graph", "% a mesh\n 2 1 011\n1 2 1\n1 1 1\n", "metis"),
        ("sym.mtx", "%%MatrixMarket matrix coordinate pattern symmetric\n1 1 0\n", "matrix-market"),
        ("array.mtx", "%%MatrixMarket matrix array real general\n1 1\n0\n", "matrix-market"),
        ("g.edgelist", "# comment\na b\nb c\n", "edge-list"),
        ("g.txt", "0 1\n1 2\n", "edge-list"),
        ("g", "0\t1\t0.5\n1\t2\t2\n", "edge-list"),
        ("rows.svm", "1 1:0.5 3:2\n-1 2:1\n", "svmlight"),
        ("a9a", "-1 3:1 11:1 \n+1 5:1\n", "svmlight"),
        ("yeast.txt", "6,7 1:0.093700 2:0.139771\n2 1:-0.022711\n", "svmlight"),
        ("letor.txt", "2 qid:10032 1:0.056537 2:0.000000 #docid = GX029\n", "svmlight"),
        ("wide.svm", "1 " + " ".join(f"{k}:0.5" for k in range(1, 2000)) + "\n", "svmlight"),
        ("glove.6B.50d.txt", "the 0.418 0.24968 -0.41242 0.1217\n, 0.013 0.23 -0.1 0.2\n", "glove"),
        ("glove.840B.300d.txt", f", {LONG}\n. . . {LONG}\n", "glove"),
        ("wiki.vec", "2 4\n, 1 2 3 4\nat home 1 2 3 4\n", "word2vec"),
        ("wide.txt", f"70000 300\nthe {LONG}\nof {LONG}\n", "word2vec"),
        ("news.bin", b"2 3\nin " + VECTOR + b"\nout " + VECTOR, "word2vec-binary"),
    ],
)
def test_one_format_claims_its_file(
    name: str, content: bytes | str, format_name: str, tmp_path: Path
) -> None:
    path = written(tmp_path / name, content)
    assert claims(path) == [format_name]
    assert claims(written(tmp_path / f"{name}.gz", gzip.compress(path.read_bytes()))) == [
        format_name
    ]


@pytest.mark.parametrize(
    ("names", "format_name"),
    [
        (("README", "cora.cites", "cora.content"), "linqs"),
        (("README.cite", "meta.x", "out.x"), "konect"),
        (("MUTAG_A.txt", "MUTAG_graph_indicator.txt", "MUTAG_graph_labels.txt"), "tudataset"),
    ],
)
def test_one_format_claims_its_folder(
    names: tuple[str, ...], format_name: str, tmp_path: Path
) -> None:
    assert claims(folder_of(tmp_path / "folder", names)) == [format_name]


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("edges.csv", "source,target\na,b\n"),
        ("edges.tsv", "source\ttarget\na\tb\n"),
        ("items.tsv", "name\tprice\nshoe\tcheap\tred\n"),
        ("MUTAG_A.txt", "1, 2\n2, 1\n"),
        ("MUTAG_graph_labels.txt", "1\n-1\n"),
        ("notes.txt", "Two words\nand then three words\n"),
        ("pairs.txt", "hello world\ngood day\n"),
        ("table.txt", "0.1 0.2 0.3 0.4 0.5\n1 2 3 4 5\n"),
        ("net.net", "*Vertices 2\n1 a\n2 b\n*Arcs\n1 2\n"),
        ("g.dot", "digraph { a -> b }"),
        ("g.graphml", "<?xml version='1.0'?><graphml></graphml>"),
        ("g.json", '{"nodes": [], "links": []}'),
        ("graph.graph", "graph 1\n"),
        ("log.inter", "user_id:token\titem_id:token\n1\t2\n"),
        ("empty.txt", ""),
        ("zeros.bin", bytes(4096)),
        ("image.bin", b"\x89PNG\r\n\x1a\n" + bytes(100)),
        ("a.npz", b"PK\x03\x04 and no more"),
    ],
)
def test_no_format_claims_what_is_not_its_own(
    name: str, content: bytes | str, tmp_path: Path
) -> None:
    assert claims(written(tmp_path / name, content), OURS) == []


def test_npz_is_claimed_by_its_names(tmp_path: Path) -> None:
    parts = {f"adj_{part}": [1] for part in ("data", "indices", "indptr", "shape")}
    np.savez(tmp_path / "g.npz", **parts)
    np.savez(tmp_path / "v.npz", vectors=[[1.0]])
    assert claims(tmp_path / "g.npz") == ["benchmark-npz"]
    assert claims(tmp_path / "v.npz") == []


def test_folders_of_others_are_not_claimed(tmp_path: Path) -> None:
    others = (("edges.csv", "nodes.csv"), ("out.a", "out.b", "meta.a"), ("A_A.txt", "README"))
    for k, names in enumerate(others):
        assert claims(folder_of(tmp_path / f"{k}", names), OURS) == []
