"""Co-training of a classifier and an agreement model."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import keras
from tqdm import tqdm

from gnn.cotraining.cotrain_config import CoTrainConfig, as_cotrain_config
from gnn.cotraining.endings import End
from gnn.cotraining.rounds import Rounds
from gnn.graphs.graph import Graph
from gnn.models.agreement.agreement_model import AgreementModel
from gnn.models.agreement.belief_agreement import BeliefAgreement
from gnn.training.model_state import difference
from gnn.training.snapshots import (
    CO_TRAINING,
    Position,
    Snapshot,
    claim_folder,
    read_snapshot,
    write_snapshot,
)


class CoTrainer:
    """Trains a classifier and an agreement model in turn, each on what the other has learned.

    The co-training of Stretcu et al., "Graph agreement models for semi-supervised learning"
    (NeurIPS 2019, section 3.3). Round 0 trains the classifier alone: it is the baseline. Each round
    after it

    1. trains a new agreement model on the edges between labeled nodes;
    2. trains a new classifier on the labeled nodes, and on pairs of neighbors, whose predictions
       should be alike as far as the agreement model says that they share a label;
    3. gives the unlabeled nodes of which the classifier is most sure the label it predicts. Nodes
       of the validation and test splits get none.

    It ends when no node is sure enough any more, or after `config.rounds`. The round with the best
    validation accuracy is kept. Without agreement model (`agreement_fn=None`, every pair agrees)
    and with `rounds=1` it is Neural Graph Machines (Bui et al., WSDM 2018); with `use_graph=False`,
    GAM* of the paper.

    Args:
        classifier_fn: a function that makes a new classifier each time: a Keras layer or model of
            node features, or a graph network such as `gnn.GraphConvolutionalNodeClassifier`, that
            returns logits. If it comes compiled, its optimizer is taken, else Adam.
        agreement_fn: a function that makes a new `gnn.AgreementModel` or `gnn.BeliefAgreement` each
            time; None: every pair agrees.
        config: a `gnn.CoTrainConfig`, or a dict of one; None for the settings of the authors' code.

    Attributes:
        classifier: the classifier of the best round, an ordinary Keras model; with
            `predict_jointly` a `gnn.JointClassifier` of that and the student, compiled with Adam,
            cross-entropy and accuracy, unless round 0, which has no student, is the best.
        agreement: the agreement model of that round; None without one.
        history: a dict a round: `round`, `loss` (the mean of the classifier's last steps of
            training), `train_accuracy`, `validation_accuracy` and
            `test_accuracy` (where the split exists; the last is never looked at to choose),
            `labels_added`, `labels_right` (those of them that are true, where that is known),
            `classifier_steps`, `agreement_steps`, `agreement_validation` (accuracy on held-out
            pairs of labeled nodes; the negative cross-entropy if that is monitored),
            `agreement_auc` (area under the ROC curve over edges with an
            unlabeled end, by true labels; to judge with, never used), `seconds`.
        best_round: the number of the round that was kept.
        stopped: why it ended, a sentence.

    Raises:
        TypeError: an argument is of another kind.
        ValueError: a setting is out of range.

    Example:

    >>> import numpy as np
    >>> rng = np.random.default_rng(0)
    >>> labels = np.repeat([0, 1], 20)
    >>> features = (rng.normal(size=(40, 4)) + 2 * labels[:, None]).astype("float32")
    >>> ends = rng.integers(0, 20, (2, 80)) + 20 * rng.integers(0, 2, 80)
    >>> graph = Graph.from_edges(*ends, features, labels=labels, undirected=True,
    ...     splits={"train": [0, 1, 2, 20, 21, 22], "validation": np.r_[5:10, 25:30]})
    >>> fast = {"min_steps": 10, "patience": 10}
    >>> trainer = CoTrainer(
    ...     lambda: keras.layers.Dense(2), AgreementModel,
    ...     {"rounds": 1, "classifier": fast, "agreement": fast})
    >>> history = trainer.fit(graph, verbose=0)
    >>> [row["round"] for row in history]
    [0, 1]
    """

    def __init__(
        self,
        classifier_fn: Callable[[], keras.layers.Layer],
        agreement_fn: Callable[[], AgreementModel | BeliefAgreement] | None,
        config: CoTrainConfig | dict[str, Any] | None = None,
    ):
        for name, value in (("classifier_fn", classifier_fn), ("agreement_fn", agreement_fn)):
            optional = name == "agreement_fn" and value is None
            if not optional and (isinstance(value, keras.layers.Layer) or not callable(value)):
                raise TypeError(
                    f"{name} must be a function without arguments that makes a new model each "
                    f"time; got {value!r}"
                )
        self._classifier_fn, self._agreement_fn = classifier_fn, agreement_fn
        self.config = as_cotrain_config(config)
        self.classifier: Any = None
        self.agreement: Any = None
        self.history: list[dict[str, Any]] = []
        self.best_round: int | None = None
        self.stopped: str | None = None

    def fit(
        self,
        graph: Graph,
        *,
        folder: str | os.PathLike[str] | None = None,
        callbacks: Sequence[keras.callbacks.Callback] = (),
        verbose: int = 1,
    ) -> list[dict[str, Any]]:
        """Trains on a graph.

        Args:
            graph: with features, one integer label a node, and a split `train`; `validation`
                chooses the best step and the best round, without it the last ones are kept, and
                `test` is reported. Labels outside of `train` have no other use.
            folder: where the state is kept after each round: a new folder, an empty one, or that of
                this training. Run again with the same arguments, a stopped training goes on at the
                round it was in, and ends with the same bits; with more `rounds`, a finished one
                goes on, with fewer it does nothing more and has all the rounds that were done. None
                keeps nothing.
            callbacks: Keras callbacks; a round is an epoch, its row of `history` the logs, and
                `model.stop_training` ends this call after the round; run again from its folder
                without that callback, the training goes on. `model` is the classifier, or the joint
                one in rounds in which that predicts. Their state is not kept in `folder`.
            verbose: 0 shows nothing, 1 a progress bar of rounds.

        Returns:
            `history`. An interrupt leaves it, and `classifier` and `agreement` as they were in the
            best round so far.

        Raises:
            FileExistsError: `folder` holds something else, and no co-training.
            KeyError: the graph has no split `train`.
            TypeError: `graph` is no `gnn.Graph`, or its labels are not one integer a node; a
                function returns a model of another kind.
            ValueError: the graph has no features, or one that is not finite, or no label in
                `train`, or for an agreement model those of one class only; the classifier returns
                fewer classes, or ends in a softmax; the folder holds another training.

        Warns:
            UserWarning: there is a split whose name begins with `val` or `dev`, and yet no labeled
                node in one named `validation`.
        """
        if folder is not None:
            claim_folder(Path(folder), CO_TRAINING)
        rounds = Rounds(self._classifier_fn, self._agreement_fn, self.config, graph)
        self.classifier, self.agreement = rounds.classifier, rounds.agreement
        kept = None if folder is None else _Folder(Path(folder), rounds.job())
        state = None if kept is None else kept.read()
        if state is not None:
            rounds.set_state(state)
        listeners = keras.callbacks.CallbackList(list(callbacks), model=_model(rounds.classifier))
        self.history = rounds.history
        bar = tqdm(
            total=self.config.rounds + 1,
            initial=len(rounds.history),
            desc="co-training",
            unit="round",
            disable=not verbose,
        )
        asked = False
        try:
            listeners.on_train_begin()
            with bar:
                while rounds.end is None and not asked:
                    number = len(rounds.history)
                    listeners.on_epoch_begin(number)
                    row = rounds.run()
                    if rounds.joint is not None and number > 0:
                        listeners.set_model(rounds.joint)
                    listeners.on_epoch_end(number, dict(row))
                    asked = bool(getattr(listeners.model, "stop_training", False))
                    if kept is not None:
                        kept.write(rounds.state(), number)
                    bar.set_postfix(_short(row))
                    bar.update()
        finally:
            self._take(rounds, End.CALLBACK if asked else End.INTERRUPT)
        listeners.on_train_end()
        return self.history

    def _take(self, rounds: Rounds, otherwise: End) -> None:
        """Has the models be those of the best round so far, of an interrupted training too."""
        self.best_round = rounds.best_round
        if rounds.best_round is not None:
            rounds.restore_best()
            self.classifier = rounds.predictor
        self.stopped = rounds.told(rounds.end or otherwise)


class _Folder:
    """The snapshots of one co-training."""

    def __init__(self, path: Path, job: dict[str, Any]):
        self._path, self._job = path, job

    def read(self) -> dict[str, Any] | None:
        snapshot = read_snapshot(self._path)
        if snapshot is None:
            return None
        differing = difference(snapshot.state["job"], self._job)
        if differing:
            raise ValueError(
                f"the snapshot {str(snapshot.path)!r} is of another training: {differing}. Give "
                "another folder, or remove it to start anew"
            )
        return snapshot.state["rounds"]

    def write(self, state: dict[str, Any], number: int) -> None:
        position = Position(epoch=number, step=1, total=number + 1, steps=1)
        snapshot = Snapshot(position, {"job": self._job, "rounds": state})
        write_snapshot(self._path, snapshot, kind=CO_TRAINING)


def _model(classifier: Any) -> keras.Model:
    """What callbacks know as the model; a layer is put into one."""
    return classifier if isinstance(classifier, keras.Model) else keras.Sequential([classifier])


def _short(row: dict[str, Any]) -> dict[str, str]:
    shown = {"validation": row.get("validation_accuracy"), "agreement": row.get("agreement_auc")}
    parts = {name: f"{value:.3f}" for name, value in shown.items() if value is not None}
    return parts | {"labels": f"+{row['labels_added']}"}
