"""The digits for TensorFlow Datasets."""

from __future__ import annotations

from typing import Any

import numpy as np
import tensorflow_datasets as tfds

from gnn.datasets.digits import digits
from gnn.datasets.tfds.node_examples import node_examples, node_features, node_splits
from gnn.datasets.tfds.plain_builder import PlainBuilder


class GnnDigits(PlainBuilder, tfds.core.GeneratorBasedBuilder):
    """`gnn.datasets.digits()`, one example an image: `gnn_digits`."""

    def _info(self) -> tfds.core.DatasetInfo:
        return tfds.core.DatasetInfo(
            builder=self,
            description=(
                "Scikit-learn's 1,797 handwritten digits, and a graph of which were clicked in "
                "the same search session. The sessions are simulated."
            ),
            features=node_features(
                {"pixels": tfds.features.Tensor(shape=(64,), dtype=np.float32)},
                tfds.features.ClassLabel(names=[str(digit) for digit in range(10)]),
            ),
            supervised_keys=("pixels", "label"),
            homepage="https://scikit-learn.org/stable/datasets/toy_dataset.html",
            disable_shuffling=True,
        )

    def _split_generators(self, dl_manager: Any) -> dict[str, Any]:
        graph = digits()
        return {
            name: self._generate_examples(graph, nodes)
            for name, nodes in node_splits(graph).items()
        }

    def _generate_examples(self, graph: Any, nodes: Any) -> Any:
        return node_examples(graph, nodes)
