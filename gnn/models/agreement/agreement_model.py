"""The agreement model: the probability that two nodes share a label."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import keras
import tensorflow as tf

from gnn.configs.arguments import check_counts
from gnn.layers.dense import FeatureDense
from gnn.models.base.variables import make_slots, make_weights
from gnn.models.export import export_by_name
from gnn.models.feature_columns import feature_columns
from gnn.models.input_signature import InputSignature
from gnn.models.keras_files import save_whole
from gnn.models.loadable import check_loadable
from gnn.models.node_models import call_node_model, last_activation
from gnn.ops.agreement import AGGREGATIONS, aggregate_pairs

_PROJECTED = "project_"


@keras.saving.register_keras_serializable(package="gnn")
class AgreementModel(keras.Model):
    """Predicts from the features of two nodes the probability that they share a label.

    `g(x_s, x_r) = predictor(aggregator(encoder(x_s), encoder(x_r)))` (Stretcu et al., "Graph
    agreement models for semi-supervised learning", NeurIPS 2019, section 3.1). By default the
    encoder is a dense network of the paper's 128 units with leaky ReLUs of slope 0.2, the
    aggregator the squared difference, the predictor one unit with a sigmoid.

    Trained by `compile()` and `fit` on `gnn.data.labeled_pairs`, it reports its accuracy and area
    under the ROC curve. Given to a model as `agreement_model=`, it says how far to trust each edge;
    `gnn.CoTrainer` trains both in turn.

    Args:
        hidden_units: int or sequence of ints, the widths of the encoder; not looked at with
            `encoder`.
        aggregator: `"dist"`, `"add"`, `"concat"`, one of these after `"project_"`, which first
            multiplies both encodings by one learned matrix without bias; or a Keras layer that is
            called on `[sender encodings, receiver encodings]`.
        encoder: a Keras layer or model that encodes nodes, called on their features as
            `GraphRegularizationModel` calls its node model; None for the dense network.
        predictor: a Keras layer that makes of an aggregated row `[n_pairs, units]` a probability
            `[n_pairs, 1]`; None for `Dense(1, activation="sigmoid")`.
        kernel_regularizer: a Keras regularizer of the kernels that are made here.

    Call arguments:
        inputs: `[sender features, receiver features]`, each a tensor `[n_pairs, ...]`, dense or
            sparse, or a dict of several.

    Returns:
        float32 `[n_pairs, 1]`, probabilities.

    Raises:
        TypeError: `encoder` or `predictor` is no Keras layer, `aggregator` neither that nor a
            string.
        ValueError: `aggregator` names nothing, `hidden_units` is out of range, or `predictor` ends
            in a layer without an activation, so that it makes no probabilities; in a call without
            `predictor`, the encodings have another rank than 2.

    Example:

    >>> model = AgreementModel(hidden_units=(8,))
    >>> model([tf.ones([5, 3]), tf.zeros([5, 3])]).shape
    TensorShape([5, 1])
    """

    def __init__(
        self,
        hidden_units: Any = (128,),
        aggregator: str | keras.layers.Layer = "dist",
        encoder: keras.layers.Layer | None = None,
        predictor: keras.layers.Layer | None = None,
        kernel_regularizer: Any = None,
        **kwargs: Any,
    ):
        super().__init__(**kwargs)
        widths = tuple(hidden_units) if isinstance(hidden_units, (tuple, list)) else (hidden_units,)
        self.hidden_units = check_counts("hidden_units", widths)
        self.aggregator = _check_aggregator(aggregator)
        self.encoder = _check_layer("encoder", encoder)
        self.predictor = _check_layer("predictor", predictor)
        if predictor is not None and last_activation(predictor) is keras.activations.linear:
            raise ValueError(
                "predictor must return probabilities, as keras.layers.Dense(1, 'sigmoid') does; "
                f"{predictor.name!r} ends without an activation"
            )
        self.kernel_regularizer = keras.regularizers.get(kernel_regularizer)
        self.hidden_layers = []
        if encoder is None:
            self.hidden_layers = [
                FeatureDense(units, "leaky_relu", kernel_regularizer=self.kernel_regularizer)
                for units in self.hidden_units
            ]
        self.projection: keras.layers.Layer | None = None
        self.probability = predictor or keras.layers.Dense(
            1, "sigmoid", kernel_regularizer=self.kernel_regularizer, dtype="float32"
        )
        # Sparse features would be cast by Keras, which makes them dense.
        self.autocast = False
        self._signature: InputSignature | None = None

    def call(self, inputs: Any, training: bool | None = None) -> tf.Tensor:
        """Returns the probabilities of the pairs."""
        if not isinstance(inputs, (tuple, list)) or len(inputs) != 2:
            raise TypeError(
                "inputs must be [sender features, receiver features]; got "
                f"{type(inputs).__name__}"
                + (f" of length {len(inputs)}" if isinstance(inputs, (tuple, list)) else "")
            )
        if self._signature is None:
            self._signature = InputSignature.of(inputs[0])
        senders, receivers = (self.encode(side, training) for side in inputs)
        return self.agree(senders, receivers, training)

    def encode(self, features: Any, training: bool | None = None) -> tf.Tensor:
        """Encodes nodes, so that each of many pairs need not encode its two again.

        Args:
            features: a tensor `[n_nodes, ...]`, dense or sparse, or a dict of several.
            training: whether dropout and the like are on.

        Returns:
            `[n_nodes, units]`.

        Example:

        >>> AgreementModel(hidden_units=(8,)).encode(tf.ones([4, 3])).shape
        TensorShape([4, 8])
        """
        if self.encoder is not None:
            return call_node_model(self.encoder, features, training)
        if isinstance(features, Mapping) and len(features) == 1:
            features = next(iter(features.values()))
        if isinstance(features, Mapping):
            hidden = feature_columns(features, self.compute_dtype, "encoder")
        else:
            hidden = _as_float(features, self.compute_dtype)
        for layer in self.hidden_layers:
            hidden = layer(hidden)
        return hidden

    def agree(
        self, senders: tf.Tensor, receivers: tf.Tensor, training: bool | None = None
    ) -> tf.Tensor:
        """The probabilities that pairs of encoded nodes agree.

        Args:
            senders: what `encode` returned for the first node of each pair.
            receivers: the same for the second node.
            training: whether dropout and the like are on.

        Returns:
            float32 `[n_pairs, 1]`.

        Example:

        >>> AgreementModel().agree(tf.ones([5, 128]), tf.zeros([5, 128])).shape
        TensorShape([5, 1])
        """
        rank = tf.TensorShape(senders.shape).rank
        if self.predictor is None and isinstance(self.aggregator, str) and rank not in (None, 2):
            raise ValueError(
                f"encodings must have rank 2, [n_nodes, units]; got {tuple(senders.shape)}. "
                "Features of more dimensions need an encoder, for instance keras.Sequential(["
                "keras.layers.Flatten(), keras.layers.Dense(128)])"
            )
        if not isinstance(self.aggregator, str):
            pairs = call_node_model(self.aggregator, [senders, receivers], training)
        else:
            how = self.aggregator
            if how.startswith(_PROJECTED):
                how = how.removeprefix(_PROJECTED)
                senders, receivers = self._projected(senders), self._projected(receivers)
            pairs = aggregate_pairs(senders, receivers, how)
        return tf.cast(call_node_model(self.probability, pairs, training), tf.float32)

    def _projected(self, encodings: tf.Tensor) -> tf.Tensor:
        if self.projection is None:
            self.projection = keras.layers.Dense(
                int(encodings.shape[-1]), use_bias=False, kernel_regularizer=self.kernel_regularizer
            )
        return self.projection(encodings)

    def fit(self, x: Any = None, *args: Any, **kwargs: Any) -> keras.callbacks.History:
        """Trains as `keras.Model.fit` does; order and shuffling of a tf.data set are its own."""
        if isinstance(x, tf.data.Dataset):
            kwargs.setdefault("shuffle", False)
        return super().fit(x, *args, **kwargs)

    def compile(
        self, optimizer: Any = None, loss: Any = None, metrics: Any = None, **kwargs: Any
    ) -> None:
        """Configures training as `keras.Model.compile` does.

        By default Adam with a learning rate of 0.001 (as in the authors' code), the binary
        cross-entropy, and as metrics `accuracy` (at a probability of 0.5) and `auc`.

        Example:

        >>> model = AgreementModel()
        >>> model.compile()
        >>> float(model.optimizer.learning_rate)
        0.0010000000474974513
        """
        if metrics is None:
            metrics = [
                keras.metrics.BinaryAccuracy(name="accuracy"),
                keras.metrics.AUC(num_thresholds=1000, name="auc"),
            ]
        super().compile(
            optimizer=optimizer or keras.optimizers.Adam(0.001),
            loss=loss or keras.losses.BinaryCrossentropy(),
            metrics=metrics,
            **kwargs,
        )

    # Saving and serving.

    def compile_from_config(self, config: dict[str, Any]) -> None:
        """Compiles a loaded model as the saved one was."""
        self.compile(**keras.saving.deserialize_keras_object(config))
        if self.built:
            make_slots(self)

    def get_build_config(self) -> dict[str, Any] | None:
        """What a loaded model needs to make its weights."""
        return None if self._signature is None else {"inputs": self._signature.to_dict()}

    def build_from_config(self, config: dict[str, Any]) -> None:
        """Makes the weights."""
        if config:
            side = InputSignature.from_dict(config["inputs"])
            make_weights(self, side, side)

    def get_config(self) -> dict[str, Any]:
        """Returns the constructor arguments."""
        named = isinstance(self.aggregator, str)
        serialize = keras.saving.serialize_keras_object
        return {
            **super().get_config(),
            "hidden_units": list(self.hidden_units),
            "aggregator": self.aggregator if named else serialize(self.aggregator),
            "encoder": serialize(self.encoder),
            "predictor": serialize(self.predictor),
            "kernel_regularizer": keras.regularizers.serialize(self.kernel_regularizer),
        }

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> AgreementModel:
        """Makes the model that `get_config` describes."""
        arguments = dict(config)
        for name in ("aggregator", "encoder", "predictor"):
            if isinstance(arguments.get(name), Mapping):
                arguments[name] = keras.saving.deserialize_keras_object(arguments[name])
        return cls(**arguments)

    def save(self, filepath: Any, overwrite: bool = True, **kwargs: Any) -> None:
        """Saves as `keras.Model.save` does, whole or not at all.

        Raises:
            ValueError: a layer of the user's could not be loaded again; it is named.
        """
        for name in ("encoder", "aggregator", "predictor"):
            if isinstance(getattr(self, name), keras.layers.Layer):
                check_loadable(getattr(self, name), name)
        save_whole(super().save, filepath, overwrite, **kwargs)

    def export(
        self,
        filepath: Any,
        format: str = "tf_saved_model",
        verbose: bool | None = None,
        input_signature: Any = None,
        **kwargs: Any,
    ) -> None:
        """Writes a SavedModel with inputs `sender_<feature>` and `receiver_<feature>`.

        A feature without a name is called `features`; the output is `outputs`, `[n_pairs, 1]`. With
        `format="litert"` it is a file ".tflite". With `input_signature` or another `format`, it is
        Keras' own export.

        Raises:
            FileExistsError: `filepath` is a file, or a folder that is no export of ours.
            ValueError: the model has not been built: call or fit it first.
        """
        arguments = (format, verbose, input_signature)
        export_by_name(
            self, super().export, filepath, arguments, self._signature, _served_pairs, **kwargs
        )


def _served_pairs(signature: InputSignature) -> tuple[dict[str, tf.TensorSpec], Any]:
    """The inputs of the served model by name, and what makes pairs of nodes of them."""
    served, sides = signature.serving_specs(with_graph=False), ("sender", "receiver")
    specs = {
        f"{side}_{name}": tf.TensorSpec(spec.shape, spec.dtype, name=f"{side}_{name}")
        for side in sides
        for name, spec in served.items()
    }

    def pairs(inputs: Mapping[str, tf.Tensor]) -> list[Any]:
        features = [{name: inputs[f"{side}_{name}"] for name in served} for side in sides]
        return features if signature.is_dict else [next(iter(side.values())) for side in features]

    return specs, pairs


def _check_aggregator(aggregator: Any) -> Any:
    if isinstance(aggregator, keras.layers.Layer):
        return aggregator
    known = [*AGGREGATIONS, *(f"{_PROJECTED}{name}" for name in AGGREGATIONS)]
    if not isinstance(aggregator, str):
        raise TypeError(
            f"aggregator must be one of {known}, or a Keras layer; got {type(aggregator).__name__}"
        )
    if aggregator not in known:
        raise ValueError(f"aggregator must be one of {known}, or a Keras layer; got {aggregator!r}")
    return aggregator


def _check_layer(argument: str, layer: Any) -> Any:
    if layer is None or isinstance(layer, keras.layers.Layer):
        return layer
    raise TypeError(f"{argument} must be a Keras layer or None; got {type(layer).__name__}")


def _as_float(features: Any, dtype: str) -> Any:
    if tf.string == getattr(features, "dtype", None):
        raise TypeError("the features hold strings. Give encoder to encode them.")
    if isinstance(features, tf.SparseTensor):
        cast = features.with_values(tf.cast(features.values, dtype))
        cast.set_shape(features.shape)
        return cast
    return tf.cast(features, dtype)
