"""A format: how it is known, and how it is read."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple


class Sample(NamedTuple):
    """What a file or a folder shows without being read.

    Attributes:
      path: where it lies.
      suffix: of a file, in lower case and without that of a compression: `".csv"` of `a.csv.gz`.
      head: the first 4,096 characters of a file, decompressed; "" of a folder.
      head_bytes: the first 4,096 bytes likewise.
      names: the names of the files in a folder, sorted; () of a file.
    """

    path: Path
    suffix: str
    head: str
    head_bytes: bytes
    names: tuple[str, ...]


@dataclasses.dataclass(frozen=True)
class FileFormat:
    """One format of the field.

    Attributes:
      name: as `gnn.datasets.read(format=...)` takes it.
      about: its semantics in a sentence: direction, base, pairs once or twice, repeats, loops.
      claims: whether a sample is of this format. It must be sure: of two formats that claim a
        file the user is asked.
      read: reads a path, and returns a `Network`, or a list of graphs, or what its kind says.
      kind: `"graph"`, `"graphs"` (a list of graphs with a label each) or `"log"`.
    """

    name: str
    about: str
    claims: Callable[[Sample], bool]
    read: Callable[..., Any]
    kind: str = "graph"
