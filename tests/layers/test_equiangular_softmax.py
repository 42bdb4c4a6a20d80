"""Fixed directions of classes: as far apart as they can be."""

from __future__ import annotations

import keras
import numpy as np
import pytest

from gnn.layers import EquiangularSoftmax
from gnn.ops import equiangular_vectors


@pytest.mark.parametrize(("count", "dim"), [(2, 1), (2, 5), (4, 3), (9, 8), (3, 8)])
def test_few_vectors_are_the_corners_of_a_simplex(count: int, dim: int) -> None:
    vectors = equiangular_vectors(count, dim, seed=1)
    wanted = np.where(np.eye(count) == 1, 1.0, -1 / (count - 1))
    np.testing.assert_allclose(vectors @ vectors.T, wanted, atol=1e-5)


@pytest.mark.parametrize(("count", "dim", "cosine"), [(4, 2, 0.0), (6, 3, 0.0), (12, 3, 0.4472)])
def test_more_lie_as_known_solutions_do(count: int, dim: int, cosine: float) -> None:
    """A square, an octahedron, an icosahedron: the largest cosine of a pair, within 0.05."""
    vectors = equiangular_vectors(count, dim)
    cosines = vectors @ vectors.T - 2 * np.eye(count)
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1.0, rtol=1e-5)
    assert cosines.max() < cosine + 0.05


def test_a_seed_gives_the_same_and_another_others() -> None:
    first, again, other = (equiangular_vectors(9, 3, seed) for seed in (0, 0, 1))
    np.testing.assert_array_equal(first, again)
    assert np.abs(first - other).max() > 0.1


def test_one_vector_has_length_1() -> None:
    assert np.linalg.norm(equiangular_vectors(1, 4)) == pytest.approx(1.0)


def test_logits_are_scaled_cosines_and_survive_a_file(tmp_path: object) -> None:
    model = keras.Sequential([keras.Input([3]), EquiangularSoftmax(5, scale=2.0, seed=4)])
    inputs = np.array([[3.0, 0.0, 4.0], [0.0, 0.0, 0.0]], np.float32)
    wanted = 2.0 * np.array([[0.6, 0.0, 0.8], [0.0, 0.0, 0.0]]) @ equiangular_vectors(5, 3, 4).T
    np.testing.assert_allclose(model.predict(inputs, verbose=0), wanted, atol=1e-6)
    assert model.trainable_weights == []
    model.save(f"{tmp_path}/model.keras")
    loaded = keras.models.load_model(f"{tmp_path}/model.keras")
    np.testing.assert_allclose(loaded.predict(inputs, verbose=0), wanted, atol=1e-6)


def test_arguments() -> None:
    with pytest.raises(ValueError, match="scale must be a finite number above 0, got -1"):
        EquiangularSoftmax(3, scale=-1)
    with pytest.raises(ValueError, match="num_classes must be at least 1, got 0"):
        EquiangularSoftmax(0)


def test_blocks_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = equiangular_vectors(30, 3, steps=5)
    monkeypatch.setitem(equiangular_vectors.__globals__, "_AT_ONCE", 30 * 7)
    np.testing.assert_allclose(equiangular_vectors(30, 3, steps=5), whole, atol=1e-5)


def test_three_steps_part_many_vectors() -> None:
    """What very many get: of the cosine of the nearest a sixth is gone."""
    nearest = []
    for steps in (0, 3):
        vectors = equiangular_vectors(600, 16, steps=steps)
        nearest.append(float((vectors @ vectors.T - 2 * np.eye(600)).max()))
    assert nearest[1] < 5 / 6 * nearest[0]


def test_the_more_vectors_the_fewer_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of 30 vectors a step looks at 900 cosines."""
    monkeypatch.setitem(equiangular_vectors.__globals__, "_ALL", 900 * 7 + 899)
    np.testing.assert_array_equal(equiangular_vectors(30, 3), equiangular_vectors(30, 3, steps=7))


def test_on_a_line_vectors_stay_of_length_1() -> None:
    np.testing.assert_array_equal(np.abs(equiangular_vectors(6, 1)), 1.0)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"count": 0}, "count must be at least 1, got 0"),
        ({"dim": 0}, "dim must be at least 1, got 0"),
        ({"seed": -1}, "seed must be at least 0, got -1"),
        ({"steps": -1}, "steps must be at least 0, got -1"),
    ],
)
def test_vectors_out_of_range_are_refused(arguments: dict[str, int], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        equiangular_vectors(**{"count": 9, "dim": 3, **arguments})
