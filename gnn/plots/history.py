"""The curves of a training."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from gnn.plots.canvas import PALETTE, as_axes

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_VALIDATION = "val_"
# Up to as many epochs each is marked, so that one alone is seen too.
_MARKED_EPOCHS = 20


def history(
    history: Any, *, keys: str | Sequence[str] | None = None, ax: Axes | None = None
) -> Axes:
    """Draws how losses or metrics went over the epochs of a training.

    A key and its `val_` twin have one color: training is solid, validation dashed. One call draws
    what has one scale; for losses and accuracy call it twice, on two axes. Epochs count from 1, as
    Keras prints them.

    Args:
        history: what `fit` returned; its dict of key to a list with a number an epoch; or a list of
            dicts, one an epoch, in which a key may be missing. In the dicts, `"epoch"` may hold the
            number of the epoch, from 0 as Keras has it. Where there are fewer validations than
            epochs (`validation_freq`), they are drawn where they were made.
        keys: one key or several, such as `"accuracy"`, which draws `"val_accuracy"` as well;
            `"val_accuracy"` draws that alone. None takes `"loss"` and all that end in `"_loss"`,
            but of the two graph losses only the scaled one, which is part of the loss.
        ax: where to draw; None makes a figure.

    Returns:
        The axes.

    Raises:
        TypeError: `history` is none of these, or `ax` is no axes.
        KeyError: there is no such key; those there are are named. Or none is a loss, by default.
        ValueError: there are no epochs or no keys, or a key has not one number an epoch.
        ImportError: Matplotlib is not installed.

    Example:

    >>> from matplotlib.figure import Figure
    >>> log = {"loss": [0.9, 0.5], "val_loss": [0.8, 0.6], "accuracy": [0.4, 0.7]}
    >>> ax = history(log, ax=Figure().subplots())
    >>> [line.get_ydata().tolist() for line in ax.lines]
    [[0.9, 0.5], [0.8, 0.6]]
    """
    log, epochs = _read(history)
    pairs = _pairs(log, keys)
    curves = {key: _curve(log, key, epochs) for pair in pairs.values() for key in pair}

    axes = as_axes(ax, (6.4, 4.0))
    from matplotlib.lines import Line2D
    from matplotlib.ticker import MaxNLocator

    marker = "o" if len(epochs) <= _MARKED_EPOCHS else None
    for i, pair in enumerate(pairs.values()):
        for key in pair:
            style = _style(key) | {"color": PALETTE[i % len(PALETTE)], "marker": marker}
            axes.plot(*curves[key], markersize=4, label=key, **style)
    kinds = dict.fromkeys(key.startswith(_VALIDATION) for pair in pairs.values() for key in pair)
    handles = []
    if len(pairs) > 1:
        for i, name in enumerate(pairs):
            handles.append(Line2D([], [], color=PALETTE[i % len(PALETTE)], label=_words(name)))
    if any(kinds):
        shade = PALETTE[0] if len(pairs) == 1 else "0.3"
        for validation in sorted(kinds):
            style = _style(_VALIDATION if validation else "")
            label = "validation" if validation else "training"
            handles.append(Line2D([], [], color=shade, label=label, **style))
    if handles:
        axes.legend(handles=handles, frameon=False)
    if len(epochs) == 1:
        axes.set_xlim(epochs[0] - 1, epochs[0] + 1)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    losses = all(name.endswith("loss") for name in pairs)
    label = "loss" if losses else "value"
    axes.set(xlabel="epoch", ylabel=_words(next(iter(pairs))) if len(pairs) == 1 else label)
    axes.grid(axis="y", color="0.9")
    axes.set_axisbelow(True)
    axes.spines[["top", "right"]].set_visible(False)
    return axes


def _read(history: Any) -> tuple[dict[str, Any], np.ndarray]:
    """Key to values, and the numbers of the epochs, from 1."""
    log, numbers = history, None
    if not isinstance(history, Mapping) and isinstance(getattr(history, "history", None), Mapping):
        log, numbers = history.history, getattr(history, "epoch", None)
    if isinstance(log, Mapping):
        log = dict(log)
    elif isinstance(log, Sequence) and all(isinstance(row, Mapping) for row in log):
        names = dict.fromkeys(name for row in log for name in row)
        log = {name: [row.get(name, np.nan) for row in log] for name in names}
    else:
        raise TypeError(
            "history must be what fit returned, a dict of key to a list, or a list of dicts, one "
            f"an epoch; got {type(history).__name__}"
        )
    numbers = log.pop("epoch", numbers)
    count = max((np.size(values) for values in log.values()), default=0)
    if not count:
        raise ValueError("history must hold at least one epoch, got none")
    if numbers is None:
        numbers = range(count)
    return log, np.asarray(numbers, np.float64) + 1


def _pairs(log: Mapping[str, Any], keys: str | Sequence[str] | None) -> dict[str, list[str]]:
    """What to draw: a name, and the one or two keys of the log that it stands for."""
    if keys is None:
        keys = [key for key in log if key == "loss" or key.endswith("_loss")]
        if "scaled_graph_loss" in keys:
            keys = [key for key in keys if key.removeprefix(_VALIDATION) != "graph_loss"]
        if not keys:
            raise KeyError(f"keys: the history has no loss; name some of {list(log)}")
    pairs: dict[str, list[str]] = {}
    for key in [keys] if isinstance(keys, str) else keys:
        twins = [key] if str(key).startswith(_VALIDATION) else [key, f"{_VALIDATION}{key}"]
        found = [twin for twin in twins if twin in log]
        if not found:
            raise KeyError(f"keys: the history has no {key!r}; it has {list(log)}")
        pair = pairs.setdefault(key.removeprefix(_VALIDATION), [])
        pair += [twin for twin in found if twin not in pair]
    if not pairs:
        raise ValueError(f"keys must name at least one of {list(log)}, got none")
    return pairs


def _curve(log: Mapping[str, Any], key: str, epochs: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The epochs and values of one key."""
    try:
        values = np.asarray(log[key], np.float64)
    except (TypeError, ValueError):
        values = np.asarray(None)  # Of the wrong rank.
    if values.ndim != 1:
        raise ValueError(f"history[{key!r}] must hold one number an epoch, got {log[key]!r}")
    if values.size == epochs.size:
        return epochs, values
    # Keras validates after every epoch that validation_freq divides.
    fits = [epochs[epochs % n == 0] for n in range(2, int(epochs.max()) + 1)]
    fits = [some for some in fits if some.size == values.size]
    if len({tuple(some) for some in fits}) != 1:
        raise ValueError(
            f"history[{key!r}] must hold one number an epoch: got {values.size} for "
            f"{epochs.size} epochs"
        )
    return fits[0], values


def _style(key: str) -> dict[str, Any]:
    if key.startswith(_VALIDATION):
        return {"linestyle": "--", "markerfacecolor": "white"}
    return {"linestyle": "-"}


def _words(key: str) -> str:
    return key.replace("_", " ")
