#!/usr/bin/env bash
# Finding: TensorFlow decodes a BMP with a palette to the numbers of the palette's entries, as if they
# were gray values; so does Keras' image_dataset_from_directory.
#
# TensorFlow 2.21.0, Pillow 12.0.0, Python 3.11, CPU.
#
# A BMP of 8 bits a pixel has a palette, as Windows and scanners write it. The image here is 2 x 2, with
# white as entry 0 and black as entry 1:
#
#     Pillow:                                     0 255 / 255 0
#     tf.io.decode_bmp, tf.io.decode_image:       1   0 /   0 1
#
# What one would expect: the palette is applied, or the file is refused.
# Workaround: look up the palette in the bytes, or convert such files before.
#
# The script exits with 1 where the behavior has changed.
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet tensorflow==2.21.0 pillow==12.0.0
cd "$work"
TF_CPP_MIN_LOG_LEVEL=3 CUDA_VISIBLE_DEVICES= "$work/venv/bin/python" - <<'PYTHON'
import pathlib
import sys

import numpy as np
import tensorflow as tf
from PIL import Image

path = pathlib.Path("images/a/dots.bmp")
path.parent.mkdir(parents=True)
dots = Image.fromarray(np.array([[1, 0], [0, 1]], np.uint8), "P")
dots.putpalette([255, 255, 255, 0, 0, 0])
dots.save(path)
content = path.read_bytes()
found = {
    "Pillow": np.asarray(Image.open(path).convert("L")),
    "decode_bmp": tf.io.decode_bmp(content).numpy()[..., 0],
    "decode_image": tf.io.decode_image(content).numpy()[..., 0],
}
for name, pixels in found.items():
    print(f"{name:13}", pixels.tolist())
right = found.pop("Pillow").tolist() == [[0, 255], [255, 0]]
if not right or any(pixels.tolist() != [[1, 0], [0, 1]] for pixels in found.values()):
    sys.exit("the behavior has changed")
PYTHON
