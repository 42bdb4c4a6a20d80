"""The columns of a table of nodes: ids, labels, splits, and features."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from gnn.pipelines.columns import columns_of, is_whole, quoted
from gnn.pipelines.numbered_nodes import check_ids

if TYPE_CHECKING:
    import pyarrow as pa
    from pyspark.sql import DataFrame

# The one feature that columns of numbers make together.
_STACKED = "features"


@dataclasses.dataclass(frozen=True)
class NodeColumns:
    """What the columns of a table of nodes are.

    Attributes:
        numbers: the columns of one number each, which make the feature `"features"`.
        lists: the columns of lists of numbers, each a feature of its own.
        label: the column of the label, or None.
        split: the column of the split, or None.
        class_names: the names of the classes, where labels are text.
    """

    numbers: tuple[str, ...]
    lists: tuple[str, ...]
    label: str | None
    split: str | None
    class_names: tuple[str, ...] | None

    def features(self, table: pa.Table) -> dict[str, np.ndarray]:
        """The features of some nodes, float32.

        Raises:
            ValueError: a number is missing or not finite, or lists have different lengths.
        """
        made = {}
        if self.numbers:
            columns = [_finite(table, name, table[name]) for name in self.numbers]
            made[_STACKED] = np.stack(columns, axis=1)
        for name in self.lists:
            lists = table[name].combine_chunks()
            lengths = np.diff(np.asarray(lists.offsets))
            if lists.null_count or (lengths != lengths[:1]).any():
                raise ValueError(f"nodes must have lists of one length in the column {name!r}")
            flat = _finite(table, name, lists.flatten(), max(1, int(lengths[0])))
            made[name] = flat.reshape(len(lists), int(lengths[0]))
        return made

    def labels(self, table: pa.Table) -> np.ndarray | None:
        """The labels of some nodes, as `gnn.Graph` takes numbers; -1 or NaN where there is none."""
        if self.label is None:
            return None
        column = table[self.label]
        if self.class_names is not None:
            from pyarrow import array, compute

            names = array(self.class_names, column.type)
            column = compute.index_in(column, value_set=names, skip_nulls=True)
        if str(column.type) in ("double", "float"):
            return column.to_numpy().astype(np.float32)
        return column.cast("int64").fill_null(-1).to_numpy().astype(np.int32)


def read_columns(
    nodes: DataFrame, id_column: str, label_column: str, split_column: str
) -> tuple[DataFrame, NodeColumns]:
    """Finds out what the columns of a table of nodes are.

    Args:
        nodes: the table.
        id_column: the column of ids.
        label_column: that of labels, if it is there.
        split_column: that of splits, if it is there.

    Returns:
        The table, with its ids in `id`, and its columns.

    Raises:
        KeyError: there are no ids.
        TypeError: ids are neither text nor whole numbers, or a column is nothing of a node.
        ValueError: another column is called `id`, or a label is no class.
    """
    from pyspark.sql import types

    names = {name: name for name in nodes.columns if name != id_column}
    if "id" in names:
        columns_of(nodes, {"id": id_column}, "nodes")  # Or else it is not there.
        raise ValueError(f"nodes must not have a column 'id' beside id_column={id_column!r}")
    nodes = columns_of(nodes, {"id": id_column, **names}, "nodes")
    kind = nodes.schema["id"].dataType
    check_ids(kind, "nodes")
    special = {label_column, split_column}
    numbers, lists = [], []
    for field in nodes.schema.fields[1:]:
        if field.name in special:
            continue
        if isinstance(field.dataType, (types.NumericType, types.BooleanType)):
            numbers.append(field.name)
        elif isinstance(field.dataType, types.ArrayType) and isinstance(
            field.dataType.elementType, types.NumericType
        ):
            lists.append(field.name)
        else:
            raise TypeError(
                "nodes must have features of numbers, or lists of numbers; the column "
                f"{field.name!r} is {field.dataType.simpleString()}: drop it, or encode it"
            )
    label = label_column if label_column in names else None
    split = split_column if split_column in names else None
    if split is not None and not isinstance(nodes.schema[split].dataType, types.StringType):
        raise TypeError(
            f"nodes must have names of splits in the column {split!r}; it is "
            f"{nodes.schema[split].dataType.simpleString()}"
        )
    class_names = None if label is None else _class_names(nodes, label)
    columns = NodeColumns(tuple(numbers), tuple(lists), label, split, class_names)
    return nodes, columns


def _class_names(nodes: DataFrame, label: str) -> tuple[str, ...] | None:
    """The names of the classes where labels are text; others are looked at."""
    from pyspark.sql import functions as sql
    from pyspark.sql import types

    kind, column = nodes.schema[label].dataType, sql.col(quoted(label))
    if isinstance(kind, types.StringType):
        found = nodes.select(column).where(column.isNotNull()).distinct().collect()
        return tuple(sorted(row[0] for row in found))
    if is_whole(kind) or isinstance(kind, types.BooleanType):
        least, most = nodes.agg(sql.min(column.cast("long")), sql.max(column.cast("long"))).first()
        if least is not None and not -1 <= least <= most < 2**31:
            wrong = least if least < -1 else most
            raise ValueError(f"nodes must have labels from 0 to {2**31 - 1}, or -1; got {wrong}")
    elif not isinstance(kind, (types.DoubleType, types.FloatType)):
        raise TypeError(
            f"nodes must have labels of text, whole numbers or floats; the column {label!r} is "
            f"{kind.simpleString()}"
        )
    return None


def split_rows(column: Any, start: int) -> Iterator[tuple[str, np.ndarray]]:
    """The nodes of each split among some, numbered from `start`.

    >>> import pyarrow
    >>> [(name, nodes.tolist()) for name, nodes in split_rows(pyarrow.array(["a", None, "a"]), 5)]
    [('a', [5, 7])]
    """
    coded = column.dictionary_encode()
    coded = coded.combine_chunks() if hasattr(coded, "combine_chunks") else coded
    codes = coded.indices.fill_null(-1).to_numpy()
    for code, name in enumerate(coded.dictionary.to_pylist()):
        yield name, np.flatnonzero(codes == code) + start


def _finite(table: pa.Table, name: str, values: Any, each: int = 1) -> np.ndarray:
    """Numbers as float32, all of which must be finite."""
    numbers = np.asarray(values.cast("double", safe=False)).astype(np.float32)
    wrong = np.flatnonzero(~np.isfinite(numbers))
    if wrong.size:
        node = table["id"][int(wrong[0]) // each].as_py()
        raise ValueError(
            f"nodes must have a finite number in the column {name!r}; that of {node!r} has "
            f"{values[int(wrong[0])].as_py()}"
        )
    return numbers
