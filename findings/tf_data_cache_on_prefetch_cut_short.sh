#!/usr/bin/env bash
# Finding: a look at the first element of a tf.data set that is cached after a `prefetch` can leave
# the cache cut short, for good: later passes have one element, and no error.
#
# TensorFlow 2.21.0, Python 3.11, CPU.
#
# `next(iter(dataset))` reads one element and lets go of the iterator. The documentation of `cache`
# says that nothing is final before a whole pass, and that passes until then do not use the cache.
# Mostly so. But where the `prefetch` below the cache is at work on the second element at that
# moment, it may report the end of the data, and the cache is then complete with one element.
# `cardinality()` goes on to say three. Of 1,000 data sets each, four at a time on two cores (the
# first number varies; one at a time, it was 1 of 600):
#
#     map, prefetch, cache                        cut short: 49
#     map, cache                                  cut short: 0
#     map, cache, prefetch                        cut short: 0
#     map, prefetch, assert_cardinality, cache    cut short: 0
#
# What one would expect: what is partly read is never taken for the whole. Keras' `fit` trains on
# one batch an epoch of it, with a warning that the input ran out of data.
# Workaround: `prefetch` after `cache`, or `assert_cardinality` between the two.
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
import time
from concurrent.futures import ThreadPoolExecutor

import tensorflow as tf


def slow(number):
    if number:
        time.sleep(0.001)
    return number


def length_after_a_look(dataset):
    cached = dataset()
    next(iter(cached))
    return sum(1 for _ in cached)


numbers = tf.data.Dataset.range(3).map(
    lambda number: tf.ensure_shape(tf.numpy_function(slow, [number], tf.int64), [])
)
ahead = numbers.prefetch(tf.data.AUTOTUNE)
checked = ahead.apply(tf.data.experimental.assert_cardinality(3))
kinds = {
    "map, prefetch, cache": ahead.cache,
    "map, cache": numbers.cache,
    "map, cache, prefetch": lambda: numbers.cache().prefetch(tf.data.AUTOTUNE),
    "map, prefetch, assert_cardinality, cache": checked.cache,
}
short = {}
for kind, dataset in kinds.items():
    with ThreadPoolExecutor(4) as threads:
        lengths = list(threads.map(length_after_a_look, [dataset] * 1000))
    short[kind] = sum(length != 3 for length in lengths)
    print(f"{kind:40}    cut short: {short[kind]}", flush=True)
first, *others = short.values()
sys.exit(not (first > 0 and not any(others)))
PYTHON
