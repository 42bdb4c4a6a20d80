"""What a finished training leaves in its folder: history, model, SavedModel and a plot."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from pathlib import Path

import keras
import tensorflow as tf

from gnn.files import whole_file
from gnn.graphs.graph import Graph
from gnn.models.columns.column_encoder import ColumnEncoder
from gnn.models.served_classifier import export_classifier
from gnn.runs import run_folder
from gnn.runs.reporting import RunLog

History = dict[str, list[float]]


def write_results(
    folder: Path,
    model: keras.Model,
    graph: Graph,
    history: History,
    say: RunLog,
    *,
    class_names: Sequence[str],
    encoder: ColumnEncoder | None,
    card: str,
    temperature: float = 1.0,
) -> None:
    """Writes all files but the metrics, each whole or not at all.

    Args:
        folder: of the run.
        model: with the weights of the best epoch.
        graph: what it was trained on: the names and widths of the features.
        history: key to a number an epoch.
        say: is told what is left out.
        class_names: by number.
        encoder: of the columns that the features come from, if they do.
        card: the model card.
        temperature: what logits are divided by before the probabilities that are served.

    Raises:
        OSError: a file cannot be written.
    """
    with whole_file(folder / run_folder.HISTORY, overwrite=True) as path:
        _write_history(history, path)
    with whole_file(folder / run_folder.MODEL, overwrite=True) as path:
        model.save(path)
    with whole_file(folder / run_folder.CARD, overwrite=True) as path:
        path.write_text(card, encoding="utf-8")
    features = {
        name: tf.TensorSpec([None, *feature.shape[1:]], tf.as_dtype(feature.dtype))
        for name, feature in graph.features.items()
    }
    export_classifier(
        folder / run_folder.SAVED_MODEL,
        model,
        class_names,
        encoder=encoder,
        features=features,
        card=card,
        temperature=temperature,
    )
    try:
        _plot(history, folder / run_folder.PLOT)
    except ImportError:
        say("no plot of the training: Matplotlib is not installed (pip install 'gnn[plots]')")


def _write_history(history: History, path: Path) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["epoch", *history])
        epochs = zip(*history.values(), strict=True)
        writer.writerows([number, *row] for number, row in enumerate(epochs, start=1))


def _plot(history: History, path: Path) -> None:
    """Draws losses and accuracies side by side."""
    from matplotlib.figure import Figure

    from gnn.plots.history import history as plot_history

    figure = Figure(figsize=(10, 4), layout="constrained")
    axes = figure.subplots(1, 2)
    plot_history(history, ax=axes[0])
    plot_history(history, keys="accuracy", ax=axes[1])
    with whole_file(path, overwrite=True) as partial:
        figure.savefig(partial, format="png", dpi=120)
