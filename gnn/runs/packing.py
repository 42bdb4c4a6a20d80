"""Training records out of a graph: examples with their neighbors packed in."""

from __future__ import annotations

import dataclasses
import os
from pathlib import Path

from gnn.data.packed_neighbor_records import write_packed_neighbors
from gnn.data.record_schema import KIND, read_schema
from gnn.data.record_writing import check_shards
from gnn.files import check_replaceable
from gnn.graphs.graph import Graph
from gnn.graphs.storage.graph_files import open_graph
from gnn.runs.data_loading import load_data
from gnn.runs.run_config import RunConfig


@dataclasses.dataclass(frozen=True)
class Packed:
    """Records that `pack` wrote.

    Attributes:
        path: their folder, which `gnn.data.records.read_packed_neighbors` reads.
        records: how many there are: nodes.
        shards: how many files they lie in.
        max_neighbors: the most neighbors that one has.
    """

    path: Path
    records: int
    shards: int
    max_neighbors: int


def pack(
    source: Graph | RunConfig | str | os.PathLike[str],
    output: str | os.PathLike[str],
    *,
    split: str | None = None,
    max_neighbors: int | None = 10,
    shards: int = 1,
    compression: str | None = None,
    overwrite: bool = False,
    verbose: str | bool = "auto",
) -> Packed:
    """Writes nodes with the features of their heaviest neighbors, in shards, whole or not at all.

    Args:
        source: a graph; the folder of one; or a `RunConfig` that names a data set, or a folder of
            data that is read as for a run.
        output: the folder to make.
        split: the name of the split whose nodes are written; None takes all nodes.
        max_neighbors: the most neighbors of a node; None takes all.
        shards: the number of files.
        compression: None, `"GZIP"` or `"ZLIB"`.
        overwrite: whether records that are there are replaced; nothing else is.
        verbose: whether to show progress; "auto" where standard error is a terminal.

    Returns:
        What was written.

    Raises:
        FileExistsError: as `gnn.data.records.write_packed_neighbors`, before anything is read.
        FileNotFoundError: there are no such data.
        KeyError: the graph has no such split.
        OSError: the folder cannot be written; an older one is left as it was.
        ValueError: as `write_packed_neighbors`, such as for a graph without features.

    Example:

    >>> import tempfile
    >>> graph = Graph.from_edges([0, 1], [2, 2], {"x": [[1.0], [2.0], [3.0]]}, [0.5, 0.9])
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     found = pack(graph, folder + "/packed", max_neighbors=1)
    >>> found.records, found.max_neighbors
    (3, 1)
    """
    check_shards(shards, compression, verbose)
    check_replaceable(output, KIND, overwrite=overwrite)
    if isinstance(source, RunConfig):
        graph = load_data(source).graph
    else:
        graph = source if isinstance(source, Graph) else open_graph(source)
    write_packed_neighbors(
        graph,
        split,
        output,
        max_neighbors=max_neighbors,
        shards=shards,
        compression=compression,
        overwrite=overwrite,
        verbose=verbose,
    )
    schema = read_schema(output)
    return Packed(
        Path(output), schema["num_records"], len(schema["shards"]), schema["max_neighbors"]
    )
