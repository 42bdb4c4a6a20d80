"""SNAP: edge lists of the Stanford Network Analysis Project."""

from __future__ import annotations

import re
from pathlib import Path

from gnn.datasets.formats.edge_lines import EdgeLayout, read_edge_lines
from gnn.datasets.formats.file_format import FileFormat, Sample
from gnn.datasets.formats.network import Network
from gnn.datasets.formats.pair_counts import count_pairs
from gnn.datasets.formats.text_lines import cells_of, comments_of, head_lines

_HEADER = re.compile(r"#\s*(FromNodeId\b|Nodes:\s*\d+|(un)?directed (graph|edge))", re.IGNORECASE)


def read_snap(path: Path, undirected: bool | None = None) -> Network:
    r"""Reads an edge list of SNAP: comments with `#`, then `source target` a line.

    Nearly all of its headers begin "Directed graph (each unordered pair of nodes is saved once)",
    those of undirected networks too, and these list a pair once or twice. So the header alone
    decides nothing: what it calls undirected is, and so is what lists every pair in both
    directions; all else is directed. Repeats are one edge of weight 1. A third column is a weight
    where the header names it so, and else is left out: most often it is a time or a sign.

    Source: https://snap.stanford.edu/data.

    Args:
      path: the file, plain or compressed.
      undirected: whether edges hold in both directions, where you know better.

    Returns:
      The network; ids are the texts of the file.

    Raises:
      ValueError: for a line that is no edge, or a weight that is negative.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder) / "tiny.txt"
    ...     _ = path.write_text("# Directed graph: tiny\n# FromNodeId\tToNodeId\n3\t7\n7\t3\n")
    ...     network = read_snap(path)
    >>> network.ids, network.directed, network.counts["pairs in both directions"]
    (['3', '7'], False, 1)
    """
    header = comments_of(path, "#")
    words = next((line.split() for line in header if line.lower().startswith("fromnodeid")), [])
    third = words[2] if len(words) > 2 else ""
    layout = EdgeLayout(comments="#", most=max(3, len(words)), weighted="weight" in third.lower())
    edges = read_edge_lines(path, layout)
    counts = count_pairs(edges.first, edges.second, len(edges.ids))
    if undirected is None:
        undirected = not counts.alone or header[:1] != [] and header[0].lower()[:10] == "undirected"
    about = [
        "SNAP: source, then target",
        "undirected: a pair once or in both directions" if undirected else "directed",
        "repeats are one edge",
    ]
    if edges.columns > 2 and not layout.weighted:
        about.append(f"further columns are left out ({third or 'of no name'})")
    return Network(
        ids=edges.ids,
        senders=edges.first,
        receivers=edges.second,
        weights=edges.weights,
        directed=not undirected,
        merge="max",
        about=about,
        counts=counts.named(),
    )


def _claims(sample: Sample) -> bool:
    lines = head_lines(sample)
    comments = [line for line in lines if line.startswith("#")]
    rows = cells_of(sample, "#")
    return (
        lines[:1] == comments[:1]
        and any(_HEADER.match(line) for line in comments)
        and all(len(row) in (2, 3, 4) and row[0].isdigit() and row[1].isdigit() for row in rows)
    )


SNAP = FileFormat(
    "snap",
    "an edge a line, source then target; undirected if its header or its pairs say so; a pair once "
    "or twice; repeats are one edge; loops stay",
    _claims,
    read_snap,
)
