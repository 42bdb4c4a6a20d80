"""TF-GNN's unsampled graphs: a schema in text, and tables of nodes and edges that it names."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from gnn.datasets.formats.field_table import (
    FieldTable,
    list_cells,
    number_cells,
    read_fields,
    weights_of,
)
from gnn.datasets.formats.file_format import FileFormat, Sample
from gnn.datasets.formats.named_ends import NamedNodes
from gnn.datasets.formats.network import Network
from gnn.datasets.formats.text_proto import Message, parse_text_proto

_SUFFIX = ".pbtxt"
_NUMBERS = ("DT_FLOAT", "DT_DOUBLE", "DT_HALF", "DT_INT32", "DT_INT64", "DT_UINT8", "DT_BOOL")
_ABOUT = (
    "TF-GNN's schema.pbtxt with tables: directed as it stands, ids are names; repeats are added, "
    "by the feature weight if there is one, loops stay"
)


def _claims(sample: Sample) -> bool:
    if sample.names:
        return _schema_in(sample.path, sample.names) is not None
    return sample.suffix == _SUFFIX and "node_sets" in sample.head


def _read(path: Path) -> Network:
    """Reads a folder, or its schema."""
    schema_path = path
    if path.is_dir():
        found = _schema_in(path, sorted(each.name for each in path.iterdir()))
        if found is None:
            raise ValueError(f"the folder {str(path)!r} must have one .pbtxt file with node_sets")
        schema_path = found
    name = schema_path.name
    schema = parse_text_proto(schema_path.read_text(encoding="utf-8"), name)
    node_set, edge_set = _only(schema, "node_sets", name), _only(schema, "edge_sets", name)
    table = _table(schema_path, node_set)
    edges = _table(schema_path, edge_set)
    key = _column(table, "id")
    source, target = _column(edges, "source"), _column(edges, "target")
    if _extra(edge_set, "edge_type") == "reversed":  # One file serves both directions.
        source, target = target, source
    nodes = NamedNodes.of(table.columns[key])
    ends = nodes.ends(edges.columns[source], edges.columns[target], weights_of(edges, "weight"))
    columns: dict[str, Any] = {}
    features: dict[str, Any] = {}
    for feature, kind in _features(node_set).items():
        if feature in (key, "id", "#id"):
            continue
        if feature not in table.columns:
            raise ValueError(
                f"{table.file} has no column {feature!r}, which {name} names; it has "
                f"{list(table.columns)}"
            )
        cells = nodes.take(table.columns[feature])
        vectors = None
        if kind in _NUMBERS and any(cell.split(",")[1:] or cell.split()[1:] for cell in cells):
            vectors = list_cells(cells, "," if any("," in cell for cell in cells) else " ")
        if vectors is not None:
            features[feature] = np.array(vectors, np.float32)
        elif kind in _NUMBERS:
            columns[feature] = nodes.take(number_cells(table, feature))
        else:
            columns[feature] = [cell or None for cell in cells]
    left = [n for n in edges.columns if n not in (source, target, "weight")]
    about = ["directed as it stands", "ids are names"]
    about += [f"features of edges left out: {', '.join(left)}"] if left else []
    return ends.network(
        nodes,
        about,
        columns=columns,
        features=features,
        label="label" if "label" in columns else None,
    )


TF_GNN = FileFormat("tf-gnn", _ABOUT, _claims, _read)


def _schema_in(folder: Path, files: Any) -> Path | None:
    """The one schema in a folder, if there is one."""
    found = []
    for file in files:
        path = folder / file
        if path.suffix == _SUFFIX and path.is_file():
            try:
                with path.open(encoding="utf-8") as text:
                    if "node_sets" in text.read(1 << 16):
                        found.append(path)
            except (OSError, ValueError):
                continue
    return found[0] if len(found) == 1 else None


def _only(schema: Message, field: str, name: str) -> Message:
    """The one set of nodes, or of edges."""
    entries = schema.get(field, [])
    keys = [str(_one(entry, "key", name)) for entry in entries]
    if len(entries) != 1:
        raise ValueError(
            f"{name} is a tf-gnn of {len(entries)} {field} {keys}; one graph of one type of nodes "
            "and edges is read"
        )
    value = _one(entries[0], "value", name)
    if not isinstance(value, dict):
        raise ValueError(f"{name}: {field} {keys[0]!r} must have a message 'value'")
    return value


def _one(message: Any, field: str, name: str) -> Any:
    values = message.get(field, []) if isinstance(message, dict) else []
    if len(values) != 1:
        raise ValueError(f"{name}: each set must have one field {field!r}, got {len(values)}")
    return values[0]


def _table(schema: Path, entry: Message) -> FieldTable:
    metadata = entry.get("metadata", [{}])[0]
    file = str((metadata.get("filename") or [""])[0]) if isinstance(metadata, dict) else ""
    path = Path(file)
    if not file or path.is_absolute() or ".." in path.parts:
        raise ValueError(f"{schema.name}: filename must be a file beside it, got {file!r}")
    if path.suffix.lower() not in (".csv", ".gz", ".tsv"):
        raise ValueError(
            f"{schema.name}: filename must be a table in CSV, got {file!r}; convert records and "
            "shards to it"
        )
    return read_fields(schema.parent / path, delimiter=",")


def _column(table: FieldTable, name: str) -> str:
    """The column of ids, whose name may begin with `#`."""
    for each in (f"#{name}", name):
        if each in table.columns:
            return each
    raise ValueError(
        f"{table.file} has no column '{name}' or '#{name}'; it has {list(table.columns)}"
    )


def _features(entry: Message) -> dict[str, str]:
    """Name of a feature -> its type."""
    found = {}
    for feature in entry.get("features", []):
        if isinstance(feature, dict):
            value = (feature.get("value") or [{}])[0]
            kind = (value.get("dtype") or [""])[0] if isinstance(value, dict) else ""
            found[str((feature.get("key") or [""])[0])] = str(kind)
    return found


def _extra(entry: Message, key: str) -> str | None:
    for metadata in entry.get("metadata", []):
        for extra in metadata.get("extra", []) if isinstance(metadata, dict) else []:
            if isinstance(extra, dict) and extra.get("key") == [key]:
                return str((extra.get("value") or [""])[0])
    return None
