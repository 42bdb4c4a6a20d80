"""The options of a training run: one definition, for Python, the command line and a file."""

from __future__ import annotations

import dataclasses
import os
import typing
from collections.abc import Mapping
from typing import Any

from gnn.configs import DistanceType
from gnn.configs.graph import AUTO
from gnn.runs.config_files import OptionError, read_options
from gnn.runs.data_options import DataOptions, option
from gnn.runs.option_values import checked_option

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
DISTILLED = "distilled"
MODELS = (*NETWORK_NAMES, "graph-regularization", DISTILLED, "mlp")
RECIPES = ("citation", "general")
LOSSES = (
    "sparse_categorical_crossentropy",
    "categorical_focal_crossentropy",
    "categorical_hinge",
)
BALANCED = "balanced"
ALL_NEIGHBORS = -1
EXACT, SAMPLED = INFERENCE = ("exact", "sampled")


@dataclasses.dataclass(frozen=True, kw_only=True)
class RunConfig(DataOptions):
    """What to train on, what, how, and where the result goes.

    An option that is None is taken from the recipe (`gnn.runs.recipes`), which goes by model
    and data. Construction checks types and ranges and converts nothing but lists to tuples and
    whole numbers to floats where a float is meant.

    Attributes:
        dataset, data, ...: what to train on; see `gnn.runs.data_options.DataOptions`.
        model: a graph network, as `"gcn"` or `"gat"` (`NETWORK_NAMES`), `"graph-regularization"`,
            `"distilled"` or `"mlp"`.
        teacher: what a distilled model learns from: a graph network, which is trained first, or the
            folder of a finished run on the same data.
        temperature: of its soft labels; see `gnn.distill`.
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
        class_weight: `"balanced"` lets each class weigh the same in the loss, however few labels it
            has; None lets each label.
        multiplier, contrast, distance: of the graph loss; see `gnn.GraphRegConfig`.
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
        calibrate: whether probabilities are served and predicted with the temperature that fits
            validation (`gnn.evaluation.fit_temperature`).
        baseline: whether the same model without the graph is trained too, to say what the graph is
            worth. Where it is not given: of up to 50,000 nodes without images,
            and without `start_from`.
        seed: of the initial weights, dropout, splits and batches.
        start_from: the folder of a finished run, whose weights this one begins with, and whose
            options it takes where they are not given; see `docs/next_week.md`.
        split_seed: of the splits that the data do not have; None: the same as `seed`.
        folds, fold: cross-validation: the nodes to train and to validate on are divided anew into
            so many folds, and the one of this number, from 0, is validated on
            (`gnn.runs.splitting.fold_splits`).
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

    model: str | None = option("model", "the kind of model", choices=MODELS)
    teacher: str | None = option(
        "model", "what a distilled model learns from: a network, or a finished run [gcn]"
    )
    temperature: float | None = option(
        "loss", "of the soft labels of a distilled model [1]", low=0.01
    )
    recipe: str | None = option(
        "model", "where options that are not given come from", choices=RECIPES
    )
    hidden_units: tuple[int, ...] | None = option("model", "widths of the hidden layers", low=1)
    dropout: float | None = option(
        "model", "share of hidden units dropped in training", low=0, below=1
    )
    l2: float | None = option("model", "factor of the squared hidden weights in the loss", low=0)
    backbone: str | None = option(
        "model", "what reads images: small, or a network of keras.applications [small]"
    )
    backbone_weights: str | None = option("model", "a file of weights of the backbone")
    scaling: str | None = option(
        "model", "how features are scaled", choices=("standardize", "rows", "none")
    )
    loss: str | None = option("loss", "the loss, by its Keras name", choices=LOSSES)
    class_weight: str | None = option(
        "loss", "what classes weigh in the loss [as their labels]", choices=(BALANCED,)
    )
    multiplier: float | str | None = option(
        "loss", "weight of the graph loss, or auto: by what the edges say", low=0, words=(AUTO,)
    )
    contrast: float | None = option(
        "loss", "weight of random pairs in the graph loss, which it keeps apart", low=0
    )
    distance: str | None = option(
        "loss", "distance of the graph loss", choices=tuple(kind.value for kind in DistanceType)
    )
    regularize: str | None = option(
        "loss", "what the graph loss compares", choices=("logits", "probabilities")
    )
    learning_rate: float | None = option("training", "learning rate of Adam", low=0)
    epochs: int | None = option("training", "most epochs", low=1)
    patience: int | None = option(
        "training", "epochs without a better validation accuracy that end the run", low=1
    )
    steps_per_epoch: int | None = option(
        "training", "batches of an epoch; 0: once over the data", low=0
    )
    batch_size: int | None = option(
        "training", "labeled nodes of a batch; 0: everything at once", low=0
    )
    fanout: tuple[int, ...] | None = option(
        "training", "neighbors drawn at each hop; -1: all", low=ALL_NEIGHBORS
    )
    unlabeled_batch_size: int | None = option(
        "training", "unlabeled nodes that each batch adds; 0: none", low=0
    )
    inference: str | None = option(
        "training", "how a network is judged: on all neighbors, or fanout", choices=INFERENCE
    )
    calibrate: bool | None = option(
        "training", "serve probabilities with the temperature that fits validation"
    )
    baseline: bool | None = option(
        "training", "train the model without the graph too, and say what the graph is worth"
    )
    seed: int | None = option("training", "seed of weights, dropout, splits, batches", low=0)
    start_from: str | None = option(
        "run", "a finished run whose weights and options this one begins with"
    )
    split_seed: int | None = option(
        "training", "seed of splits that the data do not have [as seed]", low=0
    )
    folds: int | None = option(
        "training", "cross-validation: folds of the nodes to train and to validate on", low=2
    )
    fold: int | None = option(
        "training", "which fold is validated on, from 0 [a run for each]", low=0
    )
    output: str | None = option("run", "the run folder [runs/DATA-MODEL]")
    overwrite: bool | None = option("run", "replace an older run folder")
    resume: bool | None = option("run", "carry on from the last snapshot of a stopped run")
    snapshot_seconds: float | None = option(
        "run", "at most one snapshot in so many seconds [5]", low=0
    )

    def __post_init__(self) -> None:
        kinds = option_types()
        for field in dataclasses.fields(self):
            value = getattr(self, field.name)
            if value is not None:
                value = checked_option(field, kinds[field.name], value)
                object.__setattr__(self, field.name, value)

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
        known = [field.name for field in dataclasses.fields(cls)]
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
