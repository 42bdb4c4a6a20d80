"""What a run says of its edges: before it trains, by the labels; afterwards, by what it learned."""

from __future__ import annotations

import math
import warnings

import numpy as np

from gnn.graphs.graph import Graph
from gnn.graphs.labels import labeled_edges
from gnn.memory_maps import as_array
from gnn.models.base.harm import GraphLossWarning
from gnn.runs.reporting import RunLog

# Of fewer edges the share that joins one class says nothing.
LEAST_EDGES = 20


def told_of_edges(graph: Graph) -> list[str]:
    """A line where the labels of training nodes say that edges join them at random; else none.

    Of the `n` edges between two labeled nodes of the split `"train"`, the share `h` that joins one
    class is held against `c`, what nodes of these degrees would have by chance: `c = sum_k a_k^2`,
    where class k has the share `a_k` of the edges' ends. Edges at random have `h` within
    `2 sqrt(c (1 - c) / n)` of `c`, 19 times of 20. An edge and its reverse are one.

    Args:
        graph: with classes as labels and a split `"train"`.

    Example:

    >>> ring = np.arange(60)
    >>> graph = Graph.from_edges(ring, (ring + 1) % 60, np.eye(60), labels=ring % 2,
    ...                          splits={"train": ring}, undirected=True)
    >>> told_of_edges(graph)[0][:80]
    'the graph may not help: of 60 edges between labeled training nodes 0% join one c'
    """
    labels = as_array(graph.labels)
    if graph.labels is None or labels.ndim != 1 or labels.dtype.kind not in "iu":
        return []
    known = np.full(graph.num_nodes, -1, labels.dtype)
    train = graph.split("train")
    known[train] = labels[train]
    counted = labeled_edges(graph.senders, graph.receivers, graph.weights, known)
    ends = np.sort(np.stack([graph.senders[counted], graph.receivers[counted]]), axis=0)
    classes = known[np.unique(ends, axis=1)]
    number = classes.shape[1]
    if number < LEAST_EDGES:
        return []
    share = float(np.mean(classes[0] == classes[1]))
    chance = float(np.sum((np.bincount(classes.ravel()) / classes.size) ** 2))
    if share > chance + 2 * math.sqrt(chance * (1 - chance) / number):
        return []
    return [
        f"the graph may not help: of {number:,} edges between labeled training nodes {share:.0%} "
        f"join one class, and by chance {chance:.0%} would"
    ]


def told_of_harm(say: RunLog, harm: str | None) -> list[str]:
    """Says, and where nobody hears it warns, that a graph loss did harm.

    Args:
        say: of the run.
        harm: what `gnn.models.base.harm.harm_to_model` found, or None.

    Returns:
        What was said.

    Warns:
        GraphLossWarning: as said.
    """
    if harm is None:
        return []
    say(f"warning: {harm}")
    if not say.is_heard:
        warnings.warn(harm, GraphLossWarning, stacklevel=4)
    return [harm]
