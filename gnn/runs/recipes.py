"""Settings that are known to work, by model and data, and the models that they describe."""

from __future__ import annotations

import dataclasses
from typing import Any

import keras
from scipy import sparse

from gnn.configs import DistanceConfig, GraphRegConfig
from gnn.configs.graph import AUTO
from gnn.graphs.graph import Graph
from gnn.layers.dense import FeatureDense
from gnn.models.graph_regularization import GraphRegularizationModel
from gnn.runs.calibrating import check_calibrates
from gnn.runs.config_files import OptionError
from gnn.runs.data_options import PLANETOID, TIMES
from gnn.runs.distilled_settings import distilled_settings
from gnn.runs.image_settings import image_settings
from gnn.runs.input_columns import image_names, input_columns, input_model, side_by_side
from gnn.runs.networks import NETWORKS, build_network, hops_of
from gnn.runs.run_config import (
    ALL_NEIGHBORS,
    DISTILLED,
    EXACT,
    MODELS,
    RunConfig,
)

# Above this, an epoch is many batches of sampled neighborhoods instead of the whole graph.
MOST_NODES_AT_ONCE = 50_000
# So that equal outputs for all gain nothing; docs/graph_loss.md has what is measured.
CONTRAST = 1.0

_COMMON: dict[str, Any] = {
    "strict": False,
    "directed": False,
    "validation_share": 0.2,
    "test_share": 0.2,
    "loss": "sparse_categorical_crossentropy",
    "calibrate": False,
    "seed": 0,
    "overwrite": False,
    "snapshot_seconds": 5.0,
}
_NEEDED_BY_RUN = (
    "dataset",
    "data",
    "nodes",
    "labels",
    "edges",
    "sessions",
    "columns",
    "exclude",
    "schema",
    "session_config",
    *TIMES,
    "split",
    "node_time",
    "label_kind",
    "start_from",
    "split_seed",
    "folds",
    "fold",
    "class_weight",
    "output",
    "resume",
)


def resolve(config: RunConfig, graph: Graph, *, encoded: bool = False) -> RunConfig:
    """Fills in what a configuration leaves open.

    Args:
        config: with a model, and a data set or a folder of data.
        graph: the data, with a split `"train"`.
        encoded: whether an encoder of columns has standardized the features.

    Returns:
        The configuration with every option set that the model has a use for.

    Raises:
        OptionError: no model is given, or an option has no use for this model or these data.

    Example:

    >>> import numpy as np
    >>> graph = Graph.from_edges([0], [1], np.eye(2), labels=[0, 1], splits={"train": [0, 1]})
    >>> resolve(RunConfig(data="folder", model="mlp"), graph).hidden_units
    (64,)
    """
    if config.model is None:
        raise OptionError(f"model must be given: one of {list(MODELS)}")
    recipe = config.recipe or ("citation" if config.dataset in PLANETOID else "general")
    makers = {"citation": _citation_settings, "general": _general_settings}
    settings = makers[recipe](config, graph)
    if config.model == DISTILLED:
        settings |= distilled_settings(large=graph.num_nodes > MOST_NODES_AT_ONCE)
    if encoded and config.scaling is None:
        settings["scaling"] = "none"
    if image_names(graph):
        settings |= image_settings(config, graph)
    # It costs a training of seconds, which of large data and of images are none.
    few = graph.num_nodes <= MOST_NODES_AT_ONCE and not image_names(graph)
    settings["baseline"] = few and config.model != "mlp" and config.start_from is None
    if config.baseline and config.model == "mlp":
        raise OptionError("baseline has no use for the model 'mlp', which is it; leave it out")
    if config.baseline and config.start_from is not None:
        raise OptionError(
            "baseline has no use beside start_from: the perceptron has no weights to begin with; "
            "leave it out"
        )
    known = {*settings, *_COMMON, *_NEEDED_BY_RUN, "model", "recipe"}
    useless = [name for name in config.to_dict() if name not in known]
    if useless:
        raise OptionError(f"{useless[0]} has no use for the model {config.model!r}; leave it out")
    resolved = config.over(RunConfig(recipe=recipe, model=config.model, **{**_COMMON, **settings}))
    if config.model not in ("mlp", None) and not graph.num_edges:
        raise OptionError(
            f"the model {config.model!r} learns from edges, and the data have none; take 'mlp', or "
            "add a table of edges or a log"
        )
    if "log" in graph.notes:
        resolved = dataclasses.replace(resolved, session_config=graph.notes["config"])
    check_calibrates(resolved, graph)
    if resolved.scaling == "rows" and config.dataset not in PLANETOID:
        raise OptionError(
            f"scaling='rows' is for the citation graphs {list(PLANETOID)}; take 'standardize' or "
            "'none'"
        )
    if resolved.scaling == "standardize" and _sparse_names(graph):
        raise OptionError(
            f"scaling='standardize' needs dense features; {_sparse_names(graph)[0]!r} is sparse"
        )
    return resolved


def _citation_settings(config: RunConfig, graph: Graph) -> dict[str, Any]:
    """Few labels a class and bags of words: what the papers have, or the validation split chose."""
    if config.model in NETWORKS:
        settings = {
            "scaling": "rows" if config.dataset in PLANETOID else "none",
            "learning_rate": 0.01,
            "epochs": 200,
            "steps_per_epoch": 0,
            "batch_size": 0,
            "multiplier": 0.0,
            "contrast": CONTRAST,
            "distance": "l2",
            "inference": EXACT,
            **NETWORKS[config.model].citation_options(config.dataset),
        }
        hidden = config.hidden_units or settings.get("hidden_units", ())
        hops = hops_of(config.model, hidden, config.dataset)
        return {**settings, "fanout": (ALL_NEIGHBORS,) * hops}
    settings = {
        "hidden_units": (128,),
        "dropout": 0.0,
        "l2": 1e-3,
        "scaling": "none",
        "learning_rate": 0.001,
        "epochs": 200,
        "patience": 80,
        "steps_per_epoch": 10,
        "batch_size": 0,
    }
    if config.model == "graph-regularization":
        settings |= {
            "multiplier": AUTO,
            # By validation, of 0, 0.3 and 1 (docs/benchmarks.md).
            "contrast": 0.3,
            "distance": "l2",
            "regularize": "probabilities",
            # All labeled nodes and 128 others, drawn anew each time, each with all its neighbors.
            "batch_size": len(graph.split("train")),
            "fanout": (ALL_NEIGHBORS,),
            "unlabeled_batch_size": 128,
        }
    return settings


def _general_settings(config: RunConfig, graph: Graph) -> dict[str, Any]:
    """Dense features of any scale and any number of nodes."""
    large = graph.num_nodes > MOST_NODES_AT_ONCE
    network = config.model in NETWORKS
    settings: dict[str, Any] = {
        "hidden_units": (64,),
        "dropout": 0.5 if network else 0.2,
        "l2": 1e-4,
        # The pixels of the digits have one scale already, and some are rarely anything but 0.
        "scaling": "none" if _sparse_names(graph) or config.dataset == "digits" else "standardize",
        "learning_rate": 0.003 if large else 0.01,
        "epochs": 50 if large else 300,
        "patience": 5 if large else 100,
        "steps_per_epoch": 0,
        "batch_size": 512 if large else 0,
    }
    if network:
        name = config.model or ""
        hops = hops_of(name, config.hidden_units or (64,), config.dataset)
        if NETWORKS[name].hops is not None:
            # Networks that look far, however many layers they have, get by with fewer sampled hops.
            hops = min(hops, 3)
        settings |= {"multiplier": 0.0, "contrast": CONTRAST, "distance": "l2"}
        settings |= {"fanout": (10,) * hops}
        settings["inference"] = EXACT
        if config.model == "sgc":
            del settings["hidden_units"]
    if config.model == "graph-regularization":
        settings |= {
            "multiplier": AUTO,
            "contrast": CONTRAST,
            # By validation on the digits: 0.99 against 0.95 with l2.
            "distance": "l1",
            "regularize": "probabilities",
            "fanout": (10,),
            "unlabeled_batch_size": 512 if large else 0,
        }
    return settings


def build_model(config: RunConfig, graph: Graph) -> keras.Model:
    """Makes the model that a resolved configuration describes, not compiled.

    Args:
        config: what `resolve` returned.
        graph: the data: how wide features are, how many classes, and what standardizes them.

    Returns:
        A Keras model from a batch's inputs to logits `[n_rows, num_classes]`. Its last hidden layer
        is what `gnn.runs.Run.embed` reads.

    Example:

    >>> import numpy as np
    >>> graph = Graph.from_edges([0], [1], np.eye(2), labels=[0, 1], splits={"train": [0, 1]})
    >>> build_model(resolve(RunConfig(model="mlp"), graph), graph).output_shape
    (None, 2)
    """
    if config.model in ("mlp", DISTILLED):
        return _perceptron(config, graph)
    if config.model == "graph-regularization":
        return GraphRegularizationModel(
            graph_loss(config),
            lambda: _perceptron(config, graph),
            regularize=config.regularize or "logits",
        )
    encoded = config.scaling == "standardize" or bool(image_names(graph))
    widths = [feature.shape[1] for feature in graph.features.values()]
    return build_network(
        config.model or "",
        config.dataset,
        config.hidden_units or (),
        seq_length=None if encoded else sum(widths),
        num_classes=number_of_classes(graph),
        dropout_rate=config.dropout or 0.0,
        node_model_fn=(lambda: input_model(config, graph)) if encoded else None,
        config=graph_loss(config) if config.multiplier else None,
        kernel_regularizer=_regularizer(config),
    )


def graph_loss(config: RunConfig) -> GraphRegConfig:
    """The settings of the graph loss of a resolved configuration.

    Example:

    >>> graph_loss(RunConfig(multiplier=0.5, distance="l1")).multiplier
    0.5
    """
    return GraphRegConfig(
        multiplier=config.multiplier or 0.0,
        # A run that was begun before there was one has none.
        contrast=config.contrast or 0.0,
        distance_config=DistanceConfig(config.distance),  # type: ignore[arg-type]
    )


def number_of_classes(graph: Graph) -> int:
    """How many classes the labels have: those named, or one more than the largest.

    Example:

    >>> number_of_classes(Graph.from_edges([], [], labels=["cat", "dog", None]))
    2
    """
    assert graph.labels is not None
    if graph.class_names is not None:
        return len(graph.class_names)
    return int(graph.labels.max()) + 1


def _sparse_names(graph: Graph) -> list[str]:
    return [name for name, feature in graph.features.items() if sparse.issparse(feature)]


def _regularizer(config: RunConfig) -> keras.regularizers.Regularizer | None:
    return keras.regularizers.L2(config.l2) if config.l2 else None


def _perceptron(config: RunConfig, graph: Graph) -> keras.Model:
    inputs, columns = input_columns(config, graph)
    # Sparse features stay sparse beside dense ones where a layer takes both.
    mixed = len(columns) > 1 and _sparse_names(graph)
    hidden = columns if mixed and config.hidden_units else side_by_side(columns)
    # Names with a hyphen: no feature has one, and no layer may be called like a feature.
    for depth, width in enumerate(config.hidden_units or (), start=1):
        hidden = FeatureDense(
            width,
            activation="relu",
            kernel_regularizer=_regularizer(config),
            name=f"hidden-{depth}",
        )(hidden)
        if config.dropout:
            hidden = keras.layers.Dropout(config.dropout, name=f"dropout-{depth}")(hidden)
    logits = keras.layers.Dense(number_of_classes(graph), name="to-logits")(hidden)
    return keras.Model(inputs, logits)
