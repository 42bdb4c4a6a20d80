"""What a path holds, told apart by manifest and header."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from gnn.datasets.columns.column_notes import column_lines
from gnn.datasets.formats.file_format import FileFormat
from gnn.datasets.formats.labeled_graphs import LabeledGraphs
from gnn.datasets.node_schema import NodeSchema
from gnn.datasets.reading import TABLES, find_format, read
from gnn.edges.edges import counted
from gnn.files import MANIFEST, read_manifest
from gnn.graphs.graph import Graph
from gnn.graphs.storage.graph_files import holds_graph, open_graph
from gnn.retrieval.index_files import KIND as INDEX
from gnn.retrieval.retrieval_index import RetrievalIndex
from gnn.runs.catalog import describe, describe_making
from gnn.runs.run import load_run
from gnn.runs.run_folder import KIND as RUN


def describe_path(path: str) -> tuple[dict[str, Any], str] | None:
    """Describes a run, a graph, another folder of ours, or what is in a format of the field.

    Args:
        path: a file or a folder.

    Returns:
        Plain values, and text for a person; None of a folder of tables, which is read by options.

    Raises:
        FileNotFoundError: there is nothing, or a run that is not finished.
        ValueError: it is of no format that is known, or damaged.
    """
    if holds_graph(path):
        graph = open_graph(path)
        return {"graph": path, **describe(graph)}, f"{path}\n{about_graph(graph)}"
    kind = _kind(Path(path))
    if kind == RUN or (kind is None and not Path(path).exists()):
        run = load_run(path)
        data = {
            "run": str(run.path),
            "config": run.config.to_dict(),
            "data": run.facts.to_dict(),
            "metrics": run.metrics,
        }
        data |= {} if run.start is None else {"start": run.start}
        return data, run.info()
    if kind == INDEX:
        index = RetrievalIndex.load(path)
        return {"index": path, "items": len(index), "notes": index.notes}, index.info()
    if kind is not None:
        manifest = read_manifest(path)
        assert manifest is not None
        files = sorted(manifest.files)
        text = f"{path}: of the kind {kind}, {counted(len(files), 'file')}"
        return {"folder": path, "kind": kind, "files": files}, text
    found = find_format(Path(path))
    if found == TABLES:
        return None
    name = found.name if isinstance(found, FileFormat) else found
    read_as = read(path)
    source = {"path": path, "format": name}
    if isinstance(read_as, Graph):
        return {**source, **describe(read_as)}, f"{path}\n{about_graph(read_as)}"
    data = {**source, **_describe_graphs(read_as)}
    return data, "\n".join([path, *(f"  {title:<15} {text}" for title, text in data.items())])


def about_graph(graph: Graph) -> str:
    """What a graph says of itself and of its making.

    Example:

    >>> about_graph(Graph.from_edges([0], [1])).splitlines()[0]
    'Graph'
    """
    return "\n".join(filter(None, [graph.info(), describe_making(graph)]))


def about_columns(columns: NodeSchema | None) -> str:
    """What a table of nodes holds, a line a column; "" of data without one.

    Example:

    >>> from gnn.tables.schema import Schema
    >>> about_columns(NodeSchema(Schema.of({"price": "number"})))
    "  column          'price': number: as it was said"
    """
    lines = [] if columns is None else column_lines(columns.schema)
    return "\n".join(f"  {'column':<15} {name!r}: {text}" for name, text in lines)


def _kind(path: Path) -> str | None:
    if not path.is_dir():
        return None
    try:
        manifest = read_manifest(path)
    except ValueError as error:
        raise ValueError(f"{str(path)!r}: its {MANIFEST} {error}") from error
    return None if manifest is None else manifest.kind


def _describe_graphs(found: LabeledGraphs) -> dict[str, Any]:
    nodes = np.array([graph.num_nodes for graph in found.graphs])
    edges = np.array([graph.num_edges for graph in found.graphs])
    told: dict[str, Any] = {
        "graphs": len(found),
        "nodes": f"{nodes.min()} to {nodes.max()}, mean {nodes.mean():.3g}",
        "edges": f"{edges.min()} to {edges.max()}, mean {edges.mean():.3g}",
        "features": {
            name: list(value.shape[1:]) for name, value in found.graphs[0].features.items()
        },
    }
    if found.labels is not None and found.class_names is not None:
        counts = np.bincount(found.labels, minlength=len(found.class_names)).tolist()
        told["classes"] = dict(zip(found.class_names, counts, strict=True))
    return {**told, "reading": "; ".join(found.about), "counts": dict(found.counts)}
