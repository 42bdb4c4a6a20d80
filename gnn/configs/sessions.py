"""Configuration of graphs from sessions: which pairs of items are edges, and what they weigh."""

from __future__ import annotations

import dataclasses
import math
import numbers
from typing import Any, ClassVar

from gnn.configs.arguments import check_count
from gnn.configs.durations import as_seconds
from gnn.configs.fields import convert, not_negative, set_field
from gnn.configs.session_columns import SessionColumns

WEIGHTINGS = ("count", "cosine", "jaccard", "lift", "ppmi", "npmi", "rate", "bm25", "swing")
REPEATS = ("once", "counted")
LONG_SESSIONS = ("drop", "cut")

# What "auto" takes where a field is not given; docs/graphs_from_logs.md tells how it was chosen.
_AUTO: dict[str, Any] = {
    "weighting": "cosine",
    "max_session_items": 50,
    "min_count": 2,
    "max_neighbors": 10,
    "join_isolated": True,
}
# What a repeat within a session can add to.
_OF_COUNTS_ALONE = ("count", "cosine", "jaccard")


@dataclasses.dataclass(frozen=True)
class SessionGraphConfig(SessionColumns):
    """Which pairs of items that sessions hold are edges of a graph, and what they weigh.

    In this order: of a session, repeats of an item go; sessions that are too long go, or are cut;
    what is left counts by the session's weight; pairs that meet too rarely go; pairs that weigh
    too little, or nothing, go; of each item all but its heaviest neighbors go.

    Attributes:
        weighting: What a pair weighs; formulas in `gnn.edges.sessions.pair_weights`. `"count"`
            joins everything to what is popular, `"npmi"` what meets more often than by chance.
            `"auto"` is for logs of clicks: it takes `"cosine"`, and where they are not given 50 for
            `max_session_items`, 2 for `min_count`, 10 for `max_neighbors` and True for
            `join_isolated`. The fields then have these values.
        window: Items are a pair that are at most so many places apart in their session, in the
            order of time; None takes whole sessions.
        directed: Whether an edge leads from the earlier item to the later one only, in the order of
            time. Each receiver then chooses its neighbors.
        repeats: `"once"` takes an item's first record in a session alone; with `"counted"` a pair
            counts as often as a session has a record of the one and a record of the other.
        max_session_items: The most distinct items of a session; None knows no limit. A session of m
            items makes m (m - 1) / 2 pairs, so that a few robots can make most of a graph.
        long_sessions: What becomes of those above it: `"drop"` leaves them out as if they were not
            there, `"cut"` keeps their first items.
        session_power: A session of n distinct items counts `max(1, n + session_shift) **
            -session_power` times; 0 counts each once.
        session_shift: The other number there: with -1 and a power of 1, a session counts 1/(n-1),
            so that it gives each of its items a weight of 1 in all.
        half_life: Seconds, or text such as `"30d"`: a session counts half as much when it ended so
            long before the last one; None knows no age.
        min_count: How many sessions a pair must be in, at least, whatever they count; None is 1.
        min_weight: What a pair must weigh at least. One of weight 0 is no edge in any case.
        max_neighbors: Of each item, how many neighbors count, the heaviest; of equal ones those of
            the smallest number. None keeps all.
        mutual: Whether an edge must be among the heaviest of both its ends, or of either; of edges
            with a direction, whether the edge back must be there too.
        join_isolated: Whether an item of which all pairs are rarer than `min_count` keeps them, as
            if they were not; None is False.
        swing_smoothing: The number `alpha` of `"swing"`.
        swing_sessions: `"swing"` compares the sessions of an item in pairs: of an item of more, it
            takes so many of the last.
        session_column, item_column, user_column, time_column, session_gap: Where a table has what
            makes sessions, by keyword; see `gnn.configs.SessionColumns`.

    Raises:
        TypeError: A field is of another type.
        ValueError: A field is out of range, or two fields do not go together.

    Example:
        >>> config = SessionGraphConfig(max_neighbors=5)
        >>> config.weighting, config.min_count, config.max_neighbors
        ('cosine', 2, 5)
    """

    weighting: str = "auto"
    window: int | None = None
    directed: bool = False
    repeats: str = "once"
    max_session_items: int | None = None
    long_sessions: str = "drop"
    session_power: float = 0.0
    session_shift: float = 0.0
    half_life: float | str | None = None
    min_count: int = None  # type: ignore[assignment]
    min_weight: float = 0.0
    max_neighbors: int | None = None
    mutual: bool = False
    join_isolated: bool = None  # type: ignore[assignment]
    swing_smoothing: float = 1.0
    swing_sessions: int = 500

    in_nsl: ClassVar[bool] = False

    def __post_init__(self) -> None:
        super().__post_init__()
        defaults: dict[str, Any] = {"min_count": 1, "join_isolated": False}
        if self.weighting == "auto":
            defaults = _AUTO
            set_field(self, "weighting", None)
        for name, value in defaults.items():
            if getattr(self, name) is None:
                set_field(self, name, value)
        for name, known in (
            ("weighting", WEIGHTINGS),
            ("repeats", REPEATS),
            ("long_sessions", LONG_SESSIONS),
        ):
            if getattr(self, name) not in known:
                also = " or 'auto'" if name == "weighting" else ""
                raise ValueError(
                    f"{name} must be one of {known}{also}, got {getattr(self, name)!r}"
                )
        for name in ("window", "max_session_items", "max_neighbors"):
            if getattr(self, name) is not None:
                set_field(self, name, check_count(name, getattr(self, name)))
        for name in ("min_count", "swing_sessions"):
            set_field(self, name, check_count(name, getattr(self, name)))
        for name in ("min_weight", "session_power", "swing_smoothing"):
            set_field(self, name, not_negative(name, getattr(self, name)))
        shift = self.session_shift
        if isinstance(shift, bool) or not isinstance(shift, numbers.Real):
            raise TypeError(f"session_shift must be a number, got {shift!r}")
        if not math.isfinite(shift):
            raise ValueError(f"session_shift must be finite, got {shift}")
        set_field(self, "session_shift", float(shift))
        if self.half_life is not None:
            set_field(self, "half_life", as_seconds("half_life", self.half_life))
            if not self.half_life:
                raise ValueError("half_life must be above 0, got 0")
        for name in ("directed", "mutual", "join_isolated"):
            if not isinstance(getattr(self, name), bool):
                raise TypeError(f"{name} must be True or False, got {getattr(self, name)!r}")
        if self.repeats == "counted" and self.weighting not in _OF_COUNTS_ALONE:
            raise ValueError(
                f"repeats='counted' goes with a weighting of {_OF_COUNTS_ALONE}; "
                f"{self.weighting!r} compares numbers of sessions"
            )
        if self.weighting == "swing" and (self.directed or self.window is not None):
            raise ValueError(
                "weighting='swing' is of whole sessions without order; got "
                f"directed={self.directed} and window={self.window}"
            )

    @property
    def is_symmetric(self) -> bool:
        """Whether both directions of a pair weigh the same, so that they stay or go together."""
        return not self.directed and self.weighting != "rate"

    @property
    def comes_in_halves(self) -> bool:
        """Whether it is enough to count each pair in one direction, and to choose so."""
        return self.is_symmetric and self.window is None and not self.join_isolated

    @property
    def cuts(self) -> bool:
        """Whether long sessions keep their first items."""
        return self.max_session_items is not None and self.long_sessions == "cut"

    @property
    def needs_order(self) -> bool:
        """Whether the order of the records of a session matters."""
        return self.directed or self.window is not None or self.cuts

    @property
    def wants_times(self) -> bool:
        """Whether times of records are looked at, where the log has any."""
        return self.needs_order or self.half_life is not None or super().wants_times


def as_session_graph_config(value: Any) -> SessionGraphConfig:
    """Returns a `SessionGraphConfig` equal to `value`.

    Args:
        value: A `SessionGraphConfig`, a dictionary of the fields, or None, which counts pairs and
            leaves out nothing.

    Raises:
        TypeError: `value` is none of these.
        ValueError: The dictionary has a key that is no field, or a value is out of range.

    Example:
        >>> as_session_graph_config({"min_count": 2}).min_count
        2
    """
    return SessionGraphConfig("count") if value is None else convert(value, SessionGraphConfig)
