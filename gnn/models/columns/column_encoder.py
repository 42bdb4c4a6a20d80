"""The encoder of columns: adapted on training rows, called on tables and on raw tensors."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from types import MappingProxyType
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from gnn.configs.arguments import check_count
from gnn.edges.missing import as_na_values
from gnn.graphs.batch.keys import RESERVED_KEYS
from gnn.graphs.features import Feature
from gnn.models.columns.column_types import COLUMN_TYPES
from gnn.models.columns.drift import Drift, column_drift
from gnn.models.columns.encoded_column import EncodedColumn, Limits, SideBySide
from gnn.models.columns.encoding import coded_tokens, token_matrix, write_narrow, write_tokens
from gnn.models.columns.image_columns import ImageColumn
from gnn.models.columns.table_cells import Folder, cells_of, training_cells
from gnn.models.input_names import input_names
from gnn.models.keras_files import save_whole
from gnn.ops.images import image_shape
from gnn.ops.sparse import as_dense
from gnn.tables.schema import Schema
from gnn.tables.typed_table import TypedTable

FEATURES, TOKENS = "columns", "tokens"
# Above so many numbers tokens are sparse however few they are: 512 MB.
MOST_DENSE = 2**27


def image_features(schema: Schema) -> dict[str, str]:
    """The feature of each column of images: its name, or what a SavedModel can have for it.

    >>> image_features(Schema.of({"photo": "image", "the photo/2": "image", "edges": "image"}))
    {'edges': 'edges_2', 'photo': 'photo', 'the photo/2': 'the_photo_2'}
    """
    taken = {FEATURES, TOKENS, *RESERVED_KEYS}
    return input_names(sorted(schema.of_type("image")), taken=taken)


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
    `"columns"`, float32 `[n, width]`; categories and words are in `"tokens"`, sparse, where they
    are many. `feature_names` names the columns.

    An `"image"` is a feature of its own, uint8 `[n, height, width, channels]`, by the column's
    name, as far as that can name an input (`image_features`): `encode` gives
    `gnn.graphs.ImageFiles`, a call takes the bytes of files. Its flag is for broken ones too.

    Args:
        schema: a `Schema`, or what `Schema.of` takes; columns of features are encoded, others not.
        max_categories: the most categories of a column; the most frequent are taken.
        max_tokens: the most words of a column of text, likewise.
        dense_width: up to so many columns of categories and words are dense, in `"columns"`.
        image_size: the height and width of images.
        image_channels: 1 (gray) or 3 (color).
        keep_aspect: what becomes of another aspect ratio: `"stretch"`, `"pad"` or `"crop"`.
        na_values: the spellings that mean a gap; None takes those of the readers.
        learned: what `adapt` learned, as `get_config` has it.
        **kwargs: of `keras.Model`.

    Raises:
        TypeError: as `Schema.of`.
        ValueError: likewise; no column is one of features, or an argument is out of range.

    Example:

    >>> from gnn.tables.typed_table import Texts
    >>> table = TypedTable(
    ...     Schema.of({"price": "number", "brand": "category"}),
    ...     {"price": np.array([1, 3, np.nan], np.float32), "brand": Texts.of(["a", "a", "b"])},
    ...     3,
    ... )
    >>> encoder = ColumnEncoder(table.schema)
    >>> encoder.adapt(table)
    >>> encoder.feature_names["columns"]
    ['price', 'price is missing', 'brand = another', "brand = 'a'"]
    >>> encoder.encode(table)["columns"].tolist()
    [[-1.0, 0.0, 0.0, 1.0], [1.0, 0.0, 0.0, 1.0], [0.0, 1.0, 1.0, 0.0]]
    """

    def __init__(
        self,
        schema: Any,
        *,
        max_categories: int = 1_000,
        max_tokens: int = 10_000,
        dense_width: int = 256,
        image_size: tuple[int, int] = (64, 64),
        image_channels: int = 3,
        keep_aspect: str = "stretch",
        na_values: Collection[str] | None = None,
        learned: Mapping[str, Any] | None = None,
        **kwargs: Any,
    ):
        super().__init__(**{"dtype": "float32", **kwargs})
        self.schema = Schema.of(schema)
        self.max_categories = check_count("max_categories", max_categories, 1)
        self.max_tokens = check_count("max_tokens", max_tokens, 1)
        self.dense_width = check_count("dense_width", dense_width, 0)
        shape = image_shape(image_size, image_channels, keep_aspect)
        self.image_size, self.image_channels = shape[:2], shape[2]
        self.keep_aspect = keep_aspect
        self.na_values = as_na_values(na_values)
        if not self.schema.features:
            raise ValueError("schema must have a column of features, got none")
        self._images = MappingProxyType(image_features(self.schema))
        image = (self.image_size, self.image_channels, keep_aspect)
        limits = Limits(max_categories, max_tokens, self.na_values, image)
        self._columns = SideBySide(
            COLUMN_TYPES[self.schema.columns[name].type](name, self.schema.columns[name], limits)
            for name in self.schema.features
        )
        # XLA has no strings.
        self.supports_jit = all(column.spec().dtype != tf.string for column in self._columns)
        self._dense_tokens = True
        if learned is not None:
            self._restore(learned["columns"])
            self._dense_tokens = bool(learned["dense_tokens"])

    def adapt(self, table: TypedTable, rows: Any = None, *, root: Folder = None) -> None:
        """Learns statistics and vocabularies, once: models learn from what comes of them.

        Args:
            table: with the columns of the schema.
            rows: the training rows, by number or as a mask; None takes all. No other row counts.
            root: the folder that relative paths of images start from; None is the current one.

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
        found = training_cells(table, self._columns, rows, root)
        self._restore({column.title: column.learn(cells) for column, cells in found})
        width = sum(len(column.token_names()) for column in self._columns)
        self._dense_tokens = width <= self.dense_width and width * table.num_rows <= MOST_DENSE

    def encode(self, table: TypedTable, *, root: Folder = None) -> dict[str, Feature]:
        """The features of a table, as `gnn.Graph` takes them.

        Texts are encoded once each and gathered, numbers block by block. Besides the features,
        memory holds what is made of the distinct texts of a column. Images are read once where
        there is a flag for broken ones, and kept where they are few, as `ImageFiles` has it.

        Args:
            table: with the columns of the schema.
            root: as in `adapt`.

        Returns:
            `"columns"`, float32 `[n, width]`; `"tokens"`, a CSR matrix, where they are sparse;
            images by the names of `image_features`.

        Raises:
            RuntimeError: it is not adapted.
            KeyError: the table lacks a column.
            TypeError: a column's cells are not what its type has.
            ValueError: vectors have another length.
        """
        names = self.feature_names
        held = {column.title: cells_of(table, column, root) for column in self._columns}
        tokens = [
            coded_tokens(column, held[column.title])
            for column in self._columns
            if column.token_names()
        ]
        found: dict[str, Feature] = {}
        if FEATURES in names:
            features = np.zeros((table.num_rows, len(names[FEATURES])), np.float32)
            start = 0
            for column in self._columns:
                end = start + len(column.names())
                write_narrow(column, held[column.title], features[:, start:end])
                start = end
            if tokens and self._dense_tokens:
                write_tokens(tokens, features[:, start:])
            found[FEATURES] = features
        if TOKENS in names:
            found[TOKENS] = token_matrix(tokens)
        return {**found, **{feature: held[name] for name, feature in self._images.items()}}

    def call(self, inputs: Mapping[str, tf.Tensor]) -> dict[str, tf.Tensor]:
        """The features of a batch of raw cells, by the very layers of `encode`.

        Args:
            inputs: by column: strings `[n]`; float32 `[n]` of a number, NaN for a gap; float32
                `[n, length]` of a vector; of images the bytes of files, `""` for a gap. Others are
                not looked at.

        Returns:
            As `encode`, all dense.

        Raises:
            KeyError: a column is not there.
        """
        self._check_adapted()
        lacking = [column.title for column in self._columns if column.title not in inputs]
        if lacking:
            raise KeyError(f"the columns {lacking} are not there; there are {sorted(inputs)}")
        narrow, images = [], {}
        for column in self._columns:
            cells = inputs[column.title]
            if isinstance(column, ImageColumn):
                images[self._images[column.title]], numbers = column.decode(cells)
            else:
                numbers = column.narrow(cells)
            narrow.append(numbers)
        tokens = [
            as_dense(column.tokens(inputs[column.title]))
            for column in self._columns
            if column.token_names()
        ]
        parts = {FEATURES: [*narrow, *tokens] if self._dense_tokens else narrow, TOKENS: tokens}
        found = {
            name: tf.ensure_shape(tf.concat(parts[name], axis=1), [None, len(columns)])
            for name, columns in self.feature_names.items()
        }
        return {**found, **images}

    def drift(
        self,
        table: TypedTable,
        *,
        root: Folder = None,
        features: Mapping[str, Any] | None = None,
    ) -> Drift:
        """How a table differs from the training rows: gaps, categories, ranges.

        Args:
            table: with the columns of the schema.
            root: as in `adapt`; images are read.
            features: what `encode` made of the table, if it did: its images are not read again.

        Raises:
            RuntimeError: it is not adapted.
            KeyError: the table lacks a column.
            TypeError: a column's cells are not what its type has.
        """
        self._check_adapted()
        found = {}
        for column in self._columns:
            cells = cells_of(table, column, root)
            if isinstance(column, ImageColumn) and features is not None:
                cells = features[self._images[column.title]]
            found[column.title] = column_drift(column.learned, column.observe(cells))
        return Drift(table.num_rows, found)

    @property
    def columns(self) -> tuple[EncodedColumn, ...]:
        """What is known of each column, in their order."""
        return tuple(self._columns)

    @property
    def feature_names(self) -> dict[str, list[str]]:
        """The names of the columns of each feature but images, in their order."""
        self._check_adapted()
        narrow = [name for column in self._columns for name in column.names()]
        tokens = [name for column in self._columns for name in column.token_names()]
        named = {FEATURES: narrow, TOKENS: tokens}
        if self._dense_tokens:
            named = {FEATURES: [*narrow, *tokens]}
        return {name: columns for name, columns in named.items() if columns}

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
            "image_size": list(self.image_size),
            "image_channels": self.image_channels,
            "keep_aspect": self.keep_aspect,
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
        """Saves one `.keras` file that `keras.models.load_model` brings back, whole or not at all.

        Raises:
            RuntimeError: it is not adapted.
        """
        self._check_adapted()
        save_whole(super().save, filepath, overwrite, **kwargs)

    def _restore(self, learned: Mapping[str, Any]) -> None:
        for column in self._columns:
            column.restore(learned[column.title])
        made = [name for c in self._columns for name in (*c.names(), *c.token_names())]
        if not made and not self.schema.of_type("image"):
            raise ValueError(
                f"nothing comes of the columns {self.schema.features}: no two training rows have a "
                "word in common"
            )
        self.built = True

    def _check_adapted(self) -> None:
        if not self.built:
            raise RuntimeError(f"{self.name!r} is not adapted: call adapt on training rows first")
