"""NSL's wrapper that adds adversarial regularization to a Keras model."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

import keras
import tensorflow as tf

from gnn.configs import AdvNeighborConfig, as_adv_neighbor_config
from gnn.graphs.batch.graphs_tuple import BatchGraph
from gnn.models.adversarial.adversarial_regularization import AdversarialRegularizationModel
from gnn.models.adversarial.perturbed_network import NodeModel
from gnn.models.base.supervision import SOLE, Supervision
from gnn.models.node_models import call_node_model, input_names
from gnn.nsl.base_model import WrapsBaseModel
from gnn.nsl.losses_and_metrics import LossesAndMetrics
from gnn.ops.adversarial import adversarial_neighbors, of_feature, perturbed_names

_COMPOSITE = (tf.SparseTensor, tf.RaggedTensor)


class AdversarialRegularization(WrapsBaseModel, AdversarialRegularizationModel):
    """NSL's class: trains a Keras model on the worst small changes of its inputs too.

    A batch is a dict of features that holds the labels as well, and the sample weights if there
    are any; `fit` and `evaluate` take no `y`. Training minimizes `loss + multiplier * adversarial
    loss`, which is the same loss on adversarial neighbors (`gnn.AdversarialRegularizationModel`).

    The history has `loss`, the loss of each output and your metrics under NSL's names
    (`sparse_categorical_accuracy`; with several outputs, the key of the labels after it),
    `adversarial_loss` and `scaled_adversarial_loss`. `save` and `export` are those of the base
    model, which also predicts where there are no labels.

    Args:
        base_model: the Keras model, Sequential, functional or subclassed.
        label_keys: the keys of the labels, one for each output of the base model, in order.
        sample_weight_key: the key of the sample weights, or None.
        adv_config: NSL's `AdvRegConfig`, ours, or None for the defaults.
        base_with_labels_in_features: whether a subclassed base model is given labels and sample
            weights among its inputs. A functional one is given those that it has inputs for.

    Example:

    >>> from gnn import nsl
    >>> base_model = keras.Sequential([keras.Input([2], name="x"), keras.layers.Dense(1)])
    >>> config = nsl.configs.make_adv_reg_config(multiplier=0.2, adv_step_size=0.1)
    >>> model = nsl.keras.AdversarialRegularization(base_model, ["y"], adv_config=config)
    >>> model.compile("sgd", "mse", metrics=["mae"])
    >>> batch = {"x": tf.ones([4, 2]), "y": tf.ones([4, 1])}
    >>> history = model.fit(batch, verbose=0)
    >>> sorted(history.history)[:3]
    ['adversarial_loss', 'loss', 'mean_absolute_error']
    >>> sorted(model.perturb_on_batch(batch))
    ['x', 'y']
    """

    def __init__(
        self,
        base_model: keras.Model,
        label_keys: Sequence[str] = ("label",),
        sample_weight_key: str | None = None,
        adv_config: Any = None,
        base_with_labels_in_features: bool = False,
    ):
        super().__init__(
            lambda: NodeModel(base_model),
            {} if adv_config is None else adv_config,
            name="AdversarialRegularization",
        )
        self.adv_config = self.config if adv_config is None else adv_config
        self.label_keys = list(label_keys)
        self.sample_weight_key = sample_weight_key
        self.base_with_labels_in_features = base_with_labels_in_features
        self._given: dict[str, Any] = {}
        self._judged: LossesAndMetrics | None = None

    @property
    def node_model(self) -> keras.Model:
        """The base model by our name for it."""
        return self.network.node_model

    def __call__(self, inputs: Any, *args: Any, **kwargs: Any) -> Any:
        """Calls the base model, after a look at the keys: Keras would warn at length before `call`.

        Raises:
            ValueError: labels are not in the input.
        """
        self._labels(inputs)
        return super().__call__(inputs, *args, **kwargs)

    # The keys of a batch.

    def _labels(self, inputs: Mapping[str, Any]) -> tuple[list[Any], Any]:
        """Labels, one for each output, and sample weights."""
        has = sorted(inputs) if isinstance(inputs, Mapping) else []
        missing = [key for key in self.label_keys if key not in has]
        if missing:
            raise ValueError(
                f"Labels are not in the input: label_keys has {missing}, the input has {has}. For "
                "predicting examples without labels, use base_model"
            )
        weights = inputs.get(self.sample_weight_key) if self.sample_weight_key else None
        return [inputs[key] for key in self.label_keys], weights

    def _features(self, inputs: Mapping[str, Any]) -> dict[str, Any]:
        """What the base model is called on."""
        told = {*self.label_keys, self.sample_weight_key}
        names = input_names(self.node_model)
        if names is None:
            wanted = told if self.base_with_labels_in_features else set()
        else:
            wanted = set(names)
        return {key: value for key, value in inputs.items() if key not in told or key in wanted}

    def _neighbor_config(self, features: Any) -> AdvNeighborConfig:
        assert self.config is not None
        return self._of_dense(self.config.adv_neighbor_config, features)

    def _of_dense(self, config: AdvNeighborConfig, features: Any) -> AdvNeighborConfig:
        """The settings with a mask that lets dense features be perturbed, and no labels."""
        told = {*self.label_keys, self.sample_weight_key}
        masks = {
            name: of_feature(config.feature_mask, name)
            if _dense(value) and name not in told
            else 0.0
            for name, value in features.items()
        }
        return dataclasses.replace(config, feature_mask=masks)

    # Training and evaluation.

    def compile(  # type: ignore[override]
        self,
        optimizer: Any = "rmsprop",
        loss: Any = None,
        metrics: Any = None,
        loss_weights: Any = None,
        **kwargs: Any,
    ) -> None:
        """Configures training, that of the base model too.

        Args:
            optimizer: as in `keras.Model.compile`.
            loss: for all outputs, or a list or dict of one for each. None means those of the last
                call.
            metrics: a list for all outputs, a list of lists or a dict. "accuracy", "acc",
                "crossentropy" and "ce" mean what goes with the loss.
            loss_weights: a list or dict of a number for each output.
            **kwargs: further arguments of `keras.Model.compile`.
        """
        if loss:
            self._given = {"loss": loss, "metrics": metrics, "loss_weights": loss_weights}
        if not self._given:
            raise ValueError("loss must be given: the adversarial loss is made of it; got None")
        super().compile(optimizer, **kwargs)
        self.compile_base_model(**self._given, **kwargs)
        self._judged = None
        if input_names(self.node_model) is not None:
            self._judge(self.node_model.outputs)

    def _judge(self, outputs: Any) -> LossesAndMetrics:
        """Losses and metrics; of a subclassed base model its outputs say how many."""
        if self._judged is None:
            if not self._given:
                raise ValueError("the model must be compiled with a loss first")
            count = len(tf.nest.flatten(outputs))
            if count != len(self.label_keys):
                raise ValueError(
                    "label_keys must have a key for every output of the base model, which has "
                    f"{count}; got {self.label_keys}"
                )
            names = getattr(self.node_model, "output_names", None)
            names = names or [f"output_{place}" for place in range(1, count + 1)]
            self._judged = LossesAndMetrics(names, self.label_keys, **self._given)
        return self._judged

    def train_step(self, data: Any) -> dict[str, Any]:
        """One step of gradient descent; returns the metrics."""
        return super().train_step(self._with_labels(data))

    def test_step(self, data: Any) -> dict[str, Any]:
        """One step of evaluation; returns the metrics."""
        return super().test_step(self._with_labels(data))

    def _with_labels(self, data: Any) -> tuple[Any, list[Any], Any]:
        inputs, _, _ = keras.utils.unpack_x_y_sample_weight(data)
        return inputs, *self._labels(inputs)

    def graph_call(self, graph: BatchGraph, training: bool | None = None) -> BatchGraph:
        """Calls the base model; in a step, adds the loss on adversarial neighbors."""
        return super().graph_call(graph.replace(nodes=self._features(graph.nodes)), training)

    def compute_loss(
        self,
        x: Any = None,
        y: Any = None,
        y_pred: Any = None,
        sample_weight: Any = None,
        training: bool = True,
    ) -> Any:
        """The weighted sum of the losses of all outputs, and what layers have added."""
        if y is None:
            y, sample_weight = self._labels(x)
        total, _ = self._loss_of(y, y_pred, sample_weight)
        total += sum((tf.reduce_sum(tf.cast(loss, tf.float32)) for loss in self.losses), 0.0)
        return total / tf.distribute.get_strategy().num_replicas_in_sync

    def _loss_of(self, labels: Any, outputs: Any, weights: Any) -> tuple[tf.Tensor, tf.Tensor]:
        """Your loss, and over how many rows it is a mean."""
        return self._judge(outputs).loss(labels, outputs, weights), _num_rows(outputs)

    def _supervised(self, outputs: Any, mask: Any, step: Any) -> tuple[tf.Tensor, tf.Tensor]:
        mean, rows = self._loss_of(step.labels, outputs, step.sample_weight)
        return mean[tf.newaxis], rows[tf.newaxis]

    def supervision_of(
        self, x: Any, y: Any, y_pred: Any, sample_weight: Any, training: bool
    ) -> Supervision:
        """The rows of a batch that losses and metrics see, which are all.

        Raises:
            ValueError: `fit` was given class weights, which need labels beside the inputs.
        """
        if training and self.class_weights is not None:
            raise ValueError(
                "class_weight cannot be given where the labels are among the inputs: put sample "
                "weights there too, and name their key by sample_weight_key"
            )
        return Supervision(y, y_pred, sample_weight, {SOLE: _num_rows(y_pred)})

    def compute_metrics(self, x: Any, y: Any, y_pred: Any, sample_weight: Any = None) -> Any:
        """Updates the metrics, which are NSL's, and returns them."""
        if y is not None:
            self._judge(y_pred).update(y, y_pred, sample_weight)
        return self.get_metrics_result()

    @property
    def metrics(self) -> list[keras.metrics.Metric]:
        """All metrics, in the order of `evaluate`."""
        found = super().metrics
        judged = [] if self._judged is None else self._judged.metrics
        first = 1 if self.compiled else 0  # The tracker of the loss.
        return [*found[:first], *judged, *found[first:]]

    def get_metrics_result(self) -> dict[str, Any]:
        """The metrics so far, with `scaled_adversarial_loss`, which is what was added."""
        results = super().get_metrics_result()
        if "adversarial_loss" in results and self.adversarial is not None:
            multiplier = self.adversarial.multiplier
            results["scaled_adversarial_loss"] = multiplier * results["adversarial_loss"]
        return results

    def perturb_on_batch(self, x: Mapping[str, Any], **config_kwargs: Any) -> dict[str, Any]:
        """The batch with its features changed for the worse, as `training=False` sees them.

        Args:
            x: a batch as in `fit`, of arrays or tensors.
            **config_kwargs: fields of `nsl.configs.AdvNeighborConfig` in place of those of
                `adv_config`; None means as it is there.

        Returns:
            The batch: dense features as NumPy arrays, the rest as tensors.
        """
        inputs = {
            name: value if isinstance(value, _COMPOSITE) else tf.convert_to_tensor(value)
            for name, value in x.items()
        }
        labels, weights = self._labels(inputs)
        features = self._features(inputs)
        given = {key: value for key, value in config_kwargs.items() if value is not None}
        own = dataclasses.replace(as_adv_neighbor_config(self.adv_config), **given)
        config = self._of_dense(own, features)

        def loss_fn(changed: dict[str, tf.Tensor]) -> tf.Tensor:
            outputs = call_node_model(self.node_model, {**features, **changed}, training=False)
            return tf.multiply(*self._loss_of(labels, outputs, weights))

        dense = {name: features[name] for name in perturbed_names(config, features)}
        found = adversarial_neighbors(dense, loss_fn, config, seed=(self.seed, 0))
        arrays = {
            name: rows.numpy() for name, rows in {**features, **found}.items() if _dense(rows)
        }
        return {**inputs, **arrays}


def _num_rows(outputs: Any) -> tf.Tensor:
    return tf.cast(tf.shape(tf.nest.flatten(outputs)[0])[0], tf.float32)


def _dense(feature: Any) -> bool:
    return isinstance(feature, tf.Tensor)
