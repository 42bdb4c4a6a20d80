"""What has to be the same for a co-training to be carried on."""

from __future__ import annotations

import dataclasses
import zlib
from typing import Any

import keras
import numpy as np
from scipy import sparse

from gnn.cotraining.cotrain_config import CoTrainConfig
from gnn.graphs.graph import Graph
from gnn.graphs.known_labels import known_labels, labeled_nodes
from gnn.models.agreement.belief_agreement import BeliefAgreement
from gnn.training.model_state import describe


def describe_job(
    config: CoTrainConfig, graph: Graph, classifier: Any, agreement: Any
) -> dict[str, Any]:
    """A co-training by the names of its parts: two of equal descriptions go through equal rounds.

    Args:
        config: the settings, of which the number of rounds may differ.
        graph: the graph, by checksums of its arrays.
        classifier: a built classifier, by its kind and the shapes of its weights.
        agreement: the same of an agreement model; None without one.

    Returns:
        Strings and numbers, as JSON has them.
    """
    settings = dataclasses.asdict(config)
    del settings["rounds"]
    found: dict[str, Any] = {f"config.{key}": str(value) for key, value in settings.items()}
    if isinstance(agreement, BeliefAgreement):
        found["agreement: prior"] = agreement.prior
    for name, model in (("classifier", classifier), ("agreement", agreement)):
        found[name] = type(model).__name__
        weights = [] if model is None else model.weights
        found[f"{name}: shapes of the weights"] = str([tuple(w.shape) for w in weights])
        if isinstance(model, keras.Model):
            found |= {
                f"{name}: {key}": value
                for key, value in describe(model).items()
                if isinstance(value, str | int | float)
            }
    return found | _checksums(graph)


def _checksums(graph: Graph) -> dict[str, int]:
    """Of all that is looked at: labels of test nodes, for one, are not."""
    parts: dict[str, Any] = {
        "graph.senders": graph.senders,
        "graph.receivers": graph.receivers,
        "graph.weights": graph.weights,
        "graph.labels of train": known_labels(graph, "train"),
    }
    for name in ("train", "validation", "test"):
        if name in graph.splits:
            parts[f"graph.splits.{name}"] = graph.split(name)
    if "validation" in graph.splits:
        parts["graph.labels of validation"] = labeled_nodes(graph, "validation")[1]
    for name, feature in graph.features.items():
        if isinstance(feature, sparse.csr_array | sparse.csr_matrix):
            parts[f"graph.features.{name}"] = feature.data
            parts[f"graph.features.{name}.indices"] = feature.indices
            parts[f"graph.features.{name}.indptr"] = feature.indptr
        else:
            parts[f"graph.features.{name}"] = feature
    return {name: zlib.crc32(np.ascontiguousarray(part).tobytes()) for name, part in parts.items()}
