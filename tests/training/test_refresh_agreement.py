"""An agreement model that learns during `fit`: what it changes, what it must not, what leaks."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

from gnn.configs import GraphRegConfig, PairWeights
from gnn.data import distribute, full_batch, neighborhoods
from gnn.data.node_pairs import labeled_pairs
from gnn.graphs.graph import Graph
from gnn.models import GraphConvolutionalNodeClassifier, GraphRegularizationModel
from gnn.models.agreement.agreement_model import AgreementModel
from gnn.training.exact_resume import ExactResume
from gnn.training.refresh_agreement import RefreshAgreement
from gnn.training.snapshots import read_position

LOSS = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
CONFIG = GraphRegConfig(multiplier=1.0)
WEIGHTS = PairWeights(0.0, 1.0, 0.5)


def block_graph(right: int, wrong: int, num_nodes: int = 240, seed: int = 0) -> Graph:
    """Three classes, as many edges within one and between two a node, features that overlap."""
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, 3, num_nodes)
    senders, receivers = rng.integers(0, num_nodes, (2, 20 * num_nodes))
    within = labels[senders] == labels[receivers]
    kept = [
        np.flatnonzero(chosen)[: count * num_nodes]
        for chosen, count in ((within, right), (~within, wrong))
    ]
    kept = np.concatenate(kept)
    features = 1.2 * np.eye(3)[labels] + 0.6 * rng.normal(size=(num_nodes, 3))
    train = np.arange(60)
    return Graph.from_edges(
        senders[kept],
        receivers[kept],
        {"x": features},
        labels=labels,
        splits={"train": train, "validation": np.arange(60, 100), "test": np.arange(100, 240)},
        undirected=True,
    )


GRAPH = block_graph(right=3, wrong=3)
TRAIN = full_batch(GRAPH, "train", known_labels="train")


def judge(**arguments: Any) -> AgreementModel:
    """Compiled as the callback would, but for its optimizer, and eager."""
    model = AgreementModel(**(arguments or {"hidden_units": (8,)}))
    model.compile(keras.optimizers.SGD(0.1, momentum=0.9), run_eagerly=True)
    return model


def gcn(agreement_model: Any = None, eager: bool = True) -> GraphConvolutionalNodeClassifier:
    """Eager by default, which spares the tracing of functions that would run a few times."""
    keras.utils.set_random_seed(1)
    model = GraphConvolutionalNodeClassifier(
        num_classes=3,
        hidden_units=8,
        config=CONFIG,
        agreement_model=agreement_model or judge(),
        pair_weights=WEIGHTS,
    )
    return compiled(model, run_eagerly=eager)


def compiled(model: Any, **options: Any) -> Any:
    optimizer = keras.optimizers.SGD(0.01, momentum=0.9)
    model.compile(optimizer, LOSS, metrics=["accuracy"], **options)
    return model


def regularized(agreement_model: Any = None) -> GraphRegularizationModel:
    """Smaller, where only the callback is looked at."""
    keras.utils.set_random_seed(1)
    model = GraphRegularizationModel(
        CONFIG,
        lambda: keras.Sequential([keras.layers.Dropout(0.5), keras.layers.Dense(3)]),
        agreement_model=agreement_model or judge(),
        pair_weights=WEIGHTS,
    )
    return compiled(model, run_eagerly=True)


def traced(model: Any) -> list[int]:
    """Counts how often the training step is traced."""
    count, step = [0], model.train_step

    def counting(data: Any) -> Any:
        count[0] += 1
        return step(data)

    model.train_step = counting
    return count


def test_it_learns_apart_and_nothing_is_traced_again() -> None:
    fixed, refreshed = (gcn(AgreementModel((8,)), eager=False) for _ in range(2))
    counts = [traced(model) for model in (fixed, refreshed)]
    fixed.fit(TRAIN, epochs=1, verbose=0)
    before = [weight.numpy() for weight in fixed.agreement_model.weights]
    first = fixed.history.history
    fixed.fit(TRAIN, epochs=3, verbose=0)
    for weight, value in zip(fixed.agreement_model.weights, before, strict=True):
        np.testing.assert_array_equal(weight, value)
    callback = RefreshAgreement(GRAPH, epochs=3)
    refreshed.fit(TRAIN, epochs=3, callbacks=[callback], verbose=0)
    assert counts[0] == counts[1]
    history = refreshed.history.history
    assert len(history["agreement_auc"]) == 3
    assert history["agreement_loss"][-1] < history["agreement_loss"][0]
    assert history["agreement_loss"][-1] == callback.results["agreement_loss"]
    # The first step sees what was learned. The node model is the same until then, and so is
    # dropout: only agreement differs.
    assert history["graph_loss"][0] != first["graph_loss"][0]
    assert history["accuracy"][0] == first["accuracy"][0]
    # The optimizer of the node model has no slots for the agreement model's weights.
    own = {weight.path for weight in refreshed.agreement_model.weights}
    assert own and not own & {weight.path for weight in refreshed.trainable_weights}


def test_every_other_epoch() -> None:
    seen = []

    class Watch(keras.callbacks.Callback):
        def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
            seen.append(self.model.agreement_model.get_weights()[0].copy())

    model = regularized()
    model.fit(TRAIN, epochs=5, callbacks=[RefreshAgreement(GRAPH, every=2), Watch()], verbose=0)
    changed = [not np.array_equal(*pair) for pair in zip(seen[:-1], seen[1:], strict=True)]
    assert changed == [False, True, False, True]


def test_pairs_as_data_and_a_model_of_the_users() -> None:
    ends = [keras.Input((3,)) for _ in range(2)]
    users = keras.Model(ends, keras.layers.Dense(1, "sigmoid")(keras.layers.Multiply()(ends)))
    before = users.get_weights()
    model = regularized(users)
    pairs = labeled_pairs(GRAPH, use_edges=False, seed=4)
    history = model.fit(TRAIN, epochs=2, callbacks=[RefreshAgreement(pairs)], verbose=0).history
    assert {"agreement_loss", "agreement_accuracy", "agreement_auc"} <= set(history)
    assert not np.array_equal(users.get_weights()[0], before[0])


def test_what_cannot_be_refreshed() -> None:
    with pytest.raises(TypeError, match=r"must be a keras\.Model.*Dense"):
        RefreshAgreement(GRAPH, keras.layers.Dense(1))
    model = GraphRegularizationModel(CONFIG, lambda: keras.layers.Dense(3))
    model.compile("sgd", LOSS)
    with pytest.raises(ValueError, match="RefreshAgreement needs an agreement_model"):
        model.fit(TRAIN, callbacks=[RefreshAgreement(GRAPH)], verbose=0)
    with pytest.raises(ValueError, match="every must be at least 1, got 0"):
        RefreshAgreement(GRAPH, every=0)


@pytest.mark.parametrize("sampled", [False, True])
def test_labels_of_validation_and_test_leak_nowhere(sampled: bool) -> None:
    """Permuting them leaves every training loss and every weight bit-identical."""
    rest = np.concatenate([GRAPH.splits["validation"], GRAPH.splits["test"]])
    labels = GRAPH.labels.copy()
    labels[rest] = np.random.default_rng(0).permutation(labels[rest])
    assert np.any(labels != GRAPH.labels)
    results = []
    for graph in (GRAPH, dataclasses.replace(GRAPH, labels=labels)):
        model = gcn()
        data = full_batch(graph, "train", known_labels="train")
        if sampled:
            data = neighborhoods(
                graph,
                "train",
                batch_size=20,
                fanout=(5, 5),
                shuffle=True,
                seed=0,
                unlabeled="rest",
                known_labels="train",
            )
        callback = RefreshAgreement(labeled_pairs(graph, validation_split=20))
        model.fit(data, epochs=2, callbacks=[callback], verbose=0)
        results.append((model.history.history, model.get_weights()))
    (history, weights), (other, others) = results
    assert history == other and len(history["agreement_loss"]) == 2
    for weight, value in zip(weights, others, strict=True):
        np.testing.assert_array_equal(weight, value)


def sampled(batch_size: int = 20, padding: bool = False) -> tf.data.Dataset:
    """Three batches an epoch, of 20 nodes each."""
    return neighborhoods(
        GRAPH,
        "train",
        batch_size=batch_size,
        fanout=(5,),
        shuffle=True,
        seed=0,
        known_labels="train",
        padding=padding,
    )


class Kill(keras.callbacks.Callback):
    """Ends the process, as far as `fit` is concerned, after so many steps."""

    def __init__(self, steps: int):
        super().__init__()
        self.steps = steps

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        self.steps -= 1
        if not self.steps:
            raise KeyboardInterrupt


def doubtful() -> AgreementModel:
    """A judge with random numbers and averages of its own."""
    keras.utils.set_random_seed(2)
    layers = [keras.layers.Dense(8), keras.layers.BatchNormalization(), keras.layers.Dropout(0.5)]
    return judge(encoder=keras.Sequential(layers))


def one_batch() -> tf.data.Dataset:
    """Of pairs, other ones in each pass."""
    return labeled_pairs(GRAPH, batch_size=512)


def resumable(folder: Path, pairs: Any = None, kill: int | None = None) -> tuple[Any, Any]:
    """Four epochs of three steps, a refresh in every other; weights and history."""
    pairs = one_batch() if pairs is None else pairs
    model, refresh = regularized(doubtful()), RefreshAgreement(pairs, every=2, epochs=2)
    resume = ExactResume(folder, [refresh], every_steps=1)
    callbacks = [resume] if kill is None else [resume, Kill(kill)]
    history = model.fit(
        resume.batches(sampled()), epochs=4, callbacks=callbacks, shuffle=False, verbose=0
    )
    return state_of(model), history.history


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> tuple[Any, Any]:
    """What a training that was never stopped ends with."""
    return resumable(tmp_path_factory.mktemp("whole"))


def state_of(model: Any) -> list[np.ndarray]:
    """All that the agreement model and its optimizer have, and the model's weights."""
    judge = model.agreement_model
    variables = [*model.weights, *judge.variables, *judge.optimizer.variables]
    return [
        tf.convert_to_tensor(part).numpy()
        for variable in variables
        for part in model.distribute_strategy.experimental_local_results(variable.value)
    ]


def assert_equal(one: list[np.ndarray], other: list[np.ndarray]) -> None:
    for value, expected in zip(one, other, strict=True):
        np.testing.assert_array_equal(value, expected)


def test_a_killed_training_ends_with_the_same_bits(whole: Any, tmp_path: Path) -> None:
    weights, history = whole
    # In an epoch with a refresh and in one without; after the last step. The later ones kill a
    # training that was carried on, whose callbacks see the first 2 steps of its epoch again.
    for steps, total in ((8, 8), (2 + 3, 11), (2 + 1, 12)):
        with pytest.raises(KeyboardInterrupt):
            resumable(tmp_path, kill=steps)
        position = read_position(tmp_path)
        assert position is not None and position.total == total
    for _ in range(2):  # The second time there is nothing to do.
        others, again = resumable(tmp_path)
        assert again == history and len(history["agreement_auc"]) == 4
        assert_equal(others, weights)


def test_a_second_fit_in_one_process_goes_on(whole: Any, tmp_path: Path) -> None:
    weights, history = whole
    model, refresh = regularized(doubtful()), RefreshAgreement(one_batch(), every=2, epochs=2)
    resume = ExactResume(tmp_path, [refresh], every_steps=1)
    data = resume.batches(sampled())
    for epochs in (1, 3, 4, 4):  # The last time there is nothing to do.
        found = model.fit(data, epochs=epochs, callbacks=[resume], shuffle=False, verbose=0)
    assert found.history == history
    assert_equal(state_of(model), weights)
    other = regularized(doubtful())  # The same callbacks restore another model.
    found = other.fit(data, epochs=4, callbacks=[resume], shuffle=False, verbose=0)
    assert found.history == history
    assert_equal(state_of(other), weights)


def test_a_killed_training_on_two_devices_ends_with_the_same_bits(
    two_devices: tf.distribute.Strategy, tmp_path: Path
) -> None:
    def run(folder: str, kill: int | None = None) -> Any:
        with two_devices.scope():
            model = regularized(doubtful())
        resume = ExactResume(tmp_path / folder, [RefreshAgreement(one_batch())], every_steps=1)
        data = distribute(two_devices, lambda context: resume.batches(sampled(15, padding=True)))
        callbacks = [resume] if kill is None else [resume, Kill(kill)]
        history = model.fit(data, epochs=2, callbacks=callbacks, verbose=0)
        return state_of(model), history.history

    whole, history = run("whole")
    with pytest.raises(KeyboardInterrupt):
        run("killed", kill=1)  # Of 2 epochs of 2 steps; a refresh is yet to come.
    again, found = run("killed")
    assert found == history
    assert_equal(again, whole)


def test_another_judge_or_other_pairs_are_refused(tmp_path: Path) -> None:
    def fit(rate: float, graph: Any = GRAPH, kill: int | None = 4) -> None:
        encoder = keras.Sequential([keras.layers.Dense(4), keras.layers.Dropout(rate)])
        refresh = RefreshAgreement(graph, judge(encoder=encoder))
        resume = ExactResume(tmp_path, [refresh], every_steps=1)
        callbacks = [resume] if kill is None else [resume, Kill(kill)]
        data = resume.batches(sampled())
        regularized().fit(data, epochs=2, callbacks=callbacks, shuffle=False, verbose=0)

    with pytest.raises(KeyboardInterrupt):
        fit(0.5)
    with pytest.raises(ValueError, match="RefreshAgreement.agreement model: .*rate was 0.5, and"):
        fit(0.25, kill=None)
    fewer = labeled_pairs(GRAPH, num_pairs=64)
    with pytest.raises(ValueError, match="RefreshAgreement.batches of the pairs was"):
        fit(0.5, fewer, kill=None)


def test_pairs_of_which_the_order_is_not_known_are_refused(tmp_path: Path) -> None:
    class Pairs(keras.utils.PyDataset):
        def __len__(self) -> int:
            return 1

        def __getitem__(self, index: int) -> Any:
            return (np.ones((4, 3)), np.zeros((4, 3))), np.ones((4, 1))

    regularized().fit(TRAIN, callbacks=[RefreshAgreement(Pairs())], verbose=0)
    with pytest.raises(
        ValueError, match=r"must be a gnn\.Graph or a tf\.data\.Dataset .*got Pairs"
    ):
        resumable(tmp_path, Pairs())


def test_a_judge_of_another_strategy_is_refused(two_devices: tf.distribute.Strategy) -> None:
    elsewhere = judge()
    with two_devices.scope():
        model = regularized(elsewhere)
    data = distribute(two_devices, lambda context: sampled(10, padding=True))
    with pytest.raises(ValueError, match="'agreement_model.*' must be made in the scope of the"):
        model.fit(data, callbacks=[RefreshAgreement(GRAPH)], verbose=0)


def test_pairs_without_a_seed_are_not_carried_on_with(tmp_path: Path) -> None:
    def unseeded() -> tf.data.Dataset:
        return labeled_pairs(GRAPH, batch_size=2).shuffle(100).take(1)

    with pytest.raises(KeyboardInterrupt):
        resumable(tmp_path, unseeded(), kill=1)
    with pytest.raises(ValueError, match="pairs of RefreshAgreement are not drawn as those"):
        resumable(tmp_path, unseeded())


def test_two_devices(two_devices: tf.distribute.Strategy) -> None:
    def made() -> AgreementModel:
        keras.utils.set_random_seed(1)
        return AgreementModel((8,))

    model = regularized(made())
    model.agreement_model.compile(run_eagerly=True)
    # Under a strategy each `fit` of Keras begins with a batch of its own, which is the first pass.
    pairs = labeled_pairs(GRAPH, first_epoch=1)
    refresh = RefreshAgreement(pairs, epochs=2)
    model.fit(sampled(), callbacks=[refresh], verbose=0)
    expected = model.agreement_model.get_weights()
    with two_devices.scope():
        model = regularized(made())  # The callback compiles it.
    data = distribute(
        two_devices,
        lambda context: sampled(context.get_per_replica_batch_size(20), padding=True),
    )
    refresh = RefreshAgreement(GRAPH, epochs=2)
    model.fit(data, callbacks=[refresh], verbose=0)
    for weight, other in zip(model.agreement_model.get_weights(), expected, strict=True):
        np.testing.assert_allclose(weight, other, atol=1e-5)


def test_agreement_beats_blind_trust_where_most_edges_are_wrong() -> None:
    """One `fit` of a node model with agreement, against the same with all edges trusted."""
    graph = block_graph(right=2, wrong=8)
    data, test = (full_batch(graph, name, known_labels="train") for name in ("train", "test"))
    accuracies = {}
    for name, agreement_model in (("blind", None), ("agreement", AgreementModel((16,)))):
        keras.utils.set_random_seed(0)
        model = GraphRegularizationModel(
            GraphRegConfig(multiplier=20.0),
            lambda: keras.Sequential([keras.layers.Dense(16, "relu"), keras.layers.Dense(3)]),
            agreement_model=agreement_model,
            pair_weights=PairWeights(0.0, 1.0, 0.5),
        )
        rate = keras.optimizers.Adam(0.01)
        model.compile(rate, LOSS, metrics=["accuracy"], run_eagerly=True)
        callbacks = []
        if agreement_model:
            agreement_model.compile(keras.optimizers.Adam(0.03), run_eagerly=True)
            callbacks = [RefreshAgreement(graph, every=4, epochs=4)]
        model.fit(data, epochs=12, callbacks=callbacks, verbose=0)
        accuracies[name] = model.evaluate(test, verbose=0, return_dict=True)["accuracy"]
    assert accuracies["agreement"] > accuracies["blind"] + 0.1, accuracies
