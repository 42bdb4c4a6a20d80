"""SavedModels with named inputs and outputs, written whole or not at all."""

from __future__ import annotations

import contextlib
import keyword
import logging
import os
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import keras
import tensorflow as tf
from tensorflow.core.protobuf import saved_model_pb2

from gnn.files import check_replaceable, whole_folder

# Of the folder, in its manifest.
KIND = "export"


def export_saved_model(
    model: keras.Model,
    filepath: Any,
    specs: Mapping[str, tf.TensorSpec],
    inputs_of: Callable[[dict[str, tf.Tensor]], Any] = dict,
) -> None:
    """Writes `model`, called on inputs of these names, as the signature `serving_default`.

    Args:
        model: a built model.
        filepath: the folder to write; an older export there is replaced once the new one is whole,
            and nothing else is.
        specs: the inputs by name.
        inputs_of: makes of the dict of inputs what the model is called on; `sole_input` for a model
            of one tensor.

    Raises:
        FileExistsError: a file is in its place, or a folder that is no export of ours.
        ValueError: a feature's name could not name an argument.
        OSError: the folder cannot be written; what was there before is left as it was.
    """
    for name in specs:
        check_name(name)
    if not _is_remote(filepath):  # Before the work.
        check_replaceable(filepath, KIND, overwrite=True)

    @tf.function(autograph=False)
    def serve(**inputs: tf.Tensor) -> dict[str, tf.Tensor]:
        outputs = model(inputs_of(inputs), training=False)
        if isinstance(outputs, Mapping):
            return dict(outputs)
        return {"outputs": outputs}

    module = tf.Module()
    module.model_variables = [variable.value for variable in model.variables]
    module.serve = serve
    signature = serve.get_concrete_function(**specs)
    with whole_export(filepath) as partial, _without_info(tf.get_logger()):
        tf.saved_model.save(module, partial, signatures={"serving_default": signature})


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
def whole_export(filepath: Any) -> Iterator[str]:
    """A folder to write a SavedModel to, which takes the place of an older export when whole.

    Args:
        filepath: the final name. Of a remote one, it is written itself: remote file systems have no
            rename of folders that would be worth waiting for.

    Raises:
        FileExistsError: as `gnn.files.check_replaceable`.
    """
    if _is_remote(filepath):
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
    names = ["saved_model.pb", "fingerprint.pb", "assets/", "variables/variables.index"]
    names += [
        f"assets/{asset.filename}" for graph in found.meta_graphs for asset in graph.asset_file_def
    ]
    names += [f"variables/{p.name}" for p in (folder / "variables").glob("variables.data-*-of-*")]
    return names


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
