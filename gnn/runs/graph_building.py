"""A graph folder out of a log, or of vectors."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Callable, Collection, Sequence
from typing import Any

from gnn.configs.neighbors import NeighborGraphConfig
from gnn.configs.sessions import SessionGraphConfig
from gnn.datasets.vector_files import NamedVectors, read_vectors
from gnn.files import check_replaceable
from gnn.graphs.graph import Graph
from gnn.graphs.storage.graph_files import open_graph, write_graph
from gnn.graphs.storage.graph_writer import KIND


def build_graph(
    sessions: Any,
    output: str | os.PathLike[str],
    config: Any = None,
    *,
    missing: str = "raise",
    na_values: Collection[str] | None = None,
    strict: bool = False,
    memory: int | str | None = None,
    overwrite: bool = False,
    verbose: str | bool = "auto",
) -> Graph:
    """Makes a graph of the items of a log, and writes it to a folder, whole or not at all.

    The folder keeps the configuration and the report in the notes of the graph.

    Args:
        sessions: as in `gnn.Graph.from_sessions`, such as a pattern of files.
        output: the folder to make.
        config: a `gnn.SessionGraphConfig` or a dict of its fields.
        missing: as in `gnn.Graph.from_sessions`, and so are the next.
        na_values: the texts that mean missing.
        strict: whether a malformed row is an error.
        memory: how much of it to keep to, such as `"2GB"`; None takes what it takes.
        overwrite: whether a graph that is there is replaced; nothing else is.
        verbose: whether to show progress.

    Returns:
        The graph of the folder, its arrays left in the files.

    Raises:
        FileExistsError: as `gnn.graphs.write_graph`, before anything is read.
        FileNotFoundError, KeyError, TypeError, ValueError: as `gnn.Graph.from_sessions`; nothing is
            written.
        OSError: the folder cannot be written.

    Example:

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     graph = build_graph([["a", "b"], ["b", "a"]], folder + "/graph", verbose=False)
    ...     graph.ids.tolist(), graph.weights.tolist(), graph.notes["config"]["weighting"]
    (['a', 'b'], [2.0, 2.0], 'count')
    """

    def make() -> Graph:
        return Graph.from_sessions(
            sessions,
            config=config,
            missing=missing,
            na_values=na_values,
            strict=strict,
            memory=memory,
            verbose=verbose,
        )

    return _written(make, output, overwrite)


def build_neighbor_graph(
    vectors: Any,
    output: str | os.PathLike[str],
    config: Any = None,
    *,
    keep_vectors: bool = False,
    overwrite: bool = False,
) -> Graph:
    """Joins vectors to their nearest ones, and writes the graph to a folder, as `build_graph` does.

    Args:
        vectors: a file: `.npy`, `.npz`, `.csv` or `.parquet`, of vectors and perhaps their ids and
            labels, as `gnn embed` and others write it (`gnn.datasets.vector_files.read_vectors`);
            or numbers `[n, width]`.
        output: the folder to make.
        config: a `gnn.NeighborGraphConfig` or a dict of its fields.
        keep_vectors: whether the graph keeps the vectors, as its feature `"features"`.
        overwrite: whether a graph that is there is replaced; nothing else is.

    Returns:
        The graph of the folder, its arrays left in the files.

    Raises:
        FileExistsError: as `gnn.graphs.write_graph`, before anything is read.
        FileNotFoundError: there is no such file.
        ImportError: for `method="approximate"`, if `faiss` is not installed.
        TypeError, ValueError: as `read_vectors` and `gnn.Graph.from_embeddings`; nothing is
            written.
        OSError: the folder cannot be written.

    Example:

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     graph = build_neighbor_graph([[1, 0], [0, 1], [3, 4]], folder + "/graph", {"k": 1})
    ...     graph.senders.tolist(), graph.weights.tolist(), graph.notes["config"]["metric"]
    ([2, 2, 0, 1], [0.6000000238418579, 0.800000011920929, 0.6000000238418579, \
0.800000011920929], 'cosine')
    """

    def make() -> Graph:
        is_file = isinstance(vectors, str | os.PathLike)
        found = read_vectors(vectors) if is_file else NamedVectors(vectors)
        features = found.vectors if keep_vectors else None
        graph = Graph.from_embeddings(
            found.vectors, config=config, features=features, ids=found.ids
        )
        # They are read already, and nothing is to be guessed of them.
        return dataclasses.replace(graph, labels=found.labels, class_names=found.class_names)

    return _written(make, output, overwrite)


def _written(make: Callable[[], Graph], output: str | os.PathLike[str], overwrite: bool) -> Graph:
    """Makes a graph where its folder may be written, and gives what the folder then holds."""
    check_replaceable(output, KIND, overwrite=overwrite)
    write_graph(make(), output, overwrite=overwrite)
    return open_graph(output)


def build_on_cluster(
    paths: Sequence[str],
    output: str | os.PathLike[str],
    config: SessionGraphConfig | NeighborGraphConfig,
    *,
    master: str,
    work: str,
    na_values: Collection[str] | None = None,
    overwrite: bool = False,
) -> Graph:
    """As `build_graph` and `build_neighbor_graph`, on a cluster of Apache Spark.

    Args:
        paths: files or folders that the executors see, Parquet, CSV or JSON lines.
        output: the folder to make.
        config: what is an edge: of a log, or of vectors, which are in the columns `id` and
            `vector`.
        master: the address of the cluster, such as `spark://host:7077`, `yarn` or `local[4]`.
        work: a folder that driver and executors see. A job that was stopped goes on from what it
            has there; it is removed at the end.
        na_values: the texts that mean missing in a log.
        overwrite: whether a graph that is there is replaced; nothing else is.

    Returns:
        The graph of the folder, its arrays left in the files.

    Raises:
        ImportError: PySpark is not installed.
        RuntimeError: there is no Java.
        FileExistsError, KeyError, TypeError, ValueError: as `gnn.pipelines.build_graph`.

    Example:

    >>> # build_on_cluster(["s3a://logs/clicks"], "graph", gnn.SessionGraphConfig(), master="yarn",
    >>> #                  work="s3a://logs/job")
    """
    from gnn.pipelines import building

    check_replaceable(output, KIND, overwrite=overwrite)
    with building.spark_session(master) as spark:
        table = building.read_tables(spark, paths)
        if isinstance(config, NeighborGraphConfig):
            return building.build_neighbor_graph(
                table, output, config, work=work, overwrite=overwrite
            )
        return building.build_graph(
            table, output, config, work=work, na_values=na_values, overwrite=overwrite
        )
