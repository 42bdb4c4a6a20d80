"""The base of the package's models: a Keras model that is fed graphs."""

from __future__ import annotations

import inspect
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import keras
import tensorflow as tf

from gnn.graphs.batch.graphs_tuple import (
    BatchGraph,
    check_keys,
    edgeless,
    graph_from_inputs,
    membership_of,
    num_rows,
)
from gnn.graphs.batch.keys import GRAPH_KEYS
from gnn.layers.mean_loss import MeanLossLayer
from gnn.layers.regularization import GraphRegularization
from gnn.models import padded_rows
from gnn.models.export import export_saved_model, sole_input
from gnn.models.input_signature import InputSignature
from gnn.models.loadable import check_network_loadable
from gnn.models.output_labels import labels_by_output
from gnn.ops.replicas import replica_share


@keras.saving.register_keras_serializable(package="gnn")
class NodeGraphModel(keras.Model):
    """A Keras model whose inputs are graphs and whose outputs are rows, one a node read out.

    A subclass writes one method, `graph_call(graph, training)`, from GraphsTuple to GraphsTuple;
    `graph.nodes` comes as the dict of features and leaves as the outputs. The class makes the graph
    of the batch (`gnn.graphs.batch.graphs_tuple` has the contract), reads out the rows, and owns
    what Keras would get wrong for graphs: the reported loss weighs a batch by its labeled rows
    (Keras weighs by the length of the first key), rows that are padding count nowhere, replicas
    weigh by their rows, and `.keras` files and SavedModels know their inputs.

    `jit_compile="auto"` means no XLA, since each new size of graph would compile anew; `True` is
    obeyed, and wants batches of one size (`padding=` of `gnn.data`).

    Class attributes:
        requires_graph: whether a batch must have the graph keys. Where False, features alone will
            do.
        output_field: the field of the graph in which `graph_call` leaves the outputs: "nodes", a
            row a node, of which those read out are returned, or "globals", a row a component, all
            of which are (of a batch with `readout`, the row of the component of each node named).

    Example:

    >>> class Degree(NodeGraphModel):
    ...     def graph_call(self, graph, training=False):
    ...         ones = tf.ones_like(graph.receivers, tf.float32)
    ...         rows = tf.shape(graph.nodes["x"])[0]
    ...         degrees = tf.math.unsorted_segment_sum(ones, graph.receivers, rows)
    ...         return graph.replace(nodes=degrees)
    >>> Degree()({
    ...     "x": tf.ones([3, 2]), "n_node": tf.constant([3]), "n_edge": tf.constant([2]),
    ...     "senders": tf.constant([0, 1]), "receivers": tf.constant([2, 2]),
    ...     "edges": tf.ones([2, 1]), "globals": tf.zeros([1, 0])}).numpy().tolist()
    [2.0]
    """

    requires_graph = True
    output_field = "nodes"

    def __init__(self, **kwargs: Any):
        super().__init__(**kwargs)
        # Half-precision weights and degrees would lose counts; the layers cast their own nodes.
        self.autocast = False
        self._signature: InputSignature | None = None
        self._known_loadable = False
        self._variables_made = False

    def graph_call(self, graph: BatchGraph, training: bool | None = None) -> BatchGraph:
        """Transforms the graph. To be written by the subclass.

        Args:
            graph: a GraphsTuple whose `nodes` is the dict of features.
            training: whether dropout and the like are on.

        Returns:
            A GraphsTuple whose `nodes` are the outputs, a tensor `[n_nodes, ...]` or a dict of
            them; with `output_field = "globals"`, whose `globals` `[n_graphs, ...]` are.
        """
        raise NotImplementedError(f"{type(self).__name__} must define graph_call(graph, training)")

    def __call__(self, inputs: Any, *args: Any, **kwargs: Any) -> Any:
        """Calls the model, after a look at the keys: Keras would warn at length before `call`.

        Raises:
            TypeError: the model requires a graph and `inputs` is not a dict.
            KeyError: a graph key is missing.
        """
        if self.requires_graph and not isinstance(inputs, Mapping):
            raise TypeError(
                f"{type(self).__name__} takes a dict of features and graph keys {GRAPH_KEYS}; got "
                f"{type(inputs).__name__}"
            )
        if self.requires_graph:
            check_keys(inputs)
        return super().__call__(inputs, *args, **kwargs)

    def call(self, inputs: Any, training: bool | None = None) -> Any:
        """Returns the outputs of the rows read out: `[n_rows, ...]`, or a dict of such."""
        signature = InputSignature.of(inputs)
        # The fullest inputs seen: a call on a tensor must not make a saved model forget the names.
        if self._signature is None or signature.says_more_than(self._signature):
            self._signature = signature
        given = self._graph(inputs, signature.has_graph)
        graph = self._call_graph(given, training)
        outputs = getattr(graph, self.output_field)
        return self.read_out(outputs, given, signature.readout) if signature.has_graph else outputs

    def _call_graph(self, graph: BatchGraph, training: bool | None) -> BatchGraph:
        """What `graph_call` makes of a graph; `training` is given where it is taken."""
        parameters = inspect.signature(self.graph_call).parameters.values()
        takes_training = any(p.name == "training" or p.kind is p.VAR_KEYWORD for p in parameters)
        return self.graph_call(graph, **({"training": training} if takes_training else {}))

    def read_out(self, outputs: Any, graph: BatchGraph, by_node: bool) -> Any:
        """The rows of `outputs` that a batch reads out.

        Args:
            outputs: `[n_nodes, ...]` or, for `output_field = "globals"`, `[n_graphs, ...]`; a
                tensor or a dict of them.
            graph: the batch's.
            by_node: whether the batch has `readout`.
        """
        rows = graph.readout
        if self.output_field == "globals":
            if not by_node:
                return outputs
            rows = tf.gather(membership_of(graph).receivers, rows)
        return tf.nest.map_structure(lambda values: tf.gather(values, rows), outputs)

    def _graph(self, inputs: Any, has_graph: bool) -> BatchGraph:
        if self.requires_graph or has_graph:
            return graph_from_inputs(inputs)
        rows = num_rows(keras.tree.flatten(inputs)[0])
        keys = edgeless(rows)
        del keys["readout"]
        graph = BatchGraph(nodes=dict(inputs) if isinstance(inputs, Mapping) else inputs, **keys)
        graph.has_edges = False
        return graph

    @property
    def trainable_variables(self) -> list[keras.Variable]:
        """The trainable variables but those of agreement models, which this loss does not train."""
        return self._without_agreement(super().trainable_variables)

    @property
    def trainable_weights(self) -> list[keras.Variable]:
        """As `trainable_variables`, without the state of metrics and seeds."""
        return self._without_agreement(super().trainable_weights)

    def _without_agreement(self, variables: list[keras.Variable]) -> list[keras.Variable]:
        models = [layer for layer in self._flatten_layers() if isinstance(layer, NodeGraphModel)]
        judges = [getattr(model, "agreement_model", None) for model in models]
        left_out = {id(v) for judge in judges if judge is not None for v in judge.variables}
        return [variable for variable in variables if id(variable) not in left_out]

    # Training and evaluation.

    def compile(self, *args: Any, jit_compile: Any = "auto", **kwargs: Any) -> None:
        """Configures training as `keras.Model.compile` does; `jit_compile="auto"` is False here.

        Raises:
            ValueError: a loss that sums over rows, under a strategy of several replicas.
        """
        super().compile(
            *args, jit_compile=False if jit_compile == "auto" else jit_compile, **kwargs
        )
        self._variables_made = False
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
        self._check_data(x)
        self._check_data(_inputs_of(kwargs.get("validation_data")))
        if _is_dataset(x):
            kwargs.setdefault("shuffle", False)
            self._make_variables(x.element_spec)
        return super().fit(x, *args, **kwargs)

    def _make_variables(self, element_spec: Any) -> None:
        """Makes the weights, and what optimizer and metrics keep, ahead of training.

        BackupAndRestore can then restore into the model, and TensorFlow traces the step once: a
        step that makes variables it traces twice.
        """
        if self._variables_made or self.distribute_strategy.num_replicas_in_sync > 1:
            return
        inputs, labels, _ = keras.utils.unpack_x_y_sample_weight(element_spec)
        signature = InputSignature.of(inputs)
        if not signature.is_static:
            return
        self._variables_made = True
        if not self.built:
            self._build_by_call(signature)
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
        self._check_data(x)
        return super().evaluate(x, *args, **kwargs)

    def predict(self, x: Any, *args: Any, **kwargs: Any) -> Any:
        """Predicts as `keras.Model.predict` does, without the rows that are padding."""
        self._check_data(x)
        return padded_rows.drop_from_prediction(super().predict(x, *args, **kwargs))

    def predict_on_batch(self, x: Any) -> Any:
        """Predicts one batch, without the rows that are padding."""
        return padded_rows.drop_from_prediction(super().predict_on_batch(x))

    def predict_step(self, data: Any) -> Any:
        """Returns the outputs of a batch, together with its row mask where it is padded."""
        x, _, _ = keras.utils.unpack_x_y_sample_weight(data)
        return padded_rows.with_mask(self(x, training=False), padded_rows.mask_of(x))

    def _check_data(self, x: Any) -> None:
        if isinstance(x, Mapping) and any(key in x for key in GRAPH_KEYS):
            raise ValueError(
                "x is a dict of arrays with graph keys, which Keras would cut into batches row by "
                "row. "
                "Give a dataset (gnn.data.full_batch, gnn.data.neighborhoods, or "
                "tf.data.Dataset.from_tensors((inputs, labels))), or call the model on the dict: "
                "model(inputs)"
            )
        if self.distribute_strategy.num_replicas_in_sync > 1 and isinstance(x, tf.data.Dataset):
            inputs = _inputs_of(x.element_spec)
            if isinstance(inputs, Mapping) and any(key in inputs for key in GRAPH_KEYS):
                raise ValueError(
                    "x is a plain dataset of graphs, which the distribution strategy would cut in "
                    "parts, indices "
                    "apart from their nodes. Give each replica whole graphs: "
                    "gnn.data.distribute(strategy, "
                    "make_dataset)"
                )

    def train_step(self, data: Any) -> dict[str, Any]:
        """One step of gradient descent; returns the metrics."""
        x, y, sample_weight = keras.utils.unpack_x_y_sample_weight(data)
        with tf.GradientTape() as tape:
            y_pred = self(x, training=True)
            loss = self._replica_loss(x, y, y_pred, sample_weight, training=True)
            scaled = self.optimizer.scale_loss(loss)
        gradients = tape.gradient(scaled, self.trainable_weights)
        self.optimizer.apply_gradients(zip(gradients, self.trainable_weights, strict=True))
        return self._updated_metrics(x, y, y_pred, sample_weight)

    def test_step(self, data: Any) -> dict[str, Any]:
        """One step of evaluation; returns the metrics."""
        x, y, sample_weight = keras.utils.unpack_x_y_sample_weight(data)
        y_pred = self(x, training=False)
        self._replica_loss(x, y, y_pred, sample_weight, training=False)
        return self._updated_metrics(x, y, y_pred, sample_weight)

    def test_outputs(self, y: Any, y_pred: Any) -> dict[str, Any]:
        """One step of evaluation, of outputs that were computed before; returns the metrics.

        A graph loss counts as far as its layer has tracked it since the metrics were reset.
        """
        self._clear_losses()  # Those of the last call, which may have been traced.
        self._replica_loss({}, y, y_pred, None, training=False)
        return self._updated_metrics({}, y, y_pred, None)

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

    def _replica_loss(self, x: Any, y: Any, y_pred: Any, sample_weight: Any, training: bool) -> Any:
        """This replica's part of the loss; tracks the supervised part by its labeled rows."""
        mask = padded_rows.mask_of(x)
        rows = padded_rows.count(self.loss, mask, y, y_pred, sample_weight)
        kept = padded_rows.at_least_one(mask)
        y, y_pred, sample_weight = padded_rows.drop(kept, (y, y_pred, sample_weight))
        loss = self.compute_loss(x, y, y_pred, sample_weight, training=training)
        loss = tf.cast(loss, tf.float32)
        replicas = tf.distribute.get_strategy().num_replicas_in_sync
        means = [layer.track() for layer in self._mean_losses()]
        supervised = loss - sum((added for added, _ in means), tf.zeros([])) / replicas
        self._loss_tracker.update_state(supervised * replicas, sample_weight=rows)
        if replicas == 1:
            if mask is None:
                return loss
            # Where all rows are padding, the one that was kept must not be learned from.
            return tf.where(tf.reduce_any(mask), loss, loss - supervised)
        # Replicas take turns at every exchange and share the layers' attributes: exchange last.
        loss = supervised * replica_share(rows)
        for added, nodes in means:
            loss += added / replicas * replica_share(nodes)
        return loss

    def _updated_metrics(self, x: Any, y: Any, y_pred: Any, sample_weight: Any) -> dict[str, Any]:
        y, y_pred, sample_weight = padded_rows.drop(
            padded_rows.mask_of(x), (y, y_pred, sample_weight)
        )
        return self.compute_metrics(x, y, y_pred, sample_weight=sample_weight)

    def get_metrics_result(self) -> dict[str, Any]:
        """The metrics so far; with a graph loss `loss = supervised_loss + scaled_graph_loss`."""
        results = super().get_metrics_result()
        layers = self._mean_losses()
        if not layers or "loss" not in results:
            return results
        graph_losses, scaled = [], []
        for layer in layers:
            mean = layer.tracked.result()
            if isinstance(layer, GraphRegularization):
                graph_losses.append(mean)
                scaled.append(layer.multiplier * mean)
            else:
                results["loss"] += layer.multiplier * mean
        if graph_losses:
            results["supervised_loss"] = results["loss"]
            results["loss"] += sum(scaled)
            results["graph_loss"] = sum(graph_losses)
            results["scaled_graph_loss"] = sum(scaled)
        return results

    def _mean_losses(self) -> list[MeanLossLayer]:
        return [layer for layer in self._flatten_layers() if isinstance(layer, MeanLossLayer)]

    # Saving and serving.

    def _build_by_call(self, signature: InputSignature) -> None:
        self(signature.example(), training=False)

    def get_build_config(self) -> dict[str, Any] | None:
        """What a loaded model needs to make its weights: names, shapes and dtypes of the inputs."""
        return None if self._signature is None else {"inputs": self._signature.to_dict()}

    def build_from_config(self, config: dict[str, Any]) -> None:
        """Makes the weights by calling the model on one node."""
        if config:
            self._build_by_call(InputSignature.from_dict(config["inputs"]))

    def save(self, filepath: Any, overwrite: bool = True, **kwargs: Any) -> None:
        """Saves a `.keras` file that `keras.models.load_model` brings back with equal outputs.

        The file is written under another name and renamed when whole.

        Raises:
            ValueError: the node model, or this class, could not be loaded again; `export` works
                without.
        """
        if not self._known_loadable:
            check_network_loadable(self)
            self._known_loadable = True
        path = Path(filepath)
        is_local = "://" not in os.fspath(filepath) and path.parent.is_dir()
        if path.suffix != ".keras" or not is_local or (path.exists() and not overwrite):
            super().save(filepath, overwrite=overwrite, **kwargs)
            return
        partial = path.with_name(f".{path.stem}.{os.getpid()}.keras")
        try:
            super().save(partial, **kwargs)
            os.replace(partial, path)
        finally:
            partial.unlink(missing_ok=True)

    def export(
        self,
        filepath: Any,
        format: str = "tf_saved_model",
        verbose: bool | None = None,
        input_signature: Any = None,
        **kwargs: Any,
    ) -> None:
        """Writes a SavedModel for inference whose signature `serving_default` has named inputs.

        A model that needs no graph takes the features by their names; one that does takes the
        features, the graph keys and `readout` (a model of graphs only where it was trained on
        batches that have it). The output is named `outputs`, or has the names of
        the outputs where they are several. `gnn` is not needed to load it. The folder is written
        under another name and renamed when whole. With `input_signature` or another `format`, it is
        Keras' own export.

        Raises:
            ValueError: the model has not been built: call, fit or load it first.

        Example:

        >>> # model.export("served")
        >>> # tf.saved_model.load("served").signatures["serving_default"](x=features)
        """
        if format != "tf_saved_model" or input_signature is not None:
            super().export(filepath, format, verbose, input_signature, **kwargs)
            return
        if self._signature is None:
            raise ValueError(
                f"{self.name!r} has not seen any inputs yet, so export cannot name them: fit it, "
                "call it on a "
                "batch or load it first"
            )
        by_node = self.output_field == "nodes" or self._signature.readout
        specs = self._signature.serving_specs(self.requires_graph, with_readout=by_node)
        for name in self._features_not_served():
            del specs[name]
        inputs_of = dict if self._signature.is_dict else sole_input
        export_saved_model(self, filepath, specs, inputs_of)

    def _features_not_served(self) -> list[str]:
        return []

    def _given_layers(self) -> dict[str, keras.layers.Layer]:
        """The layers that were given to the constructor, by what the argument is called."""
        given = {name: getattr(self, name, None) for name in ("node_model", "agreement_model")}
        return {name: layer for name, layer in given.items() if layer is not None}


def _is_dataset(x: Any) -> bool:
    return isinstance(x, (tf.data.Dataset, tf.distribute.DistributedDataset))


def _inputs_of(element: Any) -> Any:
    return element[0] if isinstance(element, tuple) else element
