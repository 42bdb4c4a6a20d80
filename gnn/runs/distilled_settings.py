"""What a distilled run takes where nothing is said, and what its teacher can be."""

from __future__ import annotations

import os
from typing import Any

from gnn.runs.config_files import OptionError
from gnn.runs.run_config import NETWORK_NAMES


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


def check_teacher(teacher: str | None) -> None:
    """Raises unless a teacher is a graph network by its name, or a folder.

    Raises:
        OptionError: as said.

    Example:

    >>> check_teacher("gcn")
    """
    if teacher is not None and teacher not in NETWORK_NAMES and not os.path.isdir(teacher):
        raise OptionError(
            f"teacher must be one of {list(NETWORK_NAMES)}, or the folder of a finished run; got "
            f"{teacher!r}"
        )
