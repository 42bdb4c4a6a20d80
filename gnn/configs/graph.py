"""Configuration of graph regularization: what the neighbors are, how far apart, how heavy."""

from __future__ import annotations

import dataclasses
import enum
from collections.abc import Mapping
from typing import Any, ClassVar

from gnn.configs.arguments import check_count, check_integer
from gnn.configs.fields import (
    Config,
    convert,
    field_names,
    looks_like,
    member,
    not_negative,
    set_field,
)


class DistanceType(enum.Enum):
    """How the distance between two rows is measured; formulas in `gnn.ops.distances`."""

    L1 = "l1"
    L2 = "l2"
    COSINE = "cosine"
    JENSEN_SHANNON_DIVERGENCE = "jensen_shannon_divergence"
    KL_DIVERGENCE = "kl_divergence"


AUTO = "auto"  # A multiplier that goes by what the edges say.


class TransformType(enum.Enum):
    """What is applied to both rows before their distance is measured."""

    SOFTMAX = "softmax"
    NONE = "none"


@dataclasses.dataclass(frozen=True)
class GraphNeighborConfig(Config):
    """Which features of an example describe its neighbors.

    Feature ``x`` of neighbor ``i`` is named ``<prefix><i>_x``, and the weight of the edge from it
    ``<prefix><i><weight_suffix>``: ``NL_nbr_0_words`` and ``NL_nbr_0_weight`` by default.

    Attributes:
        prefix: Start of the name of a neighbor's feature; not empty.
        weight_suffix: End of the name of a neighbor's weight.
        max_neighbors: Neighbors read per example, at least 0; 0 means no graph loss.

    Raises:
        TypeError: A field is of another type.
        ValueError: `prefix` is empty or `max_neighbors` is negative.

    Example:
        >>> GraphNeighborConfig(max_neighbors=3)
        GraphNeighborConfig(prefix='NL_nbr_', weight_suffix='_weight', max_neighbors=3)
    """

    prefix: str = "NL_nbr_"
    weight_suffix: str = "_weight"
    max_neighbors: int = 0

    def __post_init__(self) -> None:
        for name in ("prefix", "weight_suffix"):
            if not isinstance(getattr(self, name), str):
                raise TypeError(f"{name} must be a string, got {getattr(self, name)!r}")
        if not self.prefix:
            raise ValueError("prefix must not be empty: it would make every feature a neighbor's")
        set_field(self, "max_neighbors", check_count("max_neighbors", self.max_neighbors, 0))


@dataclasses.dataclass(frozen=True)
class DistanceConfig(Config):
    """How far apart the outputs for two neighbors are.

    Attributes:
        distance_type: A `DistanceType` or its value, such as ``"l2"``.
        transform_fn: A `TransformType` or its value; None means ``"none"``.
        sum_over_axis: The axis that holds the vector to compare (along which the softmax, the
            cosine or the divergence is taken), other than 0, the axis of the pairs. None means
            the last.

    Raises:
        TypeError: `sum_over_axis` is not an integer.
        ValueError: An unknown distance or transform, or `sum_over_axis` is 0.

    Example:
        >>> DistanceConfig("kl_divergence", transform_fn="softmax").distance_type
        <DistanceType.KL_DIVERGENCE: 'kl_divergence'>
    """

    distance_type: DistanceType = DistanceType.L2
    transform_fn: TransformType = TransformType.NONE
    sum_over_axis: int | None = None

    def __post_init__(self) -> None:
        set_field(self, "distance_type", member("distance_type", self.distance_type, DistanceType))
        transform = TransformType.NONE if self.transform_fn is None else self.transform_fn
        set_field(self, "transform_fn", member("transform_fn", transform, TransformType))
        if self.sum_over_axis is not None:
            set_field(self, "sum_over_axis", check_integer("sum_over_axis", self.sum_over_axis))
            if self.sum_over_axis == 0:
                raise ValueError("sum_over_axis must not be 0, the axis of the pairs")


@dataclasses.dataclass(frozen=True)
class GraphRegConfig(Config):
    """How a model is regularized by a graph.

    Attributes:
        neighbor_config: A `GraphNeighborConfig`, or what `as_neighbor_config` takes.
        multiplier: Weight of the graph loss beside the supervised loss; finite and at least 0. Or
            `"auto"`: 1 where the outputs of neighbors are nearer than those of random nodes of the
            batch, and toward 0 as they are not (`gnn.ops.edge_trust`).
        distance_config: A `DistanceConfig`, or what `as_distance_config` takes.
        contrast: Weight of random pairs of nodes, which the loss keeps apart; finite and at least
            0, and 1 is a good one (`gnn.ops.uniformity`). NSL has no such field: 0, the default,
            is its loss, which is smallest where all outputs are equal.

    Raises:
        TypeError: A field is of another type.
        ValueError: `multiplier` or `contrast` is negative, infinite or NaN, or a nested field is
            out of range.

    Example:
        >>> config = GraphRegConfig(GraphNeighborConfig(max_neighbors=3), multiplier=0.1)
        >>> config.distance_config.distance_type.value
        'l2'
    """

    neighbor_config: GraphNeighborConfig = GraphNeighborConfig()
    multiplier: float | str = 0.01
    distance_config: DistanceConfig = DistanceConfig()
    contrast: float = 0.0

    not_in_nsl: ClassVar[frozenset[str]] = frozenset({"contrast"})

    def __post_init__(self) -> None:
        set_field(self, "neighbor_config", as_neighbor_config(self.neighbor_config))
        set_field(self, "distance_config", as_distance_config(self.distance_config))
        if self.multiplier != AUTO:
            set_field(self, "multiplier", not_negative("multiplier", self.multiplier, "or 'auto'"))
        set_field(self, "contrast", not_negative("contrast", self.contrast))


@dataclasses.dataclass(frozen=True)
class PairWeights(Config):
    """How much an edge counts in the graph loss, by whether the labels of its ends are known.

    The weights of Stretcu et al., "Graph agreement models", NeurIPS 2019, section 3 (lambda), with
    the defaults of the authors' code.

    Attributes:
        labeled_labeled: Of edges with two labeled ends; finite and at least 0.
        labeled_unlabeled: Of edges with one, in either direction; finite and at least 0.
        unlabeled_unlabeled: Of edges with none; finite and at least 0.

    Raises:
        TypeError: A weight is no number.
        ValueError: A weight is negative, infinite or NaN.

    Example:
        >>> PairWeights(labeled_unlabeled=1.0).to_dict()
        {'labeled_labeled': 0.0, 'labeled_unlabeled': 1.0, 'unlabeled_unlabeled': 0.05}
    """

    in_nsl: ClassVar[bool] = False

    labeled_labeled: float = 0.0
    labeled_unlabeled: float = 0.1
    unlabeled_unlabeled: float = 0.05

    def __post_init__(self) -> None:
        for name in field_names(type(self)):
            set_field(self, name, not_negative(name, getattr(self, name)))


def as_graph_reg_config(value: Any) -> GraphRegConfig:
    """Returns a `GraphRegConfig` equal to `value`.

    Args:
        value: A `GraphRegConfig`, NSL's object of that name, or a dictionary of the fields, such
            as `to_dict` gives. NSL's ``reduction`` is accepted and not used.

    Raises:
        TypeError: `value` is anything else, such as a `GraphNeighborConfig`.
        ValueError: A key of the dictionary is unknown, or a field out of range.

    Example:
        >>> as_graph_reg_config({"multiplier": 0.1}).multiplier
        0.1
    """
    if looks_like(value, GraphNeighborConfig):
        raise TypeError(
            "expected a GraphRegConfig, got a GraphNeighborConfig: "
            "wrap it, GraphRegConfig(neighbor_config=...)"
        )
    return convert(value, GraphRegConfig)


def as_neighbor_config(value: Any) -> GraphNeighborConfig:
    """Returns a `GraphNeighborConfig` equal to `value`, or to the one inside it.

    Args:
        value: A `GraphNeighborConfig`, NSL's object of that name, a dictionary of the fields, or
            the same for a whole `GraphRegConfig`, whose `neighbor_config` is then taken.

    Raises:
        TypeError: `value` is anything else.
        ValueError: A key of the dictionary is unknown, or a field out of range.

    Example:
        >>> as_neighbor_config({"max_neighbors": 3}).max_neighbors
        3
    """
    if isinstance(value, Mapping):
        inner = value.get("neighbor_config")
    else:
        inner = value.neighbor_config if looks_like(value, GraphRegConfig) else None
    return convert(value if inner is None else inner, GraphNeighborConfig)


def as_distance_config(value: Any) -> DistanceConfig:
    """Returns a `DistanceConfig` equal to `value`.

    Args:
        value: A `DistanceConfig`, NSL's object of that name, or a dictionary of the fields. NSL's
            ``reduction`` is accepted and not used.

    Raises:
        TypeError: `value` is anything else.
        ValueError: A key of the dictionary is unknown, or a field out of range.

    Example:
        >>> as_distance_config({"distance_type": "l1"}).distance_type
        <DistanceType.L1: 'l1'>
    """
    if isinstance(value, Mapping):
        value = {key: field for key, field in value.items() if key != "reduction"}
    return convert(value, DistanceConfig)


def as_pair_weights(value: Any) -> PairWeights:
    """Returns a `PairWeights` equal to `value`.

    Args:
        value: A `PairWeights` or a dictionary of the fields.

    Raises:
        TypeError: `value` is anything else.
        ValueError: A key of the dictionary is unknown, or a field out of range.

    Example:
        >>> as_pair_weights({"labeled_unlabeled": 1.0}).labeled_unlabeled
        1.0
    """
    return convert(value, PairWeights)
