"""What makes vectors of items: a Keras model, an exported one, a run, or a function."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from gnn.files import MANIFEST

# In the folder of an index.
EXPORTED, KERAS = "model", "model.keras"


class Encoder:
    """Makes vectors of items.

    Args:
        model: a Keras model whose output is `[n, width]`; the folder of a SavedModel with a
            signature `embedding`, or else one output of that shape, called on a dict of arrays; or
            a function.
        batch_size: how many items at a time.

    Raises:
        FileNotFoundError: there is no such folder.
        TypeError: it is nothing of that.

    Example:

    >>> Encoder(lambda items: np.asarray(items) * 2.0)([[1.0, 2.0]]).tolist()
    [[2.0, 4.0]]
    """

    def __init__(self, model: Any, batch_size: int = 256):
        self.model = model
        self.batch_size = batch_size
        self._signature: Any = None
        if isinstance(model, (str, Path)):
            if not (Path(model) / "saved_model.pb").is_file():
                raise FileNotFoundError(f"{str(model)!r} holds no SavedModel")
        elif not callable(model):
            raise TypeError(
                "model must be a Keras model, the folder of a SavedModel, a run or a function, got "
                f"{type(model).__name__}"
            )

    def __call__(self, items: Any) -> np.ndarray:
        """The vectors of some items, `[n, width]`.

        Raises:
            ValueError: what comes of the model is no such array.
        """
        if isinstance(self.model, (str, Path)):
            found = self._of_export(items)
        elif hasattr(self.model, "predict"):
            found = np.asarray(self.model.predict(items, batch_size=self.batch_size, verbose=0))
        else:
            found = np.asarray(self.model(items))
        if found.ndim != 2:
            raise ValueError(
                f"the output of model must have shape [items, width], got {found.shape}: give a "
                "model up to the layer that is the embedding"
            )
        return found

    @property
    def inputs(self) -> dict[str, Any]:
        """The inputs of a SavedModel, by name, as TensorFlow describes them."""
        return dict(self._loaded().structured_input_signature[1])

    def write(self, folder: Path) -> None:
        """Writes what can be written into a folder; a function cannot."""
        if isinstance(self.model, (str, Path)):
            ignored = shutil.ignore_patterns(MANIFEST, ".*.partial-*")
            shutil.copytree(self.model, folder / EXPORTED, ignore=ignored)
        elif hasattr(self.model, "predict"):
            self.model.save(folder / KERAS)

    @classmethod
    def read(cls, folder: Path) -> Encoder | None:
        """Reads `write` back; None where there is none."""
        if (folder / EXPORTED).is_dir():
            return cls(folder / EXPORTED)
        if (folder / KERAS).is_file():
            import keras

            return cls(keras.models.load_model(folder / KERAS))
        return None

    def _of_export(self, items: Any) -> np.ndarray:
        import tensorflow as tf

        signature, specs = self._loaded(), self.inputs
        if not isinstance(items, Mapping):
            if len(specs) > 1:
                raise ValueError(f"items must be a dict of the inputs {sorted(specs)}")
            items = {name: items for name in specs}
        lacking = sorted(specs.keys() - items.keys())
        if lacking:
            raise ValueError(f"items must have all inputs of the model; {lacking} are missing")
        tensors = {
            name: tf.convert_to_tensor(items[name], spec.dtype) for name, spec in specs.items()
        }
        count = len(next(iter(tensors.values())))
        parts = []
        for start in range(0, max(count, 1), self.batch_size):
            part = {name: value[start : start + self.batch_size] for name, value in tensors.items()}
            parts.append(_sole(signature(**part)))
        return np.concatenate(parts)

    def _loaded(self) -> Any:
        if self._signature is None:
            import tensorflow as tf

            loaded = tf.saved_model.load(str(self.model))
            found = loaded.signatures
            self._signature = found["embedding" if "embedding" in found else "serving_default"]
            self._keeps = loaded  # Its variables go with it.
        return self._signature


def _sole(outputs: Mapping[str, Any]) -> np.ndarray:
    if len(outputs) != 1:
        raise ValueError(
            "the SavedModel must have one output, or a signature 'embedding'; it has "
            f"{sorted(outputs)}"
        )
    return next(iter(outputs.values())).numpy()
