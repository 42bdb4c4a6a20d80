"""svmlight, which is also LIBSVM's format: a row of sparse features a line."""

from __future__ import annotations

import re
from array import array
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from scipy import sparse

from gnn.datasets.formats.file_format import FileFormat, Sample
from gnn.datasets.formats.network import Network
from gnn.datasets.formats.text_lines import head_lines, numbered_lines
from gnn.tables.cells import is_word, quoted

_MOST_FEATURES = 2**31 - 1
_NUMBER = r"[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?"
_LINE = re.compile(rf"({_NUMBER}(,{_NUMBER})*)?(\s+qid:\d+)?((^|\s+)\d+:{_NUMBER})*\s*(#.*)?")


def read_svmlight(path: Path, base: int | None = None, n_features: int | None = None) -> Network:
    r"""Reads rows of features: `label qid:1 3:0.5 7:2 # comment`.

    A row is a node without edges, numbered from 0. Features are numbered from 1, or from 0 where
    the number 0 occurs. Labels that are whole are classes by their names, so -1 and 1 are the
    classes "-1" and "1"; if one is not whole, they are targets of a regression. Lists of labels,
    `1,3`, make an array of 0 and 1 with a column for each label that occurs, in order of its
    number, and a row may then have none. `qid` becomes a column; comments are passed over.

    The width of a file is that of its largest number. For a test set give that of the training set,
    and its base: what its own rows happen to hold says neither.

    Source: T. Joachims, https://www.cs.cornell.edu/people/tj/svm_light; C.-C. Chang and C.-J. Lin,
    "LIBSVM", 2011.

    Args:
      path: the file, plain or compressed.
      base: the number of the first feature, 0 or 1; None takes 0 where that occurs, else 1.
      n_features: how many features there are; None takes the largest number.

    Returns:
      A network without edges, with labels and the sparse float32 feature `"features"`.

    Raises:
      ValueError: for a line that is no row, a feature that is out of range or there twice in a row,
        or a number that is not finite.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder) / "rows.svm"
    ...     _ = path.write_text("1 1:0.5 3:2\n-1 2:1 # a comment\n")
    ...     network = read_svmlight(path)
    >>> network.labels, network.features["features"].toarray().tolist()
    (['1', '-1'], [[0.5, 0.0, 2.0], [0.0, 1.0, 0.0]])
    """
    if base not in (None, 0, 1):
        raise ValueError(f"base must be 0, 1 or None, got {base!r}")
    rows = _read_rows(path)
    if base is None:
        base = 0 if rows.places.size and rows.places.min() == 0 else 1
    width = int(rows.places.max(initial=base - 1)) + 1 - base
    if rows.places.min(initial=base) < base or (n_features is not None and width > n_features):
        last = "" if n_features is None else f" to {n_features + base - 1}"
        raise ValueError(
            f"{path.name}: features must be numbered from {base}{last}, got "
            f"{rows.places.min()} to {rows.places.max()}"
        )
    matrix = sparse.csr_array(
        (rows.values, rows.places - base, rows.starts),
        shape=(len(rows.labels), width if n_features is None else n_features),
    )
    found = _read_labels(path, rows.labels)
    none = np.zeros(0, np.int64)
    return Network(
        ids=range(len(rows.labels)),
        senders=none,
        receivers=none,
        columns={"qid": rows.groups} if any(rows.groups) else {},
        features={"features": matrix},
        labels=found.values,
        class_names=found.class_names,
        about=[
            "svmlight: a row of features a line",
            f"features numbered from {base}",
            f"labels are {found.about}",
            "no edges",
        ],
        counts={"comments": rows.comments},
    )


class _Rows(NamedTuple):
    labels: list[str]
    groups: list[str | None]
    starts: np.ndarray
    places: np.ndarray
    values: np.ndarray
    comments: int


def _read_rows(path: Path) -> _Rows:
    labels: list[str] = []
    groups: list[str | None] = []
    places, values, starts = array("q"), array("d"), array("q", [0])
    comments = 0
    for number, line in numbered_lines(path):
        text, mark, _ = line.partition("#")
        comments += bool(mark)
        cells = text.split()
        if not cells:
            continue
        # In a file of lists a row without labels begins with a blank, or with its features.
        labels.append("" if text[0].isspace() or ":" in cells[0] else cells.pop(0))
        grouped = bool(cells) and cells[0].startswith("qid:")
        groups.append(cells.pop(0)[4:] if grouped else None)
        try:
            pairs = [cell.split(":") for cell in cells]
            found = [int(place) for place, _ in pairs]
            values.extend([float(value) for _, value in pairs])
        except ValueError as error:
            raise ValueError(
                f"{path.name}, line {number}: svmlight has 'label number:value ...' there, got "
                f"{quoted(line)}"
            ) from error
        if len(set(found)) < len(found):
            twice = Counter(found).most_common(1)[0][0]
            raise ValueError(f"{path.name}, line {number}: feature {twice} is there twice")
        if found and not 0 <= min(found) <= max(found) <= _MOST_FEATURES:
            raise ValueError(
                f"{path.name}, line {number}: features must be numbered up to {_MOST_FEATURES}, "
                f"got {min(found)} to {max(found)}"
            )
        places.extend(found)
        starts.append(len(places))
    with np.errstate(over="ignore"):
        numbers = np.frombuffer(values, np.float64).astype(np.float32)
    if not np.isfinite(numbers).all():
        at = int(np.argmin(np.isfinite(numbers)))
        row = int(np.searchsorted(starts, at, "right")) - 1
        raise ValueError(
            f"{path.name}, row {row}: the value of feature {places[at]} must be finite in float32, "
            f"got {values[at]}"
        )
    return _Rows(
        labels,
        groups,
        np.frombuffer(starts, np.int64),
        np.frombuffer(places, np.int64),
        numbers,
        comments,
    )


class _Labels(NamedTuple):
    values: Any
    class_names: list[str] | None
    about: str


def _read_labels(path: Path, texts: Sequence[str]) -> _Labels:
    """Labels as `Graph` takes them; classes are in order of their numbers."""
    lists = {text: text.split(",") if text else [] for text in texts}
    wrong = next((text for text, cells in lists.items() if _no_numbers(cells)), None)
    if wrong is not None:
        raise ValueError(f"{path.name}: labels must be numbers or lists of them, got {wrong!r}")
    several = any(len(cells) != 1 for cells in lists.values())
    if not several and not all(float(text).is_integer() for text in lists):
        targets = np.array([float(text) for text in texts], np.float32)
        return _Labels(targets, None, "targets of a regression")
    named = {text: [_name(cell) for cell in cells] for text, cells in lists.items()}
    names = sorted({name for found in named.values() for name in found}, key=float)
    if not several:
        classes = [named[text][0] for text in texts]
        return _Labels(classes, names, "classes, the whole numbers by their names")
    places = {name: k for k, name in enumerate(names)}
    table = np.zeros((len(texts), len(names)), np.int32)
    for row, text in enumerate(texts):
        table[row, [places[name] for name in named[text]]] = 1
    return _Labels(table, names, "lists, a column of 0 and 1 for each label")


def _no_numbers(cells: list[str]) -> bool:
    return any(not cell or is_word(cell) or not np.isfinite(float(cell)) for cell in cells)


def _name(text: str) -> str:
    """The name of a class: that of `1`, `+1` and `1.0` is "1"."""
    return str(int(float(text))) if float(text).is_integer() else str(float(text))


def _claims(sample: Sample) -> bool:
    lines = [line for line in head_lines(sample) if line.strip() and line[0] != "#"]
    if not lines and sample.head:  # One line may be longer than the head.
        lines = [sample.head.partition("\n")[0].rpartition(" ")[0]]
    has_pairs = any(re.search(r"\s\d+:", line) for line in lines)
    return has_pairs and all(_LINE.fullmatch(line) for line in lines)


SVMLIGHT = FileFormat(
    "svmlight",
    "a row of sparse features a line; no edges; features numbered from 1, or from 0 where 0 "
    "occurs; whole labels are classes by their names",
    _claims,
    read_svmlight,
)
