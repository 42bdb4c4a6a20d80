"""Unit vectors that lie as far from each other as they can."""

from __future__ import annotations

import numpy as np

from gnn.configs.arguments import check_count

_SHARPNESS = 20.0
# Cosines that are looked at, in all and at once, and the fewest and the most steps.
_ALL, _AT_ONCE = 4 * 10**9, 2**22
_FEWEST, _MOST = 3, 200


def equiangular_vectors(
    count: int, dim: int, seed: int = 0, steps: int | None = None
) -> np.ndarray:
    """Unit vectors whose pairs have cosines as small as can be.

    Up to `dim + 1` vectors are the corners of a simplex, each pair at `-1 / (count - 1)`: exact,
    and the best there is. More begin at random and are pushed apart: each step takes a mean of the
    others off a vector, weighed by `exp(20 * cosine)`, and makes its length 1 again (equiangular
    basis vectors: Shen et al., CVPR 2023, who threshold cosines where we weigh them). The first
    steps gain the most.

    Args:
        count: of vectors, 1 or more.
        dim: of each, 1 or more.
        seed: of the random begin.
        steps: of the search, each of which looks at `count ** 2` cosines. None is 200 up to 4,472
            vectors, 10 of 20,000, 3 from 31,623 on.

    Returns:
        float32 `[count, dim]`.

    Raises:
        TypeError: an argument is no integer.
        ValueError: one is out of range.

    Example:

    >>> vectors = equiangular_vectors(3, 2)
    >>> (vectors @ vectors.T).round(3).tolist()
    [[1.0, -0.5, -0.5], [-0.5, 1.0, -0.5], [-0.5, -0.5, 1.0]]
    """
    check_count("count", count)
    check_count("dim", dim)
    random = np.random.default_rng(check_count("seed", seed, 0))
    if steps is None:
        steps = min(max(_ALL // count**2, _FEWEST), _MOST)
    check_count("steps", steps, 0)
    if count <= dim + 1:
        return _simplex(count, dim, random)
    vectors = _unit(random.normal(size=(count, dim)).astype(np.float32))
    block = max(_AT_ONCE // count, 1)
    for step in range(steps):
        pull = np.empty_like(vectors)
        for start in range(0, count, block):
            part = vectors[start : start + block]
            cosines = part @ vectors.T
            cosines[np.arange(len(part)), start + np.arange(len(part))] = -np.inf
            weights = np.exp(_SHARPNESS * (cosines - cosines.max(axis=1, keepdims=True)))
            weights /= weights.sum(axis=1, keepdims=True)
            pull[start : start + block] = weights @ vectors
        moved = vectors - (1.0 - step / steps) * pull
        # On a line the others may be the vector itself, and nothing be left of it.
        is_left = np.linalg.norm(moved, axis=1, keepdims=True) > 1e-6
        vectors = _unit(np.where(is_left, moved, vectors))
    return vectors


def _simplex(count: int, dim: int, random: np.random.Generator) -> np.ndarray:
    """The corners of a simplex around 0, turned at random."""
    if count == 1:
        return _unit(random.normal(size=(1, dim)).astype(np.float32))
    centered = np.eye(count) - 1.0 / count
    # Its rows lie in a space of count - 1 dimensions, of which this is a basis.
    basis = np.linalg.svd(centered)[0][:, : count - 1]
    turned = np.linalg.qr(random.normal(size=(dim, dim)))[0][: count - 1]
    return _unit((centered @ basis @ turned).astype(np.float32))


def _unit(vectors: np.ndarray) -> np.ndarray:
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
