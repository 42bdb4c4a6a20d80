"""NSL's packed neighbor features become stars, for any names, dtypes and batch sizes."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from gnn import configs, make_cora_dataset, nsl, pack_nodes_and_edges
from gnn.graphs.batch.keys import GRAPH_KEYS

TWO = configs.GraphNeighborConfig(max_neighbors=2)


def three_examples() -> dict[str, Any]:
    """The first has two neighbors, the second none, the third its first one."""
    return {
        "x": [[10.0], [20.0], [30.0]],
        "NL_nbr_0_x": [[1.0], [2.0], [3.0]],
        "NL_nbr_1_x": [[4.0], [5.0], [6.0]],
        "NL_nbr_0_weight": [[0.5], [0.0], [2.0]],
        "NL_nbr_1_weight": [[1.0], [0.0], [0.0]],
    }


def star_oracle(
    features: Mapping[str, np.ndarray], max_neighbors: int, rows: int
) -> dict[str, np.ndarray]:
    """The predecessor's definition, one example after the other: its neighbors, then itself."""
    names = [name for name in features if not name.startswith("NL_nbr_")]
    graph: dict[str, list[Any]] = {name: [] for name in [*names, *GRAPH_KEYS]}
    num_nodes = 0
    for row in range(rows):
        kept = [
            i for i in range(max_neighbors) if np.ravel(features[f"NL_nbr_{i}_weight"][row]) > 0
        ]
        for name in names:
            graph[name] += [features[f"NL_nbr_{i}_{name}"][row] for i in kept]
            graph[name].append(features[name][row])
        center = num_nodes + len(kept)
        graph["senders"] += range(num_nodes, center)
        graph["receivers"] += [center] * len(kept)
        graph["edges"] += [np.ravel(features[f"NL_nbr_{i}_weight"][row]) for i in kept]
        graph["n_node"].append(len(kept) + 1)
        graph["n_edge"].append(len(kept))
        num_nodes = center + 1
    return {name: np.array(values) for name, values in graph.items() if name != "globals"}


def assert_equals_oracle(
    graph: Mapping[str, tf.Tensor], features: Mapping[str, Any], max_neighbors: int, rows: int
) -> None:
    expected = star_oracle(features, max_neighbors, rows)
    for name, value in expected.items():
        value = value.reshape([-1, 1]) if name == "edges" else value
        np.testing.assert_array_equal(graph[name].numpy(), value, err_msg=name)
    np.testing.assert_array_equal(graph["readout"], np.cumsum(expected["n_node"]) - 1)
    assert graph["globals"].shape == (rows, 0)


def test_three_stars_by_hand() -> None:
    graph = pack_nodes_and_edges(3, TWO, three_examples())
    # Nodes: the first star 1, 4, 10; the second 20 alone; the third 3, 30.
    expected = {
        "x": [[1.0], [4.0], [10.0], [20.0], [3.0], [30.0]],
        "n_node": [3, 1, 2],
        "n_edge": [2, 0, 1],
        "edges": [[0.5], [1.0], [2.0]],
        "senders": [0, 1, 4],
        "receivers": [2, 2, 5],
        "globals": [[], [], []],
        "readout": [2, 3, 5],
    }
    assert {key: value.numpy().tolist() for key, value in graph.items()} == expected
    for key in ("n_node", "n_edge", "senders", "receivers", "readout"):
        assert graph[key].dtype == tf.int32, key
    assert graph["edges"].dtype == tf.float32


def test_labels_and_weights_are_handed_on() -> None:
    graph, labels, weights = pack_nodes_and_edges(3, TWO, three_examples(), [0, 1, 2], "weights")
    assert labels == [0, 1, 2] and weights == "weights"
    assert graph["n_node"].numpy().tolist() == [3, 1, 2]


def test_input_is_left_alone() -> None:
    features = three_examples()
    before = {key: list(value) for key, value in features.items()}
    pack_nodes_and_edges(3, TWO, features)
    assert features == before


@pytest.mark.parametrize("rows", [1, 2, 7])
@pytest.mark.parametrize("max_neighbors", [0, 1, 3])
@pytest.mark.parametrize("in_a_dataset", [False, True])
def test_any_names_and_dtypes_equal_the_oracle(
    rows: int, max_neighbors: int, in_a_dataset: bool
) -> None:
    rng = np.random.default_rng(rows * 10 + max_neighbors)

    def draw() -> dict[str, np.ndarray]:
        return {
            "words": rng.integers(0, 9, (rows, 4)),
            "image": rng.normal(size=(rows, 3, 2, 1)).astype(np.float32),
            "age": rng.integers(0, 99, rows).astype(np.int32),
            "query": rng.choice([b"cat", b"dog", b""], (rows, 1)),
            "seen": rng.random(rows) < 0.5,
        }

    features: dict[str, Any] = draw()
    for i in range(max_neighbors):
        features |= {f"NL_nbr_{i}_{name}": value for name, value in draw().items()}
        weights = rng.choice([0.0, 0.0, 0.5, 2.0], (rows, 1)).astype(np.float32)
        features[f"NL_nbr_{i}_weight"] = weights
    config = configs.GraphNeighborConfig(max_neighbors=max_neighbors)
    if in_a_dataset:
        dataset = tf.data.Dataset.from_tensor_slices(features).batch(rows + 3)
        graph = next(iter(dataset.map(lambda x: pack_nodes_and_edges(rows + 3, config, x))))
    else:
        graph = pack_nodes_and_edges(rows, config, features)
    assert_equals_oracle(graph, features, max_neighbors, rows)
    assert graph["words"].dtype == tf.int64 and graph["query"].dtype == tf.string
    assert graph["image"].shape[1:] == (3, 2, 1)


def test_one_example_with_one_neighbor() -> None:
    # The predecessor squeezed the [1, 1] weights to a scalar here, and failed.
    features = {"x": [[1, 2]], "NL_nbr_0_x": [[3, 4]], "NL_nbr_0_weight": [[0.25]]}
    graph = pack_nodes_and_edges(1, configs.GraphNeighborConfig(max_neighbors=1), features)
    assert graph["x"].numpy().tolist() == [[3, 4], [1, 2]]
    assert graph["edges"].numpy().tolist() == [[0.25]]
    assert (graph["senders"].numpy().tolist(), graph["receivers"].numpy().tolist()) == ([0], [1])


def test_weights_may_have_no_second_axis_and_be_integers() -> None:
    features = three_examples()
    features["NL_nbr_0_weight"] = np.array([2, 0, 1])
    features["NL_nbr_1_weight"] = np.array([1, 0, 0])
    graph = pack_nodes_and_edges(3, TWO, features)
    assert graph["edges"].numpy().tolist() == [[2.0], [1.0], [1.0]]


@pytest.mark.parametrize("batch_size", [None, 1, 128])
def test_the_size_is_read_off_the_features(batch_size: int | None) -> None:
    graph = pack_nodes_and_edges(batch_size, TWO, three_examples())
    assert graph["n_node"].numpy().tolist() == [3, 1, 2]


def test_no_neighbors_wanted() -> None:
    graph = pack_nodes_and_edges(3, configs.GraphNeighborConfig(), three_examples())
    assert sorted(graph) == sorted(["x", "readout", *GRAPH_KEYS])
    assert graph["x"].numpy().tolist() == [[10.0], [20.0], [30.0]]
    assert graph["n_node"].numpy().tolist() == [1, 1, 1]
    assert graph["edges"].shape == (0, 1)


def test_fewer_neighbors_than_there_are() -> None:
    graph = pack_nodes_and_edges(3, configs.GraphNeighborConfig(max_neighbors=1), three_examples())
    # Neighbor 1 is not read: 1, 10; 20; 3, 30.
    assert graph["x"].numpy().ravel().tolist() == [1.0, 10.0, 20.0, 3.0, 30.0]


@pytest.mark.parametrize(
    "config",
    [
        nsl.configs.GraphNeighborConfig(max_neighbors=2),
        nsl.configs.GraphRegConfig(
            neighbor_config=nsl.configs.GraphNeighborConfig(max_neighbors=2)
        ),
        configs.GraphRegConfig(TWO),
        {"max_neighbors": 2},
    ],
    ids=["nsl_neighbors", "nsl_regularization", "regularization", "dict"],
)
def test_every_form_of_the_config(config: Any) -> None:
    graph = pack_nodes_and_edges(3, config, three_examples())
    assert graph["n_node"].numpy().tolist() == [3, 1, 2]


def test_own_prefix_and_suffix() -> None:
    config = nsl.configs.GraphNeighborConfig(prefix="near_", weight_suffix=".w", max_neighbors=1)
    features = {"x": [[1.0]], "near_0_x": [[2.0]], "near_0.w": [[3.0]]}
    graph = pack_nodes_and_edges(1, config, features)
    assert graph["x"].numpy().tolist() == [[2.0], [1.0]]
    assert graph["edges"].numpy().tolist() == [[3.0]]


def test_neighbors_in_the_order_of_nsls_own_layer() -> None:
    features = {key: tf.constant(value) for key, value in three_examples().items()}
    # As many rows as examples times neighbors, those of weight 0 among them.
    own, neighbors, weights = nsl.keras.layers.NeighborFeatures(
        nsl.configs.GraphNeighborConfig(max_neighbors=2)
    )(dict(features))
    graph = pack_nodes_and_edges(3, TWO, features)
    kept = weights.numpy().ravel() > 0
    np.testing.assert_array_equal(
        tf.gather(graph["x"], graph["senders"]), neighbors["x"].numpy()[kept]
    )
    np.testing.assert_array_equal(tf.gather(graph["x"], graph["readout"]), own["x"])
    np.testing.assert_array_equal(graph["edges"], weights.numpy()[kept])


@pytest.mark.parametrize("missing", ["NL_nbr_1_x", "NL_nbr_0_weight"])
def test_a_missing_key_is_named(missing: str) -> None:
    features = three_examples()
    del features[missing]
    with pytest.raises(KeyError, match=f"'{missing}'.*neighbor_config"):
        pack_nodes_and_edges(3, TWO, features)


def test_a_feature_without_neighbors_of_its_own_is_named() -> None:
    # NSL's pack_nbrs writes NL_num_nbrs, which has no counterpart at the neighbors.
    features = {**three_examples(), "NL_num_nbrs": [[2], [0], [1]]}
    with pytest.raises(KeyError, match="NL_nbr_0_NL_num_nbrs"):
        pack_nodes_and_edges(3, TWO, features)


def test_no_features_but_neighbors() -> None:
    features = three_examples()
    del features["x"]
    with pytest.raises(ValueError, match="nothing but neighbor features"):
        pack_nodes_and_edges(3, TWO, features)


@pytest.mark.parametrize("name", ["edges", "readout"])
def test_a_feature_named_like_a_graph_key_is_refused(name: str) -> None:
    features = {name: [[1.0]], "x": [[2.0]]}
    with pytest.raises(ValueError, match=name):
        pack_nodes_and_edges(1, configs.GraphNeighborConfig(), features)


# Records as NSL's tools write them.


def record(words: list[int], label: int | None, neighbors: list[tuple[list[int], float]]) -> bytes:
    example = tf.train.Example()
    feature = example.features.feature
    feature["words"].int64_list.value.extend(words)
    if label is not None:
        feature["label"].int64_list.value.append(label)
    for i, (their_words, weight) in enumerate(neighbors):
        feature[f"NL_nbr_{i}_words"].int64_list.value.extend(their_words)
        feature[f"NL_nbr_{i}_weight"].float_list.value.append(weight)
    return example.SerializeToString()


@pytest.fixture
def records(tmp_path: Path) -> Path:
    """Five examples with i % 3 neighbors each; the last has no label."""
    path = tmp_path / "examples.tfr"
    with tf.io.TFRecordWriter(str(path)) as writer:
        for i in range(5):
            neighbors = [([0, 0, 10 * i + j], 1.0 + j) for j in range(i % 3)]
            writer.write(record([i, 1, 0], i if i < 4 else None, neighbors))
    return path


def test_records_by_hand(records: Path) -> None:
    dataset = make_cora_dataset(str(records), batch_size=2, neighbor_config=TWO, max_seq_length=3)
    batches = list(dataset)
    assert int(dataset.cardinality()) == len(batches) == 3
    assert [labels.numpy().tolist() for _, labels in batches] == [[0, 1], [2, 3], [-1]]
    assert [x["n_node"].numpy().tolist() for x, _ in batches] == [[1, 2], [3, 1], [2]]
    # Example 2 has neighbors 20 and 21 of weights 1 and 2; example 3 has none.
    inputs = batches[1][0]
    assert inputs["words"].numpy().tolist() == [[0, 0, 20], [0, 0, 21], [2, 1, 0], [3, 1, 0]]
    assert inputs["edges"].numpy().tolist() == [[1.0], [2.0]]
    assert inputs["words"].dtype == tf.int64
    assert tf.data.experimental.get_structure(dataset)[0]["words"].shape[-1] == 3


def test_records_without_a_config_have_no_neighbors(records: Path) -> None:
    batches = list(make_cora_dataset(str(records), batch_size=32, max_seq_length=3))
    ((inputs, labels),) = batches
    assert inputs["n_edge"].numpy().tolist() == [0] * 5
    assert labels.numpy().tolist() == [0, 1, 2, 3, -1]


def test_shuffled_records_are_the_same_records(records: Path) -> None:
    dataset = make_cora_dataset(str(records), 2, shuffle=True, max_seq_length=3)
    epochs = [np.concatenate([labels for _, labels in dataset]).tolist() for _ in range(8)]
    assert all(sorted(epoch) == [-1, 0, 1, 2, 3] for epoch in epochs)
    assert len({tuple(epoch) for epoch in epochs}) > 1


def test_no_such_file(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="nowhere.tfr"):
        make_cora_dataset(str(tmp_path / "nowhere.tfr"))


def test_a_truncated_file(records: Path) -> None:
    records.write_bytes(records.read_bytes()[:-5])
    with pytest.raises(tf.errors.DataLossError, match="examples.tfr: record 4 "):
        make_cora_dataset(str(records), max_seq_length=3)


@pytest.mark.parametrize("weight", [-1.0, float("nan"), float("inf")])
def test_weights_that_are_none_are_named(weight: float) -> None:
    features = three_examples()
    features["NL_nbr_1_weight"] = [[0.5], [weight], [1.0]]
    with pytest.raises(tf.errors.InvalidArgumentError, match="NL_nbr_1_weight must hold finite"):
        pack_nodes_and_edges(3, TWO, features)
