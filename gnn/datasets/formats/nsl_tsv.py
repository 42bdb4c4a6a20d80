"""NSL's TSV: the graphs of Neural Structured Learning."""

from __future__ import annotations

from pathlib import Path

from gnn.datasets.formats.edge_lines import EdgeLayout, read_edge_lines
from gnn.datasets.formats.file_format import FileFormat, Sample
from gnn.datasets.formats.network import Network
from gnn.datasets.formats.pair_counts import count_pairs
from gnn.datasets.formats.text_lines import head_lines
from gnn.tables.cells import is_word

_TITLES = frozenset("id source target src dst from to sender receiver node node1 node2".split())
_LAYOUT = EdgeLayout(separator="\t")


def read_nsl_tsv(path: Path) -> Network:
    r"""Reads a graph of NSL: `a TAB b TAB weight` makes b a neighbor of a.

    A node learns from its neighbors, so the edge runs from b to a. A missing weight is 1; of
    repeats the largest weight holds. Edges are directed as they stand: where NSL was given
    `add_undirected_edges`, both directions take the larger weight, which is what `Graph` does with
    an undirected network.

    Source: `neural_structured_learning.tools.graph_utils.read_tsv_graph`.

    Args:
      path: the file, plain or compressed.

    Returns:
      The network; ids are texts, in order of first appearance.

    Raises:
      ValueError: for a line without two or three columns, an empty name, or a weight that is
        negative or not finite.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder) / "graph.tsv"
    ...     _ = path.write_text("a\tb\t0.5\n")
    ...     network = read_nsl_tsv(path)
    >>> [network.ids[k] for k in (network.senders[0], network.receivers[0])]
    ['b', 'a']
    """
    edges = read_edge_lines(path, _LAYOUT)
    return Network(
        ids=edges.ids,
        senders=edges.second,
        receivers=edges.first,
        weights=edges.weights,
        directed=True,
        merge="max",
        about=[
            "NSL: the second column is a neighbor of the first, so edges run from it",
            "directed",
            "a missing weight is 1; of repeats the largest holds",
        ],
        counts=count_pairs(edges.second, edges.first, len(edges.ids)).named(),
    )


def _claims(sample: Sample) -> bool:
    rows = [line.split("\t") for line in head_lines(sample) if line.strip()]
    return (
        sample.suffix == ".tsv"
        and bool(rows)
        and not rows[0][0].startswith(("%", "#"))
        and all(len(row) in (2, 3) and row[0] != "" and row[1] != "" for row in rows)
        and not any(is_word(row[2]) for row in rows if len(row) == 3)
        and not {cell.lower() for cell in rows[0]} & _TITLES
    )


NSL_TSV = FileFormat(
    "nsl-tsv",
    "a TAB b TAB weight is an edge from b to a; directed; of repeats the largest weight; loops "
    "stay",
    _claims,
    read_nsl_tsv,
)
