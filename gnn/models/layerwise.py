"""Predictions for all nodes of a graph, a stage of the model at a time."""

from __future__ import annotations

import contextlib
import math
import os
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import IO, Any

import numpy as np
import tensorflow as tf

from gnn.data.node_features import NodeFeatures
from gnn.files import check_file, whole_file
from gnn.graphs.arguments import check_count
from gnn.graphs.batch.graphs_tuple import BatchGraph, edgeless, num_rows
from gnn.graphs.graph import Graph
from gnn.graphs.sampling.chunks import Chunk, ReceiverChunks
from gnn.models.classifiers.node_classifier import NodeClassifier, Stage, in_turn


def layerwise_predict(
    model: NodeClassifier,
    graph: Graph,
    *,
    batch_size: int,
    output: str | os.PathLike[str] | None = None,
    overwrite: bool = False,
    memory_limit: int = 2**30,
) -> np.ndarray:
    """The logits of all nodes, as of the whole graph in one batch, in bounded memory.

    Runs one stage of the model (`NodeClassifier.stages`) over all nodes, some at a time, before the
    next: each edge is gathered once a stage, where neighborhoods of many hops would compute most
    nodes over and over (inference layer by layer: Ying et al., "Graph convolutional neural networks
    for web-scale recommender systems", KDD 2018, section 3.4). A stage sees its nodes with all
    edges into them, and the senders of these. What comes into a sender from elsewhere is not there;
    a loop of the same total weight stands for it, so that the in-degrees by which some layers scale
    senders are right. The logits differ from those of one batch by rounding alone.

    It takes the time of one full-batch prediction, that of gathering, and that of what a stage
    computes of senders alone, once for each chunk that a node sends to (a stage that looks at no
    edges is run once a node): few large chunks are faster than many small ones. Memory holds the
    features and the edges (of memory-mapped ones, those of a chunk; edges that are not grouped by
    receiver are sorted in memory, and so there twice), what goes into a stage and what comes out of
    it (in unnamed files where that is larger than `memory_limit`), and a chunk: `batch_size` nodes,
    at most four times as many edges as so many nodes have on average (more only for a node that
    alone has more), and the senders of these edges.

    Args:
        model: a classifier. It predicts as with `training=False`; without weights yet, it gets new
            ones.
        graph: the graph, with the features that the model takes.
        batch_size: the most nodes of a chunk.
        output: None, or the path of a `.npy` file for logits that are larger than memory. It
            appears when it is whole.
        overwrite: whether a file `output` that is there is replaced.
        memory_limit: bytes; a larger array between two stages is kept in a file, in the folder of
            `output`, or without one in that of Python's `tempfile`.

    Returns:
        float32 `[n_nodes, num_classes]`, row i is node i; with `output` a read-only `np.memmap` of
        the file.

    Raises:
        FileExistsError: there is a file `output`, and `overwrite` is False.
        TypeError: `model` is not a `NodeClassifier`, or a number is no integer.
        ValueError: `batch_size` or `memory_limit` is too small, `output` does not end in `.npy`,
            or the graph has no features.
        OSError: a file cannot be written; `output` is left as it was.

    Example:

    >>> from gnn.models import GraphConvolutionalNodeClassifier
    >>> graph = Graph.from_edges([0, 1, 2], [1, 2, 0], np.eye(3))
    >>> model = GraphConvolutionalNodeClassifier(num_classes=2)
    >>> layerwise_predict(model, graph, batch_size=2).shape
    (3, 2)
    """
    if not isinstance(model, NodeClassifier):
        raise TypeError(f"model must be a gnn.models.NodeClassifier; got {type(model).__name__}")
    batch_size = check_count("batch_size", batch_size, 1)
    memory_limit = check_count("memory_limit", memory_limit, 0)
    if output is not None and Path(output).suffix != ".npy":
        raise ValueError(f"output must be a path that ends in '.npy'; got {str(output)!r}")
    if output is not None:
        check_file(output, overwrite=overwrite)
    shape = (graph.num_nodes, model.num_classes)
    if output is None:
        state = _run_all(model, graph, batch_size, _Table(shape, np.float32), memory_limit, None)
        return state.leaves[0]
    with whole_file(output, overwrite=overwrite) as partial, open(partial, "w+b") as file:
        header = {"descr": "<f4", "fortran_order": False, "shape": shape}
        np.lib.format.write_array_header_1_0(file, header)
        logits = _Table(shape, np.float32, file)
        _run_all(model, graph, batch_size, logits, memory_limit, Path(output).parent)
    return np.load(output, mmap_mode="r")


def _run_all(
    model: NodeClassifier,
    graph: Graph,
    batch_size: int,
    logits: _Table,
    memory_limit: int,
    folder: Path | None,
) -> _State:
    """Runs all stages, the last one into `logits`."""
    state: _State = _Features(graph)
    if not model.built:
        model({**state.rows(np.zeros(1, np.int32)), **edgeless(1)}, training=False)
    chunks = ReceiverChunks(graph, batch_size)

    def new_table(rows: np.ndarray) -> _Table:
        shape = (graph.num_nodes, *rows.shape[1:])
        if math.prod(shape) * rows.dtype.itemsize <= memory_limit:
            return _Table(shape, rows.dtype)
        # It has no name, so nothing is left of it, however the process ends.
        return _Table(shape, rows.dtype, tempfile.TemporaryFile(dir=folder))

    stages = model.stages()
    if model.node_model is None:
        stages[0] = in_turn(_encoder(model), stages[0])
    else:
        # A stage of its own encodes a node once, not once for each chunk that it sends to.
        stages.insert(0, _encoder(model))
    for stage in stages[:-1]:
        state = _run(stage, state, chunks, new_table, carries=True)
    return _run(stages[-1], state, chunks, lambda _: logits)


class _State:
    """What goes into a stage: for nodes, their rows; `leaves` are its arrays, if it is arrays."""

    leaves: list[np.ndarray] = []

    def rows(self, nodes: np.ndarray) -> Any:
        raise NotImplementedError


class _Features(_State):
    def __init__(self, graph: Graph):
        self._features = NodeFeatures(graph)

    def rows(self, nodes: np.ndarray) -> Any:
        taken = self._features.rows(self._features.take(nodes))
        return self._features.tensors({"node_ids": nodes, **taken}, None)


class _Arrays(_State):
    def __init__(self, structure: Any, leaves: list[np.ndarray]):
        self._structure, self.leaves = structure, leaves

    def rows(self, nodes: np.ndarray) -> Any:
        rows = [tf.convert_to_tensor(leaf[nodes]) for leaf in self.leaves]
        return tf.nest.pack_sequence_as(self._structure, rows)


def _run(
    stage: Stage,
    state: _State,
    chunks: ReceiverChunks,
    new_table: Callable[[np.ndarray], _Table],
    carries: bool = False,
) -> _Arrays:
    """Runs a stage over all nodes, a chunk at a time.

    With `carries`, what the stage hands on as it was is not written again.
    """
    compiled = _CompiledStage(stage, state, carries)
    with contextlib.ExitStack() as stack:
        tables: list[_Table] = []
        for chunk in chunks if compiled.looks_at_edges else chunks.without_edges():
            made = compiled(state.rows(chunk.nodes), chunk)
            tables = tables or [stack.enter_context(new_table(rows)) for rows in made]
            for table, rows in zip(tables, made, strict=True):
                table.append(rows)
        return compiled.result([table.array() for table in tables])


class _CompiledStage:
    """A stage as one TensorFlow function, traced once, of chunks of any size."""

    def __init__(self, stage: Stage, state: _State, carries: bool):
        self._stage, self._given = stage, state.leaves if carries else []
        self.looks_at_edges = True
        # For each part of the result, the part of the state that it is unchanged, or None.
        self._unchanged: list[int | None] = []
        self._structure: Any = None
        edges = [tf.TensorSpec([None], dtype) for dtype in (tf.int32, tf.int32, tf.float32)]
        nodes = tf.nest.map_structure(_any_rows, state.rows(np.zeros(1, np.int32)))
        self._function = tf.function(self._call, autograph=False).get_concrete_function(
            nodes, *edges, tf.TensorSpec([], tf.int32)
        )

    def _call(
        self,
        nodes: Any,
        senders: tf.Tensor,
        receivers: tf.Tensor,
        weights: tf.Tensor,
        num_receivers: tf.Tensor,
    ) -> list[tf.Tensor]:
        given = tf.nest.flatten(nodes)
        graph = BatchGraph(
            nodes=nodes,
            edges=weights[:, tf.newaxis],
            senders=senders,
            receivers=receivers,
            globals=tf.zeros([1, 0]),
            n_node=tf.reshape(num_rows(given[0]), [1]),
            n_edge=tf.shape(weights),
        )
        graph.readout = tf.range(num_receivers)
        made = tf.nest.map_structure(_dense, self._stage(graph, False).nodes)
        self.looks_at_edges = bool(senders.consumers() or receivers.consumers())
        self._structure = made
        places = {id(part): place for place, part in enumerate(given[: len(self._given)])}
        self._unchanged = [places.get(id(part)) for part in tf.nest.flatten(made)]
        return [
            part[:num_receivers]
            for part, place in zip(tf.nest.flatten(made), self._unchanged, strict=True)
            if place is None
        ]

    def __call__(self, nodes: Any, chunk: Chunk) -> list[np.ndarray]:
        """The new rows of a chunk's receivers, for each part of the result that changes."""
        edges = map(tf.convert_to_tensor, (chunk.senders, chunk.receivers, chunk.weights))
        made = self._function(nodes, *edges, tf.constant(chunk.num_receivers, tf.int32))
        return [rows.numpy() for rows in made]

    def result(self, made: list[np.ndarray]) -> _Arrays:
        """What comes out of the stage, given the parts that it changed."""
        changed = iter(made)
        leaves = [next(changed) if k is None else self._given[k] for k in self._unchanged]
        return _Arrays(self._structure, leaves)


class _Table:
    """An array that is written a few rows after the other, in memory or in a file."""

    def __init__(self, shape: tuple[int, ...], dtype: Any, file: IO[bytes] | None = None):
        self._shape, self._dtype, self._file, self._rows = shape, np.dtype(dtype), file, 0
        self._array = np.empty(shape if file is None else 0, dtype)
        self._start = 0 if file is None else file.tell()

    def __enter__(self) -> _Table:
        return self

    def __exit__(self, *_: object) -> None:
        if self._file is not None:
            self._file.close()

    def append(self, rows: np.ndarray) -> None:
        """Writes the next rows."""
        if self._file is None:
            self._array[self._rows : self._rows + len(rows)] = rows
            self._rows += len(rows)
        else:
            # A memory map would end the process where the disk is full; this raises.
            self._file.write(rows.astype(self._dtype).tobytes())

    def array(self) -> np.ndarray:
        """All of it, once all rows are written; it outlives the file's being open."""
        if self._file is None:
            return self._array
        self._file.flush()
        # A plain view: a memory map itself runs Python at every look-up.
        return np.asarray(np.memmap(self._file, self._dtype, "r", self._start, self._shape))


def _encoder(model: NodeClassifier) -> Stage:
    def encode(graph: BatchGraph, training: bool | None) -> BatchGraph:
        return graph.replace(nodes=model.encode(graph.nodes, training))

    return encode


def _any_rows(rows: Any) -> Any:
    """The spec of a tensor with this one's columns and any number of rows."""
    shape = [None, *rows.shape[1:]]
    if isinstance(rows, tf.SparseTensor):
        return tf.SparseTensorSpec(shape, rows.dtype)
    return tf.TensorSpec(shape, rows.dtype)


def _dense(rows: Any) -> tf.Tensor:
    return tf.sparse.to_dense(rows) if isinstance(rows, tf.SparseTensor) else rows
