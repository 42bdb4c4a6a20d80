"""Training and evaluation of models of graphs: compiling, data sets, steps, metrics."""

from __future__ import annotations

from typing import Any

import keras
import tensorflow as tf

from gnn.layers.mean_loss import mean_losses_of
from gnn.models import padded_rows
from gnn.models.base.data_checks import check_data, inputs_of, is_dataset
from gnn.models.base.graph_call import CalledOnGraphs
from gnn.models.base.replica_loss import part_of_replica
from gnn.models.base.reported_losses import with_mean_losses
from gnn.models.input_signature import InputSignature
from gnn.models.output_labels import labels_by_output


class TrainedOnGraphs(CalledOnGraphs):
    """A model that trains and evaluates as Keras' do, on batches that are graphs."""

    def __init__(self, **kwargs: Any):
        super().__init__(**kwargs)
        self.variables_made = False

    def compile(self, *args: Any, jit_compile: Any = "auto", **kwargs: Any) -> None:
        """Configures training as `keras.Model.compile` does; `jit_compile="auto"` is False here.

        Raises:
            ValueError: a loss that sums over rows, under a strategy of several replicas.
        """
        super().compile(
            *args, jit_compile=False if jit_compile == "auto" else jit_compile, **kwargs
        )
        self.variables_made = False
        reductions = [getattr(loss, "reduction", None) for loss in keras.tree.flatten(self.loss)]
        if "sum" in reductions and self.distribute_strategy.num_replicas_in_sync > 1:
            raise ValueError(
                'reduction="sum" of a loss cannot be shared out over replicas, whose losses are '
                "averaged: take a reduction that is a mean, such as the default"
            )

    def compile_from_config(self, config: dict[str, Any]) -> None:
        """Compiles a loaded model as the saved one was."""
        self.compile(**keras.saving.deserialize_keras_object(config))
        if self.built and self.optimizer is not None:
            self.optimizer.build(self.trainable_variables)

    def fit(self, x: Any = None, *args: Any, **kwargs: Any) -> keras.callbacks.History:
        """Trains as `keras.Model.fit` does; order and shuffling of a tf.data set are its own."""
        check_data(x, self.distribute_strategy)
        check_data(inputs_of(kwargs.get("validation_data")), self.distribute_strategy)
        if is_dataset(x):
            kwargs.setdefault("shuffle", False)
            self.make_variables(x.element_spec)
        return super().fit(x, *args, **kwargs)

    def make_variables(self, element_spec: Any) -> None:
        """Makes the weights, and what optimizer and metrics keep, ahead of training.

        BackupAndRestore can then restore into the model, and TensorFlow traces the step once: a
        step that makes variables it traces twice.
        """
        if self.variables_made or self.distribute_strategy.num_replicas_in_sync > 1:
            return
        inputs, labels, _ = keras.utils.unpack_x_y_sample_weight(element_spec)
        signature = InputSignature.of(inputs)
        if not signature.is_static:
            return
        self.variables_made = True
        if not self.built:
            self.build_by_call(signature)
        if self.optimizer is not None:
            self.optimizer.build(self.trainable_variables)
        specs = tf.nest.flatten(labels)
        if all(
            isinstance(spec, tf.TensorSpec) and spec.shape[1:].is_fully_defined() for spec in specs
        ):
            rows = tf.nest.map_structure(lambda s: tf.zeros([1, *s.shape[1:]], s.dtype), labels)
            example = signature.example()
            self.compute_metrics(example, rows, self(example, training=False))
            self.reset_metrics()

    def evaluate(self, x: Any = None, *args: Any, **kwargs: Any) -> Any:
        """Evaluates as `keras.Model.evaluate` does."""
        check_data(x, self.distribute_strategy)
        return super().evaluate(x, *args, **kwargs)

    def predict(self, x: Any, *args: Any, **kwargs: Any) -> Any:
        """Predicts as `keras.Model.predict` does, without the rows that are padding."""
        check_data(x, self.distribute_strategy)
        return padded_rows.drop_from_prediction(super().predict(x, *args, **kwargs))

    def predict_on_batch(self, x: Any) -> Any:
        """Predicts one batch, without the rows that are padding."""
        return padded_rows.drop_from_prediction(super().predict_on_batch(x))

    def predict_step(self, data: Any) -> Any:
        """Returns the outputs of a batch, together with its row mask where it is padded."""
        x, _, _ = keras.utils.unpack_x_y_sample_weight(data)
        return padded_rows.with_mask(self(x, training=False), padded_rows.mask_of(x))

    def train_step(self, data: Any) -> dict[str, Any]:
        """One step of gradient descent; returns the metrics."""
        x, y, sample_weight = keras.utils.unpack_x_y_sample_weight(data)
        with tf.GradientTape() as tape:
            y_pred = self(x, training=True)
            loss = self.loss_of_step(x, y, y_pred, sample_weight, training=True)
            scaled = self.optimizer.scale_loss(loss)
        gradients = tape.gradient(scaled, self.trainable_weights)
        self.optimizer.apply_gradients(zip(gradients, self.trainable_weights, strict=True))
        return self.updated_metrics(x, y, y_pred, sample_weight)

    def test_step(self, data: Any) -> dict[str, Any]:
        """One step of evaluation; returns the metrics."""
        x, y, sample_weight = keras.utils.unpack_x_y_sample_weight(data)
        y_pred = self(x, training=False)
        self.loss_of_step(x, y, y_pred, sample_weight, training=False)
        return self.updated_metrics(x, y, y_pred, sample_weight)

    def compute_loss(
        self,
        x: Any = None,
        y: Any = None,
        y_pred: Any = None,
        sample_weight: Any = None,
        training: bool = True,
    ) -> Any:
        """The loss of a batch as Keras has it; named outputs share one tensor of labels."""
        y = labels_by_output(y, y_pred, self.loss)
        return super().compute_loss(x, y, y_pred, sample_weight, training=training)

    def compute_metrics(self, x: Any, y: Any, y_pred: Any, sample_weight: Any = None) -> Any:
        """Updates the metrics as Keras does; outputs with a name share one tensor of labels."""
        y = labels_by_output(y, y_pred, self.loss)
        return super().compute_metrics(x, y, y_pred, sample_weight)

    def loss_of_step(self, x: Any, y: Any, y_pred: Any, sample_weight: Any, training: bool) -> Any:
        """This replica's part of the loss; tracks the supervised part by its labeled rows."""
        mask = padded_rows.mask_of(x)
        rows = padded_rows.count(self.loss, mask, y, y_pred, sample_weight)
        kept = padded_rows.at_least_one(mask)
        y, y_pred, sample_weight = padded_rows.drop(kept, (y, y_pred, sample_weight))
        loss = self.compute_loss(x, y, y_pred, sample_weight, training=training)
        loss = tf.cast(loss, tf.float32)
        replicas = tf.distribute.get_strategy().num_replicas_in_sync
        means = [layer.track() for layer in mean_losses_of(self)]
        supervised = loss - sum((added for added, _ in means), tf.zeros([])) / replicas
        self._loss_tracker.update_state(supervised * replicas, sample_weight=rows)
        if replicas > 1:
            return part_of_replica(supervised, rows, means)
        if mask is None:
            return loss
        # Where all rows are padding, the one that was kept must not be learned from.
        return tf.where(tf.reduce_any(mask), loss, loss - supervised)

    def updated_metrics(self, x: Any, y: Any, y_pred: Any, sample_weight: Any) -> dict[str, Any]:
        """The metrics after a batch, of its rows that are no padding."""
        y, y_pred, sample_weight = padded_rows.drop(
            padded_rows.mask_of(x), (y, y_pred, sample_weight)
        )
        return self.compute_metrics(x, y, y_pred, sample_weight=sample_weight)

    def get_metrics_result(self) -> dict[str, Any]:
        """The metrics so far; with a graph loss `loss = supervised_loss + scaled_graph_loss`."""
        return with_mean_losses(super().get_metrics_result(), mean_losses_of(self))
