"""The `schema.json` of a record folder: what its records hold, and how many each shard has."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import tensorflow as tf

FILE_NAME = "schema.json"
# Of the folder, in its manifest.
KIND = "records"
_FORMAT, _VERSION = "gnn.data.records", 1

_DTYPES = {
    dtype.name: dtype
    for dtype in (
        tf.bool,
        tf.string,
        *(tf.int8, tf.int16, tf.int32, tf.int64),
        *(tf.uint8, tf.uint16, tf.uint32, tf.uint64),
        *(tf.float16, tf.bfloat16, tf.float32, tf.float64),
        *(tf.complex64, tf.complex128),
    )
}


def write_schema(folder: Path, kind: str, content: Mapping[str, Any]) -> None:
    """Writes the schema of a record folder.

    Args:
        folder: where it goes, beside the shards.
        kind: what the records are.
        content: the rest, as JSON holds it.
    """
    schema = {"format": _FORMAT, "version": _VERSION, "kind": kind, **content}
    schema["digest"] = _digest(schema)
    (folder / FILE_NAME).write_text(json.dumps(schema, indent=1) + "\n", encoding="utf-8")


def read_schema(folder: str | os.PathLike[str], kind: str | None = None) -> dict[str, Any]:
    """Reads and checks the schema of a record folder.

    Args:
        folder: the record folder.
        kind: what its records must be; None: of any kind.

    Returns:
        What `write_schema` was given, and more.

    Raises:
        FileNotFoundError: there is no such folder, or it has no schema.
        ValueError: the schema is not JSON, not of this format, version or kind, or was changed
            after it was written.
    """
    path = Path(folder) / FILE_NAME
    if not path.is_file():
        raise FileNotFoundError(
            f"{str(folder)!r} is not a record folder: there is no {FILE_NAME} in it"
        )
    try:
        schema = json.loads(path.read_bytes())
    except ValueError as error:
        raise ValueError(f"{path} is not JSON: {error}") from error
    if not isinstance(schema, dict) or schema.get("format") != _FORMAT:
        raise ValueError(f"{path} is not the schema of records: its format is not {_FORMAT!r}")
    if schema.get("version") != _VERSION:
        raise ValueError(
            f"{path} has version {schema.get('version')!r}; this version of gnn reads {_VERSION}"
        )
    if kind is not None and schema.get("kind") != kind:
        raise ValueError(f"{path} must be of kind {kind!r}; got {schema.get('kind')!r}")
    if schema.get("digest") != _digest(schema):
        raise ValueError(
            f"{path} was changed after it was written: its digest does not fit. Write the records "
            "anew"
        )
    return schema


def files_of_records(folder: Path) -> list[str]:
    """The files of a record folder, by its schema, once all shards are as they were written.

    Raises:
        FileNotFoundError: as `read_schema`; or a shard is missing.
        ValueError: as `read_schema`; or a shard has another size.
    """
    shards = read_schema(folder)["shards"]
    for shard in shards:
        size = (folder / shard["name"]).stat().st_size
        if size != shard["bytes"]:
            raise ValueError(f"{shard['name']} has {size} bytes, and had {shard['bytes']}")
    return [FILE_NAME, *(shard["name"] for shard in shards)]


def _digest(schema: Mapping[str, Any]) -> str:
    rest = {key: value for key, value in schema.items() if key != "digest"}
    return hashlib.sha256(json.dumps(rest, sort_keys=True).encode()).hexdigest()


def element_to_json(spec: Any, at: str = "element") -> dict[str, Any]:
    """The structure of a data set's elements as JSON holds it.

    Args:
        spec: an `element_spec` of dicts, tuples, dense tensors and SparseTensors.
        at: where in the element `spec` stands, for errors.

    Returns:
        `{"dict": {name: ...}}`, `{"tuple": [...]}`, or for a leaf `{"dense": dtype, "shape": ...}`
        or `{"sparse": dtype, "shape": ...}`.

    Raises:
        TypeError: there is something else in it.

    Example:

    >>> element_to_json((tf.TensorSpec([None, 2], tf.int32),))
    {'tuple': [{'dense': 'int32', 'shape': [None, 2]}]}
    """
    if isinstance(spec, dict):
        odd = next((key for key in spec if not isinstance(key, str)), None)
        if odd is not None:
            raise TypeError(f"{at} must have strings as keys to be written; got {odd!r}")
        return {"dict": {k: element_to_json(v, f"{at}[{k!r}]") for k, v in spec.items()}}
    if type(spec) is tuple:
        return {"tuple": [element_to_json(part, f"{at}[{i}]") for i, part in enumerate(spec)]}
    if not isinstance(spec, (tf.TensorSpec, tf.SparseTensorSpec)):
        raise TypeError(
            f"{at} must be a dict, a tuple, a tensor or a SparseTensor to be written; got {spec!r}"
        )
    if spec.dtype.name not in _DTYPES:
        raise TypeError(
            f"{at} must have a dtype that records can hold; got {spec.dtype.name} (they are "
            f"{', '.join(_DTYPES)})"
        )
    kind = "sparse" if isinstance(spec, tf.SparseTensorSpec) else "dense"
    return {kind: spec.dtype.name, "shape": shape_to_json(spec.shape)}


def element_from_json(value: Mapping[str, Any]) -> Any:
    """The `element_spec` that `element_to_json` described."""
    if "dict" in value:
        return {key: element_from_json(part) for key, part in value["dict"].items()}
    if "tuple" in value:
        return tuple(element_from_json(part) for part in value["tuple"])
    if "sparse" in value:
        return tf.SparseTensorSpec(value["shape"], _DTYPES[value["sparse"]])
    return tf.TensorSpec(value["shape"], _DTYPES[value["dense"]])


def shape_to_json(shape: tf.TensorShape) -> list[int | None] | None:
    """A static shape as a list, None where it is not known."""
    return None if shape.rank is None else shape.as_list()


def named_leaves(spec: Any, name: str = "") -> Iterator[tuple[str, Any]]:
    """The leaves of an element in the order of `tf.nest.flatten`, each under its path.

    Example:

    >>> [name for name, _ in named_leaves(({"x": tf.TensorSpec([]), "a": tf.TensorSpec([])},))]
    ['0/a', '0/x']
    """
    parts: list[tuple[str, Any]]
    if isinstance(spec, dict):
        parts = [(key, spec[key]) for key in sorted(spec)]
    elif isinstance(spec, tuple):
        parts = [(str(i), part) for i, part in enumerate(spec)]
    else:
        yield name, spec
        return
    for key, part in parts:
        yield from named_leaves(part, f"{name}/{key}" if name else key)
