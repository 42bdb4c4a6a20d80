"""What reads images, by its name."""

from __future__ import annotations

import os

import keras

from gnn.layers.keras_backbone import KerasBackbone, application_names, check_weights_file
from gnn.layers.small_convnet import SmallConvnet

SMALL = "small"


def image_backbone(
    name: str = SMALL, weights: str | os.PathLike[str] | None = None, layer_name: str | None = None
) -> keras.layers.Layer:
    """A layer from pixels, uint8 `[n, height, width, 1 or 3]`, to a row an image.

    Pixels are of 0 to 255, and are scaled inside, as each network wants it. Nothing is downloaded.

    Args:
        name: `"small"`, a `gnn.layers.SmallConvnet` of 128 units; or a network of
            `keras.applications`, such as `"MobileNetV2"`, with the mean over the places of its last
            feature map.
        weights: a file of weights of a network of `keras.applications` without its top, as
            `keras.applications.MobileNetV2(include_top=False, weights="imagenet").save_weights(
            "mobilenet.weights.h5")` writes one where there is a network. Such weights are not
            trained on. None begins at random, and trains all.
        layer_name: what the layer is called.

    Raises:
        ValueError: there is no such network, or it has no use for `weights`, or they are no file.
        FileNotFoundError: there is no such file.

    Example:

    >>> image_backbone()(keras.ops.zeros((2, 28, 28, 1))).shape
    TensorShape([2, 128])
    """
    check_backbone(name, weights)
    if name == SMALL:
        return SmallConvnet(name=layer_name)
    return KerasBackbone(name, weights, name=layer_name)


def check_backbone(name: str, weights: str | os.PathLike[str] | None) -> None:
    """Raises unless there is such a backbone, and such weights of it.

    Raises:
        ValueError: as `image_backbone`.
        FileNotFoundError: likewise.

    Example:

    >>> check_backbone("small", None)
    """
    if name != SMALL and name not in application_names():
        raise ValueError(
            f"backbone must be {SMALL!r} or one of {application_names()}, got {name!r}"
        )
    if weights is not None:
        if name == SMALL:
            raise ValueError(
                f"backbone_weights has no use for the backbone {SMALL!r}; leave it out"
            )
        check_weights_file(name, weights)
