"""Vectors by how near they are to anchors: what two models have in common."""

from __future__ import annotations

from typing import Any

import numpy as np

from gnn.configs.arguments import check_count
from gnn.edges.neighbors.metrics import Vectors, as_vectors


class RelativeRepresentation:
    """A vector's cosines with anchors, `r(x) = (cos(x, a_1), ..., cos(x, a_m))`.

    Turning or scaling all vectors of a model changes nothing of it. So the vectors of two models
    are comparable, as far as they see the same likeness: items by one, queries by the other, where
    both have embedded the same anchors.

    Moschella et al., "Relative representations enable zero-shot latent space communication", ICLR
    2023, section 3.

    Args:
        anchors: `[m, width]`, the vectors of some things by the model of the items; or m, and as
            many items are drawn.
        query_anchors: `[m, other width]`, the vectors of the same things by the model of the
            queries; None where that is the same model.
        seed: draws anchors.

    Raises:
        TypeError: anchors are no real numbers.
        ValueError: there are none, one is not finite, or those of the queries are not as many.

    Example:

    The second model turned everything by a right angle and made it twice as long.

    >>> relative = RelativeRepresentation([[1, 0], [0.6, 0.8]], [[0, 2], [-1.6, 1.2]])
    >>> relative(np.array([[0.0, 1.0]])).round(2).tolist()
    [[0.0, 0.8]]
    >>> relative(np.array([[-2.0, 0.0]]), query=True).round(2).tolist()
    [[0.0, 0.8]]
    """

    kind = "relative_representation"

    def __init__(self, anchors: Any, query_anchors: Any = None, *, seed: int = 0):
        self.seed = check_count("seed", seed, 0)
        self.num_anchors = None
        self._anchors: np.ndarray | None = None
        self._query_anchors: np.ndarray | None = None
        if np.ndim(anchors) == 0:
            self.num_anchors = check_count("anchors", anchors)
            if query_anchors is not None:
                raise ValueError("query_anchors need anchors that are given, got a number of them")
            return
        self._anchors = _unit("anchors", anchors)
        if not len(self._anchors):
            raise ValueError("anchors must hold at least one row, got none")
        if query_anchors is not None:
            self._query_anchors = _unit("query_anchors", query_anchors)
            if len(self._query_anchors) != len(self._anchors):
                raise ValueError(
                    f"query_anchors must be those of the same {len(self._anchors)} things, got "
                    f"{len(self._query_anchors)}"
                )

    def adapt(self, items: np.ndarray) -> None:
        """Draws the anchors among the items, where a number was given.

        Raises:
            ValueError: there are fewer items, or they are of another width than the anchors.
        """
        if self.num_anchors is not None:
            if self.num_anchors > len(items):
                raise ValueError(
                    f"anchors must be at most the {len(items)} items, got {self.num_anchors}"
                )
            rng = np.random.default_rng(self.seed)
            rows = np.sort(rng.choice(len(items), self.num_anchors, replace=False))
            self._anchors = _unit("vectors", items[rows])
        self._check(items.shape[1], query=False)

    def __call__(self, vectors: np.ndarray, *, query: bool = False) -> np.ndarray:
        """The cosines, float64 `[n, m]`.

        Args:
            vectors: `[n, width]`.
            query: whether they are of the model of the queries.

        Raises:
            ValueError: they have another width than the anchors.
        """
        self._check(vectors.shape[1], query=query)
        return _unit("vectors", vectors) @ self._of(query).T

    def state(self) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
        """The arguments, and arrays, from which `restored` makes it again."""
        arrays = {"anchors": self._of(False)}
        if self._query_anchors is not None:
            arrays["query_anchors"] = self._query_anchors
        return {"seed": self.seed}, arrays

    @classmethod
    def restored(
        cls, arguments: dict[str, Any], arrays: dict[str, np.ndarray]
    ) -> RelativeRepresentation:
        """Reads `state` back."""
        return cls(arrays["anchors"], arrays.get("query_anchors"), **arguments)

    def _of(self, query: bool) -> np.ndarray:
        assert self._anchors is not None
        return self._query_anchors if query and self._query_anchors is not None else self._anchors

    def _check(self, width: int, *, query: bool) -> None:
        expected = self._of(query).shape[1]
        if width != expected:
            raise ValueError(f"vectors must be as wide as the anchors, {expected}, got {width}")


def _unit(name: str, rows: Any) -> np.ndarray:
    return Vectors.of(as_vectors(name, rows), "cosine").exact(slice(None))
