"""KONECT: edge lists of the Koblenz Network Collection."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np

from gnn.datasets.formats.edge_lines import EdgeLayout, read_edge_lines
from gnn.datasets.formats.file_format import FileFormat, Sample
from gnn.datasets.formats.network import Network
from gnn.datasets.formats.pair_counts import count_pairs
from gnn.datasets.formats.text_lines import numbered_lines
from gnn.tables.cells import quoted

# "signed", "multisigned" and "dynamic" have weights below 0; what they weigh is an error then.
_WEIGHTS = (
    "unweighted",
    "positive",
    "posweighted",
    "signed",
    "multisigned",
    "weighted",
    "multiweighted",
    "dynamic",
    "multiposweighted",
)
_FIRST = re.compile(rf"%\s*(sym|asym|bip)\s+({'|'.join(_WEIGHTS)})\s*$", re.IGNORECASE)
_SIDES = ("left ", "right ")
_ABOUT = {
    "sym": "undirected: a pair once, in either order",
    "asym": "directed: source, then target",
    "bip": 'undirected, between two sets of nodes with numbers of their own: "left 1", "right 1"',
}


def read_konect(path: Path) -> Network:
    r"""Reads an edge list of KONECT, `out.NAME`, or the folder in which it lies.

    The first line says `% FORMAT WEIGHTS`. Nodes are numbered from 1. `sym` is undirected, each
    pair once, in either order; `asym` directed, from the first column to the second; `bip` joins
    two sets, whose numbers are kept apart as "left 1" and "right 1". The third column is a weight,
    1 where there is none, and the weights of repeats are added, in whichever order `sym` lists a
    pair. `unweighted` networks have no repeats: what is listed again is one edge. The fourth
    column, a time, is left out. Nodes are those that have an edge.

    Source: http://konect.cc and J. Kunegis, "Handbook of Network Analysis: The KONECT Project",
    2017.

    Args:
      path: the file, plain or compressed, or a folder with one `out.NAME`.

    Returns:
      The network; ids are texts.

    Raises:
      ValueError: the first line is no header, a line is no edge, or a weight is negative, as in
        signed networks: no edge of a `Graph` weighs less than 0.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder) / "out.tiny"
    ...     _ = path.write_text("% sym positive\n1 2 1\n2 1 1\n")
    ...     network = read_konect(path)
    >>> network.senders.tolist(), network.receivers.tolist(), network.merge
    ([0, 0], [1, 1], 'sum')
    """
    if path.is_dir():
        (path,) = _edge_files(path)
    _, first = next(numbered_lines(path), (1, ""))
    found = _FIRST.match(first)
    if not found:
        raise ValueError(
            f"{path.name}, line 1: KONECT says '% FORMAT WEIGHTS' there, FORMAT being sym, asym or "
            f"bip, and WEIGHTS {', '.join(_WEIGHTS)}; got {quoted(first)}"
        )
    form, weights = (word.lower() for word in found.groups())
    layout = EdgeLayout(
        comments="%",
        most=4,
        weighted=weights != "unweighted",
        spaces=_SIDES if form == "bip" else ("", ""),
    )
    edges = read_edge_lines(path, layout)
    senders, receivers = edges.first, edges.second
    if form == "sym":
        # Merged are repeats in one direction: a pair has to be listed in one.
        senders, receivers = np.minimum(senders, receivers), np.maximum(senders, receivers)
    about = [
        f"KONECT, {form} {weights}: {_ABOUT[form]}",
        "numbered from 1",
        "weights of repeats are added" if layout.weighted else "repeats are one edge",
    ]
    if edges.columns > 3:
        about.append("times are left out")
    return Network(
        ids=edges.ids,
        senders=senders,
        receivers=receivers,
        weights=edges.weights,
        directed=form == "asym",
        merge="sum" if layout.weighted else "max",
        about=about,
        counts=count_pairs(senders, receivers, len(edges.ids)).named(),
    )


def _edge_files(folder: Path) -> list[Path]:
    found = sorted(path for path in folder.iterdir() if path.name.startswith("out."))
    if len(found) != 1:
        names = [path.name for path in found]
        raise ValueError(f"{folder.name} must have one file out.NAME of KONECT, got {names}")
    return found


def _claims(sample: Sample) -> bool:
    if sample.names:
        edges = [name for name in sample.names if name.startswith("out.")]
        return len(edges) == 1 and any(name.startswith("meta.") for name in sample.names)
    return bool(_FIRST.match(sample.head.partition("\n")[0].rstrip("\r")))


KONECT = FileFormat(
    "konect",
    "sym is undirected, a pair once in either order; asym directed; bip two sets of nodes; "
    "numbered from 1; weights of repeats are added; loops stay",
    _claims,
    read_konect,
)
