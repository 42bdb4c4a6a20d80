"""Data for `tf.distribute`: every replica gets whole graphs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import tensorflow as tf


def distribute(
    strategy: tf.distribute.Strategy,
    make_dataset: Callable[[tf.distribute.InputContext], tf.data.Dataset],
) -> tf.distribute.DistributedDataset:
    """Deals the batches of a data set to the replicas of a strategy, a whole one each.

    A strategy that is given a plain data set cuts every tensor in equal parts, indices apart from
    the nodes that they point at. Here successive batches go to successive replicas, so a step takes
    as many batches as there are replicas. Where the last step lacks batches, copies that are
    padding throughout fill it; they count nowhere.

    Args:
        strategy: such as `tf.distribute.MirroredStrategy`.
        make_dataset: called with the `tf.distribute.InputContext`; returns padded batches of the
            size of one replica, for which `context.get_per_replica_batch_size(global_batch_size)`
            is at hand.

    Returns:
        What `fit` and `evaluate` take.

    Raises:
        ValueError: the batches are not padded (`padding=` of the functions of `gnn.data`): replicas
            need equal shapes.

    Example:

    >>> from gnn.data.neighborhoods import neighborhoods
    >>> from gnn.graphs.graph import Graph
    >>> graph = Graph.from_edges([0, 1], [1, 2], [[0.0], [1.0], [2.0]], labels=[0, 1, 1])
    >>> data = distribute(tf.distribute.get_strategy(), lambda context: neighborhoods(
    ...     graph, batch_size=context.get_per_replica_batch_size(2), fanout=1, padding=True))
    >>> sorted(next(iter(data))[0])[:3]
    ['edges', 'features', 'globals']
    """

    def make(context: tf.distribute.InputContext) -> tf.data.Dataset:
        dataset = make_dataset(context)
        inputs = dataset.element_spec
        inputs = inputs[0] if isinstance(inputs, tuple) else inputs
        loose = [key for key, spec in inputs.items() if not spec.shape.is_fully_defined()]
        if loose or "readout_mask" not in inputs:
            raise ValueError(
                "make_dataset must return padded batches, since replicas need equal shapes: pass "
                "padding=True to the "
                "gnn.data function. Of varying shape here: "
                f"{loose or 'none, but readout_mask is missing'}"
            )
        return _fill_last_step(dataset, _replicas_of_one_pipeline(context))

    steps = []

    def make_and_count(context: tf.distribute.InputContext) -> tf.data.Dataset:
        dataset = make(context)
        batches = int(dataset.cardinality())
        steps.append(batches // _replicas_of_one_pipeline(context) if batches >= 0 else batches)
        return dataset

    distributed = strategy.distribute_datasets_from_function(make_and_count)
    # TensorFlow gives the number of batches as the number of steps, of which Keras would then miss
    # most.
    distributed._cardinality = min(steps)
    return distributed


def _replicas_of_one_pipeline(context: tf.distribute.InputContext) -> int:
    return context.num_replicas_in_sync // context.num_input_pipelines


def _fill_last_step(dataset: tf.data.Dataset, replicas: int) -> tf.data.Dataset:
    batches = int(dataset.cardinality())
    if batches < 0 or batches % replicas == 0:
        return dataset

    def blank(*element: Any) -> Any:
        inputs = dict(element[0])
        inputs["readout_mask"] = tf.zeros_like(inputs["readout_mask"])
        inputs["edges"] = tf.zeros_like(inputs["edges"])
        return (inputs, *element[1:]) if len(element) > 1 else inputs

    return dataset.concatenate(dataset.take(1).map(blank).repeat(replicas - batches % replicas))
