"""What the two wrappers of NSL have in common: the model that they wrap is what is served."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import keras

from gnn.files import whole_folder
from gnn.graphs.batch.graphs_tuple import BatchGraph
from gnn.layers.real_rows import call_layer
from gnn.models.node_graph_model import NodeGraphModel
from gnn.models.node_models import node_inputs
from gnn.models.sequential import prepare_sequential

# Of a folder that holds a base model, in its manifest.
KIND = "base model"


def call_base_model(base_model: keras.Model, features: Any, training: bool | None) -> Any:
    """Calls a base model on the features it wants, as `gnn` does, but of a list of outputs too.

    Args:
        base_model: Sequential, functional or subclassed.
        features: by name, or a tensor.
        training: whether dropout and the like are on.

    Example:

    >>> inputs = keras.Input([2], name="x")
    >>> base_model = keras.Model(inputs, [inputs, inputs])
    >>> len(call_base_model(base_model, {"x": keras.ops.ones([1, 2])}, training=False))
    2
    """
    inputs = node_inputs(base_model, features)
    prepare_sequential(base_model, inputs)
    return call_layer(base_model, inputs, training)


class CalledBaseModel(NodeGraphModel):
    """A base model as a model of graphs, for those of ours that wrap one."""

    requires_graph = False

    def __init__(self, base_model: keras.Model):
        super().__init__()
        self.base_model = base_model

    def graph_call(self, graph: BatchGraph, training: bool | None = None) -> BatchGraph:
        """Calls the base model on the features."""
        return graph.replace(nodes=call_base_model(self.base_model, graph.nodes, training))


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
            FileExistsError: `filepath` is a folder that holds something, or a file without suffix.
        """
        path = Path(filepath)
        if path.suffix in (".keras", ".h5", ".hdf5"):
            self.base_model.save(filepath, overwrite=overwrite, **kwargs)
            return
        found = sorted(entry.name for entry in path.iterdir()) if path.is_dir() else []
        if found or path.is_file():
            raise FileExistsError(
                f"filepath must be a new or empty folder, or end in .keras; {str(path)!r} "
                + (f"holds {found[:5]}" if found else "is a file")
            )
        with whole_folder(path, KIND) as partial:
            self.base_model.save(partial, zipped=False, **kwargs)

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
