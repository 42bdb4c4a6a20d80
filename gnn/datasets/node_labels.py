"""The labels of a table of nodes: names of classes, numbers of classes, targets, or lists."""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Callable, Sequence

import numpy as np

from gnn.datasets.name_cells import name_texts
from gnn.datasets.node_schema import NodeSchema
from gnn.graphs.labels import SIGNS_NOTE, TWO_SIGNS, check_label_kind, read_labels
from gnn.tables.cells import NO_LIST, Cells, Lists, is_word, quoted
from gnn.tables.typed_table import Texts

_LARGEST_LABEL = np.iinfo(np.int32).max - 1
_LABELS_SHOWN = 10


@dataclasses.dataclass(frozen=True, eq=False)
class TableLabels:
    """Labels as a graph holds them.

    Attributes:
      values: int32 or float32, a row a node; None if no node has a label.
      columns: the columns with the classes that there are.
      note: what was guessed, in a few words.
      wrong: row -> what is wrong with its label, which is none then.
      given: how many rows have a label, right or wrong.
    """

    values: np.ndarray | None
    columns: NodeSchema
    note: str = ""
    wrong: dict[int, str] = dataclasses.field(default_factory=dict)
    given: int = 0


class LabelColumn:
    """The column of the labels, gathered chunk by chunk; what it is shows at its end.

    Args:
      name: of the column.
      known: the columns of another table, whose classes these are.
      label_kind: the kind of labels; None finds it out.
      na_values: the texts that mean missing.

    Raises:
      ValueError: there is no such kind.
    """

    def __init__(
        self,
        name: str,
        known: NodeSchema | None,
        label_kind: str | None,
        na_values: frozenset[str],
    ) -> None:
        check_label_kind(label_kind)
        self.name = name
        self._known, self._kind = known, label_kind
        if known is not None:
            self._kind = label_kind or known.label_kind
            na_values -= frozenset(known.class_names or ())
        self._na_values = na_values
        self._texts: list[Texts] = []
        self._lists: list[Lists] = []

    def add(self, cells: Cells) -> None:
        """Takes the cells of the next rows."""
        lists = cells.lists()
        if lists is None:
            self._texts.append(name_texts(cells, self._na_values))
        else:
            self._lists.append(lists)

    def read(self, file: str, good: np.ndarray, columns: NodeSchema) -> TableLabels:
        """The labels of some rows.

        Args:
          file: the name of the file.
          good: a mask of the rows.
          columns: the columns of the table.

        Raises:
          ValueError: the column does not suit the kind of labels that was asked for, or a label is
            none of the classes of another table.
        """
        if self._lists or self._kind == "multilabel":
            return self._read_lists(file, good, columns)
        texts = Texts.concatenate(self._texts).take(np.flatnonzero(good))
        counts = np.bincount(texts.codes, minlength=texts.values.size)
        labels = Counter({t: int(n) for t, n in zip(texts.values, counts, strict=True) if t and n})
        reading = self._find_reading(labels)
        known = self._known.class_names if self._known is not None else None
        if reading == "signs" or known == TWO_SIGNS:
            texts = Texts.of_codes(texts.codes, [_without_plus(text) for text in texts.values])
        checks: dict[str, Callable[[str], str]] = {
            "class": _why_no_class,
            "signs": _why_no_sign,
            "regression": _why_no_target,
        }
        texts, wrong = self._without_wrong(texts, checks.get(reading))
        found = self._read_texts(file, reading, texts, columns)
        return dataclasses.replace(found, wrong=wrong, given=labels.total())

    def _without_wrong(
        self, texts: Texts, why_not: Callable[[str], str] | None
    ) -> tuple[Texts, dict[int, str]]:
        """The labels, those that are wrong as gaps, and what is wrong with them."""
        if why_not is None:
            return texts, {}
        reasons = {text: why_not(text) for text in texts.values.tolist() if text}
        bad = np.array([bool(reasons.get(text)) for text in texts.values.tolist()], bool)
        rows = np.flatnonzero(bad[texts.codes]).tolist()
        cells = texts.values[texts.codes[rows]].tolist()
        wrong = {
            row: f"{self.name} {quoted(cell)} {reasons[cell]}"
            for row, cell in zip(rows, cells, strict=True)
        }
        kept = ["" if reasons.get(text) else text for text in texts.values.tolist()]
        return Texts.of_codes(texts.codes, kept), wrong

    def _find_reading(self, labels: Counter[str]) -> str:
        """How the cells are read: "text", "class", "signs" or "regression"."""
        if self._kind == "regression":
            return "regression"
        known = self._known
        if known is not None and (known.class_names is not None or known.num_classes):
            return "text" if known.class_names is not None else "class"
        words = sum(count for label, count in labels.items() if is_word(label))
        if 2 * words >= labels.total():
            return "text"
        numbers = {label: float(label) for label in labels if not is_word(label)}
        parts = sum(labels[label] for label, value in numbers.items() if not value.is_integer())
        if self._kind is None and 2 * parts > labels.total():
            return "regression"
        if {value for value in numbers.values() if value.is_integer()} == {-1.0, 1.0}:
            return "signs"
        return "class"

    def _read_texts(
        self, file: str, reading: str, texts: Texts, columns: NodeSchema
    ) -> TableLabels:
        used = texts.values[np.unique(texts.codes)].tolist() if texts.codes.size else []
        if not any(used):
            return TableLabels(None, columns)
        if reading == "regression":
            numbers = [float(text) if text else np.nan for text in texts.values]
            values = np.array(numbers, np.float32)[texts.codes]
            return TableLabels(values, dataclasses.replace(columns, label_kind="regression"))
        if reading == "signs":
            named = dataclasses.replace(columns, class_names=TWO_SIGNS)
            labels = _classes_by_name(file, texts, used, named)
            return dataclasses.replace(labels, note=SIGNS_NOTE)
        if reading == "text":
            return _classes_by_name(file, texts, used, columns)
        return _classes_by_number(file, texts, used, columns)

    def _read_lists(self, file: str, good: np.ndarray, columns: NodeSchema) -> TableLabels:
        if not self._lists or self._kind not in (None, "multilabel"):
            kind = self._kind or "multilabel"
            need = "lists of 0 and 1, as Parquet has" if kind == "multilabel" else "one value"
            raise ValueError(f"{file}: labels must be {need} for label_kind={kind!r}")
        lengths = np.concatenate([lists.lengths for lists in self._lists])
        values = np.concatenate([lists.values for lists in self._lists])
        counts = Counter(lengths[lengths > 0].tolist())
        width = counts.most_common(1)[0][0] if counts else 0
        if self._known is not None and self._known.num_classes:
            width = self._known.num_classes
        fits = lengths == width
        matrix = np.full((lengths.size, width), -1, np.int32)
        found = values[np.repeat(fits, np.maximum(lengths, 0))].reshape(-1, width)
        bits = np.isin(found, (0, 1)).all(axis=1)
        matrix[np.flatnonzero(fits)[bits]] = found[bits].astype(np.int32)
        place = np.cumsum(good) - 1
        wrong = {}
        for row in np.flatnonzero(fits & good & (matrix < 0).any(axis=1)).tolist():
            wrong[int(place[row])] = f"{self.name} holds something else than 0 and 1"
        for row in np.flatnonzero(~fits & good & (lengths != -1)).tolist():
            what = f"has length {lengths[row]}, not {width}"
            is_list = lengths[row] != NO_LIST
            wrong[int(place[row])] = f"{self.name} {what if is_list else 'is no list of numbers'}"
        columns = dataclasses.replace(columns, label_kind="multilabel", num_classes=width)
        given = int(np.count_nonzero(good & (lengths != -1)))
        return TableLabels(matrix[good], columns, wrong=wrong, given=given)


def _classes_by_name(
    file: str, texts: Texts, used: Sequence[str], columns: NodeSchema
) -> TableLabels:
    found = sorted(set(used) - {""})
    names = tuple(found) if columns.class_names is None else columns.class_names
    codes = {name: k for k, name in enumerate(names)}
    _check_known(file, [label for label in found if label not in codes], f"classes {_named(names)}")
    values = np.array([codes.get(text, -1) for text in texts.values.tolist()], np.int32)
    return TableLabels(values[texts.codes], _of_classes(columns, names, len(names)))


def _classes_by_number(
    file: str, texts: Texts, used: Sequence[str], columns: NodeSchema
) -> TableLabels:
    codes = {label: int(float(label)) for label in used if label}
    # Where another table says what the classes are, there is nothing to guess.
    count = columns.num_classes
    unknown = sorted(label for label, code in codes.items() if code >= count > 0)
    _check_known(file, unknown, f"{count} classes 0 to {count - 1}")
    numbers = np.array([codes.get(text, -1) for text in texts.values.tolist()], np.int64)
    numbers = numbers[texts.codes]
    if count:
        return TableLabels(numbers.astype(np.int32), _of_classes(columns, None, count))
    values, names, note = read_labels(np.ma.masked_array(numbers, texts.gaps))
    assert values is not None
    count = 1 + int(values.max()) if names is None else len(names)
    return TableLabels(values, _of_classes(columns, names, count), note)


def _of_classes(columns: NodeSchema, names: tuple[str, ...] | None, count: int) -> NodeSchema:
    return dataclasses.replace(columns, class_names=names, num_classes=count, label_kind="class")


def _check_known(file: str, unknown: Sequence[str], known: str) -> None:
    if unknown:
        raise ValueError(f"{file}: labels {_named(unknown)} are not among the {known}")


def _why_no_class(label: str) -> str:
    """What is wrong with a label where labels are whole numbers; "" if nothing is."""
    number = float("nan") if is_word(label) else float(label)
    if not number.is_integer():
        return "is not a whole number"
    if number < 0:
        return "is negative: leave it empty where there is none"
    return "" if number <= _LARGEST_LABEL else "is too large for the number of a class"


def _why_no_sign(label: str) -> str:
    """What is wrong with a label where labels are -1 and 1; "" if nothing is."""
    return "" if label in TWO_SIGNS else "is neither -1 nor 1"


def _why_no_target(label: str) -> str:
    """What is wrong with a label where labels are numbers; "" if nothing is."""
    if is_word(label):
        return "is not a number"
    with np.errstate(over="ignore"):
        return "" if np.isfinite(np.float32(label)) else "is not finite in float32"


def _is_sign(label: str) -> bool:
    return not is_word(label) and float(label) in (-1.0, 1.0)


def _without_plus(label: str) -> str:
    """-1 and 1 as they are named, however they are written."""
    return TWO_SIGNS[float(label) > 0] if label and _is_sign(label) else label


def _named(labels: Sequence[str]) -> str:
    more = f" and {len(labels) - _LABELS_SHOWN} more" if len(labels) > _LABELS_SHOWN else ""
    return ", ".join(map(quoted, labels[:_LABELS_SHOWN])) + more
