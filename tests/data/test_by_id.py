"""Batches by id hold what the batches of the data set hold, features looked up in a table."""

from __future__ import annotations

import dataclasses
import gc
import weakref
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tensorflow as tf
from scipy import sparse

import gnn
from gnn.data import clusters, graph_batches, neighborhoods
from gnn.data.by_id import dataset_by_id, form_of, whole_inputs
from gnn.data.packed_keys import PackedKeys
from gnn.data.shared_tensors import shared_tensor
from gnn.graphs.graph import Graph
from gnn.training.counted_passes import CountedPasses

RNG = np.random.default_rng(5)
DENSE = RNG.normal(size=(12, 3)).astype(np.float32)
SPARSE = sparse.random(12, 4, 0.4, "csr", np.float32, random_state=0)
GRAPH = Graph.from_edges(
    *RNG.integers(0, 12, (2, 40)),
    {"x": DENSE, "words": SPARSE},
    labels=np.arange(12) % 3,
    splits={"train": np.arange(0, 12, 2)},
)
ONLY_DENSE = dataclasses.replace(GRAPH, features={"x": DENSE})


def drawn(graph: Graph = GRAPH, **kwargs: Any) -> tf.data.Dataset:
    given = {"batch_size": 2, "fanout": (2, 1), "shuffle": True, "seed": 3, **kwargs}
    return neighborhoods(graph, "train", **given)


MAKERS: dict[str, Callable[[], tf.data.Dataset]] = {
    "dense and sparse": drawn,
    "padded": lambda: drawn(ONLY_DENSE, padding=True),
    "merged": lambda: drawn(merge=True, known_labels="train"),
    "unlabeled": lambda: drawn(unlabeled="rest", unlabeled_batch_size=3),
    "columns of labels": lambda: drawn(
        dataclasses.replace(GRAPH, labels=np.eye(12, dtype=np.float32))
    ),
    "no labels": lambda: drawn(dataclasses.replace(GRAPH, labels=None)),
    "clusters": lambda: clusters(GRAPH, "train", parts=np.arange(12) % 4, shuffle=True, seed=1),
    "graphs": lambda: graph_batches(
        [Graph.from_edges([0], [1], DENSE[:3]), Graph.from_edges([1], [0], DENSE[3:5])],
        labels=[0, 1],
        batch_size=2,
    ),
}


def parts(element: Any) -> list[np.ndarray]:
    """An element with its features, flat, in the order of the names."""
    inputs, labels = element if isinstance(element, tuple) else (element, None)
    whole = whole_inputs(inputs)
    assert labels is None or isinstance(inputs, dict)
    return [np.asarray(x) for x in tf.nest.flatten((whole, labels), expand_composites=True)]


def equal(element: Any, other: Any) -> bool:
    pairs = zip(parts(element), parts(other), strict=True)
    return all(a.dtype == b.dtype and np.array_equal(a, b) for a, b in pairs)


@pytest.mark.parametrize("name", MAKERS)
def test_batches_are_the_same(name: str) -> None:
    # Each takes its epochs in turn, so each has a data set of its own; two epochs.
    plain, by_id = MAKERS[name](), dataset_by_id(MAKERS[name]())
    assert by_id is not None and by_id.cardinality() == plain.cardinality()
    for _ in range(2):
        assert all(equal(a, b) for a, b in zip(plain, by_id, strict=True))


@pytest.mark.parametrize("name", ["dense and sparse", "padded", "columns of labels"])
def test_several_batches_in_one(name: str) -> None:
    plain, several = MAKERS[name](), dataset_by_id(MAKERS[name](), at_once=2)
    assert len(several) == 2  # Three batches: two, and one.
    found = []
    for vectors, labels in several:
        form = form_of(vectors)
        for place in range(int(form.num_batches(vectors))):
            inputs, rows = form.batch(vectors, tf.constant(place))
            found.append((inputs, labels[rows]))
    assert all(equal(a, b) for a, b in zip(plain, found, strict=True))


def test_epochs_are_taken_in_turn_with_those_of_the_data_set() -> None:
    data, expected = drawn(), [list(each) for each in [drawn()] * 3]
    turns = [data, dataset_by_id(data), data]
    for turn, epoch in zip(turns, expected, strict=True):
        assert all(equal(a, b) for a, b in zip(turn, epoch, strict=True))


def test_what_has_no_form_by_id(tmp_path: Path) -> None:
    np.save(tmp_path / "x.npy", DENSE)
    mapped = np.load(tmp_path / "x.npy", mmap_mode="r")
    texts = np.array(["a", "b"] * 6)
    for data in (
        drawn(features="batches"),
        drawn().map(lambda inputs, labels: (inputs, labels)),
        drawn(padding=True),  # Sparse features, which padded batches hold dense.
        drawn(dataclasses.replace(GRAPH, features={"x": DENSE, "text": texts})),
        drawn(dataclasses.replace(GRAPH, features={"x": mapped})),
    ):
        assert dataset_by_id(data) is None
    with pytest.raises(ValueError, match="features must be one of .*; got 'gpu'"):
        drawn(features="gpu")


def test_data_sets_of_one_graph_share_a_table() -> None:
    forms = [
        form_of(dataset_by_id(data).element_spec[0])
        for data in (drawn(), drawn(seed=8), drawn(batch_size=3), drawn(ONLY_DENSE))
    ]
    assert forms[0] is forms[1] is forms[2] and forms[3] is not forms[0]


def test_what_is_written_to_features_reaches_the_next_data_set() -> None:
    features = DENSE.copy()
    graph = dataclasses.replace(GRAPH, features={"x": features})
    before = dataset_by_id(drawn(graph))
    held = next(iter(before))
    features += 1
    after = next(iter(dataset_by_id(drawn(graph))))
    rows, moved = (whole_inputs(inputs)["x"].numpy() for inputs, _ in (held, after))
    np.testing.assert_array_equal(moved, rows + 1)
    gaps = np.array([np.nan, 1.0])
    assert shared_tensor(gaps) is shared_tensor(gaps)


@pytest.mark.parametrize("name", ["by id", "in batches", "in parts", "counted"])
def test_data_that_is_let_go_of_leaves_no_features(name: str) -> None:
    def gone_over() -> list[weakref.ref[Any]]:
        padded = name == "in parts"
        given = {"x": DENSE.copy()} | ({} if padded else {"words": SPARSE.copy()})
        graph = dataclasses.replace(GRAPH, features=given)
        shared = shared_tensor(graph.features["x"])
        refs = [weakref.ref(each) for each in (*given.values(), shared)]
        del shared
        sizes = gnn.graphs.PaddingSizes(12, 12, 3, 1)
        extra = {"padding": sizes, "oversize": "split"} if padded else {}
        data = drawn(graph, **extra)
        if name == "counted":
            passes = CountedPasses(data)
            passes.start()
            data = passes.batches
            refs.append(weakref.ref(passes))
        data = data if name in ("in batches", "in parts") else dataset_by_id(data)
        iterator = iter(data.map(lambda inputs, labels: (inputs, labels)).repeat(2))
        del graph, given, data
        gc.collect()
        assert len(list(iterator)) >= 6  # Who goes over it holds what it needs.
        return refs

    refs = gone_over()
    gc.collect()
    assert [ref() for ref in refs] == [None] * len(refs)


def test_a_table_lies_once_on_a_device() -> None:
    first = shared_tensor(DENSE)
    assert first.on("CPU:0") is first and first.on("CPU:1") is first.on("CPU:1") is not first
    assert first.on("CPU:1").tensor.device.endswith("CPU:1")


def test_packing_of_arrays_of_known_sizes() -> None:
    keys = PackedKeys(
        {
            "mask": tf.TensorSpec([2], tf.bool),
            "edges": tf.TensorSpec([3, 2], tf.float32),
            "none": tf.TensorSpec([2, 0], tf.float32),
        }
    )
    packed = keys.pack(
        {
            "mask": np.array([True, False]),
            "edges": np.arange(6.0).reshape(3, 2),
            "none": np.zeros((2, 0)),
        }
    )
    assert packed["ints"].tolist() == [1, 0] and packed["floats"].tolist() == [0, 1, 2, 3, 4, 5]
    arrays = keys.unpack({name: tf.constant(vector) for name, vector in packed.items()})
    assert arrays["mask"].numpy().tolist() == [True, False]
    assert arrays["edges"].shape == (3, 2) and arrays["none"].shape == (2, 0)
    with pytest.raises(TypeError, match="ids must be int32, bool or float32; got int64"):
        PackedKeys({"ids": tf.TensorSpec([2], tf.int64)})
