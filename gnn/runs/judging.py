"""How a run's model is measured: on all neighbors, or on sampled ones where it was told so."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from gnn.graphs.graph import Graph
from gnn.models.classifiers.node_classifier import NodeClassifier
from gnn.models.inference.exact import (
    embed_nodes,
    evaluate_nodes,
    fits_at_once,
    needs_graph,
    predict_nodes,
    without_graph_loss,
)
from gnn.models.inference.layerwise import LayerwiseRun
from gnn.models.inference.layerwise_evaluation import judge_layerwise, judged_nodes
from gnn.runs.feeding import evaluation_batches, inference_batches, with_labels_for_loss
from gnn.runs.run_config import EXACT, INFERENCE, NETWORK_NAMES, SAMPLED, RunConfig


class Judge:
    """Measures a run's model on a graph, and lets it predict.

    Args:
        model: the model of a run.
        config: of the run.
        graph: the data.
        inference: `"exact"`, `"sampled"`, or None for what the run is configured to do. Only a
            network that a fanout is known of can sample.
        progress: whether to show a bar on a terminal, where there are many chunks.

    Attributes:
        inference: which of the two it does.

    Raises:
        ValueError: `inference` is neither, or `"sampled"` of a model that looks at no neighbors.
    """

    def __init__(
        self,
        model: keras.Model,
        config: RunConfig,
        graph: Graph,
        inference: str | None = None,
        progress: bool = False,
    ):
        if inference not in (None, *INFERENCE):
            raise ValueError(f"inference must be one of {list(INFERENCE)}, got {inference!r}")
        if inference == SAMPLED and config.model not in NETWORK_NAMES:
            raise ValueError(
                f"inference='sampled' is for graph networks, and a {config.model} looks at no "
                "neighbors when it predicts"
            )
        self.inference = inference or config.inference or EXACT
        self._config = dataclasses.replace(config, inference=self.inference)
        self._model, self._graph = model, graph
        self._verbose: str | bool = "auto" if progress else False
        self._labeled = with_labels_for_loss(config, graph)
        self._run: LayerwiseRun | None = None

    @property
    def _in_layers(self) -> bool:
        """Whether the graph is too large for one batch, and all of it counts."""
        return (
            self.inference == EXACT
            and isinstance(self._model, NodeClassifier)
            and not fits_at_once(self._model, self._graph)
        )

    def validation_data(self) -> tf.data.Dataset | None:
        """What `fit` is given to validate on; None where `Validation` measures it instead."""
        if "validation" not in self._graph.splits or self._in_layers:
            return None
        return evaluation_batches(self._config, self._graph, "validation")

    def evaluate(self, split: str) -> dict[str, float]:
        """The loss and the metrics on a split."""
        if self._in_layers:
            return judge_layerwise(self._layerwise(), split)
        if self.inference == EXACT:
            return evaluate_nodes(self._model, self._labeled, split, verbose=False)
        batches = evaluation_batches(self._config, self._graph, split)
        found = self._model.evaluate(batches, verbose=0, return_dict=True)
        return {name: float(value) for name, value in found.items()}

    def measure(self, splits: Sequence[str]) -> dict[str, tuple[dict[str, float], np.ndarray]]:
        """The loss and the metrics on splits, with the logits of their labeled nodes, in order."""
        if not splits:
            return {}
        nodes = {name: judged_nodes(self._graph, name) for name in splits}
        if self._in_layers:
            run = self._layerwise()
            logits = run.rows(to_embedding=False)
            return {
                name: (judge_layerwise(run, name, logits=logits), logits[nodes[name]])
                for name in splits
            }
        if self.inference == EXACT and needs_graph(self._model):
            logits = self.predict()
            return {name: (self.evaluate(name), logits[nodes[name]]) for name in splits}
        return {name: (self.evaluate(name), self._answers(nodes[name])) for name in splits}

    def _answers(self, nodes: np.ndarray) -> np.ndarray:
        """The logits of some nodes, of which the others need not be asked."""
        unlabeled = dataclasses.replace(self._graph, labels=None)
        return self._model.predict(inference_batches(self._config, unlabeled, nodes), verbose=0)

    def _layerwise(self) -> LayerwiseRun:
        """The pass over the graph in layers, which keeps what it found of the edges."""
        if self._run is None:
            self._run = LayerwiseRun(self._model, self._labeled, verbose=self._verbose)
        return self._run

    def predict(self) -> np.ndarray:
        """The logits of all nodes."""
        if self.inference == EXACT:
            return predict_nodes(self._model, self._graph, verbose=self._verbose)
        unlabeled = dataclasses.replace(self._graph, labels=None)
        return self._model.predict(inference_batches(self._config, unlabeled), verbose=0)

    def embed(self) -> np.ndarray:
        """The hidden states of all nodes, of a network."""
        if self.inference == EXACT:
            return embed_nodes(self._model, self._graph, verbose=self._verbose)
        unlabeled = dataclasses.replace(self._graph, labels=None)
        batches = inference_batches(self._config, unlabeled)
        return np.concatenate([self._model.embed(inputs).numpy() for inputs in batches])

    @property
    def estimates(self) -> str:
        """What estimates rest on, for a person to read; empty where nothing is estimated."""
        if self.inference == EXACT:
            return ""
        return f"on sampled neighbors (fanout {list(self._config.fanout or ())}), which estimates"


class Validation(keras.callbacks.Callback):
    """Puts into the logs of an epoch what `fit` has not measured, and takes out what nobody has.

    It comes before the callbacks that read the logs.

    Args:
        judge: measures.
        validates: whether to measure the split `"validation"`, which `fit` does not know of.
    """

    def __init__(self, judge: Judge, validates: bool):
        super().__init__()
        self._judge, self._validates = judge, validates

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Completes the logs."""
        if logs is None:
            return
        if self._validates:
            found = self._judge.evaluate("validation")
            logs.update({f"val_{name}": value for name, value in found.items()})
        measured = without_graph_loss(self.model, logs)
        for name in set(logs) - set(measured):
            if name.startswith("val_"):
                del logs[name]
