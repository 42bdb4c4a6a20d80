"""The stages of a model as TensorFlow functions of chunks, traced once."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import tensorflow as tf

from gnn.graphs.batch.graphs_tuple import BatchGraph, adjacency_of, num_rows
from gnn.graphs.sampling.chunks import Chunk
from gnn.models.classifiers.node_classifier import NodeClassifier, Stage, in_turn
from gnn.ops.adjacency import Adjacency
from gnn.ops.normalization import know_symmetric
from gnn.ops.sparse import as_dense

# Features of so many kinds are remembered by a model.
_MOST_SIGNATURES = 4


class CompiledStage:
    """A stage as one TensorFlow function of chunks of any size.

    Args:
        stage: the stage.
        nodes: the specs of what goes into it, any number of rows.
        hands_on: whether what it hands on as it was is left out of what it makes.

    Attributes:
        edges: which edges the stage looks at: `"none"`, `"normalized"` (it asks for nothing but
            `gnn.ops.symmetric_propagate`), or `"as_they_are"`.
        unchanged: for each part of the result, the part of the input that it is, or None.
        result: the structure of the result, of specs.
    """

    def __init__(self, stage: Stage, nodes: Any, hands_on: bool):
        self._stage, self._hands_on = stage, hands_on
        self._receivers_only = bool(getattr(stage, "into_receivers", False))
        self.edges = "none"
        self.unchanged: list[int | None] = []
        self.result: Any = None
        self._function = self._traced(nodes, normalized=True)
        as_they_are, normal = _used_edges(self._function)
        if as_they_are:
            self.edges = "as_they_are"
            if self._receivers_only or normal:
                # Of edges as they are, a chunk has those of the border too.
                self._receivers_only = False
                self._function = self._traced(nodes, normalized=False)
        elif normal:
            self.edges = "normalized"

    def _traced(self, nodes: Any, normalized: bool) -> Any:
        def call(
            nodes: Any, given: Any, normal: Any, first: tf.Tensor, count: tf.Tensor
        ) -> list[tf.Tensor]:
            graph = _chunk_graph(nodes, given, first, count, self._receivers_only)
            if normalized:
                senders, receivers, weights = normal
                if self._receivers_only:
                    known = Adjacency(senders, receivers, count, weights, is_sorted=True)
                else:
                    rows = adjacency_of(graph).num_nodes
                    known = Adjacency(senders, receivers + first, rows, weights, is_sorted=True)
                know_symmetric(adjacency_of(graph), known)
            made = tf.nest.map_structure(as_dense, self._stage(graph, False).nodes)
            return self._changed(nodes, made, first, count)

        edges = [tf.TensorSpec([None], dtype) for dtype in (tf.int32, tf.int32, tf.float32)]
        place = tf.TensorSpec([], tf.int32)
        return tf.function(call, autograph=False).get_concrete_function(
            nodes, edges, edges, place, place
        )

    def _changed(
        self, nodes: Any, made: Any, first: tf.Tensor, count: tf.Tensor
    ) -> list[tf.Tensor]:
        """The rows of the receivers, of each part of the result that is not handed on."""
        given = tf.nest.flatten(nodes) if self._hands_on else []
        places = {id(part): place for place, part in enumerate(given)}
        parts = tf.nest.flatten(made)
        self.unchanged = [places.get(id(part)) for part in parts]
        self.result = tf.nest.map_structure(any_rows, made)
        changed = [x for x, k in zip(parts, self.unchanged, strict=True) if k is None]
        return changed if self._receivers_only else [x[first : first + count] for x in changed]

    def __call__(self, nodes: Any, chunk: Chunk | None) -> list[tf.Tensor]:
        """The new rows of a chunk's receivers, or of all nodes given where there is no chunk."""
        given = normal = _NO_EDGES
        first, count = 0, int(num_rows(tf.nest.flatten(nodes)[0]))
        if chunk is not None:
            edges = [chunk.senders, chunk.receivers, chunk.weights]
            if self.edges == "normalized":
                normal = edges
            else:
                given = edges
            first, count = chunk.first, chunk.num_receivers
        flat = [tf.convert_to_tensor(part) for part in (*given, *normal)]
        place = [tf.constant(value, tf.int32) for value in (first, count)]
        made = self._function(nodes, flat[:3], flat[3:], *place)
        for rows in made:
            if rows.shape[0] != count:
                raise ValueError(
                    "a stage that is marked into_receivers must give a row for each node that "
                    f"receives; got {rows.shape[0]} for {count}"
                )
        return made


_NO_EDGES = [np.zeros(0, np.int32), np.zeros(0, np.int32), np.zeros(0, np.float32)]


def _chunk_graph(
    nodes: Any, edges: Any, first: tf.Tensor, count: tf.Tensor, receivers_only: bool
) -> BatchGraph:
    senders, receivers, weights = edges
    graph = BatchGraph(
        nodes=nodes,
        edges=weights[:, tf.newaxis],
        senders=senders,
        receivers=receivers,
        globals=tf.zeros([1, 0]),
        n_node=tf.reshape(num_rows(tf.nest.flatten(nodes)[0]), [1]),
        n_edge=tf.shape(weights),
    )
    graph.readout = tf.range(first, first + count)
    if receivers_only:
        graph.receivers_only = first, count
    return graph


def _used_edges(function: Any) -> tuple[bool, bool]:
    """Whether what a concrete function returns or does hangs on the edges as they are, or normal.

    These are six of its last eight arguments, three each.
    """
    explicit = function.inputs[: len(function.inputs) - len(function.captured_inputs)]
    *edges, _, _ = [tensor.op for tensor in explicit[-8:]]
    waiting = [tensor.op for tensor in function.graph.outputs]
    waiting += function.graph.control_outputs
    seen = set()
    while waiting:
        op = waiting.pop()
        if op not in seen:
            seen.add(op)
            waiting += [*(tensor.op for tensor in op.inputs), *op.control_inputs]
    return not seen.isdisjoint(edges[:3]), not seen.isdisjoint(edges[3:])


@dataclasses.dataclass(frozen=True)
class Group:
    """Stages that run one after the other on a chunk: what looks at edges is the first of them."""

    head: CompiledStage
    tail: tuple[CompiledStage, ...]

    def __call__(
        self, nodes: Any, chunk: Chunk | None, own_rows: Callable[[int], np.ndarray]
    ) -> tuple[list[Any], Any]:
        """Runs the stages.

        Args:
            nodes: what goes into the first.
            chunk: a chunk, or None where no stage looks at edges.
            own_rows: the rows of the receivers of a part of the input, by its place.

        Returns:
            For each part of the result the rows of the receivers, or the place of the part of the
            input that it is; and the structure of the result.
        """
        changed = iter(self.head(nodes, chunk))
        parts = [next(changed) if k is None else k for k in self.head.unchanged]
        structure = self.head.result
        for stage in self.tail:
            rows = [own_rows(part) if isinstance(part, int) else part for part in parts]
            tensors = [tf.convert_to_tensor(part) for part in rows]
            changed = iter(stage(tf.nest.pack_sequence_as(structure, tensors), None))
            parts = [next(changed) if k is None else parts[k] for k in stage.unchanged]
            structure = stage.result
        return parts, structure


class _Traces:
    """What a model remembers of its traces; not a dict, which Keras would track."""

    def __init__(self) -> None:
        self.by_signature: dict[Any, list[Group]] = {}


def compiled_groups(model: NodeClassifier, features: Any, to_embedding: bool) -> list[Group]:
    """The stages of a built model as functions, grouped; traced once for features alike.

    Traced anew is a model whose variables are others than before (not one whose weights have
    changed), or whose layers compute in another dtype.

    Args:
        model: the model.
        features: the specs of the features, as `any_rows` gives them.
        to_embedding: whether to stop before the last stages, as `NodeClassifier.embed` does.
    """
    if not hasattr(model, "_layerwise_traces"):
        model._layerwise_traces = _Traces()
    known = model._layerwise_traces.by_signature
    key = (
        to_embedding,
        tuple(sorted((name, _described(spec)) for name, spec in features.items())),
        tuple(id(variable.value) for variable in model.weights),
        tuple(layer.compute_dtype for layer in model._flatten_layers()),
    )
    if key not in known:
        while len(known) >= _MOST_SIGNATURES:
            del known[next(iter(known))]
        # The functions hold the variables, so that no other has one's id.
        known[key] = _grouped(_compiled(model, features, to_embedding))
    return known[key]


def _compiled(model: NodeClassifier, features: Any, to_embedding: bool) -> list[CompiledStage]:
    def encode(graph: BatchGraph, training: bool | None) -> BatchGraph:
        return graph.replace(nodes=model.encode(graph.nodes, training))

    stages: list[Stage] = list(model.stages())
    if to_embedding:
        stages = [*stages[: model.stages_to_embedding()], _first_part]
    if model.node_model is None:
        stages[0] = in_turn(encode, stages[0])
    else:
        # A stage of its own encodes a node once, not once for each chunk that it sends to.
        stages.insert(0, encode)
    compiled: list[CompiledStage] = []
    traced: list[tuple[Stage, Any, CompiledStage]] = []
    nodes = features
    for place, stage in enumerate(stages):
        described = [_described(spec) for spec in tf.nest.flatten(nodes)]
        # A hop that comes again, on rows alike, is the same function.
        same = [made for other, spec, made in traced if other == stage and spec == described]
        if same and place:
            made = same[0]
        else:
            made = CompiledStage(stage, nodes, hands_on=place > 0)
            traced.append((stage, described, made))
        compiled.append(made)
        nodes = made.result
    return compiled


def _grouped(stages: Sequence[CompiledStage]) -> list[Group]:
    groups: list[list[CompiledStage]] = []
    for stage in stages:
        if not groups or stage.edges != "none":
            groups.append([])
        groups[-1].append(stage)
    return [Group(head, tuple(tail)) for head, *tail in groups]


def _first_part(graph: BatchGraph, training: bool | None) -> BatchGraph:
    nodes = graph.nodes
    return graph.replace(nodes=nodes[0] if isinstance(nodes, tuple) else nodes)


def _described(spec: Any) -> tuple[Any, ...]:
    return type(spec).__name__, spec.dtype.name, tuple(spec.shape[1:])


def any_rows(rows: Any) -> Any:
    """The spec of a tensor with this one's columns and any number of rows.

    Example:

    >>> any_rows(tf.ones([2, 3])).shape
    TensorShape([None, 3])
    """
    shape = [None, *rows.shape[1:]]
    if isinstance(rows, tf.SparseTensor):
        return tf.SparseTensorSpec(shape, rows.dtype)
    return tf.TensorSpec(shape, rows.dtype)
