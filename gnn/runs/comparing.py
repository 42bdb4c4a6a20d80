"""Runs side by side: what differs in their options, how good they are, and whether by chance."""

from __future__ import annotations

import dataclasses
import itertools
import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from gnn.edges.edges import counted
from gnn.runs.accuracies import Accuracies
from gnn.runs.config_files import OptionError
from gnn.runs.judged_nodes import JudgedNodes, check_alike, judged_nodes
from gnn.runs.paired_tests import holm, over_nodes, over_seeds
from gnn.runs.run import Run, load_run
from gnn.runs.series import accuracies_of, is_series, load_series
from gnn.runs.setting_names import options_of_setting, told_apart
from gnn.runs.tuning import BEST, is_tuning


@dataclasses.dataclass(frozen=True, eq=False)
class Setting:
    """The runs of one setting.

    Attributes:
        name: what tells it from the others.
        options: those that tell any of the settings from the others, with their values; None where
            one is not given or has no use.
        runs: of all its seeds and folds.
        accuracies: those on `"validation"` and `"test"`, as far as there are such splits.
    """

    name: str
    options: dict[str, Any]
    runs: tuple[Run, ...]
    accuracies: dict[str, Accuracies]


@dataclasses.dataclass(frozen=True)
class Pair:
    """Two settings on the nodes and the seeds that both have.

    Attributes:
        one, other: the names of the settings.
        runs: how many seeds and folds both have.
        difference: the mean accuracy of the first on them, less that of the other.
        wins, losses: on how many nodes the first is right in more runs, or in fewer.
        p_nodes: of `gnn.runs.paired_tests.over_nodes`, by Holm's method for so many pairs; None
            where no node differs.
        p_seeds: likewise of the paired t test over runs; None where it says nothing.
    """

    one: str
    other: str
    runs: int
    difference: float
    wins: int
    losses: int
    p_nodes: float | None
    p_seeds: float | None


@dataclasses.dataclass(frozen=True, eq=False)
class Comparison:
    """What `gnn.runs.compare` found.

    Attributes:
        data: what the runs are trained on.
        split: the split that is compared on.
        settings: the one of the highest mean accuracy on validation first, and those that were not
            validated last, by name.
        order: in words, how they are sorted.
        pairs: each setting with each other one.
        notes: what to know about the figures.
    """

    data: str
    split: str
    settings: tuple[Setting, ...]
    order: str
    pairs: tuple[Pair, ...]
    notes: tuple[str, ...]

    @property
    def splits(self) -> list[str]:
        """The splits on which any setting was judged."""
        judged = {name for found in self.settings for name in found.accuracies}
        return [name for name in ("validation", "test") if name in judged]

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return {
            "data": self.data,
            "split": self.split,
            "settings": [
                {
                    "name": found.name,
                    "options": found.options,
                    "runs": [str(run.path) for run in found.runs],
                    **{split: each.to_dict() for split, each in found.accuracies.items()},
                }
                for found in self.settings
            ],
            "order": self.order,
            "pairs": [dataclasses.asdict(pair) for pair in self.pairs],
            "notes": list(self.notes),
        }

    def text(self) -> str:
        """The tables for a person to read on a terminal."""
        rows = [["setting", "runs", *self.splits]]
        for found in self.settings:
            figures = [str(found.accuracies.get(split, "-")) for split in self.splits]
            rows.append([found.name, str(len(found.runs)), *figures])
        lines = [f"{self.data}: accuracy, mean ± standard error (95% interval of so many nodes)"]
        lines += _columns(rows)
        if self.pairs:
            rows = [["on " + self.split, "difference", "nodes", "p of nodes", "p of seeds"]]
            for pair in self.pairs:
                told = [f"{pair.difference:+.4f}", f"{pair.wins} to {pair.losses}"]
                told += [shown_p(pair.p_nodes), shown_p(pair.p_seeds)]
                rows.append([f"{pair.one} against {pair.other}", *told])
            lines += ["", *_columns(rows)]
        return "\n".join([*lines, "", self.order, *self.notes])


def compare(
    runs: Sequence[str | os.PathLike[str] | Run], *, split: str | None = None
) -> Comparison:
    """Compares settings over the runs of each, node by node and seed by seed.

    Args:
        runs: folders of finished runs, of `gnn.runs.train_series`, or of `gnn.runs.tune`, whose
            best run counts; or runs that are open. Those that differ in seed or fold alone are of
            one setting.
        split: what the tests rest on; None takes `"test"`, or `"validation"` where there is none,
            and of cross-validation.

    Raises:
        FileNotFoundError: there is no such run, or its data are gone.
        ValueError: fewer than two settings, other data, other classes or labels, or other nodes of
            the split for the same seed: nothing is compared that was not judged alike.

    Example:

    >>> compare(["runs/cora-gcn", "runs/cora-mlp"]).pairs[0].p_nodes  # doctest: +SKIP
    0.0001
    """
    opened = [run for path in runs for run in _opened(path)]
    paths = [run.path.resolve() for run in opened]
    if len(set(paths)) != len(paths):
        raise OptionError("runs must be given once each")
    groups: dict[str, list[Run]] = {}
    for run in opened:
        groups.setdefault(json.dumps(options_of_setting(run), sort_keys=True), []).append(run)
    if len(groups) < 2:
        raise OptionError(
            f"there is nothing to compare: {counted(len(opened), 'run')} of one setting"
        )
    data = _same_data(opened)
    members = list(groups.values())
    names, options = told_apart([runs[0] for runs in members])
    settings = [
        Setting(name, shown, tuple(runs), _accuracies(runs))
        for name, shown, runs in zip(names, options, members, strict=True)
    ]
    settings.sort(key=_place)
    split = _split(settings, split)
    judged = [_judged(found, split) for found in settings]
    names = [found.name for found in settings]
    check_alike(list(zip(names, judged, strict=True)))
    pairs = [
        _pair(names[one], names[other], judged[one], judged[other])
        for one, other in itertools.combinations(range(len(settings)), 2)
    ]
    nodes, seeds = holm([pair.p_nodes for pair in pairs]), holm([pair.p_seeds for pair in pairs])
    pairs = [
        dataclasses.replace(pair, p_nodes=of_nodes, p_seeds=of_seeds)
        for pair, of_nodes, of_seeds in zip(pairs, nodes, seeds, strict=True)
    ]
    notes = tuple(_notes(settings, pairs))
    return Comparison(data, split, tuple(settings), _order(settings), tuple(pairs), notes)


def shown_p(value: float | None) -> str:
    """A probability as a table has it.

    Example:

    >>> shown_p(0.00001), shown_p(0.0312), shown_p(None)
    ('< 0.0001', '0.0312', '-')
    """
    if value is None:
        return "-"
    return "< 0.0001" if value < 1e-4 else f"{value:.4f}"


def _opened(path: str | os.PathLike[str] | Run) -> Sequence[Run]:
    if isinstance(path, Run):
        return [path]
    folder = Path(path)
    if is_series(folder):
        return load_series(folder).runs
    return [load_run(folder / BEST if is_tuning(folder) else folder)]


def _same_data(runs: Sequence[Run]) -> str:
    """The name of the data that all are trained on."""
    names = [run.config.dataset or run.config.data or "data" for run in runs]
    for run, name in zip(runs, names, strict=True):
        if name != names[0]:
            raise ValueError(
                f"runs on different data are not comparable: {str(runs[0].path)!r} is trained on "
                f"{names[0]}, {str(run.path)!r} on {name}"
            )
        if run.facts.class_names != runs[0].facts.class_names:
            raise ValueError(
                f"runs with different classes are not comparable: {str(runs[0].path)!r} and "
                f"{str(run.path)!r}"
            )
    return names[0]


def _accuracies(runs: Sequence[Run]) -> dict[str, Accuracies]:
    found = accuracies_of(runs)
    if not found:
        raise ValueError(
            f"{str(runs[0].path)!r} was judged on no split: there is nothing to compare"
        )
    return found


def _place(found: Setting) -> tuple[bool, float, str]:
    """By which settings are sorted. A test split sorts nothing: it is not to be chosen by."""
    validated = found.accuracies.get("validation")
    return validated is None, 0.0 if validated is None else -validated.mean, found.name


def _order(settings: Sequence[Setting]) -> str:
    missing = ["validation" not in found.accuracies for found in settings]
    if all(missing):
        return "Sorted by name: none was validated."
    last = " Those without validation come last, by name." if any(missing) else ""
    return f"Sorted by accuracy on validation, the best first.{last}"


def _split(settings: Sequence[Setting], split: str | None) -> str:
    if split is not None:
        return split
    folded = any(run.config.folds for found in settings for run in found.runs)
    tested = all("test" in found.accuracies for found in settings)
    return "test" if tested and not folded else "validation"


def _judged(found: Setting, split: str) -> dict[tuple[int, int], JudgedNodes]:
    """Seed and fold to what the run of a setting gets right."""
    judged = {}
    for run in found.runs:
        key = (run.config.seed or 0, run.config.fold or 0)
        if key in judged:
            raise ValueError(
                f"two runs of the setting {found.name!r} have the seed {key[0]}: leave one of them "
                f"out; {str(run.path)!r} is one"
            )
        judged[key] = judged_nodes(run, split)
    return judged


def _pair(
    one: str,
    other: str,
    first: dict[tuple[int, int], JudgedNodes],
    second: dict[tuple[int, int], JudgedNodes],
) -> Pair:
    shared = sorted(first.keys() & second.keys())
    if not shared:
        raise ValueError(f"{one!r} and {other!r} have no seed in common")
    accuracies = [[runs[key].accuracy for key in shared] for runs in (first, second)]
    wins, losses, p_nodes = over_nodes(_counts(first, shared), _counts(second, shared))
    difference = float(np.mean(accuracies[0]) - np.mean(accuracies[1]))
    p_seeds = over_seeds(*accuracies)
    return Pair(one, other, len(shared), difference, wins, losses, p_nodes, p_seeds)


def _counts(
    runs: dict[tuple[int, int], JudgedNodes], shared: Sequence[tuple[int, int]]
) -> dict[str, int]:
    counts: dict[str, int] = {}
    for key in shared:
        for node, right in runs[key].right.items():
            counts[node] = counts.get(node, 0) + right
    return counts


def _notes(settings: Sequence[Setting], pairs: Sequence[Pair]) -> list[str]:
    notes = [
        "p of nodes: would other nodes say the same (exact McNemar test, of several seeds with the "
        "differences of each node); p of seeds: would other seeds (paired t test)."
    ]
    if len(pairs) > 1:
        notes.append(f"Both are by Holm's method for {len(pairs)} pairs.")
    if any(len(found.runs) == 1 for found in settings):
        notes.append("A setting with one run has no standard error: train it by --seeds 5.")
    if any(run.config.folds for found in settings for run in found.runs):
        notes.append("Folds share nodes to train on, so their p of seeds is somewhat too small.")
    return notes


def _columns(rows: Sequence[Sequence[str]]) -> list[str]:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    ]
