"""DGL's CSVDataset: a folder with `meta.yaml`, and tables of nodes and edges that it names."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from gnn.datasets.formats.field_table import (
    FieldTable,
    list_cells,
    read_fields,
    typed_cells,
    weights_of,
)
from gnn.datasets.formats.file_format import FileFormat, Sample
from gnn.datasets.formats.named_ends import NamedNodes
from gnn.datasets.formats.network import Network

_META = "meta.yaml"
_LONGEST_META = 1 << 20
_MASKS = {"train_mask": "train", "val_mask": "validation", "test_mask": "test"}
_TRUE = ("true", "1", "1.0")
_ABOUT = (
    "DGL's CSVDataset: directed as it stands, ids are names; repeats of an edge are added, loops "
    "stay; train_mask, val_mask and test_mask are splits"
)


def _claims(sample: Sample) -> bool:
    if sample.names:
        if _META not in sample.names:
            return False
        try:
            with (sample.path / _META).open(encoding="utf-8") as file:
                head = file.read(4096)
        except (OSError, ValueError):
            return False
        return "edge_data:" in head
    return sample.suffix in (".yaml", ".yml") and "edge_data:" in sample.head


def _read(path: Path) -> Network:
    """Reads a folder, or its `meta.yaml`."""
    meta_path = path / _META if path.is_dir() else path
    meta = _meta_of(meta_path)
    folder, separator = meta_path.parent, str(meta.get("separator", ","))
    if meta.get("graph_data"):
        raise _refused(meta_path, "graph_data: a collection of graphs")
    nodes_entry = _only(meta_path, meta, "node_data", "ntype")
    edges_entry = _only(meta_path, meta, "edge_data", "etype")
    table = read_fields(folder / _file_of(meta_path, nodes_entry), delimiter=separator)
    edges = read_fields(folder / _file_of(meta_path, edges_entry), delimiter=separator)
    _check_one_graph(meta_path, table, nodes_entry)
    _check_one_graph(meta_path, edges, edges_entry)
    key = str(nodes_entry.get("node_id_field", "node_id"))
    source = str(edges_entry.get("src_id_field", "src_id"))
    target = str(edges_entry.get("dst_id_field", "dst_id"))
    _require(table, [key])
    _require(edges, [source, target])
    nodes = NamedNodes.of(table.columns[key])
    ends = nodes.ends(edges.columns[source], edges.columns[target], weights_of(edges, "weight"))
    splits, columns, features = {}, {}, {}
    for name, cells in table.columns.items():
        cells = nodes.take(cells)
        if name in (key, str(nodes_entry.get("graph_id_field", "graph_id"))):
            continue
        if name in _MASKS:
            splits[_MASKS[name]] = np.flatnonzero([cell.strip().lower() in _TRUE for cell in cells])
            continue
        vectors = list_cells(cells, ",") if any("," in cell for cell in cells) else None
        if vectors is not None:
            features[name] = np.array(vectors, np.float32)
        else:
            columns[name] = typed_cells(cells)
    left = [n for n in edges.columns if n not in (source, target, "weight", "graph_id")]
    about = ["directed as it stands", "ids are names"]
    about += [f"attributes of edges left out: {', '.join(left)}"] if left else []
    return ends.network(
        nodes,
        about,
        columns=columns,
        features=features,
        label="label" if "label" in columns else None,
        splits=splits,
    )


DGL_CSV = FileFormat("dgl-csv", _ABOUT, _claims, _read)


def _meta_of(path: Path) -> Mapping[str, Any]:
    try:
        import yaml
    except ImportError as error:
        raise ImportError(f"{path}: YAML needs PyYAML: pip install pyyaml") from error
    if not path.is_file():
        raise FileNotFoundError(f"no file {str(path)!r}")
    if path.stat().st_size > _LONGEST_META:
        raise ValueError(f"{path.name} must be at most {_LONGEST_META:,} bytes")
    text = path.read_text(encoding="utf-8")
    try:
        if any(isinstance(token, yaml.AliasToken) for token in yaml.scan(text)):
            raise ValueError(f"{path.name} must not have aliases (*name)")
        meta = yaml.safe_load(text)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = "" if mark is None else f", line {mark.line + 1}"
        raise ValueError(
            f"{path.name}{where}: {getattr(error, 'problem', None) or 'it is not YAML'}"
        ) from error
    except RecursionError as error:
        raise ValueError(f"{path.name} is nested too deeply") from error
    if not isinstance(meta, Mapping):
        raise ValueError(f"{path.name} must hold a mapping, got {type(meta).__name__}")
    return meta


def _only(path: Path, meta: Mapping[str, Any], key: str, kind: str) -> Mapping[str, Any]:
    """The one entry of `node_data` or `edge_data`."""
    entries = meta.get(key)
    if not isinstance(entries, list) or not all(isinstance(each, Mapping) for each in entries):
        raise ValueError(f"{path.name}: {key} must be a list of mappings, got {entries!r}")
    if len(entries) != 1:
        found = [each.get(kind, each.get("file_name")) for each in entries]
        raise _refused(path, f"{key} of several types, {found}")
    return entries[0]


def _file_of(path: Path, entry: Mapping[str, Any]) -> str:
    name = entry.get("file_name")
    if not isinstance(name, str) or Path(name).is_absolute() or ".." in Path(name).parts:
        raise ValueError(f"{path.name}: file_name must be a file beside it, got {name!r}")
    return name


def _check_one_graph(path: Path, table: FieldTable, entry: Mapping[str, Any]) -> None:
    graphs = set(table.columns.get(str(entry.get("graph_id_field", "graph_id")), ()))
    if len(graphs) > 1:
        raise _refused(path, f"{len(graphs)} graphs in {table.file}")


def _refused(path: Path, what: str) -> ValueError:
    return ValueError(
        f"{path.name} is a dgl-csv with {what}; one graph of one type of nodes and edges is read"
    )


def _require(table: FieldTable, names: list[str]) -> None:
    for name in names:
        if name not in table.columns:
            raise ValueError(f"{table.file} has no column {name!r}; it has {list(table.columns)}")
