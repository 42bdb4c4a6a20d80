"""The values of options: of the right type, and within their range."""

from __future__ import annotations

import dataclasses
import math
import typing
from collections.abc import Mapping, Sequence
from typing import Any

from gnn.configs.sessions import as_session_graph_config
from gnn.runs.config_files import OptionError
from gnn.tables.schema import Schema


def checked_option(option: dataclasses.Field[Any], kind: Any, value: Any) -> Any:
    """The value in the option's type, once it keeps the option's rule.

    Args:
        option: a field whose metadata has `choices`, `low` and `below`.
        kind: its type, without the None.
        value: what was given.

    Raises:
        TypeError: the value has another type.
        OptionError: it is out of range, or no known name.
    """
    name, rule = option.name, option.metadata
    if kind is bool:
        if not isinstance(value, bool):
            raise TypeError(f"{name} must be true or false, got {value!r}")
        return value
    if kind is str:
        if not isinstance(value, str) or not value:
            raise TypeError(f"{name} must be a string that is not empty, got {value!r}")
        if rule["choices"] and value not in rule["choices"]:
            raise OptionError(f"{name} must be one of {list(rule['choices'])}, got {value!r}")
        return value
    if kind in (int, float):
        if value in rule["words"] and isinstance(value, str):
            return value
        return _number(name, kind, value, rule)
    if typing.get_origin(kind) is dict:
        return _session_fields(name, value) if name == "session_config" else _columns(name, value)
    many = isinstance(value, Sequence) and not isinstance(value, str)
    part = typing.get_args(kind)[0]
    values = tuple(_part(name, part, item, rule) for item in (value if many else [value]))
    if not values:
        what = "string" if part is str else "integer"
        raise OptionError(f"{name} must hold at least one {what}, got none")
    return values


def _part(name: str, kind: type, value: Any, rule: Mapping[str, Any]) -> Any:
    if kind is not str:
        return _number(name, kind, value, rule)
    if not isinstance(value, str) or not value:
        raise TypeError(f"{name} must hold strings that are not empty, got {value!r}")
    return value


def _columns(name: str, value: Any) -> dict[str, Any]:
    """What users write of columns, once it makes a schema."""
    try:
        schema = Schema.of(value)
    except TypeError as error:
        raise TypeError(f"{name}: {error}") from error
    except ValueError as error:
        raise OptionError(f"{name}: {error}") from error
    return schema.to_dict()


def _session_fields(name: str, value: Any) -> dict[str, Any]:
    """The fields that were given, once they make a configuration."""
    try:
        config = as_session_graph_config(value)
    except TypeError as error:
        raise TypeError(f"{name}: {error}") from error
    except ValueError as error:
        raise OptionError(f"{name}: {error}") from error
    return dict(value) if isinstance(value, Mapping) else config.to_dict()


def _number(name: str, kind: type, value: Any, rule: Mapping[str, Any]) -> Any:
    if kind is float and isinstance(value, str):
        # YAML reads 1e-3 as a string; 1.0e-3 is its number.
        try:
            value = float(value)
        except ValueError:
            pass
    taken = int if kind is int else (int, float)
    if isinstance(value, bool) or not isinstance(value, taken):
        word = "an integer" if kind is int else "a number"
        raise TypeError(f"{name} must be {word}, got {value!r}")
    low, below = rule["low"], rule["below"]
    if not (math.isfinite(value) and low <= value < below):
        limit = f"at least {low:g}" + ("" if math.isinf(below) else f" and below {below:g}")
        raise OptionError(f"{name} must be {limit}, got {value!r}")
    return kind(value)
