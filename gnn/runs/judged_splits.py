"""Which nodes of some data a run is judged on, and under which names."""

from __future__ import annotations

import dataclasses
from collections import Counter
from pathlib import Path

import numpy as np

from gnn.graphs.graph import Graph
from gnn.runs import run_folder
from gnn.runs.run_data import read_splits, with_splits_of

# What is judged where nobody names a split: the first of these that there is.
_PREFERRED = ("test", "validation", "new", "labeled")


def with_judged_splits(
    graph: Graph, run: Path, split: str | None, *, is_other: bool
) -> tuple[Graph, str]:
    """The graph with the labeled nodes of its splits, and the split that is asked for.

    Args:
        graph: the data, with labels.
        run: the folder of the run.
        split: the name that was given, or None.
        is_other: whether the data are others than the run's own, which have the run's splits.

    Returns:
        The graph, and the name of one of its splits.

    Raises:
        KeyError: there is no such split.
        ValueError: no node has a label.
    """
    assert graph.labels is not None
    labeled = graph.labels >= 0
    if not labeled.any():
        raise ValueError("evaluation needs labels, and no node of these data has one")
    if is_other:
        splits = _of_other_data(graph, labeled, _split_of_ids(run / run_folder.SPLITS))
    else:
        splits = dict(with_splits_of(run / run_folder.SPLITS, graph).splits)
    splits = {name: nodes[labeled[nodes]] for name, nodes in splits.items()}
    graph = dataclasses.replace(graph, splits={k: v for k, v in splits.items() if len(v)})
    if split is None:
        names = [*(name for name in _PREFERRED if name in graph.splits), *graph.splits]
        return graph, names[0]
    graph.split(split)
    return graph, split


def split_sizes(run: Path) -> Counter[str]:
    """How many nodes the splits of a run have, by name, in runs of old too.

    Args:
        run: its folder.
    """
    splits = read_splits(run / run_folder.SPLITS)
    return Counter({name: len(ids) for name, ids in splits.items()})


def _split_of_ids(path: Path) -> dict[str, str]:
    """The split of each node of the run, by its id; `"train"` where it is in several."""
    rows = [(name, split) for split, ids in read_splits(path).items() for name in ids]
    return dict(rows) | {name: split for name, split in rows if split == "train"}


def _of_other_data(
    graph: Graph, labeled: np.ndarray, split_of: dict[str, str]
) -> dict[str, np.ndarray]:
    """The splits of data that may share nodes with those that the run was trained on."""
    known = np.full(graph.num_nodes, "", object)
    if graph.ids is not None:  # A number is no name, by which a node would be known again.
        known[:] = [split_of.get(str(name), "") for name in graph.ids.tolist()]
    trained = np.flatnonzero(known == "train")
    if graph.splits:
        splits = {k: np.setdiff1d(v, trained) for k, v in graph.splits.items() if k != "train"}
        given = graph.splits.get("train", trained)
        return {**splits, "train": np.union1d(given, trained).astype(np.int32)}
    if not (known != "").any():
        return {"labeled": np.flatnonzero(labeled)}
    known[known == ""] = "new"
    return {str(name): np.flatnonzero(known == name) for name in np.unique(known.astype(str))}
