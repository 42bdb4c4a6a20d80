"""TensorFlow without what it says of the machine that it finds."""

from __future__ import annotations

import contextlib
import os
import sys
import tempfile
from collections.abc import Iterator

from gnn._environment import check_keras


def import_tensorflow() -> None:
    """Imports TensorFlow and Keras, if they are not there yet, and keeps what they print.

    It is shown where they fail.

    Raises:
        ImportError: Keras is not Keras 3 on TensorFlow.
    """
    if "tensorflow" in sys.modules:
        return
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    with _kept_stderr():
        check_keras()
        import tensorflow as tf

        tf.zeros([])  # The devices are set up, and told of, by the first operation.
    # Each model is traced a few times, which TensorFlow takes for once too often.
    tf.get_logger().setLevel("ERROR")


@contextlib.contextmanager
def _kept_stderr() -> Iterator[None]:
    """Keeps back what is written to the descriptor of standard error, unless it ends in an error.

    TensorFlow writes from C++, past `sys.stderr`.
    """
    sys.stderr.flush()
    shown = os.dup(2)
    with tempfile.TemporaryFile() as kept:
        os.dup2(kept.fileno(), 2)
        try:
            yield
        except BaseException:
            os.dup2(shown, 2)
            kept.seek(0)
            os.write(2, kept.read())
            raise
        finally:
            os.dup2(shown, 2)
            os.close(shown)
