"""What is told of the images of a run: how many there are, and which are broken."""

from __future__ import annotations

import os
import warnings

from gnn.graphs.graph import Graph
from gnn.graphs.image_check import ImageCheck
from gnn.graphs.image_files import ImageFiles
from gnn.models.columns.column_encoder import image_features
from gnn.models.columns.image_columns import readable
from gnn.runs.data_loading import RunData
from gnn.tables.problems import TableWarning
from gnn.tables.schema import Schema


def told_of_images(graph: Graph, data: RunData, strict: bool) -> list[str]:
    """A line on each column of images that are to be trained on; those not read yet are read.

    Args:
        graph: encoded.
        data: its cells.
        strict: whether a broken image is an error.

    Raises:
        ValueError: as said; or a column has paths, and no image can be read.
    """
    found = _checks(graph, data, strict)
    for line, check in found.items():
        if check.broken and check.broken + check.gaps == check.images:
            raise ValueError(f"no image can be read: {line}")
    return list(found)


def warn_of_images(graph: Graph, data: RunData, strict: bool) -> None:
    """Warns of broken images; those not read yet are read.

    Args:
        graph: as in `told_of_images`.
        data: likewise.
        strict: likewise.

    Raises:
        ValueError: there are some, and `strict` is set.

    Warns:
        TableWarning: there are some.
    """
    for line, check in _checks(graph, data, strict).items():
        if check.broken:
            warnings.warn(line, TableWarning, stacklevel=4)


def _checks(graph: Graph, data: RunData, strict: bool) -> dict[str, ImageCheck]:
    """A line on each column of images, and what was found."""
    found = {}
    schema = Schema() if data.table is None else data.table.schema
    for name, feature in image_features(schema).items():
        files = graph.features[feature]
        if not isinstance(files, ImageFiles):
            continue
        readable(files)  # Where they are few they are kept, so batches need not read them again.
        check = files.check()
        line = f"{name}: {check.text()}"
        if check.broken:
            line += f"; relative paths start from {os.fspath(data.root or os.getcwd())!r}"
            if strict:
                raise ValueError(line)
        found[line] = check
    return found
