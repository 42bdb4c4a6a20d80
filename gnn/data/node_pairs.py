"""Pairs of labeled nodes, with whether they agree: what agreement models are trained on."""

from __future__ import annotations

import itertools
import numbers
from typing import Any

import numpy as np
import tensorflow as tf

from gnn.configs.arguments import check_count
from gnn.data.epoch_scan import scan_epochs
from gnn.data.made_ahead import made_ahead
from gnn.data.node_features import NodeFeatures
from gnn.graphs.graph import Graph
from gnn.graphs.known_labels import known_labels
from gnn.graphs.label_pairs import (
    LabelPairs,
    balanced_pairs,
    labeled_edges,
    random_pairs,
    split_nodes,
    split_pairs,
)

_SIDES = ("sender", "receiver")
_SUBSETS = ("training", "validation", "both")


def labeled_pairs(
    graph: Graph,
    split: str = "train",
    batch_size: int = 128,
    *,
    use_edges: bool = True,
    num_pairs: int | None = None,
    validation_split: float | int = 0,
    subset: str = "training",
    seed: int = 0,
    first_epoch: int = 0,
) -> Any:
    """Batches of pairs of labeled nodes, half of which share a label, to train an agreement model.

    Pairs that agree are the edges between nodes of equal labels; those that do not are the edges
    between nodes of different labels, topped up to as many by random labeled pairs of different
    labels, drawn anew each epoch (Stretcu et al., "Graph agreement models", NeurIPS 2019, section
    3, and the authors' code). With `use_edges=False` all are random labeled pairs, which is what
    the paper does where there is no graph (GAM*). Labels outside the split are never looked at.

    A batch has as many pairs of either kind, those that agree first; the last may be smaller.

    Args:
        graph: a graph with features and one integer label a node.
        split: the split whose labels are known.
        batch_size: pairs of a batch, at least 2; of an odd number one fewer is taken.
        use_edges: False takes random pairs in place of edges.
        num_pairs: pairs of an epoch; None takes every edge that agrees once and, with
            `use_edges=False`, twice as many pairs as there are labeled nodes.
        validation_split: what is kept from training: a float, that share of the labeled edges (at
            most 10,000; `gnn.graphs.label_pairs.split_pairs`), or an integer, so many random
            labeled pairs, half of which share a label, each with a node of a tenth that is in no
            training pair (`gnn.graphs.label_pairs.split_nodes`). Labeled edges are few, 21 on
            Cora's public split, so a share of them says little.
        subset: `"training"`, `"validation"`, or `"both"` for the two data sets.
        seed: of the validation and, with the number of the epoch, of all draws.
        first_epoch: the number of the first epoch that is drawn.

    Returns:
        A `tf.data.Dataset` of known cardinality of `((senders, receivers), agreement)`: features of
        the pairs' nodes (a tensor, or the dict of several; sparse ones as a SparseTensor) and
        float32 `[n_pairs, 1]`. Validation pairs come in the same order each time. Two such data
        sets for `subset="both"`.

    Raises:
        KeyError: an unknown split.
        TypeError: the labels are not one integer a node, or a number is no integer.
        ValueError: an argument is out of range, there is no pair of either kind to train on, the
            validation is empty though it is asked for, or the graph has no features.

    Example:

    >>> graph = Graph.from_edges(
    ...     [0, 1], [1, 2], np.eye(4), labels=[0, 0, 1, 1], splits={"train": [0, 1, 2]})
    >>> (senders, receivers), agreement = next(iter(labeled_pairs(graph)))
    >>> senders.numpy().argmax(axis=1), receivers.numpy().argmax(axis=1), agreement.numpy().ravel()
    (array([0, 1]), array([1, 2]), array([1., 0.], dtype=float32))
    """
    batch_size = check_count("batch_size", batch_size, 2)
    first_epoch = check_count("first_epoch", first_epoch, 0)
    seed = check_count("seed", seed, 0)
    num_pairs = None if num_pairs is None else check_count("num_pairs", num_pairs, 2)
    if subset not in _SUBSETS:
        raise ValueError(f"subset must be one of {list(_SUBSETS)}; got {subset!r}")
    labels = known_labels(graph, split)
    edges = labeled_edges(graph, labels) if use_edges else None
    labels, edges, validation = _parted(graph, edges, labels, validation_split, seed)
    made = []
    if subset != "validation":
        made.append(
            _TrainingPairs(
                graph, labels, edges, validation, num_pairs, batch_size, seed, first_epoch, split
            ).dataset()
        )
    if subset != "training":
        if not len(validation):
            raise ValueError(
                f"validation_split={validation_split!r} leaves no pairs to validate on: "
                f"{_why_none(validation_split, split)}"
            )
        made.append(_ValidationPairs(graph, validation, batch_size).dataset())
    return tuple(made) if subset == "both" else made[0]


def _parted(
    graph: Graph,
    edges: LabelPairs | None,
    labels: np.ndarray,
    validation_split: float | int,
    seed: int,
) -> tuple[np.ndarray, LabelPairs | None, LabelPairs]:
    """The labels and edges to train on, and the pairs to validate on."""
    if isinstance(validation_split, bool) or not isinstance(validation_split, numbers.Real):
        raise TypeError(f"validation_split must be a number; got {validation_split!r}")
    if isinstance(validation_split, numbers.Integral):
        number = check_count("validation_split", validation_split, 0)
        if not number:
            return labels, edges, LabelPairs(np.empty((0, 2)), np.empty((0, 2)))
        training, validation = split_nodes(labels, number, edges=edges, seed=seed)
        return training, None if edges is None else labeled_edges(graph, training), validation
    if not 0 <= validation_split < 1:
        raise ValueError(
            "validation_split must be a share of at least 0 and below 1, or an integer; got "
            f"{validation_split!r}"
        )
    if edges is None:
        raise ValueError(
            "validation_split must be an integer, a number of random pairs, with use_edges=False; "
            f"got {validation_split!r}"
        )
    return labels, *split_pairs(edges, float(validation_split), seed=seed)


def _why_none(validation_split: float | int, split: str) -> str:
    """Why there are no validation pairs."""
    if not isinstance(validation_split, numbers.Integral):
        return (
            f"split {split!r} has too few labeled edges for a share. Give an integer, for so many "
            "random pairs of labeled nodes"
        )
    if validation_split < 2:
        return "an integer must be at least 2, for a pair of either kind"
    return f"split {split!r} has no class of three labeled nodes, of which one could be held out"


class _PairBatches:
    """Batches of pairs by epoch and place; a subclass says how many, and which."""

    def __init__(self, graph: Graph, first_epoch: int = 0):
        self._features = NodeFeatures(graph)
        self._epochs = itertools.count(first_epoch)

    def __len__(self) -> int:
        raise NotImplementedError

    def pairs(self, epoch: int, place: int) -> LabelPairs:
        raise NotImplementedError

    def dataset(self) -> tf.data.Dataset:
        """As a data set, made ahead of its use."""
        dataset = scan_epochs(len(self), self._arrays, self._specs(), self._element, self._epochs)
        return made_ahead(dataset, len(self))

    def _specs(self) -> dict[str, tf.TensorSpec]:
        specs = {"agreement": tf.TensorSpec([None, 1], tf.float32)}
        for side in _SIDES:
            rows = {"node_ids": tf.TensorSpec([None], tf.int32)} | self._features.row_specs()
            specs |= {f"{side}:{name}": spec for name, spec in rows.items()}
        return specs

    def _arrays(self, epoch: int, place: int) -> dict[str, np.ndarray]:
        pairs = self.pairs(epoch, place)
        arrays = {"agreement": pairs.agreement[:, np.newaxis]}
        for column, side in enumerate(_SIDES):
            nodes = np.ascontiguousarray(pairs.nodes[:, column])
            rows = {"node_ids": nodes} | self._features.rows(self._features.take(nodes))
            arrays |= {f"{side}:{name}": values for name, values in rows.items()}
        return arrays

    def _element(self, tensors: dict[str, tf.Tensor]) -> Any:
        sides = tuple(self._side(tensors, side) for side in _SIDES)
        return sides, tensors["agreement"]

    def _side(self, tensors: dict[str, tf.Tensor], side: str) -> Any:
        own = {
            name.removeprefix(f"{side}:"): value
            for name, value in tensors.items()
            if name.startswith(f"{side}:")
        }
        features = self._features.tensors(own, None)
        return next(iter(features.values())) if len(features) == 1 else features


class _TrainingPairs(_PairBatches):
    """As many pairs of either kind in each batch, drawn anew each epoch."""

    def __init__(
        self,
        graph: Graph,
        labels: np.ndarray,
        edges: LabelPairs | None,
        exclude: LabelPairs,
        num_pairs: int | None,
        batch_size: int,
        seed: int,
        first_epoch: int,
        split: str,
    ):
        super().__init__(graph, first_epoch)
        self._labels, self._edges, self._exclude, self._seed = labels, edges, exclude, seed
        self._num_pairs = num_pairs
        if edges is None and num_pairs is None:
            self._num_pairs = 2 * int(np.count_nonzero(labels >= 0))
        self._drawn: tuple[int, LabelPairs] | None = None
        self._half = len(self._draw(0).agree)
        if not self._half:
            found = "two nodes of equal labels" if edges is None else "an edge of equal labels"
            advice = "" if edges is None else "; use_edges=False takes random pairs of nodes"
            raise ValueError(
                f"split {split!r} must have {found} and two nodes of different labels to train an "
                f"agreement model on{advice}"
            )
        self._per_batch = min(batch_size // 2, self._half)

    def __len__(self) -> int:
        return -(-self._half // self._per_batch)

    def _draw(self, epoch: int) -> LabelPairs:
        if self._edges is None:
            return random_pairs(
                self._labels,
                self._num_pairs or 0,
                exclude=self._exclude,
                seed=self._seed,
                epoch=epoch,
            )
        return balanced_pairs(
            self._edges,
            self._labels,
            self._num_pairs,
            exclude=self._exclude,
            seed=self._seed,
            epoch=epoch,
        )

    def pairs(self, epoch: int, place: int) -> LabelPairs:
        # Iterators side by side may each be in an epoch of their own.
        drawn = self._drawn
        if drawn is None or drawn[0] != epoch:
            self._drawn = drawn = (epoch, self._draw(epoch))
        rows = slice(place * self._per_batch, (place + 1) * self._per_batch)
        return LabelPairs(drawn[1].agree[rows], drawn[1].disagree[rows])


class _ValidationPairs(_PairBatches):
    """The same pairs each time, each once."""

    def __init__(self, graph: Graph, validation: LabelPairs, batch_size: int):
        super().__init__(graph)
        self._validation, self._batch_size = validation, batch_size

    def __len__(self) -> int:
        return -(-len(self._validation) // self._batch_size)

    def pairs(self, epoch: int, place: int) -> LabelPairs:
        del epoch
        whole, split = self._validation, len(self._validation.agree)
        first = place * self._batch_size
        last = first + self._batch_size
        return LabelPairs(
            whole.agree[first:last], whole.disagree[max(first - split, 0) : max(last - split, 0)]
        )
