"""`.keras` files and SavedModels of models of graphs."""

from __future__ import annotations

from typing import Any

import keras
import tensorflow as tf

from gnn.models.base.graph_call import CalledOnGraphs
from gnn.models.base.variables import make_weights
from gnn.models.export import export_by_name, sole_input
from gnn.models.input_signature import InputSignature
from gnn.models.keras_files import save_whole
from gnn.models.loadable import check_network_loadable


class SavedWithInputs(CalledOnGraphs):
    """A model whose files know the names, shapes and dtypes of its inputs."""

    def __init__(self, **kwargs: Any):
        super().__init__(**kwargs)
        self.known_loadable = False

    def get_build_config(self) -> dict[str, Any] | None:
        """What a loaded model needs to make its weights: names, shapes and dtypes of the inputs."""
        return None if self.input_signature is None else {"inputs": self.input_signature.to_dict()}

    def build_from_config(self, config: dict[str, Any]) -> None:
        """Makes the weights."""
        if config:
            make_weights(self, InputSignature.from_dict(config["inputs"]))

    def save(self, filepath: Any, overwrite: bool = True, **kwargs: Any) -> None:
        """Saves a `.keras` file that `keras.models.load_model` brings back with equal outputs.

        The file is written under another name and renamed when whole.

        Raises:
            ValueError: the node model, or this class, could not be loaded again; `export` works
                without.
        """
        if not self.known_loadable:
            check_network_loadable(self)
            self.known_loadable = True
        save_whole(super().save, filepath, overwrite, **kwargs)

    def export(
        self,
        filepath: Any,
        format: str = "tf_saved_model",
        verbose: bool | None = None,
        input_signature: Any = None,
        **kwargs: Any,
    ) -> None:
        """Writes a SavedModel for inference whose signature `serving_default` has named inputs.

        A model that needs no graph takes the features by their names; one that does takes the
        features, the graph keys and `readout` (a model of graphs only where it was trained on
        batches that have it). The output is named `outputs`, or has the names of
        the outputs where they are several. `gnn` is not needed to load it. The folder is written
        under another name and renamed when whole; in the place of an older export, and of
        nothing else.

        `format="litert"` writes a file ".tflite" with the same names, of operations that LiteRT
        has: its converter fails on SavedModels of graph networks, which multiply by sparse
        matrices. With `input_signature` or another `format`, it is Keras' own export.

        Raises:
            FileExistsError: `filepath` is a file, or a folder that is no export of ours.
            ValueError: the model has not been built: call, fit or load it first.

        Example:

        >>> # model.export("served")
        >>> # tf.saved_model.load("served").signatures["serving_default"](x=features)
        """
        arguments = (format, verbose, input_signature)
        export_by_name(
            self,
            super().export,
            filepath,
            arguments,
            self.input_signature,
            self.served_inputs,
            **kwargs,
        )

    def served_inputs(self, signature: InputSignature) -> tuple[dict[str, tf.TensorSpec], Any]:
        """The inputs of the served model by name, and what makes of them the model's inputs."""
        by_node = self.output_field == "nodes" or signature.readout
        specs = signature.serving_specs(self.requires_graph, with_readout=by_node)
        for name in self.features_not_served():
            del specs[name]
        return specs, dict if signature.is_dict else sole_input

    def features_not_served(self) -> list[str]:
        """The features that the outputs do not depend on, so that they need not be served."""
        return []

    def given_layers(self) -> dict[str, keras.layers.Layer]:
        """The layers that were given to the constructor, by what the argument is called."""
        given = {name: getattr(self, name, None) for name in ("node_model", "agreement_model")}
        return {name: layer for name, layer in given.items() if layer is not None}
