"""The options of a training run: one definition, for Python, the command line and a file."""

from __future__ import annotations

import dataclasses
import math
import os
import typing
from collections.abc import Mapping
from typing import Any

from gnn.configs import DistanceType
from gnn.configs.label_kinds import LABEL_KINDS
from gnn.runs.config_files import OptionError, read_options
from gnn.runs.option_values import checked_option

PLANETOID = ("cora", "citeseer", "pubmed")
DATASETS = (*PLANETOID, "digits", "groceries")
# The graph networks of `gnn.runs.networks`, which the command's flags must know without it.
NETWORK_NAMES = (
    "gcn",
    "sage",
    "gat",
    "gatv2",
    "gin",
    "sgc",
    "appnp",
    "dagnn",
    "gcnii",
    "grand",
)
MODELS = (*NETWORK_NAMES, "graph-regularization", "mlp")
RECIPES = ("citation", "general")
LOSSES = (
    "sparse_categorical_crossentropy",
    "categorical_focal_crossentropy",
    "categorical_hinge",
)
ALL_NEIGHBORS = -1
EXACT, SAMPLED = INFERENCE = ("exact", "sampled")
EDGE_COLUMNS = ("source_column", "target_column", "weight_column")
# How the tables of a folder are read.
OF_FOLDER = (
    "nodes",
    "labels",
    "edges",
    "sessions",
    "columns",
    "exclude",
    "schema",
    "strict",
    *EDGE_COLUMNS,
    "label_kind",
)
# The group of what the command has other flags for.
LOG = "log"


def _option(
    group: str,
    about: str,
    *,
    choices: tuple[str, ...] = (),
    low: float = -math.inf,
    below: float = math.inf,
) -> Any:
    """A field that is None unless it is given, with what a flag and a check need to know."""
    metadata = {"group": group, "about": about, "choices": choices, "low": low, "below": below}
    return dataclasses.field(default=None, metadata=metadata)


@dataclasses.dataclass(frozen=True, kw_only=True)
class RunConfig:
    """What to train on, what, how, and where the result goes.

    An option that is None is taken from the recipe (`gnn.runs.recipes`), which goes by model
    and data. Construction checks types and ranges and converts nothing but lists to tuples and
    whole numbers to floats where a float is meant.

    Attributes:
        dataset: a named data set, such as `"cora"`.
        data: a folder that `gnn.datasets.from_folder` reads, or a folder of images, a graph folder,
            or what `gnn.datasets.read` knows; one of `dataset` and `data`.
        nodes, labels, edges, sessions: which table of the folder is which, by the name of its file;
            without them it shows in their columns.
        source_column, target_column, weight_column: of the edges, where it does not show in their
            names which they are.
        columns: what columns of nodes hold: name to a type, as `gnn.Schema.of` takes them; what is
            not given is guessed.
        exclude: columns of nodes that are left out.
        schema: a YAML or JSON file with what `columns` has, which goes over it.
        strict: whether a malformed row of the folder, or a cell that is none of its type, is an
            error.
        directed: whether the edges of `edges.csv` are taken without their reverses.
        session_config: which edges a log, `sessions.csv`, gives: a dict of fields of
            `gnn.SessionGraphConfig`, or such an object. Without it they are those of
            `gnn.SessionGraphConfig()`.
        label_kind: what the labels of the folder are; see `gnn.datasets.from_folder`. A run trains
            on classes.
        image_size: height and width that the images of a folder get, or one number for both.
        image_channels: 1 for gray, 3 for color; what the images are where it is not given.
        validation_share, test_share: of the labeled nodes, where the data have no such splits.
        model: a graph network, as `"gcn"` or `"gat"` (`NETWORK_NAMES`), `"graph-regularization"` or
            `"mlp"`.
        recipe: `"citation"` or `"general"`: where options that are not given come from.
        hidden_units: widths of the hidden layers.
        dropout: share of hidden units dropped in training.
        l2: factor of the squared weights of hidden layers in the loss.
        backbone: of images: `"small"` (`gnn.layers.SmallConvnet`), or the name of a network of
            `keras.applications` (`gnn.layers.image_backbone`).
        backbone_weights: a file of weights of the latter; nothing is downloaded.
        scaling: `"standardize"` (inside the model), `"rows"` (each row sums to 1; citation graphs
            only) or `"none"`.
        loss: a loss by Keras' name.
        multiplier, distance: of the graph loss; see `gnn.GraphRegConfig`.
        regularize: what the graph loss compares: `"logits"` or `"probabilities"`.
        learning_rate: of Adam.
        epochs: at most so many.
        patience: epochs without a better validation accuracy that end the run.
        steps_per_epoch: batches of an epoch; 0 is once over the data.
        batch_size: labeled nodes of a batch; 0 is the whole graph, or all labeled nodes, at once.
        fanout: neighbors drawn at each hop, for batches of neighborhoods; -1 takes all.
        unlabeled_batch_size: unlabeled nodes that each batch adds; 0 is none.
        inference: `"exact"` or `"sampled"`: whether a network that is judged, or predicts, looks at
            all neighbors, whatever that takes, or at `fanout` of them.
        seed: of the initial weights, dropout, splits and batches.
        output: the run folder.
        overwrite: whether an older run folder is replaced.
        resume: whether to carry on from the last snapshot of a run that was stopped.
        snapshot_seconds: at most one snapshot in so many seconds.

    Raises:
        TypeError: an option has the wrong type.
        OptionError: a ValueError: an option is out of range, or no known name.

    Example:

    >>> RunConfig(dataset="cora", model="gcn", hidden_units=[64, 32]).hidden_units
    (64, 32)
    """

    dataset: str | None = _option("data", "a named data set", choices=DATASETS)
    data: str | None = _option(
        "data", "a folder of tables or images, a graph, or a file of the field"
    )
    nodes: str | None = _option("data", "the table of nodes in the folder")
    labels: str | None = _option("data", "the table of labels in the folder")
    edges: str | None = _option("data", "the table of edges in the folder")
    sessions: str | None = _option("data", "the log in the folder")
    source_column: str | None = _option("data", "the column of edges with the ids they come from")
    target_column: str | None = _option("data", "the column of edges with the ids they go to")
    weight_column: str | None = _option("data", "the column of edges with their weights")
    columns: dict[str, Any] | None = _option(
        "data", "what a column of nodes holds, such as price=number; may be repeated"
    )
    exclude: tuple[str, ...] | None = _option("data", "columns of nodes that are left out")
    schema: str | None = _option("data", "a YAML or JSON file with the types of columns")
    strict: bool | None = _option("data", "make malformed rows and wrong cells an error")
    directed: bool | None = _option("data", "take the edges of edges.csv as directed")
    session_config: dict[str, Any] | None = _option(
        LOG, "which edges a log gives, as fields of gnn.SessionGraphConfig"
    )
    label_kind: str | None = _option(
        "data", "what the labels of the folder are", choices=LABEL_KINDS
    )
    image_size: tuple[int, ...] | None = _option(
        "data", "height and width of the images of the folder, or one for both [64]", low=1
    )
    image_channels: int | None = _option(
        "data", "1 for gray, 3 for color images [as they are]", low=1, below=4
    )
    validation_share: float | None = _option(
        "data", "labeled nodes to validate on, where the data say none", low=0, below=1
    )
    test_share: float | None = _option(
        "data", "labeled nodes to test on, where the data have no splits", low=0, below=1
    )
    model: str | None = _option("model", "the kind of model", choices=MODELS)
    recipe: str | None = _option(
        "model", "where options that are not given come from", choices=RECIPES
    )
    hidden_units: tuple[int, ...] | None = _option("model", "widths of the hidden layers", low=1)
    dropout: float | None = _option(
        "model", "share of hidden units dropped in training", low=0, below=1
    )
    l2: float | None = _option("model", "factor of the squared hidden weights in the loss", low=0)
    backbone: str | None = _option(
        "model", "what reads images: small, or a network of keras.applications [small]"
    )
    backbone_weights: str | None = _option("model", "a file of weights of the backbone")
    scaling: str | None = _option(
        "model", "how features are scaled", choices=("standardize", "rows", "none")
    )
    loss: str | None = _option("loss", "the loss, by its Keras name", choices=LOSSES)
    multiplier: float | None = _option("loss", "weight of the graph loss", low=0)
    distance: str | None = _option(
        "loss", "distance of the graph loss", choices=tuple(kind.value for kind in DistanceType)
    )
    regularize: str | None = _option(
        "loss", "what the graph loss compares", choices=("logits", "probabilities")
    )
    learning_rate: float | None = _option("training", "learning rate of Adam", low=0)
    epochs: int | None = _option("training", "most epochs", low=1)
    patience: int | None = _option(
        "training", "epochs without a better validation accuracy that end the run", low=1
    )
    steps_per_epoch: int | None = _option(
        "training", "batches of an epoch; 0: once over the data", low=0
    )
    batch_size: int | None = _option(
        "training", "labeled nodes of a batch; 0: everything at once", low=0
    )
    fanout: tuple[int, ...] | None = _option(
        "training", "neighbors drawn at each hop; -1: all", low=ALL_NEIGHBORS
    )
    unlabeled_batch_size: int | None = _option(
        "training", "unlabeled nodes that each batch adds; 0: none", low=0
    )
    inference: str | None = _option(
        "training", "how a network is judged: on all neighbors, or fanout", choices=INFERENCE
    )
    seed: int | None = _option("training", "seed of weights, dropout, splits, batches", low=0)
    output: str | None = _option("run", "the run folder [runs/DATA-MODEL]")
    overwrite: bool | None = _option("run", "replace an older run folder")
    resume: bool | None = _option("run", "carry on from the last snapshot of a stopped run")
    snapshot_seconds: float | None = _option(
        "run", "at most one snapshot in so many seconds [5]", low=0
    )

    def __post_init__(self) -> None:
        kinds = option_types()
        for option in dataclasses.fields(self):
            value = getattr(self, option.name)
            if value is not None:
                value = checked_option(option, kinds[option.name], value)
                object.__setattr__(self, option.name, value)

    @classmethod
    def from_dict(cls, values: Mapping[str, Any], source: str = "the configuration") -> RunConfig:
        """Makes a configuration of named values.

        Args:
            values: by the names of the attributes; None is not given.
            source: what to call them in an error, such as the file's name.

        Raises:
            TypeError: as the class, or a name is no string.
            OptionError: as the class, or a name is unknown.

        Example:

        >>> RunConfig.from_dict({"model": "gcn"}).model
        'gcn'
        """
        known = [option.name for option in dataclasses.fields(cls)]
        unknown = [key for key in values if key not in known]
        if unknown:
            raise OptionError(f"{source} has unknown keys {unknown}; the keys are {known}")
        return cls(**values)

    def to_dict(self) -> dict[str, Any]:
        """The options that are not None, as JSON has them.

        Example:

        >>> RunConfig(model="gcn", hidden_units=(64,)).to_dict()
        {'model': 'gcn', 'hidden_units': [64]}
        """
        given = {k: v for k, v in dataclasses.asdict(self).items() if v is not None}
        return {k: list(v) if isinstance(v, tuple) else v for k, v in given.items()}

    def over(self, other: RunConfig) -> RunConfig:
        """These options where they are given, and else those of `other`.

        Example:

        >>> RunConfig(seed=1).over(RunConfig(seed=2, epochs=3)).to_dict()
        {'epochs': 3, 'seed': 1}
        """
        return RunConfig(**{**other.to_dict(), **self.to_dict()})


def option_types() -> dict[str, Any]:
    """The type of each option, without the None: plain, a tuple of one type, `dict[str, Any]`.

    Example:

    >>> option_types()["epochs"]
    <class 'int'>
    """
    hints = typing.get_type_hints(RunConfig)
    return {name: typing.get_args(hint)[0] for name, hint in hints.items()}


def read_config_file(path: str | os.PathLike[str]) -> RunConfig:
    """Reads options from a YAML or JSON file.

    Args:
        path: a file whose name ends in `.json`, `.yaml` or `.yml`, with one mapping from the names
            of `RunConfig`'s attributes to values.

    Raises:
        FileNotFoundError: there is no such file.
        ImportError: it is YAML, and PyYAML is not installed.
        TypeError: it holds no mapping, or an option has the wrong type.
        OptionError: another suffix, a file that cannot be parsed, or as `RunConfig`.
    """
    values = read_options(path)
    try:
        return RunConfig.from_dict(values, str(path))
    except TypeError as error:
        raise TypeError(f"{path}: {error}") from error
    except OptionError as error:
        text = str(error)
        raise OptionError(text if text.startswith(str(path)) else f"{path}: {text}") from error
