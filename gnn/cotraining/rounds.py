"""A co-training, round by round."""

from __future__ import annotations

import dataclasses
import time
import zlib
from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from scipy import sparse

from gnn.cotraining.agreement_training import AgreementTraining
from gnn.cotraining.classifier_training import ClassifierTraining
from gnn.cotraining.cotrain_checks import (
    check_classes,
    check_classifier,
    check_graph,
    warn_of_no_validation,
)
from gnn.cotraining.cotrain_config import CoTrainConfig
from gnn.cotraining.node_outputs import NodeOutputs, all_nodes, probabilities
from gnn.cotraining.pair_kinds import PairKind, edges_by_kind, random_pairs_by_kind
from gnn.cotraining.restarts import Restarts
from gnn.cotraining.self_labeling import most_confident
from gnn.cotraining.student_training import StudentTraining
from gnn.cotraining.until_no_better import Fitted
from gnn.graphs.graph import Graph
from gnn.graphs.known_labels import known_labels
from gnn.graphs.weighing_edges import weighing_edges
from gnn.models.agreement.agreement_model import AgreementModel
from gnn.models.agreement.belief_agreement import BeliefAgreement
from gnn.models.agreement.joint_classifier import JointClassifier
from gnn.ops.agreement import joint_belief
from gnn.training.model_state import describe

_CLASSIFIER, _AGREEMENT = 0, 1
_AT_ONCE = 65536  # Pairs that are scored at once: their encodings take memory.


class Rounds:
    """The state of a co-training, and what a round does."""

    def __init__(
        self,
        classifier_fn: Callable[[], Any],
        agreement_fn: Callable[[], Any] | None,
        config: CoTrainConfig,
        graph: Graph,
    ):
        check_graph(graph)
        self._config, self._graph = config, graph
        self._given = known_labels(graph, "train")
        self.labels = self._given.copy()
        splits = {
            name: _labeled(graph, name)
            for name in ("train", "validation", "test")
            if name in graph.splits
        }
        if not len(splits["train"][0]):
            raise ValueError("the split 'train' must hold a node with a label; it holds none")
        # An accuracy over no nodes is no number, so it can neither choose nor be reported.
        self._splits = {name: part for name, part in splits.items() if len(part[0])}
        if "validation" not in self._splits:
            warn_of_no_validation(graph.splits)
        self._outputs = NodeOutputs(graph)
        nodes = tf.constant([0])
        self._classifiers = Restarts(
            classifier_fn,
            "classifier_fn",
            lambda model: self._outputs.of(model, nodes, training=False),
            (config.seed, 0, _CLASSIFIER),
        )
        self.classifier = self._classifiers.model
        check_classifier(self.classifier)
        self._num_classes = int(self._outputs.of(self.classifier, nodes, training=False).shape[-1])
        assert graph.labels is not None
        if graph.labels.max() >= self._num_classes:
            raise ValueError(
                f"the classifier returns {self._num_classes} classes, but the graph has the label "
                f"{int(graph.labels.max())}"
            )
        self._agreements, self._trainer, self._student = None, None, None
        if agreement_fn is not None:
            self._agreements = Restarts(
                agreement_fn, "agreement_fn", self._build_agreement, (config.seed, 0, _AGREEMENT)
            )
            if isinstance(self.agreement, AgreementModel):
                check_classes(splits["train"][1])
                self._trainer = AgreementTraining(self.agreement, graph, config)
            elif self.agreement.student is not None:
                check_classifier(self.agreement.student, "the student of agreement_fn")
                self._student = StudentTraining(self.agreement.student, self._outputs, config)
        judge = None if self.agreement is None else self.agreement.agree
        self._fitting = ClassifierTraining(
            self.classifier,
            self._outputs,
            self._num_classes,
            config,
            judge,
            self._splits.get("validation"),
        )
        self._everything = all_nodes(graph)
        self._believe = self._believed_by(self.classifier)
        self.joint = None
        if config.predict_jointly:
            if self._student is None:
                raise ValueError(
                    "predict_jointly=True needs a second opinion: an agreement_fn that returns a "
                    "gnn.BeliefAgreement with a student"
                )
            self.joint = JointClassifier([self.classifier, self._student.student])
            self._outputs.of(self.joint, nodes, training=False)
            self._believe_jointly = self._believed_by(self.joint)
        for model in (self.classifier, self.joint):
            _compile(model, config.classifier.learning_rate)
        self.history: list[dict[str, Any]] = []
        self.stopped: str | None = None
        self._best: dict[str, Any] = {}
        self._beliefs = np.full(
            (graph.num_nodes, self._num_classes), 1 / self._num_classes, np.float32
        )
        may_be_labeled = np.ones(graph.num_nodes, bool)
        for name in ("validation", "test"):
            may_be_labeled[graph.splits.get(name, [])] = False
        self._may_be_labeled = may_be_labeled

    def _believed_by(self, model: Any) -> Callable[[], tf.Tensor]:
        return tf.function(
            lambda: probabilities(self._outputs.of(model, self._everything, training=False)),
            autograph=False,
        )

    @property
    def agreement(self) -> Any:
        """The agreement model, or None."""
        return None if self._agreements is None else self._agreements.model

    def _build_agreement(self, model: Any) -> Any:
        if isinstance(model, BeliefAgreement):
            if model.student is not None:
                logits = self._outputs.of(model.student, tf.constant([0]), training=False)
                if logits.shape[-1] != self._num_classes:
                    raise ValueError(
                        f"the student of the BeliefAgreement returns {logits.shape[-1]} classes, "
                        f"but the classifier {self._num_classes}"
                    )
            return model([tf.zeros([1, self._num_classes])] * 2)
        if not isinstance(model, AgreementModel):
            raise TypeError(
                "agreement_fn must return a gnn.AgreementModel or a gnn.BeliefAgreement; got "
                f"{type(model).__name__}"
            )
        features = self._outputs.features
        one = features if len(features) > 1 else next(iter(features.values()))
        rows = tf.nest.map_structure(_first_row, one)
        return model([rows, rows], training=False)

    def run(self) -> dict[str, Any]:
        """Does a round and returns its row of the history."""
        started = time.perf_counter()
        config, number = self._config, len(self.history)
        encodings, fitted_agreement = self._judge(number)
        self._classifiers.restart(config.seed, number, _CLASSIFIER)
        fitted = self._fitting.fit(
            self.labels, self._kinds(), encodings, number, with_pairs=number > 0
        )
        # In the first round there is no student.
        jointly = self.joint is not None and number > 0
        self._beliefs = (self._believe_jointly if jointly else self._believe)().numpy()
        row: dict[str, Any] = {"round": number, "loss": fitted.losses[-1]}
        predicted = self._beliefs.argmax(axis=1)
        for name, (nodes, true) in self._splits.items():
            row[f"{name}_accuracy"] = float(np.mean(predicted[nodes] == true))
        row |= self._agreement_row(fitted_agreement, encodings, number)
        row |= self._label_more() if number else {"labels_added": 0}
        row["classifier_steps"] = fitted.steps
        row["seconds"] = round(time.perf_counter() - started, 3)
        self.history.append(row)
        score = row.get("validation_accuracy", number)
        if self.best_round is None or score > self._best["score"]:
            self._best = {"round": number, "score": score, "weights": self._weights()}
        return row

    def _judge(self, number: int) -> tuple[tf.Tensor, Fitted | None]:
        """Encodings of all nodes for the agreement model, which is trained before."""
        if isinstance(self.agreement, BeliefAgreement):
            known = self.labels >= 0
            believed = self._beliefs.copy()
            believed[known] = np.eye(self._num_classes, dtype=np.float32)[self.labels[known]]
            beliefs = tf.constant(believed)
            if self._student is None or self._agreements is None or number == 0:
                return beliefs, None
            self._agreements.restart(self._config.seed, number, _AGREEMENT)
            fitted = self._student.fit(beliefs, number)
            return joint_belief(beliefs, self._student.opinion()), fitted
        if self._trainer is None or self._agreements is None:
            return tf.zeros([self._graph.num_nodes, 1]), None
        if number == 0:
            return self._trainer.encodings, None
        self._agreements.restart(self._config.seed, number, _AGREEMENT)
        fitted = self._trainer.fit(self._graph, self.labels, number)
        return self._trainer.encodings, fitted

    def _kinds(self) -> list[PairKind]:
        weights = self._config.pair_weights
        if self._config.use_graph:
            return edges_by_kind(self._graph, self.labels, weights)
        return random_pairs_by_kind(self.labels, weights)

    def _label_more(self) -> dict[str, Any]:
        config = self._config
        pool = np.flatnonzero((self.labels < 0) & self._may_be_labeled)
        proportions = None
        if config.keep_proportions:
            given = self._given[self._given >= 0]
            proportions = np.bincount(given, minlength=self._num_classes) / len(given)
        if not config.labels_per_round:
            return {"labels_added": 0}
        nodes, labels = most_confident(
            self._beliefs, pool, config.labels_per_round, config.min_confidence, proportions
        )
        if not len(nodes):
            self.stopped = "all nodes that may be labeled are"
            if len(pool):
                highest = float(self._beliefs[pool].max())
                self.stopped = (
                    f"no unlabeled node was predicted with a probability over min_confidence="
                    f"{config.min_confidence}; the highest was {highest:.2f}"
                )
                if highest > config.min_confidence:
                    self.stopped = (
                        f"labels_per_round={config.labels_per_round} leaves no class that sure "
                        "nodes were predicted for a share of one node"
                    )
        self.labels[nodes] = labels
        assert self._graph.labels is not None
        true = self._graph.labels[nodes]
        row: dict[str, Any] = {"labels_added": len(nodes)}
        if len(nodes) and (true >= 0).all():
            row["labels_right"] = int(np.sum(true == labels))
        return row

    def _agreement_row(
        self, fitted: Fitted | None, encodings: tf.Tensor, number: int
    ) -> dict[str, Any]:
        """How good the agreement model is; the true labels have no other use."""
        if self.agreement is None or not number:
            return {}
        from sklearn.metrics import roc_auc_score

        row: dict[str, Any] = {}
        if fitted is not None:
            row["agreement_steps"] = fitted.steps
            if fitted.best_score is not None:
                row["agreement_validation"] = fitted.best_score
        true = self._graph.labels
        assert true is not None
        kept = weighing_edges(self._graph.weights)
        ends = np.stack([self._graph.senders[kept], self._graph.receivers[kept]], axis=1)
        unknown = (self.labels[ends] < 0).any(axis=1) & (true[ends] >= 0).all(axis=1)
        pairs = ends[unknown & (ends[:, 0] != ends[:, 1])]
        equal = true[pairs[:, 0]] == true[pairs[:, 1]]
        if equal.any() and not equal.all():
            scores = [
                self.agreement.agree(*(tf.gather(encodings, some[:, side]) for side in (0, 1)))
                for some in np.split(pairs, range(_AT_ONCE, len(pairs), _AT_ONCE))
            ]
            row["agreement_auc"] = float(roc_auc_score(equal, np.concatenate(scores)[:, 0]))
        return row

    # What is kept from round to round.

    def _weights(self) -> dict[str, list[np.ndarray]]:
        return {
            name: [variable.numpy() for variable in model.variables]
            for name, model in (("classifier", self.classifier), ("agreement", self.agreement))
            if model is not None
        }

    @property
    def best_round(self) -> int | None:
        """The number of the round that validated best, None before the first."""
        return self._best.get("round")

    @property
    def predictor(self) -> Any:
        """What predicts, in the best round: the classifier, or that and the student together."""
        return self.joint if self.joint is not None and self.best_round else self.classifier

    def restore_best(self) -> None:
        """Sets all models to the weights of the best round."""
        for name, values in self._best["weights"].items():
            model = self.classifier if name == "classifier" else self.agreement
            for variable, value in zip(model.variables, values, strict=True):
                variable.assign(value)

    def state(self) -> dict[str, Any]:
        """All that the next round depends on."""
        return {
            "labels": self.labels,
            "beliefs": self._beliefs,
            "history": self.history,
            "best": self._best,
            "stopped": self.stopped,
        }

    def set_state(self, state: dict[str, Any]) -> None:
        """Takes over what `state` gave."""
        self.labels, self._beliefs = state["labels"].copy(), state["beliefs"]
        self.history = list(state["history"])
        self._best, self.stopped = state["best"], state["stopped"]
        number = self._config.rounds
        if (
            self.stopped is not None
            and self.stopped.startswith("all ")
            and "rounds" in self.stopped
        ):
            self.stopped = None
        if self.stopped is None and len(self.history) > number:
            self.stopped = f"all {number} rounds are done"

    def job(self) -> dict[str, Any]:
        """What has to be the same for a training to be carried on, by name."""
        settings = dataclasses.asdict(self._config)
        del settings["rounds"]
        found: dict[str, Any] = {f"config.{key}": str(value) for key, value in settings.items()}
        if isinstance(self.agreement, BeliefAgreement):
            found["agreement: prior"] = self.agreement.prior
        for name, model in (("classifier", self.classifier), ("agreement", self.agreement)):
            found[name] = type(model).__name__
            weights = [] if model is None else model.weights
            found[f"{name}: shapes of the weights"] = str([tuple(w.shape) for w in weights])
            if isinstance(model, keras.Model):
                found |= {
                    f"{name}: {key}": value
                    for key, value in describe(model).items()
                    if isinstance(value, str | int | float)
                }
        return found | _checksums(self._graph)


def _labeled(graph: Graph, split: str) -> tuple[np.ndarray, np.ndarray]:
    """The nodes of a split whose labels are known, and the labels."""
    nodes = graph.split(split)
    assert graph.labels is not None
    nodes = nodes[graph.labels[nodes] >= 0]
    return nodes, graph.labels[nodes]


def _first_row(feature: Any) -> Any:
    if isinstance(feature, tf.SparseTensor):
        row = tf.sparse.slice(feature, [0, 0], [1, feature.shape[1]])
        row.set_shape([1, feature.shape[1]])
        return row
    return feature[:1]


def _compile(model: Any, learning_rate: float) -> None:
    """Makes `evaluate` and `fit` of the classifier work, where it did not come compiled."""
    if not isinstance(model, keras.Model):
        return
    if not model.compiled:
        model.compile(
            keras.optimizers.Adam(learning_rate),
            keras.losses.SparseCategoricalCrossentropy(from_logits=True),
            metrics=["accuracy"],
        )
    # A loaded model has the optimizer's slots, and wants to find them in the file.
    if model.optimizer is not None and not model.optimizer.built:
        model.optimizer.build(model.trainable_variables)


def _checksums(graph: Graph) -> dict[str, Any]:
    known = known_labels(graph, "train")
    parts: dict[str, Any] = {
        "graph.senders": graph.senders,
        "graph.receivers": graph.receivers,
        "graph.weights": graph.weights,
        "graph.labels of train": known,
    }
    for name in ("train", "validation", "test"):
        if name in graph.splits:
            parts[f"graph.splits.{name}"] = graph.split(name)
    if "validation" in graph.splits:
        parts["graph.labels of validation"] = _labeled(graph, "validation")[1]
    for name, feature in graph.features.items():
        if isinstance(feature, sparse.csr_array | sparse.csr_matrix):
            parts[f"graph.features.{name}"] = feature.data
            parts[f"graph.features.{name}.indices"] = feature.indices
            parts[f"graph.features.{name}.indptr"] = feature.indptr
        else:
            parts[f"graph.features.{name}"] = feature
    return {name: zlib.crc32(np.ascontiguousarray(part).tobytes()) for name, part in parts.items()}
