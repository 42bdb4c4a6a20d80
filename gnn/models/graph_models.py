"""Models of whole graphs: a row a graph."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import keras
import tensorflow as tf

from gnn.configs.arguments import check_count, check_counts, check_rate
from gnn.graphs.batch.graphs_tuple import BatchGraph, graph_from_inputs
from gnn.graphs.batch.which_nodes import real_nodes
from gnn.layers.batch_normalization import NodeBatchNormalization
from gnn.layers.graph_layer import GraphLayer
from gnn.layers.isomorphism import GINConv
from gnn.layers.readout import MODES, GlobalPool, GraphReadout
from gnn.layers.real_rows import call_layer, call_on_nodes
from gnn.models.feature_columns import feature_columns
from gnn.models.node_graph_model import NodeGraphModel
from gnn.models.node_models import build_node_model, call_node_model

Block = list[keras.layers.Layer]


class GraphModel(NodeGraphModel):
    """What `GraphClassifier` and `GraphRegressor` have in common; they say what it computes."""

    output_field = "globals"

    def __init__(
        self,
        num_columns: int,
        hidden_units: Any,
        layer_fn: Callable[[int], Any] | None,
        pool: str | Callable[[], GraphReadout],
        jumping_knowledge: bool,
        dropout_rate: float,
        node_model_fn: Callable[[], keras.layers.Layer] | None,
        **kwargs: Any,
    ):
        super().__init__(**kwargs)
        widths = tuple(hidden_units) if isinstance(hidden_units, (tuple, list)) else (hidden_units,)
        self.hidden_units = check_counts("hidden_units", widths)
        self.dropout_rate = check_rate("dropout_rate", dropout_rate)
        self.jumping_knowledge = bool(jumping_knowledge)
        self.node_model = None if node_model_fn is None else build_node_model(node_model_fn)
        self.is_gin = layer_fn is None
        blocks = [_block(layer_fn or gin_block, units) for units in self.hidden_units]
        self.block_sizes = [len(block) for block in blocks]
        self.block_layers = [layer for block in blocks for layer in block]
        # Pooled are the outputs of each block, and what the first one is given.
        pooled = len(blocks) + 1 if self.jumping_knowledge else 1
        self.pool = pool if isinstance(pool, str) else None
        self.pools = [_pool(pool) for _ in range(pooled)]
        self.dropouts = [keras.layers.Dropout(self.dropout_rate) for _ in range(pooled)]
        self.heads = [keras.layers.Dense(num_columns) for _ in range(pooled)]

    def graph_call(self, graph: BatchGraph, training: bool | None = None) -> BatchGraph:
        """Runs the blocks, pools, and sums what the linear maps make of each pooled row."""
        rows = [
            call_layer(dropout, head(pooled), training)
            for pooled, head, dropout in zip(
                self._pooled(graph, training), self.heads, self.dropouts, strict=True
            )
        ]
        return graph.replace(globals=tf.add_n(rows))

    def embed(self, inputs: Mapping[str, Any]) -> tf.Tensor:
        """What the model knows of each graph before its linear maps.

        Args:
            inputs: a batch's inputs, as for a call of the model; no labels.

        Returns:
            `[n_rows, width]`: the pooled rows side by side, those of the features first; without
            `jumping_knowledge` those of the last layer alone.

        Example:

        >>> from gnn.graphs.batch.graphs_tuple import edgeless
        >>> model = GraphClassifier(num_classes=2, hidden_units=(16, 8))
        >>> model.embed({"x": tf.ones([4, 3]), **edgeless(4)}).shape
        TensorShape([4, 27])
        """
        tensors = {
            name: value if isinstance(value, tf.SparseTensor) else tf.convert_to_tensor(value)
            for name, value in inputs.items()
        }
        given = graph_from_inputs(tensors)
        rows = tf.concat(self._pooled(given, training=False), axis=-1)
        return self.read_out(rows, given, "readout" in tensors)

    def _pooled(self, graph: BatchGraph, training: bool | None) -> list[tf.Tensor]:
        if self.node_model is not None:
            nodes = call_node_model(self.node_model, graph.nodes, training, real_nodes(graph))
        else:
            nodes = feature_columns(graph.nodes, self.compute_dtype)
        graph = graph.replace(nodes=nodes)
        layers, states = iter(self.block_layers), [graph]
        for size in self.block_sizes:
            for _ in range(size):
                graph = _apply(next(layers), graph, training)
            states.append(graph)
        kept = states if self.jumping_knowledge else states[-1:]
        return [pool(state) for pool, state in zip(self.pools, kept, strict=True)]

    def given_layers(self) -> dict[str, keras.layers.Layer]:
        """The layers that were given to the constructor, or made of its functions."""
        made = {f"layer_fn[{k}]": layer for k, layer in enumerate(self.block_layers)}
        pools = {f"pool[{k}]": layer for k, layer in enumerate(self.pools)}
        return {**super().given_layers(), **made, **pools}

    def get_config(self) -> dict[str, Any]:
        """Returns the constructor arguments, with the layers made in place of their functions."""
        serialize = keras.saving.serialize_keras_object
        layers, sizes = iter(self.block_layers), self.block_sizes
        blocks = [[serialize(next(layers)) for _ in range(size)] for size in sizes]
        return {
            **super().get_config(),
            "hidden_units": list(self.hidden_units),
            "blocks": None if self.is_gin else blocks,
            "pool": self.pool or [serialize(layer) for layer in self.pools],
            "jumping_knowledge": self.jumping_knowledge,
            "dropout_rate": self.dropout_rate,
            "node_model": serialize(self.node_model),
        }

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> GraphModel:
        """Makes the model that `get_config` describes."""
        restore = keras.saving.deserialize_keras_object
        arguments = dict(config)
        blocks, pool = arguments.pop("blocks"), arguments["pool"]
        if blocks is not None:
            made = iter([[restore(layer) for layer in block] for block in blocks])
            arguments["layer_fn"] = lambda units: next(made)
        if not isinstance(pool, str):
            pools = iter([restore(layer) for layer in pool])
            arguments["pool"] = lambda: next(pools)
        node_model = restore(arguments.pop("node_model"))
        arguments["node_model_fn"] = None if node_model is None else lambda: node_model
        return cls(**arguments)


@keras.saving.register_keras_serializable(package="gnn")
class GraphClassifier(GraphModel):
    """A classifier of whole graphs; by default the graph isomorphism network.

    `logits_g = sum over layers k of dropout(W_k pool(h_v^(k) for v in g) + b_k)`, where `h^(0)` are
    the features and `h^(k)` what layer k makes of them. The default layers and the sum of nodes are
    those of Xu et al., "How powerful are graph neural networks?", ICLR 2019, sections 4.2 and 7,
    with the numbers of their code: `h^(k) = relu(norm(GINConv(h^(k - 1))))` with networks of two
    layers of 64 and batch normalization, five states pooled (the features and four layers), and
    dropout of what each linear map makes. Their Adam starts at 0.01 and halves every 50 epochs, in
    batches of 32 or 128. Edge weights enter as the layers have them; features of edges do not.

    Batches come from `gnn.data.graph_batches`, a row a graph. Of a batch with `readout`, such as
    those of `gnn.data.neighborhoods`, a row is the component that the node lies in: the model then
    classifies nodes by the whole of their neighborhood.

    Args:
        num_classes: int, columns of the logits.
        hidden_units: int or sequence of ints, a layer each; none pools the features alone.
        layer_fn: a function from units to a layer of `gnn.layers`, any Keras layer on nodes, or a
            list of them, called for each of `hidden_units`; None gives the layers above.
        pool: "sum", "mean", "max" (`gnn.layers.GlobalPool`), or a function that returns a pooling
            layer, such as `lambda: gnn.layers.AttentionPool(64)`, called for each pooled state.
        jumping_knowledge: whether all states are pooled (Xu et al., ICML 2018), or the last alone.
        dropout_rate: float in `[0, 1)`.
        node_model_fn: a function that returns a Keras layer that encodes nodes before the first
            layer. Without, several features are concatenated in the order of their names.

    Raises:
        ValueError: `num_classes`, `hidden_units`, `dropout_rate` or `pool` is out of range.
        TypeError: `layer_fn`, `pool` or `node_model_fn` is no function that returns Keras layers.

    Example:

    >>> from gnn.layers import GCNConv
    >>> inputs = {
    ...     "x": tf.ones([3, 2]), "n_node": tf.constant([2, 1]), "n_edge": tf.constant([1, 0]),
    ...     "senders": tf.constant([0]), "receivers": tf.constant([1]), "edges": tf.ones([1, 1]),
    ...     "globals": tf.zeros([2, 0])}
    >>> GraphClassifier(num_classes=7)(inputs).shape
    TensorShape([2, 7])
    >>> model = GraphClassifier(num_classes=7, layer_fn=lambda units: GCNConv(units, "relu"))
    >>> model(inputs).shape
    TensorShape([2, 7])
    """

    def __init__(
        self,
        num_classes: int | None = None,
        hidden_units: Any = (64, 64, 64, 64),
        layer_fn: Callable[[int], Any] | None = None,
        pool: str | Callable[[], GraphReadout] = "sum",
        jumping_knowledge: bool = True,
        dropout_rate: float = 0.5,
        node_model_fn: Callable[[], keras.layers.Layer] | None = None,
        **kwargs: Any,
    ):
        columns = check_count("num_classes", num_classes)
        super().__init__(
            columns,
            hidden_units,
            layer_fn,
            pool,
            jumping_knowledge,
            dropout_rate,
            node_model_fn,
            **kwargs,
        )
        self.num_classes = columns

    def get_config(self) -> dict[str, Any]:
        """Returns the constructor arguments, with the layers made in place of their functions."""
        return {**super().get_config(), "num_classes": self.num_classes}


@keras.saving.register_keras_serializable(package="gnn")
class GraphRegressor(GraphModel):
    """A regressor of whole graphs: `GraphClassifier` with numbers in place of logits.

    Its outputs are `[n_graphs, num_outputs]`, without an activation, for a loss such as `"mse"`;
    Keras' losses and metrics take targets `[n_graphs]` for a single output too. There is no
    dropout unless it is asked for: it would change the outputs themselves.

    Args:
        num_outputs: int, columns of the outputs.
        hidden_units, layer_fn, pool, jumping_knowledge, dropout_rate, node_model_fn: as in
            `GraphClassifier`.

    Raises:
        ValueError: `num_outputs`, `hidden_units`, `dropout_rate` or `pool` is out of range.
        TypeError: `layer_fn`, `pool` or `node_model_fn` is no function that returns Keras layers.

    Example:

    >>> from gnn.graphs.batch.graphs_tuple import edgeless
    >>> GraphRegressor()({"x": tf.ones([3, 2]), **edgeless(3)}).shape
    TensorShape([3, 1])
    """

    def __init__(
        self,
        num_outputs: int = 1,
        hidden_units: Any = (64, 64, 64, 64),
        layer_fn: Callable[[int], Any] | None = None,
        pool: str | Callable[[], GraphReadout] = "sum",
        jumping_knowledge: bool = True,
        dropout_rate: float = 0.0,
        node_model_fn: Callable[[], keras.layers.Layer] | None = None,
        **kwargs: Any,
    ):
        columns = check_count("num_outputs", num_outputs)
        super().__init__(
            columns,
            hidden_units,
            layer_fn,
            pool,
            jumping_knowledge,
            dropout_rate,
            node_model_fn,
            **kwargs,
        )
        self.num_outputs = columns

    def get_config(self) -> dict[str, Any]:
        """Returns the constructor arguments, with the layers made in place of their functions."""
        return {**super().get_config(), "num_outputs": self.num_outputs}


def gin_block(units: int) -> Block:
    """A layer of the graph isomorphism network: the convolution, a norm and an activation.

    Example:

    >>> [type(layer).__name__ for layer in gin_block(64)]
    ['GINConv', 'NodeBatchNormalization', 'ReLU']
    """
    # The norm would take a bias off again.
    return [GINConv(units, use_bias=False), NodeBatchNormalization(), keras.layers.ReLU()]


def _block(layer_fn: Callable[[int], Any], units: int) -> Block:
    if isinstance(layer_fn, keras.layers.Layer) or not callable(layer_fn):
        raise TypeError(
            "layer_fn must be a function from units to a layer, for instance `lambda units: "
            f"gnn.layers.GCNConv(units, 'relu')`; got {layer_fn!r}"
        )
    made = layer_fn(units)
    block = list(made) if isinstance(made, Sequence) else [made]
    for layer in block:
        if not isinstance(layer, keras.layers.Layer) or isinstance(layer, GraphReadout):
            raise TypeError(
                "layer_fn must return a layer on graphs or nodes, or a list of them; got "
                f"{type(layer).__name__}"
            )
    return block


def _pool(pool: Any) -> GraphReadout:
    if isinstance(pool, str):
        if pool not in MODES:
            raise ValueError(
                f"pool must be one of {list(MODES)}, or a function that returns a pooling layer; "
                f"got {pool!r}"
            )
        return GlobalPool(pool)
    made = pool() if callable(pool) and not isinstance(pool, keras.layers.Layer) else pool
    if made is pool or not isinstance(made, GraphReadout):
        raise TypeError(
            "pool must be a function that returns a pooling layer, for instance `lambda: "
            f"gnn.layers.AttentionPool(64)`; got {made!r}"
        )
    return made


def _apply(layer: keras.layers.Layer, graph: BatchGraph, training: bool | None) -> BatchGraph:
    if isinstance(layer, GraphLayer):
        return layer(graph, training=training)
    return graph.replace(nodes=call_on_nodes(layer, graph.nodes, graph, training))
