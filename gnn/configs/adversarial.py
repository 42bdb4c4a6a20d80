"""Configuration of adversarial and virtual adversarial regularization."""

from __future__ import annotations

import dataclasses
import enum
import numbers
from collections.abc import Mapping
from typing import Any, ClassVar

from gnn.configs.arguments import check_count
from gnn.configs.fields import (
    Config,
    convert,
    looks_like,
    member,
    not_negative,
    set_field,
)
from gnn.configs.graph import DistanceConfig, as_distance_config


class NormType(enum.Enum):
    """How long a perturbation is: the norm of a row over all of its perturbed features."""

    L1 = "l1"
    L2 = "l2"
    INFINITY = "infinity"


def _values(name: str, value: Any) -> Any:
    """Numbers, arrays and dictionaries of them, as plain values that can be compared."""
    if isinstance(value, Mapping):
        return {key: _values(f"{name}[{key!r}]", part) for key, part in value.items()}
    for method in ("numpy", "tolist"):  # A tensor's, an array's.
        value = getattr(value, method)() if hasattr(value, method) else value
    if isinstance(value, (list, tuple)):
        return tuple(_values(name, part) for part in value)
    if value is not None and not isinstance(value, numbers.Real):
        raise TypeError(f"{name} must be a number, an array or a dictionary, got {value!r}")
    return None if value is None else float(value)


def _flat(value: Any) -> list[float]:
    if value is None:
        return []
    if isinstance(value, float):
        return [value]
    parts = value.values() if isinstance(value, Mapping) else value
    return [number for part in parts for number in _flat(part)]


@dataclasses.dataclass(frozen=True)
class AdvNeighborConfig(Config):
    """How the adversarial neighbor of a row is found.

    One iteration is the fast gradient method (Goodfellow et al., "Explaining and harnessing
    adversarial examples", ICLR 2015), several are projected gradient descent (Madry et al., ICLR
    2018). Values that may differ by feature are one number for all, an array that broadcasts
    against a row, or a dictionary of such by the feature's name.

    Attributes:
        feature_mask: Values in `[0, 1]` that the gradient is multiplied by; a feature of mask 0 is
            left as it is. None means 1.
        adv_step_size: How far one iteration goes, in the units of the features.
        adv_grad_norm: A `NormType` or its value: the norm that a step has.
        clip_value_min: The least value of a perturbed feature; None means no bound.
        clip_value_max: The greatest one.
        pgd_iterations: Number of steps, at least 1.
        pgd_epsilon: The greatest norm of a perturbation; None means no bound. Not for ``"l1"``, as
            in NSL.
        random_init: Whether to start from a random point of the ball of radius `pgd_epsilon`, or
            `adv_step_size` if that is None.

    Raises:
        TypeError: A field is of another type.
        ValueError: A field is out of range, or the bounds are the wrong way round.

    Example:
        >>> AdvNeighborConfig(adv_step_size=0.2, adv_grad_norm="infinity").adv_grad_norm
        <NormType.INFINITY: 'infinity'>
    """

    feature_mask: Any = None
    adv_step_size: float = 0.001
    adv_grad_norm: NormType = NormType.L2
    clip_value_min: Any = None
    clip_value_max: Any = None
    pgd_iterations: int = 1
    pgd_epsilon: float | None = None
    random_init: bool = False

    def __post_init__(self) -> None:
        for name in ("feature_mask", "clip_value_min", "clip_value_max"):
            set_field(self, name, _values(name, getattr(self, name)))
        if not all(0 <= value <= 1 for value in _flat(self.feature_mask)):
            raise ValueError(f"feature_mask must be in [0, 1], got {self.feature_mask!r}")
        least, greatest = self.clip_value_min, self.clip_value_max
        if isinstance(least, float) and isinstance(greatest, float) and least > greatest:
            raise ValueError(
                f"clip_value_min must be at most clip_value_max, got {least} and {greatest}"
            )
        set_field(self, "adv_step_size", not_negative("adv_step_size", self.adv_step_size))
        set_field(self, "adv_grad_norm", member("adv_grad_norm", self.adv_grad_norm, NormType))
        set_field(self, "pgd_iterations", check_count("pgd_iterations", self.pgd_iterations))
        if self.pgd_epsilon is not None:
            set_field(self, "pgd_epsilon", not_negative("pgd_epsilon", self.pgd_epsilon))
            if self.adv_grad_norm is NormType.L1:
                raise ValueError(
                    "pgd_epsilon must be None where adv_grad_norm is 'l1': there is no projection "
                    f"to that ball; got {self.pgd_epsilon}"
                )
        set_field(self, "random_init", bool(self.random_init))


@dataclasses.dataclass(frozen=True)
class AdvRegConfig(Config):
    """How a model is regularized by its adversarial neighbors.

    Attributes:
        multiplier: Weight of the adversarial loss beside the supervised loss; finite and at least
            0.
        adv_neighbor_config: An `AdvNeighborConfig`, or what `as_adv_neighbor_config` takes.

    Raises:
        TypeError: A field is of another type.
        ValueError: `multiplier` is negative, infinite or NaN, or a nested field is out of range.

    Example:
        >>> AdvRegConfig(adv_neighbor_config={"adv_step_size": 0.2}).multiplier
        0.2
    """

    multiplier: float = 0.2
    adv_neighbor_config: AdvNeighborConfig = AdvNeighborConfig()

    def __post_init__(self) -> None:
        set_field(self, "multiplier", not_negative("multiplier", self.multiplier))
        neighbor_config = as_adv_neighbor_config(self.adv_neighbor_config)
        set_field(self, "adv_neighbor_config", neighbor_config)


@dataclasses.dataclass(frozen=True)
class VatRegConfig(Config):
    """How a model is regularized by virtual adversarial training, which needs no labels.

    The fields of NSL's ``VirtualAdvConfig``, and two weights. The defaults are those of the paper
    where it has any (Miyato et al., "Virtual adversarial training", TPAMI 2019): the divergence of
    the softmax of logits, one power iteration. How far to go is up to the features.

    Attributes:
        multiplier: Weight of the virtual adversarial loss; finite and at least 0.
        adv_neighbor_config: An `AdvNeighborConfig`: step size (the paper's epsilon), norm, feature
            mask and bounds; the fields of projected gradient descent are not used.
        distance_config: A `DistanceConfig`: how far apart two outputs are.
        num_approx_steps: Power iterations, at least 0; with 0 the direction is random.
        approx_difference: The finite difference xi of the power iteration, greater than 0. Smaller
            ones, such as NSL's 1e-6, drown in the rounding of float32.
        entropy_multiplier: Weight of the entropy of the predictions; greater than 0 is the VATENT
            of Stretcu et al., "Graph agreement models", NeurIPS 2019.

    Raises:
        TypeError: A field is of another type.
        ValueError: A field is out of range.

    Example:
        >>> VatRegConfig(adv_neighbor_config={"adv_step_size": 0.5}).distance_config.transform_fn
        <TransformType.SOFTMAX: 'softmax'>
    """

    in_nsl: ClassVar[bool] = False

    multiplier: float = 1.0
    adv_neighbor_config: AdvNeighborConfig = AdvNeighborConfig(adv_step_size=1.0)
    distance_config: DistanceConfig = DistanceConfig("kl_divergence", "softmax")  # type: ignore[arg-type]
    num_approx_steps: int = 1
    approx_difference: float = 1e-3
    entropy_multiplier: float = 0.0

    def __post_init__(self) -> None:
        for name in ("multiplier", "approx_difference", "entropy_multiplier"):
            set_field(self, name, not_negative(name, getattr(self, name)))
        if self.approx_difference == 0:
            raise ValueError("approx_difference must be greater than 0, got 0.0")
        steps = check_count("num_approx_steps", self.num_approx_steps, 0)
        set_field(self, "num_approx_steps", steps)
        neighbor_config = as_adv_neighbor_config(self.adv_neighbor_config)
        set_field(self, "adv_neighbor_config", neighbor_config)
        set_field(self, "distance_config", as_distance_config(self.distance_config))


def as_adv_neighbor_config(value: Any) -> AdvNeighborConfig:
    """Returns an `AdvNeighborConfig` equal to `value`.

    Args:
        value: An `AdvNeighborConfig`, NSL's object of that name, a dictionary of the fields, or an
            `AdvRegConfig` (NSL's too), whose `adv_neighbor_config` is then taken.

    Raises:
        TypeError: `value` is anything else.
        ValueError: A key of the dictionary is unknown, or a field out of range.

    Example:
        >>> as_adv_neighbor_config({"pgd_iterations": 3}).pgd_iterations
        3
    """
    if looks_like(value, AdvRegConfig):
        value = value.adv_neighbor_config
    return convert(value, AdvNeighborConfig)


def as_adv_reg_config(value: Any) -> AdvRegConfig:
    """Returns an `AdvRegConfig` equal to `value`.

    Args:
        value: An `AdvRegConfig`, NSL's object of that name, or a dictionary of the fields.

    Raises:
        TypeError: `value` is anything else, such as a `VatRegConfig`.
        ValueError: A key of the dictionary is unknown, or a field out of range.

    Example:
        >>> as_adv_reg_config({"multiplier": 0.1}).multiplier
        0.1
    """
    if isinstance(value, VatRegConfig):
        raise TypeError("expected an AdvRegConfig, got a VatRegConfig: give it as virtual_config")
    return convert(value, AdvRegConfig)


def as_vat_reg_config(value: Any) -> VatRegConfig:
    """Returns a `VatRegConfig` equal to `value`.

    Args:
        value: A `VatRegConfig`, NSL's ``VirtualAdvConfig`` (which has no weights; they are the
            defaults), or a dictionary of the fields.

    Raises:
        TypeError: `value` is anything else.
        ValueError: A key of the dictionary is unknown, or a field out of range.

    Example:
        >>> as_vat_reg_config({"entropy_multiplier": 1.0}).entropy_multiplier
        1.0
    """
    shared = ("adv_neighbor_config", "distance_config", "num_approx_steps", "approx_difference")
    is_object = not isinstance(value, (type, Mapping, VatRegConfig))
    if is_object and all(hasattr(value, name) for name in shared):
        value = {name: getattr(value, name) for name in shared}
    return convert(value, VatRegConfig)
