#!/usr/bin/env bash
# Finding: under jit_compile=True the cumulative sum of what `tf.boolean_mask` keeps has no elements:
# its size is 0, its sum 0, its maximum the lowest number there is. There is no error.
#
# TensorFlow 2.21.0, Python 3.11, CPU.
#
# XLA knows a bound of how many rows a mask keeps, and carries their number along. Sums, maxima,
# sorts and gathers of such rows are right. `tf.cumsum` and `tf.math.cumprod`, with and without
# `reverse`, lose the number. Of the values 1, 2, 3, 4 with the second masked out:
#
#                                plain    jit_compile=True
#     sum of the kept                8                   8
#     sum of their sort by place    11                  11
#     size of their cumsum           3                   0
#     sum of their cumsum           13                   0
#     maximum of their cumsum        8         -2147483648
#     sum of their cumprod          16                   0
#
# What one would expect: the same numbers, or an error as of `tf.unique` where a size is not known.
# Workaround: multiply by the mask instead of cutting rows out, so that shapes stay known.
#
# The script exits with 1 where the behavior has changed.
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet tensorflow==2.21.0
cd "$work"
TF_CPP_MIN_LOG_LEVEL=3 CUDA_VISIBLE_DEVICES= "$work/venv/bin/python" - <<'PYTHON'
import sys

import tensorflow as tf


def figures(mask, values):
    kept = tf.boolean_mask(values, mask)
    running = tf.cumsum(kept)
    return {
        "sum of the kept": tf.reduce_sum(kept),
        "sum of their sort by place": tf.reduce_sum(tf.sort(kept) * tf.range(tf.size(kept))),
        "size of their cumsum": tf.size(running),
        "sum of their cumsum": tf.reduce_sum(running),
        "maximum of their cumsum": tf.reduce_max(running),
        "sum of their cumprod": tf.reduce_sum(tf.math.cumprod(kept)),
    }


found = {}
for jit in (False, True):
    function = tf.function(figures, jit_compile=jit)
    result = function(tf.constant([True, False, True, True]), tf.constant([1, 2, 3, 4]))
    for name, value in result.items():
        found.setdefault(name, []).append(int(value))
expected = {
    "sum of the kept": [8, 8],
    "sum of their sort by place": [11, 11],
    "size of their cumsum": [3, 0],
    "sum of their cumsum": [13, 0],
    "maximum of their cumsum": [8, -(2**31)],
    "sum of their cumprod": [16, 0],
}
print("tensorflow", tf.__version__)
for name, (plain, compiled) in found.items():
    print(f"{name:30}{plain:6}{compiled:20}")
if found != expected:
    print("the behavior has changed; it was", expected)
    sys.exit(1)
print("as found: compiled by XLA, cumulative sums of masked rows are empty")
PYTHON
