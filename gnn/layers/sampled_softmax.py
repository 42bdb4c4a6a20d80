"""A softmax over very many classes, trained on a sample of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from gnn.configs.arguments import check_count
from gnn.layers.row_table import (
    RowTable,
    check_ids,
    of_each_replica,
    of_this_replica,
    start_scale,
    unit_rows,
)
from gnn.ops.class_draws import SAMPLERS, ClassSampler, draw_classes, running_totals
from gnn.ops.exact_classes import exact_figures
from gnn.ops.row_updates import RowUpdate
from gnn.ops.sampled_softmax import label_weights, sampled_softmax_losses

# Numbers of a block of exact logits: 64 MiB of them.
_BLOCK_NUMBERS = 2**24


@keras.saving.register_keras_serializable(package="gnn")
class SampledSoftmax(RowTable):
    """A class head whose step takes the same time at ten thousand classes and at ten million.

    The logit of class c is `e . w_c`, of an embedding e and a row of the table; with `scale` or
    `margin` it is `scale * cos(e, w_c)`. A step of training computes those of the row's labels and
    of `num_sampled` drawn classes (`gnn.ops.sampled_softmax_losses`), and updates the rows of
    these, and no others, by itself: the table is no trainable variable (`RowTable` says how).

    | called with | returns |
    | --- | --- |
    | labels, `training=True` | the loss of each row, against the sample |
    | labels | the exact loss of each row |
    | no labels | the logits of all classes |

    PartialFC (An et al., CVPR 2022) is `margin=0.4, sampler="uniform", correction=False`: unit
    rows, the margin of CosFace (Wang et al., CVPR 2018), labels always kept, a softmax over the
    sample. Theirs draws without replacement; ours does not.

    Args:
        num_classes: C, below 2^31.
        num_sampled: S, the classes that are drawn a step, all rows of a batch together.
        sampler: how they are drawn (`gnn.ops.draw_classes`): "log_uniform" is for classes sorted
            by frequency, "counts" for those whose counts are given.
        counts: int `[C]`, each above 0, of "counts".
        update: "adagrad", "row_adagrad" or "sgd" (`gnn.ops.update_rows`).
        margin: taken off the cosine of a label in training.
        scale: of cosines; 64 where a margin is given.
        correction: False leaves `log(S p)` out: the softmax over the sample.
        seed: of the draws, which are a hash of seed, step and place.
        learning_rate: None is that of the compiled optimizer.
        hashed_rows: rows of a hashed table; None has one row for each class.
        num_hashes: of a hashed table, the rows whose numbers side by side are those of a class.

    Raises:
        ValueError: an argument out of range, or a second call in one step.
        TypeError: labels that are no integers.
        tf.errors.InvalidArgumentError: a label past the end, but under XLA.

    Example:

    >>> head = SampledSoftmax(1_000, num_sampled=20)
    >>> embeddings, labels = tf.random.normal([4, 8]), tf.constant([7, 9, 7, 999])
    >>> head(embeddings).shape, head(embeddings, labels).shape
    (TensorShape([4, 1000]), TensorShape([4]))

    In a model, with the labels as an input:

    >>> vectors, classes = keras.Input([8]), keras.Input([], dtype="int32")
    >>> loss = head(keras.layers.Dense(8)(vectors), classes)
    >>> model = keras.Model([vectors, classes], loss)
    >>> model.compile("sgd", loss=lambda nothing, loss: loss)
    >>> history = model.fit([embeddings, labels], np.zeros(4), verbose=0)
    """

    def __init__(
        self,
        num_classes: int,
        num_sampled: int = 1000,
        sampler: ClassSampler = "log_uniform",
        counts: Sequence[int] | None = None,
        update: RowUpdate = "adagrad",
        margin: float | None = None,
        scale: float | None = None,
        correction: bool = True,
        seed: int = 0,
        learning_rate: float | None = None,
        hashed_rows: int | None = None,
        num_hashes: int = 2,
        **kwargs: Any,
    ):
        super().__init__(num_classes, update, learning_rate, hashed_rows, num_hashes, **kwargs)
        self.num_classes = num_classes
        self.num_sampled = check_count("num_sampled", num_sampled)
        if sampler not in SAMPLERS:
            raise ValueError(f"sampler must be one of {', '.join(SAMPLERS)}, got {sampler!r}")
        if sampler != "counts" and counts is not None:
            raise ValueError(f'counts are of sampler="counts", got sampler={sampler!r}')
        if check_count("seed", seed, 0) >= 2**31:
            raise ValueError(f"seed must be below 2^31, got {seed}")
        for name, value in (("margin", margin), ("scale", scale)):
            if value is not None and not 0.0 < value < float("inf"):
                raise ValueError(f"{name} must be a finite number above 0, got {value}")
        self.sampler = sampler
        self.counts = None if counts is None else np.asarray(counts).tolist()
        self.margin = margin
        self.scale = 64.0 if scale is None and margin is not None else scale
        self.correction = correction
        self.seed = seed
        self._totals = running_totals(counts, num_classes) if sampler == "counts" else None

    def build(self, embeddings_shape: Any) -> None:
        """Makes the table, and the number of the next step."""
        dim = embeddings_shape[-1]
        # Logits of embeddings whose numbers are about 1 are about 1.
        self.make_table(dim, start_scale(dim))
        self.step = of_each_replica((), "zeros", "int64", "step")
        self.built = True

    def call(
        self,
        embeddings: Any,
        labels: Any = None,
        weights: Any = None,
        training: bool | None = None,
    ) -> tf.Tensor:
        """Losses or logits, as the table above says.

        Args:
            embeddings: float `[n, dim]`.
            labels: integers `[n]`, or `[n, num_labels]` of rows with several; below 0 is none, and
                a row without any has a loss of 0.
            weights: float `[n, num_labels]`, of the labels of a row; None is the same for each.
            training: whether losses are against a sample, and gradients update the table.

        Returns:
            float32 `[n]`, or `[n, num_classes]` where no labels are given.
        """
        embeddings = self._prepared(embeddings)
        if labels is None:
            return self._logits(embeddings, self.all_rows())
        labels = _in_columns(check_ids(labels, -(2**31), self.num_classes, "labels"))
        weights = label_weights(labels, weights)
        if not training:
            log_total, own, _ = self._exact(embeddings, labels, None)
            losses = log_total - tf.reduce_sum(weights * own, axis=1)
            return tf.where(tf.reduce_any(weights > 0.0, axis=1), losses, 0.0)
        totals = None if self._totals is None else tf.constant(self._totals)
        counter = of_this_replica(self.step)
        step = tf.convert_to_tensor(counter)
        classes, log_expected = draw_classes(
            self.num_sampled, self.num_classes, self.seed, step, self.sampler, totals
        )
        counter.assign_add(1)
        shape = tf.shape(labels)
        # Labels last, and gathered: under XLA their number may be a bound.
        own_ids = tf.reshape(tf.maximum(labels, 0), [-1])
        rows = self.read(tf.concat([classes, own_ids], axis=0), training=True)
        of_classes = rows[: self.num_sampled]
        of_labels = tf.gather(rows, self.num_sampled + tf.range(tf.shape(own_ids)[0]))
        of_labels = tf.reshape(of_labels, [shape[0], labels.shape[1], rows.shape[1]])
        if self.scale is not None:
            of_labels = unit_rows(of_labels)
        own = tf.einsum("nd,nld->nl", embeddings, of_labels)
        if self.scale is not None:
            own = self.scale * (own - (self.margin or 0.0))
        return sampled_softmax_losses(
            own,
            labels,
            weights,
            self._logits(embeddings, of_classes),
            classes,
            log_expected if self.correction else 0.0,
        )

    def exact_figures(
        self, embeddings: Any, labels: Any, block: int | None = None
    ) -> tuple[tf.Tensor, tf.Tensor]:
        """The cross-entropy of each row over all classes, and the ranks of its labels.

        A block of classes at a time: memory is `n * block`, at any number of classes.

        Args:
            embeddings: float `[n, dim]`.
            labels: as of `call`.
            block: classes at a time; None is as many as make 64 MiB of logits.

        Returns:
            losses: float32 `[n]`.
            ranks: int32, shaped as the labels: classes that come before a label, those of equal
                logits by their numbers; 0 is the first, and `num_classes` where there is no label.

        Example:

        >>> head = SampledSoftmax(50)
        >>> losses, ranks = head.exact_figures(tf.zeros([2, 4]), tf.constant([0, 3]))
        >>> losses.numpy().round(3).tolist() == [np.float32(3.912)] * 2, ranks.numpy()  # log(50)
        (True, array([0, 3], dtype=int32))
        """
        embeddings = tf.convert_to_tensor(embeddings)
        labels = check_ids(labels, -(2**31), self.num_classes, "labels")
        if not self.built:
            self.build(embeddings.shape)
        columns = _in_columns(labels)
        log_total, own, ranks = self._exact(self._prepared(embeddings), columns, block)
        weights = label_weights(columns)
        losses = log_total - tf.reduce_sum(weights * own, axis=1)
        losses = tf.where(tf.reduce_any(weights > 0.0, axis=1), losses, 0.0)
        return losses, tf.reshape(ranks, tf.shape(labels))

    def compute_output_shape(self, embeddings_shape: Any, labels_shape: Any = None) -> Any:
        """One number a row where labels are given, and otherwise one a class."""
        rows = embeddings_shape[0]
        return (rows, self.num_classes) if labels_shape is None else (rows,)

    def get_config(self) -> dict[str, Any]:
        """What the layer is made of."""
        return {
            **super().get_config(),
            "num_classes": self.num_classes,
            "num_sampled": self.num_sampled,
            "sampler": self.sampler,
            "counts": self.counts,
            "margin": self.margin,
            "scale": self.scale,
            "correction": self.correction,
            "seed": self.seed,
        }

    def _prepared(self, embeddings: Any) -> tf.Tensor:
        embeddings = tf.cast(embeddings, tf.float32)
        return embeddings if self.scale is None else unit_rows(embeddings)

    def _logits(self, embeddings: tf.Tensor, rows: tf.Tensor) -> tf.Tensor:
        if self.scale is not None:
            rows = unit_rows(rows)
        logits = tf.matmul(embeddings, rows, transpose_b=True)
        return logits if self.scale is None else self.scale * logits

    def _exact(self, embeddings: tf.Tensor, labels: tf.Tensor, block: int | None) -> Any:
        rows = embeddings.shape[0] or 128
        block = block or max(_BLOCK_NUMBERS // rows, 1)
        block = min(block, self.num_classes)
        return exact_figures(
            lambda start: self._logits(embeddings, self.block(start, block)),
            labels,
            self.num_classes,
            block,
        )


def _in_columns(labels: tf.Tensor) -> tf.Tensor:
    return labels[:, tf.newaxis] if labels.shape.rank == 1 else labels
