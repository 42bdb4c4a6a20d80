"""TUDataset: many graphs in a folder of text files."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from scipy import sparse

from gnn.datasets.formats.file_format import FileFormat, Sample
from gnn.datasets.formats.labeled_graphs import LabeledGraphs
from gnn.datasets.formats.pair_counts import count_pairs
from gnn.datasets.formats.text_lines import line_blocks
from gnn.graphs.graph import Graph
from gnn.tables.cells import quoted

_EDGES, _INDICATOR = "_A.txt", "_graph_indicator.txt"
_LABELS, _TARGETS = "_graph_labels.txt", "_graph_attributes.txt"
_NODE_LABELS, _NODE_ATTRIBUTES = "_node_labels.txt", "_node_attributes.txt"
_LEFT_OUT = ("_edge_labels.txt", "_edge_attributes.txt")
# A one-hot row of more columns than these is stored sparse.
_MOST_DENSE = 256


def read_tudataset(folder: Path) -> LabeledGraphs:
    r"""Reads a folder of TUDataset: `NAME_A.txt`, `NAME_graph_indicator.txt` and more.

    - `_A`: an edge a line, `source, target`; nodes of all graphs are numbered from 1, and both
      directions are listed.
    - `_graph_indicator`: the graph of each node, from 1.
    - `_graph_labels`: classes, which may be -1 and 1: here 0, 1, ... in the order of the numbers.
      What is not whole, and `_graph_attributes` where there are no labels, are targets.
    - `_node_labels`: the feature `"node_labels"`, one-hot of the values that occur (PyTorch
      Geometric takes the whole range). `_node_attributes`: the feature `"node_attributes"`.
    - Graphs without either have the feature `"degree"`, how many edges a node receives.
    - `_edge_labels` and `_edge_attributes` are left out: edges have a weight, and no features.

    Source: C. Morris et al., "TUDataset: A collection of benchmark datasets for learning with
    graphs", 2020, https://chrsmrrs.github.io/datasets.

    Args:
      folder: where the files lie.

    Returns:
      The graphs in order, and a label each. A graph without nodes is left out, and counted.

    Raises:
      FileNotFoundError: a file that is needed is missing.
      ValueError: several data sets in one folder, or a line that does not fit: the message names
        the file and the line.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     _ = Path(folder, "T_A.txt").write_text("1, 2\n2, 1\n")
    ...     _ = Path(folder, "T_graph_indicator.txt").write_text("1\n1\n2\n")
    ...     _ = Path(folder, "T_graph_labels.txt").write_text("1\n-1\n")
    ...     found = read_tudataset(Path(folder))
    >>> [graph.num_nodes for graph in found.graphs], found.labels.tolist(), found.class_names
    ([2, 1], [1, 0], ('-1', '1'))
    """
    name = _name_in(folder)
    files = {p.name.removeprefix(name): p for p in folder.iterdir() if p.name.startswith(name)}
    for suffix in (_EDGES, _INDICATOR):
        if suffix not in files:
            raise FileNotFoundError(f"{folder.name} has no file {name}{suffix}")
    graph_of = _whole(files[_INDICATOR], _table(files[_INDICATOR], 1))[:, 0]
    tables = {s: _table(files[s]) for s in (_LABELS, _TARGETS) if s in files}
    if not graph_of.size:
        raise ValueError(f"{files[_INDICATOR].name} has no lines, so there are no nodes")
    num_graphs = len(next(iter(tables.values()))) if tables else int(graph_of.max())
    # Without labels there are as many graphs as nodes at most, whatever number one has.
    num_graphs = num_graphs if tables else min(num_graphs, graph_of.size)
    _check_range(files[_INDICATOR], graph_of, num_graphs)
    if any(len(table) != num_graphs for table in tables.values()):
        raise ValueError(f"{name}{_LABELS} and {name}{_TARGETS} must have a line a graph")
    edges = _whole(files[_EDGES], _table(files[_EDGES], 2))
    _check_range(files[_EDGES], edges, graph_of.size)
    edges, graph_of = edges - 1, graph_of - 1
    _check_within(files[_EDGES], edges, graph_of)
    features = _node_features(files, graph_of.size)
    pairs = count_pairs(edges[:, 0], edges[:, 1], graph_of.size)
    graphs, there = _divide(graph_of, edges, features, num_graphs)
    labels, class_names = _read_labels(tables.get(_LABELS), tables.get(_TARGETS))
    about = [
        f"TUDataset {name}: many graphs, a label each",
        "numbered from 1; both directions are listed",
        f"features: {', '.join(features) or 'degree, since nodes have no labels and attributes'}",
        "repeats are one edge; loops stay",
    ]
    about += [f"{name}{suffix} is left out" for suffix in _LEFT_OUT if suffix in files]
    counts = {
        "nodes": graph_of.size,
        "edges listed": pairs.edges,
        **pairs.named(),
        "edges without a reverse": pairs.alone,
        "graphs without nodes": int(np.sum(~there)),
    }
    return LabeledGraphs(
        graphs, None if labels is None else labels[there], class_names, about, counts
    )


def _name_in(folder: Path) -> str:
    names = [p.name.removesuffix(_EDGES) for p in folder.iterdir() if p.name.endswith(_EDGES)]
    if len(names) != 1:
        raise ValueError(f"{folder.name} must have one file NAME{_EDGES}, got {sorted(names)}")
    return names[0]


def _table(path: Path, columns: int | None = None) -> np.ndarray:
    """Numbers between commas, float64 `[n, columns]`; blank lines are passed over."""
    parts: list[np.ndarray] = []
    width = columns
    for first, lines in line_blocks(path):
        rows = [(k, line.split(",")) for k, line in enumerate(lines, first) if line.strip()]
        for number, row in rows:
            width = width or len(row)
            if len(row) != width:
                raise ValueError(
                    f"{path.name}, line {number}: must have {width} numbers, got {len(row)}"
                )
        try:
            parts.append(np.array([float(cell) for _, row in rows for cell in row]))
        except ValueError as error:
            raise ValueError(_why(path, rows, "numbers")) from error
        if not np.isfinite(parts[-1]).all():
            raise ValueError(_why(path, rows, "finite numbers"))
    flat = np.concatenate(parts) if parts else np.zeros(0)
    return flat.reshape(-1, width or 1)


def _why(path: Path, rows: list[tuple[int, list[str]]], rule: str) -> str:
    """The first row that is not of finite numbers."""
    for number, row in rows:
        try:
            if np.isfinite([float(cell) for cell in row]).all():
                continue
        except ValueError:
            pass
        return f"{path.name}, line {number}: must have {rule}, got {quoted(','.join(row))}"
    return f"{path.name} must have {rule}"


def _whole(path: Path, table: np.ndarray) -> np.ndarray:
    rows = np.flatnonzero((np.trunc(table) != table).any(axis=1))
    if rows.size:
        got = table[rows[0]].tolist()
        raise ValueError(f"{path.name}, row {rows[0] + 1}: must have whole numbers, got {got}")
    return table.astype(np.int64)


def _check_range(path: Path, numbers: np.ndarray, most: int) -> None:
    wrong = np.flatnonzero(((numbers < 1) | (numbers > most)).reshape(len(numbers), -1).any(axis=1))
    if wrong.size:
        got = numbers[wrong[0]].tolist()
        raise ValueError(f"{path.name}, row {wrong[0] + 1}: must be from 1 to {most}, got {got}")


def _check_within(path: Path, edges: np.ndarray, graph_of: np.ndarray) -> None:
    apart = np.flatnonzero(graph_of[edges[:, 0]] != graph_of[edges[:, 1]])
    if apart.size:
        ends = edges[apart[0]]
        raise ValueError(
            f"{path.name}, row {apart[0] + 1}: an edge must lie within a graph, got nodes "
            f"{(ends + 1).tolist()} of graphs {(graph_of[ends] + 1).tolist()}"
        )


def _node_features(files: Mapping[str, Path], num_nodes: int) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for suffix in (_NODE_LABELS, _NODE_ATTRIBUTES):
        if suffix not in files:
            continue
        table = _table(files[suffix])
        if len(table) != num_nodes:
            raise ValueError(
                f"{files[suffix].name} must have a line for each of the {num_nodes} nodes, got "
                f"{len(table)}"
            )
        one_hot = suffix == _NODE_LABELS
        found[suffix[1:-4]] = _one_hot(table) if one_hot else table.astype(np.float32)
    return found


def _one_hot(table: np.ndarray) -> Any:
    """For each column a block of columns, one for each value that occurs, in their order."""
    places, shift = [], 0
    for column in table.T:
        values, place = np.unique(column, return_inverse=True)
        places.append(place + shift)
        shift += values.size
    indices = np.stack(places, axis=1).ravel()
    starts = np.arange(len(table) + 1) * len(places)
    ones = np.ones(indices.size, np.float32)
    matrix = sparse.csr_array((ones, indices, starts), shape=(len(table), shift))
    return matrix.toarray() if shift <= _MOST_DENSE else matrix


def _divide(
    graph_of: np.ndarray, edges: np.ndarray, features: dict[str, Any], num_graphs: int
) -> tuple[list[Graph], np.ndarray]:
    """The graphs that have nodes, and which these are."""
    order = np.argsort(graph_of, kind="stable")
    sizes = np.bincount(graph_of, minlength=num_graphs)
    stops = np.cumsum(sizes)
    place = np.empty(graph_of.size, np.int64)
    place[order] = np.arange(graph_of.size) - np.repeat(stops - sizes, sizes)
    if not features:
        degrees = np.bincount(edges[:, 1], minlength=graph_of.size)
        features = {"degree": degrees[:, np.newaxis].astype(np.float32)}
    owner = graph_of[edges[:, 0]]
    by_graph = np.argsort(owner, kind="stable")
    ends = place[edges[by_graph]]
    edge_stops = np.cumsum(np.bincount(owner, minlength=num_graphs))
    edge_starts = np.concatenate([[0], edge_stops[:-1]])
    graphs = []
    for k in np.flatnonzero(sizes).tolist():
        nodes = order[stops[k] - sizes[k] : stops[k]]
        own = ends[edge_starts[k] : edge_stops[k]]
        graphs.append(
            Graph.from_edges(
                own[:, 0],
                own[:, 1],
                {name: rows[nodes] for name, rows in features.items()},
                ids=nodes + 1,
                merge="max",
            )
        )
    return graphs, sizes > 0


def _read_labels(
    labels: np.ndarray | None, targets: np.ndarray | None
) -> tuple[np.ndarray | None, tuple[str, ...] | None]:
    """Classes from 0 and their names, or targets."""
    table = targets if labels is None else labels
    if table is None:
        return None, None
    column = table[:, 0] if table.shape[1] == 1 else table
    if labels is None or column.ndim > 1 or not np.array_equal(np.trunc(column), column):
        return column.astype(np.float32), None
    values, classes = np.unique(column, return_inverse=True)
    return classes.astype(np.int32), tuple(str(int(value)) for value in values)


def _claims(sample: Sample) -> bool:
    names = [name.removesuffix(_EDGES) for name in sample.names if name.endswith(_EDGES)]
    return len(names) == 1 and f"{names[0]}{_INDICATOR}" in sample.names


TUDATASET = FileFormat(
    "tudataset",
    "many graphs with a label each; nodes numbered from 1 through all of them; both directions are "
    "listed; repeats are one edge; loops stay; node labels one-hot of the values that occur",
    _claims,
    read_tudataset,
    kind="graphs",
)
