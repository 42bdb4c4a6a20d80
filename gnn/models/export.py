"""SavedModels with named inputs and outputs, written whole or not at all."""

from __future__ import annotations

import contextlib
import keyword
import logging
import os
import tempfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import keras
import tensorflow as tf

from gnn.files import whole_file, whole_folder
from gnn.ops.kernels import plain_operations


def export_saved_model(
    model: keras.Model,
    filepath: Any,
    specs: Mapping[str, tf.TensorSpec],
    inputs_of: Callable[[dict[str, tf.Tensor]], Any] = dict,
) -> None:
    """Writes `model`, called on inputs of these names, as the signature `serving_default`.

    Args:
        model: a built model.
        filepath: the folder to write; an older export there is replaced once the new one is whole.
        specs: the inputs by name.
        inputs_of: makes of the dict of inputs what the model is called on; `sole_input` for a model
            of one tensor.

    Raises:
        ValueError: a feature's name could not name an argument.
        OSError: the folder cannot be written, or a file or a folder that is no SavedModel is in its
            place; what was there before is left as it was.
    """
    for name in specs:
        check_name(name)

    @tf.function(autograph=False)
    def serve(**inputs: tf.Tensor) -> dict[str, tf.Tensor]:
        outputs = model(inputs_of(inputs), training=False)
        if isinstance(outputs, Mapping):
            return dict(outputs)
        return {"outputs": outputs}

    module = tf.Module()
    module.model_variables = [variable.value for variable in model.variables]
    # A SavedModel has the tables of lookup layers only where something refers to them by name.
    module.tables = lookup_tables(model)
    module.serve = serve
    signature = serve.get_concrete_function(**specs)
    if "://" in os.fspath(filepath):
        # Remote file systems have no rename of folders that would be worth waiting for.
        tf.saved_model.save(module, filepath, signatures={"serving_default": signature})
        return
    path = Path(filepath)
    if path.exists() and not path.is_dir():
        raise FileExistsError(f"cannot export to {str(path)!r}: it is a file, not a folder")
    check_replaceable(path)
    with whole_folder(path, overwrite=True) as partial, _without_info(tf.get_logger()):
        tf.saved_model.save(module, str(partial), signatures={"serving_default": signature})


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
        ValueError: the name ends otherwise, or a feature's name could not name an argument.
    """
    if Path(filepath).suffix != ".tflite":
        raise ValueError(f"filepath must end in '.tflite' for format='litert'; got {filepath!r}")
    with tempfile.TemporaryDirectory() as folder, plain_operations():
        served = os.path.join(folder, "served")
        export_saved_model(model, served, specs, inputs_of)
        converter = tf.lite.TFLiteConverter.from_saved_model(served)
        # Tables of strings are TensorFlow's own; where there are none, nothing is selected.
        known = tf.lite.OpsSet
        converter.target_spec.supported_ops = [known.TFLITE_BUILTINS, known.SELECT_TF_OPS]
        content = converter.convert()
    with whole_file(filepath) as partial:
        partial.write_bytes(content)


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


def check_replaceable(path: Path) -> None:
    """Raises where a folder holds something other than an older SavedModel.

    Raises:
        FileExistsError: as said; what is there is named.

    Example:

    >>> check_replaceable(Path("no such folder"))
    """
    if path.is_dir() and not (path / "saved_model.pb").is_file():
        found = sorted(part.name for part in path.iterdir())
        if found:
            raise FileExistsError(
                f"cannot export to {str(path)!r}: it is no SavedModel, it has {found[0]!r}"
            )


@contextlib.contextmanager
def _without_info(logger: logging.Logger) -> Iterator[None]:
    """Keeps TensorFlow from announcing files under their passing name."""
    level = logger.level
    logger.setLevel(max(level, logging.WARNING))
    try:
        yield
    finally:
        logger.setLevel(level)
