"""Graph-structured learning for Keras 3: models that learn from features and from a graph.

The parts, each of which may import from those after it:

- `gnn.cli`: the command `gnn`.
- `gnn.runs`: recipes by name, and runs that are resumed, judged and shipped.
- `gnn.pipelines`: edges and graphs of data on a cluster, by Apache Spark.
- `gnn.cotraining`: a classifier and an agreement model trained in turn. `gnn.distillation`: what a
  model of a graph knows, in one of features.
- `gnn.training`: callbacks of one fit. `gnn.nsl`: Neural Structured Learning's own API.
- `gnn.models`, `gnn.plots`, `gnn.retrieval`: Keras models over graphs, for `compile` and `fit`;
  pictures; an index of embeddings.
- `gnn.layers`, `gnn.data`, `gnn.datasets`, `gnn.explain`, `gnn.evaluation`: what models are made
  of, their batches, data sets to start from, explanations, and nearest neighbors.
- `gnn.graphs`: the `Graph` and what is done with one. `gnn.losses`: losses of embeddings.
- `gnn.edges`, `gnn.ops`: edges from records, tables and matrices; pure tensor functions.
- `gnn.configs`, `gnn.files`, `gnn.tables`: the settings of losses; what is written, whole or not at
  all; tables in files and in memory, read in chunks.

`gnn.cotraining`, `gnn.datasets`, `gnn.distillation`, `gnn.explain`, `gnn.nsl`, `gnn.pipelines`,
`gnn.plots`, `gnn.retrieval`, `gnn.runs` and `gnn.training` are imported when first used.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from gnn._environment import check_keras, is_command, is_spark_worker, prefer_fast_products

prefer_fast_products()

if TYPE_CHECKING or not (is_command() or is_spark_worker()):
    check_keras()

    from gnn import configs, data, evaluation, graphs, layers, losses, models, ops
    from gnn.configs import (
        AdvNeighborConfig,
        AdvRegConfig,
        DistanceConfig,
        DistanceType,
        GraphNeighborConfig,
        GraphRegConfig,
        NeighborGraphConfig,
        NormType,
        PairWeights,
        SessionGraphConfig,
        TransformType,
        VatRegConfig,
    )
    from gnn.data import make_cora_dataset, pack_nodes_and_edges
    from gnn.graphs import Graph
    from gnn.models import (
        AdversarialRegularizationModel,
        AgreementModel,
        BeliefAgreement,
        ColumnEncoder,
        GraphClassifier,
        GraphConvolutionalNodeClassifier,
        GraphLossWarning,
        GraphRegressor,
        GraphRegularizationModel,
        ImageEmbeddingModel,
        JointClassifier,
        NodeGraphModel,
        adversarial_examples,
    )

if TYPE_CHECKING:
    from gnn import (
        cotraining,
        datasets,
        distillation,
        explain,
        nsl,
        pipelines,
        plots,
        retrieval,
        runs,
        training,
    )
    from gnn.cotraining import CoTrainConfig, CoTrainer
    from gnn.distillation import distill
    from gnn.retrieval import RetrievalIndex

__version__ = "0.1.0"

__all__ = [
    "AdvNeighborConfig",
    "AdvRegConfig",
    "AdversarialRegularizationModel",
    "AgreementModel",
    "BeliefAgreement",
    "CoTrainConfig",
    "CoTrainer",
    "ColumnEncoder",
    "DistanceConfig",
    "DistanceType",
    "Graph",
    "GraphClassifier",
    "GraphConvolutionalNodeClassifier",
    "GraphLossWarning",
    "GraphNeighborConfig",
    "GraphRegConfig",
    "GraphRegularizationModel",
    "GraphRegressor",
    "ImageEmbeddingModel",
    "JointClassifier",
    "NeighborGraphConfig",
    "NodeGraphModel",
    "NormType",
    "PairWeights",
    "RetrievalIndex",
    "SessionGraphConfig",
    "TransformType",
    "VatRegConfig",
    "__version__",
    "adversarial_examples",
    "configs",
    "cotraining",
    "data",
    "datasets",
    "distill",
    "distillation",
    "evaluation",
    "explain",
    "graphs",
    "layers",
    "losses",
    "make_cora_dataset",
    "models",
    "nsl",
    "ops",
    "pack_nodes_and_edges",
    "pipelines",
    "plots",
    "retrieval",
    "runs",
    "training",
]

_LAZY = (
    "cotraining",
    "datasets",
    "distillation",
    "explain",
    "nsl",
    "pipelines",
    "plots",
    "retrieval",
    "runs",
    "training",
)
# The modules that are imported with the package, where it is no executor of Spark.
_HOMES = ("configs", "data", "evaluation", "graphs", "layers", "losses", "models", "ops")
# Names whose module is imported when they are first used.
_LAZY_NAMES = {
    "CoTrainConfig": "cotraining",
    "CoTrainer": "cotraining",
    "RetrievalIndex": "retrieval",
    "distill": "distillation",
}


def __getattr__(name: str) -> Any:
    if name in _LAZY:
        return importlib.import_module(f"{__name__}.{name}")
    if name in _LAZY_NAMES:
        return getattr(importlib.import_module(f"{__name__}.{_LAZY_NAMES[name]}"), name)
    if name in __all__:  # An executor of Spark has imported nothing yet.
        for home in _HOMES:
            module = importlib.import_module(f"{__name__}.{home}")
            if name == home or name in module.__all__:
                return module if name == home else getattr(module, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *_LAZY, *_LAZY_NAMES})
