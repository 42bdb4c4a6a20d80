"""An agreement model that learns on while the model that it weighs the edges of is trained."""

from __future__ import annotations

from typing import Any

import keras

from gnn.data.node_pairs import labeled_pairs
from gnn.graphs.arguments import check_count
from gnn.graphs.graph import Graph


class RefreshAgreement(keras.callbacks.Callback):
    """Trains a model's agreement model a little more before every epoch, or every n-th.

    Without this callback the agreement of a model's `agreement_model` is fixed during `fit`. With
    it, the agreement model goes on learning from labeled pairs, apart from the model's own loss,
    and the next step of the model already sees what it learned. What it reports comes into the
    history with `agreement_` before it: `agreement_loss`, `agreement_accuracy`, `agreement_auc`; in
    epochs without a refresh, the last one's.

    Args:
        data: the `gnn.Graph`, whose `gnn.data.labeled_pairs` of the split `"train"` are taken; or a
            data set such as they are.
        agreement_model: a Keras model on `[sender features, receiver features]`; None takes the
            `agreement_model` of the model that is trained. One that is not compiled yet is, with
            Adam (learning rate 0.001), the binary cross-entropy, accuracy and AUC.
        every: int, refresh before each such number of epochs, the first time before the first.
        epochs: int, how often a refresh goes through the pairs.
        verbose: of the agreement model's `fit`.

    Raises:
        TypeError: `agreement_model` is no Keras model, which could be trained.
        ValueError: when training begins, if the model has no `agreement_model`.

    Example:

    >>> import numpy as np
    >>> from gnn.configs import GraphRegConfig, PairWeights
    >>> from gnn.data import full_batch
    >>> from gnn.models import GraphRegularizationModel
    >>> from gnn.models.agreement import AgreementModel
    >>> graph = Graph.from_edges(
    ...     [0, 1, 2], [1, 2, 3], np.eye(4), labels=[0, 0, 1, 1], splits={"train": [0, 1, 2]})
    >>> model = GraphRegularizationModel(
    ...     GraphRegConfig(), lambda: keras.layers.Dense(2),
    ...     agreement_model=AgreementModel((16,)), pair_weights=PairWeights())
    >>> model.compile("adam", keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    >>> data = full_batch(graph, "train", known_labels="train")
    >>> history = model.fit(data, callbacks=[RefreshAgreement(graph)], verbose=0)
    >>> sorted(name for name in history.history if name.startswith("agreement"))
    ['agreement_accuracy', 'agreement_auc', 'agreement_loss']
    """

    def __init__(
        self,
        data: Any,
        agreement_model: keras.Model | None = None,
        every: int = 1,
        epochs: int = 1,
        verbose: Any = 0,
    ):
        super().__init__()
        if agreement_model is not None:
            _check_model(agreement_model)
        self.agreement_model = agreement_model
        self.data = labeled_pairs(data) if isinstance(data, Graph) else data
        self.every = check_count("every", every, 1)
        self.epochs = check_count("epochs", epochs, 1)
        self.verbose = verbose
        self.results: dict[str, float] = {}

    def on_train_begin(self, logs: Any = None) -> None:
        """Finds the agreement model."""
        self._trained()

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        """Trains the agreement model, if it is its turn."""
        if epoch % self.every:
            return
        trained = self._trained()
        if not trained.compiled:
            _compile(trained)
        history = trained.fit(self.data, epochs=self.epochs, verbose=self.verbose, shuffle=False)
        self.results = {f"agreement_{name}": values[-1] for name, values in history.history.items()}

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        """Adds the last results to the history."""
        if logs is not None:
            logs.update(self.results)

    def _trained(self) -> keras.Model:
        if self.agreement_model is not None:
            return self.agreement_model
        found = getattr(self.model, "agreement_model", None)
        if found is None:
            raise ValueError(
                f"RefreshAgreement needs an agreement_model; {self.model.name!r} was made without "
                "one, and none was given to the callback"
            )
        return _check_model(found)


def _check_model(agreement_model: Any) -> keras.Model:
    if isinstance(agreement_model, keras.Model):
        return agreement_model
    raise TypeError(
        "agreement_model must be a keras.Model for RefreshAgreement to train it; got "
        f"{type(agreement_model).__name__}"
    )


def _compile(model: keras.Model) -> None:
    model.compile(
        optimizer=keras.optimizers.Adam(0.001),
        loss=keras.losses.BinaryCrossentropy(),
        metrics=[
            keras.metrics.BinaryAccuracy(name="accuracy"),
            keras.metrics.AUC(num_thresholds=1000, name="auc"),
        ],
    )
