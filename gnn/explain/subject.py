"""What is explained: a node, what a model sees of it, and what the model says of it."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import tensorflow as tf
from scipy import sparse

from gnn.configs.arguments import check_count
from gnn.graphs.batch.packing import pack_graph
from gnn.graphs.find_node import find_node
from gnn.graphs.graph import Graph
from gnn.ops.sparse import sparse_tensor

# Beyond as many edges the whole graph is not run without being asked to.
_MOST_EDGES = 1_000_000


@dataclasses.dataclass(frozen=True, eq=False)
class Subject:
    """A node, its part of the graph as a batch, and the model.

    Attributes:
        graph: the whole graph.
        node: the node's index in it.
        nodes: int32 `[n]`, the nodes of the part, ascending.
        edges: int64 `[e]`, the edges of the part, as positions in the graph's.
        inputs: the part as a batch that reads out the node; its edges are in the order of `edges`.
        values: what can be attributed to of each float feature: the feature itself where it is
            dense, the stored values where it is sparse.
        logits_of: the model, from a batch's inputs to logits `[n_classes]` of the node.
    """

    graph: Graph
    node: int
    nodes: np.ndarray
    edges: np.ndarray
    inputs: Mapping[str, Any]
    values: Mapping[str, tf.Tensor]
    logits_of: Callable[[dict[str, Any]], tf.Tensor]

    @property
    def weights(self) -> np.ndarray:
        """The weights of the edges, float32 `[e]`."""
        return self.graph.weights[self.edges]

    def logits(self, weights: Any, values: Mapping[str, tf.Tensor]) -> tf.Tensor:
        """What the model says where the edges and features have these values instead.

        Args:
            weights: float32 `[e]`.
            values: by name, each as in `Subject.values`.

        Returns:
            float32 `[n_classes]`.
        """
        inputs = {**self.inputs, "edges": tf.convert_to_tensor(weights)[:, tf.newaxis]}
        for name, value in values.items():
            given = self.inputs[name]
            is_sparse = isinstance(given, tf.SparseTensor)
            inputs[name] = given.with_values(value) if is_sparse else value
        return self.logits_of(inputs)


def make_subject(
    model: Any, graph: Graph, node: Any, hops: int | None, output: str | None
) -> Subject:
    """Cuts out of the graph what a model of `hops` layers sees of a node, and checks the model.

    That is every edge into a node at most `hops` steps up the edges from `node`, and the nodes at
    their ends. The last step is one more than the layers: a convolution that scales senders by
    their degrees needs all edges into them. So the model says of the node what it says on the whole
    graph, where its layers look along incoming edges, no further than `hops` of them.

    Args:
        model: a Keras model.
        graph: the whole graph.
        node: the node, by id, or by index where the graph has no ids.
        hops: how far to go; None takes the whole graph.
        output: which of several named outputs holds the logits.

    Example:

    >>> chain = Graph.from_edges([3, 2, 1], [2, 1, 0], {"x": np.eye(4)})
    >>> model = lambda inputs, training: tf.gather(inputs["x"], inputs["readout"])
    >>> make_subject(model, chain, 0, 1, None).nodes.tolist()
    [0, 1, 2]
    """
    center = find_node(graph, node)
    if not graph.features:
        raise ValueError("graph has no features, so a model can say nothing of its nodes")
    nodes, edges = _part(graph, center, hops)
    place = np.zeros(graph.num_nodes, np.int32)
    place[nodes] = np.arange(nodes.size)
    part = Graph(  # It holds every edge it is given: each is one of the graph's.
        features={},
        senders=place[graph.senders[edges]],
        receivers=place[graph.receivers[edges]],
        weights=graph.weights[edges],
        num_nodes=nodes.size,
    )
    packed = pack_graph(part, place[[center]])
    features = {name: _as_tensor(value[nodes]) for name, value in graph.features.items()}
    inputs = {k: tf.convert_to_tensor(v) for k, v in packed.items() if k != "node_ids"} | features
    values = {
        name: value.values if isinstance(value, tf.SparseTensor) else value
        for name, value in features.items()
        if value.dtype.is_floating
    }

    def logits_of(inputs: dict[str, Any]) -> tf.Tensor:
        return _as_logits(model(inputs, training=False), output)

    return Subject(graph, center, nodes, edges, inputs, values, logits_of)


def find_target(target: Any, logits: np.ndarray, graph: Graph) -> int:
    """The class to explain: the one asked for, by number or by name, else the likeliest.

    Raises:
        KeyError: no class has the name.
        TypeError: it is neither a name nor an integer.
        ValueError: there is no class of that number.

    Example:

    >>> find_target(None, np.array([0.0, 2.0, 1.0]), Graph.from_edges([0], [1]))
    1
    """
    if target is None:
        return int(np.argmax(logits))
    if isinstance(target, str) and graph.class_names is not None:
        if target not in graph.class_names:
            raise KeyError(f"target: no class is named {target!r}; they are {graph.class_names}")
        target = graph.class_names.index(target)
    number = check_count("target", target, 0)
    if number >= logits.size:
        raise ValueError(f"target must be a class from 0 to {logits.size - 1}, got {number}")
    return number


def _part(graph: Graph, center: int, hops: int | None) -> tuple[np.ndarray, np.ndarray]:
    """Nodes, and edges sorted by receiver; those of weight 0 are none."""
    is_edge = graph.weights > 0
    if hops is None:
        if graph.num_edges > _MOST_EDGES:
            raise ValueError(
                f"hops must be given for a graph of more than {_MOST_EDGES:,} edges, such as the "
                f"number of the model's convolutions; this one has {graph.num_edges:,}"
            )
        nodes, edges = np.arange(graph.num_nodes), np.flatnonzero(is_edge)
    else:
        near = np.zeros(graph.num_nodes, bool)
        near[center] = True
        for _ in range(check_count("hops", hops, 0)):
            near[graph.senders[near[graph.receivers] & is_edge]] = True
        edges = np.flatnonzero(near[graph.receivers] & is_edge)
        near[graph.senders[edges]] = True
        nodes = np.flatnonzero(near)
    order = np.lexsort((graph.senders[edges], graph.receivers[edges]))
    return nodes.astype(np.int32), edges[order].astype(np.int64)


def _as_tensor(value: Any) -> Any:
    return sparse_tensor(value) if sparse.issparse(value) else tf.convert_to_tensor(value)


def _as_logits(outputs: Any, output: str | None) -> tf.Tensor:
    if isinstance(outputs, Mapping):
        if output not in outputs:
            raise KeyError(
                f"output must be one of the model's outputs {sorted(outputs)}, got {output!r}"
            )
        outputs = outputs[output]
    elif output is not None:
        raise KeyError(f"output must be None, for the model's output has no name; got {output!r}")
    shape = getattr(outputs, "shape", None)
    if shape is None or len(shape) != 2 or shape[0] != 1 or shape[1] < 2:
        raise ValueError(
            "the model must return logits of shape [1, n_classes], with 2 classes or more, for the "
            f"one node read out; got {type(outputs).__name__ if shape is None else tuple(shape)}"
        )
    return tf.cast(outputs[0], tf.float32)
