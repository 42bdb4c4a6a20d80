"""What the service of an index is asked, checked and answered: bytes of JSON in and out."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable
from typing import Any

import numpy as np

from gnn.runs.served_index import ServedIndex

_WAYS = ("vectors", "rows", "ids")


@dataclasses.dataclass(frozen=True)
class Limits:
    """What the service bears.

    Attributes:
        max_body: bytes of a request.
        max_rows: queries of a request.
        max_k: items for a query.
        timeout: seconds for a request to arrive, and again to be answered.
        max_waiting: requests at a time; more are told to come again.
        threads: that work at a time.

    Raises:
        ValueError: one is not above 0.
    """

    max_body: int = 8 * 2**20
    max_rows: int = 1024
    max_k: int = 1000
    timeout: float = 30.0
    max_waiting: int = 64
    threads: int = 2

    def __post_init__(self) -> None:
        """Checks the numbers."""
        for name, value in dataclasses.asdict(self).items():
            if not value > 0:
                raise ValueError(f"{name} must be above 0, got {value}")


class RequestError(Exception):
    """A request that cannot be answered as it is.

    Attributes:
        status: of HTTP.
    """

    def __init__(self, message: str, status: int = 400):
        super().__init__(message)
        self.status = status


def answer(
    work: Callable[[ServedIndex, dict[str, Any], Limits], dict[str, Any]],
    served: ServedIndex,
    content: bytes,
    limits: Limits,
) -> bytes:
    """The answer to a request, as JSON.

    Args:
        work: `search` or `embed`.
        served: the index.
        content: the request.
        limits: what is borne.

    Raises:
        RequestError: the request is wrong; the message says what is.
    """
    try:
        asked = json.loads(content, parse_constant=_no_constant)
        if not isinstance(asked, dict):
            raise ValueError("the request must be a JSON object")
        found = work(served, asked, limits)
    except RequestError:
        raise
    except KeyError as error:
        raise RequestError(str(error.args[0])) from error
    except (ValueError, TypeError, OverflowError, RecursionError) as error:
        raise RequestError(_short(str(error) or type(error).__name__)) from error
    return json.dumps(found).encode()


def search(served: ServedIndex, asked: dict[str, Any], limits: Limits) -> dict[str, Any]:
    """`{"k": 10, "vectors" | "rows" | "ids": [...], "filter": [ids]}` to the items of each query.

    Returns:
        `{"results": [[{"id": ..., "score": ...}, ...], ...]}`; of ids, without themselves.

    Raises:
        RequestError: as said.
        ValueError: a value is wrong.
    """
    _check_keys(asked, {"k", "filter", *_WAYS})
    ways = [way for way in _WAYS if way in asked]
    if len(ways) != 1:
        raise RequestError(f"exactly one of {', '.join(_WAYS)} must be given, got {ways or 'none'}")
    k = asked.get("k", 10)
    if isinstance(k, bool) or not isinstance(k, int) or not 1 <= k <= limits.max_k:
        raise RequestError(f"k must be an integer from 1 to {limits.max_k}, got {_short(repr(k))}")
    filter = asked.get("filter")
    if filter is not None and not isinstance(filter, list):
        raise RequestError("filter must be a list of ids")
    given = _listed(asked, ways[0], limits)
    index = served.index
    if ways[0] == "ids":
        result = index.search_ids(given, k, filter=filter)
    else:
        vectors = _vectors(given) if ways[0] == "vectors" else served.row_encoder().of_rows(given)
        result = index.search(vectors, k, filter=filter)
    hits = [result.hits(place) for place in range(len(result))]
    return {"results": [[{"id": name, "score": score} for name, score in each] for each in hits]}


def embed(served: ServedIndex, asked: dict[str, Any], limits: Limits) -> dict[str, Any]:
    """`{"rows": [...]}` to `{"vectors": [[...], ...]}`.

    Raises:
        RequestError: as said.
        ValueError: a value is wrong, or the index embeds no rows.
    """
    _check_keys(asked, {"rows"})
    return {"vectors": served.row_encoder().of_rows(_listed(asked, "rows", limits)).tolist()}


def _vectors(given: list[Any]) -> np.ndarray:
    try:
        return np.array(given, np.float64)
    except (ValueError, TypeError) as error:
        raise RequestError("vectors must be lists of numbers, all of one length") from error


def _check_keys(asked: dict[str, Any], known: set[str]) -> None:
    unknown = sorted(asked.keys() - known)
    if unknown:
        raise RequestError(
            f"the key {_short(repr(unknown[0]))} is unknown; known are {sorted(known)}"
        )


def _listed(asked: dict[str, Any], name: str, limits: Limits) -> list[Any]:
    given = asked.get(name)
    if not isinstance(given, list) or not given:
        raise RequestError(f"{name} must be a list of at least one")
    if len(given) > limits.max_rows:
        raise RequestError(f"{name} must be at most {limits.max_rows}, got {len(given)}", 413)
    return given


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is no JSON")


def _short(text: str, most: int = 500) -> str:
    return text if len(text) <= most else f"{text[:most]}..."
