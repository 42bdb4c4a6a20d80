"""Runs on images: a folder of them, images beside other columns, and what is refused."""

from __future__ import annotations

from pathlib import Path

import keras
import numpy as np
import pandas as pd
import pytest
import tensorflow as tf

from gnn.graphs import Graph, ImageFiles
from gnn.runs import RunConfig, recipes, run_folder, train
from gnn.runs.config_files import OptionError
from gnn.runs.run_data import DataFacts, check_features, check_labels
from tests.runs.conftest import train_eagerly


def write_images(folder: Path, count: int, classes: tuple[str, ...]) -> Path:
    """Images of 8 x 8, dark in the first class and bright in the second."""
    rng = np.random.default_rng(0)
    for number in range(count):
        place = number % len(classes)
        pixels = rng.integers(0, 80, (8, 8, 1)) + 170 * place
        path = folder / classes[place] / f"{number:02}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(tf.io.encode_png(pixels.astype(np.uint8)).numpy())
    return folder


def image_graph(count: int = 12) -> Graph:
    """A ring of bright and dark images, with a column beside them."""
    rng = np.random.default_rng(0)
    labels = np.arange(count) % 2
    images = (rng.integers(0, 80, (count, 8, 8, 1)) + 170 * labels[:, None, None, None]).astype(
        np.uint8
    )
    nodes = np.arange(count)
    return Graph.from_edges(
        nodes,
        (nodes + 2) % count,
        {"price": rng.normal(size=(count, 1)), "image": images},
        labels=labels,
        splits={"train": nodes[:8], "validation": nodes[8:10], "test": nodes[10:]},
        undirected=True,
    )


@pytest.mark.filterwarnings("ignore:image. 21 images, :gnn.datasets.TableWarning")
def test_a_folder_of_images_is_trained_on_predicted_embedded_and_served(tmp_path, monkeypatch):
    train_eagerly(monkeypatch)
    folder = write_images(tmp_path / "shop", 20, ("dark", "light"))
    (folder / "dark" / "broken.png").write_bytes(b"")
    run = train(
        RunConfig(
            data=str(folder),
            model="mlp",
            image_size=8,
            epochs=12,
            hidden_units=(6,),
            output=str(tmp_path / "run"),
        )
    )
    assert (run.config.image_size, run.config.image_channels) == ((8,), 1)
    assert run.config.backbone == "small"
    assert run.facts.features["image"] == (8, 8, 1)
    log = (run.path / run_folder.LOG).read_text(encoding="utf-8")
    assert "image: 21 images, 1 broken: dark/broken.png (it is empty)" in log
    new = write_images(tmp_path / "new", 4, (".",))
    predicted = run.predict(new)
    assert list(predicted.ids) == ["00.png", "01.png", "02.png", "03.png"]
    assert predicted.classes == ["dark"] * 4
    assert run.embed(new).vectors.shape == (4, 6)
    assert run.evaluate()["split"] == "test"
    served = tf.saved_model.load(str(run.export(tmp_path / "served")))
    signature = served.signatures["serving_default"]
    specs = signature.structured_input_signature[1]
    assert {name: spec.dtype for name, spec in specs.items()} == {"image": tf.string}
    bright = (folder / "light" / "01.png").read_bytes()
    sent = tf.constant([*((new / name).read_bytes() for name in predicted.ids), b"", bright])
    answer = signature(image=sent)
    np.testing.assert_allclose(answer["probabilities"][:4], predicted.probabilities, atol=1e-5)
    assert answer["classes"].numpy().tolist()[:4] == [b"dark"] * 4
    # Other data may lack a class, and have none that is new; a table of paths does as well.
    lights = tmp_path / "lights"
    (lights / "light").mkdir(parents=True)
    for name in ("a.png", "b.png", "c.png"):
        (lights / "light" / name).write_bytes(bright)
    assert run.predict(lights).filled == [""] * 3
    judged = run.evaluate(data=lights)
    assert judged["nodes"] == 3
    share = np.mean([name == "light" for name in run.predict(lights).classes])
    assert judged["accuracy"] == pytest.approx(share)
    table = pd.DataFrame({"image": [str(lights / "light" / "a.png"), ""]}, index=["a", "b"])
    found = run.predict(table)
    assert (list(found.ids), found.filled) == (["a", "b"], ["", "image"])
    write_images(tmp_path / "lights", 1, ("gray",))
    with pytest.raises(ValueError, match="'gray', which is none of the classes"):
        run.evaluate(data=lights)
    pixels = (folder / "light" / "01.png").read_bytes()
    (folder / "light" / "01.png").write_bytes(pixels[:-20])
    with pytest.raises(ValueError, match="have changed since it was trained"):
        run.evaluate()


@pytest.mark.parametrize("model", ["mlp", "graph-regularization", "gcn"])
def test_models_take_images_beside_columns(model):
    graph = image_graph()
    config = recipes.resolve(RunConfig(data="x", model=model), graph)
    built = recipes.build_model(config, graph)
    inputs = {"price": tf.zeros([3, 1]), "image": tf.zeros([3, 8, 8, 1], tf.uint8)}
    if model != "mlp":
        from gnn.graphs.batch.graphs_tuple import edgeless

        inputs |= edgeless(3)
    assert built(inputs).shape == (3, 2)
    layers = [type(layer).__name__ for layer in built._flatten_layers()]
    assert "SmallConvnet" in layers


def test_facts_of_images_in_files_are_those_of_their_contents(tmp_path):
    folder = write_images(tmp_path, 4, ("a", "b"))
    names = ["a/00.png", "b/01.png", "a/02.png", "b/03.png"]
    files = ImageFiles(names, (8, 8), 1, root=folder)
    graph = Graph.from_edges([], [], {"image": files}, labels=[0, 1, 0, 1])
    check_labels(graph, "it")
    check_features(graph, "it")
    facts = DataFacts.of(graph, None)
    assert facts.is_of(graph)
    (folder / "a" / "00.png").write_bytes((folder / "b" / "01.png").read_bytes())
    assert not facts.is_of(graph)


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"backbone": "Resnet50"}, "backbone must be 'small' or one of .* got 'Resnet50'"),
        ({"backbone": "ResNet50", "backbone_weights": "imagenet"}, "nothing is downloaded"),
        ({"backbone": "ResNet50", "backbone_weights": "/nowhere.h5"}, "no file '/nowhere.h5'"),
        ({"backbone_weights": "w.h5"}, "backbone_weights has no use for the backbone 'small'"),
    ],
)
def test_backbones_that_cannot_be_had_are_refused(options, told):
    with pytest.raises(OptionError, match=told):
        recipes.resolve(RunConfig(data="x", model="mlp", **options), image_graph())


def test_options_of_images_have_no_use_without_images():
    graph = Graph.from_edges([0], [1], np.eye(2), labels=[0, 1], splits={"train": [0, 1]})
    with pytest.raises(OptionError, match="backbone has no use for the model 'mlp'"):
        recipes.resolve(RunConfig(data="x", model="mlp", backbone="small"), graph)


def test_networks_take_no_images_that_are_left_in_files():
    files = ImageFiles([""] * 2000, (224, 224))  # 301 MB.
    splits = {"train": np.arange(1000)}
    graph = Graph.from_edges([], [], {"image": files}, labels=[0, 1] * 1000, splits=splits)
    with pytest.raises(OptionError, match="'gcn' needs the images of all nodes at once"):
        recipes.resolve(RunConfig(data="x", model="gcn"), graph)
    assert recipes.resolve(RunConfig(data="x", model="mlp"), graph).batch_size == 64


def test_a_backbone_of_keras_is_chosen_by_name():
    pixels = np.zeros((4, 32, 32, 3), np.uint8)
    splits = {"train": [0, 1]}
    graph = Graph.from_edges([], [], {"image": pixels}, labels=[0, 1, 0, 1], splits=splits)
    config = recipes.resolve(RunConfig(data="x", model="mlp", backbone="MobileNetV2"), graph)
    model = recipes.build_model(config, graph)
    assert model.get_layer("backbone-image").application == "MobileNetV2"
    assert isinstance(model, keras.Model) and model.output_shape == (None, 2)
