"""What this package needs of its surroundings: Keras 3 on TensorFlow, and a faster product."""

from __future__ import annotations

import importlib.metadata
import os
import sys
from pathlib import PurePath


def is_command() -> bool:
    """Whether this process is the command `gnn`, and not a program that imports the package.

    The command imports what it uses: `gnn --help` answers at once, without TensorFlow.

    Example:
        >>> is_command()
        False
    """
    words = iter(sys.orig_argv[1:])
    for word in words:
        if word == "-m":
            return next(words, "") == "gnn"
        if word in ("-W", "-X"):
            next(words, None)
        elif not word.startswith("-"):
            return PurePath(word).name in ("gnn", "gnn.exe", "gnn-script.py")
        elif word == "-c":
            break
    return False


def is_spark_worker() -> bool:
    """Whether this process computes for an executor of Spark.

    Edges are made of arrays: an executor that makes them need not load TensorFlow. What else of the
    package is asked for there is imported when it is.

    Example:
        >>> is_spark_worker()
        False
    """
    return "pyspark.worker" in sys.modules


def own_version() -> str:
    """The version of this package as it was installed, or "unknown".

    Example:
        >>> own_version() != ""
        True
    """
    try:
        return importlib.metadata.version("gnn")
    except importlib.metadata.PackageNotFoundError:
        return "unknown"


def check_keras() -> None:
    """Raises unless `keras` is Keras 3 on TensorFlow, and `tf.keras` is that same Keras.

    GraphNets and SavedModel are TensorFlow's, so another backend would fail later and less clearly.

    Raises:
        ImportError: Says what was found, and which environment variables to set.

    Example:
        >>> check_keras()
    """
    legacy = os.environ.get("TF_USE_LEGACY_KERAS")
    # The values that TensorFlow goes by; any other is as good as none.
    if legacy in ("1", "true", "True"):
        raise _refusal(f"TF_USE_LEGACY_KERAS={legacy}, which makes tf.keras Keras 2")
    try:
        import keras
    # Keras answers a backend that is not installed with the one, a misspelt one with the other.
    except (ImportError, ValueError) as error:
        raise _refusal(f"a Keras that cannot be imported ({error})") from error
    if not keras.__version__.startswith("3."):
        raise _refusal(f"Keras {keras.__version__} (pip install 'keras>=3.15')")
    if keras.backend.backend() != "tensorflow":
        raise _refusal(f"the backend {keras.backend.backend()}")


def prefer_fast_products() -> None:
    """Has TensorFlow multiply sparse matrices by oneDNN on the CPU, unless the user chose.

    TensorFlow's own product takes about 1.6 times as long. It reads this variable when it first
    multiplies, so it may have been imported before.

    Example:
        >>> prefer_fast_products()
        >>> os.environ["TF_ENABLE_ONEDNN_SPMM"]
        '1'
    """
    os.environ.setdefault("TF_ENABLE_ONEDNN_SPMM", "1")


def _refusal(found: str) -> ImportError:
    return ImportError(
        f"gnn needs Keras 3 on the TensorFlow backend and found {found}. Set "
        "KERAS_BACKEND=tensorflow and unset TF_USE_LEGACY_KERAS before Keras or TensorFlow is "
        "imported; in a notebook, restart the kernel and do it by os.environ in the first cell."
    )
