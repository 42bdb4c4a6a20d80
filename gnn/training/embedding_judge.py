"""Figures of retrieval as a training goes on."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import keras
import numpy as np

from gnn.configs.arguments import check_count
from gnn.evaluation.retrieval import RetrievalFigures, retrieval_figures


class EmbeddingJudge(keras.callbacks.Callback):
    """Reports in `fit` how well embeddings find what has the same label.

    After an epoch it embeds the queries and the items, and adds to the history
    `val_precision_at_1`, `val_recall_at_K`, `val_r_precision` and `val_map_at_r`
    (`gnn.evaluation.retrieval_figures`, exact), and with `seen` the same of `unseen` labels, as
    `val_unseen_map_at_r`. Callbacks after it in the list may monitor them.

    Args:
        queries: what `model.predict` takes, `[num_queries, ...]`, or a dict of such.
        query_labels: int `[num_queries]`.
        items: likewise; None judges the queries against each other.
        item_labels: int `[num_items]`.
        output: which output of a model that returns a dict is the embedding.
        embed: a function from the model and inputs to embeddings, in place of `predict`.
        k: where hits are looked for.
        metric: "cosine" or "l2".
        seen: the labels of training, where others are among the queries.
        every: epochs from one judgement to the next; the last epoch that is judged stands in the
            history of those between.
        batch_size: of `predict`.

    Raises:
        ValueError: as `retrieval_figures`; or `every` is below 1.
        KeyError: after an epoch, the model has no such output.

    Example:

    >>> x, y = np.random.default_rng(0).normal(size=(40, 4)), np.arange(40) % 5
    >>> model = keras.Sequential([keras.layers.Dense(3)])
    >>> model.compile("sgd", "mse")
    >>> judge = EmbeddingJudge(x, y, k=1)
    >>> history = model.fit(x, x[:, :3], verbose=0, callbacks=[judge]).history
    >>> sorted(history)
    ['loss', 'val_map_at_r', 'val_precision_at_1', 'val_r_precision', 'val_recall_at_1']
    """

    def __init__(
        self,
        queries: Any,
        query_labels: Any,
        items: Any = None,
        item_labels: Any = None,
        output: str = "embedding",
        embed: Callable[[keras.Model, Any], Any] | None = None,
        k: int | Sequence[int] = (1, 5, 10),
        metric: str = "cosine",
        seen: Any = None,
        every: int = 1,
        batch_size: int | None = None,
    ):
        super().__init__()
        self.every = check_count("every", every)
        self.output = output
        # In one object: a snapshot of a training holds arrays among the attributes.
        self._judged = _Judged(
            queries, query_labels, items, item_labels, embed, k, metric, seen, batch_size
        )
        self.last: dict[str, float] = {}

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Judges, and adds the figures to the logs."""
        if epoch % self.every == 0 or not self.last:
            self.last = _named(self._judged.figures(self.model, self.output))
        if logs is not None:
            logs.update(self.last)


@dataclasses.dataclass(frozen=True, eq=False)
class _Judged:
    """What is judged, and how."""

    queries: Any
    query_labels: Any
    items: Any
    item_labels: Any
    embed: Callable[[keras.Model, Any], Any] | None
    k: int | Sequence[int]
    metric: str
    seen: Any
    batch_size: int | None

    def figures(self, model: keras.Model, output: str) -> RetrievalFigures:
        """Of a model as it is."""
        vectors = [
            None if part is None else self._embedded(model, output, part)
            for part in (self.queries, self.items)
        ]
        return retrieval_figures(
            vectors[0],
            self.query_labels,
            vectors[1],
            self.item_labels,
            k=self.k,
            metric=self.metric,
            seen=self.seen,
        )

    def _embedded(self, model: keras.Model, output: str, inputs: Any) -> np.ndarray:
        if self.embed is not None:
            return np.asarray(self.embed(model, inputs))
        found = model.predict(inputs, batch_size=self.batch_size, verbose=0)
        if not isinstance(found, Mapping):
            return np.asarray(found)
        if output not in found:
            raise KeyError(
                f"output={output!r} names no output of {model.name!r}, which has {sorted(found)}"
            )
        return np.asarray(found[output])


def _named(figures: RetrievalFigures, of: str = "") -> dict[str, float]:
    """The figures by their names in the history."""
    found = {
        f"val_{of}precision_at_1": figures.precision_at_1,
        **{f"val_{of}recall_at_{k}": share for k, share in figures.recall_at.items()},
        f"val_{of}r_precision": figures.r_precision,
        f"val_{of}map_at_r": figures.map_at_r,
    }
    return found if figures.unseen is None else found | _named(figures.unseen, "unseen_")
