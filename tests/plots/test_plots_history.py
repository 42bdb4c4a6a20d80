"""The curves of a training."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import pytest
from matplotlib import pyplot

from gnn.plots import history

LOG = {
    "accuracy": [0.5, 0.75],
    "graph_loss": [8.0, 4.0],
    "loss": [3.0, 2.0],
    "scaled_graph_loss": [0.8, 0.4],
    "val_accuracy": [0.25, 0.5],
    "val_graph_loss": [6.0, 5.0],
    "val_loss": [4.0, 3.5],
}


def curves(ax: Any) -> dict[str, tuple[list[float], list[float], str]]:
    """Key to epochs, values and line style."""
    return {
        line.get_label(): (
            line.get_xdata().tolist(),
            line.get_ydata().tolist(),
            line.get_linestyle(),
        )
        for line in ax.lines
    }


def entries(ax: Any) -> list[str]:
    return [text.get_text() for text in ax.get_legend().get_texts()]


def test_draws_the_losses_that_add_up() -> None:
    ax = history(LOG)
    assert curves(ax) == {
        "loss": ([1, 2], [3.0, 2.0], "-"),
        "val_loss": ([1, 2], [4.0, 3.5], "--"),
        "scaled_graph_loss": ([1, 2], [0.8, 0.4], "-"),
    }
    colors = {line.get_label(): line.get_color() for line in ax.lines}
    assert colors["loss"] == colors["val_loss"] != colors["scaled_graph_loss"]
    assert entries(ax) == ["loss", "scaled graph loss", "training", "validation"]
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("epoch", "loss")


@pytest.mark.parametrize(
    ("keys", "expected", "label"),
    [
        ("accuracy", ["accuracy", "val_accuracy"], "accuracy"),
        (["val_accuracy"], ["val_accuracy"], "accuracy"),
        (["val_loss", "loss"], ["val_loss", "loss"], "loss"),
        (["graph_loss", "loss"], ["graph_loss", "val_graph_loss", "loss", "val_loss"], "loss"),
        (["loss", "accuracy"], ["loss", "val_loss", "accuracy", "val_accuracy"], "value"),
    ],
)
def test_draws_the_keys_named_and_their_twins(keys: Any, expected: list[str], label: str) -> None:
    ax = history(LOG, keys=keys)
    assert list(curves(ax)) == expected
    assert ax.get_ylabel() == label


def test_takes_what_fit_returns() -> None:
    model = keras.Sequential([keras.Input([1]), keras.layers.Dense(1)])
    model.compile("sgd", "mse")
    data = np.ones([2, 1]), np.ones([2, 1])
    fitted = model.fit(*data, epochs=5, initial_epoch=2, verbose=0, validation_data=data)
    ax = history(fitted)
    epochs, values, _ = curves(ax)["loss"]
    assert epochs == [3, 4, 5]  # As Keras numbers them in what it prints.
    assert values == fitted.history["loss"]
    assert entries(ax) == ["training", "validation"]


def test_takes_a_dict_an_epoch_with_gaps() -> None:
    rows = [{"epoch": 4, "loss": 2.0}, {"epoch": 5, "loss": 1.5, "val_loss": 1.75}]
    drawn = curves(history(rows))
    assert drawn["loss"][:2] == ([5, 6], [2.0, 1.5])
    assert np.isnan(drawn["val_loss"][1][0])
    assert drawn["val_loss"][1][1] == 1.75


def test_validations_stand_at_the_epochs_they_were_made() -> None:
    # 7 epochs and 3 validations: Keras makes them after epochs 2, 4 and 6.
    drawn = curves(history({"loss": [7.0, 6, 5, 4, 3, 2, 1], "val_loss": [3.0, 2, 1]}))
    assert drawn["val_loss"][:2] == ([2, 4, 6], [3, 2, 1])


def test_one_epoch_is_seen_and_has_whole_ticks() -> None:
    ax = history({"loss": [0.5]})
    assert ax.lines[0].get_marker() == "o"
    assert all(float(tick).is_integer() for tick in ax.get_xticks())
    assert ax.get_legend() is None


@pytest.mark.parametrize(
    ("log", "keys", "error", "message"),
    [
        ({}, None, ValueError, "history must hold at least one epoch, got none"),
        ([], None, ValueError, "history must hold at least one epoch, got none"),
        ({"loss": []}, None, ValueError, "history must hold at least one epoch, got none"),
        ([1.0, 2.0], None, TypeError, "a list of dicts, one an epoch; got list"),
        (3, None, TypeError, "got int"),
        ({"loss": [1.0]}, "acc", KeyError, r"the history has no 'acc'; it has \['loss'\]"),
        ({"acc": [1.0]}, None, KeyError, r"the history has no loss; name some of \['acc'\]"),
        ({"loss": [1.0]}, [], ValueError, r"keys must name at least one of \['loss'\], got none"),
        ({"loss": [[1.0, 2.0]]}, None, ValueError, r"history\['loss'\] must hold one number an"),
        ({"loss": ["low"]}, None, ValueError, r"history\['loss'\] must hold one number an epoch"),
        # One validation in three epochs may have been made after the second or the third.
        ({"loss": [3, 2, 1], "val_loss": [1]}, None, ValueError, "got 1 for 3 epochs"),
    ],
)
def test_bad_histories_are_refused_and_leave_no_figure(
    log: Any, keys: Any, error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        history(log, keys=keys)
    assert pyplot.get_fignums() == []
