"""Edges from vectors under every configuration: by hand, by brute force, and as NSL builds them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from gnn import nsl
from gnn.configs.neighbors import NeighborGraphConfig
from gnn.edges.edges import Edges
from gnn.edges.from_vectors import edges_from_vectors
from gnn.graphs.graph import Graph


def similarity(one: np.ndarray, other: np.ndarray, metric: str) -> float:
    if metric == "l2":
        return 1 / (1 + np.sum((one - other) ** 2))
    product = np.sum(one * other)
    lengths = np.sqrt(np.sum(one**2) * np.sum(other**2))
    return product if metric == "ip" else product / lengths if lengths else 0.0


def brute_force(vectors: np.ndarray, config: NeighborGraphConfig) -> dict[tuple[int, int], float]:
    """(sender, receiver) to weight."""
    nodes, chosen = range(len(vectors)), set()
    alike = {
        (i, j): similarity(vectors[i], vectors[j], config.metric)
        for i in nodes
        for j in nodes
        if i != j
    }
    for j in nodes:
        mine = sorted((-alike[i, j], i) for i in nodes if i != j)
        chosen |= {(i, j) for _, i in mine[: config.k]}
    least = -np.inf if config.min_similarity is None else config.min_similarity
    chosen = {pair for pair in chosen if alike[pair] > 0 and alike[pair] >= least}
    keep = all if config.symmetric == "mutual" else any
    return {
        (i, j): weight
        for (i, j), weight in alike.items()
        if keep(pair in chosen for pair in ((i, j), (j, i)))
    }


def as_dict(edges: Edges) -> dict[tuple[int, int], float]:
    pairs = zip(edges.senders.tolist(), edges.receivers.tolist(), strict=True)
    found = dict(zip(pairs, edges.weights.tolist(), strict=True))
    assert len(found) == edges.weights.size
    assert list(found) == sorted(found, key=lambda pair: pair[::-1])
    return found


# Of halves, so that similarities by inner product and distance are exact, and many are equal.
HALVES = np.random.default_rng(3).integers(-3, 4, (60, 3)) / 2
COPIES = np.concatenate([HALVES[:20], np.tile([0.5, 1.0, -1.0], (20, 1)), np.zeros((3, 3))])
CASES: list[dict[str, Any]] = [
    {"k": 3},
    {"k": 3, "symmetric": "mutual"},
    {"k": 100},
    {"k": 4, "min_similarity": 0.3},
    {"k": None, "min_similarity": 0.3},
    {"k": 5, "min_similarity": -1.0, "symmetric": "mutual"},
]


@pytest.mark.parametrize("metric", ["ip", "l2"])
@pytest.mark.parametrize("fields", CASES, ids=str)
@pytest.mark.parametrize("vectors", [HALVES, COPIES], ids=["many ties", "copies and zeros"])
def test_as_by_brute_force(vectors: np.ndarray, fields: dict[str, Any], metric: str) -> None:
    config = NeighborGraphConfig(metric=metric, **fields)
    found, expected = as_dict(edges_from_vectors(vectors, config)), brute_force(vectors, config)
    assert found.keys() == expected.keys()
    assert found == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize("fields", CASES, ids=str)
def test_cosines_as_by_brute_force(fields: dict[str, Any]) -> None:
    # No ties but of copies: a cosine of multiples is 1 but for rounding.
    config = NeighborGraphConfig(**fields)
    vectors = np.random.default_rng(4).normal(size=(40, 3))
    vectors = np.concatenate([vectors, np.zeros((2, 3)), np.tile(vectors[7], (9, 1))])
    found, expected = as_dict(edges_from_vectors(vectors, config)), brute_force(vectors, config)
    assert found.keys() == expected.keys()
    assert found == pytest.approx(expected, rel=1e-6)


def test_worked_by_hand() -> None:
    # Cosines: 0 and 1 have 0.6, 0 and 2 none, 1 and 2 have 0.8, and -1, 3 is opposite to 0.
    vectors = np.array([[1.0, 0.0], [3.0, 4.0], [0.0, 2.0], [-1.0, 0.0]])
    edges = edges_from_vectors(vectors, {"k": 1})
    assert as_dict(edges) == pytest.approx({(0, 1): 0.6, (1, 0): 0.6, (1, 2): 0.8, (2, 1): 0.8})
    # 3 is nearest to 2, by a cosine of 0.
    assert edges.report.text() == (
        "4 vectors: 1 nearest neighbor of each by cosine, exact, "
        "1 neighbor of similarity 0 or less left out"
    )
    mutual = edges_from_vectors(vectors, {"k": 1, "symmetric": "mutual"})
    assert as_dict(mutual) == pytest.approx({(1, 2): 0.8, (2, 1): 0.8})
    assert mutual.report.remarks[-1] == "1 pair that one end alone chose left out"
    # Squared distances: 0 and 1 have 20, 1 and 2 have 13, 0 and 2 have 5, 0 and 3 have 4.
    near = edges_from_vectors(vectors, {"k": 1, "metric": "l2", "min_similarity": 0.1})
    assert as_dict(near) == pytest.approx({(0, 3): 0.2, (3, 0): 0.2, (0, 2): 1 / 6, (2, 0): 1 / 6})
    assert near.report.remarks[-1] == "1 neighbor of similarity below 0.1 left out"
    products = edges_from_vectors(vectors, {"k": 1, "metric": "ip"})
    # 0 and 2 have their largest products with 1, 3 and 8; so has 1 with 2; 3 has 0 with 2.
    assert as_dict(products) == {(0, 1): 3, (1, 0): 3, (1, 2): 8, (2, 1): 8}


def test_copies_and_zeros_are_counted() -> None:
    # Four copies of (2, 0): each is joined to the first others of them, and no other is nearer.
    vectors = [[2, 0], [0, 0], [2, 0], [1, 1], [2, 0], [2, 0]]
    edges = edges_from_vectors(vectors, {"k": 2})
    text = (
        "6 vectors: 2 nearest neighbors of each by cosine, exact, 3 equal to an earlier one, "
        "1 vector of zeros without neighbors"
    )
    assert edges.report.text() == text
    pairs = {(i, j) for i, j in as_dict(edges) if i < j}
    # 3 is as near to all four, and joined to the first two.
    assert pairs == {(0, 2), (0, 4), (2, 4), (0, 5), (2, 5), (0, 3), (2, 3)}


@pytest.mark.parametrize("method", ["auto", "exact"])
@pytest.mark.parametrize("count", [0, 1, 2, 3])
def test_few_vectors(count: int, method: str) -> None:
    edges = edges_from_vectors(np.ones((count, 2)), {"k": 5, "method": method})
    assert edges.senders.size == count * (count - 1)


def test_the_edges_of_nsl(tmp_path: Path) -> None:
    vectors = np.random.default_rng(5).normal(size=(200, 4)).astype(np.float32)
    with tf.io.TFRecordWriter(str(tmp_path / "rows")) as writer:
        for name, row in enumerate(vectors):
            example = tf.train.Example()
            example.features.feature["id"].bytes_list.value.append(str(name).encode())
            example.features.feature["embedding"].float_list.value.extend(row)
            writer.write(example.SerializeToString())
    graph_path = str(tmp_path / "graph.tsv")
    nsl.tools.build_graph([str(tmp_path / "rows")], graph_path, similarity_threshold=0.8)
    theirs = {
        (int(i), int(j)): weight
        for i, row in nsl.tools.read_tsv_graph(graph_path).items()
        for j, weight in row.items()
    }
    ours = as_dict(edges_from_vectors(vectors, {"k": None, "min_similarity": 0.8}))
    assert len(ours) > 1000
    assert ours.keys() == theirs.keys()
    assert ours == pytest.approx(theirs, abs=1e-6)  # They write six digits.


def test_a_graph_has_what_other_constructors_take() -> None:
    vectors = np.eye(3) + 1
    graph = Graph.from_embeddings(
        vectors, k=1, features=vectors, labels=["a", "b", None], splits={"train": [0, 1]},
        ids=["x", "y", "z"], metric="l2",
    )  # fmt: skip
    assert graph.features["features"].dtype == np.float32
    assert (graph.labels.tolist(), graph.class_names) == ([0, 1, -1], ("a", "b"))
    assert graph.ids.tolist() == ["x", "y", "z"] and graph.split("train").tolist() == [0, 1]
    # Each is at a squared distance of 2 from both others, and chooses the first.
    assert graph.senders.tolist() == [1, 2, 0, 0] and graph.weights[0] == np.float32(1 / 3)
    assert "  made of       3 vectors: 1 nearest neighbor of each by l2, exact" in graph.info()
    same = Graph.from_embeddings(vectors, config={"k": 1, "metric": "l2"})
    assert same.senders.tolist() == graph.senders.tolist() and same.features == {}


def test_arguments_are_left_alone() -> None:
    vectors = np.array([[3.0, 4.0], [0.0, 2.0]])
    edges_from_vectors(vectors)
    assert vectors.tolist() == [[3, 4], [0, 2]]


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        (([[1, np.nan], [0, 1]],), ValueError, "vectors must be finite; row 0 is not"),
        (([[0, 1], [1e300, 0]],), ValueError, "vectors must be finite in float32; row 1 is not"),
        (([1, 2],), ValueError, r"vectors must have shape \[rows, width\]; got shape \(2,\)"),
        (([["a"]],), TypeError, "vectors must hold real numbers"),
        ((np.eye(2), 0), ValueError, "k must be at least 1, got 0"),
        ((np.eye(2), None), ValueError, "k must be given where min_similarity is not"),
        ((np.eye(2), 1, "dot"), ValueError, r"metric must be one of .*, got 'dot'"),
        ((np.full((2, 1), 1e30), 1, "ip"), ValueError, "finite in float32, got 1e.60 of rows 0"),
        ((np.zeros((0, 3)),), ValueError, "a graph must have from 1 to .* nodes, got 0"),
    ],
)
def test_wrong_arguments_are_named(arguments: Any, error: Any, message: str) -> None:
    with pytest.raises(error, match=message):
        Graph.from_embeddings(*arguments)


def test_a_configuration_stands_alone() -> None:
    with pytest.raises(ValueError, match="config must be given alone, got k, metric beside it"):
        Graph.from_embeddings(np.eye(2), 3, "l2", config={"k": 3})


@pytest.mark.parametrize(
    ("fields", "error", "message"),
    [
        ({"k": 1.0}, TypeError, "k must be an integer, got 1.0"),
        ({"method": "hnsw"}, ValueError, "method must be one of .*, got 'hnsw'"),
        ({"symmetric": "no"}, ValueError, "symmetric must be one of .*, got 'no'"),
        ({"min_similarity": "0.5"}, TypeError, "min_similarity must be a number, got '0.5'"),
        ({"min_similarity": 1.5}, ValueError, "finite and at most 1 for 'cosine', got 1.5"),
        ({"min_similarity": np.nan}, ValueError, "min_similarity must be finite.*, got nan"),
        ({"metric": "ip", "min_similarity": np.inf}, ValueError, "must be finite, got inf"),
        ({"target_recall": 0}, ValueError, r"target_recall must be in \(0, 1\], got 0.0"),
        ({"seed": -1}, ValueError, "seed must be at least 0, got -1"),
        ({"seed": 2**31}, ValueError, "seed must be below 2147483648"),
        (
            {"k": None, "min_similarity": 0.5, "method": "approximate"},
            ValueError,
            'k must be given for method="approximate"',
        ),
    ],
)
def test_wrong_fields_are_named(fields: dict[str, Any], error: Any, message: str) -> None:
    with pytest.raises(error, match=message):
        NeighborGraphConfig(**fields)


def test_a_configuration_survives_a_dictionary() -> None:
    config = NeighborGraphConfig(np.int64(3), "ip", min_similarity=2, symmetric="mutual")
    plain = config.to_dict()
    assert type(plain["k"]) is int and type(plain["min_similarity"]) is float
    assert NeighborGraphConfig(**plain) == config
