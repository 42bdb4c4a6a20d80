"""Configuration of graphs from sessions: which pairs of items are edges, and what they weigh."""

from __future__ import annotations

import dataclasses
from typing import Any, ClassVar

from gnn.configs.arguments import check_count
from gnn.configs.fields import convert, not_negative, set_field
from gnn.configs.session_columns import SessionColumns

WEIGHTINGS = ("count", "cosine", "jaccard", "lift", "ppmi", "npmi")


@dataclasses.dataclass(frozen=True)
class SessionGraphConfig(SessionColumns):
    """Which pairs of items that sessions hold are edges of a graph, and what they weigh.

    What is left out, in this order: sessions that are too long, as if they were not there; pairs
    that meet too rarely; pairs that weigh too little, or nothing; of each item, all but its
    heaviest neighbors.

    Attributes:
        weighting: What a pair weighs; formulas in `gnn.edges.pair_weights`. `"count"` joins
            everything to what is popular, `"npmi"` what meets more often than by chance.
        max_session_items: Sessions of more distinct items are left out, such as those of robots;
            None keeps all. A session of m items makes m (m - 1) / 2 pairs.
        min_count: How many sessions a pair must be in, at least.
        min_weight: What a pair must weigh at least. One of weight 0 is no edge in any case.
        max_neighbors: Of each item, how many neighbors count, the heaviest; of equal ones those of
            the smallest number. None keeps all.
        mutual: Whether an edge must be among the heaviest of both its ends, or of either.
        session_column, item_column, user_column, time_column, session_gap: Where a table has what
            makes sessions, by keyword; see `gnn.configs.SessionColumns`.

    Raises:
        TypeError: A field is of another type.
        ValueError: A field is out of range.

    Example:
        >>> SessionGraphConfig("npmi", min_count=2, max_neighbors=10).to_dict()["weighting"]
        'npmi'
    """

    weighting: str = "count"
    max_session_items: int | None = None
    min_count: int = 1
    min_weight: float = 0.0
    max_neighbors: int | None = None
    mutual: bool = False

    in_nsl: ClassVar[bool] = False

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.weighting not in WEIGHTINGS:
            raise ValueError(f"weighting must be one of {WEIGHTINGS}, got {self.weighting!r}")
        for name in ("max_session_items", "max_neighbors"):
            if getattr(self, name) is not None:
                set_field(self, name, check_count(name, getattr(self, name)))
        set_field(self, "min_count", check_count("min_count", self.min_count))
        set_field(self, "min_weight", not_negative("min_weight", self.min_weight))
        if not isinstance(self.mutual, bool):
            raise TypeError(f"mutual must be True or False, got {self.mutual!r}")


def as_session_graph_config(value: Any) -> SessionGraphConfig:
    """Returns a `SessionGraphConfig` equal to `value`.

    Args:
        value: A `SessionGraphConfig`, a dictionary of the fields, or None for the defaults.

    Raises:
        TypeError: `value` is none of these.
        ValueError: The dictionary has a key that is no field, or a value is out of range.

    Example:
        >>> as_session_graph_config({"min_count": 2}).min_count
        2
    """
    return SessionGraphConfig() if value is None else convert(value, SessionGraphConfig)
