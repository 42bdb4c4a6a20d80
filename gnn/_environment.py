"""Whether Keras is the one this package is made for: Keras 3, on TensorFlow."""

from __future__ import annotations

import os

_REMEDY = (
    "gnn needs Keras 3 on the TensorFlow backend. Set KERAS_BACKEND=tensorflow and unset "
    "TF_USE_LEGACY_KERAS before Keras or TensorFlow is first imported (in a notebook: restart the "
    "kernel, then set os.environ in the first cell)."
)


def check_keras() -> None:
    """Raises unless `keras` is Keras 3 on TensorFlow and `tf.keras` is that same Keras.

    GraphNets and SavedModel are TensorFlow's, so another backend would fail later and less clearly.

    Raises:
        ImportError: Says what was found, and which environment variables to set.

    Example:
        >>> check_keras()
    """
    # TensorFlow reads exactly these three values.
    legacy = os.environ.get("TF_USE_LEGACY_KERAS")
    if legacy in ("1", "true", "True"):
        raise ImportError(f"{_REMEDY} Found TF_USE_LEGACY_KERAS={legacy}.")
    try:
        import keras
    except ImportError as error:
        chosen = os.environ.get("KERAS_BACKEND")
        raise ImportError(
            f"{_REMEDY} Found KERAS_BACKEND={chosen}, and Keras could not be imported: {error}"
        ) from error
    version, backend = keras.__version__, keras.backend.backend()
    if not version.startswith("3."):
        raise ImportError(f"{_REMEDY} Found Keras {version}: pip install 'keras>=3.15'.")
    if backend != "tensorflow":
        raise ImportError(f"{_REMEDY} Found the {backend} backend.")
