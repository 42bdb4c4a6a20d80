"""SavedModels with named inputs and outputs, written whole or not at all."""

from __future__ import annotations

import contextlib
import keyword
import logging
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import keras
import tensorflow as tf

from gnn.files import whole_folder


def export_saved_model(
    model: keras.Model, filepath: Any, specs: Mapping[str, tf.TensorSpec], as_dict: bool = True
) -> None:
    """Writes `model`, called on inputs of these names, as the signature `serving_default`.

    Args:
        model: a built model that takes a dict with the keys of `specs`, or one tensor.
        filepath: the folder to write; an older export there is replaced once the new one is whole.
        specs: the inputs by name.
        as_dict: False for a model that is called on the one input as a tensor.

    Raises:
        ValueError: a feature's name could not name an argument.
        OSError: the folder cannot be written, or a file or a folder that is no SavedModel is in its
            place; what was there before is left as it was.
    """
    for name in specs:
        check_name(name)

    @tf.function(autograph=False)
    def serve(**inputs: tf.Tensor) -> dict[str, tf.Tensor]:
        called_on = dict(inputs) if as_dict else next(iter(inputs.values()))
        outputs = model(called_on, training=False)
        if isinstance(outputs, Mapping):
            return dict(outputs)
        return {"outputs": outputs}

    module = tf.Module()
    module.model_variables = [variable.value for variable in model.variables]
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
