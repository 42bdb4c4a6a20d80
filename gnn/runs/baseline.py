"""What the graph is worth to a run: the same model without it, trained and judged beside it."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from gnn.evaluation.intervals import paired_difference
from gnn.evaluation.judgement import Judgement
from gnn.graphs.graph import Graph
from gnn.models.inference.layerwise_evaluation import judged_nodes
from gnn.runs.data_loading import load_data
from gnn.runs.fitting import fit
from gnn.runs.preparing import Prepared
from gnn.runs.recipes import resolve
from gnn.runs.run_config import NETWORK_NAMES, RunConfig
from gnn.training.seeding import as_in_new_process

# Options of the graph, of a network, or of a run as a whole: none that a perceptron shares.
_NOT_SHARED = ("model", "baseline", "calibrate", "inference")
# What a perceptron shares with a network, whose other options are those of its paper.
_SHARED_WITH_NETWORKS = ("loss", "class_weight", "epochs")


def baseline_config(config: RunConfig, graph: Graph, *, encoded: bool) -> RunConfig:
    """The configuration of the model without the graph.

    A run with `start_from` has none: its weights were trained longer than by its own epochs.

    It is the recipe's perceptron, with the same data and seed. Of a run that predicts from features
    alone, it also has every option that it has a use for: then the two differ by the graph. A graph
    network has options of its own paper, and is compared with the recipe's perceptron. It has no
    more epochs than the run.

    Args:
        config: resolved, of a run that uses a graph.
        graph: encoded, with all splits.
        encoded: whether an encoder of columns has standardized the features.

    Example:

    >>> graph = Graph.from_edges([0], [1], np.eye(2), labels=[0, 1], splits={"train": [0, 1]})
    >>> config = resolve(RunConfig(model="graph-regularization", hidden_units=(9,)), graph)
    >>> found = baseline_config(config, graph, encoded=False)
    >>> found.model, found.hidden_units, found.multiplier
    ('mlp', (9,), None)
    """
    groups = {field.name: field.metadata["group"] for field in dataclasses.fields(RunConfig)}
    given = config.to_dict()
    common = {
        name: value
        for name, value in given.items()
        if groups[name] not in ("model", "loss", "training") or name in ("recipe", "seed")
    }
    plain = resolve(RunConfig(**{**common, "model": "mlp"}), graph, encoded=encoded)
    usable = {*plain.to_dict(), "class_weight"} - {*_NOT_SHARED, *common}
    if config.model in NETWORK_NAMES:
        usable &= set(_SHARED_WITH_NETWORKS)
        # A run that is to be short is not held up.
        given["epochs"] = min(config.epochs or 1, plain.epochs or 1)
    shared = {name: given[name] for name in usable if name in given}
    return resolve(RunConfig(**{**common, **shared, "model": "mlp"}), graph, encoded=encoded)


def lift(
    prepared: Prepared, judgements: Mapping[str, Judgement], state: Path, progress: bool = False
) -> dict[str, Any] | None:
    """Trains the model without the graph, and compares it with that of the run.

    Args:
        prepared: what the run started from.
        judgements: of the run on its splits.
        state: the folder of the snapshots of this training; what is there is carried on.
        progress: whether to show a bar on a terminal.

    Returns:
        `split` (`"test"`, or else `"validation"`), `nodes`, the accuracies `with_graph` and
        `without_graph`, their `difference`, its `interval` (`gnn.evaluation.paired_difference`),
        and `helps`: whether the interval lies above 0. None where no split is judged. The interval
        is over the nodes: how far another seed of either training would move it is not in it.
    """
    splits = [name for name in ("test", "validation") if name in judgements]
    if not splits:
        return None
    split = splits[0]
    config = baseline_config(prepared.config, prepared.graph, encoded=prepared.encoder is not None)
    graph = prepared.graph
    if prepared.config.scaling == "rows" and config.scaling != "rows":
        # The graph was read with the rows of a network.
        graph = dataclasses.replace(graph, features=load_data(config).graph.features)
    with as_in_new_process(config.seed or 0):
        judge = fit(config, graph, state, progress).judge
        (_, logits) = judge.measure([split])[split]
    assert graph.labels is not None
    one = judgements[split].right
    other = logits.argmax(axis=1) == graph.labels[judged_nodes(graph, split)]
    difference, low, high = paired_difference(one, other)
    return {
        "split": split,
        "nodes": len(one),
        "with_graph": float(np.mean(one)),
        "without_graph": float(np.mean(other)),
        "difference": difference,
        "interval": [low, high],
        "helps": low > 0,
    }
