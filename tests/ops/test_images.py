"""Images as bytes: every format against pixels written by hand, and broken ones against zeros."""

from __future__ import annotations

import io
import struct

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from gnn.ops.image_bytes import BAD_SIZE, EMPTY, NO_IMAGE, ODD_BMP, fault_of
from gnn.ops.images import decode_image, decode_images

# Two rows of two pixels: red, green; blue, white.
COLORS = np.array([[[255, 0, 0], [0, 255, 0]], [[0, 0, 255], [255, 255, 255]]], np.uint8)
GRAYS = np.array([[10, 20], [30, 250]], np.uint8)
LARGE = np.random.default_rng(0).integers(0, 256, (40, 60, 3)).astype(np.uint8)


def encoded(pixels: np.ndarray, form: str, mode: str | None = None, **options) -> bytes:
    file, image = io.BytesIO(), Image.fromarray(pixels)
    (image.convert(mode) if mode else image).save(file, form, **options)
    return file.getvalue()


def with_size(png: bytes, width: int, height: int) -> bytes:
    """A PNG whose header claims another size."""
    return png[:16] + struct.pack(">II", width, height) + png[24:]


def test_formats_without_loss_give_the_pixels_that_were_written():
    forms = [("PNG", None), ("PNG", "P"), ("BMP", None), ("BMP", "P"), ("GIF", None)]
    contents = [encoded(COLORS, form, mode) for form, mode in forms]
    images, ok = decode_images(contents, (2, 2), 3)
    assert ok.numpy().all()
    for image in images.numpy():
        assert image.tolist() == COLORS.tolist()


def test_gray_files_become_color_and_colored_ones_gray():
    contents = [encoded(GRAYS, form) for form in ("PNG", "BMP", "GIF")]
    images, ok = decode_images(contents, (2, 2), 3)
    assert ok.numpy().all()
    assert (images.numpy() == GRAYS[:, :, np.newaxis]).all()
    gray, _ = decode_images([encoded(COLORS, form) for form in ("PNG", "BMP", "GIF")], (2, 2), 1)
    # 0.299 red, 0.587 green, 0.114 blue.
    expected = np.array([[76, 150], [29, 255]])
    assert np.abs(gray.numpy()[..., 0] - expected).max() <= 1


def test_jpeg_in_color_gray_and_print_is_near_what_was_written():
    flat = np.full((16, 16, 3), (200, 100, 50), np.uint8)
    contents = [encoded(flat, "JPEG"), encoded(flat, "JPEG", "CMYK", quality=95)]
    images, ok = decode_images(contents, (16, 16), 3)
    assert ok.numpy().all()
    assert np.abs(images.numpy().astype(int) - [200, 100, 50]).max() <= 4
    grays, ok = decode_images([*contents, encoded(flat, "JPEG", "L")], (16, 16), 1)
    assert ok.numpy().all()
    assert np.abs(grays.numpy().astype(int) - 124).max() <= 4


def test_alpha_is_dropped_and_16_bits_become_8():
    clear = np.concatenate([COLORS, np.zeros((2, 2, 1), np.uint8)], axis=2)
    deep = (GRAYS.astype(np.uint16) << 8) | 77
    images, ok = decode_images([encoded(clear, "PNG"), encoded(deep, "PNG")], (2, 2), 3)
    assert ok.numpy().all()
    assert images[0].numpy().tolist() == COLORS.tolist()
    assert images[1, :, :, 0].numpy().tolist() == GRAYS.tolist()


def test_of_an_animation_the_first_frame_is_read_and_no_other():
    frames = [Image.fromarray(np.full((8, 8), 40 * k, np.uint8)) for k in (1, 2, 3)]
    file = io.BytesIO()
    frames[0].save(file, "GIF", save_all=True, append_images=frames[1:])
    whole = file.getvalue()
    image, ok = decode_image(whole, (1, 1), 1)
    assert (int(image[0, 0, 0]), bool(ok)) == (40, True)
    # What follows the first frame may even be missing.
    assert bool(decode_image(whole[:-8], (1, 1), 1)[1])


def test_aspect_is_stretched_padded_or_cropped():
    wide = encoded(np.array([[10, 10, 90, 90]], np.uint8).repeat(2, axis=0), "PNG")  # 2 x 4
    found = {
        how: decode_image(wide, (2, 2), 1, how)[0].numpy()[..., 0].tolist()
        for how in ("stretch", "pad", "crop")
    }
    assert found == {
        "stretch": [[10, 90], [10, 90]],
        "pad": [[10, 90], [0, 0]],  # 1 x 2 in the middle, a row of black.
        "crop": [[10, 90], [10, 90]],  # Its columns 1 and 2.
    }
    tall = encoded(np.array([[7], [8], [9], [10]], np.uint8), "PNG")
    assert decode_image(tall, (2, 2), 1, "crop")[0].numpy()[..., 0].tolist() == [[8, 8], [8, 8]]


def test_resizing_is_that_of_tensorflow():
    contents = encoded(LARGE, "PNG")
    expected = np.floor(tf.image.resize(LARGE, (7, 31)).numpy() + 0.5)
    assert np.array_equal(decode_image(contents, (7, 31))[0].numpy(), expected)


BROKEN = {
    "empty": (b"", EMPTY),
    "text": (b"no image", NO_IMAGE),
    "one byte": (b"\xff", NO_IMAGE),
    "webp": (b"RIFF\x00\x00\x00\x00WEBPVP8 ", NO_IMAGE),
    "cut jpeg": (encoded(LARGE, "JPEG")[:900], "it is cut off or damaged"),
    "head of a jpeg": (encoded(LARGE, "JPEG")[:20], "it is cut off or damaged"),
    "cut png": (encoded(LARGE, "PNG")[:-30], "it is cut off or damaged"),
    "cut gif": (encoded(GRAYS, "GIF")[:-3], "the GIF ends before its first frame does"),
    "cut bmp": (encoded(LARGE, "BMP")[:-5], "it is cut off or damaged"),
    "bmp of 1 bit": (encoded(GRAYS, "BMP", "1"), ODD_BMP),
    "png of no width": (with_size(encoded(GRAYS, "PNG"), 0, 5), BAD_SIZE),
    "large png": (with_size(encoded(GRAYS, "PNG"), 8001, 8000), BAD_SIZE),
    "png of 2**62 pixels": (with_size(encoded(GRAYS, "PNG"), 2**31, 2**31), BAD_SIZE),
    "large bmp": (b"BM" + bytes(16) + struct.pack("<ii", 8001, -8000) + bytes(40), BAD_SIZE),
    "large gif": (b"GIF89a" + struct.pack("<HH", 8001, 8000) + bytes(9), BAD_SIZE),
}


def test_broken_bytes_are_zeros_among_the_others_and_raise_nothing():
    good = encoded(GRAYS, "PNG")
    contents = [good, *(broken for broken, _ in BROKEN.values()), good]
    images, ok = decode_images(contents, (2, 2), 1)
    assert ok.numpy().tolist() == [True, *[False] * len(BROKEN), True]
    assert not images[1:-1].numpy().any()
    for image in (images[0], images[-1]):
        assert image[..., 0].numpy().tolist() == GRAYS.tolist()


@pytest.mark.parametrize("name", BROKEN)
def test_why_an_image_is_broken_is_said(name):
    contents, why = BROKEN[name]
    assert fault_of(contents, 64_000_000) == why


def test_an_image_above_the_limit_is_refused():
    contents = encoded(LARGE, "JPEG")  # 2,400 pixels.
    assert fault_of(contents, 2400) is None
    assert fault_of(contents, 2399) == BAD_SIZE


def test_a_saved_model_and_a_pipeline_decode_alike(tmp_path):
    contents = [encoded(COLORS, "PNG"), b"", encoded(LARGE, "JPEG")[:700], encoded(GRAYS, "GIF")]
    expected, expected_ok = decode_images(contents, (4, 3), 1)

    class Served(tf.Module):
        @tf.function(input_signature=[tf.TensorSpec([None], tf.string)])
        def __call__(self, images):
            return decode_images(images, (4, 3), 1)

    tf.saved_model.save(Served(), str(tmp_path / "served"))
    images, ok = tf.saved_model.load(str(tmp_path / "served"))(tf.constant(contents))
    assert np.array_equal(images, expected) and np.array_equal(ok, expected_ok)
    batches = tf.data.Dataset.from_tensor_slices(contents).map(
        lambda one: decode_image(one, (4, 3), 1)
    )
    found = list(batches)
    assert [bool(ok) for _, ok in found] == [True, False, False, True]
    assert all(
        np.array_equal(image, want) for (image, _), want in zip(found, expected, strict=True)
    )


def test_no_images_are_no_images():
    images, ok = decode_images(tf.zeros([0], tf.string), (2, 3), 1)
    assert images.shape == (0, 2, 3, 1) and ok.shape == (0,)


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ({"size": 28}, "size must be a height and a width in pixels, got 28"),
        ({"size": (0, 5)}, r"size must be .*, got \(0, 5\)"),
        ({"channels": 4}, "channels must be 1 .* got 4"),
        ({"keep_aspect": "fit"}, "keep_aspect must be one of .* got 'fit'"),
        ({"most_pixels": 0}, "most_pixels must be a positive integer, got 0"),
    ],
)
def test_wrong_settings_are_refused(arguments, told):
    with pytest.raises(ValueError, match=told):
        decode_images([b""], **({"size": (2, 2)} | arguments))
