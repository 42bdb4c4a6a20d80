"""What a search has found so far: its best trial, a line of each, and the summary of all."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from gnn.runs.figure_texts import nodes_text
from gnn.runs.run import Run
from gnn.runs.trial_log import TrialLog, results, setting, why_failed

if TYPE_CHECKING:
    import optuna


def best_trial(log: TrialLog) -> optuna.trial.FrozenTrial:
    """The complete trial of the highest accuracy; of several, that of the lowest loss."""
    return max(complete_trials(log), key=lambda trial: (trial.value, -_loss(trial), -trial.number))


def why_none(log: TrialLog) -> str:
    """Why no trial is complete."""
    failed = [trial for trial in log.finished if trial.state.name == "FAIL"]
    return why_failed(failed[-1]) if failed else "all were ended early"


def complete_trials(log: TrialLog) -> list[optuna.trial.FrozenTrial]:
    """Those that were trained to their end."""
    return [trial for trial in log.finished if trial.state.name == "COMPLETE"]


def _loss(trial: optuna.trial.FrozenTrial) -> float:
    losses = [loss for _, loss in results(trial).values()]
    return math.fsum(losses) / len(losses)


def trial_line(log: TrialLog, number: int, trials: int, nodes: int) -> str:
    """How a trial ended, in a line."""
    trial = log.trials[number]
    told = f"trial {number + 1} of {trials}: "
    if trial.state.name == "COMPLETE":
        told += f"validation {judged_text(trial.value or 0.0, nodes)}"
    elif trial.state.name == "PRUNED":
        told += "behind, ended early"
    else:
        told += f"failed: {why_failed(trial)}"
    told += f"; {setting_text(setting(trial))}"
    if complete_trials(log):
        best = best_trial(log)
        told += f"; best {best.value:.4f} (trial {best.number + 1})"
    return told


def judged_text(accuracy: float, nodes: int) -> str:
    """An accuracy, and how sure so few nodes make it."""
    return f"{accuracy:.4f} {nodes_text(accuracy, nodes)}"


def setting_text(values: Mapping[str, Any]) -> str:
    """A setting for a person to read."""
    if not values:
        return "the recipe's setting"
    return ", ".join(
        f"{name} {value:.3g}" if isinstance(value, float) else f"{name} {value}"
        for name, value in values.items()
    )


def search_summary(
    log: TrialLog, best: optuna.trial.FrozenTrial, run: Run, nodes: int
) -> dict[str, Any]:
    """Plain values for JSON; see `gnn.runs.Tuned`."""
    finished = log.finished
    names = {"COMPLETE": "complete", "PRUNED": "ended early", "FAIL": "failed"}
    states = [names[trial.state.name] for trial in finished]
    first = finished[0]
    return {
        "counts": {name: states.count(name) for name in names.values() if name in states},
        "nodes": nodes,
        "best": {
            "number": best.number + 1,
            "setting": setting(best),
            "validation": best.value,
        },
        "default": first.value if first.state.name == "COMPLETE" else None,
        "test": run.metrics.get("test"),
        "trials": [
            {
                "number": trial.number + 1,
                "state": state,
                "setting": setting(trial),
                "validation": trial.value if state == "complete" else None,
                **({"why": why_failed(trial)} if state == "failed" else {}),
                "results": {name: list(found) for name, found in results(trial).items()},
            }
            for trial, state in zip(finished, states, strict=True)
        ],
    }
