"""Configuration of graph regularization: what the neighbors are, how far apart, how heavy.

The classes have the names, fields and defaults of Neural Structured Learning's, and the ``as_``
functions take NSL's own objects too. They are recognized by their attributes, so that nothing
here imports NSL or TensorFlow.
"""

from __future__ import annotations

import dataclasses
import enum
import math
import numbers
from collections.abc import Mapping
from typing import Any, TypeVar

__all__ = [
    "DistanceConfig",
    "DistanceType",
    "GraphNeighborConfig",
    "GraphRegConfig",
    "TransformType",
    "as_distance_config",
    "as_graph_reg_config",
    "as_neighbor_config",
]


class DistanceType(enum.Enum):
    """How the distance between two rows is measured; formulas in `gnn.ops.distances`."""

    L1 = "l1"
    L2 = "l2"
    COSINE = "cosine"
    JENSEN_SHANNON_DIVERGENCE = "jensen_shannon_divergence"
    KL_DIVERGENCE = "kl_divergence"


class TransformType(enum.Enum):
    """What is applied to both rows before their distance is measured."""

    SOFTMAX = "softmax"
    NONE = "none"


class _Config:
    """The dictionary form that the configurations share."""

    def to_dict(self) -> dict[str, Any]:
        """Returns the fields as plain values that JSON can hold.

        The ``as_`` function of the class (`as_graph_reg_config` and so on) reads them back.

        Example:
            >>> DistanceConfig("cosine").to_dict()
            {'distance_type': 'cosine', 'transform_fn': 'none', 'sum_over_axis': None}
        """
        return {name: _plain(getattr(self, name)) for name in _field_names(type(self))}


_AnyEnum = TypeVar("_AnyEnum", DistanceType, TransformType)


def _member(name: str, value: Any, cls: type[_AnyEnum]) -> _AnyEnum:
    try:
        return cls(value.value if isinstance(value, enum.Enum) else value)
    except ValueError:
        known = [member.value for member in cls]
        raise ValueError(f"{name} must be one of {known}, got {value!r}") from None


def _integer(name: str, value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, numbers.Integral):
        raise TypeError(f"{name} must be an integer, got {value!r}")
    return int(value)


def _plain(value: Any) -> Any:
    if isinstance(value, _Config):
        return value.to_dict()
    return value.value if isinstance(value, enum.Enum) else value


def _set(config: _Config, name: str, value: Any) -> None:
    object.__setattr__(config, name, value)  # The dataclasses are frozen.


@dataclasses.dataclass(frozen=True)
class GraphNeighborConfig(_Config):
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
        _set(self, "max_neighbors", _integer("max_neighbors", self.max_neighbors))
        if self.max_neighbors < 0:
            raise ValueError(f"max_neighbors must be at least 0, got {self.max_neighbors}")


@dataclasses.dataclass(frozen=True)
class DistanceConfig(_Config):
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
        _set(self, "distance_type", _member("distance_type", self.distance_type, DistanceType))
        transform = TransformType.NONE if self.transform_fn is None else self.transform_fn
        _set(self, "transform_fn", _member("transform_fn", transform, TransformType))
        if self.sum_over_axis is not None:
            _set(self, "sum_over_axis", _integer("sum_over_axis", self.sum_over_axis))
            if self.sum_over_axis == 0:
                raise ValueError("sum_over_axis must not be 0, the axis of the pairs")


@dataclasses.dataclass(frozen=True)
class GraphRegConfig(_Config):
    """How a model is regularized by a graph.

    Attributes:
        neighbor_config: A `GraphNeighborConfig`, or what `as_neighbor_config` takes.
        multiplier: Weight of the graph loss beside the supervised loss; finite and at least 0.
        distance_config: A `DistanceConfig`, or what `as_distance_config` takes.

    Raises:
        TypeError: A field is of another type.
        ValueError: `multiplier` is negative, infinite or NaN, or a nested field is out of range.

    Example:
        >>> config = GraphRegConfig(GraphNeighborConfig(max_neighbors=3), multiplier=0.1)
        >>> config.distance_config.distance_type.value
        'l2'
    """

    neighbor_config: GraphNeighborConfig = GraphNeighborConfig()
    multiplier: float = 0.01
    distance_config: DistanceConfig = DistanceConfig()

    def __post_init__(self) -> None:
        _set(self, "neighbor_config", as_neighbor_config(self.neighbor_config))
        _set(self, "distance_config", as_distance_config(self.distance_config))
        if isinstance(self.multiplier, bool) or not isinstance(self.multiplier, numbers.Real):
            raise TypeError(f"multiplier must be a number, got {self.multiplier!r}")
        _set(self, "multiplier", float(self.multiplier))
        if not 0 <= self.multiplier < math.inf:
            raise ValueError(f"multiplier must be finite and at least 0, got {self.multiplier}")


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
    if _looks_like(value, GraphNeighborConfig):
        raise TypeError(
            "expected a GraphRegConfig, got a GraphNeighborConfig: "
            "wrap it, GraphRegConfig(neighbor_config=...)"
        )
    return _convert(value, GraphRegConfig)


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
        inner = value.neighbor_config if _looks_like(value, GraphRegConfig) else None
    return _convert(value if inner is None else inner, GraphNeighborConfig)


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
    return _convert(value, DistanceConfig)


_AnyConfig = TypeVar("_AnyConfig", GraphNeighborConfig, DistanceConfig, GraphRegConfig)


def _convert(value: Any, cls: type[_AnyConfig]) -> _AnyConfig:
    if isinstance(value, cls):
        return value
    names = _field_names(cls)
    if isinstance(value, Mapping):
        unknown = [key for key in value if key not in names]
        if unknown:
            raise ValueError(f"{cls.__name__} has no field {unknown[0]!r}; it has {names}")
        return cls(**value)
    if _looks_like(value, cls):
        return cls(**{name: getattr(value, name) for name in names})
    raise TypeError(
        f"expected a {cls.__name__} (of gnn or nsl.configs) or a dictionary of its fields, "
        f"got {value!r} of type {type(value).__name__}"
    )


def _looks_like(value: Any, cls: type[_Config]) -> bool:
    """Whether `value` is an object, not a class, with the fields of `cls`."""
    return not isinstance(value, type) and all(hasattr(value, name) for name in _field_names(cls))


def _field_names(cls: type[_Config]) -> list[str]:
    return [field.name for field in dataclasses.fields(cls)]  # type: ignore[arg-type]
