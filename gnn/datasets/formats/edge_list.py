"""Edge lists of no particular origin: two or three columns without a header."""

from __future__ import annotations

from pathlib import Path

from gnn.datasets.formats.edge_lines import EdgeLayout, read_edge_lines
from gnn.datasets.formats.file_format import FileFormat, Sample
from gnn.datasets.formats.network import Network
from gnn.datasets.formats.pair_counts import count_pairs
from gnn.datasets.formats.text_lines import cells_of, head_lines
from gnn.tables.cells import is_word

_SUFFIXES = (".edgelist", ".edges", ".el", ".wel", ".ncol", ".txt", "")
_OWN_SUFFIXES = (".edgelist", ".edges", ".el", ".wel", ".ncol")


def read_edge_list(path: Path, undirected: bool = False) -> Network:
    r"""Reads lines of `source target` or `source target weight`, between blanks or tabs.

    There is no header. Lines that begin with `#` or `%` are comments; inside a line they are part
    of a name. All lines have as many columns. The file does not say whether it is directed, so that
    is an argument. The weights of repeats are added.

    NetworkX's `write_edgelist` writes a dict as third column, unless `data=False`, or
    `data=["weight"]`, which makes a weight of it.

    Args:
      path: the file, plain or compressed.
      undirected: whether edges hold in both directions, listed once or twice.

    Returns:
      The network; ids are texts, in order of first appearance.

    Raises:
      ValueError: for a line with another number of columns than the first, or a weight that is
        negative or not finite.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder) / "graph.edgelist"
    ...     _ = path.write_text("a b 2\nb c 0.5\n")
    ...     network = read_edge_list(path)
    >>> network.ids, network.weights.tolist(), network.directed
    (['a', 'b', 'c'], [2.0, 0.5], True)
    """
    edges = read_edge_lines(path, EdgeLayout(comments="#%", even=True))
    return Network(
        ids=edges.ids,
        senders=edges.first,
        receivers=edges.second,
        weights=edges.weights,
        directed=not undirected,
        about=[
            "an edge a line: source, target" + (", weight" if edges.columns > 2 else ""),
            "undirected, as was said" if undirected else "directed, since nothing says otherwise",
            "weights of repeats are added",
        ],
        counts=count_pairs(edges.first, edges.second, len(edges.ids)).named(),
    )


def _claims(sample: Sample) -> bool:
    rows = cells_of(sample, "#%")
    if sample.suffix not in _SUFFIXES or not rows or len({len(row) for row in rows}) > 1:
        return False
    width = len(rows[0])
    if width not in (2, 3) or any(is_word(row[2]) for row in rows if width == 3):
        return False
    if sample.suffix in _OWN_SUFFIXES:
        return True
    # Of any text file: numbers of nodes alone, and no header of another format.
    numbers = all(cell.isdigit() for row in rows for cell in row[:2])
    return numbers and not any(line.startswith(("#", "%")) for line in head_lines(sample))


EDGE_LIST = FileFormat(
    "edge-list",
    "source, target and perhaps a weight between blanks or tabs, without a header; directed; "
    "weights of repeats are added; loops stay",
    _claims,
    read_edge_list,
)
