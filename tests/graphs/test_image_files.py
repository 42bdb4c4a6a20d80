"""Images in files as a feature: rows in any order, what is broken, batches, copies and folders."""

from __future__ import annotations

import base64
import dataclasses

import keras
import numpy as np
import pytest
import tensorflow as tf

from gnn.data import full_batch, neighborhoods
from gnn.data.row_batches import all_rows
from gnn.graphs import Graph, ImageFiles, image_files, open_graph, write_graph

NUMBER = 5


@pytest.fixture
def folder(tmp_path):
    """Files 0.png to 4.png of 2 x 3 pixels, all of the file's number."""
    for number in range(NUMBER):
        pixels = np.full((2, 3, 1), number + 1, np.uint8)
        (tmp_path / f"{number}.png").write_bytes(tf.io.encode_png(pixels).numpy())
    return tmp_path


@pytest.fixture
def files(folder):
    return ImageFiles([f"{k}.png" for k in range(NUMBER)], (2, 3), 1, root=folder)


def numbers(images):
    images = np.asarray(images)
    assert images.shape[1:] == (2, 3, 1) and images.dtype == np.uint8
    assert (images == images[:, :1, :1]).all()
    return images[:, 0, 0, 0].tolist()


@pytest.fixture
def left_in_files(monkeypatch):
    """As with more images than are kept."""
    monkeypatch.setattr(image_files, "MOST_HELD", 0)


def test_it_looks_like_an_array(files):
    assert (files.shape, files.dtype, files.ndim, files.nbytes) == ((5, 2, 3, 1), np.uint8, 4, 30)
    assert len(files) == 5
    assert numbers(files) == [1, 2, 3, 4, 5]


@pytest.mark.parametrize(
    ("rows", "found"),
    [
        ([4, 0, 0], [5, 1, 1]),
        (slice(1, 4), [2, 3, 4]),
        (np.array([True, False, False, True, False]), [1, 4]),
        ([-1], [5]),
        (np.zeros(0, int), []),
    ],
)
def test_rows_come_as_asked(files, rows, found):
    assert numbers(files[rows]) == found
    files.held()
    assert numbers(files[rows]) == found


def test_one_row_is_an_image_and_none_beyond_the_end(files):
    assert files[2].tolist() == [[[3], [3], [3]]] * 2
    with pytest.raises(IndexError):
        files[5]


def test_only_rows_asked_for_are_read(folder, files):
    (folder / "1.png").unlink()
    assert numbers(files[[0, 4]]) == [1, 5]
    assert files.ok.tolist() == [1, -1, -1, -1, 1]


def test_more_rows_than_are_decoded_at_once_stay_in_order(files, monkeypatch):
    monkeypatch.setattr(image_files, "_CHUNK_IMAGES", 2)
    assert numbers(files[[3, 1, 0, 4, 2]]) == [4, 2, 1, 5, 3]
    assert [numbers(batch) for batch in files.batches(3)] == [[1, 2, 3], [4, 5]]
    assert [numbers(batch) for batch in files.batches(1)] == [[k] for k in range(1, 6)]


@pytest.mark.parametrize("step", [1, 2, 3, 7])
def test_what_a_pipeline_leaves_out_is_put_in_its_place(folder, step):
    gif = base64.b64decode("R0lGODlhAQABAIAAAP///wAAACwAAAAAAQABAAACAkQBADs=")  # White.
    (folder / "1.png").write_bytes(gif)
    (folder / "2.png").write_bytes(b"")
    (folder / "4.png").write_bytes(b"")
    files = ImageFiles([f"{k}.png" for k in range(NUMBER)], (2, 3), 1, root=folder)
    batches = list(files.batches(step))
    assert numbers(np.concatenate(batches)) == [1, 255, 0, 4, 0]
    assert [len(batch) for batch in batches][:-1] == [step] * (len(batches) - 1)
    assert files.ok.tolist() == [1, 1, 0, 1, 0]


def test_what_is_broken_is_zero_counted_and_named(folder):
    (folder / "1.png").write_bytes(b"")
    whole = (folder / "2.png").read_bytes()
    (folder / "2.png").write_bytes(whole[:-15])
    (folder / "3.jpg").write_bytes(whole)  # Another suffix than its format's.
    (folder / "folder.png").mkdir()
    paths = ["0.png", "1.png", "2.png", "3.jpg", "nowhere.png", None, "", "folder.png"]
    files = ImageFiles(paths, (2, 3), 1, root=folder)
    assert numbers(files) == [1, 0, 0, 3, 0, 0, 0, 0]
    assert files.ok.tolist() == [1, 0, 0, 1, 0, 0, 0, 0]
    found = files.check()
    assert (found.images, found.gaps, found.broken) == (8, 2, 4)
    assert found.named == (
        ("1.png", "it is empty"),
        ("2.png", "it is cut off or damaged"),
        ("nowhere.png", "there is no such file"),
        ("folder.png", "it is no regular file"),
    )
    assert found.text().startswith("8 images, 2 gaps, 4 broken: 1.png (it is empty), ")


def test_files_that_are_too_large_are_not_opened(folder, files, monkeypatch):
    from gnn.graphs import regular_files

    monkeypatch.setattr(regular_files, "MOST_BYTES", 10)
    assert not files[:].any()
    assert "at most 10 are read" in files.check().named[0][1]


def test_a_graph_holds_and_keeps_it(files):
    graph = Graph.from_edges([0], [1], {"image": files}, labels=[0, 1, 0, 1, 0])
    assert graph.features["image"] is files
    again = dataclasses.replace(graph, splits={"train": [0]})
    assert again.features["image"] is files
    assert (
        "'image': files of images, uint8[5, 2, 3, 1], 30 B decoded, aspect 'stretch'"
        in graph.info()
    )
    with pytest.raises(ValueError, match="agree on the number of nodes"):
        Graph.from_edges([0], [1], {"image": files}, num_nodes=6)


def batches_of(graph):
    yield from neighborhoods(graph, "some", batch_size=2, fanout=0, seed=0)


@pytest.mark.parametrize("padding", [False, True])
def test_batches_decode_their_rows(files, left_in_files, padding):
    graph = Graph.from_edges([0, 1], [1, 2], {"image": files}, splits={"some": [4, 1, 3]})
    found = []
    for inputs in neighborhoods(graph, "some", batch_size=2, fanout=0, seed=0, padding=padding):
        inputs = inputs[0] if isinstance(inputs, tuple) else inputs
        found += numbers(tf.gather(inputs["image"], inputs["readout"]))
    assert [number for number in found if number] == [5, 2, 4]
    assert files.held() is None and (files.ok == -1).all()


def test_images_kept_and_images_left_in_files_are_the_same_batches(files, monkeypatch):
    graph = Graph.from_edges([0, 1], [1, 2], {"image": files})

    def all_at_once():
        return numbers(next(iter(full_batch(graph)))["image"])

    with monkeypatch.context() as patch:
        patch.setattr(image_files, "MOST_HELD", 0)
        left = all_at_once()
        assert numbers(next(iter(all_rows(graph, np.array([3, 0]))))) == [4, 1]
        assert files.held() is None
    assert all_at_once() == left == [1, 2, 3, 4, 5]
    assert numbers(files.held()) == left
    assert numbers(next(iter(all_rows(graph, np.array([3, 0]))))) == [4, 1]


def test_a_cache_in_a_file_is_an_array_of_the_same_images(files, folder, left_in_files):
    kept = files.cached(folder / "all.npy")
    assert isinstance(kept.held(), np.memmap)
    assert numbers(kept[[4, 2]]) == [5, 3]
    for path in folder.glob("*.png"):
        path.unlink()
    assert numbers(kept[:]) == [1, 2, 3, 4, 5]
    assert numbers(np.load(folder / "all.npy", mmap_mode="r")) == [1, 2, 3, 4, 5]
    graph = Graph.from_edges([0], [1], {"image": kept}, splits={"some": [3, 2]})
    (inputs,) = neighborhoods(graph, "some", batch_size=2, fanout=0, seed=0)
    assert numbers(tf.gather(inputs["image"], inputs["readout"])) == [4, 3]
    with pytest.raises(FileExistsError):
        files.cached(folder / "all.npy")


def test_a_folder_of_a_graph_holds_the_pixels(files, folder, monkeypatch, left_in_files):
    monkeypatch.setattr("gnn.graphs.storage.graph_files._ROW_BYTES", 12)  # Two images at a time.
    graph = Graph.from_edges([0], [1], {"image": files})
    write_graph(graph, folder / "graph")
    assert numbers(open_graph(folder / "graph").features["image"]) == [1, 2, 3, 4, 5]


def test_graphs_of_other_orders_are_combined_without_reading(files):
    names = list("abcde")
    first = Graph.from_edges([0], [1], {"image": files}, ids=names)
    other = Graph.from_edges([0], [1], {"image": files.take([1, 0, 2, 3, 4])}, ids=list("bacde"))
    both = Graph.combine([first, other])
    assert both.features["image"].paths == files.paths
    assert (files.ok == -1).all()
    odd = Graph.from_edges([0], [1], {"image": files}, ids=list("bacde"))
    with pytest.raises(ValueError, match="must be the same in each graph"):
        Graph.combine([first, odd])


def test_a_fingerprint_goes_by_contents(files, folder):
    before = b"".join(files.pieces())
    assert b"".join(files.pieces()) == before
    other = tf.io.encode_png(np.full((2, 3, 1), 9, np.uint8)).numpy()
    (folder / "3.png").write_bytes(other)
    assert b"".join(files.pieces()) != before
    assert b"".join(ImageFiles(files.paths, (3, 2), 1, root=folder).pieces()) != before


def test_pixels_are_those_of_keras(folder):
    noise = np.random.default_rng(0).integers(0, 256, (2, 50, 80, 3)).astype(np.uint8)
    for number, image in enumerate(noise):
        (folder / f"{number}.png").unlink()
        (folder / f"{number}.jpg").write_bytes(tf.io.encode_jpeg(image).numpy())
    paths = ["0.jpg", "1.jpg", "2.png", "3.png", "4.png"]
    keras_images = keras.utils.image_dataset_from_directory(
        folder, labels=None, image_size=(20, 30), shuffle=False, verbose=False
    )
    expected = np.concatenate([batch.numpy() for batch in keras_images])
    found = ImageFiles(paths, (20, 30), root=folder)[:]
    assert np.array_equal(found, np.floor(expected + 0.5))


def test_paths_must_be_strings():
    with pytest.raises(TypeError, match="got int at row 1"):
        ImageFiles(["a.png", 3], (2, 2))
