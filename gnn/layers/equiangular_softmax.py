"""A class head without weights to learn: fixed directions far from each other."""

from __future__ import annotations

from typing import Any

import keras
import tensorflow as tf

from gnn.configs.arguments import check_count
from gnn.layers.row_table import unit_rows
from gnn.ops.equiangular import equiangular_vectors


@keras.saving.register_keras_serializable(package="gnn")
class EquiangularSoftmax(keras.layers.Layer):
    """Logits `scale * cos(e, v_c)`, of unit vectors v that are fixed and far from each other.

    The embedding learns to point to its class (equiangular basis vectors: Shen et al., CVPR 2023).
    There is no table to train, and all logits are computed. `gnn.ops.equiangular_vectors` finds the
    vectors where the layer is built: seconds for thousands of classes, minutes for tens of
    thousands. They are saved; a layer that is loaded is built first, and then takes those.

    Args:
        num_classes: of the head.
        scale: of the cosines; 1 / 0.07 is the authors'.
        seed: of the vectors.

    Raises:
        ValueError: an argument out of range.

    Example:

    >>> head = EquiangularSoftmax(3, scale=1.0)
    >>> logits = head(tf.constant([[2.0, 0.0]])).numpy()
    >>> float(abs(logits.sum().round(3)))  # The corners of a triangle.
    0.0
    """

    def __init__(self, num_classes: int, scale: float = 1 / 0.07, seed: int = 0, **kwargs: Any):
        super().__init__(**kwargs)
        self.num_classes = check_count("num_classes", num_classes)
        if not 0.0 < scale < float("inf"):
            raise ValueError(f"scale must be a finite number above 0, got {scale}")
        self.scale = scale
        self.seed = check_count("seed", seed, 0)

    def build(self, input_shape: Any) -> None:
        """Finds the vectors."""
        dim = input_shape[-1]
        self.vectors = self.add_weight(
            shape=(self.num_classes, dim),
            initializer=lambda shape, dtype: tf.cast(
                equiangular_vectors(self.num_classes, dim, self.seed), dtype
            ),
            trainable=False,
            name="vectors",
        )

    def call(self, embeddings: Any) -> tf.Tensor:
        """Returns `[n, num_classes]` of embeddings `[n, dim]`, in the layer's compute dtype."""
        cosines = tf.matmul(
            unit_rows(embeddings), tf.convert_to_tensor(self.vectors), transpose_b=True
        )
        return self.scale * cosines

    def compute_output_shape(self, input_shape: Any) -> tuple[int | None, ...]:
        """A number a class."""
        return (*input_shape[:-1], self.num_classes)

    def get_config(self) -> dict[str, Any]:
        """What the layer is made of."""
        return {
            **super().get_config(),
            "num_classes": self.num_classes,
            "scale": self.scale,
            "seed": self.seed,
        }
