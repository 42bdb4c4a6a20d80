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


def test_faults(spark: Any, tables: tuple[Any, Any], tmp_path: Path) -> None:
    edges, nodes = tables
    work = str(tmp_path / "work")

    def write(edges: Any, nodes: Any, **arguments: Any) -> None:
        pipelines.write_graph(edges, tmp_path / "graph", nodes=nodes, work=work, **arguments)

    with pytest.raises(KeyError, match="nodes has no column 'name'"):
        write(edges, nodes, id_column="name")
    with pytest.raises(TypeError, match="the column 'label' is string: drop it"):
        write(edges, nodes, label_column="class")
    with pytest.raises(ValueError, match="edges must join ids that nodes have"):
        write(edges, nodes.where("id != 'a'"))
    with pytest.raises(ValueError, match="nodes must have distinct ids .* got 'g'"):
        write(edges, nodes.union(nodes.where("id = 'g'")))
    with pytest.raises(ValueError, match="finite number in the column 'x'; that of 'c' has None"):
        write(edges, nodes.selectExpr("id", "nullif(x, 3.0) AS x"))
    assert not (tmp_path / "graph").exists()
