"""Pairs of nodes: how two encodings become one, and how agreement enters a loss."""

from __future__ import annotations

import tensorflow as tf

AGGREGATIONS = ("dist", "add", "concat")


def aggregate_pairs(senders: tf.Tensor, receivers: tf.Tensor, how: str) -> tf.Tensor:
    """Makes one row of the encodings of a pair's two nodes.

    `dist` is `(h_s - h_r)^2` entry by entry, `add` is `h_s + h_r`; both say the same of a pair in
    either order. `concat` is `[h_s, h_r]` (Stretcu et al., "Graph agreement models", NeurIPS 2019,
    section 3.1).

    Args:
        senders: float `[n_pairs, units]`.
        receivers: of the same shape.
        how: a name in `AGGREGATIONS`.

    Returns:
        `[n_pairs, units]`, or `[n_pairs, 2 * units]` for `concat`.

    Raises:
        ValueError: an unknown name.

    Example:

    >>> aggregate_pairs(tf.constant([[1.0, 2.0]]), tf.constant([[3.0, 2.0]]), "dist").numpy()
    array([[4., 0.]], dtype=float32)
    """
    if how == "dist":
        return tf.square(senders - receivers)
    if how == "add":
        return senders + receivers
    if how == "concat":
        return tf.concat([senders, receivers], axis=-1)
    raise ValueError(f"how must be one of {AGGREGATIONS}; got {how!r}")
