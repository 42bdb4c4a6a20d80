"""The data sets as builders of TensorFlow Datasets: import this, then `tfds.load` finds them.

=====================================  ===========================================================
name                                   examples
=====================================  ===========================================================
`gnn_planetoid/cora`, `/citeseer`,     a paper, in the splits train, validation, test and rest
`/pubmed`
`gnn_digits`                           an image, in the same splits
`gnn_groceries/baskets`                a basket: a session of products
`gnn_groceries/products`,              a product; the last two with its category as the label
`/products_level1`, `/products_level2`
=====================================  ===========================================================

An example that is a node has its `id`, its features, its `label` where there are labels, and the
edges it receives: the ids of the `neighbors` that send them and their `weights`. Its splits hold
each node once, so together they are the whole graph.

The builders call the functions of `gnn.datasets`: the raw files are those that these take from
`GNN_DATA_DIR` or the cache, downloaded and checked in the same way.

>>> import tensorflow_datasets as tfds
>>> import gnn.datasets.tfds
>>> digits = tfds.load("gnn_digits")  # doctest: +SKIP
>>> sorted(digits)  # doctest: +SKIP
['rest', 'test', 'train', 'validation']
"""

from gnn.datasets.tfds.digits_builder import GnnDigits
from gnn.datasets.tfds.groceries_builder import GnnGroceries
from gnn.datasets.tfds.planetoid_builder import GnnPlanetoid

__all__ = ["GnnDigits", "GnnGroceries", "GnnPlanetoid"]
