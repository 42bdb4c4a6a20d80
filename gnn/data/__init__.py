"""tf.data sets of batches: whole graphs, sampled neighborhoods, packed neighbor features."""

from gnn.data import records
from gnn.data.distribution import distribute
from gnn.data.full_batch import full_batch
from gnn.data.neighbor_features import pack_nodes_and_edges
from gnn.data.neighborhoods import neighborhoods
from gnn.data.packed_neighbor_records import make_cora_dataset

__all__ = [
    "distribute",
    "full_batch",
    "make_cora_dataset",
    "neighborhoods",
    "pack_nodes_and_edges",
    "records",
]
