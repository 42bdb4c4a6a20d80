"""Training in chunks of steps until the validation data say that nothing gets better."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence

import keras
import numpy as np

from gnn.cotraining.cotrain_config import FitConfig


@dataclasses.dataclass(frozen=True)
class Fitted:
    """How a training went.

    Attributes:
        steps: those that were done.
        best_step: the one whose weights were kept.
        best_score: its score; None without validation data.
        losses: the mean training loss of each chunk of steps.
    """

    steps: int
    best_step: int
    best_score: float | None
    losses: tuple[float, ...] = ()


def until_no_better(
    run: Callable[[int], tuple[float, float | None]],
    variables: Sequence[keras.Variable],
    config: FitConfig,
    perfect: float | None = None,
) -> Fitted:
    """Trains, and leaves the variables as they were at the best step.

    As in the code of Stretcu et al., training goes on until `patience` steps have brought nothing
    better, with a least and a most number of steps; of equal scores the first is the best.

    Args:
        run: a function of the number of the chunk, which does `config.evaluate_every` steps and
            returns their mean loss and the score on the validation data, or None where there are
            none: then there are `min_steps` steps, and the last weights stay.
        variables: those kept.
        config: how long.
        perfect: a score that cannot be bettered: it ends the training, after `min_steps`.

    Example:

    >>> weight = keras.Variable(0.0)
    >>> def run(chunk):
    ...     weight.assign(chunk)
    ...     return 0.0, -abs(chunk - 3.0)
    >>> config = FitConfig(min_steps=1, patience=4, evaluate_every=1)
    >>> fitted = until_no_better(run, [weight], config)
    >>> fitted.steps, fitted.best_step, float(weight)
    (8, 4, 3.0)
    """
    steps, best_step = 0, 0
    best_score: float | None = None
    losses: list[float] = []
    kept: list[np.ndarray] = []
    while steps < config.max_steps:
        loss, score = run(len(losses))
        losses.append(loss)
        steps += config.evaluate_every
        if score is None:
            if steps >= config.min_steps:
                break
            continue
        if best_score is None or score > best_score:
            best_step, best_score = steps, score
            kept = [variable.numpy() for variable in variables]
        if steps >= config.min_steps and best_score == perfect:
            break
        if steps >= max(config.min_steps, best_step + config.patience):
            break
    if not kept:
        return Fitted(steps, steps, None, tuple(losses))
    for variable, value in zip(variables, kept, strict=True):
        variable.assign(value)
    return Fitted(steps, best_step, best_score, tuple(losses))
