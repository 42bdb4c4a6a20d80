"""Networks that read images: shifts by hand, shapes, saving, weights as files, precision, XLA."""

from __future__ import annotations

import keras
import numpy as np
import pytest
import tensorflow as tf

from gnn.layers import SmallConvnet, image_backbone
from gnn.layers.keras_backbone import KerasBackbone
from gnn.ops.image_shifts import shift_images


def noise(*shape: int) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, shape).astype(np.uint8)


def test_images_are_moved_down_and_right_with_mirrored_edges() -> None:
    image = np.array([[1, 2, 3], [4, 5, 6]])[np.newaxis, :, :, np.newaxis]
    images = tf.constant(np.repeat(image, 4, axis=0))
    shifts = tf.constant([[0, 0], [1, 0], [0, 2], [-1, -1]])
    moved = shift_images(images, shifts, 1, 2)[..., 0].numpy().tolist()
    assert moved == [
        [[1, 2, 3], [4, 5, 6]],
        [[1, 2, 3], [1, 2, 3]],
        [[2, 1, 1], [5, 4, 4]],
        [[5, 6, 6], [5, 6, 6]],
    ]


@pytest.mark.parametrize(
    ("size", "blocks", "left"),
    [((28, 28), 2, 7 * 7 * 64), ((8, 8), 1, 4 * 4 * 32), ((96, 40), 4, 6 * 3 * 128)],
)
def test_blocks_halve_the_image_until_seven_pixels_are_left(size, blocks, left) -> None:
    layer = SmallConvnet(5)
    layer.build((None, *size, 3))
    assert len(layer.blocks) == blocks
    assert layer.dense.kernel.shape == (left, 5)


def test_pixels_are_scaled_inside_and_moved_in_training_alone() -> None:
    layer = SmallConvnet(5, filters=(4,), shift=0.3, seed=1)
    images = noise(6, 8, 8, 1)
    judged = layer(images).numpy()
    assert np.array_equal(layer(images, training=False), judged)
    assert not np.array_equal(layer(images, training=True), judged)
    assert np.allclose(layer(images.astype(np.float32)), judged)
    still = SmallConvnet(5, filters=(4,), shift=0.0)
    assert np.array_equal(still(images, training=True), still(images))


def test_the_same_under_xla_and_in_half_precision() -> None:
    layer = SmallConvnet(5, filters=(4,), batch_normalization=True, seed=1)
    images = tf.constant(noise(4, 8, 8, 3))
    expected = layer(images)
    compiled = tf.function(lambda x: (layer(x), layer(x, training=True)), jit_compile=True)
    found, trained = compiled(images)
    np.testing.assert_allclose(found, expected, atol=1e-5)
    assert np.isfinite(trained).all()
    half = SmallConvnet(5, filters=(4,), batch_normalization=True, dtype="mixed_float16")
    half.build(images.shape)
    half.set_weights(layer.get_weights())
    assert half(images).dtype == tf.float16
    np.testing.assert_allclose(half(images), found, atol=0.05)


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ({"shift": 1.0}, "shift must be at least 0 and below 1, got 1.0"),
        ({"filters": ()}, "filters must"),
        ({"units": 0}, "units must"),
    ],
)
def test_wrong_settings_are_refused(arguments, told) -> None:
    with pytest.raises(ValueError, match=told):
        SmallConvnet(**arguments)


def test_what_is_no_image_is_refused() -> None:
    with pytest.raises(ValueError, match=r"takes images .* got \[2, 64\]"):
        SmallConvnet(4)(tf.zeros([2, 64]))


@pytest.fixture(scope="module")
def weights_file(tmp_path_factory) -> str:
    """Weights of MobileNetV2 without its top, written as the message says, but from random ones."""
    keras.utils.set_random_seed(3)
    path = tmp_path_factory.mktemp("weights") / "mobilenet.weights.h5"
    keras.applications.MobileNetV2(include_top=False, weights=None).save_weights(path)
    return str(path)


def test_a_network_of_keras_has_its_weights_and_preprocessing_inside(
    weights_file, tmp_path
) -> None:
    layer = image_backbone("MobileNetV2", weights_file)
    images = noise(2, 32, 32, 3)
    inputs = keras.Input((32, 32, 3), dtype="uint8")
    model = keras.Model(inputs, layer(inputs))
    network = keras.applications.MobileNetV2(
        include_top=False, weights=None, input_shape=(32, 32, 3), pooling="avg"
    )
    network.load_weights(weights_file)
    scaled = keras.applications.mobilenet_v2.preprocess_input(images.astype(np.float32))
    expected = network(scaled, training=False).numpy()
    np.testing.assert_allclose(model(images), expected, atol=1e-5)
    assert not model.trainable_weights  # Weights that were given are not trained.
    model.save(tmp_path / "model.keras")
    again = keras.models.load_model(tmp_path / "model.keras")
    np.testing.assert_allclose(again(images), expected, atol=1e-5)
    assert not again.trainable_weights


def test_nothing_is_downloaded_and_names_are_checked(tmp_path) -> None:
    with pytest.raises(ValueError, match=r"nothing is downloaded, got 'imagenet'. .*save_weights"):
        image_backbone("ResNet50", "imagenet")
    with pytest.raises(FileNotFoundError, match="no file '/nowhere.h5'"):
        image_backbone("ResNet50", "/nowhere.h5")
    with pytest.raises(ValueError, match="backbone must be 'small' or one of .* got 'Resnet'"):
        image_backbone("Resnet")
    with pytest.raises(ValueError, match="no use for the backbone 'small'"):
        image_backbone("small", "w.h5")
    other = tmp_path / "other.weights.h5"
    keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)]).save_weights(other)
    with pytest.raises(ValueError, match="must be those of MobileNetV2 without its top"):
        KerasBackbone("MobileNetV2", other).build((None, 32, 32, 1))
    with pytest.raises(ValueError, match="MobileNetV2 takes no such images"):
        KerasBackbone("MobileNetV2").build((None, 8, 8, 1))
