"""The parts of a round of co-training: what counts as a split, as an edge, as the same training."""

import dataclasses

import keras
import numpy as np
import pytest
from scipy import sparse
from scipy.special import softmax
from sklearn.metrics import roc_auc_score

from gnn.configs import GraphRegConfig, PairWeights
from gnn.cotraining import cotrainer, edge_ranking
from gnn.cotraining.cotrain_config import CoTrainConfig
from gnn.cotraining.rounds import Rounds
from gnn.graphs.graph import Graph
from gnn.models import (
    AdversarialRegularizationModel,
    AgreementModel,
    BeliefAgreement,
    GraphRegularizationModel,
)
from gnn.training.snapshots import Position, Snapshot, write_snapshot

FEW = {"min_steps": 2, "max_steps": 2, "evaluate_every": 1}
CONFIG = CoTrainConfig(rounds=1, classifier=FEW, agreement=FEW, pairs_per_step=4)
LABELS = np.array([0, 1, 0, 1, 0, 1, 1, 0])


def graph(**changes):
    features = np.random.default_rng(0).normal(size=(8, 3))
    made = Graph.from_edges(
        [0, 1, 2, 3, 4, 5, 6, 7, 5],
        [2, 3, 4, 4, 6, 7, 5, 7, 5],
        features,
        labels=LABELS,
        splits={"train": [0, 1], "validation": [2, 3], "test": [4]},
    )
    return dataclasses.replace(made, **changes)


def rounds(of, judge=None, units=2):
    return Rounds(lambda: keras.layers.Dense(units), judge, CONFIG, of)


@pytest.mark.parametrize("labels", [LABELS, np.where(np.arange(8) == 2, -1, LABELS)])
def test_a_split_without_labels_is_as_none(labels):
    """It was an accuracy of NaN, which no later one exceeds: the first step and round were kept."""
    nodes = [] if labels is LABELS else [2]
    splits = {"train": [0, 1], "validation": nodes, "test": nodes}
    with pytest.warns(UserWarning, match="no node of a split 'validation' has a label"):
        training = rounds(graph(labels=labels, splits=splits))
    training.run()
    row = training.run()
    assert not {"validation_accuracy", "test_accuracy"} & set(row)
    assert training.best_round == 1


def test_a_misnamed_validation_split_is_told_of():
    splits = {"train": [0, 1], "val": [2, 3]}
    with pytest.warns(UserWarning, match=r"among the splits \['train', 'val'\]"):
        rounds(graph(splits=splits))


def test_what_is_no_graph_raises():
    with pytest.raises(TypeError, match=r"graph must be a gnn\.Graph, .*; got list"):
        rounds([1])


def test_labels_of_one_class_teach_an_agreement_model_nothing():
    of = graph(splits={"train": np.flatnonzero(LABELS == 1)})
    with pytest.raises(ValueError, match="two classes at least.* all 4 labels are 1"):
        rounds(of, AgreementModel)
    assert rounds(of).agreement is None


@pytest.mark.parametrize(
    "ends_in",
    [
        lambda: [keras.layers.Dense(2, "softmax")],
        lambda: [keras.layers.Dense(2), keras.layers.Softmax()],
        lambda: [keras.Sequential([keras.layers.Dense(2), keras.layers.Activation("softmax")])],
        lambda: [keras.layers.Dense(2, "softmax"), keras.layers.Activation("linear")],
    ],
)
def test_a_classifier_that_returns_probabilities_raises(ends_in):
    def regularized():
        return GraphRegularizationModel(GraphRegConfig(), lambda: keras.Sequential(ends_in()))

    for make in (lambda: keras.Sequential(ends_in()), regularized):
        with pytest.raises(ValueError, match="ends in a softmax, but co-training needs logits"):
            Rounds(make, None, CONFIG, graph())


def test_an_interrupt_while_the_best_round_is_kept_leaves_the_one_before(monkeypatch):
    """The number of the new round came with the weights of the old one, or with none."""

    def interrupt(self):
        raise KeyboardInterrupt

    for done, best in ((0, None), (1, 0)):
        training = rounds(graph(splits={"train": [0, 1]}))
        for _ in range(done):
            training.run()
        with monkeypatch.context() as patch:
            patch.setattr(Rounds, "_weights", interrupt)
            with pytest.raises(KeyboardInterrupt):
                training.run()
        assert training.best_round == best
        assert best is None or training._best["weights"]


@pytest.mark.parametrize(("train", "labels"), [([], LABELS), ([0], np.full(8, -1))])
def test_training_without_a_label_raises(train, labels):
    with pytest.raises(ValueError, match="split 'train' must hold a node with a label"):
        rounds(graph(splits={"train": train}, labels=labels))


def test_agreement_is_judged_on_edges_of_two_nodes_in_parts(monkeypatch):
    """Against scikit-learn on the edges with an unlabeled end; a node agrees with itself anyway."""
    monkeypatch.setattr(edge_ranking, "_AT_ONCE", 2)
    training = rounds(graph(), BeliefAgreement)
    training.run()
    beliefs = training._beliefs.copy()
    beliefs[[0, 1]] = np.eye(2)[LABELS[[0, 1]]]
    senders = np.array([0, 1, 2, 3, 4, 5, 6])
    receivers = np.array([2, 3, 4, 4, 6, 7, 5])
    expected = roc_auc_score(
        LABELS[senders] == LABELS[receivers], (beliefs[senders] * beliefs[receivers]).sum(axis=1)
    )
    assert training.run()["agreement_auc"] == pytest.approx(expected)


def test_labels_are_given_by_what_both_believe_together():
    """The classifier alone would give others."""
    config = dataclasses.replace(
        CONFIG, predict_jointly=True, labels_per_round=2, min_confidence=0.0, keep_proportions=False
    )
    of = graph(splits={"train": [0, 1]})

    def judge():
        return BeliefAgreement(student=keras.layers.Dense(2))

    training = Rounds(lambda: keras.layers.Dense(2), judge, config, of)
    training.run()
    training.run()
    x = of.features["features"]
    logits = [np.asarray(layer(x)) for layer in (training.classifier, training.agreement.student)]
    joint, alone = (softmax(some, axis=1)[2:] for some in (sum(logits), logits[0]))
    given = np.flatnonzero(training.labels[2:] >= 0)
    assert sorted(np.argsort(joint.max(axis=1))[-2:]) == given.tolist()
    assert sorted(np.argsort(alone.max(axis=1))[-2:]) != given.tolist()
    np.testing.assert_array_equal(training.labels[2:][given], joint[given].argmax(axis=1))


def test_another_width_or_other_rows_are_another_training():
    job = rounds(graph()).job()
    assert job == rounds(graph()).job()
    assert job != rounds(graph(), units=3).job()
    # Equal entries and columns, in other rows.
    matrices = [sparse.csr_array(([1.0], ([row], [0])), shape=(8, 3)) for row in (0, 1)]
    one, other = (rounds(graph(features={"x": matrix})).job() for matrix in matrices)
    assert one != other


def test_a_snapshot_of_another_kind_of_training_raises(tmp_path):
    write_snapshot(tmp_path, Snapshot(Position(0, 1, 1, 1), {"job": {}, "variables": {}}))
    trainer = cotrainer.CoTrainer(lambda: keras.layers.Dense(2), None, CONFIG)
    with pytest.raises(ValueError, match="is of another kind of training than co-training"):
        trainer.fit(graph(), folder=tmp_path, verbose=0)


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (
            lambda: AdversarialRegularizationModel(lambda: keras.layers.Dense(2)),
            TypeError,
            "what classifier_fn returned is an AdversarialRegularizationModel",
        ),
        (
            lambda: GraphRegularizationModel(
                GraphRegConfig(), lambda: keras.layers.Dense(2), pair_weights=PairWeights()
            ),
            ValueError,
            "what classifier_fn returned has pair_weights, which must be None",
        ),
    ],
)
def test_a_classifier_with_more_to_its_loss_is_refused(make, error, message):
    with pytest.raises(error, match=message):
        Rounds(make, None, CONFIG, graph())
    student = message.replace("what classifier_fn returned", "the student of agreement_fn")
    with pytest.raises(error, match=student):
        Rounds(
            lambda: keras.layers.Dense(2), lambda: BeliefAgreement(student=make()), CONFIG, graph()
        )
