"""Folders of images as graphs: order, classes, what is broken, gray or color."""

from __future__ import annotations

import base64

import numpy as np
import pytest
import tensorflow as tf

from gnn.datasets import from_image_folder, image_folder
from gnn.datasets.image_folder import is_image_folder
from gnn.graphs.image_kinds import size_of


def png(number: int, channels: int = 1) -> bytes:
    return tf.io.encode_png(np.full((2, 2, channels), number, np.uint8)).numpy()


@pytest.fixture
def folder(tmp_path):
    contents = {
        "pear/b.png": png(2),
        "pear/a.JPG": png(1),  # By its contents a PNG.
        "apple/deep/er/c.png": png(3),
        "apple/d.gif": b"",
        "top.png": png(5),
        ".hidden.png": png(9),
        ".cache/e.png": png(9),
        "pear/notes.txt": b"no image",
    }
    for name, content in contents.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(content)
    (tmp_path / "loop").symlink_to(tmp_path)
    return tmp_path


def test_subfolders_are_classes_and_paths_are_ids(folder):
    graph = from_image_folder(folder, size=(2, 2))
    assert graph.ids.tolist() == [
        "apple/d.gif",
        "apple/deep/er/c.png",
        "pear/a.JPG",
        "pear/b.png",
        "top.png",
    ]
    assert graph.class_names == ("apple", "pear")
    assert graph.labels.tolist() == [0, 0, 1, 1, -1]
    assert graph.features["image"].shape == (5, 2, 2, 1)  # All gray.
    assert graph.features["image"][:, 0, 0, 0].tolist() == [0, 3, 1, 2, 5]
    assert graph.num_edges == 0


def test_classes_that_are_known_keep_their_numbers(folder):
    graph = from_image_folder(folder, size=(2, 2), class_names=["pear", "plum", "apple"])
    assert graph.class_names == ("pear", "plum", "apple")
    assert graph.labels.tolist() == [2, 2, 0, 0, -1]
    with pytest.raises(ValueError, match="the subfolder 'apple', which is none of the classes"):
        from_image_folder(folder, size=(2, 2), class_names=["pear"])


def test_broken_images_stay_with_a_flag_and_are_named(folder):
    graph = from_image_folder(folder, size=(2, 2))
    assert graph.features["image_missing"].tolist() == [[1], [0], [0], [0], [0]]
    assert graph.notes["images"] == (
        "5 images, 1 broken: apple/d.gif (it is empty); gray, by some of them"
    )
    assert "5 images, 1 broken: apple/d.gif" in graph.info()
    unchecked = from_image_folder(folder, size=(2, 2), check=False, channels=3)
    assert list(unchecked.features) == ["image"]
    assert (unchecked.features["image"].ok == -1).all()


def test_one_colored_image_makes_all_color(folder):
    colored = np.array([[[9, 1, 1]]], np.uint8)
    (folder / "pear/z.png").write_bytes(tf.io.encode_png(colored).numpy())
    graph = from_image_folder(folder, size=(3, 4), labels=None)
    assert graph.features["image"].shape == (6, 3, 4, 3)
    assert graph.labels is None


def test_the_size_of_a_gif_is_that_of_its_first_frame(tmp_path, monkeypatch):
    dot = base64.b64decode("R0lGODlhAQABAIAAAP///wAAACwAAAAAAQABAAACAkQBADs=")
    head, frame, end = dot[:19], dot[19:-1], dot[-1:]
    (tmp_path / "many.gif").write_bytes(head + 99 * frame + end)
    read, decode = [], tf.io.decode_image
    monkeypatch.setattr(
        tf.io, "decode_image", lambda data, **k: read.append(data.numpy()) or decode(data, **k)
    )
    assert size_of(["many.gif"], tmp_path) == (1, 1)
    assert read == [dot]


def test_folders_that_do_not_fit_are_refused(folder, tmp_path):
    with pytest.raises(FileNotFoundError, match="no folder"):
        from_image_folder(tmp_path / "nowhere", size=(2, 2))
    with pytest.raises(FileNotFoundError, match="holds no image: no name in it ends in .jpg"):
        from_image_folder(_empty(tmp_path), size=(2, 2))
    with pytest.raises(ValueError, match="2 images and no subfolders"):
        from_image_folder(folder / "pear", size=(2, 2))
    with pytest.raises(ValueError, match="labels must be 'subfolders' or None, got 'names'"):
        from_image_folder(folder, size=(2, 2), labels="names")


def _empty(tmp_path):
    (tmp_path / "empty").mkdir()
    return tmp_path / "empty"


def test_a_folder_with_tables_is_none_of_images(folder):
    assert is_image_folder(folder)
    assert is_image_folder(folder / "apple")
    (folder / "nodes.csv").write_text("id\n")
    assert not is_image_folder(folder)


def test_a_large_tree_is_not_walked_through_to_see_whether_it_has_images(tmp_path, monkeypatch):
    monkeypatch.setattr(image_folder, "_MOST_NAMES", 9)
    monkeypatch.setattr(image_folder, "_DEEPEST", 2)
    place = tmp_path / "a" / "b" / "c"
    place.mkdir(parents=True)
    (place / "0.png").write_bytes(png(1))
    assert not is_image_folder(tmp_path) and is_image_folder(tmp_path / "a")
    for number in range(9):
        (tmp_path / f"{number}.bin").write_text("")
    (tmp_path / "a" / "1.png").write_bytes(png(1))
    assert not is_image_folder(tmp_path)
    (tmp_path / "9.png").write_bytes(png(1))
    assert is_image_folder(tmp_path)
