"""How settings that are compared are told apart: by the options in which they differ."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any

from gnn.runs.judged_nodes import graph_of_run
from gnn.runs.recipes import resolve
from gnn.runs.run import Run
from gnn.runs.run_config import RunConfig

# Runs that differ in these alone are of one setting: they predict the same classes, but for chance.
_OF_A_RUN = (
    "seed",
    "split_seed",
    "fold",
    "calibrate",
    "baseline",
    "output",
    "overwrite",
    "resume",
    "snapshot_seconds",
)
# Groups of options that a recipe gives, by the model.
_OF_RECIPES = ("model", "loss", "training")


def options_of_setting(run: Run) -> dict[str, Any]:
    """The options that make the setting of a run, as JSON has them."""
    return {k: v for k, v in run.config.to_dict().items() if k not in _OF_A_RUN}


def told_apart(runs: Sequence[Run]) -> tuple[list[str], list[dict[str, Any]]]:
    """The names of settings, and the options that tell them apart.

    Of one model, it is told by the options that differ. Of several, most differ because each has
    its own recipe: a setting is told by its model, by what differs among those of this model, and
    by what differs from the recipe and is not the same in all settings.

    Args:
        runs: one of each setting.

    Returns:
        A name for each, all different; and for each the same options with their values, which are
        None where one is not given.
    """
    found = [options_of_setting(run) for run in runs]
    if len({options["model"] for options in found}) == 1:
        told = [_differing(found)] * len(runs)
    else:
        groups = {field.name: field.metadata["group"] for field in dataclasses.fields(RunConfig)}
        all_see = ["model", "recipe"]
        all_see += [name for name in groups if groups[name] not in _OF_RECIPES]
        differing = _differing(found)
        shared = [name for name in differing if name in all_see]
        told = [
            [
                *shared,
                *_differing([other for other in found if other["model"] == options["model"]]),
                *_not_of_recipe(run, [k for k in options if k in differing and k not in all_see]),
            ]
            for run, options in zip(runs, found, strict=True)
        ]
    keys = list(dict.fromkeys(name for names in told for name in names))
    shown = [{name: options.get(name) for name in keys} for options in found]
    ordered = [[name for name in keys if name in names] for names in told]
    return _names(shown, ordered), shown


def _differing(found: Sequence[dict[str, Any]]) -> list[str]:
    """The options that are not the same in all."""
    keys = dict.fromkeys(key for options in found for key in options)
    return [key for key in keys if any(each.get(key) != found[0].get(key) for each in found)]


def _not_of_recipe(run: Run, names: Sequence[str]) -> list[str]:
    """Those of some options that would be others if they were left out."""
    graph = graph_of_run(run)
    given = run.config.to_dict()
    given.pop("teacher", None)  # A run that taught need not be there any more, and sets no other.
    found = []
    for name in names:
        rest = RunConfig(**{key: value for key, value in given.items() if key != name})
        default = resolve(rest, graph, encoded=run.encoder is not None).to_dict()
        if default.get(name) != run.config.to_dict()[name]:
            found.append(name)
    return found


def _names(shown: Sequence[dict[str, Any]], told: Sequence[Sequence[str]]) -> list[str]:
    """A name of each, with as few digits as tell them apart."""
    for digits in range(3, 18):
        names = [
            ", ".join(_said(name, options[name], digits) for name in keys)
            for options, keys in zip(shown, told, strict=True)
        ]
        if len(set(names)) == len(names):
            break
    return names


def _said(name: str, value: Any, digits: int) -> str:
    if value is None:
        return f"no {name}"
    if name == "model":
        return str(value)
    if isinstance(value, float):
        return f"{name} {value:.{digits}g}"
    return f"{name} " + (" ".join(map(str, value)) if isinstance(value, list) else str(value))
