"""Training and evaluation of models of graphs: compiling, data sets, steps, metrics."""

from __future__ import annotations

import contextlib
import contextvars
import inspect
import warnings
from collections.abc import Iterator, Mapping
from typing import Any

import keras
import tensorflow as tf

from gnn.data.one_batch import is_one_batch_again
from gnn.graphs.batch.keys import GRAPH_KEYS
from gnn.layers.mean_loss import mean_losses_of
from gnn.layers.model_in_step import model_in_step
from gnn.models import padded_rows
from gnn.models.base.class_weights import class_weight_table
from gnn.models.base.data_checks import check_data, inputs_of, is_dataset
from gnn.models.base.fed_by_id import TablesInUse, on_whole_batches
from gnn.models.base.graph_call import CalledOnGraphs
from gnn.models.base.harm import GraphLossWarning, harm_to_model
from gnn.models.base.kept_edges import KeptEdges, in_step
from gnn.models.base.output_losses import OutputLosses, where_counted
from gnn.models.base.replica_loss import part_of_replica
from gnn.models.base.reported_losses import with_mean_losses
from gnn.models.base.steps_at_once import fed_to_fit
from gnn.models.base.supervision import (
    Supervision,
    check_metrics_labeled,
    labels_of_all,
    supervision,
)
from gnn.models.base.variables import make_slots, make_weights
from gnn.models.input_signature import InputSignature

# Not an attribute: the replicas of a strategy are threads that share the model.
_WITHOUT_MEANS = contextvars.ContextVar("without_means", default=False)


@contextlib.contextmanager
def _hidden_mean_losses() -> Iterator[None]:
    """Within the block `model.losses` lacks the mean losses, which a step adds itself."""
    token = _WITHOUT_MEANS.set(True)
    try:
        yield
    finally:
        _WITHOUT_MEANS.reset(token)


class TrainedOnGraphs(CalledOnGraphs):
    """A model that trains and evaluates as Keras' do, on batches that are graphs."""

    _compile_loss: Any  # Keras' own name for what `compile` makes of the losses.

    def __init__(self, **kwargs: Any):
        super().__init__(**kwargs)
        self.variables_made = False
        self.class_weights: tuple[float, ...] | None = None
        self.outputs_with_metrics: frozenset[str] = frozenset()
        self.output_losses: OutputLosses | None = None
        self.tables = TablesInUse()
        self.kept_edges = KeptEdges()

    def compile(self, *args: Any, jit_compile: Any = "auto", **kwargs: Any) -> None:
        """Configures training as `keras.Model.compile` does; `jit_compile="auto"` is False here.

        Raises:
            ValueError: a loss that sums over rows, under a strategy of several replicas.
        """
        super().compile(
            *args, jit_compile=False if jit_compile == "auto" else jit_compile, **kwargs
        )
        self.variables_made = False
        given = inspect.signature(super().compile).bind(*args, **kwargs).arguments
        metrics = [given.get(name) for name in ("metrics", "weighted_metrics")]
        named = [name for some in metrics if isinstance(some, Mapping) for name in some]
        self.outputs_with_metrics = frozenset(named)
        compiled = self._compile_loss
        if given.get("loss") is not None:  # Without one, Keras keeps that of the last call.
            self.output_losses = OutputLosses(compiled, self.loss, given.get("loss_weights"))
        # A `compute_loss` of the user's own makes of the outputs what it likes, as a whole.
        self._compile_loss = self.output_losses if self._computes_loss_as_keras else compiled
        reductions = [getattr(loss, "reduction", None) for loss in keras.tree.flatten(self.loss)]
        if "sum" in reductions and self.distribute_strategy.num_replicas_in_sync > 1:
            raise ValueError(
                'reduction="sum" of a loss cannot be shared out over replicas, whose losses are '
                "averaged: take a reduction that is a mean, such as the default"
            )

    @property
    def _computes_loss_as_keras(self) -> bool:
        return type(self).compute_loss is TrainedOnGraphs.compute_loss

    def compile_from_config(self, config: dict[str, Any]) -> None:
        """Compiles a loaded model as the saved one was."""
        self.compile(**keras.saving.deserialize_keras_object(config))
        if self.built:
            make_slots(self)

    @property
    def losses(self) -> list[Any]:
        """What the layers add to the loss, as Keras has it; in a step, without the mean losses."""
        everything = super().losses
        if not _WITHOUT_MEANS.get():
            return everything
        means = {id(loss) for layer in mean_losses_of(self) for loss in layer.losses}
        return [loss for loss in everything if id(loss) not in means]

    def fit(
        self, x: Any = None, *args: Any, class_weight: Any = None, **kwargs: Any
    ) -> keras.callbacks.History:
        """Trains as `keras.Model.fit` does; order and shuffling of a tf.data set are its own.

        `class_weight` is taken of every kind of data, of `gnn.data.distribute` too, and of labels
        among which some are missing. Afterwards it warns where a graph loss seems to do harm.

        Warns:
            GraphLossWarning: outputs have collapsed, or neighbors are as far apart as random nodes.
        """
        check_data(x, self.distribute_strategy)
        validation: Any = kwargs.get("validation_data")
        check_data(inputs_of(validation), self.distribute_strategy)
        if isinstance(validation, tuple):
            kwargs["validation_data"] = (self.given(validation[0]), *validation[1:])
        elif validation is not None:
            kwargs["validation_data"] = self.tables.feed(self, "test", validation)
        self._weigh_classes(class_weight_table(class_weight))
        if is_dataset(x):
            kwargs.setdefault("shuffle", False)
            self.make_variables(x.element_spec)
        x = self.given(x)
        if not args:
            x, kwargs = fed_to_fit(self, x, kwargs)
        with self.kept_edges.while_running(self, "train", is_one_batch_again(x)):
            history = super().fit(x, *args, **kwargs)
        harm = harm_to_model(self, history.history)
        if harm is not None:
            warnings.warn(harm, GraphLossWarning, stacklevel=2)
        return history

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
        # A strategy of one replica, too, wants variables of its own kind.
        with self.distribute_strategy.scope():
            self._make_variables_of(signature, labels)

    def _make_variables_of(self, signature: InputSignature, labels: Any) -> None:
        if not self.built:
            make_weights(self, signature)
        make_slots(self)
        specs = tf.nest.flatten(labels)
        if all(
            isinstance(spec, tf.TensorSpec) and spec.shape[1:].is_fully_defined() for spec in specs
        ):
            rows = tf.nest.map_structure(lambda s: tf.zeros([1, *s.shape[1:]], s.dtype), labels)
            example = signature.example()
            self.compute_metrics(example, rows, self(example, training=False))
            self.reset_metrics()

    def evaluate(self, x: Any = None, *args: Any, **kwargs: Any) -> Any:
        """Evaluates as `keras.Model.evaluate` does; warns where no row has a label."""
        check_data(x, self.distribute_strategy)
        x = self.tables.feed(self, "test", self.given(x))
        with self.kept_edges.while_running(self, "test", is_one_batch_again(x)):
            results = super().evaluate(x, *args, **kwargs)
        of_outputs = [] if self._compile_loss is None else self._compile_loss.metrics
        if not any(float(mean.count.numpy()) for mean in (self._loss_tracker, *of_outputs)):
            warnings.warn(
                "no row of the data to evaluate has a label: losses and metrics of 0 are over no "
                "rows",
                stacklevel=2,
            )
        return results

    def predict(self, x: Any, *args: Any, **kwargs: Any) -> Any:
        """Predicts as `keras.Model.predict` does, without the rows that are padding."""
        check_data(x, self.distribute_strategy)
        x = self.tables.feed(self, "predict", self.given(x))
        if isinstance(x, tf.data.Dataset):
            self._trace_prediction(x.element_spec)
        return padded_rows.drop_from_prediction(super().predict(x, *args, **kwargs))

    def _trace_prediction(self, spec: Any) -> None:
        """Traces for batches of any size: Keras, given one by one, traces each of the first.

        Where the spec leaves more open than sizes of batches, only the batches themselves show it.
        """
        self.make_predict_function()
        one_by_one = self.steps_per_execution == self.distribute_strategy.num_replicas_in_sync == 1
        shapes = [part.shape for part in tf.nest.flatten(spec)]
        known = all(shape.rank is not None and shape[1:].is_fully_defined() for shape in shapes)
        if one_by_one and known and hasattr(self.predict_function, "get_concrete_function"):
            self.predict_function.get_concrete_function([spec])

    def predict_on_batch(self, x: Any) -> Any:
        """Predicts one batch, without the rows that are padding."""
        return padded_rows.drop_from_prediction(super().predict_on_batch(self.given(x)))

    def train_on_batch(self, x: Any, *args: Any, **kwargs: Any) -> Any:
        """Trains on one batch as `keras.Model.train_on_batch` does."""
        self._weigh_classes(None)  # Keras makes sample weights of them.
        return super().train_on_batch(self.given(x), *args, **kwargs)

    def test_on_batch(self, x: Any, *args: Any, **kwargs: Any) -> Any:
        """Evaluates one batch as `keras.Model.test_on_batch` does."""
        return super().test_on_batch(self.given(x), *args, **kwargs)

    def _weigh_classes(self, table: tuple[float, ...] | None) -> None:
        if table != self.class_weights:
            self.class_weights = table
            self.train_function = None  # The traced one has the old weights in it.

    @on_whole_batches
    def predict_step(self, data: Any) -> Any:
        """Returns the outputs of a batch, together with its row mask where it is padded."""
        x, _, _ = keras.utils.unpack_x_y_sample_weight(data)
        return padded_rows.with_mask(self(x, training=False), padded_rows.mask_of(x))

    @on_whole_batches
    def train_step(self, data: Any) -> dict[str, Any]:
        """One step of gradient descent; returns the metrics."""
        x, y, sample_weight = keras.utils.unpack_x_y_sample_weight(data)
        with tf.GradientTape() as tape:
            outputs = self._outputs_of_step(x, training=True)
            rows = self.supervision_of(x, y, outputs, sample_weight, training=True)
            loss = self.loss_of_step(x, rows, training=True)
            scaled = self.optimizer.scale_loss(loss)
        if self.trainable_weights:
            gradients = tape.gradient(scaled, self.trainable_weights)
            self.optimizer.apply_gradients(zip(gradients, self.trainable_weights, strict=True))
        else:
            warnings.warn("The model does not have any trainable weights.", stacklevel=2)
        return self.compute_metrics(x, rows.labels, rows.outputs, rows.weights)

    @on_whole_batches
    def test_step(self, data: Any) -> dict[str, Any]:
        """One step of evaluation; returns the metrics."""
        x, y, sample_weight = keras.utils.unpack_x_y_sample_weight(data)
        outputs = self._outputs_of_step(x, training=False)
        rows = self.supervision_of(x, y, outputs, sample_weight, training=False)
        self.loss_of_step(x, rows, training=False)
        return self.compute_metrics(x, rows.labels, rows.outputs, rows.weights)

    def _outputs_of_step(self, x: Any, training: bool) -> Any:
        for layer in mean_losses_of(self):
            layer.forget()
        with in_step("train" if training else "test"):
            return self(x, training=training)

    def test_outputs(self, y: Any, y_pred: Any) -> dict[str, Any]:
        """One step of evaluation, of outputs that were computed before; returns the metrics.

        A graph loss counts as far as its layer has tracked it since the metrics were reset.
        """
        self._clear_losses()  # Those of the last call, which may have been traced.
        of_graph = dict.fromkeys(GRAPH_KEYS)
        rows = self.supervision_of(of_graph, y, y_pred, None, training=False)
        self.loss_of_step(of_graph, rows, training=False)
        return self.compute_metrics(of_graph, rows.labels, rows.outputs, rows.weights)

    def supervision_of(
        self, x: Any, y: Any, y_pred: Any, sample_weight: Any, training: bool
    ) -> Supervision:
        """The rows of a batch that losses and metrics see: no padding, and no missing labels."""
        check_metrics_labeled(self.outputs_with_metrics, y)
        has_graph = isinstance(x, Mapping) and any(key in x for key in GRAPH_KEYS)
        return supervision(
            self.loss,
            y,
            y_pred,
            sample_weight,
            padded_rows.mask_of(x),
            has_graph=has_graph,
            class_weights=self.class_weights if training else None,
        )

    def compute_metrics(self, x: Any, y: Any, y_pred: Any, sample_weight: Any = None) -> Any:
        """Updates the metrics as Keras does; outputs with a name share one tensor of labels."""
        return super().compute_metrics(x, labels_of_all(y, y_pred), y_pred, sample_weight)

    def loss_of_step(self, x: Any, rows: Supervision, training: bool) -> Any:
        """This replica's part of the loss; tracks every part by what it is a mean over.

        What is supervised is computed by itself, and not as what is left of the whole: beside a
        graph loss of large multiplier nothing would be.
        """
        replicas = tf.distribute.get_strategy().num_replicas_in_sync
        with _hidden_mean_losses(), model_in_step(self, training):
            supervised = self._supervised_losses(x, rows, training, replicas)
        means = [layer.track() for layer in mean_losses_of(self)]
        if replicas > 1:
            return part_of_replica(supervised, means)
        losses = [loss for loss, _ in supervised] + [tf.reduce_sum(added) for added, _ in means]
        return sum(losses[1:], start=losses[0])

    def _supervised_losses(
        self, x: Any, rows: Supervision, training: bool, replicas: int
    ) -> list[tuple[tf.Tensor, tf.Tensor]]:
        """The loss as a whole, or those of outputs and layers; each with what it is a mean over."""
        of_outputs = self.output_losses
        if of_outputs is None or not self._computes_loss_as_keras or len(rows.counts) < 2:
            count = tf.reduce_max(list(rows.counts.values()) or [_num_rows(rows.outputs)])
            whole = where_counted(self._whole_loss(x, rows, training), count)
            self._loss_tracker.update_state(whole * replicas, sample_weight=count)
            return [(whole, count)]
        losses = of_outputs.of_supervision(rows)
        for name, value in losses.items():
            of_outputs.means[name].update_state(value * replicas, sample_weight=rows.counts[name])
        added = [tf.cast(loss, tf.float32) / replicas for loss in self.losses]
        of_layers, count = tf.add_n([*added, tf.zeros([])]), tf.add_n(list(rows.counts.values()))
        self._loss_tracker.update_state(of_layers * replicas, sample_weight=count)
        weighed = [(losses[n] * of_outputs.weights[n], rows.counts[n]) for n in losses]
        return [*weighed, (of_layers, count)]

    def _whole_loss(self, x: Any, rows: Supervision, training: bool) -> Any:
        has_none = self._compile_loss is None and self._computes_loss_as_keras
        if has_none and not self.losses and mean_losses_of(self):
            return tf.zeros([])  # Keras knows of no loss, but there is a graph loss.
        outputs = keras.tree.flatten(rows.outputs)
        if self._computes_loss_as_keras and all(part.shape[0] == 0 for part in outputs):
            # Known beforehand only where nothing is traced: to a loss of no rows, which has no one
            # number, Keras fails to add weight penalties.
            return tf.add_n([tf.reduce_sum(tf.cast(part, tf.float32)) for part in outputs])
        return self.compute_loss(x, rows.labels, rows.outputs, rows.weights, training=training)

    def get_metrics_result(self) -> dict[str, Any]:
        """The metrics so far; with a graph loss `loss = supervised_loss + scaled_graph_loss`."""
        results = super().get_metrics_result()
        if self.output_losses is not None and self._computes_loss_as_keras:
            results = self.output_losses.with_outputs(results)
        return with_mean_losses(results, mean_losses_of(self), self.loss)


def _num_rows(outputs: Any) -> tf.Tensor:
    return tf.cast(tf.shape(keras.tree.flatten(outputs)[0])[0], tf.float32)
