"""What `gnn tune` tries: values and ranges of options, by model and recipe, or out of a file."""

from __future__ import annotations

import dataclasses
import json
import math
import os
from collections.abc import Mapping
from typing import Any

from gnn.configs.graph import AUTO
from gnn.runs.config_files import OptionError, read_options
from gnn.runs.run_config import NETWORK_NAMES, RunConfig, option_types

# Of model, loss and training; the rest says what is judged, or where it lies.
_GROUPS = ("model", "loss", "training")
_NOT_TRIED = (
    "model",
    "recipe",
    "backbone",
    "backbone_weights",
    "scaling",
    # They change no validation of a setting, or are of models that are not tuned.
    "calibrate",
    "baseline",
    "teacher",
    "temperature",
    "inference",
    "seed",
    "split_seed",
    "folds",
    "fold",
)
_KEYS = ("low", "high", "log", "step")


@dataclasses.dataclass(frozen=True)
class Choice:
    """One of some values.

    Attributes:
        values: as JSON has them, so a tuple is a list.
    """

    values: tuple[Any, ...]

    def to_plain(self) -> Any:
        """As a file of a space has it."""
        return list(self.values)


@dataclasses.dataclass(frozen=True)
class Range:
    """A number between two others, both included.

    Attributes:
        low, high: the least and the largest.
        log: whether each factor is as likely as another, instead of each difference.
        step: the distance of the values tried; None for any.
    """

    low: float
    high: float
    log: bool = False
    step: float | None = None

    def to_plain(self) -> Any:
        """As a file of a space has it."""
        return {"low": self.low, "high": self.high, "log": self.log, "step": self.step}


Space = dict[str, Choice | Range]


def default_space(config: RunConfig) -> Space:
    """The space of a model and its recipe: of the options that it has a use for.

    Args:
        config: resolved.

    Example:

    >>> config = RunConfig(model="gcn", recipe="citation", dropout=0.5, learning_rate=0.01)
    >>> sorted(default_space(config))
    ['dropout', 'learning_rate']
    """
    network = config.model in NETWORK_NAMES
    space: Space = {
        "learning_rate": Range(1e-3, 3e-2, log=True),
        "dropout": Range(0.0, 0.8, step=0.1),
        "l2": Range(1e-6, 1e-2, log=True),
    }
    if config.model in ("gat", "gatv2"):  # Units of each of their eight heads.
        space["hidden_units"] = Choice(([4], [8], [16], [32]))
    elif config.model == "gcnii":  # All its layers are of one width.
        space["hidden_units"] = Choice(([16], [32], [64], [128], [256]))
    elif network:
        space["hidden_units"] = Choice(([16], [32], [64], [128], [64, 64]))
    else:
        space["hidden_units"] = Choice(([32], [64], [128], [256], [128, 64]))
    if config.model == "graph-regularization":
        space["multiplier"] = Choice((AUTO, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0))
        space["distance"] = Choice(("l1", "l2"))
    if config.recipe == "citation" and not network:  # Few labels and thousands of words.
        space["learning_rate"] = Range(3e-4, 1e-2, log=True)
    known = config.to_dict()
    return {name: values for name, values in space.items() if name in known}


def space_of(values: Mapping[str, Any], source: str = "the space") -> Space:
    """Reads a space: an option's name to a list of values, or to `low`, `high`, `log` and `step`.

    Args:
        values: as a file has them.
        source: what errors call them.

    Raises:
        TypeError: an entry has the wrong type.
        OptionError: a name is none that can be tried, a range is empty, or a value is none that the
            option can have.

    Example:

    >>> space_of({"dropout": {"low": 0, "high": 0.5}})
    {'dropout': Range(low=0, high=0.5, log=False, step=None)}
    >>> space_of({"hidden_units": [[16], [32]]})
    {'hidden_units': Choice(values=([16], [32]))}
    """
    names = [
        field.name
        for field in dataclasses.fields(RunConfig)
        if field.metadata["group"] in _GROUPS and field.name not in _NOT_TRIED
    ]
    if not values:
        raise OptionError(f"{source} must name an option to try: {', '.join(names)}")
    space: Space = {}
    for name, entry in values.items():
        if name not in names:
            raise OptionError(f"{source}: {name!r} is no option to try; these are {names}")
        if isinstance(entry, Mapping):
            space[name] = _range(name, entry, source)
        elif isinstance(entry, list) and entry:
            space[name] = Choice(tuple(entry))
        else:
            raise TypeError(
                f"{source}: {name} must be a list of values, or a mapping of low and high, got "
                f"{entry!r}"
            )
        _check_values(name, space[name], source)
    return space


def read_space(path: str | os.PathLike[str]) -> Space:
    """Reads a space from a YAML or JSON file.

    Raises:
        FileNotFoundError: there is no such file.
        TypeError: as `space_of`.
        OptionError: as `space_of`, or the file cannot be parsed.
    """
    return space_of(read_options(path), str(path))


def as_plain(space: Space) -> dict[str, Any]:
    """A space as a file has it.

    Example:

    >>> as_plain({"distance": Choice(("l1", "l2"))})
    {'distance': ['l1', 'l2']}
    """
    return {name: values.to_plain() for name, values in space.items()}


def distributions(space: Space) -> dict[str, Any]:
    """The space as Optuna has it; a choice goes by the JSON of its values."""
    from optuna import distributions as of_optuna

    kinds = option_types()
    found: dict[str, Any] = {}
    for name, values in space.items():
        if isinstance(values, Choice):
            texts = [json.dumps(value) for value in values.values]
            found[name] = of_optuna.CategoricalDistribution(texts)
        elif kinds[name] is int:
            step = 1 if values.step is None else int(values.step)
            low, high = int(values.low), int(values.high)
            found[name] = of_optuna.IntDistribution(low, high, log=values.log, step=step)
        else:
            found[name] = of_optuna.FloatDistribution(
                values.low, values.high, log=values.log, step=values.step
            )
    return found


def setting_of(space: Space, params: Mapping[str, Any]) -> dict[str, Any]:
    """The options that Optuna's parameters stand for.

    Example:

    >>> setting_of({"hidden_units": Choice(([16], [32]))}, {"hidden_units": "[32]"})
    {'hidden_units': [32]}
    """
    return {
        # A multiple of a step is off by what binary fractions are off.
        name: json.loads(value)
        if isinstance(space[name], Choice)
        else (round(value, 12) if space[name].to_plain()["step"] else value)
        for name, value in params.items()
    }


def params_of(space: Space, setting: Mapping[str, Any]) -> dict[str, Any]:
    """Optuna's parameters for a setting, as far as it lies in the space.

    Example:

    >>> space = {"l2": Range(1e-6, 1e-2), "hidden_units": Choice(([16], [32]))}
    >>> params_of(space, {"l2": 0.0, "hidden_units": [16]})
    {'hidden_units': '[16]'}
    """
    found = {}
    for name, values in space.items():
        if name not in setting:
            continue
        value = setting[name]
        if isinstance(values, Choice):
            if value in values.values:
                found[name] = json.dumps(value)
        elif not isinstance(value, str) and values.low <= value <= values.high:
            found[name] = value
    return found


def _range(name: str, entry: Mapping[str, Any], source: str) -> Range:
    unknown = [key for key in entry if key not in _KEYS]
    if unknown or not {"low", "high"} <= set(entry):
        raise OptionError(
            f"{source}: {name} must have low and high, and perhaps log and step; got {dict(entry)}"
        )
    low, high, step = entry["low"], entry["high"], entry.get("step")
    log = False if entry.get("log") is None else entry["log"]
    kind = option_types()[name]
    numbers = [number for number in (low, high, step) if number is not None]
    numeric = all(isinstance(v, (int, float)) and not isinstance(v, bool) for v in numbers)
    if not numeric or len(numbers) < 2 or kind not in (int, float):
        raise TypeError(f"{source}: {name} must be a range of numbers, got {dict(entry)}")
    if not isinstance(log, bool):
        raise TypeError(f"{source}: {name} must have true or false as log, got {dict(entry)}")
    if kind is int and any(number != int(number) for number in numbers if math.isfinite(number)):
        raise OptionError(f"{source}: {name} must have whole numbers, got {dict(entry)}")
    if not low < high or not all(map(math.isfinite, numbers)) or (step is not None and step <= 0):
        raise OptionError(
            f"{source}: {name} must have low below high, and a step above 0, got {dict(entry)}"
        )
    if log and (low <= 0 or step is not None):
        raise OptionError(
            f"{source}: {name} with log must have low above 0 and no step, got {dict(entry)}"
        )
    return Range(low, high, log, step)


def _check_values(name: str, values: Choice | Range, source: str) -> None:
    tried = values.values if isinstance(values, Choice) else (values.low, values.high)
    for value in tried:
        try:
            RunConfig(**{name: value})
        except OptionError as error:
            raise OptionError(f"{source}: {error}") from error
        except TypeError as error:
            raise TypeError(f"{source}: {error}") from error
