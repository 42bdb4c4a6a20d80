"""Folders of TUDataset as graphs with a label each."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import gnn
from gnn.datasets.formats.tudataset import read_tudataset

MINI = {
    "A": "1, 2\n2, 1\n2, 3\n3, 2\n4, 5\n5, 4\n",
    "graph_indicator": "1\n1\n1\n2\n2\n",
    "graph_labels": "1\n-1\n",
    "node_labels": "0\n2\n0\n5\n2\n",
}


def folder_of(path: Path, **files: str | None) -> Path:
    for name, text in {**MINI, **files}.items():
        if text is not None:
            (path / f"MINI_{name}.txt").write_text(text)
    return path


def test_graphs_labels_and_features(tmp_path: Path) -> None:
    found = read_tudataset(folder_of(tmp_path))
    first, second = found.graphs
    assert list(zip(first.senders.tolist(), first.receivers.tolist(), strict=True)) == [
        (0, 1),
        (1, 0),
        (1, 2),
        (2, 1),
    ]
    assert (second.senders.tolist(), second.receivers.tolist()) == ([0, 1], [1, 0])
    assert (first.ids.tolist(), second.ids.tolist()) == ([1, 2, 3], [4, 5])
    assert found.labels is not None and found.labels.tolist() == [1, 0]
    assert found.class_names == ("-1", "1") and len(found) == 2
    # One-hot of the values 0, 2 and 5 that occur.
    assert first.features["node_labels"].tolist() == [[1, 0, 0], [0, 1, 0], [1, 0, 0]]
    assert second.features["node_labels"].tolist() == [[0, 0, 1], [0, 1, 0]]
    assert found.counts["edges without a reverse"] == 0


def test_a_classifier_takes_them(tmp_path: Path) -> None:
    found = read_tudataset(folder_of(tmp_path, node_attributes="1,2\n3,4\n5,6\n7,8\n9,0.5\n"))
    batches = gnn.data.graph_batches(found.graphs, found.labels, batch_size=2)
    inputs, labels = next(iter(batches))
    assert labels.numpy().tolist() == [1, 0] and inputs["n_node"].numpy().tolist() == [3, 2]
    assert inputs["node_attributes"].numpy()[-1].tolist() == [9, 0.5]
    logits = gnn.GraphClassifier(num_classes=2, hidden_units=4)(inputs)
    assert logits.shape == (2, 2)


def test_nodes_of_a_graph_need_not_be_side_by_side(tmp_path: Path) -> None:
    # Nodes 1, 3, 5 are graph 2, nodes 2 and 4 graph 1.
    folder = folder_of(
        tmp_path, graph_indicator="2\n1\n2\n1\n2\n", A="1, 5\n5, 1\n2, 4\n4, 2\n3, 3\n5, 1\n"
    )
    found = read_tudataset(folder)
    first, second = found.graphs
    assert (first.ids.tolist(), second.ids.tolist()) == ([2, 4], [1, 3, 5])
    edges = set(zip(second.senders.tolist(), second.receivers.tolist(), strict=True))
    assert edges == {(0, 2), (2, 0), (1, 1)} and set(second.weights.tolist()) == {1}
    assert (found.counts["repeats"], found.counts["loops"]) == (1, 1)
    assert second.features["node_labels"].tolist() == [[1, 0, 0], [1, 0, 0], [0, 1, 0]]


def test_graphs_of_no_features_have_degrees_and_empty_ones_are_counted(tmp_path: Path) -> None:
    folder = folder_of(tmp_path, node_labels=None, graph_labels="3\n7\n7\n", edge_labels="1\n" * 6)
    found = read_tudataset(folder)
    assert found.graphs[0].features["degree"].tolist() == [[1], [2], [1]]
    assert found.counts["graphs without nodes"] == 1
    assert found.labels is not None and found.labels.tolist() == [0, 1]
    assert "MINI_edge_labels.txt is left out" in found.about


def test_targets(tmp_path: Path) -> None:
    folder = folder_of(tmp_path, graph_labels=None, graph_attributes="0.5, 2\n1, -3\n")
    found = read_tudataset(folder)
    assert found.labels is not None and found.labels.tolist() == [[0.5, 2], [1, -3]]
    assert found.class_names is None and found.labels.dtype == np.float32


def test_values_of_many_kinds_are_sparse(tmp_path: Path) -> None:
    lines = "".join(f"{k}\n" for k in range(400))
    folder = folder_of(
        tmp_path, A="1, 2\n", graph_indicator="1\n" * 400, graph_labels="0\n", node_labels=lines
    )
    found = read_tudataset(folder)
    matrix = found.graphs[0].features["node_labels"]
    assert matrix.nnz == 400 and np.array_equal(matrix.toarray(), np.eye(400))
    assert found.counts["edges without a reverse"] == 1


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("A", "1, 2\n2, 9\n", r"MINI_A.txt, row 2: must be from 1 to 5, got \[2, 9\]"),
        ("A", "1, 2\n0, 1\n", r"MINI_A.txt, row 2: must be from 1 to 5, got \[0, 1\]"),
        ("A", "1, 2\n3, 4\n", r"row 2: an edge must lie within a graph, got nodes \[3, 4\] of gr"),
        ("A", "1, 2\n3\n", r"MINI_A.txt, line 2: must have 2 numbers, got 1"),
        ("A", "1, 2\n3, x\n", r"MINI_A.txt, line 2: must have numbers, got '3, x'"),
        ("A", "1, 2\n3, 2.5\n", r"MINI_A.txt, row 2: must have whole numbers, got \[3.0, 2.5\]"),
        ("A", "1, 2\n3, inf\n", r"MINI_A.txt, line 2: must have finite numbers, got '3, inf'"),
        ("graph_indicator", "1\n1\n1\n2\n9999999999\n", r"row 5: must be from 1 to 2, got 999999"),
        ("graph_indicator", "", r"MINI_graph_indicator.txt has no lines, so there are no"),
        ("node_labels", "1\n2\n", r"MINI_node_labels.txt must have a line for each of the 5 nodes"),
    ],
)
def test_a_wrong_row_is_named(name: str, text: str, message: str, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=message):
        read_tudataset(folder_of(tmp_path, **{name: text}))


def test_without_labels_a_large_number_of_a_graph_is_no_reason_to_take_memory(
    tmp_path: Path,
) -> None:
    folder = folder_of(tmp_path, graph_labels=None, graph_indicator="1\n1\n1\n2\n9999999999\n")
    with pytest.raises(ValueError, match=r"row 5: must be from 1 to 5, got 9999999999"):
        read_tudataset(folder)
    (tmp_path / "MINI_graph_indicator.txt").write_text(MINI["graph_indicator"])
    found = read_tudataset(folder)
    assert (len(found), found.labels, found.class_names) == (2, None, None)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="has no file MINI_graph_indicator.txt"):
        read_tudataset(folder_of(tmp_path, graph_indicator=None))


def test_a_folder_of_two_is_refused(tmp_path: Path) -> None:
    folder_of(tmp_path)
    (tmp_path / "OTHER_A.txt").write_text("1, 2\n")
    with pytest.raises(ValueError, match=r"one file NAME_A.txt, got \['MINI', 'OTHER'\]"):
        read_tudataset(tmp_path)
