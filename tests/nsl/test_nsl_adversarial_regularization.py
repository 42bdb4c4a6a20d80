"""`nsl.keras.AdversarialRegularization` as NSL documents it: labels by key, its loss and names."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

from gnn import nsl

X, Y, W = np.array([[2.0, 3.0]]), np.array([[0.0]]), np.array([[4.0], [-3.0]])
RATE = 0.01


class Subclassed(keras.Model):
    def __init__(self) -> None:
        super().__init__()
        self.dense = keras.layers.Dense(1, use_bias=False)
        self.seen: set[str] = set()

    def call(self, inputs: dict[str, tf.Tensor]) -> tf.Tensor:
        self.seen |= set(inputs)
        return self.dense(inputs["x"])


def base_model(kind: str = "functional", width: int = 1) -> keras.Model:
    if kind == "subclassed":
        model = Subclassed()
        model({"x": X})
        model.seen.clear()
    elif kind == "sequential":
        model = keras.Sequential([keras.Input([2]), keras.layers.Dense(width, use_bias=False)])
    else:
        inputs = keras.Input([2], name="x")
        model = keras.Model(inputs, keras.layers.Dense(width, use_bias=False)(inputs))
    if width == 1:
        model.set_weights([W])
    return model


def wrapped(base: keras.Model, loss: Any = "mse", metrics: Any = None, **kwargs: Any) -> Any:
    config = nsl.configs.make_adv_reg_config(
        multiplier=0.2, adv_step_size=0.01, adv_grad_norm="infinity"
    )
    kwargs = {"label_keys": ["y"], "adv_config": config, **kwargs}
    model = nsl.keras.AdversarialRegularization(base, **kwargs)
    model.compile(keras.optimizers.SGD(RATE), loss, metrics=metrics, run_eagerly=True)
    return model


@pytest.mark.parametrize("weight", [None, 2.0])
@pytest.mark.parametrize("kind", ["functional", "sequential", "subclassed"])
def test_a_step_is_that_of_nsls_loss(kind: str, weight: float | None) -> None:
    base = base_model(kind)
    inputs: dict[str, Any] = {"x": X, "y": Y}
    if weight is not None:
        inputs["w"] = np.array([[weight]])
    model = wrapped(base, metrics=["mae"], sample_weight_key="w")
    history = model.fit(inputs, verbose=0).history
    # The output is -1; x' = (1.99, 3.01) has the output -1.07, and the square 1.1449.
    times = 1.0 if weight is None else weight
    assert history["mean_squared_error"] == pytest.approx([times])
    assert history["mean_absolute_error"] == pytest.approx([1.0])
    assert history["adversarial_loss"] == pytest.approx([1.1449 * times], rel=1e-5)
    assert history["scaled_adversarial_loss"] == pytest.approx([0.22898 * times], rel=1e-5)
    assert history["loss"] == pytest.approx([1.22898 * times], rel=1e-5)
    assert len(history) == 5
    gradient = -2.0 * X.T + 0.2 * 2.0 * -1.07 * np.array([[1.99], [3.01]])
    np.testing.assert_allclose(base.get_weights()[0], W - RATE * times * gradient, rtol=1e-5)
    np.testing.assert_allclose(model.predict(inputs, verbose=0), X @ base.get_weights()[0])
    if kind == "subclassed":
        assert base.seen == {"x"}


def test_losses_and_metrics_have_nsls_names() -> None:
    x = np.array([[2.0, 3.0], [1.0, -1.0]])
    inputs = keras.Input([2], name="x")
    outputs = [keras.layers.Dense(1, name="a")(inputs), keras.layers.Dense(3, name="b")(inputs)]
    base = keras.Model(inputs, outputs)
    loss = {"a": "mse", "b": keras.losses.SparseCategoricalCrossentropy(from_logits=True)}
    model = wrapped(base, loss, [["mse"], ["accuracy"]], label_keys=["ya", "yb"])
    model.compile("sgd", loss, [["mse"], ["accuracy"]], [1.0, 0.5], run_eagerly=True)
    ya, yb = np.array([[1.0], [2.0]]), np.array([0, 2])
    a, b = base.predict(x, verbose=0)
    square = np.mean((a - ya) ** 2)
    crossed = np.mean(np.log(np.exp(b).sum(1)) - b[[0, 1], yb])
    results = model.evaluate({"x": x, "ya": ya, "yb": yb}, verbose=0)
    named = dict(zip(model.metrics_names, results, strict=False))
    assert named["mean_squared_error_ya"] == pytest.approx(square, rel=1e-4)
    assert named["mean_squared_error_ya_2"] == named["mean_squared_error_ya"]
    assert named["sparse_categorical_crossentropy_yb"] == pytest.approx(crossed, rel=1e-4)
    assert named["sparse_categorical_accuracy_yb"] == np.mean(b.argmax(1) == yb)
    total = square + 0.5 * crossed + 0.2 * named["adversarial_loss"]
    assert named["loss"] == pytest.approx(total, rel=1e-4)
    # Compiled again without a loss, it keeps that one.
    model.compile("adam", run_eagerly=True)
    assert len(model.train_on_batch({"x": x, "ya": ya, "yb": yb})) == len(results)


@pytest.mark.parametrize(
    ("loss", "names"),
    [
        ("squared_hinge", ["binary_accuracy", "binary_crossentropy"]),
        ("categorical_crossentropy", ["categorical_accuracy", "categorical_crossentropy_2"]),
    ],
)
def test_accuracy_is_the_one_of_the_loss(loss: str, names: list[str]) -> None:
    model = wrapped(base_model(width=3), loss, ["acc", "ce"])
    assert model.metrics_names[2:4] == names


def test_only_dense_floats_are_perturbed() -> None:
    dense, count = keras.Input([2], name="x"), keras.Input([1], dtype="int32", name="count")
    words = keras.Input([3], sparse=True, name="words")
    parts = [keras.layers.Dense(1)(part) for part in (dense, words)]
    outputs = keras.layers.Add()([*parts, keras.ops.cast(count, "float32")])
    base = keras.Model([dense, words, count], outputs)
    model = wrapped(base)
    inputs = {
        "x": X.astype(np.float32),
        "count": np.array([[3]], np.int32),
        "words": tf.sparse.from_dense([[1.0, 0.0, 2.0]]),
        "y": np.array([[50.0]]),
    }
    found = model.perturb_on_batch(inputs, adv_step_size=0.5, adv_grad_norm=None)
    assert np.max(np.abs(found["x"] - X)) == pytest.approx(0.5)
    assert isinstance(found["x"], np.ndarray) and isinstance(found["words"], tf.SparseTensor)
    np.testing.assert_array_equal(found["count"], [[3]])
    np.testing.assert_array_equal(found["y"].numpy(), [[50.0]])
    results = model.test_on_batch(inputs, return_dict=True)
    assert results["adversarial_loss"] > results["mean_squared_error"]
    np.testing.assert_array_equal(inputs["x"], X)


def test_the_base_model_may_read_labels() -> None:
    subclassed = base_model("subclassed")
    wrapped(subclassed, base_with_labels_in_features=True).train_on_batch({"x": X, "y": Y})
    assert subclassed.seen == {"x", "y"}

    x, y = keras.Input([2], name="x"), keras.Input([1], name="y")
    base = keras.Model([x, y], keras.layers.Dense(1)(keras.layers.Concatenate()([x, y])))
    found = wrapped(base).perturb_on_batch({"x": X, "y": Y + 7.0})
    np.testing.assert_array_equal(found["y"], Y + 7.0)
    assert np.all(found["x"] != X)


def test_mistakes_are_named() -> None:
    base = base_model()
    model = wrapped(base)
    with pytest.raises(ValueError, match=r"label_keys has \['y'\], the input has \['x'\]"):
        model.predict({"x": X}, verbose=0)
    with pytest.raises(ValueError, match=r"base model, which has 1; got \['y', 'z'\]"):
        wrapped(base, label_keys=["y", "z"])
    with pytest.raises(ValueError, match="class_weight cannot be given where the labels are among"):
        model.fit({"x": X, "y": Y}, class_weight={0: 2.0}, verbose=0)
    with pytest.raises(ValueError, match="loss must be given"):
        nsl.keras.AdversarialRegularization(base).compile("sgd")
    with pytest.raises(ValueError, match="compiled with a loss first"):
        nsl.keras.AdversarialRegularization(base, ["y"]).perturb_on_batch({"x": X, "y": Y})


def test_replicas_do_not_matter(two_devices: tf.distribute.Strategy) -> None:
    # Batches of 4 and of 1 row, of which the second leaves one of two replicas without any.
    rng = np.random.default_rng(0)
    data = tf.data.Dataset.from_tensor_slices(
        {"x": rng.normal(size=(5, 2)), "y": rng.normal(size=(5, 1))}
    ).batch(4)

    def trained(eagerly: bool) -> tuple[keras.Model, dict[str, Any]]:
        base = base_model("sequential")
        model = wrapped(base)
        model.compile(keras.optimizers.SGD(RATE), "mse", metrics=["mae"], run_eagerly=eagerly)
        return base, model.fit(data, verbose=0).history

    base, history = trained(eagerly=True)
    with two_devices.scope():
        shared, shared_history = trained(eagerly=False)
    np.testing.assert_allclose(shared.get_weights()[0], base.get_weights()[0], rtol=1e-5)
    for name, values in history.items():
        assert shared_history[name] == pytest.approx(values, rel=1e-5), name


def test_what_is_saved_is_the_base_model(tmp_path: Path) -> None:
    model = wrapped(base_model())
    model.train_on_batch({"x": X, "y": Y})
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    np.testing.assert_array_equal(loaded.get_weights()[0], model.base_model.get_weights()[0])
    assert int(loaded.optimizer.iterations) == 1
    with pytest.raises(NotImplementedError, match="save and load its base_model"):
        model.get_config()
