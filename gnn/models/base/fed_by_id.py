"""Steps that are fed ids, and look the features up in a table where the model is."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import keras
import tensorflow as tf

from gnn.data.by_id import ById, dataset_by_id, form_of
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
        x, y, sample_weight = keras.utils.unpack_x_y_sample_weight(data)
        form = form_of(x)
        if form is None:
            return step(model, data)
        count = form.num_batches(x)
        if count is None:
            whole = form.inputs(x)
            return step(model, keras.utils.pack_x_y_sample_weight(whole, y, sample_weight))

        def step_of(place: tf.Tensor) -> tf.Tensor:
            whole, rows = form.batch(x, place)
            step(model, (whole, None if y is None else y[rows]))
            return place + 1

        first = tf.zeros([], tf.int32)
        tf.while_loop(lambda place: place < count, step_of, [first], parallel_iterations=1)
        return model.get_metrics_result()

    on_whole.takes_ids = True  # type: ignore[attr-defined]
    return on_whole


class TablesInUse:
    """What the traced functions of a model look features up in, which lives as long as they do.

    A function is traced for each table. The tables of a few graphs are kept, and let go of all
    together with the functions when there are more.
    """

    def __init__(self) -> None:
        self._forms: dict[str, list[ById]] = {}

    def feed(self, model: keras.Model, function: str, x: Any, at_once: int = 1) -> Any:
        """The data that a model is fed with: by id, where data set and model can.

        Args:
            model: the model.
            function: "train", "test" or "predict", whose `..._function` is about to run.
            x: any data.
            at_once: batches of an element.
        """
        if not _can_look_up(model):
            return x
        by_id = dataset_by_id(x, at_once)
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
