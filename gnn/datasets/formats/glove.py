"""GloVe: word vectors as text, without a header."""

from __future__ import annotations

from itertools import chain
from pathlib import Path

from gnn.datasets.formats.file_format import FileFormat, Sample
from gnn.datasets.formats.named_vectors import vector_network, vectors_of_lines
from gnn.datasets.formats.network import Network
from gnn.datasets.formats.text_lines import head_lines, numbered_lines
from gnn.tables.cells import is_word

_SUFFIXES = (".txt", ".glove", ".vec", "")
# Fewer numbers could be the columns of an edge list or of a small table.
_LEAST_WIDTH = 4


def read_glove(path: Path, width: int | None = None) -> Network:
    r"""Reads word vectors: `name number number ...` a line, separated by single blanks.

    There is no header, so the first line says how many numbers a vector has: all but its first
    cell. On later lines the name is what stands before the last so many, and may hold blanks, as
    some names of `glove.840B` do.

    Source: J. Pennington, R. Socher and C. Manning, https://nlp.stanford.edu/projects/glove.

    Args:
      path: the file in UTF-8, plain or compressed.
      width: the numbers of a vector, where the first name holds a blank.

    Returns:
      A network without edges: ids are the names, and its float32 feature is `"vectors"`.

    Raises:
      ValueError: for a line that has fewer numbers, a number that is not finite, or text that is
        not UTF-8; the message names the line.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder) / "tiny.txt"
    ...     _ = path.write_text("tea 1 0.5\nat home -1 2\n")
    ...     network = read_glove(path)
    >>> network.ids, network.features["vectors"].tolist()
    (['tea', 'at home'], [[1.0, 0.5], [-1.0, 2.0]])
    """
    lines = numbered_lines(path)
    first = next(lines, None)
    if first is None:
        raise ValueError(f"{path.name} is empty, so there are no vectors")
    width = len(first[1].rstrip(" ").split(" ")) - 1 if width is None else width
    if width < 1:
        raise ValueError(f"{path.name}, line 1: a name and numbers stand there, got {first[1]!r}")
    names, vectors = vectors_of_lines(path, chain([first], lines), width)
    return vector_network(names, vectors, "GloVe")


def _claims(sample: Sample) -> bool:
    rows = [line.rstrip(" ").split(" ") for line in head_lines(sample) if line.strip()]
    if sample.suffix not in _SUFFIXES or not rows or len(rows[0]) <= _LEAST_WIDTH:
        return False
    width = len(rows[0]) - 1
    numbers = all(
        len(row) > width and not any(is_word(cell) or not cell for cell in row[-width:])
        for row in rows
    )
    return numbers and any(is_word(row[0]) for row in rows)


GLOVE = FileFormat(
    "glove",
    "a name and its vector a line, without a header; no edges; of names that repeat the first",
    _claims,
    read_glove,
)
