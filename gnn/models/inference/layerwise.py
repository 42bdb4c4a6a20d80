"""What a model says of all nodes of a graph, a stage of the model at a time."""

from __future__ import annotations

import contextlib
import math
import os
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
from tqdm import tqdm

from gnn.configs.arguments import check_count, check_verbose
from gnn.files import check_file, whole_file
from gnn.graphs.batch.graphs_tuple import edgeless
from gnn.graphs.graph import Graph
from gnn.graphs.sampling.chunks import Chunk, ReceiverChunks
from gnn.models.classifiers.node_classifier import NodeClassifier
from gnn.models.inference.compiled_stages import Group, any_rows, compiled_groups
from gnn.models.inference.memory import widest
from gnn.models.inference.node_rows import ArrayState, FeatureState, NodeRows, State

# What a chunk may take, where nobody says how many nodes it has.
_CHUNK_BYTES = 2**26


def layerwise_predict(
    model: NodeClassifier,
    graph: Graph,
    *,
    batch_size: int | None = None,
    output: str | os.PathLike[str] | None = None,
    overwrite: bool = False,
    memory_limit: int = 2**30,
    verbose: str | bool = "auto",
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
    edges is run once a node): few large chunks are faster than many small ones. The stages are
    traced once for a model and features alike, however often it predicts. Memory holds the
    features and the edges (of memory-mapped ones, those of a chunk), the edges in order of their
    receivers as far as they fit into `memory_limit`, what goes into a stage and what comes out of
    it (in unnamed files where that is larger than `memory_limit`), and a chunk.

    Args:
        model: a classifier. It predicts as with `training=False`; without weights yet, it gets new
            ones.
        graph: the graph, with the features that the model takes.
        batch_size: the most nodes of a chunk, which has at most four times as many edges as so many
            nodes have on average (more only for a node that alone has more). None takes as many as
            make a chunk of about 64 MiB, by the widest of the features and the weights.
        output: None, or the path of a `.npy` file for logits that are larger than memory. It
            appears when it is whole.
        overwrite: whether a file `output` that is there is replaced.
        memory_limit: bytes; a larger array between two stages is kept in a file, in the folder of
            `output`, or without one in that of Python's `tempfile`.
        verbose: whether to show a progress bar; "auto" where standard error is a terminal.

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
    >>> layerwise_predict(model, graph).shape
    (3, 2)
    """
    run = LayerwiseRun(model, graph, batch_size, memory_limit, verbose)
    if output is None:
        return run.rows(to_embedding=False)
    if Path(output).suffix != ".npy":
        raise ValueError(f"output must be a path that ends in '.npy'; got {str(output)!r}")
    check_file(output, overwrite=overwrite)
    shape = (graph.num_nodes, model.num_classes)
    with whole_file(output, overwrite=overwrite) as partial, open(partial, "w+b") as file:
        header = {"descr": "<f4", "fortran_order": False, "shape": shape}
        np.lib.format.write_array_header_1_0(file, header)
        table = NodeRows(shape, np.float32, file)
        run.rows(to_embedding=False, into=table, folder=Path(output).parent)
    return np.load(output, mmap_mode="r")


def layerwise_embed(
    model: NodeClassifier,
    graph: Graph,
    *,
    batch_size: int | None = None,
    memory_limit: int = 2**30,
    verbose: str | bool = "auto",
) -> np.ndarray:
    """The hidden states of all nodes, as `model.embed` gives them of the whole graph in one batch.

    Args:
        model: as in `layerwise_predict`.
        graph: as in `layerwise_predict`.
        batch_size: as in `layerwise_predict`.
        memory_limit: as in `layerwise_predict`.
        verbose: as in `layerwise_predict`.

    Returns:
        float32 `[n_nodes, units]`, row i is node i.

    Raises:
        TypeError: as in `layerwise_predict`.
        ValueError: as in `layerwise_predict`.

    Example:

    >>> from gnn.models import GraphConvolutionalNodeClassifier
    >>> graph = Graph.from_edges([0, 1, 2], [1, 2, 0], np.eye(3))
    >>> model = GraphConvolutionalNodeClassifier(num_classes=2, hidden_units=8)
    >>> layerwise_embed(model, graph).shape
    (3, 8)
    """
    run = LayerwiseRun(model, graph, batch_size, memory_limit, verbose)
    return run.rows(to_embedding=True)


class LayerwiseRun:
    """A model, a graph, and the graph's edges as the model's stages want them, made once.

    It serves several passes over one graph, such as the validation of each epoch.

    Args:
        model, graph, batch_size, memory_limit, verbose: as in `layerwise_predict`.
    """

    def __init__(
        self,
        model: NodeClassifier,
        graph: Graph,
        batch_size: int | None = None,
        memory_limit: int = 2**30,
        verbose: str | bool = "auto",
    ):
        if not isinstance(model, NodeClassifier):
            name = type(model).__name__
            raise TypeError(f"model must be a gnn.models.NodeClassifier; got {name}")
        self.model, self.graph = model, graph
        self._features = FeatureState(graph)
        if not model.built:
            model({**self._features.span(0, 1), **edgeless(1)}, training=False)
        if batch_size is None:
            batch_size = _chunk_nodes(model, graph)
        self._batch_size = check_count("batch_size", batch_size, 1)
        self._memory_limit = check_count("memory_limit", memory_limit, 0)
        check_verbose(verbose)
        self._verbose = verbose
        self._chunks: ReceiverChunks | None = None
        self._kept: dict[str, list[Chunk]] = {}

    def rows(
        self, to_embedding: bool, into: NodeRows | None = None, folder: Path | None = None
    ) -> np.ndarray:
        """The logits of all nodes, or their hidden states, float32.

        Args:
            to_embedding: whether to stop where `NodeClassifier.embed` does.
            into: where they go; None is an array in memory.
            folder: where large arrays between stages are kept.
        """
        specs = {name: any_rows(rows) for name, rows in self._features.span(0, 1).items()}
        groups = compiled_groups(self.model, specs, to_embedding)
        self.keep({group.head.edges for group in groups})
        state: State = self._features
        steps = sum(self._count(group.head.edges) for group in groups)
        disable = None if self._verbose == "auto" else not self._verbose
        with tqdm(total=steps, unit="chunk", leave=False, disable=disable) as bar:
            for place, group in enumerate(groups):
                last = place + 1 == len(groups)
                made = self._run(group, state, bar, folder, into if last else None, last)
                state = made
        return made.leaves[0]

    def chunks(self, edges: str) -> Iterable[Chunk]:
        """The chunks with edges `"as_they_are"`, `"normalized"`, or `"bare"`: no border loops."""
        if edges in self._kept:
            return self._kept[edges]
        if self._chunks is None:
            self._chunks = ReceiverChunks(self.graph, self._batch_size)
        if edges == "normalized":
            return self._chunks.normalized()
        return self._chunks.as_they_are(border_loops=edges == "as_they_are")

    def keep(self, kinds: set[str]) -> None:
        """Makes chunks once for all passes over them, as long as they fit into memory.

        Args:
            kinds: as in `chunks`.
        """
        # A sender and a weight an edge, and a loop a node.
        size = 8 * (self.graph.num_edges + self.graph.num_nodes)
        missing = kinds - {"none", *self._kept}
        if size * (len(self._kept) + len(missing)) > self._memory_limit:
            return
        for kind in sorted(missing):
            self._kept[kind] = list(self.chunks(kind))
        self._chunks = None  # What they were made from.

    def _count(self, edges: str) -> int:
        if edges == "none":
            return -(-self.graph.num_nodes // self._batch_size)
        if edges in self._kept:
            return len(self._kept[edges])
        self.chunks(edges)
        assert self._chunks is not None
        return len(self._chunks)

    def _run(
        self,
        group: Group,
        state: State,
        bar: Any,
        folder: Path | None,
        into: NodeRows | None,
        last: bool,
    ) -> ArrayState:
        """Runs the stages of a group over all nodes, a chunk at a time."""
        with contextlib.ExitStack() as stack:
            tables: list[NodeRows] = [] if into is None else [into]
            for start, stop, chunk in self._spans(group.head.edges):
                given = state.span(start, stop) if chunk is None else state.rows(chunk)
                parts, structure = group(given, chunk, state.own_rows(start, stop))
                if last:  # What the last stage hands on is wanted as well.
                    parts = [
                        state.leaves[x][start:stop] if isinstance(x, int) else x for x in parts
                    ]
                new = [np.asarray(part) for part in parts if not isinstance(part, int)]
                if not tables:
                    tables = [stack.enter_context(self._table(x, folder, last)) for x in new]
                for table, rows in zip(tables, new, strict=True):
                    table.append(rows)
                bar.update()
            arrays = iter([table.array() for table in tables])
        leaves = [state.leaves[x] if isinstance(x, int) else next(arrays) for x in parts]
        return ArrayState(structure, leaves)

    def _spans(self, edges: str) -> Iterator[tuple[int, int, Chunk | None]]:
        """The first node and the one after the last of each chunk, and the chunk if edges count."""
        if edges != "none":
            for chunk in self.chunks(edges):
                yield chunk.start, chunk.stop, chunk
            return
        for start in range(0, self.graph.num_nodes, self._batch_size):
            yield start, min(start + self._batch_size, self.graph.num_nodes), None

    def _table(self, rows: np.ndarray, folder: Path | None, last: bool) -> NodeRows:
        shape = (self.graph.num_nodes, *rows.shape[1:])
        dtype = np.dtype(np.float32 if last else rows.dtype)
        if last or math.prod(shape) * dtype.itemsize <= self._memory_limit:
            return NodeRows(shape, dtype)
        # It has no name, so nothing is left of it, however the process ends.
        return NodeRows(shape, dtype, tempfile.TemporaryFile(dir=folder))


def _chunk_nodes(model: NodeClassifier, graph: Graph) -> int:
    """How many nodes make a chunk of `_CHUNK_BYTES`."""
    width = widest(model, graph)
    degree = -(-graph.num_edges // graph.num_nodes)
    # An edge has its two ends and its weight, as they are and as a matrix.
    node_bytes = degree * (36 + 4 * width) + 12 * width
    return max(1, min(_CHUNK_BYTES // node_bytes, graph.num_nodes))
