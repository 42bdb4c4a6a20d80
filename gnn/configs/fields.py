"""What the configurations have in common: checks, dictionaries, and NSL's objects."""

from __future__ import annotations

import dataclasses
import enum
import math
import numbers
from collections.abc import Mapping
from typing import Any, ClassVar, TypeVar


class Config:
    """The dictionary form that the configurations share.

    Class attributes:
        in_nsl: whether NSL has a class of this name, whose objects are taken too.
        not_in_nsl: fields that NSL's objects lack; they are then the defaults.
    """

    in_nsl: ClassVar[bool] = True
    not_in_nsl: ClassVar[frozenset[str]] = frozenset()

    def to_dict(self) -> dict[str, Any]:
        """Returns the fields as plain values that JSON can hold.

        The ``as_`` function of the class (`as_graph_reg_config` and so on) reads them back.

        Example:
            >>> @dataclasses.dataclass(frozen=True)
            ... class Size(Config):
            ...     units: int = 3
            >>> Size().to_dict()
            {'units': 3}
        """
        return {name: plain(getattr(self, name)) for name in field_names(type(self))}


_AnyEnum = TypeVar("_AnyEnum", bound=enum.Enum)


def member(name: str, value: Any, cls: type[_AnyEnum]) -> _AnyEnum:
    """Returns the member of an enumeration, from itself, its value or NSL's of that value."""
    try:
        return cls(value.value if isinstance(value, enum.Enum) else value)
    except ValueError:
        known = [each.value for each in cls]
        raise ValueError(f"{name} must be one of {known}, got {value!r}") from None


def not_negative(name: str, value: Any, also: str = "") -> float:
    """Returns `value` as a float; it must be finite and at least 0. `also` names what else can."""
    if isinstance(value, bool) or not isinstance(value, numbers.Real):
        raise TypeError(f"{name} must be a number{also and ' ' + also}, got {value!r}")
    number = float(value)
    if not 0 <= number < math.inf:
        raise ValueError(f"{name} must be finite and at least 0, got {number}")
    return number


def set_field(config: Config, name: str, value: Any) -> None:
    """Sets a field of a frozen dataclass, in its `__post_init__`."""
    object.__setattr__(config, name, value)


def plain(value: Any) -> Any:
    """Returns a field's value as JSON can hold it."""
    if isinstance(value, Config):
        return value.to_dict()
    return value.value if isinstance(value, enum.Enum) else value


_AnyConfig = TypeVar("_AnyConfig", bound=Config)


def convert(value: Any, cls: type[_AnyConfig]) -> _AnyConfig:
    """Returns `value`, NSL's object or a dictionary of the fields as a `cls`."""
    if isinstance(value, cls):
        return value
    names = field_names(cls)
    if isinstance(value, Mapping):
        unknown = [key for key in value if key not in names]
        if unknown:
            raise ValueError(f"{cls.__name__} has no field {unknown[0]!r}; it has {names}")
        return cls(**value)
    if looks_like(value, cls):
        return cls(**{name: getattr(value, name) for name in names if hasattr(value, name)})
    known_to = " (of gnn or nsl.configs)" if cls.in_nsl else ""
    raise TypeError(
        f"expected a {cls.__name__}{known_to} or a dictionary of its fields, "
        f"got {value!r} of type {type(value).__name__}"
    )


def looks_like(value: Any, cls: type[Config]) -> bool:
    """Whether `value` is an object, not a class, with the fields of `cls` that NSL knows."""
    needed = [name for name in field_names(cls) if name not in cls.not_in_nsl]
    return not isinstance(value, type) and all(hasattr(value, name) for name in needed)


def field_names(cls: type[Config]) -> list[str]:
    """Returns the names of the fields of a configuration."""
    return [field.name for field in dataclasses.fields(cls)]  # type: ignore[arg-type]


def field_defaults(cls: type[Config]) -> dict[str, Any]:
    """Returns what the fields of a configuration are where they are not given."""
    return {field.name: field.default for field in dataclasses.fields(cls)}  # type: ignore[arg-type]
