"""Sparse features whose indices are out of range, unsorted or repeated, in memory and in files."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy import sparse

from gnn import memory_maps
from gnn.graphs import Graph, open_graph, sparse_features, write_graph


def csr(indices: list[int], ends: list[int], width: int = 3) -> sparse.csr_array:
    """A matrix whose indices SciPy has not looked at since they were changed."""
    sound = sparse.csr_array((len(ends) - 1, width), dtype=np.float32)
    sound.data = np.arange(1, len(indices) + 1, dtype=np.float32)
    sound.indices, sound.indptr = np.array(indices, np.int32), np.array(ends, np.int32)
    return sound


def graph_of(features: Any) -> Graph:
    return Graph.from_edges([], [], {"x": features})


@pytest.mark.parametrize(
    ("matrix", "message"),
    [
        (csr([0, 999], [0, 1, 2]), "column indices from 0 to 2; got 999 at position 1"),
        (csr([-1], [0, 1]), "column indices from 0 to 2; got -1 at position 0"),
        (csr([0, 1], [0, 2, 1]), r"row ends \(indptr\) that rise .*; got 1 at position 2"),
        (csr([0], [0, 9]), r"row ends \(indptr\) that rise .*; got 9 at position 1"),
    ],
)
def test_indices_out_of_range_are_refused(matrix: Any, message: str) -> None:
    with pytest.raises(ValueError, match=rf"features\['x'\] must have {message}"):
        graph_of(matrix)


@pytest.mark.parametrize(("layout", "which"), [("coo", "row"), ("csc", "row"), ("bsr", "column")])
def test_of_any_layout_before_scipy_converts_it(layout: str, which: str) -> None:
    matrix = sparse.csr_array(np.eye(4)).asformat(layout)
    (matrix.coords[0] if layout == "coo" else matrix.indices)[2] = 10**6
    with pytest.raises(ValueError, match=f"{which} indices from 0 to 3; got 1000000 at position 2"):
        graph_of(matrix)


def test_what_is_unsorted_or_repeated_is_put_right_in_a_copy() -> None:
    matrix = csr([2, 0, 1, 1], [0, 2, 4])
    matrix.has_canonical_format = matrix.has_sorted_indices = True  # As SciPy may have seen it.
    held: Any = graph_of(matrix).features["x"]
    assert held.toarray().tolist() == [[2, 0, 1], [0, 7, 0]]
    assert held.indices.tolist() == [0, 2, 1] and matrix.indices.tolist() == [2, 0, 1, 1]


@pytest.mark.parametrize(
    ("position", "column", "message"),
    [
        (3, 999, "column indices from 0 to 8 in '.*indices.npy'; got 999 at position 3"),
        (4, 2, "in order, each once, in '.*indices.npy'; got column 2 after 7 in row 1, at .* 4"),
        (1, 0, "in order, each once, in '.*indices.npy'; got column 0 after 0 in row 0, at .* 1"),
    ],
)
def test_a_file_is_named_with_the_position(
    position: int, column: int, message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(memory_maps, "_BLOCK", 2)  # Rows run over the blocks that are read.
    values = np.zeros((3, 9), np.float32)
    values[0, [0, 5, 6]] = values[1, [7, 8]] = values[2, 0] = 1
    write_graph(graph_of(sparse.csr_array(values)), tmp_path / "graph")
    whole: Any = open_graph(tmp_path / "graph").features["x"]
    np.testing.assert_array_equal(whole.toarray(), values)
    (path,) = (tmp_path / "graph").glob("*-indices.npy")
    indices = np.load(path)
    indices[position] = column
    np.save(path, indices)
    with pytest.raises(ValueError, match=rf"features\['x'\] must have .*{message}"):
        open_graph(tmp_path / "graph")


def test_a_file_that_is_too_short(tmp_path: Path) -> None:
    write_graph(graph_of(sparse.csr_array(np.eye(3))), tmp_path / "graph")
    (path,) = (tmp_path / "graph").glob("*-indices.npy")
    np.save(path, np.load(path)[:2])
    with pytest.raises(ValueError, match=r"the sparse feature in '.*-\*.npy' is damaged: "):
        open_graph(tmp_path / "graph")


def test_empty_rows_are_in_order() -> None:
    matrix = csr([2, 0], [0, 0, 1, 1, 2, 2])
    assert sparse_features.as_csr("x", matrix).indices.tolist() == [2, 0]
    assert sparse_features.as_csr("x", csr([], [0, 0])).shape == (1, 3)
