"""Record batches of Arrow as chunks of a table, from files and from memory."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import numpy as np

from gnn.tables import limits
from gnn.tables.cells import ArrowCells
from gnn.tables.table import Chunk

CHUNK_ROWS = 1 << 16


def chunks_of_batches(
    batches: Iterable[Any], name: str, wanted: Sequence[str] | None = None
) -> Iterator[Chunk]:
    """Record batches in chunks of at most `CHUNK_ROWS` rows, which count from 0.

    Args:
      batches: the record batches.
      name: what errors call the table.
      wanted: the columns to take; None takes all.
    """
    start = 0
    for batch in batches:
        titles = batch.schema.names if wanted is None else wanted
        for at in range(0, batch.num_rows, CHUNK_ROWS):
            part = batch.slice(at, CHUNK_ROWS)
            columns = {
                title: ArrowCells(f"{name}: column {title!r}", part.column(title))
                for title in titles
            }
            yield Chunk(np.arange(start, start + part.num_rows), columns)
            start += part.num_rows


def checked_batches(batches: Iterable[Any], name: str, size: int) -> Iterator[Any]:
    """The record batches of a file, as long as it is sound and claims no more than it can hold.

    Args:
      batches: the record batches.
      name: what errors call the file.
      size: its bytes.

    Raises:
      ValueError: for what Arrow cannot read, and as `gnn.tables.limits.check_rows`.
    """
    rows = 0
    waiting = iter(batches)
    while True:
        try:
            batch = next(waiting, None)
        except (OSError, ValueError) as error:  # Arrow's own errors are among these.
            raise ValueError(f"{name} is damaged after row {rows}: {error}") from error
        if batch is None:
            return
        limits.check_rows(name, rows + batch.num_rows, size)
        yield batch
        rows += batch.num_rows
