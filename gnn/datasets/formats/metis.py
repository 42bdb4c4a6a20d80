"""METIS: a line a node, with its neighbors."""

from __future__ import annotations

from array import array
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np

from gnn.datasets.formats.claimed_sizes import check_claim, check_nodes
from gnn.datasets.formats.file_format import FileFormat, Sample
from gnn.datasets.formats.network import Network
from gnn.datasets.formats.pair_counts import count_pairs
from gnn.datasets.formats.text_lines import cells_of, numbered_lines
from gnn.edges.merging import edge_keys
from gnn.tables.cells import quoted

_SUFFIXES = (".graph", ".metis")


class _Header(NamedTuple):
    line: int
    nodes: int
    edges: int
    has_sizes: bool
    vertex_weights: int
    has_edge_weights: bool

    @property
    def before(self) -> int:
        """The numbers on a node's line before its neighbors."""
        return int(self.has_sizes) + self.vertex_weights


def read_metis(path: Path) -> Network:
    r"""Reads a graph of METIS.

    The first line has the number of nodes, that of edges, and perhaps `fmt` of three digits and
    `ncon`: the first digit says whether a node has a size, the second whether it has weights
    (`ncon` of them, 1 by default), the third whether edges have weights. Then a line a node: size,
    weights, neighbors, each followed by the weight of its edge. A blank line is a node without
    edges. Lines that begin with `%` are comments. Nodes are numbered from 1, and every edge is
    listed at both of its ends.

    Source: G. Karypis, "METIS: A Software Package for Partitioning Unstructured Graphs", version 5,
    2013, section 4.1.1.

    Args:
      path: the file, plain or compressed.

    Returns:
      The undirected network; ids are the numbers from 1; columns `size` and `weight`, or
      `weight_1`, `weight_2`, ..., where the file has them.

    Raises:
      ValueError: the header is none, claims more than the file can hold, or does not agree with the
        lines; a line is no list of neighbors; or an edge is listed at one end alone.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder) / "tiny.graph"
    ...     _ = path.write_text("3 1 011\n5 2 9\n6 1 9\n7\n")
    ...     network = read_metis(path)
    >>> network.senders.tolist(), network.receivers.tolist(), network.weights.tolist()
    ([0, 1], [1, 0], [9.0, 9.0])
    >>> network.columns["weight"]
    [5.0, 6.0, 7.0]
    """
    lines = ((k, line) for k, line in numbered_lines(path) if line[:1] != "%")
    header = _read_header(path, lines)
    step = 2 if header.has_edge_weights else 1
    flat, before, lengths = array("d"), array("d"), array("q")
    for number, line in lines:
        if len(lengths) == header.nodes:
            if line.strip():
                raise _wrong(path, number, f"only {header.nodes} nodes", f"further {quoted(line)}")
            continue
        cells = line.split()
        try:
            values = list(map(float, cells))
        except ValueError as error:
            raise _wrong(path, number, "numbers", quoted(line)) from error
        if len(values) < header.before or (len(values) - header.before) % step:
            need = f"{header.before} numbers of the node and {step} for each neighbor"
            raise _wrong(path, number, need, f"{len(values)} numbers")
        before.extend(values[: header.before])
        flat.extend(values[header.before :])
        lengths.append((len(values) - header.before) // step)
    if len(lengths) < header.nodes:
        raise _wrong(path, header.line, f"{header.nodes} lines of nodes", f"{len(lengths)}")
    found = np.frombuffer(flat, np.float64).reshape(-1, step)
    senders = np.repeat(np.arange(header.nodes), np.frombuffer(lengths, np.int64))
    receivers = _neighbors(path, header, found[:, 0], senders)
    weights = _edge_weights(path, found[:, 1], senders) if header.has_edge_weights else None
    _check_edges(path, header, senders, receivers)
    return Network(
        ids=range(1, header.nodes + 1),
        senders=senders,
        receivers=receivers,
        weights=weights,
        directed=False,
        merge="max",
        columns=_columns(header, np.frombuffer(before, np.float64)),
        about=[
            "METIS: a line a node, with its neighbors",
            "undirected: every edge at both of its ends",
            "numbered from 1",
            "sizes and weights of nodes are columns",
        ],
        counts=count_pairs(senders, receivers, header.nodes).named(),
    )


def _read_header(path: Path, lines: Iterator[tuple[int, str]]) -> _Header:
    number, line = next(lines, (1, ""))
    cells = line.split()
    form = cells[2].zfill(3) if len(cells) > 2 else "000"
    sound = 2 <= len(cells) <= 4 and all(cell.isdecimal() for cell in cells)
    if not sound or len(form) != 3 or set(form) - {"0", "1"}:
        rule = "the numbers of nodes and edges, and perhaps fmt (three digits 0 or 1) and ncon"
        raise _wrong(path, number, rule, quoted(line))
    nodes, edges = int(cells[0]), int(cells[1])
    constraints = int(cells[3]) if len(cells) > 3 else 1
    # A line feed a node, but perhaps the last; a digit and a blank for each end of an edge.
    check_claim(path, number, f"{nodes:,} nodes and {edges:,} edges", nodes - 1 + 4 * edges)
    check_nodes(path, number, nodes, edges)
    check_claim(path, number, f"{constraints:,} weights a node", constraints)
    return _Header(
        number, nodes, edges, form[0] == "1", constraints if form[1] == "1" else 0, form[2] == "1"
    )


def _neighbors(path: Path, header: _Header, found: np.ndarray, senders: np.ndarray) -> np.ndarray:
    wrong = ~((found >= 1) & (found <= header.nodes) & (found == np.trunc(found)))
    if wrong.any():
        at = int(np.argmax(wrong))
        raise ValueError(
            f"{path.name}, node {senders[at] + 1}: a neighbor must be a number from 1 to "
            f"{header.nodes}, got {found[at]:g}"
        )
    return found.astype(np.int64) - 1


def _edge_weights(path: Path, weights: np.ndarray, senders: np.ndarray) -> np.ndarray:
    with np.errstate(over="ignore"):
        wrong = ~(np.isfinite(weights.astype(np.float32)) & (weights >= 0))
    if wrong.any():
        at = int(np.argmax(wrong))
        raise ValueError(
            f"{path.name}, node {senders[at] + 1}: the weight of an edge must be finite and not "
            f"negative, got {weights[at]:g}"
        )
    return weights.astype(np.float32)


def _check_edges(path: Path, header: _Header, senders: np.ndarray, receivers: np.ndarray) -> None:
    """Raises where edges are fewer or more than the header says, or at one end alone."""
    if senders.size != 2 * header.edges:
        raise _wrong(
            path,
            header.line,
            f"{header.edges} edges, each at both of its ends ({2 * header.edges} neighbors)",
            f"{senders.size} neighbors",
        )
    there = np.unique(edge_keys(senders, receivers, header.nodes))
    back = np.unique(edge_keys(receivers, senders, header.nodes))
    alone = np.setdiff1d(there, back, assume_unique=True)
    if alone.size:
        node, other = divmod(int(alone[0]), header.nodes)
        raise ValueError(
            f"{path.name}, node {node + 1}: {other + 1} is a neighbor of it, and it is none of "
            f"{other + 1}; every edge must stand at both of its ends"
        )


def _columns(header: _Header, before: np.ndarray) -> dict[str, list[float]]:
    table = before.reshape(header.nodes, header.before)
    names = ["size"] if header.has_sizes else []
    several = header.vertex_weights > 1
    names += [f"weight_{k + 1}" if several else "weight" for k in range(header.vertex_weights)]
    return {name: table[:, k].tolist() for k, name in enumerate(names)}


def _wrong(path: Path, line: int, rule: str, got: str) -> ValueError:
    return ValueError(f"{path.name}, line {line}: METIS has {rule} there, got {got}")


def _claims(sample: Sample) -> bool:
    rows = cells_of(sample, "%")
    return (
        sample.suffix in _SUFFIXES
        and bool(rows)
        and 2 <= len(rows[0]) <= 4
        and all(cell.isdecimal() for cell in rows[0])
    )


METIS = FileFormat(
    "metis",
    "a line a node, with its neighbors; undirected, every edge at both ends; numbered from 1; "
    "sizes and weights of nodes are columns",
    _claims,
    read_metis,
)
