"""The networks of `keras.applications` as layers, from pixels to a row of numbers."""

from __future__ import annotations

import inspect
import os
import warnings
from collections.abc import Callable
from typing import Any

import keras
import tensorflow as tf

from gnn.layers.small_convnet import image_shape_of


@keras.saving.register_keras_serializable(package="gnn")
class KerasBackbone(keras.layers.Layer):
    """A network of `keras.applications` by its name, from pixels `[n, height, width, 1 or 3]`.

    Its own preprocessing is inside, so it takes pixels of 0 to 255; gray ones become three equal
    channels. Without its classes, it returns the mean over the places of its last feature map.

    Args:
        application: such as `"MobileNetV2"`, `"ResNet50"`, `"EfficientNetB0"`.
        weights: a file of weights without the top (`include_top=False`); None begins at random.
            **Nothing is downloaded.** Where there is a network, `keras.applications.MobileNetV2(
            include_top=False, weights="imagenet").save_weights("mobilenet.weights.h5")` writes one.
            A model that is loaded again has its weights, and needs no file.
        trainable: whether its weights are trained; None trains them only where they begin at
            random.

    Raises:
        ValueError: there is no such application, weights are `"imagenet"` or no file that fits, or
            the images are too small for it.
        FileNotFoundError: there is no such file.

    Example:

    >>> images = tf.zeros([2, 32, 32, 1], tf.uint8)
    >>> KerasBackbone("MobileNetV2")(images).shape
    TensorShape([2, 1280])
    """

    def __init__(
        self,
        application: str,
        weights: str | os.PathLike[str] | None = None,
        trainable: bool | None = None,
        **kwargs: Any,
    ):
        trains = weights is None if trainable is None else bool(trainable)
        super().__init__(trainable=trains, **kwargs)
        self._make, self._preprocess = _application(application)
        self.application = application
        self.weights_file = None if weights is None else check_weights_file(application, weights)
        self.network: keras.Model | None = None

    def build(self, input_shape: Any) -> None:
        """Makes the network for this size of images, and reads its weights."""
        height, width, _ = image_shape_of(self, input_shape)
        try:
            self.network = self._make(
                include_top=False, weights=None, input_shape=(height, width, 3), pooling="avg"
            )
        except ValueError as error:
            raise ValueError(f"{self.application} takes no such images: {error}") from error
        if self.weights_file is not None:
            try:
                # Of a file of another network Keras says in warnings that it leaves layers out.
                with warnings.catch_warnings():
                    warnings.simplefilter("error", UserWarning)
                    self.network.load_weights(self.weights_file)
            except (ValueError, OSError, KeyError, UserWarning) as error:
                raise ValueError(
                    f"weights must be those of {self.application} without its top "
                    f"(include_top=False); {self.weights_file!r} does not fit: {error}"
                ) from error
        self.network.trainable = self.trainable
        super().build(input_shape)

    def call(self, inputs: tf.Tensor, training: bool | None = None) -> tf.Tensor:
        """Returns `[n, channels of the last feature map]`."""
        pixels = tf.cast(inputs, self.compute_dtype)
        if pixels.shape[-1] == 1:
            pixels = tf.repeat(pixels, 3, axis=-1)
        assert self.network is not None
        outputs = self.network(self._preprocess(pixels), training=training)
        return tf.cast(outputs, self.compute_dtype)

    def compute_output_shape(self, input_shape: Any) -> tuple[int | None, int]:
        """`[n, channels]`."""
        assert self.network is not None
        return (input_shape[0], self.network.output_shape[-1])

    def get_config(self) -> dict[str, Any]:
        """Returns the constructor arguments; the weights lie in the saved model."""
        return {**super().get_config(), "application": self.application}


def check_weights_file(application: str, weights: str | os.PathLike[str]) -> str:
    """The path of a file of weights, once there is one.

    Raises:
        ValueError: it is `"imagenet"`, which would be a download.
        FileNotFoundError: there is no such file.
    """
    path = os.fspath(weights)
    if not os.path.isfile(path):
        if path == "imagenet":
            raise ValueError(
                "weights must be a file, and nothing is downloaded, got 'imagenet'. Where there "
                f"is a network, keras.applications.{application}(include_top=False, "
                f"weights='imagenet').save_weights('{application.lower()}.weights.h5') writes one"
            )
        raise FileNotFoundError(f"weights: no file {path!r}")
    return path


def application_names() -> list[str]:
    """The networks of `keras.applications`, by name.

    Example:

    >>> "ResNet50" in application_names()
    True
    """
    return sorted(
        name for name, value in vars(keras.applications).items() if inspect.isfunction(value)
    )


def _application(name: Any) -> tuple[Callable[..., keras.Model], Callable[[Any], Any]]:
    """What makes a network, and its own preprocessing of pixels."""
    if name not in application_names():
        raise ValueError(
            f"application must be a network of keras.applications: one of {application_names()}, "
            f"got {name!r}"
        )
    for module in vars(keras.applications).values():
        if inspect.ismodule(module) and hasattr(module, name):
            preprocess = getattr(module, "preprocess_input", None)
            if preprocess is not None:
                return getattr(keras.applications, name), preprocess
    raise ValueError(f"application {name!r} has no preprocessing of its own in this Keras")
