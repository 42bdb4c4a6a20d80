"""Beginning with the weights of another model: by name, with slots that are new."""

from __future__ import annotations

import collections
import dataclasses
import re
from collections.abc import Iterable
from typing import Any

import keras
import numpy as np

_COUNT = re.compile(r"_\d+$")
# Weights of attention say what a class counts when neighbors are compared: a new one, nothing.
_ATTENTION = "attention"


@dataclasses.dataclass(frozen=True)
class WarmStart:
    """What `warm_start` did, by the names of variables.

    Attributes:
        copied: as they were.
        grown: with slots that are new: name -> shapes before and now.
        fresh: of the new model alone; they stay as they are.
        unused: of the old model alone.
    """

    copied: tuple[str, ...] = ()
    grown: dict[str, tuple[tuple[int, ...], tuple[int, ...]]] = dataclasses.field(
        default_factory=dict
    )
    fresh: tuple[str, ...] = ()
    unused: tuple[str, ...] = ()

    def __str__(self) -> str:
        """One line for a person to read."""
        parts = [f"{len(self.copied)} variables as they were"]
        parts += [f"{k} of {list(a)} now {list(b)}" for k, (a, b) in self.grown.items()]
        for names, what in ((self.fresh, "fresh"), (self.unused, "not used")):
            parts += [f"{what}: {', '.join(names)}"] if names else []
        return "; ".join(parts)


def warm_start(
    model: keras.Model, old_model: keras.Model, *, inputs: Any = None, outputs: Any = None
) -> WarmStart:
    r"""Gives a model the weights of another one, where their layers are called alike.

    Layers are matched by name. Where the names of the two models differ, the numbers that Keras
    appends (`dense_3`) do not count, and layers of one kind are matched in their order. The
    statistics of `Normalization` layers are copied, too.

    With new columns of features (`inputs`), the kernel `[width, units]` of the first layer takes

        new[i] = old[inputs[i]], and 0 where inputs[i] is -1.

    A variable is known by its shape: slots count where a width changes, which they have to explain.
    Columns in another order, or one in place of another, at the same width, are an error.

    So a new column changes no output at the start; it learns from the first step on, since its
    gradient does not depend on its weight. A new class (-1 in `outputs`) has logits that are the
    mean of those of the old classes: theirs stay as they are, and none is predicted less than it.
    Its other parameters, as those of attention, are 0.

    Args:
        model: the new one, built.
        old_model: the old one, built; it is not changed.
        inputs: `[new width]`, for each column the old one whose weights it takes, or -1. None: the
            columns are those of the old model.
        outputs: `[new classes]`, likewise.

    Returns:
        What was copied.

    Raises:
        ValueError: a model has no weights yet, no layer is called alike, two shapes differ in
            another way than `inputs` and `outputs` say, or these say more than that slots stay
            where no width changes. Nothing is changed then.

    Example:

    >>> def perceptron(width, classes):
    ...     layers = [keras.layers.Dense(2, name="hidden"), keras.layers.Dense(classes, name="out")]
    ...     return keras.Sequential([keras.Input((width,)), *layers])
    >>> old, new = perceptron(2, 2), perceptron(3, 2)
    >>> print(warm_start(new, old, inputs=[0, 1, -1]))
    3 variables as they were; hidden/kernel of [2, 2] now [3, 2]
    >>> row = np.float32([[1, 2]])
    >>> same = old(row) - new(np.float32([[1, 2, 5]]))
    >>> float(np.abs(same).max())
    0.0
    """
    slots = {
        name: _slots(name, given) for name, given in (("inputs", inputs), ("outputs", outputs))
    }
    for name, each in (("model", model), ("old_model", old_model)):
        if not each.weights:
            raise ValueError(f"{name} must be built, and has no weights: call it on a batch")
    ours, theirs = _matched(model.weights, old_model.weights)
    if not ours.keys() & theirs.keys():
        raise ValueError(
            f"no layer of model is called as one of old_model: {sorted(ours)[:5]}, and "
            f"{sorted(theirs)[:5]}"
        )
    values, copied, grown = {}, [], {}
    used: set[str] = set()
    for name in ours.keys() & theirs.keys():
        old = keras.ops.convert_to_numpy(theirs[name])
        shape = tuple(ours[name].shape)
        values[name], of_these = _grown(name, old, shape, slots["inputs"], slots["outputs"])
        used |= of_these
    for name, given in slots.items():
        if given is not None and name not in used and (given != np.arange(given.size)).any():
            raise ValueError(
                f"{name} must be 0, 1, 2, ... where they change no width, got {given.tolist()}: "
                "another order of as many does not show in the shapes of variables"
            )
    for name, variable in ours.items():
        if name in values:
            before = tuple(theirs[name].shape)
            variable.assign(values[name])
            if before == values[name].shape:
                copied.append(name)
            else:
                grown[name] = (before, values[name].shape)
    _copy_statistics(model, old_model)
    return WarmStart(
        tuple(copied),
        grown,
        tuple(name for name in ours if name not in theirs),
        tuple(name for name in theirs if name not in ours),
    )


def _slots(name: str, given: Any) -> np.ndarray | None:
    if given is None:
        return None
    found = np.asarray(given)
    if found.ndim != 1 or found.dtype.kind not in "iu" or (found.size and found.min() < -1):
        raise ValueError(f"{name} must be a list of old places, or -1 for new ones, got {given!r}")
    return found


def _matched(ours: Any, theirs: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    """The variables of two models by names that are the same where they belong together."""
    exact = [_named(variables, False) for variables in (ours, theirs)]
    if exact[0].keys() == exact[1].keys():
        return exact[0], exact[1]
    return _named(ours, True), _named(theirs, True)


def _named(variables: Iterable[Any], without_count: bool) -> dict[str, Any]:
    """By the names of layer and variable, `#2` after the second of a name."""
    found: dict[str, Any] = {}
    seen: collections.Counter[str] = collections.Counter()
    for variable in variables:
        *_, layer, name = ["", *variable.path.split("/")][-2:]
        key = f"{_COUNT.sub('', layer) if without_count else layer}/{name}"
        seen[key] += 1
        found[key if seen[key] == 1 else f"{key}#{seen[key]}"] = variable
    return found


def _grown(
    name: str,
    old: np.ndarray,
    shape: tuple[int, ...],
    inputs: np.ndarray | None,
    outputs: np.ndarray | None,
) -> tuple[np.ndarray, set[str]]:
    """A variable's old values in its new shape, and which of the slots it took."""
    used: set[str] = set()
    if old.shape == shape:
        return old, used
    values = old
    last = len(shape) - 1
    for axis, (before, now) in enumerate(zip(old.shape, shape, strict=False)):
        if before == now:
            continue
        fits = {
            what: slots
            for what, slots in (("inputs", inputs), ("outputs", outputs))
            if slots is not None and len(slots) == now and slots.max(initial=-1) < before
        }
        # A kernel's last axis is of its outputs; where it is the only one, it is of a bias.
        first_choice = "outputs" if axis == last else "inputs"
        what = first_choice if first_choice in fits else next(iter(fits), None)
        if what is None or len(old.shape) != len(shape):
            break
        slots = fits[what]
        used.add(what)
        is_output = what == "outputs" and axis == last and _ATTENTION not in name.split("/")[-1]
        known = np.take(values, np.maximum(slots, 0), axis=axis)
        mean = values.mean(axis=axis, keepdims=True)
        fresh = mean if is_output else np.zeros_like(mean)
        is_new = (slots < 0).reshape([-1 if k == axis else 1 for k in range(len(shape))])
        values = np.where(is_new, fresh, known).astype(old.dtype)
    if values.shape != shape:
        raise ValueError(
            f"{name} has the shape {list(shape)}, and in old_model {list(old.shape)}: models of "
            "the same layers are needed; inputs and outputs say which columns and classes are new"
        )
    return values, used


def _copy_statistics(model: keras.Model, old_model: keras.Model) -> None:
    """Of `Normalization` layers that were given theirs, which are no variables."""
    old = {layer.name: layer for layer in _normalizations(old_model)}
    for layer in _normalizations(model):
        before = old.get(layer.name)
        if before is not None and before.mean.shape == layer.mean.shape:
            layer.input_mean, layer.input_variance = before.input_mean, before.input_variance
            layer.mean, layer.variance = before.mean, before.variance


def _normalizations(model: keras.Model) -> list[Any]:
    return [
        layer
        for layer in model._flatten_layers(include_self=False)
        if isinstance(layer, keras.layers.Normalization) and layer.input_mean is not None
    ]
