"""Columns of a DataFrame: those that are named, times as seconds, and what is missing."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING, Any

from gnn.edges.records.record_times import FINER_UNITS, TOO_LATE

if TYPE_CHECKING:
    from pyspark.sql import Column, DataFrame


def columns_of(table: DataFrame, names: Mapping[str, str], what: str) -> DataFrame:
    """Some columns under other names.

    Args:
        table: a DataFrame.
        names: the new name -> the column.
        what: the name of the table in an error.

    Raises:
        KeyError: there is no such column.
    """
    for name in names.values():
        if name not in table.columns:
            raise KeyError(f"{what} has no column {name!r}; it has {table.columns}")
    # A name is a name, dots and all.
    return table.select(*(table[quoted(name)].alias(new) for new, name in names.items()))


def seconds_of(table: DataFrame, column: str, name: str) -> Column:
    """A column of times as seconds since 1970, double; what has no time zone is UTC.

    Args:
        table: the table.
        column: of numbers, of seconds or a finer unit as in `gnn.edges.records.record_times`,
            timestamps, dates, or text of one of these (ISO 8601), where what is none becomes null.
            Zones are `Z` or hours: those with names are null.
        name: what it is called in an error.

    Raises:
        TypeError: it is of another type.
    """
    from pyspark.sql import functions as sql
    from pyspark.sql import types

    kind = table.schema[column].dataType
    own = quoted(column)
    if isinstance(kind, types.NumericType):
        return _in_seconds(sql.col(column).cast("double"))
    if isinstance(kind, types.TimestampType):
        return sql.unix_micros(column) / 1e6
    if isinstance(kind, types.TimestampNTZType):
        return sql.expr(_SINCE.format(own)) / 1e6
    if isinstance(kind, types.DateType):
        return sql.unix_date(column) * 86400.0
    if not isinstance(kind, types.StringType):
        raise TypeError(
            f"time_column must be numbers of seconds, timestamps, dates or text; {name!r} is "
            f"{kind.simpleString()}"
        )
    zoned = sql.expr(f"unix_micros(try_cast({own} AS timestamp))")
    plain = sql.expr(_SINCE.format(f"try_cast({own} AS timestamp_ntz)"))
    text = sql.col(column)
    has_zone = text.rlike(":.*([zZ]|[+-][0-9]{2}(:?[0-9]{2})?)$")
    moment = sql.when(has_zone, zoned).when(~text.rlike("[A-Za-z]$"), plain) / 1e6
    return sql.coalesce(_in_seconds(sql.expr(f"try_cast({own} AS double)")), moment)


def _in_seconds(number: Column) -> Column:
    """A number that is too large for seconds, as one of the coarsest unit that makes it fit."""
    from pyspark.sql import functions as sql

    seconds = number
    for unit in reversed(FINER_UNITS):
        fits = (sql.abs(number) >= TOO_LATE) & (sql.abs(number) < TOO_LATE * unit)
        seconds = sql.when(fits, number / unit).otherwise(seconds)
    return seconds


_SINCE = "timestampdiff(MICROSECOND, timestamp_ntz'1970-01-01 00:00:00', {})"


def without_missing(table: DataFrame, texts: Collection[str]) -> DataFrame:
    """The rows in which nothing is null or NaN, nor one of the texts that mean missing."""
    from pyspark.sql import functions as sql
    from pyspark.sql import types

    table = table.dropna()
    for field in table.schema.fields:
        if isinstance(field.dataType, types.StringType):
            table = table.where(~sql.col(field.name).isin(sorted(texts)))
    return table


def is_whole(kind: Any) -> bool:
    """Whether a type of Spark is one of whole numbers."""
    from pyspark.sql import types

    return isinstance(kind, types.IntegralType)


def quoted(name: str) -> str:
    """A name as Spark's text has it, whatever is in it.

    >>> quoted("a.b")
    '`a.b`'
    """
    return "`" + name.replace("`", "``") + "`"
