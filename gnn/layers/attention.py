"""Graph attention: neighbors weighed by what they and the node say."""

from __future__ import annotations

import dataclasses
from typing import Any

import keras
import tensorflow as tf

from gnn.configs.arguments import check_count, check_rate
from gnn.layers.convolution_layer import ConvolutionLayer, feature_product
from gnn.layers.graph_layer import GraphHandle
from gnn.ops.additive_attention import additive_logits, self_logits
from gnn.ops.adjacency import Adjacency
from gnn.ops.attention import neighbor_softmax
from gnn.ops.dropout import dropout
from gnn.ops.propagate import propagate


class _AttentionConv(ConvolutionLayer):
    """Heads, the softmax, its dropout and the weighted sum; a subclass writes the logits."""

    def __init__(
        self,
        units: int,
        heads: int = 8,
        concat: bool = True,
        attention_dropout: float = 0.0,
        negative_slope: float = 0.2,
        activation: Any = None,
        use_bias: bool = True,
        seed: int | None = None,
        value_dropout: float = 0.0,
        **kwargs: Any,
    ):
        super().__init__(units, activation, use_bias, **kwargs)
        self.value_dropout = check_rate("value_dropout", value_dropout)
        self.heads = check_count("heads", heads)
        self.concat = bool(concat)
        self.attention_dropout = check_rate("attention_dropout", attention_dropout)
        self.negative_slope = float(negative_slope)
        self.seed = seed
        self.seed_generator = None
        if self.attention_dropout > 0 or self.value_dropout > 0:
            self.seed_generator = keras.random.SeedGenerator(seed)

    def build(self, nodes_shape: tuple[int | None, ...]) -> None:
        """Makes the kernels, the attention vectors and the bias."""
        self.build_attention(int(nodes_shape[-1]))  # type: ignore[arg-type]
        self.bias = self.add_bias(self.heads * self.units if self.concat else self.units)

    def build_attention(self, width: int) -> None:
        """Makes the weights of `attend`."""
        raise NotImplementedError

    def attend(self, nodes: Any, adjacency: Adjacency) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
        """The values `[n_nodes, heads, units]`, the logits of the edges, and of self loops."""
        raise NotImplementedError

    def call(self, nodes: Any, handle: GraphHandle, training: bool | None = None) -> Any:
        """Returns the convolved nodes."""
        adjacency = handle.adjacency
        values, edge_logits, own_logits = self.attend(nodes, adjacency)
        shares, own = neighbor_softmax(edge_logits, adjacency, self_logits=own_logits)
        if training:
            shares = self._drop(shares, self.attention_dropout)
            own = self._drop(own, self.attention_dropout)
            values = self._drop(values, self.value_dropout)
        outputs = propagate(values, dataclasses.replace(adjacency, weights=shares))
        outputs += tf.cast(own[:, :, tf.newaxis], values.dtype) * values
        if self.concat:
            outputs = tf.reshape(outputs, [-1, self.heads * self.units])
        else:
            outputs = tf.reduce_mean(outputs, axis=1)
        return self.finish(outputs)

    def _drop(self, entries: tf.Tensor, share: float) -> tf.Tensor:
        if share == 0 or self.seed_generator is None:
            return entries
        return dropout(entries, share, self.seed_generator.next())

    def _by_head(self, rows: tf.Tensor) -> tf.Tensor:
        return tf.reshape(rows, [-1, self.heads, self.units])

    def get_config(self) -> dict[str, Any]:
        """Returns the constructor arguments."""
        return {
            **super().get_config(),
            "heads": self.heads,
            "concat": self.concat,
            "attention_dropout": self.attention_dropout,
            "value_dropout": self.value_dropout,
            "negative_slope": self.negative_slope,
            "seed": self.seed,
        }


@keras.saving.register_keras_serializable(package="gnn")
class GATConv(_AttentionConv):
    """Graph attention (Velickovic et al., "Graph attention networks", ICLR 2018, section 2.1).

    For each head, with `h = X W`, over the edges `(s, r)` into a node and the node itself:

        share(s, r) = softmax over s of leaky_relu(a_sender . h_s + a_receiver . h_r)
        out_r = activation(sum over s of share(s, r) h_s + b)

    (equations 1 to 4; the vector `a` of equation 3 in its two halves). Heads are concatenated
    (equation 5), or averaged before the activation (equation 6). The self loops are the layer's
    own; a loop that the graph holds counts beside it. Where edges have weights, which the paper's
    have not, they multiply the exponentials of the softmax: a weight of 2 is two parallel edges,
    and one of 0 no edge.

    The logits are sums of a number of the sender and a number of the receiver: both are computed
    once a node, and only `[n_edges, heads]` is made an edge. Features may be a SparseTensor.

    Args:
        units: int, columns of a head.
        heads: int.
        concat: whether heads are concatenated, or else averaged.
        attention_dropout: float in `[0, 1)`, of the shares, in training (section 3.3).
        negative_slope: of the leaky ReLU.
        activation: a Keras activation or None.
        use_bias: whether to add `b`, as the paper's code does and its equations do not.
        seed: int or None, of the dropout.
        value_dropout: float in `[0, 1)`, of what a node sends, in training: the authors' code drops
            features again after the product with `W`.
        kernel_initializer, kernel_regularizer: of the kernel and of the attention vectors.
        bias_initializer: as in `keras.layers.Dense`.

    Call arguments:
        graph: a GraphsTuple with float nodes `[n_nodes, n_features]`, its weights in `edges[:, 0]`.

    Returns:
        The graph with nodes `[n_nodes, heads * units]`, or `[n_nodes, units]` without `concat`.

    Raises:
        ValueError: `units` or `heads` is less than 1, or `attention_dropout` is out of
            range.

    Example:

    >>> from gnn.graphs.batch.graphs_tuple import graph_from_inputs
    >>> pair = graph_from_inputs({
    ...     "x": tf.constant([[1.0], [3.0]]), "n_node": [2], "n_edge": [1], "edges": [[1.0]],
    ...     "senders": [0], "receivers": [1], "globals": tf.zeros([1, 0])})
    >>> pair = pair.replace(nodes=pair.nodes["x"])
    >>> layer = GATConv(2, heads=4)
    >>> layer(pair).nodes.shape
    TensorShape([2, 8])
    """

    def build_attention(self, width: int) -> None:
        """Makes the kernel `[n_features, heads * units]` and two vectors a head."""
        # Shares of half precision would not sum to 1: the attention is in the variables' dtype.
        shape = (self.heads, self.units)
        self.kernel = self.add_kernel("kernel", (width, self.heads * self.units))
        self.sender_attention = self.add_kernel("sender_attention", shape, autocast=False)
        self.receiver_attention = self.add_kernel("receiver_attention", shape, autocast=False)

    def attend(self, nodes: Any, adjacency: Adjacency) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
        """The values `[n_nodes, heads, units]`, the logits of the edges, and of self loops."""
        values = self._by_head(feature_product(nodes, self.kernel))
        sent, received = (
            tf.einsum("nhu,hu->nh", tf.cast(values, vectors.dtype), vectors)
            for vectors in map(
                tf.convert_to_tensor, (self.sender_attention, self.receiver_attention)
            )
        )
        sums = tf.gather(sent, adjacency.senders) + tf.gather(received, adjacency.receivers)
        logits, own = (tf.nn.leaky_relu(x, self.negative_slope) for x in (sums, sent + received))
        return values, logits, own


@keras.saving.register_keras_serializable(package="gnn")
class GATv2Conv(_AttentionConv):
    """Graph attention with the nonlinearity inside (Brody, Alon and Yahav, ICLR 2022, equation 7).

    For each head, over the edges `(s, r)` into a node and the node itself:

        share(s, r) = softmax over s of a . leaky_relu(h_s W_sender + h_r W_receiver)
        out_r = activation(sum over s of share(s, r) h_s W_sender + b)

    ("How attentive are graph attention networks?"). Unlike in `GATConv`, the order in which a node
    ranks its neighbors may differ from node to node. It costs more: both ends are gathered to the
    edges, `[n_edges, heads * units]` numbers that the gradient gathers again and does not keep.
    Self loops, edge weights, heads, dropout and arguments are those of `GATConv`, and features may
    be a SparseTensor.

    Args:
        units: int, columns of a head.
        heads: int.
        concat: whether heads are concatenated, or else averaged.
        attention_dropout: float in `[0, 1)`, of the shares, in training.
        negative_slope: of the leaky ReLU.
        activation: a Keras activation or None.
        use_bias: whether to add `b`.
        seed: int or None, of the dropout.
        value_dropout: float in `[0, 1)`, of what a node sends, in training: the authors' code drops
            features again after the product with `W`.
        kernel_initializer, kernel_regularizer: of the kernels and of the attention vectors.
        bias_initializer: as in `keras.layers.Dense`.

    Call arguments:
        graph: a GraphsTuple with float nodes `[n_nodes, n_features]`, its weights in `edges[:, 0]`.

    Returns:
        The graph with nodes `[n_nodes, heads * units]`, or `[n_nodes, units]` without `concat`.

    Raises:
        ValueError: `units` or `heads` is less than 1, or `attention_dropout` is out of
            range.

    Example:

    >>> from gnn.graphs.batch.graphs_tuple import edgeless, graph_from_inputs
    >>> graph = graph_from_inputs({"x": tf.ones([2, 3]), **edgeless(2)})
    >>> GATv2Conv(5, heads=2, concat=False)(graph.replace(nodes=tf.ones([2, 3]))).nodes.shape
    TensorShape([2, 5])
    """

    def build_attention(self, width: int) -> None:
        """Makes two kernels `[n_features, heads * units]` and a vector a head."""
        columns = self.heads * self.units
        self.sender_kernel = self.add_kernel("sender_kernel", (width, columns))
        self.receiver_kernel = self.add_kernel("receiver_kernel", (width, columns))
        self.attention = self.add_kernel("attention", (self.heads, self.units), autocast=False)

    def attend(self, nodes: Any, adjacency: Adjacency) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
        """The values `[n_nodes, heads, units]`, the logits of the edges, and of self loops."""
        products = feature_product(nodes, self.sender_kernel, self.receiver_kernel)
        sent, received = (self._by_head(half) for half in tf.split(products, 2, axis=1))
        attention = tf.convert_to_tensor(self.attention)
        logits = additive_logits(sent, received, attention, adjacency, self.negative_slope)
        return sent, logits, self_logits(sent, received, attention, self.negative_slope)
