"""Splits of data that another run has seen in part: what it knew stays where it was."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Collection, Mapping

import numpy as np

from gnn.edges.edges import counted
from gnn.graphs.graph import Graph
from gnn.runs.run_data import node_ids

Division = Callable[[Graph], tuple[Graph, list[str]]]


def carried_splits(
    graph: Graph, before: Mapping[str, Collection[str]], divide: Division
) -> tuple[Graph, list[str]]:
    """Keeps nodes in the splits that they had in a run, and divides the others.

    So no node that was trained on is judged, and none that was judged is trained on. A node is
    known by its id, or by its number where nodes have no ids. What the data say of the split of
    such a node does not count. Where they have all new nodes in splits other than `"train"`, these
    are taken as they are.

    Args:
        graph: with integer labels.
        before: the ids of the nodes in each split of the run.
        divide: gives a graph, in which only the other nodes have labels, its splits, with a
            sentence for each thing that it did.

    Returns:
        The graph, and what was done.

    Raises:
        ValueError: no labeled node is left to train on.

    Example:

    >>> graph = Graph.from_edges([], [], labels=[0, 1, 0], ids=["a", "b", "c"])
    >>> def to_train(graph):
    ...     nodes = np.flatnonzero(graph.labels >= 0)
    ...     return dataclasses.replace(graph, splits={"train": nodes}), []
    >>> graph, notes = carried_splits(graph, {"test": ["b", "z"], "train": ["a"]}, to_train)
    >>> {name: nodes.tolist() for name, nodes in graph.splits.items()}, notes[0]
    ({'test': [1], 'train': [0, 2]}, '2 labeled nodes keep their splits, and 1 is new')
    """
    assert graph.labels is not None
    place = {str(name): node for node, name in enumerate(node_ids(graph))}
    kept = {
        split: np.sort(np.array([place[name] for name in ids if name in place], np.int64))
        for split, ids in before.items()
    }
    known = np.zeros(graph.num_nodes, bool)
    known[np.concatenate([np.zeros(0, np.int64), *kept.values()])] = True
    labeled = graph.labels >= 0
    new = labeled & ~known
    notes = [
        f"{counted(int((labeled & known).sum()), 'labeled node')} keep their splits, and "
        f"{int(new.sum()):,} {'is' if new.sum() == 1 else 'are'} new"
    ]
    found: Mapping[str, np.ndarray] = {}
    if new.any():
        given = {name: nodes[~known[nodes]] for name, nodes in graph.splits.items()}
        given = {name: nodes for name, nodes in given.items() if nodes.size}
        own = {name: nodes[new[nodes]] for name, nodes in given.items()}
        own = {name: nodes for name, nodes in own.items() if nodes.size}
        placed = np.concatenate([np.zeros(0, np.int64), *own.values()])
        if "train" not in own and np.isin(np.flatnonzero(new), placed).all():
            found = own
            parts = [f"{len(nodes):,} in {name!r}" for name, nodes in own.items()]
            notes.append(f"of the new ones: {', '.join(parts)}, as the data have it")
        else:
            labels = np.where(new, graph.labels, -1)
            divided, said = divide(dataclasses.replace(graph, labels=labels, splits=given))
            found, notes = divided.splits, notes + [f"of the new ones: {line}" for line in said]
    names = dict.fromkeys([*kept, *found])
    nothing = np.zeros(0, np.int64)
    joined = {
        name: np.concatenate([kept.get(name, nothing), found.get(name, nothing)]) for name in names
    }
    splits = {name: np.sort(nodes[labeled[nodes]]) for name, nodes in joined.items()}
    if not len(splits.get("train", ())):
        raise ValueError(
            "training needs labeled nodes, and none of the split 'train' of the run, and no new "
            "one, is among the data"
        )
    return dataclasses.replace(graph, splits={k: v for k, v in splits.items() if v.size}), notes
