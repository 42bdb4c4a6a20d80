#!/usr/bin/env bash
# Finding: a Keras FeatureSpace that has met an empty string as a category comes back from its .keras
# file one column narrower, without an error or a warning.
#
# Keras 3.15.1, TensorFlow 2.21.0, Python 3.11, CPU.
#
# A table with gaps gives empty strings. Adapted on the brands a, b and "", the encoding of "a" is
#
#     before `save`:  [0, 0, 1, 0]      one place for what is unknown, and one for each of "", b, a
#     after `load`:   [0, 0, 1]
#
# The vocabulary lies in the file as lines of text, and the empty line is skipped when it is read. A model
# that was trained on four columns then gets three; where it takes any width, its columns have moved.
#
# What one would expect: the same encoding, or an error.
# Workaround: name the gap before `adapt`, such as "missing"; or keep the vocabulary elsewhere.
#
# The script exits with 1 where the behavior has changed.
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet keras==3.15.1 tensorflow==2.21.0
cd "$work"
TF_CPP_MIN_LOG_LEVEL=3 CUDA_VISIBLE_DEVICES= "$work/venv/bin/python" - <<'PYTHON'
import sys
import warnings

import keras
import tensorflow as tf
from keras.utils import FeatureSpace

space = FeatureSpace(
    features={"brand": FeatureSpace.string_categorical(num_oov_indices=1)}, output_mode="concat"
)
space.adapt(tf.data.Dataset.from_tensor_slices({"brand": ["a", "b", "", "a", "b", ""]}))
raw = {"brand": tf.constant(["a"])}
with warnings.catch_warnings(record=True) as warned:
    warnings.simplefilter("always")
    before = space(raw).numpy()[0].tolist()
    space.save("space.keras")
    after = keras.models.load_model("space.keras")(raw).numpy()[0].tolist()
print("before save:", before)
print("after load: ", after)
print("warnings:   ", [str(warning.message) for warning in warned])
expected = ([0.0, 0.0, 1.0, 0.0], [0.0, 0.0, 1.0], 0)
if (before, after, len(warned)) != expected:
    sys.exit("the behavior has changed")
PYTHON
