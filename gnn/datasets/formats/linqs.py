"""LINQS: citation networks as `.cites` and `.content`."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import NamedTuple

import numpy as np
from scipy import sparse

from gnn.datasets.formats.edge_lines import EdgeLayout, read_edge_lines
from gnn.datasets.formats.file_format import FileFormat, Sample
from gnn.datasets.formats.network import Network
from gnn.datasets.formats.pair_counts import count_pairs
from gnn.datasets.formats.text_lines import numbered_lines
from gnn.tables.text_files import suffix_of

CITES, CONTENT = ".cites", ".content"


def read_linqs(path: Path, undirected: bool = True) -> Network:
    r"""Reads a citation network of LINQS: a folder with both files, or one of them.

    `.cites` has a citation a line, cited paper first: the paper of the second column cites that of
    the first, so the edge runs from the second to the first. `.content` has a paper a line: its id,
    its words as 0 and 1, its class. Citations of papers that `.content` lacks are dropped and
    counted, as everyone does who uses these data. Without `.content` the papers are those that
    occur, in order.

    A citation joins two papers whoever wrote first, so the network is undirected by default, as
    Planetoid has it: two papers that cite each other are one pair of weight 1 (Cora: 5,429
    citations, 10,556 directed edges). Loops stay (CiteSeer has 124).

    Source: https://linqs.org/datasets.

    Args:
      path: a folder with one `.cites`, one `.content` or both; or one such file, which is read
        alone.
      undirected: whether citations hold in both directions.

    Returns:
      The network, with the sparse feature `"words"` and labels where `.content` is there.

    Raises:
      ValueError: for a line that is no citation or no paper, a paper that is there twice, or a
        folder that has several of a kind.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     _ = Path(folder, "mini.cites").write_text("35 1033\n35 7\n")
    ...     _ = Path(folder, "mini.content").write_text("35 0 1 Theory\n1033 1 1 Rules\n")
    ...     network = read_linqs(Path(folder))
    >>> network.ids, network.senders.tolist(), network.receivers.tolist(), network.labels
    (['35', '1033'], [1], [0], ['Theory', 'Rules'])
    >>> network.counts["citations of papers without a row"]
    1
    """
    cites, content = _files(path)
    papers = None if content is None else _read_content(content)
    counts: dict[str, int] = {}
    about = ["LINQS"]
    ends = np.zeros(0, np.int64), np.zeros(0, np.int64)
    ids = [] if papers is None else papers.ids
    if cites is not None:
        edges = read_edge_lines(cites, EdgeLayout(most=2))
        ends = edges.second, edges.first
        if papers is None:
            ids = edges.ids
        else:
            places = {name: k for k, name in enumerate(ids)}
            place = np.array([places.get(name, -1) for name in edges.ids], np.int64)
            ends = place[ends[0]], place[ends[1]]
            known = (ends[0] >= 0) & (ends[1] >= 0)
            counts["papers without a row"] = int(np.sum(place < 0))
            counts["citations of papers without a row"] = int(np.sum(~known))
            ends = ends[0][known], ends[1][known]
        counts.update(count_pairs(*ends, len(ids)).named())
        about.append("the second column cites the first, so edges run from it")
        about.append("undirected" if undirected else "directed")
        about.append("repeats are one edge")
    return Network(
        ids=ids,
        senders=ends[0],
        receivers=ends[1],
        directed=not undirected,
        merge="max",
        features={} if papers is None else {"words": papers.words},
        labels=None if papers is None else papers.classes,
        about=about,
        counts=counts,
    )


class _Papers(NamedTuple):
    ids: list[str]
    words: sparse.csr_array
    classes: list[str]


def _read_content(path: Path) -> _Papers:
    ids: dict[str, int] = {}
    classes: list[str] = []
    values: list[np.ndarray] = []
    places: list[np.ndarray] = []
    width = -1
    for number, line in numbered_lines(path):
        cells = line.split()
        if not cells:
            continue
        width = len(cells) - 2 if width < 0 else width
        where = f"{path.name}, line {number}"
        if len(cells) < 2 or len(cells) - 2 != width:
            raise ValueError(
                f"{where}: a paper has an id, {max(width, 0)} words as on the first line, and a "
                f"class; got {len(cells)} columns"
            )
        if cells[0] in ids:
            raise ValueError(f"{where}: paper {cells[0]!r} is there already, line {ids[cells[0]]}")
        try:
            row = np.array(cells[1:-1], np.float32)
        except ValueError as error:
            raise ValueError(f"{where}: words must be numbers, {error}") from error
        if not np.isfinite(row).all():
            raise ValueError(f"{where}: words must be finite numbers")
        ids[cells[0]] = number
        classes.append(cells[-1])
        places.append(np.flatnonzero(row).astype(np.int32))
        values.append(row[places[-1]])
    indptr = np.cumsum([0, *(found.size for found in places)])
    words = sparse.csr_array(
        (
            np.concatenate(values) if values else np.zeros(0, np.float32),
            np.concatenate(places) if places else np.zeros(0, np.int32),
            indptr,
        ),
        shape=(len(ids), max(width, 0)),
    )
    return _Papers(list(ids), words, classes)


def _files(path: Path) -> tuple[Path | None, Path | None]:
    """The citations and the papers that a path stands for."""
    if not path.is_dir():
        is_content = suffix_of(path) == CONTENT
        return (None, path) if is_content else (path, None)
    found: list[Path | None] = []
    for suffix in (CITES, CONTENT):
        files = sorted(file for file in path.iterdir() if suffix_of(file) == suffix)
        if len(files) > 1:
            names = [file.name for file in files]
            raise ValueError(f"{path.name} must have one file {suffix}, got {names}; name one")
        found.append(files[0] if files else None)
    if found == [None, None]:
        raise ValueError(f"{path.name} has neither a file {CITES} nor one {CONTENT}")
    return found[0], found[1]


def _claims(sample: Sample) -> bool:
    if sample.names:
        found = Counter(suffix_of(Path(name)) for name in sample.names)
        return max(found[CITES], found[CONTENT]) == 1
    return sample.suffix in (CITES, CONTENT)


LINQS = FileFormat(
    "linqs",
    "the second column of .cites cites the first; undirected, papers that cite each other are one "
    "pair; citations of papers that .content lacks are dropped; loops stay",
    _claims,
    read_linqs,
)
