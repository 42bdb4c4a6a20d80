"""Splits for data that came without some of them."""

from __future__ import annotations

import dataclasses

import numpy as np

from gnn.graphs.graph import Graph
from gnn.runs.config_files import OptionError
from gnn.runs.run_config import RunConfig


def complete_splits(
    graph: Graph, *, validation_share: float = 0.2, test_share: float = 0.2, seed: int = 0
) -> tuple[Graph, list[str]]:
    """Gives a graph the splits that training needs, where it lacks them.

    A graph without any gets all three, drawn at random from its labeled nodes. One that has a train
    split and nothing to validate on gives up a share of it. One that has splits but none to train
    on trains on the labeled nodes in no split. Nodes without a label leave the splits. Nodes are
    drawn class by class: each class has a node to train on, and from two labeled nodes up one to
    validate on, from three up one to test on, where the shares are above 0.

    Args:
        graph: a graph with integer labels `[num_nodes]`, -1 for unlabeled.
        validation_share: of the labeled nodes drawn from.
        test_share: as `validation_share`; used only where the graph has no splits at all.
        seed: of what is drawn.

    Returns:
        The graph, and a sentence for each thing that was done.

    Raises:
        ValueError: there are no labeled nodes to train on.

    Example:

    >>> graph = Graph.from_edges([], [], labels=[0] * 10 + [1] * 10)
    >>> graph, notes = complete_splits(graph)
    >>> {name: len(nodes) for name, nodes in graph.splits.items()}
    {'train': 12, 'validation': 4, 'test': 4}
    >>> notes
    ['no splits in the data: drew 12 nodes to train, 4 to validate, 4 to test (seed 0)']
    """
    assert graph.labels is not None
    splits, notes = {}, []
    for name, nodes in graph.splits.items():
        splits[name] = nodes[graph.labels[nodes] >= 0]
        missing = len(nodes) - len(splits[name])
        if missing and name != "rest":
            notes.append(f"{missing} nodes of the split {name!r} have no label and were left out")
    labeled = np.flatnonzero(graph.labels >= 0)
    if not splits:
        if not labeled.size:
            raise ValueError("training needs labels, and no node of the data has one")
        train, validation, test = _draw(graph.labels, labeled, (validation_share, test_share), seed)
        splits = {"train": train, "validation": validation, "test": test}
        notes.append(
            f"no splits in the data: drew {len(train)} nodes to train, {len(validation)} to "
            f"validate, {len(test)} to test (seed {seed})"
        )
    if "train" not in splits:
        taken = np.concatenate(list(splits.values()))
        splits["train"] = np.setdiff1d(labeled, taken).astype(np.int32)
        notes.append(
            f"no split 'train' in the data: train on the {len(splits['train'])} labeled nodes that "
            "are in no other"
        )
    if not len(splits["train"]):
        raise ValueError(
            "training needs labeled nodes in the split 'train', and it has none; the splits are "
            f"{list(graph.splits)}"
        )
    if not len(splits.get("validation", ())):
        train, validation = _draw(graph.labels, splits["train"], (validation_share,), seed)
        splits |= {"train": train, "validation": validation}
        what = "label in the split" if "validation" in graph.splits else "split"
        notes.append(
            f"no {what} 'validation' in the data: drew {len(validation)} nodes of 'train' for it, "
            f"{len(train)} are left (seed {seed})"
        )
    return dataclasses.replace(graph, splits={k: v for k, v in splits.items() if len(v)}), notes


def fold_splits(graph: Graph, folds: int, fold: int, *, seed: int = 0) -> tuple[Graph, str]:
    """Divides the nodes to train and to validate on anew, for cross-validation.

    They are dealt to the folds class by class, in a random order, so that each is validated on in
    one fold, and trained on in all others. Other splits stay.

    Args:
        graph: with the splits `"train"` and, perhaps, `"validation"`.
        folds: how many, at least 2.
        fold: the one to validate on, from 0.
        seed: of the order.

    Returns:
        The graph, and a sentence that says what was done.

    Raises:
        ValueError: there are fewer nodes than folds.

    Example:

    >>> graph = Graph.from_edges([], [], labels=[0, 0, 1, 1], splits={"train": [0, 1, 2, 3]})
    >>> [fold_splits(graph, 2, k)[0].split("validation").tolist() for k in (0, 1)]
    [[0, 2], [1, 3]]
    """
    assert graph.labels is not None
    nodes = np.union1d(graph.split("train"), graph.splits.get("validation", []))
    nodes = nodes.astype(np.int32)
    if len(nodes) < folds:
        raise ValueError(
            f"folds must be at most the labeled nodes to train and to validate on, {len(nodes)}; "
            f"got {folds}"
        )
    order = np.random.default_rng(seed).permutation(nodes)
    # A stable sort puts class after class, and dealing goes on from one class to the next.
    order = order[np.argsort(graph.labels[order], kind="stable")]
    chosen = np.arange(len(order)) % folds == fold
    splits = {"train": np.sort(order[~chosen]), "validation": np.sort(order[chosen])}
    note = (
        f"fold {fold} of {folds}: {len(splits['train'])} nodes to train, "
        f"{len(splits['validation'])} to validate (seed {seed})"
    )
    return dataclasses.replace(graph, splits={**graph.splits, **splits}), note


def seed_of_splits(config: RunConfig) -> int:
    """The seed of splits and folds that are drawn: `split_seed`, or else `seed`, or else 0.

    Example:

    >>> seed_of_splits(RunConfig(seed=3)), seed_of_splits(RunConfig(seed=3, split_seed=0))
    (3, 0)
    """
    return (config.seed or 0) if config.split_seed is None else config.split_seed


def check_fold(folds: int | None, fold: int | None) -> None:
    """Raises an OptionError unless both are None, or `fold` is below `folds`.

    Example:

    >>> check_fold(5, 4)
    """
    if (folds is None) != (fold is None):
        missing = "folds" if folds is None else "fold"
        raise OptionError(
            f"folds and fold go together, and {missing} is missing; gnn.runs.train_series, and "
            "`gnn train --folds`, train a run for each fold"
        )
    if folds is not None and fold is not None and fold >= folds:
        raise OptionError(f"fold must be below folds, {folds}, got {fold}")


def nodes_to_learn_from(graph: Graph) -> np.ndarray:
    """The nodes that statistics may rest on: those in no split but the ones that are trained on.

    These are `"train"`, and `"rest"`, which the named data sets call what is in no split.

    Example:

    >>> nodes_to_learn_from(Graph.from_edges([], [], labels=[0, 1, 1], splits={"new": [1]}))
    array([0, 2])
    """
    held_out = [nodes for name, nodes in graph.splits.items() if name not in ("train", "rest")]
    nodes = np.arange(graph.num_nodes)
    if not held_out:
        return nodes
    return np.setdiff1d(nodes, np.concatenate(held_out))


def _draw(
    labels: np.ndarray, nodes: np.ndarray, shares: tuple[float, ...], seed: int
) -> list[np.ndarray]:
    """What is left of `nodes`, and then a part of each share, each sorted."""
    rng = np.random.default_rng(seed)
    parts: list[list[np.ndarray]] = [[] for _ in (0, *shares)]
    for label in np.unique(labels[nodes]):
        members = rng.permutation(nodes[labels[nodes] == label])
        start = 0
        for place, share in enumerate(shares, start=1):
            # One node always stays to train on, and no earlier part starves a later one.
            count = max(round(share * len(members)), 1 if share > 0 else 0)
            room = len(members) - start - 1
            later = sum(share > 0 for share in shares[place:])
            count = min(count, max(room - later, min(room, 1)))
            parts[place].append(members[start : start + count])
            start += count
        parts[0].append(members[start:])
    return [np.sort(np.concatenate(part)).astype(np.int32) for part in parts]
