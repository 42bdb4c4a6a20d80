"""What a distilled run takes where nothing is said, and what its teacher can be."""

from __future__ import annotations

import os
from typing import Any

from gnn.runs.config_files import OptionError
from gnn.runs.run_config import NETWORK_NAMES, RunConfig


def distilled_settings(*, large: bool) -> dict[str, Any]:
    """Options that go over those of the perceptron, whose labels are few and whose nodes are many.

    Args:
        large: whether the graph has more nodes than are taken at once.

    Example:

    >>> distilled_settings(large=False)["teacher"]
    'gcn'
    """
    return {
        "teacher": "gcn",
        "temperature": 1.0,
        "multiplier": 0.0,
        "contrast": 1.0,
        "distance": "l2",
        "regularize": "probabilities",
        "fanout": (5,),
        "batch_size": 1024 if large else 256,
        "epochs": 50 if large else 200,
        "patience": 5 if large else 50,
        "steps_per_epoch": 0,
    }


def check_teacher(config: RunConfig) -> None:
    """Raises unless a teacher is a graph network by its name, or a folder; or of what it cannot do.

    Raises:
        OptionError: as said.

    Example:

    >>> check_teacher(RunConfig(teacher="gcn"))
    """
    teacher = config.teacher
    if teacher is None or teacher in NETWORK_NAMES:
        return
    if not os.path.isdir(teacher):
        raise OptionError(
            f"teacher must be one of {list(NETWORK_NAMES)}, or the folder of a finished run; got "
            f"{teacher!r}"
        )
    if config.class_weight is not None:
        raise OptionError(
            f"class_weight weighs the labels that a teacher learns, and {teacher!r} has learned "
            "them: leave it out, or name a network"
        )
