"""What the classes weigh in the loss of a run."""

from __future__ import annotations

import numpy as np

from gnn.graphs.graph import Graph
from gnn.graphs.splits import is_labeled
from gnn.runs.recipes import number_of_classes
from gnn.runs.run_config import BALANCED, DISTILLED, RunConfig


def class_weights(config: RunConfig, graph: Graph) -> dict[int, float] | None:
    """The weight of each class in the loss, as `fit` takes it; None where all weigh alike.

    With `class_weight="balanced"` a node of class c weighs `n / (k n_c)`, as in scikit-learn: n
    labeled nodes to train on, n_c of them of the class, in k classes that have any. So each of
    these classes weighs the same in all, and the mean weight is 1. A class that no node to train on
    has weighs 1, of nothing.

    Example:

    >>> graph = Graph.from_edges([], [], labels=[0, 0, 0, 1], splits={"train": [0, 1, 2, 3]})
    >>> weights = class_weights(RunConfig(class_weight="balanced"), graph)
    >>> {k: round(weight, 3) for k, weight in weights.items()}
    {0: 0.667, 1: 2.0}
    """
    if config.class_weight != BALANCED:
        return None
    counts = _training_counts(graph)
    there = counts > 0
    weights = np.ones(len(counts))
    weights[there] = counts.sum() / (there.sum() * counts[there])
    return dict(enumerate(weights.tolist()))


def weighing_note(config: RunConfig, graph: Graph, class_names: tuple[str, ...]) -> str | None:
    """What is to be told of the weights: the least, the largest, and classes that have none.

    Example:

    >>> graph = Graph.from_edges([], [], labels=[0, 0, 0, 1], splits={"train": [0, 1, 2, 3]})
    >>> weighing_note(RunConfig(class_weight="balanced"), graph, ("cat", "dog", "owl"))
    'classes weigh 0.667 (cat) to 2 (dog) in the loss'
    """
    weights = class_weights(config, graph)
    if weights is None:
        return None
    counts = _training_counts(graph)
    there = np.flatnonzero(counts)
    of = [weights[int(k)] for k in there]
    least, most = there[int(np.argmin(of))], there[int(np.argmax(of))]
    where = "in the loss" + (" of the teacher" if config.model == DISTILLED else "")
    if min(of) == max(of):
        text = f"classes have as many labels each, and weigh 1 {where}"
    else:
        text = f"classes weigh {min(of):.3g} ({class_names[least]}) to {max(of):.3g}"
        text += f" ({class_names[most]}) {where}"
    missing = [class_names[k] for k in np.flatnonzero(counts == 0)]
    if missing:
        shown = ", ".join(missing[:5]) + (", ..." if len(missing) > 5 else "")
        text += f"; no node to train on has the class {shown}"
    return text


def _training_counts(graph: Graph) -> np.ndarray:
    """How many labeled nodes to train on each class has."""
    assert graph.labels is not None
    train = graph.labels[graph.split("train")]
    return np.bincount(train[is_labeled(train)], minlength=number_of_classes(graph))
