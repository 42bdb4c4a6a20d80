"""Cora, CiteSeer and PubMed for TensorFlow Datasets."""

from __future__ import annotations

from typing import Any

import numpy as np
import tensorflow_datasets as tfds

from gnn.datasets.planetoid import planetoid
from gnn.datasets.tfds.node_examples import node_examples, node_features, node_splits
from gnn.datasets.tfds.plain_builder import PlainBuilder

_CITATION = """\
@inproceedings{yang2016revisiting,
  title={Revisiting Semi-Supervised Learning with Graph Embeddings},
  author={Yang, Zhilin and Cohen, William W. and Salakhutdinov, Ruslan},
  booktitle={International Conference on Machine Learning},
  year={2016}
}"""
# Words and classes: a builder says what it holds before there are any files.
_SIZES = {"cora": (1433, 7), "citeseer": (3703, 6), "pubmed": (500, 3)}


class GnnPlanetoid(PlainBuilder, tfds.core.GeneratorBasedBuilder):
    """`gnn.datasets.planetoid`, one example a paper: `gnn_planetoid/cora`, and so on.

    The words are dense here, `[num_words]` float32, and the nodes in none of the public splits are
    the split `rest`.
    """

    BUILDER_CONFIGS = [
        tfds.core.BuilderConfig(name=name, description=f"The citation graph {title}.")
        for name, title in (("cora", "Cora"), ("citeseer", "CiteSeer"), ("pubmed", "PubMed"))
    ]

    def _info(self) -> tfds.core.DatasetInfo:
        num_words, num_classes = _SIZES[self.builder_config.name]
        # Nearly all words are zero: compressed, they take a hundredth of the room.
        words = tfds.features.Tensor(
            shape=(num_words,), dtype=np.float32, encoding=tfds.features.Encoding.ZLIB
        )
        return tfds.core.DatasetInfo(
            builder=self,
            description="Papers, the words in them, their fields, and who cites whom.",
            features=node_features(
                {"words": words}, tfds.features.ClassLabel(num_classes=num_classes)
            ),
            supervised_keys=("words", "label"),
            homepage="https://github.com/kimiyoung/planetoid",
            citation=_CITATION,
            disable_shuffling=True,
        )

    def _split_generators(self, dl_manager: Any) -> dict[str, Any]:
        graph = planetoid(self.builder_config.name)
        return {
            name: self._generate_examples(graph, nodes)
            for name, nodes in node_splits(graph).items()
        }

    def _generate_examples(self, graph: Any, nodes: Any) -> Any:
        return node_examples(graph, nodes)
