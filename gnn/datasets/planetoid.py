"""The citation graphs Cora, CiteSeer and PubMed, with the public Planetoid split."""

from __future__ import annotations

import os
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from gnn.datasets._safe_pickle import read_adjacency, read_array, read_csr
from gnn.graphs.graph import Graph

_NAMES = ("cora", "citeseer", "pubmed")
_PARTS = ("x", "y", "tx", "ty", "allx", "ally", "graph", "test.index")
_VALIDATION_SIZE = 500


def planetoid(
    name: str, data_dir: str | os.PathLike[str] | None = None, normalize: bool = True
) -> Graph:
    """Reads Cora, CiteSeer or PubMed: papers, their words and who cites whom.

    A node is a paper, its label the field, and its feature `"words"` the words that occur in it
    (PubMed: their tf-idf weights). Everyone trains on the same 20 papers a class, and validates and
    tests on the same others, the public split:

    ==========  ======  ==============  =====  =======  =====  ==========  =====
    name         nodes  directed edges  words  classes  train  validation   test
    ==========  ======  ==============  =====  =======  =====  ==========  =====
    cora          2708           10556   1433        7    140         500   1000
    citeseer      3327            9104   3703        6    120         500   1000
    pubmed       19717           88648    500        3     60         500   1000
    ==========  ======  ==============  =====  =======  =====  ==========  =====

    Node `i` is row `i` of `allx`, and node `test.index[k]` is row `k` of `tx`. The first nodes, one
    for each row of `x`, are the train split, and the next 500 the validation split. Fifteen papers
    of CiteSeer are in neither: they stay in the graph with features of zero and the label -1, and
    are in no split.

    Citations are taken in both directions, each pair once, without self loops; edges come in order
    of receiver, then sender. CiteSeer's files have 124 self loops, so where other readers keep them
    (DGL) it has 9,228 edges, and 9,104 here and where they are removed (PyTorch Geometric).

    Source: Yang, Cohen and Salakhutdinov, "Revisiting Semi-Supervised Learning with Graph
    Embeddings", 2016 (https://github.com/kimiyoung/planetoid). The files are pickles; they are read
    with an unpickler that runs nothing of them.

    Args:
      name: `"cora"`, `"citeseer"` or `"pubmed"`.
      data_dir: The folder that has the files `planetoid/ind.<name>.*`. By default the environment
        variable `GNN_DATA_DIR`.
      normalize: Whether to divide the features of each node by their sum.

    Returns:
      A graph with the sparse float32 feature `"words"` `[num_nodes, num_words]`, integer labels,
      and the splits `"train"`, `"validation"` and `"test"`, each in ascending order.

    Raises:
      ValueError: If `name` is another name, or if a file is damaged, refused or does not fit the
        others. The message names the file.
      FileNotFoundError: If a file is missing. The message names it, the folder, and how to set it.

    >>> graph = planetoid("cora")  # doctest: +SKIP
    >>> len(graph.labels), len(graph.senders)  # doctest: +SKIP
    (2708, 10556)
    """
    if name not in _NAMES:
        raise ValueError(f"name must be one of {', '.join(_NAMES)}; got {name!r}")
    paths = _find_files(name, data_dir)

    known, known_labels = _read_rows(paths["allx"], paths["ally"])
    test, test_labels = _read_rows(paths["tx"], paths["ty"])
    train, train_labels = _read_rows(paths["x"], paths["y"])
    num_known, num_train = known.shape[0], train.shape[0]
    _check_width(paths["tx"], test.shape[1], known.shape[1])
    _check_width(paths["ty"], test_labels.shape[1], known_labels.shape[1])
    _check_width(paths["x"], train.shape[1], known.shape[1])
    if not np.array_equal(train_labels, known_labels[:num_train]):
        raise ValueError(f"{paths['y']} must be the first rows of ally")
    if (train != known[:num_train]).nnz:
        raise ValueError(f"{paths['x']} must be the first rows of allx")
    senders, receivers, num_nodes = _read_edges(paths["graph"])
    test_nodes = _read_test_nodes(paths["test.index"], test.shape[0], num_known, num_nodes)

    words = _place_rows(known, test, test_nodes, num_nodes)
    labels = np.full(num_nodes, -1, np.int32)
    labels[:num_known] = np.argmax(known_labels, axis=1)
    labels[test_nodes] = np.argmax(test_labels, axis=1)
    return Graph.from_edges(
        senders,
        receivers,
        {"words": _normalize_rows(words) if normalize else words},
        labels=labels,
        splits={
            "train": np.arange(num_train),
            "validation": np.arange(num_train, min(num_train + _VALIDATION_SIZE, num_known)),
            "test": np.sort(test_nodes),
        },
    )


def _find_files(name: str, data_dir: str | os.PathLike[str] | None) -> dict[str, Path]:
    hint = "set the environment variable GNN_DATA_DIR or data_dir to the folder that has planetoid/"
    root = data_dir if data_dir is not None else os.environ.get("GNN_DATA_DIR")
    if not root:
        raise FileNotFoundError(
            f"no folder to look for planetoid/ind.{name}.{_PARTS[0]} in: {hint}"
        )
    folder = Path(root) / "planetoid"
    paths = {part: folder / f"ind.{name}.{part}" for part in _PARTS}
    for path in paths.values():
        if not path.is_file():
            raise FileNotFoundError(f"no file {path.name} in {folder}: {hint}")
    return paths


def _read_rows(features: Path, classes: Path) -> tuple[sp.csr_array, NDArray[Any]]:
    """Reads the features of some nodes, and their one-hot labels."""
    with np.errstate(over="ignore"):
        matrix = read_csr(features).astype(np.float32)
    if not np.isfinite(matrix.data).all():
        raise ValueError(f"{features} must have finite features")
    matrix.sum_duplicates()  # Also sorts the columns of each row.
    one_hot = read_array(classes)
    if one_hot.ndim != 2 or not one_hot.size or len(one_hot) != matrix.shape[0]:
        raise ValueError(
            f"{classes} must have a row for each of the {matrix.shape[0]} rows of {features.name};"
            f" got shape {one_hot.shape}"
        )
    if not np.isin(one_hot, (0, 1)).all() or not (one_hot.sum(axis=1) == 1).all():
        raise ValueError(f"{classes} must be one-hot: a single 1 in each row, else 0")
    return matrix, one_hot


def _check_width(path: Path, width: int, expected: int) -> None:
    if width != expected:
        raise ValueError(
            f"{path} must be as wide as the rows of the other nodes, {expected}; got {width}"
        )


def _read_edges(path: Path) -> tuple[NDArray[np.int32], NDArray[np.int32], int]:
    """Reads both directions of each pair, in order of receiver and sender, and the node count."""
    adjacency = read_adjacency(path)
    num_nodes = len(adjacency)
    lists = list(adjacency.values())
    try:
        nodes = np.fromiter(adjacency, np.int64, num_nodes)
        sources = np.repeat(nodes, [len(neighbors) for neighbors in lists])
        targets = np.fromiter(chain.from_iterable(lists), np.int64, len(sources))
    except OverflowError as error:
        raise ValueError(f"{path} has a node past the largest integer") from error
    for found in (nodes, targets):
        outside = found[(found < 0) | (found >= num_nodes)]
        if len(outside):
            raise ValueError(
                f"{path} must list nodes from 0 to {num_nodes - 1}, as it has {num_nodes} of them;"
                f" got {outside[0]}"
            )
    loops = sources == targets
    sources, targets = sources[~loops], targets[~loops]
    # One integer a pair: its order is that of receiver, then sender.
    pairs = np.unique(
        np.concatenate([sources * num_nodes + targets, targets * num_nodes + sources])
    )
    receivers, senders = np.divmod(pairs, max(num_nodes, 1))
    return senders.astype(np.int32), receivers.astype(np.int32), num_nodes


def _read_test_nodes(
    path: Path, num_rows: int, num_known: int, num_nodes: int
) -> NDArray[np.int64]:
    """Reads which node each row of tx is."""
    try:
        nodes = np.array([int(word) for word in path.read_text("ascii").split()], np.int64)
    except (ValueError, OverflowError) as error:
        raise ValueError(f"{path} must hold one integer a line: {error}") from error
    if len(nodes) != num_rows or len(np.unique(nodes)) != num_rows:
        raise ValueError(
            f"{path} must name a different node for each of the {num_rows} rows of tx; got"
            f" {len(np.unique(nodes))} different of {len(nodes)}"
        )
    outside = nodes[(nodes < num_known) | (nodes >= num_nodes)]
    if len(outside):
        raise ValueError(
            f"{path} must name nodes after the {num_known} of allx and within the {num_nodes} of"
            f" the graph; got {outside[0]}"
        )
    return nodes


def _place_rows(
    known: sp.csr_array, test: sp.csr_array, test_nodes: NDArray[np.int64], num_nodes: int
) -> sp.csr_array:
    """Puts the test rows where they belong below the known ones; rows of no node stay zero."""
    known_entries, test_entries = known.tocoo(), test.tocoo()
    row = np.concatenate([known_entries.row, test_nodes[test_entries.row]])
    col = np.concatenate([known_entries.col, test_entries.col])
    data = np.concatenate([known_entries.data, test_entries.data])
    return sp.csr_array((data, (row, col)), shape=(num_nodes, known.shape[1]))


def _normalize_rows(matrix: sp.csr_array) -> sp.csr_array:
    sums = np.asarray(matrix.sum(axis=1, dtype=np.float64)).ravel()
    scale = np.divide(1.0, sums, out=np.zeros_like(sums), where=sums != 0)
    data = matrix.data * np.repeat(scale, np.diff(matrix.indptr))
    return sp.csr_array((data.astype(np.float32), matrix.indices, matrix.indptr), matrix.shape)
