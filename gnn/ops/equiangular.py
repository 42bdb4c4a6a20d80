"""Unit vectors that lie as far from each other as they can."""

from __future__ import annotations

import numpy as np

_STEPS, _SHARPNESS, _BLOCK = 200, 20.0, 1024


def equiangular_vectors(count: int, dim: int, seed: int = 0, steps: int = _STEPS) -> np.ndarray:
    """Unit vectors whose pairs have cosines as small as can be.

    Up to `dim + 1` vectors are the corners of a simplex, each pair at `-1 / (count - 1)`: exact,
    and the best there is. More begin at random and are pushed apart: each step takes a mean of the
    others off a vector, weighed by `exp(20 * cosine)`, and makes its length 1 again (equiangular
    basis vectors: Shen et al., CVPR 2023, who threshold cosines where we weigh them).

    Args:
        count: of vectors, 1 or more.
        dim: of each, 1 or more.
        seed: of the random begin.
        steps: of the search.

    Returns:
        float32 `[count, dim]`.

    Example:

    >>> vectors = equiangular_vectors(3, 2)
    >>> (vectors @ vectors.T).round(3).tolist()
    [[1.0, -0.5, -0.5], [-0.5, 1.0, -0.5], [-0.5, -0.5, 1.0]]
    """
    random = np.random.default_rng(seed)
    if count <= dim + 1:
        return _simplex(count, dim, random)
    vectors = _unit(random.normal(size=(count, dim)).astype(np.float32))
    rate = 1.0
    for step in range(steps):
        pull = np.empty_like(vectors)
        for start in range(0, count, _BLOCK):
            part = vectors[start : start + _BLOCK]
            cosines = part @ vectors.T
            cosines[np.arange(len(part)), start + np.arange(len(part))] = -np.inf
            weights = np.exp(_SHARPNESS * (cosines - cosines.max(axis=1, keepdims=True)))
            weights /= weights.sum(axis=1, keepdims=True)
            pull[start : start + _BLOCK] = weights @ vectors
        vectors = _unit(vectors - rate * (1.0 - step / steps) * pull)
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
