"""An index folder, asked: by new rows, by vectors and by ids."""

from __future__ import annotations

import os
from typing import Any

import numpy as np

from gnn.retrieval.retrieval_index import RetrievalIndex
from gnn.retrieval.search_result import SearchResult
from gnn.runs.row_embedding import RowEncoder


class ServedIndex:
    """An index that `gnn.runs.index_run` wrote, with what embeds new rows.

    Attributes:
        index: the `gnn.RetrievalIndex`.
        rows: makes vectors of rows; None of a graph network, or of an index without a model.
    """

    def __init__(self, index: RetrievalIndex):
        """Takes an index that was loaded."""
        self.index = index
        self.rows: RowEncoder | None = None
        encoder = index.encoder
        if encoder is not None and "columns" in index.notes:
            self.rows = RowEncoder(encoder, index.notes["columns"])

    def row_encoder(self) -> RowEncoder:
        """What makes vectors of rows.

        Raises:
            ValueError: there is none.
        """
        if self.rows is None:
            raise ValueError(
                "the index embeds no new rows: it was made of vectors, or by a graph network, "
                "which needs neighbors. Search by vectors or by ids"
            )
        return self.rows

    def ids_of(self, texts: list[str]) -> list[Any]:
        """Ids as they are in the index, of what was typed: a text, or else an integer.

        Raises:
            KeyError: there is no such item.
        """
        known = set(self.index.ids)
        found: list[Any] = []
        for text in texts:
            number = int(text) if text.lstrip("-").isdecimal() else None
            if text not in known and number not in known:
                raise KeyError(f"there is no item with the id {text!r}")
            found.append(text if text in known else number)
        return found

    def search_table(self, table: Any, k: int = 10) -> tuple[list[str], SearchResult]:
        """The nearest items of each row of a table, and the ids of these rows.

        Args:
            table: a file or a table in memory.
            k: how many.

        Raises:
            FileNotFoundError: there is no such file.
            ValueError: the index embeds no rows, a column is missing, or `k` is out of range.
        """
        ids, vectors = self.row_encoder().of_table(table)
        return ids, self.index.search(vectors, k)


def open_index(folder: str | os.PathLike[str]) -> ServedIndex:
    """Opens an index folder to ask it.

    Args:
        folder: what `gnn.runs.index_run`, or `gnn.RetrievalIndex.save`, wrote.

    Raises:
        FileNotFoundError: there is no index.
        ImportError: FAISS is not installed.
        ValueError: a file is damaged.
    """
    return ServedIndex(RetrievalIndex.load(folder))


def search_table(queries: list[Any], result: SearchResult) -> dict[str, Any]:
    """Named columns of what was found: `query`, `rank`, `id` and `score`, a row a hit.

    Example:

    >>> found = SearchResult(np.array([[1, 0]]), np.array([[0.5, 0.25]]), lambda rows: rows)
    >>> search_table(["mine"], found)["rank"]
    [1, 2]
    """
    hits = [
        (query, rank, *hit)
        for place, query in enumerate(queries)
        for rank, hit in enumerate(result.hits(place), start=1)
    ]
    names = ("query", "rank", "id", "score")
    columns = {name: [hit[place] for hit in hits] for place, name in enumerate(names)}
    return {**columns, "score": np.array(columns["score"], np.float32)}
