"""The folder of an index: loaded as it was, written whole or not at all, refused when damaged."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

from gnn.retrieval import (
    InverseGraphConvolution,
    RelativeRepresentation,
    RetrievalIndex,
    index_files,
)


def vectors(count: int = 60, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=(count, 5)).astype(np.float32)


def same(one: RetrievalIndex, other: RetrievalIndex) -> None:
    queries = vectors(7, 9)
    first, second = one.search(queries, 8), other.search(queries, 8)
    assert first.ids.tolist() == second.ids.tolist()
    np.testing.assert_array_equal(first.scores, second.scores)
    assert one.info() == other.info()


@pytest.mark.parametrize("memory_map", [True, False])
@pytest.mark.parametrize(
    "options",
    [
        {},
        {"method": "hnsw", "metric": "l2", "neighbors": 4, "ef_search": 40},
        {"method": "hnsw", "metric": "inner_product", "ids": [2**70, *map(str, range(59))]},
        {"transform": [InverseGraphConvolution(0.5, 3), RelativeRepresentation(4)]},
    ],
)
def test_it_is_loaded_as_it_was(options: dict[str, Any], memory_map: bool, tmp_path: Path) -> None:
    items = vectors()
    items[5] = items[9]
    items[11] = 0
    index = RetrievalIndex.from_vectors(items, **options)
    index.remove(index.ids[20:22])
    loaded = RetrievalIndex.load(index.save(tmp_path / "index"), memory_map=memory_map)
    same(index, loaded)
    assert loaded.recall == index.recall
    # What lies in a file is copied before it grows.
    more = ["more"] if "ids" in options else None
    for each in (index, loaded):
        each.add(vectors(1, 3), more)
    same(index, loaded)
    loaded.save(tmp_path / "index", overwrite=True)
    same(index, RetrievalIndex.load(tmp_path / "index"))


@pytest.mark.parametrize("stops_at", ["write", "index.json", "ids.npy"])
def test_a_save_that_stops_leaves_the_old_index(
    stops_at: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = RetrievalIndex.from_vectors(vectors())
    old.save(tmp_path / "index")
    with pytest.raises(FileExistsError, match="it exists already"):
        old.save(tmp_path / "index")

    def stop(*arguments: Any) -> None:
        raise KeyboardInterrupt

    if stops_at == "write":
        monkeypatch.setattr("gnn.retrieval.engine.Engine.write", stop)
    elif stops_at == "ids.npy":
        monkeypatch.setattr("gnn.retrieval.item_ids.ItemIds.write", stop)
    else:
        monkeypatch.setattr(index_files, "FACTS", "no/such/folder.json")
    with pytest.raises((KeyboardInterrupt, FileNotFoundError)):
        RetrievalIndex.from_vectors(vectors(90, 1)).save(tmp_path / "index", overwrite=True)
    monkeypatch.undo()
    same(old, RetrievalIndex.load(tmp_path / "index"))
    assert [path.name for path in tmp_path.iterdir()] == ["index"]


def test_other_folders_are_left_alone(tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "notes.txt").write_text("mine")
    with pytest.raises(FileExistsError, match=r"it has no gnn_manifest\.json"):
        RetrievalIndex.from_vectors(vectors()).save(tmp_path / "mine", overwrite=True)
    with pytest.raises(FileNotFoundError, match="is no index: it is no folder of gnn"):
        RetrievalIndex.load(tmp_path / "mine")
    with pytest.raises(FileNotFoundError, match="no index folder"):
        RetrievalIndex.load(tmp_path / "nowhere")


@pytest.mark.parametrize("name", ["vectors.faiss", "index.json", "ids.npy", "center.npy"])
def test_damaged_files_are_named(name: str, tmp_path: Path) -> None:
    path = RetrievalIndex.from_vectors(vectors()).save(tmp_path / "index") / name
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    with pytest.raises(ValueError, match="damaged"):
        RetrievalIndex.load(tmp_path / "index")
    other = RetrievalIndex.from_vectors(vectors(8)).save(tmp_path / "other")
    path.write_bytes((other / name).read_bytes())
    if name != "center.npy":
        with pytest.raises(ValueError, match="its files are not of one index"):
            RetrievalIndex.load(tmp_path / "index")


def test_a_later_version_is_refused(tmp_path: Path) -> None:
    path = RetrievalIndex.from_vectors(vectors()).save(tmp_path / "index") / "index.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "version": 9}))
    with pytest.raises(ValueError, match="is of version 9, of a later gnn"):
        RetrievalIndex.load(tmp_path / "index")


def test_a_model_embeds_items_and_goes_with_the_index(tmp_path: Path) -> None:
    model = keras.Sequential([keras.Input((5,)), keras.layers.Dense(3, use_bias=False)])
    weights = np.asarray(model.layers[0].kernel)
    items = vectors()
    index = RetrievalIndex.from_model(model, items, metric="l2")
    direct = RetrievalIndex.from_vectors(items @ weights, metric="l2")
    loaded = RetrievalIndex.load(index.save(tmp_path / "index"))
    expected = direct.search(items[:4] @ weights, 3).ids.tolist()
    assert index.search_items(items[:4], 3).ids.tolist() == expected
    assert loaded.search_items(items[:4], 3).ids.tolist() == expected
    model.export(tmp_path / "exported", verbose=False)
    served = RetrievalIndex.from_model(str(tmp_path / "exported"), items, metric="l2")
    served.save(tmp_path / "index", overwrite=True)
    served.save(tmp_path / "index", overwrite=True)
    again = RetrievalIndex.load(tmp_path / "index")
    assert again.search_items(items[:4], 3).ids.tolist() == expected
    with pytest.raises(ValueError, match="the index has no model to embed items with"):
        direct.search_items(items[:1])
    with pytest.raises(ValueError, match=r"must have shape \[items, width\]"):
        RetrievalIndex.from_model(lambda items: items[:, 0], items)
    with pytest.raises(TypeError, match="model must be a Keras model"):
        RetrievalIndex.from_model(3, items)
