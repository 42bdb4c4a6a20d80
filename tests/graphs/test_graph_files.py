"""Graphs in folders: round trips, grouping in bounded memory, and what is refused."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy import sparse

from gnn.graphs import Graph
from gnn.graphs.sampling.neighbor_index import NeighborIndex
from gnn.graphs.storage.graph_files import open_graph, write_graph
from gnn.graphs.storage.graph_writer import GraphWriter
from gnn.memory_maps import is_memory_mapped


def make_graph(**changes: Any) -> Graph:
    rng = np.random.default_rng(0)
    fields: dict[str, Any] = {
        "senders": rng.integers(0, 50, 400),
        "receivers": rng.integers(0, 40, 400),
        "weights": rng.random(400),
        "features": {
            "x": rng.normal(size=(50, 2, 3)),
            "name": np.array([f"node {i}" for i in range(50)]),
            "words/all": sparse.random_array((50, 9), density=0.3, rng=rng, format="csr"),
        },
        "labels": np.where(np.arange(50) % 5 == 0, -1, np.arange(50) % 3),
        "splits": {"train": [4, 2, 9], "none": []},
        "ids": [f"id {i}" for i in range(50)],
        "merge": "keep",
    }
    return Graph.from_edges(**(fields | changes))


def check_equal(graph: Graph, expected: Graph) -> None:
    """Equal but for the order of the edges, which is by receiver and else as it was."""
    order = np.argsort(expected.receivers, kind="stable")
    for name in ("senders", "receivers", "weights"):
        values = getattr(graph, name)
        np.testing.assert_array_equal(values, getattr(expected, name)[order])
        assert values.dtype == getattr(expected, name).dtype
    assert graph.num_nodes == expected.num_nodes and graph.class_names == expected.class_names
    assert list(graph.features) == list(expected.features)
    for name, value in expected.features.items():
        found = graph.features[name]
        assert found.dtype == value.dtype
        if sparse.issparse(value):
            found, value = found.toarray(), value.toarray()
        np.testing.assert_array_equal(found, value)
    for name in ("labels", "ids"):
        np.testing.assert_array_equal(getattr(graph, name), getattr(expected, name))
    assert {k: v.tolist() for k, v in graph.splits.items()} == {
        k: v.tolist() for k, v in expected.splits.items()
    }
    counts = np.bincount(expected.receivers, minlength=expected.num_nodes)
    np.testing.assert_array_equal(np.diff(graph.offsets), counts)


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"weights": None},
        {"labels": None, "ids": None},
        {"labels": np.random.default_rng(0).normal(size=(50, 2)), "ids": np.arange(50) * 7},
        {"senders": [], "receivers": [], "weights": None},
        {"features": {}},
        {"features": {}, "labels": None, "ids": None, "num_nodes": 50},
        {"labels": ["cat", "dog", None, "cow", "dog"] * 10},
    ],
)
def test_round_trip(changes: dict[str, Any], tmp_path: Path) -> None:
    graph = make_graph(**changes)
    write_graph(graph, tmp_path / "graph")
    check_equal(open_graph(tmp_path / "graph"), graph)


def test_arrays_stay_in_their_files(tmp_path: Path) -> None:
    write_graph(make_graph(), tmp_path / "graph")
    graph = open_graph(tmp_path / "graph")
    again = dataclasses.replace(graph, splits={"other": [1]})
    for held in (graph, again):
        arrays = [held.senders, held.receivers, held.weights, held.labels, held.ids, held.offsets]
        for array in [*arrays, held.features["x"], held.features["name"]]:
            assert isinstance(array, np.memmap) and not array.flags.writeable
        words = held.features["words/all"]
        assert is_memory_mapped(words.data) and is_memory_mapped(words.indices)


def test_a_neighbor_index_takes_the_grouping_as_it_is(tmp_path: Path) -> None:
    graph = make_graph()
    write_graph(graph, tmp_path / "graph")
    index = NeighborIndex.of(open_graph(tmp_path / "graph"))
    assert is_memory_mapped(index.senders) and is_memory_mapped(index.offsets)
    expected = NeighborIndex(graph.senders, graph.receivers, graph.weights, graph.num_nodes)
    for name in ("senders", "weights", "offsets"):
        np.testing.assert_array_equal(getattr(index, name), getattr(expected, name))


@pytest.mark.parametrize("hubs", [False, True])
@pytest.mark.parametrize("edges_at_once", [1, 7, 64, 400, 10_000])
def test_edges_are_grouped_in_bounded_memory(
    edges_at_once: int, hubs: bool, tmp_path: Path
) -> None:
    graph = make_graph()
    if hubs:  # A node with more edges than are sorted at once, among others with none.
        receivers = np.where(np.arange(400) % 3 == 0, 17, graph.receivers)
        graph = dataclasses.replace(graph, receivers=receivers)
    with GraphWriter(tmp_path / "graph", 50, edges_at_once=edges_at_once) as writer:
        for start in range(0, 50, 12):
            rows = slice(start, start + 12)
            writer.add_nodes(
                {name: values[rows] for name, values in graph.features.items()},
                labels=graph.labels[rows],
                ids=graph.ids[rows],
            )
        for start in range(0, 400, 33):
            part = slice(start, start + 33)
            writer.add_edges(graph.senders[part], graph.receivers[part], graph.weights[part])
        writer.add_split("train", [4, 2, 9])
        writer.add_split("none", [])
    check_equal(open_graph(tmp_path / "graph"), graph)
    assert not list((tmp_path / "graph").glob("*.raw"))


def test_weights_of_one_take_no_file(tmp_path: Path) -> None:
    write_graph(make_graph(weights=None), tmp_path / "graph")
    assert not (tmp_path / "graph" / "weights.npy").exists()
    assert open_graph(tmp_path / "graph").weights.strides == (0,)


def test_a_folder_that_is_there(tmp_path: Path) -> None:
    write_graph(make_graph(), tmp_path / "graph")
    with pytest.raises(FileExistsError):
        write_graph(make_graph(ids=None), tmp_path / "graph")
    write_graph(make_graph(ids=None), tmp_path / "graph", overwrite=True)
    assert open_graph(tmp_path / "graph").ids is None


@pytest.mark.parametrize("where", ["user", "edges", "nodes", "missing nodes"])
def test_an_error_leaves_no_folder(where: str, tmp_path: Path) -> None:
    with pytest.raises((RuntimeError, ValueError)):  # noqa: SIM117
        with GraphWriter(tmp_path / "graph", 3) as writer:
            writer.add_nodes({"x": np.zeros((2, 1))})
            if where == "user":
                raise RuntimeError("stop")
            if where == "edges":
                writer.add_edges([0], [3])
            if where == "nodes":
                writer.add_nodes({"x": np.zeros((1, 2))})
    assert list(tmp_path.iterdir()) == []


def test_a_chunk_refused_half_way_is_not_forgotten(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="add_nodes must add num_nodes=3 nodes in all"):  # noqa: SIM117
        with GraphWriter(tmp_path / "graph", 3) as writer:
            writer.add_nodes({"x": np.zeros((2, 1))}, labels=[0, 1])
            with pytest.raises(ValueError, match="labels must have rows of int32"):
                writer.add_nodes({"x": np.zeros((1, 1))}, labels=[0.5])
            writer.add_nodes({"x": np.zeros((1, 1))}, labels=[1])
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("second", "message"),
    [
        ({"features": {"x": np.zeros((2, 1))}}, "nodes in all; got 4"),
        ({"features": {"y": np.zeros((1, 1))}}, "the same each time"),
        ({"features": {"x": np.zeros((1, 1))}, "labels": [1]}, "the same each time"),
        ({"features": {"x": np.zeros((1, 3))}}, r"features\['x'\] must have rows of float32\[1\]"),
        ({"features": {"x": np.zeros((1, 1), int)}}, r"features\['x'\] must have rows of float32"),
        ({"features": {"x": sparse.csr_array(np.eye(1))}}, "must be dense at all nodes"),
    ],
)
def test_chunks_that_differ(second: dict[str, Any], message: str, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=message):  # noqa: SIM117
        with GraphWriter(tmp_path / "graph", 3) as writer:
            writer.add_nodes({"x": np.zeros((2, 1))})
            writer.add_nodes(**second)


def test_names_of_classes_must_be_known_beforehand(tmp_path: Path) -> None:
    for names, chunks in ((["cat", "dog"], [["cat", "dog"], ["dog"]]), (None, [[0, 1], [None]])):
        with GraphWriter(tmp_path / "graph", 3, class_names=names, overwrite=True) as writer:
            for labels in chunks:
                writer.add_nodes({"x": np.zeros((len(labels), 1))}, labels=labels)
        assert open_graph(tmp_path / "graph").labels.tolist() == [0, 1, 1 if names else -1]
    with pytest.raises(TypeError, match="labels must be numbers .* no class_names; .* 'dog'"):  # noqa: SIM117
        with GraphWriter(tmp_path / "other", 1) as writer:
            writer.add_nodes({"x": np.zeros((1, 1))}, labels=["dog"])


@pytest.mark.parametrize("argument", ["num_nodes", "edges_at_once"])
@pytest.mark.parametrize("value", [0, 2.5])
def test_counts_are_whole_numbers(argument: str, value: float, tmp_path: Path) -> None:
    rule = "must be at least 1" if value == 0 else "must be an integer"
    with pytest.raises((TypeError, ValueError), match=f"{argument} {rule}, got {value}"):
        GraphWriter(tmp_path / "graph", **{"num_nodes": 3, argument: value})


def test_ids_that_no_file_holds(tmp_path: Path) -> None:
    with pytest.raises(TypeError, match="ids must be strings or integers"):
        write_graph(make_graph(ids=[(i, i) for i in range(50)]), tmp_path / "graph")
    assert list(tmp_path.iterdir()) == []


def damage(folder: Path, what: str) -> None:
    if what == "version":
        schema = json.loads((folder / "schema.json").read_text())
        (folder / "schema.json").write_text(json.dumps(schema | {"version": 9}))
    elif what == "format":
        (folder / "schema.json").write_text("[]")
    elif what == "lost":
        (folder / "senders.npy").unlink()
    elif what == "cut":
        whole = (folder / "senders.npy").read_bytes()
        (folder / "senders.npy").write_bytes(whole[:200])
    elif what == "offsets":
        np.save(folder / "offsets.npy", np.load(folder / "offsets.npy")[::-1].copy())
    elif what == "order":
        np.save(folder / "receivers.npy", np.load(folder / "receivers.npy")[::-1].copy())


@pytest.mark.parametrize(
    ("what", "message"),
    [
        ("version", "version 9 of the format; this package reads version 1"),
        ("format", "does not describe a graph"),
        ("lost", "lacks its file senders.npy"),
        ("cut", "senders.npy' is damaged"),
        ("offsets", "offsets must say where the edges into each node start"),
        ("order", "offsets must be None where the edges are not sorted by receiver"),
    ],
)
def test_a_damaged_folder(what: str, message: str, tmp_path: Path) -> None:
    write_graph(make_graph(), tmp_path / "graph")
    damage(tmp_path / "graph", what)
    with pytest.raises(ValueError, match=message):
        open_graph(tmp_path / "graph")


def test_repeated_ids_are_found_in_files(tmp_path: Path) -> None:
    with GraphWriter(tmp_path / "graph", 4) as writer:
        writer.add_nodes({}, ids=["a", "b"])
        writer.add_nodes({}, ids=["c", "b"])
    with pytest.raises(ValueError, match="ids must be distinct, got 'b' more than once"):
        open_graph(tmp_path / "graph")
