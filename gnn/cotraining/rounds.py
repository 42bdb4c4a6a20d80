"""A co-training, round by round."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from gnn.cotraining.agreement_training import AgreementTraining
from gnn.cotraining.classifier_training import ClassifierTraining
from gnn.cotraining.cotrain_checks import (
    check_classes,
    check_classifier,
    check_graph,
    warn_of_no_validation,
)
from gnn.cotraining.cotrain_config import CoTrainConfig
from gnn.cotraining.edge_ranking import agreement_auc
from gnn.cotraining.endings import End, sentence, why_none
from gnn.cotraining.node_outputs import NodeOutputs, all_nodes, probabilities
from gnn.cotraining.pair_kinds import PairKind, edges_by_kind, random_pairs_by_kind
from gnn.cotraining.restarts import Restarts
from gnn.cotraining.same_job import describe_job
from gnn.cotraining.self_labeling import most_confident
from gnn.cotraining.student_training import StudentTraining
from gnn.cotraining.until_no_better import Fitted
from gnn.graphs.graph import Graph
from gnn.graphs.known_labels import known_labels, labeled_nodes
from gnn.graphs.splits import check_apart
from gnn.models.agreement.agreement_model import AgreementModel
from gnn.models.agreement.belief_agreement import BeliefAgreement
from gnn.models.agreement.joint_classifier import JointClassifier
from gnn.models.base.variables import make_slots
from gnn.ops.agreement import joint_belief

_CLASSIFIER, _AGREEMENT = 0, 1


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
            name: labeled_nodes(graph, name)
            for name in ("train", "validation", "test")
            if name in graph.splits
        }
        if not len(splits["train"][0]):
            raise ValueError("the split 'train' must hold a node with a label; it holds none")
        # An accuracy over no nodes is no number, so it can neither choose nor be reported.
        self._splits = {name: part for name, part in splits.items() if len(part[0])}
        nodes_of = {name: nodes for name, (nodes, _) in self._splits.items()}
        check_apart(nodes_of, "train", ("validation", "test"))
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
        if not config.labels_per_round:
            return {"labels_added": 0}
        proportions = None
        if config.keep_proportions:
            given = self._given[self._given >= 0]
            proportions = np.bincount(given, minlength=self._num_classes) / len(given)
        nodes, labels = most_confident(
            self._beliefs,
            self._pool(),
            config.labels_per_round,
            config.min_confidence,
            proportions,
        )
        self.labels[nodes] = labels
        assert self._graph.labels is not None
        true = self._graph.labels[nodes]
        row: dict[str, Any] = {"labels_added": len(nodes)}
        if len(nodes) and (true >= 0).all():
            row["labels_right"] = int(np.sum(true == labels))
        return row

    def _pool(self) -> np.ndarray:
        """The nodes that may be given a label and have none."""
        return np.flatnonzero((self.labels < 0) & self._may_be_labeled)

    def _agreement_row(
        self, fitted: Fitted | None, encodings: tf.Tensor, number: int
    ) -> dict[str, Any]:
        """How good the agreement model is; the true labels have no other use."""
        if self.agreement is None or not number:
            return {}
        row: dict[str, Any] = {}
        if fitted is not None:
            row["agreement_steps"] = fitted.steps
            if fitted.best_score is not None:
                row["agreement_validation"] = fitted.best_score
        area = agreement_auc(self._graph, self.labels, self.agreement.agree, encodings)
        return row if area is None else row | {"agreement_auc": area}

    # How it ends.

    @property
    def end(self) -> End | None:
        """Why there is no further round; None where there is one.

        It follows from what is kept from round to round, so it need not be kept: with more rounds,
        or without a callback that asked for an end, a training goes on.
        """
        last = self.history[-1] if self.history else {"round": 0}
        if last["round"] and self._config.labels_per_round and not last["labels_added"]:
            return why_none(self._beliefs, self._pool(), self._config)
        return End.ROUNDS if len(self.history) > self._config.rounds else None

    def told(self, end: End) -> str:
        """An end as a sentence."""
        return sentence(end, self._config, self._beliefs, self._pool())

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
        }

    def set_state(self, state: dict[str, Any]) -> None:
        """Takes over what `state` gave."""
        self.labels, self._beliefs = state["labels"].copy(), state["beliefs"]
        self.history = list(state["history"])
        self._best = state["best"]

    def job(self) -> dict[str, Any]:
        """What has to be the same for a training to be carried on, by name."""
        return describe_job(self._config, self._graph, self.classifier, self.agreement)


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
    make_slots(model)  # A loaded model has them, and wants to find them in the file.
