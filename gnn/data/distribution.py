"""Data for `tf.distribute`: every replica gets whole graphs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import tensorflow as tf

from gnn.data.made_ahead import made_ahead
from gnn.graphs.batch.keys import RESERVED_KEYS


def distribute(
    strategy: tf.distribute.Strategy,
    make_dataset: Callable[[tf.distribute.InputContext], tf.data.Dataset],
) -> tf.distribute.DistributedDataset:
    """Deals the batches of a data set to the replicas of a strategy, a whole one each.

    A strategy that is given a plain data set cuts every tensor in equal parts, indices apart from
    the nodes that they point at. Here successive batches go to successive replicas, so a step takes
    as many batches as there are replicas. Where the last step lacks batches, copies that are
    padding throughout fill it; they count nowhere.

    With `tf.distribute.MultiWorkerMirroredStrategy` every process calls this, and gets the batches
    of its own replicas: all processes must make the same batches (give a seed), and each draws them
    all. `fit` and `evaluate` then work on such a strategy. Keras 3 alone fails there, for it
    averages nests of tensors and scalars over the workers in a way that TensorFlow does not take:
    `strategy.reduce` is replaced on the object given. `predict` does not work there: save the model
    and load it in one process.

    Under any strategy, Keras builds a model from one batch, so a shuffled data set begins training
    with its second epoch; and Keras fails with `steps_per_execution` above 1.

    Args:
        strategy: such as `tf.distribute.MirroredStrategy`.
        make_dataset: called with the `tf.distribute.InputContext`; returns all batches, padded and
            of the size of one replica, for which
            `context.get_per_replica_batch_size(global_batch_size)` is at hand.

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
        inputs = _inputs_spec(dataset)
        loose = [key for key, spec in inputs.items() if not spec.shape.is_fully_defined()]
        if loose or "readout_mask" not in inputs:
            raise ValueError(
                "make_dataset must return padded batches, since replicas need equal shapes: pass "
                "padding=True to the "
                "gnn.data function. Of varying shape here: "
                f"{loose or 'none, but readout_mask is missing'}"
            )
        filled = _fill_last_step(dataset, context.num_replicas_in_sync)
        if context.num_input_pipelines == 1:
            return filled
        _average_over_workers(strategy)
        return _own_share(filled, context)

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


def _own_share(dataset: tf.data.Dataset, context: tf.distribute.InputContext) -> tf.data.Dataset:
    """Of the batches of each step, those of this process' replicas."""
    here = _replicas_of_one_pipeline(context)

    def is_own(place: tf.Tensor, batch: Any) -> tf.Tensor:
        del batch
        return place % context.num_replicas_in_sync // here == context.input_pipeline_id

    batches = int(dataset.cardinality())
    own = dataset.enumerate().filter(is_own).map(lambda place, batch: batch)
    if batches >= 0:
        batches //= context.num_input_pipelines
    return made_ahead(own, batches)


def _average_over_workers(strategy: tf.distribute.Strategy) -> None:
    """Has a strategy of several workers average what Keras 3 asks it to.

    Keras averages a nest of tensors to know the shapes of a model, and scalars along an axis.
    TensorFlow takes no nest there, dies of an empty tensor, and finds no axis in a scalar.
    """
    if hasattr(strategy, "_reduces_for_keras"):
        return
    reduce = strategy.reduce

    def reduce_for_keras(reduce_op: Any, value: Any, axis: int | None = None) -> Any:
        if isinstance(value, dict | tuple):
            return tf.nest.map_structure(first_local, value)
        is_scalar = first_local(value).shape.rank == 0
        return reduce(reduce_op, value, axis=None if is_scalar else axis)

    def first_local(value: Any) -> Any:
        return strategy.experimental_local_results(value)[0]

    strategy.reduce = reduce_for_keras
    strategy._reduces_for_keras = True


def _fill_last_step(dataset: tf.data.Dataset, replicas: int) -> tf.data.Dataset:
    batches = int(dataset.cardinality())
    known = batches >= 0
    if (known and batches % replicas == 0) or batches == tf.data.INFINITE_CARDINALITY:
        return dataset

    # Made from the shapes alone: reading the data set for it would draw an epoch's shuffling.
    blank = tf.nest.map_structure(_zeros, dataset.element_spec)
    inputs = blank[0] if isinstance(blank, tuple) else blank
    num_nodes = next(
        spec.shape[0] for name, spec in _inputs_spec(dataset).items() if name not in RESERVED_KEYS
    )
    inputs["n_node"] = tf.one_hot(0, inputs["n_node"].shape[0], num_nodes, 0, dtype=tf.int32)
    filler = tf.data.Dataset.from_tensors(blank)
    if known:
        return dataset.concatenate(filler.repeat(replicas - batches % replicas))
    # Batches that are split come in a number that no one knows: whole steps of them, and of as many
    # fillers as may be needed.
    filled = dataset.concatenate(filler.repeat(replicas - 1))
    return filled.window(replicas, drop_remainder=True).flat_map(_zip)


def _zip(*parts: Any) -> tf.data.Dataset:
    return tf.data.Dataset.zip(parts if len(parts) > 1 else parts[0])


def _inputs_spec(dataset: tf.data.Dataset) -> dict[str, tf.TensorSpec]:
    spec = dataset.element_spec
    return spec[0] if isinstance(spec, tuple) else spec


def _zeros(spec: tf.TensorSpec) -> tf.Tensor:
    return tf.fill(spec.shape, "") if spec.dtype == tf.string else tf.zeros(spec.shape, spec.dtype)
