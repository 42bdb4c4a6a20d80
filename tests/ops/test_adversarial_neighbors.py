"""Adversarial neighbors: by hand, and against NSL's functions on the same numbers."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from gnn import nsl
from gnn.configs import AdvNeighborConfig, NormType, VatRegConfig
from gnn.ops.adversarial import (
    Rows,
    adversarial_neighbors,
    finite_gradients,
    perturbed_names,
    project_to_ball,
    steepest_step,
    unit_rows,
)
from gnn.ops.row_noise import random_directions, random_in_ball
from gnn.ops.virtual_adversarial import entropies, virtual_adversarial_neighbors

NORMS = list(NormType)
RNG = np.random.default_rng(4)
GRADIENTS = {
    "x": tf.constant(RNG.normal(size=(5, 3)), tf.float32),
    "y": tf.constant(RNG.normal(size=(5, 2, 2)), tf.float32),
}
KERNEL = tf.constant([[1.0, -2.0, 0.5], [0.3, 0.2, -1.0]])  # [features, classes]


def assert_rows(actual: Rows, expected: Any) -> None:
    assert set(actual) == set(expected)
    for name, value in actual.items():
        np.testing.assert_allclose(value, expected[name], rtol=1e-5, atol=1e-6, err_msg=name)


@pytest.mark.parametrize("norm", NORMS)
def test_steepest_step_is_nsls(norm: NormType) -> None:
    expected = nsl.lib.utils.maximize_within_unit_norm(GRADIENTS, norm.value)
    assert_rows(steepest_step(GRADIENTS, norm), expected)


def test_steepest_step_shares_out_ties() -> None:
    step = steepest_step({"x": tf.constant([[2.0, -2.0, 1.0], [0.0, 0.0, 0.0]])}, NormType.L1)["x"]
    np.testing.assert_array_equal(step, [[0.5, -0.5, 0.0], [0.0, 0.0, 0.0]])


@pytest.mark.parametrize("norm", NORMS)
def test_unit_rows_are_nsls(norm: NormType) -> None:
    rows = {"x": GRADIENTS["x"]}
    assert_rows(unit_rows(rows, norm), {"x": nsl.lib.utils.normalize(rows["x"], norm.value)})


@pytest.mark.parametrize("norm", [NormType.L2, NormType.INFINITY])
@pytest.mark.parametrize("radius", [0.0, 0.7, 100.0])
def test_projection_is_nsls(norm: NormType, radius: float) -> None:
    theirs = nsl.lib.utils.project_to_ball(GRADIENTS, radius, nsl.configs.NormType(norm.value))
    assert_rows(project_to_ball(GRADIENTS, radius, norm), theirs)


def test_no_projection_to_the_ball_of_l1() -> None:
    with pytest.raises(ValueError, match="norm must be L2 or infinity"):
        project_to_ball(GRADIENTS, 1.0, NormType.L1)


def cross_entropy(labels: Any, rows: Rows) -> tf.Tensor:
    logits = tf.matmul(rows["x"], KERNEL)
    return tf.reduce_sum(tf.nn.sparse_softmax_cross_entropy_with_logits(labels, logits))


def test_fgsm_of_a_linear_softmax_in_closed_form() -> None:
    # The gradient by x of the cross entropy is W (p - y); here p = (1/3, 1/3, 1/3), y = class 0.
    x, labels = {"x": tf.zeros([1, 2])}, [0]
    gradient = KERNEL.numpy() @ (np.full(3, 1 / 3) - [1, 0, 0])
    for norm, step in {
        "l2": gradient / np.linalg.norm(gradient),
        "infinity": np.sign(gradient),
        "l1": np.sign(gradient) * (np.abs(gradient) == np.abs(gradient).max()),
    }.items():
        config = AdvNeighborConfig(adv_step_size=0.4, adv_grad_norm=norm)
        found = adversarial_neighbors(x, lambda rows: cross_entropy(labels, rows), config)
        np.testing.assert_allclose(found["x"], 0.4 * step[np.newaxis], rtol=1e-5)


@pytest.mark.parametrize(
    "fields",
    [
        {"adv_step_size": 0.3},
        {"adv_step_size": 0.3, "adv_grad_norm": "infinity", "clip_value_max": 0.5},
        {"adv_step_size": 0.3, "adv_grad_norm": "l1", "feature_mask": [1.0, 0.25]},
        {"adv_step_size": 0.2, "pgd_iterations": 4, "pgd_epsilon": 0.35},
        {
            "adv_step_size": 0.2,
            "adv_grad_norm": "infinity",
            "pgd_iterations": 3,
            "pgd_epsilon": 0.3,
            "clip_value_min": [-0.5, -0.1],
        },
    ],
)
def test_neighbors_are_nsls(fields: dict[str, Any]) -> None:
    x, labels = {"x": GRADIENTS["x"][:, :2]}, tf.constant([0, 1, 2, 0, 1])

    def loss_fn(labels: Any, rows: Rows) -> tf.Tensor:
        return cross_entropy(labels, rows)

    with tf.GradientTape() as tape:
        tape.watch(x)
        loss = loss_fn(labels, x)
    by_name = ("feature_mask", "clip_value_min", "clip_value_max")  # NSL's, where features are.
    named = {
        field: {"x": tf.constant(value)} if field in by_name else value
        for field, value in fields.items()
    }
    theirs, _ = nsl.lib.gen_adv_neighbor(
        x,
        loss,
        nsl.configs.AdvNeighborConfig(**named),
        gradient_tape=tape,
        pgd_model_fn=lambda rows: rows,
        pgd_loss_fn=loss_fn,
        pgd_labels=labels,
    )
    ours = adversarial_neighbors(x, lambda rows: loss_fn(labels, rows), AdvNeighborConfig(**fields))
    assert_rows(ours, theirs)
    assert np.abs(ours["x"] - x["x"]).max() > 0.05


def test_random_start_stays_in_the_ball_and_ends_elsewhere() -> None:
    x, labels = {"x": GRADIENTS["x"][:, :2]}, [0, 1, 2, 0, 1]
    fields = {"adv_step_size": 0.1, "pgd_epsilon": 0.2, "adv_grad_norm": "infinity"}
    plain, first, second = (
        adversarial_neighbors(
            x,
            lambda rows: cross_entropy(labels, rows),
            AdvNeighborConfig(**fields, random_init=start),
            seed=(5, seed),
        )["x"]
        for start, seed in ((False, 0), (True, 0), (True, 1))
    )
    for found in (plain, first, second):
        assert np.abs(found - x["x"]).max() <= 0.2 + 1e-6
    assert np.abs(first - plain).max() > 0.01 and np.abs(first - second).max() > 0.01


def test_gradients_that_are_not_finite_move_nothing() -> None:
    found = {"x": tf.constant([[np.nan, 2.0], [np.inf, -np.inf]]), "y": None}
    features = {"x": tf.zeros([2, 2]), "y": tf.zeros([2, 1])}
    expected = {"x": [[0.0, 2.0], [0.0, 0.0]], "y": [[0.0], [0.0]]}
    assert_rows(finite_gradients(found, features), expected)
    with pytest.raises(ValueError, match=r"no gradient by any of the features \['y'\]"):
        finite_gradients({"y": None}, {"y": features["y"]})


def test_a_rows_neighbor_does_not_depend_on_the_others() -> None:
    x, config = GRADIENTS["x"][:, :2], AdvNeighborConfig(adv_step_size=0.3)
    labels = [0, 1, 2, 0, 1]
    whole = adversarial_neighbors({"x": x}, lambda rows: cross_entropy(labels, rows), config)["x"]
    alone = adversarial_neighbors({"x": x[:1]}, lambda rows: cross_entropy([0], rows), config)["x"]
    np.testing.assert_allclose(alone, whole[:1], rtol=1e-6)


def test_which_features_are_perturbed() -> None:
    features = {
        "x": tf.zeros([2, 1]),
        "words": tf.sparse.from_dense(tf.ones([2, 3])),
        "id": tf.constant([1, 2]),
    }
    assert perturbed_names(AdvNeighborConfig(), features) == ["words", "x"]
    assert perturbed_names(AdvNeighborConfig(feature_mask={"words": 0.0}), features) == ["x"]
    with pytest.raises(ValueError, match="clip_value_max names the feature 'z', which is not"):
        perturbed_names(AdvNeighborConfig(clip_value_max={"z": 1.0}), features)
    with pytest.raises(ValueError, match="no feature can be perturbed: .*'id': 'int32'"):
        perturbed_names(AdvNeighborConfig(), {"id": features["id"]})


# Virtual adversarial neighbors.


@pytest.mark.parametrize("norm", ["l2", "infinity"])
@pytest.mark.parametrize("steps", [0, 1, 3])
def test_virtual_loss_is_nsls(steps: int, norm: str) -> None:
    x, start = GRADIENTS["x"][:, :2], GRADIENTS["y"][:, :, 0]

    def outputs_of(features: tf.Tensor) -> tf.Tensor:
        return tf.nn.softmax(tf.tanh(tf.matmul(features, KERNEL)))

    distance = {"distance_type": "kl_divergence", "sum_over_axis": -1}
    neighbor = nsl.configs.AdvNeighborConfig(adv_step_size=0.5, adv_grad_norm=norm)
    theirs = nsl.lib.regularizer._virtual_adv_regularizer(
        x,
        outputs_of,
        nsl.configs.VirtualAdvConfig(
            neighbor,
            nsl.configs.DistanceConfig(**distance),
            num_approx_steps=steps,
            approx_difference=0.05,
        ),
        outputs_of(x),
        start,
    )
    config = VatRegConfig(1.0, neighbor, distance, steps, 0.05)
    found = virtual_adversarial_neighbors(
        {"x": x}, lambda rows: outputs_of(rows["x"]), outputs_of(x), config, {"x": start}
    )["x"]
    ours = nsl.lib.distances.pairwise_distance_wrapper(
        outputs_of(x), outputs_of(found), distance_config=nsl.configs.DistanceConfig(**distance)
    )
    assert float(theirs) > 1e-3
    np.testing.assert_allclose(ours, theirs, rtol=1e-3)


def test_power_iteration_finds_the_top_singular_vector() -> None:
    matrix = tf.constant(RNG.normal(size=(4, 6)), tf.float32)

    def outputs_of(rows: Rows) -> tf.Tensor:
        return tf.matmul(rows["x"], matrix)

    x = {"x": tf.zeros([1, 4])}
    config = VatRegConfig(
        distance_config={"distance_type": "l2"}, num_approx_steps=60, approx_difference=0.1
    )
    found = virtual_adversarial_neighbors(x, outputs_of, outputs_of(x), config)["x"][0]
    top = np.linalg.svd(matrix)[0][:, 0]
    np.testing.assert_allclose(abs(np.dot(found, top)), 1.0, rtol=1e-4)


def test_virtual_neighbors_obey_mask_and_bounds() -> None:
    x = {"x": tf.constant([[0.9, 0.5]])}
    near = {"adv_step_size": 1.0, "feature_mask": [1.0, 0.0], "clip_value_max": 1.0}
    config = VatRegConfig(adv_neighbor_config=near)
    found = virtual_adversarial_neighbors(
        x, lambda rows: tf.matmul(rows["x"], KERNEL), tf.matmul(x["x"], KERNEL), config
    )["x"][0]
    assert found[1] == 0.5 and (found[0] == 1.0 or np.isclose(found[0], -0.1))


def test_entropies() -> None:
    logits = tf.math.log(tf.constant([[0.5, 0.25, 0.25]]))
    np.testing.assert_allclose(entropies(logits), [1.5 * np.log(2)], rtol=1e-6)


# Random directions.


def test_directions_hang_on_the_row_and_the_seed() -> None:
    rows = {"x": tf.constant(RNG.normal(size=(200, 5)), tf.float32)}
    whole = random_directions(rows, (1, 2))["x"].numpy()
    some = random_directions({"x": tf.gather(rows["x"], [7, 3])}, (1, 2))["x"]
    np.testing.assert_array_equal(some, whole[[7, 3]])
    other = random_directions(rows, (1, 3))["x"].numpy()
    assert not np.isin(np.abs(other), np.abs(whole)).any()
    signs = np.sign(whole[:, 0])
    assert 60 < (signs > 0).sum() < 140


def test_directions_are_gaussian_over_seeds() -> None:
    rows = {"x": tf.constant([[1.0, 2.0]]), "y": tf.constant([[3.0]])}
    draw = tf.function(
        lambda seed: tf.concat(list(random_directions(rows, seed).values()), axis=1)[0]
    )
    drawn = np.array([draw(tf.constant([9, step])) for step in range(2000)])
    np.testing.assert_allclose(drawn.mean(axis=0), 0, atol=0.1)
    np.testing.assert_allclose(np.cov(drawn.T), np.eye(3), atol=0.15)


@pytest.mark.parametrize("norm", NORMS)
def test_points_fill_the_ball(norm: NormType) -> None:
    rows = {"x": tf.constant([[1.0, 2.0]]), "y": tf.constant([[3.0]])}
    draw = tf.function(
        lambda seed: tf.concat(list(random_in_ball(rows, 2.0, norm, seed).values()), axis=1)[0]
    )
    drawn = np.array([draw(tf.constant([9, step])) for step in range(2000)])
    order = {NormType.L1: 1, NormType.L2: 2, NormType.INFINITY: np.inf}[norm]
    norms = np.linalg.norm(drawn, ord=order, axis=1) / 2
    assert norms.max() <= 1 + 1e-6
    # In three dimensions the cube of the norm of a uniform point is uniform.
    np.testing.assert_allclose(
        np.quantile(norms**3, [0.25, 0.5, 0.75]), [0.25, 0.5, 0.75], atol=0.05
    )
    np.testing.assert_allclose(drawn.mean(axis=0), 0, atol=0.1)
