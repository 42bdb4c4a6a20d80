"""Vectors with a name each, as files of word vectors hold them."""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np

from gnn.datasets.formats.network import Network
from gnn.tables.cells import quoted


def vectors_of_lines(
    path: Path, lines: Iterable[tuple[int, str]], width: int
) -> tuple[list[str], np.ndarray]:
    """Names and vectors of lines `name number number ...`, separated by single blanks.

    The numbers are the last `width` cells of a line; what stands before them is the name, which may
    hold blanks.

    Args:
      path: the file, for messages.
      lines: lines with their numbers; blank ones are passed over.
      width: the numbers of a vector.

    Returns:
      The names, and float32 `[n, width]`.

    Raises:
      ValueError: for a line with too few numbers, or a number that is not finite in float32.

    >>> names, vectors = vectors_of_lines(Path("v.txt"), [(1, "at home 1 2"), (2, "x 3 4")], 2)
    >>> names, vectors.tolist()
    (['at home', 'x'], [[1.0, 2.0], [3.0, 4.0]])
    """
    names: list[str] = []
    values = array("f")
    for number, line in lines:
        if not line.strip():
            continue
        cells = line.rstrip(" ").rsplit(" ", width)
        try:
            if len(cells) != width + 1 or not cells[0]:
                raise ValueError(f"{len(cells) - 1} numbers")
            values.extend(map(float, cells[1:]))
        except ValueError as error:
            raise ValueError(
                f"{path.name}, line {number}: a name and {width} numbers stand there, as on the "
                f"first line, got {quoted(line)} ({error})"
            ) from error
        names.append(cells[0])
    vectors = np.frombuffer(values, np.float32).reshape(-1, width)
    check_finite(path, names, vectors)
    return names, vectors


def check_finite(path: Path, names: Sequence[str], vectors: np.ndarray) -> None:
    """Raises ValueError for the first vector that has a number that is not finite."""
    for start in range(0, len(vectors), 1 << 14):
        sound = np.isfinite(vectors[start : start + (1 << 14)]).all(axis=1)
        if not sound.all():
            name = names[start + int(np.argmin(sound))]
            raise ValueError(f"{path.name}: the vector of {quoted(name)} is not finite in float32")


def vector_network(names: list[str], vectors: np.ndarray, title: str) -> Network:
    """A network without edges: names are ids, of names that repeat the first counts.

    Args:
      names: of the vectors.
      vectors: float32 `[n, width]`.
      title: the format.

    >>> network = vector_network(["a", "b", "a"], np.arange(3.0)[:, np.newaxis], "of lines")
    >>> network.ids, network.features["vectors"].ravel().tolist(), network.counts
    (['a', 'b'], [0.0, 1.0], {'repeated names': 1})
    """
    ids = dict.fromkeys(names)
    repeated = len(names) - len(ids)
    if repeated:
        seen: set[str] = set()
        first = [k for k, name in enumerate(names) if not (name in seen or seen.add(name))]  # type: ignore[func-returns-value]
        vectors = vectors[first]
    none = np.zeros(0, np.int64)
    return Network(
        ids=list(ids),
        senders=none,
        receivers=none,
        features={"vectors": vectors},
        about=[title, "a node a name", "no edges", "of names that repeat the first vector is read"],
        counts={"repeated names": repeated},
    )
