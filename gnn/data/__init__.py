"""tf.data sets of batches: whole graphs, sampled neighborhoods, clusters, packed neighbors."""

from gnn.data import records
from gnn.data.clusters import clusters
from gnn.data.distribution import distribute
from gnn.data.full_batch import full_batch
from gnn.data.graph_batches import graph_batches
from gnn.data.neighbor_features import pack_nodes_and_edges
from gnn.data.neighborhoods import neighborhoods
from gnn.data.node_pairs import labeled_pairs
from gnn.data.packed_neighbor_records import make_cora_dataset
from gnn.data.padding_budget import measure_padding

__all__ = [
    "clusters",
    "distribute",
    "full_batch",
    "graph_batches",
    "labeled_pairs",
    "make_cora_dataset",
    "measure_padding",
    "neighborhoods",
    "pack_nodes_and_edges",
    "records",
]
