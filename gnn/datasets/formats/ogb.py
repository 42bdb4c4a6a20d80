"""OGB's raw folders: one large graph as `.csv.gz` files of numbers, without headers."""

from __future__ import annotations

import re
from collections.abc import Mapping
from itertools import islice
from pathlib import Path

import numpy as np

from gnn.datasets.formats.file_format import FileFormat, Sample
from gnn.datasets.formats.network import Network
from gnn.datasets.formats.pair_counts import count_pairs
from gnn.tables.text_files import open_text

_EDGES, _SIZES = "edge.csv.gz", "num-node-list.csv.gz"
_SPLITS = {"train": "train", "valid": "validation", "test": "test"}
# Without features and labels so many nodes are believed, and so many for each edge.
_FREE_NODES, _NODES_AN_EDGE = 1_000_000, 100
# OGB adds the reverse of each edge of these when it reads them.
_UNDIRECTED = re.compile(r"(ogbn_)?(products|proteins)(_.*)?")
_ABOUT = (
    "OGB's raw folder of one graph: nodes are numbers from 0; directed as it stands, but where OGB "
    "adds the reverses (products, proteins); repeats are added, loops stay"
)


def _claims(sample: Sample) -> bool:
    names = set(sample.names)
    return {_EDGES, _SIZES} <= names or (
        "raw" in names and (sample.path / "raw" / _EDGES).is_file()
    )


def _read(path: Path) -> Network:
    """Reads the folder of a data set, or `raw` in it."""
    raw = path / "raw" if (path / "raw").is_dir() else path
    root = raw.parent if raw.name == "raw" else raw
    sizes = _numbers(raw / _SIZES, np.int64, None).ravel()
    if sizes.size != 1:
        raise ValueError(
            f"{_SIZES} of {str(raw)!r} is an ogb of {sizes.size} graphs; one graph is read"
        )
    num_nodes = int(sizes[0])
    counted = raw / "num-edge-list.csv.gz"
    claimed = int(_numbers(counted, np.int64, None).sum()) if counted.is_file() else None
    edges = _numbers(raw / _EDGES, np.int64, claimed)
    if edges.size and edges.shape[1] != 2:
        raise ValueError(f"{_EDGES} must have 2 numbers a line, got {edges.shape[1]}")
    edges = edges.reshape(-1, 2)
    _check_range(_EDGES, edges, num_nodes)
    features: dict[str, np.ndarray] = {}
    for name in ("node-feat", "node_year", "node_species"):
        if (file := raw / f"{name}.csv.gz").is_file():
            title = "features" if name == "node-feat" else name
            features[title] = _numbers(file, np.float32, num_nodes)
    labels = None
    if (file := raw / "node-label.csv.gz").is_file():
        labels = _labels(_numbers(file, np.float64, num_nodes), file.name)
    if (
        labels is None
        and not features
        and num_nodes > max(_FREE_NODES, _NODES_AN_EDGE * len(edges))
    ):
        raise ValueError(
            f"{_SIZES} claims {num_nodes:,} nodes for {len(edges):,} edges, and there are neither "
            "features nor labels of them"
        )
    undirected = _UNDIRECTED.fullmatch(root.name.lower().replace("-", "_")) is not None
    about = ["nodes are numbers from 0"]
    about.append("undirected, as OGB reads it" if undirected else "directed as it stands")
    if (raw / "edge-feat.csv.gz").is_file():
        about.append("features of edges left out")
    splits, named = _splits(root, num_nodes)
    about += [f"the split {named!r}"] if named else []
    return Network(
        range(num_nodes),
        edges[:, 0],
        edges[:, 1],
        directed=not undirected,
        features=features,
        labels=labels,
        splits=splits,
        about=tuple(about),
        counts=count_pairs(edges[:, 0], edges[:, 1], num_nodes).named(),
    )


OGB = FileFormat("ogb", _ABOUT, _claims, _read)


def _numbers(path: Path, dtype: type, rows: int | None) -> np.ndarray:
    """A file of numbers `[rows, width]`.

    Raises:
      FileNotFoundError: there is no such file.
      ValueError: it is no such file, or has another number of rows.
    """
    if not path.is_file():
        raise FileNotFoundError(f"no file {str(path)!r}")
    try:
        # No more rows are read than another file says that there are.
        most = None if rows is None else rows + 1
        if most == 1:
            return np.zeros((0, 0), dtype)
        with open_text(path, path.name) as file:
            # NumPy would ask for memory for all of `max_rows`.
            lines = islice(file, most)
            found: np.ndarray = np.loadtxt(lines, dtype, delimiter=",", comments=None, ndmin=2)
    except ValueError as error:
        text = str(error)
        raise ValueError(text if path.name in text else f"{path.name}: {text}") from error
    if rows is not None and len(found) != rows:
        more = "more" if len(found) > rows else f"{len(found):,}"
        raise ValueError(f"{path.name} must have {rows:,} rows, as OGB's lists say, got {more}")
    return found


def _check_range(name: str, numbers: np.ndarray, num_nodes: int) -> None:
    strange = (numbers < 0) | (numbers >= num_nodes)
    if strange.any():
        row = int(np.argmax(strange.reshape(len(numbers), -1).any(axis=1)))
        raise ValueError(
            f"{name}, line {row + 1}: nodes must be from 0 to {num_nodes - 1}, got "
            f"{numbers.reshape(len(numbers), -1)[row].tolist()}"
        )


def _labels(cells: np.ndarray, name: str) -> np.ndarray:
    """Classes `[n]`, -1 where there is none, or several labels a node `[n, k]`."""
    known = ~np.isnan(cells)
    if (cells[known] != np.trunc(cells[known])).any():
        return (cells[:, 0] if cells.shape[1] == 1 else cells).astype(np.float32)
    if (cells[known] < 0).any():
        raise ValueError(f"{name}: classes must not be negative, got {cells[known].min():g}")
    labels = np.where(known, cells, -1).astype(np.int64)
    return labels[:, 0] if labels.shape[1] == 1 else labels


def _splits(root: Path, num_nodes: int) -> tuple[Mapping[str, np.ndarray], str]:
    """The splits of the one folder in `split/`, and its name."""
    folders = [p for p in sorted((root / "split").glob("*")) if p.is_dir()]
    if len(folders) != 1:
        return {}, ""
    found = {}
    for file, name in _SPLITS.items():
        paths = [folders[0] / f"{file}{suffix}" for suffix in (".csv.gz", ".csv")]
        for path in filter(Path.is_file, paths):
            found[name] = _numbers(path, np.int64, None).ravel()
            _check_range(f"{folders[0].name}/{path.name}", found[name], num_nodes)
    return found, folders[0].name
