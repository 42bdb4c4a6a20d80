"""Agreement of beliefs, and what two judges believe together, against sums over all classes."""

import numpy as np
import pytest
import tensorflow as tf

from gnn.ops import belief_agreement, joint_belief

BELIEFS = np.array([[0.7, 0.2, 0.1], [0.1, 0.1, 0.8], [0.0, 1.0, 0.0]], np.float32)
OTHERS = np.array([[0.5, 0.3, 0.2], [0.6, 0.2, 0.2], [0.3, 0.3, 0.4]], np.float32)


@pytest.mark.parametrize("prior", [0.1, 0.5, 0.9])
def test_it_is_the_posterior_over_all_pairs_of_classes(prior):
    joint = np.where(np.eye(3, dtype=bool), prior / 3, (1 - prior) / 6)
    weighed = joint * BELIEFS[:, :, np.newaxis] * OTHERS[:, np.newaxis, :]
    expected = np.trace(weighed, axis1=1, axis2=2) / weighed.sum(axis=(1, 2))
    found = belief_agreement(BELIEFS, OTHERS, prior)
    np.testing.assert_allclose(found, expected[:, np.newaxis], rtol=1e-5)


def test_without_prior_it_is_the_inner_product():
    expected = [[0.35 + 0.06 + 0.02], [0.06 + 0.02 + 0.16], [0.3]]
    np.testing.assert_allclose(belief_agreement(BELIEFS, OTHERS), expected, rtol=1e-6)
    np.testing.assert_allclose(belief_agreement(BELIEFS, OTHERS, 1 / 3), expected, rtol=1e-5)


def test_certainty_and_a_single_class_have_no_doubt_in_them():
    sure = tf.constant([[1.0, 0.0], [1.0, 0.0]])
    found = belief_agreement(sure, tf.constant([[1.0, 0.0], [0.0, 1.0]]), 0.5)
    assert found.numpy().tolist() == [[1.0], [0.0]]
    assert belief_agreement(tf.ones([1, 1]), tf.ones([1, 1]), 0.5).numpy().tolist() == [[1.0]]


def test_a_joint_belief_is_the_product_scaled():
    product = BELIEFS * OTHERS
    expected = product / product.sum(axis=1, keepdims=True)
    np.testing.assert_allclose(
        joint_belief(tf.constant(BELIEFS), tf.constant(OTHERS)), expected, rtol=1e-5
    )


def test_a_known_label_stays_known_though_the_other_judge_rules_it_out():
    known, other = tf.constant([[0.0, 1.0, 0.0]]), tf.constant([[1.0, 0.0, 0.0]])
    assert joint_belief(known, other).numpy().tolist() == [[0.0, 1.0, 0.0]]
