"""SavedModels with named inputs and outputs, written whole or not at all."""

from __future__ import annotations

import contextlib
import dataclasses
import keyword
import logging
import os
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import keras
import tensorflow as tf
from tensorflow.core.protobuf import saved_model_pb2

from gnn.files import check_file, check_replaceable, whole_file, whole_folder
from gnn.models.input_signature import InputSignature
from gnn.ops.kernels import plain_operations

# Of the folder, in its manifest.
KIND = "export"


@dataclasses.dataclass(frozen=True)
class Signature:
    """A function of named tensors, as a SavedModel has it.

    Attributes:
        call: from the dict of inputs to a dict of outputs.
        specs: the inputs by name.
    """

    call: Callable[[dict[str, tf.Tensor]], Mapping[str, tf.Tensor]]
    specs: Mapping[str, tf.TensorSpec]


def export_saved_model(
    model: keras.Model,
    filepath: Any,
    specs: Mapping[str, tf.TensorSpec],
    inputs_of: Callable[[dict[str, tf.Tensor]], Any] = dict,
) -> None:
    """Writes `model`, called on inputs of these names, as the signature `serving_default`.

    Args:
        model: a built model.
        filepath: as in `export_signatures`.
        specs: the inputs by name.
        inputs_of: makes of the dict of inputs what the model is called on; `sole_input` for a model
            of one tensor.

    Raises:
        FileExistsError: as in `export_signatures`, as are the other errors.
        ValueError: likewise.
        OSError: likewise.
    """

    def outputs_of(inputs: dict[str, tf.Tensor]) -> dict[str, tf.Tensor]:
        outputs = model(inputs_of(inputs), training=False)
        return dict(outputs) if isinstance(outputs, Mapping) else {"outputs": outputs}

    export_signatures(filepath, {"serving_default": Signature(outputs_of, specs)}, [model])


def export_signatures(
    filepath: Any,
    signatures: Mapping[str, Signature],
    models: Iterable[keras.layers.Layer],
    assets: Mapping[str, str] | None = None,
) -> None:
    """Writes a SavedModel of several signatures, whole or not at all.

    Args:
        filepath: the folder to write; an older export there is replaced once the new one is whole,
            and nothing else is.
        signatures: by name; the first is what `serve` of the loaded one calls, as Keras has it.
        models: what the signatures call: their variables and tables are saved.
        assets: the names of files in the folder `assets`, and their text.

    Raises:
        FileExistsError: a file is in its place, or a folder that is no export of ours.
        ValueError: an input's name could not name an argument.
        OSError: the folder cannot be written; what was there before is left as it was.
    """
    for signature in signatures.values():
        for name in signature.specs:
            check_name(name)
    if not _is_remote(filepath):  # Before the work.
        check_replaceable(filepath, KIND, overwrite=True)
    module = tf.Module()
    models = list(models)
    variables = {id(variable): variable.value for m in models for variable in m.variables}
    module.model_variables = list(variables.values())
    # A SavedModel has the tables of lookup layers only where something refers to them by name.
    module.tables = [table for model in models for table in lookup_tables(model)]
    traced = {name: _traced(signature) for name, signature in signatures.items()}
    # What Keras calls it; the function itself would be traced again to save.
    module.serve = next(iter(traced.values()))
    with tempfile.TemporaryDirectory() as folder:
        module.files = [_asset(folder, name, text) for name, text in (assets or {}).items()]
        with whole_export(filepath) as partial, _without_info(tf.get_logger()):
            tf.saved_model.save(module, partial, signatures=traced)


def export_litert(
    model: keras.Model,
    filepath: Any,
    specs: Mapping[str, tf.TensorSpec],
    inputs_of: Callable[[dict[str, tf.Tensor]], Any] = dict,
) -> None:
    """Writes `model` as a LiteRT file, of operations that LiteRT has where TensorFlow has more.

    Args:
        model: as in `export_saved_model`.
        filepath: the file to write, which ends in ".tflite"; an older one is replaced.
        specs: as there.
        inputs_of: as there.

    Raises:
        FileExistsError: there is something that is no regular file.
        IsADirectoryError: it is a folder.
        ValueError: the name ends otherwise, or a feature's name could not name an argument.
    """
    if Path(filepath).suffix != ".tflite":
        raise ValueError(f"filepath must end in '.tflite' for format='litert'; got {filepath!r}")
    check_file(filepath, overwrite=True)
    with tempfile.TemporaryDirectory() as folder, plain_operations():
        served = os.path.join(folder, "served")
        export_saved_model(model, served, specs, inputs_of)
        converter = tf.lite.TFLiteConverter.from_saved_model(served)
        # Tables of strings are TensorFlow's own; where there are none, nothing is selected.
        known = tf.lite.OpsSet
        converter.target_spec.supported_ops = [known.TFLITE_BUILTINS, known.SELECT_TF_OPS]
        content = converter.convert()
    with whole_file(filepath, overwrite=True) as partial:
        partial.write_bytes(content)


def export_by_name(
    model: keras.Model,
    as_keras: Callable[..., None],
    filepath: Any,
    arguments: tuple[str, bool | None, Any],
    signature: InputSignature | None,
    served: Callable[[InputSignature], tuple[Mapping[str, tf.TensorSpec], Callable[..., Any]]],
    **kwargs: Any,
) -> None:
    """Writes `model` with named inputs, or as Keras does where it is asked for another way.

    Args:
        model: a built model.
        as_keras: `keras.Model.export` of it.
        filepath: where to.
        arguments: the format, whether to say so, and the signature, as `keras.Model.export` takes
            them. With a signature, or a format other than "tf_saved_model" and "litert", it is
            Keras' own export.
        signature: the inputs that the model has seen, or None.
        served: makes of them what `export_saved_model` calls `specs` and `inputs_of`.
        **kwargs: further arguments of `keras.Model.export`, of Keras' own.

    Raises:
        ValueError: `signature` is None.
    """
    format, _, input_signature = arguments
    export_as = {"tf_saved_model": export_saved_model, "litert": export_litert}
    if format not in export_as or input_signature is not None:
        with whole_export(filepath, format) as partial:
            as_keras(partial, *arguments, **kwargs)
        return
    if signature is None:
        raise ValueError(
            f"{model.name!r} has not seen any inputs yet, so export cannot name them: fit it, "
            "call it on a batch or load it first"
        )
    export_as[format](model, filepath, *served(signature))


def lookup_tables(model: keras.layers.Layer) -> list[Any]:
    """The TensorFlow tables in a model, such as those of `StringLookup` and `TextVectorization`.

    Example:

    >>> lookup_tables(keras.Sequential([keras.layers.Dense(2)]))
    []
    """
    tracked = tf.train.TrackableView(model).descendants()
    resource = tf.saved_model.experimental.TrackableResource
    return [each for each in tracked if isinstance(each, resource)]


def sole_input(inputs: Mapping[str, Any]) -> Any:
    """The one input of a model that is called on a tensor.

    Example:

    >>> sole_input({"features": 3})
    3
    """
    (value,) = inputs.values()
    return value


def check_name(name: str) -> None:
    """Raises unless a feature can be an input of a SavedModel under its own name.

    Raises:
        ValueError: as said.

    Example:

    >>> check_name("words")
    """
    if not name.isidentifier() or keyword.iskeyword(name) or name == "self":
        raise ValueError(
            f"cannot export the feature {name!r}: the inputs of a SavedModel's signature are named "
            "like arguments of a Python function. Rename it to letters, digits and underscores."
        )


@contextlib.contextmanager
def whole_export(filepath: Any, format: str = "tf_saved_model") -> Iterator[str]:
    """A folder to write a SavedModel to, which takes the place of an older export when whole.

    Args:
        filepath: the final name. A remote one is given as it is: remote file systems have no rename
            of folders that would be worth waiting for.
        format: Keras' name of it; of another than a SavedModel, `filepath` is given as it is.

    Raises:
        FileExistsError: as `gnn.files.check_replaceable`.
    """
    if format != "tf_saved_model" or _is_remote(filepath):
        yield os.fspath(filepath)
        return
    with whole_folder(filepath, KIND, overwrite=True) as partial:
        yield str(partial)


def files_of_export(folder: Path) -> list[str]:
    """The files of a SavedModel that `export_saved_model` wrote.

    Raises:
        OSError: it is none, or cannot be loaded.
        ValueError: it is a SavedModel that something else wrote.
    """
    loaded = tf.saved_model.load(str(folder))
    if not (hasattr(loaded, "serve") and hasattr(loaded, "model_variables")):
        raise ValueError(f"{str(folder)!r} is a SavedModel, but no export of gnn")
    found = saved_model_pb2.SavedModel.FromString((folder / "saved_model.pb").read_bytes())
    names = ["saved_model.pb", "fingerprint.pb", "variables/variables.index"]
    assets = [
        f"assets/{asset.filename}" for graph in found.meta_graphs for asset in graph.asset_file_def
    ]
    names += assets or ["assets/"]
    names += [f"variables/{p.name}" for p in (folder / "variables").glob("variables.data-*-of-*")]
    return names


def _traced(signature: Signature) -> Any:
    @tf.function(autograph=False)
    def serve(**inputs: tf.Tensor) -> dict[str, tf.Tensor]:
        return dict(signature.call(inputs))

    return serve.get_concrete_function(**signature.specs)


def _asset(folder: str, name: str, text: str) -> tf.saved_model.Asset:
    path = Path(folder) / name
    path.write_text(text, encoding="utf-8")
    return tf.saved_model.Asset(str(path))


def _is_remote(filepath: Any) -> bool:
    return "://" in os.fspath(filepath)


@contextlib.contextmanager
def _without_info(logger: logging.Logger) -> Iterator[None]:
    """Keeps TensorFlow from announcing files under their passing name."""
    level = logger.level
    logger.setLevel(max(level, logging.WARNING))
    try:
        yield
    finally:
        logger.setLevel(level)
