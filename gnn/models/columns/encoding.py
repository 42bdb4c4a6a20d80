"""Whole tables through the columns of an encoder: texts once each, numbers in blocks."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import tensorflow as tf
from scipy import sparse

from gnn.models.columns.encoded_column import BLOCK, EncodedColumn, as_strings, in_use
from gnn.models.columns.image_columns import ImageColumn, readable
from gnn.models.columns.token_rows import as_matrix
from gnn.tables.typed_table import Texts


def write_narrow(column: EncodedColumn, cells: Any, out: np.ndarray) -> None:
    """Writes the narrow numbers of a column into the columns of an array.

    Args:
        column: restored.
        cells: `n` of them: as in a table, of images the files.
        out: float32 `[n, len(column.names())]`.
    """
    if not out.shape[1]:
        return
    if isinstance(column, ImageColumn):
        out[:] = column.flags(readable(cells))
        return
    if isinstance(cells, Texts):
        texts = in_use(cells)
        found = [column.narrow(block).numpy() for block in _text_blocks(texts)]
        distinct = np.concatenate(found) if found else np.zeros((0, out.shape[1]), np.float32)
        for start in range(0, len(out), BLOCK):
            out[start : start + BLOCK] = distinct[texts.codes[start : start + BLOCK]]
        return
    for start in range(0, len(cells), BLOCK):
        block = np.asarray(cells[start : start + BLOCK], np.float32)
        out[start : start + BLOCK] = column.narrow(tf.convert_to_tensor(block)).numpy()


def token_matrix(column: EncodedColumn, cells: Any) -> sparse.csr_array:
    """The tokens of a column of texts, float32 `[n, len(column.token_names())]`."""
    assert isinstance(cells, Texts)
    texts = in_use(cells)
    parts = [as_matrix(column.tokens(block)) for block in _text_blocks(texts)]
    if not parts:
        return sparse.csr_array((0, len(column.token_names())), dtype=np.float32)
    distinct = parts[0] if len(parts) == 1 else sparse.vstack(parts, format="csr")
    return sparse.csr_array(distinct[texts.codes])


def side_by_side(matrices: Sequence[sparse.csr_array]) -> sparse.csr_array:
    """Token matrices as one, with sorted indices."""
    if len(matrices) == 1:
        return matrices[0]
    joined = sparse.csr_array(sparse.hstack(matrices, format="csr"))
    joined.sort_indices()
    return joined


def write_dense(matrix: sparse.csr_array, out: np.ndarray) -> None:
    """Writes a sparse matrix into the columns of an array, a block of rows at a time."""
    for start in range(0, len(out), BLOCK):
        out[start : start + BLOCK] = matrix[start : start + BLOCK].toarray()


def _text_blocks(texts: Texts) -> Iterator[tf.Tensor]:
    for start in range(0, len(texts.values), BLOCK):
        yield as_strings(texts.values[start : start + BLOCK])
