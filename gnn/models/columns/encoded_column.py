"""What the columns of all types have in common: learned once, then called on cells."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator, Mapping
from types import MappingProxyType
from typing import Any

import numpy as np
import tensorflow as tf

from gnn.tables.schema import Column
from gnn.tables.typed_table import Cells, Texts

# Cells that are looked at at once, and of texts the characters: words take many times their room.
BLOCK = 1 << 16
CHARACTERS = 1 << 20


@dataclasses.dataclass(frozen=True)
class Limits:
    """What an encoder is told of all its columns.

    Attributes:
        max_categories: of a category column, and of a multi-category one.
        max_tokens: the words of a text column.
        missing: the spellings that mean a gap.
        image: of images: height and width, channels, and what becomes of another aspect ratio.
    """

    max_categories: int
    max_tokens: int
    missing: frozenset[str]
    image: tuple[tuple[int, int], int, str]


class EncodedColumn(tf.Module):
    """One column: its cells become narrow numbers, tokens, or both.

    A subclass is a type of column. It is a `tf.Module` and no layer, since it holds nothing but
    constants: Keras neither casts its numbers nor writes files for it.

    Args:
        title: the name of the column.
        column: what the schema says of it.
        limits: what holds for all columns.
    """

    def __init__(self, title: str, column: Column, limits: Limits):
        super().__init__()
        self.title = title
        self.column = column
        self.limits = limits
        self.learned: Mapping[str, Any] = MappingProxyType({})

    def learn(self, cells: Cells) -> dict[str, Any]:
        """What the cells of the training rows say, as values that JSON can hold.

        All types have `gaps`, the share of cells that are gaps.
        """
        raise NotImplementedError

    def grow(self, cells: Cells) -> dict[str, Any]:
        """What was learned, and what further training rows have beyond it; nothing is forgotten."""
        return {**self.learned, "gaps": self.learn(cells)["gaps"] or self.learned["gaps"]}

    def restore(self, learned: Mapping[str, Any]) -> None:
        """Makes the layers of what `learn` returned."""
        # No dict: a `tf.Module` would wrap it, and what is in it.
        self.learned = MappingProxyType(dict(learned))

    def names(self) -> list[str]:
        """The names of the narrow columns that come of it."""
        return []

    def token_names(self) -> list[str]:
        """The names of the token columns that come of it."""
        return []

    def others_name(self) -> str | None:
        """The name of the token column of all that is not known, where there is one."""
        return None

    def narrow(self, cells: tf.Tensor) -> tf.Tensor:
        """Cells as numbers, float32 `[n, len(names())]`."""
        return tf.zeros([tf.shape(cells)[0], 0])

    def tokens(self, cells: tf.Tensor) -> tf.SparseTensor:
        """Cells as tokens, float32 `[n, len(token_names())]`."""
        raise NotImplementedError

    def observe(self, cells: Cells) -> dict[str, Any]:
        """What is to be told of cells that are not those of the training; see `Drift`."""
        raise NotImplementedError

    def spec(self) -> tf.TensorSpec:
        """What a batch of raw cells is."""
        return tf.TensorSpec([None], tf.string)

    def flags_gaps(self) -> bool:
        """Whether training rows had gaps: a flag that never was 1 has weights of no training."""
        return bool(self.learned["gaps"])


class SideBySide(tf.Module):
    """Columns in their order.

    Keras keeps a list in a list of its own, in which exports find no tables.
    """

    def __init__(self, columns: Iterable[EncodedColumn]):
        super().__init__()
        self._each = list(columns)

    def __iter__(self) -> Iterator[EncodedColumn]:
        """One after the other."""
        return iter(self._each)


def raw_blocks(cells: Cells) -> Iterator[tuple[tf.Tensor, np.ndarray]]:
    """The cells a block at a time, and how many rows each stands for: texts come once each.

    >>> [(texts.numpy().tolist(), rows.tolist()) for texts, rows in raw_blocks(
    ...     Texts.of(["tea", "", "tea"]))]
    [([b'tea', b''], [2, 1])]
    """
    if isinstance(cells, Texts):
        texts = in_use(cells)
        counts = np.bincount(texts.codes, minlength=len(texts.values))
        for part in text_blocks(texts.values):
            yield as_strings(texts.values[part]), counts[part]
        return
    for start in range(0, len(cells), BLOCK):
        block = np.asarray(cells[start : start + BLOCK], np.float32)
        yield tf.convert_to_tensor(block), np.ones(len(block), np.int64)


def text_blocks(values: np.ndarray) -> Iterator[slice]:
    """Which texts are looked at at once: so many, of so many characters; or one that is longer.

    >>> list(text_blocks(np.array(["a" * CHARACTERS, "b", "c"], object)))
    [slice(0, 1, None), slice(1, 3, None)]
    """
    start = characters = 0
    for place, text in enumerate(values):
        characters += len(text)
        if place > start and (characters > CHARACTERS or place - start == BLOCK):
            yield slice(start, place)
            start, characters = place, len(text)
    if start < len(values):
        yield slice(start, len(values))


def in_use(texts: Texts) -> Texts:
    """The same texts without distinct ones that no cell has.

    >>> in_use(Texts.of(["tea", "cup"]).take(np.array([1, 1]))).values.tolist()
    ['cup']
    """
    used = np.zeros(len(texts.values), bool)
    used[texts.codes] = True
    if used.all():
        return texts
    places = np.cumsum(used, dtype=np.int32) - 1
    return Texts(places[texts.codes], texts.values[used])


def as_strings(values: np.ndarray) -> tf.Tensor:
    r"""Python's texts as TensorFlow's; halves of a pair of surrogates become "?".

    >>> as_strings(np.array(["é", "\ud800"], object)).numpy().tolist()
    [b'\xc3\xa9', b'?']
    """
    return tf.constant([text.encode("utf-8", "replace") for text in values.tolist()], tf.string)
