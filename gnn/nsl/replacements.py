"""What of NSL does not run as it is, and what stands in its place; in NSL's own modules alone."""

from __future__ import annotations

import sys
from typing import IO

from gnn.nsl.adversarial_regularization import AdversarialRegularization
from gnn.nsl.embeddings import read_embeddings
from gnn.nsl.graph_regularization import GraphRegularization
from gnn.nsl.importing import keras, lib, tools
from gnn.nsl.neighbor_inputs import make_missing_neighbor_inputs
from gnn.nsl.norm_ball import random_in_norm_ball


def put_in_place() -> None:
    """Puts ours in place of what does not run; TensorFlow, Keras and Python are not touched."""
    # They call `_is_graph_network` and `add_metric`, which Keras 3 does not have.
    keras.GraphRegularization = GraphRegularization
    keras.graph_regularization.GraphRegularization = GraphRegularization
    keras.AdversarialRegularization = AdversarialRegularization
    keras.adversarial_regularization.AdversarialRegularization = AdversarialRegularization
    # It makes dense inputs for the neighbors of sparse ones.
    layers = keras.layers
    layers.make_missing_neighbor_inputs = make_missing_neighbor_inputs
    layers.neighbor_features.make_missing_neighbor_inputs = make_missing_neighbor_inputs
    # It takes the shape of its tensors for numbers, so it fails where the batch size is unknown.
    lib.random_in_norm_ball = lib.utils.random_in_norm_ball = random_in_norm_ball
    # read_tsv_graph, and with it pack_nbrs, opens its file as "rU", which Python 3.11 removed.
    tools.graph_utils.open = _open
    # It computes in float32 with today's protobuf.
    modules = {
        name: sys.modules[f"neural_structured_learning.tools.{name}"]
        for name in ("build_graph", "pack_nbrs")
    }
    vars(modules["build_graph"])["_read_tfrecord_examples"] = read_embeddings
    # These two functions hide the modules that hold them: `from nsl.tools import build_graph` is
    # the function. It carries what its module offers, so that both readings work.
    for name, module in modules.items():
        function = getattr(tools, name)
        for member, value in vars(module).items():
            if not member.startswith("_") and getattr(value, "__module__", "") == module.__name__:
                setattr(function, member, value)


def _open(file: str, mode: str = "r") -> IO[str]:
    """Opens a text file, also in the mode "rU"."""
    return open(file, mode.replace("U", ""))
