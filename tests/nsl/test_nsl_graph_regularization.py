"""`nsl.keras.GraphRegularization` as NSL documents it: its loss, names, evaluation and files."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

from gnn import nsl
from gnn.files import read_manifest

X = np.array([[2.0, 3.0], [1.0, 0.0]], np.float32)
Y = np.array([[0.0], [2.0]], np.float32)
NEIGHBORS = [np.array([[2.5, 3.0], [1.0, 1.0]], np.float32), np.array([[2.0, 2.0], [9.0, 9.0]])]
WEIGHTS = [np.array([[1.0], [0.5]], np.float32), np.array([[0.25], [0.0]], np.float32)]
W = np.array([[4.0], [-3.0]], np.float32)
RATE, MULTIPLIER = 0.01, 0.5


def batch() -> dict[str, Any]:
    found: dict[str, Any] = {"x": X}
    for place in range(2):
        found[f"NL_nbr_{place}_x"] = NEIGHBORS[place].astype(np.float32)
        found[f"NL_nbr_{place}_weight"] = WEIGHTS[place]
    return found


class Subclassed(keras.Model):
    def __init__(self) -> None:
        super().__init__()
        self.dense = keras.layers.Dense(1, use_bias=False)

    def call(self, inputs: dict[str, tf.Tensor]) -> tf.Tensor:
        assert set(inputs) == {"x"}
        return self.dense(inputs["x"])


def base_model(kind: str = "functional") -> keras.Model:
    if kind == "subclassed":
        model = Subclassed()
        model({"x": X})
    elif kind == "sequential":
        model = keras.Sequential([keras.Input([2]), keras.layers.Dense(1, use_bias=False)])
    else:
        inputs = keras.Input([2], name="x")
        model = keras.Model(inputs, keras.layers.Dense(1, use_bias=False)(inputs))
    model.set_weights([W])
    return model


def wrapped(base: keras.Model, reduction: str | None = None) -> Any:
    config = nsl.configs.make_graph_reg_config(
        max_neighbors=2,
        multiplier=MULTIPLIER,
        **({} if reduction is None else {"reduction": reduction}),
    )
    model = nsl.keras.GraphRegularization(base, config)
    model.compile(keras.optimizers.SGD(RATE), "mse", metrics=["mae"], run_eagerly=True)
    return model


# Outputs: -1 and 4 for the samples, neighbors 1 and 2 of the first, 1 and 9 of the second. Weighted
# squares: 1 * 4, 0.25 * 9, 0.5 * 9, 0 * 25 are 10.75; three weights are not 0 and add up to 1.75.
TOTAL, GRAPH_LOSS, LOSS = 10.75, 10.75 / 3, (1.0 + 4.0) / 2


@pytest.mark.parametrize("kind", ["functional", "sequential", "subclassed"])
def test_a_step_is_that_of_nsls_loss(kind: str) -> None:
    base = base_model(kind)
    model = wrapped(base)
    validation = ({"x": X}, Y)
    history = model.fit(batch(), Y, validation_data=validation, batch_size=2, verbose=0).history
    trained = ["loss", "mae", "graph_loss", "scaled_graph_loss"]
    assert set(history) == {*trained, "val_loss", "val_mae"}
    assert history["graph_loss"] == pytest.approx([GRAPH_LOSS])
    assert history["scaled_graph_loss"] == pytest.approx([MULTIPLIER * GRAPH_LOSS])
    assert history["loss"] == pytest.approx([LOSS + MULTIPLIER * GRAPH_LOSS])
    assert history["mae"] == pytest.approx([1.5])

    error = X @ W - Y
    gradient = X.T @ error  # Of the mean of two squares.
    for neighbor, weight in zip(NEIGHBORS, WEIGHTS, strict=True):
        apart = X - neighbor
        gradient = gradient + MULTIPLIER * 2.0 / 3.0 * apart.T @ (weight * (apart @ W))
    np.testing.assert_allclose(base.get_weights()[0], W - RATE * gradient, rtol=1e-5)

    # Everything else is the base model's, with neighbors or without.
    results = model.evaluate(batch(), Y, verbose=0)
    assert results == base.evaluate({"x": X} if kind == "subclassed" else X, Y, verbose=0)
    assert results == pytest.approx([history["val_loss"][0], history["val_mae"][0]])
    assert model.test_on_batch({"x": X}, Y, return_dict=True).keys() == {"loss", "mae"}
    np.testing.assert_array_equal(model.predict({"x": X}, verbose=0), X @ base.get_weights()[0])


@pytest.mark.parametrize(
    ("reduction", "expected"),
    [
        ("weighted_sum", TOTAL),
        ("weighted_mean", TOTAL / 1.75),
        ("weighted_sum_over_batch_size", TOTAL / 4),
        ("weighted_sum_by_nonzero_weights", TOTAL / 3),
    ],
)
def test_reductions_are_nsls(reduction: str, expected: float) -> None:
    model = wrapped(base_model(), reduction)
    results = model.train_on_batch(batch(), Y, return_dict=True)
    assert results["graph_loss"] == pytest.approx(expected, rel=1e-5)
    assert results["loss"] == pytest.approx(LOSS + MULTIPLIER * expected, rel=1e-5)


def test_a_distance_for_every_pair_is_no_loss() -> None:
    with pytest.raises(ValueError, match="distance_config.reduction must leave one number"):
        wrapped(base_model(), "none")


def test_without_neighbors_in_the_config_there_is_no_graph_loss() -> None:
    model = nsl.keras.GraphRegularization(base_model())
    model.compile("sgd", "mse", run_eagerly=True)
    results = model.train_on_batch(batch(), Y, return_dict=True)
    assert results == {
        "loss": pytest.approx(LOSS),
        "graph_loss": 0.0,
        "scaled_graph_loss": 0.0,
    }


def test_an_epoch_is_a_mean_over_pairs_and_replicas_do_not_matter(
    two_devices: tf.distribute.Strategy,
) -> None:
    # Batches of 4 and of 1 row, of which the second leaves one of two replicas without any.
    rng = np.random.default_rng(0)
    x, neighbors, y = rng.normal(size=(3, 5, 2)).astype(np.float32)
    weights = np.array([[1.0], [0.0], [2.0], [0.5], [0.25]], np.float32)
    features = {"x": x, "NL_nbr_0_x": neighbors, "NL_nbr_0_weight": weights}
    data = tf.data.Dataset.from_tensor_slices((features, y[:, :1])).batch(4)
    config = nsl.configs.make_graph_reg_config(max_neighbors=1, multiplier=1.0)

    def trained(eagerly: bool) -> tuple[dict[str, Any], list[float]]:
        model = nsl.keras.GraphRegularization(base_model(), config)
        # No step changes the weights, so that the epoch can be worked out.
        model.compile(keras.optimizers.SGD(0.0), "mse", metrics=["mae"], run_eagerly=eagerly)
        return model.fit(data, verbose=0).history, model.evaluate(data, verbose=0)

    history, results = trained(eagerly=True)
    distances = weights * ((x - neighbors) @ W) ** 2
    assert history["graph_loss"] == pytest.approx([distances.sum() / 4], rel=1e-5)
    with two_devices.scope():
        shared_history, shared_results = trained(eagerly=False)
    assert shared_results == pytest.approx(results, rel=1e-5)
    for name, values in history.items():
        assert shared_history[name] == pytest.approx(values, rel=1e-5), name


def test_a_strategy_of_one_replica_trains_an_unbuilt_model() -> None:
    # Its variables must be made in its scope.
    with tf.distribute.MirroredStrategy(["CPU:0"]).scope():
        base = Subclassed()
        model = nsl.keras.GraphRegularization(base)
        model.compile(keras.optimizers.SGD(0.0), "mse")
    data = tf.data.Dataset.from_tensors(({"x": X}, Y))
    (loss,) = model.fit(data, verbose=0).history["loss"]
    assert loss == pytest.approx(np.mean((X @ base.get_weights()[0] - Y) ** 2), rel=1e-5)


def test_what_is_saved_is_the_base_model(tmp_path: Path) -> None:
    model = wrapped(base_model())
    model.train_on_batch(batch(), Y)
    for name in ("model.keras", "folder", "new/folder"):
        model.save(tmp_path / name)
        loaded = keras.models.load_model(tmp_path / name)
        np.testing.assert_array_equal(loaded.get_weights()[0], model.base_model.get_weights()[0])
        assert int(loaded.optimizer.iterations) == 1
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "config.json").write_text("mine")
    for write in (model.save, model.export):
        with pytest.raises(FileExistsError, match="the folder .*mine': it (exists already|has no)"):
            write(tmp_path / "mine")
    assert (tmp_path / "mine" / "config.json").read_text() == "mine"
    (tmp_path / "empty").mkdir()
    (tmp_path / "link").symlink_to("empty")
    model.save(tmp_path / "link")
    assert (tmp_path / "link").is_symlink()
    assert read_manifest(tmp_path / "empty").kind == "model"
    assert keras.models.load_model(tmp_path / "link").count_params() == 2
    with pytest.raises(NotImplementedError, match="save and load its base_model"):
        model.get_config()


def test_a_multiplier_that_nsl_has_not_is_refused():
    config = nsl.configs.make_graph_reg_config(max_neighbors=1, multiplier="auto")
    with pytest.raises(ValueError, match="multiplier must be a number in gnn.nsl, got 'auto'"):
        nsl.keras.GraphRegularization(keras.Sequential([keras.layers.Dense(1)]), config)
