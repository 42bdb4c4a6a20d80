"""An agreement model that learns on while the model that it weighs the edges of is trained."""

from __future__ import annotations

from typing import Any

import keras
import tensorflow as tf

from gnn.configs.arguments import check_count
from gnn.data.node_pairs import labeled_pairs
from gnn.graphs.graph import Graph
from gnn.training.counted_passes import CountedPasses
from gnn.training.model_state import describe, model_state, restore_model_state


class RefreshAgreement(keras.callbacks.Callback):
    """Trains a model's agreement model a little more before every epoch, or every n-th.

    Without this callback the agreement of a model's `agreement_model` is fixed during `fit`. With
    it, the agreement model goes on learning from labeled pairs, apart from the model's own loss,
    and the next step of the model already sees what it learned. What it reports comes into the
    history with `agreement_` before it: `agreement_loss`, `agreement_accuracy`, `agreement_auc`; in
    epochs without a refresh, the last one's.

    It has a state: to carry a stopped `fit` on exactly, give it to `gnn.training.ExactResume`, as
    one of its `callbacks`, and not to `fit`.

    Args:
        data: the `gnn.Graph`, whose `gnn.data.labeled_pairs` of the split `"train"` are taken; or a
            data set such as they are, or anything else that `keras.Model.fit` takes.
        agreement_model: a Keras model on `[sender features, receiver features]`; None takes the
            `agreement_model` of the model that is trained. One that is not compiled yet is, with
            Adam (learning rate 0.001), the binary cross-entropy, accuracy and AUC.
        every: int, refresh before each such number of epochs, the first time before the first.
        epochs: int, how often a refresh goes through the pairs.
        verbose: of the agreement model's `fit`.

    Raises:
        TypeError: `agreement_model` is no Keras model, which could be trained.
        ValueError: when training begins, if the model has no `agreement_model`, or one of another
            distribution strategy than its own; under `ExactResume`, if `data` are neither a graph
            nor a `tf.data.Dataset`.

    Example:

    >>> import numpy as np
    >>> from gnn.configs import GraphRegConfig, PairWeights
    >>> from gnn.data import full_batch
    >>> from gnn.models import GraphRegularizationModel
    >>> from gnn.models.agreement.agreement_model import AgreementModel
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
        data = labeled_pairs(data) if isinstance(data, Graph) else data
        self._passes = CountedPasses(data) if isinstance(data, tf.data.Dataset) else None
        if self._passes is not None:
            self._passes.start()
        self.data = data if self._passes is None else self._passes.batches
        self.every = check_count("every", every, 1)
        self.epochs = check_count("epochs", epochs, 1)
        self.verbose = verbose
        self.results: dict[str, float] = {}

    def on_train_begin(self, logs: Any = None) -> None:
        """Finds the agreement model, and compiles it if it is not.

        Raises:
            ValueError: there is none, or it is of another distribution strategy than the model.
        """
        self._compiled()

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        """Trains the agreement model, if it is its turn."""
        if epoch % self.every:
            return
        history = self._compiled().fit(
            self.data, epochs=self.epochs, verbose=self.verbose, shuffle=False
        )
        self.results = {f"agreement_{name}": values[-1] for name, values in history.history.items()}

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        """Adds the last results to the history."""
        if logs is not None:
            logs.update(self.results)

    def training_description(self) -> dict[str, Any]:
        """What must be the same when a training is carried on, beside the arguments.

        Raises:
            ValueError: the pairs are no `tf.data.Dataset`: of others it is not known which come.
        """
        pairs = self._counted.dataset
        return {
            **{
                f"agreement model: {key}": value for key, value in describe(self._trained()).items()
            },
            "the pairs": str(pairs.element_spec),
            "batches of the pairs": int(pairs.cardinality()),
        }

    def training_state(self) -> dict[str, Any]:
        """What the next refresh depends on, beside the arguments."""
        passes = self._counted
        return {
            "agreement model": model_state(self._compiled()),
            "passes": passes.begun,
            "mark": passes.marks.get(passes.begun - 1),
        }

    def restore_training_state(self, state: dict[str, Any]) -> None:
        """Goes on from what `training_state` returned.

        Raises:
            ValueError: the pairs are others, or not drawn alike, or this process has drawn more.
        """
        passes, trained = self._counted, self._compiled()
        batch = passes.replay(state["passes"])
        if passes.marks.get(state["passes"] - 1) != state["mark"]:
            raise ValueError(
                "the pairs of RefreshAgreement are not drawn as those of the snapshot: they "
                "are others, or their order is not a function of a seed "
                "(gnn.data.labeled_pairs has one)"
            )
        if batch is None and state["passes"] and not trained.optimizer.built:
            batch = next(iter(passes.dataset))  # A new model, in a process that has trained.
        if batch is not None:
            # Makes every variable that training needs; what it changes is restored.
            trained.fit(tf.data.Dataset.from_tensors(batch), verbose=0, shuffle=False)
        restore_model_state(trained, state["agreement model"])

    @property
    def _counted(self) -> CountedPasses:
        if self._passes is None:
            raise ValueError(
                "the pairs of RefreshAgreement must be a gnn.Graph or a tf.data.Dataset to be "
                f"carried on with exactly; got {type(self.data).__name__}"
            )
        return self._passes

    def _compiled(self) -> keras.Model:
        trained = self._trained()
        if trained.distribute_strategy is not self.model.distribute_strategy:
            raise ValueError(
                f"the agreement model {trained.name!r} must be made in the scope of the "
                f"distribution strategy of {self.model.name!r}, as that was; got one of "
                f"{type(trained.distribute_strategy).__name__} with a model of "
                f"{type(self.model.distribute_strategy).__name__}"
            )
        if not trained.compiled:
            with trained.distribute_strategy.scope():
                _compile(trained)
        return trained

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
