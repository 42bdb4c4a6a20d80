"""What the two wrappers of NSL have in common: the model that they wrap is what is served."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import keras

from gnn.files import whole_folder
from gnn.models.export import whole_export

# Of a folder that `save` writes, in its manifest.
KIND = "model"


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
        in Keras 2, though not a SavedModel but what a ``.keras`` file holds;
        `keras.models.load_model` takes both.

        Args:
            filepath: str or path.
            overwrite: whether a file that is there is replaced; a folder never is.
            **kwargs: further arguments of `keras.Model.save`, of files.

        Raises:
            FileExistsError: `filepath` is a folder that holds something, or a file without such a
                suffix.
        """
        if Path(filepath).suffix in (".keras", ".h5", ".hdf5"):
            self.base_model.save(filepath, overwrite=overwrite, **kwargs)
            return
        with whole_folder(filepath, KIND) as partial:
            self.base_model.save(partial, zipped=False, **kwargs)

    def export(
        self, filepath: Any, format: str = "tf_saved_model", *args: Any, **kwargs: Any
    ) -> None:
        """Exports the base model as a SavedModel for serving; see `keras.Model.export`.

        It takes the place of an older export, and of nothing else.

        Raises:
            FileExistsError: `filepath` is a file, or a folder that is no export of ours.
        """
        with whole_export(filepath, format) as partial:
            self.base_model.export(partial, format, *args, **kwargs)

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
