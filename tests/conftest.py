"""What every test stands on: a quiet TensorFlow with two CPU devices, and one seed."""

from __future__ import annotations

import ctypes
import gc
import os
from collections.abc import Iterator
from pathlib import Path

# TensorFlow reads both when it is imported. A run on a GPU sets CUDA_VISIBLE_DEVICES itself.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("CUDA_VISIBLE_DEVICES", "")
# XLA would optimize at length what the tests run a few times.
os.environ.setdefault(
    "XLA_FLAGS", "--xla_backend_optimization_level=0 --xla_llvm_disable_expensive_passes=true"
)

import keras  # noqa: E402
import pytest  # noqa: E402
import tensorflow as tf  # noqa: E402

# Tests compute little: to share a product out over threads costs more than the product.
tf.config.threading.set_intra_op_parallelism_threads(1)
# Nor does a graph that runs a few times give back what it takes to optimize it. Tests that start
# processes, the notebooks among them, run graphs as users do.
tf.config.optimizer.set_experimental_options({"disable_meta_optimizer": True})
# Tracing makes objects by the million: the collector, at its usual pace, would look through all of
# them again and again.
gc.set_threshold(100_000, 20, 20)


_LIBC = ctypes.CDLL(None)


def let_go() -> None:
    """Lets go of data sets, whose Python functions TensorFlow keeps until then.

    What is still there is here to stay, such as the graphs that TensorFlow keeps of every `fit`:
    the collector need not look through it again.
    """
    keras.backend.clear_session()
    gc.freeze()
    if hasattr(_LIBC, "malloc_trim"):  # Two processes of 9,000 tests each would hold 16 GB.
        _LIBC.malloc_trim(0)


let_go()

# MirroredStrategy needs two devices; they can be made only before TensorFlow runs its first op.
# Everything else runs on the first of them, as it would without the second.
tf.config.set_logical_device_configuration(
    tf.config.list_physical_devices("CPU")[0], [tf.config.LogicalDeviceConfiguration()] * 2
)


@pytest.fixture(autouse=True)
def fresh_keras() -> Iterator[None]:
    """Seeds Python, NumPy and TensorFlow before each test, and undoes a global dtype policy."""
    keras.utils.set_random_seed(0)
    yield
    keras.config.set_dtype_policy("float32")


@pytest.fixture(scope="module", autouse=True)
def fresh_session() -> Iterator[None]:
    """Lets go of what a file made."""
    yield
    let_go()


@pytest.fixture(scope="session")
def data_dir() -> Path:
    """The folder of raw data sets; a test that asks for it is skipped where there is none."""
    folder = os.environ.get("GNN_DATA_DIR")
    if not folder:
        pytest.skip("GNN_DATA_DIR is not set: it names the folder with planetoid/")
    return Path(folder)


@pytest.fixture(scope="session")
def two_devices() -> tf.distribute.Strategy:
    """The one strategy of a process: a second one would count its exchanges anew, and collide."""
    return tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"])
