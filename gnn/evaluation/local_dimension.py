"""How many directions embeddings go off in, around each of them."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from gnn.configs.arguments import check_count
from gnn.edges.neighbors.copies import copies_of
from gnn.edges.neighbors.metrics import as_vectors
from gnn.evaluation.neighbors import nearest_neighbors


def local_dimension(vectors: Any, k: int = 20) -> NDArray[np.float64]:
    """The local intrinsic dimension at each vector, by maximum likelihood.

    With the distances `r_1 <= ... <= r_k` to the k nearest others,
    `dimension = -1 / mean over i < k of log(r_i / r_k)` (Levina and Bickel, NeurIPS 2004, with
    k - 1 in the mean; Amsaleg et al., KDD 2015). Their mean over vectors is best taken of the
    inverses (MacKay and Ghahramani, 2005). Copies of a vector are one. Low numbers go with an index
    that finds well.

    Args:
        vectors: finite numbers `[n, width]`.
        k: neighbors that are looked at, from 2 to the distinct vectors less one.

    Returns:
        float64 `[n]`; infinite where all k are equally far.

    Raises:
        TypeError: rows that are not real numbers, or `k` that is no integer.
        ValueError: `k` is out of range.

    Example:

    >>> plane = np.random.default_rng(0).uniform(size=(2000, 2)) @ np.ones((2, 5))
    >>> round(float(1 / np.mean(1 / local_dimension(plane))), 1)  # All of it on a line.
    1.0
    """
    rows = as_vectors("vectors", vectors)
    copies = copies_of(rows)
    distinct = rows[copies.first]
    most = len(distinct) - 1
    if not 2 <= check_count("k", k) <= most:
        raise ValueError(f"k must be from 2 to {most}, the other distinct vectors; got {k}")
    _, distances = nearest_neighbors(distinct, distinct, k, "l2", exclude_self=True)
    with np.errstate(divide="ignore"):
        found = -1 / np.log(distances[:, :-1] / distances[:, -1:]).mean(axis=1)
    return np.where(found < 0, np.inf, found)[copies.number]
