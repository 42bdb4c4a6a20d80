"""What an explanation holds, and how it is read."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

import numpy as np
from scipy import sparse

from gnn.configs.arguments import check_count
from gnn.graphs.graph import Graph

if TYPE_CHECKING:
    from pandas import DataFrame

Attributions: TypeAlias = np.ndarray | sparse.csr_array

_ROWS_SHOWN = 5
_CLASSES_SHOWN = 3


class EdgeAttribution(NamedTuple):
    """An edge and what it did: ids of its ends (indices, without ids), weight and attribution."""

    sender: Any
    receiver: Any
    weight: float
    attribution: float


class FeatureAttribution(NamedTuple):
    """A column of a feature and what it did.

    `column` is an int, a tuple where the feature has several axes, and None where it has no
    columns. `node` and `value` are None where the attribution is that of a column over all nodes.
    """

    feature: str
    column: int | tuple[int, ...] | None
    node: Any
    value: float | None
    attribution: float

    @property
    def name(self) -> str:
        """The feature and its column, such as `words[12]`."""
        if self.column is None:
            return self.feature
        columns = self.column if isinstance(self.column, tuple) else (self.column,)
        return f"{self.feature}[{', '.join(map(str, columns))}]"


@dataclasses.dataclass(frozen=True, eq=False, repr=False)
class Explanation:
    """Why a model said what it said of a node: a number for each edge and each feature around it.

    Attributes:
        method: `"integrated gradients"` or `"GNNExplainer"`.
        graph: the graph that the node is in.
        node: the node explained, an index.
        target: the class explained.
        probabilities: float32 `[n_classes]`, what the model says of the node.
        nodes: int32 `[n]`, the nodes that were looked at, as indices of the graph.
        edges: int64 `[e]`, the edges that were looked at, as positions in `graph.senders`.
        edge_attributions: float64 `[e]`.
        feature_attributions: by name, of each float feature: `[n, ...]` numbers or SciPy sparse
            `[n, d]`, a row a node of `nodes`; where `per_node` is False an array in the shape of
            one row, shared by all nodes.
        score_name: what `score` is, `"probability"` or `"logit"`.
        score: integrated gradients: what the attributions share out, that of the class.
            GNNExplainer: the probability of the class with the masks applied.
        baselines: integrated gradients: `score` without `"features"`, and without `"edges"`.

    Example:

    >>> graph = Graph.from_edges([1], [0], {"x": np.eye(2)}, ids=["tea", "cup"])
    >>> why = Explanation(
    ...     method="integrated gradients", graph=graph, node=0, target=1,
    ...     probabilities=np.array([0.25, 0.75]), nodes=np.arange(2), edges=np.array([0]),
    ...     edge_attributions=np.array([0.25]), feature_attributions={"x": 0.25 * np.eye(2)},
    ...     score_name="probability", score=0.75, baselines={"features": 0.25, "edges": 0.5})
    >>> print(why)
    Integrated gradients: node tea, class 1
      prediction  1: 0.750, 0: 0.250
      looked at   2 nodes, 1 edge
      edges       +0.2500 in sum: from 0.5000 to 0.7500
        cup -> tea  +0.2500
      features    +0.5000 in sum: from 0.2500 to 0.7500
        x[0]  +0.2500
        x[1]  +0.2500
    """

    method: str
    graph: Graph
    node: int
    target: int
    probabilities: np.ndarray
    nodes: np.ndarray
    edges: np.ndarray
    edge_attributions: np.ndarray
    feature_attributions: Mapping[str, Attributions]
    score_name: str
    score: float
    baselines: Mapping[str, float]

    @property
    def per_node(self) -> bool:
        """Whether each node has feature attributions of its own."""
        return bool(self.baselines)

    @property
    def senders(self) -> np.ndarray:
        """int32 `[e]`, where the edges come from, as indices of the graph."""
        return self.graph.senders[self.edges]

    @property
    def receivers(self) -> np.ndarray:
        """int32 `[e]`, where the edges go to."""
        return self.graph.receivers[self.edges]

    @property
    def probability(self) -> float:
        """What the model gives the class explained."""
        return float(self.probabilities[self.target])

    @property
    def node_attributions(self) -> np.ndarray:
        """float64 `[n]`: the sum of each node's feature attributions.

        Raises:
            ValueError: all nodes share one mask (GNNExplainer).
        """
        self._check_per_node()
        sums = np.zeros(self.nodes.size)
        for values in self.feature_attributions.values():
            sums += np.asarray(values.reshape(self.nodes.size, -1).sum(axis=1))
        return sums

    @property
    def sums(self) -> dict[str, float]:
        """All attributions of `"edges"`, and all of `"features"`, added up."""
        features = sum(float(values.sum()) for values in self.feature_attributions.values())
        return {"edges": float(self.edge_attributions.sum()), "features": features}

    @property
    def completeness_errors(self) -> dict[str, float]:
        """How far the attributions of `"edges"` and `"features"` are from what they should sum to.

        The sum, less `score` without the baseline. Empty for GNNExplainer, whose masks share out
        nothing.
        """
        sums = self.sums
        return {name: sums[name] - (self.score - base) for name, base in self.baselines.items()}

    def name_of(self, node: int) -> Any:
        """The id of a node of the graph, or its index where the graph has no ids."""
        if self.graph.ids is None:
            return int(node)
        name = self.graph.ids[node]
        return name.item() if isinstance(name, np.generic) else name

    def class_name(self, k: int) -> str:
        """What a class is called: its name, or its number."""
        names = self.graph.class_names
        return str(k) if names is None or k >= len(names) else names[k]

    def top_edges(self, k: int = 10) -> list[EdgeAttribution]:
        """The edges of the largest absolute attributions, at most `k`, without those of 0."""
        found = _largest(self.edge_attributions, check_count("k", k, 1))
        senders, receivers = self.senders, self.receivers
        return [
            EdgeAttribution(
                self.name_of(senders[e]),
                self.name_of(receivers[e]),
                float(self.graph.weights[self.edges[e]]),
                float(self.edge_attributions[e]),
            )
            for e in found
        ]

    def top_features(self, k: int = 10, *, per_node: bool = False) -> list[FeatureAttribution]:
        """The features of the largest absolute attributions, at most `k`, without those of 0.

        Args:
            k: how many.
            per_node: whether to tell nodes apart; otherwise a column's attributions are summed
                over all nodes.

        Raises:
            ValueError: `per_node` where all nodes share one mask (GNNExplainer).
        """
        k = check_count("k", k, 1)
        rows: list[FeatureAttribution] = []
        for name, values in self.feature_attributions.items():
            rows += self._node_rows(name, values, k) if per_node else self._rows(name, values, k)
        rows.sort(key=lambda row: -abs(row.attribution))
        return rows[:k]

    def to_pandas(self) -> tuple[DataFrame, DataFrame]:
        """The attributions as two tables, the largest first.

        Returns:
            All edges, with the columns `sender`, `receiver`, `weight`, `attribution`; and what is
            not 0 of the features, with `feature`, `column`, `node`, `value`, `attribution` (`node`
            and `value` are None where all nodes share one mask).

        Raises:
            ImportError: pandas is not installed.
        """
        try:
            import pandas as pd
        except ImportError as error:
            raise ImportError("Explanation.to_pandas needs pandas: pip install pandas") from error
        order = np.argsort(-np.abs(self.edge_attributions), kind="stable")
        edges = pd.DataFrame(
            {
                "sender": [self.name_of(i) for i in self.senders[order]],
                "receiver": [self.name_of(i) for i in self.receivers[order]],
                "weight": self.graph.weights[self.edges[order]],
                "attribution": self.edge_attributions[order],
            }
        )
        most = max(1, sum(values.size for values in self.feature_attributions.values()))
        rows = self.top_features(most, per_node=self.per_node)
        return edges, pd.DataFrame(rows, columns=list(FeatureAttribution._fields))

    def __repr__(self) -> str:
        """One line: what is explained, and how much was looked at."""
        return (
            f"Explanation({self.method!r}, node={self.name_of(self.node)!r}, target={self.target}, "
            f"probability={self.probability:.3f}, nodes={self.nodes.size}, edges={self.edges.size})"
        )

    def __str__(self) -> str:
        """The prediction, and the edges and features that moved it most, for a person to read."""
        likeliest = np.argsort(-self.probabilities, kind="stable")[:_CLASSES_SHOWN].tolist()
        shown = sorted({*likeliest, self.target}, key=lambda k: -self.probabilities[k])
        said = ", ".join(f"{self.class_name(k)}: {self.probabilities[k]:.3f}" for k in shown)
        edges = [(f"{row.sender} -> {row.receiver}", row) for row in self.top_edges(_ROWS_SHOWN)]
        features = [(row.name, row) for row in self.top_features(_ROWS_SHOWN)]
        method = self.method[0].upper() + self.method[1:]
        return "\n".join(
            [
                f"{method}: node {self.name_of(self.node)}, class {self.class_name(self.target)}",
                f"  prediction  {said}",
                f"  looked at   {_number(self.nodes.size, 'node')}, "
                f"{_number(self.edges.size, 'edge')}",
                f"  edges       {self._account('edges')}",
                *self._lines(edges),
                f"  features    {self._account('features')}",
                *self._lines(features),
            ]
        )

    def _lines(self, rows: list[tuple[str, Any]]) -> list[str]:
        width = max((len(name) for name, _ in rows), default=0)
        sign = "+" if self.per_node else ""
        return [f"    {name:<{width}}  {row.attribution:{sign}.4f}" for name, row in rows]

    def _account(self, what: str) -> str:
        if what in self.baselines:
            account = f"from {self.baselines[what]:.4f} to {self.score:.4f}"
            return f"{self.sums[what]:+.4f} in sum: {account}"
        kept = f"{self.class_name(self.target)}: {self.score:.3f} with all masks applied"
        return f"masks from 0 to 1 ({kept})"

    def _check_per_node(self) -> None:
        if not self.per_node:
            raise ValueError(f"{self.method} has one mask for all nodes, and none for each node")

    def _rows(self, name: str, values: Attributions, k: int) -> list[FeatureAttribution]:
        total = np.asarray(values.sum(axis=0) if self.per_node else values)
        return [
            FeatureAttribution(name, _column(i, total.shape), None, None, float(total.flat[i]))
            for i in _largest(total.ravel(), k)
        ]

    def _node_rows(self, name: str, values: Attributions, k: int) -> list[FeatureAttribution]:
        self._check_per_node()
        given = self.graph.features[name]
        flat = values.reshape(self.nodes.size, -1)
        entries = sparse.coo_array(flat)
        rows = []
        for i in _largest(entries.data, k):
            node, column = self.nodes[entries.row[i]], int(entries.col[i])
            place = _column(column, given.shape[1:])
            value = given[node] if place is None else given[(node, *np.atleast_1d(place))]
            rows.append(
                FeatureAttribution(
                    name, place, self.name_of(node), float(value), float(entries.data[i])
                )
            )
        return rows


def _largest(values: np.ndarray, k: int) -> list[int]:
    """Positions of the largest absolute values, the first of equal ones first, none of 0."""
    order = np.argsort(-np.abs(values), kind="stable")[:k]
    return order[values[order] != 0].tolist()


def _column(position: int, shape: tuple[int, ...]) -> int | tuple[int, ...] | None:
    """A position in a flat row, as an index of a row of this shape."""
    if not shape:
        return None
    index = tuple(int(i) for i in np.unravel_index(position, shape))
    return index[0] if len(index) == 1 else index


def _number(count: int, name: str) -> str:
    return f"{count:,} {name}{'' if count == 1 else 's'}"
