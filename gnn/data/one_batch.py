"""A data set of one batch, which is quick to begin."""

from __future__ import annotations

from typing import Any

import tensorflow as tf

from gnn.data.by_id import form_of


def one_batch(batch: Any) -> tf.data.Dataset:
    """A data set whose one element is `batch`, without the thread that tunes other data sets.

    One element leaves nothing to tune, and that thread is half the start of an epoch.

    Example:

    >>> [element.numpy().tolist() for element in one_batch(tf.ones([2]))]
    [[1.0, 1.0]]
    """
    options = tf.data.Options()
    options.autotune.enabled = False
    return tf.data.Dataset.from_tensors(batch).with_options(options)


def is_one_batch(x: Any) -> bool:
    """Whether `x` is a data set of `one_batch`, or of as many elements made of one.

    They are known by the thread that they go without; other data sets of one element may draw it
    anew in each pass.

    Example:

    >>> is_one_batch(one_batch(tf.ones([2]))), is_one_batch(tf.data.Dataset.range(1))
    (True, False)
    """
    if not isinstance(x, tf.data.Dataset) or int(x.cardinality()) != 1:
        return False
    spec = x.element_spec
    if form_of(spec[0] if isinstance(spec, tuple) else spec) is not None:
        return False  # What comes by id goes without that thread too.
    return x.options().autotune.enabled is False


def again_and_again(dataset: tf.data.Dataset) -> tf.data.Dataset:
    """A data set of one batch without end; `is_one_batch_again` knows it.

    Example:

    >>> data = again_and_again(one_batch(tf.ones([2])))
    >>> is_one_batch(data), is_one_batch_again(data)
    (False, True)
    """
    endless = dataset.repeat()
    endless.is_one_batch_again = True
    return endless


def is_one_batch_again(x: Any) -> bool:
    """Whether every batch of `x` is the same one: a data set of `one_batch`, repeated or not.

    Example:

    >>> is_one_batch_again(one_batch(tf.ones([2]))), is_one_batch_again(tf.ones([2]))
    (True, False)
    """
    return is_one_batch(x) or getattr(x, "is_one_batch_again", False)
