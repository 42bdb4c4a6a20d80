"""A trained classifier as others serve it: raw columns in, classes by name out."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import keras
import tensorflow as tf

from gnn.graphs.batch.keys import RESERVED_KEYS
from gnn.models.columns.column_encoder import ColumnEncoder
from gnn.models.export import Signature, export_signatures, sole_input
from gnn.models.input_names import input_names
from gnn.models.last_hidden import last_hidden
from gnn.models.node_graph_model import NodeGraphModel
from gnn.models.node_models import logits_of

CLASS_NAMES, SCHEMA, CARD = "class_names.txt", "schema.json", "README.md"

Tensors = Mapping[str, tf.Tensor]


def serve_columns(encoder: ColumnEncoder, model: keras.Model) -> Callable[..., tf.Tensor]:
    """A classifier of raw columns: the encoder, and the model that was trained on what it gives.

    Args:
        encoder: adapted.
        model: trained on the features of `encoder.encode`.

    Returns:
        A function `(columns, graph=None)`: raw columns, as the encoder is called on them, and for
        a model that needs a graph the keys of the graph; to logits `[n, n_classes]`.

    Example:

    >>> import numpy as np
    >>> from gnn.tables.typed_table import TypedTable
    >>> prices = np.array([1, 3], np.float32)
    >>> encoder = ColumnEncoder({"price": "number"})
    >>> encoder.adapt(TypedTable(encoder.schema, {"price": prices}, 2))
    >>> model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(4)])
    >>> serve_columns(encoder, model)({"price": tf.constant(prices)}).shape
    TensorShape([2, 4])
    """
    classify = _on_features(model)

    def logits(columns: Tensors, graph: Tensors | None = None) -> tf.Tensor:
        return classify({**encoder(dict(columns)), **(graph or {})})

    return logits


def export_classifier(
    filepath: Any,
    model: keras.Model,
    class_names: Sequence[str],
    *,
    encoder: ColumnEncoder | None = None,
    features: Mapping[str, tf.TensorSpec] | None = None,
    card: str | None = None,
    temperature: float = 1.0,
) -> None:
    """Writes a SavedModel of named signatures, whole or not at all; TensorFlow alone serves it.

    - `serving_default`: from the columns, or the features, to `classes` (strings `[n]`),
      `probabilities` and `logits`, float32 `[n, n_classes]`.
    - `embedding`: from the same to `embedding`, the last hidden layer, where there is one.
    - `graph`: of a model that needs the graph, what `serving_default` is too: its inputs are the
      columns, or the features, and the keys of the graph, as in `model.export`.

    Inputs have the names of columns as far as those can be names in TensorFlow, and else what
    `gnn.models.input_names` makes of them. The file `assets/schema.json` says which column is
    which input, and `assets/class_names.txt` names the classes, a line each.

    Args:
        filepath: the folder to write; an older export there is replaced, and nothing else is.
        model: trained and built; its output is logits.
        class_names: by number.
        encoder: makes the features of raw columns; None serves the features.
        features: without an encoder, what the features are; of a model that needs the graph they
            are known.
        card: what is to be known of the model, in Markdown: `assets/README.md`.
        temperature: T of the probabilities `softmax(logits / T)`, as
            `gnn.evaluation.fit_temperature` finds it; classes and logits are the same for any.

    Raises:
        FileExistsError: a file is in its place, or a folder that is no export of ours.
        OSError: the folder cannot be written; what was there before is left as it was.
        TypeError: neither `encoder` nor `features` is given where one is needed.
        ValueError: the model has not been built, or the temperature is not above 0 and finite.
    """
    if not 0 < temperature < float("inf"):
        raise ValueError(f"temperature must be above 0 and finite, got {temperature}")
    with_graph = isinstance(model, NodeGraphModel) and model.requires_graph
    given, graph = _inputs(model, encoder, features, with_graph)
    names = input_names(given, taken=RESERVED_KEYS)
    specs = {names[name]: spec for name, spec in given.items()}

    def signature(of_features: Callable[[Tensors], Tensors]) -> Signature:
        def of_inputs(inputs: Tensors) -> Tensors:
            found = {name: inputs[names[name]] for name in given}
            if encoder is not None:
                found = encoder(found)
            return of_features({**found, **{key: inputs[key] for key in graph}})

        return Signature(of_inputs, {**specs, **graph})

    classify, embed = _on_features(model), _embedding(model)
    answer = signature(lambda features: _answer(classify(features), class_names, temperature))
    signatures = {"serving_default": answer}
    if with_graph:
        signatures["graph"] = answer
    if embed is not None:
        signatures["embedding"] = signature(lambda features: {"embedding": embed(features)})
    assets = {
        CLASS_NAMES: "".join(f"{_line(name)}\n" for name in class_names),
        SCHEMA: json.dumps(_schema(names, given, encoder, class_names), indent=2) + "\n",
    }
    if card is not None:
        assets[CARD] = card
    models = [model] if encoder is None else [model, encoder]
    export_signatures(filepath, signatures, models, assets)


def _inputs(
    model: keras.Model,
    encoder: ColumnEncoder | None,
    features: Mapping[str, tf.TensorSpec] | None,
    with_graph: bool,
) -> tuple[dict[str, tf.TensorSpec], dict[str, tf.TensorSpec]]:
    """The columns or features that are served, and the keys of the graph."""
    graph: dict[str, tf.TensorSpec] = {}
    if with_graph:
        if model.input_signature is None:
            raise ValueError(
                f"{model.name!r} has not seen any inputs yet, so an export cannot name them: fit "
                "it, call it on a batch or load it first"
            )
        known, _ = model.served_inputs(model.input_signature)
        graph = {name: spec for name, spec in known.items() if name in RESERVED_KEYS}
        features = {name: spec for name, spec in known.items() if name not in RESERVED_KEYS}
    if encoder is not None:
        return encoder.raw_specs(), graph
    if features is None:
        raise TypeError("encoder or features must say what the inputs are, got neither")
    return dict(features), graph


def _on_features(model: keras.Model) -> Callable[[Tensors], tf.Tensor]:
    def logits(features: Tensors) -> tf.Tensor:
        inputs = dict(features) if len(features) > 1 else sole_input(features)
        return logits_of(model, model(inputs, training=False))

    return logits


def _embedding(model: keras.Model) -> Callable[[Tensors], tf.Tensor] | None:
    """What gives the last hidden layer; networks have a method for it."""
    if hasattr(model, "embed"):
        return lambda features: tf.cast(model.embed(features), tf.float32)
    hidden = last_hidden(model)
    if hidden is None:
        return None

    def embed(features: Tensors) -> tf.Tensor:
        inputs = dict(features) if len(features) > 1 else sole_input(features)
        return tf.cast(hidden(inputs, training=False), tf.float32)

    return embed


def _answer(
    logits: tf.Tensor, class_names: Sequence[str], temperature: float
) -> dict[str, tf.Tensor]:
    scaled = logits if temperature == 1.0 else logits / temperature
    return {
        "classes": tf.gather(tf.constant(list(class_names)), tf.argmax(logits, axis=1)),
        "probabilities": tf.nn.softmax(scaled),
        "logits": logits,
    }


def _line(name: str) -> str:
    """A name in one line."""
    return " ".join(name.split("\n"))


def _schema(
    names: Mapping[str, str],
    given: Mapping[str, tf.TensorSpec],
    encoder: ColumnEncoder | None,
    class_names: Sequence[str],
) -> dict[str, Any]:
    described = {
        name: {"input": names[name], "dtype": spec.dtype.name, "shape": spec.shape.as_list()}
        for name, spec in given.items()
    }
    if encoder is None:
        return {"features": described, "classes": list(class_names)}
    columns = encoder.schema.to_dict()
    return {
        "columns": {name: {**columns[name], **described[name]} for name in given},
        "features": encoder.feature_names,
        "na_values": sorted(encoder.na_values),
        "classes": list(class_names),
    }
