"""The labels of a table of nodes: names of classes, numbers of classes, targets, or lists."""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Sequence

import numpy as np

from gnn.datasets.node_columns import NodeColumns
from gnn.edges.missing import without_na
from gnn.graphs.labels import SIGNS_NOTE, TWO_SIGNS, check_label_kind, read_labels
from gnn.tables.cells import Cells, Lists, is_word, quoted
from gnn.tables.problems import RowCheck

_LARGEST_LABEL = np.iinfo(np.int32).max - 1
_LABELS_SHOWN = 10


@dataclasses.dataclass(frozen=True, eq=False)
class TableLabels:
    """Labels as a graph holds them.

    Attributes:
      values: int32 or float32, a row a node; None if no node has a label.
      columns: the columns with the classes that there are.
      note: what was guessed, in a few words.
    """

    values: np.ndarray | None
    columns: NodeColumns
    note: str = ""


class LabelColumn:
    """The column `label`, gathered chunk by chunk; what it is shows at its end."""

    def __init__(
        self, columns: NodeColumns | None, label_kind: str | None, na_values: frozenset[str]
    ) -> None:
        """Takes the columns of another table, the kind of labels, and the texts for missing.

        Raises:
          ValueError: there is no such kind.
        """
        check_label_kind(label_kind)
        self._columns, self._kind = columns, label_kind
        if columns is not None:
            self._kind = label_kind or columns.label_kind
            na_values -= frozenset(columns.class_names or ())
        self._na_values = na_values
        self._texts: list[str] = []
        self._lists: list[Lists] = []
        self._reading = ""

    def add(self, cells: Cells) -> None:
        """Takes the cells of the next rows."""
        lists = cells.lists()
        if lists is None:
            self._texts.extend(without_na(cells.text(), self._na_values))
        else:
            self._lists.append(lists)

    def reject(self, file: str, check: RowCheck) -> None:
        """Finds out what the labels are, and rejects the rows whose label is none of them.

        Args:
          file: the name of the file.
          check: the rows.

        Raises:
          ValueError: the column does not suit the kind of labels that was asked for.
        """
        self._reading = self._find_reading(file)
        checks = {"class": _why_no_class, "signs": _why_no_sign, "regression": _why_no_target}
        why_not = checks.get(self._reading)
        if self._reading == "multilabel":
            self._reject_lists(check)
        elif why_not is not None:
            reasons = {label: why_not(label) for label in set(self._texts)}
            if any(reasons.values()):
                for row, label in enumerate(self._texts):
                    if reasons[label]:
                        check.reject(row, "label", f"label {quoted(label)} {reasons[label]}")

    def read(self, file: str, good: np.ndarray, columns: NodeColumns) -> TableLabels:
        """The labels of the rows that are left.

        Args:
          file: the name of the file.
          good: a mask of the rows.
          columns: the columns of the table.

        Raises:
          ValueError: a label is none of the classes of another table.
        """
        if self._reading == "multilabel":
            return self._read_lists(good, columns)
        kept = [text for text, is_good in zip(self._texts, good.tolist(), strict=True) if is_good]
        if not any(kept):
            return TableLabels(None, columns)
        if self._reading == "regression":
            values = np.array([float(text) if text else np.nan for text in kept], np.float32)
            return TableLabels(values, dataclasses.replace(columns, label_kind="regression"))
        if self._reading == "signs":
            labels = _classes_by_name(
                file, kept, dataclasses.replace(columns, class_names=TWO_SIGNS)
            )
            return dataclasses.replace(labels, note=SIGNS_NOTE)
        if self._reading == "text":
            return _classes_by_name(file, kept, columns)
        return _classes_by_number(file, kept, columns)

    def _find_reading(self, file: str) -> str:
        """How the cells are read: "text", "class", "regression" or "multilabel"."""
        if self._lists or self._kind == "multilabel":
            if not self._lists or self._kind not in (None, "multilabel"):
                kind = self._kind or "multilabel"
                need = "lists of 0 and 1, as Parquet has" if kind == "multilabel" else "one value"
                raise ValueError(f"{file}: labels must be {need} for label_kind={kind!r}")
            return "multilabel"
        if self._kind == "regression":
            return "regression"
        known = self._columns
        if known is not None and (known.class_names is not None or known.num_classes):
            if known.class_names == TWO_SIGNS:
                self._texts = [_without_plus(text) for text in self._texts]
            return "text" if known.class_names is not None else "class"
        counts = Counter(self._texts)
        counts.pop("", None)
        words = sum(count for label, count in counts.items() if is_word(label))
        if 2 * words >= sum(counts.values()):
            return "text"
        numbers = {label: float(label) for label in counts if not is_word(label)}
        parts = sum(counts[label] for label, value in numbers.items() if not value.is_integer())
        if self._kind is None and 2 * parts > sum(counts.values()):
            return "regression"
        if {value for value in numbers.values() if value.is_integer()} == {-1.0, 1.0}:
            self._texts = [_without_plus(text) for text in self._texts]
            return "signs"
        return "class"

    def _reject_lists(self, check: RowCheck) -> None:
        lengths = np.concatenate([lists.lengths for lists in self._lists])
        values = np.concatenate([lists.values for lists in self._lists])
        counts = Counter(lengths[lengths > 0].tolist())
        self._width = counts.most_common(1)[0][0] if counts else 0
        known = self._columns
        if known is not None and known.num_classes:
            self._width = known.num_classes
        fits = lengths == self._width
        self._matrix = np.full((lengths.size, self._width), -1, np.int32)
        found = values[np.repeat(fits, np.maximum(lengths, 0))].reshape(-1, self._width)
        bits = np.isin(found, (0, 1)).all(axis=1)
        rows = np.flatnonzero(fits)
        self._matrix[rows[bits]] = found[bits].astype(np.int32)
        for row in rows[~bits].tolist():
            check.reject(row, "label", "label holds something else than 0 and 1")
        for row in np.flatnonzero(~fits & (lengths >= 0)).tolist():
            check.reject(row, "label", f"label has length {lengths[row]}, not {self._width}")

    def _read_lists(self, good: np.ndarray, columns: NodeColumns) -> TableLabels:
        columns = dataclasses.replace(columns, label_kind="multilabel", num_classes=self._width)
        return TableLabels(self._matrix[good], columns)


def _classes_by_name(file: str, labels: Sequence[str], columns: NodeColumns) -> TableLabels:
    found = sorted(set(labels) - {""})
    names = tuple(found) if columns.class_names is None else columns.class_names
    codes = {name: k for k, name in enumerate(names)}
    _check_known(file, [label for label in found if label not in codes], f"classes {_named(names)}")
    codes[""] = -1
    values = np.fromiter(map(codes.__getitem__, labels), np.int32, len(labels))
    return TableLabels(values, _of_classes(columns, names, len(names)))


def _classes_by_number(file: str, labels: Sequence[str], columns: NodeColumns) -> TableLabels:
    codes = {label: int(float(label or -1)) for label in set(labels)}
    numbers = np.fromiter(map(codes.__getitem__, labels), np.int64, len(labels))
    empty = np.fromiter((not label for label in labels), bool, len(labels))
    # Where another table says what the classes are, there is nothing to guess.
    count = columns.num_classes
    unknown = sorted(label for label, code in codes.items() if label and code >= count > 0)
    _check_known(file, unknown, f"{count} classes 0 to {count - 1}")
    if count:
        return TableLabels(numbers.astype(np.int32), _of_classes(columns, None, count))
    values, names, note = read_labels(np.ma.masked_array(numbers, empty))
    assert values is not None
    count = 1 + int(values.max()) if names is None else len(names)
    return TableLabels(values, _of_classes(columns, names, count), note)


def _of_classes(columns: NodeColumns, names: tuple[str, ...] | None, count: int) -> NodeColumns:
    return dataclasses.replace(columns, class_names=names, num_classes=count, label_kind="class")


def _check_known(file: str, unknown: Sequence[str], known: str) -> None:
    if unknown:
        raise ValueError(f"{file}: labels {_named(unknown)} are not among the {known}")


def _why_no_class(label: str) -> str:
    """What is wrong with a label where labels are whole numbers; "" if nothing is."""
    if not label:
        return ""
    number = float("nan") if is_word(label) else float(label)
    if not number.is_integer():
        return "is not a whole number"
    if number < 0:
        return "is negative: leave it empty where there is none"
    return "" if number <= _LARGEST_LABEL else "is too large for the number of a class"


def _why_no_sign(label: str) -> str:
    """What is wrong with a label where labels are -1 and 1; "" if nothing is."""
    return "" if label in ("", *TWO_SIGNS) else "is neither -1 nor 1"


def _why_no_target(label: str) -> str:
    """What is wrong with a label where labels are numbers; "" if nothing is."""
    if not label:
        return ""
    if is_word(label):
        return "is not a number"
    with np.errstate(over="ignore"):
        return "" if np.isfinite(np.float32(label)) else "is not finite in float32"


def _without_plus(label: str) -> str:
    """-1 and 1 as they are named, however they are written."""
    if not label or is_word(label) or float(label) not in (-1.0, 1.0):
        return label
    return TWO_SIGNS[float(label) > 0]


def _named(labels: Sequence[str]) -> str:
    more = f" and {len(labels) - _LABELS_SHOWN} more" if len(labels) > _LABELS_SHOWN else ""
    return ", ".join(map(quoted, labels[:_LABELS_SHOWN])) + more
