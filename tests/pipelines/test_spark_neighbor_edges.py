"""Edges from vectors on Spark: those of one machine, exact and approximate, copies and all."""

from __future__ import annotations

import re
import sys
from typing import Any

import numpy as np
import pytest

import gnn
from gnn.pipelines import neighbor_edges, vector_cells


def as_table(spark: Any, vectors: np.ndarray) -> Any:
    rows = [(number, row.tolist()) for number, row in enumerate(vectors)]
    return spark.createDataFrame(rows, "id long, vector array<double>")


def edges_of(found: Any) -> dict[tuple[int, int], float]:
    rows = found.edges.collect()
    edges = {(row.sender, row.receiver): row.weight for row in rows}
    assert len(edges) == len(rows)
    return edges


def on_one_machine(vectors: np.ndarray, **fields: Any) -> dict[tuple[int, int], float]:
    graph = gnn.Graph.from_embeddings(vectors, **{**fields, "method": "exact"})
    ends = zip(graph.senders.tolist(), graph.receivers.tolist(), strict=True)
    return dict(zip(ends, graph.weights.tolist(), strict=True))


@pytest.mark.parametrize(
    "fields",
    [
        {"k": 3},
        {"k": 2, "metric": "ip", "symmetric": "mutual"},
        {"k": 4, "metric": "l2", "min_similarity": 0.4},
    ],
    ids=str,
)
def test_exact_with_copies_and_zeros(spark: Any, fields: dict[str, Any]) -> None:
    vectors = np.random.default_rng(0).normal(size=(60, 3)).round(1)
    vectors[40:48] = vectors[0]
    vectors[50] = 0
    expected = on_one_machine(vectors, **fields)
    found = neighbor_edges(as_table(spark, vectors), {**fields, "method": "exact"})
    edges = edges_of(found)
    assert found.how == f"{fields['k']} nearest neighbors of each by " + (
        f"{fields.get('metric', 'cosine')}, exact"
    )
    assert set(edges) == set(expected)
    np.testing.assert_allclose(list(edges.values()), [expected[pair] for pair in edges], rtol=1e-6)


@pytest.mark.parametrize("metric", ["cosine", "ip", "l2"])
def test_approximate_says_its_recall(spark: Any, metric: str) -> None:
    """Neighbors within cells that are read: the recall that is said is that of all vectors."""
    vectors = np.random.default_rng(1).normal(size=(600, 2))
    config = {"k": 5, "metric": metric, "method": "approximate", "target_recall": 0.8}
    found = neighbor_edges(as_table(spark, vectors), config)
    recall, asked, read, cells = re.search(
        r"recall ([\d.]+) on ([\d,]+) of them, (\d+) of (\d+) cells read", found.how
    ).groups()
    assert (asked, cells) == ("600", "32")
    assert int(read) < 32
    edges, exact = edges_of(found), on_one_machine(vectors, k=5, metric=metric)
    share = len(set(edges) & set(exact)) / len(exact)
    assert 0.8 <= float(recall) <= 1
    assert share >= float(recall) - 0.05


def test_large_cells_are_parted(spark: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Holders in three parts a cell or more, askers in seven or more."""
    monkeypatch.setattr(vector_cells, "_MOST_HELD", 7)
    vectors = np.random.default_rng(2).normal(size=(50, 2))
    edges = edges_of(neighbor_edges(as_table(spark, vectors), {"k": 3, "method": "exact"}))
    assert set(edges) == set(on_one_machine(vectors, k=3))


def test_many_copies_of_few(spark: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is counted is what is different: three vectors are compared, all of them."""
    monkeypatch.setattr(sys.modules["gnn.pipelines.neighbor_edges"], "_FEW", 10)
    vectors = np.repeat([[0.0, 1.0], [1.0, 0.0], [1.0, 1.0]], 20, axis=0)
    found = neighbor_edges(as_table(spark, vectors), {"k": 4})
    assert found.how.endswith("by cosine, exact")
    assert set(edges_of(found)) == set(on_one_machine(vectors, k=4))


def test_faults(spark: Any) -> None:
    table = as_table(spark, np.zeros((3, 2)))
    with pytest.raises(ValueError, match="k must be given on a cluster, got None"):
        neighbor_edges(table, {"k": None, "min_similarity": 0.5})
    with pytest.raises(KeyError, match="vectors has no column 'embedding'"):
        neighbor_edges(table, vector_column="embedding")
    with pytest.raises(ValueError, match="vectors must hold one that is not missing, nor zeros"):
        neighbor_edges(table)
    uneven = spark.createDataFrame([(0, [1.0]), (1, [1.0, 2.0])], "id long, vector array<double>")
    with pytest.raises(Exception, match="vectors must be of one length; got . of . and . of ."):
        neighbor_edges(uneven, {"k": 1}).edges.collect()
    rows = [(0, [1.0, None]), (1, [1.0, 2.0])]
    missing = spark.createDataFrame(rows, "id long, vector array<double>")
    with pytest.raises(Exception, match="vectors must be finite; that of 0 holds a number"):
        neighbor_edges(missing, {"k": 1}).edges.collect()
    with pytest.raises(ValueError, match="vectors must have distinct ids; got 0 twice"):
        neighbor_edges(uneven.selectExpr("0L AS id", "array(1D, id) AS vector"), {"k": 1})
    with pytest.raises(TypeError, match="the column 'vector' is string"):
        neighbor_edges(spark.sql("SELECT 1 AS id, '1 2' AS vector"))
