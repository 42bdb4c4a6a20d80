"""The rows of a batch that losses and metrics see, an output each."""

from __future__ import annotations

import dataclasses
from collections.abc import Collection, Mapping, Sequence
from typing import Any

import keras
import tensorflow as tf

from gnn.models.base.class_weights import weights_of_classes
from gnn.models.base.labeled_rows import labeled, rows_in_mean

SOLE = ""  # What the output of a model that returns one tensor is called.


@dataclasses.dataclass(frozen=True)
class Supervision:
    """Labels, outputs and weights without the rows that are padding or have no label.

    Attributes:
        labels, outputs, weights: a tensor each, or dicts by output of a model that returns a dict,
            whose outputs may then differ in rows; what was None stays None.
        counts: by output that has a loss, what its loss is a mean over, float32; 0 where no row
            is left.
    """

    labels: Any
    outputs: Any
    weights: Any
    counts: dict[str, tf.Tensor]


def supervision(
    loss: Any,
    labels: Any,
    outputs: Any,
    weights: Any = None,
    mask: tf.Tensor | None = None,
    *,
    has_graph: bool = True,
    class_weights: Sequence[float] | None = None,
) -> Supervision:
    """Leaves out the rows of every output that must not count.

    Dropping rows is exact for any loss and metric, weighted or not, and compiles under XLA.

    Args:
        loss: what `compile` was given.
        labels: a row a row of the outputs; a tensor, which all outputs share, a dict that has
            those of some outputs, or a list of those of all.
        outputs: a tensor or a dict of them.
        weights: sample weights, like the labels.
        mask: bool, the rows that are no padding; None where none is.
        has_graph: whether the batch has the keys of a graph (`labeled` says what for).
        class_weights: None, or what rows of each class weigh.

    Raises:
        TypeError: the outputs are a list.
        KeyError: a loss or labels of an output that the model does not return, or a loss of one
            without labels.
        ValueError: labels by name for an output without one, or class weights beside sample
            weights or labels by output.

    Example:

    >>> kept = supervision("mse", tf.constant([2.0, float("nan")]), tf.constant([1.0, 3.0]))
    >>> kept.labels.numpy().tolist(), kept.outputs.numpy().tolist(), float(kept.counts[""])
    ([2.0], [1.0], 1.0)
    """
    if loss is None and not _fits(labels, outputs):
        # What a `compute_loss` of the user's own makes of its labels is not known.
        rows = None if mask is None else tf.where(mask)[:, 0]
        labels, outputs, weights = (_take(part, rows) for part in (labels, outputs, weights))
        return Supervision(labels, outputs, weights, counts={})
    labels, weights = (
        _as_outputs(labels, outputs, "labels"),
        _as_outputs(weights, outputs, "weights"),
    )
    outputs_by_name = by_output(outputs)
    losses = losses_by_output(loss, outputs)
    labels_by_name = _labels_by_output(labels, outputs_by_name)
    if isinstance(outputs, Mapping):
        _check_labeled(losses, labels_by_name)
    weights_by_name = {
        name: weights.get(name) if isinstance(weights, Mapping) else weights
        for name in outputs_by_name
    }
    if class_weights is not None and (weights is not None or isinstance(labels, Mapping)):
        what = "sample weights" if weights is not None else "labels of several outputs"
        raise ValueError(f"class_weight cannot be given beside {what}: give sample weights alone")
    kept = {}
    for name, output in outputs_by_name.items():
        some = labels_by_name.get(name)
        rows = _rows(some, losses.get(name), mask, has_graph)
        kept[name] = [_take(part, rows) for part in (some, output, weights_by_name[name])]
        if class_weights is not None and some is not None:
            kept[name][2] = weights_of_classes(kept[name][0], class_weights)
    counts = {name: rows_in_mean(losses[name], *kept[name]) for name in losses}
    found = [{name: parts[place] for name, parts in kept.items()} for place in range(3)]
    found[0] = {name: part for name, part in found[0].items() if part is not None}
    if not isinstance(outputs, Mapping):
        return Supervision(found[0].get(SOLE), found[1][SOLE], found[2][SOLE], counts)
    has_weights = weights is not None or class_weights is not None
    return Supervision(found[0] or None, found[1], found[2] if has_weights else None, counts)


def by_output(values: Any) -> dict[str, Any]:
    """Outputs by name; one tensor under the name `SOLE`.

    Raises:
        TypeError: they are a list.

    Example:

    >>> by_output({"logits": 1}), by_output(1)
    ({'logits': 1}, {'': 1})
    """
    if isinstance(values, list | tuple):
        raise TypeError(
            f"the model returns a {type(values).__name__} of {len(values)} outputs; return a dict, "
            "so that labels, losses and metrics find their output by its name"
        )
    return dict(values) if isinstance(values, Mapping) else {SOLE: values}


def losses_by_output(loss: Any, outputs: Any) -> dict[str, Any]:
    """The losses that `compile` was given, by output; those without one are left out.

    As in Keras, a loss without a name is every output's, and a list has one an output.

    Raises:
        KeyError: a loss of an output that the model does not return.
        ValueError: a list of another length.

    Example:

    >>> losses_by_output({"logits": "mse"}, {"logits": 1, "embedding": 2})
    {'logits': 'mse'}
    """
    names = list(by_output(outputs))
    if not isinstance(outputs, Mapping):
        if isinstance(loss, Mapping):
            raise KeyError(
                f"loss names the outputs {sorted(loss)}, but the model returns one output without "
                "a name: give its loss alone, or return a dict"
            )
        return {} if loss is None else {SOLE: loss}
    if isinstance(loss, list | tuple):
        if len(loss) != len(names):
            raise ValueError(
                f"loss is a list of {len(loss)}, but the model returns the outputs {names}: give "
                "a dict of losses by output"
            )
        loss = keras.tree.pack_sequence_as(dict(outputs), list(loss))
    elif not isinstance(loss, Mapping):
        loss = dict.fromkeys(names, loss)
    unknown = sorted(set(loss) - set(names))
    if unknown:
        raise KeyError(f"loss names the outputs {unknown}; the model returns {sorted(names)}")
    return {name: loss[name] for name in names if loss.get(name) is not None}


def labels_of_all(labels: Any, outputs: Any) -> Any:
    """Labels under the name of every output, as Keras' metrics want them.

    Outputs without labels have no metrics either; they get those at hand, which are not read.

    Args:
        labels: of some outputs.
        outputs: of the model.

    Example:

    >>> labels_of_all({"logits": 1}, {"embedding": 0, "logits": 0})
    {'embedding': 1, 'logits': 1}
    """
    if labels is None or not isinstance(outputs, Mapping):
        return labels
    if not isinstance(labels, Mapping):
        return dict.fromkeys(outputs, labels)
    return {name: labels.get(name, next(iter(labels.values()))) for name in outputs}


def check_metrics_labeled(metrics: Collection[str], labels: Any) -> None:
    """Raises where a metric is asked of an output whose labels do not come with the data.

    Raises:
        KeyError: as said.

    Example:

    >>> check_metrics_labeled({"logits"}, {"logits": tf.constant([1])})
    """
    missing = sorted(set(metrics) - set(labels)) if isinstance(labels, Mapping) else []
    if missing:
        raise KeyError(
            f"metrics of the outputs {missing} need labels; got those of {sorted(labels)}"
        )


def _fits(labels: Any, outputs: Any) -> bool:
    """Whether labels are those of the outputs, as far as their names tell."""
    if isinstance(labels, Mapping):
        return isinstance(outputs, Mapping) and set(labels) <= set(outputs)
    return not isinstance(labels, list | tuple) and not isinstance(outputs, list | tuple)


def _as_outputs(values: Any, outputs: Any, what: str) -> Any:
    """A list of values as the outputs are: in their order, or the one; anything else as it is."""
    if not isinstance(values, list | tuple):
        return values
    names = list(by_output(outputs))
    if len(values) != len(names):
        raise ValueError(f"{what} are a list of {len(values)}, but the outputs are {names}")
    if not isinstance(outputs, Mapping):
        return values[0]
    return keras.tree.pack_sequence_as(dict(outputs), list(values))


def _labels_by_output(labels: Any, outputs: Mapping[str, Any]) -> dict[str, Any]:
    if labels is None:
        return {}
    if not isinstance(labels, Mapping):
        return dict.fromkeys(outputs, labels)
    if SOLE in outputs:
        raise ValueError(
            f"labels are a dict of {sorted(labels)}, but the model returns one output without a "
            "name: give its labels alone, or return a dict"
        )
    unknown = sorted(set(labels) - set(outputs))
    if unknown:
        raise KeyError(f"labels name the outputs {unknown}; the model returns {sorted(outputs)}")
    return dict(labels)


def _check_labeled(losses: Mapping[str, Any], labels: Mapping[str, Any]) -> None:
    missing = sorted(set(losses) - set(labels))
    if missing:
        raise KeyError(
            f"losses of the outputs {missing} need labels; got those of {sorted(labels)}"
        )


def _rows(labels: Any, loss: Any, mask: tf.Tensor | None, has_graph: bool) -> tf.Tensor | None:
    """The rows that count, int64; None for all."""
    known = None if labels is None else labeled(labels, loss, has_graph)
    if mask is not None and known is not None:
        known = tf.logical_and(mask, known)
    counted = mask if known is None else known
    return None if counted is None else tf.where(counted)[:, 0]


def _take(values: Any, rows: tf.Tensor | None) -> Any:
    if rows is None:
        return values
    return keras.tree.map_structure(lambda x: tf.gather(x, rows), values, none_is_leaf=False)
