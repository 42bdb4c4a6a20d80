"""Matrix Market: a sparse matrix as a graph."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from scipy import io

from gnn.datasets.formats.claimed_sizes import check_claim, check_nodes
from gnn.datasets.formats.file_format import FileFormat, Sample
from gnn.datasets.formats.network import Network
from gnn.datasets.formats.pair_counts import count_pairs
from gnn.datasets.formats.text_lines import numbered_lines
from gnn.tables.cells import quoted
from gnn.tables.text_files import open_bytes

_BANNER = "%%matrixmarket"
_FORMS = {
    "coordinate": "is dense; write the entries that are edges",
    "pattern integer real": "has numbers that are no weights",
    "general symmetric": "has weights below 0, or complex ones",
}


def read_matrix_market(path: Path) -> Network:
    r"""Reads a square matrix in coordinates: entry (i, j) is the edge from i to j.

    `scipy.io.mmread` parses the entries. `pattern` matrices have weight 1. `symmetric` ones list a
    pair once, below the diagonal; SciPy gives both directions, so nothing is added to them. Nodes
    are the rows, from 0; in the file they are numbered from 1. Repeats are added, as the format
    says of matrices that are assembled.

    Source: R. Boisvert, R. Pozo and K. Remington, "The Matrix Market Exchange Formats", NIST, 1996.

    Args:
      path: the file, plain or compressed.

    Returns:
      The network; ids are the numbers of rows from 0.

    Raises:
      ValueError: the matrix is dense (`array`), complex, skew or not square, has more rows or
        entries than its file can hold, a line is no entry, or an entry is negative or not finite.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder) / "tiny.mtx"
    ...     banner = "%%MatrixMarket matrix coordinate pattern symmetric"
    ...     _ = path.write_text(f"{banner}\n2 2 1\n2 1\n")
    ...     network = read_matrix_market(path)
    >>> network.senders.tolist(), network.receivers.tolist(), network.directed
    ([1, 0], [0, 1], False)
    """
    symmetric = _check_header(path)
    try:
        with open_bytes(path, path.name) as file:
            matrix = io.mmread(file, spmatrix=False)
    except (ValueError, OverflowError) as error:
        if str(error).startswith(path.name):
            raise
        raise ValueError(f"{path.name} is no whole Matrix Market file: {error}") from error
    senders, receivers = matrix.row.astype(np.int64), matrix.col.astype(np.int64)
    with np.errstate(over="ignore"):
        weights = matrix.data.astype(np.float32)
    wrong = ~(np.isfinite(weights) & (weights >= 0))
    if wrong.any():
        at = int(np.argmax(wrong))
        raise ValueError(
            f"{path.name}: the entry of row {senders[at] + 1}, column {receivers[at] + 1} must be "
            f"finite and not negative to be the weight of an edge, got {matrix.data[at]}"
        )
    zeros = int(np.sum(weights == 0))
    counts = count_pairs(senders, receivers, matrix.shape[0]).named()
    return Network(
        ids=range(matrix.shape[0]),
        senders=senders,
        receivers=receivers,
        weights=weights,
        directed=not symmetric,
        merge="sum",
        about=[
            "Matrix Market: entry (i, j) is the edge from i to j",
            "symmetric: SciPy has given both directions" if symmetric else "directed",
            "numbered from 1 in the file, from 0 here",
            "repeats are added",
        ],
        counts={**counts, "entries of 0": zeros},
    )


def _check_header(path: Path) -> bool:
    """Whether the matrix is symmetric; raises where it is no graph, or claims too much."""
    lines = numbered_lines(path)
    number, banner = next(lines, (1, ""))
    words = banner.lower().split()
    if len(words) != 5 or words[0] != _BANNER or words[1] != "matrix":
        raise ValueError(
            f"{path.name}, line 1: '%%MatrixMarket matrix FORM FIELD SYMMETRY' stands there, got "
            f"{quoted(banner)}"
        )
    for word, (allowed, why) in zip(words[2:], _FORMS.items(), strict=True):
        if word not in allowed.split():
            raise ValueError(
                f"{path.name}, line 1: a Matrix Market file that is {word!r} {why}, so it is no "
                f"graph here; read are {', '.join(allowed.split())}"
            )
    number, sizes = next(((k, s) for k, s in lines if s.strip() and s[0] != "%"), (number, ""))
    cells = sizes.split()
    if len(cells) != 3 or not all(cell.isdecimal() for cell in cells):
        raise ValueError(
            f"{path.name}, line {number}: the numbers of rows, columns and entries stand there, "
            f"got {quoted(sizes)}"
        )
    rows, columns, entries = map(int, cells)
    if rows != columns:
        raise ValueError(
            f"{path.name}, line {number}: an adjacency matrix must be square, got {rows} rows and "
            f"{columns} columns: rows and columns of this one are different things"
        )
    check_claim(path, number, f"{entries:,} entries", len("1 1\n") * entries)
    check_nodes(path, number, rows, entries)
    return words[4] == "symmetric"


def _claims(sample: Sample) -> bool:
    return sample.head[: len(_BANNER)].lower() == _BANNER


MATRIX_MARKET = FileFormat(
    "matrix-market",
    "entry (i, j) is the edge from i to j; symmetric files list a pair once and hold both "
    "directions; numbered from 1; repeats are added; loops stay",
    _claims,
    read_matrix_market,
)
