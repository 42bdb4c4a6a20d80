"""Why a co-training ends, as a state that the loop decides by and as a sentence for people."""

from __future__ import annotations

import enum

import numpy as np

from gnn.cotraining.cotrain_config import CoTrainConfig


class End(enum.Enum):
    """Why there is no further round.

    The first three are found by a round, and stay: no later round would find anything else. The
    others are of one call of `fit`: asked for more rounds, or without the callback, it goes on.
    """

    NONE_LEFT = "every node that may be labeled is"
    NONE_SURE = "no node is sure enough"
    NO_SHARE = "no class has a share of one label"
    ROUNDS = "all rounds are done"
    CALLBACK = "a callback asked for it"
    INTERRUPT = "it was interrupted"


def why_none(beliefs: np.ndarray, pool: np.ndarray, config: CoTrainConfig) -> End:
    """Why no node of a pool was given a label.

    Args:
        beliefs: float `[n_nodes, n_classes]`, by which labels are given.
        pool: int `[n]`, the nodes that may be given one.
        config: the settings.

    Example:

    >>> beliefs = np.array([[0.9, 0.1], [0.6, 0.4]])
    >>> sure = CoTrainConfig(min_confidence=0.7)
    >>> [why_none(beliefs, np.array(pool, int), sure).name for pool in ([], [1], [0, 1])]
    ['NONE_LEFT', 'NONE_SURE', 'NO_SHARE']
    """
    if not len(pool):
        return End.NONE_LEFT
    return End.NO_SHARE if beliefs[pool].max() > config.min_confidence else End.NONE_SURE


def sentence(end: End, config: CoTrainConfig, beliefs: np.ndarray, pool: np.ndarray) -> str:
    """An end as a reader is told of it, with the settings and figures that it comes from.

    Args:
        end: what it was.
        config: the settings.
        beliefs: as `why_none` takes them.
        pool: the same.

    Example:

    >>> sentence(End.NONE_SURE, CoTrainConfig(), np.array([[0.3, 0.4, 0.3]]), np.array([0]))
    'no unlabeled node was predicted with a probability over min_confidence=0.4; the highest was \
0.40'
    """
    if end is End.NONE_LEFT:
        return "all nodes that may be labeled are"
    if end is End.NONE_SURE:
        return (
            "no unlabeled node was predicted with a probability over min_confidence="
            f"{config.min_confidence}; the highest was {beliefs[pool].max():.2f}"
        )
    if end is End.NO_SHARE:
        return (
            f"labels_per_round={config.labels_per_round} leaves no class that sure nodes were "
            "predicted for a share of one node"
        )
    return f"all {config.rounds} rounds are done" if end is End.ROUNDS else end.value
