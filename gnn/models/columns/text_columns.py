"""Columns of text as bags of words."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from gnn.models.columns.category_columns import FEWEST_ROWS
from gnn.models.columns.encoded_column import EncodedColumn, raw_blocks
from gnn.models.columns.raw_texts import stripped
from gnn.models.columns.token_rows import token_rows
from gnn.tables.typed_table import Cells

# Above so many distinct words, those that occurred once are forgotten.
MOST_WORDS = 2_000_000


class TextColumn(EncodedColumn):
    """The words of a text, weighed by tf-idf; a row has length 1.

    Words are what stands between blanks, in lower case, anything but letters and digits being a
    blank. The weight of a word in a text is `count * log(1 + texts / (1 + texts with it))`. Words
    of fewer than two training texts are left out; a gap is a row of zeros, and has a flag.
    """

    def learn(self, cells: Cells) -> dict[str, Any]:
        """The most frequent words, and in how many texts each is."""
        counts, total, gaps = Counter[bytes](), 0, 0
        for block, rows in raw_blocks(cells):
            texts = stripped(block, self.limits.missing)
            total += int(rows.sum())
            gaps += int(rows[texts.numpy() == b""].sum())
            words = tf.strings.split(plain_words(texts))
            distinct, places = tf.unique(words.flat_values)
            pairs = np.unique(words.value_rowids().numpy() * max(len(distinct), 1) + places.numpy())
            row, place = np.divmod(pairs, max(len(distinct), 1))
            here = np.bincount(place, rows[row], len(distinct)).astype(np.int64)
            for word, number in zip(distinct.numpy().tolist(), here.tolist(), strict=True):
                counts[word] += number
            if len(counts) > MOST_WORDS:
                counts = Counter({word: n for word, n in counts.items() if n > 1})
        frequent = sorted((-n, word) for word, n in counts.items() if n >= FEWEST_ROWS)
        frequent = frequent[: self.limits.max_tokens]
        return {
            "gaps": gaps / max(total, 1),
            "texts": total,
            "words": [word.decode("utf-8") for _, word in frequent],
            "texts_with": [-n for n, _ in frequent],
        }

    def grow(self, cells: Cells) -> dict[str, Any]:
        """The words that were known, and then new ones, up to the most there may be.

        A new word has the weight of one that was in the same share of the texts of before.
        """
        now, words = self.learn(cells), list(self.learned["words"])
        counts = dict(zip(now["words"], now["texts_with"], strict=True))
        new = [word for word in now["words"] if word not in {*words}]
        new = new[: max(self.limits.max_tokens - len(words), 0)]
        scale = self.learned["texts"] / max(now["texts"], 1)
        return {
            **self.learned,
            "gaps": now["gaps"] or self.learned["gaps"],
            "words": words + new,
            "texts_with": [*self.learned["texts_with"], *(scale * counts[word] for word in new)],
            "measured": self.learned.get("measured", len(words)),
        }

    def restore(self, learned: Mapping[str, Any]) -> None:
        """Makes the table of words and their weights."""
        super().restore(learned)
        # Keras takes no empty vocabulary; a comma stands in no text, as punctuation is stripped.
        self._words = keras.layers.TextVectorization(
            standardize=None, vocabulary=[*learned["words"]] or [","], ragged=True
        )
        weights = [math.log(1 + learned["texts"] / (1 + n)) for n in learned["texts_with"]]
        self._weights = tf.constant(weights, tf.float32)

    def names(self) -> list[str]:
        """The flag, where training rows had gaps."""
        return [f"{self.title} is missing"] if self.flags_gaps() else []

    def token_names(self) -> list[str]:
        """The words by frequency."""
        return [f"{self.title}: {word}" for word in self.learned["words"]]

    def narrow(self, cells: tf.Tensor) -> tf.Tensor:
        """The flag, where training rows had gaps."""
        if not self.flags_gaps():
            return super().narrow(cells)
        texts = stripped(tf.reshape(cells, [-1]), self.limits.missing)
        return tf.cast(texts == "", tf.float32)[:, tf.newaxis]

    def tokens(self, cells: tf.Tensor) -> tf.SparseTensor:
        """The weights of the words."""
        texts = stripped(tf.reshape(cells, [-1]), self.limits.missing)
        # Keras' first two places are of padding and of other words.
        places = self._words(plain_words(texts)) - 2
        measured = self.learned.get("measured")
        return token_rows(places, len(self.learned["words"]), self._weights, measured)

    def observe(self, cells: Cells) -> dict[str, Any]:
        """The share of gaps."""
        gaps = total = 0
        for block, rows in raw_blocks(cells):
            texts = stripped(block, self.limits.missing).numpy()
            total += int(rows.sum())
            gaps += int(rows[texts == b""].sum())
        return {"gaps": gaps / max(total, 1)}


def plain_words(texts: tf.Tensor) -> tf.Tensor:
    """Texts in lower case, a blank for anything but letters, their marks and digits.

    Keras' own standardization puts ASCII alone in lower case, and joins what a comma divides.

    Example:

    >>> plain_words(tf.constant(["Ärmel,lang (XL)"])).numpy()[0].decode()
    'ärmel lang xl '
    """
    lower = tf.strings.lower(texts, encoding="utf-8")
    return tf.strings.regex_replace(lower, r"[^\p{L}\p{M}\p{N}]+", " ")
