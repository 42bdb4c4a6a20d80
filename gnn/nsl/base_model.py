"""What the two wrappers of NSL have in common: the model that they wrap is what is served."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import keras

# What Keras 3 writes into a folder; `assets` where a layer has files of its own.
_KERAS_FOLDER = {"config.json", "metadata.json", "model.weights.h5", "assets"}


class WrapsBaseModel:
    """Compiles, saves and exports the base model of a wrapper, which has no weights of its own."""

    base_model: keras.Model
    optimizer: Any

    def compile_base_model(self, metrics: Any, **arguments: Any) -> None:
        """Compiles the base model as the wrapper, whose optimizer it shares.

        Args:
            metrics: as `compile` takes them; those that count are made anew, since one object
                cannot count for two models.
            **arguments: what else `compile` takes.
        """
        if hasattr(self.base_model, "compile"):
            metrics = keras.tree.map_structure(_new_metric, metrics)
            self.base_model.compile(optimizer=self.optimizer, metrics=metrics, **arguments)

    def save(self, filepath: Any, overwrite: bool = True, **kwargs: Any) -> None:
        """Saves the base model, as NSL does: the wrapper adds no weights.

        A path that ends in ``.keras`` or ``.h5`` is such a file. Any other is a folder, as it was
        in Keras 2, though not of a SavedModel but of what a ``.keras`` file holds;
        `keras.models.load_model` takes both.

        Args:
            filepath: str or path.
            overwrite: whether to replace a model that is there; where False, it is an error.
            **kwargs: further arguments of `keras.Model.save`, of files.

        Raises:
            FileExistsError: the folder holds something other than a model of Keras, or a model
                and `overwrite` is False.
        """
        path = Path(filepath)
        if path.suffix in (".keras", ".h5", ".hdf5"):
            self.base_model.save(filepath, overwrite=overwrite, **kwargs)
            return
        found = sorted(entry.name for entry in path.iterdir()) if path.is_dir() else []
        if path.is_file() or set(found) - _KERAS_FOLDER or (found and not overwrite):
            raise FileExistsError(
                f"filepath must be a new folder, or with overwrite=True one that holds a model of "
                f"Keras; {str(path)!r} {f'holds {found[:5]}' if path.is_dir() else 'is a file'}"
            )
        path.mkdir(parents=True, exist_ok=True)
        self.base_model.save(filepath, overwrite=True, zipped=False, **kwargs)

    def export(self, filepath: Any, *args: Any, **kwargs: Any) -> None:
        """Exports the base model as a SavedModel for serving; see `keras.Model.export`."""
        self.base_model.export(filepath, *args, **kwargs)

    def get_config(self) -> dict[str, Any]:
        """Not there, as in NSL: what is saved is the base model.

        Raises:
            NotImplementedError: always.
        """
        raise NotImplementedError(
            f"nsl.keras.{type(self).__name__} is not saved itself: save and load its base_model, "
            "and wrap it again"
        )


def _new_metric(metric: Any) -> Any:
    if not isinstance(metric, keras.metrics.Metric):
        return metric
    return type(metric).from_config(metric.get_config())
