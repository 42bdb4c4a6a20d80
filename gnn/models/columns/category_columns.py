"""Columns of categories, one a cell or several: a column for each that is known."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

import keras
import tensorflow as tf

from gnn.models.columns.encoded_column import EncodedColumn, raw_blocks
from gnn.models.columns.raw_texts import stripped
from gnn.models.columns.token_rows import token_rows
from gnn.tables.typed_table import Cells

# Seen once it is as if not seen: so what stands for unseen ones is trained.
FEWEST_ROWS = 2


class CategoryColumn(EncodedColumn):
    """A category a cell: 1 in its column, and 0 in the others.

    A gap is a category of its own. Categories that no training row had, or only one, or that are
    not among the most frequent, share a column. Either of the two is there only where training
    rows had such cells; without, a gap is as an unseen category, and these are rows of zeros.
    """

    between = "="

    def split(self, texts: tf.Tensor) -> tf.RaggedTensor:
        """The categories of each cell, `""` for a gap."""
        return tf.RaggedTensor.from_uniform_row_length(texts, 1)

    def learn(self, cells: Cells) -> dict[str, Any]:
        """The categories, and the shares of cells that are gaps or have others."""
        counts, total = Counter[str](), 0
        for parts, rows in self._read(cells):
            total += rows
            for part in parts:
                counts[part] += rows
        gaps = counts.pop("", 0)
        frequent = sorted((-n, value) for value, n in counts.items() if n >= FEWEST_ROWS)
        values = [value for _, value in frequent[: self.limits.max_categories]]
        known = {"", *values}
        others = sum(rows for parts, rows in self._read(cells) if not parts <= known)
        return {"gaps": gaps / max(total, 1), "others": others / max(total, 1), "values": values}

    def grow(self, cells: Cells) -> dict[str, Any]:
        """The categories that were known, and then new ones, up to the most there may be."""
        now, values = self.learn(cells), list(self.learned["values"])
        values += [value for value in now["values"] if value not in {*values}]
        values = values[: max(self.limits.max_categories, len(self.learned["values"]))]
        known, others, total = {"", *values}, 0, 0
        for parts, rows in self._read(cells):
            total += rows
            others += rows * (not parts <= known)
        return {
            "gaps": now["gaps"] or self.learned["gaps"],
            "others": others / max(total, 1) or self.learned["others"],
            "values": values,
        }

    def restore(self, learned: Mapping[str, Any]) -> None:
        """Makes the table of categories."""
        super().restore(learned)
        vocabulary = [*([""] if learned["gaps"] else []), *learned["values"]]
        # With Keras' name for others in front, which a category may have too. Keras takes no empty
        # vocabulary; a blank is no category, as blanks are stripped.
        self._lookup = keras.layers.StringLookup(vocabulary=["[UNK]", *(vocabulary or [" "])])

    def token_names(self) -> list[str]:
        """Others, gaps, and the categories by frequency."""
        others = self.others_name()
        names = [] if others is None else [others]
        names += [f"{self.title} is missing"] if self.learned["gaps"] else []
        values = self.learned["values"]
        return names + [f"{self.title} {self.between} {value!r}" for value in values]

    def others_name(self) -> str | None:
        """That of categories that are not known, where training rows had such."""
        return f"{self.title} {self.between} another" if self.learned["others"] else None

    def tokens(self, cells: tf.Tensor) -> tf.SparseTensor:
        """1 for each category that a cell has."""
        parts = self.split(stripped(tf.reshape(cells, [-1]), self.limits.missing))
        # Keras' first place is of all others.
        places = self._lookup(parts.flat_values) - (0 if self.learned["others"] else 1)
        return token_rows(parts.with_flat_values(places), len(self.token_names()))

    def observe(self, cells: Cells) -> dict[str, Any]:
        """Shares of gaps and of rows with others, and in how many rows each of the others is."""
        known, counts = {"", *self.learned["values"]}, Counter[str]()
        gaps = others = total = 0
        for parts, rows in self._read(cells):
            total += rows
            gaps += rows * (parts == {""})
            others += rows * (not parts <= known)
            for part in parts - known:
                counts[part] += rows
        shares = {"gaps": gaps / max(total, 1), "others": others / max(total, 1)}
        return {**shares, "unseen": counts}

    def _read(self, cells: Cells) -> Iterator[tuple[set[str], int]]:
        """The categories of each distinct cell, and how many rows have it."""
        for block, rows in raw_blocks(cells):
            split = self.split(stripped(block, self.limits.missing)).to_list()
            for parts, number in zip(split, rows.tolist(), strict=True):
                yield {part.decode("utf-8") for part in parts}, number


class MultiCategoryColumn(CategoryColumn):
    """Several categories a cell, with a separator between them: 1 in the column of each."""

    between = "has"

    def split(self, texts: tf.Tensor) -> tf.RaggedTensor:
        """The parts without blanks around them; empty ones are left out, `""` alone is a gap."""
        parts = tf.strings.split(texts, self.column.separator or ",")
        parts = parts.with_flat_values(stripped(parts.flat_values, self.limits.missing))
        parts = tf.ragged.boolean_mask(parts, parts != "")
        empty = tf.cast(parts.row_lengths() == 0, tf.int64)
        gaps = tf.RaggedTensor.from_row_lengths(tf.fill([tf.reduce_sum(empty)], ""), empty)
        return tf.concat([parts, gaps], axis=1)
