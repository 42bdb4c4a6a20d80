"""Graph folders and training records that executors made: those of one machine."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tensorflow as tf

import gnn
from gnn import pipelines
from gnn.data.records import read_packed_neighbors, write_packed_neighbors

# Of seven nodes that are no numbers: two features, a list, a label, a split.
ROWS = [
    ("g", 1.0, True, [0.5, 1.5], "cat", "train"),
    ("a", 2.0, False, [1.0, 2.0], "dog", "train"),
    ("c", 3.0, True, [0.0, 0.0], None, None),
    ("bb", 4.0, True, [9.0, 8.0], "cat", "test"),
    ("e", 5.0, False, [0.5, 0.5], "emu", "train"),
    ("d", 6.0, False, [1.5, 1.5], None, "test"),
    ("f", 7.0, True, [2.5, 0.0], "dog", None),
]
NODES = "id string, x double, y boolean, z array<double>, label string, split string"
EDGES = [("a", "g", 0.5), ("c", "g", 0.7), ("bb", "g", 0.7), ("g", "a", 0.2), ("e", "d", 2.0)]
ENDS = "sender string, receiver string, weight double"


def on_one_machine() -> gnn.Graph:
    rows = sorted(ROWS)
    ids = [row[0] for row in rows]
    senders, receivers, weights = zip(*EDGES, strict=True)
    splits = {
        name: [place for place, row in enumerate(rows) if row[5] == name]
        for name in ("test", "train")
    }
    return gnn.Graph(
        {
            "features": np.array([[row[1], row[2]] for row in rows], np.float32),
            "z": np.array([row[3] for row in rows], np.float32),
        },
        [ids.index(name) for name in senders],
        [ids.index(name) for name in receivers],
        np.array(weights, np.float32),
        labels=[row[4] for row in rows],
        splits=splits,
        ids=np.array(ids),
    )


@pytest.fixture
def tables(spark: Any) -> tuple[Any, Any]:
    return spark.createDataFrame(EDGES, ENDS), spark.createDataFrame(ROWS, NODES)


def test_graph_folder(spark: Any, tables: tuple[Any, Any], tmp_path: Path) -> None:
    edges, nodes = tables
    work = tmp_path / "work"
    graph = pipelines.write_graph(
        edges, tmp_path / "graph", nodes=nodes, work=str(work), notes={"from": "a test"}
    )
    expected = on_one_machine()
    assert not work.exists()
    assert graph.notes["from"] == "a test"
    assert graph.class_names == expected.class_names == ("cat", "dog", "emu")
    order = np.lexsort((expected.senders, expected.receivers))
    for name in ("senders", "receivers", "weights"):
        np.testing.assert_array_equal(getattr(graph, name), getattr(expected, name)[order])
    np.testing.assert_array_equal(graph.ids, expected.ids)
    np.testing.assert_array_equal(graph.labels, expected.labels)
    for name in ("features", "z"):
        np.testing.assert_array_equal(graph.features[name], expected.features[name])
    for name in ("test", "train"):
        np.testing.assert_array_equal(graph.splits[name], expected.splits[name])


@pytest.mark.parametrize("split", ["train", None])
def test_packed_records(
    spark: Any, tables: tuple[Any, Any], tmp_path: Path, split: str | None
) -> None:
    """Of g, the heavier of equal neighbors by NSL's rule: c before bb, and a not at all."""
    edges, nodes = tables
    pipelines.write_packed_neighbors(
        edges,
        tmp_path / "packed",
        nodes=nodes,
        work=str(tmp_path / "work"),
        max_neighbors=2,
        split=split,
        shards=3,
    )
    write_packed_neighbors(on_one_machine(), split, tmp_path / "alone", max_neighbors=2)

    def examples(folder: str) -> list[bytes]:
        files = sorted(str(path) for path in (tmp_path / folder).glob("*.tfrecord"))
        return sorted(tf.data.TFRecordDataset(files).as_numpy_iterator())

    def parsed(records: list[bytes]) -> list[Any]:
        return [tf.train.Example.FromString(record) for record in records]

    made, expected = parsed(examples("packed")), parsed(examples("alone"))
    names = [example.features.feature["id"].bytes_list.value[0] for example in made]
    assert len(made) == (3 if split else 7)
    by_id = {example.features.feature["id"].bytes_list.value[0]: example for example in expected}
    assert [by_id[name] for name in names] == made
    ((inputs, labels),) = read_packed_neighbors(tmp_path / "packed", batch_size=7)
    assert inputs["features"].shape[1] == 2
    assert labels.shape == (len(made),)


def test_repeats_are_summed_and_no_name_of_a_column_is_ours(spark: Any, tmp_path: Path) -> None:
    """Columns that are called as what is joined, or have a dot; edges of weight 0 and twice."""
    names = ("receiver", "weight", "rank", "gnn_place", "a.b", "node")
    nodes = spark.createDataFrame(
        [(0, *(1.0 + n for n in range(6)), 3), (5, *(7.0 + n for n in range(6)), None)],
        ["id", *names, "label"],
    )
    edges = spark.createDataFrame(
        [(0, 5, 1.0), (0, 5, 2.0), (5, 0, 0.0)], ENDS.replace("string", "long")
    )
    work = str(tmp_path / "work")
    kept = [name for name in nodes.columns if name != "gnn_place"]
    nodes = nodes.select([nodes[f"`{name}`"] for name in kept])
    graph = pipelines.write_graph(edges, tmp_path / "graph", nodes=nodes, work=work)
    assert (graph.senders.tolist(), graph.receivers.tolist()) == ([0], [1])
    assert graph.weights.tolist() == [3.0]
    assert graph.features["features"].tolist() == [[1, 2, 3, 5, 6], [7, 8, 9, 11, 12]]
    assert graph.labels is not None and graph.labels.tolist() == [3, -1]
    pipelines.write_packed_neighbors(
        edges,
        tmp_path / "packed",
        nodes=nodes,
        work=work,
        max_neighbors=1,
        shards=1,
    )
    ((inputs, labels),) = read_packed_neighbors(tmp_path / "packed", batch_size=2)
    first, second = [1, 2, 3, 5, 6], [7, 8, 9, 11, 12]  # And the first, neighbor of the second.
    assert inputs["features"].numpy().tolist() == [first, first, second]
    assert labels.numpy().tolist() == [3, -1]
    assert sorted(path.name for path in (tmp_path / "packed").iterdir()) == [
        "gnn_manifest.json",
        "packed_neighbors-00000-of-00001.tfrecord",
        "schema.json",
    ]


def test_faults(spark: Any, tables: tuple[Any, Any], tmp_path: Path) -> None:
    edges, nodes = tables
    work = str(tmp_path / "work")

    def write(edges: Any, nodes: Any, **arguments: Any) -> None:
        pipelines.write_graph(edges, tmp_path / "graph", nodes=nodes, work=work, **arguments)

    with pytest.raises(KeyError, match="nodes has no column 'name'"):
        write(edges, nodes, id_column="name")
    with pytest.raises(KeyError, match="edges has no column 'weight'"):
        write(edges.drop("weight"), nodes)
    with pytest.raises(TypeError, match="the column 'label' is string: drop it"):
        write(edges, nodes, label_column="class")
    with pytest.raises(TypeError, match="names of splits in the column 'split'; it is int"):
        write(edges, nodes.selectExpr("id", "1 AS split"))
    with pytest.raises(TypeError, match="labels of text, whole numbers or floats.*decimal"):
        write(edges, nodes.selectExpr("id", "1.5 AS label"))
    with pytest.raises(ValueError, match="labels from 0 to 2147483647, or -1; got 4294967297"):
        write(edges, nodes.selectExpr("id", "4294967297 AS label"))
    with pytest.raises(
        TypeError, match="ids of the kind that nodes have, bigint; sender is string"
    ):
        write(edges, spark.range(3))
    with pytest.raises(ValueError, match="nodes must hold one, got none"):
        write(edges, nodes.where("id = 'z'"))
    with pytest.raises(ValueError, match="nodes must have distinct ids .* got 'g'"):
        write(edges, nodes.union(nodes.where("id = 'g'")))
    for writer, more in (
        (pipelines.write_graph, {}),
        (pipelines.write_packed_neighbors, {"max_neighbors": 1}),
    ):
        with pytest.raises(ValueError, match="edges must join ids that nodes have; 'a' is none"):
            writer(edges, tmp_path / "g", nodes=nodes.where("id != 'a'"), work=work, **more)
    with pytest.raises(ValueError, match="finite number in the column 'x'; that of 'c' has None"):
        write(edges, nodes.selectExpr("id", "nullif(x, 3.0) AS x"))
    with pytest.raises(ValueError, match="split 'none' holds no nodes"):
        pipelines.write_packed_neighbors(
            edges, tmp_path / "g", nodes=nodes, work=work, max_neighbors=1, split="none"
        )
    for records in (edges.limit(0), edges.selectExpr("sender", "null AS item")):
        with pytest.raises((ValueError, TypeError), match="records"):
            pipelines.build_graph(
                records.withColumnsRenamed({"sender": "session", "receiver": "item"}),
                tmp_path / "graph",
                work=work,
            )
    assert not (tmp_path / "graph").exists()
    assert not (tmp_path / "g").exists()
