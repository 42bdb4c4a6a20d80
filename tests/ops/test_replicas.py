"""Means over replicas, on the two logical devices that conftest makes."""

from __future__ import annotations

import pytest
import tensorflow as tf

from gnn.ops.replicas import replica_share


def shares(counts: list[float], strategy: tf.distribute.Strategy) -> list[float]:
    values = strategy.experimental_distribute_values_from_function(
        lambda context: tf.constant(counts[context.replica_id_in_sync_group])
    )
    run = tf.function(lambda: strategy.run(replica_share, args=(values,)))
    return [float(share) for share in strategy.experimental_local_results(run())]


@pytest.mark.parametrize("count", [0.0, 1.0, 17.0])
def test_one_device_has_it_all(count: float) -> None:
    assert float(replica_share(tf.constant(count))) == 1.0
    assert float(tf.function(replica_share)(tf.constant(count))) == 1.0


@pytest.mark.parametrize(
    ("counts", "expected"),
    [
        # 2 * count / sum of the counts.
        ([1.0, 3.0], [0.5, 1.5]),
        ([5.0, 5.0], [1.0, 1.0]),
        ([4.0, 0.0], [2.0, 0.0]),
        ([0.0, 0.0], [0.0, 0.0]),
    ],
)
def test_two_replicas(
    counts: list[float], expected: list[float], two_devices: tf.distribute.Strategy
) -> None:
    assert shares(counts, two_devices) == pytest.approx(expected)


def test_shared_means_average_to_the_mean_over_all_items(
    two_devices: tf.distribute.Strategy,
) -> None:
    # The mean of 2 is 2, of 4, 6, 11 is 7; over all four it is 23 / 4.
    first, second = shares([1.0, 3.0], two_devices)
    assert (2.0 * first + 7.0 * second) / 2 == pytest.approx(23 / 4)
