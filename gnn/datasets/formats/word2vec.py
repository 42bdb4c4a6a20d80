"""word2vec: word vectors with a header, as text or in binary."""

from __future__ import annotations

import re
from pathlib import Path
from typing import BinaryIO

import numpy as np

from gnn.datasets.formats.claimed_sizes import check_claim
from gnn.datasets.formats.file_format import FileFormat, Sample
from gnn.datasets.formats.named_vectors import check_finite, vector_network, vectors_of_lines
from gnn.datasets.formats.network import Network
from gnn.datasets.formats.text_lines import head_lines, numbered_lines
from gnn.tables.cells import is_word
from gnn.tables.text_files import open_bytes

_HEADER = re.compile(r"\s*(\d{1,18})\s+(\d{1,18})\s*")
_LONGEST_NAME = 1 << 16
_BLOCK = 1 << 20


def read_word2vec_text(path: Path) -> Network:
    r"""Reads word vectors as text: a header `count width`, then `name number number ...` a line.

    fastText writes its `.vec` files so, and gensim. A header whose count is wrong is an error: a
    smaller one would cut vectors off silently.

    Args:
      path: the file in UTF-8, plain or compressed.

    Returns:
      A network without edges: ids are the names, and its float32 feature is `"vectors"`.

    Raises:
      ValueError: the header is none, claims more than the file can hold or another number of
        vectors; for a line with another number of numbers, a number that is not finite, or text
        that is not UTF-8.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder) / "tiny.vec"
    ...     _ = path.write_text("2 2\ntea 1 0.5\ncup -1 2\n")
    ...     read_word2vec_text(path).ids
    ['tea', 'cup']
    """
    lines = numbered_lines(path)
    count, width = _read_header(path, next(lines, (1, ""))[1])
    # A letter, a blank and a digit a number, a line feed.
    check_claim(path, 1, _claim(count, width), count * (2 + 2 * width) - 1)
    names, vectors = vectors_of_lines(path, lines, width)
    if len(names) != count:
        raise ValueError(
            f"{path.name}, line 1: the header says {count} vectors, and the file has {len(names)}"
        )
    return vector_network(names, vectors, "word2vec, text")


def read_word2vec_binary(path: Path) -> Network:
    r"""Reads word vectors in binary: a header `count width`, then names and float32 numbers.

    A name ends with a blank, and its numbers follow, little-endian; word2vec puts a line feed after
    them, gensim does not.

    Source: T. Mikolov, https://code.google.com/archive/p/word2vec.

    Args:
      path: the file, plain or compressed.

    Returns:
      A network without edges: ids are the names, and its float32 feature is `"vectors"`.

    Raises:
      ValueError: the header is none, claims more than the file can hold, or fewer vectors than
        there are; a name is not UTF-8, or a number not finite.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder) / "tiny.bin"
    ...     _ = path.write_bytes(b"1 2\ntea " + np.array([1, 0.5], "<f4").tobytes())
    ...     network = read_word2vec_binary(path)
    >>> network.ids, network.features["vectors"].tolist()
    (['tea'], [[1.0, 0.5]])
    """
    with open_bytes(path, path.name) as file:
        names, vectors = _read_binary(path, file)
    check_finite(path, names, vectors)
    return vector_network(names, vectors, "word2vec, binary")


def _read_binary(path: Path, file: BinaryIO) -> tuple[list[str], np.ndarray]:
    header = file.readline(64)
    count, width = _read_header(path, header.decode("latin-1"))
    # A letter and a blank, and 4 bytes a number.
    check_claim(path, 1, _claim(count, width), count * (2 + 4 * width))
    vectors = np.empty((count, width), np.float32)
    names: list[str] = []
    held, at, size = b"", 0, 4 * width
    for row in range(count):
        stop = held.find(b" ", at)
        while stop < 0 or len(held) < stop + 1 + size:
            if stop < 0 and len(held) - at > _LONGEST_NAME:
                raise ValueError(
                    f"{path.name}: the name of vector {row} is longer than {_LONGEST_NAME:,} bytes"
                )
            block = file.read(max(_BLOCK, size))
            if not block:
                raise ValueError(
                    f"{path.name}, line 1: the header says {count} vectors, and the file ends in "
                    f"number {row}, counted from 0"
                )
            held, at = held[at:] + block, 0
            stop = held.find(b" ")
        name = held[at:stop].lstrip(b"\n")
        try:
            names.append(name.decode())
        except UnicodeDecodeError as error:
            raise ValueError(
                f"{path.name}: the name of vector {row} is not UTF-8, got {name[:40]!r}"
            ) from error
        vectors[row] = np.frombuffer(held, "<f4", width, stop + 1)
        at = stop + 1 + size
    if (held[at:] + file.read(64)).strip(b"\n"):
        raise ValueError(
            f"{path.name}, line 1: the header says {count} vectors, and there is more after them"
        )
    return names, vectors


def _read_header(path: Path, line: str) -> tuple[int, int]:
    found = _HEADER.fullmatch(line)
    count, width = (int(text) for text in found.groups()) if found else (0, 0)
    if count < 1 or width < 1:
        raise ValueError(
            f"{path.name}, line 1: word2vec has the numbers of vectors and of their columns there, "
            f"got {line[:40]!r}"
        )
    return count, width


def _claim(count: int, width: int) -> str:
    return f"{count:,} vectors of {width:,} numbers"


def _claims_text(sample: Sample) -> bool:
    lines = head_lines(sample)
    found = _HEADER.fullmatch(lines[0]) if lines else None
    if not found or len(lines) < 2 or sample.suffix in (".graph", ".metis"):
        return False
    width = int(found[2])
    if width < 2:  # Two lines of two numbers are an edge list.
        return False
    rows = [line.rstrip(" ").rsplit(" ", width) for line in lines[1:] if line.strip()]
    return bool(rows) and all(
        len(row) == width + 1 and not any(is_word(cell) or not cell for cell in row[1:])
        for row in rows
    )


def _claims_binary(sample: Sample) -> bool:
    first, line_feed, rest = sample.head_bytes.partition(b"\n")
    found = _HEADER.fullmatch(first.decode("latin-1")) if line_feed else None
    if not found or int(found[2]) < 1:
        return False
    name, blank, numbers = rest.partition(b" ")
    vector = numbers[: 4 * int(found[2])]
    return bool(name and blank and vector) and not _is_text(vector)


def _is_text(content: bytes) -> bool:
    """Whether bytes can be a piece of a text, whose last letter may be cut."""
    try:
        content.decode()
    except UnicodeDecodeError as error:
        if error.start < len(content) - 3:
            return False
    return not re.search(rb"[\x00-\x08\x0e-\x1f]", content)


WORD2VEC_TEXT = FileFormat(
    "word2vec",
    "a header with count and width, then a name and its vector a line; no edges; of names that "
    "repeat the first",
    _claims_text,
    read_word2vec_text,
)
WORD2VEC_BINARY = FileFormat(
    "word2vec-binary",
    "a header with count and width, then names and float32 numbers, little-endian; no edges; of "
    "names that repeat the first",
    _claims_binary,
    read_word2vec_binary,
)
