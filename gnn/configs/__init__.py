"""Configurations: what the neighbors are, how far apart, how heavy, and adversarial neighbors.

The classes have the names, fields and defaults of Neural Structured Learning's, and the ``as_``
functions take NSL's own objects too. They are recognized by their attributes, so that nothing
here imports NSL or TensorFlow.
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

__all__ = [
    "AdvNeighborConfig",
    "AdvRegConfig",
    "DistanceConfig",
    "DistanceType",
    "GraphNeighborConfig",
    "GraphRegConfig",
    "NormType",
    "PairWeights",
    "TransformType",
    "VatRegConfig",
    "as_adv_neighbor_config",
    "as_adv_reg_config",
    "as_distance_config",
    "as_graph_reg_config",
    "as_neighbor_config",
    "as_pair_weights",
    "as_vat_reg_config",
]
