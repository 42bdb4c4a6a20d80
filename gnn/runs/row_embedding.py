"""New rows as vectors, by the SavedModel in an index folder: of tables, and of plain values."""

from __future__ import annotations

import base64
import binascii
import json
import os
import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from gnn.datasets.node_schema import NodeSchema
from gnn.datasets.node_tables import NodeTable, read_nodes
from gnn.models.served_classifier import SCHEMA
from gnn.retrieval.encoders import Encoder
from gnn.tables.problems import TableWarning
from gnn.tables.typed_table import Texts


class RowEncoder:
    """Makes vectors of rows, which it reads as the run read its own.

    Args:
        encoder: of the index.
        columns: of the run's table, as a dict; None of a run of features alone.

    Raises:
        FileNotFoundError: the SavedModel does not say what its inputs are.
    """

    def __init__(self, encoder: Encoder, columns: dict[str, Any] | None):
        self._encoder = encoder
        self._columns = None if columns is None else NodeSchema.from_dict(columns)
        schema = json.loads((Path(encoder.model) / "assets" / SCHEMA).read_text(encoding="utf-8"))
        self.takes_columns = "columns" in schema
        # Each column, or feature: the input that it is, and its shape.
        self.inputs: dict[str, dict[str, Any]] = schema.get("columns", schema["features"])
        self._images = {name for name, each in self.inputs.items() if each.get("type") == "image"}

    def of_table(self, table: Any) -> tuple[list[str], np.ndarray]:
        """The ids and the vectors of a table of rows.

        Args:
            table: a file, or a table in memory, as `gnn.datasets.read_nodes` takes it.

        Raises:
            FileNotFoundError: there is no such file.
            ValueError: a column is missing.

        Warns:
            TableWarning: for cells that are taken for gaps.
        """
        found = read_nodes(table, self._columns, labels=False, distinct=False)
        if not self.takes_columns:
            return found.ids, self._of(dict(found.features), len(found.ids))
        cells = self._cells(found)
        for name in self._images:
            texts = found.table.columns[name]
            assert isinstance(texts, Texts)
            cells[name] = [_bytes_of(path, found.folder) for path in texts.text().tolist()]
        return found.ids, self._of(cells, len(found.ids))

    def of_rows(self, rows: Sequence[Mapping[str, Any]]) -> np.ndarray:
        """The vectors of rows of plain values.

        Args:
            rows: name of a column to its value; what is missing is a gap. An image is the text of
                its file in Base64. Of a run of features, each feature's numbers.

        Raises:
            TypeError: a row is no mapping, or a value is nothing that a cell can be.
            ValueError: a row has an unknown column, or a value is wrong.
        """
        for place, row in enumerate(rows):
            if not isinstance(row, Mapping):
                raise TypeError(f"row {place} must be an object of columns, got {row!r}")
            unknown = sorted(row.keys() - self.inputs.keys())
            if unknown:
                raise ValueError(
                    f"row {place} has the unknown column {unknown[0]!r}; there are "
                    f"{sorted(self.inputs)}"
                )
        if not self.takes_columns:
            return self._of(self._features(rows), len(rows))
        table: dict[str, list[Any]] = {
            name: [None if name in self._images else row.get(name) for row in rows]
            for name in self.inputs
        }
        for name, values in table.items():
            for place, value in enumerate(values):
                if isinstance(value, (list, dict)) and self.inputs[name]["type"] != "vector":
                    raise TypeError(f"row {place}, column {name!r}: got {value!r}")
        assert self._columns is not None
        name = self._columns.id_column or "id"
        table[name] = [str(place) for place in range(len(rows))]
        with warnings.catch_warnings():
            # Whoever asks over a network does not see them.
            warnings.simplefilter("ignore", TableWarning)
            cells = self._cells(read_nodes(table, self._columns, labels=False, distinct=False))
        for name in self._images:
            cells[name] = [_decoded(row.get(name), name, place) for place, row in enumerate(rows)]
        return self._of(cells, len(rows))

    def _cells(self, found: NodeTable) -> dict[str, Any]:
        cells = {
            name: found.table.columns[name] for name in self.inputs if name not in self._images
        }
        return {
            name: [text.encode("utf-8", "replace") for text in value.text().tolist()]
            if isinstance(value, Texts)
            else value
            for name, value in cells.items()
        }

    def _features(self, rows: Sequence[Mapping[str, Any]]) -> dict[str, np.ndarray]:
        found = {}
        for name, each in self.inputs.items():
            shape = tuple(each["shape"][1:])
            values = np.zeros((len(rows), *shape), each["dtype"])
            for place, row in enumerate(rows):
                value = np.asarray(row.get(name), np.float64)
                if value.shape != shape or not np.isfinite(value).all():
                    raise ValueError(
                        f"row {place}, feature {name!r}: must be finite numbers of shape "
                        f"{list(shape)}"
                    )
                values[place] = value
            found[name] = values
        return found

    def _of(self, cells: dict[str, Any], count: int) -> np.ndarray:
        if not count:
            raise ValueError("there must be at least one row, got none")
        lacking = sorted(self.inputs.keys() - cells.keys())
        if lacking:
            raise ValueError(f"the rows lack {lacking}, which the model needs")
        found = {each["input"]: cells[name] for name, each in self.inputs.items()}
        return self._encoder(found)


def _bytes_of(path: str, root: str | os.PathLike[str] | None) -> bytes:
    """A file's bytes; of a gap, and of a file that cannot be read, none: the model fills it."""
    if not path:
        return b""
    try:
        return (Path(root or ".") / path).read_bytes()
    except OSError:
        return b""


def _decoded(value: Any, name: str, place: int) -> bytes:
    if value is None:
        return b""
    try:
        return base64.b64decode(value, validate=True)
    except (binascii.Error, TypeError, ValueError) as error:
        raise ValueError(
            f"row {place}, column {name!r}: an image must be the bytes of its file in Base64"
        ) from error
