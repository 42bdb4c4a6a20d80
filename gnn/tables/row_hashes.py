"""Which rows and texts are equal: by a number of each, without Python's objects of them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

_PRIME, _MIXER = np.uint64(0x9E3779B97F4A7C15), np.uint64(0xD6E8FEB86659FD93)
_HALF = np.uint64(32)
_ROWS = 1 << 13
_MOST_BYTES = 1 << 22


def row_hashes(words: np.ndarray) -> np.ndarray:
    """A number for each row of whole numbers, the same for equal rows; zeros at the end are none.

    Args:
      words: unsigned integers `[n, k]`.

    Returns:
      uint64 `[n]`. That two of n different rows have one has a probability of n^2 / 2^65.

    >>> found = row_hashes(np.array([[1, 2], [2, 1], [1, 2]], np.uint64))
    >>> bool(found[0] == found[2]), bool(found[0] == found[1])
    (True, False)
    """
    with np.errstate(over="ignore"):
        mixed = words * np.multiply.accumulate(np.full(words.shape[1], _PRIME))
        mixed ^= mixed >> _HALF
        mixed *= _MIXER
        mixed ^= mixed >> _HALF
        return mixed.sum(axis=1, dtype=np.uint64)


def unicode_hashes(texts: np.ndarray) -> np.ndarray:
    """A number for each text of an array of NumPy's kind U or S, as `row_hashes`.

    >>> found = unicode_hashes(np.array(["a", "b", "a"]))
    >>> bool(found[0] == found[2]), bool(found[0] == found[1])
    (True, False)
    """
    found = np.zeros(texts.size, np.uint64)
    if not texts.itemsize:
        return found
    kind = np.uint32 if texts.dtype.kind == "U" else np.uint8
    points = np.ascontiguousarray(texts).view(kind).reshape(texts.size, -1)
    blocks = [slice(start, start + _ROWS) for start in range(0, texts.size, _ROWS)]
    is_narrow = all(points[block].max() < 256 for block in blocks)
    for block in blocks:
        part = points[block]
        if is_narrow:  # Eight characters are one number then.
            narrow = np.zeros((len(part), -(-part.shape[1] // 8) * 8), np.uint8)
            narrow[:, : part.shape[1]] = part
            part = narrow.view(np.uint64)
        found[block] = row_hashes(part)
    return found


def arrow_hashes(texts: Any) -> np.ndarray:
    """A number for each text of an Arrow array, or a chunked one, without nulls.

    >>> import pyarrow
    >>> found = arrow_hashes(pyarrow.chunked_array([["a", "b"], ["a long text", "b"]]))
    >>> len(set(found.tolist())), bool(found[1] == found[3])
    (3, True)
    """
    parts = [row_hashes(words) for chunk in _chunks(texts) for words in _words(chunk)]
    return np.concatenate([np.zeros(0, np.uint64), *parts])


def repeated(hashes: np.ndarray) -> np.ndarray:
    """The rows whose hash another row has, too, int64 in order.

    >>> repeated(np.array([7, 5, 7, 6], np.uint64)).tolist()
    [0, 2]
    """
    ordered = np.sort(hashes)
    twice = ordered[1:][ordered[1:] == ordered[:-1]]
    return np.flatnonzero(np.isin(hashes, twice)) if twice.size else np.zeros(0, np.int64)


def num_distinct(hashes: np.ndarray) -> int:
    """How many different ones there are.

    >>> num_distinct(np.array([7, 5, 7, 6], np.uint64))
    3
    """
    ordered = np.sort(hashes)
    return int(np.count_nonzero(ordered[1:] != ordered[:-1])) + bool(ordered.size)


def _chunks(texts: Any) -> Iterator[Any]:
    for chunk in getattr(texts, "chunks", [texts]):
        for start in range(0, len(chunk), _ROWS):
            yield chunk.slice(start, _ROWS)


def _words(texts: Any) -> Iterator[np.ndarray]:
    """The bytes of texts as uint64 `[n, k]`; a long text is no reason for long rows of all."""
    import pyarrow.compute as pc

    longest = pc.max(pc.binary_length(texts)).as_py() or 0
    width = max(1, -(-longest // 8))
    if len(texts) > 1 and 8 * width * len(texts) > _MOST_BYTES:
        half = len(texts) // 2
        yield from _words(texts.slice(0, half))
        yield from _words(texts.slice(half))
        return
    padded = pc.ascii_rpad(texts, width=8 * width, padding="\0")
    start = padded.offset * 8 * width
    data = np.frombuffer(padded.buffers()[2], np.uint8)[start : start + 8 * width * len(texts)]
    yield data.view(np.uint64).reshape(len(texts), width)
