"""What a graph gains: handwritten digits, five labels of each, and simulated search sessions.

    make demo        or        python demo/run.py --help

Three models learn to read digits from 50 labeled images. The first sees nothing else. The other two
also see which images were clicked in the same search session: one is the first model with a loss
that pulls the outputs of such images together, the other a graph convolutional network. All are
judged on new images, which occur in no session. See `gnn.datasets.digits` for the data.

Writes `results.json`, the picture `neighbors.png` and, in `output/`, the regularized model as a
SavedModel and as a `.keras` file.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import platform
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any


@contextlib.contextmanager
def quiet_stderr() -> Iterator[None]:
    """Keeps back what is written to stderr, unless it ends in an error."""
    sys.stderr.flush()
    shown = os.dup(2)
    with tempfile.TemporaryFile() as kept:
        os.dup2(kept.fileno(), 2)
        try:
            yield
        except BaseException:
            os.dup2(shown, 2)
            kept.seek(0)
            sys.stderr.write(kept.read().decode(errors="replace"))
            raise
        finally:
            os.dup2(shown, 2)
            os.close(shown)


# TensorFlow tells what it finds on the machine, some of it whatever the log level.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
with quiet_stderr():
    import keras
    import numpy as np
    import tensorflow as tf
    from tqdm import tqdm

    import gnn
    from gnn.evaluation import nearest_neighbors, neighbor_accuracy
    from gnn.plots import query_sheet

    # Every model is traced once, which TensorFlow takes for the same one traced many times.
    tf.get_logger().setLevel("ERROR")
    tf.zeros([])  # The devices are set up, and told of, by the first operation.

# Chosen on the validation images of seeds 0 and 1; the best epoch of each training is chosen on
# validation images too. The test images choose nothing.
EMBEDDING_UNITS = 32
HIDDEN_UNITS = 64
LEARNING_RATE = 0.01
# For all three. With 0.5 the base model reads 0.7 points more of the validation images, and the
# regularized one 1.7 fewer.
DROPOUT_RATE = 0.2
# Validation accuracy was 96.0% for the cosine of the probabilities (96.5% with a multiplier of 3),
# 91.0% for that of the embeddings and for KL, 88.7% for L2 and 90.0% without the graph. The cosine
# is bounded, so a wrong click, which joins two different digits, pulls only so much; and it does
# not ask for the same length, so neighbors can agree without becoming unsure.
GRAPH_REGULARIZATION = gnn.GraphRegConfig(
    multiplier=1.0, distance_config=gnn.DistanceConfig("cosine")
)
REGULARIZE = "probabilities"
WEIGHT_DECAY = 2.5e-4  # of the GCN's first layer, as in its paper
STEPS_PER_EPOCH = 10
PATIENCE = 10  # epochs

MODELS = {
    "base": "without the graph",
    "regularized": "graph-regularized",
    "gcn": "graph convolutions",
}


def node_model() -> keras.Model:
    """The model that is trained with and without the graph: pixels, embedding, logits."""
    pixels = keras.Input((64,), name="pixels")
    hidden = keras.layers.Dense(HIDDEN_UNITS, activation="relu")(pixels)
    hidden = keras.layers.Dropout(DROPOUT_RATE)(hidden)
    embedding = keras.layers.Dense(EMBEDDING_UNITS, activation="relu", name="embedding")(hidden)
    logits = keras.layers.Dense(10, name="logits")(keras.layers.Dropout(DROPOUT_RATE)(embedding))
    return keras.Model(pixels, logits)


def regularized_model() -> keras.Model:
    """The same model, trained with the graph; it needs none to predict."""
    return gnn.GraphRegularizationModel(
        config=GRAPH_REGULARIZATION, node_model_fn=node_model, regularize=REGULARIZE
    )


def gcn_model() -> keras.Model:
    """A graph convolutional network, which reads the neighbors' pixels too, where there are any."""
    return gnn.GraphConvolutionalNodeClassifier(
        num_classes=10,
        hidden_units=HIDDEN_UNITS,
        dropout_rate=DROPOUT_RATE,
        kernel_regularizer=keras.regularizers.L2(WEIGHT_DECAY),
    )


BUILDERS: dict[str, Callable[[], keras.Model]] = {
    "base": node_model,
    "regularized": regularized_model,
    "gcn": gcn_model,
}


def train(name: str, graph: gnn.Graph, seed: int, epochs: int) -> keras.Model:
    """Trains one model on the 50 labels, and keeps the epoch that does best on validation."""
    keras.utils.set_random_seed(seed)
    model = BUILDERS[name]()
    model.compile(
        optimizer=keras.optimizers.Adam(LEARNING_RATE),
        loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        metrics=["accuracy"],
    )
    # One batch holds all labels and, for the others, all images and edges; an epoch repeats it.
    data = batch_of_features if name == "base" else gnn.data.full_batch
    best_epoch = keras.callbacks.EarlyStopping(
        "val_accuracy", mode="max", patience=PATIENCE, restore_best_weights=True
    )
    model.fit(
        data(graph, "train").repeat(STEPS_PER_EPOCH),
        validation_data=data(graph, "validation"),
        epochs=epochs,
        callbacks=[best_epoch],
        shuffle=False,
        verbose=0,
    )
    return model


def batch_of_features(graph: gnn.Graph, split: str) -> tf.data.Dataset:
    """The images and labels of a split, in one batch, without the graph."""
    rows = graph.split(split)
    return tf.data.Dataset.from_tensors((graph.features["pixels"][rows], graph.labels[rows]))


def predict(name: str, model: keras.Model, graph: gnn.Graph, split: str) -> np.ndarray:
    """The logits of a split; only the GCN is given the graph."""
    data = gnn.data.full_batch if name == "gcn" else batch_of_features
    inputs, _ = next(iter(data(graph, split)))
    return model(inputs, training=False).numpy()


def embed(model: keras.Model, pixels: np.ndarray) -> np.ndarray:
    """The embeddings of images by the base or the regularized model, by their pixels alone."""
    model = getattr(model, "node_model", model)
    embedder = keras.Model(model.input, model.get_layer("embedding").output)
    return embedder(pixels, training=False).numpy()


def session_images(graph: gnn.Graph) -> np.ndarray:
    """The images, labeled or not, that sessions may hold."""
    return np.concatenate([graph.split("train"), graph.split("rest")])


def judge(name: str, model: keras.Model, graph: gnn.Graph) -> dict[str, float]:
    """The figures of one trained model. A GCN here has no embedding of images alone."""
    figures = {}
    for figure, split in {"accuracy": "test", "session_accuracy": "rest"}.items():
        guesses = predict(name, model, graph, split).argmax(axis=1)
        figures[figure] = float(np.mean(guesses == graph.labels[graph.split(split)]))
    if name != "gcn":
        queries, items = graph.split("test"), session_images(graph)
        embeddings = embed(model, graph.features["pixels"])
        figures["neighbor_accuracy"] = neighbor_accuracy(
            embeddings[queries], graph.labels[queries], embeddings[items], graph.labels[items], k=5
        )
    return figures


def summarize(runs: list[dict[str, float]]) -> dict[str, dict[str, Any]]:
    """For each figure its mean over the seeds, the standard error of that, and the values."""
    summary = {}
    for figure in runs[0]:
        values = [run[figure] for run in runs]
        error = np.std(values, ddof=1) / len(values) ** 0.5 if len(values) > 1 else None
        summary[figure] = {
            "mean": float(np.mean(values)),
            "standard_error": None if error is None else float(error),
            "per_seed": values,
        }
    return summary


def table(models: dict[str, Any], seeds: int) -> str:
    """The results as text."""

    def percent(figure: dict[str, Any] | None) -> str:
        if figure is None:
            return "-"
        error = figure["standard_error"]
        return f"{100 * figure['mean']:.1f}" + ("" if error is None else f" ± {100 * error:.1f}")

    figures_of = ("accuracy", "session_accuracy", "neighbor_accuracy")
    heads = ("accuracy in %", "new images", "session images", "5 neighbors", "seconds")
    lines = ["{:<20}{:>14}{:>17}{:>14}{:>10}".format(*heads)]
    for name, figures in models.items():
        cells = [percent(figures.get(figure)) for figure in figures_of]
        seconds_each = f"{figures['seconds']['mean']:.1f}"
        row = (MODELS[name], *cells, seconds_each)
        lines.append("{:<20}{:>14}{:>17}{:>14}{:>10}".format(*row))
    lines += [
        "",
        f"5 labels of each digit, seeds: {seeds}; means ± standard errors. New images occur in no",
        "session and are read by their pixels alone. Session images are unlabeled; the graph",
        "convolutions read their neighbors too. 5 neighbors: the share of the 5 session images",
        "nearest to a new one, by the cosine of embeddings, that show it too. Seconds: to train.",
    ]
    return "\n".join(lines)


def export_and_check(model: keras.Model, graph: gnn.Graph, folder: Path) -> float:
    """Exports and saves the model, runs both copies, and returns how far apart their logits are.

    The SavedModel is run by `serve.py` in another process, where `gnn` cannot be imported.
    """
    pixels = graph.features["pixels"][graph.split("test")]
    expected = model.predict(pixels, batch_size=len(pixels), verbose=0)
    model.save(folder / "regularized.keras")
    loaded = keras.models.load_model(folder / "regularized.keras")
    copies = [loaded.predict(pixels, batch_size=len(pixels), verbose=0)]

    model.export(folder / "regularized")
    with tempfile.TemporaryDirectory() as scratch:
        pixels_file, logits_file = Path(scratch, "pixels.npy"), Path(scratch, "logits.npy")
        np.save(pixels_file, pixels)
        server = [sys.executable, Path(__file__).with_name("serve.py"), folder / "regularized"]
        process = subprocess.run(
            [*server, pixels_file, logits_file], capture_output=True, text=True, check=False
        )
        if process.returncode:
            raise RuntimeError(f"the exported model could not be served:\n{process.stderr}")
        copies.append(np.load(logits_file))
    difference = float(max(np.abs(copy - expected).max() for copy in copies))
    if not difference <= 1e-5:
        raise RuntimeError(
            f"saved and exported logits must agree to 1e-5; they differ by {difference}"
        )
    return difference


def draw_neighbors(models: dict[str, keras.Model], graph: gnn.Graph, path: Path) -> None:
    """Draws new images, one of each digit, beside the session images nearest to them.

    Of each digit it is the image on which the two models differ most, whichever does better.
    """
    pixels, labels = graph.features["pixels"], graph.labels
    queries, items = graph.split("test"), session_images(graph)
    count = 5
    neighbors = {}
    for name, model in models.items():
        embeddings = embed(model, pixels)
        found, _ = nearest_neighbors(embeddings[queries], embeddings[items], k=count)
        neighbors[name] = items[found]
    right = {name: labels[found] == labels[queries][:, None] for name, found in neighbors.items()}
    counts = np.stack([which.sum(axis=1) for which in right.values()])
    difference = counts.max(axis=0) - counts.min(axis=0)
    rows = [
        max(np.flatnonzero(labels[queries] == digit), key=difference.item) for digit in range(10)
    ]
    # A sheet for each model, side by side.
    figure = new_figure(figsize=(10.4, 8.6), layout="constrained")
    for name, axes in zip(models, figure.subplots(1, len(models)), strict=True):
        query_sheet(
            pixels[queries[rows]],
            pixels,
            neighbors[name][rows],
            query_labels=labels[queries[rows]],
            item_labels=labels,
            image_shape=(8, 8),
            cmap="gray_r",
            ax=axes,
        )
        share = f"{100 * right[name].mean():.0f}% right over all {len(queries)} new images"
        axes.set_title(f"{MODELS[name]}\n{share}", fontsize=11)
    figure.suptitle(
        f"New images and the {count} session images nearest to each, by embedding\n"
        "Of each digit the image on which the two models differ most; wrong digits in dashed red",
        fontsize=12.5,
    )
    with whole_file(path) as partial:
        figure.savefig(partial, dpi=120, format="png")


def new_figure(**options: Any) -> Any:
    """A figure of Matplotlib, drawn to files only."""
    try:
        from matplotlib.figure import Figure
    except ImportError as error:
        raise ImportError("the picture needs matplotlib: pip install 'gnn[plots]'") from error
    return Figure(**options)


@contextlib.contextmanager
def whole_file(path: Path) -> Iterator[Path]:
    """Gives another name to write to, which becomes `path` when all is written."""
    partial = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        yield partial
        os.replace(partial, path)
    finally:
        partial.unlink(missing_ok=True)


def parse_arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--seeds", type=int, default=5, help="runs, each on other images and labels"
    )
    parser.add_argument("--epochs", type=int, default=30, help="the most epochs of a training")
    parser.add_argument(
        "--output", type=Path, default=Path(__file__).parent, help="the folder to write to"
    )
    parser.add_argument("--quick", action="store_true", help="1 seed and 2 epochs, to try it out")
    arguments = parser.parse_args()
    if arguments.quick:
        arguments.seeds, arguments.epochs = 1, 2
    if arguments.seeds < 1 or arguments.epochs < 1:
        parser.error("--seeds and --epochs must be at least 1")
    return arguments


def main() -> None:
    """Trains, judges, prints, draws, exports and checks."""
    arguments = parse_arguments()
    start = time.perf_counter()
    # What would fail at the end is tried before the work.
    new_figure()
    exports = arguments.output / "output"
    exports.mkdir(parents=True, exist_ok=True)

    runs: dict[str, list[dict[str, float]]] = {name: [] for name in MODELS}
    first: dict[str, keras.Model] = {}
    with tqdm(total=arguments.seeds * len(MODELS), unit="model") as progress:
        for seed in range(arguments.seeds):
            graph = gnn.datasets.digits(labels_per_class=5, seed=seed)
            for name in MODELS:
                progress.set_description(f"seed {seed}, {MODELS[name]}")
                begin = time.perf_counter()
                model = train(name, graph, seed, arguments.epochs)
                seconds = time.perf_counter() - begin
                runs[name].append({**judge(name, model, graph), "seconds": seconds})
                if seed == 0:
                    first[name] = model
                progress.update()

    models = {name: summarize(runs[name]) for name in MODELS}
    graph = gnn.datasets.digits(labels_per_class=5, seed=0)
    with quiet_stderr():
        difference = export_and_check(first["regularized"], graph, exports)
    picture = arguments.output / "neighbors.png"
    draw_neighbors({name: first[name] for name in ("base", "regularized")}, graph, picture)
    gain = models["regularized"]["accuracy"]["mean"] - models["base"]["accuracy"]["mean"]
    seconds = time.perf_counter() - start
    results = {
        "models": models,
        "gain_in_points": 100 * gain,
        "export_largest_difference": difference,
        "seeds": arguments.seeds,
        "epochs": arguments.epochs,
        "seconds": seconds,
        "versions": {
            "gnn": gnn.__version__,
            "keras": keras.__version__,
            "python": platform.python_version(),
            "tensorflow": tf.__version__,
        },
    }
    results_file = arguments.output / "results.json"
    with whole_file(results_file) as partial:
        partial.write_text(json.dumps(results, indent=2) + "\n", encoding="utf-8")

    print(f"\n{table(models, arguments.seeds)}\n")
    print(f"Graph regularization gains {100 * gain:.1f} points on new images.")
    print(f"Exported to {exports}; in another process, without gnn, the logits are the same.")
    print(f"Figures: {results_file}. Picture: {picture}. {seconds:.0f} seconds in all.")


if __name__ == "__main__":
    main()
