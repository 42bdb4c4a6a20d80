"""Whole graphs for every replica, on the two logical devices that conftest makes."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from gnn.data import distribute, full_batch, neighborhoods
from gnn.graphs import Graph
from gnn.graphs.batch.graphs_tuple import graph_from_inputs


def make_graph(**changes: Any) -> Graph:
    rng = np.random.default_rng(0)
    fields: dict[str, Any] = {
        "senders": rng.integers(0, 20, 60),
        "receivers": rng.integers(0, 20, 60),
        "features": {"id": np.arange(20)},
        "labels": np.arange(20) * 10,
        "splits": {"train": rng.permutation(20)[:9]},
        **changes,
    }
    return Graph.from_edges(**fields)


@pytest.fixture
def strategy(two_devices: tf.distribute.Strategy) -> tf.distribute.Strategy:
    return two_devices


def steps_of(strategy: tf.distribute.Strategy, dataset: Any) -> list[list[Any]]:
    """What each replica gets at each step."""
    steps = []
    for element in dataset:
        local = tf.nest.map_structure(strategy.experimental_local_results, element)
        steps.append([replica(local, i) for i in range(strategy.num_replicas_in_sync)])
    return steps


def replica(local: Any, i: int) -> Any:
    if isinstance(local, dict):
        return {key: values[i] for key, values in local.items()}
    inputs, labels = local
    return {key: values[i] for key, values in inputs.items()}, labels[i]


def real_rows(inputs: dict[str, Any]) -> list[int]:
    read = inputs["id"].numpy()[inputs["readout"]]
    return read[inputs["readout_mask"].numpy() > 0].tolist()


@pytest.mark.parametrize(
    ("batch_size", "steps", "blank"),
    [
        (4, 3, 1),  # 9 rows in batches of 2 a replica: 5 batches, 3 steps, the last one half empty.
        (6, 2, 1),  # 3 batches of 3.
        (2, 5, 1),  # 9 of 1.
        (10, 1, 0),  # 2 of 5 and 4.
        (18, 1, 1),  # 1 of 9.
    ],
)
def test_each_replica_gets_whole_batches_in_turn(
    strategy: tf.distribute.Strategy, batch_size: int, steps: int, blank: int
) -> None:
    graph = make_graph()
    sizes = []

    def make(context: tf.distribute.InputContext) -> tf.data.Dataset:
        sizes.append(context.get_per_replica_batch_size(batch_size))
        return neighborhoods(
            graph, "train", batch_size=sizes[-1], fanout=(2, 2), seed=0, padding=True
        )

    dataset = distribute(strategy, make)
    assert sizes == [batch_size // 2]
    assert int(dataset.cardinality) == steps
    dealt = [batch for step in steps_of(strategy, dataset) for batch in step]
    assert len(dealt) == 2 * steps
    single = list(
        neighborhoods(graph, "train", batch_size=sizes[0], fanout=(2, 2), seed=0, padding=True)
    )
    for (inputs, labels), (expected, expected_labels) in zip(dealt, single, strict=False):
        np.testing.assert_array_equal(labels, expected_labels)
        for key, value in expected.items():
            np.testing.assert_array_equal(inputs[key], value)
        graph_from_inputs(inputs)  # The sum of n_node is the number of rows.
    rows = [row for inputs, _ in dealt for row in real_rows(inputs)]
    assert rows == graph.splits["train"].tolist()  # Each once, in order.
    assert len(dealt) - len(single) == blank
    for inputs, _ in dealt[len(single) :]:
        assert not np.any(inputs["readout_mask"]) and not np.any(inputs["edges"])
        graph_from_inputs(inputs)


def test_every_epoch_has_every_row(strategy: tf.distribute.Strategy) -> None:
    graph = make_graph()
    dataset = distribute(
        strategy,
        lambda context: neighborhoods(
            graph,
            "train",
            batch_size=2,
            fanout=2,
            shuffle=True,
            seed=0,
            unlabeled="rest",
            padding=True,
        ),
    )
    orders = []
    for _ in range(2):
        dealt = [inputs for step in steps_of(strategy, dataset) for inputs, _ in step]
        orders.append([row for inputs in dealt for row in real_rows(inputs)])
        assert sorted(orders[-1]) == sorted(graph.splits["train"].tolist())
    assert orders[0] != orders[1]


def test_a_full_batch_goes_to_one_replica(strategy: tf.distribute.Strategy) -> None:
    graph = make_graph()
    dataset = distribute(strategy, lambda context: full_batch(graph, "train", padding=True))
    assert int(dataset.cardinality) == 1
    ((first, second),) = steps_of(strategy, dataset)
    assert real_rows(first[0]) == graph.splits["train"].tolist()
    assert real_rows(second[0]) == []


def test_without_labels(strategy: tf.distribute.Strategy) -> None:
    graph = make_graph(labels=None)
    dataset = distribute(
        strategy,
        lambda context: neighborhoods(graph, "train", batch_size=3, fanout=1, padding=True),
    )
    dealt = [inputs for step in steps_of(strategy, dataset) for inputs in step]
    assert [len(real_rows(inputs)) for inputs in dealt] == [3, 3, 3, 0]


def test_one_replica_gets_everything() -> None:
    graph = make_graph()
    dataset = distribute(
        tf.distribute.get_strategy(),
        lambda context: neighborhoods(graph, "train", batch_size=4, fanout=1, padding=True),
    )
    rows = [row for inputs, _ in dataset for row in real_rows(inputs)]
    assert rows == graph.splits["train"].tolist()


@pytest.mark.parametrize("form", ["neighborhoods", "full_batch"])
def test_batches_must_be_padded(strategy: tf.distribute.Strategy, form: str) -> None:
    def make(context: tf.distribute.InputContext) -> tf.data.Dataset:
        if form == "full_batch":
            return full_batch(make_graph(), "train")
        return neighborhoods(make_graph(), "train", batch_size=2, fanout=1)

    missing = "readout_mask is missing" if form == "full_batch" else "'edges'"
    with pytest.raises(ValueError, match=f"must return padded batches.*padding=True.*{missing}"):
        distribute(strategy, make)


def test_a_graph_that_a_strategy_cut_in_two_raises(strategy: tf.distribute.Strategy) -> None:
    inputs = next(iter(full_batch(make_graph(), "train")))[0]
    halves = strategy.experimental_distribute_dataset(
        tf.data.Dataset.from_tensors({"id": inputs["id"]})
    )
    (step,) = steps_of(strategy, halves)
    whole = {key: value for key, value in inputs.items() if key != "id"}
    for half in step:
        assert half["id"].shape == (10,)
        with pytest.raises(tf.errors.InvalidArgumentError, match="give it whole graphs"):
            graph_from_inputs({**whole, **half})


def test_shuffled_epochs_are_those_of_one_device(strategy: tf.distribute.Strategy) -> None:
    graph = make_graph()

    def shuffled(batch_size: int) -> tf.data.Dataset:
        return neighborhoods(
            graph, "train", batch_size=batch_size, fanout=2, shuffle=True, seed=0, padding=True
        )

    dealt = distribute(strategy, lambda context: shuffled(3))  # 3 batches: the last step is filled.
    alone = shuffled(3)
    for _ in range(3):
        expected = [row for inputs, _ in alone for row in real_rows(inputs)]
        steps = steps_of(strategy, dealt)
        assert [
            row for step in steps for inputs, _ in step for row in real_rows(inputs)
        ] == expected


class OneWorker:
    """A strategy as a process of several sees it: its part of the pipelines."""

    def __init__(self, worker: int, workers: int, replicas: int):
        self._context = tf.distribute.InputContext(workers, worker, replicas)

    def distribute_datasets_from_function(self, make: Any) -> Any:
        return make(self._context)

    def reduce(self, reduce_op: Any, value: Any, axis: int | None = None) -> Any:
        return "reduced", value, axis

    def experimental_local_results(self, value: Any) -> tuple[Any, ...]:
        return (value,)


@pytest.mark.parametrize(
    ("workers", "replicas", "rows"),
    [
        (2, 2, [[[0, 1], [4, 5], [8]], [[2, 3], [6, 7], []]]),
        (2, 4, [[[0, 1], [2, 3], [8], []], [[4, 5], [6, 7], [], []]]),
        (3, 3, [[[0, 1], [6, 7]], [[2, 3], [8]], [[4, 5], []]]),
    ],
)
def test_each_worker_gets_the_batches_of_its_replicas(
    workers: int, replicas: int, rows: list[list[list[int]]]
) -> None:
    graph = make_graph(splits={"train": np.arange(9)})
    for worker in range(workers):
        strategy: Any = OneWorker(worker, workers, replicas)
        dataset = distribute(
            strategy,
            lambda context: neighborhoods(graph, "train", batch_size=2, fanout=1, padding=True),
        )
        assert [real_rows(inputs) for inputs, _ in dataset] == rows[worker]
        assert dataset._cardinality == len(rows[worker]) * workers // replicas


def test_strategy_of_several_workers_averages_what_keras_asks() -> None:
    strategy: Any = OneWorker(0, 2, 2)
    for _ in range(2):  # Replaced once, however many data sets there are.
        distribute(strategy, lambda context: full_batch(make_graph(), "train", padding=True))
    scalar, vector = tf.constant(1.0), tf.constant([1.0, 2.0])
    assert strategy.reduce("MEAN", scalar, axis=0) == ("reduced", scalar, None)
    assert strategy.reduce("MEAN", vector, axis=0) == ("reduced", vector, 0)
    # A nest is asked for its shapes alone, and an empty tensor would end the process.
    assert strategy.reduce("MEAN", {"a": scalar, "b": vector}) == {"a": scalar, "b": vector}
