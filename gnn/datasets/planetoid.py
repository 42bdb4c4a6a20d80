"""The citation graphs Cora, CiteSeer and PubMed, with the public Planetoid split."""

from __future__ import annotations

import os
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from gnn.datasets import download
from gnn.datasets._safe_pickle import read_adjacency, read_array, read_csr
from gnn.graphs.graph import Graph

# One commit of the repository, and the SHA-256 of its files (of PubMed's as others publish it).
_SOURCE = "kimiyoung/planetoid/af6abf468a772cc055bec88c52e4d6f51b7c37e3/data"
_SHA256 = {
    "cora": {
        "x": "23cfa55d91c6f624233f5eb7b6e3f141f1bd2b2ae39608a63cf5d084bb27baab",
        "y": "94465c14eb53e04ca262198dcbb2521ee8af60fb3f3d546cd6ca24a511b0e7d1",
        "tx": "b9afbaa4a400df991f6f02ef677e1e44da55ffc04801fd02f9e673987829226a",
        "ty": "41f5ac76596a1699cc33f53084a2419e92961c42bb75f36fc38e616d348532ad",
        "allx": "9419ba2f26f5c35243db64aba110e0f35a04851609e0dc5433450676ca6b8543",
        "ally": "2b998f5cc7fedc86e7f97ca2498f47a1ffc1462c29e2d578b23bf3f62b6e7d71",
        "graph": "58f13302f39dde8852dad6fe6d15b89b077b6d7f837626bce671ef80344b383d",
        "test.index": "297ce89af2b51a6a194181c7dbe1796c6a1cf9cd9349a88383b1b1e227867875",
    },
    "citeseer": {
        "x": "d20de19150741e555de0ed037195630fc194114ebc7fd72ced62810148aa22f6",
        "y": "8ba87e515d8e3ee3cf52f6d2c5b86aa73f11ecad825a808455209ec26cd54924",
        "tx": "539a8906a2da97628d212f2fdd668c109a8b3f0d36574b59e5d3fd5b5303da21",
        "ty": "55e5bd1ba1e733a04598753ad1a8d57957f4b8f89e74519f41f4f4938767e4ce",
        "allx": "2ac30345d95c9ec933a817ee0bdd6a5f077f8c184a20e696910192d534414668",
        "ally": "f704b2d986dde6c2669934de1f3ae5696a6cf9455c0f6b2646a2d135ea0a1c95",
        "graph": "d79a4ef9d3e7169aee8946145f6b7306e35bc79bffad26346cfb94e10e9912a7",
        "test.index": "2af990671580b6b2df5d158d1038f8292e30c9cd821b5453f399659b25b723d4",
    },
    "pubmed": {
        "x": "fbe9cb5c47200d1b7769a26e579be3b7130b556831f9d850e77c4c74f2599b33",
        "y": "e6c807633307a07ed659249006536a147c7999c797f11a2560752990181b41b3",
        "tx": "4eb5f5d0f30f26497eb0ac6ac9719d09c67e284f1ed0385c93f3ef27a671da3d",
        "ty": "ee2e0d4819d9fbcc403689c3bf2e49face401b605932f093bc58ab6461130fdd",
        "allx": "508e538e2abdccdd54c4d3e9f49d638b4af7107d85845f66ddea5a5152658b7e",
        "ally": "0c37bbe3b5014ec365e9d393cf4791925e5ed94fb194305d74f064a8d7b50f0e",
        "graph": "5b89f0036ca22909471f1e6558eb42fa06e0c730a577bde5b058b40638f81dc9",
        "test.index": "b101d421688bbaecbd82e8a18f1e282378d6830f3a37666f28ebc47f844341b5",
    },
}
_VALIDATION_SIZE = 500


def planetoid(
    name: str, data_dir: str | os.PathLike[str] | None = None, normalize: bool = True
) -> Graph:
    """Gives Cora, CiteSeer or PubMed: papers, their words and who cites whom.

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
    Embeddings", 2016 (https://github.com/kimiyoung/planetoid). Files that the data folder lacks are
    downloaded from there, each checked by its SHA-256 (Cora 0.6 MB, CiteSeer 1.0 MB). The files are
    pickles; they are read with an unpickler that runs nothing of them.

    Args:
      name: `"cora"`, `"citeseer"` or `"pubmed"`.
      data_dir: The data folder, which has the files `planetoid/ind.<name>.*` or gets them. By
        default the environment variable `GNN_DATA_DIR`, and where that is not set `~/.cache/gnn`
        (`gnn` in `XDG_CACHE_HOME`). Files that are there are taken as they are.
      normalize: Whether to divide the features of each node by their sum.

    Returns:
      A graph with the sparse float32 feature `"words"` `[num_nodes, num_words]`, integer labels,
      and the splits `"train"`, `"validation"` and `"test"`, each in ascending order.

    Raises:
      ValueError: If `name` is another name, if a file is damaged, refused or does not fit the
        others, or if a download has another checksum. The message names the file.
      NotADirectoryError: If the data folder is a file.
      ConnectionError: If a file is missing and cannot be downloaded. The message names the file and
        its address, and says how to set the folder.
      OSError: If a download cannot be written, or the disk is full.

    >>> graph = planetoid("cora")  # doctest: +SKIP
    >>> len(graph.labels), len(graph.senders)  # doctest: +SKIP
    (2708, 10556)
    """
    if name not in _SHA256:
        raise ValueError(f"name must be one of {', '.join(_SHA256)}; got {name!r}")
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
    wanted = [
        download.PublicFile(
            path=f"planetoid/ind.{name}.{part}",
            source=f"{_SOURCE}/ind.{name}.{part}",
            sha256=checksum,
        )
        for part, checksum in _SHA256[name].items()
    ]
    return dict(zip(_SHA256[name], download.local_files(wanted, data_dir), strict=True))


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
