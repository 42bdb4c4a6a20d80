"""Steps that are fed ids, and look the features up in a table where the model is."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import keras
import tensorflow as tf

from gnn.data.by_id import ById, dataset_by_id, form_of, whole_inputs
from gnn.models.base.data_checks import inputs_of

# Of so many graphs at most a function keeps what was traced for each, and its table.
_MOST_KEPT = 3


def on_whole_batches(step: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
    """A `train_step`, `test_step` or `predict_step` that may be fed ids: it sees whole batches.

    Example:

    >>> step = on_whole_batches(lambda model, data: data)
    >>> step(None, (1, 2)), step.takes_ids
    ((1, 2), True)
    """

    @functools.wraps(step)
    def on_whole(model: Any, data: Any) -> Any:
        return step(model, whole_batch(data))

    on_whole.takes_ids = True  # type: ignore[attr-defined]
    return on_whole


def whole_batch(data: Any) -> Any:
    """A batch that came by id with its features; any other as it is.

    Example:

    >>> whole_batch((1, 2))
    (1, 2)
    """
    x, y, sample_weight = keras.utils.unpack_x_y_sample_weight(data)
    if form_of(x) is None:
        return data
    return keras.utils.pack_x_y_sample_weight(whole_inputs(x), y, sample_weight)


class TablesInUse:
    """What the traced functions of a model look features up in, which lives as long as they do.

    A function is traced for each table. The tables of a few graphs are kept, and let go of all
    together with the functions when there are more.
    """

    def __init__(self) -> None:
        self._forms: dict[str, list[ById]] = {}

    def feed(self, model: keras.Model, function: str, x: Any) -> Any:
        """The data that a model is fed with: by id, where data set and model can.

        Args:
            model: the model.
            function: "train", "test" or "predict", whose `..._function` is about to run.
            x: any data.
        """
        if not _can_look_up(model):
            return x
        by_id = dataset_by_id(x)
        if by_id is None:
            return x
        form = form_of(inputs_of(by_id.element_spec))
        assert form is not None
        kept = self._forms.setdefault(function, [])
        if form not in kept:
            if len(kept) == _MOST_KEPT:
                kept.clear()
                setattr(model, f"{function}_function", None)
            kept.append(form)
        return by_id


def _can_look_up(model: Any) -> bool:
    """Whether all steps take ids, as those of a user's own do not, and there is one place."""
    strategy = model.distribute_strategy
    if strategy.num_replicas_in_sync > 1 or isinstance(strategy, tf.distribute.TPUStrategy):
        return False
    steps = (getattr(type(model), f"{name}_step") for name in ("train", "test", "predict"))
    return all(getattr(step, "takes_ids", False) for step in steps)
