"""What a run on images takes where nothing is said."""

from __future__ import annotations

from typing import Any

from gnn.graphs.graph import Graph
from gnn.graphs.image_files import MOST_HELD, ImageFiles
from gnn.layers.image_backbone import SMALL, check_backbone
from gnn.runs.config_files import OptionError
from gnn.runs.input_columns import image_names
from gnn.runs.networks import NETWORKS
from gnn.runs.run_config import RunConfig

_FEW = 5_000


def image_settings(config: RunConfig, graph: Graph) -> dict[str, Any]:
    """Images want batches, and few passes over them; where they lie in files, no network.

    Args:
        config: which model, and which backbone.
        graph: with images, and a split `"train"`.

    Returns:
        Options by name, which come before those of data without images.

    Raises:
        OptionError: the backbone cannot be had, or a graph network would need more images at once
            than are kept.

    Example:

    >>> import numpy as np
    >>> pixels = np.zeros((2, 8, 8, 1), np.uint8)
    >>> graph = Graph.from_edges([], [], {"image": pixels}, splits={"train": [0]})
    >>> image_settings(RunConfig(model="mlp"), graph)["image_size"]
    (8, 8)
    """
    images = [graph.features[name] for name in image_names(graph)]
    in_files = [image for image in images if isinstance(image, ImageFiles)]
    if config.model in NETWORKS and any(files.nbytes > MOST_HELD for files in in_files):
        raise OptionError(
            f"the model {config.model!r} needs the images of all nodes at once, and these take "
            f"more than {MOST_HELD // 2**20} MB: take 'mlp' or 'graph-regularization'"
        )
    try:
        check_backbone(config.backbone or SMALL, config.backbone_weights)
    except (ValueError, FileNotFoundError) as error:
        raise OptionError(str(error)) from error
    batches: dict[str, Any] = {}
    if config.model not in NETWORKS:
        # By validation on 100 labels of MNIST, where more dropout and more epochs help.
        few = len(graph.split("train")) <= _FEW
        batches = {"batch_size": 64, "dropout": 0.5}
        batches |= {"epochs": 200, "patience": 60} if few else {"epochs": 30, "patience": 5}
    if config.model == "graph-regularization":
        batches["unlabeled_batch_size"] = 64
    return {
        **batches,
        "learning_rate": 1e-3,
        "backbone": SMALL,
        "backbone_weights": None,
        "image_size": images[0].shape[1:3],
        "image_channels": images[0].shape[3],
        "keep_aspect": in_files[0].keep_aspect if in_files else None,
    }
