"""Configurations: what neighbors are, how far apart, how heavy; edges from sessions and vectors.

Where Neural Structured Learning has a class, ours has its name, fields and defaults, and the
``as_`` functions take NSL's own objects too. They are recognized by their attributes, so that
nothing here imports NSL or TensorFlow.
"""

from gnn.configs.adversarial import (
    AdvNeighborConfig,
    AdvRegConfig,
    NormType,
    VatRegConfig,
    as_adv_neighbor_config,
    as_adv_reg_config,
    as_vat_reg_config,
)
from gnn.configs.graph import (
    DistanceConfig,
    DistanceType,
    GraphNeighborConfig,
    GraphRegConfig,
    PairWeights,
    TransformType,
    as_distance_config,
    as_graph_reg_config,
    as_neighbor_config,
    as_pair_weights,
)
from gnn.configs.neighbors import NeighborGraphConfig, as_neighbor_graph_config
from gnn.configs.session_columns import SessionColumns
from gnn.configs.sessions import SessionGraphConfig, as_session_graph_config

__all__ = [
    "AdvNeighborConfig",
    "AdvRegConfig",
    "DistanceConfig",
    "DistanceType",
    "GraphNeighborConfig",
    "GraphRegConfig",
    "NeighborGraphConfig",
    "NormType",
    "PairWeights",
    "SessionColumns",
    "SessionGraphConfig",
    "TransformType",
    "VatRegConfig",
    "as_adv_neighbor_config",
    "as_adv_reg_config",
    "as_distance_config",
    "as_graph_reg_config",
    "as_neighbor_config",
    "as_neighbor_graph_config",
    "as_pair_weights",
    "as_session_graph_config",
    "as_vat_reg_config",
]
