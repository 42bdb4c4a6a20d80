"""Columns of dates, read from their text inside the graph of TensorFlow."""

from __future__ import annotations

import math

import tensorflow as tf

from gnn.models.columns.numeric_columns import NumericColumn
from gnn.models.columns.raw_texts import stripped

# ISO 8601, with slashes too; a time of day may follow, and is not looked at.
_DAY = r"(\d{4})[-/](\d{1,2})[-/](\d{1,2})"
_HOUR, _SIXTY = r"([01]\d|2[0-3])", r"[0-5]\d"
_TIME = rf"[T ]{_HOUR}(:?{_SIXTY}(:?{_SIXTY}([.,]\d+)?)?)?(Z|[+-]{_HOUR}(:?{_SIXTY})?)?"
_DATE = rf"(\d{{4}}-\d{{2}}-\d{{2}}|\d{{4}}/\d{{1,2}}/\d{{1,2}})({_TIME})?"


class DateColumn(NumericColumn):
    """Days since 1970, standardized, and where the day lies in its year and week.

    A place in a circle is the sine and the cosine of an angle: the first of January, and Monday,
    are 0. A text that is no date of the calendar is a gap.
    """

    unscaled = frozenset({1, 2, 3, 4})

    def parts(self) -> list[str]:
        """The day, and two numbers each for year and week."""
        circles = [
            f"{what} of the {cycle}" for cycle in ("year", "week") for what in ("sine", "cosine")
        ]
        return [f"{self.title}: {part}" for part in ("days", *circles)]

    def values(self, cells: tf.Tensor) -> tf.Tensor:
        """Days, sine and cosine of the year, of the week; NaN for a gap."""
        texts = stripped(tf.reshape(cells, [-1]), self.limits.missing)
        year, month, day = civil_dates(texts)
        known = month > 0
        days = days_since_1970(year, month, day)
        new_year = days_since_1970(year, tf.ones_like(month), tf.ones_like(day))
        next_year = days_since_1970(year + 1, tf.ones_like(month), tf.ones_like(day))
        of_year = (days - new_year) / (next_year - new_year)
        of_week = (days + 3) % 7 / 7  # 1970 began on a Thursday.
        parts = [tf.cast(days, tf.float32)]
        for turn in (of_year, of_week):
            angle = tf.cast(2 * math.pi * turn, tf.float32)
            parts += [tf.sin(angle), tf.cos(angle)]
        return tf.where(known[:, tf.newaxis], tf.stack(parts, axis=1), float("nan"))


def civil_dates(texts: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
    """Year, month and day of texts in ISO 8601: "2024-02-29", "2024/2/29 12:30".

    Args:
        texts: strings `[n]`.

    Returns:
        int32 `[n]` each; month and day are 0 where a text is no date of the calendar.

    Example:

    >>> [part.numpy().tolist() for part in civil_dates(tf.constant(["2024-02-29", "2023-02-29"]))]
    [[2024, 2023], [2, 0], [29, 0]]
    """
    is_date = tf.strings.regex_full_match(texts, _DATE)
    dates = tf.where(is_date, texts, "0000-00-00")
    year, month, day = (
        tf.strings.to_number(tf.strings.regex_replace(dates, f"^{_DAY}.*$", part), tf.int32)
        for part in (r"\1", r"\2", r"\3")
    )
    leap = (year % 4 == 0) & ((year % 100 != 0) | (year % 400 == 0))
    lengths = tf.constant([0, 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31])
    in_year = (year >= 1) & (month >= 1) & (month <= 12)
    length = tf.gather(lengths, tf.where(in_year, month, 0))
    length += tf.cast(leap & (month == 2), tf.int32)
    valid = in_year & (day >= 1) & (day <= length)
    return year, tf.where(valid, month, 0), tf.where(valid, day, 0)


def days_since_1970(year: tf.Tensor, month: tf.Tensor, day: tf.Tensor) -> tf.Tensor:
    """Days since 1970-01-01 in the Gregorian calendar.

    A year that begins in March has its leap day at its end, and its months of 31, 30, 31, 30, 31
    days in a row; 400 years have 146,097 days.

    Args:
        year: int32 `[n]`.
        month: likewise, 1 to 12.
        day: likewise, from 1.

    Example:

    >>> int(days_since_1970(tf.constant(2000), tf.constant(3), tf.constant(1)))
    11017
    """
    march_year = year - tf.cast(month <= 2, tf.int32)
    cycle = march_year // 400
    of_cycle = march_year - 400 * cycle
    of_year = (153 * ((month + 9) % 12) + 2) // 5 + day - 1
    days = 365 * of_cycle + of_cycle // 4 - of_cycle // 100 + of_year
    return 146_097 * cycle + days - 719_468
