"""Labels of nodes: classes, targets of a regression, or several labels a node."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any, NamedTuple

import numpy as np

from gnn.configs.label_kinds import LABEL_KINDS
from gnn.edges.checks import read_only
from gnn.edges.missing import as_na_values, missing_among
from gnn.memory_maps import as_array, blocks, cast

_MAX_INT32 = np.iinfo(np.int32).max
TWO_SIGNS = ("-1", "1")
SIGNS_NOTE = "class: -1 and 1 are two classes; None or NaN is unlabeled"


class Labels(NamedTuple):
    """Labels as a graph holds them.

    Attributes:
      values: int32 `[n]` or `[n, k]` with -1 where there is none, or float32 with NaN; or None.
      class_names: the name of each class, or None.
      note: what was guessed, in a few words; "" where there was nothing to guess.
    """

    values: np.ndarray | None
    class_names: tuple[str, ...] | None
    note: str = ""


def kind_of(labels: np.ndarray) -> str:
    """The kind of labels that a graph holds: `"class"`, `"regression"` or `"multilabel"`.

    Args:
      labels: int32 or float32, `[n]` or `[n, k]`.

    >>> kind_of(np.array([0, 1])), kind_of(np.array([0.5])), kind_of(np.array([[0, 1]]))
    ('class', 'regression', 'multilabel')
    """
    if labels.dtype.kind == "f":
        return "regression"
    several = labels.ndim == 2 and all(part.max(initial=0) <= 1 for _, part in blocks(labels))
    return "multilabel" if several else "class"


def check_label_kind(label_kind: str | None) -> None:
    """Raises ValueError unless it is None or one of the kinds.

    >>> check_label_kind("class")
    """
    if label_kind not in (None, *LABEL_KINDS):
        raise ValueError(f"label_kind must be None or one of {LABEL_KINDS}, got {label_kind!r}")


def held_labels(
    labels: Any, class_names: Sequence[str] | None, na_values: Collection[str] | None = None
) -> Labels:
    """Labels of which the type says what they are, as `gnn.Graph` takes them.

    Integers, booleans and strings are classes, -1 among integers is unlabeled, and floats are
    targets.

    Args:
      labels: None, or a row a node.
      class_names: None, or the name of each class.
      na_values: as in `read_labels`.

    Raises:
      TypeError: for a wrong type.
      ValueError: for a class out of range, a wrong rank, or names that are not distinct strings.

    >>> held_labels(["dog", None, "cat"], None).values.tolist()
    [1, -1, 0]
    """
    names = _as_names(class_names)
    if labels is None:
        return Labels(None, names)
    array, missing, names, _ = _decoded(labels, names, as_na_values(na_values))
    if array.dtype.kind == "f":
        return Labels(_as_targets(array, missing), names)
    return Labels(_as_classes(array, missing, names), names)


def read_labels(
    labels: Any,
    class_names: Sequence[str] | None = None,
    label_kind: str | None = None,
    na_values: Collection[str] | None = None,
) -> Labels:
    """Labels from anywhere, of a kind that is given or guessed.

    - `"class"`: strings are the names of classes. Whole numbers, which other programs may have
      stored as floats, are classes from 0 on, and -1 is unlabeled. But where -1 and 1 are all the
      numbers there are, and no `class_names` are given, they are two classes, named "-1" and "1".
    - `"regression"`: numbers, -1 among them, are targets.
    - `"multilabel"`: `[n, k]` of 0 and 1 says which of k labels a node has; -1 where it is not
      known.

    Where no kind is given, strings, booleans and integers `[n]` are classes. So are floats that
    look like the numbers of classes: whole, from 0 or 1 on, of which at least every second one
    occurs; or -1 and 1 alone. Other floats are targets. Of `[n, k]`, zeros and ones are several
    labels, other integers columns of classes, other floats targets.

    Args:
      labels: None, or a row a node; a column or a table of pandas is taken too. None, NaN, masked
        ones and the texts of `na_values` are missing.
      class_names: None, or the name of each class; integers are positions in them.
      label_kind: the kind; None guesses.
      na_values: the texts that mean missing; None takes `gnn.edges.missing.NA_VALUES`. A text that
        is among `class_names` is none of them.

    Raises:
      TypeError: for a wrong type.
      ValueError: for labels that are not of the kind given, a class out of range, a wrong rank, or
        names that are not distinct strings.

    >>> read_labels([-1, 1, None])
    Labels(values=array([ 0,  1, -1], dtype=int32), class_names=('-1', '1'), note='class: -1 and 1
    are two classes; None or NaN is unlabeled')
    >>> read_labels([21.0, None, 10.0], label_kind="regression").values.tolist()
    [21.0, nan, 10.0]
    """
    check_label_kind(label_kind)
    names = _as_names(class_names)
    if labels is None:
        return Labels(None, names)
    array, missing, names, are_text = _decoded(labels, names, as_na_values(na_values))
    kind, note = label_kind, ""
    if are_text:
        if kind not in (None, "class") or array.ndim > 1:
            raise TypeError(f"labels must be numbers for label_kind={kind!r}, got strings")
        return Labels(_as_classes(array, missing, names), names)
    if kind is None:
        kind, note = _guessed(array, missing, names is not None)
    if kind == "regression":
        return Labels(_as_targets(array, missing), names, note)
    if kind == "multilabel":
        return Labels(_as_several(array, missing), names, note)
    if array.dtype.kind == "f":
        array = _whole(array, missing)
    if names is None and array.ndim == 1 and _is_two_signs(array[~missing]):
        array, names = np.where(array > 0, 1, 0), TWO_SIGNS
        note = SIGNS_NOTE
    return Labels(_as_classes(array, missing, names), names, note)


def labeled_edges(
    senders: np.ndarray, receivers: np.ndarray, weights: np.ndarray, labels: np.ndarray
) -> np.ndarray:
    """Which edges join two labeled nodes, are no self loop and not of weight 0, as a mask.

    >>> ends = np.array([0, 0]), np.array([1, 0])
    >>> labeled_edges(*ends, np.ones(2), np.array([3, 4])).tolist()
    [True, False]
    """
    known = labels >= 0
    return known[senders] & known[receivers] & (senders != receivers) & (weights > 0)


def _as_names(class_names: Sequence[str] | None) -> tuple[str, ...] | None:
    names = None if class_names is None else tuple(class_names)
    if names and (len(set(names)) < len(names) or not all(isinstance(n, str) for n in names)):
        raise ValueError(f"class_names must be distinct strings, got {names}")
    return names


class _Decoded(NamedTuple):
    """Labels as numbers: strings as positions in the names."""

    numbers: np.ndarray
    missing: np.ndarray
    names: tuple[str, ...] | None
    are_text: bool = False


def _decoded(labels: Any, names: tuple[str, ...] | None, texts: frozenset[str]) -> _Decoded:
    array = _as_table(labels)
    if array.ndim not in (1, 2):
        raise ValueError(f"labels must have rank 1 or 2, got shape {array.shape}")
    if array.dtype.kind not in "biufOUT":
        raise TypeError(f"labels must be integers, floats or strings, got dtype {array.dtype}")
    masked = np.ma.getmaskarray(labels) if np.ma.isMA(labels) else np.zeros(array.shape, bool)
    if array.dtype.kind in "biu":
        return _Decoded(array, masked, names)
    if array.dtype.kind == "f":
        return _Decoded(array, masked | np.isnan(array), names)
    if array.dtype.kind == "U":  # NumPy may have made strings of numbers and NaN among them.
        array = np.asarray(labels, object)
    values = array.ravel().tolist()
    none = missing_among(values, texts if names is None else texts - set(names)) | masked.ravel()
    present = [value for value, no in zip(values, none.tolist(), strict=True) if not no]
    if all(isinstance(value, (int, float, np.number, np.bool_)) for value in present):
        found = np.asarray(present or [0])
        dtype = found.dtype if found.dtype.kind == "f" else np.int64
        numbers = np.full(len(values), np.nan if found.dtype.kind == "f" else -1, dtype)
        numbers[~none] = found[: len(present)]
        return _Decoded(numbers.reshape(array.shape), none.reshape(array.shape), names)
    strange = next((value for value in present if not isinstance(value, str)), None)
    if strange is not None:
        raise TypeError(f"labels must be all strings or all numbers, got {strange!r} too")
    names = tuple(sorted(set(present))) if names is None else names
    classes = {name: k for k, name in enumerate(names)}
    unknown = next((value for value in present if value not in classes), None)
    if unknown is not None:
        raise ValueError(f"labels must be among class_names {names}, got {unknown!r}")
    codes = [-1 if no else classes[v] for v, no in zip(values, none.tolist(), strict=True)]
    shape = array.shape
    return _Decoded(np.reshape(codes, shape), none.reshape(shape), names, are_text=True)


def _as_table(labels: Any) -> np.ndarray:
    """An array; rows that are None beside lists of one length become rows of None."""
    try:
        array = as_array(labels)
    except ValueError:  # NumPy makes no table of lists and None.
        array = np.fromiter(labels, object, len(labels))
    if array.dtype.kind == "O" and array.ndim == 1:
        rows = [value for value in array.tolist() if isinstance(value, (list, tuple, np.ndarray))]
        lengths = {np.shape(row) for row in rows}
        if len(lengths) > 1:
            raise ValueError(f"labels must have one shape at all nodes, got {sorted(lengths)}")
        if rows:
            none = [None] * len(rows[0])
            of_rows = (list, tuple, np.ndarray)
            filled = [v if isinstance(v, of_rows) else none for v in array.tolist()]
            array = np.array([list(row) for row in filled], object)
    return array


def _guessed(array: np.ndarray, missing: np.ndarray, named: bool) -> tuple[str, str]:
    """The kind of numbers, and what to say of the guess."""
    present = array[~missing]
    distinct = np.unique(present)
    real = array.dtype.kind == "f"
    if array.ndim == 2:
        if array.shape[1] > 1 and np.isin(distinct, (-1, 0, 1)[real:]).all() and distinct.size:
            other = "regression" if real else "class"
            return "multilabel", f'multilabel, guessed; label_kind="{other}" is another'
        return ("regression", "") if real else ("class", "")
    if array.dtype.kind == "b" or not distinct.size or named:
        return "class", ""
    whole = not real or np.array_equal(np.trunc(distinct), distinct)
    numbers = distinct if real else distinct[distinct != -1]
    if not numbers.size:
        return "class", ""
    dense = numbers[0] in (0, 1) and numbers[-1] < 2 * numbers.size
    like_classes = whole and (dense or _is_two_signs(distinct))
    if real and like_classes:
        return "class", 'class, guessed from whole floats; label_kind="regression" makes targets'
    if real:
        note = 'regression, guessed; label_kind="class" makes classes' if whole else ""
        return "regression", note
    note = "" if like_classes else 'class, guessed; label_kind="regression" makes targets'
    return "class", note


def _is_two_signs(values: np.ndarray) -> bool:
    return values.dtype.kind != "b" and np.unique(values).tolist() == [-1, 1]


def _whole(array: np.ndarray, missing: np.ndarray) -> np.ndarray:
    """Floats that are whole, as integers."""
    bad = ~missing & (np.isinf(array) | (np.trunc(array) != array))
    if bad.any():
        at = int(np.argmax(bad))
        raise ValueError(
            f"labels must be whole numbers to be classes, got {array.flat[at]} at position {at}; "
            'label_kind="regression" takes them as targets'
        )
    large = ~missing & (np.abs(array) > _MAX_INT32)
    if large.any():
        at = int(np.argmax(large))
        raise ValueError(
            f"labels must be below {_MAX_INT32}, got {array.flat[at]} at position {at}"
        )
    return np.where(missing, -1, array).astype(np.int64)


def _as_classes(
    array: np.ndarray, missing: np.ndarray, names: tuple[str, ...] | None
) -> np.ndarray:
    if missing.any():
        array = np.where(missing, -1, array)
    limit = len(names) if names is not None and array.ndim == 1 else _MAX_INT32
    if array.size and (array.min() < -1 or array.max() >= limit):
        at = int(np.argmax((array < -1) | (array >= limit)))
        raise ValueError(
            f"labels must be -1 (unlabeled) or a class from 0 to {limit - 1}, "
            f"got {array.flat[at]} at position {at}"
        )
    return read_only(cast(array, np.int32))


def _as_targets(array: np.ndarray, missing: np.ndarray) -> np.ndarray:
    if missing.any() and not (array.dtype.kind == "f" and np.isnan(array[missing]).all()):
        array = np.where(missing, np.nan, array)
    with np.errstate(over="ignore"):
        targets = cast(array, np.float32)
    infinite = np.isinf(targets)
    if infinite.any():
        at = int(np.argmax(infinite))
        raise ValueError(
            "labels must be finite in float32, or NaN where there are none; got "
            f"{array.flat[at]} at position {at}"
        )
    return read_only(targets)


def _as_several(array: np.ndarray, missing: np.ndarray) -> np.ndarray:
    if array.ndim != 2:
        raise ValueError(
            'labels must have shape [n, k] for label_kind="multilabel", a column a label; got '
            f"{array.shape}"
        )
    values = np.where(missing, -1, array)
    bad = ~np.isin(values, (-1, 0, 1))
    if bad.any():
        row, column = np.argwhere(bad)[0]
        raise ValueError(
            'labels must be 0 or 1, or -1 where it is not known, for label_kind="multilabel"; got '
            f"{array[row, column]} in row {row}, column {column}"
        )
    return read_only(values.astype(np.int32))
