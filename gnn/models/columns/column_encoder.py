"""The encoder of columns: adapted on training rows, called on tables and on raw tensors."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from scipy import sparse

from gnn.configs.arguments import check_count
from gnn.edges.missing import as_na_values
from gnn.models.columns.column_types import COLUMN_TYPES
from gnn.models.columns.drift import Drift, column_drift
from gnn.models.columns.encoded_column import EncodedColumn, Limits, SideBySide
from gnn.models.columns.encoding import side_by_side, token_matrix, write_dense, write_narrow
from gnn.models.keras_files import save_whole
from gnn.ops.sparse import as_dense
from gnn.tables.schema import Schema
from gnn.tables.typed_table import Cells, Texts, TypedTable

FEATURES, TOKENS = "features", "tokens"
# Above so many numbers tokens are sparse however few they are: 512 MB.
MOST_DENSE = 2**27


@keras.saving.register_keras_serializable(package="gnn")
class ColumnEncoder(keras.Model):
    """The columns of a table, of any type, as features that models take.

    `adapt` learns statistics and vocabularies of the training rows, once. `encode` then makes
    features of a table for a `gnn.Graph`, and a call makes the same features of a batch of raw
    tensors, so that what is served is what was trained.

    - `"number"`, `"boolean"`, `"vector"`: standardized; a gap takes the mean.
    - `"date"`: the days since 1970 standardized, and sine and cosine of the place in year and week.
    - `"category"`: a column for each that two training rows have, one for others and one for gaps.
    - `"multi-category"`: the same, of several in a cell.
    - `"text"`: words by tf-idf, rows of length 1.

    A flag says which cells were gaps, where training rows had some. All this is side by side in
    `"features"`, float32 `[n, width]`; categories and words are in `"tokens"`, sparse, where they
    are many. `feature_names` names the columns.

    Args:
        schema: a `Schema`, or what `Schema.of` takes; columns of features are encoded, others not.
        max_categories: the most categories of a column; the most frequent are taken.
        max_tokens: the most words of a column of text, likewise.
        dense_width: up to so many columns of categories and words are dense, in `"features"`.
        na_values: the spellings that mean a gap; None takes those of the readers.
        learned: what `adapt` learned, as `get_config` has it.
        **kwargs: of `keras.Model`.

    Raises:
        TypeError: as `Schema.of`.
        ValueError: likewise; no column is one of features, or a number is not positive.

    Example:

    >>> table = TypedTable(
    ...     Schema.of({"price": "number", "brand": "category"}),
    ...     {"price": np.array([1, 3, np.nan], np.float32), "brand": Texts.of(["a", "a", "b"])},
    ...     3,
    ... )
    >>> encoder = ColumnEncoder(table.schema)
    >>> encoder.adapt(table)
    >>> encoder.feature_names["features"]
    ['price', 'price is missing', 'brand = another', "brand = 'a'"]
    >>> encoder.encode(table)["features"].tolist()
    [[-1.0, 0.0, 0.0, 1.0], [1.0, 0.0, 0.0, 1.0], [0.0, 1.0, 1.0, 0.0]]
    """

    def __init__(
        self,
        schema: Any,
        *,
        max_categories: int = 1_000,
        max_tokens: int = 10_000,
        dense_width: int = 256,
        na_values: Collection[str] | None = None,
        learned: Mapping[str, Any] | None = None,
        **kwargs: Any,
    ):
        super().__init__(**{"dtype": "float32", **kwargs})
        self.supports_jit = False  # XLA has no strings.
        self.schema = Schema.of(schema)
        self.max_categories = check_count("max_categories", max_categories, 1)
        self.max_tokens = check_count("max_tokens", max_tokens, 1)
        self.dense_width = check_count("dense_width", dense_width, 0)
        self.na_values = as_na_values(na_values)
        if not self.schema.features:
            raise ValueError("schema must have a column of features, got none")
        limits = Limits(max_categories, max_tokens, self.na_values)
        self._columns = SideBySide(
            COLUMN_TYPES[self.schema.columns[name].type](name, self.schema.columns[name], limits)
            for name in self.schema.features
        )
        self._dense_tokens = True
        if learned is not None:
            self._restore(learned["columns"])
            self._dense_tokens = bool(learned["dense_tokens"])

    def adapt(self, table: TypedTable, rows: np.ndarray | None = None) -> None:
        """Learns statistics and vocabularies, once: models learn from what comes of them.

        Args:
            table: with the columns of the schema.
            rows: the training rows, by number or as a mask; None takes all. No other row counts.

        Raises:
            RuntimeError: it is adapted already.
            ValueError: there are no rows, or nothing comes of the columns.
            KeyError: the table lacks a column.
            TypeError: a column's cells are not what its type has.
        """
        if self.built:
            raise RuntimeError(
                f"{self.name!r} is adapted already, and models may have learned from it: make "
                "another gnn.ColumnEncoder"
            )
        if rows is not None and rows.dtype == bool:
            rows = np.flatnonzero(rows)
        if not (table.num_rows if rows is None else len(rows)):
            raise ValueError("rows must be the training rows, at least one, got none")
        learned = {}
        for column in self._columns:
            cells = self._cells(table, column)
            if rows is not None:
                cells = cells.take(rows) if isinstance(cells, Texts) else cells[rows]
            learned[column.title] = column.learn(cells)
        self._restore(learned)
        width = sum(len(column.token_names()) for column in self._columns)
        self._dense_tokens = width <= self.dense_width and width * table.num_rows <= MOST_DENSE

    def encode(self, table: TypedTable) -> dict[str, np.ndarray | sparse.csr_array]:
        """The features of a table, as `gnn.Graph` takes them.

        Texts are encoded once each and gathered, numbers block by block. Besides the features,
        memory holds what is made of the distinct texts of a column.

        Args:
            table: with the columns of the schema.

        Returns:
            `"features"`, float32 `[n, width]`, and `"tokens"`, a CSR matrix, where they are sparse.

        Raises:
            RuntimeError: it is not adapted.
            KeyError: the table lacks a column.
            TypeError: a column's cells are not what its type has.
            ValueError: vectors have another length.
        """
        names = self.feature_names
        matrices = [
            token_matrix(column, self._cells(table, column))
            for column in self._columns
            if column.token_names()
        ]
        found: dict[str, np.ndarray | sparse.csr_array] = {}
        if FEATURES in names:
            features = np.zeros((table.num_rows, len(names[FEATURES])), np.float32)
            start = 0
            for column in self._columns:
                end = start + len(column.names())
                write_narrow(column, self._cells(table, column), features[:, start:end])
                start = end
            if matrices and self._dense_tokens:
                write_dense(side_by_side(matrices), features[:, start:])
            found[FEATURES] = features
        if TOKENS in names:
            found[TOKENS] = side_by_side(matrices)
        return found

    def call(self, inputs: Mapping[str, tf.Tensor]) -> dict[str, tf.Tensor]:
        """The features of a batch of raw cells, by the very layers of `encode`.

        Args:
            inputs: by column: strings `[n]`; float32 `[n]` of a number, NaN for a gap; float32
                `[n, length]` of a vector. Others are not looked at.

        Returns:
            As `encode`, all dense.

        Raises:
            KeyError: a column is not there.
        """
        self._check_adapted()
        lacking = [column.title for column in self._columns if column.title not in inputs]
        if lacking:
            raise KeyError(f"the columns {lacking} are not there; there are {sorted(inputs)}")
        narrow = [column.narrow(inputs[column.title]) for column in self._columns]
        tokens = [
            as_dense(column.tokens(inputs[column.title]))
            for column in self._columns
            if column.token_names()
        ]
        parts = {FEATURES: [*narrow, *tokens] if self._dense_tokens else narrow, TOKENS: tokens}
        return {
            name: tf.ensure_shape(tf.concat(parts[name], axis=1), [None, len(columns)])
            for name, columns in self.feature_names.items()
        }

    def drift(self, table: TypedTable) -> Drift:
        """How a table differs from the training rows: gaps, categories, ranges.

        Raises:
            RuntimeError: it is not adapted.
            KeyError: the table lacks a column.
            TypeError: a column's cells are not what its type has.
        """
        self._check_adapted()
        found = {}
        for column in self._columns:
            now = column.observe(self._cells(table, column))
            found[column.title] = column_drift(column.learned, now)
        return Drift(table.num_rows, found)

    @property
    def feature_names(self) -> dict[str, list[str]]:
        """The names of the columns of each feature, in their order."""
        self._check_adapted()
        narrow = [name for column in self._columns for name in column.names()]
        tokens = [name for column in self._columns for name in column.token_names()]
        if self._dense_tokens:
            return {FEATURES: [*narrow, *tokens]}
        return {FEATURES: narrow, TOKENS: tokens} if narrow else {TOKENS: tokens}

    def raw_specs(self) -> dict[str, tf.TensorSpec]:
        """What a call takes, by column."""
        self._check_adapted()
        return {column.title: column.spec() for column in self._columns}

    def build(self, input_shape: Any = None) -> None:
        """Nothing is left to build of an adapted encoder.

        Raises:
            RuntimeError: it is not adapted.
        """
        self._check_adapted()

    def get_config(self) -> dict[str, Any]:
        """The constructor arguments, with what was learned: an encoder is its configuration."""
        learned = {column.title: dict(column.learned) for column in self._columns}
        return {
            **super().get_config(),
            "schema": self.schema.to_dict(),
            "max_categories": self.max_categories,
            "max_tokens": self.max_tokens,
            "dense_width": self.dense_width,
            "na_values": sorted(self.na_values),
            "learned": {"columns": learned, "dense_tokens": self._dense_tokens}
            if self.built
            else None,
        }

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: Any = None) -> ColumnEncoder:
        """Makes the encoder that `get_config` describes."""
        return cls(**config)

    def save(self, filepath: Any, overwrite: bool = True, **kwargs: Any) -> None:
        """Saves one `.keras` file, which `keras.models.load_model` brings back; whole or not at all.

        Raises:
            RuntimeError: it is not adapted.
        """
        self._check_adapted()
        save_whole(super().save, filepath, overwrite, **kwargs)

    def _restore(self, learned: Mapping[str, Any]) -> None:
        for column in self._columns:
            column.restore(learned[column.title])
        if not any([*column.names(), *column.token_names()] for column in self._columns):
            raise ValueError(
                f"nothing comes of the columns {self.schema.features}: no two training rows have a "
                "word in common"
            )
        self.built = True

    def _check_adapted(self) -> None:
        if not self.built:
            raise RuntimeError(f"{self.name!r} is not adapted: call adapt on training rows first")

    def _cells(self, table: TypedTable, column: EncodedColumn) -> Cells:
        if column.title not in table.columns:
            raise KeyError(
                f"the table lacks the column {column.title!r}; it has {sorted(table.columns)}"
            )
        cells, spec = table.columns[column.title], column.spec()
        if isinstance(cells, Texts) != (spec.dtype == tf.string):
            raise TypeError(
                f"column {column.title!r} is a {column.column.type}, whose cells are "
                f"{'texts' if spec.dtype == tf.string else 'numbers'}; got {type(cells).__name__}"
            )
        if not isinstance(cells, Texts) and not spec.shape.is_compatible_with(cells.shape):
            raise ValueError(
                f"column {column.title!r} must have shape {spec.shape}, got {cells.shape}"
            )
        return cells
