"""The rows: every public Keras layer and model, in its variants, as the general checks take it.

A new class is one row here, and with it goes through every test of this folder.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

import keras
import numpy as np
from scipy import sparse

from gnn.configs import (
    AdvNeighborConfig,
    AdvRegConfig,
    DistanceConfig,
    GraphRegConfig,
    PairWeights,
    VatRegConfig,
)
from gnn.graphs.graph import Graph
from gnn.layers import (
    APPNPPropagation,
    AttentionPool,
    DAGNNPropagation,
    DropNode,
    EmbeddingTable,
    EquiangularSoftmax,
    FeatureDense,
    FeatureDropout,
    GATConv,
    GATv2Conv,
    GCNConv,
    GCNIIConv,
    GINConv,
    GlobalPool,
    GraphLayer,
    GraphRegularization,
    GRUUpdate,
    MessagePassing,
    MixedOrderPropagation,
    NodeBatchNormalization,
    SAGEConv,
    SampledSoftmax,
    SampledSoftmaxLoss,
    SGConv,
    SmallConvnet,
    StagedLayer,
)
from gnn.models import (
    AdversarialRegularizationModel,
    AgreementModel,
    APPNPNodeClassifier,
    BeliefAgreement,
    ColumnEncoder,
    DAGNNNodeClassifier,
    GATNodeClassifier,
    GATv2NodeClassifier,
    GCNIINodeClassifier,
    GINNodeClassifier,
    GRANDNodeClassifier,
    GraphClassifier,
    GraphConvolutionalNodeClassifier,
    GraphRegressor,
    GraphRegularizationModel,
    ImageEmbeddingModel,
    JointClassifier,
    MPNNNodeClassifier,
    NodeClassifier,
    NodeGraphModel,
    SAGENodeClassifier,
    SGCNodeClassifier,
)
from tests.conformance.user_models import (
    NUM_CLASSES,
    TOKENS,
    WIDTHS,
    CommNetModel,
    CosineAgreement,
    FirstOfPair,
    LayerHost,
    PoolHost,
    ScaledSum,
    StagedClassifier,
    TwoSums,
    directed,
    encoder,
    logarithms,
    masked_text,
    mlp,
    normalized,
    of_columns,
    sampled_classes,
    two_inputs,
    two_outputs,
)

NUM_NODES = 60

# 38 rows in batches of 8 are 5 steps, the last one of 6 rows; 7 nodes have no split.
SPLITS = {"train": np.arange(38)[::-1], "validation": np.arange(38, 53)}


def make_graph(*names: str, as_sparse: bool = False) -> Graph:
    """A random weighted graph with the named features, labels to learn, and a lonely node."""
    rng = np.random.default_rng(5)
    labels = rng.integers(0, NUM_CLASSES, NUM_NODES)
    features: dict[str, Any] = {}
    for name in names:
        centers = rng.normal(size=(NUM_CLASSES, WIDTHS[name]))
        values = centers[labels] + 0.7 * rng.normal(size=(NUM_NODES, WIDTHS[name]))
        if as_sparse:
            values = np.where(np.abs(values) > 0.5, values, 0.0)
        features[name] = sparse.csr_array(values) if as_sparse else values
    senders, receivers = rng.integers(0, NUM_NODES - 1, (2, 100))  # Never the last node.
    return Graph.from_edges(
        senders,
        receivers,
        features,
        weights=rng.uniform(0.5, 2.0, 100),
        labels=labels,
        splits=SPLITS,
        undirected=True,
    )


def make_texts() -> Graph:
    """The graph of `make_graph` with texts of one to four words, the first of which says more."""
    graph = make_graph("x")
    rng = np.random.default_rng(6)
    words = rng.integers(4, 9, (NUM_NODES, TOKENS))
    words[np.arange(TOKENS) >= rng.integers(1, TOKENS + 1, NUM_NODES)[:, np.newaxis]] = 0
    words[:, 0] = 1 + graph.labels
    return dataclasses.replace(graph, features={"x": words.astype(np.int32)})


def make_images() -> Graph:
    """The graph of `make_graph` with gray images of 4 x 4 pixels, brighter at the label's row."""
    graph = make_graph("x")
    images = np.random.default_rng(7).integers(0, 120, (NUM_NODES, 4, 4, 1))
    images[np.arange(NUM_NODES), graph.labels] += 120
    return dataclasses.replace(graph, features={"x": images.astype(np.uint8)})


@dataclasses.dataclass(frozen=True)
class Row:
    """One public class in one variant.

    Attributes:
        name: of the variant.
        kind: the public class that this row puts through the checks.
        make: dropout rate -> a new model that is `kind`, or holds a layer that is.
        graph: the graph that the model learns.
        has_graph_loss: whether the history has the graph loss.
        other_losses: further losses in the history.
        output: the output that is trained, where the outputs are a dict.
        uses_edges: whether outputs or losses hang on the edges.
        known_labels: the split whose labels the graph loss looks at, or None.
        make_layer: for a row of a layer, dropout rate and keywords -> the layer alone.
        by_replica: whether each replica looks at its own rows, as Keras' batch normalization does,
            so that several devices do not train as one.
        joined: whether it trains in one model with others of its graph, and not alone.
        contrasts: whether its loss has random pairs of a batch, which hang on the batch.
        parts: of several layers or models in one, the row of each.
        also: further public classes that the model holds.
        loss: of the output; None is the cross-entropy of logits.
    """

    name: str
    kind: type
    make: Callable[[float], keras.Model]
    graph: Graph
    has_graph_loss: bool = False
    other_losses: tuple[str, ...] = ()
    output: str | None = None
    uses_edges: bool = True
    known_labels: str | None = None
    make_layer: Callable[..., keras.layers.Layer] | None = None
    by_replica: bool = False
    joined: bool = False
    contrasts: bool = False
    parts: tuple[Row, ...] = ()
    also: tuple[type, ...] = ()
    loss: Callable[[], keras.losses.Loss] | None = None

    @property
    def kinds(self) -> set[type]:
        """The public classes that the row puts through the checks."""
        return {self.kind, *self.also, *(part.kind for part in self.parts)}

    @property
    def accuracy(self) -> str:
        """The key of the accuracy in the history."""
        # A dict of one output alone, of which that loss is, is not named in the history.
        is_named = self.output is not None and self.loss is None
        return f"{self.output}_accuracy" if is_named else "accuracy"

    def compiled(self, dropout: float = 0.0, seed: int = 1, **kwargs: Any) -> keras.Model:
        """A new compiled model; the same seed gives the same weights."""
        keras.utils.set_random_seed(seed)
        model = self.make(dropout)
        loss: Any = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
        loss = loss if self.loss is None else self.loss()
        metrics: Any = ["accuracy"]
        if self.output is not None:
            loss, metrics = {self.output: loss}, {self.output: metrics}
        model.compile(keras.optimizers.SGD(0.01, 0.9), loss, metrics=metrics, **kwargs)
        return model


# The rows.

_X, _XY = make_graph("x"), make_graph("x", "y")
_TEXT = make_texts()
_SPARSE = make_graph("x", as_sparse=True)
_IMAGES = make_images()
_L2 = GraphRegConfig(multiplier=0.1)
_PAIRS = PairWeights(0.5, 1.0, 0.7)
_NEAR = AdvNeighborConfig(adv_step_size=0.1)
_ADVERSARIAL = AdvRegConfig(0.3, _NEAR)
# A long step and a large difference, so that rounding stays out of the comparisons.
_VIRTUAL = VatRegConfig(
    0.1, AdvNeighborConfig(adv_step_size=1.0), approx_difference=0.5, entropy_multiplier=0.1
)
_CONTRAST = GraphRegConfig(multiplier=0.1, contrast=1.0)
_KL = GraphRegConfig(multiplier=0.3, distance_config=DistanceConfig("kl_divergence", "softmax"))


def _layer_row(
    name: str,
    kind: type,
    make_layer: Callable[..., keras.layers.Layer],
    on_features: bool = False,
    **fields: Any,
) -> Row:
    def make(dropout: float) -> keras.Model:
        return LayerHost([make_layer(dropout)], dropout, on_features)

    graph = _SPARSE if on_features else _X
    return Row(name, kind, make, graph, make_layer=make_layer, **fields)


def _pool_row(name: str, kind: type, make_pool: Callable[[], keras.layers.Layer]) -> Row:
    return Row(name, kind, lambda dropout: PoolHost([make_pool()], dropout), _X)


def _host_of_layers(rows: list[Row], dropout: float) -> keras.Model:
    layers = [row.make_layer(dropout, name=row.name) for row in rows if row.make_layer]
    return LayerHost(layers, dropout, on_features=rows[0].graph is _SPARSE)


def _host_of_pools(rows: list[Row], dropout: float) -> keras.Model:
    pools = [pool for row in rows for pool in row.make(dropout).hosted]
    return PoolHost(pools, dropout)


def _joint(rows: list[Row], dropout: float) -> keras.Model:
    return JointClassifier([row.make(dropout) for row in rows])


def _side_by_side(
    name: str, rows: list[Row], join: Callable[[list[Row], float], keras.Model]
) -> Row:
    """One row of several in one model: to trace a step costs more than what is in it.

    Where a check compares weights, it names the layer that is wrong.
    """
    return Row(
        name,
        JointClassifier if join is _joint else keras.layers.Layer,
        lambda dropout: join(rows, dropout),
        rows[0].graph,
        has_graph_loss=any(row.has_graph_loss for row in rows),
        other_losses=tuple(sorted({loss for row in rows for loss in row.other_losses})),
        uses_edges=any(row.uses_edges for row in rows),
        parts=tuple(rows),
    )


def _grand(dropout: float, **arguments: Any) -> GRANDNodeClassifier:
    rates = {"dropout_rate": dropout, "input_dropout": dropout, "drop_node_rate": dropout}
    return GRANDNodeClassifier(
        num_classes=NUM_CLASSES, hidden_units=8, hops=2, draws=2, **rates, **arguments
    )


EACH = [
    Row(
        "graph_regularization_mlp",
        GraphRegularizationModel,
        lambda dropout: GraphRegularizationModel(_L2, lambda: mlp(dropout)),
        _X,
        has_graph_loss=True,
        joined=True,
    ),
    Row(
        "graph_regularization_contrast",
        GraphRegularizationModel,
        lambda dropout: GraphRegularizationModel(
            _CONTRAST, lambda: mlp(dropout), regularize="probabilities"
        ),
        _X,
        has_graph_loss=True,
        by_replica=True,
        contrasts=True,
    ),
    Row(
        "graph_regularization_two_inputs",
        GraphRegularizationModel,
        lambda dropout: GraphRegularizationModel(
            _KL, lambda: two_inputs(dropout), agreement_model=CosineAgreement()
        ),
        _XY,
        has_graph_loss=True,
        joined=True,
    ),
    Row(
        "graph_regularization_pair_weights",
        GraphRegularizationModel,
        lambda dropout: GraphRegularizationModel(
            _L2,
            lambda: two_outputs(dropout),
            agreement_model=CosineAgreement(),
            pair_weights=_PAIRS,
        ),
        _XY,
        has_graph_loss=True,
        output="logits",
        known_labels="train",
    ),
    Row(
        "graph_regularization_embedding",
        GraphRegularizationModel,
        lambda dropout: GraphRegularizationModel(
            _L2, lambda: two_outputs(dropout), regularize="embedding"
        ),
        _XY,
        has_graph_loss=True,
        output="logits",
        joined=True,
    ),
    Row(
        "graph_regularization_batch_normalization",
        GraphRegularizationModel,
        lambda dropout: GraphRegularizationModel(_L2, lambda: normalized(dropout)),
        _X,
        has_graph_loss=True,
        by_replica=True,
    ),
    Row(
        "graph_regularization_masked_text",
        GraphRegularizationModel,
        lambda dropout: GraphRegularizationModel(_L2, lambda: masked_text(dropout)),
        _TEXT,
        has_graph_loss=True,
    ),
    Row(
        "graph_regularization_of_columns",
        ColumnEncoder,
        lambda dropout: GraphRegularizationModel(_L2, lambda: of_columns(dropout)),
        _X,
        has_graph_loss=True,
        joined=True,
    ),
    Row(
        "graph_regularization_equiangular",
        EquiangularSoftmax,
        lambda dropout: GraphRegularizationModel(_L2, lambda: directed(dropout)),
        _X,
        has_graph_loss=True,
        joined=True,
    ),
    Row(
        "image_embedding_sampled_of_table",
        ImageEmbeddingModel,
        lambda dropout: GraphRegularizationModel(
            _L2, lambda: sampled_classes(dropout), regularize="embedding"
        ),
        _TEXT,
        has_graph_loss=True,
        output="embedding",
        also=(EmbeddingTable, SampledSoftmax),
        loss=SampledSoftmaxLoss,
    ),
    Row(
        "gcn_of_logarithms",
        GraphConvolutionalNodeClassifier,
        lambda dropout: GraphConvolutionalNodeClassifier(
            num_classes=NUM_CLASSES,
            hidden_units=8,
            dropout_rate=dropout,
            node_model_fn=lambda: logarithms(dropout),
        ),
        _X,
        joined=True,
    ),
    Row(
        "gcn",
        GraphConvolutionalNodeClassifier,
        lambda dropout: GraphConvolutionalNodeClassifier(
            num_classes=NUM_CLASSES, hidden_units=8, dropout_rate=dropout
        ),
        _SPARSE,
        joined=True,
    ),
    Row(
        "gcn_encoded_regularized",
        GraphConvolutionalNodeClassifier,
        lambda dropout: GraphConvolutionalNodeClassifier(
            num_classes=NUM_CLASSES,
            hidden_units=(8, 5),
            dropout_rate=dropout,
            node_model_fn=lambda: encoder(dropout),
            config=_L2,
            kernel_regularizer=keras.regularizers.L2(2.5e-4),
        ),
        _X,
        has_graph_loss=True,
        joined=True,
    ),
    Row(
        "gcn_agreement",
        GraphConvolutionalNodeClassifier,
        lambda dropout: GraphConvolutionalNodeClassifier(
            num_classes=NUM_CLASSES,
            hidden_units=8,
            dropout_rate=dropout,
            config=_L2,
            agreement_model=AgreementModel((4,)),
            pair_weights=_PAIRS,
        ),
        _SPARSE,
        has_graph_loss=True,
        known_labels="train",
    ),
    Row(
        "virtual_adversarial_two_outputs",
        AdversarialRegularizationModel,
        lambda dropout: AdversarialRegularizationModel(
            lambda: two_outputs(dropout),
            {
                "adv_neighbor_config": {
                    "adv_step_size": 0.1,
                    "pgd_iterations": 2,
                    "pgd_epsilon": 0.15,
                    "feature_mask": {"y": [0.0, 1.0, 0.5, 1.0]},
                    "clip_value_max": 3.0,
                }
            },
            _VIRTUAL,
            graph_config=_KL,
            agreement_model=CosineAgreement(),
            seed=2,
        ),
        _XY,
        has_graph_loss=True,
        other_losses=("adversarial_loss", "virtual_adversarial_loss", "entropy_loss"),
        output="logits",
    ),
    Row(
        "virtual_adversarial_gcn",
        AdversarialRegularizationModel,
        lambda dropout: AdversarialRegularizationModel(
            lambda: GraphConvolutionalNodeClassifier(
                num_classes=NUM_CLASSES, hidden_units=8, dropout_rate=dropout, config=_L2
            ),
            _ADVERSARIAL,
            _VIRTUAL,
            seed=3,
        ),
        _SPARSE,
        has_graph_loss=True,
        other_losses=("adversarial_loss", "virtual_adversarial_loss", "entropy_loss"),
    ),
    Row(
        "agreement_model",
        AgreementModel,
        lambda dropout: GraphRegularizationModel(
            _KL,
            lambda: two_inputs(dropout),
            agreement_model=AgreementModel((4,), "project_add"),
        ),
        _XY,
        has_graph_loss=True,
        joined=True,
    ),
    Row(
        "belief_agreement",
        BeliefAgreement,
        lambda dropout: GraphRegularizationModel(
            _L2, lambda: mlp(dropout), agreement_model=BeliefAgreement(prior=0.6)
        ),
        _X,
        has_graph_loss=True,
        joined=True,
    ),
    Row(
        "perceptron_of_sparse",
        FeatureDense,
        lambda dropout: JointClassifier(
            [keras.Sequential([FeatureDropout(dropout, seed=7), FeatureDense(NUM_CLASSES)])]
        ),
        _SPARSE,
        uses_edges=False,
        joined=True,
    ),
    Row(
        "convnet_of_images",
        SmallConvnet,
        lambda dropout: JointClassifier(
            [
                keras.Sequential(
                    [
                        SmallConvnet(6, filters=(4,), shift=0.0, seed=7),
                        keras.layers.Dropout(dropout, seed=7),
                        keras.layers.Dense(NUM_CLASSES),
                    ]
                )
            ]
        ),
        _IMAGES,
        uses_edges=False,
    ),
    Row(
        "joint_perceptrons",
        JointClassifier,
        lambda dropout: JointClassifier([mlp(dropout), mlp(dropout)]),
        _X,
        uses_edges=False,
    ),
    Row(
        "slides_comm_net",
        NodeGraphModel,
        lambda dropout: CommNetModel(dropout=dropout),
        _X,
        joined=True,
    ),
    _layer_row(
        "gcn_conv",
        GCNConv,
        lambda _, **kwargs: GCNConv(
            9,  # More than the 6 that come; the classifiers narrow.
            activation="tanh",
            use_bias=True,
            kernel_initializer=keras.initializers.HeNormal(seed=3),
            kernel_regularizer=keras.regularizers.L1(1e-3),
            bias_initializer="ones",
            **kwargs,
        ),
    ),
    _layer_row(
        "feature_dropout",
        FeatureDropout,
        lambda dropout, **kwargs: FeatureDropout(dropout, seed=7, **kwargs),
        uses_edges=False,
    ),
    _layer_row(
        "feature_dense",
        FeatureDense,
        lambda _, **kwargs: FeatureDense(5, activation="tanh", **kwargs),
        on_features=True,
        uses_edges=False,
    ),
    _layer_row("graph_layer", GraphLayer, lambda _, **kwargs: ScaledSum(**kwargs)),
    _layer_row(
        "graph_regularization_layer",
        GraphRegularization,
        lambda _, **kwargs: GraphRegularization(_L2, **kwargs),
        has_graph_loss=True,
    ),
    _layer_row(
        "sage_conv_mean",
        SAGEConv,
        lambda _, **kwargs: SAGEConv(
            9,  # More than the 6 that come; the classifiers narrow.
            normalize=True,
            activation="tanh",
            use_bias=True,
            kernel_initializer=keras.initializers.HeNormal(seed=3),
            kernel_regularizer=keras.regularizers.L1(1e-3),
            **kwargs,
        ),
    ),
    _layer_row(
        "sage_conv_max",
        SAGEConv,
        lambda _, **kwargs: SAGEConv(
            5, aggregator="max", pool_units=7, pool_activation="tanh", **kwargs
        ),
        on_features=True,
    ),
    _layer_row(
        "gat_conv",
        GATConv,
        lambda dropout, **kwargs: GATConv(
            3, heads=2, attention_dropout=dropout, activation="elu", seed=5, **kwargs
        ),
        on_features=True,
    ),
    _layer_row(
        "gat_v2_conv",
        GATv2Conv,
        lambda dropout, **kwargs: GATv2Conv(
            3, heads=2, concat=False, attention_dropout=dropout, seed=5, **kwargs
        ),
    ),
    _layer_row(
        "gin_conv",
        GINConv,
        lambda _, **kwargs: GINConv(5, epsilon=0.1, train_epsilon=True, **kwargs),
        on_features=True,
    ),
    _layer_row(
        "gin_conv_mlp",
        GINConv,
        lambda _, dtype=None, **kwargs: GINConv(
            mlp_fn=lambda: keras.layers.Dense(5, activation="tanh", dtype=dtype),
            dtype=dtype,
            **kwargs,
        ),
    ),
    _layer_row(
        "node_batch_normalization",
        NodeBatchNormalization,
        lambda _, **kwargs: NodeBatchNormalization(momentum=0.8, **kwargs),
        uses_edges=False,
    ),
    _layer_row(
        "message_passing",
        MessagePassing,
        lambda _, dtype=None, **kwargs: MessagePassing(
            lambda: keras.layers.Dense(4, activation="tanh", dtype=dtype),
            lambda: GRUUpdate(6, dtype=dtype),
            reduce="mean",
            dtype=dtype,
            **kwargs,
        ),
    ),
    _layer_row(
        "gru_update",
        GRUUpdate,
        lambda _, **kwargs: GRUUpdate(4, **kwargs),
        uses_edges=False,
    ),
    Row(
        "sage",
        SAGENodeClassifier,
        lambda dropout: SAGENodeClassifier(
            num_classes=NUM_CLASSES, hidden_units=8, dropout_rate=dropout, aggregator="max"
        ),
        _SPARSE,
        joined=True,
    ),
    Row(
        "gat",
        GATNodeClassifier,
        lambda dropout: GATNodeClassifier(
            num_classes=NUM_CLASSES,
            hidden_units=4,
            heads=2,
            output_heads=3,
            dropout_rate=dropout,
            attention_dropout=dropout,
            config=_L2,
            kernel_regularizer=keras.regularizers.L2(2.5e-4),
        ),
        _SPARSE,
        has_graph_loss=True,
        joined=True,
    ),
    Row(
        "gat_v2",
        GATv2NodeClassifier,
        lambda dropout: GATv2NodeClassifier(
            num_classes=NUM_CLASSES,
            hidden_units=4,
            heads=2,
            dropout_rate=dropout,
            attention_dropout=dropout,
        ),
        _SPARSE,
        joined=True,
    ),
    Row(
        "gin",
        GINNodeClassifier,
        lambda dropout: GINNodeClassifier(
            num_classes=NUM_CLASSES,
            hidden_units=7,
            dropout_rate=dropout,
            train_epsilon=True,
            config=_L2,
        ),
        _SPARSE,
        has_graph_loss=True,  # After an exchange of replicas, in its batch normalization.
        joined=True,
    ),
    Row(
        "mpnn",
        MPNNNodeClassifier,
        lambda dropout: MPNNNodeClassifier(
            num_classes=NUM_CLASSES, hidden_units=8, dropout_rate=dropout, steps=2
        ),
        _SPARSE,
        joined=True,
    ),
    _pool_row("global_pool", GlobalPool, lambda: GlobalPool("mean")),
    _pool_row("global_pool_max", GlobalPool, lambda: GlobalPool("max")),
    _pool_row(
        "attention_pool",
        AttentionPool,
        lambda: AttentionPool(
            5, kernel_initializer=keras.initializers.HeNormal(seed=3), kernel_regularizer="l2"
        ),
    ),
    Row(
        "graph_classifier",
        GraphClassifier,
        lambda dropout: GraphClassifier(
            num_classes=NUM_CLASSES, hidden_units=(8, 5), dropout_rate=dropout
        ),
        _SPARSE,
    ),
    Row(
        "graph_regressor",
        GraphRegressor,
        lambda dropout: GraphRegressor(
            NUM_CLASSES,
            hidden_units=8,
            layer_fn=lambda units: [
                GCNConv(units),
                keras.layers.Activation("tanh"),
                keras.layers.Dropout(dropout),
            ],
            pool=lambda: AttentionPool(5),
            jumping_knowledge=False,
            dropout_rate=dropout,
            node_model_fn=lambda: encoder(dropout),
        ),
        _X,
    ),
    _layer_row(
        "sg_conv",
        SGConv,
        lambda _, **kwargs: SGConv(
            5, hops=2, activation="tanh", kernel_initializer="he_normal", **kwargs
        ),
        on_features=True,
    ),
    _layer_row(
        "appnp_propagation",
        APPNPPropagation,
        lambda dropout, **kwargs: APPNPPropagation(
            3, teleport=0.2, edge_dropout=dropout, seed=3, **kwargs
        ),
    ),
    _layer_row(
        "dagnn_propagation",
        DAGNNPropagation,
        lambda _, **kwargs: DAGNNPropagation(
            3, kernel_regularizer=keras.regularizers.L2(1e-3), **kwargs
        ),
    ),
    _layer_row(
        "gcnii_conv",
        GCNIIConv,
        lambda _, dtype=None, **kwargs: FirstOfPair(
            GCNIIConv(2, 0.2, 1.0, activation="tanh", dtype=dtype), dtype=dtype, **kwargs
        ),
    ),
    _layer_row(
        "drop_node",
        DropNode,
        lambda dropout, **kwargs: DropNode(dropout, seed=7, **kwargs),
        uses_edges=False,
    ),
    _layer_row(
        "mixed_order_propagation",
        MixedOrderPropagation,
        lambda _, **kwargs: MixedOrderPropagation(3, **kwargs),
    ),
    _layer_row("staged_layer", StagedLayer, lambda _, **kwargs: TwoSums(**kwargs)),
    Row(
        "own_stages",
        NodeClassifier,
        lambda dropout: StagedClassifier(
            num_classes=NUM_CLASSES, hidden_units=8, dropout_rate=dropout, config=_L2
        ),
        _XY,
        has_graph_loss=True,
        joined=True,
    ),
    Row(
        "sgc",
        SGCNodeClassifier,
        lambda dropout: SGCNodeClassifier(
            num_classes=NUM_CLASSES,
            dropout_rate=dropout,
            config=_KL,
            kernel_regularizer=keras.regularizers.L2(1e-3),
        ),
        _SPARSE,
        has_graph_loss=True,
        joined=True,
    ),
    Row(
        "appnp",
        APPNPNodeClassifier,
        lambda dropout: APPNPNodeClassifier(
            num_classes=NUM_CLASSES, hidden_units=8, dropout_rate=dropout, hops=3, teleport=0.2
        ),
        _SPARSE,
        joined=True,
    ),
    Row(
        "dagnn",
        DAGNNNodeClassifier,
        lambda dropout: DAGNNNodeClassifier(
            num_classes=NUM_CLASSES,
            hidden_units=(8, 6),
            dropout_rate=dropout,
            hops=3,
            node_model_fn=lambda: encoder(dropout),
            kernel_regularizer=keras.regularizers.L2(1e-3),
        ),
        _X,
        joined=True,
    ),
    Row(
        "gcnii",
        GCNIINodeClassifier,
        lambda dropout: GCNIINodeClassifier(
            num_classes=NUM_CLASSES,
            hidden_units=8,
            dropout_rate=dropout,
            depth=2,
            convolution_regularizer=keras.regularizers.L2(1e-3),
        ),
        _SPARSE,
        joined=True,
    ),
    Row(
        "grand",
        GRANDNodeClassifier,
        lambda dropout: _grand(dropout, config=_L2),
        _SPARSE,
        has_graph_loss=True,
        other_losses=("consistency_loss",),
        joined=True,
    ),
]

LAYER_ROWS = [row for row in EACH if row.make_layer is not None]
MODEL_ROWS = [row for row in EACH if row.make_layer is None]

TOGETHER = [
    _side_by_side(
        "layers",
        [row for row in LAYER_ROWS if row.graph is _X and row.uses_edges],
        _host_of_layers,
    ),
    _side_by_side(
        "layers_without_edges",
        [row for row in LAYER_ROWS if row.graph is _X and not row.uses_edges],
        _host_of_layers,
    ),
    _side_by_side(
        "layers_on_sparse",
        [row for row in LAYER_ROWS if row.graph is _SPARSE],
        _host_of_layers,
    ),
    _side_by_side(
        "pools",
        [row for row in MODEL_ROWS if row.kind in (GlobalPool, AttentionPool)],
        _host_of_pools,
    ),
    *(
        _side_by_side(
            name, [row for row in MODEL_ROWS if row.joined and row.graph is graph], _joint
        )
        for name, graph in (("on_sparse", _SPARSE), ("on_x", _X), ("on_two_features", _XY))
    ),
]

# What the checks of training take: a row of each model that trains alone, and those of several.
ROWS = [
    *(row for row in MODEL_ROWS if all(row not in several.parts for several in TOGETHER)),
    *TOGETHER,
]
