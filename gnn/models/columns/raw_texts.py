"""Cells of text as they lie in files: blanks around them, and spellings that mean missing."""

from __future__ import annotations

import functools
import re
from collections.abc import Collection

import tensorflow as tf

# What Python strips too, no-break spaces among them; and NUL, which ends a text for NumPy.
_BLANKS = r"[\s\v\x00\x1c-\x1f\x{85}\p{Z}]+"


def stripped(texts: tf.Tensor, missing: Collection[str]) -> tf.Tensor:
    r"""Texts without the blanks around them, those that mean missing as "".

    Args:
        texts: strings `[n]`.
        missing: the spellings.

    Example:

    >>> stripped(tf.constant([" tea\n", "NA", "NAN tea"]), frozenset({"NA"})).numpy().tolist()
    [b'tea', b'', b'NAN tea']
    """
    texts = tf.strings.regex_replace(texts, f"^{_BLANKS}|{_BLANKS}$", "")
    return tf.where(tf.strings.regex_full_match(texts, _any_of(frozenset(missing))), "", texts)


@functools.lru_cache(maxsize=64)
def _any_of(texts: frozenset[str]) -> str:
    return "|".join(sorted(map(re.escape, texts)))
