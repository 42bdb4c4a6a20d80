"""Co-training on small graphs: what may be looked at, what is kept, and how it resumes."""

import contextlib
import dataclasses

import keras
import numpy as np
import pytest
import tensorflow as tf
from scipy import sparse

import gnn
from gnn.graphs.graph import Graph
from gnn.models import AgreementModel, BeliefAgreement, GRANDNodeClassifier

FEW = {"min_steps": 4, "max_steps": 4, "patience": 0, "evaluate_every": 2}


def communities(seed=0, noise=1.0, as_sparse=False, size=30):
    """Three communities, nine of ten edges inside one; 4 labels a class to train on."""
    rng = np.random.default_rng(seed)
    labels = np.repeat([0, 1, 2], size)
    num_nodes, num_edges = 3 * size, 9 * size
    senders = rng.integers(0, num_nodes, num_edges)
    inside = rng.random(num_edges) < 0.9
    receivers = np.where(
        inside, senders // size * size + rng.integers(0, size, num_edges),
        rng.integers(0, num_nodes, num_edges),
    )  # fmt: skip
    features = rng.normal(size=(num_nodes, 6)).astype(np.float32) * noise
    features[:, :3] += 2 * np.eye(3, dtype=np.float32)[labels]
    order = rng.permutation(num_nodes)
    train = np.concatenate([order[labels[order] == c][:4] for c in range(3)])
    rest = np.setdiff1d(order, train)
    validation, test = np.split(rng.permutation(rest)[: size + size // 2], [2 * size // 3])
    return Graph.from_edges(
        senders,
        receivers,
        sparse.csr_array(features) if as_sparse else features,
        labels=labels,
        splits={"train": train, "validation": validation, "test": test},
        undirected=True,
    )


def perceptron():
    return keras.Sequential([keras.layers.Dense(8, "relu"), keras.layers.Dense(3)])


def thinned():
    layers = [keras.layers.Dense(8, "relu"), keras.layers.Dropout(0.5), keras.layers.Dense(3)]
    return keras.Sequential(layers)


def network():
    return gnn.GraphConvolutionalNodeClassifier(num_classes=3, hidden_units=8, dropout_rate=0.5)


def agreement():
    return AgreementModel(hidden_units=(8,))


def two_opinions():
    student = keras.Sequential([keras.layers.Dropout(0.5), keras.layers.Dense(3)])
    return BeliefAgreement(prior=0.5, student=student)


def config(**settings):
    fit = {"classifier": FEW, "agreement": FEW, "labels_per_round": 6, "pairs_per_step": 16}
    return gnn.CoTrainConfig(**{**fit, "rounds": 2, **settings})


class EveryRound(keras.callbacks.Callback):
    """Keeps the weights of each round; raises at the start of one, as if killed there."""

    def __init__(self, killed_at=None):
        super().__init__()
        self.killed_at, self.weights, self.rounds = killed_at, [], []

    def on_epoch_begin(self, epoch, logs=None):
        if epoch == self.killed_at:
            raise KeyboardInterrupt

    def on_epoch_end(self, epoch, logs=None):
        self.rounds.append(epoch)
        self.weights.append([v.numpy() for v in self.model.variables])


@pytest.fixture
def eager():
    """Spares the tracing of functions that would run a few times."""
    tf.config.run_functions_eagerly(True)
    yield
    tf.config.run_functions_eagerly(False)


def without_time(history):
    return [{key: value for key, value in row.items() if key != "seconds"} for row in history]


def assert_equal_weights(one, other):
    for a, b in zip(one, other, strict=True):
        np.testing.assert_array_equal(a, b)


def assert_equal_models(trainer, other):
    for name in ("classifier", "agreement"):
        models = getattr(trainer, name), getattr(other, name)
        assert_equal_weights(*([v.numpy() for v in model.variables] for model in models))


@pytest.mark.parametrize(
    ("make", "judge", "settings"),
    [
        (network, agreement, {}),
        (perceptron, BeliefAgreement, {}),
        (perceptron, two_opinions, {}),
        (perceptron, two_opinions, {"predict_jointly": True}),
    ],
)
def test_labels_outside_of_train_teach_nothing(make, judge, settings, eager):
    """Permuting the labels of all other nodes leaves losses and weights of every round as is."""
    graph = communities()
    labels = graph.labels.copy()
    others = np.setdiff1d(np.arange(90), graph.splits["train"])
    labels[others] = np.random.default_rng(1).permutation(labels[others])
    assert (labels != graph.labels).sum() > 30
    # One look at the validation labels a round: they choose nothing within it.
    fit = {**FEW, "evaluate_every": 4}
    runs = []
    for each in (graph, dataclasses.replace(graph, labels=labels)):
        seen = EveryRound()
        trainer = gnn.CoTrainer(
            make, judge, config(classifier=fit, agreement=fit, min_confidence=0.3, **settings)
        )
        runs.append((trainer.fit(each, callbacks=[seen], verbose=0), seen.weights))
    (one, weights), (other, other_weights) = runs
    assert [row["loss"] for row in one] == [row["loss"] for row in other]
    assert [row["labels_added"] for row in one] == [row["labels_added"] for row in other]
    assert one[1]["labels_added"] > 0
    assert_equal_weights(sum(weights, []), sum(other_weights, []))
    # Judged by the permuted labels, it is another matter.
    assert one[1]["test_accuracy"] != other[1]["test_accuracy"]


def test_nodes_of_validation_and_test_are_never_labeled(eager):
    graph = communities()
    trainer = gnn.CoTrainer(
        perceptron, None, config(rounds=20, labels_per_round=90, min_confidence=0.0)
    )
    history = trainer.fit(graph, verbose=0)
    # 90 nodes, less 12 to train, 20 to validate and 25 to test on.
    assert sum(row["labels_added"] for row in history) == 33


@pytest.fixture(scope="module")
def judged():
    """A training with all there is: the trainer, its history and graph, the weights by round."""
    graph, seen = communities(noise=2.0), EveryRound()
    trainer = gnn.CoTrainer(network, agreement, config(rounds=4))
    history = trainer.fit(graph, callbacks=[seen], verbose=0)
    return trainer, history, graph, seen.weights


def test_history_says_what_happened(judged):
    history = judged[1]
    assert [row["round"] for row in history] == [0, 1, 2, 3, 4]
    assert history[0]["labels_added"] == 0
    assert "agreement_steps" not in history[0]
    for row in history[1:]:
        assert row["classifier_steps"] == row["agreement_steps"] == 4
        assert 0 <= row["labels_right"] <= row["labels_added"] <= 6
        assert 0 <= row["agreement_auc"] <= 1


def test_the_round_that_validates_best_is_kept(judged):
    trainer, history, graph, weights = judged
    scores = [row["validation_accuracy"] for row in history]
    assert trainer.best_round == int(np.argmax(scores))
    assert_equal_weights(
        [v.numpy() for v in trainer.classifier.variables], weights[trainer.best_round]
    )
    found = trainer.classifier.evaluate(
        gnn.data.full_batch(graph, "validation"), verbose=0, return_dict=True
    )
    assert found["accuracy"] == pytest.approx(max(scores))


def test_the_step_of_least_cross_entropy_is_kept(eager):
    """Against trainings of 1, 2, ... steps, which keep their last weights."""
    graph = communities()
    unjudged = dataclasses.replace(graph, splits={"train": graph.splits["train"]})
    nodes = graph.splits["validation"]
    rate = {"learning_rate": 0.08, "evaluate_every": 1, "patience": 100}

    def cross_entropy(graph, **fit):
        trainer = gnn.CoTrainer(perceptron, None, config(rounds=0, classifier={**rate, **fit}))
        trainer.fit(graph, verbose=0)
        logits = trainer.classifier(next(iter(graph.features.values()))[nodes])
        losses = keras.losses.sparse_categorical_crossentropy(
            graph.labels[nodes], logits, from_logits=True
        )
        return float(tf.reduce_mean(losses))

    after = [cross_entropy(unjudged, min_steps=n, max_steps=n) for n in range(1, 8)]
    assert 0 < np.argmin(after) < 6
    kept = cross_entropy(graph, min_steps=7, max_steps=7, monitor="cross_entropy")
    assert kept == pytest.approx(min(after), rel=1e-6)


def test_agreement_helps_where_neighbors_agree():
    """Where edges tell more than features, co-training learns more than features do."""
    fit = {"min_steps": 200, "patience": 100, "learning_rate": 0.01, "evaluate_every": 20}
    settings = config(
        classifier=fit,
        agreement=fit,
        rounds=4,
        labels_per_round=12,
        pair_weights={"labeled_unlabeled": 1.0, "unlabeled_unlabeled": 1.0},
    )
    trainer = gnn.CoTrainer(perceptron, agreement, settings)
    history = trainer.fit(communities(noise=2.0, size=100), verbose=0)
    best = history[trainer.best_round]
    assert best["test_accuracy"] > history[0]["test_accuracy"] + 0.02


class Stop(EveryRound):
    """Asks for an end after round 0."""

    def on_epoch_end(self, epoch, logs=None):
        self.model.stop_training = True


@pytest.fixture(scope="module")
def joint():
    """A training of two that predict together, which was not stopped, and its history."""
    trainer = gnn.CoTrainer(network, two_opinions, config(predict_jointly=True))
    return trainer, trainer.fit(communities(), verbose=0)


def stop_and_go_on(folder, make, judge, stop, whole, expected):
    """Stops a training as the whole one, and ends with the bits of that when it goes on."""
    graph, rounds = communities(), whole.config.rounds
    stopped, resumed = (gnn.CoTrainer(make, judge, whole.config) for _ in range(2))
    killed = pytest.raises(KeyboardInterrupt) if stop.killed_at else contextlib.nullcontext()
    with killed:
        stopped.fit(graph, folder=folder, callbacks=[stop], verbose=0)
    reason = "it was interrupted" if stop.killed_at else "a callback asked for it"
    assert (len(stopped.history), stopped.stopped) == (stop.killed_at or 1, reason)
    seen = EveryRound()
    history = resumed.fit(graph, folder=folder, callbacks=[seen], verbose=0)
    assert seen.rounds == list(range(stop.killed_at or 1, rounds + 1))
    assert without_time(history) == without_time(expected)
    assert resumed.stopped == whole.stopped == f"all {rounds} rounds are done"
    assert_equal_models(resumed, whole)


def test_a_stopped_training_goes_on_at_its_round(joint, tmp_path):
    """And ends with the bits of one that was not stopped."""
    stop_and_go_on(tmp_path, network, two_opinions, EveryRound(killed_at=2), *joint)


@pytest.mark.parametrize(
    ("judge", "stop"),
    [
        (BeliefAgreement, EveryRound(killed_at=1)),
        # It stayed stopped for ever: the end of one call was kept as the end of the training.
        (agreement, Stop()),
    ],
)
def test_with_another_judge_it_goes_on_as_well(judge, stop, eager, tmp_path):
    trainer = gnn.CoTrainer(thinned, judge, config(rounds=1))
    history = trainer.fit(communities(), verbose=0)
    stop_and_go_on(tmp_path, thinned, judge, stop, trainer, history)


def test_an_interrupted_training_leaves_its_best_round(eager):
    """The rounds that were done are the result of an interrupt, as of a training of so many."""
    graph = communities()
    whole = gnn.CoTrainer(thinned, agreement, config(rounds=1))
    expected = whole.fit(graph, verbose=0)
    seen, trainer = [], gnn.CoTrainer(thinned, agreement, config(rounds=9))

    class Interrupt(EveryRound):
        def on_epoch_begin(self, epoch, logs=None):
            seen.append(len(trainer.history))
            super().on_epoch_begin(epoch)

    with pytest.raises(KeyboardInterrupt):
        trainer.fit(graph, callbacks=[Interrupt(killed_at=2)], verbose=0)
    assert seen == [0, 1, 2]
    assert without_time(trainer.history) == without_time(expected)
    assert (trainer.best_round, trainer.stopped) == (whole.best_round, "it was interrupted")
    assert_equal_models(trainer, whole)


def test_an_interrupt_before_the_first_round_leaves_no_history(eager):
    trainer = gnn.CoTrainer(perceptron, agreement, config())
    with pytest.raises(KeyboardInterrupt):
        trainer.fit(communities(), callbacks=[EveryRound(killed_at=0)], verbose=0)
    assert (trainer.history, trainer.best_round) == ([], None)
    assert trainer.stopped == "it was interrupted"


def test_a_finished_training_is_read_and_more_rounds_carry_on(tmp_path, eager):
    graph = communities()
    gnn.CoTrainer(perceptron, None, config(rounds=1)).fit(graph, folder=tmp_path, verbose=0)
    again = EveryRound()
    trainer = gnn.CoTrainer(perceptron, None, config(rounds=1))
    trainer.fit(graph, folder=tmp_path, callbacks=[again], verbose=0)
    assert again.rounds == []
    assert trainer.stopped == "all 1 rounds are done"
    more = EveryRound()
    gnn.CoTrainer(perceptron, None, config(rounds=2)).fit(
        graph, folder=tmp_path, callbacks=[more], verbose=0
    )
    assert more.rounds == [2]


def test_another_training_in_the_folder_raises(tmp_path, eager):
    graph = communities()
    gnn.CoTrainer(perceptron, None, config(rounds=0)).fit(graph, folder=tmp_path, verbose=0)
    with pytest.raises(ValueError, match="config.seed was '0', and is '1'"):
        gnn.CoTrainer(perceptron, None, config(rounds=0, seed=1)).fit(
            graph, folder=tmp_path, verbose=0
        )
    with pytest.raises(ValueError, match="of another training: graph.senders was"):
        gnn.CoTrainer(perceptron, None, config(rounds=0)).fit(
            communities(1), folder=tmp_path, verbose=0
        )


def test_a_seed_gives_the_same_run(eager):
    runs = [
        gnn.CoTrainer(thinned, agreement, config(seed=seed, rounds=1)).fit(communities(), verbose=0)
        for seed in (0, 0, 1)
    ]
    assert without_time(runs[0]) == without_time(runs[1])
    assert runs[0][0]["loss"] != runs[2][0]["loss"]


@keras.saving.register_keras_serializable(package="tests")
class AlwaysAgree(BeliefAgreement):
    """Agreement 1, whatever the pair."""

    def agree(self, senders, receivers, training=None):
        return tf.ones([tf.shape(senders)[0], 1])


def test_without_agreement_model_every_pair_agrees(eager):
    graph = communities()
    machines = gnn.CoTrainer(perceptron, None, config(rounds=1)).fit(graph, verbose=0)
    agreeing = gnn.CoTrainer(perceptron, AlwaysAgree, config(rounds=1)).fit(graph, verbose=0)
    assert [row["loss"] for row in machines] == [row["loss"] for row in agreeing]


def test_without_graph_pairs_are_random(eager):
    graph = dataclasses.replace(
        communities(), senders=np.zeros(0, np.int32), receivers=np.zeros(0, np.int32),
        weights=np.zeros(0, np.float32),
    )  # fmt: skip
    history = gnn.CoTrainer(perceptron, agreement, config(use_graph=False)).fit(graph, verbose=0)
    assert history[1]["agreement_steps"] == 4
    # With the graph used there is no pair at all: what is left is self-labeling.
    alone = gnn.CoTrainer(perceptron, agreement, config()).fit(graph, verbose=0)
    assert alone[1]["loss"] != history[1]["loss"]


@pytest.mark.parametrize("validates", [True, False])
def test_without_a_labeled_edge_agreement_is_learned_from_any_labeled_pair(validates, eager):
    graph = communities()
    train = graph.splits["train"]
    between = np.isin(graph.senders, train) & np.isin(graph.receivers, train)
    apart = Graph.from_edges(
        graph.senders[~between],
        graph.receivers[~between],
        graph.features["features"],
        labels=graph.labels,
        splits=graph.splits,
    )
    pairs = 20 if validates else 0
    history = gnn.CoTrainer(perceptron, agreement, config(validation_pairs=pairs)).fit(
        apart, verbose=0
    )
    assert history[1]["agreement_steps"] == 4
    assert ("agreement_validation" in history[1]) == validates


def test_without_validation_split_the_last_round_is_kept(eager):
    graph = communities()
    splits = {"train": graph.splits["train"]}
    trainer = gnn.CoTrainer(perceptron, None, config())
    history = trainer.fit(dataclasses.replace(graph, splits=splits), verbose=0)
    assert trainer.best_round == 2
    assert set(history[2]) & {"validation_accuracy", "test_accuracy"} == set()


@pytest.mark.parametrize(
    ("settings", "reason"),
    [
        ({"labels_per_round": 2}, "labels_per_round=2 leaves no class"),
        ({"rounds": 9, "labels_per_round": 200, "min_confidence": 0.0, "keep_proportions": False},
         "all nodes that may be labeled are"),
    ],
)  # fmt: skip
def test_it_says_why_it_stopped(settings, reason, eager):
    trainer = gnn.CoTrainer(perceptron, None, config(**settings))
    trainer.fit(communities(), verbose=0)
    assert reason in trainer.stopped


def test_what_a_round_found_is_the_end_of_the_training(tmp_path, eager):
    """More rounds would find no node to label either; why is known without having been kept."""
    ended = []
    for rounds in (1, 2):
        seen = EveryRound()
        trainer = gnn.CoTrainer(perceptron, None, config(rounds=rounds, min_confidence=0.999))
        trainer.fit(communities(), folder=tmp_path, callbacks=[seen], verbose=0)
        ended.append((seen.rounds, trainer.stopped))
    assert ended[1] == ([], ended[0][1])
    assert "over min_confidence=0.999; the highest was 0." in ended[0][1]


def test_several_draws_are_trained_on(eager):
    grand = lambda: GRANDNodeClassifier(num_classes=3, hops=2, draws=2)  # noqa: E731
    history = gnn.CoTrainer(grand, agreement, config(rounds=1)).fit(communities(), verbose=0)
    assert np.isfinite([row["loss"] for row in history]).all()


def test_sparse_and_dense_features_give_the_same():
    losses = [
        gnn.CoTrainer(
            lambda: keras.Sequential([gnn.layers.FeatureDense(3)]), agreement, config(rounds=1)
        ).fit(communities(as_sparse=as_sparse), verbose=0)[1]["loss"]
        for as_sparse in (True, False)
    ]
    assert losses[0] == pytest.approx(losses[1], rel=1e-4)


def test_the_models_are_ordinary_ones(judged, tmp_path):
    trainer, _, graph, _ = judged
    trainer.classifier.save(tmp_path / "classifier.keras")
    trainer.agreement.save(tmp_path / "agreement.keras")
    data = gnn.data.full_batch(graph)
    loaded = keras.models.load_model(tmp_path / "classifier.keras")
    np.testing.assert_array_equal(
        loaded.predict(data, verbose=0), trainer.classifier.predict(data, verbose=0)
    )
    rows = graph.features["features"]
    judge = keras.models.load_model(tmp_path / "agreement.keras")
    np.testing.assert_array_equal(
        judge([rows[:5], rows[5:10]]), trainer.agreement([rows[:5], rows[5:10]])
    )
    trainer.classifier.export(tmp_path / "served")
    assert (tmp_path / "served" / "saved_model.pb").is_file()


def test_classifier_and_student_predict_together(joint, tmp_path):
    """The product of both beliefs has the accuracies and is what is kept."""
    graph, (trainer, history) = communities(), joint
    assert trainer.best_round
    best = history[trainer.best_round]
    data, model = gnn.data.full_batch(graph), trainer.classifier
    assert isinstance(model, gnn.JointClassifier)
    parts = [model.classifiers[0].predict(data, verbose=0)]
    assert model.classifiers[1] is trainer.agreement.student
    parts.append(model.classifiers[1](graph.features["features"]).numpy())
    powers = np.exp(sum(parts))
    joint = powers / powers.sum(axis=1, keepdims=True)
    np.testing.assert_allclose(np.exp(model.predict(data, verbose=0)), joint, rtol=1e-4)
    for split in ("train", "validation", "test"):
        nodes = graph.split(split)
        right = np.mean(joint[nodes].argmax(axis=1) == graph.labels[nodes])
        assert best[f"{split}_accuracy"] == pytest.approx(right)
    tested = gnn.data.full_batch(graph, "test")
    assert model.evaluate(tested, verbose=0, return_dict=True)["accuracy"] == pytest.approx(
        best["test_accuracy"]
    )
    model.save(tmp_path / "both.keras")
    loaded = keras.models.load_model(tmp_path / "both.keras")
    np.testing.assert_array_equal(loaded.predict(data, verbose=0), model.predict(data, verbose=0))


def test_before_there_is_a_student_the_classifier_predicts_alone(eager):
    trainer = gnn.CoTrainer(perceptron, two_opinions, config(predict_jointly=True, rounds=0))
    trainer.fit(communities(), verbose=0)
    assert isinstance(trainer.classifier, keras.Sequential)


class Shown(keras.callbacks.Callback):
    """Keeps which model had which accuracy; stops after the first round with a student."""

    def on_train_begin(self, logs=None):
        self.accuracies = []

    def on_epoch_end(self, epoch, logs=None):
        data = gnn.data.full_batch(communities(), "test")
        accuracy = self.model.evaluate(data, verbose=0, return_dict=True)["accuracy"]
        self.accuracies.append((accuracy, logs["test_accuracy"]))
        self.model.stop_training = epoch == 1


def test_callbacks_are_shown_what_has_the_accuracies():
    def compiled():
        model = network()
        loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
        model.compile(keras.optimizers.Adam(0.01), loss, metrics=["accuracy"])
        return model

    shown = Shown()
    trainer = gnn.CoTrainer(compiled, two_opinions, config(predict_jointly=True))
    history = trainer.fit(communities(), callbacks=[shown], verbose=0)
    assert len(history) == len(shown.accuracies) == 2
    assert trainer.stopped == "a callback asked for it"
    for found, logged in shown.accuracies:
        assert found == pytest.approx(logged)


@pytest.mark.parametrize("judge", [agreement, BeliefAgreement, None])
def test_to_predict_jointly_without_a_student_raises(judge):
    with pytest.raises(ValueError, match="predict_jointly=True needs a second opinion"):
        gnn.CoTrainer(perceptron, judge, config(predict_jointly=True)).fit(communities(), verbose=0)


def test_too_few_classes_raise():
    with pytest.raises(ValueError, match="returns 2 classes, but the graph has the label 2"):
        gnn.CoTrainer(lambda: keras.layers.Dense(2), agreement, config()).fit(
            communities(), verbose=0
        )


def test_models_in_place_of_functions_raise():
    with pytest.raises(TypeError, match="classifier_fn must be a function"):
        gnn.CoTrainer(network(), agreement)
    with pytest.raises(TypeError, match="agreement_fn must be a function"):
        gnn.CoTrainer(network, agreement())
    with pytest.raises(TypeError, match="agreement_fn must return a gnn.AgreementModel"):
        gnn.CoTrainer(network, lambda: keras.layers.Dense(1)).fit(communities(), verbose=0)
