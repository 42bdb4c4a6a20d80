"""Names, shapes and dtypes of a model's inputs: what saving and serving need to know."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

import keras
import tensorflow as tf

from gnn.graphs.batch.graphs_tuple import edgeless, split_inputs
from gnn.graphs.batch.keys import GRAPH_KEYS

_SINGLE = "features"


@dataclasses.dataclass(frozen=True)
class InputSignature:
    """The features of a model's inputs, and whether a graph comes with them.

    Attributes:
        features: by name, the shape of a row, the dtype and whether the feature is sparse.
        has_graph: whether the graph keys are there.
        is_dict: False where the inputs are one tensor without a name.
        edges, globals: the widths of these two graph keys.
        readout: whether the rows are named by `readout`; if not, each component is one.
    """

    features: dict[str, dict[str, Any]]
    has_graph: bool
    is_dict: bool = True
    edges: int = 1
    globals: int = 0
    readout: bool = True

    @classmethod
    def of(cls, inputs: Any) -> InputSignature:
        """Reads the signature off a batch's inputs, or off their `tf.TensorSpec`s."""
        if not isinstance(inputs, Mapping):
            return cls({_SINGLE: _describe(inputs)}, has_graph=False, is_dict=False)
        features, keys = split_inputs(inputs)
        described = {name: _describe(feature) for name, feature in features.items()}
        if not any(key in keys for key in GRAPH_KEYS):
            return cls(described, has_graph=False)
        widths = _width(keys, "edges", 1), _width(keys, "globals", 0)
        return cls(described, True, True, *widths, readout="readout" in keys)

    @property
    def is_static(self) -> bool:
        """Whether the shape of every row is known, so that `example` is like the data."""
        return all(None not in spec["shape"] for spec in self.features.values())

    def says_more_than(self, other: InputSignature) -> bool:
        """Whether this one knows names or a graph that the other does not."""
        return (self.is_dict, self.has_graph) > (other.is_dict, other.has_graph)

    def to_dict(self) -> dict[str, Any]:
        """The signature as plain values that JSON can hold."""
        return dataclasses.asdict(self)

    @classmethod
    def from_dict(cls, config: dict[str, Any]) -> InputSignature:
        """Reads `to_dict` back."""
        return cls(**config)

    def example(self) -> Any:
        """Inputs of this signature for one node of zeros without neighbors."""
        rows = {name: _zeros(spec) for name, spec in self.features.items()}
        if not self.is_dict:
            return rows[_SINGLE]
        if self.has_graph:
            rows.update(edgeless(1))
            rows["edges"] = tf.zeros([0, self.edges])
            rows["globals"] = tf.zeros([1, self.globals])
            if not self.readout:
                del rows["readout"]
        return rows

    def symbols(self) -> Any:
        """Symbolic tensors of this signature: `example` without values."""
        return keras.tree.map_structure(_symbol, self.example())

    def serving_specs(
        self, with_graph: bool, with_readout: bool = True
    ) -> dict[str, tf.TensorSpec]:
        """The named inputs of a served model; sparse features are served dense."""
        specs = {
            name: tf.TensorSpec([None, *spec["shape"]], spec["dtype"], name=name)
            for name, spec in self.features.items()
        }
        if with_graph:
            keys = ("n_node", "n_edge", "senders", "receivers")
            for key in (*keys, "readout") if with_readout else keys:
                specs[key] = tf.TensorSpec([None], tf.int32, name=key)
            specs["edges"] = tf.TensorSpec([None, self.edges], tf.float32, name="edges")
            specs["globals"] = tf.TensorSpec([None, self.globals], tf.float32, name="globals")
        return specs


def _describe(value: Any) -> dict[str, Any]:
    shape = [None if size is None else int(size) for size in tuple(value.shape)[1:]]
    is_sparse = isinstance(value, (tf.SparseTensor, tf.SparseTensorSpec)) or bool(
        getattr(value, "sparse", False)
    )
    dtype = keras.backend.standardize_dtype(value.dtype)
    return {"shape": shape, "dtype": dtype, "sparse": is_sparse}


def _width(keys: Mapping[str, Any], key: str, default: int) -> int:
    value = keys.get(key)
    if value is None or len(value.shape) != 2 or value.shape[1] is None:
        return default
    return int(value.shape[1])


def _zeros(spec: Mapping[str, Any]) -> Any:
    shape = [1, *(1 if size is None else size for size in spec["shape"])]
    if spec["sparse"]:
        return tf.SparseTensor(
            tf.zeros([0, len(shape)], tf.int64), tf.zeros([0], spec["dtype"]), shape
        )
    return tf.zeros(shape, spec["dtype"])


def _symbol(value: Any) -> keras.KerasTensor:
    sparse = isinstance(value, tf.SparseTensor)
    return keras.KerasTensor(tuple(value.shape), value.dtype.name, sparse=sparse)
