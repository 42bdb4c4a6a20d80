"""What the builders have in common."""

from __future__ import annotations

import tensorflow_datasets as tfds


class PlainBuilder:
    """What a builder is whose files come from `gnn.datasets`, and not from TensorFlow Datasets."""

    VERSION = tfds.core.Version("1.0.0")
    # Where TensorFlow Datasets would look for checksums. It finds the place by a package that it
    # does not install (importlib_resources), and `gnn.datasets` has the checksums.
    code_path = None
