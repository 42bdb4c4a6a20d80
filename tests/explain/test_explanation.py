"""How an explanation is read."""

from __future__ import annotations

import dataclasses
import sys
from typing import Any

import numpy as np
import pytest
from scipy import sparse

from gnn.explain import EdgeAttribution, Explanation, FeatureAttribution
from gnn.graphs.graph import Graph

IMAGES = np.arange(12.0).reshape(3, 2, 2)
GRAPH = Graph.from_edges(
    [1, 2, 0],
    [0, 0, 2],
    {
        "words": sparse.csr_array([[1.0, 0, 2], [0, 3, 0], [0, 0, 4]]),
        "image": IMAGES,
        "age": [5.0, 6, 7],
    },
    weights=[0.5, 2, 1],
    ids=["tea", "cup", "pot"],
    labels=["a", "b", "b"],
)
WORDS = sparse.csr_array([[0.25, 0, -0.5], [0, 0.125, 0], [0, 0, 0.25]])
IMAGE = np.zeros([3, 2, 2])
IMAGE[1, 0, 1] = -0.375
WHY = Explanation(
    method="integrated gradients",
    graph=GRAPH,
    node=0,
    target=1,
    probabilities=np.array([0.25, 0.75]),
    nodes=np.array([0, 1, 2]),
    edges=np.array([0, 1, 2]),
    edge_attributions=np.array([0.125, -0.5, 0.0]),
    feature_attributions={"words": WORDS, "image": IMAGE, "age": np.array([0.0, 0.0, 0.0625])},
    score_name="probability",
    score=0.75,
    baselines={"features": 1.0, "edges": 1.0},
)
MASKS = dataclasses.replace(
    WHY,
    method="GNNExplainer",
    edge_attributions=np.array([0.125, 0.875, 0.0]),
    feature_attributions={"words": np.array([0.0, 0.25, 1.0])},
    score=0.5,
    baselines={},
)


def test_edges_by_size() -> None:
    assert WHY.top_edges() == [
        EdgeAttribution("pot", "tea", 2.0, -0.5),
        EdgeAttribution("cup", "tea", 0.5, 0.125),
    ]
    assert WHY.top_edges(1)[0].sender == "pot"


def test_features_over_all_nodes() -> None:
    # words[2] is -0.5 + 0.25 together.
    assert WHY.top_features() == [
        FeatureAttribution("image", (0, 1), None, None, -0.375),
        FeatureAttribution("words", 0, None, None, 0.25),
        FeatureAttribution("words", 2, None, None, -0.25),
        FeatureAttribution("words", 1, None, None, 0.125),
        FeatureAttribution("age", None, None, None, 0.0625),
    ]
    names = [row.name for row in WHY.top_features()]
    assert names == ["image[0, 1]", "words[0]", "words[2]", "words[1]", "age"]


def test_features_of_each_node() -> None:
    assert WHY.top_features(4, per_node=True) == [
        FeatureAttribution("words", 2, "tea", 2.0, -0.5),
        FeatureAttribution("image", (0, 1), "cup", 5.0, -0.375),
        FeatureAttribution("words", 0, "tea", 1.0, 0.25),
        FeatureAttribution("words", 2, "pot", 4.0, 0.25),
    ]
    assert WHY.top_features(9, per_node=True)[-1] == ("age", None, "pot", 7.0, 0.0625)


def test_sums_and_nodes() -> None:
    assert WHY.sums == {"edges": -0.375, "features": 0.125 - 0.375 + 0.0625}
    # From 1 to 0.75 is -0.25.
    assert WHY.completeness_errors == {"edges": -0.125, "features": 0.0625}
    np.testing.assert_array_equal(WHY.node_attributions, [-0.25, 0.125 - 0.375, 0.25 + 0.0625])
    assert (WHY.probability, WHY.per_node, MASKS.per_node) == (0.75, True, False)


def test_masks_are_shared_by_all_nodes() -> None:
    assert [row[:3] for row in MASKS.top_features()] == [("words", 2, None), ("words", 1, None)]
    for ask in (lambda: MASKS.top_features(per_node=True), lambda: MASKS.node_attributions):
        with pytest.raises(ValueError, match="GNNExplainer has one mask for all nodes"):
            ask()


def test_tables() -> None:
    edges, features = WHY.to_pandas()
    assert edges.to_dict("list") == {
        "sender": ["pot", "cup", "tea"],
        "receiver": ["tea", "tea", "pot"],
        "weight": [2.0, 0.5, 1.0],
        "attribution": [-0.5, 0.125, 0.0],
    }
    assert len(features) == 6
    assert features.iloc[0].to_dict() == {
        "feature": "words",
        "column": 2,
        "node": "tea",
        "value": 2.0,
        "attribution": -0.5,
    }
    edges, features = MASKS.to_pandas()
    assert features["attribution"].tolist() == [1.0, 0.25]
    assert features["node"].isna().all()


def test_tables_need_pandas(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pandas", None)
    with pytest.raises(ImportError, match="needs pandas: pip install pandas"):
        WHY.to_pandas()


def test_text() -> None:
    assert str(WHY).splitlines() == [
        "Integrated gradients: node tea, class b",
        "  prediction  b: 0.750, a: 0.250",
        "  looked at   3 nodes, 3 edges",
        "  edges       -0.3750 in sum: from 1.0000 to 0.7500",
        "    pot -> tea  -0.5000",
        "    cup -> tea  +0.1250",
        "  features    -0.1875 in sum: from 1.0000 to 0.7500",
        "    image[0, 1]  -0.3750",
        "    words[0]     +0.2500",
        "    words[2]     -0.2500",
        "    words[1]     +0.1250",
        "    age          +0.0625",
    ]
    assert "  edges       masks from 0 to 1 (b: 0.500 with all masks applied)" in str(MASKS)
    assert "    pot -> tea  0.8750" in str(MASKS)
    assert repr(WHY) == (
        "Explanation('integrated gradients', node='tea', target=1, probability=0.750, nodes=3, "
        "edges=3)"
    )


def test_without_ids_and_names_there_are_numbers() -> None:
    plain = dataclasses.replace(GRAPH, ids=None, labels=None, class_names=None)
    why = dataclasses.replace(WHY, graph=plain)
    assert why.top_edges(1) == [(2, 0, 2.0, -0.5)]
    assert str(why).startswith("Integrated gradients: node 0, class 1\n")


@pytest.mark.parametrize("ask", [WHY.top_edges, WHY.top_features])
def test_counts_are_checked(ask: Any) -> None:
    with pytest.raises(ValueError, match="k must be at least 1, got 0"):
        ask(0)


def test_fields_stay_as_they_are() -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        WHY.node = 1  # type: ignore[misc]
