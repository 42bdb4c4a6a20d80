"""What labels are: classes, targets or several a node; given, or guessed and said."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from gnn.graphs.graph import Graph
from gnn.graphs.labels import read_labels

NAN = float("nan")


@pytest.mark.parametrize(
    ("given", "kind", "values", "names"),
    [
        # The two classes of svmlight and TUDataset, in every type.
        ([-1, 1, 1], "class", [0, 1, 1], ("-1", "1")),
        (np.array([1.0, -1.0, 1.0]), "class", [1, 0, 1], ("-1", "1")),
        ([1, None, -1], "class", [1, -1, 0], ("-1", "1")),
        (pd.Series([1, pd.NA, -1], dtype="Int64"), "class", [1, -1, 0], ("-1", "1")),
        # Where there are other classes, -1 is unlabeled.
        ([-1, 1, 0], "class", [-1, 1, 0], None),
        ([-1, -1, -1], "class", [-1, -1, -1], None),
        # Classes that igraph and pandas store as floats, and what is no number of a class.
        ([0.0, 1.0, 2.0, 1.0], "class", [0, 1, 2, 1], None),
        ([1.0, NAN, 3.0], "class", [1, -1, 3], None),
        ([0.0, 2.0, 5.0], "class", [0, 2, 5], None),
        ([0.0, 1.0, 9.0], "regression", [0, 1, 9], None),
        ([21.0, NAN, 10.0], "regression", [21, NAN, 10], None),
        ([-1.0, 0.0, 1.0], "regression", [-1, 0, 1], None),
        ([0.0, 1.0, 0.5], "regression", [0, 1, 0.5], None),
        ([21, 10, 40], "class", [21, 10, 40], None),
        # Missing, however it is spelled.
        (["cat", "NA", "None", "nan", "", None, "dog"], "class", [0, -1, -1, -1, -1, -1, 1], 2),
        (["NA", 1, 0], "class", [-1, 1, 0], None),
        (np.ma.masked_array([2, 0, 1], [True, False, False]), "class", [-1, 0, 1], None),
        # Several a node.
        ([[1, 0], [0, 1], [-1, -1]], "multilabel", [[1, 0], [0, 1], [-1, -1]], None),
        ([[1.0, 0.0], [NAN, NAN]], "multilabel", [[1, 0], [-1, -1]], None),
        ([[1, 0], None], "multilabel", [[1, 0], [-1, -1]], None),
        ([[3, 0], [0, 7]], "class", [[3, 0], [0, 7]], None),
        ([[0.5, 1.0], [NAN, 0.0]], "regression", [[0.5, 1.0], [NAN, 0.0]], None),
        (pd.DataFrame({"a": [1, 0], "b": [1, 1]}), "multilabel", [[1, 1], [0, 1]], None),
    ],
)
def test_guessed(given: Any, kind: str, values: Any, names: Any) -> None:
    graph = Graph.from_edges([], [], labels=given)
    assert graph.labels is not None and graph.label_kind == kind
    np.testing.assert_array_equal(graph.labels, values)
    assert graph.labels.dtype == (np.float32 if kind == "regression" else np.int32)
    assert len(graph.class_names or ()) == names if names == 2 else graph.class_names == names


@pytest.mark.parametrize(
    ("given", "kind", "values"),
    [
        ([21, -1, None], "regression", [21, -1, NAN]),
        ([True, False], "regression", [1, 0]),
        ([0.0, 1.0], "regression", [0, 1]),
        ([30.0, NAN, 10.0], "class", [30, -1, 10]),
        ([[0.0, 1.0], [1.0, NAN]], "multilabel", [[0, 1], [1, -1]]),
        ([[0, 1], [1, 1]], "regression", [[0, 1], [1, 1]]),
        ([[0, 1], [1, 1]], "class", [[0, 1], [1, 1]]),
        (["NA", 2.5], "regression", [NAN, 2.5]),
    ],
)
def test_asked_for(given: Any, kind: str, values: Any) -> None:
    labels = read_labels(given, label_kind=kind)
    np.testing.assert_array_equal(labels.values, values)
    assert labels.note == ""
    assert labels.values.dtype == (np.float32 if kind == "regression" else np.int32)


@pytest.mark.parametrize(
    ("labels", "line"),
    [
        (
            [0.0, 1.0],
            'label_kind    class, guessed from whole floats; label_kind="regression" makes',
        ),
        ([21.0, 10.0], 'label_kind    regression, guessed; label_kind="class" makes classes'),
        ([21, 10], 'label_kind    class, guessed; label_kind="regression" makes targets'),
        ([1, -1], "label_kind    class: -1 and 1 are two classes; None or NaN is unlabeled"),
        ([[1, 0], [0, 1]], 'label_kind    multilabel, guessed; label_kind="class" is another'),
        ([0.5, NAN], "labels          float32[2], targets of a regression, 1 missing"),
        ([[1, 0], [-1, -1]], "labels          int32[2, 2], several labels a node, 1 unlabeled"),
        ([[1, -1], [-1, -1]], "several labels a node, 1 unlabeled, 1 known in part"),
    ],
)
def test_info_says_what_was_guessed(labels: Any, line: str) -> None:
    graph = Graph.from_edges([0], [1], labels=labels)
    assert line in graph.info()


@pytest.mark.parametrize("labels", [["cat", None], [0, 1], [True, False], [2, 1, 0, -1]])
def test_info_says_nothing_where_there_was_nothing_to_guess(labels: Any) -> None:
    assert "label_kind" not in Graph.from_edges([], [], labels=labels).info()


def test_a_name_that_is_given_is_a_class() -> None:
    given = ["None", "NA", "Some"]
    graph = Graph.from_edges([], [], labels=given, class_names=["Some", "None"])
    assert graph.labels is not None and graph.labels.tolist() == [1, -1, 0]
    graph = Graph.from_edges([], [], labels=given, na_values=())
    assert graph.labels is not None and graph.labels.tolist() == [1, 0, 2]
    graph = Graph.from_edges([], [], labels=["?", "NA", "?"], na_values=["?"])
    assert graph.labels is not None and graph.labels.tolist() == [-1, 0, -1]
    with_names = Graph.from_edges([], [], labels=[-1, 1, -1], class_names=["bad", "good"])
    assert with_names.labels is not None and with_names.labels.tolist() == [-1, 1, -1]


def test_the_class_itself_guesses_nothing() -> None:
    none = np.zeros(0, np.int32)
    for labels in (np.array([-1, 1], np.int32), np.array([0.0, 1.0], np.float32)):
        graph = Graph({}, none, none, labels=labels)
        assert graph.labels is not None and graph.labels.dtype == labels.dtype
        assert graph.labels.tolist() == labels.tolist()


@pytest.mark.parametrize(
    ("labels", "kind", "error", "message"),
    [
        ([0, 1], "classes", ValueError, "label_kind must be None or one of .* got 'classes'"),
        ([0.5, 1.0], "class", ValueError, "whole numbers to be classes, got 0.5 at position 0"),
        ([1e300, 1.0], "class", ValueError, "labels must be below 2147483647"),
        (["a", "b"], "regression", TypeError, "must be numbers for label_kind='regression'"),
        ([0, 1], "multilabel", ValueError, r"shape \[n, k\] .* got \(2,\)"),
        ([[0, 2]], "multilabel", ValueError, "0 or 1, .* got 2 in row 0, column 1"),
        ([np.inf, 1.0], None, ValueError, "labels must be finite .* got inf at position 0"),
        ([[0, 1], [1]], None, ValueError, "labels must have one shape at all nodes"),
        ([0, -2], None, ValueError, "got -2 at position 1"),
    ],
)
def test_refused(labels: Any, kind: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        Graph.from_edges([], [], labels=labels, label_kind=kind)


def test_na_values_are_a_collection() -> None:
    with pytest.raises(TypeError, match="na_values must be a collection of strings, got 'NA'"):
        Graph.from_edges([], [], labels=["a"], na_values="NA")


def test_labels_of_several_columns_of_pandas() -> None:
    nodes = pd.DataFrame({"a": [1, 0], "b": [0.0, None], "x": [5.0, 6.0]})
    edges = pd.DataFrame({"source": [0], "target": [1]})
    graph = Graph.from_pandas(nodes, edges, label=["a", "b"])
    assert graph.labels is not None and graph.labels.tolist() == [[1, 0], [0, -1]]
    assert graph.features["features"].tolist() == [[5], [6]]
