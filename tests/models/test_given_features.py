"""Features as users have them: strings, pandas, SciPy, dicts by key; in a call, fit and predict."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import pandas as pd
import pytest
import tensorflow as tf
from scipy import sparse

import gnn
from gnn import GraphRegularizationModel

WORDS, PRICES = ["tea", "cup"], np.array([[1.0], [10.0]], np.float32)


@pytest.fixture(scope="module")
def model() -> keras.Model:
    """100 for the word "cup", and the price: 1 and 110 for the rows above."""
    word, price = keras.Input([], name="word", dtype="string"), keras.Input([1], name="price")
    found = keras.layers.StringLookup(vocabulary=["cup"], output_mode="one_hot")(word)
    counted = keras.layers.Lambda(
        lambda row: 100.0 * tf.cast(row[:, 1:], tf.float32), output_shape=(1,)
    )(found)
    last = keras.layers.Dense(1, use_bias=False, kernel_initializer="ones")
    node_model = keras.Model([word, price], last(keras.layers.Add()([counted, price])))
    made = GraphRegularizationModel({"multiplier": 0.1}, lambda: node_model)
    made.compile(keras.optimizers.SGD(0.0), "mse")
    return made


OBJECTS = np.array(WORDS, object)


@pytest.mark.parametrize(
    "words",
    [
        np.array(WORDS),
        np.array(WORDS, "S"),
        OBJECTS,
        WORDS,
        pd.Series(WORDS),
        pd.Series(WORDS, dtype="category", index=[7, 3]),
        pd.Series(WORDS, dtype="string"),
        tf.constant(WORDS),
    ],
    ids=lambda words: f"{type(words).__name__}-{getattr(words, 'dtype', '')}",
)
def test_strings(words: Any, model: keras.Model) -> None:
    inputs = {"word": words, "price": PRICES}
    assert model(inputs).numpy().ravel().tolist() == [1.0, 110.0]
    assert model.predict(inputs, verbose=0).ravel().tolist() == [1.0, 110.0]
    # What a graph takes, its models take.
    if not tf.is_tensor(words):
        graph = gnn.Graph.from_edges([0], [1], inputs)
        assert model.predict(gnn.data.full_batch(graph), verbose=0).ravel().tolist() == [1.0, 110.0]


TABLE = pd.DataFrame({"note": ["x", "y"], "price": [1, 10], "word": WORDS}, index=[5, 6])


@pytest.mark.parametrize("method", ["predict", "predict_on_batch", "__call__"])
@pytest.mark.parametrize("given", [TABLE, dict(TABLE)], ids=["table", "columns"])
def test_tables(given: Any, method: str, model: keras.Model) -> None:
    options = {"verbose": 0} if method == "predict" else {}
    outputs = getattr(model, method)(given, **options)
    assert np.ravel(outputs).tolist() == [1.0, 110.0]


@pytest.mark.parametrize("method", ["fit", "evaluate", "test_on_batch", "train_on_batch"])
def test_tables_with_labels(method: str, model: keras.Model) -> None:
    options: dict[str, Any] = {} if "batch" in method else {"verbose": 0}
    if method == "fit":  # A table to validate on, too.
        options["validation_data"] = (TABLE, np.array([[1.0], [110.0]]))
    results = getattr(model, method)(TABLE, np.array([[3.0], [110.0]]), **options)
    loss = results.history["loss"][0] if method == "fit" else results
    assert np.ravel(loss)[0] == 2.0
    if method == "fit":
        assert results.history["val_loss"] == [0.0]


def summed() -> GraphRegularizationModel:
    dense = keras.layers.Dense(1, use_bias=False, kernel_initializer="ones")
    return GraphRegularizationModel({"multiplier": 0.1}, lambda: dense)


def test_a_table_of_numbers_is_a_matrix_as_in_keras() -> None:
    table = pd.DataFrame({"a": [1.0, 2.0], "b": [10, 20]})
    model = summed()
    assert model(table).numpy().ravel().tolist() == [11.0, 22.0]
    assert model.predict(table, verbose=0).ravel().tolist() == [11.0, 22.0]
    # Under a name it is one feature.
    assert summed()({"x": table}).numpy().ravel().tolist() == [11.0, 22.0]


@pytest.mark.parametrize("named", [True, False])
def test_a_sparse_matrix(named: bool) -> None:
    matrix = sparse.csr_array(np.array([[0, 2], [1, 3]], np.float32))
    given = {"x": matrix} if named else matrix
    model = summed()
    assert model(given).numpy().ravel().tolist() == [2.0, 4.0]
    assert model.predict(given, verbose=0).ravel().tolist() == [2.0, 4.0]


DAYS = pd.to_datetime(["2024-01-01", "2024-02-01"])


@pytest.mark.parametrize(
    ("error", "given", "message"),
    [
        (TypeError, {"price": DAYS.to_numpy(), "word": WORDS}, r"x\['price'\] must hold numbers"),
        (TypeError, {"price": pd.Series(DAYS), "word": WORDS}, r"x\['price'\] must hold numbers"),
        (TypeError, TABLE.assign(price=DAYS), r"x\['price'\] must hold numbers, booleans or str"),
        (TypeError, {"price": PRICES, "word": np.array([1, "cup"], object)}, r"x\['word'\]"),
        (ValueError, TABLE.assign(word=["tea", None]), r"x\['word'\]"),
        (KeyError, TABLE[["word"]], r"x must have the columns .*; it lacks .*'price'"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("call", [lambda m, x: m(x), lambda m, x: m.predict(x, verbose=0)])
def test_what_no_model_takes(
    call: Callable[..., Any], error: Any, given: Any, message: str, model: keras.Model
) -> None:
    model({"word": WORDS, "price": PRICES})
    with pytest.raises(error, match=message):
        call(model, given)


# Keras warns, and takes the keys.
@pytest.mark.filterwarnings("ignore:When providing `inputs` as a dict:UserWarning")
def test_inputs_by_the_keys_of_a_dict_as_in_keras() -> None:
    left, right = keras.Input([1], name="first"), keras.Input([1], name="second")
    by_key = keras.Model({"right": right, "left": left}, keras.layers.Subtract()([left, right]))
    by_name = keras.Model([right, left], keras.layers.Subtract()([left, right]))
    ones = np.ones([2, 1], np.float32)
    for node_model, names in ((by_key, ("left", "right")), (by_name, ("first", "second"))):
        inputs = {"extra": 9 * ones, names[1]: ones, names[0]: 3 * ones}
        model = GraphRegularizationModel({"multiplier": 0.1}, lambda m=node_model: m)
        for given in (inputs, dict(reversed(inputs.items()))):
            expected = node_model({name: given[name] for name in names}).numpy().tolist()
            assert model(given).numpy().tolist() == expected == [[2.0], [2.0]]
    with pytest.raises(KeyError, match=r"has inputs \['left', 'right'\], but the features lack"):
        GraphRegularizationModel({"multiplier": 0.1}, lambda: by_key)({"left": ones, "x": ones})


def test_a_node_model_that_returns_a_list() -> None:
    x = keras.Input([1], name="x")
    listed = keras.Model(x, [x, x])
    model = GraphRegularizationModel({"multiplier": 0.1}, lambda: listed)
    model.compile("sgd", "mse")
    graph = gnn.Graph.from_edges([0], [1], {"x": PRICES})
    for call in (
        lambda: model(next(iter(gnn.data.full_batch(graph)))),  # To be regularized.
        lambda: model.test_on_batch({"x": PRICES}, PRICES),
    ):
        with pytest.raises(TypeError, match="returns a list of 2 outputs; return a dict"):
            call()
