"""What a finished run says of nodes."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np

from gnn.models.columns.drift import Drift
from gnn.runs.run_config import EXACT


@dataclasses.dataclass(frozen=True, eq=False)
class Predictions:
    """What a model says of some nodes.

    Attributes:
        ids: of the nodes.
        classes: the name of each node's most probable class.
        probabilities: float32 `[n, num_classes]`.
        class_names: of the columns of `probabilities`.
        inference: `"exact"`, or `"sampled"`: what they rest on.
        filled: of each node the columns in which it had a gap, by name, separated by `;`; None
            where there are no columns.
        drift: how the columns differ from those of the training; None likewise.
    """

    ids: list[Any]
    classes: list[str]
    probabilities: np.ndarray
    class_names: tuple[str, ...]
    inference: str = EXACT
    filled: list[str] | None = None
    drift: Drift | None = None

    def columns(self) -> dict[str, Any]:
        """Named columns: `id`, `class`, `probability_NAME` of each class, and `filled`.

        Example:

        >>> found = Predictions(["a"], ["dog"], np.array([[0.25, 0.75]]), ("cat", "dog"))
        >>> list(found.columns())
        ['id', 'class', 'probability_cat', 'probability_dog']
        """
        each = {
            f"probability_{k}": self.probabilities[:, i] for i, k in enumerate(self.class_names)
        }
        filled = {} if self.filled is None else {"filled": self.filled}
        return {"id": self.ids, "class": self.classes, **each, **filled}


@dataclasses.dataclass(frozen=True, eq=False)
class Embeddings:
    """Where a model puts some nodes.

    Attributes:
        ids: of the nodes.
        vectors: float32 `[n, width of the last hidden layer]`.
        inference: as in `Predictions`.
    """

    ids: list[Any]
    vectors: np.ndarray
    inference: str = EXACT

    def columns(self) -> dict[str, Any]:
        """Named columns: `id` and `embedding`.

        Example:

        >>> list(Embeddings(["a"], np.zeros([1, 2])).columns())
        ['id', 'embedding']
        """
        return {"id": self.ids, "embedding": self.vectors}
