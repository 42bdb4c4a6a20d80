"""`.npz` files of gnn-benchmark: adjacency and attributes in CSR, and labels."""

from __future__ import annotations

import math
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from scipy import sparse

from gnn.datasets.formats.file_format import FileFormat, Sample
from gnn.datasets.formats.network import Network
from gnn.datasets.formats.pair_counts import count_pairs
from gnn.tables.limits import most_bytes

_PARTS = ("data", "indices", "indptr", "shape")


def read_benchmark_npz(path: Path, simple: bool = False) -> Network:
    r"""Reads a graph of gnn-benchmark: arrays `adj_*`, `attr_*` of CSR matrices, and `labels`.

    Entry (i, j) of the adjacency is the edge from i to j. The file's edges are kept as they are:
    with their directions, their weights and their loops. Papers on these graphs, and PyTorch
    Geometric, use another reading, `simple=True`: undirected, each pair once, all weights 1, no
    loops. That has 2 (edges of the file - repeats - loops - pairs in both directions) directed
    edges, by the names in `counts`.

    Nothing of the file is unpickled: names that are stored as objects are left out.

    Source: O. Shchur, M. Mumme, A. Bojchevski and S. Günnemann, "Pitfalls of Graph Neural Network
    Evaluation", 2018, https://github.com/shchur/gnn-benchmark.

    Args:
      path: the `.npz` file.
      simple: whether to read it as PyTorch Geometric does.

    Returns:
      The network; ids are numbers from 0, its feature is `"attributes"`, sparse where the file has
      it so.

    Raises:
      ValueError: it is no whole `.npz` file, lacks the adjacency, unfolds to far more than its
        size, or its arrays do not fit each other.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder) / "tiny.npz"
    ...     np.savez(
    ...         path,
    ...         adj_data=[1.0, 1.0],
    ...         adj_indices=[1, 1],
    ...         adj_indptr=[0, 1, 2],
    ...         adj_shape=[2, 2],
    ...         labels=[0, 1],
    ...     )
    ...     as_it_is, simple = read_benchmark_npz(path), read_benchmark_npz(path, simple=True)
    >>> as_it_is.senders.tolist(), as_it_is.receivers.tolist(), as_it_is.counts["loops"]
    ([0, 1], [1, 1], 1)
    >>> simple.senders.tolist(), simple.receivers.tolist(), simple.directed
    ([0], [1], False)
    """
    arrays = _read_arrays(path)
    adjacency = _csr(path, arrays, ("adj_", "adj_matrix."))
    if not sparse.issparse(adjacency) or adjacency.shape[0] != adjacency.shape[1]:
        raise ValueError(f"{path.name} must have a square adjacency as adj_data, adj_indices, ...")
    num_nodes = adjacency.shape[0]
    entries = adjacency.tocoo()
    senders, receivers = entries.row.astype(np.int64), entries.col.astype(np.int64)
    weights = entries.data
    counts = count_pairs(senders, receivers, num_nodes).named()
    about = ["gnn-benchmark: entry (i, j) is the edge from i to j", "numbered from 0"]
    if simple:
        own = senders != receivers
        senders, receivers, weights = senders[own], receivers[own], None
        about.append("simple: undirected, weights 1, without the loops of the file")
    else:
        about.append("directed, with weights and loops, as in the file")
    features = _csr(path, arrays, ("attr_", "attr_matrix.", "attr_matrix"))
    labels = _csr(path, arrays, ("labels_", "labels.", "labels"))
    if sparse.issparse(labels):
        labels = labels.toarray()
    for name, rows in (("attributes", features), ("labels", labels)):
        if rows is not None and rows.shape[:1] != (num_nodes,):
            raise ValueError(
                f"{path.name}: {name} must have a row for each of the {num_nodes} nodes, got shape "
                f"{rows.shape}"
            )
    return Network(
        ids=range(num_nodes),
        senders=senders,
        receivers=receivers,
        weights=weights,
        directed=not simple,
        merge="max" if simple else "sum",
        features={} if features is None else {"attributes": features},
        labels=labels,
        about=about,
        counts=counts,
    )


def _read_arrays(path: Path) -> dict[str, np.ndarray]:
    """The arrays of numbers in a file whose names begin as those of the format do."""
    found = {}
    try:
        with zipfile.ZipFile(path) as archive:
            members = [m for m in archive.infolist() if m.filename.endswith(".npy")]
            wanted = [m for m in members if m.filename.startswith(("adj_", "attr_", "labels"))]
            total = sum(member.file_size for member in wanted)
            most = most_bytes(path.stat().st_size)
            if total > most:
                raise ValueError(f"it unfolds to {total:,} bytes, more than {most:,}")
            for member in wanted:
                array = _read_member(archive, member)
                if array is not None:
                    found[member.filename.removesuffix(".npy")] = array
    except (OSError, EOFError, ValueError, NotImplementedError, zipfile.BadZipFile) as error:
        raise ValueError(f"{path.name} is no whole .npz file of a graph: {error}") from error
    return found


def _read_member(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> np.ndarray | None:
    """An array of numbers; None for one of objects, which would have to be unpickled."""
    with archive.open(member) as file:
        version = np.lib.format.read_magic(file)
        read = {(1, 0): np.lib.format.read_array_header_1_0}.get(
            version, np.lib.format.read_array_header_2_0
        )
        shape, _, dtype = read(file)
    if dtype.kind not in "biuf":
        return None
    need = math.prod(shape) * dtype.itemsize
    if need > member.file_size:
        raise ValueError(
            f"{member.filename} claims shape {shape}, {need:,} bytes, and has {member.file_size:,}"
        )
    with archive.open(member) as file:
        return np.lib.format.read_array(file, allow_pickle=False)


def _csr(path: Path, arrays: Mapping[str, np.ndarray], names: tuple[str, ...]) -> Any:
    """A matrix by the names that its parts may have: in CSR, dense, or None."""
    for name in names:
        parts = [arrays.get(f"{name}{part}") for part in _PARTS]
        if all(part is not None for part in parts):
            data, indices, indptr, shape = parts
            try:
                matrix = sparse.csr_array((data, indices, indptr), tuple(shape.tolist()))  # type: ignore[union-attr]
                matrix.check_format(full_check=True)
            except (ValueError, TypeError, IndexError) as error:
                raise ValueError(f"{path.name}: {name}* is no CSR matrix: {error}") from error
            return matrix
        if name in arrays:
            return arrays[name]
    return None


def _claims(sample: Sample) -> bool:
    if sample.suffix != ".npz" or not sample.head_bytes.startswith(b"PK"):
        return False
    try:
        with zipfile.ZipFile(sample.path) as archive:
            names = {name.removesuffix(".npy") for name in archive.namelist()}
    except (OSError, ValueError, NotImplementedError, zipfile.BadZipFile):
        return False
    return any({f"{a}{part}" for part in _PARTS} <= names for a in ("adj_", "adj_matrix."))


BENCHMARK_NPZ = FileFormat(
    "benchmark-npz",
    "CSR of adj_*, entry (i, j) is the edge from i to j; directions, weights and loops as in the "
    "file; numbered from 0; simple=True reads it as PyTorch Geometric does",
    _claims,
    read_benchmark_npz,
)
