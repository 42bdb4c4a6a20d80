"""Whole tables through the columns of an encoder: texts once each, numbers in blocks."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
import tensorflow as tf
from scipy import sparse

from gnn.models.columns.encoded_column import BLOCK, EncodedColumn, as_strings, in_use, text_blocks
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


class CodedTokens(NamedTuple):
    """The tokens of a column: those of its distinct texts, and which text each row has.

    Attributes:
        distinct: float32 `[n_distinct, len(column.token_names())]`.
        codes: int32 `[n]`.
    """

    distinct: sparse.csr_array
    codes: np.ndarray


def coded_tokens(column: EncodedColumn, cells: Texts) -> CodedTokens:
    """The tokens of a column of texts."""
    texts = in_use(cells)
    parts = [as_matrix(column.tokens(block)) for block in _text_blocks(texts)]
    none = sparse.csr_array((0, len(column.token_names())), dtype=np.float32)
    return CodedTokens(sparse.csr_array(sparse.vstack([none, *parts], format="csr")), texts.codes)


def write_tokens(columns: Sequence[CodedTokens], out: np.ndarray) -> None:
    """Writes the tokens of columns side by side into an array, a block of rows at a time.

    Args:
        columns: of `n` rows each.
        out: float32 `[n, width of all]`.
    """
    for start in range(0, len(out), BLOCK):
        rows = slice(start, start + BLOCK)
        out[rows] = _token_rows(columns, rows).toarray()


def token_matrix(columns: Sequence[CodedTokens]) -> sparse.csr_array:
    """The tokens of columns side by side, float32 `[n, width of all]`, with sorted indices.

    It is filled a block of rows at a time, so that there is no second one.

    Args:
        columns: of `n` rows each, at least one.
    """
    starts = np.zeros(len(columns[0].codes) + 1, np.int64)
    for distinct, codes in columns:
        starts[1:] += np.diff(distinct.indptr)[codes]
    np.cumsum(starts, out=starts)
    data, indices = np.empty(starts[-1], np.float32), np.empty(starts[-1], np.int32)
    for start in range(0, len(starts) - 1, BLOCK):
        rows = _token_rows(columns, slice(start, start + BLOCK))
        places = slice(starts[start], starts[start] + rows.nnz)
        data[places], indices[places] = rows.data, rows.indices
    width = sum(distinct.shape[1] for distinct, _ in columns)
    if starts[-1] <= np.iinfo(np.int32).max:
        starts = starts.astype(np.int32)
    return sparse.csr_array((data, indices, starts), (len(starts) - 1, width))


def _token_rows(columns: Sequence[CodedTokens], rows: slice) -> sparse.csr_array:
    parts = [distinct[codes[rows]] for distinct, codes in columns]
    joined = sparse.csr_array(sparse.hstack(parts, format="csr"))
    joined.sort_indices()
    return joined


def _text_blocks(texts: Texts) -> Iterator[tf.Tensor]:
    for part in text_blocks(texts.values):
        yield as_strings(texts.values[part])
