"""Two thousand small graphs through every constructor, against a slow oracle written apart."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import hypothesis.strategies as st
import networkx as nx
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from scipy import sparse

from gnn.datasets import from_folder
from gnn.edges.merging import MERGES
from gnn.graphs.graph import Graph

Edge = tuple[int, int, float]


# The oracle: what the rule says, an edge at a time.
def edges_by_hand(records: list[Edge], merge: str, undirected: bool) -> list[list[Any]]:
    edges: list[list[Any]] = []
    for sender, receiver, weight in records:
        same = [edge for edge in edges if edge[:2] == [sender, receiver]]
        if weight == 0:
            continue
        if not same or merge == "keep":
            edges.append([sender, receiver, weight])
        elif merge == "sum":
            same[0][2] += weight
        elif merge == "max":
            same[0][2] = max(same[0][2], weight)
    if not undirected:
        return edges
    listed: dict[tuple[int, int, int], list[Any]] = {}
    for edge in edges:
        number = sum(key[:2] == tuple(edge[:2]) for key in listed)
        listed[(*edge[:2], number)] = edge
    added = []
    for (sender, receiver, number), edge in listed.items():
        back = listed.get((receiver, sender, number))
        if back is None:
            added.append([receiver, sender, edge[2]])
        else:
            edge[2] = back[2] = max(edge[2], back[2])
    return edges + added


def labels_by_hand(labels: list[Any]) -> list[int]:
    def is_missing(label: Any) -> bool:
        return label is None or label != label or label in ("NA", "")

    found = {label for label in labels if not is_missing(label)}
    if found == {-1, 1} or any(isinstance(label, str) for label in found):
        numbers = {label: place for place, label in enumerate(sorted(found))}
    else:
        numbers = {label: int(label) for label in found}
    return [-1 if is_missing(label) else numbers[label] for label in labels]


MISSING = [None, float("nan"), "NA", ""]
KINDS = {"text": ["cat", "dog", "None?"], "whole": [0, 2, 1], "floats": [0.0, 1.0, 4.0]}


@st.composite
def cases(draw: Any) -> dict[str, Any]:
    count = draw(st.integers(1, 4))
    node = st.integers(0, count - 1)
    weight = st.sampled_from([1.0, 2.0, 0.5, 0.0, 3.0])
    kind = draw(st.sampled_from(["signs", *KINDS])) if count > 1 else "text"
    values = [*KINDS.get(kind, [-1, 1]), *MISSING]
    labels = draw(st.lists(st.sampled_from(values), min_size=count, max_size=count))
    if kind == "signs":
        labels[:2] = [1, -1]
    return {
        "count": count,
        "records": draw(st.lists(st.tuples(node, node, weight), max_size=8)),
        "labels": labels,
        "merge": draw(st.sampled_from(MERGES)),
        "undirected": draw(st.booleans()),
        "by_name": draw(st.sampled_from(["networkx", "pandas", "folder"])),
    }


FOLDER = tempfile.TemporaryDirectory()


def graphs_of(case: dict[str, Any]) -> Iterator[tuple[str, Graph, bool]]:
    """The graphs of the constructors, and whether their edges come in the order of the records.

    Those that find nodes by name are slower, and take turns.
    """
    count, records, labels = case["count"], case["records"], case["labels"]
    senders, receivers, weights = np.array(records, float).reshape(-1, 3).T
    ends = senders.astype(int), receivers.astype(int)
    names = [f"n{i}" for i in range(count)]
    options = {"merge": case["merge"], "undirected": case["undirected"], "label_kind": "class"}
    nodes = options | {"labels": labels}
    yield "edges", Graph.from_edges(*ends, weights=weights, **nodes), True
    yield "edge_index", Graph.from_edge_index(np.stack(ends), weights=weights, **nodes), True
    matrix = sparse.coo_array((weights, ends), shape=(count, count))
    yield "scipy", Graph.from_scipy(matrix, **nodes), False
    if case["by_name"] == "networkx":
        network = nx.MultiDiGraph()
        network.add_nodes_from((name, {"y": y}) for name, y in zip(names, labels, strict=True))
        network.add_edges_from((names[s], names[r], {"weight": w}) for s, r, w in records)
        yield "networkx", Graph.from_networkx(network, label="y", **options), False
    elif case["by_name"] == "pandas":
        found = {"source": [names[s] for s in ends[0]], "target": [names[r] for r in ends[1]]}
        edges = pd.DataFrame(found | {"weight": weights})
        rows = pd.DataFrame({"y": pd.Series(labels, names, object)})
        yield "pandas", Graph.from_pandas(rows, edges, label="y", **options), True
    elif records:
        folder = Path(FOLDER.name)
        lines = [f"n{i},{'' if y is None else y}" for i, y in enumerate(labels)]
        (folder / "nodes.csv").write_text("\n".join(["id,label", *lines]))
        lines = [f"n{s},n{r},{w}" for s, r, w in records]
        (folder / "edges.csv").write_text("\n".join(["source,target,weight", *lines]))
        yield "folder", from_folder(folder, **options), True


@settings(max_examples=2000, deadline=None, derandomize=True, database=None)
@given(cases())
def test_every_constructor_gives_the_graph_of_the_oracle(case: dict[str, Any]) -> None:
    expected = [tuple(e) for e in edges_by_hand(case["records"], case["merge"], case["undirected"])]
    labels = labels_by_hand(case["labels"])
    for name, graph, in_order in graphs_of(case):
        found = list(
            zip(
                graph.senders.tolist(),
                graph.receivers.tolist(),
                graph.weights.tolist(),
                strict=True,
            )
        )
        if in_order:
            assert found == expected, name
        else:
            assert sorted(found) == sorted(expected), name
        assert graph.num_nodes == case["count"], name
        if name == "folder" and max(labels) < 0:
            assert graph.labels is None
        else:
            assert graph.labels is not None and graph.labels.tolist() == labels, name
        if name == "edges" and case["undirected"] and expected:
            assert ", undirected" in graph.info(), name


RECORDS = st.lists(
    st.tuples(st.sampled_from([1, 2, None, "NA"]), st.sampled_from(["a", "b", "c", "z", None, ""])),
    max_size=9,
)


@settings(max_examples=300, deadline=None, derandomize=True, database=None)
@given(RECORDS)
def test_sessions_are_those_of_the_oracle(records: list[tuple[Any, Any]]) -> None:
    ids = ["a", "b", "c"]
    good = [(s, i) for s, i in records if s not in (None, "NA") and i in ids]
    expected = {}
    for one in ids:
        for other in ids:
            both = {s for s, i in good if i == one} & {s for s, i in good if i == other}
            if one != other and both:
                expected[one, other] = float(len(both))
    table = {"session": [s for s, _ in records], "item": [i for _, i in records]}
    graph = Graph.from_sessions(table, ids=ids, unknown="drop", missing="drop")
    found = zip(graph.senders.tolist(), graph.receivers.tolist(), strict=True)
    pairs = [(ids[s], ids[r]) for s, r in found]
    assert dict(zip(pairs, graph.weights.tolist(), strict=True)) == expected
    gaps = sum(s in (None, "NA") or i in (None, "") for s, i in records)
    if gaps:
        assert f"{gaps} without a session or an item left out" in graph.info()
        with pytest.raises(ValueError, match="each record must have its"):
            Graph.from_sessions(table, ids=ids, unknown="drop")
