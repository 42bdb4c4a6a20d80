"""Adversarial and virtual adversarial regularization of any Keras model, graph networks too."""

from __future__ import annotations

import contextlib
import contextvars
import dataclasses
import random
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import keras
import tensorflow as tf

from gnn.configs import AdvNeighborConfig, as_adv_reg_config, as_vat_reg_config
from gnn.configs.arguments import check_count
from gnn.graphs.batch.graphs_tuple import BatchGraph
from gnn.graphs.batch.keys import GRAPH_KEYS
from gnn.graphs.batch.which_nodes import real_nodes
from gnn.layers.mean_loss import MeanLossLayer, without_mean_losses
from gnn.models.adversarial.perturbed_network import (
    mean_of_real,
    network_of,
    perturbed_features,
    rows_of,
    with_features,
)
from gnn.models.base.fed_by_id import on_whole_batches
from gnn.models.base.graph_call import graph_of_rows
from gnn.models.base.supervision import supervision
from gnn.models.node_graph_model import NodeGraphModel
from gnn.models.node_models import build_node_model, restored_config, wrapped_config
from gnn.ops.adversarial import Rows, adversarial_neighbors, finite_gradients
from gnn.ops.distances import pairwise_distance
from gnn.ops.virtual_adversarial import entropies, virtual_adversarial_neighbors

# What random numbers are for: two losses of a step draw their own.
_ADVERSARIAL, _VIRTUAL, _PURPOSES = 0, 1, 2


@dataclasses.dataclass(frozen=True)
class _Step:
    """What a training or evaluation step knows that `call` is not given."""

    labels: Any
    sample_weight: Any
    has_graph: bool = False
    class_weights: tuple[float, ...] | None = None


# Not an attribute: the replicas of a strategy are threads that share the model.
_STEP: contextvars.ContextVar[_Step | None] = contextvars.ContextVar("step", default=None)


@keras.saving.register_keras_serializable(package="gnn")
class AdversarialRegularizationModel(NodeGraphModel):
    """Trains a model to predict the same close to the training data, in the worst direction.

    Adversarial regularization (`config`) adds `multiplier * L(y, f(x'))`, L your loss and x' the
    adversarial neighbor of x: `x' = clip(x + step * s)`, s the direction of norm 1 in which L grows
    most (Goodfellow et al., "Explaining and harnessing adversarial examples", ICLR 2015), or
    projected gradient descent (`gnn.ops.adversarial_neighbors`). It succeeds the class
    `AdversarialRegularization` of Neural Structured Learning; labels are labels here, and the model
    is the base model too. Virtual adversarial training (`virtual_config`) adds
    `multiplier * d(f(x), f(x + r))` for all nodes of the batch, labeled or not, r the direction in
    which the outputs change most, and `entropy_multiplier` times the entropy of f(x) (Miyato et
    al., "Virtual adversarial training", TPAMI 2019; `gnn.ops.virtual_adversarial_neighbors`).

    Of a graph network the features of all nodes are perturbed, each node within its own ball. The
    graph loss joins in by `graph_config`, or comes with the node model. Predictions, `evaluate`'s
    metrics, `.keras` files and exports are those of the node model. The history has
    `adversarial_loss`, `virtual_adversarial_loss` and `entropy_loss`, each before its weight.

    Float features are perturbed, others left alone. A perturbation of a sparse feature has no
    zeros, so the feature is made dense; a `feature_mask` of 0 keeps one out, and sparse.

    Args:
        node_model_fn: a function that returns the node model, a Keras layer or model, or a
            `gnn.NodeGraphModel` of nodes such as a GCN. It is called once.
        config: a `gnn.AdvRegConfig`, NSL's, or a dict of one. None means no adversarial loss, but
            the defaults where `virtual_config` is None too.
        virtual_config: a `gnn.VatRegConfig`, NSL's `VirtualAdvConfig`, or a dict of one. The
            passes that it adds are without dropout, which would hide how little a small
            perturbation changes.
        graph_config: a `gnn.GraphRegConfig`, NSL's, or a dict of one: adds the graph loss of
            `gnn.GraphRegularizationModel` where the batch has edges.
        agreement_model, pair_weights: as there; with `graph_config` only.
        regularize: what the graph loss and the virtual adversarial loss compare, as there.
        seed: int from 0 to 2**31 - 1, of the random directions; drawn if None.

    Raises:
        TypeError: `node_model_fn` returns something other than a Keras layer, or a model that has
            no outputs of nodes, or other ones in training than in inference.
        ValueError: `graph_config` beside a node model that is a `gnn.NodeGraphModel`, or what
            belongs to `graph_config` without it.

    Example:

    >>> model = AdversarialRegularizationModel(lambda: keras.layers.Dense(2), {"multiplier": 0.5})
    >>> model.compile("sgd", keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    >>> history = model.fit(tf.ones([4, 3]), tf.constant([0, 1, 1, 0]), verbose=0)
    >>> sorted(history.history)
    ['adversarial_loss', 'loss']
    """

    def __init__(
        self,
        node_model_fn: Callable[[], keras.layers.Layer],
        config: Any = None,
        virtual_config: Any = None,
        graph_config: Any = None,
        agreement_model: keras.layers.Layer | None = None,
        regularize: str = "logits",
        pair_weights: Any = None,
        seed: int | None = None,
        **kwargs: Any,
    ):
        super().__init__(**kwargs)
        if config is None and virtual_config is None:
            config = {}
        self.config = None if config is None else as_adv_reg_config(config)
        self.virtual_config = None if virtual_config is None else as_vat_reg_config(virtual_config)
        self.regularize = regularize
        # Python's generator is the one that keras.utils.set_random_seed seeds.
        self.seed = random.randrange(2**31) if seed is None else check_count("seed", seed, 0)
        if self.seed >= 2**31:
            raise ValueError(f"seed must be below {2**31}, got {seed}")
        self.network, self._wraps = network_of(
            build_node_model(node_model_fn), graph_config, agreement_model, regularize, pair_weights
        )
        self.requires_graph = self.network.requires_graph
        self.adversarial = self.virtual = self.entropy = None
        if self.config is not None:
            multiplier = self.config.multiplier
            self.adversarial = _AddedMean("adversarial_loss", multiplier, self.config)
        if self.virtual_config is not None:
            virtual = self.virtual_config
            self.virtual = _AddedMean("virtual_adversarial_loss", virtual.multiplier, virtual)
            if virtual.entropy_multiplier > 0:
                self.entropy = _AddedMean("entropy_loss", virtual.entropy_multiplier, virtual)

    @property
    def node_model(self) -> keras.layers.Layer:
        """What `node_model_fn` returned."""
        return self.network.node_model if self._wraps else self.network

    @property
    def base_model(self) -> keras.layers.Layer:
        """The node model by the name that NSL's users know."""
        return self.node_model

    @property
    def agreement_model(self) -> keras.layers.Layer | None:
        """What weighs the edges of the graph loss."""
        return getattr(self.network, "agreement_model", None)

    def compile(self, *args: Any, **kwargs: Any) -> None:
        """Configures training as `gnn.NodeGraphModel` does."""
        super().compile(*args, **kwargs)
        if self.adversarial is not None and self.output_losses is not None:
            self.adversarial.tracked.parts = len(self.output_losses.weights)

    @on_whole_batches
    def train_step(self, data: Any) -> dict[str, Any]:
        """One step of gradient descent; returns the metrics."""
        with _step_of(data, self.class_weights):
            return super().train_step(data)

    @on_whole_batches
    def test_step(self, data: Any) -> dict[str, Any]:
        """One step of evaluation; returns the metrics."""
        with _step_of(data, class_weights=None):
            return super().test_step(data)

    def graph_call(self, graph: BatchGraph, training: bool | None = None) -> BatchGraph:
        """Calls the node model; in a step, adds the losses."""
        self.network.built = True  # It is never called itself: its layers are.
        # Keras builds a model by a call of its own.
        step = _STEP.get() if self.built else None
        if step is None or self.adversarial is None:
            outputs = self.network.apply_to(graph, training)
        else:
            outputs = self._add_adversarial_loss(self.adversarial, graph, step, training)
        if step is not None and self.virtual is not None:
            self._add_virtual_loss(self.virtual, graph)
        return outputs

    def _add_adversarial_loss(
        self, added: _AddedMean, graph: BatchGraph, step: _Step, training: bool | None
    ) -> BatchGraph:
        """Adds the loss on the adversarial neighbors; returns the outputs on the features."""
        config, mask = self._neighbor_config(graph.nodes), graph.readout_mask
        features = perturbed_features(graph, config)
        with tf.GradientTape(watch_accessed_variables=False) as tape:
            tape.watch(features)
            outputs = self.network.apply_to(with_features(graph, features), training)
            total = _total(*self._supervised(rows_of(outputs), mask, step))
        gradients = finite_gradients(tape.gradient(total, features), features)
        again = graph if self.requires_graph else self._rows_alone(graph)
        if again.readout is None and graph.readout is not None:
            features = perturbed_features(again, config)
            gradients = {name: tf.gather(g, graph.readout) for name, g in gradients.items()}

        def loss_on(rows: Rows) -> tuple[tf.Tensor, tf.Tensor]:
            return self._supervised(rows_of(self._again(again, rows, training)), mask, step)

        neighbors = adversarial_neighbors(
            features,
            lambda rows: _total(*loss_on(rows)),
            config,
            gradients,
            self._seed_of(_ADVERSARIAL),
        )
        added.add_mean(*loss_on(neighbors))
        return outputs

    def _neighbor_config(self, features: Any) -> AdvNeighborConfig:
        """The settings of the adversarial neighbors of some features."""
        assert self.config is not None
        return self.config.adv_neighbor_config

    def _add_virtual_loss(self, added: _AddedMean, graph: BatchGraph) -> None:
        config = added.config
        again = graph if self.requires_graph else graph_of_rows(graph.nodes, real_nodes(graph))
        features = perturbed_features(again, config.adv_neighbor_config)

        def outputs_of(rows: Rows) -> tf.Tensor:
            return self._compared(self._again(again, rows, training=False).nodes)

        outputs = outputs_of(features)
        neighbors = virtual_adversarial_neighbors(
            features, outputs_of, outputs, config, seed=self._seed_of(_VIRTUAL)
        )
        distances = pairwise_distance(
            tf.stop_gradient(outputs), outputs_of(neighbors), config.distance_config
        )
        real = real_nodes(graph)
        added.add_mean(*mean_of_real(distances, real))
        if self.entropy is not None:
            self.entropy.add_mean(*mean_of_real(entropies(outputs), real))

    def _again(self, graph: BatchGraph, features: Rows, training: bool | None) -> BatchGraph:
        """The node model on other features, without the mean losses that it adds."""
        with without_mean_losses():
            return self.network.apply_to(with_features(graph, features), training)

    def _rows_alone(self, graph: BatchGraph) -> BatchGraph:
        """The nodes read out, for a node model that looks at no others."""
        nodes = graph.nodes
        parts = tf.nest.flatten(nodes, expand_composites=False)
        if graph.readout is None or any(isinstance(part, tf.SparseTensor) for part in parts):
            return graph
        nodes = tf.nest.map_structure(lambda part: tf.gather(part, graph.readout), nodes)
        return graph_of_rows(nodes, graph.readout_mask)

    def _supervised(
        self, outputs: Any, mask: tf.Tensor | None, step: _Step
    ) -> tuple[tf.Tensor, tf.Tensor]:
        """Your losses on some outputs of the batch, and over how many rows each is a mean.

        Two vectors, an entry an output that has a loss.
        """
        if self.output_losses is None:
            raise ValueError("the adversarial loss needs a loss: give one to compile")
        rows = supervision(
            self.loss,
            step.labels,
            outputs,
            step.sample_weight,
            mask,
            has_graph=step.has_graph,
            class_weights=step.class_weights,
        )
        losses = self.output_losses.of_supervision(rows)
        replicas = tf.distribute.get_strategy().num_replicas_in_sync
        means = [value * self.output_losses.weights[name] for name, value in losses.items()]
        return tf.stack(means) * replicas, tf.stack([rows.counts[name] for name in losses])

    def _compared(self, outputs: Any) -> tf.Tensor:
        """The output of which the virtual adversarial loss is taken."""
        if not isinstance(outputs, Mapping):
            return outputs
        name = self.regularize if self.regularize in outputs else "logits"
        if name not in outputs:
            raise KeyError(
                f"regularize={self.regularize!r} names no output of the node model "
                f"{self.node_model.name!r}; its outputs are {sorted(outputs)}"
            )
        return outputs[name]

    def _seed_of(self, purpose: int) -> tf.Tensor:
        """The seed of a step: the same on every replica, and after a resume."""
        optimizer = self.optimizer
        steps = 0 if optimizer is None else tf.cast(optimizer.iterations.value, tf.int32)
        return tf.stack([tf.constant(self.seed, tf.int32), _PURPOSES * steps + purpose])

    def features_not_served(self) -> list[str]:
        """The features that the outputs do not depend on."""
        self.network.input_signature = self.input_signature
        return self.network.features_not_served()

    def get_config(self) -> dict[str, Any]:
        """Returns the constructor arguments, with the built node model in place of its function."""
        wrapped = self.network if self._wraps and hasattr(self.network, "config") else None
        agreement_model = None if wrapped is None else wrapped.agreement_model
        pair_weights = None if wrapped is None else wrapped.pair_weights
        virtual_config = self.virtual_config
        return {
            **super().get_config(),
            **wrapped_config(self.node_model, agreement_model),
            "config": None if self.config is None else self.config.to_dict(),
            "virtual_config": None if virtual_config is None else virtual_config.to_dict(),
            "graph_config": None if wrapped is None else wrapped.config.to_dict(),
            "regularize": self.regularize,
            "pair_weights": None if pair_weights is None else pair_weights.to_dict(),
            "seed": self.seed,
        }

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> AdversarialRegularizationModel:
        """Makes the model that `get_config` describes."""
        return cls(**restored_config(config))


class _AddedMean(MeanLossLayer):
    """A loss of a step, reported under its own name."""

    def __init__(self, metric: str, multiplier: float, config: Any):
        super().__init__(metric=metric, name=metric)
        self.multiplier, self.config = multiplier, config


def _total(means: tf.Tensor, counts: tf.Tensor) -> tf.Tensor:
    """The losses of all rows, summed."""
    return tf.reduce_sum(means * counts)


@contextlib.contextmanager
def _step_of(data: Any, class_weights: tuple[float, ...] | None) -> Iterator[None]:
    inputs, labels, sample_weight = keras.utils.unpack_x_y_sample_weight(data)
    has_graph = isinstance(inputs, Mapping) and any(key in inputs for key in GRAPH_KEYS)
    token = _STEP.set(_Step(labels, sample_weight, has_graph, class_weights))
    try:
        yield
    finally:
        _STEP.reset(token)
