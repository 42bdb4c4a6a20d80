"""What a finished training leaves in its folder: history, model, SavedModel and a plot."""

from __future__ import annotations

import csv
from pathlib import Path

import keras
import tensorflow as tf

from gnn.files import whole_file
from gnn.graphs.graph import Graph
from gnn.models.export import export_saved_model, sole_input
from gnn.models.node_graph_model import NodeGraphModel
from gnn.runs import run_folder
from gnn.runs.input_columns import image_names
from gnn.runs.reporting import RunLog

History = dict[str, list[float]]


def write_results(
    folder: Path, model: keras.Model, graph: Graph, history: History, say: RunLog
) -> None:
    """Writes all files but the metrics, each whole or not at all.

    Args:
        folder: of the run.
        model: with the weights of the best epoch.
        graph: what it was trained on: the names and widths of the features.
        history: key to a number an epoch.
        say: is told what is left out.

    Raises:
        OSError: a file cannot be written.
    """
    with whole_file(folder / run_folder.HISTORY, overwrite=True) as path:
        _write_history(history, path)
    with whole_file(folder / run_folder.MODEL, overwrite=True) as path:
        model.save(path)
    _export(model, graph, folder / run_folder.SAVED_MODEL)
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


def _export(model: keras.Model, graph: Graph, path: Path) -> None:
    if isinstance(model, NodeGraphModel) and model.requires_graph:
        model.export(path)
        return
    images = image_names(graph)
    specs = {
        name: tf.TensorSpec(
            [None, *feature.shape[1:]], tf.uint8 if name in images else tf.float32, name=name
        )
        for name, feature in graph.features.items()
    }
    export_saved_model(model, path, specs, dict if len(specs) > 1 else sole_input)


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
