"""DGL's CSVDataset: a folder with `meta.yaml`, and tables of nodes and edges that it names."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from gnn.datasets.formats.field_table import (
    FieldTable,
    list_cells,
    read_fields,
    typed_cells,
    weights_of,
)
from gnn.datasets.formats.file_format import FileFormat, Sample
from gnn.datasets.formats.labeled_graphs import LabeledGraphs
from gnn.datasets.formats.named_ends import NamedNodes
from gnn.datasets.formats.network import Network
from gnn.datasets.formats.to_graph import to_graph

_META = "meta.yaml"
_LONGEST_META = 1 << 20
_MASKS = {"train_mask": "train", "val_mask": "validation", "test_mask": "test"}
_TRUE = ("true", "1", "1.0")
_ABOUT = (
    "DGL's CSVDataset: directed as it stands, ids are names; repeats of an edge are added, loops "
    "stay; train_mask, val_mask and test_mask are splits; many graphs where graph_data names them"
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


def _read(path: Path) -> Network | LabeledGraphs:
    """Reads a folder, or its `meta.yaml`: a graph, or many where it has a table of graphs."""
    meta_path = path / _META if path.is_dir() else path
    meta = _meta_of(meta_path)
    folder, separator = meta_path.parent, str(meta.get("separator", ","))
    nodes_entry = _only(meta_path, meta, "node_data", "ntype")
    edges_entry = _only(meta_path, meta, "edge_data", "etype")
    nodes = read_fields(folder / _file_of(meta_path, nodes_entry), delimiter=separator)
    edges = read_fields(folder / _file_of(meta_path, edges_entry), delimiter=separator)
    fields = _Fields(
        str(nodes_entry.get("node_id_field", "node_id")),
        str(edges_entry.get("src_id_field", "src_id")),
        str(edges_entry.get("dst_id_field", "dst_id")),
        str(nodes_entry.get("graph_id_field", "graph_id")),
        str(edges_entry.get("graph_id_field", "graph_id")),
    )
    _require(nodes, [fields.node])
    _require(edges, [fields.source, fields.target])
    graphs_entry = meta.get("graph_data")
    if graphs_entry:
        if not isinstance(graphs_entry, Mapping):
            raise ValueError(
                f"{meta_path.name}: graph_data must be a mapping, got {graphs_entry!r}"
            )
        key = str(graphs_entry.get("graph_id_field", "graph_id"))
        graphs = read_fields(folder / _file_of(meta_path, graphs_entry), delimiter=separator)
        _require(graphs, [key])
        return _many(graphs, key, nodes, edges, fields)
    for table, field in ((nodes, fields.graph_of_node), (edges, fields.graph_of_edge)):
        count = len(set(table.columns.get(field, ())))
        if count > 1:
            raise ValueError(
                f"{meta_path.name}: {table.file} has {count} graphs, and graph_data names no table "
                "of them"
            )
    return _one(nodes, edges, fields)


class _Fields(NamedTuple):
    """What the columns are called."""

    node: str
    source: str
    target: str
    graph_of_node: str
    graph_of_edge: str


def _one(table: FieldTable, edges: FieldTable, fields: _Fields) -> Network:
    """One graph of its tables."""
    nodes = NamedNodes.of(table.columns[fields.node])
    sources, targets = edges.columns[fields.source], edges.columns[fields.target]
    ends = nodes.ends(sources, targets, weights_of(edges, "weight"))
    splits, columns, features = {}, {}, {}
    for name, cells in table.columns.items():
        if name in (fields.node, fields.graph_of_node):
            continue
        cells = nodes.take(cells)
        if name in _MASKS:
            splits[_MASKS[name]] = np.flatnonzero([cell.strip().lower() in _TRUE for cell in cells])
            continue
        vectors = list_cells(cells, ",") if any("," in cell for cell in cells) else None
        if vectors is not None:
            features[name] = np.array(vectors, np.float32)
        else:
            columns[name] = typed_cells(cells)
    known = (fields.source, fields.target, fields.graph_of_edge, "weight")
    left = [name for name in edges.columns if name not in known]
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


def _many(
    graphs: FieldTable, key: str, nodes: FieldTable, edges: FieldTable, fields: _Fields
) -> LabeledGraphs:
    """The graphs of a table of them, in its order, with its column `label`."""
    _require(nodes, [fields.graph_of_node])
    _require(edges, [fields.graph_of_edge])
    ids = graphs.columns[key]
    parts = [
        table.divided(field, ids)
        for table, field in ((nodes, fields.graph_of_node), (edges, fields.graph_of_edge))
    ]
    networks = [_one(of_nodes, of_edges, fields) for of_nodes, of_edges in zip(*parts, strict=True)]
    counts: Counter[str] = Counter()
    for network in networks:
        counts.update(network.counts)
    labels, class_names = _labels_of(graphs)
    left = [name for name in graphs.columns if name not in (key, "label")]
    about = [*networks[0].about, f"{len(ids)} graphs"]
    about += [f"features of graphs left out: {', '.join(left)}"] if left else []
    made = [to_graph(network, format=DGL_CSV.name) for network in networks]
    return LabeledGraphs(made, labels, class_names, about, dict(counts))


def _labels_of(graphs: FieldTable) -> tuple[np.ndarray | None, tuple[str, ...] | None]:
    """Classes in the order of their names, or targets."""
    if "label" not in graphs.columns:
        return None, None
    cells = typed_cells(graphs.columns["label"])
    if None in cells:
        raise graphs.error(cells.index(None), "each graph must have a label")
    if any(isinstance(cell, float) for cell in cells):
        return np.array(cells, np.float32), None
    values = sorted(set(cells))
    places = {value: k for k, value in enumerate(values)}
    return np.array([places[cell] for cell in cells], np.int32), tuple(map(str, values))


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


def _refused(path: Path, what: str) -> ValueError:
    return ValueError(
        f"{path.name} is a dgl-csv with {what}; graphs of one type of nodes and edges are read"
    )


def _require(table: FieldTable, names: list[str]) -> None:
    for name in names:
        if name not in table.columns:
            raise ValueError(f"{table.file} has no column {name!r}; it has {list(table.columns)}")
