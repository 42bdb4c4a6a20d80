"""Several classifiers of the same nodes as one model."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras
import tensorflow as tf

from gnn.graphs.batch.graphs_tuple import BatchGraph
from gnn.graphs.batch.which_nodes import real_nodes
from gnn.models.adversarial.adversarial_regularization import AdversarialRegularizationModel
from gnn.models.node_graph_model import NodeGraphModel
from gnn.models.node_models import call_node_model, features_not_read, logits_of
from gnn.ops.agreement import log_beliefs


@keras.saving.register_keras_serializable(package="gnn")
class JointClassifier(NodeGraphModel):
    """What several classifiers of nodes believe together.

    The probability of class c is the product of theirs, scaled to 1: `p_c = prod_k p_kc / sum_c'
    prod_k p_kc'` (a product of experts; Hinton, "Training products of experts by minimizing
    contrastive divergence", Neural Computation 2002, section 1). Who is sure outvotes who is not,
    and who is undecided says nothing. It gains most of classifiers that err in different ways, as a
    graph network and a model of a node's own features do. `gnn.CoTrainer` makes one of a classifier
    and the student of its judge (`predict_jointly`). Trained by `fit`, all classifiers learn at
    once from the loss of the product.

    Args:
        classifiers: Keras layers or models of node features, or `gnn.NodeGraphModel`s of nodes,
            that return logits, or a dict with `"logits"`.

    Returns:
        The logarithms of the joint probabilities, `[n_rows, n_classes]` of the compute dtype:
        logits that are scaled.

    Raises:
        TypeError: a classifier is no Keras layer, a model of whole graphs, or one with adversarial
            losses.
        ValueError: there is no classifier, or they differ in the number of classes, or have one.

    Example:

    >>> odds = keras.initializers.Constant([[0.0, tf.math.log(3.0)]])  # 1 to 3.
    >>> model = JointClassifier([keras.layers.Dense(2, kernel_initializer=odds) for _ in range(2)])
    >>> tf.exp(model(tf.ones([1, 1]))).numpy().round(2)
    array([[0.1, 0.9]], dtype=float32)
    """

    def __init__(self, classifiers: Sequence[keras.layers.Layer], **kwargs: Any):
        super().__init__(**kwargs)
        self.classifiers = list(classifiers)
        if not self.classifiers:
            raise ValueError("classifiers must hold at least one; it is empty")
        for classifier in self.classifiers:
            if not isinstance(classifier, keras.layers.Layer):
                raise TypeError(
                    f"classifiers must be Keras layers or models; got {type(classifier).__name__}"
                )
            if isinstance(classifier, AdversarialRegularizationModel):
                raise TypeError(
                    f"the AdversarialRegularizationModel {classifier.name!r} cannot be one of "
                    "classifiers: its losses are made in a training step of its own. Train it by "
                    "itself and give its node_model"
                )
            if isinstance(classifier, NodeGraphModel) and classifier.output_field != "nodes":
                raise TypeError(
                    f"classifiers must be of nodes; {classifier.name!r} is of whole graphs"
                )
        self.requires_graph = any(
            isinstance(classifier, NodeGraphModel) and classifier.requires_graph
            for classifier in self.classifiers
        )

    def graph_call(self, graph: BatchGraph, training: bool | None = None) -> BatchGraph:
        """Returns the logarithms of the joint probabilities of all nodes."""
        each = [log_beliefs(self._logits(one, graph, training)) for one in self.classifiers]
        classes = [beliefs.shape[-1] for beliefs in each]
        known = set(classes) - {None}
        if len(known) > 1 or 1 in known:
            names = [classifier.name for classifier in self.classifiers]
            raise ValueError(
                "classifiers must have the same number of classes, two or more; "
                f"{names} have {classes}"
            )
        joint = tf.nn.log_softmax(tf.add_n(each))
        return graph.replace(nodes=tf.cast(joint, self.compute_dtype))

    def _logits(
        self, classifier: keras.layers.Layer, graph: BatchGraph, training: bool | None
    ) -> tf.Tensor:
        if isinstance(classifier, NodeGraphModel):
            # It may never be called itself, and yet be saved by itself.
            classifier.built = True
            self._hand_signature(classifier)
            outputs = classifier.apply_to(graph, training).nodes
        else:
            real = real_nodes(graph)
            outputs = call_node_model(classifier, graph.nodes, training, real)
        return logits_of(classifier, outputs)

    def _hand_signature(self, classifier: NodeGraphModel) -> None:
        own, known = self.input_signature, classifier.input_signature
        if own is not None and (known is None or own.says_more_than(known)):
            classifier.input_signature = own

    def given_layers(self) -> dict[str, keras.layers.Layer]:
        """The classifiers."""
        return {f"classifiers[{k}]": classifier for k, classifier in enumerate(self.classifiers)}

    def features_not_served(self) -> list[str]:
        """The features that the outputs do not depend on."""
        features = [] if self.input_signature is None else list(self.input_signature.features)
        unread = [
            each.features_not_served()
            if isinstance(each, NodeGraphModel)
            else features_not_read(each, features)
            for each in self.classifiers
        ]
        return [name for name in features if all(name in some for some in unread)]

    def get_config(self) -> dict[str, Any]:
        """Returns the constructor arguments."""
        classifiers = [keras.saving.serialize_keras_object(each) for each in self.classifiers]
        return {**super().get_config(), "classifiers": classifiers}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> JointClassifier:
        """Makes the model that `get_config` describes."""
        arguments = dict(config)
        made = [keras.saving.deserialize_keras_object(each) for each in arguments["classifiers"]]
        return cls(**{**arguments, "classifiers": made})
