"""The product of several classifiers, against NumPy."""

import re

import keras
import numpy as np
import pytest
import tensorflow as tf

from gnn.configs import GraphRegConfig
from gnn.models import (
    AdversarialRegularizationModel,
    AgreementModel,
    GRANDNodeClassifier,
    GraphClassifier,
    GraphConvolutionalNodeClassifier,
    JointClassifier,
    NodeGraphModel,
)
from tests.models.small_batches import READ_OUT, SIZE, example


def product(*beliefs):
    """The probabilities' product, scaled to 1."""
    joint = np.prod(beliefs, axis=0)
    return joint / joint.sum(axis=-1, keepdims=True)


def fixed(probabilities):
    """A classifier that believes the same of every node."""
    kernel = keras.initializers.Constant(np.log(probabilities)[np.newaxis])
    return keras.layers.Dense(len(probabilities), kernel_initializer=kernel)


def test_who_is_sure_outvotes_and_who_is_undecided_says_nothing():
    """0.5, 0.3, 0.2 times 0.1, 0.1, 0.8 is 5, 3, 16 of 24."""
    model = JointClassifier([fixed([0.5, 0.3, 0.2]), fixed([0.1, 0.1, 0.8]), fixed([1 / 3] * 3)])
    found = model(tf.ones([2, 1]))
    np.testing.assert_allclose(tf.exp(found), [[5 / 24, 3 / 24, 16 / 24]] * 2, rtol=1e-6)


@pytest.mark.parametrize("as_sparse", [False, True])
def test_a_network_and_a_perceptron_give_the_rows_read_out(as_sparse):
    inputs, x, _ = example(as_sparse)
    network = GraphConvolutionalNodeClassifier(num_classes=3, hidden_units=4)
    first = keras.Sequential([keras.Input((x.shape[1],)), keras.layers.Dense(3)])
    model = JointClassifier([network, first])
    found = model(inputs)
    assert found.shape == (len(READ_OUT), 3)
    alone = tf.nn.softmax(network(inputs)), tf.nn.softmax(first(x[READ_OUT]))
    np.testing.assert_allclose(tf.exp(found), product(*alone), rtol=1e-5)


class TwoDraws(keras.layers.Layer):
    """Logits of two draws of each node: [0.2, 0.8] and [0.6, 0.4]."""

    def call(self, inputs):
        draws = tf.math.log(tf.constant([[[0.2, 0.8], [0.6, 0.4]]]))
        return tf.repeat(draws, tf.shape(inputs)[0], axis=0)


def test_of_several_draws_it_is_their_mean_probability():
    """0.4, 0.6 times 0.75, 0.25 is 2 to 1."""
    found = JointClassifier([TwoDraws(), fixed([0.75, 0.25])])(tf.ones([3, 1]))
    np.testing.assert_allclose(tf.exp(found), [[2 / 3, 1 / 3]] * 3, rtol=1e-6)


def test_a_network_that_draws_is_trained_on_its_mean():
    inputs, _, _ = example()
    off = {"dropout_rate": 0.0, "input_dropout": 0.0, "drop_node_rate": 0.0}
    draws = GRANDNodeClassifier(num_classes=3, hidden_units=4, draws=2, hops=1, **off)
    model = JointClassifier([draws, keras.layers.Dense(3)])
    model.compile("sgd", keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    data = tf.data.Dataset.from_tensors((inputs, tf.constant([0, 1, 2])))
    model(inputs)
    # All draws are alike, so their mean is what inference says.
    np.testing.assert_allclose(model(inputs, training=True), model(inputs), rtol=1e-5)
    history = model.fit(data, epochs=2, verbose=0).history
    assert sorted(history) == ["consistency_loss", "loss"]
    assert history["loss"][1] < history["loss"][0]


def test_a_dict_of_outputs_has_logits():
    inputs = keras.Input((2,))
    logits = keras.layers.Dense(3)(inputs)
    two = keras.Model(inputs, {"logits": logits, "embedding": inputs})
    x = np.array([[1.0, -2.0]], np.float32)
    found = JointClassifier([two])(x)
    np.testing.assert_allclose(found, tf.nn.log_softmax(two(x)["logits"]), rtol=1e-6)


def test_features_that_no_classifier_reads_are_not_asked_for(tmp_path):
    def reading(name):
        inputs = keras.Input((2,), name=name)
        return keras.Model({name: inputs}, keras.layers.Dense(2)(inputs))

    model = JointClassifier([reading("x"), reading("y")])
    rows = {name: np.ones((3, 2), np.float32) for name in "xyz"}
    expected = model(rows)
    model.export(tmp_path / "served", verbose=False)
    served = tf.saved_model.load(str(tmp_path / "served")).signatures["serving_default"]
    assert sorted(served.structured_input_signature[1]) == ["x", "y"]
    found = served(x=tf.constant(rows["x"]), y=tf.constant(rows["y"]))["outputs"]
    np.testing.assert_allclose(found, expected, rtol=1e-6)


def test_a_network_trained_in_it_can_be_saved_by_itself(tmp_path):
    """It was loaded without its weights, and without a word."""
    inputs, _, _ = example()
    network = GraphConvolutionalNodeClassifier(num_classes=3, hidden_units=4)
    JointClassifier([network, keras.layers.Dense(3)])(inputs)
    network.save(tmp_path / "network.keras")
    loaded = keras.models.load_model(tmp_path / "network.keras")
    np.testing.assert_array_equal(loaded(inputs), network(inputs))


def test_an_agreement_model_in_it_is_not_trained():
    inputs, _, _ = example()
    judge = AgreementModel((4,), kernel_regularizer="l2")
    network = GraphConvolutionalNodeClassifier(
        num_classes=3, hidden_units=4, config=GraphRegConfig(multiplier=0.1), agreement_model=judge
    )
    model = JointClassifier([network, keras.layers.Dense(3)])
    model.compile("sgd", keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    model(inputs)
    before = [variable.numpy() for variable in judge.trainable_variables]
    trained = network.convolutions[0].kernel.numpy()
    data = tf.data.Dataset.from_tensors((inputs, tf.constant([0, 1, 2])))
    model.fit(data, verbose=0)
    for variable, value in zip(judge.trainable_variables, before, strict=True):
        np.testing.assert_array_equal(variable, value)
    assert (network.convolutions[0].kernel.numpy() != trained).any()


def test_a_model_of_yours_need_not_know_of_training():
    class Sums(NodeGraphModel):
        def graph_call(self, graph):
            return graph.replace(nodes=graph.nodes["x"][:, :3])

    inputs, x, _ = example()
    found = JointClassifier([Sums()])(inputs)
    np.testing.assert_allclose(found, tf.nn.log_softmax(x[READ_OUT, :3]), rtol=1e-5)


def test_another_number_of_classes_raises():
    for classes in ([2, 3], [1, 1]):
        model = JointClassifier([keras.layers.Dense(units) for units in classes])
        with pytest.raises(ValueError, match=f"two or more; .* have {re.escape(str(classes))}"):
            model(tf.ones([1, 2]))


@pytest.mark.parametrize(
    ("classifiers", "error", "message"),
    [
        ([], ValueError, "at least one"),
        ([len], TypeError, "got builtin_function_or_method"),
        ([GraphClassifier(num_classes=2)], TypeError, "is of whole graphs"),
        (
            [AdversarialRegularizationModel(lambda: keras.layers.Dense(2))],
            TypeError,
            "its losses are made in a training step of its own",
        ),
    ],
)
def test_what_is_no_classifier_of_nodes_raises(classifiers, error, message):
    with pytest.raises(error, match=message):
        JointClassifier(classifiers)


def test_a_classifier_that_cannot_be_loaded_is_named(tmp_path):
    model = JointClassifier([keras.layers.Dense(2), keras.layers.Lambda(lambda x: x)])
    model(tf.ones([SIZE, 2]))
    with pytest.raises(ValueError, match=r"classifiers\[1\] .*holds the Lambda layer"):
        model.save(tmp_path / "model.keras")
