"""The groceries for TensorFlow Datasets."""

from __future__ import annotations

from typing import Any

import numpy as np
import tensorflow_datasets as tfds

from gnn.datasets.groceries import groceries, groceries_sessions
from gnn.datasets.tfds.node_examples import node_examples, node_features
from gnn.datasets.tfds.plain_builder import PlainBuilder

_CITATION = """\
@incollection{hahsler2006implications,
  title={Implications of Probabilistic Data Modeling for Mining Association Rules},
  author={Hahsler, Michael and Hornik, Kurt and Reutterer, Thomas},
  booktitle={From Data and Information Analysis to Knowledge Engineering},
  year={2006}
}"""
_BASKETS = "baskets"
_LABELS = {"products": None, "products_level1": "level1", "products_level2": "level2"}


class GnnGroceries(PlainBuilder, tfds.core.GeneratorBasedBuilder):
    """`gnn.datasets.groceries`, one example a basket or a product, all in the split `train`.

    `gnn_groceries/baskets` has the `products` of each basket; the others are the graph of the
    products, without labels or with their categories.
    """

    BUILDER_CONFIGS = [
        tfds.core.BuilderConfig(name=_BASKETS, description="An example a basket."),
        *(
            tfds.core.BuilderConfig(
                name=name,
                description="An example a product" + (f", labels of {labels}." if labels else "."),
            )
            for name, labels in _LABELS.items()
        ),
    ]

    def _info(self) -> tfds.core.DatasetInfo:
        name, label = self.builder_config.name, None
        if name == _BASKETS:
            features = tfds.features.FeaturesDict(
                {
                    "id": tfds.features.Scalar(np.int64),
                    "products": tfds.features.Sequence(tfds.features.Text()),
                }
            )
        else:
            # The names of the classes come with the files.
            label = tfds.features.ClassLabel() if _LABELS[name] else None
            features = node_features({"product": tfds.features.Text()}, label, named=True)
        return tfds.core.DatasetInfo(
            builder=self,
            description="9,835 real shopping baskets over 169 products.",
            features=features,
            supervised_keys=("product", "label") if label else None,
            homepage="https://github.com/stedy/Machine-Learning-with-R-datasets",
            citation=_CITATION,
            disable_shuffling=True,
        )

    def _split_generators(self, dl_manager: Any) -> dict[str, Any]:
        name = self.builder_config.name
        if name == _BASKETS:
            return {"train": self._generate_examples(groceries_sessions())}
        graph = groceries(labels=_LABELS[name])
        if graph.class_names is not None:
            self.info.features["label"].names = graph.class_names
        return {"train": self._generate_examples(graph)}

    def _generate_examples(self, source: Any) -> Any:
        if self.builder_config.name == _BASKETS:
            for number, products in enumerate(source):
                yield number, {"id": number, "products": products}
        else:
            yield from node_examples(source, np.arange(source.num_nodes))
