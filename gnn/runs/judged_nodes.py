"""Which nodes a run gets right, and whether two settings were judged on the same ones."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence

import numpy as np

from gnn.graphs.graph import Graph
from gnn.runs.judged_splits import with_judged_splits
from gnn.runs.judging import Judge
from gnn.runs.run import Run
from gnn.runs.run_data import node_ids
from gnn.runs.run_inputs import RunInputs


@dataclasses.dataclass(frozen=True)
class JudgedNodes:
    """The nodes of a split, by their ids.

    Attributes:
        right: whether the run gets a node right.
        labels: the names of their classes.

    Example:

    >>> JudgedNodes({"a": True, "b": False}, {"a": "cat", "b": "dog"}).accuracy
    0.5
    """

    right: dict[str, bool]
    labels: dict[str, str]

    @property
    def accuracy(self) -> float:
        """The share that is right."""
        return sum(self.right.values()) / len(self.right)


def graph_of_run(run: Run) -> Graph:
    """The data of a run, read again, with the labeled nodes of its splits.

    Raises:
        FileNotFoundError: its data are not where they were.
        ValueError: its data have changed.
    """
    inputs = RunInputs(run.path, run.config, run.facts, run.encoder)
    graph = inputs.read(None, labels=True).graph
    inputs.check_unchanged(graph)
    return with_judged_splits(graph, run.path, None, is_other=False)[0]


def judged_nodes(run: Run, split: str) -> JudgedNodes:
    """Lets a run predict the nodes of one of its splits.

    Raises:
        FileNotFoundError: its data are not where they were.
        KeyError: there is no such split.
        ValueError: its data have changed.
    """
    graph = graph_of_run(run)
    assert graph.labels is not None
    nodes = graph.split(split)
    logits = Judge(run.model, run.config, graph).predict()[nodes]
    ids = node_ids(graph)
    labels = graph.labels[nodes]
    right = np.argmax(logits, axis=1) == labels
    names = [str(ids[node]) for node in nodes.tolist()]
    return JudgedNodes(
        dict(zip(names, right.tolist(), strict=True)),
        dict(zip(names, [run.facts.class_names[label] for label in labels.tolist()], strict=True)),
    )


def check_alike(judged: Sequence[tuple[str, Mapping[tuple[int, int], JudgedNodes]]]) -> None:
    """Raises where settings were not judged on the same nodes by the same labels.

    Args:
        judged: the name of each setting, and what its runs get right, by seed and fold.

    Raises:
        ValueError: as said; the settings are named.
    """
    (first, runs), *others = judged
    for name, found in others:
        shared = runs.keys() & found.keys()
        if not shared:
            raise ValueError(
                f"{first!r} and {name!r} have no seed in common, and are compared seed by seed: "
                f"{sorted(seed for seed, _ in runs)} and {sorted(seed for seed, _ in found)}"
            )
        for key in shared:
            if runs[key].right.keys() != found[key].right.keys():
                raise ValueError(
                    f"{first!r} and {name!r} are not comparable: with the seed {key[0]} they are "
                    "judged on different nodes. Train them with the same split_seed and shares"
                )
            if runs[key].labels != found[key].labels:
                raise ValueError(
                    f"{first!r} and {name!r} are not comparable: the same nodes have other labels"
                )
