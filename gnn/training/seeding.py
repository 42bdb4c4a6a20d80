"""Random numbers and names of layers as in a new process, and afterwards as they were."""

from __future__ import annotations

import contextlib
import random
from collections.abc import Iterator

import keras
import numpy as np
from keras.src.backend.common import global_state
from tensorflow.python.eager import context


@contextlib.contextmanager
def as_in_new_process(seed: int) -> Iterator[None]:
    """Within the block, whatever draws without a seed of its own draws by this one.

    What Python, NumPy, TensorFlow and Keras would have drawn next, and Keras' numbering of layers
    and other settings, are afterwards what they were before.

    Args:
        seed: an int of at least 0.

    Example:

    >>> np.random.seed(1)
    >>> expected = np.random.RandomState(1).rand()
    >>> with as_in_new_process(7):
    ...     _ = np.random.rand()
    >>> bool(np.random.rand() == expected)
    True
    """
    # TensorFlow and Keras have no public way to read their state, and only one to reset it.
    tensorflow = context.context()
    names = ("GLOBAL_STATE_TRACKER", "GLOBAL_SETTINGS_TRACKER")
    of_keras = {name: getattr(global_state, name) for name in names}
    of_tensorflow = {name: getattr(tensorflow, name, None) for name in ("_seed", "_rng")}
    of_python, of_numpy = random.getstate(), np.random.get_state()
    try:
        keras.backend.clear_session(free_memory=False)  # Or the caller's own state would be set.
        keras.utils.set_random_seed(seed)
        keras.backend.clear_session()
        yield
    finally:
        random.setstate(of_python)
        np.random.set_state(of_numpy)
        for name, value in of_tensorflow.items():
            setattr(tensorflow, name, value)
        for name, value in of_keras.items():
            setattr(global_state, name, value)
